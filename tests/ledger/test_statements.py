"""A statement that writes many rows writes what as many statements would have written."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from storage.migrate import migrate_sqlite, migrations
from storage.sqlite import SqliteConnection
from storage.statements import Statement, statements

WIDTHS = (1, 3, 4, 15, 16, 23, 64, 64 + 16 + 4 + 1, 2 * 64)
"""Numbers of rows on both sides of the widths at which a query is written out."""


@pytest.fixture
def tables() -> Iterator[sqlite3.Connection]:
    """A database with all tables, no rows, and nobody to refer to."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate_sqlite(connection, migrations("sqlite"))
        connection.execute("PRAGMA foreign_keys = OFF")
        yield connection


def pins_of(people: int) -> list[dict[str, object]]:
    """Their PIN records, as `set_pin` wants them."""
    return [{"person_id": number, "hash": f"h{number}", "now": number} for number in range(people)]


@pytest.mark.parametrize("people", WIDTHS)
def test_rows_are_inserted_as_one_by_one(tables: sqlite3.Connection, people: int) -> None:
    """However many; the count says so."""
    assert SqliteConnection(tables).write([("set_pin", pins_of(people))]) == [people]

    found = tables.execute("SELECT person_id, hash, changed_at FROM pins").fetchall()
    assert found == [(number, f"h{number}", number) for number in range(people)]


@pytest.mark.parametrize("people", WIDTHS)
def test_rows_are_updated_as_one_by_one(tables: sqlite3.Connection, people: int) -> None:
    """Each with its own values, and only those that still are what they were."""
    connection = SqliteConnection(tables)
    connection.write([("set_pin", pins_of(people))])
    tries = [
        {
            "person_id": number,
            "was_tries": int(number % 5 == 4),  # not true: they are 0
            "was_day_tries": 0,
            "tries": number + 1,
            "locked_until": None if number % 2 else 7,
            "day_tries": 2,
            "day_from": number,
        }
        for number in range(people)
    ]

    expected = [
        (number, 0, None, 0, 0)
        if number % 5 == 4
        else (number, number + 1, None if number % 2 else 7, 2, number)
        for number in range(people)
    ]
    changed = sum(number % 5 != 4 for number in range(people))
    assert connection.write([("set_tries", tries)]) == [changed]
    found = tables.execute("SELECT person_id, tries, locked_until, day_tries, day_from FROM pins")
    assert found.fetchall() == expected


def test_a_refused_row_keeps_the_others_of_its_statement_out(tables: sqlite3.Connection) -> None:
    """All rows of a statement are written, or none: as if it had been the batch's."""
    rows = pins_of(16)
    rows[9]["hash"] = None

    with pytest.raises(sqlite3.IntegrityError):
        SqliteConnection(tables).write([("set_pin", rows)])

    assert tables.execute("SELECT count(*) FROM pins").fetchone() == (0,)


def test_a_value_keeps_its_type(tables: sqlite3.Connection) -> None:
    """Bytes, None and numbers arrive as they were given; the tables are strict."""
    sealed = [
        {
            "keypad_id": f"k{number}",
            "person_id": number,
            "purpose": "approve",
            "intent_id": None,
            "sealed": bytes([0, number, 255]),
            "checking": 0,
            "expires_at": 2**60 + number,
        }
        for number in range(20)
    ]
    SqliteConnection(tables).write([("add_keypad", sealed)])

    found = tables.execute("SELECT person_id, intent_id, sealed, expires_at FROM keypads")
    assert found.fetchall() == [
        (number, None, bytes([0, number, 255]), 2**60 + number) for number in range(20)
    ]


def test_what_has_no_wide_form_runs_row_by_row() -> None:
    """A deletion, and an update that looks elsewhere."""
    assert statements()["drop_keypad"].wide == []
    looking = "UPDATE a SET b = (SELECT c FROM d WHERE e = :e) WHERE f = :f;"
    assert Statement(looking).wide == []
    assert Statement(looking).text == looking.replace(":e", "?1").replace(":f", "?2")


SOURCES = "\n".join(
    path.read_text() for path in (Path(__file__).parents[2] / "storage").rglob("*.py")
)
PUT_DOWN = sorted(set(re.findall(r"put_down\(\s*\"(\w+)\"", SOURCES)))
"""What is written for several rows at once."""


def test_what_is_put_down_is_known() -> None:
    """Else the next test would look at nothing."""
    assert {"add_transfer", "change_account", "move_intent"} <= set(PUT_DOWN)


@pytest.mark.parametrize("query", PUT_DOWN)
def test_many_rows_are_found_by_an_index(tables: sqlite3.Connection, query: str) -> None:
    """However many rows there are, a statement goes through those alone that it is given."""
    statement = statements()[query]
    for width, text in statement.wide:
        values = [None] * width * len(statement.names)
        plan = [step[3] for step in tables.execute(f"EXPLAIN QUERY PLAN {text}", values)]
        scans = {step for step in plan if step.startswith("SCAN")}
        assert scans <= {f"SCAN {width} CONSTANT ROWS", "SCAN given"}
