"""How much is allowed: amounts, notes, and what moves to and from the bank in a day."""

from __future__ import annotations

from payments.errors import AmountRefused, LimitExceeded, NoteRefused
from payments.models import Account, Millis, TransferKind
from payments.money import MAX_MINOR, Money, decimal_places
from payments.policy import DAY, Policy
from payments.ports import Tx

_LINES_MOST = 1_000
"""How far back the day's movements are looked through to say when more is possible."""


def refuse_amount(amount: Money, policy: Policy) -> None:
    """An amount is in one of the currencies, at least one minor unit and at most the cap.

    Raises:
        AmountRefused: without a range where the currency is not one of ours.
    """
    if amount.currency not in policy.currencies:
        raise AmountRefused
    refuse_outside(amount, most_minor=min(policy.payment_most_minor, MAX_MINOR))


def refuse_outside(amount: Money, *, most_minor: int, least_minor: int = 1) -> None:
    """An amount lies between two.

    Raises:
        AmountRefused: it does not.
    """
    if not least_minor <= amount.minor <= most_minor:
        raise AmountRefused(
            least=Money(least_minor, amount.currency), most=Money(most_minor, amount.currency)
        )


def clean_note(note: str, policy: Policy) -> str:
    """The note without white space around it.

    Raises:
        NoteRefused: it is too long.
    """
    note = note.strip()
    if len(note) > policy.note_most:
        raise NoteRefused(most=policy.note_most)
    return note


def bank_day_most(currency: str, policy: Policy) -> Money:
    """What one person may move to, or from, the bank in any 24 hours."""
    major = policy.topup_day_major_of.get(currency, policy.topup_day_major)
    return Money(major * 10 ** decimal_places(currency), currency)


def refuse_bank_day(
    tx: Tx, account: Account, amount: Money, *, kind: TransferKind, policy: Policy, now: Millis
) -> None:
    """The bank's part of any 24 hours is capped, each way.

    Raises:
        LimitExceeded: there is no sandbox bank, or the amount is more than what is left.
    """
    if not policy.sandbox:
        raise LimitExceeded(kind, possible=None, again_at=None)
    most = bank_day_most(account.currency, policy)
    since = now - DAY + 1
    moved_minor = tx.ledger.moved_since(
        account.id, kind=kind, since=since, credited=kind is TransferKind.TOPUP
    )
    if moved_minor + amount.minor <= most.minor:
        return
    lines = tx.ledger.history(account.id, before=None, kinds=[kind], limit=_LINES_MOST)
    moments = [line.created_at for line in lines if line.created_at >= since]
    raise LimitExceeded(
        kind,
        possible=Money(max(most.minor - moved_minor, 0), account.currency),
        again_at=min(moments) + DAY if moments else None,
    )
