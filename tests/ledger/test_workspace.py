"""What units of one batch see of each other, of other batches, and of other writers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from payments.errors import InsufficientFunds, Unavailable
from payments.models import (
    IntentState,
    Keypad,
    KeypadPurpose,
    NoticeKind,
    PaymentState,
    Profile,
)
from payments.ports import Ahead, Store, Tx
from storage.audit import Finding, verify_store
from storage.connection import SQLITE, load_queries
from storage.errors import UnknownKey
from storage.workspace import tables_of
from tests.ledger.book import (
    ALICE,
    BOB,
    CAROL,
    HOUR,
    NOW,
    Database,
    account,
    contents,
    do,
    draft,
    send,
)


async def at_once(store: Store, *units: Any) -> list[Any]:
    """What became of units that are given together, and so mostly share a batch."""
    return await asyncio.gather(
        *(store.write(unit, locks=[ALICE, BOB, CAROL]) for unit in units), return_exceptions=True
    )


async def unsound(store: Store) -> list[Finding]:
    """What the audit finds in the book itself; these transfers are no card's payments (I12)."""
    return [found for found in await verify_store(store) if found.invariant != "I12"]


async def test_units_of_a_batch_see_each_other(store: Store) -> None:
    """Each finds the balance that the one before left, and every entry says what was left."""
    made = await at_once(store, *(do(send, f"t{n}", ALICE, BOB, 1_000) for n in range(10)))
    assert [transfer.id for transfer in made] == [f"t{n}" for n in range(10)]

    bob = await store.read(do(account, BOB))
    lines = await store.read(lambda tx: tx.ledger.history(bob.id, before=None, kinds=(), limit=20))
    assert [line.balance_after_minor for line in lines] == [*range(10_000, 0, -1_000)]
    assert await unsound(store) == []


async def test_a_unit_that_raises_is_undone_alone(store: Store) -> None:
    """Also where it had written before: the others of its batch are kept, whole."""

    def notice_then_send(tx: Tx, transfer_id: str, amount: int) -> None:
        tx.outbox.add(NoticeKind.INTENT, to=ALICE, subject_id=transfer_id, now=NOW)
        send(tx, transfer_id, ALICE, BOB, amount)

    answers = await at_once(
        store,
        do(notice_then_send, "t1", 4_000),
        do(notice_then_send, "t2", 7_000),
        do(notice_then_send, "t3", 6_000),
    )
    assert answers[0] is None
    assert isinstance(answers[1], InsufficientFunds)
    assert answers[2] is None
    told = await store.write(
        lambda tx: tx.outbox.claim(now=NOW, lease_until=NOW + 1, limit=9), locks=[ALICE]
    )
    assert [notice.subject_id for notice in told] == ["t1"]
    assert await store.read(lambda tx: tx.outbox.waiting()) == 2
    assert (await store.read(do(account, ALICE))).balance_minor == 0
    assert await unsound(store) == []


async def test_what_is_put_down_is_found_by_every_query(store: Store) -> None:
    """A query sees what its own unit wrote before it, as if that had been written at once."""

    def unit(tx: Tx) -> tuple[int, int]:
        before = tx.outbox.waiting()
        tx.outbox.add(NoticeKind.INTENT, to=ALICE, subject_id="i1", now=NOW)
        return before, tx.outbox.waiting()

    assert await store.write(unit) == (0, 1)


async def test_what_another_connection_wrote_is_seen(store: Store, database: Database) -> None:
    """Nothing that was kept from one batch outlives a commit of somebody else."""
    assert (await store.write(lambda tx: tx.people.get(BOB))).name == "Bob"
    database.execute(f"UPDATE people SET name = 'Robert' WHERE id = {BOB}")
    assert (await store.write(lambda tx: tx.people.get(BOB))).name == "Robert"

    database.execute(f"INSERT INTO freezes (person_id, frozen_at) VALUES ({BOB}, {NOW})")
    assert (await store.write(lambda tx: tx.operators.stops([BOB]))).frozen == {BOB}


async def test_what_a_statement_wrote_is_looked_up_again(store: Store) -> None:
    """In the same unit: a name, a block and a PIN, after each was kept."""

    def unit(tx: Tx) -> None:
        assert tx.people.get(BOB).name == "Bob"  # type: ignore[union-attr]
        tx.people.meet(Profile(BOB, "Robert", "bob", "en"), currency="EUR", now=NOW)
        assert tx.people.get(BOB).name == "Robert"  # type: ignore[union-attr]

        assert tx.people.has_blocked(ALICE, BOB) is False
        tx.people.block(ALICE, BOB, NOW)
        assert tx.people.has_blocked(ALICE, BOB) is True

        assert tx.pins.get(ALICE) is None
        tx.pins.set(ALICE, "hash", NOW)
        assert tx.pins.get(ALICE).hash == "hash"  # type: ignore[union-attr]

    await store.write(unit)


