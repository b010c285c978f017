"""Paying in the private chat, from the command to the receipt."""

from __future__ import annotations

import re

import pytest

from tests.chat.books import books
from tests.chat.driver import Chatpay, Clock, Customer, is_keypad

CONFIRM = ["Pay €12.50", "Change amount", "Change the note", "Cancel"]


async def test_a_complete_command_leads_to_card_pin_receipt_in_one_message(
    alice: Customer, bob: Customer
) -> None:
    """One message goes from card over keypad to receipt, and the payee gets a card."""
    card = await alice.ask("/pay @bob 12.50 lunch", "Pay Bob")
    assert re.sub(r"\d+ (second|minute)s?", "a moment", card.text) == (
        "Pay Bob @bob\n€12.50\nlunch\n\n"
        "You and Bob have never paid each other before. They joined a moment ago.\n\n"
        "Left afterwards: €87.50 of play money"
    )
    assert card.labels == CONFIRM
    assert card.button("Pay €12.50")["style"] == "success"

    keypad = await alice.approve(card)
    receipt = await alice.see("Paid")

    assert keypad.id == receipt.id == card.id
    lines = receipt.text.split("\n")
    assert lines[:2] == ["✅ Paid €12.50 to Bob @bob", "lunch"]
    assert lines[4].startswith("Reference ")
    assert receipt.labels == []
    arrived = await bob.see("paid you")
    assert arrived.text == "💶 Alice @alice paid you €12.50 — lunch"
    assert arrived.labels == ["Pay Alice", "Give back…"]
    assert (await alice.balance(), await bob.balance()) == ("€87.50", "€112.50")


@pytest.mark.parametrize(
    "command",
    ["/pay lunch 12.50 @bob", "/pay 12,50 € @bob lunch", "/pay @BOB €12.50 lunch"],
)
async def test_the_parts_come_in_any_order_and_spelling(
    alice: Customer, bob: Customer, command: str
) -> None:
    """However it is written, the card is the same."""
    card = await alice.ask(command, "Pay Bob")
    assert card.text.split("\n")[:3] == ["Pay Bob @bob", "€12.50", "lunch"]


async def test_a_missing_payee_is_asked_for_and_the_rest_is_kept(
    alice: Customer, bob: Customer
) -> None:
    """The amount and note wait while the payee is typed."""
    question = await alice.ask("/pay 12.50 lunch", "Whom do you want to pay")
    assert "€12.50 — lunch" in question.text
    assert question.labels == ["Pick from my contacts", "Cancel"]

    await alice.say("not a name!")
    await alice.see("Type a @username")
    card = await alice.ask("@bob", "Pay Bob")

    assert card.text.split("\n")[:3] == ["Pay Bob @bob", "€12.50", "lunch"]
    await alice.person.expect_deleted(question)


async def test_recent_payees_are_one_tap_away(alice: Customer, bob: Customer) -> None:
    """Whom one has paid is offered as a button, in the same message."""
    await alice.approve(await alice.ask("/pay @bob 1", "Pay Bob"))
    await alice.see("✅ Paid")

    question = await alice.ask("/pay 5", "Whom do you want to pay")
    assert question.labels == ["Bob", "Pick from my contacts", "Cancel"]
    await alice.press(question, "Bob")
    card = await alice.see("Pay Bob")

    assert card.id == question.id
    assert card.text == "Pay Bob @bob\n€5.00\n\nLeft afterwards: €94.00 of play money"


async def test_people_are_picked_from_telegrams_own_list(
    alice: Customer, bob: Customer, carol: Customer
) -> None:
    """The picker's people become the payees, each with the amount; its key goes away again."""
    question = await alice.ask("/pay 12.50", "Whom do you want to pay")
    await alice.press(question, "Pick from my contacts")
    keyboard = await alice.person.expect_keyboard(alice.chat)
    assert keyboard is not None
    key = keyboard["keyboard"][0][0]
    assert key["text"] == "👤 Pick people"

    request_id = key["request_users"]["request_id"]
    await alice.person.pick_users(alice.chat, request_id, [bob.person, carol.person])
    card = await alice.see("Pay 2 people")

    assert card.text.split("\n")[:4] == [
        "Pay 2 people",
        "• Bob @bob: €12.50",
        "• Carol @carol: €12.50",
        "Total: €25.00",
    ]
    assert await alice.person.expect_keyboard(alice.chat) is None
    await alice.approve(card, "Pay €25.00")
    receipt = await alice.see("Paid €25.00")
    assert re.fullmatch(
        "✅ Paid €25.00\n"
        "• Bob @bob: €12.50 · paid · [0-9A-Z]{4}-[0-9A-Z]{4}\n"
        "• Carol @carol: €12.50 · paid · [0-9A-Z]{4}-[0-9A-Z]{4}\n\n.+ UTC",
        receipt.text,
    )
    assert [await one.balance() for one in (alice, bob, carol)] == [
        "€75.00",
        "€112.50",
        "€112.50",
    ]


