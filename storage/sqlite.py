"""SQLite: one writer, many readers.

The writer is one stdlib `sqlite3` connection on one thread, which commits in groups with
`synchronous=FULL`: what was answered survives a power cut. Readers are a few aiosqlite
connections, read-only; each read sees one snapshot. (A connection shared by several coroutines
would let one's rollback undo the other's acknowledged rows; here no transaction is ever open
between two calls.)

A second process that opens the same database for writing is told that it is busy, since group
commit lives in one process. Reading (`snapshot`) works beside a running bot.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import IO, Any, TypeVar

import aiosqlite

from payments.errors import Unavailable
from payments.models import PersonId
from payments.ports import Ahead
from storage.connection import Row
from storage.errors import DatabaseBusy, DatabaseUnusable, SealError
from storage.group_commit import GroupCommit, Job
from storage.migrate import applied_in_sqlite, migrate_sqlite, migrations, require_current
from storage.sealing import Sealer
from storage.statements import statements
from storage.transaction import Transaction

T = TypeVar("T")

_READERS = 3
_STATEMENTS_KEPT = 512
_WAL_MOST = 64 << 20
"""Bytes that it keeps on the disk, once a long reader that made it longer is done."""
_PATIENCE_S = 60
_BETWEEN_TRIES_S = 0.001
_PRIVATE = 0o600

_ONE_STATEMENT = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.ProgrammingError)
"""Errors that undo their statement and leave the transaction as it was."""


class SqliteConnection:
    """`storage.connection.Connection` on a `sqlite3` connection.

    After an error that may have ended the transaction (disk full, I/O), it refuses all further
    statements: they would be committed one by one.
    """

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw
        self._version: int | None = None
        self._statements = statements()
        self.failure: sqlite3.Error | None = None

    def one(self, query: str, **values: object) -> Row | None:
        """Runs a query and answers its first row."""
        row: Row | None = self._run(query, values).fetchone()
        return row

    def all(self, query: str, **values: object) -> list[Row]:
        """Runs a query and answers all its rows."""
        return self._run(query, values).fetchall()

    def each(self, query: str, **values: object) -> Iterator[Row]:
        """Runs a query and answers its rows one by one, however many there are."""
        return self._run(query, values)

    def run(self, query: str, **values: object) -> int:
        """Runs a query and answers how many rows it changed."""
        return self._run(query, values).rowcount

    def write(self, changes: Sequence[tuple[str, Sequence[Mapping[str, object]]]]) -> list[int]:
        """Runs several queries, each for all its values; answers how many rows each changed."""
        return [self._run_for_all(query, rows) for query, rows in changes]

    def others_wrote(self) -> bool:
        """Whether another connection may have committed something since this was last asked.

        https://www.sqlite.org/pragma.html#pragma_data_version
        """
        version = self._version
        (self._version,) = self._raw.execute("PRAGMA data_version").fetchone()
        return self._version != version

    def lock_lane(self, lane: int) -> None:
        """Nothing to do: a writing transaction has the whole database."""

    def _run(self, query: str, values: dict[str, object]) -> sqlite3.Cursor:
        statement = self._statements[query]
        return self._attempt(self._raw.execute, statement.text, statement.in_order(values))

    def _run_for_all(self, query: str, rows: Sequence[Mapping[str, object]]) -> int:
        statement = self._statements[query]
        values = [statement.in_order(row) for row in rows]
        done = changed = 0
        for width, text in statement.wide:
            while len(values) - done >= width:
                at_once = [*chain.from_iterable(values[done : done + width])]
                changed += self._attempt(self._raw.execute, text, at_once).rowcount
                done += width
        if done < len(values):
            rest = values[done:]
            changed += self._attempt(self._raw.executemany, statement.text, rest).rowcount
        return changed

    def _attempt(
        self, run: Callable[[str, Any], sqlite3.Cursor], text: str, values: object
    ) -> sqlite3.Cursor:
        if self.failure is not None:
            raise Unavailable("the transaction has failed") from self.failure
        try:
            return run(text, values)
        except _ONE_STATEMENT:
            raise
        except sqlite3.Error as error:
            self.failure = error
            raise Unavailable("the database did not answer") from error


class SqliteWriter:
    """The one connection that writes. All but the constructor runs on the writer thread."""

    def __init__(self, path: Path, sealer: Sealer) -> None:
        self._path = path
        self._sealer = sealer
        self._raw: sqlite3.Connection | None = None
        self._open()

    def commit(self, jobs: list[Job]) -> None:
        """Runs all jobs in one transaction and commits it (see `group_commit.Engine`)."""
        try:
            raw = self._raw or self._open()
            jobs.sort(key=attrgetter("writes"))  # who only looks need not have the others' written
            raw.execute("BEGIN IMMEDIATE" if jobs[-1].writes else "BEGIN")
            if not self._run_together(jobs):
                raw.execute("ROLLBACK")
                raw.execute("BEGIN IMMEDIATE")
                self._run_apart(raw, jobs)
            raw.execute("COMMIT")
        except BaseException:
            # Whatever state the connection is in, the next batch begins with a new one.
            self._drop()
            raise

    def close(self) -> None:
        """Closes the connection."""
        self._drop()

    def _run_together(self, jobs: list[Job]) -> bool:
        """Runs all jobs without savepoints, and writes what they put down all at once.

        False where a job raised that had written something, or found what it cannot read: neither
        can be undone by itself.
        """
        workspace = self._transaction.workspace
        if self._connection.others_wrote():
            workspace.clear()
        workspace.begin()
        if len(jobs) > 1:
            try:
                self._transaction.look_up(job.ahead for job in jobs)
            except SealError:
                return False
        for job in jobs:
            written = workspace.written
            if not self._attempt(job) and (
                workspace.written != written or isinstance(job.error, SealError)
            ):
                return False
        try:
            workspace.write()
        except _ONE_STATEMENT:
            return False
        return True

    def _run_apart(self, raw: sqlite3.Connection, jobs: list[Job]) -> None:
        """Runs all jobs, each so that it can be undone by itself."""
        self._transaction.workspace.clear()
        for job in jobs:
            raw.execute("SAVEPOINT unit")
            if not self._attempt(job, write=True):
                raw.execute("ROLLBACK TO unit")
                self._transaction.workspace.clear()
            raw.execute("RELEASE unit")

    def _attempt(self, job: Job, *, write: bool = False) -> bool:
        """Runs one job; False if it raised.

        Raises:
            sqlite3.Error: what it met may have ended the transaction.
        """
        done = job.attempt(self._transaction, write=write)
        if self._connection.failure is not None:
            raise self._connection.failure
        return done

    def _open(self) -> sqlite3.Connection:
        raw = _connect_to_write(self._path)
        self._connection = SqliteConnection(raw)
        self._transaction = Transaction(self._connection, self._sealer)
        self._raw = raw
        return raw

    def _drop(self) -> None:
        """Closes the connection, which undoes whatever is open on it."""
        if self._raw is not None:
            self._raw.close()
            self._raw = None


class _Reader(aiosqlite.Connection):
    """A read-only connection on its own thread, which runs a whole function at once.

    aiosqlite offers single statements; its inherited `_execute` runs any function on its thread.
    """

    def __init__(self, path: Path, sealer: Sealer) -> None:
        super().__init__(lambda: _connect_to_read(path), iter_chunk_size=64)
        self._sealer = sealer
        self._transaction: Transaction | None = None
        self._thread.daemon = True  # a program that crashes does not hang on its readers

    async def snapshot(self, unit: Callable[[Any], T]) -> T:
        """Runs a function on one snapshot; in it nothing changes, whatever is committed."""
        answer: T = await self._execute(self._read, unit)  # type: ignore[no-untyped-call]
        return answer

    def _read(self, unit: Callable[[Any], T]) -> T:
        if self._transaction is None:
            self._transaction = Transaction(SqliteConnection(self._conn), self._sealer)
        self._conn.execute("BEGIN")
        try:
            return self._transaction.read(unit)
        except BaseException:
            self._transaction = None  # its connection may refuse all further statements
            raise
        finally:
            if self._conn.in_transaction:
                self._conn.execute("ROLLBACK")


class SqliteStore:
    """`payments.ports.Store` on an SQLite file. Made by `open`."""

    shared = False

    def __init__(self, writer: GroupCommit, readers: Sequence[_Reader], lock: IO[str]) -> None:
        self._writer = writer
        self._readers = readers
        self._idle: asyncio.LifoQueue[_Reader] = asyncio.LifoQueue()
        for reader in readers:
            self._idle.put_nowait(reader)
        self._lock = lock

    @classmethod
    async def open(cls, path: Path, sealer: Sealer) -> SqliteStore:
        """Opens a database, made and brought up to date as needed.

        Raises:
            DatabaseBusy: another process has it.
            DatabaseTooNew: a newer version made it.
            DatabaseUnusable: it is not there, not writable, or not a database.
        """
        lock = _take_lock(path)
        try:
            engine = await asyncio.to_thread(_prepare, path, sealer)
            readers = [_Reader(path, sealer) for _ in range(_READERS)]
            for reader in readers:
                await reader  # connects
        except BaseException:
            lock.close()
            raise
        return cls(GroupCommit([engine]), readers, lock)

    async def write(
        self,
        unit: Callable[[Any], T],
        *,
        locks: Sequence[PersonId] = (),
        ahead: Ahead | None = None,
    ) -> T:
        """Runs a unit of work and answers after its commit; `locks` need nothing here.

        Raises:
            Unavailable: it was not committed, or nobody knows.
            Exception: whatever `unit` raised; then nothing of it was kept.
        """
        return await self._writer.submit(unit, locks, ahead)

    async def aside(self, unit: Callable[[Any], T]) -> T:
        """Runs a unit of work like any other: one commit serves all that wait for it."""
        return await self.write(unit)

    async def lead(self, role: str) -> bool:  # noqa: ARG002 - whatever the role
        """Always: no other process may have this database."""
        return True

    async def read(self, unit: Callable[[Any], T]) -> T:
        """Runs a function that only reads, on one consistent snapshot of what is committed.

        Raises:
            Unavailable: the database did not answer.
            Exception: whatever `unit` raised.
        """
        reader = await self._idle.get()
        try:
            return await reader.snapshot(unit)
        finally:
            self._idle.put_nowait(reader)

    async def look(self, unit: Callable[[Any], T]) -> T:
        """As `read`, with the writer's next batch: it has in memory what was just dealt with."""
        return await self._writer.submit(partial(_look, unit), writes=False)

    async def close(self) -> None:
        """Finishes what is under way and lets go of the database."""
        await self._writer.close()
        for reader in self._readers:
            await reader.close()
        self._lock.close()


