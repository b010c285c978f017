"""Paying somebody who has not joined: the money waits, and is taken, taken back, or returns."""

from __future__ import annotations

import re

from simulator.client import Message
from tests.chat.books import books
from tests.chat.driver import Chatpay, Clock, Customer

A_REFERENCE = " · [0-9A-Z]{4}-[0-9A-Z]{4}$"


async def _hold(alice: Customer, payee: str = "@dave") -> Message:
    """Alice pays somebody new €12.50; her receipt."""
    card = await alice.ask(f"/pay {payee} 12.50 lunch", f"Pay {payee}")
    assert f"{payee} has not joined yet: the money waits 24 hours" in card.text
    await alice.approve(card)
    return await alice.see("is waiting for")


async def test_the_receipt_says_until_when_and_offers_the_link(
    alice: Customer, dave: Customer
) -> None:
    """The payer can share or copy the claim link, or take the money back."""
    receipt = await _hold(alice)
    lines = receipt.text.split("\n")
    assert lines[:2] == ["⏳ €12.50 is waiting for @dave", "lunch"]
    assert lines[3].startswith("Send @dave the link. What is not taken by ")
    assert receipt.labels == ["Share link", "Copy link", "Take back"]
    address = receipt.button("Copy link")["copy_text"]["text"]
    assert address.startswith("https://t.me/chatpay_bot?start=c_")
    assert receipt.button("Share link")["url"].startswith("https://t.me/share/url?url=https%3A")
    assert await alice.balance() == "€87.50"


async def test_whoever_joins_by_the_link_has_the_money(alice: Customer, dave: Customer) -> None:
    """Terms and name first, then the money is there; the payer is told once."""
    receipt = await _hold(alice)
    payload = receipt.button("Copy link")["copy_text"]["text"].partition("start=")[2]

    await dave.join(payload)

    assert (await dave.see("paid you")).text == "💶 Alice @alice paid you €12.50 — lunch"
    assert (await alice.see("has taken")).text == "✅ Dave @dave has taken the €12.50."
    assert await dave.balance() == "€12.50"
    shown = [message for message in await alice.messages() if message.id == receipt.id]
    assert shown[0].text.startswith("✅ Paid €12.50 to Dave @dave\nlunch")
    assert shown[0].labels == []


async def test_the_claim_link_opens_for_nobody_else(
    chatpay: Chatpay, alice: Customer, bob: Customer, dave: Customer
) -> None:
    """A link that has leaked is worth nothing."""
    receipt = await _hold(alice)
    before = books(chatpay)
    await bob.person.open_link(receipt.button("Copy link")["copy_text"]["text"])
    await bob.see("somebody else's")
    assert books(chatpay) == before


async def test_the_payer_takes_it_back(alice: Customer, dave: Customer) -> None:
    """The receipt says so, and the money is spendable at once."""
    receipt = await _hold(alice)
    await alice.press(receipt, "Take back")
    returned = await alice.see("came back to you")
    assert returned.id == receipt.id
    assert returned.text.startswith("↩️ €12.50 for @dave came back to you\nlunch")
    assert returned.labels == []
    assert await alice.balance() == "€100.00"


async def test_what_nobody_takes_returns_by_itself(
    chatpay: Chatpay, clock: Clock, alice: Customer, dave: Customer
) -> None:
    """After 24 hours the payer is told, and the link is worth nothing."""
    receipt = await _hold(alice)
    address = receipt.button("Copy link")["copy_text"]["text"]
    clock.advance(hours=24, minutes=1)

    news = await alice.see("did not take")
    assert news.text == "↩️ @dave did not take the €12.50: it is back in your balance."
    assert await alice.balance() == "€100.00"
    await dave.join()
    before = books(chatpay)
    await dave.person.open_link(address)
    await dave.see("went back to the payer")
    assert books(chatpay) == before


async def test_a_claimed_payment_cannot_be_taken_back(
    chatpay: Chatpay, alice: Customer, dave: Customer
) -> None:
    """The old button says that it has been paid."""
    receipt = await _hold(alice)
    take_back = receipt.button("Take back")["callback_data"]
    await dave.join()
    await dave.see("paid you")
    before = books(chatpay)

    answer = await alice.person.press_data(receipt, take_back)

    assert answer.alert
    assert answer.toast == "This has been paid already. Nothing was paid twice."
    assert books(chatpay) == before


async def test_a_receipt_of_several_counts_only_what_was_kept(
    alice: Customer, bob: Customer
) -> None:
    """What came back is listed as returned, and no longer part of what was paid."""
    card = await alice.ask("/pay @bob @ghosty 5 tickets", "Pay 2 people")
    await alice.approve(card, "Pay €10.00")
    receipt = await alice.see("Paid €10.00")
    await alice.press(receipt, "Waiting for @ghosty…")
    await alice.press(await alice.see("is waiting for @ghosty"), "Take back")

    after = await alice.see("returned")
    lines = after.text.splitlines()
    assert [re.sub(A_REFERENCE, "", line) for line in lines[:4]] == [
        "✅ Paid €5.00",
        "• Bob @bob: €5.00 · paid",
        "• @ghosty: €5.00 · returned",
        "tickets",
    ]
    assert re.fullmatch(r"\n.+ UTC", "\n".join(lines[4:]))
    assert (await alice.balance(), await bob.balance()) == ("€95.00", "€105.00")
