"""Somebody who chats, by way of the control interface."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from simulator.client.seen import (
    USUAL_SECONDS,
    Answer,
    ChatRef,
    Group,
    Json,
    Message,
    NotSeenError,
    Offers,
    Wanted,
    fits,
    key_of,
    names,
)

if TYPE_CHECKING:
    from simulator.client.connection import Telegram

_SEEN_SHOWN = 12
"""How many of the messages that did not fit are named when `expect` gives up."""


class Person:
    """Somebody who chats; every method is something they do or see."""

    def __init__(self, telegram: Telegram, fields: Json) -> None:
        self.telegram = telegram
        self.fields = fields
        self._since: dict[str, int] = {}
        self._taken: set[int] = set()

    @property
    def id(self) -> int:
        """Their number."""
        number: int = self.fields["id"]
        return number

    @property
    def username(self) -> str:
        """Their username without the @; "" if they have none."""
        return self.fields.get("username") or ""

    def __repr__(self) -> str:
        return f"<Person {self.id} {self.fields['first_name']}>"

    async def act(self, do: str, **fields: Any) -> Json:
        """Does something, by the name and fields of the control interface.

        Raises:
            SimulatorError: it cannot be done.
        """
        answer: Json = await self.telegram.request(
            "POST", "act", {"as": self.id, "do": do, **fields}
        )
        for name in ("chat", "group"):
            if isinstance(fields.get(name), str):
                self._since[fields[name]] = answer["seq"]
        return answer

    # -- doing -----------------------------------------------------------------------------------

    async def send(self, chat: ChatRef, text: str, **fields: Any) -> Message:
        """Writes a message.

        Args:
            chat: where.
            text: what.
            fields: `reply_to` (a message or its id), `mentions` (`[{"text", "id"}]`), `entities`.
        """
        key = key_of(chat)
        if isinstance(fields.get("reply_to"), Message):
            fields |= fields.pop("reply_to").as_target
        answer = await self.act("send", chat=key, text=text, **fields)
        return Message(key, answer["message"])

    async def edit(self, message: Message, text: str) -> Message:
        """Changes one's own message."""
        answer = await self.act("edit", chat=message.chat, message_id=message.id, text=text)
        return Message(message.chat, answer["message"])

    async def delete(self, message: Message) -> None:
        """Removes a message."""
        await self.act("delete", chat=message.chat, message_id=message.id)

    async def dismiss(self, message: Message) -> None:
        """Takes an ephemeral message off one's own screen."""
        await self.act("dismiss", chat=message.chat, **message.name)

    async def restart_app(self) -> None:
        """Closes the app and opens it again: no ephemeral message is left on the screen."""
        await self.act("restart_app")

    async def forward(self, message: Message, chat: ChatRef) -> Message:
        """Sends a message on to another chat."""
        key = key_of(chat)
        answer = await self.act("forward", chat=key, from_chat=message.chat, message_id=message.id)
        return Message(key, answer["message"])

    async def react(self, message: Message, emoji: str) -> None:
        """Puts an emoji under a message; an empty one takes it away."""
        await self.act("react", chat=message.chat, message_id=message.id, emoji=emoji)

    async def press(self, message: Message, label: str, *, wait: float = 5.0) -> Answer:
        """Taps an inline button.

        Args:
            message: the message; its buttons may have changed since, the present ones count.
            label: what the button says, or a part that only it says.
            wait: seconds to wait for the bot's answer; 0 not to.

        Raises:
            LookupError: there is no such button.
        """
        label = self._present(message).label(label)
        return await self._tap(message, wait=wait, text=label)

    async def press_data(self, message: Message, data: str, *, wait: float = 5.0) -> Answer:
        """Sends callback data that the message need not carry, as a forged client could."""
        return await self._tap(message, wait=wait, data=data, forge=True)

    async def _tap(self, message: Message, **fields: Any) -> Answer:
        raw = await self.act("press", chat=message.chat, **message.name, **fields)
        known = {name: raw[name] for name in ("answered", "toast", "alert", "url") if name in raw}
        return Answer(**known, raw=raw)

    def _present(self, message: Message) -> Message:
        """The message as it is now, as far as events have told."""
        for event in reversed(self.telegram.seen(message.chat)):
            if self._is_shown(event) and names(event["message"], message):
                return Message(message.chat, event["message"])
        return message

    async def inline(
        self, chat: ChatRef, bot: str, query: str = "", *, wait: float = 5.0
    ) -> Offers:
        """Types something after a bot's name, and sees what it offers.

        Args:
            chat: where; any chat of this person's.
            bot: its username.
            query: what follows the name.
            wait: seconds to wait for the bot.

        Raises:
            NotSeenError: it offered nothing in time.
        """
        key = key_of(chat)
        raw = await self.act("inline", chat=key, bot=bot, query=query, wait=wait)
        if not raw["answered"]:
            raise NotSeenError(f"@{bot} offered nothing within {wait:g} s.")
        return Offers(key, raw)

    async def choose(self, offers: Offers, title: str) -> Message:
        """Sends one of the results, by its title or a part that only it has."""
        named = {"query_id": offers.raw["query_id"], "result_id": offers.result_id(title)}
        answer = await self.act("choose", chat=offers.chat, **named)
        return Message(offers.chat, answer["message"])

    def direct(self, other: Person) -> str:
        """The key of the chat between the two, in which no bot is."""
        low, high = sorted((self.id, other.id))
        return f"direct:{low}:{high}"

    async def key(self, chat: ChatRef, text: str) -> Json:
        """Taps a key of the reply keyboard."""
        return await self.act("key", chat=key_of(chat), text=text)

    async def pick_users(self, chat: ChatRef, request_id: int, users: Iterable[Person]) -> Message:
        """Chooses people in the user picker."""
        key = key_of(chat)
        ids = [user.id for user in users]
        answer = await self.act("pick_users", chat=key, request_id=request_id, users=ids)
        return Message(key, answer["message"])

    async def share_contact(self, chat: ChatRef, of: Person | None = None) -> Message:
        """Sends a contact: one's own, or somebody's."""
        key = key_of(chat)
        answer = await self.act("share_contact", chat=key, of=(of or self).id)
        return Message(key, answer["message"])

    async def send_photo(self, chat: ChatRef, png: bytes, caption: str = "") -> Message:
        """Sends a picture."""
        key, encoded = key_of(chat), base64.b64encode(png).decode()
        answer = await self.act("photo", chat=key, png=encoded, caption=caption)
        return Message(key, answer["message"])

    async def send_document(
        self, chat: ChatRef, content: bytes, *, name: str, mime: str
    ) -> Message:
        """Sends a file, with its name and its media type (`image/png`)."""
        key, encoded = key_of(chat), base64.b64encode(content).decode()
        answer = await self.act("document", chat=key, file=encoded, name=name, mime=mime)
        return Message(key, answer["message"])

    async def open_link(self, url: str, group: Group | None = None) -> str:
        """Opens a t.me link and starts what it leads to.

        Returns:
            The key of the chat with the bot; "" for an invoice.
        """
        fields = {"group": group.key} if group else {}
        answer = await self.act("open_link", url=url, **fields)
        key: str = answer.get("chat", "")
        self._since[key] = answer["seq"]
        return key

    async def start(self, bot: str, payload: str = "") -> str:
        """Presses Start in a bot's chat.

        Args:
            bot: its username.
            payload: the start parameter of a deep link.

        Returns:
            The key of the chat.
        """
        return await self.open_link(f"https://t.me/{bot}?start={payload}")

    async def pay(self, message: Message) -> Json:
        """Pays an invoice; answers `{"paid": bool, …}`."""
        return await self.act("pay", chat=message.chat, message_id=message.id)

    async def block(self, bot: str) -> None:
        """Stops a bot from writing to one."""
        await self.act("block", bot=bot)

    async def unblock(self, bot: str) -> None:
        """Lets a bot write to one again."""
        await self.act("unblock", bot=bot)

    async def join(self, group: Group) -> None:
        """Enters a group."""
        await self.act("join", chat=group.key)

    async def leave(self, group: Group) -> None:
        """Leaves a group."""
        await self.act("leave", chat=group.key)

    async def change(self, **fields: Any) -> None:
        """Changes one's name, username, language or phone number; None removes one."""
        self.fields = await self.telegram.request("PATCH", f"people/{self.id}", fields)

    # -- seeing ----------------------------------------------------------------------------------

    async def messages(self, chat: ChatRef) -> list[Message]:
        """A chat's messages as they are now, oldest first."""
        key = key_of(chat)
        found = await self.telegram.request("GET", f"messages?chat={key}&as={self.id}")
        return [Message(key, raw) for raw in found]

    async def shown(self, chat: ChatRef) -> list[Message]:
        """All that the person was ever shown in a chat while in it, each edit as one more."""
        key = key_of(chat)
        found = await self.telegram.request("GET", f"shown?chat={key}&as={self.id}")
        return [Message(key, event["message"]) for event in found]

    async def expect(
        self, chat: ChatRef, wanted: Wanted, seconds: float = USUAL_SECONDS
    ) -> Message:
        """The message of somebody else, new or edited, that is wanted; waits for it.

        Args:
            chat: where.
            wanted: a regular expression found in its text or caption, or a test of it.
            seconds: how long to wait.

        Raises:
            NotSeenError: it did not come in time; says what came instead.
        """
        key = key_of(chat)

        def is_wanted(event: Json) -> bool:
            return (
                event["seq"] not in self._taken
                and self._is_shown(event)
                and not self._is_own(event)
                and fits(wanted, Message(key, event["message"]))
            )

        since = self._since.get(key, 0)
        try:
            event = await self.telegram.event(is_wanted, chat=key, after=since, seconds=seconds)
        except NotSeenError:
            raise NotSeenError(self._complaint(key, wanted, seconds, since)) from None
        self._taken.add(event["seq"])
        return Message(key, event["message"])

    def _is_own(self, event: Json) -> bool:
        """Whether the person did it; what they sent via a bot is changed by the bot."""
        message = event["message"]
        by_bot = event["type"] == "edit" and "via_bot" in message
        return bool(message["from"]["id"] == self.id) and not by_bot

    def _is_shown(self, event: Json) -> bool:
        """Whether the event shows the person a message, new or edited."""
        return event["type"] in {"message", "edit"} and self.id in event["to"]

    def _complaint(self, key: str, wanted: Wanted, seconds: float, since: int) -> str:
        came = [
            f"  {event['type']} {event['message']['message_id']}: "
            f"{Message(key, event['message']).text!r}"
            for event in self.telegram.seen(key)
            if event["seq"] > since and self._is_shown(event)
        ]
        what = wanted if isinstance(wanted, str) else repr(wanted)
        seen = "\n".join(came[-_SEEN_SHOWN:]) or "  nothing"
        return f"{self!r} did not see {what} in {key} within {seconds:g} s, but:\n{seen}"

    async def expect_deleted(self, message: Message, seconds: float = USUAL_SECONDS) -> None:
        """Waits until a message is gone from the person's screen."""
        shown = (
            event["seq"]
            for event in self.telegram.seen(message.chat)
            if self._is_shown(event) and event["message"] == message.raw
        )

        def is_its_end(event: Json) -> bool:
            gone = event["type"] == "delete" and self.id in event["to"]
            return gone and names(event, message)

        await self.telegram.event(
            is_its_end, chat=message.chat, after=max(shown, default=0), seconds=seconds
        )

    async def expect_keyboard(self, chat: ChatRef, seconds: float = USUAL_SECONDS) -> Json | None:
        """The reply keyboard put before the person since they last did something in the chat."""
        key = key_of(chat)
        event = await self.telegram.event(
            lambda event: event["type"] == "keyboard" and self.id in event["to"],
            chat=key,
            after=self._since.get(key, 0),
            seconds=seconds,
        )
        markup: Json | None = event["markup"]
        return markup
