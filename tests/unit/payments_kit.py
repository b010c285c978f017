"""A bank in a temporary directory: `Payments` on a real SQLite file, and a clock to turn."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from payments import transfers
from payments.errors import Unavailable
from payments.models import Intent, Keypad, Level, Notice, Person, Profile
from payments.money import Money
from payments.pinhash import Verdict
from payments.policy import Caps, Policy
from payments.ports import Ahead
from payments.results import Approved, TapResult
from payments.service import Payments

ALICE, BOB, CAROL, DAN, EVE = 101, 102, 103, 104, 105
NAMES = {ALICE: "Alice", BOB: "Bob", CAROL: "Carol", DAN: "Dan", EVE: "Eve"}
GROUP = -1001
PIN, OTHER_PIN, WRONG = "493817", "582046", "271946"
START = 1_800_000_000_000


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


class Clock:
    """Stands still until it is turned."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now

    def turn(self, ms: int) -> None:
        self.now += ms


@dataclass
class PlainPins:
    """Checks PINs at once; counts how often, and can be made to ask for a new hash."""

    checks: int = 0
    stale: bool = False

    async def hash(self, person_id: int, pin: str) -> str:
        return f"plain:{person_id}:{pin}"

    async def verify(self, person_id: int, pin: str, stored: str) -> Verdict:
        self.checks += 1
        ok = stored.removeprefix("old ") == f"plain:{person_id}:{pin}"
        return Verdict(ok=ok, rehash=ok and stored.startswith("old "))


class FailingStore:
    """A store whose next writes fail, before or after they were committed."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.plan: list[str] = []

    async def write(
        self,
        unit: Callable[[Any], Any],
        *,
        locks: Sequence[int] = (),
        ahead: Ahead | None = None,
    ) -> Any:
        fault = self.plan.pop(0) if self.plan else "none"
        if fault == "before":
            raise Unavailable
        result = await self._store.write(unit, locks=locks, ahead=ahead)
        if fault == "after":
            raise Unavailable
        return result

    async def read(self, unit: Callable[[Any], Any]) -> Any:
        return await self._store.read(unit)

    async def look(self, unit: Callable[[Any], Any]) -> Any:
        return await self._store.look(unit)

    async def close(self) -> None:
        await self._store.close()


@dataclass
class Bank:
    """What a test has in hand."""

    payments: Payments
    store: FailingStore
    clock: Clock
    pins: PlainPins
    path: Path
    taps: Any = field(default_factory=lambda: count(1))

    def restarted(self) -> Payments:
        """Another process on the same database: nothing is remembered but what is stored."""
        return Payments(self.store, self.pins, self.payments.policy, self.clock)

    # people

    async def meet(self, person_id: int, username: str | None = "") -> Person:
        name = NAMES.get(person_id, f"Person {person_id}")
        username = name.lower().replace(" ", "") if username == "" else username
        return await self.payments.meet(Profile(person_id, name, username, "en"))

    async def person(self, person_id: int, *, funds: int = 0, pin: str | None = PIN) -> Person:
        """Somebody who has joined, with a PIN and play money."""
        person = await self.meet(person_id)
        person = await self.payments.join(person_id, name=person.name)
        if pin is not None:
            stored = await self.pins.hash(person_id, pin)
            await self.store.write(lambda tx: tx.pins.set(person_id, stored, self.clock()))
        if funds:
            await self.payments.topup(person_id, eur(funds), origin=f"funds {next(self.taps)}")
        return person

    async def people(self, *person_ids: int, funds: int = 10_000) -> None:
        for person_id in person_ids:
            await self.person(person_id, funds=funds)

    # tapping

    async def type(self, keypad: Keypad, digits: str) -> TapResult:
        """Taps digits, and answers what the last one led to."""
        result: Any = None
        for digit in digits:
            result = await self.tap(keypad, digit)
        return result

    async def tap(self, keypad: Keypad, digit: str, *, tap_id: str | None = None) -> TapResult:
        return await self.payments.tap(
            keypad.id,
            keypad.person_id,
            keypad.keys[int(digit)],
            tap_id=tap_id or f"tap {next(self.taps)}",
        )

    async def approve(self, intent: Intent, pin: str = PIN) -> TapResult:
        keypad = await self.payments.ask_pin(intent.id, intent.payer_id)
        return await self.type(keypad, pin)

    async def approve_in_store(self, intent_id: str) -> Intent:
        """Approves a card that awaits its PIN, as another worker does after the right one."""

        def unit(tx: Any) -> Intent:
            card = tx.intents.get(intent_id)
            return transfers.approve(tx, card, policy=self.payments.policy, now=self.clock())

        approved: Intent = await self.store.write(unit)
        return approved

    async def posted(self, intent: Intent) -> Intent:
        """Approves a card that is expected to go through."""
        result = await self.approve(intent)
        assert isinstance(result, Approved), result
        return result.intent

    async def pay(self, payer: int, payee: int | str, minor: int) -> Intent:
        return await self.posted(
            await self.payments.draft(payer, payees=[payee], amount=eur(minor))
        )

    # looking

    async def balance(self, person_id: int, currency: str = "EUR") -> tuple[int, int]:
        """Balance and what is held of it, in minor units."""
        for account in await self.payments.balances(person_id):
            if account.currency == currency:
                return account.balance_minor, account.held_minor
        return 0, 0

    async def notices(self) -> list[tuple[str, int, str]]:
        """All that waits to be told: kind, to whom, of what."""
        waiting: list[Notice] = []
        while claimed := await self.store.write(
            lambda tx: tx.outbox.claim(now=self.clock(), lease_until=self.clock() + 1, limit=100)
        ):
            waiting += claimed
            for notice in claimed:
                await self.store.write(lambda tx, notice=notice: tx.outbox.done(notice.id))
        return [(n.kind.value, n.conversation_id, n.subject_id) for n in waiting]

    def snapshot(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that may not change when something is refused: every row of every table."""
        with sqlite3.connect(self.path) as connection:
            tables = [
                name
                for (name,) in connection.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
                )
            ]
            rows = {
                table: connection.execute(f'SELECT * FROM "{table}" ORDER BY 1, 2').fetchall()
                for table in tables
                if table != "sqlite_sequence"
            }
        connection.close()
        return rows

    def money(self) -> dict[str, list[tuple[Any, ...]]]:
        """The part of the snapshot that money is made of."""
        tables = ("accounts", "transfers", "entries", "holds", "hold_ends")
        rows = self.snapshot()
        return {table: rows[table] for table in tables}


def policy(**figures: Any) -> Policy:
    """A policy without caps that a test would meet by chance."""
    freely = dict.fromkeys(Level, Caps(payment=10**9, day=10**9, month=10**9))
    usual = {
        "topup_day_major": 1_000_000,
        "hour_payments": 10**6,
        "new_pin_day": 10**9,
        "pin_tries_day": 10**6,
    }
    return Policy(**{"paying": freely, "receiving": freely, **usual, **figures})
