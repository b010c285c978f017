"""The PIN: choosing, changing and forgetting it, and the keypad that it is tapped on.

A PIN never travels as a message, and a button never says which digit it is: it carries the
keypad's id and a token that means a digit on this one keypad. Every tap is awaited in turn and
counted by the database, so none is lost however fast they come, and none counts twice.

The keypad always says what it approves, and to whom the money goes.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from typing import Any, assert_never

from markupsafe import Markup
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Message
from telegram.constants import ParseMode
from telegram.error import BadRequest, NetworkError, RetryAfter
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, filters

from bot import actions, aside, cards, keyboards, pay, prompts, receipts, refusals, start
from bot.aside import Aside
from bot.callbacks import pattern
from bot.context import Scene, edited, handler, taps
from bot.drawn import Place
from bot.texts import Texts
from payments.errors import NotOpen
from payments.models import Intent, Keypad, KeypadPurpose, Millis
from payments.pinhash import PIN_LENGTH
from payments.results import (
    Approved,
    Enrolled,
    Erased,
    KeypadClosed,
    Locked,
    NextKeypad,
    NextReason,
    NotDone,
    Operated,
    PinSet,
    RefusedAfterPin,
    Tapped,
    TapResult,
    WrongPin,
)
from payments.service import DELETE_KEY

_FACES_MOST = 1_000
_faces: OrderedDict[tuple[object, ...], tuple[Markup, InlineKeyboardMarkup]] = OrderedDict()
"""How the keypads look that were shown last, by all that it depends on."""


def handlers() -> list[BaseHandler[Any, Any, Any]]:
    """`/pin`, its buttons, and the keypad."""
    return [
        CommandHandler("pin", _command, filters=filters.UpdateType.MESSAGE),
        CallbackQueryHandler(_tap, pattern=pattern("k")),
        CallbackQueryHandler(_button, pattern=pattern("p")),
    ]


# --- the keypad ----------------------------------------------------------------------------------


async def show_keypad(scene: Scene, keypad: Keypad, *, edit: bool) -> None:
    """Shows a keypad that was just opened.

    Any open question is put aside: six digits that are typed from now on are a PIN.

    Args:
        scene: where nobody but the keypad's owner sees it.
        keypad: the keypad.
        edit: in the message whose button was pressed, or in a new one.

    Raises:
        ValueError: others would see it.
    """
    if not scene.confidential:
        raise ValueError("a keypad is for its owner alone")
    await scene.chat.answered(scene.person.id, scene.chat_id)
    screen = await _drawn(scene, keypad, None)
    message = await (scene.edit(*screen) if edit else scene.reply(*screen))
    if keypad.intent_id and not (edit and message is scene.message):
        await scene.remember(keypad.intent_id, message)


async def _redraw(scene: Scene, keypad: Keypad, said: Markup | None = None) -> None:
    """Shows the keypad as it is now, and a line about the last try, such as that it was wrong."""
    await scene.edit(*await _drawn(scene, keypad, said))


async def _show_dots(scene: Scene, keypad: Keypad) -> None:
    """Shows the dots; no tap waits for them."""
    await _try_to_show(scene, *await _drawn(scene, keypad, None))


async def _show_receipt(scene: Scene, intent: Intent) -> None:
    """Turns the card into its receipt at once; where that fails, the outbox does it."""
    if scene.message is None:
        return
    with scene.drawn.drawing(_place(scene.message, scene.aside)) as drawing:
        facts = await pay.facts_of(
            scene.payments, intent, scene.bot.username, aside=scene.aside is not None
        )
        screen = receipts.intent_card(intent, facts, scene.t)
        if await _try_to_show(scene, *screen):
            drawing.arrived(screen)


def _place(message: Message, to: Aside | None) -> Place:
    if to is not None:
        return to.chat_id, to.number, to.person_id
    return message.chat.id, message.message_id, None


async def _try_to_show(scene: Scene, html: Markup, markup: InlineKeyboardMarkup | None) -> bool:
    """Changes the pressed message, unless Telegram wants a pause or is away; whether it did."""
    to = scene.aside
    if scene.message is None:
        return False
    try:
        if to is not None:
            return await aside.edit(scene.bot, to.chat_id, to.number, to.person_id, html, markup)
        message_id = scene.message.message_id
        return await edited(
            lambda: scene.bot.edit_message_text(
                html,
                chat_id=scene.chat_id,
                message_id=message_id,
                parse_mode=ParseMode.HTML,
                reply_markup=markup,
                disable_web_page_preview=True,
            )
        )
    except BadRequest:
        raise
    except (NetworkError, RetryAfter):
        return False


async def choose_first(scene: Scene, intent_id: str) -> None:
    """Lets somebody who has no PIN yet choose one, in the message that asked to pay."""
    keypad = await scene.payments.begin_pin(scene.person.id, intent_id=intent_id)
    await show_keypad(scene, keypad, edit=True)


@prompts.takes_unasked(re.compile(rf"\s*(?:\d\s*){{{PIN_LENGTH}}}"))
async def _typed(scene: Scene) -> None:
    """Somebody typed what looks like a PIN: deletes it, and says how it is done."""
    await scene.delete()
    await scene.reply(
        scene.t(
            "🙈 That looked like a PIN, so I deleted it. <b>Never type your PIN in a chat</b>, "
            "not even to me: tap it on the keypad that I show you. "
            "If anybody could have seen it, change it with /pin."
        )
    )


async def _drawn(
    scene: Scene, keypad: Keypad, said: Markup | None
) -> tuple[Markup, InlineKeyboardMarkup]:
    heading, keys = await _face(scene, keypad)
    lines = [heading] if said is None else [heading, said]
    filled = len(keypad.digits)
    lines.append(Markup(" ").join(["●"] * filled + ["○"] * (PIN_LENGTH - filled)))
    return Markup("\n\n").join(lines), keys


async def _face(scene: Scene, keypad: Keypad) -> tuple[Markup, InlineKeyboardMarkup]:
    """What a keypad says and its keys, made once: no tap changes them, as its card is frozen."""
    which = (keypad.id, keypad.purpose, keypad.keys, scene.t.language)
    face = _faces.get(which)
    if face is None:
        face = _faces[which] = await _heading(scene, keypad), _keys(keypad, scene.t)
        if len(_faces) > _FACES_MOST:
            _faces.popitem(last=False)
    return face


async def _heading(scene: Scene, keypad: Keypad) -> Markup:
    t = scene.t
    match keypad.purpose:
        case KeypadPurpose.APPROVE:
            return await _what_is_approved(scene, keypad)
        case KeypadPurpose.CURRENT:
            return t("🔑 <b>Your present PIN</b>\nTap the PIN that you have now.")
        case KeypadPurpose.CHOOSE:
            return t(
                "🔑 <b>Choose a PIN</b>\nSix digits. You will tap them each time you pay. "
                "Nobody will ever ask you for them, in no chat and on no phone."
            )
        case KeypadPurpose.ENROL:
            return t("🔑 <b>Let {device} approve</b>\nTap your PIN.", device=keypad.device)
        case KeypadPurpose.OPERATE:
            return t(
                "🛡 <b>{what}</b>\nReason: {reason}\n\nTap your PIN to do exactly this.",
                what=await actions.what(scene, keypad.action),
                reason=keypad.action.reason if keypad.action else "",
            )
        case KeypadPurpose.ERASE:
            return t(
                "🗑 <b>Delete everything I know about you</b>\nTap your PIN. This cannot be undone."
            )
        case KeypadPurpose.REPEAT:
            return t("🔑 <b>Once more</b>\nTap the same six digits again.")


async def _what_is_approved(scene: Scene, keypad: Keypad) -> Markup:
    if keypad.intent_id is None:
        raise ValueError("a keypad that approves names what it approves")
    intent, people, bank = await scene.payments.card(keypad.intent_id, scene.person.id)
    what = cards.what(intent, people, scene.t, bank)
    if intent.note:
        return scene.t(
            "🔒 {what}\n{note}\n\nTap your PIN to approve.", what=what, note=intent.note
        )
    return scene.t("🔒 {what}\n\nTap your PIN to approve.", what=what)


def _keys(keypad: Keypad, t: Texts) -> InlineKeyboardMarkup:
    def key(label: str, token: str) -> InlineKeyboardButton:
        return keyboards.button(label, "k", "t", keypad.id, token)

    digits = [key(str(digit), keypad.keys[digit]) for digit in range(10)]
    return keyboards.rows(
        digits[1:4],
        digits[4:7],
        digits[7:10],
        [_cancel(keypad, t), digits[0], key("⌫", DELETE_KEY)],
    )


def _cancel(keypad: Keypad, t: Texts) -> InlineKeyboardButton:
    label = t.plain("Cancel")
    if keypad.purpose is KeypadPurpose.APPROVE and keypad.intent_id:
        return keyboards.button(label, "i", "cancel", keypad.intent_id)
    return keyboards.button(label, "p", "stop", keypad.intent_id or "")


@taps
async def _tap(scene: Scene) -> None:
    if await start.led_away(scene, "pin"):
        return
    verb, arguments = scene.pressed
    if verb != "t" or len(arguments) != 2:
        raise NotOpen("gone")
    keypad_id, token = arguments
    tap_id = scene.query.id if scene.query else ""
    result = await scene.payments.tap(keypad_id, scene.person.id, token, tap_id=tap_id)
    await _show(scene, result)


async def _show(scene: Scene, result: TapResult) -> None:
    match result:
        case Tapped() | NextKeypad() | WrongPin():
            await _go_on(scene, result)
        case Approved(intent):
            await asyncio.gather(scene.answer(), _show_receipt(scene, intent))
        case RefusedAfterPin(_, error):
            await scene.answer(refusals.sentence(error, scene.t).striptags(), alert=True)
        case Locked(until, intent_id):
            await scene.edit(_locked(until, scene.t), _after_lock(intent_id, scene.t))
        case PinSet(intent_id):
            await _pin_set(scene, intent_id)
        case Operated() | Erased() | NotDone():
            await scene.edit(*_what_was_done(result, scene.t))
        case Enrolled():  # by a keypad of the Mini App, where alone the token is of use
            await _closed(scene, None)
        case KeypadClosed(intent_id):
            await _closed(scene, intent_id)
        case _:
            assert_never(result)


async def _go_on(scene: Scene, result: Tapped | NextKeypad | WrongPin) -> None:
    match result:
        case Tapped(keypad):
            await asyncio.gather(scene.answer(), _show_dots(scene, keypad))
        case NextKeypad(keypad, reason):
            await _redraw(scene, keypad, _why_next(reason, scene.t))
        case WrongPin(keypad, tries_left):
            await _redraw(scene, keypad, _wrong(tries_left, scene.t))


def _what_was_done(
    result: Operated | Erased | NotDone, t: Texts
) -> tuple[Markup, InlineKeyboardMarkup | None]:
    match result:
        case Operated(action):
            done = t("✅ <b>Done</b>, and written into the log.")
            return done, actions.where_next(action, t)
        case Erased():
            return erased(t), None
        case NotDone(error):
            return refusals.sentence(error, t), None


def erased(t: Texts) -> Markup:
    """What somebody is told last."""
    return t(
        "🗑 <b>Deleted.</b> I no longer know who you are. What was paid stays in the books, "
        "without your name and number. If you ever come back, /start begins anew."
    )


def _why_next(reason: NextReason, t: Texts) -> Markup | None:
    match reason:
        case NextReason.CURRENT_RIGHT:
            return t("✅ That was right. Now the new one.")
        case NextReason.REPEAT:
            return None
        case NextReason.MISMATCH:
            return t("⚠️ The two were not the same. Choose again.")
        case NextReason.WEAK:
            return t("⚠️ That one is too easy to guess. Choose another one.")


def _wrong(tries_left: int, t: Texts) -> Markup:
    return t.plural(
        "⚠️ Wrong PIN. {n} try left before it locks.",
        "⚠️ Wrong PIN. {n} tries left before it locks.",
        tries_left,
    )


def _locked(until: Millis, t: Texts) -> Markup:
    return t(
        "🔒 <b>Your PIN is locked</b>\nThere were too many wrong tries. "
        "You can try again from {until}. Your money is safe, nothing was paid.",
        until=t.moment(until),
    )


def _after_lock(intent_id: str | None, t: Texts) -> InlineKeyboardMarkup:
    back = [keyboards.button(t.plain("‹ Back to the payment"), "i", "card", intent_id or "")]
    return keyboards.rows(
        [keyboards.button(t.plain("I forgot my PIN"), "p", "forgot")], back if intent_id else []
    )


async def _pin_set(scene: Scene, intent_id: str | None) -> None:
    if intent_id is None:
        await scene.edit(
            scene.t("✅ <b>Your PIN is set.</b>\nYou will tap it each time you pay."),
            keyboards.main_menu(scene.t),
        )
        return
    await scene.answer(scene.t.plain("✅ Your PIN is set. Now your payment."))
    await _show_card(scene, intent_id)


async def _closed(scene: Scene, intent_id: str | None) -> None:
    await scene.answer(scene.t.plain("This keypad has closed. Here is where things stand."))
    if intent_id is None and scene.message is not None:  # a keypad that is long forgotten
        intent_id = await _shown_before(scene, scene.message)
    if intent_id is not None:
        await _show_card(scene, intent_id)
        return
    await scene.edit(
        scene.t("This keypad has closed. Your PIN is as it was."),
        keyboards.rows([keyboards.button(scene.t.plain("Open a new keypad"), "p", "begin")]),
    )


async def _shown_before(scene: Scene, message: Message) -> str | None:
    number = aside.number_of(message)
    if number is None:
        return await scene.chat.subject_shown(scene.chat_id, message.message_id)
    return await scene.chat.subject_shown(scene.chat_id, number, scene.person.id)


async def _show_card(scene: Scene, intent_id: str) -> None:
    intent = await scene.payments.intent(intent_id, scene.person.id)
    await pay.show_intent(scene, intent, edit=True)


# --- /pin ----------------------------------------------------------------------------------------


@handler
async def _command(scene: Scene) -> None:
    if not await start.led_away(scene, "pin"):
        await open_pin(scene)


async def open_pin(scene: Scene) -> None:
    """Shows what can be done about the PIN; begins with choosing one where there is none."""
    status = await scene.payments.pin_status(scene.person.id)
    if not status.is_set:
        await _begin(scene, edit=scene.query is not None)
        return
    html, markup = await _overview(scene)
    await (scene.edit(html, markup) if scene.query else scene.reply(html, markup))


async def _overview(scene: Scene) -> tuple[Markup, InlineKeyboardMarkup]:
    t = scene.t
    status = await scene.payments.pin_status(scene.person.id)
    close = [keyboards.button(t.plain("Close"), "p", "close")]
    if status.reset_at is not None and status.reset_at <= scene.now:
        return t(
            "🔑 <b>Your PIN</b>\nThe wait is over: you can choose a new PIN."
        ), keyboards.rows(
            [keyboards.primary(t.plain("Choose a new PIN"), "p", "begin")], [_keep(t)]
        )
    if status.reset_at is not None:
        return _waiting(status.reset_at, t), keyboards.rows([_keep(t)], close)
    forgot = [keyboards.button(t.plain("I forgot it"), "p", "forgot")]
    if status.locked_until is not None and status.locked_until > scene.now:
        return _locked(status.locked_until, t), keyboards.rows(forgot, close)
    change = [keyboards.button(t.plain("Change my PIN"), "p", "begin")]
    return t("🔑 <b>Your PIN</b>\nIt is set, and asked for each time you pay."), keyboards.rows(
        change, forgot, close
    )


def _waiting(reset_at: Millis, t: Texts) -> Markup:
    return t(
        "⏳ <b>A new PIN is on its way</b>\nYou can choose it from {moment}, with /pin. "
        "The wait gives the owner of this account time to notice. "
        "If it was not you, or you remember your PIN, stop it now.",
        moment=t.moment(reset_at),
    )


def _keep(t: Texts) -> InlineKeyboardButton:
    return keyboards.button(t.plain("That wasn't me / I remember it"), "p", "keep")


@handler
async def _button(scene: Scene) -> None:
    if await start.led_away(scene, "pin"):
        return
    verb, arguments = scene.pressed
    match verb:
        case "open":
            await open_pin(scene)
        case "begin":
            await _begin(scene, edit=True)
        case "forgot":
            await _confirm_forgotten(scene)
        case "forget":
            await _forget(scene)
        case "keep":
            await _keep_it(scene)
        case "stop":
            await _stop(scene, next(iter(arguments), ""))
        case "close":
            await scene.payments.close_keypad(scene.person.id)
            await scene.edit(scene.t("Closed. /pin opens it again."))
        case _:
            raise NotOpen("gone")


async def _begin(scene: Scene, *, edit: bool) -> None:
    await show_keypad(scene, await scene.payments.begin_pin(scene.person.id), edit=edit)


async def _confirm_forgotten(scene: Scene) -> None:
    t = scene.t
    await scene.edit(
        t(
            "<b>Forgot your PIN?</b>\nYou can choose a new one after a wait of {wait}. "
            "Until then nothing can be paid without the old one. Your money stays where it is.",
            wait=t.span(scene.payments.policy.pin_reset_ms),
        ),
        keyboards.rows(
            [keyboards.button(t.plain("Start the wait"), "p", "forget")],
            [keyboards.button(t.plain("‹ Back"), "p", "open")],
        ),
    )


async def _forget(scene: Scene) -> None:
    reset_at = await scene.payments.forget_pin(scene.person.id)
    await scene.edit(_waiting(reset_at, scene.t), keyboards.rows([_keep(scene.t)]))


async def _keep_it(scene: Scene) -> None:
    await scene.payments.keep_pin(scene.person.id)
    await scene.edit(
        scene.t(
            "👍 <b>Stopped.</b> Your PIN stays as it was. "
            "If it was not you who asked, look at your open Telegram sessions: "
            "Settings › Devices."
        )
    )


async def _stop(scene: Scene, intent_id: str) -> None:
    await scene.payments.close_keypad(scene.person.id)
    if intent_id:
        await _show_card(scene, intent_id)
        return
    await scene.edit(scene.t("Nothing was changed. /pin starts again."))
