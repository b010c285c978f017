"""Guessing a PIN: by every surface, for days, over restarts; and by how long an answer takes.

The bound, with the policy as it is: four tries lock nothing, the fifth to eighth lock for 15
minutes, 1, 4 and 24 hours, and so does each one after them. Nobody gets more than eight tries at
a PIN in any 24 hours, and one a day from then on, however many cards, chats and devices they use.
Where the owner goes on giving the right PIN in between, it is 20 in a day that begins with a try.
"""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from itertools import cycle, islice
from pathlib import Path

import pytest

from payments.errors import DeviceUnknown, PinLocked
from payments.models import ActionKind, Keypad, OperatorAction
from payments.pinhash import PinHasher, Verdict
from payments.policy import DAY, MINUTE, Policy
from payments.results import Approved, Locked, WrongPin
from payments.service import Payments
from storage import Sealer, open_store
from storage.audit import verify_store
from tests.attacks.doors import Site, nothing_moves
from tests.chat.driver import Chatpay, Clock, Customer, is_keypad
from tests.unit.payments_kit import ALICE, BOB, PIN, WRONG, Bank, FailingStore, PlainPins, eur
from tests.unit.payments_kit import Clock as StoppedClock
from tests.unit.payments_kit import policy as free_policy

TRIES_A_DAY = 8
WRONG_PIN = "863524"


def most_in_a_day(moments: list[int]) -> int:
    """The most of these moments that any 24 hours hold."""
    return max(sum(begins <= moment < begins + DAY for moment in moments) for begins in moments)


# --- by the rules --------------------------------------------------------------------------------


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[Bank]:
    """A bank whose operator is Alice."""
    path = tmp_path / "bank.db"
    store = await open_store(f"sqlite:///{path}", Sealer([b"a secret key of a test"]))
    failing, clock, pins = FailingStore(store), StoppedClock(), PlainPins()
    rules = free_policy(operators=frozenset({ALICE}), pin_tries_day=Policy().pin_tries_day)
    yield Bank(Payments(failing, pins, rules, clock), failing, clock, pins, path)
    assert await verify_store(store) == []
    await store.close()


async def guess(bank: Bank, open_keypad: Callable[[Payments], object]) -> None:
    """One wrong PIN on a keypad of a process that has just begun; nothing where it is locked."""
    bank.payments = bank.restarted()
    try:
        keypad = await open_keypad(bank.payments)  # type: ignore[misc]
    except PinLocked:
        return
    assert isinstance(keypad, Keypad)
    assert isinstance(await bank.type(keypad, WRONG), WrongPin | Locked)


async def on_a_card(payments: Payments) -> Keypad:
    card = await payments.draft(ALICE, payees=[BOB], amount=eur(100))
    return await payments.ask_pin(card.id, ALICE)


async def on_a_gift(payments: Payments) -> Keypad:
    return await payments.ask_pin((await payments.gift(ALICE, amount=eur(100))).id, ALICE)


async def at_the_bank(payments: Payments) -> Keypad:
    return await payments.ask_pin((await payments.withdraw(ALICE, eur(100))).id, ALICE)


async def to_change_it(payments: Payments) -> Keypad:
    return await payments.begin_pin(ALICE)


async def to_add_a_device(payments: Payments) -> Keypad:
    return await payments.begin_device(ALICE, name="Phone")


async def as_an_operator(payments: Payments) -> Keypad:
    action = OperatorAction(ActionKind.FREEZE, "", BOB, "a reason")
    return await payments.begin_action(ALICE, action)


async def to_be_forgotten(payments: Payments) -> Keypad | None:
    return await payments.begin_erasing(ALICE)


async def guess_a_device(bank: Bank) -> None:
    """A token that no device has."""
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(100))
    with pytest.raises((DeviceUnknown, PinLocked)):
        await bank.payments.approve_with_device(card.id, ALICE, "guessed.token")


RICH = (on_a_card, on_a_gift, at_the_bank, to_change_it, to_add_a_device, as_an_operator)
POOR = (to_change_it, to_add_a_device, as_an_operator, to_be_forgotten)


