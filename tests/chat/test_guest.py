"""Guest mode: `@bot pay 5` in chats that the bot is not in, from the call to the receipt."""

from __future__ import annotations

import pytest

from simulator.client import Message, Telegram
from tests.chat.books import books
from tests.chat.driver import BOT_USERNAME, Chatpay, Customer


async def called(alice: Customer, bob: Customer, text: str, *, reply: bool = False) -> Message:
    """Alice calls the bot into the chat of the two; what it answers there, as Bob sees it."""
    chat = alice.person.direct(bob.person)
    target = {}
    if reply:
        target["reply_to"] = (await bob.person.send(chat, "You owe me!")).id
    await alice.person.send(chat, f"@{BOT_USERNAME} {text}", **target)
    return await bob.person.expect(chat, lambda message: message.author_id != alice.id)


def payload(message: Message, label: str) -> str:
    """The start payload of a button."""
    url: str = message.button(label)["url"]
    return url.partition("start=")[2]


async def test_a_reply_pays_whoever_wrote_the_message(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """The card says who pays whom, and not how much; the PIN is asked for in private."""
    card = await called(alice, bob, "pay 5 beer", reply=True)
    assert card.text == "💸 Alice @alice wants to pay Bob @bob"
    await alice.start(payload(card, "Alice: approve…"))
    await alice.approve(await alice.see(r"Pay Bob @bob\n€5\.00"))
    paid = await bob.person.expect(card.chat, "✅ Alice @alice paid Bob @bob")
    assert (paid.id, paid.labels) == (card.id, [])
    assert "5" not in paid.text
    await bob.see("Alice @alice paid you €5.00 — beer")
    assert (await alice.balance(), await bob.balance()) == ("€95.00", "€105.00")


async def test_a_reply_asks_whoever_wrote_the_message(
    chatpay: Chatpay, alice: Customer, bob: Customer, carol: Customer
) -> None:
    """Bob is asked by id; nobody else can open the request."""
    card = await called(alice, bob, "request 5 lunch", reply=True)
    assert card.text == "🙏 Alice @alice asks Bob @bob for €5.00\nlunch"
    before = books(chatpay)
    await carol.start(payload(card, "Pay €5.00…"))
    await carol.see("somebody else's")
    assert books(chatpay) == before
    await bob.start(payload(card, "Pay €5.00…"))
    await bob.press(await bob.see("asks you to pay €5.00"), "Pay €5.00…")
    await bob.approve(await bob.see("Pay Alice"))
    await bob.person.expect(card.chat, "✅ Paid")
    assert await alice.balance() == "€105.00"


async def test_without_a_reply_paying_is_a_gift(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Nobody is meant, so whoever takes it first gets it."""
    card = await called(alice, bob, "pay 5 coffee")
    assert card.text.startswith("🎁 Alice @alice wants to send €5.00\ncoffee")
    await alice.start(payload(card, "approve"))
    await alice.approve(await alice.see("Send to whoever"), "Send €5.00")
    held = await bob.person.expect(card.chat, "Whoever takes it first")
    await bob.press(held, "Take €5.00")
    await bob.person.expect(card.chat, "Bob @bob has it")
    assert await bob.balance() == "€105.00"


async def test_without_a_reply_anyone_is_asked(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """In a group that the bot is not in, too; a member there may also be named."""
    group = await telegram.group("Lunch", [alice.person, bob.person])
    await alice.person.send(group, f"@{BOT_USERNAME} request 5 lunch")
    anyone = await bob.person.expect(group, "asks for €5.00")
    await alice.person.send(group, f"@{BOT_USERNAME} request 6 @bob lunch")
    named = await bob.person.expect(group, "asks Bob @bob for €6.00\nlunch")
    assert payload(anyone, "Pay €5.00…") != payload(named, "Pay €6.00…")


async def test_somebody_who_has_not_joined_is_paid_and_takes_it(
    chatpay: Chatpay, alice: Customer, dave: Customer
) -> None:
    """The money waits for him by his id, and the card leads him to it."""
    card = await called(alice, dave, "pay 5", reply=True)
    await alice.start(payload(card, "approve"))
    await alice.approve(await alice.see(r"has not joined yet"))
    waiting = await dave.person.expect(card.chat, "waits to be taken")
    await dave.join(payload(waiting, "Take it…"))
    await dave.person.expect(card.chat, "✅ Alice @alice paid Dave @dave")
    assert await dave.balance() == "€5.00"


async def test_only_the_caller_can_open_the_card(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Bob opens Alice's link and is told that it is not his; nothing moves."""
    card = await called(alice, bob, "pay 5", reply=True)
    before = books(chatpay)
    await bob.start(payload(card, "approve"))
    await bob.see("This is somebody else's")
    assert books(chatpay) == before


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("hello", "Write @chatpay_bot pay 5 to send money"),
        ("pay", "Write @chatpay_bot pay 5 to send money"),
        ("pay 1.234", "Did you mean"),
        ("pay 5 @alice", "That is you!"),
        ("request 0", "more than zero"),
    ],
)
async def test_what_cannot_be_done_is_answered_there(
    chatpay: Chatpay, alice: Customer, bob: Customer, text: str, answer: str
) -> None:
    """One sentence in the chat, no card, and nothing in the books."""
    before = books(chatpay)
    said = await called(alice, bob, text)
    assert answer in said.text
    assert said.labels == []
    assert books(chatpay) == before


async def test_a_bot_cannot_be_paid(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """A reply to what the bot itself said is about nobody who could be paid."""
    card = await called(alice, bob, "hello")
    before = books(chatpay)
    await alice.person.send(card.chat, f"@{BOT_USERNAME} pay 5", reply_to=card.id)
    said = await bob.person.expect(card.chat, lambda message: message.id > card.id + 1)
    assert said.text == "That is me. Only people can be paid or asked."
    assert said.labels == []
    assert books(chatpay) == before


async def test_somebody_new_is_led_to_the_bot(
    chatpay: Chatpay, alice: Customer, dave: Customer
) -> None:
    """Whoever has not joined gets the way in, not a card."""
    said = await called(dave, alice, "pay 5")
    assert payload(said, "Open Chatpay") == "m_home"


async def test_a_redelivered_call_makes_no_second_card(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """The same message calls once, however often Telegram tells of it."""
    card = await called(alice, bob, "request 5 lunch")
    await alice.see("You ask")
    (update,) = [u["update"] for u in await telegram.updates() if "guest_message" in u["update"]]
    await telegram.redeliver(update["update_id"], 3)
    await alice.ask("/balance", "available")
    assert [m.id for m in await bob.messages(card.chat)] == [card.id - 1, card.id]
    assert len([m for m in await alice.messages() if "You ask" in m.text]) == 1
