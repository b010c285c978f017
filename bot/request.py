"""Asking for money: `/request`, and `/split`, which asks several for their shares of a bill.

Until it is sent, a request is a draft that lives with the open question (see `bot/memory.py`): one
a person and chat, named by a token in the card's buttons, so that the buttons of an older card do
nothing. Cards of requests that were sent come from the outbox, in every chat that shows them.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup
from telegram import InlineKeyboardButton
from telegram.error import BadRequest, Forbidden
from telegram.ext import (
    BaseHandler,
    CallbackQueryHandler,
    CommandHandler,
    MessageHandler,
    filters,
)

from bot import asked, cards, pay, payees, prompts, refusals, start
from bot.callbacks import pattern
from bot.cards import Screen
from bot.context import Scene, handler
from bot.keyboards import button, in_private, in_rows_of, primary, quick_amounts, rows
from bot.memory import draft_of
from bot.parts import Parts
from bot.texts import Texts
from payments.errors import NotOpen
from payments.models import Prompt, ReportReason
from payments.money import Doubt, Money, Unreadable
from payments.names import clean_line
from payments.requests import shares
from payments.service import PayeeRef, Payments


def handlers() -> list[BaseHandler[Any, Any, Any]]:
    """`/request` and `/split`, the people picked for them, and the buttons of their cards."""
    return [
        CommandHandler("request", _request, filters=filters.UpdateType.MESSAGE),
        CommandHandler("split", _split, filters=filters.UpdateType.MESSAGE),
        MessageHandler(payees.Picked(payees.PICKED_TO_ASK), _picked),
        CallbackQueryHandler(_pressed, pattern=pattern("r")),
    ]


# --- the draft -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A request that was not sent yet."""

    token: str
    payers: tuple[PayeeRef, ...] = ()
    anyone: bool = False
    """Whoever opens it may pay it."""
    amount: Money | None = None
    note: str = ""
    partial: bool = False
    split: bool = False
    """The amount is a bill's, of which each is asked for a share."""
    own_share: bool = True
    """Of a bill, whether one share is the person's own."""

    @property
    def place(self) -> str:
        """Where it begins anew."""
        return "m_split" if self.split else "m_request"

    @property
    def complete(self) -> bool:
        """Whether it can be sent."""
        return self.amount is not None and (self.anyone or bool(self.payers))

    def as_json(self) -> dict[str, object]:
        """As it is kept with the open question."""
        return {
            "payers": list(self.payers),
            "anyone": self.anyone,
            "amount": None if self.amount is None else [self.amount.minor, self.amount.currency],
            "note": self.note,
            "partial": self.partial,
            "split": self.split,
            "own_share": self.own_share,
        }

    @classmethod
    def of(cls, prompt: Prompt) -> Draft:
        """The draft kept with a question."""
        kept: dict[str, Any] = draft_of(prompt)
        return cls(
            token=prompt.subject_id,
            payers=tuple(kept["payers"]),
            anyone=kept["anyone"],
            amount=None if kept["amount"] is None else Money(*kept["amount"]),
            note=kept["note"],
            partial=kept["partial"],
            split=kept["split"],
            own_share=kept["own_share"],
        )


def _new(**parts: Any) -> Draft:
    return Draft(token=secrets.token_urlsafe(8), **parts)


@handler
async def _request(scene: Scene) -> None:
    await _begin_once_joined(scene, _new())


@handler
async def _split(scene: Scene) -> None:
    await _begin_once_joined(scene, _new(split=True))


async def _begin_once_joined(scene: Scene, draft: Draft) -> None:
    if not await start.need_to_join(scene, draft.place, words=payees.words_of(scene)):
        await _fill(scene, draft, payees.parts_of(scene))


async def begin_as_written(scene: Scene, parts: Parts) -> None:
    """Starts a request with what was written behind the command."""
    await _fill(scene, _new(), parts)


async def begin_split_as_written(scene: Scene, parts: Parts) -> None:
    """Starts to share a bill with what was written behind the command."""
    await _fill(scene, _new(split=True), parts)


async def _fill(scene: Scene, draft: Draft, parts: Parts) -> None:
    """Fills a new draft with what stands behind the command."""
    refs, problem = await payees.refer(scene, parts.payees)
    if not refs:
        problem = problem or payees.nobody_problem(scene, parts)
    refs, left_out = payees.without_self(scene, refs)
    problem = problem or left_out
    if isinstance(parts.amount, Unreadable):
        problem = problem or refusals.unreadable(parts.amount.reason, scene.t)
    amount = parts.amount if isinstance(parts.amount, Money) else None
    payers = await payees.identified(scene, refs)
    draft = replace(draft, payers=payers, amount=amount, note=parts.note)
    readings = parts.amount.readings if isinstance(parts.amount, Doubt) else ()
    if not scene.private and (refs or draft.split):
        await _go_private(scene, draft, problem=problem, readings=readings)
    else:
        await _show(scene, draft, edit=False, problem=problem, readings=readings)


