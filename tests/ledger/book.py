"""A small book to test on, and a way into its database that goes round the repositories."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg

from payments.models import (
    Account,
    Intent,
    IntentKind,
    IntentState,
    Link,
    LinkState,
    LinkTerms,
    Payment,
    PaymentState,
    Profile,
    Request,
    RequestState,
    Side,
    Transfer,
    TransferKind,
)
from payments.ports import Store, Tx
from storage.migrate import migrations
from storage.sealing import Sealer

ALICE, BOB, CAROL = 1, 2, 3
NOW = 1_700_000_000_000
"""The moment at which everything in these tests happens."""
HOUR = 3_600_000
SEALER = Sealer([b"a key for tests, 32 bytes long ok"])

TABLES = [
    table
    for migration in migrations("sqlite")
    for table in re.findall(r"CREATE TABLE (\w+)", migration.text)
]


class Database(Protocol):
    """One engine's database, as somebody with the file or the password sees it."""

    url: str

    def execute(self, *statements: str) -> list[tuple[Any, ...]]:
        """Runs SQL by hand, all guards up, and answers the rows of the last statement."""

    def break_open(self, *statements: str) -> None:
        """Runs SQL by hand with triggers, CHECKs and foreign keys out of the way."""

    @property
    def refusal(self) -> type[Exception]:
        """What the driver raises when a constraint or trigger refuses."""


