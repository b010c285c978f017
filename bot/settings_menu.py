"""`/settings`: a person's own choices, in one message that is edited in place."""

from __future__ import annotations

from typing import Any

from babel import Locale
from markupsafe import Markup
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, filters

from bot import cards, keyboards, prompts, start
from bot.callbacks import pattern
from bot.context import Scene, handler
from bot.texts import Texts, languages
from payments.errors import NotOpen
from payments.models import Person, Prompt, RequestsFrom

Screen = tuple[Markup, InlineKeyboardMarkup]


def handlers() -> list[BaseHandler[Any, Any, Any]]:
    """`/settings` and its buttons."""
    return [
        CommandHandler("settings", _command, filters=filters.UpdateType.MESSAGE),
        CallbackQueryHandler(_button, pattern=pattern("s")),
    ]


@handler
async def _command(scene: Scene) -> None:
    if not await start.led_away(scene, "settings"):
        await open_settings(scene)


async def open_settings(scene: Scene) -> None:
    """The menu, as a new message."""
    await scene.reply(*_menu(scene.person, scene.t))


@handler
async def _button(scene: Scene) -> None:
    verb, arguments = scene.pressed
    if await start.led_away(scene, "settings"):
        return
    match verb, arguments:
        case "menu", []:
            await scene.chat.answered(scene.person.id, scene.chat_id)
            await scene.edit(*_menu(scene.person, scene.t))
        case "name", []:
            await _ask_name(scene)
        case "language", []:
            await scene.edit(*_languages(scene))
        case "currency", []:
            await scene.edit(*_currencies(scene))
        case "requests", []:
            await scene.edit(*_requests_from(scene))
        case (("devices" | "blocked"), []):
            await scene.edit(*await (_devices if verb == "devices" else _blocked)(scene))
        case "close", []:
            await scene.chat.answered(scene.person.id, scene.chat_id)
            await scene.edit(scene.t("Settings are closed. /settings opens them again."))
        case _, [value]:
            await _choose(scene, verb, value)
        case _:
            raise NotOpen("gone")


async def _choose(scene: Scene, verb: str, value: str) -> None:
    """Stores a choice; anybody can send anything, so each value is looked at."""
    me = scene.person.id
    match verb:
        case "language" if value in languages():
            person = await scene.payments.choose(me, language=value)
        case "currency" if value in scene.payments.policy.currencies:
            person = await scene.payments.choose(me, currency=value)
        case "requests" if value in list(RequestsFrom):
            person = await scene.payments.choose(me, requests_from=RequestsFrom(value))
        case "undevice":
            await scene.payments.remove_device(value, me)
            await scene.answer(scene.t.plain("Removed. It can no longer approve anything."))
            await scene.edit(*await _devices(scene))
            return
        case "unblock" if value.isdecimal():
            await scene.payments.unblock(me, int(value))
            await scene.edit(*await _blocked(scene))
            return
        case _:
            raise NotOpen("gone")
    t = Texts(person.language)
    await scene.answer(t.plain("Saved."))
    await scene.edit(*_menu(person, t))


def _menu(person: Person, t: Texts) -> Screen:
    text = Markup("\n").join(
        [
            t("⚙️ <b>Settings</b>"),
            Markup(),
            t("Name: <b>{name}</b>", name=person.name),
            t("Language: <b>{language}</b>", language=_language_name(t.spoken)),
            t("Currency: <b>{currency}</b>", currency=_currency_name(person.currency, t)),
            t("May ask you for money: <b>{who}</b>", who=_who(person.requests_from, t)),
        ]
    )
    return text, keyboards.rows(
        [
            keyboards.button(t.plain("Name"), "s", "name"),
            keyboards.button(t.plain("Language"), "s", "language"),
        ],
        [
            keyboards.button(t.plain("Currency"), "s", "currency"),
            keyboards.button(t.plain("Requests"), "s", "requests"),
        ],
        [
            keyboards.button(t.plain("Phone"), "v", "phone"),
            keyboards.button(t.plain("Bank account"), "v", "bank"),
        ],
        [
            keyboards.button(t.plain("Blocked people"), "s", "blocked"),
            keyboards.button(t.plain("PIN"), "p", "open"),
        ],
        [keyboards.button(t.plain("Devices"), "s", "devices")],
        [keyboards.button(t.plain("Close"), "s", "close")],
    )


def _back(t: Texts) -> list[InlineKeyboardButton]:
    return [keyboards.button(t.plain("‹ Back"), "s", "menu")]