async def begin(scene: Scene) -> None:
    """Starts a request of which nothing is known yet, in the private chat."""
    await _show(scene, _new(), edit=False)


async def begin_split(scene: Scene) -> None:
    """Starts to share a bill of which nothing is known yet, in the private chat."""
    await _show(scene, _new(split=True), edit=False)


async def _show(
    scene: Scene,
    draft: Draft,
    *,
    edit: bool,
    problem: str | None = None,
    readings: Sequence[Money] = (),
) -> None:
    """Shows what the draft says so far, or asks for what it lacks, and keeps it."""
    html, markup = await _kept_screen(scene, draft, problem, readings)
    await (scene.edit(html, markup) if edit else scene.reply(html, markup))


async def _kept_screen(
    scene: Scene, draft: Draft, problem: str | None, readings: Sequence[Money]
) -> Screen:
    if readings:
        expects, (html, markup) = "request_amount", _amount_question(scene, draft, readings)
    elif not draft.anyone and not draft.payers:
        expects, (html, markup) = "request_payer", await _payer_question(scene, draft)
    elif draft.amount is None:
        expects, (html, markup) = "request_amount", _amount_question(scene, draft)
    else:
        expects, (html, markup) = "request_ready", await _preview(scene, draft)
    if problem is not None:
        html = Markup("{}\n\n").format(problem) + html
    await _keep(scene, draft, expects)
    return html, markup


async def _keep(scene: Scene, draft: Draft, expects: str) -> None:
    await scene.chat.ask(
        scene.person.id, scene.chat_id, expects, subject_id=draft.token, draft=draft.as_json()
    )


async def _go_private(
    scene: Scene, draft: Draft, *, problem: str | None = None, readings: Sequence[Money] = ()
) -> None:
    """Whom somebody asks is nobody else's business: the card goes to the private chat."""
    screen = await _kept_screen(scene.in_private(), draft, problem, readings)
    try:
        await scene.tell(*screen)
    except (Forbidden, BadRequest) as error:
        if not pay.is_unreachable(error):
            raise
        html = scene.t("{name}, open our private chat and ask there.", name=scene.person.name)
    else:
        html = scene.t("{name}, go on in our private chat.", name=scene.person.name)
    await scene.reply(html, in_private(scene.t, scene.bot.username, draft.place))


# --- the draft's card ----------------------------------------------------------------------------


async def _payer_question(scene: Scene, draft: Draft) -> Screen:
    t = scene.t
    cancel = [button(t.plain("Cancel"), "r", "drop", draft.token)]
    so_far = None if draft.amount is None else Markup("<b>{}</b>").format(t.money(draft.amount))
    if not scene.private:
        return cards.lines(
            t("<b>{name}, whom do you ask?</b>", name=scene.person.name), so_far
        ), rows(
            [
                button(t.plain("Anyone here"), "r", "any", draft.token),
                button(t.plain("One person…"), "r", "alone", draft.token),
            ],
            cancel,
        )
    recent = [
        button(cards.short_name(person), "r", "to", draft.token, person.id)
        for person in await scene.payments.recent_payees(scene.person.id, 4)
    ]
    pick = button(t.plain("Pick from my contacts"), "r", "pick", draft.token)
    if draft.split:
        html = cards.lines(
            t("<b>Who shares it with you?</b>"),
            so_far,
            "",
            t("Pick them together, or type their names: @bob @carol"),
        )
        return html, rows([pick], cancel)
    html = cards.lines(
        t("<b>Whom do you ask?</b>"), so_far, "", t("Choose somebody, or type a @username.")
    )
    return html, rows(
        *in_rows_of(2, recent),
        [pick],
        [button(t.plain("Anyone, by a link"), "r", "any", draft.token)],
        [button(t.plain("My open requests"), "r", "mine")],
        cancel,
    )


def _amount_question(scene: Scene, draft: Draft, readings: Sequence[Money] = ()) -> Screen:
    t = scene.t
    amounts = readings or quick_amounts(scene.person.currency)
    if readings:
        how = cards.did_you_mean(readings, t)
    elif scene.private:
        how = t("Tap an amount or type one.")
    else:
        how = t("Tap an amount, or send it with the command: /request 12.50")
    if draft.split:
        question = t("<b>How much was it in all?</b>")
    else:
        question = t("<b>How much do you ask for?</b>")
    return cards.lines(question, how), rows(
        *in_rows_of(
            2, [button(t.money(m), "r", "sum", draft.token, m.minor, m.currency) for m in amounts]
        ),
        [button(t.plain("Cancel"), "r", "drop", draft.token)],
    )


