"""The export of a long book takes no more memory than that of a short one."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from payments.ports import Store, Tx
from storage import snapshot
from storage.connection import Connection
from storage.export import export_beancount, export_csv
from tests.ledger.book import ALICE, BOB, Database, PostgresDatabase, SqliteFile, do, send, top_up
from tests.memory import growing, needs_proc

SOAK = bool(os.environ.get("SOAK"))
LENGTHS: dict[type[Database], int] = {
    SqliteFile: 1_000_000 if SOAK else 20_000,
    PostgresDatabase: 50_000 if SOAK else 1_000,
}
"""Transfers."""
GROWTH_MOST_MB = 16
"""Of a book whose export has 190 MB, at a million transfers."""
_AT_ONCE = 1_000


@needs_proc
async def test_an_export_is_written_as_it_is_read(store: Store, database: Database) -> None:
    """Row by row, as CSV and as Beancount: what the process has in use hardly grows."""
    transfers = LENGTHS[type(database)]
    await fill(store, transfers)

    assert await asyncio.to_thread(written, database, export_csv) == 2 * (transfers + 2)
    assert await asyncio.to_thread(written, database, export_beancount) == transfers + 2


async def fill(store: Store, transfers: int) -> None:
    """Alice sends all that she is given, a cent at a time."""

    def some(tx: Tx, first: int) -> None:
        for number in range(first, first + _AT_ONCE):
            send(tx, f"t{number}", ALICE, BOB, 1)

    await store.write(do(top_up, ALICE, transfers, transfer_id="funds"))
    for first in range(0, transfers, _AT_ONCE):
        await store.write(do(some, first))


def written(database: Database, export: Callable[[Connection, TextIO], int]) -> int:
    """How many rows an export has; it takes little memory."""
    began = time.monotonic()
    with (
        snapshot(database.url) as connection,
        Path(os.devnull).open("w", encoding="utf-8") as out,
        growing() as growth,
    ):
        rows = export(connection, out)
    print(  # noqa: T201 (the figures are its result)
        f"\n{database.url.partition(':')[0]}, {export.__name__}: {rows} rows in"
        f" {time.monotonic() - began:.1f} s, {growth.mb:.1f} MB more at most"
    )
    assert growth.mb < GROWTH_MOST_MB
    return rows