@pytest.mark.parametrize(("funds", "surfaces"), [(10_000, RICH), (0, POOR)])
async def test_two_days_of_guessing_everywhere(
    bank: Bank, funds: int, surfaces: tuple[Callable[[Payments], object], ...]
) -> None:
    """Every twenty minutes, on the surfaces in turn, by a new process: eight on the first day,
    then one; nothing moves, and the right PIN is not looked at meanwhile.
    """
    await bank.person(ALICE, funds=funds)
    await bank.person(BOB)
    before, begun = bank.money(), bank.clock()
    moments: list[int] = []
    turns = cycle(surfaces)
    while bank.clock() < begun + 2 * DAY:
        for surface in islice(turns, 6):
            counted = await tries_of(bank)
            await guess(bank, surface)
            moments += [bank.clock()] * (await tries_of(bank) - counted)
        if funds:
            counted = await tries_of(bank)
            await guess_a_device(bank)
            moments += [bank.clock()] * (await tries_of(bank) - counted)
        bank.clock.turn(20 * MINUTE)
    assert most_in_a_day(moments) == TRIES_A_DAY
    assert len(moments) == TRIES_A_DAY + 1
    assert bank.pins.checks <= len(moments)
    assert bank.money() == before
    with pytest.raises(PinLocked):
        await bank.payments.begin_device(ALICE, name="the owner's")


async def tries_of(bank: Bank) -> int:
    pin = await bank.store.read(lambda tx: tx.pins.get(ALICE))
    return int(pin.tries)


async def test_a_wrong_device_counts_with_the_pins(bank: Bank) -> None:
    """Four guessed tokens and one guessed PIN lock, as five PINs do."""
    await bank.people(ALICE, BOB)
    before = bank.money()
    for _ in range(4):
        await guess_a_device(bank)
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(100))
    assert isinstance(await bank.approve(card, WRONG), Locked)
    with pytest.raises(PinLocked):
        await bank.approve(await bank.payments.draft(ALICE, payees=[BOB], amount=eur(1)), PIN)
    assert bank.money() == before


async def test_guessing_behind_the_owners_back(bank: Bank) -> None:
    """On a phone that its owner pays with every half hour, a thief has twenty guesses a day."""
    await bank.people(ALICE, BOB)
    begun = bank.clock()
    moments: list[int] = []
    paid = 0
    while bank.clock() < begun + 3 * DAY:
        while (counted := await tries_of(bank)) < 4:  # the fifth would lock, and be noticed
            await guess(bank, on_a_card)
            if await tries_of(bank) == counted:
                break
            moments.append(bank.clock())
        card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(1))
        try:
            paid += isinstance(await bank.approve(card), Approved)
        except PinLocked:
            await bank.payments.cancel(card.id, ALICE)
        bank.clock.turn(30 * MINUTE)
    assert len(moments) == 3 * Policy().pin_tries_day
    assert most_in_a_day(moments) == Policy().pin_tries_day
    assert await bank.balance(BOB) == (10_000 + paid, 0)
    assert paid > 10


# --- over HTTP -----------------------------------------------------------------------------------


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a PIN's hash was made or compared for, each time; the real thing is done."""
    calls: list[str] = []
    verify, make = PinHasher.verify, PinHasher.hash

    def counted_verify(self: PinHasher, person_id: int, pin: str, stored: str) -> Verdict:
        calls.append("verify")
        return verify(self, person_id, pin, stored)

    def counted_hash(self: PinHasher, person_id: int, pin: str) -> str:
        calls.append("hash")
        return make(self, person_id, pin)

    monkeypatch.setattr(PinHasher, "verify", counted_verify)
    monkeypatch.setattr(PinHasher, "hash", counted_hash)
    return calls


class Thief:
    """Somebody with Alice's phone in hand, who guesses wherever a PIN is asked for."""

    def __init__(self, site: Site, alice: Customer) -> None:
        self.site = site
        self.alice = alice

    async def in_the_chat(self) -> bool:
        """On a new card; False where the PIN is locked."""
        card = await self.alice.ask("/pay @bob 1", "Pay Bob")
        if (await self.alice.press(card, "Pay €1.00")).alert:
            return False
        await self.alice.tap(await self.alice.see(is_keypad), WRONG_PIN)
        await self.alice.see("Wrong PIN|is locked")
        return True

    async def by_changing_it(self) -> bool:
        """On the keypad that asks for the present PIN."""
        screen = await self.alice.ask("/pin", "PIN")
        if "Change my PIN" not in screen.labels:
            return False
        await self.alice.press(screen, "Change my PIN")
        await self.alice.tap(await self.alice.see(is_keypad), WRONG_PIN)
        await self.alice.see("Wrong PIN|is locked")
        return True

    async def in_the_mini_app(self) -> bool:
        """On the keypad of a card."""
        card_id = await self.site.card(self.alice, "bob", "1")
        return await self._on_keypad(f"/cards/{card_id}/keypad")

    async def by_adding_a_device(self) -> bool:
        """On the keypad that lets a phone approve."""
        return await self._on_keypad("/devices")

    async def with_a_device(self) -> bool:
        """By a token that no device has."""
        card_id = await self.site.card(self.alice, "bob", "1")
        mine = await self.site.init_data(self.alice)
        path = f"/cards/{card_id}/device"
        tries_before = tries_stored(self.site.chatpay, self.alice)
        status, _ = await self.site.ask("POST", path, mine, {"token": "guessed.token"})
        assert status == 422
        return tries_stored(self.site.chatpay, self.alice) > tries_before

    async def _on_keypad(self, path: str) -> bool:
        mine = await self.site.init_data(self.alice)
        status, keypad = await self.site.ask("POST", path, mine, {"known": True})
        if status != 200:
            assert keypad["code"] == "PinLocked"
            return False
        keys = keypad["keys"]
        assert isinstance(keys, list)
        for at, digit in enumerate(WRONG_PIN):
            tap = {"key": keys[int(digit)], "tap": f"{keypad['id']}{at}"}
            await self.site.ask("POST", f"/keypads/{keypad['id']}", mine, tap)
        return True

    def surfaces(self) -> list[Callable[[], Awaitable[bool]]]:
        """All of them."""
        return [
            self.in_the_chat,
            self.in_the_mini_app,
            self.with_a_device,
            self.by_changing_it,
            self.by_adding_a_device,
        ]


