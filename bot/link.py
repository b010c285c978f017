"""Being paid anywhere: `/link` makes a payment link, `/me` shows one's own; each with its QR code.

Whoever opens a link sees who its owner really is, as Telegram knows them, never a name that the
link carries, and approves with the PIN like any other payment.
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup
from telegram.constants import ParseMode
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, filters

from bot import (
    bank_app,
    cards,
    link_cards,
    link_options,
    pay,
    payees,
    prompts,
    qr,
    refusals,
    start,
)
from bot.callbacks import pattern
from bot.cards import Screen
from bot.context import Scene, edited, handler
from bot.keyboards import button, in_rows_of, quick_amounts, rows
from bot.link_address import addresses_of
from bot.memory import draft_of
from bot.parts import Parts
from bot.texts import Texts
from payments.errors import NotOpen, NotYours
from payments.models import Link, Person, Prompt
from payments.money import Doubt, Money, Unreadable

_SALES = 5
"""Payments on a page of who paid."""
_DIGITS_MOST = 9


def handlers() -> list[BaseHandler[Any, Any, Any]]:
    """`/link`, `/me` and the buttons of links."""
    return [
        CommandHandler("link", _link, filters=filters.UpdateType.MESSAGE),
        CommandHandler("me", _me, filters=filters.UpdateType.MESSAGE),
        CallbackQueryHandler(_pressed, pattern=pattern("l")),
    ]


@handler
async def _link(scene: Scene) -> None:
    if await start.need_to_join(scene, "m_link", words=payees.words_of(scene)):
        return
    if scene.private and not scene.arguments:
        await _list(scene)
    else:
        await begin_as_written(scene, payees.parts_of(scene))


async def begin_as_written(scene: Scene, parts: Parts) -> None:
    """Makes a link with what was written behind the command; asks for its amount if need be."""
    match parts.amount:
        case Money() as amount:
            await _make(scene, amount, parts.note)
        case Doubt(readings):
            await _ask_amount(scene, parts.note, readings=readings)
        case Unreadable(reason):
            await _ask_amount(scene, parts.note, problem=refusals.unreadable(reason, scene.t))
        case None:
            await _ask_amount(scene, parts.note)


@handler
async def _me(scene: Scene) -> None:
    if not await start.need_to_join(scene, "m_me"):
        await show_personal(scene)


async def begin(scene: Scene) -> None:
    """Starts a link of which nothing is known yet, in the private chat."""
    await _ask_amount(scene, "")


async def show_personal(scene: Scene) -> None:
    """Shows the person's own permanent link and its QR code."""
    await _show(scene, await scene.payments.personal_link(scene.person.id))


async def open_link(scene: Scene, link_id: str) -> None:
    """Shows the card to pay a link that was opened, or, to its owner, the link itself.

    Raises:
        NotYours: there is none.
        Expired: its time is up.
        NotOpen: it is closed, paused, or was paid as often as it takes.
    """
    link = await scene.payments.link(link_id)
    if link.owner_id == scene.person.id:
        await scene.reply(scene.t("This link is your own. Share it to be paid:"))
        await _show(scene, link)
        return
    intent = await scene.payments.pay_link(link_id, scene.person.id, origin=scene.origin)
    await pay.show_intent(scene, intent, edit=False)
    await bank_app.show(scene, link)


# --- making one ----------------------------------------------------------------------------------


async def _ask_amount(
    scene: Scene, note: str, *, readings: tuple[Money, ...] = (), problem: str | None = None
) -> None:
    t = scene.t
    amounts = readings or quick_amounts(scene.person.currency)
    if readings:
        how = cards.did_you_mean(readings, t)
    elif scene.private:
        how = t("Tap an amount or type one.")
    else:
        how = t("Tap an amount, or send it with the command: /link 12.50")
    html = cards.lines(
        None if problem is None else Markup("{}\n").format(problem),
        t("<b>A link to be paid by anyone.</b> For how much?"),
        how,
    )
    others = [
        button(t.plain("My permanent link"), "l", "me"),
        button(t.plain("My links"), "l", "mine"),
    ]
    await scene.chat.ask(scene.person.id, scene.chat_id, "link_amount", draft={"note": note})
    await scene.reply(
        html,
        rows(
            *in_rows_of(2, [button(t.money(m), "l", "sum", m.minor, m.currency) for m in amounts]),
            [button(t.plain("Whoever pays chooses"), "l", "any")],
            others if scene.private else [],
        ),
    )


@prompts.takes_amount("link_amount")
async def _amount_typed(scene: Scene, prompt: Prompt, amount: Money) -> None:
    await _make(scene, amount, str(draft_of(prompt)["note"]))


async def _amount_tapped(scene: Scene, amount: Money | None) -> None:
    prompt = await scene.chat.asked(scene.person.id, scene.chat_id)
    if prompt is None or prompt.expects != "link_amount":
        raise NotOpen("answered")
    await scene.chat.answered(scene.person.id, scene.chat_id)
    await _make(scene, amount, str(draft_of(prompt)["note"]))


