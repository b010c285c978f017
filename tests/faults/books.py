"""What the books say was paid."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.chat.driver import Chatpay


def payments_made(of: Chatpay | Path) -> list[tuple[int, int, int]]:
    """All payments in the books as payer, payee and minor units, in no order that means much."""
    database = of.database if isinstance(of, Chatpay) else of
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as books:
        return books.execute(
            "SELECT debit.person_id, credit.person_id, t.amount FROM transfers t "
            "JOIN accounts debit ON debit.id = t.debit_account_id "
            "JOIN accounts credit ON credit.id = t.credit_account_id WHERE t.kind = 'payment'"
        ).fetchall()
