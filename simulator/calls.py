"""One Bot API call: who makes it, with which parameters, about which chat.

Parameters arrive as strings (forms) or as JSON values (JSON bodies); both read the same here.
Each reader refuses with the words Telegram uses for that parameter.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from simulator.chats import Chat, Message
from simulator.entities import Formatted, utf16_length
from simulator.errors import bad_request, forbidden, upgraded
from simulator.formatting import Reader, formatted
from simulator.people import Bot, Json
from simulator.world import World

LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with the call."""

    name: str
    mime_type: str
    content: bytes


@dataclass(slots=True)
class Call:
    """A call as a method sees it."""

    world: World
    bot: Bot
    params: dict[str, Any]
    uploads: dict[str, Upload] = field(default_factory=dict)

    # -- plain parameters ------------------------------------------------------------------------

    def has(self, name: str) -> bool:
        """Whether the parameter is given and not empty."""
        return self.params.get(name) not in (None, "")

    def text(self, name: str, default: str = "") -> str:
        """A string."""
        value = self.params.get(name)
        return default if value is None else value if isinstance(value, str) else str(value)

    def required(self, name: str) -> str:
        """A string that must be given."""
        value = self.text(name)
        if not value:
            raise bad_request(f'parameter "{name}" is required')
        return value

    def integer(self, name: str, default: int = 0) -> int:
        """A whole number; the default where it is missing or no number."""
        try:
            return int(self.params.get(name, default))
        except (TypeError, ValueError):
            return default

    def flag(self, name: str) -> bool:
        """A boolean, however it is spelt."""
        return self.text(name).lower() in {"true", "yes", "1"}

    def json(self, name: str, what: str) -> Any:
        """A JSON value, inside a form's field or not; None if it is not given.

        Args:
            name: the parameter.
            what: how Telegram calls it when it cannot be parsed.
        """
        value = self.params.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError as error:
            raise bad_request(f"can't parse {what} JSON object") from error

    # -- the chat and its messages ---------------------------------------------------------------

    def chat(self, name: str = "chat_id") -> Chat:
        """The chat the call is about, which the bot may at least look at."""
        value = self.text(name).strip()
        if not value:
            raise bad_request(f"{name} is empty")
        try:
            chat_id = int(value)
        except ValueError:
            raise bad_request("chat not found") from None
        chat = self.world.private(self.bot, chat_id) if chat_id > 0 else self.world.group(chat_id)
        if chat is not None:
            if chat.upgraded_to is not None:
                raise upgraded(chat.upgraded_to)
            return chat
        if chat_id == self.bot.id:
            raise forbidden("the bot can't send messages to itself")
        if chat_id in self.world.bots:
            raise forbidden("bots can't send messages to bots")
        if chat_id in self.bot.met:
            raise forbidden("bot can't initiate conversation with a user")
        raise bad_request("chat not found")

    def open_chat(self, name: str = "chat_id") -> Chat:
        """The chat the call is about, in which the bot may speak."""
        chat = self.chat(name)
        if chat.is_group:
            if self.bot.id not in chat.bots:
                raise forbidden(f"bot is not a member of the {chat.telegram_type} chat")
        elif self.bot.id in self.world.people[chat.id].blocked:
            raise forbidden("bot was blocked by the user")
        return chat

    def count_message(self, chat: Chat) -> None:
        """Counts a message against the flood limits.

        Raises:
            ApiError: it is one too many.
        """
        self.world.limits.check(
            self.bot.id, chat.id, is_group=chat.is_group, now=self.world.clock.now()
        )

    def message(self, chat: Chat, missing: str, name: str = "message_id") -> Message:
        """The message that a parameter names.

        Args:
            chat: where it is.
            missing: Telegram's reason when there is no such message.
            name: the parameter.
        """
        message_id = self.integer(name)
        if message_id <= 0:
            raise bad_request("message identifier is not specified")
        message = chat.messages.get(message_id)
        if message is None:
            raise bad_request(missing)
        return message

    def reply_target(self, chat: Chat, *, must_exist: bool = False) -> Message | None:
        """The message that the new one answers, if any.

        Args:
            chat: where it is.
            must_exist: whatever the call says of sending without it.
        """
        parameters = self.json("reply_parameters", "reply parameters")
        if parameters is None:
            if not self.has("reply_to_message_id"):
                return None
            parameters = {
                "message_id": self.integer("reply_to_message_id"),
                "allow_sending_without_reply": self.flag("allow_sending_without_reply"),
            }
        if not isinstance(parameters, dict):
            raise bad_request("object expected as reply parameters")
        target = chat.messages.get(parameters.get("message_id", 0))
        dispensable = parameters.get("allow_sending_without_reply") and not must_exist
        if target is None and not dispensable:
            raise bad_request("message to be replied not found")
        return target

    # -- texts -----------------------------------------------------------------------------------

    def formatted_text(self, *, too_long: str) -> Formatted:
        """The parameter `text`, 1–4096 characters after its markup is read.

        Args:
            too_long: Telegram's reason for a longer one, which depends on the method.
        """
        source = self.text("text")
        if not source:
            raise bad_request("message text is empty")
        result = self._formatted(source, "entities")
        if not result.text:
            raise bad_request("text must be non-empty")
        if utf16_length(result.text) > LONGEST_TEXT:
            raise bad_request(too_long)
        return result

    def formatted_caption(self) -> Json:
        """The fields `caption` and `caption_entities`, where a caption is given."""
        result = self._formatted(self.text("caption"), "caption_entities")
        return caption_fields(result)

    def _formatted(self, source: str, entities: str) -> Formatted:
        return formatted(
            source,
            self.text("parse_mode"),
            self.json(entities, "message entities"),
            self.reader,
        )

    @property
    def reader(self) -> Reader:
        """Who reads the texts of this call."""
        world = self.world
        return Reader(world.user_known_to(self.bot), world.clock.now(), world.knows_moments)


def caption_fields(caption: Formatted) -> Json:
    """The fields of a message that hold its caption.

    Raises:
        ApiError: it is longer than 1024 characters.
    """
    if utf16_length(caption.text) > LONGEST_CAPTION:
        raise bad_request("message caption is too long")
    fields: Json = {}
    if caption.text:
        fields["caption"] = caption.text
        if caption.entities:
            fields["caption_entities"] = caption.entities
    return fields


Handler = Callable[[Call], Any | Awaitable[Any]]
HandlerT = TypeVar("HandlerT", bound=Handler)

METHODS: dict[str, Handler] = {}
"""Every method there is, by its name in lower case, as Telegram compares it."""


def method(name: str) -> Callable[[HandlerT], HandlerT]:
    """Registers the function that carries out a Bot API method."""

    def register(handler: HandlerT) -> HandlerT:
        METHODS[name.lower()] = handler
        return handler

    return register
