"""What an intent, a payment or a request looks like in the chat, in each of its states.

The only place that renders them: a card, its receipt and every later edit come out of the same
functions, so they cannot contradict each other. Nothing is looked up here: the functions take the
records and what is known about the people in them, and answer the text and its buttons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from markupsafe import Markup
from telegram import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.constants import KeyboardButtonStyle

from bot.keyboards import button, in_rows_of, link_button, quick_amounts, rows, start_url
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
    Request,
    RequestState,
)
from payments.money import Money

Screen = tuple[Markup, InlineKeyboardMarkup | None]
"""A message: its HTML and its buttons."""

OPEN_STATES = (IntentState.DRAFT, IntentState.AWAITING_PIN)
_SHORT_NAME = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentFacts:
    """What the card of an intent says beyond the intent itself."""

    bot_username: str
    people: Mapping[PersonId, Person]
    """Payer and payees."""
    strangers: frozenset[PersonId] = frozenset()
    """Payees with whom the payer never exchanged money."""
    available: Money | None = None
    """What the payer can spend in the intent's currency; None where it no longer matters."""
    hold_ms: int = 0
    """How long money waits for somebody who has not joined."""
    play_money: bool = True
    fixed: bool = False
    """The amount and the note came with a request or a link and are not the payer's to change."""
    recent: Sequence[Person] = field(default=())
    """Whom the payer paid lately, to choose from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFacts:
    """What the card of a request says beyond the request itself."""

    bot_username: str
    people: Mapping[PersonId, Person]
    """Requester and payer."""
    strangers: bool = False
    """The two never exchanged money."""
    blocked: bool = False
    """The payer has blocked the requester."""


# --- people and amounts --------------------------------------------------------------------------


def full_name(person: Person) -> Markup:
    """A person as they are known for certain: the name they go by, and their @username."""
    if person.username is None:
        return Markup("<b>{}</b>").format(person.name)
    return Markup("<b>{}</b> @{}").format(person.name, person.username)


def short_name(person: Person) -> str:
    """A first name that fits a button."""
    first = person.name.split()[0] if person.name.split() else person.name
    return first if len(first) <= _SHORT_NAME else first[: _SHORT_NAME - 1] + "…"


def _known(person_id: PersonId | None, people: Mapping[PersonId, Person]) -> Person | None:
    return None if person_id is None else people.get(person_id)


def payee_of(payment: Payment, people: Mapping[PersonId, Person], t: Texts) -> Markup:
    """Who gets a payment: somebody known, an @username so far unknown, or one's own bank."""
    return _named(payment.payee_id, payment.payee_username, people, t("your bank"))


def _named(
    person_id: PersonId | None,
    username: str | None,
    people: Mapping[PersonId, Person],
    nobody: Markup,
) -> Markup:
    person = _known(person_id, people)
    if person is not None:
        return full_name(person)
    return nobody if username is None else Markup("@{}").format(username)


def what(intent: Intent, people: Mapping[PersonId, Person], t: Texts) -> Markup:
    """A complete intent in a few words: "€12.50 to Bob Stone @bob"."""
    total = t.money(_total(intent))
    if len(intent.payments) > 1:
        return t.plural(
            "<b>{total}</b> to {n} person",
            "<b>{total}</b> to {n} people",
            len(intent.payments),
            total=total,
        )
    payee = payee_of(intent.payments[0], people, t)
    return t("<b>{total}</b> to {payee}", total=total, payee=payee)


def _total(intent: Intent) -> Money:
    total = intent.total
    if total is None:
        raise ValueError("the card is not complete")
    return total


def lines(*parts: Markup | str | None) -> Markup:
    """The lines that there are, one below the other; "" is an empty line."""
    return Markup("\n").join(part for part in parts if part is not None)


def _note(note: str) -> Markup | None:
    return Markup("<i>{}</i>").format(note) if note else None


def _about(note: str) -> Markup:
    return Markup(" — <i>{}</i>").format(note) if note else Markup()


# --- links to pass on ----------------------------------------------------------------------------


def sharing(address: str, invitation: str, t: Texts) -> list[InlineKeyboardButton]:
    """Two buttons: one opens Telegram's own list of chats to share an address, one copies it."""
    share = "https://t.me/share/url?" + urlencode({"url": address, "text": invitation})
    return [
        link_button(t.plain("Share link"), share),
        InlineKeyboardButton(t.plain("Copy link"), copy_text=CopyTextButton(address)),
    ]


