"""What operators do: freeze people, give payments back, stop everything; and what that stops.

Operators are named in the policy by their ids. Whatever an operator does is one `OperatorAction`
with a reason. It is sealed into the operator's own keypad, so that the PIN approves exactly that,
and is written into a log that nobody can change, in the transaction that does it.

A frozen person pays, withdraws, asks, claims and tops up nothing, and is paid nothing; they may
still look at everything, and take back what nobody has claimed. While payments are paused, that
holds for everybody, and holds do not end either. Both are read in the transaction that moves
money, which a freeze waits for, or is waited for by.
"""

from __future__ import annotations

from msgspec.structs import replace

from payments import intents, notices, people, transfers
from payments.errors import (
    InsufficientFunds,
    NoteRefused,
    NotOpen,
    NotOperator,
    NotYours,
    UnknownPerson,
)
from payments.ids import new_action_id
from payments.models import (
    ActionKind,
    Health,
    IntentKind,
    IntentState,
    LoggedAction,
    Millis,
    OperatorAction,
    Payment,
    PaymentState,
    PersonId,
    Report,
    TransferKind,
)
from payments.money import Money
from payments.policy import Policy
from payments.ports import Tx

REASON_MOST = 300
"""Characters of a reason."""
_LIST_MOST = 10


def require(person_id: PersonId, policy: Policy) -> None:
    """Whoever asks is an operator.

    Raises:
        NotOperator: they are not.
    """
    if person_id not in policy.operators:
        raise NotOperator


def clean_action(
    tx: Tx, action: OperatorAction, by: PersonId, *, policy: Policy
) -> OperatorAction:
    """The action as it will be approved: with its reason in one piece, and whom it concerns.

    Raises, in this order:
        NotOperator: who asks is none.
        NoteRefused: the reason is missing or too long.
        Refused: what it is done to is not there, or not any longer.
    """
    require(by, policy)
    reason = " ".join(action.reason.split())
    if not 0 < len(reason) <= REASON_MOST:
        raise NoteRefused(most=REASON_MOST)
    action = replace(action, reason=reason)
    match action.kind:
        case ActionKind.FREEZE | ActionKind.UNFREEZE:
            if action.person_id is None or people.known(tx, action.person_id).gone:
                raise UnknownPerson
            return replace(action, subject_id="")
        case ActionKind.REFUND:
            payment, _ = _left_of(tx, action.subject_id)
            return replace(action, person_id=payment.payee_id)
        case ActionKind.CLOSE_REPORT:
            request = tx.requests.get(action.subject_id)
            if request is None:
                raise NotYours
            return replace(action, person_id=request.requester_id)
        case ActionKind.PAUSE | ActionKind.RESUME:
            return replace(action, subject_id="", person_id=None)


def concerned(tx: Tx, action: OperatorAction) -> list[PersonId]:
    """Whose money an action may move, or stop, to be locked before it does."""
    payment = tx.intents.payment(action.subject_id)
    ids = {action.person_id, payment.payer_id if payment else None}
    return sorted(person_id for person_id in ids if person_id is not None)


def carry_out(
    tx: Tx, action: OperatorAction, by: PersonId, *, policy: Policy, now: Millis
) -> None:
    """Does what the operator's PIN has approved, and writes it down.

    Raises:
        NotOperator: who approved it is none, or no longer.
        Refused: it cannot be done, or not any longer; then nothing is kept.
    """
    require(by, policy)
    match action.kind:
        case ActionKind.FREEZE:
            tx.operators.freeze(_person_of(action), now)
        case ActionKind.UNFREEZE:
            tx.operators.unfreeze(_person_of(action))
        case ActionKind.REFUND:
            _refund(tx, action.subject_id, policy=policy, now=now)
        case ActionKind.CLOSE_REPORT:
            tx.operators.close_report(action.subject_id, now)
        case ActionKind.PAUSE:
            tx.operators.pause(now)
        case ActionKind.RESUME:
            tx.operators.resume()
    tx.operators.write_down(new_action_id(), by=by, action=action, now=now)


