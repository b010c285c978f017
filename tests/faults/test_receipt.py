"""The receipt on the payer's card: drawn by the last tap, and by its notice only where needed."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from typing import Any

import pytest

from simulator.client import Message, Telegram
from tests.chat.driver import Chatpay, Customer


@pytest.fixture
async def keypad(alice: Customer, bob: Customer) -> Message:
    """Alice's, one tap before she has paid Bob."""
    await alice.press(await alice.ask("/pay @bob 10 lunch", "Pay Bob"), "Pay")
    keypad = await alice.see("Tap your PIN")
    await alice.tap(keypad, alice.pin[:-1])
    return keypad


async def all_told(chatpay: Chatpay) -> None:
    """Waits until no notice waits."""
    with closing(sqlite3.connect(f"file:{chatpay.database}?mode=ro", uri=True)) as database:
        while database.execute("SELECT count(*) FROM outbox").fetchone() != (0,):  # noqa: ASYNC110 (nothing tells)
            await asyncio.sleep(0.02)


async def drawn_on(telegram: Telegram, message: Message) -> list[tuple[str, int | None]]:
    """The first line of each receipt that was drawn on a message, and what Telegram answered."""
    calls = await telegram.calls("editMessageText")
    return [
        (call["params"]["text"].partition("\n")[0], call["status"])
        for call in calls
        if call["params"]["message_id"] == message.id and "Paid" in call["params"]["text"]
    ]


PAID = "✅ Paid <b>€10.00</b> to <b>Bob</b> @bob"


async def test_a_whole_payment_takes_sixteen_calls(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """A card, a keypad, five times dots, one receipt, an answer to each press, and Bob's news."""
    await all_told(chatpay)
    before = Counter(call["method"] for call in await telegram.calls())
    await alice.approve(await alice.ask("/pay @bob 10 lunch", "Pay Bob"))
    await alice.see("✅ Paid")
    await bob.see("paid you €10.00")
    await all_told(chatpay)
    calls = Counter(call["method"] for call in await telegram.calls()) - before
    del calls["getupdates"]
    assert calls == {"sendmessage": 2, "editmessagetext": 7, "answercallbackquery": 7}


@pytest.mark.parametrize(
    ("fault", "answers"),
    [("429", [429, 200]), ("500", [500, 200]), ("cut", [None, 200]), ("cut_after", [200, 400])],
)
async def test_a_receipt_that_may_not_have_arrived_is_drawn_by_its_notice(
    telegram: Telegram,
    chatpay: Chatpay,
    alice: Customer,
    keypad: Message,
    fault: Any,
    answers: list[int | None],
) -> None:
    """Refused, lost, or done without a word of it: the notice makes sure, once."""
    await telegram.fault(fault, "editMessageText", times=1, retry_after=1)
    await alice.tap(keypad, alice.pin[-1:])
    receipt = await alice.see("✅ Paid")
    await all_told(chatpay)
    assert receipt.id == keypad.id
    assert await drawn_on(telegram, keypad) == [(PAID, answer) for answer in answers]


async def test_a_receipt_that_is_stuck_is_drawn_by_its_notice_soon(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, keypad: Message
) -> None:
    """A call that is never answered is not waited for until it times out."""
    await telegram.fault("timeout", "editMessageText", times=1)
    await alice.tap(keypad, alice.pin[-1:])
    receipt = await alice.see("✅ Paid", seconds=5)
    await all_told(chatpay)
    assert receipt.id == keypad.id
    assert await drawn_on(telegram, keypad) == [(PAID, None), (PAID, 200)]


async def test_a_later_state_is_drawn_on_the_same_receipt(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer, keypad: Message
) -> None:
    """What was drawn once is no reason to leave out what has happened since."""
    await alice.tap(keypad, alice.pin[-1:])
    arrived = await bob.see("paid you")
    await all_told(chatpay)
    assert await drawn_on(telegram, keypad) == [(PAID, 200)]

    await bob.press(arrived, "Give back…")
    await bob.approve(await bob.see("Give back to Alice"), "Give back €10.00")
    receipt = await alice.see("All of it was given back")
    await all_told(chatpay)
    assert receipt.id == keypad.id
    assert await drawn_on(telegram, keypad) == [(PAID, 200), (PAID, 200)]


async def test_a_restart_between_the_money_and_the_receipt_loses_no_receipt(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, keypad: Message
) -> None:
    """What was drawn is remembered by the process that drew it alone; the notice is kept."""
    await telegram.fault("429", "editMessageText", times=2, retry_after=3)
    await alice.tap(keypad, alice.pin[-1:])
    await chatpay.restart()
    receipt = await alice.see("✅ Paid")
    await all_told(chatpay)
    assert receipt.id == keypad.id
    assert await drawn_on(telegram, keypad) == [(PAID, 429), (PAID, 429), (PAID, 200)]
