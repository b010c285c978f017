"""Payment links: ways to be paid that work anywhere. A link's id is the token in its address.

A person has one personal link for good, and any number of others. Paying one makes a card with the
link's terms: who gets it, and the amount where the link has one.
"""

from __future__ import annotations

from dataclasses import replace

from payments import intents, limits, people
from payments.errors import NotOpen, NotYours, PayeeRefusal, PayeeRefused
from payments.ids import new_link_token
from payments.models import Intent, Link, LinkState, Millis, PersonId
from payments.money import Money
from payments.people import Named
from payments.policy import Policy
from payments.ports import Tx

LIST_MOST = 50


def personal(tx: Tx, owner_id: PersonId, *, now: Millis) -> Link:
    """The owner's one permanent link.

    Raises:
        NotJoined: the terms have not been accepted.
    """
    owner = people.joined(tx, owner_id)
    known = tx.links.personal(owner_id)
    if known is not None:
        return known
    return tx.links.add(_new(owner_id, None, owner.currency, note="", personal=True, now=now))


def make(
    tx: Tx, owner_id: PersonId, *, amount: Money | None, note: str, policy: Policy, now: Millis
) -> Link:
    """Another link, with an amount or without.

    Raises, in this order:
        NotJoined: the terms have not been accepted.
        AmountRefused: the currency, then the range.
        NoteRefused: the note is too long.
    """
    owner = people.joined(tx, owner_id)
    if amount is not None:
        limits.refuse_amount(amount, policy)
    note = limits.clean_note(note, policy)
    currency = owner.currency if amount is None else amount.currency
    return tx.links.add(_new(owner_id, amount, currency, note=note, personal=False, now=now))


def _new(
    owner_id: PersonId,
    amount: Money | None,
    currency: str,
    *,
    note: str,
    personal: bool,
    now: Millis,
) -> Link:
    return Link(
        id=new_link_token(),
        owner_id=owner_id,
        personal=personal,
        amount_minor=None if amount is None else amount.minor,
        currency=currency,
        note=note,
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


def close(tx: Tx, link_id: str, by: PersonId) -> Link:
    """The owner ends a link for good; done before, the same link.

    Raises:
        NotYours: somebody else's, the permanent personal one, or none.
    """
    link = get(tx, link_id)
    if link.owner_id != by or link.personal:
        raise NotYours
    for state in (LinkState.ACTIVE, LinkState.PAUSED):
        tx.links.move_if(link.id, state=state, to=LinkState.CLOSED)
    return replace(link, state=LinkState.CLOSED)


def pay(
    tx: Tx, link_id: str, by: PersonId, *, origin: str | None, policy: Policy, now: Millis
) -> Intent:
    """The payer's card for a link; a draft without amount where the link has none.

    Raises, in this order:
        NotJoined: the terms have not been accepted.
        NotYours: there is no such link.
        NotOpen: it was closed.
        PayeeRefused: SELF, one's own link; then BLOCKED.
    """
    payer = people.joined(tx, by)
    link = get(tx, link_id)
    if link.state is not LinkState.ACTIVE:
        raise NotOpen(link.state)
    if link.owner_id == by:
        raise PayeeRefused(PayeeRefusal.SELF)
    card = intents.new_card(
        payer,
        (Named(link.owner_id, None),),
        amount=link.amount,
        currency=link.currency,
        note=link.note,
        link_id=link.id,
        policy=policy,
        now=now,
    )
    return intents.add(tx, card, origin=origin)
