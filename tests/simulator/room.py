"""A group in which a bot can whisper, and what tests say of it."""

from __future__ import annotations

from typing import Any

from simulator.client import Group, Message, Person, Telegram

BALANCE = {"command": "balance", "description": "What you have", "is_ephemeral": True}
PAY = {"command": "pay", "description": "Pays somebody"}
CARD = {"inline_keyboard": [[{"text": "Pay", "callback_data": "pay"}]]}
YES = {"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]}


class Room:
    """A group of Ann, Bob and the bot, which is no administrator and has declared /balance."""

    def __init__(self, telegram: Telegram, bot: Any, ann: Person, bob: Person, group: Group):
        self.telegram = telegram
        self.bot = bot
        self.ann = ann
        self.bob = bob
        self.group = group

    async def asks(self, person: Person, text: str = "/balance") -> dict[str, Any]:
        """A person writes; the update's message that the bot gets for it, confirmed."""
        await self.bot.drain()
        await person.send(self.group, text)
        found: dict[str, Any] = (await self.bot.updates())[-1]["message"]
        await self.bot.drain()
        return found

    async def taps(self, person: Person, message: Message, label: str) -> dict[str, Any]:
        """A person taps; the callback query that the bot gets for it, confirmed."""
        await self.bot.drain()
        await person.press(message, label, wait=0)
        found: dict[str, Any] = (await self.bot.updates())[-1]["callback_query"]
        await self.bot.drain()
        return found

    async def raw(self, to: Person, *, method: str = "sendMessage", **params: Any) -> Any:
        """Status and answer of an ephemeral sending; `tap` and `asked` say what it answers."""
        wanted = {"receiver_user_id": to.id}
        if "tap" in params:
            wanted["callback_query_id"] = params.pop("tap")
        if params.pop("instead", False):
            wanted["replace_callback_query_message"] = True
        if "asked" in params:
            params["reply_parameters"] = {"ephemeral_message_id": params.pop("asked")}
        named = {"chat_id": self.group.id, "ephemeral_message_parameters": wanted}
        return await self.bot.raw(method, **named, **{"text": "psst"} | params)

    async def whispers(self, to: Person, **params: Any) -> dict[str, Any]:
        """The Message of an ephemeral sending that must succeed."""
        status, answer = await self.raw(to, **params)
        assert status == 200, answer
        sent: dict[str, Any] = answer["result"]
        return sent

    async def screen(self, person: Person) -> list[str]:
        """The texts a person sees in the group now, from the top, service lines left out."""
        return [one.text for one in await person.messages(self.group) if one.text]

    async def ever(self, person: Person) -> list[str]:
        """The texts a person was ever shown in the group."""
        return [one.text for one in await person.shown(self.group) if one.text]

    async def card(self) -> Message:
        """An ordinary message of the bot's with a button."""
        await self.bot.call("sendMessage", chat_id=self.group.id, text="card", reply_markup=CARD)
        return (await self.bob.messages(self.group))[-1]

    async def promote(self) -> None:
        """Makes the bot an administrator."""
        await self.telegram.change_group(self.group, promote=[self.bot.username])


def named(room: Room, person: Person, number: int) -> dict[str, Any]:
    """The parameters that name an ephemeral message."""
    return {
        "chat_id": room.group.id,
        "receiver_user_id": person.id,
        "ephemeral_message_id": number,
    }


async def refused(room: Room, to: Person, **params: Any) -> str:
    """Why an ephemeral sending is refused; asserts that nothing came of it."""
    screens = [await room.screen(one) for one in (room.ann, room.bob)]
    seq = (await room.telegram.state())["seq"]
    status, answer = await room.raw(to, **params)
    assert (status, answer["ok"]) == (400, False)
    assert (await room.telegram.state())["seq"] == seq
    assert [await room.screen(one) for one in (room.ann, room.bob)] == screens
    return str(answer["description"]).removeprefix("Bad Request: ")
