"""A copy of an SQLite database, made while the bot runs.

SQLite's backup API copies one consistent snapshot; copying the file of a working database would
leave out what is still in its write-ahead log.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from storage.errors import DatabaseUnusable


def backup(source: Path, target: Path) -> None:
    """Copies the database `source` to the new file `target`, readable by its owner only.

    The copy appears under its name only once it is complete, checked and on the disk.

    Raises:
        DatabaseUnusable: `source` cannot be read, or `target` exists or cannot be written.
    """
    if not source.is_file():
        raise DatabaseUnusable(f"there is no database {source}")
    if target.exists():
        raise DatabaseUnusable(f"{target} exists already: a backup overwrites nothing")
    partial = target.with_name(target.name + ".partial")
    try:
        partial.touch(0o600, exist_ok=False)
    except OSError as error:
        raise DatabaseUnusable(f"{partial} cannot be written: {error.strerror}") from error
    try:
        _copy(source, partial)
        os.link(partial, target)
    except (OSError, sqlite3.Error) as error:
        raise DatabaseUnusable(f"{source} cannot be copied to {target}: {error}") from error
    finally:
        partial.unlink()


def _copy(source: Path, target: Path) -> None:
    reader = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)
    writer = sqlite3.connect(target)
    try:
        reader.backup(writer)
        # One file that needs no log beside it.
        writer.execute("PRAGMA journal_mode = DELETE")
        (verdict,) = writer.execute("PRAGMA integrity_check").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
    finally:
        writer.close()
        reader.close()
    with target.open("rb") as file:
        os.fsync(file.fileno())
