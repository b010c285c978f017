"""Numbered migrations: `storage/sql/<engine>/0001_….sql` and so on, each applied once, in order.

A migration and the row that says that it was applied are one transaction, so that none is ever
half-applied. A database that knows a migration which this program does not is left alone.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from storage.errors import DatabaseTooNew, DatabaseUnusable

_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at BIGINT NOT NULL
)
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step from an empty database to the present one."""

    number: int
    name: str
    text: str

    @property
    def script(self) -> str:
        """The step and its row, for a transaction."""
        now = time.time_ns() // 1_000_000
        return (
            f"{_TABLE};\n{self.text}\n;INSERT INTO schema_migrations (number, name, applied_at)"  # noqa: S608 - from our own files
            f" VALUES ({self.number}, '{self.name}', {now});"
        )


def migrations(engine: str) -> list[Migration]:
    """All the migrations of an engine ("sqlite" or "postgres"), in order."""
    found = []
    for file in (files("storage") / "sql" / engine).iterdir():
        number, _, name = file.name.removesuffix(".sql").partition("_")
        found.append(Migration(int(number), name, file.read_text(encoding="utf-8")))
    return sorted(found, key=lambda migration: migration.number)


def pending(known: Sequence[Migration], applied: Sequence[int]) -> list[Migration]:
    """The migrations that are still to be applied.

    Raises:
        DatabaseTooNew: some were applied that are not known here.
    """
    unknown = sorted(set(applied) - {migration.number for migration in known})
    if unknown:
        raise DatabaseTooNew(
            f"the database was made by a newer version of Chatpay (migration {unknown[-1]},"
            f" this version knows {known[-1].number}): use that version"
        )
    return [migration for migration in known if migration.number not in applied]


def migrate_sqlite(connection: sqlite3.Connection, known: Sequence[Migration]) -> None:
    """Brings an SQLite database up to date. `connection` is in autocommit mode, alone.

    Raises:
        DatabaseTooNew: a newer version made the database; nothing was changed.
        sqlite3.Error: a migration failed; it was undone, those before it stay.
    """
    for migration in pending(known, applied_in_sqlite(connection)):
        try:
            connection.executescript(f"BEGIN IMMEDIATE; {migration.script} COMMIT;")
        except BaseException:
            if connection.in_transaction:
                connection.rollback()
            raise


def applied_in_sqlite(connection: sqlite3.Connection) -> list[int]:
    """The numbers of the migrations that an SQLite database has had."""
    table = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'")
    if table.fetchone() is None:
        return []
    rows = connection.execute("SELECT number FROM schema_migrations")
    return [number for (number,) in rows]


def require_current(known: Sequence[Migration], applied: Sequence[int]) -> None:
    """For those who only read.

    Raises:
        DatabaseTooNew: a newer version made the database.
        DatabaseUnusable: an older version made it, or it is not ours.
    """
    if not applied:
        raise DatabaseUnusable("this is not a database of Chatpay")
    if pending(known, applied):
        raise DatabaseUnusable("an older version of Chatpay made the database: start the bot once")
