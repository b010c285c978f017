"""The database's own guards: they hold whatever the code above them does."""

from __future__ import annotations

import pytest

from payments.ports import Store
from tests.ledger.book import ALICE, BOB, Database, contents, do, draft, hold_back, pay, request

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture(autouse=True)
async def _book(store: Store) -> None:
    await store.write(do(pay, draft("i1")))
    await store.write(do(hold_back, draft("i2", payees=("dave",))))
    await store.write(do(hold_back, draft("i3", payees=("dave",))))
    await store.write(
        lambda tx: tx.ledger.post_hold(
            "i3-p0",
            transfer_id="i3-p0",
            credit=tx.ledger.open_person_account(BOB, "EUR", 0),
            now=0,
        )
    )
    await store.write(lambda tx: tx.requests.add(request(), origin=None))


def _transfer_like(transfer_id: str, **changes: str) -> str:
    """Writes a transfer that differs from another in its id and `changes` only."""
    new = {name: name for name in ("kind", "debit_account_id", "credit_account_id")}
    new |= {"id": "'x'", "amount": "amount", "currency": "currency", "created_at": "created_at"}
    new |= changes
    return (
        f"INSERT INTO transfers ({', '.join(new)}) SELECT {', '.join(new.values())}"
        f" FROM transfers WHERE id = '{transfer_id}'"
    )


def _entry_like(of_transfer: str, **changes: str) -> str:
    """Writes an entry that differs from another in `changes` only."""
    new = {name: name for name in ("account_id", "version", "transfer_id")} | changes
    return (
        f"INSERT INTO entries ({', '.join(new)}, amount, balance_after)"
        f" SELECT {', '.join(new.values())}, 5, 5 FROM entries"
        f" WHERE transfer_id = '{of_transfer}'"
    )


@pytest.mark.parametrize("table", ["transfers", "entries", "holds", "hold_ends"])
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
async def test_the_book_is_append_only(database: Database, table: str, change: str) -> None:
    """What was written to the book can be neither changed nor deleted."""
    column = {"transfers": "amount", "entries": "amount", "holds": "amount", "hold_ends": "how"}
    before = contents(database)
    assert before[table]

    with pytest.raises(database.refusal, match="append-only"):
        database.execute(change.format(table, column[table], column[table]))

    assert contents(database) == before


@pytest.mark.parametrize(
    "statement",
    [
        # I5: a person is covered.
        f"UPDATE accounts SET balance = -1 WHERE person_id = {ALICE}",
        f"UPDATE accounts SET held = balance + 1 WHERE person_id = {ALICE}",
        f"UPDATE accounts SET held = -1 WHERE person_id = {BOB}",
        # Accounts stay who they are.
        "DELETE FROM accounts",
        f"UPDATE accounts SET currency = 'USD' WHERE person_id = {ALICE}",
        f"UPDATE accounts SET person_id = 3 WHERE person_id = {ALICE}",
        "INSERT INTO accounts (kind, person_id, currency, opened_at) VALUES ('bank', 1, 'USD', 0)",
        "INSERT INTO accounts (kind, currency, opened_at) VALUES ('person', 'USD', 0)",
        "INSERT INTO accounts (kind, currency, opened_at) VALUES ('bank', 'EUR', 0)",
        # Amounts are 1 to 10^12.
        _transfer_like("i1-p0", amount="0"),
        _transfer_like("i1-p0", amount="1000000000001"),
        "INSERT INTO holds SELECT 'x', account_id, 0, currency, 0, 0 FROM holds LIMIT 1",
        # A transfer has two accounts of its currency.
        _transfer_like("i1-p0", credit_account_id="debit_account_id"),
        _transfer_like("i1-p0", currency="'USD'"),
        # A hold is posted by one transfer, and resolved once.
        _transfer_like("i3-p0", hold_id="hold_id"),
        "INSERT INTO hold_ends SELECT hold_id, 'voided', 0 FROM hold_ends",
        # One entry for each version, and for each side of a transfer.
        _entry_like("topup-1", transfer_id="'i3-p0'"),
        _entry_like("topup-1", version="99"),
        # A payment is refunded at most in full, a request paid at most in full.
        "UPDATE payments SET refunded = amount + 1 WHERE id = 'i1-p0'",
        "UPDATE payments SET refunded = 1 WHERE id = 'i2-p0'",
        "UPDATE payments SET amount = NULL WHERE id = 'i1-p0'",
        "UPDATE requests SET paid = amount + 1",
        "UPDATE requests SET state = 'paid'",
        # A username has one holder, in any case.
        "UPDATE people SET username = 'BOB' WHERE id = 1",
    ],
)
async def test_the_database_refuses(database: Database, statement: str) -> None:
    """Each rule of the book has its pair in the database."""
    before = contents(database)

    with pytest.raises(database.refusal):
        database.execute(statement)

    assert contents(database) == before
