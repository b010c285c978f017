"""What the messages about a card or a payment say, each looked up at one moment.

Whoever renders such a message is handed all that it takes, so that it cannot mix two moments, and
the store is asked once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from payments import intents, limits, statements
from payments.errors import LimitExceeded
from payments.models import (
    BankAccount,
    Card,
    ConversationId,
    Intent,
    IntentKind,
    Link,
    Millis,
    Payment,
    Person,
    PersonId,
    Prompt,
)
from payments.money import Money
from payments.policy import Policy
from payments.ports import Tx

_RECENT_MOST = 4
"""Of those whom the payer paid lately, to choose from."""


class Surroundings(Struct, frozen=True, kw_only=True):
    """What a card says beyond itself; once it has ended, only who is on it and its link."""

    people: Mapping[PersonId, Person]
    """Payer and payees."""
    link: Link | None
    """The payment link that the card pays."""
    bank: BankAccount | None
    """The account that the payer has linked by now, where money goes to the bank."""
    strangers: frozenset[PersonId]
    """Payees with whom the payer never exchanged money."""
    lookalikes: Mapping[str, Person]
    """By payment: whom the payer paid before and may take the payee for."""
    available: Money | None
    """What the payer can spend in the card's currency."""
    limit: LimitExceeded | None
    """Why the payer may not pay so much now, if so."""
    recent: Sequence[Person]
    """Whom the payer paid lately, while nobody is named."""


class PayersCard(Struct, frozen=True):
    """A card as its payer is about to see it in a message."""

    around: Surroundings
    messages: Sequence[Card]
    """Those that show it by now."""
    question: Prompt | None
    """What is open in the payer's private chat, whatever it is about."""


class CardNews(Struct, frozen=True):
    """A card, for whoever is told of it."""

    intent: Intent
    around: Surroundings
    reader: Person | None
    """Who is told; None for a group."""
    messages: Sequence[Card]
    """Those that show it, in any chat that the bot is in."""
    elsewhere: Sequence[str]
    """Those in other chats, by their inline message ids."""


class PaymentNews(Struct, frozen=True):
    """A payment, for whoever is told of it."""

    payment: Payment
    intent: Intent
    """As the reader may see it: a payee sees their own payment alone."""
    people: Mapping[PersonId, Person]
    """Payer and reader."""
    reader: Person | None
    messages: Sequence[Card]
    """Those that show the payment by itself."""


def card(
    tx: Tx, intent_id: str, by: PersonId
) -> tuple[Intent, dict[PersonId, Person], BankAccount | None]:
    """A card, the people on it, and the account that it goes to; see `Surroundings.bank`.

    Raises:
        NotYours: see `intents.seen_by`.
    """
    intent = intents.seen_by(tx, intent_id, by)
    return intent, _people_on(tx, intent), _bank(tx, intent)


def _bank(tx: Tx, intent: Intent) -> BankAccount | None:
    is_withdrawal = intent.kind is IntentKind.WITHDRAWAL
    return tx.proofs.bank_account(intent.payer_id) if is_withdrawal else None


def _people_on(tx: Tx, intent: Intent) -> dict[PersonId, Person]:
    return tx.people.many([intent.payer_id, *_payees_of(intent)])


def _payees_of(intent: Intent) -> list[PersonId]:
    return [p.payee_id for p in intent.payments if p.payee_id is not None]


def surroundings(tx: Tx, intent: Intent, policy: Policy, now: Millis) -> Surroundings:
    """What a card says beyond itself."""
    payee_ids = _payees_of(intent)
    people = _people_on(tx, intent)
    link = None if intent.link_id is None else tx.links.get(intent.link_id)
    bank = _bank(tx, intent)
    if intent.state not in intents.OPEN:
        return Surroundings(
            people=people,
            link=link,
            bank=bank,
            strangers=frozenset(),
            lookalikes={},
            available=None,
            limit=None,
            recent=(),
        )
    strangers = frozenset(
        payee_id for payee_id in payee_ids if not tx.ledger.have_dealt(intent.payer_id, payee_id)
    )
    by_name = len(payee_ids) < len(intent.payments)
    return Surroundings(
        people=people,
        link=link,
        bank=bank,
        strangers=strangers,
        lookalikes=intents.lookalikes(tx, intent) if strangers or by_name else {},
        available=statements.available(tx, intent.payer_id, intent.currency),
        limit=_limit(tx, intent, policy, now),
        recent=tx.people.recent_payees(intent.payer_id, _RECENT_MOST)
        if intent.lacks_payee
        else (),
    )


def _limit(tx: Tx, intent: Intent, policy: Policy, now: Millis) -> LimitExceeded | None:
    is_payment = intent.kind in {IntentKind.PAYMENT, IntentKind.GIFT}
    if not is_payment or intent.total is None:
        return None
    try:
        limits.refuse_paying(tx, intent.payer_id, intent.payments, policy=policy, now=now)
    except LimitExceeded as error:
        return error
    return None


def payers_card(tx: Tx, intent: Intent, policy: Policy, now: Millis) -> PayersCard:
    """What it takes to show a card to its payer."""
    payer_id = intent.payer_id
    return PayersCard(
        around=surroundings(tx, intent, policy, now),
        messages=tx.cards.of(intent.id),
        question=tx.prompts.get(payer_id, payer_id, now),
    )


def card_news(
    tx: Tx, intent_id: str, by: PersonId | ConversationId, policy: Policy, now: Millis
) -> CardNews:
    """What it takes to tell of a card.

    Raises:
        NotYours: see `intents.seen_by`.
    """
    intent = intents.seen_by(tx, intent_id, by)
    return CardNews(
        intent=intent,
        around=surroundings(tx, intent, policy, now),
        reader=tx.people.get(by),
        messages=tx.cards.of(intent_id),
        elsewhere=tx.cards.elsewhere(intent_id),
    )


def payment_news(tx: Tx, payment_id: str, by: PersonId) -> PaymentNews:
    """What it takes to tell of a payment.

    Raises:
        NotYours: see `statements.payment`.
    """
    payment, intent = statements.payment(tx, payment_id, by)
    return PaymentNews(
        payment=payment,
        intent=intent,
        people=tx.people.many([payment.payer_id, by]),
        reader=tx.people.get(by),
        messages=tx.cards.of(payment_id),
    )