def _look(unit: Callable[[Transaction], T], transaction: Transaction) -> T:
    workspace = transaction.workspace
    written = workspace.written
    answer = unit(transaction)
    if workspace.written != written:
        raise RuntimeError("a reading function tried to write")
    return answer


@contextmanager
def snapshot(path: Path) -> Iterator[SqliteConnection]:
    """One consistent view of a database, beside whoever writes to it.

    Raises:
        DatabaseTooNew: a newer version made the database.
        DatabaseUnusable: it is not there, not readable, or not a database of this version.
    """
    with reading(path) as raw:
        yield SqliteConnection(raw)


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection in such a view, for whoever reads whole tables. Raises as `snapshot` does."""
    if not path.exists():
        raise DatabaseUnusable(f"there is no database {path}")
    try:
        raw = _connect_to_read(path)
    except sqlite3.Error as error:
        raise DatabaseUnusable(f"{path} cannot be read: {error}") from error
    try:
        require_current(migrations("sqlite"), applied_in_sqlite(raw))
        raw.execute("BEGIN")
        yield raw
    except sqlite3.DatabaseError as error:
        raise DatabaseUnusable(f"{path} cannot be read: {error}") from error
    finally:
        raw.close()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keeps every bot away from a database.

    Raises:
        DatabaseBusy: one runs on it.
        DatabaseUnusable: there is no such database.
    """
    if not path.exists():
        raise DatabaseUnusable(f"there is no database {path}")
    with _take_lock(path):
        yield