def _person_of(action: OperatorAction) -> PersonId:
    if action.person_id is None:
        raise ValueError(f"{action.kind} concerns nobody")
    return action.person_id


def _refund(tx: Tx, payment_id: str, *, policy: Policy, now: Millis) -> None:
    """Gives back what is left of a payment, as its payee could have done; frozen or not."""
    payment, left = _left_of(tx, payment_id)
    payee = people.known(tx, _payee_of(payment))
    account = tx.ledger.open_person_account(payee.id, left.currency, now)
    if account.available < left:
        raise InsufficientFunds(available=account.available, needed=left)
    card = intents.new_card(
        payee,
        (people.Named(payment.payer_id, None),),
        kind=IntentKind.REFUND,
        amount=left,
        currency=left.currency,
        note="",
        refunds_id=payment.id,
        policy=policy,
        now=now,
    )
    intents.add(tx, card, origin=None)
    if not tx.intents.move_if(card.id, states=[IntentState.DRAFT], to=IntentState.POSTED):
        raise RuntimeError(f"card {card.id} was just made, but is no draft")
    transfers.give_back(tx, card.payments[0], account, refunds_id=payment.id, now=now)
    notices.operator_refund(tx, payment, now)


def _left_of(tx: Tx, payment_id: str) -> tuple[Payment, Money]:
    """A payment that can be given back, and what is left of it.

    Raises:
        NotYours: there is no such payment.
        NotOpen: it was not posted, is itself a refund, or was given back in full.
        PayeeRefused: GONE, its payer.
    """
    payment = tx.intents.payment(payment_id)
    if payment is None or payment.payee_id is None or payment.state is PaymentState.DRAFT:
        raise NotYours
    left_minor = (payment.amount_minor or 0) - payment.refunded_minor
    if left_minor == 0:
        raise NotOpen(PaymentState.RETURNED)
    left = Money(left_minor, payment.currency)
    transfers.refundable(tx, payment_id, by=payment.payee_id, amount=left)
    return payment, left


def _payee_of(payment: Payment) -> PersonId:
    if payment.payee_id is None:
        raise ValueError(f"payment {payment.id} has no payee")
    return payment.payee_id


# --- looking -----------------------------------------------------------------------------------


def reports(tx: Tx, by: PersonId, policy: Policy) -> list[Report]:
    """What people have reported and nobody has seen to yet, latest first.

    Raises:
        NotOperator: who asks is none.
    """
    require(by, policy)
    return tx.requests.reports(_LIST_MOST)


def logged(tx: Tx, by: PersonId, policy: Policy) -> list[LoggedAction]:
    """What operators did, latest first.

    Raises:
        NotOperator: who asks is none.
    """
    require(by, policy)
    return tx.operators.logged(_LIST_MOST)


def health(tx: Tx, by: PersonId, policy: Policy) -> Health:
    """Whether the books add up, and what waits.

    Raises:
        NotOperator: who asks is none.
    """
    require(by, policy)
    return tx.operators.health()


def received(tx: Tx, person_id: PersonId, by: PersonId, policy: Policy) -> list[Payment]:
    """The latest payments to a person, of which something can still be given back.

    Raises:
        NotOperator: who asks is none.
    """
    require(by, policy)
    found = []
    for account in tx.ledger.accounts_of(person_id):
        lines = tx.ledger.history(
            account.id,
            before=None,
            kinds=[TransferKind.PAYMENT],
            credited=True,
            limit=_LIST_MOST,
        )
        payments = (tx.intents.payment(line.transfer_id) for line in lines)
        found += [p for p in payments if p is not None and p.amount_minor != p.refunded_minor]
    return sorted(found, key=lambda payment: payment.posted_at or 0, reverse=True)[:_LIST_MOST]
