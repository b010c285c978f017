"""The same bot, Telegram and people as in the conversations; the tests here break something."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from tests.chat.conftest import alice, bob, carol, chatpay, clock, telegram
from tests.postgres_server import PostgresServer, new_server

__all__ = ["alice", "bob", "carol", "chatpay", "clock", "telegram"]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server that nobody kills."""
    with new_server() as server:
        server.execute("ALTER SYSTEM SET fsync = off")
        server.execute("SELECT pg_reload_conf()")
        yield server


@pytest.fixture(scope="session")
def new_postgres_url(postgres: PostgresServer) -> Callable[[], str]:
    """Makes empty databases and answers their addresses."""
    numbers = itertools.count()
    return lambda: postgres.new_database(f"chatpay{next(numbers)}")
