"""The PIN: choosing, changing, forgetting and tapping it, as people do on the keypad."""

from __future__ import annotations

import re

import pytest

from simulator.client import Message, Telegram
from tests.chat.driver import PIN, Chatpay, Clock, Customer, is_keypad

OTHER_PIN = "594071"
A_MOMENT = r"[A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d\d\s[AP]M UTC"


@pytest.fixture
async def ann(chatpay: Chatpay) -> Customer:
    """Somebody who has joined and has no PIN yet."""
    ann = await chatpay.newcomer("Ann")
    await ann.join()
    return ann


async def open_payment(payer: Customer) -> Message:
    """A card that pays Bob 12.50 for lunch, with its keypad open."""
    card = await payer.ask("/pay @bob 12.50 lunch", "12.50")
    await payer.press(card, "Pay €12.50")
    return await payer.see("Tap your PIN to approve")


async def test_a_first_pin_is_tapped_twice(ann: Customer) -> None:
    """Choose, repeat, done: all in one message, whose dots follow the taps."""
    keypad = await ann.ask("/pin", "Choose a PIN")
    assert keypad.labels == [*"123456789", "Cancel", "0", "⌫"]
    assert keypad.text.endswith("○ ○ ○ ○ ○ ○")

    await ann.press(keypad, PIN[0])
    assert (await ann.see("●")).text.endswith("● ○ ○ ○ ○ ○")
    await ann.press(keypad, "9")
    await ann.press(keypad, "⌫")
    await ann.tap(keypad, PIN[1:])
    assert (await ann.see("Once more")).text.endswith("○ ○ ○ ○ ○ ○")
    await ann.tap(keypad, PIN)
    done = await ann.see("Your PIN is set")

    assert done.id == keypad.id
    assert (await ann.ask("/pin", "Your PIN")).labels == ["Change my PIN", "I forgot it", "Close"]


async def test_no_button_tells_its_digit(ann: Customer) -> None:
    """What the ten keys send is unlike their labels, and different on the next keypad."""
    keypads = [await ann.ask("/pin", "Choose a PIN") for _ in range(2)]

    first, second = (
        [keypad.button(digit)["callback_data"].split(":")[-1] for digit in "0123456789"]
        for keypad in keypads
    )

    assert not set(first) & set(second)
    assert all(re.fullmatch("[0-9a-f]{6}", token) for token in first + second)


async def test_two_different_pins_begin_again(ann: Customer) -> None:
    """A slip at the repetition costs nothing; no PIN is set."""
    keypad = await ann.ask("/pin", "Choose a PIN")

    await ann.tap(keypad, PIN)
    await ann.see("Once more")
    await ann.tap(keypad, OTHER_PIN)
    await ann.see("The two were not the same")

    await ann.ask("/pin", "Choose a PIN")


async def test_a_weak_pin_is_refused(ann: Customer) -> None:
    """123456 is asked for again, with the reason; no PIN is set."""
    await ann.tap(await ann.ask("/pin", "Choose a PIN"), "123456")
    await ann.see("too easy to guess")

    await ann.ask("/pin", "Choose a PIN")


async def test_choosing_can_be_given_up(ann: Customer) -> None:
    """Cancel closes the keypad; a tap that comes later changes nothing."""
    keypad = await ann.ask("/pin", "Choose a PIN")
    await ann.tap(keypad, PIN[:3])
    late = keypad.button(PIN[3])["callback_data"]

    await ann.press(keypad, "Cancel")
    await ann.see("Nothing was changed")
    answer = await ann.person.press_data(keypad, late)

    assert answer.toast == "This keypad has closed. Here is where things stand."
    await ann.ask("/pin", "Choose a PIN")


@pytest.mark.usefixtures("bob")
async def test_changing_asks_for_the_present_pin(alice: Customer) -> None:
    """Present, new, new again; from then on the new one counts, and the owner is told."""
    menu = await alice.ask("/pin", "It is set")
    await alice.press(menu, "Change my PIN")
    keypad = await alice.see("Your present PIN")
    await alice.tap(keypad, PIN)
    await alice.see("That was right. Now the new one.")
    await alice.tap(keypad, OTHER_PIN)
    await alice.see("Once more")
    await alice.tap(keypad, OTHER_PIN)
    await alice.see("Your PIN is set")
    await alice.see("PIN was changed")

    keypad = await open_payment(alice)
    await alice.tap(keypad, PIN)
    await alice.see("Wrong PIN")
    await alice.tap(keypad, OTHER_PIN)
    await alice.see("Paid €12.50 to Bob")


async def test_the_keypad_says_what_it_approves_and_becomes_the_receipt(
    alice: Customer, bob: Customer
) -> None:
    """Payee, amount and note are above the keys; six taps later the money is there."""
    keypad = await open_payment(alice)
    assert "€12.50 to Bob @bob" in keypad.text
    assert "lunch" in keypad.text

    await alice.tap(keypad, PIN)
    receipt = await alice.see("Paid €12.50 to Bob")

    assert receipt.id == keypad.id
    assert await alice.balance() == "€87.50"
    assert await bob.balance() == "€112.50"


