"""A new secret key: everything is sealed anew, beside a bot that goes on working."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from payments.models import ActionKind, OperatorAction, Profile, Prompt, StoredUpdate
from payments.service import Payments
from storage import Sealer, amendment, open_store
from storage.errors import UnknownKey
from storage.rotation import BATCH, TABLES, rotate
from tests.unit.payments_kit import (
    ALICE,
    BOB,
    PIN,
    Bank,
    Clock,
    FailingStore,
    PlainPins,
    eur,
    policy,
)

OLD, NEW = b"the old secret key, 32 bytes long", b"the new secret key, 32 bytes long"
FIRST = 10_000
_BLOBS = {
    "inbox": ["payload"],
    "keypads": ["sealed"],
    "intents": ["note", "question", "answer"],
    "payments": ["claim_token"],
    "requests": ["note"],
    "offers": ["note"],
    "links": ["note", "question", "thanks", "reference"],
    "prompts": ["draft"],
    "bank_accounts": ["number"],
    "operator_log": ["reason"],
    "phones": ["number"],
}


@asynccontextmanager
async def opened(path: Path, *keys: bytes) -> AsyncIterator[Bank]:
    """The bank on a database, with these secret keys."""
    store = FailingStore(await open_store(f"sqlite:///{path}", Sealer(keys)))
    clock, pins = Clock(), PlainPins()
    figures = policy(operators=frozenset({ALICE}))
    try:
        yield Bank(Payments(store, pins, figures, clock), store, clock, pins, path)
    finally:
        await store.close()


def key_ids(path: Path) -> set[bytes]:
    """Of which keys something is sealed anywhere."""
    with closing(sqlite3.connect(path)) as database:
        return {
            key_id
            for table, columns in _BLOBS.items()
            for column in columns
            for (key_id,) in database.execute(
                f"SELECT DISTINCT substr({column}, 1, 4) FROM {table} WHERE {column} IS NOT NULL"
            )
        }


def rotated(path: Path, *keys: bytes) -> dict[str, int]:
    """What a rotation changed, by table."""
    return dict(rotate(lambda: amendment(f"sqlite:///{path}"), Sealer(keys)))


async def fill(bank: Bank) -> None:
    """Something in every sealed column."""
    await bank.people(ALICE, BOB)
    await bank.payments.verify_phone(BOB, "+5511912345678", owner_id=BOB)
    await bank.payments.link_bank(BOB, "DE89370400440532013000")
    await bank.pay(ALICE, "stranger", 100)
    await bank.payments.draft(ALICE, payees=[BOB], amount=eur(100), note="for the boat")
    await bank.payments.request(BOB, payers=[ALICE], amount=eur(100), note="for the oars")
    await bank.payments.make_link(BOB, amount=None, note="for the sails")
    action = OperatorAction(ActionKind.PAUSE, "", None, "a drill")
    await bank.type(await bank.payments.begin_action(ALICE, action), PIN)
    action = OperatorAction(ActionKind.RESUME, "", None, "it is over")
    await bank.type(await bank.payments.begin_action(ALICE, action), PIN)
    await bank.payments.begin_pin(BOB)
    prompt = Prompt(BOB, BOB, "note", "", "so far", bank.clock() + 1_000)
    await bank.store.write(lambda tx: tx.prompts.put(prompt))
    update = StoredUpdate(7, BOB, b"an update")
    await bank.store.write(
        lambda tx: tx.inbox.add(update, worker=None, now=bank.clock(), lease_until=0)
    )


async def test_everything_opens_with_the_new_key_alone(tmp_path: Path) -> None:
    """Notes, numbers, prompts, keypads, updates and reasons; phones and claims are found as
    before.
    """
    path = tmp_path / "bank.db"
    async with opened(path, OLD) as bank:
        await fill(bank)

    assert rotated(path, NEW, OLD) == {
        **{table.name: 1 for table in TABLES},
        "operator_log": 2,
        "offers": 0,
    }
    assert key_ids(path) == {Sealer([NEW]).key_id}

    async with opened(path, NEW) as bank:
        by_phone = await bank.payments.by_phone("+5511912345678", by=ALICE)
        assert by_phone is not None
        assert by_phone.id == BOB
        phone, account = await bank.payments.proofs(BOB)
        assert (phone and phone.number) == "+5511912345678"
        assert (account and account.number) == "DE89370400440532013000"
        log = await bank.payments.operator_log(ALICE)
        assert {line.action.reason for line in log} == {"a drill", "it is over"}
        (card,) = await bank.store.read(lambda tx: tx.intents.open_of(ALICE))
        assert card.note == "for the boat"
        (held,) = await bank.payments.held_by(ALICE)
        waiting = await bank.store.read(lambda tx: tx.intents.payment_by_claim(held.claim_token))
        assert waiting == held
        (asked, _) = await bank.payments.open_requests(BOB)
        assert asked[0].note == "for the oars"
        assert (await bank.payments.links(BOB))[0].terms.note == "for the sails"
        assert await bank.store.read(lambda tx: tx.pins.keypad_for(BOB)) is not None
        prompt = await bank.store.read(lambda tx: tx.prompts.get(BOB, BOB, bank.clock()))
        assert prompt.draft == "so far"


async def test_a_second_rotation_finds_nothing_to_do(tmp_path: Path) -> None:
    """What is sealed under the present key is left alone, byte for byte."""
    path = tmp_path / "bank.db"
    async with opened(path, OLD) as bank:
        await fill(bank)
        rotated(path, NEW, OLD)
        before = bank.snapshot()

        assert set(rotated(path, NEW, OLD).values()) == {0}
        assert bank.snapshot() == before


async def test_a_missing_key_is_named(tmp_path: Path) -> None:
    """By its id, and not a byte of the database changes."""
    path = tmp_path / "bank.db"
    async with opened(path, OLD) as bank:
        await fill(bank)
        before = bank.snapshot()

        with pytest.raises(UnknownKey, match=Sealer([OLD]).key_id.hex()):
            rotated(path, NEW)

        assert bank.snapshot() == before


async def test_a_rotation_that_was_cut_off_goes_on(tmp_path: Path) -> None:
    """What was done stays done, and is not done again."""
    path = tmp_path / "bank.db"
    async with opened(path, OLD) as bank:
        await _crowd(bank, 3 * BATCH)
    batches = 0

    def amend() -> Any:
        nonlocal batches
        batches += 1
        if batches == len(TABLES) + 1:  # the second batch of the phones, the last table
            raise KeyboardInterrupt
        return amendment(f"sqlite:///{path}")

    with pytest.raises(KeyboardInterrupt):
        list(rotate(amend, Sealer([NEW, OLD])))
    assert 0 < (left := _phones_under(path, OLD)) < 3 * BATCH

    assert rotated(path, NEW, OLD)["phones"] == left
    assert _phones_under(path, OLD) == 0


async def _crowd(bank: Bank, number: int) -> None:
    """Many people with phone numbers."""

    def unit(tx: Any) -> None:
        for person_id in range(FIRST, FIRST + number):
            tx.people.meet(
                Profile(person_id, "Somebody", None, "en"), currency="EUR", now=bank.clock()
            )
            tx.proofs.put_phone(person_id, f"+55119{person_id:08}", bank.clock())

    await bank.store.write(unit)


def _phones_under(path: Path, key: bytes) -> int:
    with closing(sqlite3.connect(path)) as database:
        row = database.execute(
            "SELECT count(*) FROM phones WHERE substr(number, 1, 4) = ?", (Sealer([key]).key_id,)
        ).fetchone()
    return int(row[0])
