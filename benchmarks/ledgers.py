"""Databases that have seen many payments already, made once in a run.

Two people have paid each other in turn, so all the transfers are on their two accounts: the worst
that can happen to a look-up. The rows are written by SQL, many at once, and are what as many
approvals would have left: the audit is asked, and must find nothing.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from functools import cache
from pathlib import Path

from benchmarks import household
from storage import audit
from storage.sqlite import snapshot

ONE, OTHER = 1, 2
SIZES = (1_000, 10_000, 100_000, 1_000_000)

_ROWS = """
WITH RECURSIVE numbers (n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last)
INSERT INTO filling
SELECT n, printf('filling%09d', n), printf('p_%026d', n), :start + n,
    CASE n % 2 WHEN 1 THEN :one ELSE :other END, CASE n % 2 WHEN 1 THEN :other ELSE :one END
FROM numbers
"""
_STEPS = (
    """
    INSERT INTO intents (id, kind, payer_id, currency, state, created_at, expires_at)
    SELECT intent, 'payment', payer, 'EUR', 'posted', at, at FROM filling
    """,
    """
    INSERT INTO payments (id, intent_id, position, payer_id, payee_id, amount, currency, state,
        posted_at)
    SELECT payment, intent, 0, payer, payee, :amount, 'EUR', 'posted', at FROM filling
    """,
    """
    INSERT INTO transfers (id, kind, debit_account_id, credit_account_id, amount, currency,
        created_at)
    SELECT payment, 'payment', d.id, c.id, :amount, 'EUR', at FROM filling
    JOIN accounts d ON d.person_id = payer JOIN accounts c ON c.person_id = payee
    """,
    # Who begins has one amount less after each odd payment; the other has one more.
    """
    INSERT INTO entries (account_id, version, transfer_id, amount, balance_after)
    SELECT a.id, 1 + n, payment, CASE WHEN a.person_id = payer THEN -:amount ELSE :amount END,
        :funds + CASE
            WHEN n % 2 = 0 THEN 0 WHEN a.person_id = :one THEN -:amount ELSE :amount
        END
    FROM filling JOIN accounts a ON a.person_id IN (:one, :other) ORDER BY a.id, n
    """,
    # The n-th payment is the half of n, rounded up, that its payer makes, and that its payee gets.
    """
    INSERT INTO turnovers (person_id, side, currency, counted_at, number, total)
    SELECT payer, 'paid', 'EUR', at, (n + 1) / 2, (n + 1) / 2 * :amount FROM filling
    UNION ALL
    SELECT payee, 'received', 'EUR', at, (n + 1) / 2, (n + 1) / 2 * :amount FROM filling
    """,
    "UPDATE accounts SET version = 1 + :last WHERE person_id IN (:one, :other)",
    "DELETE FROM filling",
)


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Removed when the program ends."""
    return tempfile.TemporaryDirectory(prefix="chatpay-bench-")


@cache
def _filled() -> dict[int, Path]:
    """A database of each size, each grown out of the one before."""
    folder = Path(_folder().name)
    growing = folder / "growing.db"
    raw = sqlite3.connect(growing, isolation_level=None)
    raw.executescript("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000;")
    raw.execute("CREATE TEMP TABLE filling (n, intent, payment, at, payer, payee)")
    files: dict[int, Path] = {}
    first = 1
    for size in SIZES:
        _fill(raw, first, size)
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        files[size] = folder / f"{size}.db"
        shutil.copyfile(growing, files[size])
        first = size + 1
    raw.close()
    return files


async def filled(size: int) -> Path:
    """A database that nobody has open, with so many transfers between `ONE` and `OTHER`.

    Raises:
        RuntimeError: its book is not sound.
    """
    growing = Path(_folder().name) / "growing.db"
    if not growing.exists():
        payments = await household.open_payments(f"sqlite:///{growing}")
        await household.move_in(payments, [ONE, OTHER])
        await payments.store.close()
        _filled()
        with snapshot(_filled()[SIZES[-1]]) as connection:
            if findings := audit.verify(connection):
                raise RuntimeError(f"the filled book is not sound: {findings[0]}")
    return _filled()[size]


def _fill(raw: sqlite3.Connection, first: int, last: int) -> None:
    values = {
        "first": first,
        "last": last,
        "start": 1_700_000_000_000,
        "one": ONE,
        "other": OTHER,
        "amount": household.AMOUNT.minor,
        "funds": household.FUNDS.minor,
    }
    raw.execute("BEGIN")
    for statement in (_ROWS, *_STEPS):
        raw.execute(statement, values)
    raw.execute("COMMIT")
