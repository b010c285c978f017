"""The one way in which repositories talk to a database, whichever it is.

Repositories name a query of `storage/sql/queries/` and give its values; a connection knows the
text for its engine. Where the engines differ inside a query, the difference is one of the words
in braces that `Words` lists.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

import aiosql
from msgspec import json

Row = tuple[Any, ...]


class Connection(Protocol):
    """An open transaction on one database."""

    def one(self, query: str, **values: object) -> Row | None:
        """Runs a query and answers its first row."""

    def all(self, query: str, **values: object) -> list[Row]:
        """Runs a query and answers all its rows."""

    def each(self, query: str, **values: object) -> Iterator[Row]:
        """Runs a query and answers its rows one by one, however many there are."""

    def run(self, query: str, **values: object) -> int:
        """Runs a query and answers how many rows it changed."""

    def lock_lane(self, lane: int) -> None:
        """Waits until no other transaction works on the same lane, and keeps it to the end."""


class Database(Connection, Protocol):
    """A connection that is one database's own, below the workspace."""

    def write(self, changes: Sequence[tuple[str, Sequence[Mapping[str, object]]]]) -> list[int]:
        """Runs several queries, each for all its values; answers how many rows each changed."""


@dataclass(frozen=True)
class Words:
    """How one engine says what the other says differently."""

    ids: str
    """The numbers of the JSON array `:ids`, after IN."""
    keys: str
    """The texts of the JSON array `:keys`, after IN."""
    kinds: str
    """The texts of the JSON array `:kinds`, after IN."""
    skip_locked: str
    """Leave out the rows that another transaction has locked, and lock the others."""
    for_update: str
    """Lock the rows, once whoever has locked them is done."""


SQLITE = Words(
    ids="(SELECT value FROM json_each(:ids))",
    keys="(SELECT value FROM json_each(:keys))",
    kinds="(SELECT value FROM json_each(:kinds))",
    skip_locked="",
    for_update="",
)

POSTGRES = Words(
    ids="(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:ids AS JSON)))",
    keys="(SELECT value FROM json_array_elements_text(CAST(:keys AS JSON)))",
    kinds="(SELECT value FROM json_array_elements_text(CAST(:kinds AS JSON)))",
    skip_locked="FOR UPDATE SKIP LOCKED",
    for_update="FOR UPDATE",
)


@cache
def load_queries(words: Words, driver: str) -> dict[str, str]:
    """All queries by name, in the words of one engine and the parameter style of `driver`.

    `driver` is one that aiosql knows: "sqlite3" or "psycopg".
    """
    texts: dict[str, str] = {}
    for file in (files("storage") / "sql" / "queries").iterdir():
        written = file.read_text(encoding="utf-8").format(**asdict(words))
        queries = aiosql.from_str(written, driver)
        for name in queries.available_queries:
            if name.endswith("_cursor"):  # aiosql's second way to run a SELECT
                continue
            if name in texts:
                raise ValueError(f"two queries are named {name}")
            texts[name] = getattr(queries, name).sql
    return texts


def json_array(values: Collection[str | int]) -> str:
    """Several values as one parameter, for `IN {…}`."""
    return json.encode(list(values)).decode()
