"""Moves a shop's books from an SQLite file to an empty PostgreSQL database, with all their ids.

The source is locked, so that no bot writes to it, and read in one snapshot; the target is written
in one transaction. Both are audited, counted and summed before that is committed: there is a
whole, sound copy in the end, or nothing. What is sealed is copied as it is: the secret key stays.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from storage import postgres, sqlite
from storage.audit import Finding, verify
from storage.errors import DatabaseUnusable

_STAY = ("schema_migrations", "pace")
"""Each database has its own migrations; how fast was written last is of no use elsewhere."""

_MONEY = """
SELECT currency, CAST(sum(balance) AS BIGINT), CAST(sum(held) AS BIGINT),
    (SELECT CAST(coalesce(sum(t.amount), 0) AS BIGINT) FROM transfers t
        WHERE t.currency = accounts.currency)
FROM accounts WHERE kind = 'person' GROUP BY currency ORDER BY currency
"""


@dataclass(frozen=True, slots=True)
class Sum:
    """The money of one currency, in minor units."""

    currency: str
    owned: int
    """By people."""
    held: int
    """Of it."""
    moved: int
    """By all transfers ever."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What was found to be the same on both sides."""

    rows: dict[str, int]
    """How many there are, by table."""
    money: list[Sum]
    """One for each currency."""


def move(source: Path, target: str) -> Moved:
    """Moves the books of the SQLite file `source` to the PostgreSQL database `target`.

    Raises:
        DatabaseBusy: a bot runs on the source.
        DatabaseTooNew: a newer version made one of them.
        DatabaseUnusable: one of them cannot be used, the target is not empty, or the books are not
            sound; nothing was moved.
    """
    with (
        sqlite.locked(source),
        sqlite.reading(source) as books,
        postgres.writing(target) as copy,
    ):
        _require_sound(verify(sqlite.SqliteConnection(books)), "the books are not sound")
        tables = _tables(copy)
        _require_empty(copy, tables)
        with _unbound(copy):
            rows = {table: _copy(books, copy, table) for table in tables}
        _go_on(copy)
        money = [Sum(*row) for row in books.execute(_MONEY)]
        _require_sound(verify(postgres.PostgresConnection(copy)), "the copy is not sound")
        copied = {table: _count(copy, table) for table in tables}
        if copied != rows or [Sum(*row) for row in copy.execute(_MONEY)] != money:
            raise DatabaseUnusable("the copy differs from the books: nothing was moved")
    return Moved(rows, money)


def _require_sound(findings: list[Finding], otherwise: str) -> None:
    if findings:
        raise DatabaseUnusable(f"{otherwise}, nothing was moved: {findings[0]}")


def _tables(copy: psycopg.Connection) -> list[str]:
    rows = copy.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        " AND NOT tablename = ANY(%s) ORDER BY tablename",
        (list(_STAY),),
    )
    return [table for (table,) in rows]


def _require_empty(copy: psycopg.Connection, tables: list[str]) -> None:
    for table in tables:
        if _count(copy, table):
            raise DatabaseUnusable(
                f"the target is not empty ({table} has rows): nothing was moved"
            )


def _count(copy: psycopg.Connection, table: str) -> int:
    counting = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
    (count,) = copy.execute(counting).fetchone() or (0,)
    return int(count)


@contextmanager
def _unbound(copy: psycopg.Connection) -> Iterator[None]:
    """Lets rows come before those that they refer to; in the end all references are checked."""
    keys = copy.execute(
        "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)"
        " FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
        " ORDER BY conname"
    ).fetchall()
    for table, name, _definition in keys:
        copy.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    yield
    for table, name, definition in keys:
        copy.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def _copy(books: sqlite3.Connection, copy: psycopg.Connection, table: str) -> int:
    """Copies a table as it is; how many rows."""
    columns = [
        name
        for (name,) in copy.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
            " AND table_schema = current_schema() ORDER BY ordinal_position",
            (table,),
        )
    ]
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    place = sql.Identifier(table)
    reading = sql.SQL("SELECT {} FROM {}").format(names, place).as_string(copy)
    writing = sql.SQL("COPY {} ({}) FROM STDIN").format(place, names)
    rows = 0
    with copy.cursor() as cursor, cursor.copy(writing) as copying:
        for row in books.execute(reading):
            copying.write_row(row)
            rows += 1
    return rows


def _go_on(copy: psycopg.Connection) -> None:
    """New rows are numbered after the copied ones, and nobody is at work on any."""
    numbered = copy.execute(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE is_identity = 'YES' AND table_schema = current_schema()"
    ).fetchall()
    for table, column in numbered:
        copy.execute(
            sql.SQL("SELECT setval(pg_get_serial_sequence({}, {}), max({})) FROM {}").format(
                table, column, sql.Identifier(column), sql.Identifier(table)
            )
        )
    copy.execute("UPDATE outbox SET leased_until = 0")
    copy.execute("UPDATE inbox SET leased_until = 0")
