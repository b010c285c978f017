"""How money moves: an approved card is posted or held; a hold is claimed or returned.

All of a card's payments move in one transaction, or none does. Every id was stored before: a
payment's id is the id of its hold and of its transfer, so that nothing can move twice.

The order of checks before a card is approved (`refuse`):

1. `NotJoined`          the payer
2. `PayeeRefused`       BLOCKED, either way (not for refunds)
3. `NotOpen`/`Expired`  the request, the link, or the payment that is given back
4. `AmountRefused`      more than the request still asks for, or than is left to give back
5. `LimitExceeded`      a withdrawal, over the day's cap
6. `InsufficientFunds`  the available balance does not cover the whole card
"""

from __future__ import annotations

import hashlib
from typing import TypeVar

from payments import limits, notices, people
from payments.errors import (
    AmountRefused,
    Expired,
    InsufficientFunds,
    NotOpen,
    NotYours,
)
from payments.ids import new_link_token
from payments.models import (
    Account,
    HoldEnd,
    Intent,
    IntentKind,
    IntentState,
    LinkState,
    Millis,
    Payment,
    PaymentState,
    PersonId,
    Request,
    RequestState,
    Transfer,
    TransferKind,
)
from payments.money import Money
from payments.policy import Policy
from payments.ports import Tx

T = TypeVar("T")

# --- a card ------------------------------------------------------------------------------------


def refuse(tx: Tx, intent: Intent, *, policy: Policy, now: Millis) -> None:
    """Everything that stands against a complete card, in the order that the module states.

    Raises:
        Refused: the first of them.
    """
    people.joined(tx, intent.payer_id)
    account = tx.ledger.open_person_account(intent.payer_id, intent.currency, now)
    total = _total(intent)
    if intent.kind is IntentKind.PAYMENT:
        for payment in intent.payments:
            if payment.payee_id is not None:
                people.refuse_blocked(tx, intent.payer_id, payment.payee_id)
        _refuse_closed_request(tx, intent, total, now)
        _refuse_closed_link(tx, intent)
    elif intent.kind is IntentKind.REFUND:
        refundable(tx, intent.refunds_id, by=intent.payer_id, amount=total)
    else:
        kind = TransferKind.WITHDRAWAL
        limits.refuse_bank_day(tx, account, total, kind=kind, policy=policy, now=now)
    if account.available < total:
        raise InsufficientFunds(available=account.available, needed=total)


def approve(tx: Tx, intent: Intent, *, policy: Policy, now: Millis) -> Intent:
    """Posts, or holds, all payments of a card whose PIN was right, and tells everybody.

    Raises:
        NotOpen: the card awaits no PIN.
        Expired: its time is up.
        Refused: see `refuse`.
    """
    if intent.state is not IntentState.AWAITING_PIN:
        raise NotOpen(intent.state)
    if intent.expires_at <= now:
        raise Expired
    refuse(tx, intent, policy=policy, now=now)
    if not tx.intents.move_if(intent.id, states=[IntentState.AWAITING_PIN], to=IntentState.POSTED):
        raise NotOpen(_existing(tx.intents.get(intent.id)).state)
    # After this point the card must be posted: whatever is raised undoes all of it.
    account = tx.ledger.open_person_account(intent.payer_id, intent.currency, now)
    for payment in intent.payments:
        if intent.kind is IntentKind.WITHDRAWAL:
            _withdraw(tx, payment, account, now)
        elif intent.kind is IntentKind.REFUND:
            _give_back(tx, payment, account, refunds_id=intent.refunds_id, now=now)
        else:
            _pay(tx, payment, account, policy=policy, now=now)
    _count_request(tx, intent, now)
    posted = _existing(tx.intents.get(intent.id))
    notices.card_changed(tx, posted, now)
    notices.told_in_group(tx, posted, now)
    return posted


