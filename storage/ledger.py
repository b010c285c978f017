"""The book of money, in SQL: the only code that changes a balance.

A balance is changed only by `balance = balance + ?`, in the same statement that raises the
account's version, and each side of a transfer stores both. Whether a person's money covers a debit
or a hold is decided by the UPDATE itself; the table's CHECK is its pair.

The order of checks, in every method: the same id is looked up first and answers the first result
(or `Conflict`), then the state (`NotOpen`), then the funds (`InsufficientFunds`). Nothing is
written before the funds are taken, so that a caller may catch any of these and commit the rest.

The invariants that must hold afterwards are I1 to I9 of storage/audit.py.
"""

from __future__ import annotations

from collections.abc import Collection

from payments.errors import Conflict, InsufficientFunds, NotOpen
from payments.models import (
    Account,
    AccountKind,
    Entry,
    HistoryLine,
    Hold,
    HoldEnd,
    Millis,
    PersonId,
    Transfer,
    TransferKind,
)
from payments.money import MAX_MINOR, Money
from storage.connection import Connection, Row, json_array
from storage.sealing import Sealer, Use

_AFTER_ALL = 2**63 - 1
"""Above every version."""


class Ledger:
    """`payments.ports.Ledger` on any engine."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    # --- accounts ------------------------------------------------------------------------------

    def open_person_account(self, person_id: PersonId, currency: str, now: Millis) -> Account:
        """The person's account in a currency, opened if there is none."""
        known = {"person_id": person_id, "currency": currency}
        row = self._connection.one("account_of_person", **known)
        if row is None:
            self._connection.run("open_account", kind=AccountKind.PERSON.value, now=now, **known)
            row = self._connection.one("account_of_person", **known)
        return _account(_existing(row))

    def open_bank_account(self, currency: str, now: Millis) -> Account:
        """The account that stands for the outside world, opened if there is none."""
        row = self._connection.one("account_of_bank", currency=currency)
        if row is None:
            self._connection.run(
                "open_account",
                kind=AccountKind.BANK.value,
                person_id=None,
                currency=currency,
                now=now,
            )
            row = self._connection.one("account_of_bank", currency=currency)
        return _account(_existing(row))

    def accounts_of(self, person_id: PersonId) -> list[Account]:
        """All accounts of a person, by currency."""
        rows = self._connection.all("accounts_of_person", person_id=person_id)
        return [_account(row) for row in rows]

    def account(self, account_id: int) -> Account | None:
        """One account."""
        row = self._connection.one("account", account_id=account_id)
        return None if row is None else _account(row)

    # --- transfers -----------------------------------------------------------------------------

    def transfer(
        self,
        transfer_id: str,
        *,
        kind: TransferKind,
        debit: Account,
        credit: Account,
        amount_minor: int,
        now: Millis,
        reverses_id: str | None = None,
    ) -> Transfer:
        """Moves money from one account to another.

        Raises:
            Conflict: the id was used with other fields.
            InsufficientFunds: the debited person's available balance does not cover it.
            ValueError: two currencies, one account, or an amount out of range.
        """
        wanted = Transfer(
            id=transfer_id,
            kind=kind,
            debit_account_id=debit.id,
            credit_account_id=credit.id,
            amount_minor=amount_minor,
            currency=debit.currency,
            hold_id=None,
            reverses_id=reverses_id,
            created_at=now,
        )
        first = self.find_transfer(transfer_id)
        if first is not None:
            return _same_transfer(first, wanted)
        _check_amount(amount_minor)
        _check_sides(debit, credit)
        debited = self._connection.one("debit", account_id=debit.id, amount=amount_minor)
        if debited is None:
            raise self._insufficient(debit, amount_minor)
        # After this point the transfer must succeed.
        self._write_transfer(wanted, debited)
        return wanted

    def find_transfer(self, transfer_id: str) -> Transfer | None:
        """One transfer."""
        row = self._connection.one("transfer", transfer_id=transfer_id)
        return None if row is None else _transfer(row)

    def entry_of(self, transfer_id: str, account_id: int) -> Entry | None:
        """One account's side of a transfer."""
        row = self._connection.one("entry", transfer_id=transfer_id, account_id=account_id)
        return None if row is None else Entry(*row)

    # --- holds ---------------------------------------------------------------------------------

    def hold(
        self, hold_id: str, *, account: Account, amount_minor: int, now: Millis, expires_at: Millis
    ) -> Hold:
        """Reserves money. Idempotent like `transfer`; the times do not count as fields.

        Raises:
            Conflict: the id was used with other fields.
            InsufficientFunds: the available balance does not cover it.
            ValueError: the amount is out of range.
        """
        first = self.find_hold(hold_id)
        if first is not None:
            return _same_hold(first, account, amount_minor)
        _check_amount(amount_minor)
        if not self._connection.run("reserve", account_id=account.id, amount=amount_minor):
            raise self._insufficient(account, amount_minor)
        # After this point the hold must succeed.
        self._connection.run(
            "add_hold",
            hold_id=hold_id,
            account_id=account.id,
            amount=amount_minor,
            currency=account.currency,
            now=now,
            expires_at=expires_at,
        )
        return Hold(
            id=hold_id,
            account_id=account.id,
            amount_minor=amount_minor,
            currency=account.currency,
            created_at=now,
            expires_at=expires_at,
            end=None,
        )

    def post_hold(
        self, hold_id: str, *, transfer_id: str, credit: Account, now: Millis
    ) -> Transfer:
        """Turns a whole open hold into a transfer; a second time answers the first.

        Raises:
            NotOpen: it was voided or has expired.
            Conflict: it was posted by another transfer.
            LookupError: there is no such hold.
            ValueError: two currencies.
        """
        hold = self.find_hold(hold_id)
        if hold is None:
            raise LookupError(f"there is no hold {hold_id}")
        wanted = Transfer(
            id=transfer_id,
            kind=TransferKind.PAYMENT,
            debit_account_id=hold.account_id,
            credit_account_id=credit.id,
            amount_minor=hold.amount_minor,
            currency=hold.currency,
            hold_id=hold_id,
            reverses_id=None,
            created_at=now,
        )
        first = self.find_transfer(transfer_id)
        if first is not None:
            return _same_transfer(first, wanted)
        if hold.end is HoldEnd.POSTED:
            raise Conflict(f"hold {hold_id} was posted by another transfer")
        if hold.end is not None:
            raise NotOpen(hold.end)
        if credit.currency != hold.currency:
            raise ValueError(f"{hold.currency} and {credit.currency} do not mix")
        if not self._end(hold_id, HoldEnd.POSTED, now):
            # Another worker resolved it since it was read above: answer by what became of it.
            return self.post_hold(hold_id, transfer_id=transfer_id, credit=credit, now=now)
        # After this point the transfer must succeed.
        debited = self._connection.one(
            "debit_held", account_id=hold.account_id, amount=hold.amount_minor
        )
        self._write_transfer(wanted, _existing(debited))
        return wanted

    def end_hold(self, hold_id: str, *, end: HoldEnd, now: Millis) -> bool:
        """Voids or expires an open hold; False if it was already resolved.

        Raises:
            ValueError: `end` is POSTED, which only `post_hold` does.
            LookupError: there is no such hold.
        """
        if end is HoldEnd.POSTED:
            raise ValueError("a hold is posted by post_hold")
        hold = self.find_hold(hold_id)
        if hold is None:
            raise LookupError(f"there is no hold {hold_id}")
        if hold.end is not None or not self._end(hold_id, end, now):
            return False
        self._connection.run("release", account_id=hold.account_id, amount=hold.amount_minor)
        return True

    def find_hold(self, hold_id: str) -> Hold | None:
        """One hold."""
        row = self._connection.one("hold", hold_id=hold_id)
        if row is None:
            return None
        hold_id, account_id, amount, currency, created_at, expires_at, how = row
        end = None if how is None else HoldEnd(how)
        return Hold(hold_id, account_id, amount, currency, created_at, expires_at, end)

    # --- reading -------------------------------------------------------------------------------

    def history(
        self,
        account_id: int,
        *,
        before: int | None,
        kinds: Collection[TransferKind],
        credited: bool | None = None,
        limit: int,
    ) -> list[HistoryLine]:
        """A page of an account's history, newest first, below version `before`; no kinds: all."""
        rows = self._connection.all(
            "history",
            account_id=account_id,
            before=_AFTER_ALL if before is None else before,
            any_kind=int(not kinds),
            kinds=json_array(kinds),
            sign=0 if credited is None else 1 if credited else -1,
            rows=limit,
        )
        return [self._history_line(row) for row in rows]

    def moved_since(
        self, account_id: int, *, kind: TransferKind, since: Millis, credited: bool
    ) -> int:
        """The sum of one kind credited to (or debited from) an account since then."""
        query = "credited_since" if credited else "debited_since"
        row = self._connection.one(query, account_id=account_id, kind=kind.value, since=since)
        moved: int = _existing(row)[0]
        return moved

    def have_dealt(self, one: PersonId, other: PersonId) -> bool:
        """Whether a payment between the two was ever posted, either way."""
        return self._connection.one("have_dealt", one=one, other=other) is not None

    # --- inside --------------------------------------------------------------------------------

    def _write_transfer(self, transfer: Transfer, debited: Row) -> None:
        """Credits the other side and writes the transfer with both entries."""
        debit_version, debit_balance = debited
        credit_version, credit_balance = _existing(
            self._connection.one(
                "credit", account_id=transfer.credit_account_id, amount=transfer.amount_minor
            )
        )
        self._connection.run(
            "add_transfer",
            transfer_id=transfer.id,
            kind=transfer.kind.value,
            debit_account_id=transfer.debit_account_id,
            credit_account_id=transfer.credit_account_id,
            amount=transfer.amount_minor,
            currency=transfer.currency,
            hold_id=transfer.hold_id,
            reverses_id=transfer.reverses_id,
            now=transfer.created_at,
        )
        self._connection.run(
            "add_entries",
            transfer_id=transfer.id,
            amount=transfer.amount_minor,
            debit_account_id=transfer.debit_account_id,
            debit_version=debit_version,
            debit_balance=debit_balance,
            credit_account_id=transfer.credit_account_id,
            credit_version=credit_version,
            credit_balance=credit_balance,
        )

    def _end(self, hold_id: str, end: HoldEnd, now: Millis) -> bool:
        return self._connection.run("add_hold_end", hold_id=hold_id, how=end.value, now=now) == 1

    def _insufficient(self, account: Account, amount_minor: int) -> InsufficientFunds:
        """The refusal, with the figures of this moment.

        Raises:
            LookupError: there is no such account.
        """
        present = self.account(account.id)
        if present is None:
            raise LookupError(f"there is no account {account.id}")
        return InsufficientFunds(
            available=present.available, needed=Money(amount_minor, present.currency)
        )

    def _history_line(self, row: Row) -> HistoryLine:
        position, transfer_id, kind, amount, balance, currency, other, name, intent, note, at = row
        return HistoryLine(
            position=position,
            transfer_id=transfer_id,
            kind=TransferKind(kind),
            amount_minor=amount,
            balance_after_minor=balance,
            currency=currency,
            other_id=other,
            other_name=name,
            note=self._sealer.open_note(note, use=Use.INTENT_NOTE, row=intent),
            created_at=at,
        )


