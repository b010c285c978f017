"""Books that move from SQLite to PostgreSQL: all of them, or nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from payments.models import NoticeKind, StoredUpdate
from payments.ports import Store, Tx
from storage import move_books, open_store
from storage.audit import verify_store
from storage.errors import DatabaseBusy, DatabaseUnusable
from storage.move import Sum
from tests.ledger.book import (
    ALICE,
    BOB,
    CAROL,
    NOW,
    SEALER,
    Database,
    SqliteFile,
    balances,
    begin,
    contents,
    do,
    draft,
    give_back,
    hold_back,
    link,
    pay,
    request,
    top_up,
)
from tests.memory import growing, needs_proc

TRANSFERS = 100_000 if os.environ.get("SOAK") else 10_000
_STAY = {"pace"}
GROWTH_MOST_MB = 32


@pytest.fixture
def target(new_postgres_database: Callable[[], Database]) -> Database:
    return new_postgres_database()


@pytest.fixture
def source(tmp_path: Path) -> SqliteFile:
    return SqliteFile(tmp_path / "book.db")


async def fill(source: SqliteFile, transfers: int) -> None:
    """A shop's books: payments, a refund, what is held, what is open, and what is to be told."""
    store = await open_store(source.url, SEALER)
    await store.write(begin)
    await store.write(do(top_up, ALICE, transfers * 10, transfer_id="funds"))

    def some(tx: Tx, first: int) -> None:
        for number in range(first, min(first + 500, transfers)):
            pay(tx, draft(f"i{number:06}", payees=(BOB if number % 2 else CAROL,), amount=3))

    for first in range(0, transfers, 500):
        await store.write(do(some, first))

    def rest(tx: Tx) -> None:
        give_back(tx, "i000001-p0", 2, intent_id="refund")
        hold_back(tx, draft("held", payees=("dave",), amount=500))
        tx.intents.add(draft("open", note="lunch ☕"), origin="1:2")
        tx.requests.add(request(), origin=None)
        tx.links.add(link())
        tx.pins.set(ALICE, "$argon2id$of-alice", NOW)
        tx.outbox.add(NoticeKind.INTENT, to=ALICE, subject_id="open", now=NOW)
        tx.outbox.claim(now=NOW, lease_until=NOW + 9_000, limit=9)
        update = StoredUpdate(77, ALICE, b"payload")
        tx.inbox.add(update, worker="gone", now=NOW, lease_until=NOW + 9_000)

    await store.write(rest)
    await store.close()


async def seen(store: Store) -> Any:
    """What the bot goes on with: balances, an open card, a request, a link, a PIN."""

    def look(tx: Tx) -> Any:
        return (
            tx.intents.get("open"),
            tx.requests.get("r1"),
            tx.links.get("l1"),
            tx.pins.get(ALICE),
            tx.intents.payment("held-p0"),
            tx.inbox.last_id(),
        )

    return await balances(store), await store.read(look)


@needs_proc
async def test_all_is_moved_and_goes_on(source: SqliteFile, target: Database) -> None:
    """Each row with its ids and sealed columns; then open cards are paid, and updates handled."""
    await fill(source, TRANSFERS)
    store = await open_store(source.url, SEALER)
    before = await seen(store)
    await store.close()

    began = time.monotonic()
    with growing() as growth:
        moved = move_books(source.path, target.url)
    print(  # noqa: T201 (the figures are a part of its result)
        f"\n{TRANSFERS} transfers moved in {time.monotonic() - began:.1f} s,"
        f" {growth.mb:.1f} MB more at most"
    )

    assert growth.mb < GROWTH_MOST_MB
    assert moved.rows["transfers"] == TRANSFERS + 3
    assert moved.rows["entries"] == 2 * (TRANSFERS + 3)
    assert moved.money == [Sum("EUR", 10_000 + TRANSFERS * 10, 500, 10_002 + TRANSFERS * 13)]
    copied = contents(target)
    for table, rows in contents(source).items():
        if table not in _STAY | {"outbox", "inbox"}:
            assert copied[table] == rows, table
    store = await open_store(target.url, SEALER)
    assert await seen(store) == before
    await _goes_on(store)
    await store.close()


async def _goes_on(store: Store) -> None:
    lent = {"now": NOW, "lease_until": NOW + 9, "limit": 9}
    [notice] = await store.write(lambda tx: tx.outbox.claim(**lent))
    [update] = await store.write(lambda tx: tx.inbox.recover(worker="new", **lent))
    await store.write(do(pay, draft("after", amount=1)))
    await store.write(
        lambda tx: tx.outbox.add(NoticeKind.INTENT, to=BOB, subject_id="after", now=NOW)
    )
    await store.write(lambda tx: tx.ledger.open_person_account(BOB, "USD", NOW), locks=[BOB])
    assert (notice.subject_id, update.payload) == ("open", b"payload")
    assert await verify_store(store) == []


async def test_a_target_that_is_not_empty_is_left_alone(
    source: SqliteFile, target: Database
) -> None:
    """Not a row is added to it."""
    await fill(source, 2)
    store = await open_store(target.url, SEALER)
    await store.write(begin)
    await store.close()
    before = contents(target)

    with pytest.raises(DatabaseUnusable, match="the target is not empty"):
        move_books(source.path, target.url)

    assert contents(target) == before


async def test_books_that_a_bot_has_open_are_not_moved(
    source: SqliteFile, target: Database
) -> None:
    """The sentence says which process has them."""
    await fill(source, 2)
    before = contents(target)
    store = await open_store(source.url, SEALER)

    with pytest.raises(DatabaseBusy, match=r"in use by process \d+"):
        move_books(source.path, target.url)

    await store.close()
    assert contents(target) == before


async def test_books_that_are_not_sound_are_not_moved(
    source: SqliteFile, target: Database
) -> None:
    """What breaks which invariant is named, and the target stays empty."""
    await fill(source, 2)
    source.break_open("UPDATE accounts SET balance = balance + 1 WHERE person_id = 2")
    before = contents(target)

    with pytest.raises(DatabaseUnusable, match="the books are not sound, nothing was moved: I1"):
        move_books(source.path, target.url)

    assert contents(target) == before


async def test_a_copy_that_fails_half_way_leaves_nothing(
    source: SqliteFile, target: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One row that does not arrive is enough: nothing is kept, and it can be tried again."""
    await fill(source, 3)
    before = contents(target)
    monkeypatch.setattr("storage.move._count", _one_too_few)

    with pytest.raises(DatabaseUnusable, match="the copy differs from the books"):
        move_books(source.path, target.url)

    monkeypatch.undo()
    assert contents(target) == before
    assert move_books(source.path, target.url).rows["transfers"] == 6


def _one_too_few(copy: Any, table: str) -> int:
    (count,) = copy.execute(f"SELECT count(*) FROM {table}").fetchone()
    return max(count - 1, 0)


async def test_only_sqlite_moves_and_only_to_postgresql(tmp_path: Path) -> None:
    """Whatever else is named is refused in a sentence."""
    with pytest.raises(DatabaseUnusable, match=r"moved to postgresql://… only"):
        move_books(tmp_path / "a.db", f"sqlite:///{tmp_path}/b.db")
    with pytest.raises(DatabaseUnusable, match="there is no database"):
        move_books(tmp_path / "a.db", "postgresql://nobody@/nowhere?host=/nowhere")
