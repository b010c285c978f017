"""Many at once: taps, updates, devices, cards. Each payment happens once or not at all."""

from __future__ import annotations

import asyncio

from simulator.client import Message, Telegram
from tests.chat.books import books
from tests.chat.driver import Chatpay, Customer, is_keypad
from tests.faults.books import payments_made

CROWD = 50


async def open_keypad(payer: Customer, command: str) -> Message:
    """A card with its keypad open."""
    card = await payer.ask(command, "Pay Bob")
    await payer.press(card, "Pay")
    return await payer.see(is_keypad)


async def receipts(customer: Customer, opening: str) -> list[str]:
    """The chat's messages that say something."""
    return [message.text for message in await customer.messages() if opening in message.text]


async def test_fifty_last_taps_at_once_pay_once(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Fifty distinct taps on the sixth digit, sent together: one payment, one receipt each."""
    keypad = await open_keypad(alice, "/pay @bob 10")
    await alice.tap(keypad, alice.pin[:5])
    last = keypad.button(alice.pin[5])["callback_data"]

    answers = await asyncio.gather(
        *(alice.person.press_data(keypad, last, wait=10) for _ in range(CROWD))
    )
    await alice.see("✅ Paid €10.00")
    await bob.see("paid you €10.00")

    assert [answer.answered for answer in answers] == [True] * CROWD
    assert payments_made(chatpay) == [(alice.id, bob.id, 1_000)]
    assert (await alice.balance(), await bob.balance()) == ("€90.00", "€110.00")
    assert len(await receipts(alice, "✅ Paid €10.00")) == 1
    assert len(await receipts(bob, "paid you €10.00")) == 1


async def test_the_last_tap_redelivered_fifty_times_pays_once(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """The same update fifty times more, while it is handled and afterwards: one payment."""
    keypad = await open_keypad(alice, "/pay @bob 10")
    await alice.tap(keypad, alice.pin[:5])
    await alice.person.press(keypad, alice.pin[5], wait=0)
    last = (await telegram.updates())[-1]["update"]
    assert "callback_query" in last
    await telegram.redeliver(last["update_id"], times=CROWD)
    await alice.see("✅ Paid €10.00")
    await bob.see("paid you €10.00")
    await telegram.redeliver(last["update_id"], times=CROWD)

    assert (await alice.balance(), await bob.balance()) == ("€90.00", "€110.00")
    assert payments_made(chatpay) == [(alice.id, bob.id, 1_000)]
    assert len(await receipts(bob, "paid you €10.00")) == 1


async def test_a_card_in_two_messages_is_paid_once_and_shown_paid_in_both(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Pay is tapped in both at once, and half the PIN in each: one keypad, one payment."""
    first = await alice.ask("/pay @bob 10", "Pay Bob")
    intent_id = first.button("Pay")["callback_data"].split(":")[-1]
    await telegram.advance(49 * 3600)  # too old to be deleted, the first message stays
    await alice.start(f"i_{intent_id}")
    second = await alice.see("Pay Bob")

    await asyncio.gather(*(alice.person.press(card, "Pay") for card in (first, second)))
    keypads = [message for message in await alice.messages() if is_keypad(message)]
    assert [keypad.id for keypad in keypads] == [first.id, second.id]
    for position, digit in enumerate(alice.pin):
        await alice.press(keypads[position % 2], digit)
    for message_id in (first.id, second.id):
        await alice.see(lambda m, at=message_id: m.id == at and "✅ Paid" in m.text)
    await bob.see("paid you €10.00")

    assert payments_made(chatpay) == [(alice.id, bob.id, 1_000)]
    assert await alice.balance() == "€90.00"


async def test_an_edited_command_changes_nothing(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """The card stays what it was when it was made, and no second one is made."""
    command = await alice.say("/pay @bob 10")
    card = await alice.see("Pay Bob")
    before = books(chatpay)

    await alice.person.edit(command, "/pay @bob 90")
    assert await alice.balance() == "€100.00"
    assert books(chatpay) == before
    await alice.approve(card)
    await bob.see("paid you €10.00")
    await alice.person.edit(command, "/pay @bob 20")

    assert await alice.balance() == "€90.00"
    assert payments_made(chatpay) == [(alice.id, bob.id, 1_000)]


async def test_fifty_cards_of_one_balance_that_covers_ten(
    telegram: Telegram, chatpay: Chatpay, alice: Customer
) -> None:
    """Fifty cards open at once, each approved in turn: ten are paid, forty are refused."""
    bob = await chatpay.customer("Bob", money="")
    for _ in range(CROWD):
        await alice.say("/pay @bob 10")
    await alice.balance()  # answered after all that was asked before
    cards = [message for message in await alice.messages() if "Pay €10.00" in message.labels]
    assert len(cards) == CROWD

    refused = 0
    for card in cards:
        answer = await alice.press(card, "Pay €10.00")
        if answer.alert:
            refused += 1
            assert "€0.00" in (answer.toast or ""), answer.toast
            continue
        now = next(m for m in await alice.messages() if m.id == card.id)
        await alice.tap(now, alice.pin)

    assert refused == CROWD - 10
    assert payments_made(chatpay) == [(alice.id, bob.id, 1_000)] * 10
    assert (await alice.balance(), await bob.balance()) == ("€0.00", "€100.00")


async def test_ten_payers_empty_into_each_other_at_once(chatpay: Chatpay) -> None:
    """Everybody approves a payment of all they have to the next, all at the same moment."""
    people = await asyncio.gather(
        *(chatpay.customer(f"Person{number}", money="10") for number in range(10))
    )
    pairs = list(zip(people, [*people[1:], people[0]], strict=True))

    async def ready(payer: Customer, payee: Customer) -> Message:
        card = await payer.ask(f"/pay @{payee.username} 10", "Pay Person")
        await payer.press(card, "Pay")
        keypad = await payer.see(is_keypad)
        await payer.tap(keypad, payer.pin[:5])
        return keypad

    keypads = await asyncio.gather(*(ready(payer, payee) for payer, payee in pairs))
    await asyncio.gather(
        *(
            payer.press(keypad, payer.pin[5])
            for (payer, _), keypad in zip(pairs, keypads, strict=True)
        )
    )

    assert sorted(payments_made(chatpay)) == sorted(
        (payer.id, payee.id, 1_000) for payer, payee in pairs
    )
    assert [await person.balance() for person in people] == ["€10.00"] * 10