def _pay(tx: Tx, payment: Payment, account: Account, *, policy: Policy, now: Millis) -> None:
    payee = None if payment.payee_id is None else tx.people.get(payment.payee_id)
    if payee is None or not payee.joined:
        _hold(tx, payment, account, expires_at=now + policy.hold_ms, now=now)
        return
    _post(tx, payment, account, payee_id=payee.id, now=now)
    notices.payment_received(tx, payment, payee.id, now)


def _post(tx: Tx, payment: Payment, account: Account, *, payee_id: PersonId, now: Millis) -> None:
    tx.ledger.transfer(
        payment.id,
        kind=TransferKind.PAYMENT,
        debit=account,
        credit=tx.ledger.open_person_account(payee_id, payment.currency, now),
        amount_minor=payment.amount.minor,
        now=now,
    )
    _move_draft(tx, payment, to=PaymentState.POSTED, posted_at=now)


def _hold(tx: Tx, payment: Payment, account: Account, *, expires_at: Millis, now: Millis) -> None:
    tx.ledger.hold(
        payment.id,
        account=account,
        amount_minor=payment.amount.minor,
        now=now,
        expires_at=expires_at,
    )
    _move_draft(
        tx,
        payment,
        to=PaymentState.HELD,
        claim_token=new_link_token(),
        expires_at=expires_at,
    )
    notices.payment_held(tx, payment, now)


def _withdraw(tx: Tx, payment: Payment, account: Account, now: Millis) -> None:
    tx.ledger.transfer(
        payment.id,
        kind=TransferKind.WITHDRAWAL,
        debit=account,
        credit=tx.ledger.open_bank_account(payment.currency, now),
        amount_minor=payment.amount.minor,
        now=now,
    )
    _move_draft(tx, payment, to=PaymentState.POSTED, posted_at=now)


def _give_back(
    tx: Tx, payment: Payment, account: Account, *, refunds_id: str | None, now: Millis
) -> None:
    original = refundable(tx, refunds_id, by=payment.payer_id, amount=payment.amount)
    if not tx.intents.add_refund(original.id, payment.amount.minor):
        raise NotOpen(PaymentState.RETURNED)
    tx.ledger.transfer(
        payment.id,
        kind=TransferKind.REFUND,
        debit=account,
        credit=tx.ledger.open_person_account(original.payer_id, payment.currency, now),
        amount_minor=payment.amount.minor,
        now=now,
        reverses_id=original.id,
    )
    _move_draft(tx, payment, to=PaymentState.POSTED, posted_at=now)
    notices.payment_refunded(tx, original, now)


def refundable(tx: Tx, payment_id: str | None, *, by: PersonId, amount: Money) -> Payment:
    """The payment that its payee may give back, by this much.

    Raises, in this order:
        NotYours: somebody else's, or none.
        NotOpen: it was not posted, is itself a refund, or was given back in full.
        AmountRefused: more than is left, less than nothing, or another currency.
    """
    payment = received(tx, payment_id, by=by)
    if payment.state is not PaymentState.POSTED:
        raise NotOpen(payment.state)
    left_minor = payment.amount.minor - payment.refunded_minor
    kind = _existing(tx.intents.get(payment.intent_id)).kind
    if left_minor == 0 or kind is not IntentKind.PAYMENT:
        raise NotOpen(PaymentState.RETURNED)
    if amount.currency != payment.currency:
        raise AmountRefused(most=Money(left_minor, payment.currency))
    limits.refuse_outside(amount, most_minor=left_minor)
    return payment


def received(tx: Tx, payment_id: str | None, *, by: PersonId) -> Payment:
    """A payment to this person, which its payer has approved.

    Raises:
        NotYours: to somebody else, or none.
    """
    payment = None if payment_id is None else tx.intents.payment(payment_id)
    if payment is None or payment.payee_id != by or payment.state is PaymentState.DRAFT:
        raise NotYours
    return payment


