"""Payers who race for a link, and a link that ends while a PIN is being typed."""

from __future__ import annotations

import asyncio

from tests.chat.books import books
from tests.chat.driver import Chatpay, Customer, is_keypad
from tests.chat.test_link_options import address_of, option
from tests.faults.books import payments_made

PAYERS = 20


async def test_twenty_race_for_a_link_that_takes_one_payment(
    chatpay: Chatpay, alice: Customer
) -> None:
    """All have tapped five digits; of twenty last taps one pays, and nineteen are told why not."""
    card = await alice.ask("/link 12.50 vase", "A payment link")
    await alice.press(card, "Options")
    await option(alice, await alice.see("⚙️ Options"), "Payments", tapped="Once")
    payers = await asyncio.gather(*(chatpay.customer(f"Payer{n}") for n in range(PAYERS)))

    async def nearly_pay(payer: Customer) -> None:
        await payer.person.open_link(address_of(card))
        await payer.press(await payer.see("Pay Alice"), "Pay €12.50")
        await payer.tap(await payer.see(is_keypad, 20), payer.pin[:5])

    async def pay(payer: Customer) -> bool:
        keypad = next(m for m in reversed(await payer.messages()) if is_keypad(m))
        await payer.person.press(keypad, payer.pin[5], wait=20)
        ended = await payer.see("✅ Paid €12.50|Not paid. Nothing has left", 20)
        return "✅" in ended.text

    await asyncio.gather(*map(nearly_pay, payers))
    paid = await asyncio.gather(*map(pay, payers))

    assert paid.count(True) == 1
    assert payments_made(chatpay) == [(payers[paid.index(True)].id, alice.id, 1_250)]


async def test_a_link_that_is_closed_while_the_pin_is_typed_is_not_paid(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """The sixth digit comes after its end: the card says so, and nothing has moved."""
    card = await alice.ask("/link 12.50 vase", "A payment link")
    await bob.person.open_link(address_of(card))
    await bob.press(await bob.see("Pay Alice"), "Pay €12.50")
    keypad = await bob.see(is_keypad)
    await bob.tap(keypad, bob.pin[:5])
    before = books(chatpay)
    await alice.press(card, "Close link")
    await alice.see("closed")

    await bob.press(keypad, bob.pin[5])

    await bob.see("Not paid. Nothing has left your account.")
    assert books(chatpay) == before
