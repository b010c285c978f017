"""A PostgreSQL server that is killed, cut off, or replaced by its standby while people pay."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

from payments.errors import Unavailable
from payments.ports import Store, Tx
from storage import open_store
from storage.audit import verify_store
from tests.ledger.book import ALICE, BOB, SEALER, balances, begin, do, draft, pay, top_up
from tests.postgres_server import PostgresServer, new_server, new_standby

PAYERS = 8
FUNDS = 1_000_000


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of the test's own, to be broken."""
    with new_server() as running:
        yield running


async def opened(url: str) -> Store:
    """A store in which Alice has plenty."""
    store = await open_store(url, SEALER)
    await store.write(begin)
    await store.write(do(top_up, ALICE, FUNDS, transfer_id="funds"))
    return store


class Load:
    """Alice pays Bob a cent again and again; what was answered is remembered.

    A payment of unknown outcome is tried again under its id until it is answered.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._numbers = itertools.count()
        self._ending = False
        self.answered: list[str] = []
        self.unknown = 0
        self._tasks = [asyncio.create_task(self._keep_paying()) for _ in range(PAYERS)]

    async def go_on(self, payments: int, seconds: float = 30) -> None:
        """Waits for so many more answers."""
        wanted = len(self.answered) + payments
        async with asyncio.timeout(seconds):
            while len(self.answered) < wanted:  # noqa: ASYNC110 (nothing tells)
                await asyncio.sleep(0.01)

    async def end(self) -> None:
        """Waits until whatever was begun is answered."""
        self._ending = True
        async with asyncio.timeout(30):
            await asyncio.gather(*self._tasks)

    async def _keep_paying(self) -> None:
        while not self._ending:
            intent_id = f"i{next(self._numbers)}"
            while not await self._paid(intent_id):  # noqa: ASYNC110 (as a person would)
                await asyncio.sleep(0.05)
            self.answered.append(intent_id)

    async def _paid(self, intent_id: str) -> bool:
        try:
            await self._store.write(do(pay_once, intent_id), locks=[ALICE, BOB])
        except Unavailable:
            self.unknown += 1
            return False
        return True


def pay_once(tx: Tx, intent_id: str) -> None:
    """Pays a cent, unless that has been done: the id was made before."""
    if tx.intents.get(intent_id) is None:
        pay(tx, draft(intent_id, amount=1))


async def assert_paid_once_each(store: Store, load: Load) -> None:
    """All that was answered is in the books, once, and they are sound."""
    paid = await store.read(lambda tx: [i for i in load.answered if tx.intents.get(i) is None])
    assert paid == []
    assert len(load.answered) == len(set(load.answered))
    after = await balances(store)
    assert after[BOB] == (len(load.answered), 0, len(load.answered))
    assert after[ALICE][0] == 10_000 + FUNDS - len(load.answered)
    assert await verify_store(store) == []


async def test_a_server_that_is_killed_and_started_again_loses_nothing(
    server: PostgresServer,
) -> None:
    """Twice under load, once as by a power cut; whoever pays goes on when it is back."""
    store = await opened(server.url())
    load = Load(store)
    for crash in (server.kill, server.stop):
        await load.go_on(50)
        await asyncio.to_thread(crash)
        await asyncio.to_thread(server.start)
    await load.go_on(50)
    await load.end()

    await assert_paid_once_each(store, load)
    await store.close()


async def test_connections_that_are_cut_again_and_again_pay_nothing_twice(
    server: PostgresServer,
) -> None:
    """Whatever a transaction is at when its connection goes, it is carried out once."""
    store = await opened(server.url())
    load, dice = Load(store), random.Random(20_261_122)
    for _ in range(40):
        await asyncio.sleep(dice.uniform(0, 0.05))
        await asyncio.to_thread(
            server.execute,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            " AND random() < 0.5",
        )
    await load.go_on(20)
    await load.end()

    await assert_paid_once_each(store, load)
    await store.close()


async def test_a_connection_cut_in_the_middle_of_commit_is_an_unknown_outcome(
    server: PostgresServer,
) -> None:
    """The payment is in the books, its payer is told that nobody knows, and the id finds it."""
    store = await opened(server.url())
    before = (await balances(store))[BOB]
    _wait_for_standbys(server, "nobody_such")
    paying = asyncio.create_task(store.write(do(pay_once, "i1"), locks=[ALICE, BOB]))
    committing = (
        "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query = 'COMMIT'"
    )
    with psycopg.connect(server.url(), autocommit=True) as connection:
        async with asyncio.timeout(10):
            while not (  # noqa: ASYNC110 (nothing tells)
                found := connection.execute(committing).fetchall()
            ):
                await asyncio.sleep(0.02)
        connection.execute("SELECT pg_terminate_backend(%s)", found[0])

    with pytest.raises(Unavailable):
        await paying

    _wait_for_standbys(server, "")
    assert before == (0, 0, 0)
    assert (await balances(store))[BOB] == (1, 0, 1)
    await store.write(do(pay_once, "i1"), locks=[ALICE, BOB])
    assert (await balances(store))[BOB] == (1, 0, 1)
    assert await verify_store(store) == []
    await store.close()


async def test_a_standby_that_takes_over_has_all_that_was_answered(
    server: PostgresServer,
) -> None:
    """The primary dies for good under load; the store finds the new one by itself."""
    with new_standby(server) as standby:
        _wait_for_standbys(server, "*")
        hosts = f"{server.folder},{standby.folder}"
        store = await opened(
            f"postgresql://postgres@/postgres?host={hosts}&target_session_attrs=read-write"
        )
        load = Load(store)
        await load.go_on(100)

        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(standby.promote)

        await load.go_on(50)
        await load.end()
        await assert_paid_once_each(store, load)
        await store.close()


@pytest.mark.parametrize("met", [errors.DeadlockDetected, errors.SerializationFailure])
async def test_a_transaction_that_always_meets_another_is_given_up(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch, met: type[psycopg.Error]
) -> None:
    """It is run again for a while, with pauses that grow; then its caller is told."""
    monkeypatch.setattr("storage.postgres._PATIENCE_SECONDS", 0.5)
    store = await opened(server.url())
    before = await balances(store)
    runs = 0

    def unlucky(tx: Tx) -> None:
        nonlocal runs
        runs += 1
        pay_once(tx, "i1")
        raise met

    began = time.monotonic()
    with pytest.raises(Unavailable):
        await store.write(unlucky, locks=[ALICE, BOB])

    assert 3 <= runs <= 60
    assert time.monotonic() - began < 5
    assert await balances(store) == before
    await store.close()


def _wait_for_standbys(server: PostgresServer, names: str) -> None:
    """From now on a commit waits for these."""
    server.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
    server.execute("SELECT pg_reload_conf()")
