"""The payer's card until its PIN: what it asks for, and what it asks to confirm.

A card, its receipt (`bot/receipts.py`) and every later edit come out of the same functions, so
they cannot contradict each other. Nothing is looked up here: the functions take the records and
what is known about the people in them, and answer the text and its buttons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from markupsafe import Markup
from telegram import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.constants import KeyboardButtonStyle

from bot import refusals
from bot.keyboards import (
    app_button,
    button,
    in_rows_of,
    link_button,
    quick_amounts,
    rows,
    start_url,
)
from bot.texts import Texts
from payments.errors import LimitExceeded
from payments.models import (
    BankAccount,
    Intent,
    IntentKind,
    IntentState,
    Link,
    LinkTerms,
    Millis,
    Payment,
    PaymentState,
    Person,
    PersonId,
)
from payments.money import Money
from payments.names import isolated
from payments.policy import DAY
from payments.proofs import masked

Screen = tuple[Markup, InlineKeyboardMarkup | None]
"""A message: its HTML and its buttons."""

OPEN_STATES = (IntentState.DRAFT, IntentState.AWAITING_PIN)
_SHORT_NAME = 20
_NEW_MS = 30 * DAY
"""How long somebody is new here."""


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
    limit: LimitExceeded | None = None
    """Why the payer may not pay so much now, if so; then the balance does not matter either."""
    hold_ms: int = 0
    """How long money waits for somebody who has not joined."""
    play_money: bool = True
    fixed: bool = False
    """The amount and the note came with a request or a link and are not the payer's to change."""
    link: Link | None = None
    """The payment link that the card pays."""
    bank: BankAccount | None = None
    """The account that the payer has linked by now, where money goes to the bank."""
    lookalikes: Mapping[str, Person] = field(default_factory=dict)
    """By payment: whom the payer paid before and may take the payee for."""
    now: Millis = 0
    recent: Sequence[Person] = field(default=())
    """Whom the payer paid lately, to choose from."""
    public_url: str | None = None
    """Where the Mini App is served, if it is."""
    aside: bool = False
    """Shown in a group to the payer alone: there nothing can be typed, and no Mini App opened."""


# --- people and amounts --------------------------------------------------------------------------


def full_name(person: Person) -> Markup:
    """A person as they are known for certain: the name they go by, and their @username."""
    name = isolated(person.name)
    if person.username is None:
        return Markup("<b>{}</b>").format(name)
    return Markup("<b>{}</b> @{}").format(name, person.username)


def short_name(person: Person) -> str:
    """A first name that fits a button."""
    first = person.name.split()[0] if person.name.split() else person.name
    return first if len(first) <= _SHORT_NAME else first[: _SHORT_NAME - 1] + "…"


def known(person_id: PersonId | None, people: Mapping[PersonId, Person]) -> Person | None:
    """Somebody by id, where there is one and it is known."""
    return None if person_id is None else people.get(person_id)


def payee_of(
    payment: Payment,
    people: Mapping[PersonId, Person],
    t: Texts,
    bank: BankAccount | None = None,
) -> Markup:
    """Who gets a payment: somebody known, an @username so far unknown, or one's own bank.

    Only a gift waits, or comes back, with nobody named. With a `bank`, its account is named.
    """
    is_gift = payment.state in {PaymentState.HELD, PaymentState.RETURNED}
    nobody = t("whoever takes it first") if is_gift else _own_bank(bank, t)
    return named(payment.payee_id, payment.payee_username, people, nobody)


def _own_bank(bank: BankAccount | None, t: Texts) -> Markup:
    if bank is None:
        return t("your bank")
    return t("your account {number}", number=masked(bank.number))


def named(
    person_id: PersonId | None,
    username: str | None,
    people: Mapping[PersonId, Person],
    nobody: Markup,
) -> Markup:
    """Somebody by id or @username; `nobody` where there is neither."""
    person = known(person_id, people)
    if person is not None:
        return full_name(person)
    return nobody if username is None else Markup("@{}").format(username)