def _refuse_closed_request(tx: Tx, intent: Intent, total: Money, now: Millis) -> None:
    if intent.request_id is None:
        return
    request = refuse_closed(_existing(tx.requests.get(intent.request_id)), now)
    if request.payer_id not in {None, intent.payer_id}:
        raise NotYours
    limits.refuse_outside(total, most_minor=request.remaining.minor)


def refuse_closed(request: Request, now: Millis) -> Request:
    """The request itself, where it can still be paid.

    Raises:
        NotOpen: it was paid, declined or cancelled, or has expired.
        Expired: its time is up.
    """
    if request.state is not RequestState.OPEN:
        raise NotOpen(request.state)
    if request.expires_at <= now:
        raise Expired
    return request


def _refuse_closed_link(tx: Tx, intent: Intent) -> None:
    if intent.link_id is None:
        return
    link = _existing(tx.links.get(intent.link_id))
    if link.state is not LinkState.ACTIVE:
        raise NotOpen(link.state)


def _count_request(tx: Tx, intent: Intent, now: Millis) -> None:
    """Counts the payment into the request; its row decides between payers who race."""
    if intent.request_id is None:
        return
    paid = tx.requests.pay_if_open(intent.request_id, _total(intent).minor, intent.payer_id)
    if paid is None:
        raise NotOpen(_existing(tx.requests.get(intent.request_id)).state)
    notices.request_changed(tx, paid, now)


# --- holds -------------------------------------------------------------------------------------


def claimable(tx: Tx, claim_token: str, *, by: PersonId, now: Millis) -> Payment:
    """The held payment that a token opens for this person; also one they have claimed already.

    Raises, in this order:
        NotYours: no such token, one's own payment, or meant for somebody else.
        NotOpen: it was returned.
        Expired: its time is up.
    """
    payment = tx.intents.payment_by_claim(claim_token)
    person = tx.people.get(by)
    if payment is None or person is None or payment.payer_id == by:
        raise NotYours
    if not people.may_claim(person, payment):
        raise NotYours
    if payment.state is PaymentState.POSTED:
        return payment
    if payment.state is not PaymentState.HELD:
        raise NotOpen(payment.state)
    if payment.expires_at is None or payment.expires_at <= now:
        raise Expired
    return payment


def claim(tx: Tx, claim_token: str, *, by: PersonId, now: Millis) -> Payment:
    """Posts a held payment to whoever it is meant for; claimed again, the same payment.

    Raises:
        NotJoined: the claimer, after all that `claimable` refuses.
        Refused: see `claimable`.
    """
    payment = claimable(tx, claim_token, by=by, now=now)
    people.joined(tx, by)
    if payment.state is PaymentState.POSTED:
        return payment
    return _arrive(tx, payment, payee_id=by, now=now)


def claim_all(tx: Tx, person_id: PersonId, *, now: Millis) -> int:
    """Posts all that is held for somebody who has joined; how many payments."""
    person = people.joined(tx, person_id)
    waiting = [
        payment
        for payment in tx.intents.held_for(person.id, person.username)
        if payment.payer_id != person.id
        and people.may_claim(person, payment)
        and payment.expires_at is not None
        and payment.expires_at > now
    ]
    for payment in waiting:
        _arrive(tx, payment, payee_id=person.id, now=now)
    return len(waiting)


def payers_to(tx: Tx, person_id: PersonId) -> list[PersonId]:
    """Whose held money arrives when this person joins."""
    person = tx.people.get(person_id)
    if person is None:
        return []
    held = tx.intents.held_for(person.id, person.username)
    return sorted({payment.payer_id for payment in held})


def _arrive(tx: Tx, payment: Payment, *, payee_id: PersonId, now: Millis) -> Payment:
    if not tx.intents.move_payment_if(
        payment.id,
        state=PaymentState.HELD,
        to=PaymentState.POSTED,
        payee_id=payee_id,
        posted_at=now,
    ):
        raise NotOpen(_existing(tx.intents.payment(payment.id)).state)
    tx.ledger.post_hold(
        payment.id,
        transfer_id=payment.id,
        credit=tx.ledger.open_person_account(payee_id, payment.currency, now),
        now=now,
    )
    notices.payment_claimed(tx, payment, payee_id, now)
    return _existing(tx.intents.payment(payment.id))


