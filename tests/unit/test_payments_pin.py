"""The PIN: keypads, tries, locks, changing, forgetting, and crashes in between."""

from __future__ import annotations

import asyncio

import pytest

from payments.errors import NotJoined, NotYours, PinLocked, PinMissing, Unavailable
from payments.models import IntentState, Keypad, KeypadPurpose
from payments.pinhash import Verdict
from payments.policy import DAY, HOUR, MINUTE
from payments.results import (
    Approved,
    KeypadClosed,
    Locked,
    NextKeypad,
    NextReason,
    PinSet,
    PinStatus,
    Tapped,
    WrongPin,
)
from payments.service import DELETE_KEY, Payments
from tests.unit.payments_kit import ALICE, BOB, OTHER_PIN, PIN, WRONG, Bank, PlainPins, eur


async def keypad_of_card(bank: Bank, minor: int = 100) -> Keypad:
    """A card's keypad: Alice is about to pay Bob."""
    await bank.people(ALICE, BOB)
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(minor))
    return await bank.payments.ask_pin(card.id, ALICE)


async def tries(bank: Bank) -> int:
    pin = await bank.store.read(lambda tx: tx.pins.get(ALICE))
    return int(pin.tries)


async def test_dots_follow_the_taps(bank: Bank) -> None:
    """Each tap counts once, in order; the delete key takes the last digit away."""
    keypad = await keypad_of_card(bank)
    await bank.tap(keypad, "4", tap_id="a")
    await bank.tap(keypad, "9", tap_id="b")
    result = await bank.tap(keypad, "9", tap_id="b")
    assert isinstance(result, Tapped)
    assert result.keypad.digits == "49"
    await bank.payments.tap(keypad.id, ALICE, DELETE_KEY, tap_id="c")
    await bank.payments.tap(keypad.id, ALICE, DELETE_KEY, tap_id="c")
    result = await bank.payments.tap(keypad.id, ALICE, "no such key", tap_id="d")
    assert isinstance(result, Tapped)
    assert result.keypad.digits == "4"
    await bank.payments.tap(keypad.id, ALICE, DELETE_KEY, tap_id="e")
    result = await bank.payments.tap(keypad.id, ALICE, DELETE_KEY, tap_id="f")
    assert isinstance(result, Tapped)
    assert result.keypad.digits == ""
    assert isinstance(await bank.type(keypad, PIN), Approved)


async def test_taps_at_the_same_time_are_all_counted(bank: Bank) -> None:
    """Digits that arrive faster than they are answered are neither lost nor reordered."""
    keypad = await keypad_of_card(bank)
    results = await asyncio.gather(*(bank.tap(keypad, digit) for digit in PIN))
    assert isinstance(results[-1], Approved)


async def test_another_person_cannot_tap(bank: Bank) -> None:
    """A keypad takes its owner's taps alone."""
    keypad = await keypad_of_card(bank)
    before = bank.snapshot()
    with pytest.raises(NotYours):
        await bank.payments.tap(keypad.id, BOB, keypad.keys[4], tap_id="x")
    assert bank.snapshot() == before


async def test_keys_say_nothing_about_digits(bank: Bank) -> None:
    """Ten different tokens, other ones each time, none of them a digit."""
    keypad = await keypad_of_card(bank)
    result = await bank.type(keypad, WRONG)
    assert isinstance(result, WrongPin)
    assert len({*keypad.keys, *result.keypad.keys}) == 20
    assert all(len(key) == 6 for key in keypad.keys)


async def test_digits_are_not_readable_in_the_database(bank: Bank) -> None:
    """What has been tapped is sealed at rest."""
    keypad = await keypad_of_card(bank)
    await bank.type(keypad, "75024")
    files = [path.read_bytes() for path in bank.path.parent.iterdir() if path.is_file()]
    assert not [content for content in files if keypad.keys[4].encode() in content]
    assert not [content for content in files if b"75024" in content]


