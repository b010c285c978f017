"""Looking at what moved: payments, receipts, history. Each for the people concerned alone.

Whatever is not one's own, or does not exist, is `NotYours` alike, so that ids cannot be probed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cache

from msgspec.structs import replace

from payments import people
from payments.errors import NotYours
from payments.models import (
    Account,
    Entry,
    HistoryLine,
    Intent,
    Millis,
    Payment,
    PaymentState,
    Person,
    PersonId,
    TransferKind,
)
from payments.money import Money
from payments.ports import Tx
from payments.results import HistoryPage, Receipt


def payment(tx: Tx, payment_id: str, by: PersonId) -> tuple[Payment, Intent]:
    """A payment and its card, as this person may see them.

    A payee sees it once it is approved, and of the card's payments that one alone.

    Raises:
        NotYours: anybody else's, or none.
    """
    found = tx.intents.payment(payment_id)
    if found is None:
        raise NotYours
    intent = tx.intents.get(found.intent_id)
    if intent is None:
        raise LookupError(f"payment {payment_id} has no intent")
    if found.payer_id == by:
        return found, intent
    viewer = tx.people.get(by)
    hidden = found.state is PaymentState.DRAFT
    if hidden or viewer is None or not people.may_claim(viewer, found):
        raise NotYours
    return found, replace(intent, payments=(found,))


def receipt(tx: Tx, transfer_id: str, by: PersonId) -> Receipt:
    """One movement of money with the viewer's own balance after it.

    Raises:
        NotYours: anybody else's, or none.
    """
    transfer = tx.ledger.find_transfer(transfer_id)
    entry = _own_entry(tx, transfer_id, by)
    if transfer is None or entry is None:
        raise NotYours
    paid, intent = None, None
    if tx.intents.payment(transfer_id) is not None:
        paid, intent = payment(tx, transfer_id, by)
    return Receipt(
        transfer=transfer,
        payment=paid,
        intent=intent,
        payer=_holder(tx, transfer.debit_account_id),
        payee=_holder(tx, transfer.credit_account_id),
        note="" if intent is None else intent.note,
        amount=Money(transfer.amount_minor, transfer.currency),
        balance_after=Money(entry.balance_after_minor, transfer.currency),
    )


def available(tx: Tx, person_id: PersonId, currency: str) -> Money:
    """What a person can spend in a currency; nothing where they have no account in it."""
    for account in tx.ledger.accounts_of(person_id):
        if account.currency == currency:
            return account.available
    return Money(0, currency)


def history(
    tx: Tx,
    person_id: PersonId,
    *,
    currency: str,
    kinds: Collection[TransferKind],
    credited: bool | None,
    before: int | None,
    limit: int,
) -> HistoryPage:
    """A page of a person's account, newest first; empty where there is no such account."""
    account = _account(tx, person_id, currency)
    if account is None:
        return HistoryPage((), None)
    lines = tx.ledger.history(
        account.id, before=before, kinds=kinds, credited=credited, limit=limit + 1
    )
    page = tuple(lines[:limit])
    return HistoryPage(page, page[-1].position if len(lines) > limit else None)


def balances_at(
    tx: Tx, person_id: PersonId, *, currency: str, moments: Sequence[Millis]
) -> list[int]:
    """What a person had at each of these moments, oldest first, in minor units.

    Entries are numbered without gaps, so each is found by halving, however many there are.
    """
    account = _account(tx, person_id, currency)
    if account is None:
        return [0] * len(moments)
    account_id, position = account.id, account.version

    @cache
    def line(at: int) -> HistoryLine:
        (found,) = tx.ledger.history(account_id, before=at + 1, kinds=(), limit=1)
        return found

    points = []
    for moment in reversed(moments):
        position = _last_until(moment, position, lambda at: line(at).created_at)
        points.append(line(position).balance_after_minor if position else 0)
    return points[::-1]


def _last_until(moment: Millis, newest: int, made_at: Callable[[int], Millis]) -> int:
    """The newest of the entries 1 to `newest` made until a moment; 0 if there is none."""
    low, high, step = newest, newest + 1, 1
    while low and made_at(low) > moment:
        low, high, step = max(0, low - step), low, 2 * step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if made_at(middle) > moment else (middle, high)
    return low


def _account(tx: Tx, person_id: PersonId, currency: str) -> Account | None:
    accounts = tx.ledger.accounts_of(person_id)
    return next((account for account in accounts if account.currency == currency), None)


def _own_entry(tx: Tx, transfer_id: str, person_id: PersonId) -> Entry | None:
    for account in tx.ledger.accounts_of(person_id):
        entry = tx.ledger.entry_of(transfer_id, account.id)
        if entry is not None:
            return entry
    return None


def _holder(tx: Tx, account_id: int) -> Person | None:
    account = tx.ledger.account(account_id)
    if account is None or account.person_id is None:
        return None
    return tx.people.get(account.person_id)
