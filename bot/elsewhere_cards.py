"""Cards in chats that the bot is not in: sent there by a person via the bot, or called for. A gift
looks the same in a group that the bot is in.

Whoever is in the chat sees the same card, in the language of the one who put it there. It says
what that person chose to say there, never a balance; what it leads to is in the private chat.
As in `bot/cards.py`, nothing is looked up here.
"""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup
from telegram import InlineKeyboardMarkup
from telegram.constants import KeyboardButtonStyle

from bot.cards import Screen, full_name, known, lines, named, note_line, payee_of, short_name
from bot.keyboards import button, link_button, rows, start_url
from bot.texts import Texts
from payments.models import (
    Intent,
    IntentKind,
    IntentState,
    Link,
    Offer,
    Payment,
    PaymentState,
    Person,
    PersonId,
    Request,
    RequestState,
)
from payments.money import Money

_ROOM = "q"


# --- asking --------------------------------------------------------------------------------------


def offer_to_ask(offer: Offer, maker: Person, t: Texts) -> Screen:
    """A request that is made once anybody takes it up."""
    pay = button(
        t.plain("Pay {amount}…", amount=t.money(offer.amount)),
        _ROOM,
        "ask",
        offer.id,
        style=KeyboardButtonStyle.SUCCESS,
    )
    return lines(_asks(maker, offer.amount, None, t), note_line(offer.note)), rows([pay])


def request_to_open(asked: Request, people: Mapping[PersonId, Person], t: Texts) -> Screen:
    """A request that is put into a chat; its button tells the bot which message shows it."""
    payer = known(asked.payer_id, people)
    pay = button(
        t.plain("Pay {amount}…", amount=t.money(asked.remaining)),
        _ROOM,
        "open",
        asked.id,
        style=KeyboardButtonStyle.SUCCESS,
    )
    text = _asks(people[asked.requester_id], asked.amount, payer, t)
    return lines(text, note_line(asked.note)), rows([pay])


def request(
    asked: Request, people: Mapping[PersonId, Person], bot_username: str, t: Texts
) -> Screen:
    """A request: who asks, and how to pay; in the end only that it was paid, not by whom."""
    is_open = asked.state is RequestState.OPEN
    payer = known(asked.payer_id, people) if is_open else None
    text = lines(_asks(people[asked.requester_id], asked.amount, payer, t), note_line(asked.note))
    if not is_open:
        return lines(text, "", _end_of_request(asked, t)), None
    pay = t.plain("Pay {amount}…", amount=t.money(asked.remaining))
    return text, rows([link_button(pay, start_url(bot_username, f"r_{asked.id}"))])


def _asks(requester: Person, amount: Money, payer: Person | None, t: Texts) -> Markup:
    fields = {"requester": full_name(requester), "amount": t.money(amount)}
    if payer is None:
        return t("🙏 {requester} asks for <b>{amount}</b>", **fields)
    return t("🙏 {requester} asks {payer} for <b>{amount}</b>", payer=full_name(payer), **fields)


def _end_of_request(asked: Request, t: Texts) -> Markup:
    if asked.state is RequestState.PAID:
        return t("✅ Paid")
    if asked.state is RequestState.DECLINED:
        return t("Declined")
    if asked.state is RequestState.EXPIRED:
        return t("Time is up")
    return t("Cancelled")


# --- sending -------------------------------------------------------------------------------------


def offer_to_send(offer: Offer, maker: Person, t: Texts) -> Screen:
    """A gift that its maker has yet to approve."""
    approve = button(_approve_label(maker, t), _ROOM, "send", offer.id)
    return _wants_to_send(maker, offer.amount, offer.note, t), rows([approve])


def intent(card: Intent, people: Mapping[PersonId, Person], bot_username: str, t: Texts) -> Screen:
    """A payment that was begun in the chat: a gift, or to somebody there."""
    if card.kind is IntentKind.GIFT:
        return gift(card, people, bot_username, t)
    return _payment(card, people, bot_username, t)


