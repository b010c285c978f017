"""Paying from a group on a server that knows no ephemeral messages: the card goes to the private
chat, the group sees the way there and what the payer shows.
"""

from __future__ import annotations

import pytest

from simulator.client import Group, Telegram
from tests.chat.books import books
from tests.chat.driver import Chatpay, Customer


@pytest.fixture
async def telegram(telegram: Telegram) -> Telegram:
    """Of before Bot API 10.2."""
    await telegram.ephemeral("unknown")
    return telegram


@pytest.fixture
async def group(telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer) -> Group:
    return await telegram.group("Lunch club", [alice.person, bob.person], bots=[chatpay.username])


async def test_the_card_goes_to_the_private_chat_and_the_way_there_goes_away(
    alice: Customer, bob: Customer, group: Group
) -> None:
    """The group never sees an amount; once paid, not even that something was begun."""
    await alice.person.send(group, "/pay @bob 12.50 lunch")
    way = await alice.person.expect(group, "private chat")
    assert way.text == "Alice, go on in our private chat."
    card = await alice.see("Pay Bob")
    assert card.labels == [
        "Pay €12.50",
        "Change amount",
        "Change the note",
        "Show in group: off",
        "Cancel",
    ]
    assert way.button("Open Chatpay")["url"].endswith(
        "?start=i_" + card.button("Cancel")["callback_data"].split(":")[-1]
    )

    await alice.approve(card)
    await alice.see("✅ Paid")
    await bob.see("paid you")
    await alice.person.expect_deleted(way)
    texts = [message.text for message in await bob.messages(group) if message.text]
    assert texts == ["/pay @bob 12.50 lunch"]


async def test_what_the_payer_shows_takes_the_place_of_the_way(
    alice: Customer, bob: Customer, group: Group
) -> None:
    """Shown are the names and the amount, never the note."""
    await alice.person.send(group, "/pay @bob 12.50 lunch")
    way = await alice.person.expect(group, "private chat")
    card = await alice.see("Pay Bob")
    await alice.press(card, "Show in group: off")
    card = await alice.see(lambda message: "Show in group: on" in message.labels)
    await alice.approve(card, "Pay €12.50")

    told = await bob.person.expect(group, "paid")

    assert told.id == way.id
    assert told.text == "Alice @alice paid Bob @bob €12.50"
    assert told.labels == []


async def test_a_reply_names_the_payee(alice: Customer, bob: Customer, group: Group) -> None:
    """Replying to somebody's message with an amount is enough."""
    said = await bob.person.send(group, "who pays for lunch?")
    await alice.person.send(group, "/pay 12.50", reply_to=said.id)
    assert (await alice.see("Pay Bob")).text.startswith("Pay Bob @bob\n€12.50")


async def test_a_cancelled_card_leaves_nothing_in_the_group(
    chatpay: Chatpay, alice: Customer, bob: Customer, group: Group
) -> None:
    """The way to the card is deleted, and nothing moved."""
    before = books(chatpay)
    await alice.person.send(group, "/pay @bob 12.50")
    way = await alice.person.expect(group, "private chat")
    await alice.press(await alice.see("Pay Bob"), "Cancel")
    await alice.person.expect_deleted(way)
    assert books(chatpay) == before


async def test_the_deep_link_shows_the_card_to_its_payer_alone(
    chatpay: Chatpay, alice: Customer, bob: Customer, group: Group
) -> None:
    """Whoever else follows it is told that it is somebody else's."""
    await alice.person.send(group, "/pay @bob 12.50")
    url = (await bob.person.expect(group, "private chat")).button("Open Chatpay")["url"]
    first = await alice.see("Pay Bob")
    before = books(chatpay)

    await bob.person.open_link(url)
    await bob.see("somebody else's")
    assert books(chatpay) == before

    await alice.person.open_link(url)
    again = await alice.see("Pay Bob")
    assert again.text == first.text
    await alice.person.expect_deleted(first)


async def test_somebody_new_is_led_to_the_private_chat(
    dave: Customer, bob: Customer, telegram: Telegram, chatpay: Chatpay
) -> None:
    """Who has not joined gets the way in, and no card."""
    group = await telegram.group("Club", [dave.person, bob.person], bots=[chatpay.username])
    await dave.person.send(group, "/pay @bob 12.50")
    way = await dave.person.expect(group, "You are new here")
    assert way.button("Open Chatpay")["url"].endswith("?start=m_pay")


async def test_a_forwarded_message_names_nobody(
    alice: Customer, bob: Customer, group: Group
) -> None:
    """Who wrote a forwarded message is not certain, so the payee is asked for."""
    said = await bob.person.send(group, "pay me")
    forwarded = await bob.person.forward(said, group)
    await alice.person.send(group, "/pay 12.50", reply_to=forwarded.id)
    question = await alice.see("Whom do you want to pay")
    assert "it was forwarded" in question.text
