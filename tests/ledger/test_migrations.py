"""Migrations: applied once, in order, wholly or not at all."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage import open_store, rotation
from storage.audit import INVARIANTS, QUICK
from storage.connection import POSTGRES, SQLITE, load_queries
from storage.errors import DatabaseTooNew, DatabaseUnusable
from storage.migrate import Migration, applied_in_sqlite, migrate_sqlite, migrations, pending
from storage.sqlite import snapshot
from tests.ledger.book import SEALER, SqliteFile

FIRST = Migration(1, "first", "CREATE TABLE one (id INTEGER PRIMARY KEY) STRICT;")
BROKEN = Migration(
    2, "broken", "CREATE TABLE two (id INTEGER) STRICT; INSERT INTO three VALUES (1);"
)
SECOND = Migration(2, "second", "CREATE TABLE two (id INTEGER) STRICT;")


def test_migrations_are_numbered_without_gaps() -> None:
    """Both engines have the same steps, numbered from 1."""
    steps = {
        engine: [(step.number, step.name) for step in migrations(engine)]
        for engine in ("sqlite", "postgres")
    }

    assert steps["sqlite"] == steps["postgres"]
    assert [number for number, _name in steps["sqlite"]] == list(
        range(1, len(steps["sqlite"]) + 1)
    )


def test_a_broken_migration_is_undone_and_those_before_it_stay(tmp_path: Path) -> None:
    """Nothing is half-applied, and the next start goes on where it stopped."""
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as connection:
        with pytest.raises(sqlite3.OperationalError, match="three"):
            migrate_sqlite(connection, [FIRST, BROKEN])
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE name IN ('one', 'two')")
        assert tables.fetchall() == [("one",)]
        assert applied_in_sqlite(connection) == [1]
        assert connection.in_transaction is False

        migrate_sqlite(connection, [FIRST, SECOND])
        migrate_sqlite(connection, [FIRST, SECOND])
        assert applied_in_sqlite(connection) == [1, 2]


def test_what_is_known_and_not_applied_is_pending() -> None:
    """In order."""
    assert pending([FIRST, SECOND], [1]) == [SECOND]
    assert pending([FIRST, SECOND], [1, 2]) == []
    with pytest.raises(DatabaseTooNew, match="newer version"):
        pending([FIRST], [1, 2])


async def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    """It is not touched, neither to write nor to read."""
    database = SqliteFile(tmp_path / "book.db")
    await (await open_store(database.url, SEALER)).close()
    database.execute("INSERT INTO schema_migrations VALUES (999, 'future', 0)")
    before = database.path.read_bytes()

    with pytest.raises(DatabaseTooNew, match="migration 999"):
        await open_store(database.url, SEALER)
    with pytest.raises(DatabaseTooNew, match="migration 999"), snapshot(database.path):
        pass

    assert database.path.read_bytes() == before


async def test_an_older_database_is_not_read(tmp_path: Path) -> None:
    """Reading does not migrate: it says that the bot must be started once."""
    database = SqliteFile(tmp_path / "book.db")
    await (await open_store(database.url, SEALER)).close()
    database.execute("DELETE FROM schema_migrations WHERE number = 3")
    with pytest.raises(DatabaseUnusable, match="start the bot once"), snapshot(database.path):
        pass

    database.execute("DROP TABLE schema_migrations")
    with pytest.raises(DatabaseUnusable, match="not a database of"), snapshot(database.path):
        pass


def test_both_engines_have_the_same_queries() -> None:
    """One text of each query, but for the words that differ."""
    assert set(load_queries(SQLITE, "sqlite3")) == set(load_queries(POSTGRES, "psycopg"))


def test_every_query_is_used_and_every_one_used_exists() -> None:
    """The names that the repositories give are those of the queries, no more and no fewer."""
    queries = set(load_queries(SQLITE, "sqlite3"))
    sealed = {table.name for table in rotation.TABLES}
    rotated = {f"{verb}_{name}" for name in sealed for verb in ("sealed_in", "reseal")}
    rotated -= {"reseal_phones"}
    storage = Path(__file__).parents[2] / "storage"
    sources = "".join(file.read_text() for file in storage.rglob("*.py"))
    run = set(re.findall(r"\.(?:one|all|_all|each|run|put_down)\(\s*\"(\w+)\"", sources))
    chosen = {"credited_since", "debited_since", "history", "seldom_history"}
    audited = {f"breaks_{invariant.lower()}" for invariant in INVARIANTS}
    audited |= {f"breaks_new_{invariant.lower()}" for invariant in QUICK}

    assert queries == run | chosen | audited | rotated
