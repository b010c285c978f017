"""Phone number, bank account, new terms, first payees and reports, told over the Bot API."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from payments.models import Proof
from simulator.client import Telegram
from tests.chat.books import books
from tests.chat.driver import AGREE, Chatpay, Clock, Customer

BOBS, ALICES = "+5511912345678", "+4915123456789"
SHARE = "📱 Share my phone number"
NOT_FOUND = (
    "I cannot find anybody who is paid by that number. They may not be here, or not want that. "
    "Choose somebody, or name a @username."
)


@pytest.fixture
async def bob(chatpay: Chatpay) -> Customer:
    return await chatpay.customer("Bob", phone=BOBS)


@pytest.fixture
async def alice(chatpay: Chatpay) -> Customer:
    return await chatpay.customer("Alice", phone=ALICES)


async def verify(customer: Customer) -> None:
    """Shares the phone number with the button, from /settings."""
    await customer.press(await customer.ask("/settings", "Settings"), "Phone")
    await customer.press(await customer.see("No number is verified"), "Verify my number")
    await customer.see("Your phone number")
    await customer.person.key(customer.chat, SHARE)
    await customer.see("phone number is verified")


async def test_a_verified_phone_number_can_be_paid(alice: Customer, bob: Customer) -> None:
    """Shared with Telegram's button; then /pay takes the number as people write it."""
    await verify(bob)
    shown = await bob.see("Your number")
    assert "Your number +5•• •••• 5678 is verified" in shown.text
    assert shown.labels == ["Pay by phone: on", "Remove my number", "‹ Back"]
    assert await bob.person.expect_keyboard(bob.chat) is None

    card = await alice.ask("/pay +55 11 91234-5678 20", "Pay Bob @bob")
    await alice.approve(card)
    await alice.see("Paid €20.00 to Bob")
    await bob.see("Alice @alice paid you €20.00")


async def test_unknown_and_switched_off_get_the_same_answer(
    alice: Customer, bob: Customer
) -> None:
    """To the letter: nobody learns whether a number is known here."""
    await verify(bob)
    await bob.press(await bob.see("Your number"), "Pay by phone: on")
    assert "Pay by phone: off" in (await bob.see("Your number")).labels

    off = await alice.ask("/pay +55 11 91234-5678 20", "Whom do you want to pay")
    unknown = await alice.ask("/pay +55 11 91234-5679 20", "Whom do you want to pay")

    assert off.text == unknown.text
    assert off.text.startswith(NOT_FOUND)
    assert off.labels == unknown.labels


async def test_a_removed_number_is_forgotten(alice: Customer, bob: Customer) -> None:
    """And can be verified again."""
    await verify(bob)
    await bob.press(await bob.see("Your number"), "Remove my number")
    await bob.see("No number is verified")

    await alice.ask("/pay +55 11 91234-5678 20", "paid by that number")


