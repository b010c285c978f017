"""What became of a card and of its payments, as payer, payee and group see it.

Receipts, the payee's card, and the short messages that tell of a change. As in `bot/cards.py`,
nothing is looked up here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup
from telegram import InlineKeyboardButton

from bot.cards import (
    OPEN_STATES,
    IntentFacts,
    Screen,
    about,
    answer_line,
    full_name,
    known,
    lines,
    note_line,
    open_card,
    payee_of,
    sharing,
    short_name,
    total_of,
    what,
)
from bot.keyboards import button, link_button, rows, start_url
from bot.texts import Texts
from payments.ids import reference
from payments.models import (
    Intent,
    IntentKind,
    IntentState,
    Payment,
    PaymentState,
    Person,
    PersonId,
)
from payments.money import Money


def intent_card(intent: Intent, facts: IntentFacts, t: Texts) -> Screen:
    """The payer's card in its present state: open, a receipt, or ended without a payment."""
    if intent.state in OPEN_STATES:
        return open_card(intent, facts, t)
    if intent.state is IntentState.POSTED:
        return _receipt(intent, facts, t)
    return _ended(intent, facts, t)


def _receipt(intent: Intent, facts: IntentFacts, t: Texts) -> Screen:
    if len(intent.payments) == 1:
        return payment_receipt(intent.payments[0], intent, facts, t)
    text = lines(
        _paid_in_all(intent, t),
        *(
            Markup("• {}: {} · {} · <code>{}</code>").format(
                payee_of(p, facts.people, t), t.money(p.amount), _state(p, t), reference(p.id)
            )
            for p in intent.payments
        ),
        note_line(intent.note),
        *_paid_at(intent.payments, t),
    )
    held = [
        [
            button(
                t.plain("Waiting for {payee}…", payee=payee_of(p, facts.people, t).striptags()),
                "i",
                "hold",
                p.id,
            )
        ]
        for p in intent.payments
        if p.state is PaymentState.HELD
    ]
    return text, rows(*held) if held else None


def _paid_in_all(intent: Intent, t: Texts) -> Markup:
    """What left the payer for good or still waits; what came back does not count as paid."""
    kept = [p for p in intent.payments if p.state is not PaymentState.RETURNED]
    if not kept:
        total = t.money(total_of(intent))
        return t("↩️ <b>{total}</b> came back to you", total=total)
    total = t.money(Money(sum(p.amount.minor for p in kept), kept[0].currency))
    return t("✅ <b>Paid {total}</b>", total=total)


def _paid_at(payments: Sequence[Payment], t: Texts) -> list[Markup]:
    """When several were paid: those that did not have to wait, which were paid together."""
    posted = [p.posted_at for p in payments if p.posted_at is not None]
    return [Markup(), Markup("{}").format(t.moment(min(posted)))] if posted else []


def _state(payment: Payment, t: Texts) -> Markup:
    if payment.state is PaymentState.HELD:
        return t("waiting")
    if payment.state is PaymentState.RETURNED:
        return t("returned")
    if payment.refunded_minor:
        return t("{amount} given back", amount=t.money(_refunded(payment)))
    return t("paid")


def _refunded(payment: Payment) -> Money:
    return Money(payment.refunded_minor, payment.currency)


def payment_receipt(payment: Payment, intent: Intent, facts: IntentFacts, t: Texts) -> Screen:
    """The payer's receipt of one payment: paid, waiting, returned or given back."""
    payee = payee_of(payment, facts.people, t, facts.bank)
    amount = t.money(payment.amount)
    if payment.state is PaymentState.HELD:
        return _held(payment, intent, facts, t)
    if payment.state is PaymentState.RETURNED:
        text = t("↩️ <b>{amount}</b> for {payee} came back to you", amount=amount, payee=payee)
        return lines(text, note_line(intent.note), "", _reference(payment, t)), None
    text = lines(
        _done(intent, amount, payee, t),
        note_line(intent.note),
        answer_line(intent),
        _given_back(payment, t),
        "",
        None if payment.posted_at is None else Markup("{}").format(t.moment(payment.posted_at)),
        _reference(payment, t),
        *_thanks(payment, facts, t),
    )
    return text, None


