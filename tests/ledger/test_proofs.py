"""Phones, bank accounts and running totals, as each engine keeps them."""

from __future__ import annotations

from pathlib import Path

import pytest

from payments.models import BankAccount, BankAccountKind, Level, Phone, Profile, Side, Turnover
from payments.policy import DAY, HOUR, MONTH
from payments.ports import Store, Tx
from storage import Sealer, open_store
from tests.ledger.book import ALICE, BOB, NOW

NUMBER, OTHER = "+5511912345678", "+4915123456789"
IBAN = BankAccount(BankAccountKind.IBAN, "DE89370400440532013000")


async def test_a_number_is_kept_found_and_forgotten(store: Store) -> None:
    """It finds its latest holder while that is wanted."""
    await store.write(lambda tx: tx.proofs.put_phone(ALICE, NUMBER, NOW))
    assert await store.read(lambda tx: tx.proofs.phone(ALICE)) == Phone(
        NUMBER, findable=True, verified_at=NOW
    )
    assert await store.read(lambda tx: tx.proofs.found_by_phone(NUMBER)) == ALICE
    assert await store.read(lambda tx: tx.proofs.found_by_phone(OTHER)) is None

    await store.write(lambda tx: tx.proofs.put_phone(BOB, NUMBER, NOW + 1))
    assert await store.read(lambda tx: tx.proofs.phone(ALICE)) is None
    assert await store.read(lambda tx: tx.proofs.found_by_phone(NUMBER)) == BOB

    await store.write(lambda tx: tx.proofs.let_phone_find(BOB, findable=False))
    await store.write(lambda tx: tx.proofs.put_phone(BOB, OTHER, NOW + 2))
    assert await store.read(lambda tx: tx.proofs.phone(BOB)) == Phone(
        OTHER, findable=False, verified_at=NOW + 2
    )
    assert await store.read(lambda tx: tx.proofs.found_by_phone(OTHER)) is None

    await store.write(lambda tx: tx.proofs.drop_phone(BOB))
    assert await store.read(lambda tx: tx.proofs.phone(BOB)) is None


async def test_a_bank_account_is_replaced_and_forgotten(store: Store) -> None:
    """One a person."""
    pix = BankAccount(BankAccountKind.PIX, "52998224725")
    for account in (IBAN, pix):
        await store.write(lambda tx, new=account: tx.proofs.put_bank_account(ALICE, new, NOW))
        assert await store.read(lambda tx: tx.proofs.bank_account(ALICE)) == account
    await store.write(lambda tx: tx.proofs.drop_bank_account(ALICE))
    assert await store.read(lambda tx: tx.proofs.bank_account(ALICE)) is None


def paid(store_now: int, tx: Tx) -> Turnover:
    return tx.turnovers.of(ALICE, side=Side.PAID, currency="EUR", now=store_now)


async def test_totals_are_those_of_each_window(store: Store) -> None:
    """Of the last hour, 24 hours and 30 days, each to the millisecond, even if the clock is set
    back; sides and currencies apart.
    """
    for at, minor in ((NOW, 5), (NOW + DAY, 7), (NOW + DAY + HOUR, 11), (NOW + DAY + HOUR, 13)):
        await store.write(
            lambda tx, at=at, minor=minor: tx.turnovers.add(
                paid(at, tx), number=2, amount_minor=minor, now=at
            )
        )
    latest = NOW + DAY + HOUR
    windows = {
        latest - 1: (6, 31, 36),
        latest + HOUR - 1: (4, 31, 36),
        latest + HOUR: (0, 31, 36),
        NOW + 2 * DAY - 1: (0, 31, 36),
        NOW + 2 * DAY: (0, 24, 36),
        NOW + MONTH: (0, 0, 31),
        latest + MONTH: (0, 0, 0),
    }
    for now, expected in [*windows.items(), *reversed(windows.items())]:
        for look in (store.read, store.write):  # anew, and with what is kept from before
            turnover = await look(lambda tx, now=now: paid(now, tx))
            assert (turnover.number, turnover.total_minor) == (8, 36)
            assert (turnover.hour_number, turnover.day_minor, turnover.month_minor) == expected
    turnover = await store.read(lambda tx: paid(latest, tx))
    assert await store.read(lambda tx: tx.turnovers.begins(turnover, NOW)) == NOW + DAY
    assert await store.read(lambda tx: tx.turnovers.begins(turnover, latest)) is None
    for side, currency in ((Side.RECEIVED, "EUR"), (Side.PAID, "USD")):
        other = await store.read(
            lambda tx, side=side, currency=currency: tx.turnovers.of(
                ALICE, side=side, currency=currency, now=latest
            )
        )
        assert (other.number, other.total_minor, other.counted_at) == (0, 0, 0)