def what(
    intent: Intent,
    people: Mapping[PersonId, Person],
    t: Texts,
    bank: BankAccount | None = None,
) -> Markup:
    """A complete intent in a few words: "€12.50 to Bob Stone @bob"."""
    total = t.money(total_of(intent))
    if len(intent.payments) > 1:
        return t.plural(
            "<b>{total}</b> to {n} person",
            "<b>{total}</b> to {n} people",
            len(intent.payments),
            total=total,
        )
    payee = payee_of(intent.payments[0], people, t, bank)
    if intent.kind is IntentKind.GIFT and intent.payments[0].payee_id is None:
        payee = t("whoever takes it first")
    return t("<b>{total}</b> to {payee}", total=total, payee=payee)


def total_of(intent: Intent) -> Money:
    """What leaves the payer's account with a complete card."""
    total = intent.total
    if total is None:
        raise ValueError("the card is not complete")
    return total


def lines(*parts: Markup | str | None) -> Markup:
    """The lines that there are, one below the other; "" is an empty line."""
    return Markup("\n").join(part for part in parts if part is not None)


def note_line(note: str) -> Markup | None:
    """A note on a line of its own, if there is one."""
    return Markup("<i>{}</i>").format(note) if note else None


def about(note: str) -> Markup:
    """A note after something else, if there is one."""
    return Markup(" — <i>{}</i>").format(note) if note else Markup()


# --- links to pass on ----------------------------------------------------------------------------


def sharing(address: str, invitation: str, t: Texts) -> list[InlineKeyboardButton]:
    """Two buttons: one opens Telegram's own list of chats to share an address, one copies it."""
    query = urlencode({"url": address, "text": invitation}, quote_via=quote, safe="")
    share = f"https://t.me/share/url?{query}"
    return [
        link_button(t.plain("Share link"), share),
        InlineKeyboardButton(t.plain("Copy link"), copy_text=CopyTextButton(address)),
    ]


# --- intents: before the PIN ---------------------------------------------------------------------


def open_card(intent: Intent, facts: IntentFacts, t: Texts) -> Screen:
    """The card of an open intent: a question for what it lacks, or a confirmation."""
    if intent.lacks_payee:
        return payee_question(intent, facts, t)
    if intent.lacks_amount:
        return amount_question(intent, facts, t)
    if intent.lacks_answer:
        return answer_question(intent, facts, t)
    return _confirmation(intent, facts, t)


def payee_question(intent: Intent, facts: IntentFacts, t: Texts) -> Screen:
    """Whom to pay: the latest payees, and the way to anybody else."""
    recent = [button(_label(person), "i", "to", intent.id, person.id) for person in facts.recent]
    text = lines(
        t("<b>Whom do you want to pay?</b>"),
        _so_far(intent, t),
        *([] if facts.aside else ["", t("Choose somebody, or type a @username.")]),
    )
    return text, rows(
        *in_rows_of(2, recent),
        [_typing_button(t.plain("Pick from my contacts"), "pick", intent, facts)],
        [button(t.plain("Cancel"), "i", "cancel", intent.id)],
    )


def _label(person: Person) -> str:
    return person.name if len(person.name) <= _SHORT_NAME else short_name(person)


def _so_far(intent: Intent, t: Texts) -> Markup | None:
    """The amount and note of a card that lacks its payee."""
    if intent.amount_each is None:
        return note_line(intent.note)
    return Markup("<b>{}</b>{}").format(t.money(intent.amount_each), about(intent.note))


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
    amounts = readings or (() if is_refund else _offered(intent, facts))
    buttons = [button(t.money(m), "i", "sum", intent.id, m.minor, m.currency) for m in amounts]
    ask = did_you_mean(readings, t) if readings else t("Tap an amount or type one.")
    if is_refund:
        ask = t("Type an amount.")
    has_amount = intent.total is not None
    text = lines(
        _heading(intent, facts, t),
        note_line(intent.note),
        "",
        t("<b>How much for each?</b>") if len(intent.payments) > 1 else t("<b>How much?</b>"),
        None if facts.link is None else range_line(facts.link.terms, t),
        None if facts.aside and not readings else ask,
    )
    another = [_typing_button(t.plain("Another amount…"), "amount", intent, facts)]
    return text, rows(
        *in_rows_of(2, buttons),
        another if facts.aside else [],
        [
            *([button(t.plain("Back"), "i", "card", intent.id)] if has_amount else []),
            button(t.plain("Cancel"), "i", "cancel", intent.id),
        ],
    )


