"""Copies and exports of a working book."""

from __future__ import annotations

import asyncio
import csv
import io
import stat
from decimal import Decimal
from pathlib import Path

import pytest
from beancount import loader
from beancount.core.data import Transaction

from payments.ports import Store
from storage import open_store
from storage.audit import verify
from storage.backup import backup
from storage.errors import DatabaseUnusable
from storage.export import CSV_COLUMNS, export_beancount, export_csv
from storage.sqlite import snapshot
from tests.ledger.book import (
    ALICE,
    BOB,
    SEALER,
    Database,
    SqliteFile,
    account,
    balances,
    contents,
    do,
    draft,
    pay,
    send,
)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return SqliteFile(tmp_path / "book.db")


async def test_a_backup_under_load_is_a_sound_book(
    store: Store, database: SqliteFile, tmp_path: Path
) -> None:
    """A copy made while payments are written opens, verifies, and has all that was answered."""
    target = tmp_path / "copy.db"
    answered = 0

    async def write() -> None:
        nonlocal answered
        for number in range(300):
            await store.write(do(pay, draft(f"i{number}", amount=1)))
            answered = number + 1

    writing = asyncio.create_task(write())
    await asyncio.sleep(0.05)
    least = answered
    await asyncio.to_thread(backup, database.path, target)
    await writing

    with snapshot(target) as connection:
        assert verify(connection) == []
    copy = await open_store(f"sqlite:///{target}", SEALER)
    paid = (await balances(copy))[BOB][0]
    note = await copy.read(lambda tx: tx.intents.get("i0"))
    await copy.close()
    assert least <= paid <= 300
    assert least > 0
    assert note is not None
    assert note.note == "lunch"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


async def test_a_backup_overwrites_nothing(
    store: Store, database: SqliteFile, tmp_path: Path
) -> None:
    """What is already there stays, and no partial copy is left."""
    target = tmp_path / "copy.db"
    target.write_text("precious")
    before = contents(database)

    with pytest.raises(DatabaseUnusable, match="exists already"):
        backup(database.path, target)
    with pytest.raises(DatabaseUnusable, match="no database"):
        backup(tmp_path / "nowhere.db", tmp_path / "new.db")
    with pytest.raises(DatabaseUnusable, match="cannot be written"):
        backup(database.path, tmp_path / "nowhere" / "new.db")

    assert target.read_text() == "precious"
    assert contents(database) == before
    assert not target.with_name("copy.db.partial").exists()
    assert (await balances(store))[ALICE] == (10_000, 0, 1)


async def test_csv_has_a_row_for_each_entry(store: Store, database: SqliteFile) -> None:
    """In major units, oldest first, both sides of each transfer."""
    await store.write(do(send, "t1", ALICE, BOB, 1_250))
    out = io.StringIO()

    with snapshot(database.path) as connection:
        assert export_csv(connection, out) == 4

    rows = list(csv.reader(io.StringIO(out.getvalue())))
    moment = "2023-11-14T22:13:20.000+00:00"
    assert rows == [
        list(CSV_COLUMNS),
        [moment, "t1", "payment", "1", "1", "-12.50", "87.50", "EUR", "", ""],
        [moment, "t1", "payment", "2", "2", "12.50", "12.50", "EUR", "", ""],
        [moment, "topup-1", "topup", "4", "", "-100.00", "-100.00", "EUR", "", ""],
        [moment, "topup-1", "topup", "1", "1", "100.00", "100.00", "EUR", "", ""],
    ]


async def test_beancount_agrees_with_the_book(
    store: Store, database: SqliteFile, tmp_path: Path
) -> None:
    """An independent program reads the export, and finds that every balance is right."""
    await store.write(do(account, ALICE, "JPY"))
    for number in range(20):
        await store.write(do(send, f"t{number}", ALICE, BOB, 7 + number))
    out = io.StringIO()
    with snapshot(database.path) as connection:
        assert export_beancount(connection, out) == 21
    file = tmp_path / "book.beancount"
    file.write_text(out.getvalue())

    entries, errors, _options = loader.load_file(str(file))

    assert errors == []
    moved = [entry for entry in entries if isinstance(entry, Transaction)]
    assert len(moved) == 21
    bob = sum(
        posting.units.number
        for entry in moved
        for posting in entry.postings
        if posting.account == f"Liabilities:People:{BOB}:EUR"
    )
    assert bob == Decimal("-3.30")
