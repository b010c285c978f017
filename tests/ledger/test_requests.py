"""Requests: who asks whom, and how much of it is paid."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from payments.models import RequestState
from payments.ports import Store
from tests.ledger.book import (
    ALICE,
    BOB,
    CAROL,
    HOUR,
    NOW,
    Database,
    contents,
    request,
)


async def test_a_request_comes_back_as_it_was(store: Store, database: Database) -> None:
    """All fields survive, and the note is sealed."""
    full = replace(request("r1", payer="Dave"), reminders=2, reminded_at=NOW, partial=False)

    assert await store.write(lambda tx: tx.requests.add(full, origin=None)) == full
    assert await store.read(lambda tx: tx.requests.get("r1")) == full
    assert await store.read(lambda tx: tx.requests.get("nowhere")) is None
    ((sealed,),) = database.execute("SELECT note FROM requests")
    assert b"rent" not in bytes(sealed)


async def test_the_same_origin_and_payer_answers_the_first(store: Store) -> None:
    """A message that asks several people makes one request to each, however often handled."""
    payers = (ALICE, CAROL, "Dave", None)
    for attempt in range(2):
        for number, payer in enumerate(payers):
            new = request(f"r{attempt}{number}", payer=payer)
            made = await store.write(
                lambda tx, new=new: tx.requests.add(new, origin="chat 5 message 6")
            )
            assert made.id == f"r0{number}"
            if payer == "Dave":
                await store.write(lambda tx, made=made: tx.requests.set_payer(made.id, ALICE))

    assert len(await store.read(lambda tx: tx.requests.batch("b1"))) == 4


async def test_a_request_is_paid_in_parts(store: Store, database: Database) -> None:
    """Parts add up to the whole, at which it is paid; more than that is not counted."""
    await store.write(lambda tx: tx.requests.add(request("r1", payer=None), origin=None))

    part = await store.write(lambda tx: tx.requests.pay_if_open("r1", 1_000, ALICE))
    assert part == replace(request("r1"), paid_minor=1_000, payer_id=ALICE)
    before = contents(database)
    assert await store.write(lambda tx: tx.requests.pay_if_open("r1", 2_001, ALICE)) is None
    assert contents(database) == before
    whole = await store.write(lambda tx: tx.requests.pay_if_open("r1", 2_000, CAROL))
    assert whole == replace(request("r1"), paid_minor=3_000, state=RequestState.PAID)
    before = contents(database)
    assert await store.write(lambda tx: tx.requests.pay_if_open("r1", 1, ALICE)) is None
    assert contents(database) == before


async def test_a_request_is_paid_once_in_a_race(store: Store) -> None:
    """Of ten who pay all of it at once, one does."""
    await store.write(lambda tx: tx.requests.add(request("r1", payer=None), origin=None))

    paid = await asyncio.gather(
        *(store.write(lambda tx: tx.requests.pay_if_open("r1", 3_000, ALICE)) for _ in range(10))
    )

    assert sum(outcome is not None for outcome in paid) == 1


async def test_a_request_moves_from_its_state_only(store: Store) -> None:
    """Declined is declined: it cannot be cancelled afterwards, nor paid."""
    await store.write(lambda tx: tx.requests.add(request("r1"), origin=None))

    def move(to: RequestState) -> object:
        return store.write(lambda tx: tx.requests.move_if("r1", state=RequestState.OPEN, to=to))

    assert await move(RequestState.DECLINED) is True  # type: ignore[misc]
    assert await move(RequestState.CANCELLED) is False  # type: ignore[misc]
    assert await store.write(lambda tx: tx.requests.pay_if_open("r1", 1, ALICE)) is None


async def test_reminders_are_few_and_far_between(store: Store) -> None:
    """No more than so many, and none while the last is too recent."""
    await store.write(lambda tx: tx.requests.add(request("r1"), origin=None))

    async def remind(now: int) -> bool:
        return await store.write(
            lambda tx: tx.requests.remind_if("r1", most=2, not_since=now - 10, now=now)
        )

    assert [await remind(now) for now in (100, 109, 110, 200)] == [True, False, True, False]


async def test_open_requests_are_listed_by_both_ends(store: Store) -> None:
    """Latest first; those to a bare username wait for it, in any case."""
    for number, payer in enumerate((ALICE, "Dave", ALICE)):
        new = request(f"r{number}", payer=payer, created_at=NOW + number)
        await store.write(lambda tx, new=new: tx.requests.add(new, origin=None))
    paid = replace(request("paid"), state=RequestState.PAID, paid_minor=3_000)
    await store.write(lambda tx: tx.requests.add(paid, origin=None))

    by_bob = await store.read(lambda tx: tx.requests.open_by(BOB, 10))
    assert [found.id for found in by_bob] == ["r2", "r1", "r0"]
    to_alice = await store.read(lambda tx: tx.requests.open_to(ALICE, 1))
    assert [found.id for found in to_alice] == ["r2"]
    assert await store.read(lambda tx: tx.requests.count(BOB, ALICE, since=NOW)) == 2
    waiting = await store.read(lambda tx: tx.requests.waiting_for("DAVE"))
    assert [found.id for found in waiting] == ["r1"]

    await store.write(lambda tx: tx.requests.set_payer("r1", CAROL))
    assert await store.read(lambda tx: tx.requests.waiting_for("dave")) == []
    assert await store.read(lambda tx: tx.requests.count(BOB, CAROL, since=NOW)) == 1

    for request_id in ("r1", "r2"):
        await store.write(
            lambda tx, one=request_id: tx.requests.move_if(
                one, state=RequestState.OPEN, to=RequestState.CANCELLED
            )
        )
    for since, of_all in ((NOW, 3), (NOW + 1, 2), (NOW + 2, 1)):
        found = await store.read(lambda tx, since=since: tx.requests.count_all(BOB, since=since))
        assert found == of_all
    assert await store.read(lambda tx: tx.requests.count(BOB, ALICE, since=NOW + 1)) == 2
    assert await store.read(lambda tx: tx.requests.count(BOB, ALICE, since=NOW + 2)) == 1


async def test_overdue_requests_come_longest_overdue_first(store: Store) -> None:
    """At the moment itself a request is overdue."""
    for number in (3, 1, 2):
        new = request(f"r{number}", created_at=NOW + number)
        await store.write(lambda tx, new=new: tx.requests.add(new, origin=None))

    found = await store.read(lambda tx: tx.requests.overdue(NOW + HOUR + 2, 10))
    assert [overdue.id for overdue in found] == ["r1", "r2"]
