"""PostgreSQL: several writers in each of several processes, on one database.

The isolation level is READ COMMITTED. Two transactions that may move one person's money are kept
apart by a lock on the person's number, taken first and in order for a whole batch; accounts, and
people, that do not exist yet are locked like any other. What nobody named in `locks` is still
right, guarded by its own statement, but may meet a deadlock: then the batch is run again.

What went wrong before COMMIT was sent is not committed, and is run again for a few seconds: units
of work are functions of the transaction alone. Once COMMIT was sent, a lost answer is an unknown
outcome.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from queue import LifoQueue
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.numeric import Int8Dumper

from payments.errors import Unavailable
from payments.models import PersonId
from payments.ports import Ahead
from storage.connection import POSTGRES, Row, load_queries
from storage.errors import DatabaseUnusable, Overtaken, SealError
from storage.group_commit import GroupCommit, Job
from storage.migrate import migrations, pending, require_current
from storage.sealing import Sealer
from storage.transaction import Transaction

T = TypeVar("T")

_WRITERS = 2
"""While one waits for a lock or the disk, the other works; more would make smaller batches."""
_READERS = 4
_MOST_IN_A_BATCH = 64
"""Smaller than on SQLite: a batch holds its locks to its end, and others wait for them."""
_PATIENCE_SECONDS = 5.0
"""For how long a batch is run again before its callers are told that the database is away."""
_FIRST_PAUSE_SECONDS = 0.02
_MIGRATION_LOCK = 0x43686174706179
"""One process migrates at a time. The letters are "Chatpay"; no chat platform has such an id."""
_LEADING = 0x4C656164
"""The first of the two numbers of a lock by which one process leads; the second is the role's."""

_SESSION = (
    "-c statement_timeout=10000 -c idle_in_transaction_session_timeout=15000"
    " -c synchronous_commit=on -c default_transaction_isolation=read\\ committed"
    " -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
)
_LINE = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
}
"""A machine that vanishes is missed within seconds, on either end of the line. What the address
itself says goes first."""
_STATEMENTS_KEPT = 500
_ROWS_AT_ONCE = 2_000
_UNHURRIED = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0"
"""For whoever reads or copies a whole book."""

_MET_ANOTHER = (errors.DeadlockDetected, errors.SerializationFailure, Overtaken)
"""Errors that end the transaction and leave the connection."""
_AGAIN = (psycopg.OperationalError, Overtaken)
"""Errors after which a whole batch is run again."""
_APART = (psycopg.Error, SealError)
"""Errors that take more with them than the unit that met them."""


class PostgresConnection:
    """`storage.connection.Connection` on a psycopg connection."""

    def __init__(self, raw: psycopg.Connection) -> None:
        self._raw = raw
        self._texts = load_queries(POSTGRES, "psycopg")

    def one(self, query: str, **values: object) -> Row | None:
        """Runs a query and answers its first row."""
        return self._run(query, values).fetchone()

    def all(self, query: str, **values: object) -> list[Row]:
        """Runs a query and answers all its rows."""
        return self._run(query, values).fetchall()

    def each(self, query: str, **values: object) -> Iterator[Row]:
        """Runs a query and answers its rows one by one, however many there are."""
        with self._raw.cursor(name="each") as cursor:
            cursor.itersize = _ROWS_AT_ONCE
            yield from cursor.execute(self._texts[query], values)

    def run(self, query: str, **values: object) -> int:
        """Runs a query and answers how many rows it changed."""
        return self._run(query, values).rowcount

    def write(self, changes: Sequence[tuple[str, Sequence[Mapping[str, object]]]]) -> list[int]:
        """Runs several queries, each for all its values; answers how many rows each changed.

        The server is sent all of them before it is asked what became of the first.
        """
        with self._raw.pipeline():
            cursors = [self._raw.cursor() for _ in changes]
            for cursor, (query, rows) in zip(cursors, changes, strict=True):
                cursor.executemany(self._texts[query], rows)
        return [cursor.rowcount for cursor in cursors]

    def lock_lane(self, lane: int) -> None:
        """Waits until no other transaction works on the same lane, and keeps it to the end."""
        self._raw.execute("SELECT pg_advisory_xact_lock(%s)", (lane,))

    def _run(self, query: str, values: dict[str, object]) -> psycopg.Cursor[Row]:
        return self._raw.execute(self._texts[query], values)