async def test_fifth_wrong_try_locks(bank: Bank) -> None:
    """Four are free; then even the right PIN is refused, unlooked at, until the lock ends."""
    keypad = await keypad_of_card(bank)
    card_id = keypad.intent_id
    money = bank.money()
    for left in (4, 3, 2, 1):
        result = await bank.type(keypad, WRONG)
        assert isinstance(result, WrongPin)
        assert result.tries_left == left
        keypad = result.keypad
    until = bank.clock() + 15 * MINUTE
    assert await bank.type(keypad, WRONG) == Locked(until, card_id)
    assert await bank.tap(keypad, "4") == KeypadClosed(None)
    assert await bank.payments.pin_status(ALICE) == PinStatus(
        is_set=True, locked_until=until, reset_at=None
    )
    with pytest.raises(PinLocked):
        await bank.payments.begin_pin(ALICE)
    assert bank.money() == money


async def test_count_of_tries_survives_a_restart(bank: Bank) -> None:
    """Tries are in the database, not in the process."""
    keypad = await keypad_of_card(bank)
    result = await bank.type(keypad, WRONG)
    bank.payments = bank.restarted()
    assert isinstance(result, WrongPin)
    result = await bank.type(result.keypad, WRONG)
    assert isinstance(result, WrongPin)
    assert result.tries_left == 3


async def test_locks_grow(bank: Bank) -> None:
    """After a lock each further wrong try locks again, for longer, up to a day."""
    await bank.people(ALICE, BOB)
    for lock in (None, None, None, None, 15 * MINUTE, HOUR, 4 * HOUR, DAY, DAY):
        card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(5))
        result = await bank.approve(card, WRONG)
        if lock is None:
            assert isinstance(result, WrongPin)
            continue
        assert result == Locked(bank.clock() + lock, card.id)
        bank.clock.turn(lock)
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(5))
    assert isinstance(await bank.approve(card), Approved)
    assert await tries(bank) == 0


async def test_locked_between_two_digits(bank: Bank) -> None:
    """A keypad that is full when the PIN is locked is dropped unchecked."""
    keypad = await keypad_of_card(bank)
    await bank.type(keypad, PIN[:5])
    until = bank.clock() + HOUR
    await bank.store.write(
        lambda tx: tx.pins.count_try(ALICE, now=bank.clock(), lock_until=lambda _: until)
    )
    money = bank.money()
    assert await bank.tap(keypad, PIN[5]) == Locked(until, keypad.intent_id)
    assert bank.pins.checks == 0
    assert await tries(bank) == 1
    assert bank.money() == money


async def test_right_pin_clears_the_tries(bank: Bank) -> None:
    """After the right PIN there are four free tries again."""
    keypad = await keypad_of_card(bank)
    result = await bank.type(keypad, WRONG)
    assert isinstance(result, WrongPin)
    assert isinstance(await bank.type(result.keypad, PIN), Approved)
    assert await tries(bank) == 0


async def test_old_hash_is_replaced_after_the_right_pin(bank: Bank) -> None:
    """A hash with an old pepper is made anew, once the PIN is known."""
    keypad = await keypad_of_card(bank)
    await bank.store.write(lambda tx: tx.pins.set(ALICE, f"old plain:{ALICE}:{PIN}", bank.clock()))
    assert isinstance(await bank.type(keypad, PIN), Approved)
    stored = await bank.store.read(lambda tx: tx.pins.get(ALICE))
    assert stored.hash == f"plain:{ALICE}:{PIN}"


@pytest.mark.parametrize("tap_id", ["last", "another"])
async def test_crash_between_counting_and_posting(bank: Bank, tap_id: str) -> None:
    """The last tap again, or any other, goes on with the check: one try, one transfer."""
    keypad = await keypad_of_card(bank)
    await bank.type(keypad, PIN[:5])
    bank.store.plan = ["none", "before"]
    with pytest.raises(Unavailable):
        await bank.tap(keypad, PIN[5], tap_id="last")
    assert await tries(bank) == 1
    bank.payments = bank.restarted()
    result = await bank.tap(keypad, "0", tap_id=tap_id)
    assert isinstance(result, Approved)
    assert await tries(bank) == 0
    assert await bank.balance(BOB) == (10_100, 0)


