"""How much is allowed: amounts, notes, what is paid and received, and what moves to the bank.

Whoever pays has a cap on one payment, on how many they make in an hour, and on what they come to
in 24 hours and in 30 days: higher ones the better the person is known, and a lower one for a day
after their PIN was changed. Whoever is paid has caps, too. They go by running totals that are read
and written in the transaction that pays, so that payments which race add up to the cap at most.

What is held counts for its payer when it is approved, whatever becomes of it, and for its payee
when it arrives. What is given back is no payment, and changes no total.

The order of checks: HOUR, then of PAYMENT, NEW_PIN, DAY and MONTH the one that leaves least; for
each payee RECEIVING.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from payments.errors import AmountRefused, Limit, LimitExceeded, NoteRefused
from payments.models import Account, Millis, Payment, PersonId, Side, TransferKind, Turnover
from payments.money import MAX_MINOR, Money, decimal_places
from payments.names import clean_line
from payments.policy import DAY, HOUR, MONTH, Caps, Policy
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


def carried(minor: int, currency: str, policy: Policy) -> Money | None:
    """The amount that a button carries, in minor units of a currency.

    Anybody can send anything in its place: None if no button has it.
    """
    is_possible = currency in policy.currencies and 0 < minor <= MAX_MINOR
    return Money(minor, currency) if is_possible else None


def clean_note(note: str, policy: Policy) -> str:
    """The note as one line, in which nothing is hidden or turned around: it forges no receipt.

    Raises:
        NoteRefused: it is too long.
    """
    return _refuse_long(clean_line(note), most=policy.note_most)


def clean_thanks(thanks: str, policy: Policy) -> str:
    """As `clean_note`, for what a payer is told after paying: on the receipt, too.

    Raises:
        NoteRefused: it is too long.
    """
    return _refuse_long(clean_line(thanks), most=policy.thanks_most)


def _refuse_long(text: str, *, most: int) -> str:
    if len(text) > most:
        raise NoteRefused(most=most)
    return text


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


# --- paying and being paid -----------------------------------------------------------------------


def in_minor(currency: str, major: int, policy: Policy) -> Money:
    """A figure of the policy, in a currency."""
    return Money(major * _minor_of_one(currency, policy), currency)


def _minor_of_one(currency: str, policy: Policy) -> int:
    """What a figure of 1 in the policy comes to, in minor units of a currency."""
    return int(policy.worth_of_one.get(currency, 1) * 10 ** decimal_places(currency))


def refuse_paying(
    tx: Tx, payer_id: PersonId, payments: Sequence[Payment], *, policy: Policy, now: Millis
) -> Turnover:
    """What somebody may pay; answers what they have paid so far.

    Raises:
        LimitExceeded: HOUR, PAYMENT, NEW_PIN, DAY or MONTH.
    """
    each = payments[0].amount
    turnover = tx.turnovers.of(payer_id, side=Side.PAID, currency=each.currency, now=now)
    if turnover.hour_number + len(payments) > policy.hour_payments:
        again_at = _leaves(tx, turnover, HOUR, now)
        raise LimitExceeded(Limit.HOUR, possible=None, again_at=again_at)
    caps = policy.paying[turnover.level]
    windows = _windows(turnover, caps, policy, at_once=len(payments))
    windows += _new_pin(turnover, policy, now)
    _refuse_over(tx, turnover, windows, len(payments) * each.minor, now=now)
    return turnover


def refuse_receiving(
    tx: Tx, payee_id: PersonId, amount: Money, *, policy: Policy, now: Millis
) -> Turnover:
    """What somebody may be paid; answers what they have been paid so far.

    Raises:
        LimitExceeded: RECEIVING.
    """
    turnover = tx.turnovers.of(payee_id, side=Side.RECEIVED, currency=amount.currency, now=now)
    caps = policy.receiving[turnover.level]
    windows = _windows(turnover, caps, policy, at_once=1)
    _refuse_over(tx, turnover, windows, amount.minor, now=now, limit=Limit.RECEIVING)
    return turnover


class _Window(Struct, frozen=True):
    """What one cap leaves."""

    limit: Limit
    left_minor: int
    span: Millis | None
    """How long what was paid counts against it; None where nothing does."""
    ends_at: Millis | None = None
    """When the cap itself ends."""


def _windows(turnover: Turnover, caps: Caps, policy: Policy, *, at_once: int) -> list[_Window]:
    one = _minor_of_one(turnover.currency, policy)
    return [
        _Window(Limit.PAYMENT, caps.payment * one * at_once, None),
        _Window(Limit.DAY, caps.day * one - turnover.day_minor, DAY),
        _Window(Limit.MONTH, caps.month * one - turnover.month_minor, MONTH),
    ]


def _new_pin(turnover: Turnover, policy: Policy, now: Millis) -> list[_Window]:
    """The cap that a change of the PIN brings, while it lasts."""
    replaced_at = turnover.pin_replaced_at
    if replaced_at is None or now >= replaced_at + policy.new_pin_ms:
        return []
    most = in_minor(turnover.currency, policy.new_pin_day, policy).minor
    ends_at = replaced_at + policy.new_pin_ms
    return [_Window(Limit.NEW_PIN, most - turnover.day_minor, DAY, ends_at)]


def _refuse_over(
    tx: Tx,
    turnover: Turnover,
    windows: Sequence[_Window],
    amount_minor: int,
    *,
    now: Millis,
    limit: Limit | None = None,
) -> None:
    """Raises for the tightest of the windows, in its name or in that of `limit`."""
    exceeded = [window for window in windows if amount_minor > window.left_minor]
    if not exceeded:
        return
    tightest = min(exceeded, key=lambda window: window.left_minor)
    again_at = tightest.ends_at
    if again_at is None and tightest.span is not None:
        again_at = _leaves(tx, turnover, tightest.span, now)
    left = Money(max(tightest.left_minor, 0), turnover.currency)
    raise LimitExceeded(limit or tightest.limit, possible=left, again_at=again_at)


def _leaves(tx: Tx, turnover: Turnover, span: Millis, now: Millis) -> Millis | None:
    """When the first of what counts now no longer does; None where nothing counts."""
    first = tx.turnovers.begins(turnover, now - span)
    return None if first is None else first + span