def tries_stored(chatpay: Chatpay, person: Customer) -> int:
    """The wrong tries in a row that are in the database."""
    with closing(sqlite3.connect(f"file:{chatpay.database}?mode=ro", uri=True)) as database:
        found = database.execute("SELECT tries FROM pins WHERE person_id = ?", (person.id,))
        (count,) = found.fetchone()
    return int(count)


async def test_a_day_on_the_phone_of_somebody_else(
    chatpay: Chatpay,
    site: Site,
    clock: Clock,
    checked: list[str],
    alice: Customer,
    bob: Customer,
) -> None:
    """Chat, Mini App, a device, changing the PIN, adding a device; at the best moments for it, and
    restarted each time: eight tries, and after each lock every surface is shut.
    """
    thief = Thief(site, alice)
    turns = cycle(thief.surfaces())
    done = 0
    checked.clear()
    with nothing_moves(chatpay):
        for wait_minutes in (0, 16, 61, 241, 600, 1430 - 16 - 61 - 241 - 600):
            clock.advance(minutes=wait_minutes)
            await chatpay.telegram.advance(60 * wait_minutes)
            await chatpay.restart()
            while await next(turns)():
                done += 1
            for surface in thief.surfaces():
                assert not await surface(), surface
        assert done == TRIES_A_DAY == tries_stored(chatpay, alice)
    assert 4 <= checked.count("verify") <= TRIES_A_DAY
    assert checked.count("hash") == 0


# --- by the clock --------------------------------------------------------------------------------


async def test_a_wrong_pin_takes_the_same_work_as_the_right_one(
    chatpay: Chatpay, checked: list[str], alice: Customer, bob: Customer
) -> None:
    """One hash is computed for either, and none where the PIN is locked."""
    work = []
    for pin in (WRONG_PIN, alice.pin):
        await alice.press(await alice.ask("/pay @bob 1", "Pay Bob"), "Pay €1.00")
        checked.clear()
        await alice.tap(await alice.see(is_keypad), pin)
        await alice.see("Wrong PIN|✅ Paid")
        work.append(list(checked))
    assert work == [["verify"], ["verify"]]


def cpu_ratio(check: Callable[[str], object], one: str, other: str) -> float:
    """How much more of a thread's own time one PIN takes than the other: the median of pairs."""

    def seconds(pin: str) -> float:
        begun = time.thread_time()
        check(pin)
        return time.thread_time() - begun

    pairs = [(seconds(one), seconds(other)) for _ in range(15)]
    return statistics.median(first / second for first, second in pairs)


def test_the_time_of_a_check_tells_nothing() -> None:
    """Wrong in the first digit, wrong in the last, or right: the same time of the processor.

    A comparison that leaves off early would be seen: it is, where there is one.
    """
    hasher = PinHasher([b"a pepper of a test that is long"], memory_kib=4_096, passes=2)
    stored = hasher.hash(ALICE, PIN)

    def check(pin: str) -> bool:
        return hasher.verify(ALICE, pin, stored).ok

    def leaky(pin: str) -> bool:
        return pin[0] == PIN[0] and check(pin)

    first_wrong, last_wrong = "9" + PIN[1:], PIN[:-1] + "0"
    assert (check(PIN), check(first_wrong), check(last_wrong)) == (True, False, False)
    for wrong in (first_wrong, last_wrong):
        assert 0.5 < cpu_ratio(check, PIN, wrong) < 2
    assert cpu_ratio(leaky, PIN, first_wrong) > 10
