"""What a transaction has looked up, and what it will write: the repositories' common desk.

A batch of units is dear by its statements, not by its rows. So what one unit looked up is kept for
the others, can be looked up for all of them at once, and what they write is put down here and
written together, all rows of a query in one go. Both are seen by every unit as if it were alone:

- What is put down and not written yet is in the kept records already. A query that reads one of
  the tables concerned has it written first.
- A row is written as a change from what it was to what it is, and only if it still is what it was
  (`Overtaken` otherwise): the database has the last word.
- A statement that writes on its own has everything put down written first, and the records that
  its table had a part in looked up again.

A workspace lives as long as its connection. Where nobody else has written since its last
transaction, what is kept serves the next one too.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from storage.connection import SQLITE, Database, Row, load_queries
from storage.errors import Overtaken

_INSERTS = re.compile(r"\bINTO\s+([a-z_]+)")
_READS = re.compile(r"\b(?:FROM|JOIN)\s+([a-z_]+)")
_WRITES = re.compile(r"\b(?:UPDATE|INTO|DELETE\s+FROM)\s+([a-z_]+)")

_KEPT_MOST = 8_000
"""Records of the same tables; a batch needs some hundreds."""
_PARENTS_FIRST = ("add_intent", "add_payment")
"""Rows that others refer to are written before those."""
_WAS = "was"
_CASCADING = "people"
"""A new number for a person is a new number wherever it is referred to."""


class _Tables(NamedTuple):
    """What a query has to do with."""

    read: frozenset[str]
    written: frozenset[str]
    inserted: frozenset[str]


@cache
def tables_of() -> Mapping[str, _Tables]:
    """Each query's tables; the engines' texts differ in none."""
    return {
        query: _Tables(*(frozenset(word.findall(text)) for word in (_READS, _WRITES, _INSERTS)))
        for query, text in load_queries(SQLITE, "sqlite3").items()
    }


class Workspace:
    """A `storage.connection.Connection` with a memory that is as long as a transaction."""

    def __init__(self, connection: Database) -> None:
        self._connection = connection
        self._tables = tables_of()
        self._kept: dict[frozenset[str], list[dict[Any, Any]]] = {}
        """By tables; what is from the same ones is emptied together."""
        self._forgets: dict[str, list[dict[Any, Any]]] = {}
        self._changes: dict[str, dict[Hashable, dict[str, object]]] = {}
        """By query, then by row; those of no row by number."""
        self._changing: set[str] = set()
        self._moving: set[str] = set()
        self.written = 0
        """How often something was put down or written in this transaction."""

    # --- keeping -------------------------------------------------------------------------------

    def keep(self, *tables: str) -> dict[Any, Any]:
        """An empty dictionary for what is looked up in these tables, emptied as needed."""
        kept: dict[Any, Any] = {}
        self._kept.setdefault(frozenset(tables), []).append(kept)
        return kept

    def put_down(self, query: str, row: Hashable = None, /, **values: object) -> None:
        """Has a query run for these values before the transaction ends.

        A `row` that was put down before is changed once, from what it was then to what it is now:
        values named `was…` say what the query expects to find. It has to change exactly one row.
        Of one query, all changes name their row, or none does.
        """
        self.written += 1
        tables = self._tables[query]
        if tables.inserted and not self._moving.isdisjoint(tables.inserted):
            self.write()  # what changes other rows of the table is to run before, not after
        rows = self._changes.get(query)
        if rows is None:
            rows = self._changes[query] = {}
            self._changing |= tables.written
            self._moving |= tables.written - tables.inserted
        key = len(rows) if row is None else row
        if key in rows:
            values |= {name: was for name, was in rows[key].items() if name.startswith(_WAS)}
        rows[key] = values

    def write(self) -> None:
        """Runs what was put down.

        Raises:
            Overtaken: a row is no longer what it was when it was looked up.
        """
        if not self._changes:
            return
        parents = [query for query in _PARENTS_FIRST if query in self._changes]
        queries = dict.fromkeys([*parents, *self._changes])
        changes = [(query, list(self._changes[query].values())) for query in queries]
        self._drop_changes()
        try:
            self._write_all(changes)
        except BaseException:
            # Whichever unit had this written: what others had put down is lost as well, so that
            # it counts as having written, and the batch is run anew.
            self.written += 1
            raise

    def begin(self) -> None:
        """Goes on with what is kept: nobody else has written since."""
        self.written = 0
        for together in self._kept.values():
            if sum(map(len, together)) > _KEPT_MOST:
                _empty(together)

    def clear(self) -> None:
        """Forgets everything, for the next transaction or after a unit that was undone."""
        self._drop_changes()
        self.written = 0
        for together in self._kept.values():
            _empty(together)

    # --- storage.connection.Connection ---------------------------------------------------------

    def one(self, query: str, **values: object) -> Row | None:
        """Runs a query and answers its first row."""
        self._make_ready(query)
        return self._connection.one(query, **values)

    def all(self, query: str, **values: object) -> list[Row]:
        """Runs a query and answers all its rows."""
        self._make_ready(query)
        return self._connection.all(query, **values)

    def each(self, query: str, **values: object) -> Iterator[Row]:
        """Runs a query and answers its rows one by one, however many there are."""
        self._make_ready(query)
        return self._connection.each(query, **values)

    def run(self, query: str, **values: object) -> int:
        """Runs a query and answers how many rows it changed."""
        self._make_ready(query)
        return self._connection.run(query, **values)

    def lock_lane(self, lane: int) -> None:
        """Waits until no other transaction works on the same lane, and keeps it to the end."""
        self._connection.lock_lane(lane)

    # --- inside --------------------------------------------------------------------------------

    def _write_all(self, changes: Sequence[tuple[str, Sequence[Mapping[str, object]]]]) -> None:
        for (query, rows), changed in zip(changes, self._connection.write(changes), strict=True):
            if changed != len(rows):
                raise Overtaken(f"{query} changed {changed} rows of {len(rows)}")

    def _make_ready(self, query: str) -> None:
        tables = self._tables[query]
        if tables.written:
            self.write()
            self.written += 1
            _empty(self._kept_from(query))
        elif not self._changing.isdisjoint(tables.read):
            self.write()

    def _kept_from(self, query: str) -> list[dict[Any, Any]]:
        """Where records are kept that a query has a part in changing."""
        if query not in self._forgets:
            written = self._tables[query].written
            self._forgets[query] = [
                kept
                for tables, together in self._kept.items()
                if _CASCADING in written or not tables.isdisjoint(written)
                for kept in together
            ]
        return self._forgets[query]

    def _drop_changes(self) -> None:
        self._changes = {}
        self._changing.clear()
        self._moving.clear()


def _empty(kept: Iterable[dict[Any, Any]]) -> None:
    for records in kept:
        records.clear()