async def test_crash_after_posting_before_the_answer(bank: Bank) -> None:
    """The outcome was unknown to the caller; asked again, it is told, and nothing moves twice."""
    keypad = await keypad_of_card(bank)
    await bank.type(keypad, PIN[:5])
    bank.store.plan = ["none", "after"]
    with pytest.raises(Unavailable):
        await bank.tap(keypad, PIN[5], tap_id="last")
    before = bank.snapshot()
    assert await bank.tap(keypad, PIN[5], tap_id="last") == KeypadClosed(None)
    assert keypad.intent_id is not None
    card = await bank.payments.intent(keypad.intent_id, ALICE)
    assert card.state is IntentState.POSTED
    assert bank.snapshot() == before


async def test_crash_before_a_wrong_pin_was_answered(bank: Bank) -> None:
    """Resumed, the wrong digits are wrong once."""
    keypad = await keypad_of_card(bank)
    await bank.type(keypad, WRONG[:5])
    bank.store.plan = ["none", "before"]
    with pytest.raises(Unavailable):
        await bank.tap(keypad, WRONG[5])
    result = await bank.tap(keypad, WRONG[5])
    assert isinstance(result, WrongPin)
    assert result.tries_left == 4
    assert await tries(bank) == 1


async def test_two_workers_check_the_same_digits(bank: Bank) -> None:
    """Whoever comes second finds the keypad changed, and acts on nothing."""
    keypad = await keypad_of_card(bank)
    await bank.type(keypad, PIN[:5])
    other = bank.restarted()
    key = keypad.keys[int(PIN[5])]
    results = await asyncio.gather(
        bank.payments.tap(keypad.id, ALICE, key, tap_id="a"),
        other.tap(keypad.id, ALICE, key, tap_id="a"),
    )
    assert any(isinstance(result, Approved) for result in results)
    assert await bank.balance(BOB) == (10_100, 0)
    assert await tries(bank) == 0


class SlowPins(PlainPins):
    """Answers when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def verify(self, person_id: int, pin: str, stored: str) -> Verdict:
        self.begun.set()
        await self.go_on.wait()
        return await super().verify(person_id, pin, stored)


@pytest.mark.parametrize("digits", [PIN, WRONG])
async def test_late_verdict_is_not_acted_upon(bank: Bank, digits: str) -> None:
    """A worker that is slow to check finds other digits on the keypad, and leaves them alone."""
    keypad = await keypad_of_card(bank)
    await bank.type(keypad, digits[:5])
    slow = SlowPins()
    late = Payments(bank.store, slow, bank.payments.policy, bank.clock)
    key = keypad.keys[int(digits[5])]
    waiting = asyncio.create_task(late.tap(keypad.id, ALICE, key, tap_id="last"))
    await slow.begun.wait()
    first = await bank.payments.tap(keypad.id, ALICE, key, tap_id="last")
    following = first.keypad if isinstance(first, WrongPin) else None
    if following is not None:
        await bank.type(following, "12")
    before = bank.snapshot()
    slow.go_on.set()
    result = await waiting
    if following is None:
        assert first == result
        assert isinstance(result, Approved)
    else:
        assert isinstance(result, Tapped)
        assert result.keypad.digits == "12"
    assert bank.snapshot() == before


async def test_given_up_tap_still_pays(bank: Bank) -> None:
    """A check that has begun is finished, even where nobody waits for it any more."""
    keypad = await keypad_of_card(bank)
    await bank.type(keypad, PIN[:5])
    waiting = asyncio.create_task(bank.tap(keypad, PIN[5]))
    under_way = bank.payments._checking._under_way
    async with asyncio.timeout(5):
        while not under_way:  # noqa: ASYNC110 (the check tells nobody that it has begun)
            await asyncio.sleep(0)
    check = next(iter(under_way.values()))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert isinstance(await check, Approved)


async def test_timed_out_keypad_takes_no_digit(bank: Bank) -> None:
    """Two minutes after it was opened it is gone, with what was tapped."""
    keypad = await keypad_of_card(bank)
    await bank.type(keypad, PIN[:5])
    bank.clock.turn(2 * MINUTE)
    money = bank.money()
    assert await bank.tap(keypad, PIN[5]) == KeypadClosed(keypad.intent_id)
    assert bank.snapshot()["keypads"] == []
    assert bank.money() == money


async def test_one_keypad_a_person(bank: Bank) -> None:
    """A second card's keypad replaces the first; the first card is shown anew and still waits."""
    first = await keypad_of_card(bank)
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(7))
    await bank.notices()
    second = await bank.payments.ask_pin(card.id, ALICE)
    assert await bank.notices() == [("intent", ALICE, first.intent_id)]
    assert await bank.tap(first, "4") == KeypadClosed(None)
    await bank.type(second, PIN)
    assert await bank.balance(BOB) == (10_007, 0)


