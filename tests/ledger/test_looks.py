"""A look at a few rows: what is committed, of one moment, and nothing kept of it."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from payments.errors import InsufficientFunds, NotYours
from payments.ports import Store, Tx
from storage import open_store
from tests.ledger.book import (
    ALICE,
    BOB,
    CAROL,
    SEALER,
    Database,
    account,
    begin,
    contents,
    do,
    draft,
    send,
)


def funds(tx: Tx) -> int:
    """What Alice and Bob have together, in minor units."""
    return account(tx, ALICE).balance_minor + account(tx, BOB).balance_minor


async def test_what_was_answered_is_seen(store: Store) -> None:
    """Whoever was told of a write sees it at the next look."""
    for number in range(1, 4):
        before = await store.look(lambda tx: account(tx, ALICE).balance_minor)
        await store.write(do(send, f"t{number}", ALICE, BOB, 7))
        assert await store.look(lambda tx: account(tx, ALICE).balance_minor) == before - 7


async def test_looks_among_writes_see_whole_payments(store: Store) -> None:
    """However they fall together into batches, no look finds money on its way."""
    together = await store.look(funds)

    seen = await asyncio.gather(
        *(
            store.look(funds)
            if number % 2
            else store.write(do(send, f"t{number}", ALICE, BOB, number + 1), locks=[ALICE, BOB])
            for number in range(200)
        )
    )

    assert seen[1::2] == [together] * 100


async def test_a_look_raises_what_it_found_and_harms_nobody(store: Store) -> None:
    """Beside it in a batch, whoever pays has paid, and whoever cannot is told why."""

    def refused(_tx: Tx) -> None:
        raise NotYours

    answers = await asyncio.gather(
        store.write(do(send, "t1", ALICE, BOB, 5)),
        store.look(refused),
        store.write(do(send, "t2", CAROL, BOB, 5)),
        store.look(lambda tx: tx.ledger.find_transfer("t2")),
        return_exceptions=True,
    )

    assert answers[0].id == "t1"  # type: ignore[union-attr]
    assert isinstance(answers[1], NotYours)
    assert isinstance(answers[2], InsufficientFunds)
    assert answers[3] is None
    assert await store.look(lambda tx: tx.ledger.find_transfer("t1")) == answers[0]


async def test_a_look_keeps_nothing(store: Store, database: Database) -> None:
    """One that writes is a mistake of whoever wrote it, and comes to nothing; its neighbours in
    the batch do not.
    """
    before = contents(database)
    for written in (
        lambda tx: send(tx, "t1", ALICE, BOB, 5),
        lambda tx: tx.intents.add(draft("i1"), origin=None),
        lambda tx: tx.people.block(ALICE, BOB, 1),
    ):
        with pytest.raises(Exception, match="a reading function tried to write"):
            await store.look(written)
    assert contents(database) == before

    sent, looked = await asyncio.gather(
        store.write(do(send, "t2", ALICE, BOB, 5)),
        store.look(do(send, "t3", ALICE, BOB, 5)),
        return_exceptions=True,
    )
    assert sent.id == "t2"  # type: ignore[union-attr]
    assert isinstance(looked, Exception)
    made = {row[0] for row in contents(database)["transfers"]}
    assert made - {row[0] for row in before["transfers"]} == {"t2"}


async def test_a_look_waits_for_no_other_writer(tmp_path: Path) -> None:
    """While somebody else has the file, whoever only looks is answered."""
    path = tmp_path / "book.db"
    store = await open_store(f"sqlite:///{path}", SEALER)
    await store.write(begin)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with asyncio.timeout(2):
            looked = await store.look(lambda tx: account(tx, ALICE).person_id)
        other.execute("ROLLBACK")
    await store.close()
    assert looked == ALICE
