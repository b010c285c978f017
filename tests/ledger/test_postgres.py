"""What is PostgreSQL's own: several workers on one database, and a server that goes away."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from payments import links
from payments.errors import InsufficientFunds, Unavailable
from payments.models import Link, LinkTerms, NoticeKind, StoredUpdate, Transfer
from payments.money import Money
from payments.policy import Policy
from payments.ports import Store, Tx
from storage import open_store, snapshot
from storage.audit import verify, verify_store
from storage.errors import DatabaseTooNew, DatabaseUnusable
from storage.migrate import migrations
from storage.postgres import PostgresStore, PostgresWriter
from tests.ledger.book import (
    ALICE,
    BOB,
    CAROL,
    NOW,
    SEALER,
    Database,
    account,
    balances,
    contents,
    do,
    link,
    send,
    top_up,
)


@pytest.fixture
def database(new_postgres_database: Callable[[], Database]) -> Database:
    return new_postgres_database()


@pytest.fixture
async def worker(store: Store, database: Database) -> AsyncIterator[Store]:
    """A second worker on the same database as `store`."""
    assert isinstance(store, PostgresStore)
    opened = await open_store(database.url, SEALER)
    yield opened
    await opened.close()


# --- several workers ---------------------------------------------------------------------------


async def test_workers_do_not_overdraw(store: Store, worker: Store) -> None:
    """Of forty payments of all the money by two workers, named or not in locks, one is made."""
    outcomes = await asyncio.gather(
        *(
            place.write(
                do(send, f"{name}{number}", ALICE, BOB, 10_000),
                locks=[ALICE, BOB] if number % 2 else [],
            )
            for number in range(20)
            for name, place in (("a", store), ("b", worker))
        ),
        return_exceptions=True,
    )

    assert sum(isinstance(outcome, Transfer) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, InsufficientFunds) for outcome in outcomes) == 39
    assert await balances(store) == {ALICE: (0, 0, 2), BOB: (10_000, 0, 1), CAROL: (0, 0, 0)}


async def test_one_payment_sent_to_all_workers_is_made_once(store: Store, worker: Store) -> None:
    """The same id at once everywhere: everybody gets the same transfer."""
    outcomes = await asyncio.gather(
        *(
            place.write(do(send, "t1", ALICE, BOB, 100))
            for _ in range(10)
            for place in (store, worker)
        )
    )

    assert {outcome.id for outcome in outcomes} == {"t1"}
    assert (await balances(store))[BOB] == (100, 0, 1)


async def test_an_account_is_opened_once_by_all(store: Store, worker: Store) -> None:
    """A row that does not exist yet cannot be locked, and is still made once."""
    opened = await asyncio.gather(
        *(
            place.write(do(account, BOB, "USD"), locks=[BOB])
            for _ in range(10)
            for place in (store, worker)
        )
    )

    assert len({found.id for found in opened}) == 1


@pytest.mark.parametrize("uses_most", [None, 1])
async def test_one_bank_sale_written_down_by_all_workers_counts_once(
    store: Store, worker: Store, uses_most: int | None
) -> None:
    """All are answered the link with that sale, also where it takes no second one."""
    links_made = [
        replace(
            link(f"l{number}"), terms=LinkTerms(currency="EUR", bank=True, uses_most=uses_most)
        )
        for number in range(20)
    ]
    for made in links_made:
        await store.write(lambda tx, made=made: tx.links.add(made))

    def sell(link_id: str) -> Callable[[Tx], Link]:
        return lambda tx: links.sell_by_bank(
            tx, link_id, BOB, Money(500, "EUR"), origin=link_id, policy=Policy(), now=NOW
        )

    for made in links_made:
        answers = await asyncio.gather(
            *(place.write(sell(made.id)) for place in (store, worker) * 4)
        )
        assert [(answer.bank_uses, answer.bank_paid_minor) for answer in answers] == [(1, 500)] * 8
    assert await verify_store(store) == []


async def test_opposite_payments_do_not_stand_still(store: Store, worker: Store) -> None:
    """Locks are taken in order for a whole batch: no deadlock has to be broken."""
    await store.write(do(top_up, BOB, 10_000))
    began = time.monotonic()

    await asyncio.gather(
        *(
            place.write(do(send, f"{payer}-{number}", payer, payee, 1), locks=[payer, payee])
            for number in range(60)
            for place, payer, payee in ((store, ALICE, BOB), (worker, BOB, ALICE))
        )
    )

    assert time.monotonic() - began < 10
    assert (await balances(store))[ALICE] == (10_000, 0, 121)


async def test_a_row_that_another_changed_is_looked_up_again(
    store: Store, database: Database
) -> None:
    """A try is counted on what is there, not on what was there when the unit looked."""
    await store.write(lambda tx: tx.pins.set(ALICE, "hash", NOW))
    looks = []

    def unit(tx: Tx) -> int:
        pin = tx.pins.count_try(ALICE, now=NOW, lock_until=lambda _pin: None)
        assert pin is not None
        looks.append(pin.tries)
        if len(looks) == 1:
            database.execute("UPDATE pins SET tries = 3, day_tries = 3")
        return pin.tries

    assert await store.write(unit) == 4
    assert looks == [1, 4]


async def test_a_deadlock_is_run_again(store: Store, worker: Store) -> None:
    """Units that nobody locked for, in opposite order, both succeed in the end."""
    await store.write(do(top_up, BOB, 10_000))
    met = threading.Barrier(2)

    def cross(first: tuple[int, int], second: tuple[int, int]) -> Callable[[Tx], None]:
        def unit(tx: Tx) -> None:
            send(tx, f"{first}", *first, 1)
            with suppress(threading.BrokenBarrierError):  # the other may be through already
                met.wait(1)
            send(tx, f"{second}", *second, 1)

        return unit

    await asyncio.gather(
        store.write(cross((ALICE, CAROL), (BOB, CAROL))),
        worker.write(cross((BOB, ALICE), (ALICE, BOB))),
    )

    assert await balances(store) == {
        ALICE: (9_999, 0, 4),
        BOB: (9_999, 0, 4),
        CAROL: (2, 0, 2),
    }


async def test_workers_claim_each_notice_once(store: Store, worker: Store) -> None:
    """However many senders, each notice goes to one, and a conversation stays in order."""

    def tell(tx: Tx) -> None:
        for number in range(60):
            tx.outbox.add(NoticeKind.INTENT, to=number % 20, subject_id=f"{number:02}", now=NOW)

    await store.write(tell)
    sent: dict[int, list[str]] = {}

    async def keep_sending(place: Store) -> None:
        while await place.read(lambda tx: tx.outbox.waiting()):
            claimed = await place.write(
                lambda tx: tx.outbox.claim(now=NOW, lease_until=NOW + 9, limit=3)
            )
            for notice in claimed:
                sent.setdefault(notice.conversation_id, []).append(notice.subject_id)
                await place.write(lambda tx, done=notice.id: tx.outbox.done(done))

    await asyncio.gather(*(keep_sending(place) for place in (store, worker) * 3))

    assert sum(len(subjects) for subjects in sent.values()) == 60
    assert all(subjects == sorted(set(subjects)) for subjects in sent.values())


async def test_workers_keep_lanes_in_order(store: Store, worker: Store) -> None:
    """Two workers that take one lane's updates at once handle them one after the other."""
    handled: dict[int, list[int]] = {0: [], 1: []}
    busy: set[int] = set()

    async def handle(place: Store, name: str, update: StoredUpdate | None) -> None:
        while update is not None:
            assert update.lane not in busy
            busy.add(update.lane)
            handled[update.lane].append(update.update_id)
            await asyncio.sleep(0)
            busy.remove(update.lane)
            finish = do(_finish, update.update_id, name)
            update = await place.write(finish, locks=[update.lane])

    async def arrive(place: Store, name: str, update_id: int) -> None:
        update = StoredUpdate(update_id, update_id % 2, b"payload")
        leased = await place.write(
            lambda tx: tx.inbox.add(update, worker=name, now=NOW, lease_until=NOW + 9),
            locks=[update.lane],
        )
        await handle(place, name, leased)

    await asyncio.gather(
        *(
            arrive(place, name, update_id)
            for update_id in range(60)
            for name, place in (("a", store), ("b", worker))
        )
    )

    assert sorted(handled[0] + handled[1]) == list(range(60))


