"""What the owner of a payment link can do with it: options, pausing, who paid, its page."""

from __future__ import annotations

from pathlib import Path

import aiohttp

from bot import qr
from bot.demo import free_port
from simulator.client import Message, Telegram
from tests.chat.books import books
from tests.chat.driver import Chatpay, Clock, Customer


def address_of(card: Message) -> str:
    address: str = card.button("Copy link")["copy_text"]["text"]
    return address


async def option(alice: Customer, options: Message, label: str, *, tapped: str = "") -> Message:
    """Opens an option and taps a choice; the options are shown again in the same message."""
    await alice.press(options, label)
    await alice.see(lambda message: message.id == options.id and "‹ Back" in message.labels)
    if tapped:
        await alice.press(options, tapped)
        return await alice.see(lambda message: message.id == options.id)
    return options


async def typed(alice: Customer, options: Message, label: str, text: str) -> Message:
    """Opens an option and types what it is to be."""
    await option(alice, options, label)
    return await alice.ask(text, lambda message: message.id == options.id)


async def test_options_are_changed_in_one_message(alice: Customer) -> None:
    """By buttons and by typing; what cannot be read is asked again; Done shows the new card."""
    card = await alice.ask("/link 12.50 coffee", "A payment link")
    await alice.press(card, "Options")
    options = await alice.see("⚙️ Options")
    assert options.text == (
        "⚙️ Options · €12.50 · coffee\n\n"
        "Amount: €12.50\nNote: coffee\nPayments: any number\nOpen until: for good\n"
        "Question: None\nThank-you: None\nReference: None"
    )
    await option(alice, options, "Payments", tapped="10×")
    await option(alice, options, "Amount", tapped="€12.50 suggested")
    await typed(alice, options, "At least", "5")
    await typed(alice, options, "Question", "Which size?")
    await typed(alice, options, "Thank-you", "Enjoy it!")
    await typed(alice, options, "Reference", "shelf 3")
    await option(alice, options, "Open until")
    await alice.ask("yesterday", "Type a number of days")
    await alice.ask("2020-01-01", "That moment has passed already")
    shown = await alice.ask("2090-12-31", lambda message: message.id == options.id)
    assert shown.text == (
        "⚙️ Options · €12.50 suggested · coffee\n\n"
        "Amount: €12.50 suggested\nAt least: €5.00\nAt most: None\nNote: coffee\nPayments: 10×\n"
        "Open until: Jan 1, 2091, 12:00\u202fAM UTC\n"
        "Question: Which size?\nThank-you: Enjoy it!\nReference: shelf 3"
    )
    await option(alice, options, "Note", tapped="None")
    await alice.press(options, "Done")
    card = await alice.see("A payment link")
    assert card.text.splitlines()[:-2] == [
        "A payment link · €12.50 suggested",
        "Alice @alice",
        "At least €5.00.",
        "For up to 10 payments",
        "Open until Jan 1, 2091, 12:00\u202fAM UTC",
        "Asks: Which size?",
        "Reference: shelf 3",
    ]


async def test_impossible_options_are_refused(alice: Customer) -> None:
    """The question stays open until there is an answer that can be used."""
    await alice.press(await alice.ask("/link 12.50", "A payment link"), "Options")
    options = await alice.see("⚙️ Options")
    await option(alice, options, "Payments")
    await alice.ask("many", "Type a whole number")
    await alice.ask("0", "Type a whole number")
    assert "Payments: 3×" in (await alice.ask("3", lambda m: m.id == options.id)).text
    await option(alice, options, "Amount")
    await alice.ask("5 USD", "This link is paid in EUR")
    assert "Amount: €5.00" in (await alice.ask("5", lambda m: m.id == options.id)).text


async def test_payer_answers_the_question_and_is_thanked(alice: Customer, bob: Customer) -> None:
    """The answer is on both receipts, in the history and under who paid."""
    card = await alice.ask("/link 12.50 shirt", "A payment link")
    await alice.press(card, "Options")
    options = await alice.see("⚙️ Options")
    await typed(alice, options, "Question", "Which size?")
    await typed(alice, options, "Thank-you", "Wear it well!")

    await bob.person.open_link(address_of(card))
    question = await bob.see("Which size?")
    assert question.text.startswith("Pay Alice @alice\nshirt\n\nWhich size?\nType your answer")
    ready = await bob.ask("M", "Left afterwards")
    assert "Which size? M" in ready.text
    await bob.press(ready, "Change my answer")
    await bob.see("Type your answer")
    ready = await bob.ask("L", "Left afterwards")
    await bob.approve(ready, "Pay €12.50")

    paid = await bob.see("✅ Paid €12.50 to Alice")
    assert "Which size? L" in paid.text
    assert paid.text.endswith("💬 Alice: Wear it well!")
    told = await alice.see("paid you")
    assert told.text == "💶 Bob @bob paid you €12.50 — shirt\nWhich size? L"
    await alice.press(card, "Who paid")
    sales = await alice.see("Who paid")
    assert "1. €12.50 · Bob @bob\nWhich size? L\n" in sales.text