async def test_closed_keypad(bank: Bank) -> None:
    """Put aside, its digits are forgotten; the card still waits for its PIN."""
    keypad = await keypad_of_card(bank)
    await bank.payments.close_keypad(ALICE)
    await bank.payments.close_keypad(ALICE)
    assert await bank.tap(keypad, "4") == KeypadClosed(None)
    assert keypad.intent_id is not None
    assert (await bank.payments.ask_pin(keypad.intent_id, ALICE)).id != keypad.id


# --- setting, changing, forgetting ---------------------------------------------------------------


async def test_first_pin_is_chosen_twice(bank: Bank) -> None:
    """Weak: another one. Not the same: from the beginning. The same: set, and on with the card."""
    await bank.person(ALICE, funds=100, pin=None)
    await bank.person(BOB)
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(5))
    with pytest.raises(PinMissing):
        await bank.payments.ask_pin(card.id, ALICE)
    keypad = await bank.payments.begin_pin(ALICE, intent_id=card.id)
    assert keypad.purpose is KeypadPurpose.CHOOSE
    for digits, reason, purpose in (
        ("123456", NextReason.WEAK, KeypadPurpose.CHOOSE),
        (PIN, NextReason.REPEAT, KeypadPurpose.REPEAT),
        (OTHER_PIN, NextReason.MISMATCH, KeypadPurpose.CHOOSE),
        (PIN, NextReason.REPEAT, KeypadPurpose.REPEAT),
    ):
        result = await bank.type(keypad, digits)
        assert isinstance(result, NextKeypad)
        assert (result.reason, result.keypad.purpose) == (reason, purpose)
        assert result.keypad.digits == ""
        assert set(result.keypad.keys).isdisjoint(keypad.keys)
        keypad = result.keypad
    assert await bank.type(keypad, PIN) == PinSet(card.id)
    assert await bank.notices() == []
    assert isinstance(await bank.approve(card), Approved)


async def test_pin_is_changed_with_the_present_one(bank: Bank) -> None:
    """The present PIN first, wrong tries counted; the person is told of the change."""
    await bank.people(ALICE, BOB)
    keypad = await bank.payments.begin_pin(ALICE)
    assert keypad.purpose is KeypadPurpose.CURRENT
    result = await bank.type(keypad, WRONG)
    assert isinstance(result, WrongPin)
    assert await tries(bank) == 1
    chosen = await bank.type(result.keypad, PIN)
    assert isinstance(chosen, NextKeypad)
    assert chosen.reason is NextReason.CURRENT_RIGHT
    repeated = await bank.type(chosen.keypad, OTHER_PIN)
    assert isinstance(repeated, NextKeypad)
    assert await bank.type(repeated.keypad, OTHER_PIN) == PinSet(None)
    assert await bank.notices() == [("pin_changed", ALICE, str(ALICE))]
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(5))
    assert isinstance(await bank.approve(card, PIN), WrongPin)
    await bank.payments.close_keypad(ALICE)
    assert isinstance(await bank.approve(card, OTHER_PIN), Approved)