@contextmanager
def amendment(path: Path) -> Iterator[SqliteConnection]:
    """One short transaction that writes, beside a bot that may run: one waits for the other.

    Raises:
        DatabaseUnusable: it cannot be written; nothing was.
    """
    raw = _connect_to_write(path)
    try:
        _begin_beside_a_bot(raw)
        yield SqliteConnection(raw)
        raw.execute("COMMIT")
    except (sqlite3.Error, Unavailable) as error:
        raise DatabaseUnusable(f"{path} cannot be written: {error}") from error
    finally:
        raw.close()


def _begin_beside_a_bot(raw: sqlite3.Connection) -> None:
    """Begins a transaction in one of the moments in which a busy bot leaves the file.

    They are far shorter than the tenth of a second which SQLite's own waiting lets pass between
    two looks.
    """
    raw.execute("PRAGMA busy_timeout = 0")
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            raw.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(_BETWEEN_TRIES_S)


def _prepare(path: Path, sealer: Sealer) -> SqliteWriter:
    """Makes the file, brings it up to date, and opens it for writing."""
    try:
        # Made before SQLite makes it, so that nobody else may read it; its WAL inherits the mode.
        path.touch(_PRIVATE)
        raw = _connect_to_write(path)
        try:
            migrate_sqlite(raw, migrations("sqlite"))
            # Whoever was sending these has died: no other process may have this database.
            SqliteConnection(raw).run("release_notices")
        finally:
            raw.close()
        return SqliteWriter(path, sealer)
    except (OSError, sqlite3.Error) as error:
        raise DatabaseUnusable(f"{path} cannot be used: {error}") from error


