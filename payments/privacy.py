"""What people may ask of whoever keeps data about them: to see it all, and to be forgotten.

Whoever is forgotten leaves the books as they are: what was paid stays paid, between accounts whose
owner is a random pseudonym from then on. Nothing that is kept leads from the pseudonym back to the
person. Who comes back later is a stranger.
"""

from __future__ import annotations

from msgspec import to_builtins

from payments import intents, people, proofs
from payments.errors import Leftover, NotEmpty
from payments.ids import new_pseudonym
from payments.models import (
    Account,
    IntentState,
    LinkState,
    Millis,
    Payment,
    Person,
    PersonId,
    Request,
    RequestState,
)
from payments.ports import Tx

FORGOTTEN = "Deleted account"
"""The name of whoever was forgotten."""
_ALL = 1_000_000_000

Json = dict[str, object]


# --- seeing ------------------------------------------------------------------------------------


def known_about(tx: Tx, person_id: PersonId) -> Json:
    """All that is known about a person, as plain JSON; of others no more than names and amounts.

    Raises:
        UnknownPerson: nobody has this id.
    """
    person = people.known(tx, person_id)
    cards, requests = tx.privacy.written_by(person_id)
    return {
        "person": to_builtins(person),
        **_shown(tx, person_id),
        "blocked": [blocked.name for blocked in tx.people.blocked(person_id)],
        "devices": [
            {"name": d.name, "added_at": d.added_at, "used_at": d.used_at}
            for d in tx.devices.of(person_id)
        ],
        "pin": None if (pin := tx.pins.get(person_id)) is None else {"changed_at": pin.changed_at},
        "payments": [_card(tx, card_id) for card_id in cards],
        "requests": [_request(tx, request_id) for request_id in requests],
        "asked": [_asked(tx, request) for request in tx.requests.open_to(person_id, _ALL)],
        "links": [to_builtins(link) for link in tx.links.by_owner(person_id, _ALL)],
        "accounts": [_account(tx, account) for account in tx.ledger.accounts_of(person_id)],
    }


def _shown(tx: Tx, person_id: PersonId) -> Json:
    phone, bank = proofs.of(tx, person_id)
    return {
        "phone": None if phone is None else to_builtins(phone),
        "bank_account": None
        if bank is None
        else {"kind": bank.kind, "number": proofs.masked(bank.number)},
    }


def _card(tx: Tx, intent_id: str) -> Json:
    card = tx.intents.get(intent_id)
    if card is None:
        raise LookupError(f"card {intent_id} is gone")
    return {
        "kind": card.kind,
        "state": card.state,
        "currency": card.currency,
        "note": card.note,
        "answer": card.answer,
        "created_at": card.created_at,
        "payments": [_payment(tx, payment) for payment in card.payments],
    }


def _payment(tx: Tx, payment: Payment) -> Json:
    return {
        "id": payment.id,
        "payee": _name(tx, payment.payee_id) or payment.payee_username,
        "amount_minor": payment.amount_minor,
        "refunded_minor": payment.refunded_minor,
        "state": payment.state,
        "posted_at": payment.posted_at,
    }


def _request(tx: Tx, request_id: str) -> Json:
    request = tx.requests.get(request_id)
    if request is None:
        raise LookupError(f"request {request_id} is gone")
    return {
        "payer": _name(tx, request.payer_id) or request.payer_username,
        "note": request.note,
        **_amounts(request),
    }


def _asked(tx: Tx, request: Request) -> Json:
    return {"requester": _name(tx, request.requester_id), **_amounts(request)}


def _amounts(request: Request) -> Json:
    return {
        "amount_minor": request.amount_minor,
        "paid_minor": request.paid_minor,
        "currency": request.currency,
        "state": request.state,
        "created_at": request.created_at,
    }


def _account(tx: Tx, account: Account) -> Json:
    lines = tx.ledger.history(account.id, before=None, kinds=(), limit=_ALL)
    return {
        "currency": account.currency,
        "balance_minor": account.balance_minor,
        "held_minor": account.held_minor,
        "history": [
            {
                "kind": line.kind,
                "amount_minor": line.amount_minor,
                "balance_after_minor": line.balance_after_minor,
                "other": line.other_name,
                "created_at": line.created_at,
            }
            for line in lines
        ],
    }


def _name(tx: Tx, person_id: PersonId | None) -> str | None:
    person = None if person_id is None else tx.people.get(person_id)
    return None if person is None else person.name


# --- forgetting --------------------------------------------------------------------------------


def refuse_leftovers(tx: Tx, person_id: PersonId) -> Person:
    """Whoever wants to be forgotten has nothing left that somebody would miss.

    Raises, in this order:
        NotJoined, TermsChanged, Paused, Frozen: as whoever moves money.
        NotEmpty: HELD, MONEY, REQUESTS, LINKS.
    """
    person = people.active(tx, person_id)
    accounts = tx.ledger.accounts_of(person_id)
    if any(account.held_minor for account in accounts):
        raise NotEmpty(Leftover.HELD)
    if any(account.balance_minor for account in accounts):
        raise NotEmpty(Leftover.MONEY)
    if tx.requests.open_by(person_id, 1):
        raise NotEmpty(Leftover.REQUESTS)
    if any(not link.personal for link in tx.links.by_owner(person_id, 2)):
        raise NotEmpty(Leftover.LINKS)
    return person


def forget(tx: Tx, person_id: PersonId, *, now: Millis) -> PersonId:
    """Deletes what is known about a person, all but the books; answers their pseudonym there.

    Raises:
        Refused: see `refuse_leftovers`.
    """
    refuse_leftovers(tx, person_id)
    for card in tx.intents.open_of(person_id):
        intents.end(tx, card, to=IntentState.CANCELLED, now=now)
    for request in tx.requests.open_to(person_id, _ALL):
        tx.requests.move_if(request.id, state=RequestState.OPEN, to=RequestState.DECLINED)
    personal = tx.links.personal(person_id)
    if personal is not None:
        tx.links.move_if(personal.id, state=personal.state, to=LinkState.CLOSED)
    pseudonym = new_pseudonym()
    tx.privacy.forget(person_id, pseudonym, name=FORGOTTEN)
    return pseudonym
