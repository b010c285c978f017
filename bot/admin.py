"""`/admin`: what operators see and do, in their private chat with the bot.

For anybody else the command and its buttons do not exist. Every action asks for a typed reason,
then for the operator's own PIN, on a keypad that approves exactly this action.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import structlog
from markupsafe import Markup
from telegram import Bot, BotCommand, BotCommandScopeChat, InlineKeyboardMarkup
from telegram.error import BadRequest, Forbidden
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, filters

from bot import actions, cards, keyboards, pin, prompts
from bot import help as help_room
from bot.callbacks import pattern
from bot.context import NotForUs, Scene, handler
from bot.memory import draft_of
from bot.texts import Texts, languages
from payments.errors import NotOpen, UnknownPerson
from payments.models import (
    ActionKind,
    OperatorAction,
    Payment,
    Person,
    PersonId,
    Prompt,
    ReportReason,
)
from payments.money import Money

Screen = tuple[Markup, InlineKeyboardMarkup]

_PERSON, _REASON = "admin_person", "admin_reason"

log = structlog.get_logger(__name__)


def handlers() -> list[BaseHandler[Any, Any, Any]]:
    """`/admin` and its buttons."""
    return [
        CommandHandler("admin", _command, filters=filters.UpdateType.MESSAGE),
        CallbackQueryHandler(_button, pattern=pattern("x")),
    ]


async def publish_command(bot: Bot, operators: Iterable[PersonId]) -> None:
    """Tells Telegram to offer `/admin`, too, in each operator's private chat, and nowhere else."""
    for operator in operators:
        try:
            await _publish_to(bot, operator)
        except (BadRequest, Forbidden) as error:  # who never pressed Start has no such chat
            log.warning("operator_has_no_menu", error=type(error).__name__)


async def _publish_to(bot: Bot, operator: PersonId) -> None:
    for language in languages():
        t = Texts(language)
        admin = BotCommand("admin", t.plain("Look after people and payments"))
        await bot.set_my_commands(
            [*help_room.commands_in_private(t), admin],
            scope=BotCommandScopeChat(operator),
            language_code=help_room.code_of(language),
        )


@handler
async def _command(scene: Scene) -> None:
    if not _is_at_home(scene):
        raise NotForUs
    await scene.reply(*await _home(scene))


def _is_at_home(scene: Scene) -> bool:
    """Whether this is an operator, in private: to anybody else this room is not there."""
    return scene.private and scene.payments.is_operator(scene.person.id)


@handler
async def _button(scene: Scene) -> None:
    if not _is_at_home(scene):
        raise NotOpen("gone")
    verb, arguments = scene.pressed
    match verb, arguments:
        case "home", []:
            await scene.chat.answered(scene.person.id, scene.chat_id)
            await scene.edit(*await _home(scene))
        case "reports", []:
            await scene.edit(*await _reports(scene))
        case "health", []:
            await scene.edit(*await _health(scene))
        case "log", []:
            await scene.edit(*await _log(scene))
        case "find", []:
            await scene.chat.ask(scene.person.id, scene.chat_id, _PERSON)
            await scene.edit(
                scene.t("🔎 Type the @name or the number of the person."), _back(scene.t)
            )
        case "person", [person_id] if person_id.isdecimal():
            await scene.edit(*await _person(scene, await _known(scene, int(person_id))))
        case "do", [kind, subject] if kind in list(ActionKind):
            await _ask_reason(scene, ActionKind(kind), subject)
        case _:
            raise NotOpen("gone")


async def _home(scene: Scene) -> Screen:
    t = scene.t
    paused = (await scene.payments.stops()).paused
    state = t("⏸ All payments are paused.") if paused else t("Payments go through.")
    switch = (
        keyboards.button(t.plain("Resume payments"), "x", "do", ActionKind.RESUME.value, "")
        if paused
        else keyboards.button(t.plain("Pause payments"), "x", "do", ActionKind.PAUSE.value, "")
    )
    return cards.lines(t("🛡 <b>Operators</b>"), state), keyboards.rows(
        [
            keyboards.button(t.plain("Reports"), "x", "reports"),
            keyboards.button(t.plain("Find a person"), "x", "find"),
        ],
        [
            keyboards.button(t.plain("Health"), "x", "health"),
            keyboards.button(t.plain("Log"), "x", "log"),
        ],
        [switch],
    )


def _back(t: Texts) -> InlineKeyboardMarkup:
    return keyboards.rows([keyboards.button(t.plain("‹ Back"), "x", "home")])


# --- looking -------------------------------------------------------------------------------------


async def _reports(scene: Scene) -> Screen:
    t = scene.t
    reports = await scene.payments.reports(scene.person.id)
    if not reports:
        return t("🚩 <b>Reports</b>\nNobody has reported anything."), _back(t)
    people = await scene.payments.people({report.reported_id for report in reports})
    said = []
    rows = []
    for number, report in enumerate(reports, start=1):
        reported = people[report.reported_id]
        said.append(
            t(
                "{number}. {person}: {reason}, {moment}",
                number=number,
                person=actions.whom(reported),
                reason=_reason(report.reason, t),
                moment=t.moment(report.reported_at),
            )
        )
        close = ActionKind.CLOSE_REPORT.value
        rows.append(
            [
                keyboards.button(
                    t.plain("{number}. Show", number=number), "x", "person", reported.id
                ),
                keyboards.button(
                    t.plain("{number}. Close", number=number), "x", "do", close, report.request_id
                ),
            ]
        )
    return cards.lines(t("🚩 <b>Reports</b>"), *said), keyboards.rows(
        *rows, [keyboards.button(t.plain("‹ Back"), "x", "home")]
    )


