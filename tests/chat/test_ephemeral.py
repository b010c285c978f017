"""Paying in a group where nobody else sees it: the card, the keypad and the balance are asides.

The simulator keeps everything that anybody was ever shown, each edit as one more; what the others
were shown is asserted as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from payments.models import Proof
from simulator.client import Group, Message, Telegram
from tests.chat.books import books
from tests.chat.driver import Chatpay, Clock, Customer, is_keypad

TYPED = "/pay @bob 12.50 lunch"


@dataclass(frozen=True)
class Club:
    """A group in which Alice pays Bob, and what the others are shown meanwhile."""

    group: Group
    alice: Customer
    bob: Customer
    others: tuple[Customer, ...]

    async def begin(self, text: str = TYPED) -> Message:
        """Alice writes to the bot, in the group."""
        return await self.alice.person.send(self.group, text)

    async def pay(self, text: str = TYPED) -> Message:
        """Alice writes `/pay …` and sees the card."""
        await self.begin(text)
        return await self.alice.person.expect(self.group, "Left afterwards")

    async def keypad(self, card: Message) -> Message:
        """Alice presses Pay on her card and sees the keypad."""
        await self.alice.press(card, "Pay €")
        return await self.alice.person.expect(self.group, is_keypad)

    async def seen_by(self, customer: Customer) -> list[str]:
        """The texts of all that somebody was ever shown in the group since the bot came."""
        beginning, *shown = await customer.person.shown(self.group)
        assert "new_chat_members" in beginning.raw
        return [message.text for message in shown]

    async def seen_by_others(self) -> list[str]:
        """The same for everybody but Alice, all of whom must have been shown the same."""
        first, *rest = [await self.seen_by(customer) for customer in (self.bob, *self.others)]
        assert all(texts == first for texts in rest)
        return first

    async def private_texts(self) -> list[list[str]]:
        """All texts that those who have no part in it were ever shown by the bot alone."""
        return [
            [m.text for m in await other.person.shown(other.chat)]
            for other in self.others
            if other.chat
        ]


@pytest.fixture
async def club(
    telegram: Telegram,
    chatpay: Chatpay,
    alice: Customer,
    bob: Customer,
    carol: Customer,
    dave: Customer,
) -> Club:
    people = [customer.person for customer in (alice, bob, carol, dave)]
    group = await telegram.group("Lunch club", people, bots=[chatpay.username])
    return Club(group, alice, bob, (carol, dave))


# --- two whole conversations ---------------------------------------------------------------------


async def test_nobody_but_the_payer_is_shown_card_keypad_or_balance(
    chatpay: Chatpay, club: Club
) -> None:
    """From the command to the receipt the others see nothing at all."""
    alone = await club.private_texts()

    command = await club.begin()
    card = await club.alice.person.expect(club.group, "Left afterwards")
    keypad = await club.keypad(card)
    await club.alice.tap(keypad, club.alice.pin)
    receipt = await club.alice.person.expect(club.group, "✅ Paid")
    await club.alice.see("✅ Paid")
    await club.bob.see("paid you")
    await club.begin(f"/balance@{chatpay.username}")
    balance = await club.alice.person.expect(club.group, "Your balance")

    assert command.ephemeral_id == 1
    assert card.ephemeral_id == keypad.ephemeral_id == receipt.ephemeral_id == 2
    assert card.labels == [
        "Pay €12.50",
        "Change amount",
        "Change the note",
        "Show in group: off",
        "Open Chatpay",
        "Cancel",
    ]
    assert "€87.50 available" in balance.text
    assert await club.seen_by_others() == []
    assert await club.private_texts() == alone


async def test_the_same_where_the_server_refuses_ephemeral_messages(
    telegram: Telegram, chatpay: Chatpay, club: Club
) -> None:
    """All of it goes to the private chat, and the others see nothing at all."""
    alone = await club.private_texts()
    await telegram.ephemeral("refused")

    command = await club.begin()
    card = await club.alice.see("Left afterwards")
    await club.alice.approve(card, "Pay €12.50")
    await club.alice.see("✅ Paid")
    await club.bob.see("paid you")
    await club.begin(f"/balance@{chatpay.username}")
    balance = await club.alice.see("Your balance")

    assert command.ephemeral_id == 1
    assert card.labels[1:] == ["Change amount", "Change the note", "Show in group: off", "Cancel"]
    assert "€87.50 available" in balance.text
    assert await club.seen_by_others() == []
    assert await club.private_texts() == alone
    assert await club.seen_by(club.alice) == [TYPED, f"/balance@{chatpay.username}"]


async def test_the_group_is_told_what_the_payer_chose_to_show(club: Club) -> None:
    """Once, and only when it is paid; the payer alone sees the receipt."""
    card = await club.pay()
    await club.alice.press(card, "Show in group: off")
    card = await club.alice.person.expect(club.group, lambda m: "Show in group: on" in m.labels)
    await club.alice.tap(await club.keypad(card), club.alice.pin)

    await club.bob.person.expect(club.group, "paid")
    await club.alice.person.expect(club.group, "✅ Paid")

    assert await club.seen_by_others() == ["Alice @alice paid Bob @bob €12.50"]


# --- where it cannot be said in the group --------------------------------------------------------


async def test_a_command_that_comes_too_late_is_answered_in_the_private_chat(
    telegram: Telegram, chatpay: Chatpay, club: Club
) -> None:
    """After 15 seconds, such as those of a restart, nothing can be said aside any more."""
    await chatpay.stop()
    await club.begin()
    await telegram.advance(16)
    await chatpay.start()

    card = await club.alice.see("Left afterwards")
    await club.alice.approve(card, "Pay €12.50")
    await club.alice.see("✅ Paid")

    assert await club.seen_by(club.alice) == [TYPED]
    assert await club.seen_by_others() == []


async def test_a_server_that_shows_everybody_an_aside_is_told_nothing(
    telegram: Telegram, chatpay: Chatpay, club: Club
) -> None:
    """The first one of a run says nothing, and is deleted; what was asked for comes in private."""
    await club.begin("/balance")
    balance = await club.alice.person.expect(club.group, "Your balance")
    await chatpay.restart()
    await telegram.ephemeral("unknown")
    await club.alice.press(balance, "History")
    await club.alice.see("History ·")
    await telegram.ephemeral("full")
    await club.alice.press(balance, "History")
    await club.alice.see("History ·")

    assert await club.seen_by_others() == ["…"]
    assert len(await club.bob.messages(club.group)) == 1  # the bot came


async def test_whoever_asks_again_since_nothing_came_is_answered_in_private(
    telegram: Telegram, club: Club
) -> None:
    """The card that nobody saw is put aside, so that it cannot be paid as well."""
    await telegram.ephemeral("undelivered")
    await club.begin()
    await club.begin()
    card = await club.alice.see("Left afterwards")
    await club.alice.approve(card, "Pay €12.50")
    await club.alice.see("✅ Paid")

    assert await club.alice.balance() == "€87.50"
    assert (await club.alice.ask("/cancel", "cancel")).text.startswith("There is nothing")
    assert await club.seen_by(club.alice) == [TYPED, TYPED]
    assert await club.seen_by_others() == []


async def test_whoever_sees_the_card_and_asks_again_has_one_card(club: Club) -> None:
    """The first one says that it ended; the second is in the private chat."""
    first = await club.pay()
    await club.begin()
    second = await club.alice.see("Left afterwards")
    ended = await club.alice.person.expect(club.group, "Cancelled")

    assert ended.ephemeral_id == first.ephemeral_id
    assert second.ephemeral_id is None


async def test_another_payment_is_another_card(club: Club) -> None:
    """Both are in the group, and each works."""
    first = await club.pay("/pay @bob 12.50 lunch")
    second = await club.pay("/pay @bob 12.50 dinner")
    for card in (first, second):
        await club.alice.tap(await club.keypad(card), club.alice.pin)
        await club.alice.person.expect(club.group, "✅ Paid")

    assert await club.alice.balance() == "€75.00"


async def test_a_reply_names_the_payee(club: Club) -> None:
    """Of a message that everybody sees, with a command that nobody else does."""
    said = await club.bob.person.send(club.group, "who pays for lunch?")
    await club.alice.person.send(club.group, "/pay 12.50", reply_to=said)
    card = await club.alice.person.expect(club.group, "Left afterwards")

    assert card.text.startswith("Pay Bob @bob\n€12.50")
    assert await club.seen_by_others() == ["who pays for lunch?"]


async def test_a_card_that_is_lost_on_the_way_goes_on_in_the_private_chat(
    telegram: Telegram, club: Club
) -> None:
    """Where the keypad cannot take the card's place, it comes in private, and the PIN counts."""
    card = await club.pay()
    await telegram.ephemeral("refused")
    await club.alice.press(card, "Pay €")
    await club.alice.tap(await club.alice.see(is_keypad), club.alice.pin)
    await club.alice.see("✅ Paid")
    await telegram.ephemeral("full")

    assert await club.alice.balance() == "€87.50"
    assert await club.seen_by_others() == []


