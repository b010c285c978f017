"""What a link asks for: which terms are possible, and whether it can be paid now.

The link's row decides in the end, in the transaction that pays (`Links.use_if`); what is checked
here says beforehand, and afterwards, why it would not.
"""

from __future__ import annotations

from msgspec.structs import replace

from payments import limits
from payments.errors import (
    AmountRefused,
    Expired,
    NotOpen,
    TermsRefusal,
    TermsRefused,
)
from payments.models import Link, LinkStanding, LinkTerms, Millis
from payments.money import MAX_MINOR, Money
from payments.policy import Policy


def clean(terms: LinkTerms, *, policy: Policy) -> LinkTerms:
    """The terms with their texts trimmed; a fixed amount leaves no range.

    Raises, in this order:
        AmountRefused: the currency, a figure out of range, least above most, or an amount that is
            suggested outside them.
        NoteRefused: a text is too long.
        TermsRefused: USES, it takes less than one payment.
    """
    if terms.amount_minor is None:
        terms = replace(terms, suggested=False)
    if terms.fixed:
        terms = replace(terms, least_minor=None, most_minor=None)
    for amount in (terms.amount, terms.least, terms.most):
        if amount is not None:
            limits.refuse_amount(amount, policy)
    _refuse_range(terms)
    terms = replace(
        terms,
        note=limits.clean_note(terms.note, policy),
        question=limits.clean_note(terms.question, policy),
        thanks=limits.clean_thanks(terms.thanks, policy),
        reference=limits.clean_note(terms.reference, policy),
    )
    if terms.uses_most is not None and terms.uses_most < 1:
        raise TermsRefused(TermsRefusal.USES)
    return terms


def _refuse_range(terms: LinkTerms) -> None:
    least, most = terms.least_minor or 1, terms.most_minor or MAX_MINOR
    if least > most:
        raise AmountRefused(least=terms.least)
    if terms.amount is not None:
        limits.refuse_outside(terms.amount, least_minor=least, most_minor=most)


def refuse_closed(link: Link, now: Millis) -> None:
    """A link is paid while it is active, until it expires, as often as its owner takes it.

    Raises:
        Expired: its time is up.
        NotOpen: it is closed, paused, or was paid as often as it takes.
    """
    standing = link.standing(now)
    if standing is LinkStanding.EXPIRED:
        raise Expired
    if standing is not LinkStanding.OPEN:
        raise NotOpen(standing)


def refuse_amount(terms: LinkTerms, amount: Money) -> None:
    """A link is paid by what it asks for: exactly, or in its range.

    Raises:
        AmountRefused: another currency, or another amount.
    """
    if amount.currency != terms.currency:
        raise AmountRefused
    if terms.fixed and amount != terms.amount:
        raise AmountRefused(least=terms.amount, most=terms.amount)
    least, most = terms.least or Money(1, terms.currency), terms.most
    if amount < least or (most is not None and most < amount):
        raise AmountRefused(least=least, most=most)
