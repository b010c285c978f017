"""`/help`, `/cancel`, the buttons of the main menu, and the one table of commands.

`COMMANDS` is what Telegram's command menu is told in each language, and what the README lists. A
command stands in it only if it exists and does its whole job.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from markupsafe import Markup
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    InlineKeyboardMarkup,
)
from telegram.error import BadRequest
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, filters

from bot import (
    gift,
    history,
    keyboards,
    link,
    pay,
    pin,
    privacy,
    request,
    settings_menu,
    start,
    wallet,
)
from bot.callbacks import pattern
from bot.context import Scene, handler
from bot.parts import Parts
from bot.texts import Texts, languages
from payments.errors import NotOpen


class Where(Enum):
    """In which chats a command does its job."""

    PRIVATE = "private"
    """In a group it only shows the way to the private chat."""
    ANYWHERE = "anywhere"
    ASIDE = "aside"
    """In a group too, where nobody else sees it and its answer, if the server can do that."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command that people can give."""

    name: str
    about: Callable[[Texts], str]
    """What it does, in the language of a catalogue, as plain text."""
    where: Where


COMMANDS = (
    Command("pay", lambda t: t.plain("Pay someone"), Where.ASIDE),
    Command("request", lambda t: t.plain("Ask someone for money"), Where.ANYWHERE),
    Command("split", lambda t: t.plain("Share a bill"), Where.ANYWHERE),
    Command("gift", lambda t: t.plain("Give money to whoever takes it first"), Where.ASIDE),
    Command("link", lambda t: t.plain("Your payment links and QR codes"), Where.ANYWHERE),
    Command("me", lambda t: t.plain("Your own link, for anybody to pay you"), Where.ANYWHERE),
    Command("balance", lambda t: t.plain("What you have"), Where.ASIDE),
    Command("history", lambda t: t.plain("What was paid, and receipts"), Where.ASIDE),
    Command("topup", lambda t: t.plain("Add money"), Where.PRIVATE),
    Command("withdraw", lambda t: t.plain("Move money to your bank"), Where.PRIVATE),
    Command("pin", lambda t: t.plain("Choose or change your PIN"), Where.PRIVATE),
    Command("settings", lambda t: t.plain("Name, language, currency, privacy"), Where.PRIVATE),
    Command("privacy", lambda t: t.plain("See or delete your data"), Where.PRIVATE),
    Command("cancel", lambda t: t.plain("Stop what you have begun"), Where.PRIVATE),
    Command("start", lambda t: t.plain("Begin, or come back to the start"), Where.ANYWHERE),
    Command("help", lambda t: t.plain("How it works"), Where.ANYWHERE),
)


def handlers() -> list[BaseHandler[Any, Any, Any]]:
    """`/help`, `/cancel`, and the main menu's buttons."""
    fresh = filters.UpdateType.MESSAGE
    return [
        CommandHandler("help", _help, filters=fresh),
        CommandHandler("cancel", _cancel, filters=fresh),
        CallbackQueryHandler(_menu, pattern=pattern("m")),
    ]


async def publish_commands(bot: Bot) -> None:
    """Tells Telegram which commands to offer: by language, in private chats and in groups."""
    for language in languages():
        t, code = Texts(language), code_of(language)
        await bot.set_my_commands(
            commands_in_private(t), scope=BotCommandScopeAllPrivateChats(), language_code=code
        )
        await _publish_in_groups(bot, t, code)


async def publish_description(bot: Bot) -> None:
    """Tells Telegram what to show in an empty chat, and with a shared link, if nobody has yet."""
    if (await bot.get_my_description()).description:
        return
    for language in reversed(languages()):  # English last: by it is seen that all are told
        t, code = Texts(language), code_of(language)
        short = t.plain("Pay people and ask for money, right in the chat.")
        whole = t.plain("Every payment is approved with a PIN that only you know.")
        await bot.set_my_short_description(short, language_code=code)
        await bot.set_my_description(f"{short}\n\n{whole}", language_code=code)


def commands_in_private(t: Texts) -> list[BotCommand]:
    """What Telegram offers in the private chat."""
    return [BotCommand(command.name, command.about(t)) for command in COMMANDS]


def code_of(language: str) -> str | None:
    """The language as Telegram files commands under it; None is for all that have none."""
    return None if language == "en" else language.partition("_")[0]


async def _publish_in_groups(bot: Bot, t: Texts, code: str | None) -> None:
    """Those of which nobody else should see anything are sent aside, where that is possible."""
    scope = BotCommandScopeAllGroupChats()
    offered = [command for command in COMMANDS if command.where is not Where.PRIVATE]
    plain = [BotCommand(command.name, command.about(t)) for command in offered]
    marked = [
        BotCommand(
            command.name,
            command.about(t),
            api_kwargs={"is_ephemeral": True} if command.where is Where.ASIDE else None,
        )
        for command in offered
    ]
    try:
        await bot.set_my_commands(marked, scope=scope, language_code=code)
    except BadRequest:  # a server from before Bot API 10.2
        await bot.set_my_commands(plain, scope=scope, language_code=code)