async def test_the_same_card_goes_on_in_the_private_chat(chatpay: Chatpay, club: Club) -> None:
    """Its button opens it there, it leaves the group, and is paid once."""
    card = await club.pay()
    await club.alice.person.open_link(card.button("Open Chatpay")["url"])
    same = await club.alice.see("Left afterwards")
    await club.alice.person.expect_deleted(card)

    await club.alice.approve(same, "Pay €12.50")
    await club.alice.see("✅ Paid")

    assert same.button("Cancel")["callback_data"] == card.button("Cancel")["callback_data"]
    assert await club.alice.balance() == "€87.50"
    assert await club.seen_by_others() == []


async def test_whoever_stopped_the_bot_is_shown_the_way(telegram: Telegram, club: Club) -> None:
    """Where nothing can be said to them alone, the group sees a button and nothing private."""
    await telegram.ephemeral("refused")
    await club.alice.person.block(club.alice.bot)
    await club.begin()
    await club.alice.person.expect(club.group, "go on")
    await club.begin("/balance")

    way = await club.alice.person.expect(club.group, "go on")

    assert way.button("Open Chatpay")["url"].endswith("?start=m_home")
    assert await club.seen_by_others() == ["Alice, go on in our private chat."] * 2


async def test_somebody_new_is_shown_the_way_alone(club: Club) -> None:
    """Who has not joined is led to the private chat, and nobody else is told."""
    dave = club.others[1]
    await dave.person.send(club.group, TYPED)
    way = await dave.person.expect(club.group, "You are new here")

    assert way.button("Open Chatpay")["url"].endswith("?start=m_pay")
    assert await club.seen_by(club.bob) == []


