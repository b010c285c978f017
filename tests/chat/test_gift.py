"""/gift: money for whoever takes it first, in a group or by a link."""

from __future__ import annotations

import asyncio

import pytest

from simulator.client import Group, Message, Telegram
from tests.chat.books import books
from tests.chat.driver import Chatpay, Clock, Customer, is_keypad


@pytest.fixture
async def carol(chatpay: Chatpay) -> Customer:
    return await chatpay.customer("Carol")


@pytest.fixture
async def group(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer, carol: Customer
) -> Group:
    """A group with the bot in it, on a server that knows no asides."""
    await telegram.ephemeral("unknown")
    people = [alice.person, bob.person, carol.person]
    return await telegram.group("Party", people, bots=[chatpay.username])


async def given(alice: Customer, group: Group) -> Message:
    """Alice has given €20.00 to the group; its card there."""
    await alice.person.send(group, "/gift 20 for the fastest")
    card = await alice.see("Send to whoever takes it first")
    assert "Everybody in the group will see it." in card.text
    assert card.labels == ["Send €20.00", "Cancel"]
    await alice.approve(card, "Send €20.00")
    return await alice.person.expect(group, "Alice @alice sends €20.00")


async def test_the_first_of_a_group_has_it(
    alice: Customer, bob: Customer, carol: Customer, group: Group
) -> None:
    """The group sees a button once the PIN was right; one tap, and the others see who it was."""
    card = await given(alice, group)
    assert card.labels == ["Take €20.00"]
    assert "for the fastest" in card.text
    assert await alice.balance() == "€80.00"

    answer = await bob.press(card, "Take €20.00")
    assert answer.toast == "€20.00 is in your balance."
    ended = await carol.person.expect(group, "Bob @bob has it.")
    assert (ended.id, ended.labels) == (card.id, [])
    await alice.see("has taken the €20.00")
    assert await bob.balance() == "€120.00"
    assert (await alice.balance(), await carol.balance()) == ("€80.00", "€100.00")


async def test_of_two_one_has_it_and_the_giver_never(
    chatpay: Chatpay, alice: Customer, bob: Customer, carol: Customer, group: Group
) -> None:
    """Whoever comes too late is told so, and so is the giver; it moves once."""
    card = await given(alice, group)
    before = books(chatpay)
    own = await alice.press(card, "Take €20.00")
    assert (own.alert, own.toast) == (
        True,
        "This gift is yours: somebody else has to take it.",
    )
    assert books(chatpay) == before
    answers = await asyncio.gather(*(each.press(card, "Take €20.00") for each in (bob, carol)))
    assert sorted(answer.toast or "" for answer in answers) == [
        "This is not for you, or somebody else was faster.",
        "€20.00 is in your balance.",
    ]
    assert sorted([await bob.balance(), await carol.balance()]) == ["€100.00", "€120.00"]
    assert await alice.balance() == "€80.00"


async def test_somebody_new_joins_and_has_it(
    telegram: Telegram, chatpay: Chatpay, alice: Customer
) -> None:
    """The button leads through the terms to the money."""
    await telegram.ephemeral("unknown")
    dave = await chatpay.newcomer("Dave")
    group = await telegram.group("Party", [alice.person, dave.person], bots=[chatpay.username])
    card = await given(alice, group)
    answer = await dave.press(card, "Take €20.00")
    assert answer.url is not None
    await dave.join(answer.url.rpartition("=")[2])
    await dave.see("paid you €20.00")
    await alice.person.expect(group, "Dave @dave has it.")


async def test_what_nobody_takes_goes_back_and_the_group_sees_it(
    chatpay: Chatpay, alice: Customer, bob: Customer, group: Group, clock: Clock
) -> None:
    """After a day the button is gone, and the money is Alice's again."""
    card = await given(alice, group)
    clock.advance(hours=25)
    ended = await bob.person.expect(group, "It went back to Alice.")
    assert (ended.id, ended.labels) == (card.id, [])
    assert await alice.balance() == "€100.00"


async def test_taken_back_in_private_it_is_gone_from_the_group(
    alice: Customer, bob: Customer, group: Group
) -> None:
    """The giver may think again while nobody has it."""
    card = await given(alice, group)
    receipt = await alice.see("is waiting for")
    await alice.press(receipt, "Take back")
    ended = await bob.person.expect(group, "It went back to Alice.")
    assert (ended.id, ended.labels) == (card.id, [])
    assert (await alice.balance(), await bob.balance()) == ("€100.00", "€100.00")