def _claim_buttons(payment: Payment, facts: IntentFacts, t: Texts) -> list[InlineKeyboardButton]:
    if payment.claim_token is None:
        return []
    address = start_url(facts.bot_username, f"c_{payment.claim_token}")
    invitation = t.plain("{amount} is waiting for you:", amount=t.money(payment.amount))
    return sharing(address, invitation, t)


# --- intents: before the PIN ---------------------------------------------------------------------


def intent_card(intent: Intent, facts: IntentFacts, t: Texts) -> Screen:
    """The payer's card in its present state: a question, a confirmation, a receipt or an end."""
    if intent.state is IntentState.POSTED:
        return _receipt(intent, facts, t)
    if intent.state not in OPEN_STATES:
        return _ended(intent, facts, t)
    if intent.lacks_payee:
        return payee_question(intent, facts, t)
    if intent.lacks_amount:
        return amount_question(intent, facts, t)
    return _confirmation(intent, facts, t)


def payee_question(intent: Intent, facts: IntentFacts, t: Texts) -> Screen:
    """Whom to pay: the latest payees, and the way to anybody else."""
    recent = [button(_label(person), "i", "to", intent.id, person.id) for person in facts.recent]
    text = lines(
        t("<b>Whom do you want to pay?</b>"),
        _so_far(intent, t),
        "",
        t("Choose somebody, or type a @username."),
    )
    return text, rows(
        *in_rows_of(2, recent),
        [button(t.plain("Pick from my contacts"), "i", "pick", intent.id)],
        [button(t.plain("Cancel"), "i", "cancel", intent.id)],
    )


def _label(person: Person) -> str:
    return person.name if len(person.name) <= _SHORT_NAME else short_name(person)


def _so_far(intent: Intent, t: Texts) -> Markup | None:
    """The amount and note of a card that lacks its payee."""
    if intent.amount_each is None:
        return _note(intent.note)
    return Markup("<b>{}</b>{}").format(t.money(intent.amount_each), _about(intent.note))


def amount_question(
    intent: Intent,
    facts: IntentFacts,
    t: Texts,
    *,
    readings: Sequence[Money] = (),
) -> Screen:
    """How much: the readings of a doubtful amount, or round amounts.

    Args:
        intent: the card.
        facts: what is known about its people.
        t: the payer's language.
        readings: what a doubtful amount may have meant.
    """
    is_refund = intent.kind is IntentKind.REFUND
    amounts = readings or (() if is_refund else quick_amounts(intent.currency))
    buttons = [button(t.money(m), "i", "sum", intent.id, m.minor, m.currency) for m in amounts]
    ask = did_you_mean(readings, t) if readings else t("Tap an amount or type one.")
    if is_refund:
        ask = t("Type an amount.")
    has_amount = intent.total is not None
    text = lines(
        _heading(intent, facts, t),
        _note(intent.note),
        "",
        t("<b>How much for each?</b>") if len(intent.payments) > 1 else t("<b>How much?</b>"),
        ask,
    )
    return text, rows(
        *in_rows_of(2, buttons),
        [
            *([button(t.plain("Back"), "i", "card", intent.id)] if has_amount else []),
            button(t.plain("Cancel"), "i", "cancel", intent.id),
        ],
    )


def did_you_mean(readings: Sequence[Money], t: Texts) -> Markup:
    """The question that a doubtful amount raises."""
    one, *others = (t.money(reading) for reading in readings)
    return t("Did you mean {one} or {other}?", one=one, other=", ".join(others))


def note_question(intent: Intent, facts: IntentFacts, t: Texts) -> Screen:
    """What the payment is for."""
    text = lines(
        _heading(intent, facts, t),
        "",
        t("<b>What is it for?</b>"),
        t("Type a few words; the payee sees them too."),
    )
    return text, rows([button(t.plain("Back"), "i", "card", intent.id)])


def _heading(intent: Intent, facts: IntentFacts, t: Texts) -> Markup | None:
    if intent.lacks_payee:
        return None
    if len(intent.payments) > 1:
        return t.plural("Pay {n} person", "Pay {n} people", len(intent.payments))
    payee = payee_of(intent.payments[0], facts.people, t)
    if intent.kind is IntentKind.REFUND:
        return t("Give back to {payee}", payee=payee)
    if intent.kind is IntentKind.WITHDRAWAL:
        return t("Withdraw to {payee}", payee=payee)
    return t("Pay {payee}", payee=payee)