async def _preview(scene: Scene, draft: Draft) -> Screen:
    t = scene.t
    if draft.amount is None:
        raise ValueError("a draft without an amount has no preview")
    amount = t.money(draft.amount)
    names = await _names(scene.payments, draft.payers)
    if draft.split:
        return _split_preview(draft, draft.amount, names, t)
    html = cards.lines(
        _asked(draft, amount, names, t=scene.t, private=scene.private),
        *([Markup("• {}").format(name) for name in names] if len(names) > 1 else []),
        Markup("<i>{}</i>").format(draft.note) if draft.note else None,
    )
    send = primary(t.plain("Ask for {amount}", amount=amount), "r", "send", draft.token)
    return html, rows(
        [send],
        [_parts_button(draft, scene)],
        _typed_changes(draft, t) if scene.private else [],
        [button(t.plain("Cancel"), "r", "drop", draft.token)],
    )


def _split_preview(draft: Draft, total: Money, names: Sequence[Markup], t: Texts) -> Screen:
    """What each is asked for, to the last minor unit, and what is left for whoever asks."""
    own, asked = shares(total, len(names), own_share=draft.own_share)
    n = len(names) + draft.own_share
    html = cards.lines(
        t.plural(
            "<b>{total}</b>, shared by {n} person",
            "<b>{total}</b>, shared by {n} people",
            n,
            total=t.money(total),
        ),
        *(
            t("• {name}: {share}", name=name, share=t.money(share))
            for name, share in zip(names, asked, strict=True)
        ),
        t("• You: {share}, which nobody is asked for", share=t.money(own))
        if draft.own_share
        else None,
        cards.note_line(draft.note),
    )
    on = t.plain("My own share: on") if draft.own_share else t.plain("My own share: off")
    send = primary(t.plain("Ask them"), "r", "send", draft.token)
    return html, rows(
        [send],
        [button(on, "r", "own", draft.token, int(not draft.own_share))],
        _typed_changes(draft, t),
        [button(t.plain("Cancel"), "r", "drop", draft.token)],
    )


def _asked(
    draft: Draft, amount: str, names: Sequence[Markup], *, t: Texts, private: bool
) -> Markup:
    if draft.anyone and private:
        return t("Ask anyone who opens your link for <b>{amount}</b>", amount=amount)
    if draft.anyone:
        return t("Ask anyone here for <b>{amount}</b>", amount=amount)
    if len(names) > 1:
        return t("Ask each of them for <b>{amount}</b>", amount=amount)
    return t("Ask {payer} for <b>{amount}</b>", payer=names[0], amount=amount)


def _parts_button(draft: Draft, scene: Scene) -> InlineKeyboardButton:
    if draft.partial:
        return button(scene.t.plain("Allow part payments: on"), "r", "parts", draft.token, 0)
    return button(scene.t.plain("Allow part payments: off"), "r", "parts", draft.token, 1)


def _typed_changes(draft: Draft, t: Texts) -> list[InlineKeyboardButton]:
    words = t.plain("Change the note") if draft.note else t.plain("Add a note")
    return [
        button(t.plain("Change amount"), "r", "amount", draft.token),
        button(words, "r", "note", draft.token),
    ]


async def _names(payments: Payments, refs: Sequence[PayeeRef]) -> list[Markup]:
    people = await payments.people([ref for ref in refs if isinstance(ref, int)])
    return [
        Markup("@{}").format(ref) if isinstance(ref, str) else cards.full_name(people[ref])
        for ref in refs
    ]


# --- what is typed or picked ---------------------------------------------------------------------


@handler
async def _picked(scene: Scene) -> None:
    refs = tuple(await payees.picked(scene))
    await payees.put_picker_away(scene)
    prompt = await scene.chat.asked(scene.person.id, scene.chat_id)
    is_ours = prompt is not None and prompt.expects == "request_payer"
    draft = Draft.of(prompt) if prompt is not None and is_ours else _new()
    await _show(scene, replace(draft, payers=refs), edit=False)


@prompts.takes_text("request_payer")
async def _payer_typed(scene: Scene, prompt: Prompt, text: str) -> None:
    named = payees.parts_of(scene).payees or payees.typed_username(text)
    refs, problem = await payees.refer(scene, named)
    if problem is not None:
        raise prompts.AskAgain(problem)
    if not refs:
        raise prompts.AskAgain(scene.t.plain("Type a @username, such as @bob, or choose above."))
    await payees.put_picker_away(scene)
    payers = await payees.identified(scene, refs)
    await _show(scene, replace(Draft.of(prompt), payers=payers), edit=False)


