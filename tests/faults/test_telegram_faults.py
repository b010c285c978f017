"""Telegram refuses, stalls, or hangs up while somebody pays: each method, each way."""

from __future__ import annotations

import asyncio
import time

import pytest

from simulator.client import FaultKind, Telegram
from tests.chat.driver import Chatpay, Customer, is_keypad
from tests.faults.books import payments_made

KINDS: tuple[FaultKind, ...] = ("429", "500", "cut", "cut_after")
METHODS = ("sendMessage", "editMessageText", "answerCallbackQuery")


async def shown(customer: Customer, opening: str) -> list[str]:
    """The chat's messages that say something."""
    return [message.text for message in await customer.messages() if opening in message.text]


def only(method: str, person: Customer) -> dict[str, int]:
    """Confines a fault to one person's chat, where the method names a chat."""
    return {} if method == "answerCallbackQuery" else {"chat_id": person.id}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_payment_gets_through_what_goes_wrong_at_every_step(
    telegram: Telegram, chatpay: Chatpay, bob: Customer, kind: FaultKind
) -> None:
    """At each step a call of a method goes wrong; one payment, and both are told."""

    async def pay(payer: Customer, method: str) -> None:
        async def disturb(person: Customer) -> None:
            await telegram.fault(kind, method, times=1, retry_after=1, **only(method, person))

        await disturb(payer)
        card = await payer.ask("/pay @bob 10", "Pay Bob")
        await disturb(payer)
        await payer.person.press(card, "Pay", wait=10)
        keypad = await payer.see(is_keypad)
        for digit in payer.pin[:5]:
            await payer.person.press(keypad, digit, wait=10)
        await disturb(payer)
        await disturb(bob)
        await payer.person.press(keypad, payer.pin[5], wait=10)
        await payer.see("✅ Paid €10.00")
        await bob.see(f"{payer.person.fields['first_name']}.* paid you €10.00", seconds=20)

    payers = await asyncio.gather(*(chatpay.customer(f"Payer{n}") for n in range(len(METHODS))))
    await asyncio.gather(*map(pay, payers, METHODS))
    await telegram.clear_faults()

    assert sorted(payments_made(chatpay)) == [(payer.id, bob.id, 1_000) for payer in payers]
    # A card whose sending was not confirmed was sent again: both then become the receipt.
    receipts = [2, 1, 1] if kind == "cut_after" else [1, 1, 1]
    assert [len(await shown(payer, "✅ Paid €10.00")) for payer in payers] == receipts
    assert await bob.balance() == f"€{100 + 10 * len(payers)}.00"
    lost_answers = 2 if kind == "cut_after" else 0
    assert 0 <= len(await shown(bob, "paid you €10.00")) - len(payers) <= lost_answers


async def test_a_call_that_is_never_answered_stops_nobody_else(
    telegram: Telegram, chatpay: Chatpay, alice: Customer
) -> None:
    """While some people's calls hang, another is served at once; in the end all are."""

    async def pay(payer: Customer, method: str) -> None:
        await telegram.fault("timeout", method, times=1, **only(method, payer))
        await payer.say("/pay @alice 10")
        card = await payer.see("Pay Alice", seconds=30)
        await payer.person.press(card, "Pay", wait=0)
        keypad = await payer.see(is_keypad, seconds=30)
        for digit in payer.pin:
            await payer.person.press(keypad, digit, wait=30)
        await payer.see("✅ Paid €10.00", seconds=30)

    payers = await asyncio.gather(*(chatpay.customer(f"Payer{n}") for n in range(len(METHODS))))
    paying = [asyncio.create_task(pay(*each)) for each in zip(payers, METHODS, strict=True)]
    await asyncio.sleep(1)
    asked_at = time.monotonic()
    await alice.balance()
    assert time.monotonic() - asked_at < 2
    assert [task.done() for task in paying] == [False] * len(paying)
    await asyncio.gather(*paying)

    assert sorted(payments_made(chatpay)) == [(payer.id, alice.id, 1_000) for payer in payers]
    assert await alice.balance() == f"€{100 + 10 * len(payers)}.00"


async def test_telegram_away_for_a_while(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Every call fails while the sixth digit is tapped; the money moves once and is told later."""
    card = await alice.ask("/pay @bob 10", "Pay Bob")
    await alice.press(card, "Pay")
    keypad = await alice.see(is_keypad)
    await alice.tap(keypad, alice.pin[:5])
    await telegram.fault("500", "*", times=1_000)
    await alice.person.press(keypad, alice.pin[5], wait=0)
    async with asyncio.timeout(10):
        while not payments_made(chatpay):  # noqa: ASYNC110 (nothing else tells)
            await asyncio.sleep(0.05)
    assert await shown(bob, "paid you €") == []
    await telegram.clear_faults()

    await alice.see("✅ Paid €10.00")
    await bob.see("paid you €10.00")
    assert payments_made(chatpay) == [(alice.id, bob.id, 1_000)]
    assert len(await shown(bob, "paid you €10.00")) == 1


async def test_an_older_message_of_a_card_that_cannot_be_deleted_does_not_spoil_the_new_one(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """The card is opened anew while deleting fails; it can be paid, and becomes the receipt."""
    card = await alice.ask("/pay @bob 10", "Pay Bob")
    intent_id = card.button("Pay")["callback_data"].split(":")[-1]
    await telegram.fault("500", "deleteMessage", times=20)
    await alice.start(f"i_{intent_id}")
    again = await alice.see("Pay Bob")

    await alice.approve(again)
    receipt = await alice.see(lambda message: message.id == again.id and "✅ Paid" in message.text)

    assert receipt.labels == []
    assert await shown(alice, "went wrong") == []
    assert payments_made(chatpay) == [(alice.id, bob.id, 1_000)]


async def test_flood_limits_delay_and_lose_nothing(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """With Telegram's own limits on, six payments in a row are each told to both, once."""
    await telegram.flood_limits(on=True)
    for amount in range(1, 7):
        card = await alice.ask(f"/pay @bob {amount}", "Pay Bob")
        await alice.approve(card)
        await alice.see(f"✅ Paid €{amount}.00")
    for amount in range(1, 7):
        await bob.see(f"paid you €{amount}.00", seconds=20)

    assert len(await shown(bob, "paid you €")) == 6
    assert len(await shown(alice, "✅ Paid")) == 6
    assert len(payments_made(chatpay)) == 6
