"""What people type because the bot asked for it: an amount, a name, a note.

What was asked is in the database, so an answer finds its way after a restart and in any process. A
room registers what it takes with `takes_text` or `takes_amount`, and asks with `scene.chat.ask`. A
question stays open until it got an answer that the room could use.

A room may also take texts of a certain shape that nobody asked for, such as a PIN that should not
have been typed. Anything else that nobody asked for gets a hint, in the private chat only.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from markupsafe import escape
from telegram.ext import BaseHandler, CallbackQueryHandler, MessageHandler, filters

from bot import cards, keyboards, refusals
from bot.callbacks import pattern
from bot.context import NotForUs, Scene, handler
from payments.errors import NotOpen
from payments.limits import carried
from payments.models import Prompt
from payments.money import Doubt, Money, Unreadable, parse_amount

TextTaker = Callable[[Scene, Prompt, str], Awaitable[None]]
AmountTaker = Callable[[Scene, Prompt, Money], Awaitable[None]]
UnaskedTaker = Callable[[Scene], Awaitable[None]]

_text_takers: dict[str, TextTaker] = {}
_amount_takers: dict[str, AmountTaker] = {}
_unasked_takers: list[tuple[re.Pattern[str], UnaskedTaker]] = []

_TYPED = filters.ChatType.PRIVATE & filters.TEXT & ~filters.VIA_BOT & filters.UpdateType.MESSAGE


class AskAgain(Exception):
    """The answer cannot be used; the question stays open. `sentence` says why."""

    def __init__(self, sentence: str) -> None:
        """Keep the sentence: `Markup`, or plain text."""
        super().__init__("the answer cannot be used")
        self.sentence = escape(sentence)


def takes_text(expects: str) -> Callable[[TextTaker], TextTaker]:
    """Registers who takes what is typed when `expects` was asked for.

    It may raise `AskAgain`, or any `Refused`: the question then stays open.
    """

    def register(taker: TextTaker) -> TextTaker:
        _text_takers[expects] = taker
        return taker

    return register


def takes_amount(expects: str) -> Callable[[AmountTaker], AmountTaker]:
    """Registers who takes the amount that is typed when `expects` was asked for, as `takes_text`.

    The amount has been read without doubt, in the person's currency where none was typed.
    """

    def register(taker: AmountTaker) -> AmountTaker:
        _amount_takers[expects] = taker
        return taker

    return register


def takes_unasked(shape: re.Pattern[str]) -> Callable[[UnaskedTaker], UnaskedTaker]:
    """Registers who takes texts of this shape that nobody asked for."""

    def register(taker: UnaskedTaker) -> UnaskedTaker:
        _unasked_takers.append((shape, taker))
        return taker

    return register


def handlers() -> list[BaseHandler[Any, Any, Any]]:
    """Answers to what was asked, and PINs that were typed, in private chats."""
    return [
        MessageHandler(_TYPED & ~filters.COMMAND, _typed),
        CallbackQueryHandler(_meant, pattern=pattern("a")),
    ]


def hints() -> list[BaseHandler[Any, Any, Any]]:
    """A hint for what nobody asked for: the last handlers of a bot that is Chatpay alone."""
    return [MessageHandler(_TYPED, _hint)]


async def hear(scene: Scene, text: str) -> None:
    """Takes `text` as the answer to what was just asked, as if it had been typed."""
    prompt = await scene.chat.asked(scene.person.id, scene.chat_id)
    if prompt is None:
        raise NotOpen("answered")
    if prompt.expects in _amount_takers:
        await _read_amount(scene, prompt, text)
    else:
        await _take(scene, prompt, _text_takers[prompt.expects](scene, prompt, text))


@handler
async def _typed(scene: Scene) -> None:
    text = (scene.message.text if scene.message else None) or ""
    if await scene.chat.asked(scene.person.id, scene.chat_id):
        await hear(scene, text)
        return
    for shape, taker in _unasked_takers:
        if shape.fullmatch(text):
            await taker(scene)
            return
    raise NotForUs


@handler
async def _hint(scene: Scene) -> None:
    if not scene.person.joined:
        await scene.reply(scene.t("Hello! Send /start and I will show you around."))
        return
    await scene.reply(
        scene.t("I am not sure what you mean. What would you like to do? /help shows it all."),
        keyboards.main_menu(scene.t),
    )


@handler
async def _meant(scene: Scene) -> None:
    """A button says which reading of a doubtful amount was meant."""
    prompt = await scene.chat.asked(scene.person.id, scene.chat_id)
    if prompt is None or prompt.expects not in _amount_takers:
        raise NotOpen("answered")
    _, (minor, currency) = scene.pressed
    amount = carried(int(minor), currency, scene.payments.policy)
    if amount is None:
        raise NotOpen("answered")
    await scene.edit(scene.t("<b>{amount}</b>, thank you.", amount=scene.t.money(amount)))
    await _take(scene, prompt, _amount_takers[prompt.expects](scene, prompt, amount))


async def _read_amount(scene: Scene, prompt: Prompt, text: str) -> None:
    read_as = parse_amount(
        text,
        default=scene.person.currency,
        currencies=scene.payments.policy.currencies,
        locale=str(scene.t.locale),
    )
    match read_as:
        case Money():
            await _take(scene, prompt, _amount_takers[prompt.expects](scene, prompt, read_as))
        case Doubt(readings):
            choices = [
                keyboards.button(scene.t.money(amount), "a", "is", amount.minor, amount.currency)
                for amount in readings
            ]
            await scene.reply(
                cards.did_you_mean(readings, scene.t),
                keyboards.rows(*keyboards.in_rows_of(2, choices)),
            )
        case Unreadable(reason):
            await scene.reply(refusals.unreadable(reason, scene.t))


async def _take(scene: Scene, prompt: Prompt, taking: Awaitable[None]) -> None:
    """Lets a room take an answer, and closes the question unless the room asks on."""
    try:
        await taking
    except AskAgain as again:
        await scene.reply(again.sentence)
        return
    if await scene.chat.asked(scene.person.id, scene.chat_id) == prompt:
        await scene.chat.answered(scene.person.id, scene.chat_id)