def _confirmation(intent: Intent, facts: IntentFacts, t: Texts) -> Screen:
    total = _total(intent)
    text = lines(
        _heading(intent, facts, t),
        *_shares(intent, facts, t),
        Markup("<b>{}</b>").format(t.money(total))
        if len(intent.payments) == 1
        else t("Total: <b>{total}</b>", total=t.money(total)),
        _note(intent.note),
        *_warnings(intent, facts, t),
        *_balance_after(total, facts, t),
    )
    return text, rows(*_confirmation_buttons(intent, facts, t))


def _shares(intent: Intent, facts: IntentFacts, t: Texts) -> list[Markup]:
    """With several payees: each with the amount."""
    if len(intent.payments) == 1:
        return []
    return [
        Markup("• {}: {}").format(payee_of(p, facts.people, t), t.money(p.amount))
        for p in intent.payments
    ]


def _warnings(intent: Intent, facts: IntentFacts, t: Texts) -> list[Markup]:
    if intent.kind is not IntentKind.PAYMENT:
        return []
    strangers = [
        t("You and {name} have never paid each other before.", name=facts.people[person_id].name)
        for person_id in (p.payee_id for p in intent.payments)
        if person_id in facts.strangers and person_id is not None
    ]
    waiting = [
        t(
            "{payee} has not joined yet: the money waits {span}, and if nobody takes it, "
            "it comes back to you.",
            payee=payee_of(p, facts.people, t),
            span=t.span(facts.hold_ms),
        )
        for p in intent.payments
        if waits_for_payee(p, facts.people)
    ]
    return [Markup(), *strangers, *waiting] if strangers or waiting else []


def waits_for_payee(payment: Payment, people: Mapping[PersonId, Person]) -> bool:
    """Whether a payment would have to wait, because its payee has not joined."""
    payee = _known(payment.payee_id, people)
    return payee is None or not payee.joined


def _balance_after(total: Money, facts: IntentFacts, t: Texts) -> list[Markup]:
    if facts.available is None:
        return []
    after = facts.available - total
    if after.minor < 0:
        return [
            Markup(),
            t(
                "You have {available}: that is {missing} too little.",
                available=t.money(facts.available),
                missing=t.money(-after),
            ),
        ]
    if facts.play_money:
        return [Markup(), t("Left afterwards: {after} of play money", after=t.money(after))]
    return [Markup(), t("Left afterwards: {after}", after=t.money(after))]


def _confirmation_buttons(
    intent: Intent, facts: IntentFacts, t: Texts
) -> list[list[InlineKeyboardButton]]:
    total = _total(intent)
    if facts.available is not None and facts.available < total:
        first = button(t.plain("Add money"), "w", "topup")
    else:
        first = button(
            _verb(intent, t.money(total), t),
            "i",
            "pay",
            intent.id,
            style=KeyboardButtonStyle.SUCCESS,
        )
    changes = [] if facts.fixed else _change_buttons(intent, t)
    return [
        [first],
        changes,
        _group_button(intent, t),
        [button(t.plain("Cancel"), "i", "cancel", intent.id)],
    ]


def _verb(intent: Intent, amount: str, t: Texts) -> str:
    if intent.kind is IntentKind.REFUND:
        return t.plain("Give back {amount}", amount=amount)
    if intent.kind is IntentKind.WITHDRAWAL:
        return t.plain("Withdraw {amount}", amount=amount)
    return t.plain("Pay {amount}", amount=amount)


def _change_buttons(intent: Intent, t: Texts) -> list[InlineKeyboardButton]:
    if intent.state is not IntentState.DRAFT or intent.kind is IntentKind.WITHDRAWAL:
        return []
    if intent.kind is IntentKind.REFUND:
        return [button(t.plain("Give back less…"), "i", "less", intent.id)]
    words = t.plain("Change the note") if intent.note else t.plain("Add a note")
    return [
        button(t.plain("Change amount"), "i", "amount", intent.id),
        button(words, "i", "note", intent.id),
    ]


def _group_button(intent: Intent, t: Texts) -> list[InlineKeyboardButton]:
    if intent.group_id is None:
        return []
    if intent.told_in is None:
        return [button(t.plain("Show in group: off"), "i", "show", intent.id, 1)]
    return [button(t.plain("Show in group: on"), "i", "show", intent.id, 0)]


# --- intents: afterwards -------------------------------------------------------------------------


