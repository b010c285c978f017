"""The limit: `sqlite3` by itself, doing on the same file what the last tap does.

`Statements` runs the same look-ups and writes the same rows, as a loop over bound values: no
record is made, nothing is opened or sealed, no rule is applied, nobody waits for an answer.
`Rows` leaves out even the look-ups, as if all were known beforehand; nothing that has to decide
anything can be as fast.

Both take the two transactions of the real thing: the try is counted durably before the PIN is
looked at, and only then money moves.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.household import LastTap
from storage.connection import SQLITE, load_queries

_SETTINGS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "temp_store = MEMORY",
    "foreign_keys = ON",
    "secure_delete = ON",
)

_KNOWN = """
SELECT k.id AS keypad_id, k.sealed, k.expires_at, p.intent_id, p.id AS payment_id,
    p.id AS transfer_id, p.amount, p.payer_id, p.payee_id, debit.id AS debit_account_id,
    credit.id AS credit_account_id, i.created_at AS now
FROM keypads k
JOIN payments p ON p.intent_id = k.intent_id
JOIN intents i ON i.id = p.intent_id
JOIN accounts debit ON debit.person_id = p.payer_id
JOIN accounts credit ON credit.person_id = p.payee_id
WHERE k.id = ?
"""

_CONSTANT = {
    "currency": "EUR",
    "kind": "payment",
    "hold_id": None,
    "reverses_id": None,
    "purpose": "approve",
    "checking": 1,
    "states": json.dumps(["awaiting_pin"]),
    "state": "posted",
    "before": "draft",
    "claim_token": None,
    "refusal": None,
}

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
        self._texts = load_queries(SQLITE, "sqlite3")

    def close(self) -> None:
        """Closes the connection."""
        self._raw.close()

    def values(self, taps: Sequence[LastTap]) -> list[Values]:
        """All that will be bound, found out before the clock runs."""
        cursor = self._raw.cursor()
        cursor.row_factory = sqlite3.Row
        return [
            _CONSTANT | dict(cursor.execute(_KNOWN, (tap.keypad_id,)).fetchone()) for tap in taps
        ]

    def approve(self, payments: Sequence[Values], *, together: int) -> None:
        """Approves all payments, so many to a transaction."""
        for start in range(0, len(payments), together):
            for step in (self.count_try, self.move_money):
                self._raw.execute("BEGIN IMMEDIATE")
                for values in payments[start : start + together]:
                    step(values)
                self._raw.execute("COMMIT")

    def count_try(self, values: Values) -> None:
        """What is written before the PIN is checked."""
        self._run("count_try", values | {"person_id": values["payer_id"]})
        self._run("save_keypad", values)

    def move_money(self, values: Values) -> None:
        """What is written after it."""
        payer, payee = values["payer_id"], values["payee_id"]
        self._run("clear_tries", {"person_id": payer})
        self._run("drop_keypad", values)
        # The values of move_intent and move_payment that stay as they are.
        kept = values | {"expires_at": None, "payee_id": None, "posted_at": None}
        self._run("move_intent", kept)
        ((debit_version, debit_balance),) = self._run(
            "debit", values | {"account_id": values["debit_account_id"]}
        )
        ((credit_version, credit_balance),) = self._run(
            "credit", values | {"account_id": values["credit_account_id"]}
        )
        self._run("add_transfer", values)
        after = {
            "debit_version": debit_version,
            "debit_balance": debit_balance,
            "credit_version": credit_version,
            "credit_balance": credit_balance,
        }
        self._run("add_entries", values | after)
        self._run("move_payment", kept | {"posted_at": values["now"]})
        self._tell("payment_received", payee, values["payment_id"], values)
        self._tell("intent", payer, values["intent_id"], values)

    def _tell(self, kind: str, to: int, subject_id: str, values: Values) -> None:
        self._run(
            "add_notice",
            {"kind": kind, "conversation_id": to, "subject_id": subject_id, "now": values["now"]},
        )

    def _run(self, query: str, values: Values) -> list[tuple[Any, ...]]:
        return self._raw.execute(self._texts[query], values).fetchall()


class Statements(Rows):
    """The rows, and the look-ups that decide whether they may be written."""

    def count_try(self, values: Values) -> None:
        """The keypad and its card, then what is written."""
        self._look_up("keypad", "intent", "payments_of_intent", values=values)
        super().count_try(values)

    def move_money(self, values: Values) -> None:
        """The keypad, the card, both people and accounts, then what is written."""
        self._look_up("keypad", "intent", "payments_of_intent", "transfer", values=values)
        payer, payee = values["payer_id"], values["payee_id"]
        for person_id, other_id in ((payer, payee), (payee, payer)):
            one = values | {"person_id": person_id, "other_id": other_id}
            self._look_up("person", "account_of_person", "block", values=one)
        super().move_money(values)

    def _look_up(self, *queries: str, values: Values) -> None:
        for query in queries:
            self._run(query, values)
