"""The limit: `sqlite3` by itself, writing on the same file the rows that the last tap writes.

Everything is known beforehand: nothing is looked up or decided, no record is made, nothing is
sealed, and nobody waits for an answer. It takes the two transactions of the real thing: the try is
counted durably before the PIN is looked at, and only then money moves.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.household import LastTap

_SETTINGS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "temp_store = MEMORY",
    "foreign_keys = ON",
    "secure_delete = ON",
)

_KNOWN = """
SELECT k.id AS keypad, k.sealed, i.id AS intent, i.created_at AS now, p.id AS payment, p.amount,
    p.payer_id AS payer, p.payee_id AS payee, d.id AS debited, c.id AS credited,
    coalesce(paid.number, 0) + 1 AS paid_number,
    coalesce(paid.total, 0) + p.amount AS paid_total,
    coalesce(received.number, 0) + 1 AS received_number,
    coalesce(received.total, 0) + p.amount AS received_total
FROM keypads k
JOIN intents i ON i.id = k.intent_id
JOIN payments p ON p.intent_id = i.id
JOIN accounts d ON d.person_id = p.payer_id
JOIN accounts c ON c.person_id = p.payee_id
LEFT JOIN (
    SELECT person_id, max(number) AS number, max(total) AS total FROM turnovers
    WHERE side = 'paid' GROUP BY person_id
) AS paid ON paid.person_id = p.payer_id
LEFT JOIN (
    SELECT person_id, max(number) AS number, max(total) AS total FROM turnovers
    WHERE side = 'received' GROUP BY person_id
) AS received ON received.person_id = p.payee_id
"""

_COUNT_TRY = (
    "UPDATE pins SET tries = tries + 1 WHERE person_id = :payer",
    "UPDATE keypads SET sealed = :sealed, checking = 1 WHERE id = :keypad",
)

_DEBIT = """
UPDATE accounts SET balance = balance - :amount, version = version + 1
WHERE id = :debited AND balance - held >= :amount RETURNING version, balance
"""
_CREDIT = """
UPDATE accounts SET balance = balance + :amount, version = version + 1
WHERE id = :credited RETURNING version, balance
"""
_MOVE_MONEY = (
    "UPDATE pins SET tries = 0 WHERE person_id = :payer",
    "DELETE FROM keypads WHERE id = :keypad",
    "UPDATE intents SET state = 'posted' WHERE id = :intent AND state = 'awaiting_pin'",
    """
    INSERT INTO transfers (id, kind, debit_account_id, credit_account_id, amount, currency,
        created_at)
    VALUES (:payment, 'payment', :debited, :credited, :amount, 'EUR', :now)
    """,
    """
    INSERT INTO entries (account_id, version, transfer_id, amount, balance_after)
    VALUES (:debited, :debited_version, :payment, -:amount, :debited_balance),
        (:credited, :credited_version, :payment, :amount, :credited_balance)
    """,
    "UPDATE payments SET state = 'posted', posted_at = :now WHERE id = :payment",
    """
    INSERT INTO turnovers (person_id, side, currency, counted_at, number, total)
    VALUES (:payer, 'paid', 'EUR', :now, :paid_number, :paid_total),
        (:payee, 'received', 'EUR', :now, :received_number, :received_total)
    """,
    """
    INSERT INTO outbox (kind, conversation_id, subject_id, created_at, due_at)
    VALUES ('payment_received', :payee, :payment, :now, :now),
        ('intent', :payer, :intent, :now, :now)
    """,
)

Values = dict[str, Any]


class Rows:
    """The rows alone.

    Args:
        path: a database that nobody else writes to meanwhile.
    """

    def __init__(self, path: Path) -> None:
        self._raw = sqlite3.connect(path, isolation_level=None, cached_statements=256)
        for setting in _SETTINGS:
            self._raw.execute(f"PRAGMA {setting}")

    def close(self) -> None:
        """Closes the connection."""
        self._raw.close()

    def values(self, taps: Sequence[LastTap]) -> list[Values]:
        """All that will be bound, found out before the clock runs."""
        cursor = self._raw.cursor()
        cursor.row_factory = sqlite3.Row
        known = {row["keypad"]: dict(row) for row in cursor.execute(_KNOWN)}
        return [known[tap.keypad_id] for tap in taps]

    def approve(self, payments: Sequence[Values], *, together: int) -> None:
        """Approves all payments, so many to a transaction."""
        for start in range(0, len(payments), together):
            for step in (self._count_try, self._move_money):
                self._raw.execute("BEGIN IMMEDIATE")
                for values in payments[start : start + together]:
                    step(values)
                self._raw.execute("COMMIT")

    def _count_try(self, values: Values) -> None:
        for statement in _COUNT_TRY:
            self._raw.execute(statement, values)

    def _move_money(self, values: Values) -> None:
        for side, statement in (("debited", _DEBIT), ("credited", _CREDIT)):
            version, balance = self._raw.execute(statement, values).fetchone()
            values |= {f"{side}_version": version, f"{side}_balance": balance}
        for statement in _MOVE_MONEY:
            self._raw.execute(statement, values)
