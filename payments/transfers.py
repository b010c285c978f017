"""How money moves: an approved card is posted or held; a hold is claimed or returned.

All of a card's payments move in one transaction, or none does. Every id was stored before: a
payment's id is the id of its hold and of its transfer, so that nothing can move twice.

The order of checks before a card is approved (`refuse`):

1. `NotJoined`          the payer, or `TermsChanged`; then `Paused`, `Frozen`
2. `Unverified`         the payer has yet to show what the policy requires (not for refunds)
3. `PayeeRefused`       BLOCKED, either way, then GONE, STOPPED (of refunds GONE alone)
4. `NotOpen`/`Expired`  the request, the link, or the payment that is given back
5. `AmountRefused`      more than the request still asks for, or than is left to give back; not
                        what the link asks for
6. `LimitExceeded`      a payment, over what payer or payee may (`payments/limits.py`); a
                        withdrawal, over the day's cap
7. `InsufficientFunds`  the available balance does not cover the whole card
"""

from __future__ import annotations

import hashlib

from msgspec import Struct

from payments import limits, link_terms, notices, people, proofs
from payments.errors import (
    AmountRefused,
    Expired,
    InsufficientFunds,
    LimitExceeded,
    NotOpen,
    NotYours,
    Paused,
    PayeeRefusal,
    PayeeRefused,
    Refused,
)
from payments.ids import new_link_token
from payments.models import (
    PSEUDONYM_LEAST,
    Account,
    HoldEnd,
    Intent,
    IntentKind,
    IntentState,
    Millis,
    Payment,
    PaymentState,
    PersonId,
    Request,
    RequestState,
    Transfer,
    TransferKind,
    Turnover,
)
from payments.money import Money
from payments.policy import Policy
from payments.ports import Tx, existing

# --- a card ------------------------------------------------------------------------------------


class Cleared(Struct, frozen=True):
    """What a card that nothing stands against is posted with."""

    account: Account
    """The payer's, which covers it."""
    total: Money
    turnovers: tuple[Turnover, ...] = ()
    """Of a payment: the payer's, then those of the payees that are known by id."""


def refuse(tx: Tx, intent: Intent, *, policy: Policy, now: Millis) -> Cleared:
    """Everything that stands against a complete card, in the order that the module states.

    Raises:
        Refused: the first of them.
    """
    people.joined(tx, intent.payer_id)
    payee_ids = [p.payee_id for p in intent.payments if p.payee_id is not None]
    stops = tx.operators.stops([intent.payer_id, *payee_ids])
    people.refuse_stopped(intent.payer_id, stops)
    if intent.kind is not IntentKind.REFUND:
        proofs.refuse_unverified(tx, intent.payer_id, policy)
    account = tx.ledger.open_person_account(intent.payer_id, intent.currency, now)
    total = intent.total
    if total is None:
        raise ValueError("the card is not complete")
    turnovers: tuple[Turnover, ...] = ()
    if intent.kind in {IntentKind.PAYMENT, IntentKind.GIFT}:
        for payee_id in payee_ids:
            people.refuse_blocked(tx, intent.payer_id, payee_id)
        people.refuse_stopped_payees(payee_ids, stops)
        _refuse_closed_request(tx, intent, total, now)
        _refuse_closed_link(tx, intent, total, now)
        turnovers = _refuse_over_limits(tx, intent, policy=policy, now=now)
    elif intent.kind is IntentKind.REFUND:
        refundable(tx, intent.refunds_id, by=intent.payer_id, amount=total)
    else:
        kind = TransferKind.WITHDRAWAL
        limits.refuse_bank_day(tx, account, total, kind=kind, policy=policy, now=now)
    if account.available_minor < total.minor:
        raise InsufficientFunds(available=account.available, needed=total)
    return Cleared(account, total, turnovers)


