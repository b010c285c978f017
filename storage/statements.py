"""What SQLite is given to run: each query with its values numbered, and for many rows at once.

A statement costs more than a row: its table and indexes are opened anew each time it runs. Rows
that are written together share one:

```
INSERT INTO t (a, b) VALUES (?1, ?2), (?3, ?4)
UPDATE t SET a = given.column1 FROM (VALUES (?1, ?2), (?3, ?4)) AS given WHERE b = given.column2
```
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from operator import itemgetter

from storage.connection import SQLITE, load_queries

Values = Sequence[object]

_WIDTHS = (64, 16, 4)
"""For how many rows at once a query is written out, most first."""

_VALUE = re.compile(r"(?<!:):(\w+)")
"""A value's name in the text of a query. No text has a colon in a string."""
_INSERTED = re.compile(r"(?<=VALUES )\([^()]+\)")
_UPDATE = re.compile(r"(UPDATE (?:(?!\b(?:FROM|RETURNING|SELECT)\b).)+)(WHERE .+)", re.DOTALL)


class Statement:
    """One query.

    Args:
        query: its text, with named values.
    """

    def __init__(self, query: str) -> None:
        self._query = query
        self.names = tuple(dict.fromkeys(_VALUE.findall(query)))
        """Of its values, in the order of their numbers."""
        self.text = self._numbered(query)
        """For one row. `sqlite3` binds a sequence in half the time that it takes for a mapping."""

    @cached_property
    def in_order(self) -> Callable[[Mapping[str, object]], Values]:
        """Puts values in the order of their numbers."""
        if len(self.names) > 1:
            return itemgetter(*self.names)
        return lambda values: [values[name] for name in self.names]

    @cached_property
    def wide(self) -> Sequence[tuple[int, str]]:
        """Texts for so many rows at once, most first; none where each row takes a statement."""
        if inserted := _INSERTED.search(self._query):
            return [(width, self._inserting(inserted[0], width)) for width in _WIDTHS]
        if update := _UPDATE.fullmatch(self._query):
            change, which = update.groups()
            return [(width, self._updating(change, which, width)) for width in _WIDTHS]
        return []

    def _inserting(self, row: str, width: int) -> str:
        rows = ", ".join(self._numbered(row, number) for number in range(width))
        return self._query.replace(row, rows)

    def _updating(self, change: str, which: str, width: int) -> str:
        row = f"({', '.join(f':{name}' for name in self.names)})"
        rows = ", ".join(self._numbered(row, number) for number in range(width))
        change, which = (_VALUE.sub(self._given, part) for part in (change, which))
        return f"{change}FROM (VALUES {rows}) AS given\n{which}"

    def _numbered(self, text: str, row: int = 0) -> str:
        first = row * len(self.names) + 1
        return _VALUE.sub(lambda found: f"?{first + self.names.index(found[1])}", text)

    def _given(self, found: re.Match[str]) -> str:
        return f"given.column{self.names.index(found[1]) + 1}"


@cache
def statements() -> Mapping[str, Statement]:
    """All queries by name."""
    return {name: Statement(text) for name, text in load_queries(SQLITE, "sqlite3").items()}
