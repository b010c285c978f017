"""The quick check: what is new since the books were last found sound, on each engine."""

from __future__ import annotations

import pytest

from payments.ports import Store
from storage import amendment, snapshot
from storage.audit import Finding, Seal, seals, verify, verify_new, write_seals
from tests.ledger.book import ALICE, BOB, CAROL, NOW, Database, account, do, draft, pay, top_up


def check(database: Database) -> list[Finding]:
    """Checks quickly, and seals what is sound, as `ledger verify --quick` does."""
    with snapshot(database.url) as connection:
        findings = verify_new(connection)
        new = seals(connection)
    if not findings:
        with amendment(database.url) as connection:
            write_seals(connection, new, NOW)
    return findings


def sealed(database: Database) -> dict[int | None, tuple[int, int]]:
    """Version and balance up to which each person's account, and the bank's, was checked."""
    rows = database.execute(
        "SELECT a.person_id, s.version, s.balance FROM seals s JOIN accounts a"
        " ON a.id = s.account_id"
    )
    return {person: (version, balance) for person, version, balance in rows}


def account_of(person_id: int) -> str:
    """A person's account, in SQL."""
    return f"(SELECT id FROM accounts WHERE person_id = {person_id} AND currency = 'EUR')"


async def test_what_is_sound_is_sealed_and_not_looked_at_again(
    store: Store, database: Database
) -> None:
    """While the bot works: each check seals what has come since the last one."""
    assert check(database) == []
    first = sealed(database)
    await store.write(do(pay, draft("i1", amount=250)), locks=[ALICE, BOB])

    assert check(database) == []

    assert first == {ALICE: (1, 10_000), None: (1, -10_000)}
    assert sealed(database) == {ALICE: (2, 9_750), BOB: (1, 250), None: (1, -10_000)}
    with snapshot(database.url) as connection:
        assert seals(connection) == []
        assert verify(connection) == []


async def test_a_seal_never_goes_back(store: Store, database: Database) -> None:
    """Whoever was slower does not undo what another found further on."""
    await store.write(do(pay, draft("i1", amount=250)), locks=[ALICE, BOB])
    check(database)
    [(alices,)] = database.execute(f"SELECT {account_of(ALICE)}")
    with amendment(database.url) as connection:
        write_seals(connection, [Seal(alices, 1, 10_000)], NOW)

    assert sealed(database)[ALICE] == (2, 9_750)


BREACHES = {
    "I1": ("UPDATE accounts SET balance = balance + 1 WHERE person_id = 1",),
    "I2": (
        "UPDATE accounts SET balance = balance + 1 WHERE person_id = 1",
        "UPDATE accounts SET balance = balance - 1 WHERE person_id = 2",
    ),
    "I3": (
        "UPDATE entries SET balance_after = 7 WHERE account_id = "
        + account_of(CAROL)
        + " AND version = 1",
    ),
    "I4": (
        "UPDATE entries SET version = 9 WHERE account_id = "
        + account_of(CAROL)
        + " AND version = 1",
    ),
    "I5": ("UPDATE accounts SET held = balance + 1 WHERE person_id = 2",),
    "I7": ("UPDATE transfers SET amount = 8 WHERE id = 'i2-p0'",),
    "I8": ("UPDATE transfers SET currency = 'USD' WHERE id = 'i2-p0'",),
    "I10": ("UPDATE transfers SET kind = 'topup' WHERE id = 'i2-p0'",),
    "I12": ("UPDATE payments SET state = 'draft' WHERE id = 'i2-p0'",),
}


@pytest.mark.parametrize(("invariant", "damage"), BREACHES.items())
async def test_each_invariant_is_checked_on_what_is_new(
    store: Store, database: Database, invariant: str, damage: tuple[str, ...]
) -> None:
    """Damage above the seals is found, and then nothing is sealed."""
    await store.write(do(pay, draft("i1", amount=250)), locks=[ALICE, BOB])
    assert check(database) == []
    await store.write(do(pay, draft("i2", payees=(CAROL,), amount=5)), locks=[ALICE, CAROL])
    before = sealed(database)
    await store.close()
    database.break_open(*damage)

    assert invariant in {finding.invariant for finding in check(database)}
    assert sealed(database) == before


async def test_what_was_sealed_must_still_stand(store: Store, database: Database) -> None:
    """The last entry that was checked is compared; the rest of the past is for the full check."""
    await store.write(do(pay, draft("i1", amount=250)), locks=[ALICE, BOB])
    check(database)
    await store.write(do(account, BOB, "USD"))
    await store.write(do(top_up, BOB, 5))
    await store.close()
    database.break_open(
        "UPDATE entries SET balance_after = 251 WHERE account_id = "
        + account_of(BOB)
        + " AND version = 1"
    )

    [(bobs,)] = database.execute(f"SELECT {account_of(BOB)}")
    assert check(database) == [
        Finding("I3", f"account {bobs} version 1", "sealed with 250, now 251"),
    ]
