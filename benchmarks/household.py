"""People with money and a PIN, and keypads on which five of six digits are tapped.

What is measured is the sixth tap: all that went before it is got ready here, many cards to a
transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from payments import intents, people, pins, transfers
from payments.models import Keypad, Level, Millis, PersonId, Profile
from payments.money import Money
from payments.pinhash import Verdict
from payments.policy import Caps, Policy
from payments.service import Payments, system_clock
from storage import Sealer, open_store

T = TypeVar("T")

SECRET = "only for measuring " + "x" * 32
PIN = "274913"
_FREELY = dict.fromkeys(Level, Caps(payment=10**9, day=10**9, month=10**9))
POLICY = Policy(topup_day_major=1_000_000, paying=_FREELY, receiving=_FREELY, hour_payments=10**9)
"""Limits are counted as ever, but never reached."""
FUNDS = Money(100_000_000, "EUR")
AMOUNT = Money(1_250, "EUR")

_AT_A_TIME = 200


class NoHash:
    """Checks PINs in no time, so that what is measured is the ledger's part."""

    async def hash(self, person_id: PersonId, pin: str) -> str:
        """The PIN itself."""
        return f"{person_id}:{pin}"

    async def verify(self, person_id: PersonId, pin: str, stored: str) -> Verdict:
        """Compares."""
        return Verdict(ok=stored == f"{person_id}:{pin}", rehash=False)


@dataclass(frozen=True, slots=True)
class LastTap:
    """The one tap that is missing."""

    keypad_id: str
    person_id: PersonId
    token: str

    async def tap(self, payments: Payments) -> None:
        """Approves the payment."""
        await payments.tap(self.keypad_id, self.person_id, self.token, tap_id="last")


async def open_payments(url: str) -> Payments:
    """The use-cases on a store, with a PIN check that costs nothing."""
    return Payments(await open_store(url, Sealer([SECRET.encode()])), NoHash(), POLICY)


async def move_in(payments: Payments, person_ids: Sequence[PersonId]) -> None:
    """Has people join, choose a PIN and be given money."""
    now = system_clock()

    def unit(tx: Any, some: Sequence[PersonId]) -> None:
        for person_id in some:
            profile = Profile(person_id, f"Person {person_id}", f"person{person_id}", "en")
            people.meet(tx, profile, currency="EUR", now=now)
            people.join(tx, person_id, name=profile.name, now=now)
            tx.pins.set(person_id, f"{person_id}:{PIN}", now)
            transfers.top_up(tx, person_id, FUNDS, origin="funds", policy=POLICY, now=now)

    for some in _parts(person_ids):
        await payments.store.write(partial(unit, some=some))


async def five_taps(
    payments: Payments, pairs: Sequence[tuple[PersonId, PersonId]]
) -> list[LastTap]:
    """Makes a card for each payer and payee, and taps all digits but the last.

    A payer has one keypad at a time, so each may be named once.
    """
    now = system_clock()

    def unit(tx: Any, some: Sequence[tuple[PersonId, PersonId]]) -> list[LastTap]:
        return [_five_taps(tx, payer, payee, now) for payer, payee in some]

    ready: list[LastTap] = []
    for some in _parts(pairs):
        ready += await payments.store.write(partial(unit, some=some))
    return ready


def _five_taps(tx: Any, payer: PersonId, payee: PersonId, now: Millis) -> LastTap:
    card = intents.draft(
        tx,
        payer,
        payees=[payee],
        amount=AMOUNT,
        note="lunch on Friday",
        group_id=None,
        origin=None,
        policy=POLICY,
        now=now,
    )
    keypad = pins.ask_for(tx, card.id, payer, policy=POLICY, now=now)
    if not isinstance(keypad, Keypad):
        raise RuntimeError("a new card is overdue")
    for position, digit in enumerate(PIN[:-1]):
        token = keypad.keys[int(digit)]
        pins.tap(tx, keypad.id, payer, token, tap_id=f"tap {position}", policy=POLICY, now=now)
    return LastTap(keypad.id, payer, keypad.keys[int(PIN[-1])])


def _parts(items: Sequence[T]) -> list[Sequence[T]]:
    return [items[start : start + _AT_A_TIME] for start in range(0, len(items), _AT_A_TIME)]
