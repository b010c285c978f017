"""Gifts: `/gift 20`, money that waits for whoever takes it first.

The card is approved as any other (`bot/pay.py`). A gift that was begun in a group is told there
once it is approved, with the button that takes it; one from the private chat has a link to pass
on. In chats that the bot is not in, `bot/inline.py` does the same.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup
from telegram.error import BadRequest, Forbidden
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, filters

from bot import cards, pay, payees, prompts, refusals, start
from bot.callbacks import pattern
from bot.cards import Screen
from bot.context import Scene, handler
from bot.keyboards import button, in_rows_of, quick_amounts, rows
from bot.memory import draft_of
from bot.parts import Parts
from payments.errors import NotOpen, NotYours
from payments.models import ConversationId, Prompt
from payments.money import Doubt, Money, Unreadable
from payments.people import has_accepted

_AMOUNT = "gift_amount"


def handlers() -> list[BaseHandler[Any, Any, Any]]:
    """`/gift`, and the buttons of what it asks and tells."""
    return [
        CommandHandler("gift", _gift, filters=filters.UpdateType.MESSAGE),
        CallbackQueryHandler(_pressed, pattern=pattern("g")),
    ]


@handler
async def _gift(scene: Scene) -> None:
    parts = payees.parts_of(scene)
    is_reply = scene.message is not None and scene.message.reply_to_message is not None
    if parts.payees and not is_reply:
        text = scene.t("A gift is for whoever takes it first. /pay is for somebody you name.")
        await scene.reply(text, to_message=True)
    elif not await start.need_to_join(scene, "m_gift", words=payees.words_of(scene)):
        await begin_as_written(scene, parts)


async def begin_as_written(scene: Scene, parts: Parts) -> None:
    """Starts a gift with what was written behind the command; asks for its amount if need be."""
    group_id = None if scene.private else scene.chat_id
    match parts.amount:
        case Money() as amount:
            await _present(scene, amount, parts.note, group_id, origin=scene.origin)
        case Doubt(readings):
            await _ask_amount(scene, parts.note, group_id, readings=readings)
        case Unreadable(reason):
            problem = refusals.unreadable(reason, scene.t)
            await _ask_amount(scene, parts.note, group_id, problem=problem)
        case None:
            await _ask_amount(scene, parts.note, group_id)


async def begin(scene: Scene) -> None:
    """Starts a gift of which nothing is known yet, in the private chat."""
    await _ask_amount(scene, "", None)


async def _present(
    scene: Scene, amount: Money, note: str, group_id: ConversationId | None, *, origin: str
) -> None:
    intent = await scene.payments.gift(
        scene.person.id, amount=amount, note=note, group_id=group_id, origin=f"gift:{origin}"
    )
    await pay.present(scene, intent)


# --- the amount ----------------------------------------------------------------------------------


async def _ask_amount(
    scene: Scene,
    note: str,
    group_id: ConversationId | None,
    *,
    readings: Sequence[Money] = (),
    problem: Markup | None = None,
) -> None:
    """Asks how much, in the private chat, wherever the gift is to be told."""
    token = secrets.token_urlsafe(8)
    html, markup = _amount_question(scene, token, readings)
    if problem is not None:
        html = cards.lines(problem, "", html)
    await scene.chat.ask(
        scene.person.id,
        scene.person.id,
        _AMOUNT,
        subject_id=token,
        draft={"note": note, "group_id": group_id},
    )
    try:
        await scene.tell(html, markup)
    except (Forbidden, BadRequest) as error:
        if scene.private or not pay.is_unreachable(error):
            raise
    if not scene.private:
        way = scene.t("{name}, go on in our private chat.", name=scene.person.name)
        await scene.show_way(way, "m_gift")


def _amount_question(scene: Scene, token: str, readings: Sequence[Money]) -> Screen:
    t = scene.t
    amounts = readings or quick_amounts(scene.person.currency)
    how = cards.did_you_mean(readings, t) if readings else t("Tap an amount or type one.")
    choices = [button(t.money(m), "g", "sum", token, m.minor, m.currency) for m in amounts]
    return cards.lines(t("<b>How much do you give?</b>"), how), rows(
        *in_rows_of(2, choices), [button(t.plain("Cancel"), "g", "drop", token)]
    )


@prompts.takes_amount(_AMOUNT)
async def _amount_typed(scene: Scene, prompt: Prompt, amount: Money) -> None:
    kept: dict[str, Any] = draft_of(prompt)
    await _present(scene, amount, kept["note"], kept["group_id"], origin=prompt.subject_id)


# --- buttons -------------------------------------------------------------------------------------


@handler
async def _pressed(scene: Scene) -> None:
    match scene.pressed:
        case "take", [claim_token]:
            await take(scene, claim_token)
        case "sum", [token, minor, currency] if (
            minor.isdecimal() and currency in scene.payments.policy.currencies
        ):
            prompt = await _asked(scene, token)
            await _amount_typed(scene, prompt, Money(int(minor), currency))
            await scene.chat.answered(scene.person.id, scene.person.id)
            await scene.delete()
        case "drop", [token]:
            await _asked(scene, token)
            await scene.chat.answered(scene.person.id, scene.person.id)
            await scene.edit(scene.t("<b>Cancelled.</b> Nothing was paid."))
        case _:
            raise NotOpen("unknown")


async def _asked(scene: Scene, token: str) -> Prompt:
    """The open question that a button belongs to.

    Raises:
        NotOpen: it was answered, or something else was asked since.
    """
    prompt = await scene.chat.asked(scene.person.id, scene.person.id)
    if prompt is None or (prompt.expects, prompt.subject_id) != (_AMOUNT, token):
        raise NotOpen("answered")
    return prompt


async def take(scene: Scene, claim_token: str) -> None:
    """Whoever has joined has the money at once; somebody new goes through the terms first."""
    if not has_accepted(scene.person):
        await scene.lead(f"c_{claim_token}")
        return
    try:
        payment = await scene.payments.claim(claim_token, scene.person.id)
    except NotYours:
        text = scene.t.plain("This is not for you, or somebody else was faster.")
        await scene.answer(text, alert=True)
        return
    amount = scene.t.money(payment.amount)
    await scene.answer(scene.t.plain("{amount} is in your balance.", amount=amount), alert=True)
