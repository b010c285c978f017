"""Cards: what a payer is about to approve, from the first word to the PIN.

A draft may lack its payee or its amount and can be changed. Once its PIN is asked for it is
frozen: payee, amount, currency and note are what the PIN approves, and nothing else.

The order of checks when a card is made (`draft`, `amend`):

1. `NotJoined`      the payer
2. `PayeeRefused`   TOO_MANY, then `UnknownPerson`, then SELF, then TWICE
3. `AmountRefused`  the currency, then the range
4. `NoteRefused`
5. the same origin made a card before: that card, whatever has changed since
6. `PayeeRefused`   BLOCKED
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from payments import limits, link_terms, notices, people, transfers
from payments.errors import (
    AmountRefused,
    AnswerMissing,
    Expired,
    NotOpen,
    NotYours,
    PayeeRefusal,
    PayeeRefused,
    Refused,
)
from payments.ids import new_intent_id, new_payment_id
from payments.models import (
    ConversationId,
    Intent,
    IntentKind,
    IntentState,
    Keypad,
    KeypadPurpose,
    Millis,
    Payment,
    PaymentState,
    Person,
    PersonId,
)
from payments.money import Money
from payments.names import lookalike
from payments.people import Named, PersonRef
from payments.policy import Policy
from payments.ports import Tx

_EARLIER_MOST = 200
"""How many of those whom the payer paid lately a payee is compared with."""
OPEN = (IntentState.DRAFT, IntentState.AWAITING_PIN)

# --- making ------------------------------------------------------------------------------------


def new_card(
    payer: Person,
    payees: Sequence[Named],
    *,
    kind: IntentKind = IntentKind.PAYMENT,
    amount: Money | None,
    currency: str,
    note: str,
    group_id: ConversationId | None = None,
    request_id: str | None = None,
    link_id: str | None = None,
    refunds_id: str | None = None,
    policy: Policy,
    now: Millis,
) -> Intent:
    """A draft with the ids that its payments will keep, not stored yet."""
    intent_id = new_intent_id()
    return Intent(
        id=intent_id,
        kind=kind,
        payer_id=payer.id,
        currency=currency,
        note=note,
        state=IntentState.DRAFT,
        refusal=None,
        request_id=request_id,
        link_id=link_id,
        refunds_id=refunds_id,
        told_in=None,
        group_id=group_id,
        created_at=now,
        expires_at=now + policy.card_ms,
        payments=_payments(intent_id, payer.id, payees, amount, currency, now),
    )


def _payments(
    intent_id: str,
    payer_id: PersonId,
    payees: Sequence[Named],
    amount: Money | None,
    currency: str,
    now: Millis,
) -> tuple[Payment, ...]:
    """One payment a payee; with an amount alone, one that nobody gets yet."""
    if not payees and amount is not None:
        payees = (Named(None, None),)
    return tuple(
        Payment(
            id=new_payment_id(now),
            intent_id=intent_id,
            position=position,
            payer_id=payer_id,
            payee_id=payee.id,
            payee_username=payee.username,
            amount_minor=None if amount is None else amount.minor,
            currency=currency,
            state=PaymentState.DRAFT,
            refunded_minor=0,
            claim_token=None,
            posted_at=None,
            expires_at=None,
        )
        for position, payee in enumerate(payees)
    )


def draft(
    tx: Tx,
    payer_id: PersonId,
    *,
    payees: Sequence[PersonRef],
    amount: Money | None,
    note: str,
    group_id: ConversationId | None,
    origin: str | None,
    policy: Policy,
    now: Millis,
) -> Intent:
    """A new card, or the one that this origin made; see the module for what is refused."""
    payer = people.active(tx, payer_id)
    found = people.find(tx, payer, payees, policy=policy, now=now)
    if amount is not None:
        limits.refuse_amount(amount, policy)
    card = new_card(
        payer,
        found,
        amount=amount,
        currency=payer.currency if amount is None else amount.currency,
        note=limits.clean_note(note, policy),
        group_id=group_id,
        policy=policy,
        now=now,
    )
    return add(tx, card, origin=origin)


def add(tx: Tx, card: Intent, *, origin: str | None) -> Intent:
    """Stores a card unless the payer's same origin made one before: then that one.

    Raises:
        PayeeRefused: BLOCKED.
    """
    key = None if origin is None else f"{card.kind}:{card.payer_id}:{origin}"
    first = tx.intents.add(card, origin=key)
    if first.id == card.id:
        _refuse_blocked(tx, card)
    return first


def withdraw(
    tx: Tx,
    person_id: PersonId,
    amount: Money,
    *,
    origin: str | None,
    policy: Policy,
    now: Millis,
) -> Intent:
    """The card for moving money to one's own bank.

    Raises, in this order:
        NotJoined: the terms have not been accepted.
        AmountRefused: another currency, or not more than nothing.
        LimitExceeded: more than the day's cap.
        InsufficientFunds: the available balance does not cover it.
    """
    person = people.active(tx, person_id)
    limits.refuse_amount(amount, policy)
    card = new_card(
        person,
        (Named(None, None),),
        kind=IntentKind.WITHDRAWAL,
        amount=amount,
        currency=amount.currency,
        note="",
        policy=policy,
        now=now,
    )
    first = add(tx, card, origin=origin)
    if first.id == card.id:
        transfers.refuse(tx, card, policy=policy, now=now)
    return first


def gift(
    tx: Tx,
    payer_id: PersonId,
    *,
    amount: Money,
    note: str,
    group_id: ConversationId | None = None,
    origin: str | None,
    policy: Policy,
    now: Millis,
) -> Intent:
    """The card for money that waits for whoever takes it first; in a group, that is told there.

    Raises, in this order:
        NotJoined: the terms have not been accepted.
        AmountRefused: another currency, nothing, or more than the cap.
        NoteRefused: the note is too long.
    """
    payer = people.active(tx, payer_id)
    limits.refuse_amount(amount, policy)
    card = new_card(
        payer,
        (Named(None, None),),
        kind=IntentKind.GIFT,
        amount=amount,
        currency=amount.currency,
        note=limits.clean_note(note, policy),
        group_id=group_id,
        policy=policy,
        now=now,
    )
    return add(tx, replace(card, told_in=group_id), origin=origin)


def refund(
    tx: Tx,
    payment_id: str,
    by: PersonId,
    *,
    amount: Money,
    origin: str | None,
    policy: Policy,
    now: Millis,
) -> Intent:
    """The payee's card for giving a payment back, wholly or in part.

    Raises:
        NotJoined: who asks has not accepted the terms.
        Refused: see `transfers.refundable`.
    """
    payee = people.active(tx, by)
    limits.refuse_amount(amount, policy)
    payment = transfers.received(tx, payment_id, by=by)
    card = new_card(
        payee,
        (Named(payment.payer_id, None),),
        kind=IntentKind.REFUND,
        amount=amount,
        currency=amount.currency,
        note="",
        refunds_id=payment.id,
        policy=policy,
        now=now,
    )
    first = add(tx, card, origin=origin)
    if first.id == card.id:
        transfers.refundable(tx, payment.id, by=by, amount=amount)
    return first


# --- changing ----------------------------------------------------------------------------------


def owned(tx: Tx, intent_id: str, by: PersonId) -> Intent:
    """The payer's own card.

    Raises:
        NotYours: somebody else's, or none.
    """
    intent = tx.intents.get(intent_id)
    if intent is None or intent.payer_id != by:
        raise NotYours
    return intent


def seen_by(tx: Tx, intent_id: str, by: PersonId | ConversationId) -> Intent:
    """The card, for its payer, and for the group that the payer has shown a posted payment in.

    Raises:
        NotYours: anybody else's, or none.
    """
    intent = tx.intents.get(intent_id)
    shown = intent is not None and intent.state is IntentState.POSTED and intent.told_in == by
    if intent is None or not (shown or intent.payer_id == by):
        raise NotYours
    return intent


def lookalikes(tx: Tx, intent: Intent) -> dict[str, Person]:
    """By payment of a card: whom the payer paid before and may take its payee for."""
    if intent.kind is not IntentKind.PAYMENT:
        return {}
    earlier = tx.people.recent_payees(intent.payer_id, _EARLIER_MOST)
    ids = {person.id for person in earlier}
    found = {}
    for payment in intent.payments:
        if payment.payee_id in ids:
            continue
        payee = None if payment.payee_id is None else tx.people.get(payment.payee_id)
        named = (payment.payee_username, "") if payee is None else (payee.username, payee.name)
        other = lookalike(*named, earlier)
        if other is not None:
            found[payment.id] = other
    return found


def amend(
    tx: Tx,
    intent_id: str,
    by: PersonId,
    *,
    payees: Sequence[PersonRef] | None,
    amount: Money | None,
    note: str | None,
    answer: str | None,
    policy: Policy,
    now: Millis,
) -> Intent:
    """Changes what is not None in a draft, and gives it its full time again.

    Raises:
        NotYours: another person's card, or a part that a request, link or refund has set.
        NotOpen: it is a draft no longer.
        Expired: its time is up.
        Refused: as for a new card.
    """
    intent = owned(tx, intent_id, by)
    if intent.state is not IntentState.DRAFT:
        raise NotOpen(intent.state)
    if intent.expires_at <= now:
        raise Expired
    _refuse_set_parts(tx, intent, payees=payees, amount=amount, answer=answer)
    payer = people.active(tx, by)
    found = _payees_of(intent)
    if payees is not None:
        found = people.find(tx, payer, payees, policy=policy, now=now)
    if amount is None:
        amount = intent.amount_each
    else:
        limits.refuse_amount(amount, policy)
    currency = intent.currency if amount is None else amount.currency
    amended = replace(
        intent,
        currency=currency,
        note=intent.note if note is None else limits.clean_note(note, policy),
        answer=intent.answer if answer is None else limits.clean_note(answer, policy),
        expires_at=now + policy.card_ms,
        payments=_payments(intent.id, by, found, amount, currency, now),
    )
    return _rewrite(tx, amended)


def _refuse_set_parts(
    tx: Tx,
    intent: Intent,
    *,
    payees: Sequence[PersonRef] | None,
    amount: Money | None,
    answer: str | None,
) -> None:
    """A request, a link, a refund and a withdrawal say who gets it, and mostly how much; only a
    link may ask something.
    """
    if answer is not None and not intent.question:
        raise NotYours
    if intent.kind is IntentKind.PAYMENT and not intent.request_id and not intent.link_id:
        return
    if payees is not None:
        raise NotYours
    if amount is None:
        return
    link = None if intent.link_id is None else tx.links.get(intent.link_id)
    if link is None:
        raise NotYours
    link_terms.refuse_amount(link.terms, amount)


def freeze(tx: Tx, intent: Intent, *, policy: Policy, now: Millis) -> Intent:
    """Turns a complete draft into a card that awaits its PIN; one that does stays as it is.

    Names that have been met since the draft are replaced by ids.

    Raises, in this order:
        NotOpen: it is past that.
        PayeeRefused: NOBODY; SELF or TWICE, where a name has turned out to be such.
        AmountRefused: no amount yet.
        AnswerMissing: the link's question is not answered yet.
        Refused: see `transfers.refuse`.
    """
    if intent.state not in OPEN:
        raise NotOpen(intent.state)
    if intent.state is IntentState.AWAITING_PIN:
        transfers.refuse(tx, intent, policy=policy, now=now)
        return intent
    if intent.lacks_payee:
        raise PayeeRefused(PayeeRefusal.NOBODY)
    if intent.lacks_amount:
        raise AmountRefused(least=Money(1, intent.currency))
    if intent.lacks_answer:
        raise AnswerMissing
    if intent.kind is IntentKind.PAYMENT:
        intent = _find_payees(tx, intent)
    transfers.refuse(tx, intent, policy=policy, now=now)
    expires_at = now + policy.card_ms
    if not tx.intents.move_if(
        intent.id,
        states=[IntentState.DRAFT],
        to=IntentState.AWAITING_PIN,
        expires_at=expires_at,
    ):
        raise NotOpen(_current(tx, intent).state)
    return replace(intent, state=IntentState.AWAITING_PIN, expires_at=expires_at)


def _find_payees(tx: Tx, intent: Intent) -> Intent:
    found = tuple(people.find_now(tx, named) for named in _payees_of(intent))
    people.refuse_self_and_twice(people.known(tx, intent.payer_id), found)
    payments = tuple(
        replace(payment, payee_id=named.id, payee_username=named.username)
        for payment, named in zip(intent.payments, found, strict=True)
    )
    found_in = replace(intent, payments=payments)
    if found_in != intent and not tx.intents.rewrite(found_in):
        raise NotOpen(_current(tx, intent).state)
    return found_in


def show_in_group(tx: Tx, intent_id: str, by: PersonId, *, show: bool, now: Millis) -> Intent:
    """Where the payment is shown once it is posted; what was shown stays shown.

    Raises:
        NotYours: somebody else's card, or one that was not begun in a group.
        NotOpen: nothing was, or will be, paid with it.
    """
    intent = owned(tx, intent_id, by)
    if intent.group_id is None:
        raise NotYours
    if intent.state not in {*OPEN, IntentState.POSTED}:
        raise NotOpen(intent.state)
    if intent.state is IntentState.POSTED and (intent.told_in is not None or not show):
        return intent
    intent = replace(intent, told_in=intent.group_id if show else None)
    tx.intents.show_in(intent.id, intent.told_in)
    if intent.state is IntentState.POSTED:
        notices.told_in_group(tx, intent, now)
    return intent


# --- ending ------------------------------------------------------------------------------------


def cancel(tx: Tx, intent_id: str, by: PersonId, *, now: Millis) -> Intent:
    """The payer puts a card aside; put aside before, the same card.

    Raises:
        NotYours: somebody else's card.
        NotOpen: it was posted, refused, or has expired.
    """
    intent = owned(tx, intent_id, by)
    if intent.state is IntentState.CANCELLED:
        return intent
    if not end(tx, intent, to=IntentState.CANCELLED, now=now):
        raise NotOpen(_current(tx, intent).state)
    return _current(tx, intent)


def cancel_open(tx: Tx, payer_id: PersonId, *, now: Millis) -> int:
    """Puts all of a payer's open cards aside; how many."""
    cards = tx.intents.open_of(payer_id)
    return sum(end(tx, card, to=IntentState.CANCELLED, now=now) for card in cards)