class _Session:
    """A connection that is made when it is needed, and made again when it was lost."""

    def __init__(self, url: str, sealer: Sealer, *, durable: bool = True) -> None:
        self._url = url
        self._sealer = sealer
        self._durable = durable
        self._raw: psycopg.Connection | None = None

    def open(self) -> tuple[psycopg.Connection, Transaction]:
        """The connection, idle, and the repositories on it."""
        if self._raw is None or self._raw.closed:
            self._raw = _connect(self._url)
            if not self._durable:
                self._raw.execute("SET synchronous_commit = off")
            self._transaction = Transaction(PostgresConnection(self._raw), self._sealer)
        return self._raw, self._transaction

    def reset(self, error: BaseException) -> None:
        """Makes ready for the next transaction after an error in the last one."""
        if isinstance(error, _MET_ANOTHER) and self._raw is not None and not self._raw.closed:
            self._raw.execute("ROLLBACK")
        else:
            self.drop()

    def drop(self) -> None:
        """Lets the connection go, which undoes whatever is open on it."""
        if self._raw is not None:
            self._raw.close()
            self._raw = None


class PostgresWriter:
    """One writing connection. All but the constructor runs on its writer thread.

    Args:
        url: the database.
        sealer: seals and opens values.
        durable: whether a commit is on the disk before it is answered.
    """

    def __init__(self, url: str, sealer: Sealer, *, durable: bool = True) -> None:
        self._session = _Session(url, sealer, durable=durable)

    def commit(self, jobs: list[Job]) -> None:
        """Runs all jobs in one transaction and commits it (see `group_commit.Engine`)."""
        patience = time.monotonic() + _PATIENCE_SECONDS
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                raw = self._run(jobs)
                break
            except _AGAIN as error:
                self._session.reset(error)
                if isinstance(error, errors.QueryCanceled) or time.monotonic() > patience:
                    raise
            except BaseException as error:
                self._session.reset(error)
                raise
            # Jitter, so that two writers that met do not meet again.
            time.sleep(random.uniform(0, pause))  # noqa: S311
            pause *= 2
        try:
            outcome = raw.execute("COMMIT").statusmessage
            if outcome != "COMMIT":
                raise psycopg.OperationalError(f"COMMIT answered {outcome}")
        except BaseException:
            self._session.drop()
            raise

    def close(self) -> None:
        """Closes the connection."""
        self._session.drop()

    def _run(self, jobs: list[Job]) -> psycopg.Connection:
        """Runs all jobs, up to but without COMMIT.

        Raises:
            psycopg.OperationalError: the transaction, or the connection, is lost.
            Overtaken: it met another transaction.
        """
        raw, transaction = self._session.open()
        _begin(raw, transaction, jobs)
        if not _run_together(transaction, jobs):
            raw.execute("ROLLBACK")
            _begin(raw, transaction, jobs)
            _run_apart(raw, transaction, jobs)
        return raw


def _begin(raw: psycopg.Connection, transaction: Transaction, jobs: list[Job]) -> None:
    """Begins a transaction with all the locks of a batch."""
    transaction.workspace.clear()
    raw.execute("BEGIN")
    _lock(raw, jobs)


def _run_together(transaction: Transaction, jobs: list[Job]) -> bool:
    """Runs all jobs without savepoints, and writes what they put down all at once.

    False where a job raised that had written something, or whose statement was refused: that
    cannot be undone by itself.
    """
    workspace = transaction.workspace
    try:
        transaction.look_up(job.ahead for job in jobs)
        for job in jobs:
            written = workspace.written
            if not job.attempt(transaction):
                _raise_if_lost(job.error)
                if workspace.written != written or isinstance(job.error, _APART):
                    return False
        workspace.write()
    except _AGAIN:
        raise
    except _APART:
        return False
    return True


def _run_apart(raw: psycopg.Connection, transaction: Transaction, jobs: list[Job]) -> None:
    """Runs all jobs, each so that it can be undone by itself."""
    for job in jobs:
        raw.execute("SAVEPOINT unit")
        if not job.attempt(transaction, write=True):
            _undo(raw, transaction, job.error)
            # Another transaction wrote the same key meanwhile: now its row can be seen.
            if isinstance(job.error, errors.UniqueViolation) and not job.attempt(
                transaction, write=True
            ):
                _undo(raw, transaction, job.error)
        raw.execute("RELEASE unit")