def _refuse_over_limits(
    tx: Tx, intent: Intent, *, policy: Policy, now: Millis
) -> tuple[Turnover, ...]:
    payer = limits.refuse_paying(tx, intent.payer_id, intent.payments, policy=policy, now=now)
    try:
        payees = [
            limits.refuse_receiving(tx, p.payee_id, p.amount, policy=policy, now=now)
            for p in intent.payments
            if p.payee_id is not None
        ]
    except LimitExceeded as error:
        # What somebody else has been paid is nothing that their payers should learn.
        raise LimitExceeded(error.limit, possible=None, again_at=None) from None
    return (payer, *payees)


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
    cleared = refuse(tx, intent, policy=policy, now=now)
    if not tx.intents.move_if(intent.id, states=(intent.state,), to=IntentState.POSTED):
        raise NotOpen(existing(tx.intents.get(intent.id)).state)
    # After this point the card must be posted: whatever is raised undoes all of it.
    for payment in intent.payments:
        _move(tx, intent, payment, cleared, policy=policy, now=now)
    _count_paid(tx, intent, cleared, now)
    _count_request(tx, intent, cleared.total, now)
    _count_link(tx, intent, cleared.total, now)
    posted = existing(tx.intents.get(intent.id))
    notices.card_changed(tx, posted, now)
    notices.told_in_group(tx, posted, now)
    return posted


def _move(
    tx: Tx, intent: Intent, payment: Payment, cleared: Cleared, *, policy: Policy, now: Millis
) -> Payment:
    """Moves one payment of a card, and answers it as it is stored from now on."""
    account = cleared.account
    if intent.kind is IntentKind.WITHDRAWAL:
        return _withdraw(tx, payment, account, now)
    if intent.kind is IntentKind.REFUND:
        return give_back(tx, payment, account, refunds_id=intent.refunds_id, now=now)
    return _pay(tx, payment, cleared, policy=policy, now=now)


def _pay(tx: Tx, payment: Payment, cleared: Cleared, *, policy: Policy, now: Millis) -> Payment:
    payee = None if payment.payee_id is None else tx.people.get(payment.payee_id)
    if payee is None or not payee.joined:
        return _hold(tx, payment, cleared.account, expires_at=now + policy.hold_ms, now=now)
    posted = _post(tx, payment, cleared.account, payee_id=payee.id, now=now)
    received = next(turnover for turnover in cleared.turnovers if turnover.person_id == payee.id)
    tx.turnovers.add(received, number=1, amount_minor=payment.amount.minor, now=now)
    notices.payment_received(tx, posted, payee.id, now)
    return posted


def _post(
    tx: Tx, payment: Payment, account: Account, *, payee_id: PersonId, now: Millis
) -> Payment:
    tx.ledger.transfer(
        payment.id,
        kind=TransferKind.PAYMENT,
        debit=account,
        credit=tx.ledger.open_person_account(payee_id, payment.currency, now),
        amount_minor=payment.amount.minor,
        now=now,
    )
    return _move_draft(tx, payment, to=PaymentState.POSTED, posted_at=now)


def _hold(
    tx: Tx, payment: Payment, account: Account, *, expires_at: Millis, now: Millis
) -> Payment:
    tx.ledger.hold(
        payment.id,
        account=account,
        amount_minor=payment.amount.minor,
        now=now,
        expires_at=expires_at,
    )
    held = _move_draft(
        tx,
        payment,
        to=PaymentState.HELD,
        claim_token=new_link_token(),
        expires_at=expires_at,
    )
    notices.payment_held(tx, held, now)
    return held


def _withdraw(tx: Tx, payment: Payment, account: Account, now: Millis) -> Payment:
    tx.ledger.transfer(
        payment.id,
        kind=TransferKind.WITHDRAWAL,
        debit=account,
        credit=tx.ledger.open_bank_account(payment.currency, now),
        amount_minor=payment.amount.minor,
        now=now,
    )
    return _move_draft(tx, payment, to=PaymentState.POSTED, posted_at=now)


def give_back(
    tx: Tx, payment: Payment, account: Account, *, refunds_id: str | None, now: Millis
) -> Payment:
    """Posts the one payment of a refund's card, out of the payee's account.

    Raises:
        Refused: see `refundable`.
    """
    original = refundable(tx, refunds_id, by=payment.payer_id, amount=payment.amount)
    if not tx.intents.add_refund(original.id, payment.amount.minor):
        raise NotOpen(PaymentState.RETURNED)
    link_id = existing(tx.intents.get(original.intent_id)).link_id
    if link_id is not None:
        tx.links.add_refund(link_id, payment.amount.minor)
    tx.ledger.transfer(
        payment.id,
        kind=TransferKind.REFUND,
        debit=account,
        credit=tx.ledger.open_person_account(original.payer_id, payment.currency, now),
        amount_minor=payment.amount.minor,
        now=now,
        reverses_id=original.id,
    )
    given_back = _move_draft(tx, payment, to=PaymentState.POSTED, posted_at=now)
    notices.payment_refunded(tx, original, now)
    return given_back


