"""A new secret key on a big database, while people pay and others leave."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from payments import people
from payments.models import Profile
from payments.service import Payments
from storage import Sealer, amendment, open_store
from storage.audit import verify_store
from storage.rotation import rotate
from tests.ledger.book import Database, draft
from tests.unit.payments_kit import ALICE, BOB, Bank, Clock, FailingStore, PlainPins, policy

OLD, NEW = b"the old secret key, 32 bytes long", b"the new secret key, 32 bytes long"
SOAK = bool(os.environ.get("SOAK"))
PEOPLE = 100_000 if SOAK else 1_000
FIRST = 10_000
FUNDS = 1_000_000
LONGEST_WAIT_S = 2.0
"""For a whole payment, of nine commits, or a deletion. The rotation keeps 200 rows at a time."""
_AT_ONCE = 1_000
_PAYMENTS_A_DELETION = 10


@dataclass
class Waits:
    """How long people waited."""

    paying: list[float] = field(default_factory=list)
    leaving: list[float] = field(default_factory=list)

    @staticmethod
    async def measure(work: Awaitable[Any], into: list[float]) -> None:
        """Waits for some work, and writes down for how long."""
        began = time.monotonic()
        await work
        into.append(time.monotonic() - began)


@asynccontextmanager
async def opened(database: Database, *keys: bytes) -> AsyncIterator[Bank]:
    """The bank on a database, with these secret keys."""
    store = FailingStore(await open_store(database.url, Sealer(keys)))
    clock, pins = Clock(), PlainPins()
    try:
        yield Bank(Payments(store, pins, policy(), clock), store, clock, pins, Path())
    finally:
        await store.close()


def phone_of(person_id: int) -> str:
    """A number of somebody's own."""
    return f"+55119{person_id:08}"


async def crowd(bank: Bank) -> None:
    """Many people with phone numbers, and for each a card with a note."""

    def unit(tx: Any, first: int) -> None:
        for person_id in range(first, min(first + _AT_ONCE, FIRST + PEOPLE)):
            profile = Profile(person_id, "Somebody", None, "en")
            tx.people.meet(profile, currency="EUR", now=bank.clock())
            people.join(tx, person_id, name="Somebody", now=bank.clock())
            tx.proofs.put_phone(person_id, phone_of(person_id), bank.clock())
            note = f"note {person_id}"
            card = draft(f"i{person_id}", payer=ALICE, payees=(person_id,), note=note)
            tx.intents.add(card, origin=None)

    for first in range(FIRST, FIRST + PEOPLE, _AT_ONCE):
        await bank.store.write(lambda tx, first=first: unit(tx, first))


async def pay_until(rotation: asyncio.Future[Any], bank: Bank) -> tuple[Waits, set[int]]:
    """Alice pays Bob again and again, and now and then somebody leaves; who did."""
    waits, gone = Waits(), set[int]()
    while not rotation.done() or len(waits.paying) < 2 * _PAYMENTS_A_DELETION:
        await waits.measure(bank.pay(ALICE, BOB, 1), waits.paying)
        if len(waits.paying) % _PAYMENTS_A_DELETION == 0 and len(gone) < PEOPLE // 2:
            leaver = FIRST + len(gone) * 2
            await waits.measure(bank.payments.begin_erasing(leaver), waits.leaving)
            gone.add(leaver)
    return waits, gone


async def test_people_pay_and_leave_while_all_others_are_sealed_anew(database: Database) -> None:
    """Nobody waits for long; afterwards all is readable, and the old key is of no use."""
    async with opened(database, OLD) as bank:
        await bank.people(ALICE, BOB, funds=FUNDS)
        await crowd(bank)

    async with opened(database, NEW, OLD) as bank:
        began, cpu = time.monotonic(), time.process_time()
        keys = Sealer([NEW, OLD])
        rotation = asyncio.create_task(
            asyncio.to_thread(lambda: dict(rotate(lambda: amendment(database.url), keys)))
        )
        waits, gone = await pay_until(rotation, bank)
        changed = rotation.result()
        took, cpu = time.monotonic() - began, time.process_time() - cpu
        assert await bank.balance(BOB) == (FUNDS + len(waits.paying), 0)

    print(  # noqa: T201 (how hard the test was is part of its result)
        f"\n{database.url.partition(':')[0]}: {PEOPLE} people sealed anew in {took:.1f} s"
        f" ({cpu:.1f} s of CPU), {len(waits.paying)} payments meanwhile, the longest"
        f" {max(waits.paying):.3f} s, {len(gone)} deletions, the longest"
        f" {max(waits.leaving):.3f} s"
    )
    assert PEOPLE - len(gone) <= changed["phones"] <= PEOPLE
    assert changed["intents"] == PEOPLE
    assert max(*waits.paying, *waits.leaving) < LONGEST_WAIT_S
    await assert_readable_with_the_new_key_alone(database, gone)


async def assert_readable_with_the_new_key_alone(database: Database, gone: set[int]) -> None:
    """Every number and every note opens; of those who left there is nothing."""
    everybody = range(FIRST, FIRST + PEOPLE)

    def look(tx: Any) -> tuple[dict[int, str], list[str]]:
        phones = {person: tx.proofs.phone(person) for person in everybody}
        notes = [tx.intents.get(f"i{person}").note for person in everybody]
        return {person: phone.number for person, phone in phones.items() if phone}, notes

    async with opened(database, NEW) as bank:
        phones, notes = await bank.store.read(look)
        assert await verify_store(bank.store) == []
    assert phones == {person: phone_of(person) for person in everybody if person not in gone}
    assert notes == [f"note {person}" for person in everybody]
