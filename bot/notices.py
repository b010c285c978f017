"""Tells people what happened: renders the present state of a notice's subject, and delivers it.

A message that shows the subject is edited, unless it was drawn like that a moment ago
(`bot/drawn.py`); where there is none, one is sent and remembered.
A notice may come late or twice: it always shows what is true by then, and news that must ring are
remembered under a key of their own, so that a repeated notice does not ring again.

Errors of Telegram are the sender's business (`bot/outbox.py`), but for two: a message that looks
like that already is a success, and one that is gone is replaced.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from markupsafe import Markup
from telegram import Bot, InlineKeyboardMarkup
from telegram.constants import ParseMode
from telegram.error import BadRequest

from bot import aside, asked, elsewhere, elsewhere_cards, pay, receipts, request_cards
from bot.cards import OPEN_STATES, IntentFacts, Screen
from bot.context import Services, edited
from bot.drawn import Drawn
from bot.keyboards import button, rows
from bot.memory import ChatMemory
from bot.pacing import Pacer
from bot.texts import Texts
from payments.models import (
    Card,
    IntentKind,
    IntentState,
    Notice,
    NoticeKind,
    PaymentState,
    Person,
    PersonId,
    RequestState,
)
from payments.money import Money
from payments.service import Payments
from payments.showing import CardNews, PaymentNews


@dataclass(frozen=True, slots=True)
class _Delivery:
    """One notice, and what it takes to deliver it."""

    notice: Notice
    bot: Bot
    payments: Payments
    memory: ChatMemory
    pacer: Pacer
    drawn: Drawn
    public_url: str | None

    @property
    def chat_id(self) -> int:
        return self.notice.conversation_id

    async def texts(self) -> Texts:
        """The language of whoever is told."""
        return Texts.of(await self.payments.person(self.chat_id))

    def here(self, messages: Iterable[Card]) -> list[Card]:
        """Those in this chat that all who are in it see."""
        return [c for c in messages if c.conversation_id == self.chat_id and c.receiver_id is None]

    async def show(
        self,
        subject_id: str,
        screen: Screen,
        messages: Iterable[Card] | None = None,
        *,
        send: bool = True,
    ) -> None:
        """Edits all messages of this chat that show the subject; with none left, sends one.

        Args:
            subject_id: what it is about.
            screen: how it looks now.
            messages: those that show it, if they were looked up.
            send: whether it is told where nothing shows it.
        """
        if messages is None:
            messages = await self.memory.cards_of(subject_id)
        edited = [await self._edit(card, screen) for card in self.here(messages)]
        if send and not any(edited):
            await self.send(subject_id, screen)

    async def send(self, subject_id: str, screen: Screen) -> None:
        """Sends a message that shows a subject from now on."""
        html, markup = screen
        async with self.pacer.turn(self.chat_id):
            message = await self.bot.send_message(
                self.chat_id,
                html,
                parse_mode=ParseMode.HTML,
                reply_markup=markup,
                disable_web_page_preview=True,
            )
        await self.memory.remember_card(subject_id, self.chat_id, message.message_id)

    async def show_aside(self, messages: Iterable[Card], screen: Screen) -> None:
        """Edits those that are in groups, and seen there by whoever is told alone.

        They may be gone at any time, and nobody learns whether they were seen: what has to be
        told is told in this chat as well.
        """
        html, markup = screen
        for card in messages:
            if card.receiver_id != self.chat_id:
                continue
            place = card.conversation_id, card.message_id, card.receiver_id
            is_there = await self.drawn.shows(place, screen) or await aside.edit(
                self.bot, *place, html, markup
            )
            if not is_there:
                await self.memory.forget_card(card)

    async def ring(
        self, news: str, html: Markup, markup: InlineKeyboardMarkup | None = None
    ) -> None:
        """Sends a short message once, however often the notice comes.

        Args:
            news: what names this piece of news among all.
            html: the message.
            markup: its buttons.
        """
        if not self.here(await self.memory.cards_of(news)):
            await self.send(news, (html, markup))

    async def _edit(self, card: Card, screen: Screen) -> bool:
        if await self.drawn.shows((card.conversation_id, card.message_id, None), screen):
            return True
        html, markup = screen
        async with self.pacer.turn_to_edit(card.conversation_id):
            is_there = await edited(
                lambda: self.bot.edit_message_text(
                    html,
                    chat_id=card.conversation_id,
                    message_id=card.message_id,
                    parse_mode=ParseMode.HTML,
                    reply_markup=markup,
                    disable_web_page_preview=True,
                )
            )
        if not is_there:
            await self.memory.forget_card(card)
        return is_there


async def deliver(notice: Notice, bot: Bot, services: Services) -> None:
    """Delivers one notice; delivered again, it changes nothing but what has changed since.

    Raises:
        NotYet: it is not this chat's turn for a while.
        TelegramError: it was not delivered.
        Unavailable: the store did not answer.
    """
    delivery = _Delivery(
        notice=notice,
        bot=bot,
        payments=services.payments,
        memory=services.memory,
        pacer=services.pacer,
        drawn=services.drawn,
        public_url=services.public_url,
    )
    await _DELIVERIES[notice.kind](delivery)


async def _intent(delivery: _Delivery) -> None:
    """The payer's card. What ended without a payment is not news to anybody who sees no card."""
    news = await delivery.payments.card_news(delivery.notice.subject_id, delivery.chat_id)
    intent = news.intent
    await elsewhere.refresh_intent(delivery.bot, delivery.memory, news)
    screen = receipts.intent_card(intent, _facts(delivery, news), Texts.of(news.reader))
    if intent.state not in OPEN_STATES:
        await delivery.show_aside(news.messages, screen)
    is_posted = intent.state is IntentState.POSTED
    await delivery.show(intent.id, screen, news.messages, send=is_posted)
    told_in = intent.told_in if is_posted else None
    for card in news.messages:
        if card.receiver_id is None and card.conversation_id not in {intent.payer_id, told_in}:
            await _delete(delivery, card)


