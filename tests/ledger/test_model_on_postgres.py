"""The state machine of tests/unit/test_payments_model.py, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.ledger.book import PostgresDatabase
from tests.unit import test_payments_model as model


class _Database:
    """One database, emptied for each book."""

    def __init__(self, new: Callable[[], PostgresDatabase]) -> None:
        self._database = new()

    def emptied(self) -> str:
        """Its address."""
        self._database.empty()
        return self._database.url


@pytest.fixture
def database(new_postgres_database: Callable[[], PostgresDatabase]) -> _Database:
    return _Database(new_postgres_database)


def test_the_book_agrees_with_a_dictionary_on_postgresql(database: _Database) -> None:
    """Whatever people do, in whatever order: the same rules, the same audit, the other engine."""

    class OnPostgres(model.Book):
        def url(self, _path: Path) -> str:
            return database.emptied()

    run_state_machine_as_test(
        OnPostgres, settings=settings(model.TestBook.settings, max_examples=8)
    )