# --- help ----------------------------------------------------------------------------------------


@handler
async def _help(scene: Scene) -> None:
    if scene.private:
        await open_help(scene)
        return
    await scene.reply(
        scene.t(
            "<b>Pay:</b> reply to somebody with /pay 12.50, or write /pay @name 12.50 lunch.\n"
            "<b>Ask:</b> the same with /request.\n"
            "Your PIN and your balance stay between you and me."
        ),
        keyboards.in_private(scene.t, scene.bot.username, "help"),
        to_message=True,
    )


async def open_help(scene: Scene) -> None:
    """What can be done, by what a person wants."""
    await scene.reply(_guide(scene.t), _guide_buttons(scene.t))


def _guide(t: Texts) -> Markup:
    return Markup("\n\n").join(
        [
            t("<b>What would you like to do?</b>"),
            t(
                "💸 <b>Pay someone</b>\n"
                "/pay @bob 12.50 lunch\n"
                "In a group: reply to their message with /pay 12.50"
            ),
            t("🙏 <b>Ask for money</b>\n/request @bob 12.50 lunch"),
            t(
                "🧾 <b>Share a bill</b>\n"
                "/split 60 @bob @carol dinner asks each of them for an equal share."
            ),
            t("🎁 <b>Give</b>\n/gift 20 is for whoever takes it first, in a group or by a link."),
            t("🔗 <b>Be paid by anybody</b>\n/me is your own link and QR code, /link makes more."),
            t("💰 <b>See your money</b>\n/balance and /history, with a receipt for each payment."),
            t("🏦 <b>Move money in and out</b>\n/topup and /withdraw"),
            t("🔒 <b>Stay safe</b>\n/pin for your PIN, /settings for who may ask you for money."),
            t("🔏 <b>Your data</b>\n/privacy shows all that I know about you, or deletes it."),
            t("🛑 <b>Changed your mind?</b>\n/cancel stops what is not approved yet."),
        ]
    )


def _guide_buttons(t: Texts) -> InlineKeyboardMarkup:
    return keyboards.rows(
        *keyboards.main_menu(t).inline_keyboard,
        [
            keyboards.button(t.plain("Balance"), "m", "balance"),
            keyboards.button(t.plain("History"), "m", "history"),
            keyboards.button(t.plain("Settings"), "m", "settings"),
        ],
    )


@handler
async def _menu(scene: Scene) -> None:
    verb, _ = scene.pressed
    place = places().get(verb)
    if place is None:
        raise NotOpen("gone")
    if not await start.led_away(scene, verb):
        await place(scene)


# --- cancel --------------------------------------------------------------------------------------


@handler
async def _cancel(scene: Scene) -> None:
    if not await start.led_away(scene, "cancel"):
        await cancel_all(scene)


async def cancel_all(scene: Scene) -> None:
    """Stops what was begun and not approved: open cards, the keypad, an open question."""
    t = scene.t
    asked = await scene.chat.asked(scene.person.id, scene.chat_id)
    await scene.chat.answered(scene.person.id, scene.chat_id)
    await scene.payments.close_keypad(scene.person.id)
    cancelled = await scene.payments.cancel_open(scene.person.id)
    if cancelled:
        await scene.reply(
            t.plural(
                "🛑 Cancelled: {n} payment that was not approved yet. Nothing was paid.",
                "🛑 Cancelled: {n} payments that were not approved yet. Nothing was paid.",
                cancelled,
            )
        )
    elif asked:
        await scene.reply(t("🛑 Stopped. I no longer wait for your answer. Nothing was paid."))
    else:
        await scene.reply(t("There is nothing to cancel. Nothing is waiting for your PIN."))


def places() -> dict[str, Callable[[Scene], Awaitable[None]]]:
    """Where a button of the main menu, or the start payload `m_<place>`, leads in private."""
    return {
        "home": start.home,
        "pay": pay.begin,
        "request": request.begin,
        "split": request.begin_split,
        "gift": gift.begin,
        "link": link.begin,
        "me": link.show_personal,
        "balance": wallet.open_balance,
        "history": history.open_history,
        "topup": wallet.open_topup,
        "withdraw": wallet.open_withdraw,
        "pin": pin.open_pin,
        "settings": settings_menu.open_settings,
        "privacy": privacy.open_privacy,
        "help": open_help,
        "cancel": cancel_all,
    }


def as_written() -> dict[str, Callable[[Scene, Parts], Awaitable[None]]]:
    """Of these places, where what was written behind the command may come in later."""
    return {
        "gift": gift.begin_as_written,
        "link": link.begin_as_written,
        "pay": pay.begin_as_written,
        "request": request.begin_as_written,
        "split": request.begin_split_as_written,
    }