def _facts(delivery: _Delivery, news: CardNews) -> IntentFacts:
    return pay.facts(
        delivery.payments,
        news.intent,
        news.around,
        delivery.bot.username,
        delivery.public_url,
    )


async def _delete(delivery: _Delivery, card: Card) -> None:
    """Takes the way to a finished card out of the group."""
    try:
        await delivery.bot.delete_message(card.conversation_id, card.message_id)
    except BadRequest as error:
        if "message can't be deleted" not in error.message and "not found" not in error.message:
            raise
    await delivery.memory.forget_card(card)


async def _told(delivery: _Delivery) -> None:
    news = await delivery.payments.card_news(delivery.notice.subject_id, delivery.chat_id)
    intent, people = news.intent, news.around.people
    t = Texts.of(people.get(intent.payer_id))
    if intent.kind is IntentKind.GIFT:
        screen = elsewhere_cards.gift(intent, people, delivery.bot.username, t, room="g")
    else:
        screen = receipts.told(intent, people, t), None
    await delivery.show(intent.id, screen, news.messages)


async def _received(delivery: _Delivery) -> None:
    news = await delivery.payments.payment_news(delivery.notice.subject_id, delivery.chat_id)
    await _show_received(delivery, news, send=True)


async def _show_received(delivery: _Delivery, news: PaymentNews, *, send: bool) -> None:
    screen = receipts.received(news.payment, news.intent, news.people, Texts.of(news.reader))
    await delivery.show(news.payment.id, screen, news.messages, send=send)


async def _held(delivery: _Delivery) -> None:
    """The card of a payee who is to join, and is not the payment's payee yet."""
    payment_id = delivery.notice.subject_id
    payment = await delivery.payments.store.look(lambda tx: tx.intents.payment(payment_id))
    if payment is None:
        raise LookupError("a notice names a payment that is not there")
    intent_id = payment.intent_id
    intent = await delivery.payments.store.look(lambda tx: tx.intents.get(intent_id))
    if intent is None:
        raise LookupError("a payment names an intent that is not there")
    people = await delivery.payments.people([payment.payer_id])
    screen = receipts.waiting_for_you(
        payment, intent, people, delivery.bot.username, await delivery.texts()
    )
    await delivery.show(payment.id, screen, send=payment.state is PaymentState.HELD)


async def _hold_ended(delivery: _Delivery) -> None:
    """To the payer: taken, or back. Whoever took it back needs no telling."""
    news = await delivery.payments.payment_news(delivery.notice.subject_id, delivery.chat_id)
    payment, t = news.payment, Texts.of(news.reader)
    people = await _refresh_receipts(delivery, news)
    taken_back = payment.state is PaymentState.RETURNED and (
        payment.expires_at is not None and payment.expires_at > delivery.payments.clock()
    )
    if not taken_back:
        await delivery.ring(f"{payment.id}:{payment.state}", receipts.news_of(payment, people, t))


async def _refunded(delivery: _Delivery) -> None:
    news = await delivery.payments.payment_news(delivery.notice.subject_id, delivery.chat_id)
    if news.payment.payer_id != delivery.chat_id:
        await _show_received(delivery, news, send=False)
        return
    people = await _refresh_receipts(delivery, news)
    payment = news.payment
    told = receipts.refund_news(payment, people, Texts.of(news.reader))
    await delivery.ring(f"{payment.id}:refunded:{payment.refunded_minor}", told)


async def _refresh_receipts(delivery: _Delivery, news: PaymentNews) -> Mapping[PersonId, Person]:
    """Brings up to date the payer's messages that show a payment, by itself or on its card.

    Returns:
        The people on the card.
    """
    of_card = await delivery.payments.card_news(news.intent.id, delivery.chat_id)
    await elsewhere.refresh_intent(delivery.bot, delivery.memory, of_card)
    intent, facts, t = of_card.intent, _facts(delivery, of_card), Texts.of(news.reader)
    card = receipts.intent_card(intent, facts, t)
    await delivery.show_aside(of_card.messages, card)
    await delivery.show(intent.id, card, of_card.messages, send=False)
    receipt = receipts.payment_receipt(news.payment, intent, facts, t)
    await delivery.show_aside(news.messages, receipt)
    await delivery.show(news.payment.id, receipt, news.messages, send=False)
    return facts.people


