"""What somebody may put into any chat: "I ask for 12.50", "I would send 12.50".

An offer by itself does nothing, and most are never used: they are written while their maker still
types. One that is taken up becomes a request to anyone, or the card of a gift, once: whoever takes
it up again is led to the same. Whoever holds an offer's unguessable id can make nothing of it but
what its maker has put there.
"""

from __future__ import annotations

from collections.abc import Sequence

from payments import intents, limits, people, requests
from payments.errors import Expired, NotYours
from payments.ids import new_offer_id
from payments.models import Intent, Millis, Offer, OfferKind, PersonId, Request
from payments.money import Money
from payments.policy import Policy
from payments.ports import Tx


def make(
    tx: Tx,
    maker_id: PersonId,
    wanted: Sequence[tuple[OfferKind, Money]],
    *,
    note: str,
    policy: Policy,
    now: Millis,
) -> list[Offer]:
    """Several at once, in their order.

    Raises, in this order:
        NotJoined: the maker has not accepted the terms.
        AmountRefused: another currency, nothing, or more than the cap.
        NoteRefused: the note is too long.
    """
    maker = people.active(tx, maker_id)
    for _, amount in wanted:
        limits.refuse_amount(amount, policy)
    note = limits.clean_note(note, policy)
    made = [
        Offer(
            id=new_offer_id(),
            maker_id=maker.id,
            kind=kind,
            amount_minor=amount.minor,
            currency=amount.currency,
            note=note,
            expires_at=now + policy.request_ms,
        )
        for kind, amount in wanted
    ]
    for offer in made:
        tx.offers.add(offer)
    return made


def ask(tx: Tx, offer_id: str, *, policy: Policy, now: Millis) -> Request:
    """The request to anyone that its maker has offered to make.

    Raises, in this order:
        NotYours: there is no such offer to ask.
        Expired: its time is up.
        NotJoined: its maker has left.
    """
    offer = _taken_up(tx, offer_id, OfferKind.ASK, now)
    (request,) = requests.make(
        tx,
        offer.maker_id,
        payers=(),
        amount=offer.amount,
        note=offer.note,
        partial=False,
        group_id=None,
        origin=_origin(offer),
        policy=policy,
        now=now,
    )
    return request


def send(tx: Tx, offer_id: str, by: PersonId, *, policy: Policy, now: Millis) -> Intent:
    """The card of the gift that its maker has offered.

    Raises, in this order:
        NotYours: there is no such offer to send, or it is somebody else's.
        Expired: its time is up.
        Refused: see `intents.gift`.
    """
    offer = _taken_up(tx, offer_id, OfferKind.SEND, now, by=by)
    return intents.gift(
        tx,
        by,
        amount=offer.amount,
        note=offer.note,
        origin=_origin(offer),
        policy=policy,
        now=now,
    )


def _taken_up(
    tx: Tx, offer_id: str, kind: OfferKind, now: Millis, *, by: PersonId | None = None
) -> Offer:
    offer = tx.offers.get(offer_id)
    if offer is None or offer.kind is not kind or by not in {None, offer.maker_id}:
        raise NotYours
    if offer.expires_at <= now:
        raise Expired
    return offer


def _origin(offer: Offer) -> str:
    return f"offer:{offer.id}"
