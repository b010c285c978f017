"""The invariants of the book, each stated here once, each one query.

`INVARIANTS` states them; tests and `chatpay ledger verify` cite the numbers; the queries are in
storage/sql/queries/audit.sql.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from payments.ports import Store
from storage.connection import Connection
from storage.transaction import Transaction

INVARIANTS = {
    "I1": "In each currency the balances of all accounts sum to 0.",
    "I2": "An account's balance is the sum of its entries.",
    "I3": "Each entry's balance after is the balance after the one before it, plus its amount.",
    "I4": "The versions of an account are dense from 1, and its own is the last.",
    "I5": "A person's balance never is, and never was, below 0 or below what is held.",
    "I6": "What is held on an account is the sum of its open holds.",
    "I7": "A transfer has two entries: minus the amount on one account, plus it on the other.",
    "I8": "A transfer or hold and its accounts have one currency.",
    "I9": "A posted hold has one transfer, of its account and amount; no other hold has any.",
    "I10": "Money comes from the bank by top-ups and goes there by withdrawals only.",
    "I11": "A posted payment has one transfer with its id and fields.",
    "I12": "A transfer that somebody approved belongs to a posted payment with its id.",
    "I13": "A held payment has an open hold, a returned one an ended hold; no other hold is open.",
    "I14": "All payments of a posted intent were approved, and none of any other.",
    "I15": "What was refunded of a payment is the sum of its refunds, from payee to payer.",
    "I16": "What was paid of a request is the sum of the payments approved for it.",
}
"""What each invariant says, by its name."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach of one invariant."""

    invariant: str
    """Such as "I1"."""
    subject: str
    """What is wrong, such as "account 7"."""
    detail: str
    """The figures that disagree."""

    def __str__(self) -> str:
        return f"{self.invariant}: {self.subject}: {self.detail}"


def verify(connection: Connection) -> list[Finding]:
    """Checks all invariants on one snapshot; empty: the book is sound."""
    return [
        Finding(invariant, subject, detail)
        for invariant in INVARIANTS
        for subject, detail in connection.all(f"breaks_{invariant.lower()}")
    ]


async def verify_store(store: Store) -> list[Finding]:
    """Checks all invariants on one snapshot of a working database."""
    return await store.read(lambda tx: verify(cast("Transaction", tx).connection))