async def test_taps_faster_than_any_edit_are_all_counted(alice: Customer, bob: Customer) -> None:
    """Six digits at once, in order, without waiting for an answer: none is lost."""
    keypad = await open_payment(alice)

    for digit in PIN:
        await alice.person.press(keypad, digit, wait=0)
    await alice.see("Paid €12.50 to Bob")

    assert await bob.balance() == "€112.50"


async def test_taps_do_not_wait_for_dots_that_telegram_holds_back(
    telegram: Telegram, alice: Customer, bob: Customer
) -> None:
    """Where Telegram wants a pause between edits, the dots are skipped and no digit is lost."""
    keypad = await open_payment(alice)
    await telegram.fault("429", "editMessageText", times=4, retry_after=20)

    await alice.tap(keypad, PIN)
    await alice.see("Paid €12.50 to Bob", seconds=5)

    assert await bob.balance() == "€112.50"


async def test_a_tap_that_is_delivered_again_counts_once(
    telegram: Telegram, alice: Customer, bob: Customer
) -> None:
    """A redelivered tap adds no digit."""
    keypad = await open_payment(alice)
    await alice.press(keypad, PIN[0])
    await alice.see("● ○ ○ ○ ○ ○")
    last = (await telegram.updates())[-1]["update"]["update_id"]

    await telegram.redeliver(last, times=3)
    await alice.tap(keypad, PIN[1:])
    await alice.see("Paid €12.50 to Bob")

    assert await bob.balance() == "€112.50"


async def test_a_wrong_pin_moves_nothing_and_says_how_many_tries_are_left(
    alice: Customer, bob: Customer
) -> None:
    """After a wrong PIN the keypad is empty again; the right one still pays."""
    keypad = await open_payment(alice)

    await alice.tap(keypad, OTHER_PIN)
    wrong = await alice.see("Wrong PIN")
    assert "4 tries left" in wrong.text
    assert wrong.text.endswith("○ ○ ○ ○ ○ ○")
    assert await bob.balance() == "€100.00"

    await alice.tap(keypad, PIN)
    await alice.see("Paid €12.50 to Bob")
    assert await bob.balance() == "€112.50"


@pytest.mark.usefixtures("bob")
async def test_five_wrong_pins_lock_and_the_lock_says_until_when(
    alice: Customer, clock: Clock
) -> None:
    """While it is locked not even the right PIN is looked at, and nothing moves; then it is."""
    keypad = await open_payment(alice)
    for left in ("4 tries", "3 tries", "2 tries", "1 try"):
        await alice.tap(keypad, OTHER_PIN)
        await alice.see(f"{left} left before it locks")
    await alice.tap(keypad, OTHER_PIN)
    locked = await alice.see("Your PIN is locked")
    assert re.search(f"You can try again from {A_MOMENT}", locked.text)
    assert locked.labels == ["I forgot my PIN", "‹ Back to the payment"]

    await alice.press(locked, "Back to the payment")
    card = await alice.see("12.50")
    refused = await alice.press(card, "Pay €12.50")
    assert refused.alert
    assert re.search(f"your PIN is locked until {A_MOMENT}", refused.toast or "")
    await alice.ask("/pin", "Your PIN is locked")
    assert await alice.balance() == "€100.00"

    clock.advance(minutes=15)
    await alice.ask("/pin", "It is set")
    await alice.tap(await open_payment(alice), PIN)
    await alice.see("Paid €12.50 to Bob")


async def test_a_forgotten_pin_can_be_chosen_anew_after_a_day(
    alice: Customer, clock: Clock
) -> None:
    """The wait is told at once, and until it is over there is no way around the old PIN."""
    await alice.press(await alice.ask("/pin", "It is set"), "I forgot it")
    question = await alice.see("Forgot your PIN")
    assert "after a wait of 24 hours" in question.text
    await alice.press(question, "Start the wait")
    waiting = await alice.see("A new PIN is on its way")
    assert re.search(f"You can choose it from {A_MOMENT}", waiting.text)
    assert waiting.labels == ["That wasn't me / I remember it"]

    await alice.person.press_data(waiting, "cp:p:begin")
    await alice.see("Your present PIN")

    clock.advance(hours=24)
    await alice.press(await alice.ask("/pin", "The wait is over"), "Choose a new PIN")
    keypad = await alice.see("Choose a PIN")
    await alice.tap(keypad, OTHER_PIN)
    await alice.see("Once more")
    await alice.tap(keypad, OTHER_PIN)
    await alice.see("Your PIN is set")


@pytest.mark.usefixtures("bob")
async def test_the_wait_for_a_new_pin_can_be_stopped(alice: Customer, clock: Clock) -> None:
    """Whoever did not ask for it, or remembers, stops it with one tap: the old PIN stays."""
    await alice.press(await alice.ask("/pin", "It is set"), "I forgot it")
    await alice.press(await alice.see("Forgot your PIN"), "Start the wait")
    waiting = await alice.see("A new PIN is on its way")

    await alice.press(waiting, "That wasn't me")
    await alice.see("Your PIN stays as it was")

    clock.advance(hours=24)
    await alice.ask("/pin", "It is set")
    await alice.tap(await open_payment(alice), PIN)
    await alice.see("Paid €12.50 to Bob")