def _option(label: str, verb: str, value: str, *, chosen: bool) -> InlineKeyboardButton:
    return keyboards.button(f"✓ {label}" if chosen else label, "s", verb, value)


# --- the name ------------------------------------------------------------------------------------


async def _ask_name(scene: Scene) -> None:
    await scene.chat.ask(scene.person.id, scene.chat_id, "settings_name")
    await scene.edit(
        scene.t(
            "🙂 <b>What should people see?</b>\nNow it is <b>{name}</b>. Type another name.",
            name=scene.person.name,
        ),
        keyboards.rows(_back(scene.t)),
    )


@prompts.takes_text("settings_name")
async def _typed_name(scene: Scene, _: Prompt, text: str) -> None:
    name = start.read_name(text, scene.t)
    person = await scene.payments.choose(scene.person.id, name=name)
    await scene.reply(*_menu(person, scene.t))


# --- language and currency -----------------------------------------------------------------------


def _language_name(language: str) -> str:
    """A language in its own words, as people look for theirs."""
    locale = Locale.parse(language)
    name: str | None = locale.get_display_name(locale)
    return name.title() if name else language


def _languages(scene: Scene) -> Screen:
    t = scene.t
    options = [
        _option(
            _language_name(language),
            "language",
            language,
            chosen=language == t.spoken,
        )
        for language in languages()
    ]
    return t("🌍 <b>Language</b>"), keyboards.rows(*keyboards.in_rows_of(2, options), _back(t))


def _currency_name(currency: str, t: Texts) -> str:
    name = t.locale.currencies.get(currency, currency)
    return f"{name} ({currency})"


def _currencies(scene: Scene) -> Screen:
    t = scene.t
    options = [
        _option(
            _currency_name(currency, t),
            "currency",
            currency,
            chosen=currency == scene.person.currency,
        )
        for currency in scene.payments.policy.currencies
    ]
    return (
        t(
            "💱 <b>Currency</b>\nWhat an amount means when you name no other. "
            "Money that you have in another currency stays as it is."
        ),
        keyboards.rows(*([option] for option in options), _back(t)),
    )


# --- who may ask ---------------------------------------------------------------------------------


def _who(requests_from: RequestsFrom, t: Texts) -> str:
    match requests_from:
        case RequestsFrom.NOBODY:
            return t.plain("Nobody")
        case RequestsFrom.KNOWN:
            return t.plain("People I have paid or been paid by")
        case RequestsFrom.ANYONE:
            return t.plain("Anyone")


def _requests_from(scene: Scene) -> Screen:
    t = scene.t
    options = [
        _option(_who(who, t), "requests", who, chosen=who is scene.person.requests_from)
        for who in RequestsFrom
    ]
    return (
        t(
            "🙏 <b>Who may ask you for money?</b>\n"
            "A request never takes money by itself: you approve each one with your PIN."
        ),
        keyboards.rows(*([option] for option in options), _back(t)),
    )


async def _blocked(scene: Scene) -> Screen:
    t = scene.t
    people = await scene.payments.blocked(scene.person.id)
    if not people:
        return (
            t("🚫 <b>Blocked people</b>\nYou have blocked nobody."),
            keyboards.rows(_back(t)),
        )
    names = [Markup("• {}").format(t.named(cards.full_name(person))) for person in people]
    options = [
        keyboards.button(t.plain("Unblock {name}", name=person.name), "s", "unblock", person.id)
        for person in people
    ]
    return (
        Markup("\n").join([t("🚫 <b>Blocked people</b>\nThey cannot pay or ask you."), *names]),
        keyboards.rows(*([option] for option in options), _back(t)),
    )


# --- devices -------------------------------------------------------------------------------------


async def _devices(scene: Scene) -> Screen:
    t = scene.t
    devices = await scene.payments.devices(scene.person.id)
    if not devices:
        return (
            t(
                "📱 <b>Devices</b>\nNo device may approve payments for you. "
                "One is added in the app, with your PIN."
            ),
            keyboards.rows(_back(t)),
        )
    lines = [
        t("• <b>{device}</b>, since {day}", device=device.name, day=t.day(device.added_at))
        for device in devices
    ]
    options = [
        keyboards.button(
            t.plain("Remove {device}", device=device.name), "s", "undevice", device.id
        )
        for device in devices
    ]
    return (
        Markup("\n").join(
            [t("📱 <b>Devices</b>\nThey may approve small payments without your PIN."), *lines]
        ),
        keyboards.rows(*([option] for option in options), _back(t)),
    )