class SqliteFile:
    """A `Database` that is an SQLite file."""

    refusal = sqlite3.IntegrityError

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"

    def execute(self, *statements: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        with self._connection() as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            for statement in statements:
                rows = connection.execute(statement).fetchall()
        return rows

    def break_open(self, *statements: str) -> None:
        with self._connection() as connection:
            triggers = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
            for (name,) in triggers.fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute("PRAGMA ignore_check_constraints = ON")
            for statement in statements:
                connection.execute(statement)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            yield connection


class PostgresDatabase:
    """A `Database` on a PostgreSQL server."""

    refusal = psycopg.IntegrityError

    def __init__(self, url: str) -> None:
        self.url = url
        self.broken = False
        self._connection = psycopg.connect(url, autocommit=True)

    def execute(self, *statements: str) -> list[tuple[Any, ...]]:
        for statement in statements:
            cursor = self._connection.execute(statement)
        return cursor.fetchall() if cursor.description else []

    def empty(self) -> None:
        """Forgets all rows, as no user of the database could."""
        self.execute(
            "SET session_replication_role = replica",
            *(f"DELETE FROM {table}" for table in TABLES),
            "RESET session_replication_role",
        )

    def close(self) -> None:
        self._connection.close()

    def break_open(self, *statements: str) -> None:
        self.broken = True
        checks = self.execute(
            "SELECT conrelid::regclass, conname FROM pg_constraint"
            " WHERE contype = 'c' AND conrelid <> 0"
        )
        # A replica trusts what it is sent: no triggers, no foreign keys.
        self.execute(
            *(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"' for table, name in checks),
            "SET session_replication_role = replica",
            *statements,
            "RESET session_replication_role",
        )


def contents(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table: equal before and after means that nothing moved."""
    return {
        table: sorted(database.execute(f"SELECT * FROM {table}"), key=repr) for table in TABLES
    }


def do(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[[Tx], Any]:
    """A unit of work: `do(pay, amount=5)` calls `pay(tx, amount=5)`."""
    return lambda tx: function(tx, *args, **kwargs)


# --- units -------------------------------------------------------------------------------------


def begin(tx: Tx) -> None:
    """Alice, Bob and Carol, with 100.00 euros in Alice's account."""
    for person_id, name in ((ALICE, "Alice"), (BOB, "Bob"), (CAROL, "Carol")):
        tx.people.meet(Profile(person_id, name, name.lower(), "en"), currency="EUR", now=NOW)
        tx.ledger.open_person_account(person_id, "EUR", NOW)
    top_up(tx, ALICE, 10_000)


def top_up(tx: Tx, person_id: int, amount: int, *, transfer_id: str | None = None) -> Transfer:
    """Money from the bank."""
    return tx.ledger.transfer(
        transfer_id or f"topup-{person_id}",
        kind=TransferKind.TOPUP,
        debit=tx.ledger.open_bank_account("EUR", NOW),
        credit=account(tx, person_id),
        amount_minor=amount,
        now=NOW,
    )


def account(tx: Tx, person_id: int, currency: str = "EUR") -> Account:
    """Somebody's account."""
    return tx.ledger.open_person_account(person_id, currency, NOW)


def send(tx: Tx, transfer_id: str, payer: int, payee: int, amount: int) -> Transfer:
    """A bare transfer, without the payment that it belongs to."""
    return tx.ledger.transfer(
        transfer_id,
        kind=TransferKind.PAYMENT,
        debit=account(tx, payer),
        credit=account(tx, payee),
        amount_minor=amount,
        now=NOW,
    )


def draft(
    intent_id: str = "i1",
    *,
    payer: int = ALICE,
    payees: tuple[int | str | None, ...] = (BOB,),
    amount: int | None = 1_250,
    kind: IntentKind = IntentKind.PAYMENT,
    note: str = "lunch",
    request_id: str | None = None,
    link_id: str | None = None,
    refunds_id: str | None = None,
    created_at: int = NOW,
) -> Intent:
    """A draft with a payment for each payee: an id, a username, or nobody yet."""
    payments = tuple(
        Payment(
            id=f"{intent_id}-p{position}",
            intent_id=intent_id,
            position=position,
            payer_id=payer,
            payee_id=payee if isinstance(payee, int) else None,
            payee_username=payee if isinstance(payee, str) else None,
            amount_minor=amount,
            currency="EUR",
            state=PaymentState.DRAFT,
            refunded_minor=0,
            claim_token=None,
            posted_at=None,
            expires_at=None,
        )
        for position, payee in enumerate(payees)
    )
    return Intent(
        id=intent_id,
        kind=kind,
        payer_id=payer,
        currency="EUR",
        note=note,
        state=IntentState.DRAFT,
        refusal=None,
        request_id=request_id,
        link_id=link_id,
        refunds_id=refunds_id,
        told_in=None,
        group_id=None,
        created_at=created_at,
        expires_at=created_at + HOUR,
        payments=payments,
    )


def pay(tx: Tx, intent: Intent) -> None:
    """Posts a draft with all that belongs to it."""
    tx.intents.add(intent, origin=None)
    tx.intents.move_if(intent.id, states=[IntentState.DRAFT], to=IntentState.POSTED)
    for payment in intent.payments:
        assert payment.payee_id is not None
        send(tx, payment.id, payment.payer_id, payment.payee_id, payment.amount.minor)
        tx.intents.move_payment_if(
            payment.id, state=PaymentState.DRAFT, to=PaymentState.POSTED, posted_at=NOW
        )
        count(tx, payment.payer_id, Side.PAID, payment.amount.minor)
        count(tx, payment.payee_id, Side.RECEIVED, payment.amount.minor)


def count(tx: Tx, person_id: int, side: Side, amount: int) -> None:
    """Counts one payment for the limits."""
    turnover = tx.turnovers.of(person_id, side=side, currency="EUR", now=NOW)
    tx.turnovers.add(turnover, number=1, amount_minor=amount, now=NOW)


def hold_back(tx: Tx, intent: Intent, *, expires_at: int = NOW + HOUR) -> None:
    """Approves a draft whose payees have yet to claim."""
    tx.intents.add(intent, origin=None)
    tx.intents.move_if(intent.id, states=[IntentState.DRAFT], to=IntentState.POSTED)
    for payment in intent.payments:
        tx.ledger.hold(
            payment.id,
            account=account(tx, payment.payer_id),
            amount_minor=payment.amount.minor,
            now=NOW,
            expires_at=expires_at,
        )
        tx.intents.move_payment_if(
            payment.id,
            state=PaymentState.DRAFT,
            to=PaymentState.HELD,
            claim_token=f"claim-{payment.id}",
            expires_at=expires_at,
        )
        count(tx, payment.payer_id, Side.PAID, payment.amount.minor)


def give_back(tx: Tx, payment_id: str, amount: int, *, intent_id: str) -> None:
    """Refunds a part of a posted payment."""
    original = tx.intents.payment(payment_id)
    assert original is not None
    assert original.payee_id is not None
    refund = draft(
        intent_id,
        payer=original.payee_id,
        payees=(original.payer_id,),
        amount=amount,
        kind=IntentKind.REFUND,
        refunds_id=payment_id,
    )
    tx.intents.add(refund, origin=None)
    tx.intents.move_if(refund.id, states=[IntentState.DRAFT], to=IntentState.POSTED)
    assert tx.intents.add_refund(payment_id, amount)
    tx.ledger.transfer(
        refund.payments[0].id,
        kind=TransferKind.REFUND,
        debit=account(tx, original.payee_id),
        credit=account(tx, original.payer_id),
        amount_minor=amount,
        now=NOW,
        reverses_id=payment_id,
    )
    tx.intents.move_payment_if(
        refund.payments[0].id, state=PaymentState.DRAFT, to=PaymentState.POSTED, posted_at=NOW
    )


def request(
    request_id: str = "r1",
    *,
    payer: int | str | None = ALICE,
    requester: int = BOB,
    amount: int = 3_000,
    created_at: int = NOW,
    batch_id: str = "b1",
) -> Request:
    """An open request."""
    return Request(
        id=request_id,
        batch_id=batch_id,
        requester_id=requester,
        payer_id=payer if isinstance(payer, int) else None,
        payer_username=payer if isinstance(payer, str) else None,
        amount_minor=amount,
        paid_minor=0,
        currency="EUR",
        note="rent",
        partial=True,
        state=RequestState.OPEN,
        group_id=-100,
        reminders=0,
        reminded_at=None,
        created_at=created_at,
        expires_at=created_at + HOUR,
    )


def link(link_id: str = "l1", *, personal: bool = False, created_at: int = NOW) -> Link:
    """Bob's payment link."""
    return Link(
        id=link_id,
        owner_id=BOB,
        personal=personal,
        terms=LinkTerms(
            currency="EUR",
            amount_minor=None if personal else 500,
            suggested=not personal,
            least_minor=100,
            most_minor=None if personal else 900,
            note="coffee",
            question="How strong?",
            thanks="Enjoy it!",
            reference="shelf 3",
            uses_most=None if personal else 2,
            expires_at=NOW + HOUR,
        ),
        state=LinkState.ACTIVE,
        created_at=created_at,
    )


# --- looking -----------------------------------------------------------------------------------


async def balances(store: Store) -> dict[int, tuple[int, int, int]]:
    """Balance, held and version of the three people's euro accounts."""

    def look(tx: Tx) -> dict[int, tuple[int, int, int]]:
        return {
            person_id: (found.balance_minor, found.held_minor, found.version)
            for person_id in (ALICE, BOB, CAROL)
            for found in tx.ledger.accounts_of(person_id)
            if found.currency == "EUR"
        }

    return await store.read(look)