def _existing(row: Row | None) -> Row:
    """The row of a query that cannot come back empty.

    Raises:
        LookupError: it did.
    """
    if row is None:
        raise LookupError("the account is gone")
    return row


def _account(row: Row) -> Account:
    account_id, kind, person_id, currency, balance, held, version = row
    return Account(account_id, AccountKind(kind), person_id, currency, balance, held, version)


def _transfer(row: Row) -> Transfer:
    transfer_id, kind, *rest = row
    return Transfer(transfer_id, TransferKind(kind), *rest)


def _check_amount(amount_minor: int) -> None:
    if not 1 <= amount_minor <= MAX_MINOR:
        raise ValueError(f"{amount_minor} minor units cannot be moved at once")


def _check_sides(debit: Account, credit: Account) -> None:
    if debit.id == credit.id:
        raise ValueError(f"account {debit.id} cannot pay itself")
    if debit.currency != credit.currency:
        raise ValueError(f"{debit.currency} and {credit.currency} do not mix")


def _same_hold(first: Hold, account: Account, amount_minor: int) -> Hold:
    """The first hold, if the second differs from it in nothing but its times.

    Raises:
        Conflict: it differs in more.
    """
    if (first.account_id, first.amount_minor) != (account.id, amount_minor):
        raise Conflict(f"hold {first.id} was made with other fields")
    return first


def _same_transfer(first: Transfer, wanted: Transfer) -> Transfer:
    """The first transfer, if the second differs from it in nothing but its time.

    Raises:
        Conflict: it differs in more.
    """
    same = (
        first.kind is wanted.kind
        and first.debit_account_id == wanted.debit_account_id
        and first.credit_account_id == wanted.credit_account_id
        and first.amount_minor == wanted.amount_minor
        and first.currency == wanted.currency
        and first.hold_id == wanted.hold_id
        and first.reverses_id == wanted.reverses_id
    )
    if not same:
        raise Conflict(f"transfer {wanted.id} was made with other fields")
    return first