def take_back(tx: Tx, payment_id: str, *, by: PersonId, now: Millis) -> Payment:
    """The payer ends a hold; done before, the same payment.

    Raises:
        NotYours: not the payer's, or no such payment.
        NotOpen: it was claimed.
    """
    payment = tx.intents.payment(payment_id)
    if payment is None or payment.payer_id != by:
        raise NotYours
    if payment.state is PaymentState.RETURNED:
        return payment
    if not give_back_hold(tx, payment, end=HoldEnd.VOIDED, now=now):
        raise NotOpen(_existing(tx.intents.payment(payment_id)).state)
    return _existing(tx.intents.payment(payment_id))


def give_back_hold(tx: Tx, payment: Payment, *, end: HoldEnd, now: Millis) -> bool:
    """Returns a held payment to its payer; False if it is held no longer."""
    if not tx.intents.move_payment_if(
        payment.id, state=PaymentState.HELD, to=PaymentState.RETURNED
    ):
        return False
    if not tx.ledger.end_hold(payment.id, end=end, now=now):
        raise RuntimeError(f"payment {payment.id} was held, its hold was not open")
    notices.payment_returned(tx, payment, now)
    return True


# --- the bank ----------------------------------------------------------------------------------


def top_up(
    tx: Tx, person_id: PersonId, amount: Money, *, origin: str, policy: Policy, now: Millis
) -> Transfer:
    """Play money from the sandbox bank; the same origin gives once.

    Raises, in this order:
        NotJoined: the terms have not been accepted.
        AmountRefused: another currency, or not more than nothing.
        Conflict: the same origin with another amount.
        LimitExceeded: more than the day's cap, or there is no sandbox bank.
    """
    people.joined(tx, person_id)
    limits.refuse_amount(amount, policy)
    account = tx.ledger.open_person_account(person_id, amount.currency, now)
    transfer_id = _id_of_origin(person_id, origin)
    if tx.ledger.find_transfer(transfer_id) is None:
        kind = TransferKind.TOPUP
        limits.refuse_bank_day(tx, account, amount, kind=kind, policy=policy, now=now)
    return tx.ledger.transfer(
        transfer_id,
        kind=TransferKind.TOPUP,
        debit=tx.ledger.open_bank_account(amount.currency, now),
        credit=account,
        amount_minor=amount.minor,
        now=now,
    )


def _id_of_origin(person_id: PersonId, origin: str) -> str:
    """The transfer's id, the same for the same origin: what asked for it is the key."""
    digest = hashlib.sha256(f"topup:{person_id}:{origin}".encode()).hexdigest()
    return "t_" + digest[:26].upper()


# --- inside ------------------------------------------------------------------------------------


def people_in(intent: Intent) -> list[PersonId]:
    """Whose money a card may move, to be locked before it does."""
    payees = [payment.payee_id for payment in intent.payments if payment.payee_id is not None]
    return [intent.payer_id, *payees]


def _total(intent: Intent) -> Money:
    total = intent.total
    if total is None:
        raise ValueError("the card is not complete")
    return total


def _move_draft(
    tx: Tx,
    payment: Payment,
    *,
    to: PaymentState,
    posted_at: Millis | None = None,
    claim_token: str | None = None,
    expires_at: Millis | None = None,
) -> None:
    if not tx.intents.move_payment_if(
        payment.id,
        state=PaymentState.DRAFT,
        to=to,
        posted_at=posted_at,
        claim_token=claim_token,
        expires_at=expires_at,
    ):
        raise RuntimeError(f"payment {payment.id} of an open card was no draft")


def _existing(record: T | None) -> T:
    """What a reference inside the database leads to: it cannot be missing."""
    if record is None:
        raise LookupError("a record refers to one that is not there")
    return record
