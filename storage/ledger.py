"""The book of money, in SQL: the only code that changes a balance.

A balance is changed only by `balance = balance + ?`, in the statement that raises the account's
version, and each side of a transfer stores both. An account is looked up once in a transaction,
which locks it; whether a person's money covers a debit or a hold is decided on what was found. The
change is written only if the account still is what was found, and the table's CHECK has the last
word.

The order of checks, in every method: the same id is looked up first and answers the first result
(or `Conflict`), then the state (`NotOpen`), then the funds (`InsufficientFunds`). Nothing is
written before the funds are taken, so that a caller may catch any of these and commit the rest.

The invariants that must hold afterwards are I1 to I9 of storage/audit.py.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

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
from payments.ports import existing
from storage.connection import Row, json_array
from storage.sealing import Sealer, Use
from storage.workspace import Workspace

_AFTER_ALL = 2**63 - 1
"""Above every version."""


class Ledger:
    """`payments.ports.Ledger` on any engine."""

    def __init__(self, workspace: Workspace, sealer: Sealer) -> None:
        self._workspace = workspace
        self._sealer = sealer
        self._accounts: dict[int, Account] = workspace.keep("accounts")
        self._owned: dict[tuple[PersonId | None, str], int] = workspace.keep("accounts")
        self._transfers: dict[str, Transfer | None] = workspace.keep("transfers")

    def look_up(
        self, owners: Collection[tuple[PersonId, str]], transfer_ids: Collection[str]
    ) -> None:
        """Looks up the accounts of these people in these currencies, and whether there are such
        transfers, for all that follows in this transaction.
        """
        owning = [
            person_id for person_id, currency in owners if (person_id, currency) not in self._owned
        ]
        if owning:
            for row in self._workspace.all("accounts_to_change", ids=json_array(owning)):
                self._keep(_account(row))
        unknown = [each for each in transfer_ids if each not in self._transfers]
        if unknown:
            self._transfers.update(dict.fromkeys(unknown))
            for row in self._workspace.all("transfers", keys=json_array(unknown)):
                self._transfers[row[0]] = _transfer(row)

    # --- accounts ------------------------------------------------------------------------------

    def open_person_account(self, person_id: PersonId, currency: str, now: Millis) -> Account:
        """The person's account in a currency, opened if there is none."""
        return self._find(person_id, currency) or self._open(
            AccountKind.PERSON, person_id, currency, now
        )

    def open_bank_account(self, currency: str, now: Millis) -> Account:
        """The account that stands for the outside world, opened if there is none."""
        return self._find(None, currency) or self._open(AccountKind.BANK, None, currency, now)

    def accounts_of(self, person_id: PersonId) -> list[Account]:
        """All accounts of a person, by currency."""
        rows = self._workspace.all("accounts_of_person", person_id=person_id)
        return [_account(row) for row in rows]

    def account(self, account_id: int) -> Account | None:
        """One account."""
        row = self._workspace.one("account", account_id=account_id)
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
        _check_covered(self._present(debit.id), amount_minor)
        # After this point the transfer must succeed.
        self._write_transfer(wanted)
        return wanted

    def find_transfer(self, transfer_id: str) -> Transfer | None:
        """One transfer."""
        if transfer_id not in self._transfers:
            self.look_up((), (transfer_id,))
        return self._transfers[transfer_id]

    def entry_of(self, transfer_id: str, account_id: int) -> Entry | None:
        """One account's side of a transfer."""
        row = self._workspace.one("entry", transfer_id=transfer_id, account_id=account_id)
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
        present = self._present(account.id)
        _check_covered(present, amount_minor)
        # After this point the hold must succeed.
        self._change(replace(present, held_minor=present.held_minor + amount_minor))
        self._workspace.run(
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
        self._release(hold)
        self._write_transfer(wanted)
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
        self._release(hold)
        return True

    def find_hold(self, hold_id: str) -> Hold | None:
        """One hold."""
        row = self._workspace.one("hold", hold_id=hold_id)
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
        seldom = bool(kinds) and TransferKind.PAYMENT not in kinds
        rows = self._workspace.all(
            "seldom_history" if seldom else "history",
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
        """The sum of one kind, not of payments, credited to (or debited from) an account since."""
        query = "credited_since" if credited else "debited_since"
        row = self._workspace.one(query, account_id=account_id, kind=kind.value, since=since)
        moved: int = existing(row)[0]
        return moved

    def have_dealt(self, one: PersonId, other: PersonId) -> bool:
        """Whether a payment between the two was ever posted, either way."""
        return self._workspace.one("have_dealt", one=one, other=other) is not None

    # --- inside --------------------------------------------------------------------------------

    def _find(self, person_id: PersonId | None, currency: str) -> Account | None:
        if (person_id, currency) not in self._owned:
            if person_id is None:
                row = self._workspace.one("account_of_bank", currency=currency)
            else:
                row = self._workspace.one(
                    "account_of_person", person_id=person_id, currency=currency
                )
            if row is None:
                return None
            self._keep(_account(row))
        return self._accounts[self._owned[person_id, currency]]

    def _open(
        self, kind: AccountKind, person_id: PersonId | None, currency: str, now: Millis
    ) -> Account:
        self._workspace.run(
            "open_account", kind=kind.value, person_id=person_id, currency=currency, now=now
        )
        return existing(self._find(person_id, currency))

    def _keep(self, account: Account) -> None:
        self._accounts[account.id] = account
        self._owned[account.person_id, account.currency] = account.id

    def _present(self, account_id: int) -> Account:
        """The account as it is now, after whatever was done in this transaction.

        Raises:
            LookupError: there is no such account.
        """
        if account_id not in self._accounts:
            row = self._workspace.one("account_to_change", account_id=account_id)
            if row is None:
                raise LookupError(f"there is no account {account_id}")
            self._keep(_account(row))
        return self._accounts[account_id]

    def _change(self, account: Account) -> None:
        was = self._accounts[account.id]
        self._accounts[account.id] = account
        self._workspace.put_down(
            "change_account",
            account.id,
            account_id=account.id,
            was_balance=was.balance_minor,
            was_held=was.held_minor,
            was_version=was.version,
            balance=account.balance_minor,
            held=account.held_minor,
            version=account.version,
        )

    def _move(self, transfer: Transfer, account_id: int, amount_minor: int) -> None:
        """Writes one side of a transfer, and what it leaves on the account."""
        was = self._present(account_id)
        account = replace(
            was, balance_minor=was.balance_minor + amount_minor, version=was.version + 1
        )
        self._change(account)
        self._workspace.put_down(
            "add_entry",
            account_id=account_id,
            version=account.version,
            transfer_id=transfer.id,
            amount=amount_minor,
            balance=account.balance_minor,
        )

    def _release(self, hold: Hold) -> None:
        present = self._present(hold.account_id)
        self._change(replace(present, held_minor=present.held_minor - hold.amount_minor))

    def _write_transfer(self, transfer: Transfer) -> None:
        """Writes the transfer with both entries."""
        self._transfers[transfer.id] = transfer
        self._workspace.put_down(
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
        self._move(transfer, transfer.debit_account_id, -transfer.amount_minor)
        self._move(transfer, transfer.credit_account_id, transfer.amount_minor)

    def _end(self, hold_id: str, end: HoldEnd, now: Millis) -> bool:
        return self._workspace.run("add_hold_end", hold_id=hold_id, how=end.value, now=now) == 1

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


def _account(row: Row) -> Account:
    account_id, kind, person_id, currency, balance, held, version = row
    return Account(account_id, AccountKind(kind), person_id, currency, balance, held, version)


def _transfer(row: Row) -> Transfer:
    transfer_id, kind, *rest = row
    return Transfer(transfer_id, TransferKind(kind), *rest)


def _check_amount(amount_minor: int) -> None:
    if not 1 <= amount_minor <= MAX_MINOR:
        raise ValueError(f"{amount_minor} minor units cannot be moved at once")


def _check_covered(account: Account, amount_minor: int) -> None:
    """Raises `InsufficientFunds`, with the figures of this moment."""
    if account.kind is AccountKind.PERSON and account.available_minor < amount_minor:
        raise InsufficientFunds(
            available=account.available, needed=Money(amount_minor, account.currency)
        )


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
