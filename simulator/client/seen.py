"""What a client is shown: messages, answers to taps, and the two ways to be disappointed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

USUAL_SECONDS = 10.0
"""How long `expect` waits unless told otherwise."""


class SimulatorError(Exception):
    """The simulator refused; its own sentence."""


class NotSeenError(AssertionError):
    """What was expected did not come in time."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as one person sees it at one moment; `raw` is the Bot API's form."""

    chat: str
    raw: Json

    @property
    def id(self) -> int:
        """Its number in the chat; 0 for an ephemeral message."""
        number: int = self.raw["message_id"]
        return number

    @property
    def ephemeral_id(self) -> int | None:
        """Of an ephemeral message, its number among this person's in the chat."""
        return self.raw.get("ephemeral_message_id")

    @property
    def in_place_of(self) -> int | None:
        """The id of the ordinary message that this person sees it instead of, if any."""
        return self.raw.get("in_place_of")

    @property
    def name(self) -> Json:
        """The fields by which an action or an event names it."""
        if self.ephemeral_id is None:
            return {"message_id": self.id}
        return {"message_id": 0, "ephemeral_message_id": self.ephemeral_id}

    @property
    def as_target(self) -> Json:
        """The field by which an action names it as what is replied to."""
        if self.ephemeral_id is None:
            return {"reply_to": self.id}
        return {"reply_to_ephemeral": self.ephemeral_id}

    @property
    def text(self) -> str:
        """The text, or the caption; "" if it has neither."""
        text: str = self.raw.get("text") or self.raw.get("caption") or ""
        return text

    @property
    def author_id(self) -> int:
        """Who sent it."""
        number: int = self.raw["from"]["id"]
        return number

    @property
    def rows(self) -> list[list[Json]]:
        """The inline buttons, row by row."""
        rows: list[list[Json]] = self.raw.get("reply_markup", {}).get("inline_keyboard", [])
        return rows

    @property
    def labels(self) -> list[str]:
        """What the inline buttons say, from the first row to the last."""
        return [button["text"] for row in self.rows for button in row]

    @property
    def photo(self) -> str | None:
        """The address of its picture, for `Telegram.download`."""
        sizes = self.raw.get("photo")
        return sizes[-1]["file_url"] if sizes else None

    @property
    def document(self) -> Json | None:
        """The file in it: `file_name`, `mime_type`, and `file_url` for `Telegram.download`."""
        return self.raw.get("document")

    def label(self, wanted: str) -> str:
        """The one button that says this, or the only one that contains it.

        Raises:
            LookupError: no button fits, or several do.
        """
        if wanted in self.labels:
            return wanted
        fitting = [label for label in self.labels if wanted in label]
        if len(fitting) != 1:
            raise LookupError(f"{len(fitting)} buttons say {wanted!r}; there are {self.labels}.")
        return fitting[0]

    def button(self, wanted: str) -> Json:
        """The button with this label, as the bot made it."""
        label = self.label(wanted)
        return next(button for row in self.rows for button in row if button["text"] == label)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of tapping a button."""

    answered: bool = True
    toast: str | None = None
    alert: bool = False
    url: str | None = None
    raw: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offers:
    """What a bot offers for what was typed after its name; `raw` as the interface answers it."""

    chat: str
    raw: Json

    @property
    def titles(self) -> list[str]:
        """What the results are called, from the first to the last."""
        return [result.get("title", "") for result in self.raw["results"]]

    @property
    def button(self) -> Json | None:
        """The button above them, if there is one."""
        return self.raw.get("button")

    def result_id(self, wanted: str) -> str:
        """The id of the only result whose title contains this.

        Raises:
            LookupError: no result fits, or several do.
        """
        fitting: list[str] = [
            result["id"] for result in self.raw["results"] if wanted in result.get("title", "")
        ]
        if len(fitting) != 1:
            raise LookupError(f"{len(fitting)} results say {wanted!r}; there are {self.titles}.")
        return fitting[0]


@dataclass(frozen=True, slots=True)
class Group:
    """A group; stands wherever a chat is asked for."""

    key: str
    id: int
    title: str


ChatRef = str | Group
Wanted = str | re.Pattern[str] | Callable[[Message], bool]
"""What a message should be like: a regular expression found in its text, or a test of it."""


def key_of(chat: ChatRef) -> str:
    """The key of a chat."""
    return chat if isinstance(chat, str) else chat.key


def names(event: Json, message: Message) -> bool:
    """Whether an event's fields, or those of a message in it, name this message."""
    fields = ("message_id", "ephemeral_message_id")
    return all(event.get(field) == message.name.get(field) for field in fields)


def fits(wanted: Wanted, message: Message) -> bool:
    """Whether a message is what is wanted."""
    if callable(wanted):
        return wanted(message)
    return re.search(wanted, message.text) is not None
