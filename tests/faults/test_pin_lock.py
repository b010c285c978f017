"""Five wrong PINs lock, whatever happens in between, and a locked PIN is not even looked at."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import dataclass

import pytest

from payments.pinhash import PinChecker, Verdict
from simulator.client import Message
from tests.chat.books import books
from tests.chat.driver import Chatpay, Clock, Customer, is_keypad

WRONG = "863524"
FREE_TRIES = 4


@dataclass
class Checks:
    """How often a PIN was compared with a hash."""

    count: int = 0


@pytest.fixture
async def checks(monkeypatch: pytest.MonkeyPatch) -> Checks:
    """Counts the real checks."""
    seen = Checks()
    check = PinChecker.verify

    async def counted(self: PinChecker, person_id: int, pin: str, stored: str) -> Verdict:
        seen.count += 1
        return await check(self, person_id, pin, stored)

    monkeypatch.setattr(PinChecker, "verify", counted)
    return seen


def tries(chatpay: Chatpay, person: Customer) -> tuple[int, bool]:
    """What is stored: the tries, and whether there is a lock."""
    with closing(sqlite3.connect(f"file:{chatpay.database}?mode=ro", uri=True)) as database:
        count, locked_until = database.execute(
            "SELECT tries, locked_until FROM pins WHERE person_id = ?", (person.id,)
        ).fetchone()
    return count, locked_until is not None


async def open_keypad(payer: Customer) -> Message:
    """A card with its keypad."""
    await payer.press(await payer.ask("/pay @bob 10", "Pay Bob"), "Pay")
    return await payer.see(is_keypad)


async def try_wrong(payer: Customer, keypad: Message, times: int) -> None:
    """Taps the wrong PIN, and sees that it was wrong."""
    for _ in range(times):
        await payer.tap(keypad, WRONG)
        await payer.see("Wrong PIN")


async def test_five_wrong_pins_lock_across_restarts(
    chatpay: Chatpay, checks: Checks, alice: Customer, bob: Customer
) -> None:
    """Restarted after each try, the bot still counts to five; the lock outlives a restart too."""
    keypad = await open_keypad(alice)
    before = books(chatpay)
    for count in range(1, FREE_TRIES + 1):
        await try_wrong(alice, keypad, 1)
        assert tries(chatpay, alice) == (count, False)
        await chatpay.restart()
    await alice.tap(keypad, WRONG)
    await alice.see("Your PIN is locked")
    await chatpay.restart()

    card = await alice.ask("/pay @bob 10", "Pay Bob")
    answer = await alice.press(card, "Pay")

    assert answer.alert
    assert "locked" in (answer.toast or "")
    assert tries(chatpay, alice) == (FREE_TRIES + 1, True)
    assert checks.count == FREE_TRIES + 1
    assert books(chatpay) == before


async def test_the_right_pin_is_not_looked_at_while_it_is_locked(
    chatpay: Chatpay, clock: Clock, checks: Checks, alice: Customer, bob: Customer
) -> None:
    """On an old keypad, a new card or /pin: nothing is hashed, no try is counted, none paid."""
    keypad = await open_keypad(alice)
    await try_wrong(alice, keypad, FREE_TRIES)
    (keypad,) = [message for message in await alice.messages() if is_keypad(message)]
    right = [keypad.button(digit)["callback_data"] for digit in alice.pin]
    await alice.tap(keypad, WRONG)
    await alice.see("Your PIN is locked")
    done, before = checks.count, books(chatpay)

    for data in right:
        await alice.person.press_data(keypad, data)
    await alice.press(await alice.ask("/pay @bob 10", "Pay Bob"), "Pay")
    assert "Change my PIN" not in (await alice.ask("/pin", "locked")).labels

    assert checks.count == done
    assert tries(chatpay, alice) == (FREE_TRIES + 1, True)
    assert books(chatpay) == before

    clock.advance(minutes=16)
    keypad = await open_keypad(alice)
    await alice.tap(keypad, alice.pin)
    await alice.see("✅ Paid €10.00")
    assert checks.count == done + 1
    assert tries(chatpay, alice) == (0, False)


async def test_tapping_the_sixth_digit_fifty_times_counts_one_try(
    chatpay: Chatpay, checks: Checks, alice: Customer, bob: Customer
) -> None:
    """Nobody gets more than five guesses by being quick, nor loses more than one by trembling."""
    keypad = await open_keypad(alice)
    await alice.tap(keypad, WRONG[:5])
    last = keypad.button(WRONG[5])["callback_data"]
    await asyncio.gather(*(alice.person.press_data(keypad, last) for _ in range(50)))

    assert tries(chatpay, alice) == (1, False)
    assert checks.count == 1


@pytest.fixture
async def locked(alice: Customer, bob: Customer) -> Customer:
    """Alice, after five wrong PINs."""
    keypad = await open_keypad(alice)
    await try_wrong(alice, keypad, FREE_TRIES)
    await alice.tap(keypad, WRONG)
    await alice.see("Your PIN is locked")
    return alice


async def test_each_further_wrong_pin_locks_for_longer(
    chatpay: Chatpay, clock: Clock, locked: Customer
) -> None:
    """After the first lock one wrong try locks again, for an hour; 16 minutes are not enough."""
    clock.advance(minutes=16)
    await locked.tap(await open_keypad(locked), WRONG)
    await locked.see("Your PIN is locked")
    clock.advance(minutes=16)
    before = books(chatpay)
    card = await locked.ask("/pay @bob 10", "Pay Bob")
    assert "locked" in ((await locked.press(card, "Pay")).toast or "")
    assert tries(chatpay, locked) == (FREE_TRIES + 2, True)
    assert books(chatpay) == before


async def test_moving_the_clock_does_not_give_more_tries(
    chatpay: Chatpay, clock: Clock, locked: Customer
) -> None:
    """A clock that jumps back only makes the lock longer; forth and back, tries stay counted."""
    clock.advance(hours=-3)
    card = await locked.ask("/pay @bob 10", "Pay Bob")
    assert "locked" in ((await locked.press(card, "Pay")).toast or "")
    clock.advance(hours=3.5)
    await locked.tap(await open_keypad(locked), WRONG)
    await locked.see("Your PIN is locked")
    assert tries(chatpay, locked) == (FREE_TRIES + 2, True)
