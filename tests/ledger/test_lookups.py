"""Look-ups by phone number, counted on each engine so that nobody finds people by trying."""

from __future__ import annotations

import asyncio

import pytest

from payments import people, proofs
from payments.errors import Limit, LimitExceeded, NotJoined
from payments.models import Profile
from payments.policy import DAY, HOUR, Policy
from payments.ports import Store
from storage import open_store
from tests.ledger.book import ALICE, BOB, CAROL, NOW, SEALER, Database, contents

HERS, UNKNOWN = "+5511912345678", "+4915123456789"
POLICY = Policy(lookups_hour=3, lookups_day=5)


@pytest.fixture(autouse=True)
async def _joined(store: Store) -> None:
    """Alice looks people up; Bob has a number that finds him; Carol has not joined."""
    for person_id in (ALICE, BOB):
        await store.write(lambda tx, one=person_id: people.join(tx, one, name="", now=NOW))
    await store.write(lambda tx: proofs.verify_phone(tx, BOB, HERS, owner_id=BOB, now=NOW))


async def look_up(
    store: Store, number: str = UNKNOWN, *, by: int = ALICE, now: int = NOW
) -> int | None:
    """Whom a number finds."""
    found = await store.write(
        lambda tx: proofs.look_up(tx, number, by=by, policy=POLICY, now=now), locks=[by]
    )
    return None if found is None else found.id


async def refused(store: Store, database: Database, *, now: int) -> int | None:
    """Looks up once too often: when more is possible. Nothing is counted, found or moved."""
    before = contents(database)
    for number in (HERS, UNKNOWN):
        with pytest.raises(LimitExceeded) as error:
            await look_up(store, number, now=now)
        assert (error.value.limit, error.value.possible) == (Limit.LOOKUPS, None)
    assert contents(database) == before
    return error.value.again_at


async def test_an_hour_and_a_day_have_their_number(store: Store, database: Database) -> None:
    """Found or not, each look-up counts, for an hour and for 24 hours, to the millisecond."""
    assert [await look_up(store, number) for number in (HERS, UNKNOWN, UNKNOWN)] == [
        BOB,
        None,
        None,
    ]
    assert await refused(store, database, now=NOW) == NOW + HOUR
    assert await refused(store, database, now=NOW + HOUR - 1) == NOW + HOUR

    assert await look_up(store, HERS, now=NOW + HOUR) == BOB
    assert await look_up(store, now=NOW + HOUR) is None
    assert await refused(store, database, now=NOW + HOUR) == NOW + DAY
    assert await refused(store, database, now=NOW + DAY - 1) == NOW + DAY
    assert await look_up(store, HERS, now=NOW + DAY) == BOB

    assert await look_up(store, HERS, by=BOB, now=NOW) == BOB


async def test_the_count_outlives_a_restart(store: Store, database: Database) -> None:
    """What another process, or the same one later, looks up is counted with the rest."""
    for _ in range(2):
        await look_up(store)
    await store.close()
    again = await open_store(database.url, SEALER)
    await look_up(again)
    assert await refused(again, database, now=NOW) == NOW + HOUR
    await again.close()


async def test_looking_up_at_once_gains_nothing(store: Store) -> None:
    """Of forty look-ups that race, as many are answered as one after the other."""
    answers = await asyncio.gather(
        *(look_up(store, now=NOW + number) for number in range(40)), return_exceptions=True
    )
    assert answers.count(None) == POLICY.lookups_hour
    assert all(isinstance(answer, LimitExceeded | None) for answer in answers)


async def test_a_clock_that_goes_back_loosens_nothing(store: Store, database: Database) -> None:
    """What was counted at a later moment counts now."""
    for _ in range(3):
        await look_up(store, now=NOW + DAY)
    assert await refused(store, database, now=NOW) == NOW + DAY + HOUR


async def test_whoever_has_blocked_the_seeker_is_unknown(store: Store) -> None:
    """A number of theirs tells nothing; the other way round it does."""
    await store.write(lambda tx: people.block(tx, BOB, ALICE, now=NOW))
    assert await look_up(store, HERS) is None
    await store.write(lambda tx: tx.people.unblock(BOB, ALICE))
    await store.write(lambda tx: people.block(tx, ALICE, BOB, now=NOW))
    assert await look_up(store, HERS) == BOB


async def test_only_who_has_joined_looks_people_up(store: Store, database: Database) -> None:
    """A throw-away account has to accept the terms first; nothing is counted."""
    before = contents(database)
    with pytest.raises(NotJoined):
        await look_up(store, HERS, by=CAROL)
    assert contents(database) == before


async def test_old_look_ups_are_forgotten(store: Store, database: Database) -> None:
    """No more than a day of them is kept, of nobody."""
    for day in range(4):
        await look_up(store, now=NOW + day * DAY)
        await look_up(store, by=BOB, now=NOW + day * DAY)
    assert database.execute("SELECT looked_at FROM lookups") == [(NOW + 3 * DAY,)] * 2


async def test_coming_back_under_the_same_number_gains_nothing(
    store: Store, database: Database
) -> None:
    """Whoever has everything about them deleted and joins again goes on where they were."""
    for _ in range(3):
        await look_up(store)
    await store.write(lambda tx: tx.privacy.forget(ALICE, 2**52 + 1, name="Deleted account"))
    profile = Profile(ALICE, "Alice", "alice", "en")
    await store.write(lambda tx: tx.people.meet(profile, currency="EUR", now=NOW))
    await store.write(lambda tx: people.join(tx, ALICE, name="", now=NOW))
    assert await refused(store, database, now=NOW) == NOW + HOUR
    rows = database.execute("SELECT seeker FROM lookups")
    assert not any(str(ALICE).encode() == bytes(seeker) for (seeker,) in rows)