async def test_a_gift_is_approved_aside(
    telegram: Telegram, alice: Customer, bob: Customer, group: Group
) -> None:
    """Where the server can do it, the group sees nothing of it but the gift itself."""
    await telegram.ephemeral("full")
    await alice.person.send(group, "/gift 20")
    card = await alice.person.expect(group, "Send to whoever takes it first")
    assert card.ephemeral_id is not None
    await alice.press(card, "Send €20.00")
    await alice.tap(await alice.person.expect(group, is_keypad), alice.pin)
    shown = await bob.person.expect(group, "Alice @alice sends €20.00")
    await bob.press(shown, "Take €20.00")
    await bob.person.expect(group, "Bob @bob has it.")
    seen = [m.text.splitlines()[0] for m in await bob.messages(group) if m.text]
    assert seen == ["🎁 Alice @alice sends €20.00"]


async def test_what_is_not_approved_is_not_told(
    chatpay: Chatpay, alice: Customer, bob: Customer, group: Group
) -> None:
    """Until the PIN the group only saw that Alice went on in private; cancelled, not even that."""
    before = books(chatpay)
    await alice.person.send(group, "/gift 20")
    card = await alice.see("Send to whoever takes it first")
    way = await bob.person.expect(group, "go on in our private chat")
    await alice.press(card, "Cancel")
    await bob.person.expect_deleted(way)
    assert not [m for m in await bob.messages(group) if "€" in m.text]
    assert books(chatpay) == before


async def test_a_gift_from_the_private_chat_is_a_link(alice: Customer, bob: Customer) -> None:
    """Its receipt has the link to pass on, and the first who opens it has the money."""
    card = await alice.ask("/gift 12.50 lunch", "Send to whoever takes it first")
    assert "group" not in card.text
    await alice.approve(card, "Send €12.50")
    receipt = await alice.see("€12.50 is waiting for whoever takes it first")
    link = receipt.button("Copy link")["copy_text"]["text"]
    await bob.start(link.rpartition("=")[2])
    await bob.see("paid you €12.50")
    assert (await alice.balance(), await bob.balance()) == ("€87.50", "€112.50")


async def test_the_amount_is_asked_for(alice: Customer) -> None:
    """With buttons, or typed; a doubtful one is asked about, and Cancel ends it."""
    question = await alice.ask("/gift", "How much do you give")
    await alice.press(question, question.labels[0])
    card = await alice.see("Send to whoever takes it first")
    await alice.press(card, "Cancel")
    await alice.ask("/gift for fun", "How much do you give")
    card = await alice.ask("7", "Send to whoever takes it first")
    assert "€7.00" in card.text
    assert "for fun" in card.text
    doubt = await alice.ask("/gift 1.234", "Did you mean")
    await alice.press(doubt, "Cancel")
    await alice.see("Nothing was paid")


async def test_the_amount_for_a_group_is_asked_for_in_private(
    alice: Customer, bob: Customer, group: Group
) -> None:
    """And the gift is told in the group all the same."""
    await alice.person.send(group, "/gift")
    await alice.person.expect(group, "go on in our private chat")
    await alice.see("How much do you give")
    card = await alice.ask("20", "Send to whoever takes it first")
    await alice.approve(card, "Send €20.00")
    shown = await bob.person.expect(group, "Alice @alice sends €20.00")
    await bob.press(shown, "Take €20.00")
    assert await bob.balance() == "€120.00"


async def test_a_gift_names_nobody(
    chatpay: Chatpay, alice: Customer, bob: Customer, group: Group
) -> None:
    """Whoever is named is to be paid; nothing is made of it."""
    before = books(chatpay)
    await alice.ask("/gift 5 @bob", "A gift is for whoever takes it first")
    assert books(chatpay) == before
    hello = await bob.person.send(group, "hello")
    await alice.person.send(group, "/gift 5", reply_to=hello)
    await alice.see("Send to whoever takes it first")


async def test_more_than_there_is_cannot_be_given(chatpay: Chatpay, alice: Customer) -> None:
    """The card says so, and offers to add money."""
    before = books(chatpay)
    card = await alice.ask("/gift 500", "too little")
    assert card.labels == ["Add money", "Cancel"]
    assert books(chatpay) == before