def _thanks(payment: Payment, facts: IntentFacts, t: Texts) -> list[Markup]:
    """What the owner of the link says to whoever has paid it."""
    payee = known(payment.payee_id, facts.people)
    if facts.link is None or not facts.link.terms.thanks or payee is None:
        return []
    words = Markup("<i>{}</i>").format(facts.link.terms.thanks)
    return [Markup(), t("💬 {name}: {words}", name=payee.name, words=words)]


def _done(intent: Intent, amount: str, payee: Markup, t: Texts) -> Markup:
    if intent.kind is IntentKind.REFUND:
        return t("✅ <b>{amount}</b> given back to {payee}", amount=amount, payee=payee)
    if intent.kind is IntentKind.WITHDRAWAL:
        return t("✅ <b>{amount}</b> sent to {payee}", amount=amount, payee=payee)
    return t("✅ Paid <b>{amount}</b> to {payee}", amount=amount, payee=payee)


def _given_back(payment: Payment, t: Texts) -> Markup | None:
    if not payment.refunded_minor:
        return None
    if payment.refunded_minor == payment.amount_minor:
        return t("↩️ All of it was given back.")
    return t("↩️ {amount} of it was given back.", amount=t.money(_refunded(payment)))


def _reference(payment: Payment, t: Texts) -> Markup:
    return t("Reference <code>{reference}</code>", reference=reference(payment.id))


def _claim_buttons(payment: Payment, facts: IntentFacts, t: Texts) -> list[InlineKeyboardButton]:
    if payment.claim_token is None:
        return []
    address = start_url(facts.bot_username, f"c_{payment.claim_token}")
    invitation = t.plain("{amount} is waiting for you:", amount=t.money(payment.amount))
    return sharing(address, invitation, t)


def _held(payment: Payment, intent: Intent, facts: IntentFacts, t: Texts) -> Screen:
    payee = payee_of(payment, facts.people, t)
    until = None if payment.expires_at is None else t.moment(payment.expires_at)
    text = lines(
        t(
            "⏳ <b>{amount}</b> is waiting for {payee}",
            amount=t.money(payment.amount),
            payee=payee,
        ),
        note_line(intent.note),
        "",
        t(
            "What is not taken by {until} comes back to you.",
            until=until,
        )
        if intent.kind is IntentKind.GIFT
        else t(
            "Send {payee} the link. What is not taken by {until} comes back to you.",
            payee=payee,
            until=until,
        ),
        _reference(payment, t),
    )
    return text, rows(
        _claim_buttons(payment, facts, t),
        [button(t.plain("Take back"), "i", "takeback", payment.id)],
    )


_REFUSALS = ("InsufficientFunds", "LimitExceeded")


def _ended(intent: Intent, facts: IntentFacts, t: Texts) -> Screen:
    complete = intent.total is not None
    about = what(intent, facts.people, t, facts.bank) if complete else None
    text = lines(_why_ended(intent, t), about, note_line(intent.note))
    set_by_others = facts.fixed or facts.link is not None
    if not complete or set_by_others or intent.kind is not IntentKind.PAYMENT:
        return text, None
    return text, rows([button(t.plain("Start again"), "i", "redo", intent.id)])


def _why_ended(intent: Intent, t: Texts) -> Markup:
    if intent.state is IntentState.CANCELLED:
        return t("<b>Cancelled.</b> Nothing was paid.")
    if intent.state is IntentState.EXPIRED:
        return t("<b>The time for this card is up.</b> Nothing was paid.")
    if intent.refusal == _REFUSALS[0]:
        return t("<b>Not paid:</b> your balance no longer covers it.")
    if intent.refusal == _REFUSALS[1]:
        return t("<b>Not paid:</b> a limit was reached.")
    return t("<b>Not paid.</b> Nothing has left your account.")


# --- payments, as the payee and the group see them -----------------------------------------------


