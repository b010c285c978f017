"""Guest mode: `@bot pay 5` or `@bot request 5 lunch`, written in a chat that the bot is not in.

The bot answers there with one card, and asks for the PIN in the private chat. A reply to a message
says whom it is about; without one, "pay" is a gift for whoever takes it first, and "request" asks
anyone. The number of such a chat means nothing here: it may be that of another one.
"""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup
from telegram import Message
from telegram.ext import BaseHandler, MessageHandler, filters

from bot import cards, elsewhere, payees, refusals
from bot.context import NotForUs, Scene, answer_as_guest
from bot.context import elsewhere as anywhere
from bot.keyboards import in_private
from bot.parts import Parts
from payments.errors import NotOpen, PayeeRefusal, PayeeRefused
from payments.models import Intent
from payments.money import Doubt, Money, Unreadable
from payments.people import has_accepted
from payments.service import PayeeRef

_CALLED = filters.UpdateType.GUEST_MESSAGE & filters.TEXT


def handlers() -> list[BaseHandler[Any, Any, Any]]:
    """Messages that call the bot and say what to do."""
    return [MessageHandler(_CALLED, _called)]


def hints() -> list[BaseHandler[Any, Any, Any]]:
    """A hint for those that do not: for a bot that is Chatpay alone."""
    return [MessageHandler(_CALLED, _hint)]


@anywhere
async def _called(scene: Scene) -> None:
    message = _message(scene)
    said = _command(message.text or "", scene.bot.username)
    if said is None:
        raise NotForUs
    if not has_accepted(scene.person):
        await answer_as_guest(
            message,
            scene.t("👋 You are new here. It takes a minute to get started."),
            in_private(scene.t, scene.bot.username, "m_home"),
        )
        return
    verb, text = said
    parts = payees.parts_in(scene, text, message)
    refs, problem = await payees.refer(scene, parts.payees)
    problem = problem or _problem(scene, parts, refs)
    if problem is not None or not isinstance(parts.amount, Money):
        await answer_as_guest(message, Markup("{}").format(problem))
    elif verb == "pay":
        await _pay(scene, message, refs, parts.amount, parts.note)
    else:
        await _request(scene, message, refs, parts.amount, parts.note)


def _message(scene: Scene) -> Message:
    message = scene.update.guest_message
    if message is None:
        raise NotForUs
    return message


def _command(text: str, bot_username: str) -> tuple[str, str] | None:
    """What to do, and the text with that word blanked out, so that its entities still fit."""
    found = re.search(rf"@{bot_username}[\s,:]+(pay|request)\b", text, re.IGNORECASE)
    if found is None:
        return None
    start, end = found.span(1)
    return found[1].lower(), text[:start] + " " * (end - start) + text[end:]


def _problem(scene: Scene, parts: Parts, refs: list[PayeeRef]) -> str | Markup | None:
    """Why what was said is not enough, if it is not."""
    t = scene.t
    if len(refs) > 1:
        return refusals.sentence(PayeeRefused(PayeeRefusal.TOO_MANY), t)
    match parts.amount:
        case Money():
            return None if refs else payees.reply_problem(scene)
        case Doubt(readings):
            return cards.did_you_mean(readings, t)
        case Unreadable(reason):
            return refusals.unreadable(reason, t)
        case None:
            return _how_to(scene)


async def _pay(
    scene: Scene, message: Message, refs: list[PayeeRef], amount: Money, note: str
) -> None:
    intent = await _begun(scene, message, refs, amount, note)
    html, markup = await elsewhere.intent_screen(scene.payments, intent, scene.bot.username)
    inline_id = await answer_as_guest(message, html, markup)
    if inline_id is not None:
        await scene.chat.remember_elsewhere(intent.id, inline_id)


async def _begun(
    scene: Scene, message: Message, refs: list[PayeeRef], amount: Money, note: str
) -> Intent:
    payer_id, origin = scene.person.id, _origin(message)
    if not refs:
        return await scene.payments.gift(payer_id, amount=amount, note=note, origin=origin)
    return await scene.payments.draft(
        payer_id, payees=refs, amount=amount, note=note, origin=origin
    )


async def _request(
    scene: Scene, message: Message, refs: list[PayeeRef], amount: Money, note: str
) -> None:
    (request,) = await scene.payments.request(
        scene.person.id, payers=refs, amount=amount, note=note, origin=_origin(message)
    )
    html, markup = await elsewhere.request_screen(scene.payments, request, scene.bot.username)
    inline_id = await answer_as_guest(message, html, markup)
    if inline_id is not None:
        await scene.chat.remember_elsewhere(request.id, inline_id)


def _origin(message: Message) -> str:
    """The message by the query that it came with: its chat's number says nothing."""
    if message.guest_query_id is None:
        raise NotOpen("unknown")
    return f"guest:{message.guest_query_id}"


@anywhere
async def _hint(scene: Scene) -> None:
    await answer_as_guest(_message(scene), _how_to(scene))


def _how_to(scene: Scene) -> Markup:
    return scene.t(
        "Write <code>@{bot} pay 5</code> to send money, or <code>@{bot} request 5 lunch</code> "
        "to ask for it. Reply to a message to say whom you mean.",
        bot=scene.bot.username,
    )