# --- the PIN -------------------------------------------------------------------------------------


async def test_wrong_pins_and_the_lock_are_for_the_payer_alone(
    chatpay: Chatpay, club: Club
) -> None:
    """Nothing moved, and the group knows of nothing."""
    keypad = await club.keypad(await club.pay())
    before = books(chatpay)
    for left in range(4, 0, -1):
        await club.alice.tap(keypad, "111222")
        await club.alice.person.expect(club.group, f"Wrong PIN. {left} tr")
    await club.alice.tap(keypad, "111222")
    locked = await club.alice.person.expect(club.group, "Your PIN is locked")

    assert locked.labels == ["I forgot my PIN", "‹ Back to the payment"]
    assert books(chatpay) == before
    assert await club.seen_by_others() == []


async def test_a_first_pin_is_chosen_aside(
    telegram: Telegram, chatpay: Chatpay, club: Club
) -> None:
    """Whoever has none chooses it on the way, and the card goes on."""
    erin = await chatpay.newcomer("Erin")
    await erin.join()
    await erin.top_up("20")
    group = await telegram.group("Two", [erin.person, club.bob.person], bots=[chatpay.username])
    await erin.person.send(group, "/pay @bob 5")
    await erin.press(await erin.person.expect(group, "Left afterwards"), "Pay €5")
    await erin.tap(await erin.person.expect(group, "Choose a PIN"), erin.pin)
    await erin.tap(await erin.person.expect(group, "Once more"), erin.pin)
    await erin.press(await erin.person.expect(group, "Left afterwards"), "Pay €5")
    await erin.tap(await erin.person.expect(group, is_keypad), erin.pin)
    await erin.person.expect(group, "✅ Paid")

    assert [message.text for message in (await club.bob.person.shown(group))[1:]] == []