async def test_a_missing_amount_is_tapped_or_typed(alice: Customer, bob: Customer) -> None:
    """Round amounts of the person's currency are offered; any other is typed."""
    question = await alice.ask("/pay @bob lunch", "How much")
    assert question.text == "Pay Bob @bob\nlunch\n\nHow much?\nTap an amount or type one."
    assert question.labels == ["€5.00", "€10.00", "€20.00", "€50.00", "Cancel"]
    await alice.press(question, "€20.00")
    card = await alice.see("Pay Bob")
    assert card.id == question.id
    assert card.labels[0] == "Pay €20.00"

    await alice.ask("/pay @bob", "How much")
    card = await alice.ask("7,25", "Pay Bob")
    assert card.labels[0] == "Pay €7.25"


async def test_a_doubtful_amount_is_asked_about_never_guessed(
    alice: Customer, bob: Customer
) -> None:
    """Both readings are buttons; the one that is tapped is the amount."""
    question = await alice.ask("/pay @bob 1.230", "Did you mean")
    assert "Did you mean €1,230.00 or €1.23?" in question.text
    assert question.labels == ["€1,230.00", "€1.23", "Cancel"]

    await alice.press(question, "€1.23")
    card = await alice.see("Left afterwards")
    assert card.labels[0] == "Pay €1.23"


async def test_what_has_too_many_decimals_is_only_offered_as_thousands(
    alice: Customer, bob: Customer
) -> None:
    """12.505 was never 12.50: the amount is typed again, or it was twelve thousand."""
    question = await alice.ask("/pay @bob 12.505", "Did you mean")
    assert "Did you mean €12,505.00? If not, write the amount again." in question.text
    assert question.labels == ["€12,505.00", "Cancel"]

    card = await alice.ask("12.50", "Left afterwards")
    assert card.labels[0] == "Pay €12.50"


async def test_two_amounts_in_two_currencies_are_asked_about(
    alice: Customer, bob: Customer
) -> None:
    """Neither is taken for the note of the other."""
    question = await alice.ask("/pay @bob €5 $6", "Did you mean")
    assert "Did you mean €5.00 or $6.00?" in question.text
    assert question.labels == ["€5.00", "$6.00", "Cancel"]


@pytest.mark.parametrize(
    ("command", "sentence", "question"),
    [
        ("/pay @bob 1.2345.6", "I could not read that as an amount", "How much"),
        ("/pay @bob -5", "more than zero", "How much"),
        ("/pay @bob 0", "more than zero", "How much"),
        ("/pay @bob 99999999999999", "more than can be paid", "How much"),
        ("/pay @alice 5", "That is you!", "Whom do you want to pay"),
        ("/pay @chatpay_bot 5", "That is me", "Whom do you want to pay"),
        ("/pay @chatpay_other_bot 5", "bot", "Whom do you want to pay"),
        ("/pay +491701234567 5.00", "paid by that number", "Whom do you want to pay"),
    ],
)
async def test_a_part_that_is_refused_is_asked_for_again(
    chatpay: Chatpay, alice: Customer, bob: Customer, command: str, sentence: str, question: str
) -> None:
    """The card says what was wrong and asks; nothing moves."""
    before = books(chatpay)
    asked = await alice.ask(command, question)
    assert sentence in asked.text
    assert books(chatpay) == before


async def test_amount_and_note_can_be_changed_on_the_card(alice: Customer, bob: Customer) -> None:
    """The card shows what was changed, and the way back changes nothing."""
    card = await alice.ask("/pay @bob 12.50", "Pay Bob")
    await alice.press(card, "Change amount")
    question = await alice.see("How much")
    assert question.labels[-2:] == ["Back", "Cancel"]
    await alice.press(question, "Back")
    card = await alice.see("€12.50")
    await alice.press(card, "Change amount")
    await alice.see("How much")
    card = await alice.ask("20", "Pay Bob")

    await alice.press(card, "Add a note")
    await alice.see("What is it for")
    card = await alice.ask("  two\npizzas ", "two pizzas")

    assert card.text.split("\n")[:3] == ["Pay Bob @bob", "€20.00", "two pizzas"]
    assert card.labels == ["Pay €20.00", "Change amount", "Change the note", "Cancel"]