def expire(tx: Tx, intent: Intent, *, now: Millis) -> bool:
    """Ends an open card whose time is up; False if it is not, or the card is open no longer."""
    if intent.state not in OPEN or intent.expires_at > now:
        return False
    return end(tx, intent, to=IntentState.EXPIRED, now=now)


def refuse(tx: Tx, intent: Intent, error: Refused, *, now: Millis) -> Intent:
    """Ends a card that a rule refused after the right PIN; one that has ended stays as it is."""
    overdue = intent.expires_at <= now
    state = IntentState.EXPIRED if overdue else IntentState.REFUSED
    end(tx, intent, to=state, now=now, refusal=type(error).__name__)
    return _current(tx, intent)


def end(
    tx: Tx, intent: Intent, *, to: IntentState, now: Millis, refusal: str | None = None
) -> bool:
    """Moves an open card to a dead end, with its keypad; False if it is open no longer."""
    if not tx.intents.move_if(intent.id, states=OPEN, to=to, refusal=refusal):
        return False
    keypad = tx.pins.keypad_for(intent.payer_id)
    if keypad is not None and approves(keypad, intent.id):
        tx.pins.drop_keypad(keypad.id)
    notices.card_changed(tx, intent, now)
    return True


def approves(keypad: Keypad, intent_id: str) -> bool:
    """Whether this keypad is the card's own, and not one that chooses a PIN on the way to it."""
    return keypad.purpose is KeypadPurpose.APPROVE and keypad.intent_id == intent_id


# --- inside ------------------------------------------------------------------------------------


def _rewrite(tx: Tx, intent: Intent) -> Intent:
    _refuse_blocked(tx, intent)
    if not tx.intents.rewrite(intent):
        raise NotOpen(_current(tx, intent).state)
    return intent


def _refuse_blocked(tx: Tx, intent: Intent) -> None:
    if intent.kind is IntentKind.PAYMENT:
        for payment in intent.payments:
            if payment.payee_id is not None:
                people.refuse_blocked(tx, intent.payer_id, payment.payee_id)


def _payees_of(intent: Intent) -> tuple[Named, ...]:
    payees = (Named(p.payee_id, p.payee_username) for p in intent.payments)
    return tuple(named for named in payees if named != Named(None, None))


def _current(tx: Tx, intent: Intent) -> Intent:
    current = tx.intents.get(intent.id)
    if current is None:
        raise LookupError(f"intent {intent.id} is not there")
    return current