async def test_a_forged_contact_verifies_nothing(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Somebody else's contact is refused, a typed number too; the own one is then taken."""
    await alice.press(await alice.ask("/settings", "Settings"), "Phone")
    await alice.press(await alice.see("No number is verified"), "Verify my number")
    await alice.see("Your phone number")

    await alice.person.share_contact(alice.chat, of=bob.person)
    await alice.see("That is not your own number")
    await alice.ask(ALICES, "Typing does not prove")
    assert _count(chatpay, "phones") == 0

    await alice.person.key(alice.chat, SHARE)
    await alice.see("phone number is verified")
    assert _count(chatpay, "phones") == 1


async def test_a_contact_that_nobody_asked_for_is_not_taken(
    chatpay: Chatpay, alice: Customer
) -> None:
    """Sharing one's own card in passing verifies nothing."""
    await alice.person.share_contact(alice.chat)
    await alice.balance()

    assert _count(chatpay, "phones") == 0


def _count(chatpay: Chatpay, table: str) -> int:
    with sqlite3.connect(f"file:{chatpay.database}?mode=ro", uri=True) as database:
        count: int = database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    database.close()
    return count


async def test_a_bank_account_is_linked_masked_and_removed(
    chatpay: Chatpay, alice: Customer
) -> None:
    """Typed as people write it; a wrong digit is said; nothing of it is readable in the file."""
    await alice.press(await alice.ask("/settings", "Settings"), "Bank account")
    await alice.press(await alice.see("None is linked"), "Link an account")
    await alice.see("Type your IBAN")

    await alice.ask("DE88 3704 0044 0532 0130 00", "I cannot read that as an IBAN")
    shown = await alice.ask("DE89 3704 0044 0532 0130 00", "withdrawals go to")

    assert "Your withdrawals go to IBAN DE•• •••• 3000." in shown.text
    assert shown.labels == ["Link another one", "Remove it", "‹ Back"]
    assert b"DE89370400440532013000" not in chatpay.database.read_bytes()
    question = await alice.ask("/withdraw", "How much shall I move")
    assert "IBAN DE•• •••• 3000" in question.text
    await alice.press(shown, "Remove it")
    await alice.see("None is linked")
    assert _count(chatpay, "bank_accounts") == 0


@pytest.fixture
async def strict(telegram: Telegram, clock: Clock, tmp_path: Path) -> AsyncIterator[Chatpay]:
    """A bot that requires what real money requires."""
    running = Chatpay(telegram, tmp_path, clock, changes={"require": tuple(Proof)})
    await running.start()
    yield running
    await running.stop()


async def test_what_is_required_is_asked_for_at_the_first_payment(strict: Chatpay) -> None:
    """Phone, then bank account, then the same card again, over a restart; never a second time."""
    await strict.customer("Bob", phone=BOBS)
    alice = await strict.customer("Alice", phone=ALICES)
    card = await alice.ask("/pay @bob 5 tea", "Pay Bob")
    before = books(strict)

    await alice.press(card, "Pay €5.00")
    await alice.see("Before your first payment")
    await alice.see("Your phone number")
    await strict.restart()
    await alice.person.key(alice.chat, SHARE)
    await alice.press(await alice.see("Pay Bob @bob"), "Pay €5.00")
    await alice.see("Your bank account")
    assert books(strict) == before
    await alice.say("alice@okbank")
    await alice.approve(await alice.see("Pay Bob @bob"))
    await alice.see("Paid €5.00 to Bob")

    await alice.approve(await alice.ask("/pay @bob 6", "Pay Bob"))
    await alice.see("Paid €6.00 to Bob")


async def test_raised_terms_are_asked_again_and_all_but_looking_waits(
    alice: Customer, bob: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """/balance, /history and /help answer; /pay shows the terms, and goes on after them."""
    card = await alice.ask("/pay @bob 5", "Pay Bob")
    monkeypatch.setattr("payments.people.TERMS_VERSION", 2)

    assert await alice.balance() == "€100.00"
    await alice.ask("/history", "100.00")
    await alice.ask("/help", "What would you like to do")
    answer = await alice.press(card, "Pay €5.00")
    assert (answer.toast or "").startswith("The terms have changed.")
    welcome = await alice.ask("/me", "The terms have changed")
    assert "Your money is where it was" in welcome.text
    assert welcome.labels == [AGREE, "Read the terms", "Not now"]

    await alice.press(welcome, AGREE)
    await alice.see("You are in, Alice")
    await alice.see(lambda message: message.photo is not None or "t.me" in message.text)
    await alice.approve(await alice.ask("/pay @bob 5", "Pay Bob"))
    await alice.see("Paid €5.00 to Bob")
    assert await bob.balance() == "€105.00"


async def test_much_money_for_somebody_new_takes_one_tap_more(
    chatpay: Chatpay, bob: Customer
) -> None:
    """The first time only, and above a hundred; Back and Cancel are there, too."""
    alice = await chatpay.customer("Alice", money="500")
    card = await alice.ask("/pay @bob 100.01", "Pay Bob")
    assert "You and Bob have never paid each other before. They joined" in card.text
    await alice.press(card, "Pay €100.01")
    question = await alice.see("One moment")
    assert "You are about to pay €100.01 to Bob @bob, for the first time." in question.text
    assert question.labels == ["Yes, I know Bob", "Back", "Cancel"]

    await alice.press(question, "Back")
    await alice.press(await alice.see("Left afterwards"), "Pay €100.01")
    await alice.approve(await alice.see("One moment"), "Yes, I know Bob")
    await alice.see("Paid €100.01 to Bob")

    await alice.approve(await alice.ask("/pay @bob 101", "Pay Bob"))
    await alice.see("Paid €101.00 to Bob")


async def test_a_lookalike_is_pointed_out_on_the_card(chatpay: Chatpay, alice: Customer) -> None:
    """Who only looks like an earlier payee is said to be somebody else."""
    await chatpay.customer("Bob", money="")
    await alice.approve(await alice.ask("/pay @bob 5", "Pay Bob"))
    await alice.see("Paid €5.00 to Bob")
    await chatpay.customer("\u0412\u043eb", username="b_o_bby", money="")

    card = await alice.ask("/pay @b_o_bby 5", "Pay")

    assert "This is not Bob @bob, whom you have paid before" in card.text


async def test_an_over_limit_payment_says_what_is_possible(
    chatpay: Chatpay, bob: Customer
) -> None:
    """On the card already, and again on the Pay button, before the PIN; nothing moves."""
    alice = await chatpay.customer("Alice", money="600")
    card = await alice.ask("/pay @bob 500.01", "Pay Bob")
    before = books(chatpay)
    assert "You can pay at most €500.00 at once." in card.text
    assert "Left afterwards" not in card.text

    answer = await alice.press(card, "Pay €500.01")

    assert answer.alert
    assert (answer.toast or "").startswith("You can pay at most €500.00 at once.")
    assert books(chatpay) == before
    await alice.press(card, "Change amount")
    await alice.say("500")
    assert "Left afterwards: €100.00" in (await alice.see("Pay Bob")).text


async def test_a_payment_over_the_limit_and_the_balance_is_not_helped_by_more_money(
    chatpay: Chatpay, bob: Customer
) -> None:
    """What stands first in the way is what the card says."""
    alice = await chatpay.customer("Alice", money="10")
    card = await alice.ask("/pay @bob 500.01", "You can pay at most €500.00 at once.")
    assert "too little" not in card.text
    assert "Add money" not in card.labels
    assert "Pay €500.01" in card.labels


async def test_a_request_is_reported_with_a_reason(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """It is declined, its requester blocked, and the operators have it in writing."""
    draft = await alice.ask("/request @bob 5 tea", "Ask Bob")
    await alice.press(draft, "Ask for €5.00")
    asked = await bob.see("asks you to pay")
    await bob.press(asked, "Report Alice")
    question = await bob.see("What is wrong with it")
    assert question.labels == [
        "I don't know them",
        "It is a scam",
        "It threatens or insults",
        "Back",
    ]

    answer = await bob.press(question, "It is a scam")

    assert answer.toast == "Thank you. The operators will look at it."
    await bob.see("You declined, and blocked Alice")
    with sqlite3.connect(f"file:{chatpay.database}?mode=ro", uri=True) as database:
        rows = database.execute("SELECT reporter_id, reason FROM reports").fetchall()
    database.close()
    assert rows == [(bob.id, "scam")]
    await alice.ask("/request @bob 5", "Ask Bob")
