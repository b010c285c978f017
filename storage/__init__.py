"""Durability: the ledger and all other records, on SQLite or PostgreSQL.

`open_store` is the door; what comes through it is a `payments.ports.Store`. Nothing outside the
composition root imports this package.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from payments.ports import Store
from storage import sqlite
from storage.connection import Connection
from storage.errors import DatabaseUnusable, StorageError
from storage.sealing import Sealer

if TYPE_CHECKING:
    from storage.move import Moved

__all__ = [
    "Sealer",
    "StorageError",
    "amendment",
    "move_books",
    "open_store",
    "snapshot",
    "sqlite_path",
]

_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")


async def open_store(url: str, sealer: Sealer) -> Store:
    """Opens the database of a URL, made and brought up to date as needed.

    Args:
        url: `sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql://…`.
        sealer: seals what must not be readable in the database's files.

    Raises:
        DatabaseBusy: another process has it (SQLite serves one).
        DatabaseTooNew: a newer version made it.
        DatabaseUnusable: the URL is none of these, or nothing usable is there.
    """
    if url.startswith(_POSTGRES):
        store: Store = await _postgres().PostgresStore.open(url, sealer)
        return store
    return await sqlite.SqliteStore.open(sqlite_path(url), sealer)


@contextmanager
def snapshot(url: str) -> Iterator[Connection]:
    """One consistent view of the database of a URL, beside whoever writes to it.

    Raises:
        DatabaseTooNew: a newer version made the database.
        DatabaseUnusable: it is not there, not readable, or not a database of this version.
    """
    view = (
        _postgres().snapshot(url)
        if url.startswith(_POSTGRES)
        else sqlite.snapshot(sqlite_path(url))
    )
    with view as connection:
        yield connection


@contextmanager
def amendment(url: str) -> Iterator[Connection]:
    """One short transaction that writes, beside whoever else does.

    Raises:
        DatabaseUnusable: it cannot be written; nothing was.
    """
    change = (
        _postgres().amendment(url)
        if url.startswith(_POSTGRES)
        else sqlite.amendment(sqlite_path(url))
    )
    with change as connection:
        yield connection


def move_books(source: Path, target: str) -> Moved:
    """Moves the books of an SQLite file to an empty PostgreSQL database.

    Raises: as `storage.move.move` does.
    """
    if not target.startswith(_POSTGRES):
        raise DatabaseUnusable("books are moved to postgresql://… only")
    _postgres()
    from storage.move import move  # noqa: PLC0415 - needs the other engine's driver

    return move(source, target)


def sqlite_path(url: str) -> Path:
    """The file that an SQLite URL names.

    Raises:
        DatabaseUnusable: it names none.
    """
    if not url.startswith(_SQLITE):
        raise DatabaseUnusable("DATABASE_URL is neither sqlite:///path nor postgresql://…")
    path = url.removeprefix(_SQLITE)
    if path in {"", ":memory:"}:
        raise DatabaseUnusable("DATABASE_URL names no file: money is not kept in memory")
    return Path(path)


def _postgres() -> ModuleType:
    """The other engine, whose driver is an extra.

    Raises:
        DatabaseUnusable: the driver is not installed.
    """
    try:
        from storage import postgres  # noqa: PLC0415 - only where it is wanted
    except ModuleNotFoundError as error:
        raise DatabaseUnusable(
            "PostgreSQL needs a driver: pip install 'chatpay[postgres]'"
        ) from error
    return postgres