async def _request(delivery: _Delivery) -> None:
    """A request's card. What ended is not news to anybody who never saw it asked."""
    request = await delivery.payments.request_by_id(delivery.notice.subject_id)
    is_open = request.state is RequestState.OPEN
    if delivery.chat_id < 0:
        facts = await asked.facts_of(
            delivery.payments, request, request.requester_id, delivery.bot
        )
        t = Texts.of(facts.people.get(request.requester_id))
        await delivery.show(
            request.id, request_cards.request_in_group(request, facts, t), send=is_open
        )
        return
    if delivery.chat_id == request.requester_id:
        await elsewhere.refresh_request(delivery.bot, delivery.payments, delivery.memory, request)
    t = await delivery.texts()
    screen = await asked.screen_for(delivery.payments, request, delivery.chat_id, delivery.bot, t)
    await delivery.show(request.id, screen, send=is_open)
    if request.state is RequestState.DECLINED and request.requester_id == delivery.chat_id:
        ids = [] if request.payer_id is None else [request.payer_id]
        people = await delivery.payments.people(ids)
        await delivery.ring(
            f"{request.id}:declined", request_cards.declined_news(request, people, t)
        )


async def _reminder(delivery: _Delivery) -> None:
    request = await delivery.payments.request_by_id(delivery.notice.subject_id)
    if request.state is not RequestState.OPEN:
        return
    people = await delivery.payments.people([request.requester_id])
    t = await delivery.texts()
    show = button(t.plain("Show"), "r", "open", request.id)
    await delivery.ring(
        f"{request.id}:reminder:{request.reminders}",
        request_cards.reminder(request, people, t),
        rows([show]),
    )


async def _pin_changed(delivery: _Delivery) -> None:
    t = await delivery.texts()
    await delivery.ring(
        f"pin:{delivery.notice.id}",
        t(
            "🔑 Your PIN was changed. If that was not you, end the other sessions in "
            "Telegram's settings under Devices, and choose a new PIN with /pin."
        ),
    )


async def _pin_reset(delivery: _Delivery) -> None:
    t = await delivery.texts()
    status = await delivery.payments.pin_status(delivery.chat_id)
    news = f"pin:{delivery.notice.id}"
    if status.reset_at is None:
        await delivery.ring(news, t("🔑 Your PIN stays as it is."))
        return
    html = t(
        "🔑 Somebody with your account said that the PIN is forgotten. A new one can be chosen "
        "from {moment}.",
        moment=t.moment(status.reset_at),
    )
    keep = button(t.plain("That wasn't me / I remember it"), "p", "keep")
    await delivery.ring(news, html, rows([keep]))


async def _device_added(delivery: _Delivery) -> None:
    """Unless it was removed meanwhile."""
    device = await delivery.payments.device(delivery.notice.subject_id, delivery.chat_id)
    if device is None:
        return
    t = await delivery.texts()
    remove = button(t.plain("Remove it"), "s", "undevice", device.id)
    html = t(
        "📱 <b>{device}</b> may approve small payments with your fingerprint or face from now "
        "on. If that was not you, remove it and change your PIN with /pin.",
        device=device.name,
    )
    await delivery.ring(f"device:{device.id}", html, rows([remove]))


async def _operator_refund(delivery: _Delivery) -> None:
    """To the payee, who did not give it back themselves."""
    payment, _ = await delivery.payments.payment(delivery.notice.subject_id, delivery.chat_id)
    people = await delivery.payments.people([payment.payer_id])
    t = await delivery.texts()
    html = t(
        "↩️ The people who run this bot gave {payer} back {amount} that you were paid. It left "
        "your account; /history shows it.",
        payer=people[payment.payer_id].name,
        amount=t.money(Money(payment.refunded_minor, payment.currency)),
    )
    await delivery.ring(f"{payment.id}:operator:{payment.refunded_minor}", html)


_DELIVERIES: dict[NoticeKind, Callable[[_Delivery], Awaitable[None]]] = {
    NoticeKind.INTENT: _intent,
    NoticeKind.TOLD: _told,
    NoticeKind.PAYMENT_RECEIVED: _received,
    NoticeKind.PAYMENT_HELD: _held,
    NoticeKind.PAYMENT_CLAIMED: _hold_ended,
    NoticeKind.PAYMENT_RETURNED: _hold_ended,
    NoticeKind.PAYMENT_REFUNDED: _refunded,
    NoticeKind.REQUEST: _request,
    NoticeKind.REQUEST_REMINDER: _reminder,
    NoticeKind.PIN_CHANGED: _pin_changed,
    NoticeKind.PIN_RESET: _pin_reset,
    NoticeKind.DEVICE_ADDED: _device_added,
    NoticeKind.OPERATOR_REFUND: _operator_refund,
}