def _take_lock(path: Path) -> IO[str]:
    """Makes sure that no other process writes to the database while the file returned is open."""
    beside = path.with_name(path.name + ".lock")
    if not path.parent.is_dir():
        raise DatabaseUnusable(f"the folder {path.parent} does not exist")
    try:
        lock = os.fdopen(os.open(beside, os.O_RDWR | os.O_CREAT, _PRIVATE), "r+")
    except OSError as error:
        raise DatabaseUnusable(f"{beside} cannot be written: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = lock.read().strip()
        lock.close()
        raise DatabaseBusy(f"{path} is in use by process {owner}: stop that one first") from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def _connect_to_write(path: Path) -> sqlite3.Connection:
    raw = sqlite3.connect(
        path,
        isolation_level=None,
        check_same_thread=False,  # opened by one thread, used by the writer's
        cached_statements=_STATEMENTS_KEPT,
    )
    for setting in (
        "busy_timeout = 5000",
        "journal_mode = WAL",
        "synchronous = FULL",
        "temp_store = MEMORY",
        "foreign_keys = ON",
        "secure_delete = ON",
        f"journal_size_limit = {_WAL_MOST}",
    ):
        raw.execute(f"PRAGMA {setting}")
    return raw


def _connect_to_read(path: Path) -> sqlite3.Connection:
    raw = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_STATEMENTS_KEPT,
    )
    raw.execute("PRAGMA busy_timeout = 5000")
    raw.execute("PRAGMA query_only = ON")
    return raw
