"""Durability: the ledger and all other records, on SQLite or PostgreSQL.

`open_store` is the door; what comes through it is a `payments.ports.Store`. Nothing outside the
composition root imports this package.
"""

from __future__ import annotations

from pathlib import Path

from payments.ports import Store
from storage.errors import DatabaseUnusable, StorageError
from storage.sealing import Sealer
from storage.sqlite import SqliteStore

__all__ = ["Sealer", "StorageError", "open_store", "sqlite_path"]

_SQLITE = "sqlite:///"


async def open_store(url: str, sealer: Sealer) -> Store:
    """Opens the database of a URL, made and brought up to date as needed.

    Args:
        url: `sqlite:///relative/path`, `sqlite:////absolute/path`.
        sealer: seals what must not be readable in the database's files.

    Raises:
        DatabaseBusy: another process has it.
        DatabaseTooNew: a newer version made it.
        DatabaseUnusable: the URL is none of these, or nothing usable is there.
    """
    return await SqliteStore.open(sqlite_path(url), sealer)


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