async def test_a_restart_between_card_and_pin_loses_nothing(chatpay: Chatpay, club: Club) -> None:
    """Card and keypad work on, in the same message."""
    card = await club.pay()
    await chatpay.restart()
    keypad = await club.keypad(card)
    await club.alice.tap(keypad, club.alice.pin[:3])
    await chatpay.restart()
    await club.alice.tap(keypad, club.alice.pin[3:])
    receipt = await club.alice.person.expect(club.group, "✅ Paid")

    assert receipt.ephemeral_id == card.ephemeral_id
    assert await club.alice.balance() == "€87.50"
    assert await club.seen_by_others() == []


async def test_nobody_presses_somebody_elses_buttons(chatpay: Chatpay, club: Club) -> None:
    """What a forged client sends from an aside of its own is refused, and nothing moves."""
    card = await club.pay()
    keypad = await club.keypad(card)
    await club.bob.person.send(club.group, "/balance")
    own = await club.bob.person.expect(club.group, "Your balance")
    before = books(chatpay)

    for data in (
        card.button("Pay €")["callback_data"],
        card.button("Cancel")["callback_data"],
        keypad.button("7")["callback_data"],
    ):
        answer = await club.bob.person.press_data(own, data)
        assert answer.alert
    await club.alice.tap(keypad, club.alice.pin[:5])

    assert books(chatpay) == before
    assert (await club.seen_by(club.bob))[-1] == own.text


async def test_no_card_is_put_into_a_message_that_everybody_sees(
    telegram: Telegram, chatpay: Chatpay, club: Club
) -> None:
    """Not even by its payer, whatever data a client sends from there."""
    card = await club.pay()
    await club.alice.person.send(club.group, f"/help@{chatpay.username}")
    public = await club.bob.person.expect(club.group, "Pay:")
    before = books(chatpay)

    for label in ("Pay €", "Cancel"):
        data = card.button(label)["callback_data"]
        assert (await club.alice.person.press_data(public, data)).alert

    assert await club.seen_by_others() == [f"/help@{chatpay.username}", public.text]
    assert books(chatpay) == before


# --- on the card ---------------------------------------------------------------------------------


async def test_a_cancelled_card_says_so_to_its_payer(chatpay: Chatpay, club: Club) -> None:
    """Nothing moved, and the group sees nothing."""
    before = books(chatpay)
    card = await club.pay()
    await club.alice.press(card, "Cancel")
    ended = await club.alice.person.expect(club.group, "Cancelled")

    assert ended.ephemeral_id == card.ephemeral_id
    assert books(chatpay) == before
    assert await club.seen_by_others() == []


async def test_a_missing_amount_is_tapped_aside(chatpay: Chatpay, club: Club) -> None:
    """Round amounts are offered there; any other one is typed in the private chat."""
    await club.begin("/pay @bob")
    question = await club.alice.person.expect(club.group, "How much?")

    assert question.text == "Pay Bob @bob\n\nHow much?"
    assert question.labels == [
        "€5.00",
        "€10.00",
        "€20.00",
        "€50.00",
        "Another amount…",
        "Cancel",
    ]
    await club.alice.person.open_link(question.button("Another amount…")["url"])
    await club.alice.see("How much?")
    await club.alice.person.expect_deleted(question)
    card = await club.alice.ask("7.77", "Left afterwards")
    assert card.labels[0] == "Pay €7.77"
    assert await club.seen_by_others() == []


async def test_a_tapped_amount_makes_the_card(club: Club) -> None:
    """In the same message, as in the private chat."""
    await club.begin("/pay @bob")
    question = await club.alice.person.expect(club.group, "How much?")
    await club.alice.press(question, "€20.00")
    card = await club.alice.person.expect(club.group, "Left afterwards")

    assert card.ephemeral_id == question.ephemeral_id
    assert card.labels[0] == "Pay €20.00"


async def test_a_note_is_typed_in_the_private_chat(club: Club) -> None:
    """One tap leads to the question there, and the card with the note is there too."""
    card = await club.pay()
    await club.alice.person.open_link(card.button("Change the note")["url"])
    await club.alice.see("What is it for?")
    changed = await club.alice.ask("dinner", "Left afterwards")

    assert changed.text.splitlines()[:3] == ["Pay Bob @bob", "€12.50", "dinner"]
    assert await club.seen_by_others() == []