def keypad(number: int, intent_id: str) -> Keypad:
    """Alice's keypad for a card."""
    return Keypad(
        id=f"k{number}",
        person_id=ALICE,
        purpose=KeypadPurpose.APPROVE,
        intent_id=intent_id,
        keys=tuple("abcdefghij"),
        digits="",
        first="",
        taps=(),
        checking=False,
        expires_at=NOW + HOUR,
    )


def begin(tx: Tx, number: int) -> None:
    """A new card that awaits its PIN, and a keypad for it, in place of any other."""
    card = draft(f"i{number}")
    tx.intents.add(card, origin=f"message {number}")
    tx.intents.move_if(card.id, states=[IntentState.DRAFT], to=IntentState.AWAITING_PIN)
    tx.pins.add_keypad(keypad(number, card.id))
    tx.pins.save_keypad(replace(keypad(number, card.id), digits="1"))


def end(tx: Tx, number: int) -> None:
    """A card is posted, and its keypad forgotten."""
    tx.intents.move_if(f"i{number}", states=[IntentState.AWAITING_PIN], to=IntentState.POSTED)
    payment_id = f"i{number}-p0"
    tx.intents.move_payment_if(payment_id, state=PaymentState.DRAFT, to=PaymentState.POSTED)
    tx.pins.drop_keypad(f"k{number}")


@pytest.mark.parametrize("together", [True, False])
async def test_new_rows_and_changes_to_them_keep_their_order(
    store: Store, *, together: bool
) -> None:
    """A row is made, changed, dropped and made anew: in one unit, or in units of one batch."""
    steps = [do(begin, 1), do(end, 1), do(begin, 2), do(begin, 3), do(end, 3), do(begin, 4)]
    if together:
        await store.write(lambda tx: [step(tx) for step in steps])
    else:
        assert await at_once(store, *steps) == [None] * len(steps)

    def look(tx: Tx) -> list[Any]:
        cards = [tx.intents.get(f"i{number}") for number in (1, 2, 3, 4)]
        return [
            *((card.state, card.payments[0].state) for card in cards if card is not None),
            *(tx.pins.keypad(f"k{number}") for number in (1, 2, 3)),
            tx.pins.keypad_for(ALICE),
        ]

    posted = IntentState.POSTED, PaymentState.POSTED
    waits = IntentState.AWAITING_PIN, PaymentState.DRAFT
    last = replace(keypad(4, "i4"), digits="1")
    expected = [posted, waits, posted, waits, None, None, None, last]
    assert await store.read(look) == expected
    assert await store.write(look) == expected


async def test_a_card_that_cannot_be_written_is_the_error_of_its_own_unit(store: Store) -> None:
    """Two cards of one id: the second fails, and whatever shared its batch is kept."""

    def add(tx: Tx, card_id: str, origin: str) -> None:
        tx.intents.add(draft(card_id), origin=origin)

    first, second, third = await at_once(
        store, do(add, "i1", "m1"), do(add, "i1", "m2"), do(add, "i2", "m3")
    )
    assert (first, third) == (None, None)
    assert isinstance(second, Exception)
    found = await store.read(lambda tx: [tx.intents.get(each) for each in ("i1", "i2")])
    assert found == [draft("i1"), draft("i2")]


async def test_what_cannot_be_opened_is_not_taken_for_missing(
    store: Store, database: Database
) -> None:
    """Whoever asks for a card whose note is sealed under no key of ours is told so, always."""
    await store.write(lambda tx: tx.intents.add(draft("i1"), origin=None))
    note = "X'00'" if database.url.startswith("sqlite") else "'\\x00'"
    database.execute(f"UPDATE intents SET note = {note}")

    answers = await at_once(store, *[lambda tx: tx.intents.get("i1")] * 3)
    answers += await at_once(store, lambda tx: tx.intents.get("i1"))
    assert [type(answer) for answer in answers] == [UnknownKey] * 4


async def test_reading_never_writes(store: Store, database: Database) -> None:
    """What a reading function puts down goes nowhere, nor into the next unit."""
    before = contents(database)
    with pytest.raises(Unavailable):
        await store.read(
            lambda tx: tx.outbox.add(NoticeKind.INTENT, to=ALICE, subject_id="i1", now=NOW)
        )
    assert await store.write(lambda tx: tx.outbox.waiting()) == 0
    assert contents(database) == before


async def test_a_hint_that_leads_nowhere_changes_nothing(store: Store) -> None:
    """A keypad that is gone is found to be gone, hint or no hint."""
    found = await store.write(lambda tx: tx.pins.keypad("gone"), ahead=Ahead("gone"))
    assert found is None


def test_every_table_of_a_query_is_known() -> None:
    """A query reads or writes something, and what it writes is what its verb says."""
    tables = tables_of()
    verbs = ("INSERT INTO", "UPDATE ", "DELETE FROM")
    for name, text in load_queries(SQLITE, "sqlite3").items():
        assert tables[name].read | tables[name].written, name
        assert bool(tables[name].written) == any(verb in text for verb in verbs), name