@prompts.takes_amount("request_amount")
async def _amount_typed(scene: Scene, prompt: Prompt, amount: Money) -> None:
    await _show(scene, replace(Draft.of(prompt), amount=amount), edit=False)


@prompts.takes_text("request_note")
async def _note_typed(scene: Scene, prompt: Prompt, text: str) -> None:
    await _show(scene, replace(Draft.of(prompt), note=clean_line(text)), edit=False)


@prompts.takes_text("request_ready")
async def _typed_instead(scene: Scene, prompt: Prompt, _: str) -> None:
    if Draft.of(prompt).split:
        raise prompts.AskAgain(
            scene.t.plain("Your bill is ready: tap “Ask them” on its card, or send /cancel.")
        )
    raise prompts.AskAgain(
        scene.t.plain("Your request is ready: tap “Ask for …” on its card, or send /cancel.")
    )


# --- buttons -------------------------------------------------------------------------------------


@handler
async def _pressed(scene: Scene) -> None:
    match scene.pressed:
        case (("pay" | "part" | "decline" | "block"), [request_id]):
            await asked.answer(scene, request_id)
        case "unreport", [request_id]:
            await asked.refresh(scene, request_id)
        case "report", [request_id]:
            await asked.ask_reason(scene, request_id)
        case "report", [request_id, reason] if reason in list(ReportReason):
            await asked.report(scene, request_id, ReportReason(reason))
        case (("remind" | "cancel" | "qr"), [request_id]):
            await asked.manage(scene, request_id)
        case "open", [request_id]:
            await asked.open_request(scene, request_id)
        case "mine", []:
            await asked.show_open(scene)
        case _, [token, *values]:
            await _change_draft(scene, token, values)
        case _:
            raise NotOpen("unknown")


async def _change_draft(scene: Scene, token: str, values: list[str]) -> None:
    prompt = await scene.chat.asked(scene.person.id, scene.chat_id)
    if prompt is None or prompt.subject_id != token:
        await scene.answer(
            scene.t.plain(
                "This card is somebody else's, or out of date. /request makes a new one."
            ),
            alert=True,
        )
        return
    draft = Draft.of(prompt)
    verb, _ = scene.pressed
    match verb, values:
        case "to", [person_id] if person_id.isdecimal():
            await _show(scene, replace(draft, payers=(int(person_id),)), edit=True)
        case "any", []:
            await _show(scene, replace(draft, anyone=True, payers=()), edit=True)
        case "sum", [minor, currency] if (
            minor.isdecimal() and currency in scene.payments.policy.currencies
        ):
            await _show(scene, replace(draft, amount=Money(int(minor), currency)), edit=True)
        case "parts", [partial]:
            await _show(scene, replace(draft, partial=partial == "1"), edit=True)
        case "own", [own_share]:
            await _show(scene, replace(draft, own_share=own_share == "1"), edit=True)
        case _, []:
            await _on_draft(scene, draft)
        case _:
            raise NotOpen("unknown")


async def _on_draft(scene: Scene, draft: Draft) -> None:
    t = scene.t
    verb, _ = scene.pressed
    match verb:
        case "pick":
            await payees.offer_picker(scene, payees.PICKED_TO_ASK)
        case "alone":
            await scene.delete()
            await _go_private(scene, draft)
        case "amount":
            await _keep(scene, draft, "request_amount")
            await scene.edit(*_amount_question(scene, draft))
        case "note":
            await _keep(scene, draft, "request_note")
            await scene.edit(t("<b>What is it for?</b>\nType a few words."))
        case "send":
            await _send(scene, draft)
        case "drop":
            await scene.chat.answered(scene.person.id, scene.chat_id)
            await scene.edit(t("<b>Cancelled.</b> Nobody was asked."))
            await payees.put_picker_away(scene)
        case _:
            raise NotOpen("unknown")


async def _send(scene: Scene, draft: Draft) -> None:
    """Sends the request; the outbox brings its cards, and the draft's makes way for them."""
    if draft.amount is None or not draft.complete:
        raise NotOpen("draft")
    origin = f"request:{draft.token}"
    if draft.split:
        await scene.payments.split(
            scene.person.id,
            payers=draft.payers,
            total=draft.amount,
            own_share=draft.own_share,
            note=draft.note,
            origin=origin,
        )
    else:
        await scene.payments.request(
            scene.person.id,
            payers=draft.payers,
            amount=draft.amount,
            note=draft.note,
            partial=draft.partial,
            group_id=None if scene.private else scene.chat_id,
            origin=origin,
        )
    await scene.chat.answered(scene.person.id, scene.chat_id)
    await scene.answer(scene.t.plain("Asked."))
    await scene.delete()