class _Leader:
    """The roles that this process plays for all, each an advisory lock of one connection.

    A lock lasts as long as the connection. It is in a key space of its own, beside the locks of
    people and lanes.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._raw: psycopg.Connection | None = None
        self._roles: set[str] = set()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="storage-leader")

    async def leads(self, role: str) -> bool:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._leads, role)

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown)
        self._drop()

    def _leads(self, role: str) -> bool:
        try:
            return self._take(role)
        except psycopg.OperationalError:
            self._drop()
            return False

    def _take(self, role: str) -> bool:
        if self._raw is None:
            self._raw = _connect(self._url)
        if role in self._roles:
            self._raw.execute("SELECT 1")  # the lock is lost with the connection
            return True
        row = self._raw.execute(
            "SELECT pg_try_advisory_lock(%s::int, hashtext(%s))", (_LEADING, role)
        ).fetchone()
        if row != (True,):
            return False
        self._roles.add(role)
        return True

    def _drop(self) -> None:
        self._roles.clear()
        if self._raw is not None:
            self._raw.close()
            self._raw = None


class PostgresStore:
    """`payments.ports.Store` on PostgreSQL. Made by `open`."""

    shared = True

    def __init__(self, url: str, sealer: Sealer) -> None:
        self._writer = GroupCommit(
            [PostgresWriter(url, sealer) for _ in range(_WRITERS)],
            most_in_a_batch=_MOST_IN_A_BATCH,
        )
        self._aside = GroupCommit(
            [PostgresWriter(url, sealer, durable=False)], most_in_a_batch=_MOST_IN_A_BATCH
        )
        self._leader = _Leader(url)
        self._sessions = [_Session(url, sealer) for _ in range(_READERS)]
        self._idle: LifoQueue[_Session] = LifoQueue()
        for session in self._sessions:
            self._idle.put(session)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="storage-reader")

    @classmethod
    async def open(cls, url: str, sealer: Sealer) -> PostgresStore:
        """Opens a database, brought up to date as needed.

        Raises:
            DatabaseTooNew: a newer version made it.
            DatabaseUnusable: the server is away, or refuses.
        """
        await asyncio.to_thread(_migrate, url)
        return cls(url, sealer)

    async def write(
        self,
        unit: Callable[[Any], T],
        *,
        locks: Sequence[PersonId] = (),
        ahead: Ahead | None = None,
    ) -> T:
        """Runs a unit of work and answers after its commit.

        `locks` names the people whose money it may move, and the lanes whose updates it handles.

        Raises:
            Unavailable: it was not committed, or nobody knows.
            Exception: whatever `unit` raised; then nothing of it was kept.
        """
        return await self._writer.submit(unit, locks, ahead)

    async def look(self, unit: Callable[[Any], T]) -> T:
        """As `read`: what a writing connection has in memory, another worker may have changed."""
        return await self.read(unit)

    async def aside(self, unit: Callable[[Any], T]) -> T:
        """Runs a unit of work on a connection that does not wait for the disk.

        Raises: as `write` does.
        """
        return await self._aside.submit(unit, ())

    async def lead(self, role: str) -> bool:
        """Whether this process is the one that plays a role, as `payments.ports.Store` says."""
        return await self._leader.leads(role)

    async def read(self, unit: Callable[[Any], T]) -> T:
        """Runs a function that only reads, on one consistent snapshot of what is committed.

        Raises:
            Unavailable: the database did not answer.
            Exception: whatever `unit` raised.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, partial(self._read, unit))

    async def close(self) -> None:
        """Finishes what is under way and lets go of the database."""
        await self._writer.close()
        await self._aside.close()
        await self._leader.close()
        await asyncio.to_thread(self._readers.shutdown)
        for session in self._sessions:
            session.drop()

    def _read(self, unit: Callable[[Any], T]) -> T:
        session = self._idle.get()
        try:
            return _read_once(session, unit, again=True)
        finally:
            self._idle.put(session)


@contextmanager
def snapshot(url: str) -> Iterator[PostgresConnection]:
    """One consistent view of a database, beside whoever writes to it.

    Raises:
        DatabaseTooNew: a newer version made the database.
        DatabaseUnusable: the server is away or refuses, or it is not a database of this version.
    """
    with _usable(url) as raw:
        require_current(migrations("postgres"), _applied(raw))
        _command(raw, _UNHURRIED)
        _begin_snapshot(raw)
        yield PostgresConnection(raw)