async def test_totals_tell_the_level_and_a_new_pin(store: Store) -> None:
    """A bank account counts with a phone number only; the first PIN is no change."""

    async def level() -> tuple[Level, int | None]:
        turnover = await store.read(lambda tx: paid(NOW, tx))
        return turnover.level, turnover.pin_replaced_at

    await store.write(lambda tx: tx.pins.set(ALICE, "hash", NOW))
    assert await level() == (Level.TERMS, None)
    await store.write(lambda tx: tx.proofs.put_bank_account(ALICE, IBAN, NOW))
    assert await level() == (Level.TERMS, None)
    await store.write(lambda tx: tx.proofs.put_phone(ALICE, NUMBER, NOW))
    assert await level() == (Level.BANK, None)
    await store.write(lambda tx: tx.proofs.drop_bank_account(ALICE))
    await store.write(lambda tx: tx.pins.set(ALICE, "other", NOW + 5))
    assert await level() == (Level.PHONE, NOW + 5)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'book.db'}"


async def _meet(store: Store) -> None:
    profile = Profile(ALICE, "Alice", "alice", "en")
    await store.write(lambda tx: tx.people.meet(profile, currency="EUR", now=NOW))


async def test_no_number_is_in_the_file(url: str, tmp_path: Path) -> None:
    """Neither plain, nor as a digest that is the same under another key."""
    contents = []
    for key in (b"the first key, 32 bytes long ok", b"another key, 32 bytes long okay"):
        store = await open_store(url, Sealer([key]))
        await _meet(store)
        await store.write(lambda tx: tx.proofs.put_phone(ALICE, NUMBER, NOW))
        await store.write(lambda tx: tx.proofs.put_bank_account(ALICE, IBAN, NOW))
        await store.close()
        contents.append((tmp_path / "book.db").read_bytes())
    for content in contents:
        assert NUMBER[1:].encode() not in content
        assert IBAN.number.encode() not in content
    digests = [Sealer([key]).phone_digests(NUMBER) for key in (b"k" * 32, b"l" * 32)]
    assert digests[0] != digests[1]


async def test_a_number_is_found_after_the_key_was_rotated(url: str) -> None:
    """And moves to its newest holder all the same."""
    old, new = b"the old key, 32 bytes long okay.", b"the new key, 32 bytes long okay."
    store = await open_store(url, Sealer([old]))
    await _meet(store)
    await store.write(lambda tx: tx.proofs.put_phone(ALICE, NUMBER, NOW))
    await store.close()

    store = await open_store(url, Sealer([new, old]))
    assert await store.read(lambda tx: tx.proofs.found_by_phone(NUMBER)) == ALICE
    bob = Profile(BOB, "Bob", "bob", "en")
    await store.write(lambda tx: tx.people.meet(bob, currency="EUR", now=NOW))
    await store.write(lambda tx: tx.proofs.put_phone(BOB, NUMBER, NOW))
    assert await store.read(lambda tx: tx.proofs.found_by_phone(NUMBER)) == BOB
    assert await store.read(lambda tx: tx.proofs.phone(ALICE)) is None
    await store.close()
