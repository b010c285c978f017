"""No question that is asked in passing goes through a whole table.

PostgreSQL plans by what it knows of the rows, SQLite by the schema: so it can be asked here, on
tables without any.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from storage.connection import SQLITE, load_queries
from storage.migrate import migrate_sqlite, migrations

QUERIES = load_queries(SQLITE, "sqlite3")

SMALL = {
    "pauses": "one row at most",
    "outbox": "what is not sent yet",
    "pace": "the chats of the last minutes",
    "keypads": "one for whoever is about to give a PIN, for minutes",
    "prompts": "one question in a chat at most",
}
"""Tables that may be gone through, and why they stay small."""

THOROUGH = {
    r"breaks_\w+|unsealed_accounts": "the audit",
    r"export_\w+": "the books as files",
    r"sealed_in_\w+|reseal_\w+|count_pins_not_under": "a new secret key",
    r"forget_\w+|\w+_written_by|take_bank_off_links": "somebody leaves",
    r"health|operator_log|reports": "an operator looks",
}
"""Queries that go through whole tables, and when."""

_STEP = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?")
_NAMED = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO)\s+(\w+)(?:\s+(?:AS\s+)?(\w+))?")


@pytest.fixture(scope="module")
def tables() -> Iterator[sqlite3.Connection]:
    """A database with all tables and no rows."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate_sqlite(connection, migrations("sqlite"))
        yield connection


def gone_through(tables: sqlite3.Connection, statement: str) -> set[str]:
    """The tables that a statement goes through from end to end."""
    kinds = tables.execute("SELECT name, type, sql FROM sqlite_master").fetchall()
    of_few_rows = {name for name, kind, sql in kinds if kind == "index" and "WHERE" in (sql or "")}
    names = {name: name for name, kind, _sql in kinds if kind == "table"}
    for table, alias in _NAMED.findall(statement):
        if table in names:
            names[alias or table] = table
    values = dict.fromkeys(re.findall(r":(\w+)", statement))
    plan = [row[3] for row in tables.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    steps = [found.groups() for step in plan if (found := _STEP.match(step))]
    return {names[name] for name, index in steps if name in names and index not in of_few_rows}


def thorough(query: str) -> bool:
    """Whether a query is meant to go through whole tables."""
    return any(re.fullmatch(pattern, query) for pattern in THOROUGH)


@pytest.mark.parametrize("query", sorted(query for query in QUERIES if not thorough(query)))
def test_what_is_asked_in_passing_is_found_by_an_index(
    tables: sqlite3.Connection, query: str
) -> None:
    """However many people, payments and updates there have been."""
    assert gone_through(tables, QUERIES[query]) <= SMALL.keys()


def test_a_plan_without_an_index_is_noticed(tables: sqlite3.Connection) -> None:
    """Under a table's name and under another; an index that holds every row is none."""
    assert gone_through(tables, "SELECT 1 FROM people p WHERE lower(p.name) = :name") == {"people"}
    assert gone_through(tables, "SELECT count(*) FROM transfers") == {"transfers"}
    assert gone_through(tables, "SELECT 1 FROM transfers WHERE id = :id") == set()


def test_what_is_seldom_is_found_among_many_payments(tables: sqlite3.Connection) -> None:
    """What moved to the bank and what was given back, without a look at what was paid."""
    text = QUERIES["seldom_history"]
    values = dict.fromkeys(re.findall(r":(\w+)", text))
    plan = "\n".join(row[3] for row in tables.execute(f"EXPLAIN QUERY PLAN {text}", values))
    for found in ("transfers_seldom_debited (debit_", "transfers_seldom_credited (credit_"):
        assert f"SEARCH transfers USING INDEX {found}account_id=?)" in plan
    assert (
        "SEARCH e USING INDEX sqlite_autoindex_entries_2 (transfer_id=? AND account_id=?" in plan
    )


def references(tables: sqlite3.Connection) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Each foreign key: the table it is on, the table it points to, and its columns."""
    for (table,) in tables.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table'"
    ).fetchall():
        keys: dict[int, list[tuple[str, str]]] = {}
        for number, _position, parent, column, *_ in tables.execute(
            f"PRAGMA foreign_key_list({table})"
        ):
            keys.setdefault(number, []).append((parent, column))
        for columns in keys.values():
            yield table, columns[0][0], tuple(column for _parent, column in columns)


def test_whoever_points_to_a_deleted_row_is_found_by_an_index(tables: sqlite3.Connection) -> None:
    """The database looks for them at each DELETE, and no query plan shows it."""
    deleted = {
        table
        for query, text in QUERIES.items()
        if not thorough(query)
        for table in re.findall(r"DELETE FROM (\w+)", text)
    }
    pointing = [key for key in references(tables) if key[1] in deleted]
    assert ("intents", "payments", ("refunds_id",)) in pointing
    for table, _parent, columns in pointing:
        wanted = " AND ".join(f"{column} = :{column}" for column in columns)
        assert gone_through(tables, f"SELECT 1 FROM {table} WHERE {wanted}") <= SMALL.keys()
