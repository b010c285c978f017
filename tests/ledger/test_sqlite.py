"""What is SQLite's own: faults of the disk, one process at a time, files and their rights."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiosqlite
import pytest

from payments.errors import Unavailable
from payments.models import Transfer
from payments.ports import Store, Tx
from storage import open_store
from storage.audit import verify
from storage.errors import DatabaseBusy, DatabaseUnusable
from storage.sqlite import SqliteStore, SqliteWriter, snapshot
from tests.ledger.book import (
    ALICE,
    BOB,
    SEALER,
    Database,
    SqliteFile,
    balances,
    begin,
    contents,
    do,
    send,
)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return SqliteFile(tmp_path / "book.db")


class _Faulty:
    """A `sqlite3` connection on which one statement fails, before or after it is run."""

    def __init__(self, raw: sqlite3.Connection, statement: str, *, after: bool) -> None:
        self._raw = raw
        self._statement = statement
        self._after = after

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if sql != self._statement:
            return self._raw.execute(sql, *values)
        if self._after:
            self._raw.execute(sql, *values)
        raise sqlite3.OperationalError("disk I/O error")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


def _writer(store: Store) -> SqliteWriter:
    assert isinstance(store, SqliteStore)
    (engine,) = store._writer.engines
    assert isinstance(engine, SqliteWriter)
    return engine


@pytest.mark.parametrize("statement", ["BEGIN IMMEDIATE", "COMMIT", "SAVEPOINT unit"])
async def test_a_failed_commit_fails_everyone(
    store: Store, database: Database, statement: str
) -> None:
    """Nobody in the batch is told "done", nothing moved, and the next batch is served."""
    writer = _writer(store)
    before = contents(database)
    running, queued = threading.Event(), threading.Event()

    def break_the_next_batch(_tx: Tx) -> None:
        running.set()
        assert queued.wait(60)
        writer._raw = _Faulty(writer._raw, statement, after=False)  # type: ignore[assignment,arg-type]

    first = asyncio.create_task(store.write(break_the_next_batch))
    await asyncio.to_thread(running.wait)
    payments = [
        asyncio.create_task(store.write(do(send, f"t{number}", ALICE, BOB, 1)))
        for number in range(10)
    ]
    # Makes the batch run again with savepoints, so that each of its units can be undone alone.
    payments.append(asyncio.create_task(store.write(_write_and_raise)))
    await asyncio.sleep(0)
    queued.set()
    await first
    outcomes = await asyncio.gather(*payments, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 11
    assert contents(database) == before
    await store.write(do(send, "later", ALICE, BOB, 1))
    assert (await balances(store))[BOB] == (1, 0, 1)


def _write_and_raise(tx: Tx) -> Transfer:
    send(tx, "broken", ALICE, BOB, 1)
    raise KeyError("broken")


async def test_an_unknown_outcome_is_told_as_such(store: Store) -> None:
    """Committed, but the answer was lost: Unavailable, and the same id again finds the first."""
    writer = _writer(store)
    writer._raw = _Faulty(writer._raw, "COMMIT", after=True)  # type: ignore[assignment,arg-type]

    with pytest.raises(Unavailable):
        await store.write(do(send, "t1", ALICE, BOB, 1))

    again = await store.write(do(send, "t1", ALICE, BOB, 1))
    assert again.id == "t1"
    assert (await balances(store))[BOB] == (1, 0, 1)


async def test_a_full_disk_loses_nothing_acknowledged(store: Store) -> None:
    """When the file may grow no more, callers are told, and it goes on once there is room."""
    writer = _writer(store)

    def set_room(pages: int) -> Callable[[Tx], None]:
        def unit(_tx: Tx) -> None:
            assert writer._raw is not None
            writer._raw.execute(f"PRAGMA max_page_count = {pages}")

        return unit

    await store.write(set_room(1))  # SQLite raises it to the present size
    paid, refused = 0, 0
    for start in range(0, 2_000, 100):
        outcomes = await asyncio.gather(
            *(
                store.write(do(send, f"t{number}", ALICE, BOB, 1))
                for number in range(start, start + 100)
            ),
            return_exceptions=True,
        )
        paid += sum(isinstance(outcome, Transfer) for outcome in outcomes)
        refused = sum(isinstance(outcome, Unavailable) for outcome in outcomes)
        assert paid % 100 + refused in {0, 100}
        if refused:
            break
    assert refused
    assert (await balances(store))[BOB][0] == paid

    await store.write(do(send, "later", ALICE, BOB, 1))
    assert (await balances(store))[BOB][0] == paid + 1


async def test_statements_after_a_failure_are_refused(store: Store, database: Database) -> None:
    """SQLite may end a transaction by itself: what a unit then writes is not committed alone."""
    writer = _writer(store)
    before = contents(database)

    def unit(tx: Tx) -> None:
        send(tx, "t1", ALICE, BOB, 1)
        assert writer._raw is not None
        writer._raw.execute("ROLLBACK")  # as SQLite does when the disk is full
        writer._connection.failure = sqlite3.OperationalError("database or disk is full")
        with pytest.raises(Unavailable):
            send(tx, "t2", ALICE, BOB, 1)

    with pytest.raises(Unavailable):
        await store.write(unit)

    assert contents(database) == before


async def test_a_second_process_is_told_that_it_is_busy(
    store: Store, database: SqliteFile
) -> None:
    """It names the first one, and stops; reading beside it works."""
    script = (
        "import asyncio, sys; from storage import open_store, Sealer\n"
        "asyncio.run(open_store(sys.argv[1], Sealer([b'k' * 32])))"
    )
    second = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", script, database.url],
        capture_output=True,
        text=True,
        check=False,
    )

    assert second.returncode == 1
    assert "DatabaseBusy" in second.stderr
    with pytest.raises(DatabaseBusy, match="in use by process"):
        await open_store(database.url, SEALER)
    with snapshot(database.path) as connection:
        assert verify(connection) == []
    await store.write(do(send, "t1", ALICE, BOB, 1))


async def test_a_closed_database_is_free_again(database: SqliteFile) -> None:
    """Closing lets the next one in."""
    for _ in range(2):
        store = await open_store(database.url, SEALER)
        await store.close()


async def test_a_snapshot_stays_what_it_was(store: Store, database: SqliteFile) -> None:
    """What is committed meanwhile does not show."""
    with snapshot(database.path) as connection:
        before = connection.all("export_entries")
        await store.write(do(send, "t1", ALICE, BOB, 1))
        assert connection.all("export_entries") == before


async def test_settings_of_the_writer(store: Store) -> None:
    """Durable, checked, and clean behind itself."""
    raw = _writer(store)._raw
    assert raw is not None
    pragmas = "journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout"

    found = [raw.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]

    assert found == ["wal", 2, 1, 1, 5_000]


async def test_files_are_the_owners_only(store: Store, database: SqliteFile) -> None:
    """Nobody else on the machine reads the book."""
    assert await balances(store)
    folder = database.path.parent

    names = _names_in(folder)
    assert names == ["book.db", "book.db-shm", "book.db-wal", "book.db.lock"]
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in names} == {0o600}


def _names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:///", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("mysql://x", "neither"),
        ("sqlite:////nowhere/at/all/book.db", "the folder /nowhere/at/all does not exist"),
    ],
)
async def test_an_unusable_url_is_named(url: str, says: str) -> None:
    """The error says what is wrong in a sentence."""
    with pytest.raises(DatabaseUnusable, match=says):
        await open_store(url, SEALER)


async def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    """It is not overwritten."""
    path = tmp_path / "letter.txt"
    path.write_text("Dear Bob, " * 1_000)

    with pytest.raises(DatabaseUnusable, match="not a database"):
        await open_store(f"sqlite:///{path}", SEALER)
    with pytest.raises(DatabaseUnusable, match="not a database"), snapshot(path):
        pass

    assert path.read_text() == "Dear Bob, " * 1_000


async def test_a_folder_is_no_database(tmp_path: Path) -> None:
    """Nor is what cannot be opened for any other reason."""
    (tmp_path / "book.db").mkdir()

    with pytest.raises(DatabaseUnusable, match=r"book\.db cannot be used"):
        await open_store(f"sqlite:///{tmp_path}/book.db", SEALER)


def test_a_missing_database_is_not_made_by_reading(tmp_path: Path) -> None:
    """Looking into a book that is not there makes no file."""
    path = tmp_path / "book.db"
    with pytest.raises(DatabaseUnusable, match="there is no database"), snapshot(path):
        pass

    assert _names_in(tmp_path) == []


async def test_aiosqlite_runs_a_function_on_its_thread(tmp_path: Path) -> None:
    """The readers rely on this inherited method, which aiosqlite does not document."""
    async with aiosqlite.connect(tmp_path / "any.db") as connection:
        names = await asyncio.gather(
            *(
                connection._execute(  # type: ignore[no-untyped-call]
                    lambda part: (threading.current_thread().name, part), number
                )
                for number in range(3)
            )
        )

    assert len({name for name, _number in names}) == 1
    assert [number for _name, number in names] == [0, 1, 2]
    assert names[0][0] != threading.current_thread().name


async def test_the_book_survives_a_restart(database: SqliteFile) -> None:
    """What was committed is there when the bot comes back."""
    first = await open_store(database.url, SEALER)
    await first.write(begin)
    await first.close()

    second = await open_store(database.url, SEALER)
    assert (await balances(second))[ALICE] == (10_000, 0, 1)
    await second.close()
