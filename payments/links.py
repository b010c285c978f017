"""Payment links: ways to be paid that work anywhere. A link's id is the token in its address.

A person has one personal link for good, and any number of others. Paying one makes a card with the
link's terms: who gets it, the amount where the link has one, and its question where it asks one.

When the card is approved, the terms of that moment count: a link that was closed, paused, used up
or has expired meanwhile is not paid, and neither is an amount that it no longer takes. The link's
row decides between payers who race. A payment that is given back still counts as one.
"""

from __future__ import annotations

from msgspec.structs import replace

from payments import bank_codes, intents, limits, link_terms, people
from payments.errors import (
    AmountRefused,
    NotOpen,
    NotYours,
    PayeeRefusal,
    PayeeRefused,
    TermsRefusal,
    TermsRefused,
)
from payments.ids import new_link_token
from payments.models import Intent, Link, LinkState, LinkTerms, Millis, PersonId
from payments.money import Money
from payments.people import Named
from payments.policy import Policy
from payments.ports import Tx, existing
from payments.results import Sale, SalesPage

LIST_MOST = 50


# --- making and changing -------------------------------------------------------------------------


def personal(tx: Tx, owner_id: PersonId, *, now: Millis) -> Link:
    """The owner's one permanent link.

    Raises:
        NotJoined: the terms have not been accepted.
    """
    owner = people.joined(tx, owner_id)
    known = tx.links.personal(owner_id)
    if known is not None:
        return known
    return tx.links.add(_new(owner_id, LinkTerms(currency=owner.currency), personal=True, now=now))


def make(
    tx: Tx, owner_id: PersonId, *, amount: Money | None, note: str, policy: Policy, now: Millis
) -> Link:
    """Another link, with an amount or without; `edit` says the rest.

    Raises, in this order:
        NotJoined: the terms have not been accepted.
        AmountRefused: the currency, then the range.
        NoteRefused: the note is too long.
    """
    owner = people.joined(tx, owner_id)
    terms = LinkTerms(
        currency=owner.currency if amount is None else amount.currency,
        amount_minor=None if amount is None else amount.minor,
        note=note,
    )
    terms = link_terms.clean(terms, policy=policy)
    return tx.links.add(_new(owner_id, terms, personal=False, now=now))


def _new(owner_id: PersonId, terms: LinkTerms, *, personal: bool, now: Millis) -> Link:
    return Link(
        id=new_link_token(),
        owner_id=owner_id,
        personal=personal,
        terms=terms,
        state=LinkState.ACTIVE,
        created_at=now,
    )


def get(tx: Tx, link_id: str) -> Link:
    """A link, for anybody who holds its token.

    Raises:
        NotYours: there is none.
    """
    link = tx.links.get(link_id)
    if link is None:
        raise NotYours
    return link


def owned(tx: Tx, link_id: str, by: PersonId) -> Link:
    """A link, for its owner.

    Raises:
        NotYours: somebody else's, or none.
    """
    link = get(tx, link_id)
    if link.owner_id != by:
        raise NotYours
    return link


def edit(
    tx: Tx, link_id: str, by: PersonId, terms: LinkTerms, *, policy: Policy, now: Millis
) -> Link:
    """The owner changes what a link asks for; cards that await their PIN go by the new terms.

    Raises, in this order:
        NotYours: somebody else's, the permanent personal one, or none.
        NotOpen: it is closed.
        AmountRefused: another currency than before.
        Refused: see `link_terms.clean`.
        TermsRefused: PAST, a new expiry that has passed; BANK, a bank's code is wanted where there
            can be none; USES, it was paid more often already.
    """
    link = _changeable(tx, link_id, by)
    if link.state is LinkState.CLOSED:
        raise NotOpen(link.state)
    if terms.currency != link.terms.currency:
        raise AmountRefused
    terms = link_terms.clean(terms, policy=policy)
    expires_at = terms.expires_at
    if expires_at not in {None, link.terms.expires_at} and expires_at <= now:
        raise TermsRefused(TermsRefusal.PAST)
    if terms.bank and not link.terms.bank and bank_codes.possible(tx, link, terms) is None:
        raise TermsRefused(TermsRefusal.BANK)
    if not tx.links.change_if(link.id, terms):
        if get(tx, link_id).state is LinkState.CLOSED:
            raise NotOpen(LinkState.CLOSED)
        raise TermsRefused(TermsRefusal.USES)
    return get(tx, link_id)


def pause(tx: Tx, link_id: str, by: PersonId) -> Link:
    """The owner lets nobody pay a link for now; done before, the same link.

    Raises:
        NotYours: somebody else's, the permanent personal one, or none.
        NotOpen: it is closed.
    """
    return _move(tx, link_id, by, state=LinkState.ACTIVE, to=LinkState.PAUSED)