def _offered(intent: Intent, facts: IntentFacts) -> list[Money]:
    """Round amounts; of a link, those that it takes, and the one that it suggests first."""
    amounts = list(quick_amounts(intent.currency))
    if facts.link is None or facts.link.terms.currency != intent.currency:
        return amounts
    terms = facts.link.terms
    own = [amount for amount in (terms.amount or terms.least,) if amount is not None]
    taken = [
        amount
        for amount in amounts
        if (terms.least_minor or 1) <= amount.minor <= (terms.most_minor or amount.minor)
    ]
    return list(dict.fromkeys([*own, *taken]))[: len(amounts)]


def range_line(terms: LinkTerms, t: Texts) -> Markup | None:
    """What a link takes where the payer chooses, if it says so."""
    if terms.least is not None and terms.most is not None:
        return t(
            "Between {least} and {most}.", least=t.money(terms.least), most=t.money(terms.most)
        )
    if terms.least is not None:
        return t("At least {least}.", least=t.money(terms.least))
    return None if terms.most is None else t("At most {most}.", most=t.money(terms.most))


def did_you_mean(readings: Sequence[Money], t: Texts) -> Markup:
    """The question that a doubtful amount raises."""
    one, *others = (t.money(reading) for reading in readings)
    if not others:
        return t("Did you mean {one}? If not, write the amount again.", one=one)
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


def answer_question(intent: Intent, facts: IntentFacts, t: Texts) -> Screen:
    """What the link asks its payer."""
    text = lines(
        _heading(intent, facts, t),
        note_line(intent.note),
        "",
        Markup("<b>{}</b>").format(intent.question),
        t("Type your answer; the payee sees it with the payment."),
    )
    return text, rows([button(t.plain("Cancel"), "i", "cancel", intent.id)])


def answer_line(intent: Intent) -> Markup | None:
    """What a link asked and what the payer answered, if it asked."""
    if not intent.answer:
        return None
    return Markup("{} <b>{}</b>").format(intent.question, intent.answer)


def _heading(intent: Intent, facts: IntentFacts, t: Texts) -> Markup | None:
    if intent.lacks_payee:
        return None
    if len(intent.payments) > 1:
        return t.plural("Pay {n} person", "Pay {n} people", len(intent.payments))
    if intent.kind is IntentKind.GIFT:
        return t("Send to whoever takes it first")
    payee = payee_of(intent.payments[0], facts.people, t, facts.bank)
    if intent.kind is IntentKind.REFUND:
        return t("Give back to {payee}", payee=payee)
    if intent.kind is IntentKind.WITHDRAWAL:
        return t("Withdraw to {payee}", payee=payee)
    return t("Pay {payee}", payee=payee)