async def test_a_typed_pin_is_deleted_at_once(alice: Customer, bob: Customer) -> None:
    """Six digits in the private chat go away, approve nothing, and are not repeated."""
    await open_payment(alice)

    typed = await alice.say(PIN)
    await alice.person.expect_deleted(typed)
    warning = await alice.see("Never type your PIN")

    assert PIN not in warning.text
    assert await bob.balance() == "€100.00"


async def test_somebody_elses_keypad_cannot_be_tapped(alice: Customer, bob: Customer) -> None:
    """Forged callback data of another person's keypad is refused, and counts no digit."""
    keypad = await open_payment(alice)
    own = await bob.ask("/balance", "Your balance")

    answer = await bob.person.press_data(own, keypad.button(PIN[0])["callback_data"])

    assert answer.toast == "This is somebody else's, or too long ago: nothing was done."
    await alice.tap(keypad, PIN)
    await alice.see("Paid €12.50 to Bob")


async def test_a_keypad_that_timed_out_becomes_the_card_again(
    alice: Customer, bob: Customer, clock: Clock
) -> None:
    """After two minutes the card is back, with the way to open a new keypad; nothing moved."""
    keypad = await open_payment(alice)
    await alice.tap(keypad, PIN[:3])
    late = keypad.button(PIN[3])["callback_data"]

    clock.advance(minutes=2)
    answer = await alice.person.press_data(keypad, late)
    assert answer.toast == "This keypad has closed. Here is where things stand."
    card = await alice.see(lambda message: "Pay €12.50" in message.labels)
    assert card.id == keypad.id
    assert await bob.balance() == "€100.00"

    await alice.approve(card, "Pay €12.50")
    await alice.see("Paid €12.50 to Bob")


async def test_who_has_no_pin_chooses_one_on_the_way_to_paying(
    ann: Customer, bob: Customer
) -> None:
    """The Pay button leads through choosing a PIN and back to the card."""
    await ann.top_up("100")
    card = await ann.ask("/pay @bob 12.50 lunch", "12.50")
    await ann.press(card, "Pay €12.50")
    keypad = await ann.see("Choose a PIN")
    await ann.tap(keypad, PIN)
    await ann.see("Once more")
    await ann.tap(keypad, PIN)

    again = await ann.see(lambda message: "Pay €12.50" in message.labels)
    assert again.id == card.id
    await ann.approve(again, "Pay €12.50")
    await ann.see("Paid €12.50 to Bob")
    assert await bob.balance() == "€112.50"


async def test_who_joins_on_the_way_to_a_keypad_taps_on_it_at_once(chatpay: Chatpay) -> None:
    """What was known of them before they joined stands in the way of no tap."""
    ann = await chatpay.newcomer("Ann")
    await ann.join("m_pin")
    keypad = await ann.see("Choose a PIN")
    await ann.tap(keypad, PIN)
    assert (await ann.see("Once more")).id == keypad.id


async def test_words_between_two_taps_are_in_the_language_of_now(
    alice: Customer, bob: Customer
) -> None:
    """Each tap is shown in the language that was chosen last, however fast they come."""
    keypad = await open_payment(alice)
    await alice.press(keypad, PIN[0])
    await alice.see("●")
    await alice.person.change(language_code="ar")
    await alice.press(keypad, PIN[1])
    assert "إلغاء" in (await alice.see("● ●")).labels
    assert await bob.balance() == "€100.00"


@pytest.mark.usefixtures("bob")
async def test_an_open_keypad_survives_a_restart(chatpay: Chatpay, alice: Customer) -> None:
    """Three digits before, three after: what was tapped is not in the process."""
    keypad = await open_payment(alice)
    await alice.tap(keypad, PIN[:3])

    await chatpay.restart()
    await alice.tap(keypad, PIN[3:])

    await alice.see("Paid €12.50 to Bob")


async def test_cancel_on_the_keypad_cancels_the_payment(alice: Customer, bob: Customer) -> None:
    """The keypad goes, the card says so, and a late tap pays nothing."""
    keypad = await open_payment(alice)
    await alice.tap(keypad, PIN[:5])
    late = keypad.button(PIN[5])["callback_data"]

    await alice.press(keypad, "Cancel")
    await alice.see("Cancelled")
    await alice.person.press_data(keypad, late)

    assert await alice.balance() == "€100.00"
    assert await bob.balance() == "€100.00"


async def test_in_a_group_pin_leads_to_the_private_chat(
    telegram: Telegram, chatpay: Chatpay, ann: Customer
) -> None:
    """No keypad in front of everybody."""
    group = await telegram.group("Lunch", [ann.person], bots=[chatpay.username])

    await ann.person.send(group, f"/pin@{chatpay.username}")
    line = await ann.person.expect(group, "between you and me")
    ann.chat = await ann.person.open_link(line.button("Open Chatpay")["url"])

    assert is_keypad(await ann.see("Choose a PIN"))