def _reason(reason: ReportReason, t: Texts) -> str:
    match reason:
        case ReportReason.STRANGER:
            return t.plain("a stranger")
        case ReportReason.SCAM:
            return t.plain("a scam")
        case ReportReason.ABUSE:
            return t.plain("threats or insults")


async def _health(scene: Scene) -> Screen:
    t = scene.t
    health = await scene.payments.health(scene.person.id)
    books = (
        t("❌ The books do not add up in {n} currencies.", n=health.unbalanced)
        if health.unbalanced
        else t("✅ The books add up.")
    )
    return cards.lines(
        t("🩺 <b>Health</b>"),
        books,
        t("Messages waiting to be sent: {n}", n=health.waiting),
        t("Messages that can never be sent: {n}", n=health.buried),
        t("Updates not handled yet: {n}", n=health.arrived),
    ), _back(t)


async def _log(scene: Scene) -> Screen:
    t = scene.t
    said = [
        t(
            "{moment}, {operator}: {what}. {reason}",
            moment=t.moment(line.done_at),
            operator=line.operator_id,
            what=await actions.what(scene, line.action),
            reason=line.action.reason,
        )
        for line in await scene.payments.operator_log(scene.person.id)
    ]
    return cards.lines(t("📜 <b>Log</b>"), *(said or [t("Nothing yet.")])), _back(t)


# --- one person ----------------------------------------------------------------------------------


@prompts.takes_text(_PERSON)
async def _typed_person(scene: Scene, _: Prompt, text: str) -> None:
    text = text.strip()
    person = (
        await scene.payments.person(int(text))
        if text.isdecimal()
        else await scene.payments.by_username(text)
    )
    if person is None:
        raise prompts.AskAgain(scene.t("I do not know anybody by that name or number."))
    await scene.reply(*await _person(scene, person))


async def _known(scene: Scene, person_id: int) -> Person:
    person = await scene.payments.person(person_id)
    if person is None:
        raise UnknownPerson
    return person


async def _person(scene: Scene, person: Person) -> Screen:
    """Who it is, whether their payments are stopped, and what could be given back."""
    t = scene.t
    frozen = person.id in (await scene.payments.stops([person.id])).frozen
    payments = await scene.payments.received_by(person.id, scene.person.id)
    payers = await scene.payments.people({payment.payer_id for payment in payments})
    joined = t.moment(person.joined_at) if person.joined_at else t.plain("not yet")
    kind = ActionKind.UNFREEZE if frozen else ActionKind.FREEZE
    label = t.plain("Unfreeze") if frozen else t.plain("Freeze")
    refunds = [
        [_refund_button(payment, payers[payment.payer_id], t)]
        for payment in payments
        if not payers[payment.payer_id].gone
    ]
    return cards.lines(
        t("👤 <b>{person}</b>", person=actions.whom(person)),
        t("Joined: {moment}", moment=joined),
        t("🧊 Frozen: pays nothing, and is paid nothing.") if frozen else None,
        t("Payments that can be given back:") if refunds else None,
    ), keyboards.rows(
        *refunds,
        [keyboards.button(label, "x", "do", kind.value, person.id)],
        [keyboards.button(t.plain("‹ Back"), "x", "home")],
    )


def _refund_button(payment: Payment, payer: Person, t: Texts) -> Any:
    left = Money(payment.amount.minor - payment.refunded_minor, payment.currency)
    label = t.plain("↩︎ {amount} to {payer}", amount=t.money(left), payer=payer.name)
    return keyboards.button(label, "x", "do", ActionKind.REFUND.value, payment.id)


# --- doing ---------------------------------------------------------------------------------------


async def _ask_reason(scene: Scene, kind: ActionKind, subject: str) -> None:
    person_id = int(subject) if subject.isdecimal() else None
    action = OperatorAction(kind, subject, person_id, "")
    await scene.chat.ask(
        scene.person.id,
        scene.chat_id,
        _REASON,
        subject_id=subject,
        draft={"kind": kind.value},
    )
    await scene.edit(
        scene.t(
            "🛡 <b>{what}</b>\nWhy? Type the reason; it goes into the log.",
            what=await actions.what(scene, action),
        ),
        _back(scene.t),
    )


@prompts.takes_text(_REASON)
async def _typed_reason(scene: Scene, prompt: Prompt, text: str) -> None:
    kind = ActionKind(str(draft_of(prompt)["kind"]))
    subject = prompt.subject_id
    person_id = int(subject) if subject.isdecimal() else None
    action = OperatorAction(kind, subject, person_id, text)
    keypad = await scene.payments.begin_action(scene.person.id, action)
    await pin.show_keypad(scene, keypad, edit=False)