async def test_paused_link_waits_for_its_owner(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Whoever opens it is told so, and nothing moves; resumed, it is paid."""
    card = await alice.ask("/link 12.50", "A payment link")
    before = books(chatpay)
    await alice.press(card, "Pause")
    paused = await alice.see("paused")
    assert (paused.id, paused.labels[-2:]) == (card.id, ["Resume", "Close link"])
    await bob.person.open_link(address_of(card))
    await bob.see("This link is paused by its owner. Nothing was paid.")
    assert books(chatpay) == before
    await alice.press(card, "Resume")
    await bob.person.open_link(address_of(card))
    await bob.approve(await bob.see("Pay Alice"), "Pay €12.50")
    await bob.see("✅ Paid €12.50")


async def test_link_for_one_payment_takes_one(
    chatpay: Chatpay, alice: Customer, bob: Customer, carol: Customer
) -> None:
    """Carol has her card open while Bob pays; then it is too late."""
    card = await alice.ask("/link 12.50 vase", "A payment link")
    await alice.press(card, "Options")
    await option(alice, await alice.see("⚙️ Options"), "Payments", tapped="Once")
    await carol.person.open_link(address_of(card))
    late = await carol.see("Pay Alice")
    await bob.person.open_link(address_of(card))
    await bob.approve(await bob.see("Pay Alice"), "Pay €12.50")
    await bob.see("✅ Paid")
    before = books(chatpay)
    answer = await carol.press(late, "Pay €12.50")
    assert answer.toast == "This link takes no more payments. Nothing was paid."
    assert books(chatpay) == before


async def test_sale_is_given_back_from_who_paid(alice: Customer, bob: Customer) -> None:
    """With the PIN like any payment; the sums say so."""
    card = await alice.ask("/link 12.50 vase", "A payment link")
    await bob.person.open_link(address_of(card))
    await bob.approve(await bob.see("Pay Alice"), "Pay €12.50")
    await alice.see("paid you €12.50")
    await alice.press(card, "Who paid")
    sales = await alice.see("Who paid")
    assert "💶 1 payment, €12.50 in all" in sales.text
    assert sales.labels == ["Give back no. 1", "Done"]
    await alice.press(sales, "Give back no. 1")
    await alice.approve(await alice.see("Give back|give back"), "Give back €12.50")
    await bob.see("gave back €12.50 of the €12.50")
    assert (await alice.balance(), await bob.balance()) == ("€100.00", "€100.00")
    listed = await alice.ask("/link", "Your payment links")
    assert listed.labels == ["€12.50 · vase · 1×", "New link", "My permanent link"]
    await alice.press(listed, "€12.50 · vase · 1×")
    again = await alice.see("A payment link")
    assert "💶 1 payment, €12.50 in all · €12.50 given back" in again.text


async def test_nobody_else_sees_who_paid(chatpay: Chatpay, alice: Customer, bob: Customer) -> None:
    """Nor changes anything, with forged buttons."""
    card = await alice.ask("/link 12.50", "A payment link")
    link_id = address_of(card).partition("l_")[2]
    own = await bob.ask("/link 5", "A payment link")
    for verb in ("who", "options", "pause", "option", "set"):
        rest = {"option": ":uses", "set": ":uses:1"}.get(verb, "")
        answer = await bob.person.press_data(own, f"cp:l:{verb}:{link_id}{rest}")
        assert answer.toast == "This is somebody else's, or too long ago: nothing was done."
    again = await alice.ask("/link", "Your payment links")
    await alice.press(again, "€12.50")
    assert (await alice.see("A payment link")).text == card.text


async def test_with_a_public_address_a_link_has_a_page(telegram: Telegram, tmp_path: Path) -> None:
    """The card gives both addresses, the code is the page's, and a photo of it opens the link."""
    place = f"127.0.0.1:{free_port()}"
    changes: dict[str, object] = {"public_url": f"http://{place}", "listen": place}
    chatpay = Chatpay(telegram, tmp_path, Clock(), changes)
    await chatpay.start()
    try:
        alice, bob = await chatpay.customer("Alice"), await chatpay.customer("Bob")
        card = await alice.ask("/link 12.50 coffee", "A payment link")
        page, chat = card.text.splitlines()[-2:]
        assert chat == card.button("Copy Telegram link")["copy_text"]["text"]
        assert page == card.button("Copy link")["copy_text"]["text"] == address_of(card)
        assert page == f"http://{place}/p/{chat.partition('l_')[2]}"
        assert card.photo is not None
        picture = await telegram.download(card.photo)
        assert qr.read(picture) == [page]
        async with aiohttp.ClientSession() as web, web.get(page) as answer:
            assert answer.status == 200
            assert chat.replace("&", "&amp;") in await answer.text()
        await bob.person.send_photo(bob.chat, picture)
        assert (await bob.see("Pay Alice")).text.startswith("Pay Alice @alice\n€12.50")
    finally:
        await chatpay.stop()
