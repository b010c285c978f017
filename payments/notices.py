"""Who is told of what. Written in the transaction that it tells of; sent after it.

A notice names its subject only: whoever sends it renders the subject as it is by then, so that a
late or repeated notice never tells of a state that has passed.
"""

from __future__ import annotations

from payments.models import (
    ConversationId,
    Device,
    Intent,
    Millis,
    NoticeKind,
    Payment,
    PersonId,
    Request,
)
from payments.ports import Tx


def card_changed(tx: Tx, intent: Intent, now: Millis) -> None:
    """The payer's card has to be shown anew."""
    tx.outbox.add(NoticeKind.INTENT, to=intent.payer_id, subject_id=intent.id, now=now)


def told_in_group(tx: Tx, intent: Intent, now: Millis) -> None:
    """The payment is shown in the group that the payer chose, if any."""
    if intent.told_in is not None:
        tx.outbox.add(NoticeKind.TOLD, to=intent.told_in, subject_id=intent.id, now=now)


def payment_received(tx: Tx, payment: Payment, payee_id: PersonId, now: Millis) -> None:
    """The payee has the money."""
    tx.outbox.add(NoticeKind.PAYMENT_RECEIVED, to=payee_id, subject_id=payment.id, now=now)


def payment_held(tx: Tx, payment: Payment, now: Millis) -> None:
    """Money waits for somebody who has not joined, if they can be reached at all."""
    payee = None
    if payment.payee_id is not None:
        payee = tx.people.get(payment.payee_id)
    elif payment.payee_username is not None:
        payee = tx.people.by_username(payment.payee_username)
    if payee is not None and payee.reachable and payee.id != payment.payer_id:
        tx.outbox.add(NoticeKind.PAYMENT_HELD, to=payee.id, subject_id=payment.id, now=now)


def payment_claimed(tx: Tx, payment: Payment, payee_id: PersonId, now: Millis) -> None:
    """The held money has arrived: both sides are told, and the group that saw it sent."""
    payment_received(tx, payment, payee_id, now)
    tx.outbox.add(NoticeKind.PAYMENT_CLAIMED, to=payment.payer_id, subject_id=payment.id, now=now)
    _hold_ended_in_group(tx, payment, now)


def payment_returned(tx: Tx, payment: Payment, now: Millis) -> None:
    """The held money is the payer's again; a card that offers it elsewhere is shown anew."""
    tx.outbox.add(NoticeKind.PAYMENT_RETURNED, to=payment.payer_id, subject_id=payment.id, now=now)
    elsewhere = {card.conversation_id for card in tx.cards.of(payment.id)} - {payment.payer_id}
    for conversation_id in sorted(elsewhere):
        tx.outbox.add(NoticeKind.PAYMENT_HELD, to=conversation_id, subject_id=payment.id, now=now)
    _hold_ended_in_group(tx, payment, now)


def _hold_ended_in_group(tx: Tx, payment: Payment, now: Millis) -> None:
    intent = tx.intents.get(payment.intent_id)
    if intent is not None:
        told_in_group(tx, intent, now)


def payment_refunded(tx: Tx, payment: Payment, now: Millis) -> None:
    """A payment was given back, wholly or in part: both sides are told."""
    for person_id in (payment.payer_id, payment.payee_id):
        if person_id is not None:
            tx.outbox.add(
                NoticeKind.PAYMENT_REFUNDED, to=person_id, subject_id=payment.id, now=now
            )


def request_made(tx: Tx, request: Request, now: Millis) -> None:
    """The request's cards: one for the requester, one for whoever is asked, if that is known.

    A request to anyone goes to the group in which it was made.
    """
    to = {request.requester_id}
    payer = None if request.payer_id is None else tx.people.get(request.payer_id)
    if payer is not None and payer.reachable:
        to.add(payer.id)
    if request.payer_id is None and request.payer_username is None and request.group_id:
        to.add(request.group_id)
    _tell_of_request(tx, request, to, now)


def request_in_group(tx: Tx, request_id: str, group_id: ConversationId, now: Millis) -> None:
    """A group is shown an open request to anyone in it."""
    tx.outbox.add(NoticeKind.REQUEST, to=group_id, subject_id=request_id, now=now)


def request_changed(tx: Tx, request: Request, now: Millis) -> None:
    """All cards of the request have to be shown anew."""
    to = {card.conversation_id for card in tx.cards.of(request.id)} | {request.requester_id}
    if request.payer_id is not None:
        to.add(request.payer_id)
    _tell_of_request(tx, request, to, now)


def _tell_of_request(tx: Tx, request: Request, to: set[int], now: Millis) -> None:
    for conversation_id in sorted(to):
        tx.outbox.add(NoticeKind.REQUEST, to=conversation_id, subject_id=request.id, now=now)


def request_reminder(tx: Tx, request: Request, payer_id: PersonId, now: Millis) -> None:
    """The payer is asked once more."""
    tx.outbox.add(NoticeKind.REQUEST_REMINDER, to=payer_id, subject_id=request.id, now=now)


def pin_changed(tx: Tx, person_id: PersonId, now: Millis) -> None:
    """The person has another PIN than before."""
    tx.outbox.add(NoticeKind.PIN_CHANGED, to=person_id, subject_id=str(person_id), now=now)


def pin_reset(tx: Tx, person_id: PersonId, now: Millis) -> None:
    """The waiting period of a forgotten PIN has begun, or was called off."""
    tx.outbox.add(NoticeKind.PIN_RESET, to=person_id, subject_id=str(person_id), now=now)


def device_added(tx: Tx, device: Device, now: Millis) -> None:
    """The person is told, in case it was somebody else."""
    tx.outbox.add(NoticeKind.DEVICE_ADDED, to=device.person_id, subject_id=device.id, now=now)


def operator_refund(tx: Tx, payment: Payment, now: Millis) -> None:
    """The payee is told that an operator gave the payment back."""
    if payment.payee_id is not None:
        tx.outbox.add(
            NoticeKind.OPERATOR_REFUND, to=payment.payee_id, subject_id=payment.id, now=now
        )