@contextmanager
def writing(url: str) -> Iterator[psycopg.Connection]:
    """A connection in one transaction, for whoever writes whole tables; committed in the end.

    Raises:
        DatabaseTooNew: a newer version made the database.
        DatabaseUnusable: the server is away or refuses; nothing was written, or the connection was
            lost while it was committed.
    """
    _migrate(url)
    with _usable(url) as raw:
        _command(raw, _UNHURRIED)
        with raw.transaction():
            yield raw


@contextmanager
def amendment(url: str) -> Iterator[PostgresConnection]:
    """One short transaction that writes, beside whoever else does.

    Raises:
        DatabaseUnusable: the server is away, or refuses; nothing was written.
    """
    with _usable(url) as raw, raw.transaction():
        yield PostgresConnection(raw)


def _read_once(session: _Session, unit: Callable[[Any], T], *, again: bool) -> T:
    """Reads on a snapshot; once more on a new connection where the old one turns out lost."""
    try:
        raw, transaction = session.open()
        _begin_snapshot(raw)
        try:
            return transaction.read(unit)
        finally:
            if not raw.closed:
                raw.execute("ROLLBACK")
    except psycopg.OperationalError as error:
        session.drop()
        if again:
            return _read_once(session, unit, again=False)
        raise Unavailable("the database did not answer") from error
    except errors.ReadOnlySqlTransaction as error:
        raise Unavailable("a reading function tried to write") from error


def _begin_snapshot(raw: psycopg.Connection) -> None:
    raw.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")


def _command(raw: psycopg.Connection, commands: LiteralString) -> None:
    """Sends several commands at once."""
    raw.execute(commands, prepare=False)


def _undo(raw: psycopg.Connection, transaction: Transaction, error: BaseException | None) -> None:
    """Undoes the unit that raised an error. Raises as `_raise_if_lost` does."""
    _raise_if_lost(error)
    raw.execute("ROLLBACK TO unit")
    transaction.workspace.clear()


def _raise_if_lost(error: BaseException | None) -> None:
    """Raises what ended more than the unit that met it."""
    if isinstance(error, _AGAIN):
        raise error


def _lock(raw: psycopg.Connection, jobs: list[Job]) -> None:
    """Takes all the locks of a batch, in order, so that no two batches wait for each other."""
    numbers = sorted({number for job in jobs for number in job.locks})
    if numbers:
        raw.execute(
            "SELECT pg_advisory_xact_lock(number)"
            " FROM (SELECT unnest(%s::bigint[]) AS number ORDER BY number) AS ordered",
            (numbers,),
        )


def _migrate(url: str) -> None:
    """Brings a database up to date, while others who want the same wait."""
    with _usable(url) as raw:
        raw.execute("SELECT pg_advisory_lock(%s)", (_MIGRATION_LOCK,))
        for migration in pending(migrations("postgres"), _applied(raw)):
            with raw.transaction():
                raw.execute(migration.script)


def _applied(raw: psycopg.Connection) -> list[int]:
    """The numbers of the migrations that a database has had."""
    (table,) = raw.execute("SELECT to_regclass('schema_migrations')").fetchone() or (None,)
    if table is None:
        return []
    rows = raw.execute("SELECT number FROM schema_migrations ORDER BY number")
    return [number for (number,) in rows]


@contextmanager
def _usable(url: str) -> Iterator[psycopg.Connection]:
    """A connection of its own, with what the server refuses turned into a sentence."""
    try:
        with _connect(url) as raw:
            yield raw
    except psycopg.OperationalError as error:
        raise DatabaseUnusable(f"PostgreSQL cannot be used: {error}") from error


def _connect(url: str) -> psycopg.Connection:
    line: dict[str, Any] = _LINE | conninfo_to_dict(url)
    options = f"{_SESSION} {line.pop('options', '')}"
    raw = psycopg.connect(**line, autocommit=True, options=options)
    # One type for every number, so that each query is prepared once.
    raw.adapters.register_dumper(int, Int8Dumper)
    raw.prepare_threshold = 1
    raw.prepared_max = _STATEMENTS_KEPT
    return raw