def gift(
    card: Intent,
    people: Mapping[PersonId, Person],
    bot_username: str,
    t: Texts,
    *,
    room: str = _ROOM,
) -> Screen:
    """A gift, to be taken with a button of `room`."""
    payer, payment = people[card.payer_id], card.payments[0]
    if card.state in {IntentState.DRAFT, IntentState.AWAITING_PIN}:
        text = _wants_to_send(payer, payment.amount, card.note, t)
        return text, _approve(card, payer, bot_username, t)
    fields = {"payer": full_name(payer), "amount": t.money(payment.amount)}
    if card.state is not IntentState.POSTED:
        text = t("🎁 {payer} wanted to send <b>{amount}</b>", **fields)
        return lines(text, note_line(card.note), "", t("Nothing was sent.")), None
    text = lines(t("🎁 {payer} sends <b>{amount}</b>", **fields), note_line(card.note), "")
    if payment.state is PaymentState.HELD and payment.claim_token is not None:
        take = button(
            t.plain("Take {amount}", amount=t.money(payment.amount)),
            room,
            "take",
            payment.claim_token,
            style=KeyboardButtonStyle.SUCCESS,
        )
        return lines(text, t("Whoever takes it first gets it.")), rows([take])
    if payment.state is PaymentState.RETURNED:
        return lines(text, t("↩️ It went back to {name}.", name=payer.name)), None
    taker = named(payment.payee_id, None, people, t("Somebody"))
    return lines(text, t("✅ {taker} has it.", taker=taker)), None


def _wants_to_send(payer: Person, amount: Money, note: str, t: Texts) -> Markup:
    return lines(
        t(
            "🎁 {payer} wants to send <b>{amount}</b>",
            payer=full_name(payer),
            amount=t.money(amount),
        ),
        note_line(note),
        "",
        t("Waiting for {name} to approve it.", name=payer.name),
    )


def _approve(card: Intent, payer: Person, bot_username: str, t: Texts) -> InlineKeyboardMarkup:
    address = start_url(bot_username, f"i_{card.id}")
    return rows([link_button(_approve_label(payer, t), address)])


def _approve_label(payer: Person, t: Texts) -> str:
    return t.plain("{name}: approve…", name=short_name(payer))


# --- paying somebody in the chat -----------------------------------------------------------------


def _payment(
    card: Intent, people: Mapping[PersonId, Person], bot_username: str, t: Texts
) -> Screen:
    """Who pays whom; how much is the payer's to say, and was not asked."""
    payer, payment = people[card.payer_id], card.payments[0]
    fields = {"payer": full_name(payer), "payee": payee_of(payment, people, t)}
    if card.state in {IntentState.DRAFT, IntentState.AWAITING_PIN}:
        text = t("💸 {payer} wants to pay {payee}", **fields)
        return text, _approve(card, payer, bot_username, t)
    if card.state is not IntentState.POSTED:
        return t("{payer} wanted to pay {payee}. Nothing was paid.", **fields), None
    if payment.state is PaymentState.RETURNED:
        return t("↩️ {payee} did not take what {payer} sent.", **fields), None
    if payment.state is PaymentState.HELD:
        text = t("💶 {payer} sent {payee} money, which waits to be taken", **fields)
        return text, _take(payment, bot_username, t)
    return t("✅ {payer} paid {payee}", **fields), None


def _take(payment: Payment, bot_username: str, t: Texts) -> InlineKeyboardMarkup:
    address = start_url(bot_username, f"c_{payment.claim_token}")
    return rows([link_button(t.plain("Take it…"), address)])


# --- being paid ----------------------------------------------------------------------------------


def link(pay_link: Link, owner: Person, bot_username: str, t: Texts) -> Screen:
    """A payment link, for anybody in the chat to pay."""
    terms = pay_link.terms
    amount = None if terms.amount is None else Markup("<b>{}</b>").format(t.money(terms.amount))
    text = lines(
        t("🔗 Pay {owner} with Chatpay", owner=full_name(owner)), amount, note_line(terms.note)
    )
    pay = t.plain("Pay {name}…", name=short_name(owner))
    return text, rows([link_button(pay, start_url(bot_username, f"l_{pay_link.id}"))])
