"""Asking once more before much money goes to somebody with whom the payer never dealt.

The chat and the Mini App ask the same, and neither shows a keypad before it was answered.
"""

from __future__ import annotations

from markupsafe import Markup

from bot import cards
from bot.cards import IntentFacts, Screen
from bot.keyboards import button, rows
from bot.texts import Texts
from payments.limits import in_minor
from payments.models import Intent, IntentKind
from payments.policy import Policy


def is_much(intent: Intent, policy: Policy) -> bool:
    """Whether a card is about more money than goes to anybody without a question."""
    each = intent.amount_each
    if each is None or intent.kind is not IntentKind.PAYMENT:
        return False
    return each > in_minor(each.currency, policy.stranger_most, policy)


def needed(intent: Intent, facts: IntentFacts, policy: Policy) -> bool:
    """Whether a card is to be asked about; one that cannot be paid anyway is not."""
    total = intent.total
    if not is_much(intent, policy) or intent.state not in cards.OPEN_STATES:
        return False
    if total is None or facts.available is None:
        return False
    if facts.limit is not None or cards.is_short(total, facts):
        return False
    return bool(facts.strangers) or any(p.payee_id is None for p in intent.payments)


def screen(intent: Intent, facts: IntentFacts, t: Texts) -> Screen:
    """The question in the chat."""
    text = cards.lines(
        t("✋ <b>One moment</b>"),
        sentence(intent, facts, t),
        *cards.warnings(intent, facts, t),
        "",
        question(t),
    )
    return text, rows(
        [button(yes(intent, facts, t), "i", "know", intent.id)],
        [
            button(t.plain("Back"), "i", "card", intent.id),
            button(t.plain("Cancel"), "i", "cancel", intent.id),
        ],
    )


def sentence(intent: Intent, facts: IntentFacts, t: Texts) -> Markup:
    """What is about to happen."""
    return t(
        "You are about to pay {total} to {payees}, for the first time.",
        total=t.money(cards.total_of(intent)),
        payees=Markup(", ").join(cards.payee_of(p, facts.people, t) for p in intent.payments),
    )


def question(t: Texts) -> Markup:
    """What only the payer can know."""
    return t("Somebody who writes in a hurry may be somebody else. Do you know who this is?")


def yes(intent: Intent, facts: IntentFacts, t: Texts) -> str:
    """What the button says that goes on."""
    if len(intent.payments) > 1:
        return t.plain("Yes, I know them")
    (payment,) = intent.payments
    payee = cards.known(payment.payee_id, facts.people)
    name = f"@{payment.payee_username}" if payee is None else cards.short_name(payee)
    return t.plain("Yes, I know {name}", name=name)