async def _make(scene: Scene, amount: Money | None, note: str) -> None:
    link = await scene.payments.make_link(scene.person.id, amount=amount, note=note)
    await _show(scene, link)


# --- showing one ---------------------------------------------------------------------------------


async def _show(scene: Scene, link: Link) -> None:
    """Sends the link's picture, with the addresses and what can be done with it below."""
    picture = await draw(link, addresses_of(link.id, scene).best, scene.person, scene.t)
    await scene.send_photo(picture, *_card(scene, link))
    await bank_app.show(scene, link)


async def draw(link: Link, address: str, owner: Person, t: Texts) -> bytes:
    """The picture of a link, PNG: the QR code of an address of it, with whom and what it pays."""
    terms = link.terms
    return await qr.make_card(
        address,
        name=owner.name,
        amount=terms.amount if terms.fixed else None,
        note=terms.note,
        hint=t.plain("Scan to pay"),
        locale=str(t.locale),
    )


def _card(scene: Scene, link: Link) -> Screen:
    return link_cards.link_card(
        link,
        scene.person,
        addresses_of(link.id, scene),
        scene.t,
        private=scene.private,
        now=scene.now,
    )


async def _show_changed(scene: Scene, link: Link) -> None:
    """Brings up to date what is written below the picture whose button was pressed."""
    if scene.query is None:
        return
    query, (html, markup) = scene.query, _card(scene, link)
    await edited(
        lambda: query.edit_message_caption(html, parse_mode=ParseMode.HTML, reply_markup=markup)
    )


@handler
async def _pressed(scene: Scene) -> None:
    match scene.pressed:
        case "me", []:
            await show_personal(scene)
        case "mine", []:
            await _list(scene)
        case "new", []:
            await begin(scene)
        case "any", []:
            await _amount_tapped(scene, None)
        case "sum", [minor, currency] if (
            minor.isdecimal() and currency in scene.payments.policy.currencies
        ):
            await _amount_tapped(scene, Money(int(minor), currency))
        case "away", []:
            await scene.delete()
        case verb, [link_id, *values]:
            await _managed(scene, await _own(scene, link_id), verb, values)
        case _:
            raise NotOpen("unknown")


async def _managed(scene: Scene, link: Link, verb: str, values: list[str]) -> None:
    """What only the owner can do with a link."""
    by = scene.person.id
    if verb in {"arrived", "sum", "back"}:
        await _by_bank(scene, link, verb, values)
        return
    if verb in {"options", "again", "option", "set"}:
        await _optioned(scene, link, verb, values)
        return
    match verb, values:
        case "open", []:
            await _show(scene, link)
        case "done", []:
            await scene.delete()
            await _show(scene, link)
        case "pause", []:
            await _show_changed(scene, await scene.payments.pause_link(link.id, by))
        case "resume", []:
            await _show_changed(scene, await scene.payments.resume_link(link.id, by))
        case "close", []:
            await _show_changed(scene, await scene.payments.close_link(link.id, by))
        case "who", []:
            await _who_paid(scene, link, before=None)
        case "who", [before] if before.isdecimal():
            await _who_paid(scene, link, before=int(before))
        case _:
            raise NotOpen("unknown")


async def _optioned(scene: Scene, link: Link, verb: str, values: list[str]) -> None:
    """A button of the link's options."""
    match verb, values:
        case "options", []:
            await link_options.show(scene, link)
        case "again", []:
            await link_options.show_again(scene, link)
        case "option", [code]:
            await link_options.ask(scene, link, code)
        case "set", [code, value]:
            await link_options.choose(scene, link, code, value)
        case _:
            raise NotOpen("unknown")


async def _by_bank(scene: Scene, link: Link, verb: str, values: list[str]) -> None:
    """A button about payments that arrive at the owner's bank."""
    match verb, values:
        case "arrived", []:
            await bank_app.ask_arrived(scene, link)
            return
        case "sum", [] if link.terms.amount is not None:
            await bank_app.arrived_as_asked(scene, link, link.terms.amount)
        case "back", [number] if number.isdecimal() and len(number) <= _DIGITS_MOST:
            await scene.payments.correct_bank_sale(link.id, scene.person.id, int(number))
        case _:
            raise NotOpen("unknown")
    await _who_paid(scene, link, before=None)


async def _own(scene: Scene, link_id: str) -> Link:
    """The person's own link; what is done with it is between them and the bot."""
    link = await scene.payments.link(link_id)
    if link.owner_id != scene.person.id:
        raise NotYours
    return link


async def _who_paid(scene: Scene, link: Link, *, before: int | None) -> None:
    """Shows a page of payments: below the card in a message of its own, then in that message."""
    page = await scene.payments.sales(link.id, scene.person.id, before=before, limit=_SALES)
    screen = link_cards.sales(page, scene.t, before=before)
    if scene.message is not None and scene.message.photo:
        await scene.reply(*screen)
    else:
        await scene.edit(*screen)


async def _list(scene: Scene) -> None:
    links = await scene.payments.links(scene.person.id)
    await scene.reply(*link_cards.my_links([link for link in links if not link.personal], scene.t))
