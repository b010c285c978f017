"""A disk that fails on demand: what the database's one writing connection is told by it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Literal

from storage import sqlite

Failure = Literal["readonly", "lost", "unknown"]
"""`readonly`: nothing can be written; `lost`: the commit fails; `unknown`: it is carried out, and
then reported to have failed."""


class Disk:
    """Fails some of the next transactions.

    Args:
        connect: opens the connection that really writes.
    """

    def __init__(self, connect: Any = sqlite._connect_to_write) -> None:
        self._connect = connect
        self._failure: Failure | None = None
        self._skip = 0
        self._times = 0
        self.failed = 0

    def fail(self, failure: Failure, *, after: int = 0, times: int = 1) -> None:
        """Has so many transactions fail, after some more that do not."""
        self._failure, self._skip, self._times = failure, after, times
        self.failed = 0

    def heal(self) -> None:
        """Has nothing fail any more."""
        self._failure = None

    def connect(self, path: Path) -> Any:
        """Stands in for `storage.sqlite._connect_to_write`."""
        return _Connection(self._connect(path), self)

    def next_failure(self) -> Failure | None:
        """What becomes of the transaction that begins."""
        if self._failure is None:
            return None
        if self._skip > 0:
            self._skip -= 1
            return None
        if self._times == 0:
            return None
        self._times -= 1
        self.failed += 1
        return self._failure


class _Connection:
    """A `sqlite3.Connection` on that disk."""

    def __init__(self, raw: sqlite3.Connection, disk: Disk) -> None:
        self._raw = raw
        self._disk = disk
        self._failure: Failure | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def execute(self, sql: str, values: Any = ()) -> sqlite3.Cursor:
        if sql == "BEGIN IMMEDIATE":
            self._failure = self._disk.next_failure()
            self._raw.execute(f"PRAGMA query_only = {int(self._failure == 'readonly')}")
        if sql == "COMMIT" and self._failure == "lost":
            raise sqlite3.OperationalError("disk I/O error")
        cursor = self._raw.execute(sql, values)
        if sql == "COMMIT" and self._failure == "unknown":
            raise sqlite3.OperationalError("disk I/O error")
        return cursor
