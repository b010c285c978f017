"""/split: a bill is shared, to the last minor unit, and each is asked for a share."""

from __future__ import annotations

from simulator.client import Telegram
from tests.chat.books import books
from tests.chat.driver import Chatpay, Customer


async def test_a_bill_is_shared_with_ones_own_share_in_it(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Everybody is shown what they pay; whoever is asked pays it as any request."""
    carol = await chatpay.customer("Carol")
    bill = await alice.ask("/split 60 @bob @carol dinner", "shared by 3 people")
    assert bill.text.splitlines() == [
        "€60.00, shared by 3 people",
        "• Bob @bob: €20.00",
        "• Carol @carol: €20.00",
        "• You: €20.00, which nobody is asked for",
        "dinner",
    ]
    before = books(chatpay)
    await alice.press(bill, "Ask them")
    for payer in (bob, carol):
        asked = await payer.see("Alice @alice asks you to pay €20.00")
        assert "dinner" in asked.text
        assert books(chatpay) == before
        await payer.press(asked, "Pay €20.00")
        await payer.approve(await payer.see("Left afterwards"))
        await payer.see("Paid €20.00 to Alice")
        before = books(chatpay)
    assert await alice.balance() == "€140.00"


async def test_a_remainder_is_lost_by_nobody(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Ten euros among three: the odd cent is one's own, or the first one's that is asked."""
    await chatpay.customer("Carol")
    bill = await alice.ask("/split 10 @bob @carol", "shared by 3 people")
    assert "Bob @bob: €3.33\n• Carol @carol: €3.33\n• You: €3.34" in bill.text
    bill = await alice.ask("/split 0.01 @bob", "shared by 2 people")
    assert "Bob @bob: €0.00\n• You: €0.01" in bill.text
    before = books(chatpay)
    refused = await alice.press(bill, "Ask them")
    assert refused.alert
    assert refused.toast == "The amount has to be at least €0.02."
    assert books(chatpay) == before
    assert not [m for m in await bob.messages() if "asks you" in m.text]


async def test_ones_own_share_may_be_left_out(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Who paid for the others alone asks them for all of it."""
    await chatpay.customer("Carol")
    bill = await alice.ask("/split 10.01 @bob @carol", "shared by 3 people")
    await alice.press(bill, "My own share: on")
    bill = await alice.see("shared by 2 people")
    assert "Bob @bob: €5.01\n• Carol @carol: €5.00" in bill.text
    assert "You" not in bill.text
    await alice.press(bill, "My own share: off")
    bill = await alice.see("shared by 3 people")
    await alice.press(bill, "My own share: on")
    await alice.press(await alice.see("shared by 2 people"), "Ask them")
    await bob.see("asks you to pay €5.01")


async def test_what_is_missing_is_asked_for(alice: Customer, bob: Customer) -> None:
    """Who, then how much; the amount and the note can be changed."""
    question = await alice.ask("/split", "Who shares it with you")
    assert question.labels == ["Pick from my contacts", "Cancel"]
    await alice.ask("@bob", "How much was it in all")
    bill = await alice.ask("30", "shared by 2 people")
    assert "Bob @bob: €15.00" in bill.text
    await alice.press(bill, "Add a note")
    await alice.see("What is it for")
    bill = await alice.ask("taxi", "taxi")
    await alice.press(bill, "Change amount")
    await alice.see("How much was it in all")
    bill = await alice.ask("31", "31.00")
    hint = await alice.ask("hello", "ready")
    assert "Ask them" in hint.text
    await alice.press(bill, "Ask them")
    assert "taxi" in (await bob.see("asks you to pay €15.50")).text


async def test_people_are_picked_together(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Telegram's own list names several at once."""
    carol = await chatpay.customer("Carol", money="")
    question = await alice.ask("/split 9", "Who shares it with you")
    await alice.press(question, "Pick from my contacts")
    await alice.see("Tap the button below")
    keys = await alice.person.expect_keyboard(alice.chat)
    assert keys is not None
    request_id = keys["keyboard"][0][0]["request_users"]["request_id"]
    await alice.person.pick_users(alice.chat, request_id, [bob.person, carol.person])
    bill = await alice.see("shared by 3 people")
    assert bill.text.count("€3.00") == 3


async def test_asking_twice_asks_once(alice: Customer, bob: Customer) -> None:
    """The card makes way for those of its requests; a second tap finds nothing to do."""
    bill = await alice.ask("/split 20 @bob", "shared by 2 people")
    await alice.press(bill, "Ask them")
    await bob.see("asks you to pay €10.00")
    await alice.see("You asked Bob")
    assert len([m for m in await bob.messages() if "asks you" in m.text]) == 1


async def test_oneself_and_the_bot_share_no_bill(alice: Customer, bob: Customer) -> None:
    """Oneself among others is left out and told so; the bot alone is nobody."""
    bill = await alice.ask("/split 20 @alice @bob", "shared by 2 people")
    assert bill.text.startswith("You were left out: money can only go to somebody else.")
    await alice.ask("/split 20 @chatpay_bot", "That is me. Only people can be paid or asked.")


async def test_who_of_several_takes_no_requests_is_named(
    chatpay: Chatpay, alice: Customer, bob: Customer, carol: Customer
) -> None:
    """Nobody is asked, and the bill says because of whom."""
    await chatpay.payments.block(carol.id, alice.id)
    bill = await alice.ask("/split 30 @bob @carol", "shared by 3 people")
    answer = await alice.press(bill, "Ask them")
    assert answer.toast == "You and Carol cannot pay or ask each other."
    assert not [m for m in await bob.messages() if "asks you to pay" in m.text]


async def test_in_a_group_nobody_sees_who_is_asked(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """The bill goes to the private chat, named or not, and the group gets the way there."""
    group = await telegram.group("Dinner", [alice.person, bob.person], bots=[chatpay.username])
    for written, seen in [
        ("/split 60 @bob dinner", "shared by 2 people"),
        ("/split 60", "Who shares it with you"),
        ("/split 1.234 @bob", "Did you mean"),
    ]:
        await alice.person.send(group, written)
        told = await alice.person.expect(group, "go on in our private chat")
        assert "60" not in told.text
        await alice.see(seen)
    assert not [m for m in await bob.messages(group) if "€" in m.text]
