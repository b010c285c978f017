"""Payment links: made, shown with their QR code, opened, paid and closed."""

from __future__ import annotations

from bot import qr
from simulator.client import Telegram
from tests.chat.books import books
from tests.chat.driver import Chatpay, Customer

OFFERED = ["Share link", "Copy link", "Poster", "QR only"]
CARD = [*OFFERED, "Options", "Who paid (0)", "Pause", "Close link"]


async def test_a_link_has_a_picture_that_reads_as_its_address(
    telegram: Telegram, alice: Customer
) -> None:
    """The QR code, the copy button and the caption hold the same address."""
    shown = await alice.ask("/link 12.50 lunch", "A payment link")
    address = shown.button("Copy link")["copy_text"]["text"]
    assert address.startswith("https://t.me/chatpay_bot?start=l_")
    assert shown.text == f"A payment link · €12.50\nlunch\nAlice @alice\n\n{address}"
    assert shown.labels == CARD
    assert shown.photo is not None
    assert qr.read(await telegram.download(shown.photo)) == [address]


async def test_whoever_opens_it_sees_the_owner_and_pays(alice: Customer, bob: Customer) -> None:
    """The card names the owner as Telegram knows them; amount and note are the link's."""
    shown = await alice.ask("/link 12.50 lunch", "A payment link")
    await bob.person.open_link(shown.button("Copy link")["copy_text"]["text"])
    card = await bob.see("Pay Alice")
    assert card.text.split("\n")[:3] == ["Pay Alice @alice", "€12.50", "lunch"]
    assert card.labels == ["Pay €12.50", "Cancel"]

    await bob.approve(card, "Pay €12.50")

    await bob.see("✅ Paid €12.50 to Alice")
    assert (await alice.see("paid you")).text == "💶 Bob @bob paid you €12.50 — lunch"
    assert (await alice.balance(), await bob.balance()) == ("€112.50", "€87.50")


async def test_the_links_amount_cannot_be_changed(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """A forged button for another amount is refused and nothing moves."""
    shown = await alice.ask("/link 12.50", "A payment link")
    await bob.person.open_link(shown.button("Copy link")["copy_text"]["text"])
    card = await bob.see("Pay Alice")
    intent_id = card.button("Cancel")["callback_data"].split(":")[-1]
    before = books(chatpay)
    answer = await bob.person.press_data(card, f"cp:i:sum:{intent_id}:1:EUR")
    assert answer.alert
    assert books(chatpay) == before
    await bob.press(card, "Pay €12.50")


async def test_the_permanent_link_asks_the_payer_for_the_amount(
    alice: Customer, bob: Customer
) -> None:
    """/me always shows the same link; round amounts are one tap away."""
    shown = await alice.ask("/me", "Your permanent link")
    again = await alice.ask("/me", "Your permanent link")
    assert shown.text == again.text
    assert shown.labels == OFFERED

    await bob.person.open_link(shown.button("Copy link")["copy_text"]["text"])
    question = await bob.see("How much")
    assert question.text.startswith("Pay Alice @alice")
    await bob.press(question, "€20.00")
    await bob.approve(await bob.see("Left afterwards"), "Pay €20.00")
    await alice.see("paid you €20.00")


async def test_a_closed_link_cannot_be_paid(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Opened, it says that it is closed; a card opened before can no longer be paid."""
    shown = await alice.ask("/link 12.50", "A payment link")
    address = shown.button("Copy link")["copy_text"]["text"]
    await bob.person.open_link(address)
    card = await bob.see("Pay Alice")
    before = books(chatpay)

    await alice.press(shown, "Close link")
    closed = await alice.see("This link is closed")
    assert (closed.id, closed.labels) == (shown.id, [])
    answer = await bob.press(card, "Pay €12.50")
    assert answer.toast == "This link was closed by its owner. Nothing was paid."
    await bob.person.open_link(address)
    await bob.see("closed by its owner")
    assert books(chatpay) == before


async def test_only_the_owner_closes_a_link(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """A forged button is refused, and the link still works."""
    shown = await alice.ask("/link 12.50", "A payment link")
    link_id = shown.button("Close link")["callback_data"].split(":")[-1]
    own = await bob.ask("/link 5", "A payment link")
    answer = await bob.person.press_data(own, f"cp:l:close:{link_id}")
    assert answer.toast == "This is somebody else's, or too long ago: nothing was done."
    await bob.person.open_link(shown.button("Copy link")["copy_text"]["text"])
    await bob.see("Pay Alice")


async def test_the_owner_opening_it_is_told_that_it_is_theirs(alice: Customer) -> None:
    """Nobody pays themselves by accident."""
    shown = await alice.ask("/link 12.50", "A payment link")
    await alice.person.open_link(shown.button("Copy link")["copy_text"]["text"])
    await alice.see("This link is your own")
    assert (await alice.see("A payment link")).labels == shown.labels


async def test_a_link_without_amount_is_asked_for_one(alice: Customer) -> None:
    """The note is kept; round amounts, any other, or whatever the payer chooses."""
    question = await alice.ask("/link lunch", "For how much")
    assert question.labels == [
        "€5.00",
        "€10.00",
        "€20.00",
        "€50.00",
        "Whoever pays chooses",
        "My permanent link",
        "My links",
    ]
    await alice.press(question, "Whoever pays chooses")
    assert (await alice.see("A payment link")).text.startswith(
        "A payment link · any amount\nlunch"
    )
    old = await alice.press(question, "€5.00")
    assert old.alert

    await alice.press(await alice.ask("/link", "Your payment links"), "New link")
    await alice.see("For how much")
    assert (await alice.ask("7.25", "A payment link")).text.startswith("A payment link · €7.25")
    await alice.press(question, "My links")
    listed = await alice.see("Your payment links")
    assert listed.labels == ["€7.25", "any amount · lunch", "New link", "My permanent link"]
    await alice.press(listed, "any amount · lunch")
    assert (await alice.see("A payment link")).labels == CARD


async def test_somebody_new_joins_by_a_link_adds_money_and_pays(
    alice: Customer, dave: Customer
) -> None:
    """Terms and name first, then the card; with money and a PIN it is paid."""
    shown = await alice.ask("/link 12.50 coffee", "A payment link")
    address = shown.button("Copy link")["copy_text"]["text"]
    await dave.join(address.partition("start=")[2])
    card = await dave.see("Pay Alice")
    assert "You have €0.00: that is €12.50 too little." in card.text

    await dave.choose_pin()
    await dave.top_up("20")
    await dave.person.open_link(address)
    await dave.approve(await dave.see("Left afterwards: €7.50"), "Pay €12.50")
    await dave.see("✅ Paid €12.50 to Alice")
    await alice.see("Dave @dave paid you €12.50 — coffee")
    assert (await alice.balance(), await dave.balance()) == ("€112.50", "€7.50")
