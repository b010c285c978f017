"""All that the bot sends, and all that the simulator sends it, read by aiogram.

Every chat test checks this of its own conversation when it is over (`tests/chat/conftest.py`);
here the check itself is tested, on a conversation that goes everywhere.
"""

from __future__ import annotations

from typing import Any

import pytest

from simulator.client import Telegram
from tests.chat.driver import BOT_USERNAME, Customer
from tests.wire.aiogram_reads import complaints


async def test_a_conversation_through_all_the_rooms(
    telegram: Telegram, alice: Customer, bob: Customer
) -> None:
    """Payments, requests, links with pictures, a group, pickers, menus: all is read."""
    await alice.approve(await alice.ask("/pay @bob 12.50 lunch", "Pay Bob"))
    await bob.see("paid you")
    await alice.press(await alice.ask("/pay 3", "Whom do you want to pay"), "Pick")
    await alice.say("/cancel")
    await alice.ask("/request @bob 5 taxi", "Bob")
    await alice.ask("/link 5 cake", "t.me")
    for command in ("/balance", "/history", "/settings", "/pin", "/help", "/topup", "/withdraw"):
        await alice.ask(command, ".")
    group = await telegram.group("Lunch", [alice.person, bob.person], bots=[BOT_USERNAME])
    await alice.person.send(group, "/pay @bob 1")
    aside = await alice.person.expect(group, "Left afterwards")
    await alice.press(aside, "Cancel")
    await alice.person.expect(group, "Cancelled")

    calls, updates = await telegram.calls(), await telegram.updates()

    assert complaints(calls, updates) == []
    methods = {call["method"] for call in calls}
    assert {"sendmessage", "sendphoto", "editmessagetext", "answercallbackquery"} <= methods
    assert "editephemeralmessagetext" in methods


@pytest.mark.parametrize(
    ("method", "params", "complaint"),
    [
        ("sendMesage", {}, "aiogram knows no method sendMesage"),
        ("sendMessage", {"chat_id": "1"}, "sendMessage: text: Field required"),
        ("sendMessage", {"chat_id": "1", "text": "a", "txet": "b"}, "sendMessage: txet: unknown"),
        (
            "sendMessage",
            {
                "chat_id": "1",
                "text": "[a]",
                "reply_markup": '{"inline_keyboard": [[{"text": "b", "data": "c"}]]}',
            },
            "sendMessage: data: unknown",
        ),
    ],
)
def test_what_is_no_call_is_complained_of(
    method: str, params: dict[str, Any], complaint: str
) -> None:
    """Unknown methods and fields, missing fields, and unknown fields of buttons are found."""
    assert complaints([{"method": method, "params": params}], []) == [complaint]


def test_what_is_no_update_is_complained_of() -> None:
    """A message without its chat cannot be read."""
    message = {"message_id": 1, "date": 1, "text": "a"}
    update = {"bot": 7, "update": {"update_id": 1, "message": message}}
    assert complaints([], [update]) == ["Update: message.chat: Field required"]