def received(
    payment: Payment, intent: Intent, people: Mapping[PersonId, Person], t: Texts
) -> Screen:
    """The payee's card of a payment that has arrived."""
    payer = people[payment.payer_id]
    fields = {
        "payer": full_name(payer),
        "amount": t.money(payment.amount),
        "about": about(intent.note),
    }
    if intent.kind is IntentKind.REFUND:
        return t("💶 {payer} gave you back <b>{amount}</b>{about}", **fields), None
    text = lines(
        t("💶 {payer} paid you <b>{amount}</b>{about}", **fields),
        answer_line(intent),
        _given_back_by_you(payment, t),
    )
    buttons = [button(t.plain("Pay {name}", name=short_name(payer)), "i", "again", payment.id)]
    if payment.refunded_minor < payment.amount.minor:
        buttons.append(button(t.plain("Give back…"), "i", "refund", payment.id))
    return text, rows(buttons)


def _given_back_by_you(payment: Payment, t: Texts) -> Markup | None:
    if not payment.refunded_minor:
        return None
    if payment.refunded_minor == payment.amount_minor:
        return t("↩️ You gave all of it back.")
    return t("↩️ You gave {amount} of it back.", amount=t.money(_refunded(payment)))


def waiting_for_you(
    payment: Payment,
    intent: Intent,
    people: Mapping[PersonId, Person],
    bot_username: str,
    t: Texts,
) -> Screen:
    """The card of a held payment for its payee, who has yet to join."""
    text = t(
        "💶 {payer} sent you <b>{amount}</b>{about}",
        payer=full_name(people[payment.payer_id]),
        amount=t.money(payment.amount),
        about=about(intent.note),
    )
    if payment.state is not PaymentState.HELD or payment.claim_token is None:
        return lines(text, t("It is no longer waiting.")), None
    until = None if payment.expires_at is None else t.moment(payment.expires_at)
    return lines(text, "", t("It waits for you until {until}.", until=until)), rows(
        [
            link_button(
                t.plain("Take {amount}", amount=t.money(payment.amount)),
                start_url(bot_username, f"c_{payment.claim_token}"),
            )
        ]
    )


def taken_already(payment: Payment, people: Mapping[PersonId, Person], t: Texts) -> Markup:
    """One sentence to a payee who has the money already."""
    return t(
        "✅ The {amount} from {payer} is in your balance.",
        amount=t.money(payment.amount),
        payer=full_name(people[payment.payer_id]),
    )


def told(intent: Intent, people: Mapping[PersonId, Person], t: Texts) -> Markup:
    """What a group is told about a payment that its payer chose to show."""
    payer = full_name(people[intent.payer_id])
    if len(intent.payments) > 1:
        return t("{payer} paid {what}", payer=payer, what=what(intent, people, t))
    payment = intent.payments[0]
    fields = {
        "payer": payer,
        "payee": payee_of(payment, people, t),
        "amount": t.money(payment.amount),
    }
    if payment.state is PaymentState.RETURNED:
        return t("↩️ {payee} did not take what {payer} sent.", **fields)
    if payment.state is PaymentState.HELD:
        return t("{payer} sent {payee} <b>{amount}</b>, which waits to be taken", **fields)
    return t("{payer} paid {payee} <b>{amount}</b>", **fields)


def news_of(payment: Payment, people: Mapping[PersonId, Person], t: Texts) -> Markup:
    """One sentence to the payer of a held payment: taken, or returned."""
    payee = payee_of(payment, people, t)
    amount = t.money(payment.amount)
    if payment.state is PaymentState.RETURNED:
        return t(
            "↩️ {payee} did not take the {amount}: it is back in your balance.",
            payee=payee,
            amount=amount,
        )
    return t("✅ {payee} has taken the {amount}.", payee=payee, amount=amount)


def refund_news(payment: Payment, people: Mapping[PersonId, Person], t: Texts) -> Markup:
    """One sentence to the payer: so much has been given back by now."""
    return t(
        "↩️ {payee} gave back {refunded} of the {amount} that you paid.",
        payee=payee_of(payment, people, t),
        refunded=t.money(_refunded(payment)),
        amount=t.money(payment.amount),
    )
