"""Keeps the cards up to date that are in chats which the bot is not in.

Such a message is known by its inline message id alone. It is remembered once the bot learns of it:
by a button of it that is pressed, by inline feedback where that is switched on, or by answering as
a guest. From then on it is edited with every other message that shows its subject, and never
shows another: whatever data a button is said to have sent, it cannot put one person's card in
place of another's.
"""

from __future__ import annotations

from collections.abc import Mapping

from telegram import Bot
from telegram.constants import ParseMode

from bot import elsewhere_cards
from bot.cards import Screen
from bot.context import edited, patiently
from bot.memory import ChatMemory
from bot.texts import Texts
from payments.models import Intent, Person, PersonId, Request
from payments.service import Payments
from payments.showing import CardNews


async def request_screen(payments: Payments, request: Request, bot_username: str) -> Screen:
    """A request as everybody in the chat sees it."""
    ids = [request.requester_id] + ([request.payer_id] if request.payer_id else [])
    people = await payments.people(ids)
    t = Texts.of(people.get(request.requester_id))
    return elsewhere_cards.request(request, people, bot_username, t)


async def intent_screen(payments: Payments, intent: Intent, bot_username: str) -> Screen:
    """A payment as everybody in the chat sees it."""
    payees = [p.payee_id for p in intent.payments if p.payee_id is not None]
    people = await payments.people([intent.payer_id, *payees])
    return _intent_screen(intent, people, bot_username)


def _intent_screen(intent: Intent, people: Mapping[PersonId, Person], bot_username: str) -> Screen:
    t = Texts.of(people.get(intent.payer_id))
    return elsewhere_cards.intent(intent, people, bot_username, t)


async def keep_request(
    bot: Bot, payments: Payments, memory: ChatMemory, request: Request, *, inline_id: str
) -> None:
    """Remembers that a message shows a request, and brings it up to date."""
    if await memory.remember_elsewhere(request.id, inline_id):
        screen = await request_screen(payments, request, bot.username)
        await show(bot, memory, inline_id, screen)


async def keep_intent(
    bot: Bot, payments: Payments, memory: ChatMemory, intent: Intent, *, inline_id: str
) -> None:
    """Remembers that a message shows a payment, and brings it up to date."""
    if await memory.remember_elsewhere(intent.id, inline_id):
        screen = await intent_screen(payments, intent, bot.username)
        await show(bot, memory, inline_id, screen)


async def refresh_request(
    bot: Bot, payments: Payments, memory: ChatMemory, request: Request
) -> None:
    """Brings all such messages of a request up to date."""
    shown = await memory.elsewhere(request.id)
    if shown:
        screen = await request_screen(payments, request, bot.username)
        for inline_id in shown:
            await show(bot, memory, inline_id, screen)


async def refresh_intent(bot: Bot, memory: ChatMemory, news: CardNews) -> None:
    """Brings all such messages of a payment up to date, whether or not its payer can be told."""
    if news.elsewhere:
        screen = _intent_screen(news.intent, news.around.people, bot.username)
        for inline_id in news.elsewhere:
            await show(bot, memory, inline_id, screen)


async def show(bot: Bot, memory: ChatMemory, inline_id: str, screen: Screen) -> None:
    """Edits one of them; one that is gone is forgotten."""
    html, markup = screen
    is_there = await edited(
        lambda: patiently(
            lambda: bot.edit_message_text(
                html,
                inline_message_id=inline_id,
                parse_mode=ParseMode.HTML,
                reply_markup=markup,
                disable_web_page_preview=True,
            )
        )
    )
    if not is_there:
        await memory.forget_elsewhere(inline_id)
