"""Amounts that are none, prices that are not the payer's to change, money that nobody paid in,
and operators who stop somebody between the fifth digit and the sixth.
"""

from __future__ import annotations

import re

import pytest

from simulator.client import Message
from tests.attacks.doors import Site, nothing_moves, now_s
from tests.chat.driver import Chatpay, Customer, is_keypad
from tests.chat.test_admin import do, find

NO_AMOUNTS = (
    "-5",
    "−5",
    "0",
    "0.00",
    "0.001",
    "1e3",
    "1E-2",
    "NaN",
    "Infinity",
    "-Infinity",
    "0x10",
    "5;DROP",
    "10000000000.01",
    "9" * 30,
    "18446744073709551617",
    "٠",
    "½",
    "",
)


async def test_what_is_no_amount_pays_nothing(
    chatpay: Chatpay, site: Site, alice: Customer, bob: Customer
) -> None:
    """Negative, nothing, huge, exponents, hexadecimal, words: by command, button and Mini App."""
    card = await alice.ask("/pay @bob 1", "Pay Bob")
    card_id = card.button("Pay €1.00")["callback_data"].rpartition(":")[2]
    mine = await site.init_data(alice)
    with nothing_moves(chatpay):
        for written in NO_AMOUNTS:
            status, answer = await site.ask(
                "POST", "/cards", mine, {"who": "@bob", "amount": written}
            )
            assert status == 422, (written, answer)
            if written:
                shown = await alice.ask(f"/pay @bob {written}", ".")
                assert not [label for label in shown.labels if label.startswith("Pay €")], written
        for minor in ("-100", "0", "1e3", "10000000000001", str(2**63), "1.5"):
            answer = await alice.person.press_data(card, f"cp:i:sum:{card_id}:{minor}:EUR")
            assert answer.alert, minor
        status, same = await site.ask("GET", f"/cards/{card_id}", mine)
        assert (status, same["amount"]) == (200, "€1.00")


async def test_a_price_is_the_shops_to_set(
    chatpay: Chatpay, site: Site, alice: Customer, mallory: Customer
) -> None:
    """A card of a link with a price takes no other amount, payee or currency, wherever it is
    tried.
    """
    shown = (await alice.ask("/link 50 cake", "t.me")).text
    (token,) = re.findall(r"start=l_([\w-]{16})", shown)
    his = await site.init_data(mallory)
    status, card = await site.ask("POST", "/codes", his, {"code": f"l_{token}"})
    assert (status, card["amount"]) == (200, "€50.00")
    last = await mallory.ask("/help", ".")
    with nothing_moves(chatpay):
        for amount in ("0.01", "49.99", "50 USD", "-50"):
            status, _ = await site.ask("PATCH", f"/cards/{card['id']}", his, {"amount": amount})
            assert status in {403, 422}, amount
        for data in (
            f"sum:{card['id']}:1:EUR",
            f"sum:{card['id']}:5000:IDR",
            f"to:{card['id']}:1",
        ):
            assert (await mallory.person.press_data(last, f"cp:i:{data}")).alert, data
        status, same = await site.ask("GET", f"/cards/{card['id']}", his)
        assert (status, same["amount"]) == (200, "€50.00")


async def test_money_comes_in_by_no_message(
    chatpay: Chatpay, site: Site, mallory: Customer
) -> None:
    """A message that says that somebody has paid an invoice is no payment that we asked for."""
    paid = {
        "currency": "EUR",
        "total_amount": 100_000,
        "invoice_payload": "topup",
        "telegram_payment_charge_id": "forged",
        "provider_payment_charge_id": "forged",
    }
    with nothing_moves(chatpay):
        status = await site.update(
            "message",
            message_id=600,
            date=now_s(chatpay.clock()),
            chat={"id": mallory.id, "type": "private", "first_name": "Mallory"},
            **{"from": {"id": mallory.id, "is_bot": False, "first_name": "Mallory"}},
            successful_payment=paid,
        )
        assert status == 200
        assert await mallory.balance() == "€100.00"


async def five_digits(payer: Customer) -> Message:
    """A card whose PIN lacks its last digit."""
    await payer.press(await payer.ask("/pay @bob 5", "Pay Bob"), "Pay €5.00")
    keypad = await payer.see(is_keypad)
    await payer.tap(keypad, payer.pin[:5])
    return keypad


@pytest.mark.parametrize(("whom", "told"), [("@alice", "stopped"), ("@bob", "cannot be paid")])
async def test_a_freeze_comes_before_the_last_digit(
    chatpay: Chatpay, olga: Customer, alice: Customer, bob: Customer, whom: str, told: str
) -> None:
    """Whoever pays or is paid is frozen while the PIN is typed: the sixth digit moves nothing."""
    keypad = await five_digits(alice)
    with nothing_moves(chatpay):
        await find(olga, whom, seen=whom)
        await do(olga, "Freeze")
        await alice.tap(keypad, alice.pin[5])
        await alice.see(f"(?i){told}|not paid")
    assert (await alice.balance(), await bob.balance()) == ("€100.00", "€100.00")


async def test_a_stop_comes_before_the_last_digit(
    chatpay: Chatpay, olga: Customer, alice: Customer, bob: Customer
) -> None:
    """All payments are stopped while the PIN is typed: the sixth digit moves nothing."""
    keypad = await five_digits(alice)
    with nothing_moves(chatpay):
        await olga.press(await olga.ask("/admin", "Operators"), "Pause payments")
        await olga.see("Why?")
        await olga.tap(await olga.ask("a drill", is_keypad), olga.pin)
        await olga.see("written into the log")
        await alice.tap(keypad, alice.pin[5])
        await alice.see("(?i)stopped|not paid")
    assert (await alice.balance(), await bob.balance()) == ("€100.00", "€100.00")