def resume(tx: Tx, link_id: str, by: PersonId) -> Link:
    """The owner lets a paused link be paid again; raises as `pause`."""
    return _move(tx, link_id, by, state=LinkState.PAUSED, to=LinkState.ACTIVE)


def _move(tx: Tx, link_id: str, by: PersonId, *, state: LinkState, to: LinkState) -> Link:
    link = _changeable(tx, link_id, by)
    if not tx.links.move_if(link.id, state=state, to=to) and get(tx, link_id).state is not to:
        raise NotOpen(LinkState.CLOSED)
    return get(tx, link_id)


def close(tx: Tx, link_id: str, by: PersonId) -> Link:
    """The owner ends a link for good; done before, the same link.

    Raises:
        NotYours: somebody else's, the permanent personal one, or none.
    """
    link = _changeable(tx, link_id, by)
    for state in (LinkState.ACTIVE, LinkState.PAUSED):
        tx.links.move_if(link.id, state=state, to=LinkState.CLOSED)
    return get(tx, link_id)


def _changeable(tx: Tx, link_id: str, by: PersonId) -> Link:
    link = owned(tx, link_id, by)
    if link.personal:
        raise NotYours
    return link


# --- paying and looking --------------------------------------------------------------------------


def pay(
    tx: Tx, link_id: str, by: PersonId, *, origin: str | None, policy: Policy, now: Millis
) -> Intent:
    """The payer's card for a link; a draft where the amount or an answer is still missing.

    Raises, in this order:
        NotJoined: the terms have not been accepted.
        NotYours: there is no such link.
        Expired: its time is up.
        NotOpen: it is closed, paused, or was paid as often as it takes.
        PayeeRefused: SELF, one's own link; then BLOCKED.
    """
    payer = people.active(tx, by)
    link = get(tx, link_id)
    link_terms.refuse_closed(link, now)
    if link.owner_id == by:
        raise PayeeRefused(PayeeRefusal.SELF)
    card = intents.new_card(
        payer,
        (Named(link.owner_id, None),),
        amount=link.terms.amount,
        currency=link.terms.currency,
        note=link.terms.note,
        link_id=link.id,
        policy=policy,
        now=now,
    )
    return intents.add(tx, replace(card, question=link.terms.question), origin=origin)


def sales(tx: Tx, link_id: str, by: PersonId, *, before: int | None, limit: int) -> SalesPage:
    """Who paid a link what and when, for its owner: a page, latest first.

    Raises:
        NotYours: somebody else's link, or none.
    """
    link = owned(tx, link_id, by)
    sold = tx.links.sold(link.id, before=before, limit=limit + 1)
    page = tuple(_sale(tx, number, payment_id) for number, payment_id in sold[:limit])
    older = page[-1].number if len(sold) > limit else None
    return SalesPage(link, page, older, tuple(tx.links.sold_by_bank(link.id, limit)))


def sell_by_bank(
    tx: Tx, link_id: str, by: PersonId, amount: Money, *, origin: str, policy: Policy, now: Millis
) -> Link:
    """The owner says that a payment has arrived at the bank. It may have been on its way when the
    link was closed, paused or expired; but it counts as one of those that the link takes. The same
    `origin` again counts once.

    Raises, in this order:
        NotYours: somebody else's link, or none.
        AmountRefused: another currency, or out of range.
        TermsRefused: FULL, it was paid as often as it takes.
    """
    link = owned(tx, link_id, by)
    if amount.currency != link.terms.currency:
        raise AmountRefused
    limits.refuse_amount(amount, policy)
    if not tx.links.has_bank_sale(origin) and not (
        tx.links.sell_by_bank_if(link.id, amount.minor, origin=origin, now=now)
        or tx.links.has_bank_sale(origin)  # another worker wrote it down meanwhile: the last one
    ):
        raise TermsRefused(TermsRefusal.FULL)
    return get(tx, link_id)


def correct_bank_sale(tx: Tx, link_id: str, by: PersonId, number: int, *, now: Millis) -> Link:
    """The owner takes back that a payment has arrived at the bank; done before, the same link.

    Raises:
        NotYours: somebody else's link, or none.
    """
    link = owned(tx, link_id, by)
    tx.links.correct_bank_sale_if(link.id, number, now)
    return get(tx, link_id)


def _sale(tx: Tx, number: int, payment_id: str) -> Sale:
    payment = existing(tx.intents.payment(payment_id))
    intent = existing(tx.intents.get(payment.intent_id))
    payer = existing(tx.people.get(payment.payer_id))
    return Sale(number, payment, intent.question, intent.answer, payer)
