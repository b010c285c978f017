"""The invariants of the book, each stated here once, each one query.

`INVARIANTS` states them; tests and `chatpay ledger verify` cite the numbers; the queries are in
storage/sql/queries/audit.sql, and those of a quick look at what is new in seals.sql.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import cast

from payments.models import Millis
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
    "I17": "A link's uses and sums are those of its approved payments and of its bank sales.",
    "I18": "What limits count of somebody is what they paid and were paid, none of it too early.",
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


QUICK = ("I1", "I2", "I3", "I4", "I5", "I7", "I8", "I10", "I12")
"""Those that can be checked on what is new alone, in the order of their numbers."""


def verify(connection: Connection) -> list[Finding]:
    """Checks all invariants on one snapshot; empty: the book is sound."""
    return _findings(connection, INVARIANTS, "breaks")


def verify_new(connection: Connection) -> list[Finding]:
    """Checks `QUICK` on one snapshot, on the entries above what was sealed.

    An account's entries are never changed and its versions are dense, so what was found sound up
    to a version needs no second look: the fold goes on from the balance that was sealed there.
    """
    return _findings(connection, QUICK, "breaks_new")


@dataclass(frozen=True, slots=True)
class Seal:
    """An account's entries up to a version were found sound, and leave a balance."""

    account_id: int
    version: int
    balance: int


def seals(connection: Connection) -> list[Seal]:
    """What may be sealed once a snapshot was found sound."""
    return [Seal(*row) for row in connection.each("unsealed_accounts")]


def write_seals(connection: Connection, new: Sequence[Seal], now: Millis) -> None:
    """Remembers how far the book is sound; what others found meanwhile further on stays."""
    for seal in new:
        connection.run("seal_account", **asdict(seal), now=now)


def _findings(connection: Connection, invariants: Iterable[str], query: str) -> list[Finding]:
    return [
        Finding(invariant, subject, detail)
        for invariant in invariants
        for subject, detail in connection.all(f"{query}_{invariant.lower()}")
    ]


async def verify_store(store: Store) -> list[Finding]:
    """Checks all invariants on one snapshot of a working database."""
    return await store.read(lambda tx: verify(cast("Transaction", tx).workspace))