async def test_a_payee_who_cannot_be_meant_is_told_aside(chatpay: Chatpay, club: Club) -> None:
    """With the question whom instead, and the way to pick somebody; nothing moved."""
    before = books(chatpay)
    await club.begin("/pay @alice 5")
    question = await club.alice.person.expect(club.group, "Whom do you want to pay?")
    await club.alice.person.open_link(question.button("Pick from my contacts")["url"])
    await club.alice.see("to pick people")

    assert question.text == (
        "That is you! Money can only go to somebody else.\n\nWhom do you want to pay?\n€5.00"
    )
    assert question.labels == ["Pick from my contacts", "Cancel"]
    assert books(chatpay) == before
    assert await club.seen_by_others() == []


async def test_what_has_to_be_shown_first_is_shown_in_the_private_chat(
    telegram: Telegram, tmp_path: Path, clock: Clock
) -> None:
    """One tap leads to the card there; nothing is asked for in the group, and nothing moved."""
    running = Chatpay(telegram, tmp_path, clock, changes={"require": (Proof.PHONE,)})
    await running.start()
    ann, ben = await running.customer("Ann"), await running.customer("Ben")
    group = await telegram.group("Two", [ann.person, ben.person], bots=[running.username])
    before = books(running)
    await ann.person.send(group, "/pay @ben 5")
    card = await ann.person.expect(group, "Left afterwards")

    answer = await ann.press(card, "Pay €5")

    assert answer.url is not None
    await ann.person.open_link(answer.url)
    await ann.press(await ann.see("Left afterwards"), "Pay €5")
    await ann.see("Your phone number")
    assert books(running) == before
    assert len(await ben.person.shown(group)) == 1  # the bot came
    await running.stop()


async def test_what_the_balance_does_not_cover_is_said_aside(chatpay: Chatpay, club: Club) -> None:
    """With the way to add money, in private; nothing moved."""
    before = books(chatpay)
    await club.begin("/pay @bob 500")
    card = await club.alice.person.expect(club.group, "too little")

    answer = await club.alice.press(card, "Add money")

    assert answer.url == f"https://t.me/{chatpay.username}?start=m_topup"
    assert books(chatpay) == before
    assert await club.seen_by_others() == []


# --- balance and history -------------------------------------------------------------------------


async def test_balance_history_and_receipts_are_shown_aside(club: Club) -> None:
    """From the command to the receipt of a line and back, in the group, to one person."""
    await club.begin("/balance")
    balance = await club.alice.person.expect(club.group, "Your balance")
    await club.alice.press(balance, "History")
    history = await club.alice.person.expect(club.group, "History ·")
    await club.alice.press(history, "1")
    receipt = await club.alice.person.expect(club.group, "Balance after it")
    await club.alice.press(receipt, "Back")
    back = await club.alice.person.expect(club.group, "History ·")
    await club.begin("/history")
    again = await club.alice.person.expect(club.group, "History ·")

    assert balance.ephemeral_id != history.ephemeral_id
    assert history.ephemeral_id == receipt.ephemeral_id == back.ephemeral_id
    assert again.text == history.text
    assert await club.seen_by_others() == []


async def test_what_is_not_done_with_buttons_alone_leads_to_the_private_chat(
    chatpay: Chatpay, club: Club
) -> None:
    """Adding money and withdrawing open the private chat with one tap."""
    await club.begin("/balance")
    balance = await club.alice.person.expect(club.group, "Your balance")

    added = await club.alice.press(balance, "Add money")
    withdrawn = await club.alice.press(balance, "Withdraw")

    assert added.url == f"https://t.me/{chatpay.username}?start=m_topup"
    assert withdrawn.url == f"https://t.me/{chatpay.username}?start=m_withdraw"


async def test_a_number_that_was_given_to_another_aside_is_left_alone(club: Club) -> None:
    """A card that its payer put away does not come back in place of the balance."""
    card = await club.pay()
    await club.alice.person.dismiss(card)
    await club.begin("/balance")
    balance = await club.alice.person.expect(club.group, "Your balance")
    await club.alice.ask("/cancel", "Cancelled")
    await club.begin("/history")
    await club.alice.person.expect(club.group, "History")

    now = [message.text for message in await club.alice.messages(club.group)]

    assert balance.text in now
    assert not any("Nothing was paid" in text for text in now)