def refundable(tx: Tx, payment_id: str | None, *, by: PersonId, amount: Money) -> Payment:
    """The payment that its payee may give back, by this much.

    Raises, in this order:
        NotYours: somebody else's, or none.
        NotOpen: it was not posted, is itself a refund, or was given back in full.
        PayeeRefused: GONE, whoever paid.
        AmountRefused: more than is left, less than nothing, or another currency.
    """
    payment = received(tx, payment_id, by=by)
    if payment.state is not PaymentState.POSTED:
        raise NotOpen(payment.state)
    left_minor = payment.amount.minor - payment.refunded_minor
    kind = existing(tx.intents.get(payment.intent_id)).kind
    if left_minor == 0 or kind is IntentKind.REFUND:
        raise NotOpen(PaymentState.RETURNED)
    if payment.payer_id >= PSEUDONYM_LEAST:
        raise PayeeRefused(PayeeRefusal.GONE)
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
    request = refuse_closed(existing(tx.requests.get(intent.request_id)), now)
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


def _refuse_closed_link(tx: Tx, intent: Intent, total: Money, now: Millis) -> None:
    if intent.link_id is not None:
        link = existing(tx.links.get(intent.link_id))
        link_terms.refuse_closed(link, now)
        link_terms.refuse_amount(link.terms, total)


def _count_paid(tx: Tx, intent: Intent, cleared: Cleared, now: Millis) -> None:
    """Counts a card's payments into what its payer has paid."""
    if cleared.turnovers:
        tx.turnovers.add(
            cleared.turnovers[0],
            number=len(intent.payments),
            amount_minor=cleared.total.minor,
            now=now,
        )


def _count_request(tx: Tx, intent: Intent, total: Money, now: Millis) -> None:
    """Counts the payment into the request; its row decides between payers who race."""
    if intent.request_id is None:
        return
    paid = tx.requests.pay_if_open(intent.request_id, total.minor, intent.payer_id)
    if paid is None:
        raise NotOpen(existing(tx.requests.get(intent.request_id)).state)
    notices.request_changed(tx, paid, now)


def _count_link(tx: Tx, intent: Intent, total: Money, now: Millis) -> None:
    """Counts the payment into the link; its row decides between payers who race."""
    if intent.link_id is None or tx.links.use_if(intent.link_id, intent.payments[0], now):
        return
    _refuse_closed_link(tx, intent, total, now)
    raise RuntimeError(f"link {intent.link_id} could be paid, but was not")


# --- holds -------------------------------------------------------------------------------------


def claimable(tx: Tx, claim_token: str, *, by: PersonId, now: Millis) -> Payment:
    """The held payment that a token opens for this person; also one they have claimed already.

    Raises, in this order:
        PayeeRefused: GIVER, one's own gift that nobody has taken yet.
        NotYours: no such token, one's own payment, or meant for somebody else.
        NotOpen: it was returned.
        Expired: its time is up.
        PayeeRefused: BLOCKED, where it is for whoever takes it first.
    """
    payment = tx.intents.payment_by_claim(claim_token)
    person = tx.people.get(by)
    if payment is None or person is None:
        raise NotYours
    if payment.payer_id == by:
        raise _refusal_of_payer(payment)
    if not people.may_claim(person, payment):
        raise NotYours
    if payment.state is PaymentState.POSTED:
        return payment
    if payment.state is not PaymentState.HELD:
        raise NotOpen(payment.state)
    if payment.expires_at is None or payment.expires_at <= now:
        raise Expired
    if people.is_for_anybody(payment):
        people.refuse_blocked(tx, by, payment.payer_id)
    return payment


def _refusal_of_payer(payment: Payment) -> Refused:
    """Why somebody cannot take what they have sent themselves."""
    if payment.state is PaymentState.HELD and people.is_for_anybody(payment):
        return PayeeRefused(PayeeRefusal.GIVER)
    return NotYours()