def _confirmation(intent: Intent, facts: IntentFacts, t: Texts) -> Screen:
    total = total_of(intent)
    text = lines(
        _heading(intent, facts, t),
        *_shares(intent, facts, t),
        Markup("<b>{}</b>").format(t.money(total))
        if len(intent.payments) == 1
        else t("Total: <b>{total}</b>", total=t.money(total)),
        note_line(intent.note),
        answer_line(intent),
        *warnings(intent, facts, t),
        *_what_follows(total, facts, t),
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


def warnings(intent: Intent, facts: IntentFacts, t: Texts) -> list[Markup]:
    """What the payer should know before approving, after an empty line; [] for nothing."""
    if intent.kind is IntentKind.GIFT:
        wait = t(
            "It waits {span}; what nobody takes comes back to you.", span=t.span(facts.hold_ms)
        )
        seen = None if intent.group_id is None else t("Everybody in the group will see it.")
        return [Markup(), wait, *([] if seen is None else [seen])]
    if intent.kind is not IntentKind.PAYMENT:
        return []
    strangers = [
        _never_paid(facts.people[person_id], facts.now, t)
        for person_id in (p.payee_id for p in intent.payments)
        if person_id in facts.strangers and person_id is not None
    ]
    strangers += [
        t(
            "⚠️ This is not {other}, whom you have paid before: it only looks like it.",
            other=full_name(facts.lookalikes[payment.id]),
        )
        for payment in intent.payments
        if payment.id in facts.lookalikes
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


def _never_paid(payee: Person, now: Millis, t: Texts) -> Markup:
    """Somebody with whom the payer never dealt, and how new they are here if they are."""
    since = None if payee.joined_at is None else now - payee.joined_at
    if since is None or since >= _NEW_MS:
        return t("You and {name} have never paid each other before.", name=payee.name)
    return t(
        "You and {name} have never paid each other before. They joined {span} ago.",
        name=payee.name,
        span=t.span(since),
    )


def waits_for_payee(payment: Payment, people: Mapping[PersonId, Person]) -> bool:
    """Whether a payment would have to wait, because its payee has not joined."""
    payee = known(payment.payee_id, people)
    return payee is None or not payee.joined


def is_short(total: Money, facts: IntentFacts) -> bool:
    """Whether it is money that the payer lacks."""
    return facts.limit is None and facts.available is not None and facts.available < total


def _what_follows(total: Money, facts: IntentFacts, t: Texts) -> list[Markup]:
    """What would be left, or what stands against it."""
    if facts.limit is not None:
        return [Markup(), refusals.sentence(facts.limit, t)]
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
    total = total_of(intent)
    if is_short(total, facts):
        first = button(t.plain("Add money"), "w", "topup", intent.id)
    else:
        first = button(
            _verb(intent, t.money(total), t),
            "i",
            "pay",
            intent.id,
            style=KeyboardButtonStyle.SUCCESS,
        )
    changes = [] if facts.fixed else _change_buttons(intent, facts, t)
    return [
        [first],
        _app_button(intent, facts, t),
        changes,
        _answer_button(intent, facts, t),
        _group_button(intent, t),
        _way_button(intent, facts, t),
        [button(t.plain("Cancel"), "i", "cancel", intent.id)],
    ]


def _verb(intent: Intent, amount: str, t: Texts) -> str:
    if intent.kind is IntentKind.REFUND:
        return t.plain("Give back {amount}", amount=amount)
    if intent.kind is IntentKind.WITHDRAWAL:
        return t.plain("Withdraw {amount}", amount=amount)
    if intent.kind is IntentKind.GIFT:
        return t.plain("Send {amount}", amount=amount)
    return t.plain("Pay {amount}", amount=amount)


def _app_button(intent: Intent, facts: IntentFacts, t: Texts) -> list[InlineKeyboardButton]:
    """The card in the Mini App, where a finger or a face may be enough."""
    if facts.public_url is None or facts.aside or is_short(total_of(intent), facts):
        return []
    return [app_button(t.plain("Approve with fingerprint"), facts.public_url, intent.id)]


def _change_buttons(intent: Intent, facts: IntentFacts, t: Texts) -> list[InlineKeyboardButton]:
    if intent.state is not IntentState.DRAFT:
        return []
    if intent.kind in {IntentKind.WITHDRAWAL, IntentKind.GIFT}:
        return []
    if intent.kind is IntentKind.REFUND:
        return [_typing_button(t.plain("Give back less…"), "less", intent, facts)]
    words = t.plain("Change the note") if intent.note else t.plain("Add a note")
    return [
        button(t.plain("Change amount"), "i", "amount", intent.id),
        _typing_button(words, "note", intent, facts),
    ]


def _answer_button(intent: Intent, facts: IntentFacts, t: Texts) -> list[InlineKeyboardButton]:
    if intent.state is not IntentState.DRAFT or not intent.question:
        return []
    return [_typing_button(t.plain("Change my answer"), "answer", intent, facts)]


def _typing_button(
    label: str, verb: str, intent: Intent, facts: IntentFacts
) -> InlineKeyboardButton:
    """A button that asks for something to be typed; from a group it leads to the private chat."""
    if facts.aside:
        return link_button(label, start_url(facts.bot_username, f"t_{intent.id}-{verb}"))
    return button(label, "i", verb, intent.id)


def _way_button(intent: Intent, facts: IntentFacts, t: Texts) -> list[InlineKeyboardButton]:
    """From a group to the same card in the private chat, where it stays."""
    if not facts.aside:
        return []
    return [link_button(t.plain("Open Chatpay"), start_url(facts.bot_username, f"i_{intent.id}"))]


def _group_button(intent: Intent, t: Texts) -> list[InlineKeyboardButton]:
    if intent.group_id is None or intent.kind is IntentKind.GIFT:
        return []
    if intent.told_in is None:
        return [button(t.plain("Show in group: off"), "i", "show", intent.id, 1)]
    return [button(t.plain("Show in group: on"), "i", "show", intent.id, 0)]