async def test_a_cancelled_card_cannot_be_paid_and_can_be_begun_again(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """An old button says kindly what became of the card; starting again keeps the parts."""
    card = await alice.ask("/pay @bob 12.50 lunch", "Pay Bob")
    pay = card.button("Pay €12.50")["callback_data"]
    before = books(chatpay)

    await alice.press(card, "Cancel")
    cancelled = await alice.see("Cancelled")
    assert cancelled.text == "Cancelled. Nothing was paid.\n€12.50 to Bob @bob\nlunch"
    answer = await alice.person.press_data(card, pay)

    assert (answer.alert, answer.toast) == (True, "This was cancelled already. Nothing was paid.")
    assert books(chatpay) == before
    await alice.press(cancelled, "Start again")
    again = await alice.see("Left afterwards")
    assert again.id != card.id
    assert again.labels == CONFIRM


async def test_the_keypads_cancel_ends_the_card(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Cancelling on the keypad leaves nothing to approve."""
    card = await alice.ask("/pay @bob 12.50", "Pay Bob")
    before = books(chatpay)
    await alice.press(card, "Pay €12.50")
    keypad = await alice.see(is_keypad)
    await alice.press(keypad, "Cancel")
    assert (await alice.see("Cancelled")).id == card.id
    assert books(chatpay) == before


async def test_too_little_money_is_said_before_the_pin(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """The card says how much is missing and offers to add money; a forged Pay moves nothing."""
    card = await alice.ask("/pay @bob 120", "Pay Bob")
    assert "You have €100.00: that is €20.00 too little." in card.text
    assert card.labels == ["Add money", "Change amount", "Add a note", "Cancel"]
    before = books(chatpay)

    intent_id = card.button("Cancel")["callback_data"].split(":")[-1]
    answer = await alice.person.press_data(card, f"cp:i:pay:{intent_id}")

    assert answer.alert
    assert "€100.00" in (answer.toast or "")
    assert books(chatpay) == before


async def test_oneself_among_several_is_left_out(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """The others stay on the card, which says so; nothing is paid to oneself."""
    card = await alice.ask("/pay @bob @alice 5", "Pay Bob")
    assert card.text.split("\n")[:4] == [
        "You were left out: money can only go to somebody else.",
        "",
        "Pay Bob @bob",
        "€5.00",
    ]
    await alice.approve(card)
    await alice.see("✅ Paid €5.00")
    assert (await alice.balance(), await bob.balance()) == ("€95.00", "€105.00")


async def test_who_of_several_has_blocked_the_payer_is_named(
    chatpay: Chatpay, alice: Customer, bob: Customer, carol: Customer
) -> None:
    """Both ways round: the payer knows whom to leave out; nothing moves."""
    await chatpay.payments.block(bob.id, alice.id)
    await chatpay.payments.block(alice.id, carol.id)
    before = books(chatpay)
    await alice.ask("/pay @bob 5", "You and Bob cannot pay or ask each other")
    await alice.ask("/pay @carol @dave 5", "You and Carol cannot pay or ask each other")
    assert books(chatpay) == before


async def test_nobody_else_can_use_a_card(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Whoever learns a card's data is told that it is somebody else's; nothing moves."""
    card = await alice.ask("/pay @bob 12.50", "Pay Bob")
    intent_id = card.button("Cancel")["callback_data"].split(":")[-1]
    own = await bob.ask("/pay @alice 1", "Pay Alice")
    before = books(chatpay)

    for data in (
        f"cp:i:pay:{intent_id}",
        f"cp:i:cancel:{intent_id}",
        f"cp:i:card:{intent_id}",
        f"cp:i:sum:{intent_id}:1:EUR",
        f"cp:i:to:{intent_id}:{bob.id}",
        f"cp:i:redo:{intent_id}",
    ):
        answer = await bob.person.press_data(own, data)
        assert (answer.alert, answer.toast) == (
            True,
            "This is somebody else's, or too long ago: nothing was done.",
        ), data

    assert books(chatpay) == before
    await alice.approve(card)
    await alice.see("✅ Paid €12.50")


@pytest.mark.parametrize(
    "data",
    ["cp:i:", "cp:i:pay", "cp:i:sum:x:1e3:EUR", "cp:i:sum:x:1:ZZZ", "cp:i:to:x:bob"],
)
async def test_made_up_button_data_does_nothing(
    chatpay: Chatpay, alice: Customer, bob: Customer, data: str
) -> None:
    """A forged button is answered and moves nothing."""
    card = await alice.ask("/pay @bob 12.50", "Pay Bob")
    before = books(chatpay)
    answer = await alice.person.press_data(card, data)
    assert answer.alert
    assert "reference" not in (answer.toast or "")
    assert books(chatpay) == before


async def test_an_edited_command_does_not_fire_again(alice: Customer, bob: Customer) -> None:
    """Editing 5 into 500 changes no card and makes none."""
    sent = await alice.say("/pay @bob 5")
    card = await alice.see("Pay Bob")
    await alice.person.edit(sent, "/pay @bob 500")

    await alice.ask("/help", "/pay")
    shown = [message for message in await alice.messages() if message.text.startswith("Pay Bob")]
    assert [message.text for message in shown] == [card.text]


async def test_a_card_whose_time_is_up_says_so(
    chatpay: Chatpay, clock: Clock, alice: Customer, bob: Customer
) -> None:
    """After a quarter of an hour the card is edited; nothing was paid."""
    card = await alice.ask("/pay @bob 12.50", "Pay Bob")
    before = books(chatpay)
    clock.advance(minutes=16)

    expired = await alice.see("time for this card is up")

    assert expired.id == card.id
    assert expired.labels == ["Start again"]
    assert books(chatpay) == before


async def test_a_payment_is_given_back_in_part_and_then_wholly(
    alice: Customer, bob: Customer
) -> None:
    """Both people's messages say how much came back, and what is left can still be given back."""
    await alice.approve(await alice.ask("/pay @bob 12.50 lunch", "Pay Bob"))
    receipt = await alice.see("✅ Paid")
    arrived = await bob.see("paid you")

    await bob.press(arrived, "Give back…")
    card = await bob.see("Give back to Alice")
    assert card.labels == ["Give back €12.50", "Give back less…", "Cancel"]
    await bob.press(card, "Give back less…")
    await bob.see("How much")
    card = await bob.ask("5", "Give back to Alice")
    await bob.approve(card, "Give back €5.00")

    assert "✅ €5.00 given back to Alice" in (await bob.see("given back to Alice")).text
    news = await alice.see("gave back")
    assert news.text == "↩️ Bob @bob gave back €5.00 of the €12.50 that you paid."
    assert (await alice.see("of it was given back")).id == receipt.id
    assert (await bob.see("You gave €5.00 of it back")).id == arrived.id
    assert (await alice.balance(), await bob.balance()) == ("€92.50", "€107.50")

    await bob.press(arrived, "Give back…")
    await bob.approve(await bob.see("Give back to Alice"), "Give back €7.50")
    done = await bob.see("You gave all of it back")
    assert done.labels == ["Pay Alice"]
    assert (await alice.balance(), await bob.balance()) == ("€100.00", "€100.00")


async def test_more_than_was_paid_cannot_be_given_back(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """The question stays open and nothing moves."""
    await alice.approve(await alice.ask("/pay @bob 12.50", "Pay Bob"))
    await bob.press(await bob.see("paid you"), "Give back…")
    await bob.press(await bob.see("Give back to Alice"), "Give back less…")
    await bob.see("How much")
    before = books(chatpay)

    await bob.ask("13", "€12.50")
    assert books(chatpay) == before
    card = await bob.ask("3", "Give back to Alice")
    assert card.labels[0] == "Give back €3.00"


async def test_paying_back_starts_a_card_to_the_payer(alice: Customer, bob: Customer) -> None:
    """The button on the payee's card asks only for the amount."""
    await alice.approve(await alice.ask("/pay @bob 12.50", "Pay Bob"))
    await bob.press(await bob.see("paid you"), "Pay Alice")
    question = await bob.see("How much")
    assert question.text.startswith("Pay Alice @alice")


async def test_a_restart_between_card_and_pin_loses_nothing(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Cards and questions are in the database."""
    await alice.ask("/pay @bob", "How much")
    await chatpay.restart()
    card = await alice.ask("12.50", "Pay Bob")
    await chatpay.restart()
    await alice.approve(card)
    assert (await alice.see("✅ Paid")).id == card.id
    assert (await alice.balance(), await bob.balance()) == ("€87.50", "€112.50")


async def test_a_card_and_its_receipt_show_markup_in_a_name_as_text(
    chatpay: Chatpay, alice: Customer
) -> None:
    """What looks like HTML in a name or a note stays what it is."""
    await chatpay.customer("<b>Eve</b>", username="eve", money="")
    card = await alice.ask("/pay @eve 1 <i>5 & more</i>", "Pay <b>Eve</b>")
    assert card.text.split("\n")[:3] == ["Pay <b>Eve</b> @eve", "€1.00", "<i>5 & more</i>"]
    await alice.approve(card)
    receipt = await alice.see("✅ Paid")
    assert receipt.text.startswith("✅ Paid €1.00 to <b>Eve</b> @eve\n<i>5 & more</i>")