def claim(tx: Tx, claim_token: str, *, by: PersonId, policy: Policy, now: Millis) -> Payment:
    """Posts a held payment to whoever it is meant for; claimed again, the same payment.

    Raises:
        Refused: see `claimable`.
        NotJoined: the claimer, after that, or `TermsChanged`; then `Paused`, `Frozen`.
        LimitExceeded: RECEIVING; the money still waits.
    """
    payment = claimable(tx, claim_token, by=by, now=now)
    people.active(tx, by)
    if payment.state is PaymentState.POSTED:
        return payment
    return _arrive(tx, payment, payee_id=by, policy=policy, now=now)


def claim_all(tx: Tx, person_id: PersonId, *, policy: Policy, now: Millis) -> int:
    """Posts all that is held for somebody who has joined; how many payments.

    What is more than they may be paid now still waits, and all of it while that is stopped.
    """
    person = people.joined(tx, person_id)
    stops = tx.operators.stops([person_id])
    if stops.paused or stops.frozen:
        return 0
    waiting = [
        payment
        for payment in tx.intents.held_for(person.id, person.username)
        if payment.payer_id != person.id
        and people.may_claim(person, payment)
        and payment.expires_at is not None
        and payment.expires_at > now
    ]
    arrived = 0
    for payment in waiting:
        try:
            _arrive(tx, payment, payee_id=person.id, policy=policy, now=now)
        except LimitExceeded:
            continue
        arrived += 1
    return arrived


def payers_to(tx: Tx, person_id: PersonId) -> list[PersonId]:
    """Whose held money arrives when this person joins."""
    person = tx.people.get(person_id)
    if person is None:
        return []
    held = tx.intents.held_for(person.id, person.username)
    return sorted({payment.payer_id for payment in held})


def _arrive(
    tx: Tx, payment: Payment, *, payee_id: PersonId, policy: Policy, now: Millis
) -> Payment:
    received = limits.refuse_receiving(tx, payee_id, payment.amount, policy=policy, now=now)
    arrived = tx.intents.move_payment_if(
        payment.id,
        state=PaymentState.HELD,
        to=PaymentState.POSTED,
        payee_id=payee_id,
        posted_at=now,
    )
    if arrived is None:
        raise NotOpen(existing(tx.intents.payment(payment.id)).state)
    tx.ledger.post_hold(
        payment.id,
        transfer_id=payment.id,
        credit=tx.ledger.open_person_account(payee_id, payment.currency, now),
        now=now,
    )
    tx.turnovers.add(received, number=1, amount_minor=payment.amount.minor, now=now)
    notices.payment_claimed(tx, payment, payee_id, now)
    return arrived


def take_back(tx: Tx, payment_id: str, *, by: PersonId, now: Millis) -> Payment:
    """The payer ends a hold; done before, the same payment.

    Raises:
        NotYours: not the payer's, or no such payment.
        Paused: operators have stopped everything.
        NotOpen: it was claimed.
    """
    payment = tx.intents.payment(payment_id)
    if payment is None or payment.payer_id != by:
        raise NotYours
    if payment.state is PaymentState.RETURNED:
        return payment
    if tx.operators.stops([]).paused:
        raise Paused
    if not give_back_hold(tx, payment, end=HoldEnd.VOIDED, now=now):
        raise NotOpen(existing(tx.intents.payment(payment_id)).state)
    return existing(tx.intents.payment(payment_id))


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
        NotJoined: the terms have not been accepted; then `Paused`, `Frozen`.
        AmountRefused: another currency, or not more than nothing.
        Conflict: the same origin with another amount.
        LimitExceeded: more than the day's cap, or there is no sandbox bank.
    """
    people.active(tx, person_id)
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


def _move_draft(
    tx: Tx,
    payment: Payment,
    *,
    to: PaymentState,
    posted_at: Millis | None = None,
    claim_token: str | None = None,
    expires_at: Millis | None = None,
) -> Payment:
    moved = tx.intents.move_payment_if(
        payment.id,
        state=PaymentState.DRAFT,
        to=to,
        posted_at=posted_at,
        claim_token=claim_token,
        expires_at=expires_at,
    )
    if moved is None:
        raise RuntimeError(f"payment {payment.id} of an open card was no draft")
    return moved
