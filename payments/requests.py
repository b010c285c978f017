"""Asking for money: one person asks another, several, or anyone who opens the request.

Nobody asks somebody whom a block parts from them, or who takes no requests. Of somebody who takes
requests from people they have dealt with, only those ask; that choice counts once the person has
joined. Whoever joins takes requests from anyone at first (see `people.join`).

Paying a request makes a card for it; the request itself changes when that card is posted. Its row
decides between payers who race: parts never add up to more than was asked for. The first to pay a
part of a request to anyone is its payer from then on.

The order of checks when a request is made: `NotJoined`, `AmountRefused`, `NoteRefused`, then as
for payees (TOO_MANY, `UnknownPerson`, SELF, TWICE), then for each payer BLOCKED, REQUESTS_OFF and
`LimitExceeded` (too many open ones between the two, or of the requester). What the same origin
made before is answered as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from payments import intents, limits, notices, people, transfers
from payments.errors import (
    AmountRefused,
    Limit,
    LimitExceeded,
    NotOpen,
    NotYours,
    PayeeRefusal,
    PayeeRefused,
    UnknownPerson,
)
from payments.ids import new_request_id
from payments.models import (
    ConversationId,
    Intent,
    Millis,
    Person,
    PersonId,
    ReportReason,
    Request,
    RequestsFrom,
    RequestState,
)
from payments.money import Money
from payments.people import Named, PersonRef
from payments.policy import DAY, Policy
from payments.ports import Tx

_LIST_MOST = 50
_ANYONE = Named(None, None)


def make(
    tx: Tx,
    requester_id: PersonId,
    *,
    payers: Sequence[PersonRef],
    amount: Money,
    note: str,
    partial: bool,
    group_id: ConversationId | None,
    origin: str | None,
    policy: Policy,
    now: Millis,
) -> list[Request]:
    """One request a payer, in their order; with no payers, one to anyone."""
    requester = people.active(tx, requester_id)
    limits.refuse_amount(amount, policy)
    first = _draft(requester, amount, limits.clean_note(note, policy), policy=policy, now=now)
    first = replace(first, partial=partial, group_id=group_id)
    found = people.find(tx, requester, payers, policy=policy, now=now) or (_ANYONE,)
    return _add_all(
        tx, first, [(payer, amount) for payer in found], origin=origin, policy=policy, now=now
    )


def split(
    tx: Tx,
    requester_id: PersonId,
    *,
    payers: Sequence[PersonRef],
    total: Money,
    own_share: bool,
    note: str,
    origin: str | None,
    policy: Policy,
    now: Millis,
) -> list[Request]:
    """One request a payer, in their order, for equal shares that add up to the total.

    Raises: as when a request is made, and then
        PayeeRefused: NOBODY, without payers.
        AmountRefused: less than one minor unit for each.
    """
    requester = people.active(tx, requester_id)
    limits.refuse_amount(total, policy)
    first = _draft(requester, total, limits.clean_note(note, policy), policy=policy, now=now)
    found = people.find(tx, requester, payers, policy=policy, now=now)
    if not found:
        raise PayeeRefused(PayeeRefusal.NOBODY)
    _, asked = shares(total, len(found), own_share=own_share)
    if asked[-1].minor < 1:
        raise AmountRefused(least=Money(len(found) + own_share, total.currency))
    return _add_all(
        tx, first, list(zip(found, asked, strict=True)), origin=origin, policy=policy, now=now
    )


def shares(total: Money, payers: int, *, own_share: bool) -> tuple[Money, tuple[Money, ...]]:
    """The requester's own share of a total, and what each payer is asked for.

    What cannot be shared evenly is borne by the requester first, a minor unit each.
    """
    if own_share:
        own, *others = total.split(payers + 1)
        return own, tuple(others)
    return Money(0, total.currency), total.split(payers)


def _draft(requester: Person, amount: Money, note: str, *, policy: Policy, now: Millis) -> Request:
    """A request to anyone, not stored yet."""
    return Request(
        id=new_request_id(),
        batch_id=new_request_id(),
        requester_id=requester.id,
        payer_id=None,
        payer_username=None,
        amount_minor=amount.minor,
        paid_minor=0,
        currency=amount.currency,
        note=note,
        partial=False,
        state=RequestState.OPEN,
        group_id=None,
        reminders=0,
        reminded_at=None,
        created_at=now,
        expires_at=now + policy.request_ms,
    )


def _add_all(
    tx: Tx,
    first: Request,
    asked: Sequence[tuple[Named, Money]],
    *,
    origin: str | None,
    policy: Policy,
    now: Millis,
) -> list[Request]:
    """The requests of one batch, all like the first but for who is asked and for how much."""
    key = None if origin is None else f"{first.requester_id}:{origin}"
    batch = [
        replace(
            first,
            id=new_request_id(),
            payer_id=payer.id,
            payer_username=payer.username,
            amount_minor=amount.minor,
        )
        for payer, amount in asked
    ]
    return [_add(tx, request, origin=key, policy=policy, now=now) for request in batch]


def _add(tx: Tx, request: Request, *, origin: str | None, policy: Policy, now: Millis) -> Request:
    first = tx.requests.add(request, origin=origin)
    if first.id == request.id:
        if request.payer_id is not None:
            payer = people.known(tx, request.payer_id)
            _refuse_asking(tx, payer, requester_id=request.requester_id, policy=policy, now=now)
        asked = tx.requests.count_all(request.requester_id, since=now - DAY)
        if asked > policy.request_open_all_most:
            raise LimitExceeded(Limit.REQUESTS, possible=None, again_at=None)
        notices.request_made(tx, request, now)
    return first


def _refuse_asking(
    tx: Tx, payer: Person, *, requester_id: PersonId, policy: Policy, now: Millis
) -> None:
    people.refuse_blocked(tx, requester_id, payer.id)
    off = payer.requests_from is RequestsFrom.NOBODY
    known_only = payer.joined and payer.requests_from is RequestsFrom.KNOWN
    if off or (known_only and not tx.ledger.have_dealt(requester_id, payer.id)):
        raise PayeeRefused(PayeeRefusal.REQUESTS_OFF, name=payer.name)
    if tx.requests.count(requester_id, payer.id, since=now - DAY) > policy.request_open_most:
        raise LimitExceeded(Limit.REQUESTS, possible=None, again_at=None)


def get(tx: Tx, request_id: str) -> Request:
    """A request, for anybody who holds its unguessable id.

    Raises:
        NotYours: there is none.
    """
    request = tx.requests.get(request_id)
    if request is None:
        raise NotYours
    return request


def open_of(tx: Tx, person_id: PersonId) -> tuple[list[Request], list[Request]]:
    """The open requests that a person made, and those that they are asked to pay, latest first."""
    made = tx.requests.open_by(person_id, _LIST_MOST)
    return made, tx.requests.open_to(person_id, _LIST_MOST)


def pay(
    tx: Tx,
    request_id: str,
    by: PersonId,
    *,
    amount: Money | None,
    policy: Policy,
    now: Millis,
) -> Intent:
    """The payer's card for a request; pressed again, the same card while it is open.

    Raises, in this order:
        NotJoined: the terms have not been accepted.
        NotYours: somebody else is asked, or there is no such request.
        PayeeRefused: SELF, one's own request.
        NotOpen: it was paid, declined, cancelled, or has expired.
        Expired: its time is up.
        AmountRefused: more than is still asked for, or a part where it is not taken in parts.
        PayeeRefused: BLOCKED.
    """
    payer = people.active(tx, by)
    request = get(tx, request_id)
    if request.requester_id == by:
        raise PayeeRefused(PayeeRefusal.SELF)
    if not _is_asked(payer, request):
        raise NotYours
    transfers.refuse_closed(request, now)
    amount = _amount_of(request, amount)
    for card in tx.intents.open_of(by):
        if card.request_id == request.id:
            if card.total == amount and card.expires_at > now:
                return card
            intents.cancel(tx, card.id, by, now=now)
    card = intents.new_card(
        payer,
        (Named(request.requester_id, None),),
        amount=amount,
        currency=request.currency,
        note=request.note,
        group_id=request.group_id,
        request_id=request.id,
        policy=policy,
        now=now,
    )
    return intents.add(tx, card, origin=None)


def _amount_of(request: Request, amount: Money | None) -> Money:
    remaining = request.remaining
    if amount is None:
        return remaining
    if amount.currency != request.currency:
        raise AmountRefused(most=remaining)
    least_minor = 1 if request.partial else remaining.minor
    limits.refuse_outside(amount, least_minor=least_minor, most_minor=remaining.minor)
    return amount


def _is_asked(person: Person, request: Request) -> bool:
    if request.payer_id is not None:
        return request.payer_id == person.id
    return request.payer_username is None or people.is_called(person, request.payer_username)


def decline(tx: Tx, request_id: str, by: PersonId, *, now: Millis) -> Request:
    """Whoever is asked says no; said before, the same request.

    Raises:
        NotYours: somebody else, or anyone, is asked.
        NotOpen: it was paid, cancelled, or has expired.
    """
    request = get(tx, request_id)
    person = people.known(tx, by)
    to_anyone = request.payer_id is None and request.payer_username is None
    if to_anyone or not _is_asked(person, request):
        raise NotYours
    return _end(tx, request, to=RequestState.DECLINED, now=now)


def report(tx: Tx, request_id: str, by: PersonId, reason: ReportReason, *, now: Millis) -> Request:
    """Tells operators of a request; it is declined, and whoever asks is blocked.

    Raises:
        NotYours: somebody else is asked, or there is no such request.
        PayeeRefused: SELF, one's own request.
    """
    request = get(tx, request_id)
    person = people.known(tx, by)
    if request.requester_id == by:
        raise PayeeRefused(PayeeRefusal.SELF)
    if not _is_asked(person, request):
        raise NotYours
    tx.requests.report(request.id, by, reason, now)
    people.block(tx, by, request.requester_id, now=now)
    to_anyone = request.payer_id is None and request.payer_username is None
    if to_anyone or request.state is not RequestState.OPEN:
        return request
    return _end(tx, request, to=RequestState.DECLINED, now=now)


def cancel(tx: Tx, request_id: str, by: PersonId, *, now: Millis) -> Request:
    """The requester takes it back; done before, the same request.

    Raises:
        NotYours: somebody else's request, or none.
        NotOpen: it was paid, declined, or has expired.
    """
    return _end(tx, _own(tx, request_id, by), to=RequestState.CANCELLED, now=now)


def remind(tx: Tx, request_id: str, by: PersonId, *, policy: Policy, now: Millis) -> Request:
    """Asks the payer once more.

    Raises, in this order:
        NotYours: somebody else's request, or none.
        NotOpen: it is open no longer.
        Expired: its time is up.
        UnknownPerson: nobody is known by id who could be reminded.
        PayeeRefused: BLOCKED.
        LimitExceeded: reminded too often, or too soon.
    """
    request = transfers.refuse_closed(_own(tx, request_id, by), now)
    if request.payer_id is None:
        raise UnknownPerson
    people.refuse_blocked(tx, by, request.payer_id)
    if not tx.requests.remind_if(
        request.id,
        most=policy.reminders_most,
        not_since=now - policy.reminder_gap_ms,
        now=now,
    ):
        again_at = _remind_again_at(request, policy)
        raise LimitExceeded(Limit.REMINDERS, possible=None, again_at=again_at)
    notices.request_reminder(tx, request, request.payer_id, now)
    return get(tx, request_id)


def _remind_again_at(request: Request, policy: Policy) -> Millis | None:
    if request.reminded_at is None or request.reminders >= policy.reminders_most:
        return None
    return request.reminded_at + policy.reminder_gap_ms


def expire(tx: Tx, request: Request, *, now: Millis) -> bool:
    """Ends an open request whose time is up; False if it is not, or is open no longer."""
    if request.expires_at > now or not tx.requests.move_if(
        request.id, state=RequestState.OPEN, to=RequestState.EXPIRED
    ):
        return False
    notices.request_changed(tx, request, now)
    return True


def find_payer(tx: Tx, person: Person, *, now: Millis) -> None:
    """Open requests to somebody's @name are theirs from now on, and told to them."""
    if person.username is None:
        return
    for request in tx.requests.waiting_for(person.username):
        if request.requester_id != person.id:
            tx.requests.set_payer(request.id, person.id)
            notices.request_made(tx, get(tx, request.id), now)


def _own(tx: Tx, request_id: str, by: PersonId) -> Request:
    request = get(tx, request_id)
    if request.requester_id != by:
        raise NotYours
    return request


def _end(tx: Tx, request: Request, *, to: RequestState, now: Millis) -> Request:
    if request.state is to:
        return request
    if not tx.requests.move_if(request.id, state=RequestState.OPEN, to=to):
        raise NotOpen(get(tx, request.id).state)
    notices.request_changed(tx, request, now)
    return get(tx, request.id)