def _receipt(intent: Intent, facts: IntentFacts, t: Texts) -> Screen:
    if len(intent.payments) == 1:
        return payment_receipt(intent.payments[0], intent, facts, t)
    text = lines(
        t("✅ <b>Paid {total}</b>", total=t.money(_total(intent))),
        *(
            Markup("• {}: {} · {}").format(
                payee_of(p, facts.people, t), t.money(p.amount), _state(p, t)
            )
            for p in intent.payments
        ),
        _note(intent.note),
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
    payee = payee_of(payment, facts.people, t)
    amount = t.money(payment.amount)
    if payment.state is PaymentState.HELD:
        return _held(payment, intent, facts, t)
    if payment.state is PaymentState.RETURNED:
        text = t("↩️ <b>{amount}</b> for {payee} came back to you", amount=amount, payee=payee)
        return lines(text, _note(intent.note), "", _reference(payment, t)), None
    text = lines(
        _done(intent, amount, payee, t),
        _note(intent.note),
        _given_back(payment, t),
        "",
        None if payment.posted_at is None else Markup("{}").format(t.moment(payment.posted_at)),
        _reference(payment, t),
    )
    return text, None


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


def _held(payment: Payment, intent: Intent, facts: IntentFacts, t: Texts) -> Screen:
    payee = payee_of(payment, facts.people, t)
    until = None if payment.expires_at is None else t.moment(payment.expires_at)
    text = lines(
        t(
            "⏳ <b>{amount}</b> is waiting for {payee}",
            amount=t.money(payment.amount),
            payee=payee,
        ),
        _note(intent.note),
        "",
        t(
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
    about = what(intent, facts.people, t) if complete else None
    text = lines(_why_ended(intent, t), about, _note(intent.note))
    if not complete or facts.fixed or intent.kind is not IntentKind.PAYMENT:
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
        "about": _about(intent.note),
    }
    if intent.kind is IntentKind.REFUND:
        return t("💶 {payer} gave you back <b>{amount}</b>{about}", **fields), None
    text = lines(
        t("💶 {payer} paid you <b>{amount}</b>{about}", **fields), _given_back_by_you(payment, t)
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
        about=_about(intent.note),
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
    return t(
        "{payer} paid {payee} <b>{amount}</b>",
        payer=payer,
        payee=payee_of(intent.payments[0], people, t),
        amount=t.money(_total(intent)),
    )


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


# --- requests ------------------------------------------------------------------------------------


def request_for_payer(request: Request, facts: RequestFacts, t: Texts) -> Screen:
    """The card of whoever is asked to pay."""
    requester = facts.people[request.requester_id]
    asks = t(
        "{requester} asks you to pay <b>{amount}</b>",
        requester=full_name(requester),
        amount=t.money(request.amount),
    )
    if request.state is not RequestState.OPEN:
        return lines(asks, _note(request.note), "", _end_for_payer(request, facts, t)), None
    text = lines(
        asks,
        _note(request.note),
        "",
        t("<b>You pay:</b> the money goes from you to {name}.", name=requester.name),
        _paid_so_far(request, t),
        t(
            "You have never dealt with {name}. Pay only if you know what this is for.",
            name=requester.name,
        )
        if facts.strangers
        else None,
        t("Open until {until}", until=t.moment(request.expires_at)),
    )
    name = short_name(requester)
    pay = button(
        t.plain("Pay {amount}…", amount=t.money(request.remaining)),
        "r",
        "pay",
        request.id,
        style=KeyboardButtonStyle.SUCCESS,
    )
    return text, rows(
        [pay],
        [button(t.plain("Pay a part…"), "r", "part", request.id)] if request.partial else [],
        [
            button(t.plain("Decline"), "r", "decline", request.id),
            button(t.plain("Block {name}", name=name), "r", "block", request.id),
        ]
        if request.payer_id is not None
        else [button(t.plain("Block {name}", name=name), "r", "block", request.id)],
    )


def _end_for_payer(request: Request, facts: RequestFacts, t: Texts) -> Markup:
    name = facts.people[request.requester_id].name
    if request.state is RequestState.PAID:
        return t("✅ Paid.")
    if request.state is RequestState.DECLINED and facts.blocked:
        return t("You declined, and blocked {name}. /settings undoes the block.", name=name)
    if request.state is RequestState.DECLINED:
        return t("You declined. Nothing was paid.")
    if request.state is RequestState.CANCELLED:
        return t("{name} no longer asks for this. Nothing to pay.", name=name)
    return t("The time for this request is up. Nothing to pay.")


def _paid_so_far(request: Request, t: Texts) -> Markup | None:
    if not request.paid_minor and request.partial:
        return t("It may be paid in parts.")
    if not request.paid_minor:
        return None
    return t(
        "{paid} of {amount} paid, {remaining} to go.",
        paid=t.money(Money(request.paid_minor, request.currency)),
        amount=t.money(request.amount),
        remaining=t.money(request.remaining),
    )


def request_for_requester(request: Request, facts: RequestFacts, t: Texts) -> Screen:
    """The card of whoever asked."""
    payer = _named(request.payer_id, request.payer_username, facts.people, t("anyone"))
    asked = t("You asked {payer} for <b>{amount}</b>", payer=payer, amount=t.money(request.amount))
    if request.state is not RequestState.OPEN:
        return lines(asked, _note(request.note), "", _end_for_requester(request, t)), None
    text = lines(
        asked,
        _note(request.note),
        "",
        _paid_so_far(request, t),
        _how_it_arrives(request, facts, payer, t),
        t("Open until {until}", until=t.moment(request.expires_at)),
    )
    return text, rows(
        *_passing_on(request, facts, t),
        [
            *(
                []
                if _must_be_passed_on(request, facts)
                else [button(t.plain("Remind"), "r", "remind", request.id)]
            ),
            button(t.plain("Cancel request"), "r", "cancel", request.id),
        ],
    )


def request_url(request: Request, bot_username: str) -> str:
    """The address that opens a request."""
    return start_url(bot_username, f"r_{request.id}")


def _must_be_passed_on(request: Request, facts: RequestFacts) -> bool:
    """Whether the bot cannot bring the request to its payer by itself."""
    payer = _known(request.payer_id, facts.people)
    return request.group_id is None and (payer is None or not payer.joined)


def _how_it_arrives(request: Request, facts: RequestFacts, payer: Markup, t: Texts) -> Markup:
    if request.group_id is not None:
        return t("Whoever pays first in the group pays it.")
    if not _must_be_passed_on(request, facts):
        return t("⏳ Waiting for {payer}.", payer=payer)
    if request.payer_id is None and request.payer_username is None:
        return t("Whoever opens the link first and pays, pays it.")
    return t("{payer} has not joined yet: send the link.", payer=payer)


def _passing_on(
    request: Request, facts: RequestFacts, t: Texts
) -> list[list[InlineKeyboardButton]]:
    if not _must_be_passed_on(request, facts):
        return []
    invitation = t.plain("I ask you to pay {amount}:", amount=t.money(request.remaining))
    return [
        sharing(request_url(request, facts.bot_username), invitation, t),
        [button(t.plain("QR code"), "r", "qr", request.id)],
    ]


def _end_for_requester(request: Request, t: Texts) -> Markup:
    if request.state is RequestState.PAID:
        return t("✅ Paid.")
    if request.state is RequestState.DECLINED:
        return t("Declined.")
    paid = _paid_so_far(request, t) if request.paid_minor else None
    if request.state is RequestState.CANCELLED:
        return lines(t("You cancelled this request."), paid)
    return lines(t("The time for this request is up."), paid)


def request_in_group(request: Request, facts: RequestFacts, t: Texts) -> Screen:
    """The card that asks a whole group."""
    text = lines(
        t(
            "{requester} asks anyone here for <b>{amount}</b>",
            requester=full_name(facts.people[request.requester_id]),
            amount=t.money(request.amount),
        ),
        _note(request.note),
    )
    if request.state is RequestState.OPEN:
        pay = t.plain("Pay {amount}…", amount=t.money(request.remaining))
        address = request_url(request, facts.bot_username)
        return lines(text, _paid_so_far(request, t)), rows([link_button(pay, address)])
    return lines(text, "", _end_in_group(request, t)), None


def _end_in_group(request: Request, t: Texts) -> Markup:
    if request.state is RequestState.PAID:
        return t("✅ Paid")
    if request.state is RequestState.EXPIRED:
        return t("Time is up")
    return t("Cancelled")


def declined_news(request: Request, people: Mapping[PersonId, Person], t: Texts) -> Markup:
    """One sentence to the requester."""
    return t(
        "{payer} declined your request for {amount}.",
        payer=_named(request.payer_id, request.payer_username, people, t("Somebody")),
        amount=t.money(request.amount),
    )


def reminder(request: Request, people: Mapping[PersonId, Person], t: Texts) -> Markup:
    """One sentence to whoever is asked, once more."""
    return t(
        "🔔 A reminder: {requester} asks you to pay <b>{amount}</b>{about}",
        requester=full_name(people[request.requester_id]),
        amount=t.money(request.remaining),
        about=_about(request.note),
    )
