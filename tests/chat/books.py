"""What the ledger holds, to be compared before and after something that must move nothing."""

from __future__ import annotations

import sqlite3
from typing import Any

from tests.chat.driver import Chatpay

Books = tuple[list[Any], list[Any], list[Any]]


def books(chatpay: Chatpay) -> Books:
    """All accounts with balance, hold and version; all transfers; all holds."""
    with sqlite3.connect(f"file:{chatpay.database}?mode=ro", uri=True) as database:
        accounts = database.execute(
            "SELECT id, balance, held, version FROM accounts ORDER BY id"
        ).fetchall()
        transfers = database.execute("SELECT id FROM transfers ORDER BY id").fetchall()
        holds = database.execute("SELECT id FROM holds ORDER BY id").fetchall()
    database.close()
    return accounts, transfers, holds
