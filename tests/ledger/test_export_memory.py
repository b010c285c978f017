"""The export of a long book takes no more memory than that of a short one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TextIO

import pytest

from payments.ports import Store, Tx
from storage import snapshot
from storage.connection import Connection
from storage.export import export_beancount, export_csv
from tests.ledger.book import ALICE, BOB, Database, SqliteFile, do, send, top_up
from tests.memory import growing, needs_proc

SOAK = bool(os.environ.get("SOAK"))
GROWTH_MOST_MB = 16
"""Of a book whose export has 190 MB, at a million transfers."""
_AT_ONCE = 2_000


def transfers_in(database: Database) -> int:
    """How long a book each engine is given."""
    if not SOAK:
        return 20_000
    return 1_000_000 if isinstance(database, SqliteFile) else 100_000


@needs_proc
@pytest.mark.parametrize("export", [export_csv, export_beancount])
async def test_an_export_is_written_as_it_is_read(
    store: Store, database: Database, export: Callable[[Connection, TextIO], int]
) -> None:
    """Row by row: what the process has in use hardly grows."""
    transfers = transfers_in(database)

    def some(tx: Tx, first: int) -> None:
        for number in range(first, first + _AT_ONCE):
            send(tx, f"t{number}", ALICE, BOB, 1)

    await store.write(do(top_up, ALICE, transfers, transfer_id="funds"))
    for first in range(0, transfers, _AT_ONCE):
        await store.write(do(some, first))

    began = time.monotonic()
    with (
        snapshot(database.url) as connection,
        open(os.devnull, "w", encoding="utf-8") as out,  # noqa: PTH123 (a device)
        growing() as growth,
    ):
        written = export(connection, out)

    print(  # noqa: T201 (the figures are its result)
        f"\n{database.url.partition(':')[0]}, {export.__name__}: {written} rows in"
        f" {time.monotonic() - began:.1f} s, {growth.mb:.1f} MB more at most"
    )
    per_transfer = 2 if export is export_csv else 1
    assert written == per_transfer * (transfers + 2)
    assert growth.mb < GROWTH_MOST_MB
