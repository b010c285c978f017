"""Units of work in groups: what one raises is its own, what is answered is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from payments.errors import Unavailable
from payments.ports import Store, Tx
from storage import open_store
from tests.ledger.book import (
    ALICE,
    BOB,
    CAROL,
    SEALER,
    Database,
    balances,
    contents,
    do,
    send,
)


async def _together(store: Store, *units: Callable[[Tx], object]) -> list[object]:
    """Runs units that were queued at the same time, so that they share commits."""
    return await asyncio.gather(*(store.write(unit) for unit in units), return_exceptions=True)


def _broken(tx: Tx) -> None:
    send(tx, "broken", ALICE, CAROL, 5_000)
    raise KeyError("broken")


@pytest.mark.parametrize(
    "error", [KeyError("k"), SystemExit(3), KeyboardInterrupt(), StopIteration(), Unavailable()]
)
async def test_a_unit_that_raises_is_undone(
    store: Store, database: Database, error: BaseException
) -> None:
    """Whatever it raises reaches its caller, and nothing of the unit is kept."""
    before = contents(database)

    def unit(tx: Tx) -> None:
        send(tx, "t1", ALICE, BOB, 1)
        raise error

    expected = RuntimeError if isinstance(error, StopIteration) else type(error)
    with pytest.raises(expected):
        await store.write(unit)

    assert contents(database) == before


async def test_a_unit_that_raises_undoes_itself_alone(store: Store) -> None:
    """Those before and after it in the same commit are kept."""
    outcomes = await _together(
        store,
        do(send, "t1", ALICE, BOB, 1),
        _broken,
        do(send, "t2", ALICE, BOB, 2),
        _broken,
        do(send, "t3", ALICE, BOB, 4),
    )

    assert [type(outcome).__name__ for outcome in outcomes] == [
        "Transfer",
        "KeyError",
        "Transfer",
        "KeyError",
        "Transfer",
    ]
    assert await balances(store) == {
        ALICE: (9_993, 0, 4),
        BOB: (7, 0, 3),
        CAROL: (0, 0, 0),
    }


async def test_an_answer_means_committed(store: Store, database: Database) -> None:
    """At the moment of the answer somebody else sees what was written."""

    async def pay(number: int) -> None:
        await store.write(do(send, f"t{number}", ALICE, BOB, 1))
        seen = database.execute(f"SELECT count(*) FROM transfers WHERE id = 't{number}'")
        assert seen == [(1,)]

    await asyncio.gather(*(pay(number) for number in range(40)))


async def test_a_cancelled_caller_does_not_cancel_its_unit(store: Store) -> None:
    """The unit was queued: it runs to its end, and the writer goes on."""
    caller = asyncio.create_task(store.write(do(send, "t1", ALICE, BOB, 1)))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller

    await store.write(do(send, "t2", ALICE, BOB, 2))

    async with asyncio.timeout(5):  # of two writers the second may be the first to be done
        while (await balances(store))[BOB] != (3, 0, 2):  # noqa: ASYNC110 (nothing tells)
            await asyncio.sleep(0.01)


async def test_more_callers_than_fit_wait_for_room(store: Store) -> None:
    """Fifteen hundred at once are all answered."""
    await asyncio.gather(
        *(store.write(lambda tx: tx.people.has_blocked(ALICE, BOB)) for _ in range(1_500))
    )
    await store.write(do(send, "t1", ALICE, BOB, 1))

    assert (await balances(store))[BOB] == (1, 0, 1)


async def test_a_reader_never_sees_half_a_unit(store: Store) -> None:
    """While writers run, every snapshot has all the money."""
    done = asyncio.Event()
    sums: list[int] = []

    async def write() -> None:
        for number in range(20):
            await _together(
                store,
                *(do(send, f"t{number}-{part}", ALICE, BOB, 7) for part in range(10)),
                _broken,
            )
        done.set()

    async def look() -> None:
        while not done.is_set():
            sums.append(
                sum(balance for balance, _held, _version in (await balances(store)).values())
            )

    await asyncio.gather(write(), look(), look())

    assert len(sums) > 20
    assert set(sums) == {10_000}


async def test_reading_changes_nothing(store: Store, database: Database) -> None:
    """A function that writes where it should only read is refused."""
    before = contents(database)

    with pytest.raises(Unavailable):
        await store.read(do(send, "t1", ALICE, BOB, 1))

    assert contents(database) == before
    assert (await balances(store))[ALICE] == (10_000, 0, 1)


async def test_what_a_reader_raises_reaches_its_caller(store: Store) -> None:
    """And the reader serves the next."""
    for _ in range(10):
        with pytest.raises(KeyError):
            await store.read(lambda tx: {}[tx])

    assert (await balances(store))[ALICE] == (10_000, 0, 1)


async def test_closing_finishes_what_was_queued(database: Database, store: Store) -> None:
    """Everybody who was waiting is answered; later callers are told that it is closed."""
    waiting = [
        asyncio.create_task(store.write(do(send, f"t{number}", ALICE, BOB, 1)))
        for number in range(100)
    ]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*waiting)

    with pytest.raises(Unavailable):
        await store.write(do(send, "late", ALICE, BOB, 1))
    reopened = await open_store(database.url, SEALER)
    assert (await balances(reopened))[BOB] == (100, 0, 100)
    await reopened.close()
    await store.close()