async def test_workers_recover_each_update_once(store: Store, worker: Store) -> None:
    """A dead worker's updates go to one of the others."""
    for update_id in range(20):
        update = StoredUpdate(update_id, update_id, b"payload")
        await store.write(
            lambda tx, new=update: tx.inbox.add(new, worker="dead", now=NOW, lease_until=NOW)
        )

    recovered = await asyncio.gather(
        *(
            place.write(
                lambda tx: tx.inbox.recover(worker="alive", now=NOW, lease_until=NOW + 9, limit=7)
            )
            for _ in range(4)
            for place in (store, worker)
        )
    )

    found = [update.update_id for updates in recovered for update in updates]
    assert len(found) == len(set(found))
    assert set(found) == set(range(20))


def _finish(tx: Tx, update_id: int, worker: str) -> StoredUpdate | None:
    return tx.inbox.finish(update_id, worker=worker, now=NOW, lease_until=NOW + 9)


# --- a server that goes away -------------------------------------------------------------------


def _hang_up(database: Database) -> None:
    """Ends every other connection to the database, as a restarted server does."""
    database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


async def test_a_lost_connection_is_made_again(store: Store, database: Database) -> None:
    """Between transactions nobody notices, whether they write or read."""
    await asyncio.gather(*(store.write(do(account, ALICE)) for _ in range(20)))
    await asyncio.gather(*(balances(store) for _ in range(20)))

    _hang_up(database)

    await store.write(do(send, "t1", ALICE, BOB, 1))
    for _ in range(8):
        assert (await balances(store))[BOB] == (1, 0, 1)


