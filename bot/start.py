"""The front door: `/start`, the terms, a name, and wherever a deep link leads.

Somebody new goes through the terms and a name first. Where the link led, or what they wrote behind
a command, is kept with the open question in the database, so that after the last step they arrive
there, even over a restart.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from markupsafe import Markup
from telegram import InlineKeyboardMarkup
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, filters

from bot import asked, keyboards, link, pay, payees, prompts, wallet
from bot import help as help_room
from bot.callbacks import pattern
from bot.context import Scene, handler
from bot.memory import draft_of
from bot.texts import Texts
from payments.models import Person, Prompt
from payments.names import clean_line
from payments.people import has_accepted

NAME_MOST = 64
"""Characters of a name."""

_ALWAYS_OPEN = ("balance", "history", "help")
"""What waits for nobody to accept new terms: the money is theirs, whatever they think of them."""
_ASIDE = ("balance", "history", "pin")
"""What is done with buttons alone, so that a group is no obstacle if nobody else sees it there."""
_WEEK_MINUTES = 7 * 24 * 60
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")


def handlers() -> list[BaseHandler[Any, Any, Any]]:
    """`/start` and the steps of the welcome."""
    return [
        CommandHandler("start", _start, filters=filters.UpdateType.MESSAGE),
        CallbackQueryHandler(_step, pattern=pattern("o")),
    ]


@handler
async def _start(scene: Scene) -> None:
    payload = scene.arguments if _PAYLOAD.fullmatch(scene.arguments) else ""
    if not scene.private:
        await scene.reply(
            scene.t(
                "👋 I help you pay and ask each other for money, right here in the chat. "
                "The rest happens between you and me."
            ),
            keyboards.in_private(scene.t, scene.bot.username, payload or "m_home"),
            to_message=True,
        )
    elif not await need_to_join(scene, payload):
        await arrive(scene, payload)


# --- where to go ---------------------------------------------------------------------------------


async def arrive(scene: Scene, payload: str) -> None:
    """Opens what a deep link leads to; the home card for none, or one that leads nowhere."""
    kind, _, subject_id = payload.partition("_")
    subjects: dict[str, Callable[[Scene, str], Awaitable[None]]] = {
        "i": pay.open_intent,
        "t": pay.open_to_type,
        "r": asked.open_request,
        "l": link.open_link,
        "c": pay.open_claim,
    }
    if subject_id and kind in subjects:
        await subjects[kind](scene, subject_id)
    elif kind == "m" and subject_id in help_room.places():
        await help_room.places()[subject_id](scene)
    else:
        await home(scene)


async def led_away(scene: Scene, place: str) -> bool:
    """Whether the person has to go elsewhere first, and was shown the way.

    From a group to the private chat, unless what is said there is said aside and needs no more
    than that; somebody new through the terms. In the end they arrive at `place`, one of
    `help.places()`.
    """
    payload = f"m_{place}"
    if scene.private or (scene.aside is not None and place in _ASIDE):
        if place in _ALWAYS_OPEN and scene.person.joined:
            return False
        return await need_to_join(scene, payload)
    if scene.aside is not None and scene.query is not None:
        await scene.lead(payload)
        return True
    await scene.show_way(
        scene.t("🤫 That is between you and me. Let's do it in our private chat."), payload
    )
    return True


async def need_to_join(
    scene: Scene, payload: str, *, words: Mapping[str, object] | None = None
) -> bool:
    """Whether the person has yet to accept the terms; then that was begun.

    Args:
        scene: any chat; from a group there is a button to the private one.
        payload: the start payload of what the person wanted, opened in the end.
        words: what they wrote of it, see `payees.words_of`; None if this is but the way on from
            where they wrote it.
    """
    if has_accepted(scene.person):
        return False
    if words is None:
        earlier, kept = await _wanted(scene)
        words = kept if earlier == payload else {}
    if words or scene.private:
        await _ask(scene, "join_terms", payload, words)
    if not scene.private:
        await scene.show_way(
            scene.t("📄 The terms have changed. Look at them in our private chat first.")
            if scene.person.joined
            else scene.t("👋 You are new here. It takes a minute to get started."),
            payload or "m_home",
        )
        return True
    html = _welcome(scene.t, sandbox=scene.payments.policy.sandbox, again=scene.person.joined)
    await scene.reply(html, _terms_buttons(scene.t))
    return True


async def home(scene: Scene) -> None:
    """What somebody sees who comes in: their money, and what to do with it."""
    t = scene.t
    lines = [
        t("👋 <b>Hello {name}</b>", name=scene.person.name),
        await wallet.summary(scene),
    ]
    status = await scene.payments.pin_status(scene.person.id)
    if not status.is_set:
        lines.append(t("To pay you need a PIN. Choosing one takes ten seconds."))
    await scene.reply(Markup("\n\n").join(lines), _home_buttons(scene, pin_is_set=status.is_set))


def _home_buttons(scene: Scene, *, pin_is_set: bool) -> InlineKeyboardMarkup:
    t, public_url = scene.t, scene.public_url
    app = [] if public_url is None else [keyboards.app_button(t.plain("Open Chatpay"), public_url)]
    choose = [keyboards.primary(t.plain("🔑 Choose a PIN"), "p", "begin")]
    more = [
        keyboards.button(t.plain("Balance"), "m", "balance"),
        keyboards.button(t.plain("History"), "m", "history"),
        keyboards.button(t.plain("Help"), "m", "help"),
    ]
    return keyboards.rows(
        [] if pin_is_set else choose, app, *keyboards.main_menu(t).inline_keyboard, more
    )


# --- the welcome ---------------------------------------------------------------------------------


def _welcome(t: Texts, *, sandbox: bool, again: bool) -> Markup:
    lines = [
        t(
            "📄 <b>The terms have changed</b>\n"
            "Your money is where it was. Before you go on, please accept them as they are now."
        )
        if again
        else t(
            "👋 <b>Welcome to Chatpay</b>\n"
            "Pay people and ask for money, right in the chat. Every payment is approved with "
            "a PIN that only you know."
        )
    ]
    if sandbox:
        lines.append(
            t("🧸 <b>This is play money.</b> Nothing here is worth anything: try all you like.")
        )
    lines.append(
        t(
            "The terms, in short:\n"
            "• You are 18 or over, and this account is yours alone.\n"
            "• A payment that you approve with your PIN is final.\n"
            "• People you pay see your name and @username.\n"
            "• We keep your payments for as long as the books must be kept.\n"
            "• We never ask for your PIN, and nobody from here ever will."
        )
    )
    return Markup("\n\n").join(lines)


def _terms(t: Texts, *, sandbox: bool) -> Markup:
    money = (
        t(
            "<b>Play money.</b> Amounts here stand for no real money. They cannot be bought, sold "
            "or paid out, and may be reset."
        )
        if sandbox
        else t(
            "<b>Your money.</b> Your balance is what we owe you. You can withdraw what is "
            "available at any time."
        )
    )
    return Markup("\n\n").join(
        [
            t("📄 <b>The terms</b>"),
            t(
                "<b>Who.</b> You are at least 18 years old and act for yourself. One account per "
                "person; do not let anybody else use it."
            ),
            money,
            t(
                "<b>Payments.</b> What you approve with your PIN is carried out at once and "
                "cannot be called back, except while nobody has accepted it. The person you paid "
                "can give it back. Check the name and the amount before you approve."
            ),
            t(
                "<b>Your PIN.</b> Tap it on the keypad only. Never type it, never tell it to "
                "anybody. After wrong tries it locks for a while."
            ),
            t(
                "<b>Your data.</b> We keep your Telegram id, name, username, settings and "
                "payments and, if you give them to us, your phone number and bank account. "
                "Whoever you pay or ask sees your name and username. We sell none of it."
            ),
        ]
    )


def _terms_buttons(t: Texts, *, read: bool = False) -> InlineKeyboardMarkup:
    later = [keyboards.button(t.plain("Not now"), "o", "later")]
    if not read:
        later.insert(0, keyboards.button(t.plain("Read the terms"), "o", "terms"))
    return keyboards.rows(
        [keyboards.primary(t.plain("I agree and I'm 18 or over"), "o", "agree")], later
    )


async def _ask(scene: Scene, expects: str, payload: str, words: Mapping[str, object]) -> None:
    """Asks in the private chat, wherever this is."""
    await scene.chat.ask(
        scene.person.id,
        scene.person.id,
        expects,
        subject_id=payload,
        draft=words,
        minutes=_WEEK_MINUTES,
    )


async def _wanted(scene: Scene) -> tuple[str, dict[str, object]]:
    """The payload of what brought this newcomer, and what they wrote of it."""
    prompt = await scene.chat.asked(scene.person.id, scene.person.id)
    if prompt is None or not prompt.expects.startswith("join_"):
        return "", {}
    return prompt.subject_id, draft_of(prompt)


@handler
async def _step(scene: Scene) -> None:
    verb, _ = scene.pressed
    if not scene.private:
        return
    if has_accepted(scene.person):
        await scene.answer(scene.t.plain("You are all set already."))
        return
    match verb:
        case "agree":
            await _agree(scene)
        case "name":
            await _join(scene, scene.person.name, *await _wanted(scene))
        case "terms":
            html = _terms(scene.t, sandbox=scene.payments.policy.sandbox)
            await scene.edit(html, _terms_buttons(scene.t, read=True))
        case "later":
            await scene.chat.answered(scene.person.id, scene.chat_id)
            await scene.edit(scene.t("No problem. Send /start whenever you like."))


async def _agree(scene: Scene) -> None:
    payload, words = await _wanted(scene)
    if scene.person.joined:  # the terms have changed; the name is known
        await _join(scene, scene.person.name, payload, words)
        return
    await _ask(scene, "join_name", payload, words)
    name = clean_name(scene.person.name)
    suggestion = [keyboards.primary(name, "o", "name")] if name else []
    await scene.edit(
        scene.t(
            "🙂 <b>What should people see?</b>\n"
            "This name is on every payment you make. Tap it, or type another one."
        ),
        keyboards.rows(suggestion),
    )


@prompts.takes_text("join_terms")
async def _typed_instead(scene: Scene, _: Prompt, __: str) -> None:
    raise prompts.AskAgain(
        scene.t("First tap one of the buttons above, please. /start shows them.")
    )


@prompts.takes_text("join_name")
async def _typed_name(scene: Scene, prompt: Prompt, text: str) -> None:
    await _join(scene, text, prompt.subject_id, draft_of(prompt))


def clean_name(text: str) -> str | None:
    """A name as it will be shown, without control and direction characters; None if it is none."""
    name = clean_line(text)
    if not 1 <= len(name) <= NAME_MOST or not any(c.isalpha() for c in name):
        return None
    return name


def read_name(text: str, t: Texts) -> str:
    """`clean_name` for what was typed.

    Raises:
        prompts.AskAgain: it is no name.
    """
    name = clean_name(text)
    if name is None:
        raise prompts.AskAgain(
            t("A name has 1 to {most} characters, with at least one letter.", most=NAME_MOST)
        )
    return name


async def _join(scene: Scene, typed: str, payload: str, words: Mapping[str, object]) -> None:
    name = read_name(typed, scene.t)
    person = await scene.payments.join(scene.person.id, name=name)
    await scene.chat.answered(scene.person.id, scene.chat_id)
    html, markup = await _joined(scene, person)
    await (scene.edit(html, markup) if scene.query else scene.reply(html, markup))
    begin = help_room.as_written().get(payload.removeprefix("m_")) if words else None
    if begin is not None:
        await begin(scene, payees.parts_kept(scene, words))
    elif payload and payload != "m_home":
        await arrive(scene, payload)


async def _joined(scene: Scene, person: Person) -> tuple[Markup, InlineKeyboardMarkup]:
    t = scene.t
    status = await scene.payments.pin_status(person.id)
    html = t("🎉 <b>You are in, {name}.</b>\nWhat would you like to do first?", name=person.name)
    if not status.is_set:
        html = t(
            "🎉 <b>You are in, {name}.</b>\n"
            "Choose a PIN now, and you are ready to pay. To be paid you need nothing more.",
            name=person.name,
        )
    return html, _home_buttons(scene, pin_is_set=status.is_set)
