"""Operators' records, and being forgotten, on each engine."""

from __future__ import annotations

import pytest

from payments.models import PSEUDONYM_LEAST, ActionKind, Card, OperatorAction, Stops
from payments.ports import Store, Tx
from storage import Sealer, amendment
from storage.audit import verify_store
from storage.rotation import rotate
from tests.ledger.book import ALICE, BOB, NOW, Database, draft, pay

PSEUDONYM = PSEUDONYM_LEAST + 7
FREEZE = OperatorAction(ActionKind.FREEZE, "", BOB, "a reason")


def _paid(tx: Tx) -> None:
    pay(tx, draft())


async def test_stops_are_those_of_the_people_asked_about(store: Store) -> None:
    """Frozen or not, paused or not; each can be undone, and done twice."""
    assert await store.read(lambda tx: tx.operators.stops([ALICE, BOB])) == Stops(
        paused=False, frozen=frozenset()
    )

    for _ in range(2):
        await store.write(lambda tx: tx.operators.freeze(BOB, NOW))
        await store.write(lambda tx: tx.operators.pause(NOW))
    assert await store.read(lambda tx: tx.operators.stops([ALICE, BOB])) == Stops(
        paused=True, frozen=frozenset({BOB})
    )
    assert not (await store.read(lambda tx: tx.operators.stops([ALICE]))).frozen

    await store.write(lambda tx: tx.operators.unfreeze(BOB))
    await store.write(lambda tx: tx.operators.resume())
    assert await store.read(lambda tx: tx.operators.stops([BOB])) == Stops(
        paused=False, frozen=frozenset()
    )


async def test_the_books_follow_whoever_is_forgotten(store: Store, database: Database) -> None:
    """Accounts, cards, payments and the log name the pseudonym; all invariants hold."""
    await store.write(_paid)
    await store.write(lambda tx: tx.operators.write_down("line", by=ALICE, action=FREEZE, now=NOW))

    await store.write(lambda tx: tx.privacy.forget(ALICE, PSEUDONYM, name="Deleted account"))

    assert await store.read(lambda tx: tx.people.get(ALICE)) is None
    for table, column in (
        ("accounts", "person_id"),
        ("intents", "payer_id"),
        ("payments", "payer_id"),
        ("operator_log", "operator_id"),
    ):
        assert database.execute(f"SELECT 1 FROM {table} WHERE {column} = {ALICE}") == []
        assert database.execute(f"SELECT 1 FROM {table} WHERE {column} = {PSEUDONYM}") != []
    assert await verify_store(store) == []


async def test_no_message_of_whoever_is_forgotten_is_known(store: Store) -> None:
    """Neither those of the private chat nor those that only they see in a group."""
    cards = [Card("i1", ALICE, 1), Card("i1", -7, 1, ALICE), Card("i1", -7, 1, BOB)]
    for card in cards:
        await store.write(lambda tx, card=card: tx.cards.put(card))

    await store.write(lambda tx: tx.privacy.forget(ALICE, PSEUDONYM, name="Deleted account"))

    assert await store.read(lambda tx: tx.cards.of("i1")) == cards[2:]


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE accounts SET person_id = {BOB} WHERE person_id = {ALICE}",
        f"UPDATE accounts SET person_id = NULL WHERE person_id = {ALICE}",
        "UPDATE operator_log SET done_at = 0",
        "UPDATE operator_log SET reason = reason",
        f"UPDATE operator_log SET operator_id = {BOB}",
        f"UPDATE operator_log SET person_id = {ALICE}",
        "UPDATE operator_log SET person_id = NULL",
        "DELETE FROM operator_log",
    ],
)
async def test_nobody_else_changes_an_owner_or_the_log(
    store: Store, database: Database, statement: str
) -> None:
    """Not even with the database in hand."""
    await store.write(lambda tx: tx.operators.write_down("line", by=ALICE, action=FREEZE, now=NOW))

    with pytest.raises(Exception, match=r"append-only|accounts keep their owner"):
        database.execute(statement)

    (line,) = await store.read(lambda tx: tx.operators.logged(10))
    assert (line.operator_id, line.action) == (ALICE, FREEZE)


async def test_a_rotation_works_on_each_engine(store: Store, database: Database) -> None:
    """The log's reason and a phone number open under the new key alone."""
    await store.write(lambda tx: tx.proofs.put_phone(BOB, "+5511912345678", NOW))
    await store.write(lambda tx: tx.operators.write_down("line", by=ALICE, action=FREEZE, now=NOW))
    new = Sealer([b"another secret key of a test ...", b"a key for tests, 32 bytes long ok"])

    changed = dict(rotate(lambda: amendment(database.url), new))

    assert (changed["phones"], changed["operator_log"], changed["links"]) == (1, 1, 0)
    assert set(dict(rotate(lambda: amendment(database.url), new)).values()) == {0}