async def test_a_connection_lost_in_a_unit_is_made_again(store: Store, database: Database) -> None:
    """Nothing was committed, so the unit is run again, and once."""
    runs = 0

    def unit(tx: Tx) -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            _hang_up(database)
        send(tx, "t1", ALICE, BOB, 1)

    await store.write(unit)

    assert runs == 2
    assert (await balances(store))[BOB] == (1, 0, 1)


async def test_an_unknown_outcome_is_told_as_such(store: Store) -> None:
    """COMMIT's answer was lost: Unavailable; the same id again finds what became of it."""
    assert isinstance(store, PostgresStore)
    losses = [psycopg.OperationalError("server closed the connection unexpectedly")]
    for engine in store._writer.engines:
        assert isinstance(engine, PostgresWriter)
        raw, _transaction = engine._session.open()
        engine._session._raw = _LosesAnswer(raw, losses)  # type: ignore[assignment]

    with pytest.raises(Unavailable):
        await store.write(do(send, "t1", ALICE, BOB, 1))

    assert (await store.write(do(send, "t1", ALICE, BOB, 1))).id == "t1"
    assert (await balances(store))[BOB] == (1, 0, 1)


class _LosesAnswer:
    """A connection that breaks after COMMIT was done, before its answer came; then no more."""

    def __init__(self, raw: psycopg.Connection, losses: list[psycopg.Error]) -> None:
        self._raw = raw
        self._losses = losses

    def execute(self, query: Any, *values: Any, **options: Any) -> Any:
        answer = self._raw.execute(query, *values, **options)
        if query == "COMMIT" and self._losses:
            raise self._losses.pop()
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


async def test_a_server_that_is_away_is_told_as_such(
    monkeypatch: pytest.MonkeyPatch, store: Store, database: Database
) -> None:
    """After a while callers are told; once it is back, all goes on."""
    before = contents(database)
    with monkeypatch.context() as away:
        away.setattr("storage.postgres._PATIENCE_SECONDS", 0.05)
        away.setattr("storage.postgres._connect", _refuse)
        assert isinstance(store, PostgresStore)
        for engine in store._writer.engines:
            assert isinstance(engine, PostgresWriter)
            engine._session.drop()
        with pytest.raises(Unavailable):
            await store.write(do(send, "t1", ALICE, BOB, 1))

    assert contents(database) == before
    await store.write(do(send, "t1", ALICE, BOB, 1))


def _refuse(_url: str) -> psycopg.Connection:
    raise psycopg.OperationalError("connection refused")


# --- opening -----------------------------------------------------------------------------------


async def test_many_workers_start_on_an_empty_database(database: Database) -> None:
    """One migrates, the others wait, and all of them work."""
    database.break_open("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")

    stores = await asyncio.gather(*(open_store(database.url, SEALER) for _ in range(4)))

    for store in stores:
        assert await verify_store(store) == []
        await store.close()
    assert database.execute("SELECT number FROM schema_migrations ORDER BY number") == [
        (migration.number,) for migration in migrations("postgres")
    ]


async def test_a_newer_database_is_refused(store: Store, database: Database) -> None:
    """It is not touched, neither to write nor to read."""
    await store.close()
    database.break_open("INSERT INTO schema_migrations VALUES (999, 'future', 0)")
    before = contents(database)

    with pytest.raises(DatabaseTooNew, match="migration 999"):
        await open_store(database.url, SEALER)
    with pytest.raises(DatabaseTooNew, match="migration 999"), snapshot(database.url):
        pass

    assert contents(database) == before


async def test_a_server_that_is_not_there_is_named() -> None:
    """The error says what is wrong, before anything else is tried."""
    with pytest.raises(DatabaseUnusable, match="PostgreSQL cannot be used"):
        await open_store("postgresql://nobody@/nowhere?host=/nowhere", SEALER)


async def test_a_snapshot_stays_what_it_was(store: Store, database: Database) -> None:
    """What is committed meanwhile does not show, and the audit runs on it."""
    with snapshot(database.url) as connection:
        before = connection.all("export_entries")
        await store.write(do(send, "t1", ALICE, BOB, 1))
        assert connection.all("export_entries") == before
        assert verify(connection) == []