async def test_crash_before_a_new_pin_was_stored(bank: Bank) -> None:
    """Resumed by the same tap, the new PIN is set."""
    await bank.person(ALICE, pin=None)
    chosen = await bank.type(await bank.payments.begin_pin(ALICE), PIN)
    assert isinstance(chosen, NextKeypad)
    await bank.type(chosen.keypad, PIN[:5])
    bank.store.plan = ["none", "before"]
    with pytest.raises(Unavailable):
        await bank.tap(chosen.keypad, PIN[5], tap_id="last")
    assert not (await bank.payments.pin_status(ALICE)).is_set
    assert await bank.tap(chosen.keypad, PIN[5], tap_id="last") == PinSet(None)
    assert (await bank.payments.pin_status(ALICE)).is_set


async def test_pin_needs_an_account(bank: Bank) -> None:
    """Who has not joined has nothing to protect yet."""
    await bank.meet(ALICE)
    before = bank.snapshot()
    with pytest.raises(NotJoined):
        await bank.payments.begin_pin(ALICE)
    with pytest.raises(PinMissing):
        await bank.payments.forget_pin(ALICE)
    assert bank.snapshot() == before


async def test_forgotten_pin_falls_after_the_waiting_period(bank: Bank) -> None:
    """Begun once and told; until it is over the old PIN is asked for, then it is not."""
    await bank.people(ALICE)
    reset_at = bank.clock() + DAY
    assert await bank.payments.forget_pin(ALICE) == reset_at
    bank.clock.turn(HOUR)
    assert await bank.payments.forget_pin(ALICE) == reset_at
    assert await bank.notices() == [("pin_reset", ALICE, str(ALICE))]
    assert (await bank.payments.begin_pin(ALICE)).purpose is KeypadPurpose.CURRENT
    bank.clock.turn(DAY - HOUR)
    keypad = await bank.payments.begin_pin(ALICE)
    assert keypad.purpose is KeypadPurpose.CHOOSE
    repeated = await bank.type(keypad, OTHER_PIN)
    assert isinstance(repeated, NextKeypad)
    assert await bank.type(repeated.keypad, OTHER_PIN) == PinSet(None)
    assert await bank.payments.pin_status(ALICE) == PinStatus(
        is_set=True, locked_until=None, reset_at=None
    )


async def test_waiting_period_is_called_off(bank: Bank) -> None:
    """By the person, with the keypad that it opened, and told."""
    await bank.people(ALICE)
    await bank.payments.forget_pin(ALICE)
    bank.clock.turn(DAY)
    keypad = await bank.payments.begin_pin(ALICE)
    await bank.notices()
    await bank.payments.keep_pin(ALICE)
    await bank.payments.keep_pin(ALICE)
    assert await bank.notices() == [("pin_reset", ALICE, str(ALICE))]
    assert await bank.tap(keypad, "4") == KeypadClosed(None)
    assert (await bank.payments.begin_pin(ALICE)).purpose is KeypadPurpose.CURRENT


async def test_right_pin_calls_the_waiting_period_off(bank: Bank) -> None:
    """Whoever knows the PIN has not forgotten it; the person is told."""
    keypad = await keypad_of_card(bank)
    await bank.payments.forget_pin(ALICE)
    await bank.notices()
    await bank.type(keypad, PIN)
    assert ("pin_reset", ALICE, str(ALICE)) in await bank.notices()
    assert (await bank.payments.pin_status(ALICE)).reset_at is None


async def test_waiting_period_goes_on_while_locked(bank: Bank) -> None:
    """A locked PIN can still be forgotten; when the period is over a new one is chosen."""
    keypad = await keypad_of_card(bank)
    for _ in range(4):
        result = await bank.type(keypad, WRONG)
        assert isinstance(result, WrongPin)
        keypad = result.keypad
    await bank.type(keypad, WRONG)
    await bank.payments.forget_pin(ALICE)
    bank.clock.turn(DAY)
    assert (await bank.payments.begin_pin(ALICE)).purpose is KeypadPurpose.CHOOSE
