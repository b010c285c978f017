"""`/privacy`: a person sees all that is known about them, and can have it deleted."""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup
from telegram import InlineKeyboardMarkup
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, filters

from bot import keyboards, pin, start
from bot.callbacks import pattern
from bot.context import Scene, handler
from bot.texts import Texts
from payments.errors import NotOpen

Screen = tuple[Markup, InlineKeyboardMarkup]


def handlers() -> list[BaseHandler[Any, Any, Any]]:
    """`/privacy` and its buttons."""
    return [
        CommandHandler("privacy", _command, filters=filters.UpdateType.MESSAGE),
        CallbackQueryHandler(_button, pattern=pattern("y")),
    ]


@handler
async def _command(scene: Scene) -> None:
    if not await start.led_away(scene, "privacy"):
        await open_privacy(scene)


async def open_privacy(scene: Scene) -> None:
    """What can be done, as a new message."""
    await scene.reply(*_menu(scene.t))


@handler
async def _button(scene: Scene) -> None:
    if await start.led_away(scene, "privacy"):
        return
    match scene.pressed:
        case "menu", []:
            await scene.payments.close_keypad(scene.person.id)
            await scene.edit(*_menu(scene.t))
        case "export", []:
            await _send_all(scene)
        case "delete", []:
            await _confirm(scene)
        case "erase", []:
            await _erase(scene)
        case _:
            raise NotOpen("gone")


def _menu(t: Texts) -> Screen:
    return t(
        "🔏 <b>Your data</b>\n"
        "You can have a copy of all that I know about you, or have it deleted. What was paid "
        "stays in the books, then without your name and number."
    ), keyboards.rows(
        [keyboards.button(t.plain("Send me a copy"), "y", "export")],
        [keyboards.button(t.plain("Delete my account"), "y", "delete")],
    )


async def _send_all(scene: Scene) -> None:
    known = await scene.payments.known_about(scene.person.id)
    content = json.dumps(known, ensure_ascii=False, indent=2).encode()
    await scene.send_file(
        content,
        "chatpay-my-data.json",
        scene.t.plain("All that I know about you. Keep it to yourself."),
    )


async def _confirm(scene: Scene) -> None:
    await scene.payments.refuse_leftovers(scene.person.id)
    t = scene.t
    await scene.edit(
        t(
            "🗑 <b>Delete your account?</b>\n"
            "Your name, phone number, bank account, notes, PIN and devices go for good. "
            "This cannot be undone."
        ),
        keyboards.rows(
            [keyboards.button(t.plain("Yes, delete everything"), "y", "erase")],
            [keyboards.button(t.plain("‹ Back"), "y", "menu")],
        ),
    )


async def _erase(scene: Scene) -> None:
    keypad = await scene.payments.begin_erasing(scene.person.id)
    if keypad is None:
        await scene.edit(pin.erased(scene.t))
        return
    await pin.show_keypad(scene, keypad, edit=True)
