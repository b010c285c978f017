"""Being paid anywhere: `/link` makes a payment link, `/me` shows one's own; each with its QR code.

Whoever opens a link sees who its owner really is, as Telegram knows them, never a name that the
link carries, and approves with the PIN like any other payment.
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup
from telegram import InlineKeyboardMarkup
from telegram.constants import ParseMode
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, filters

from bot import cards, pay, payees, prompts, qr, refusals, start
from bot.callbacks import pattern
from bot.cards import Screen
from bot.context import Scene, handler, patiently
from bot.keyboards import button, in_rows_of, quick_amounts, rows, start_url
from bot.memory import draft_of
from bot.texts import Texts
from payments.errors import NotOpen, NotYours
from payments.models import Link, LinkState, Person, Prompt
from payments.money import Doubt, Money, Unreadable


def handlers() -> list[BaseHandler[Any, Any, Any]]:
    """`/link`, `/me` and the buttons of links."""
    return [
        CommandHandler("link", _link, filters=filters.UpdateType.MESSAGE),
        CommandHandler("me", _me, filters=filters.UpdateType.MESSAGE),
        CallbackQueryHandler(_pressed, pattern=pattern("l")),
    ]


@handler
async def _link(scene: Scene) -> None:
    if await start.need_to_join(scene, "m_link"):
        return
    parts = payees.parts_of(scene)
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
        NotOpen: it is closed or paused.
    """
    link = await scene.payments.link(link_id)
    if link.owner_id == scene.person.id:
        await scene.reply(scene.t("This link is your own. Share it to be paid:"))
        await _show(scene, link)
        return
    intent = await scene.payments.pay_link(link_id, scene.person.id, origin=scene.origin)
    await pay.show_intent(scene, intent, edit=False)


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
    """Sends the link's picture, with the address and what can be done with it below."""
    address = start_url(scene.bot.username, f"l_{link.id}")
    picture = await qr.make_card(
        address,
        name=scene.person.name,
        amount=link.amount,
        note=link.note,
        hint=scene.t.plain("Scan to pay"),
        locale=str(scene.t.locale),
    )
    html, markup = _card(link, scene.person, address, scene.t)
    await patiently(
        lambda: scene.bot.send_photo(
            scene.chat_id,
            picture,
            caption=html,
            parse_mode=ParseMode.HTML,
            reply_markup=markup,
        )
    )


def _card(link: Link, owner: Person, address: str, t: Texts) -> Screen:
    kind = t("Your permanent link") if link.personal else t("A payment link")
    amount = t("any amount") if link.amount is None else t.money(link.amount)
    html = cards.lines(
        Markup("<b>{}</b> · {}").format(kind, amount),
        Markup("<i>{}</i>").format(link.note) if link.note else None,
        cards.full_name(owner),
        "",
    )
    if link.state is not LinkState.ACTIVE:
        return cards.lines(html, t("This link is closed: nobody can pay it any more.")), None
    return cards.lines(html, Markup("{}").format(address)), _buttons(link, address, t)


def _buttons(link: Link, address: str, t: Texts) -> InlineKeyboardMarkup:
    invitation = (
        t.plain("Pay me with Chatpay:")
        if link.amount is None
        else t.plain("Pay me {amount} with Chatpay:", amount=t.money(link.amount))
    )
    close = [] if link.personal else [button(t.plain("Close link"), "l", "close", link.id)]
    return rows(cards.sharing(address, invitation, t), close)


@handler
async def _pressed(scene: Scene) -> None:
    match scene.pressed:
        case "me", []:
            await show_personal(scene)
        case "mine", []:
            await _list(scene)
        case "any", []:
            await _amount_tapped(scene, None)
        case "sum", [minor, currency] if (
            minor.isdecimal() and currency in scene.payments.policy.currencies
        ):
            await _amount_tapped(scene, Money(int(minor), currency))
        case "open", [link_id]:
            await _show(scene, await _own(scene, link_id))
        case "close", [link_id]:
            await _close(scene, link_id)
        case _:
            raise NotOpen("unknown")


async def _own(scene: Scene, link_id: str) -> Link:
    link = await scene.payments.link(link_id)
    if link.owner_id != scene.person.id:
        raise NotYours
    return link


async def _close(scene: Scene, link_id: str) -> None:
    link = await scene.payments.close_link(link_id, scene.person.id)
    address = start_url(scene.bot.username, f"l_{link.id}")
    html, _ = _card(link, scene.person, address, scene.t)
    if scene.query is not None:
        await scene.query.edit_message_caption(html, parse_mode=ParseMode.HTML)


async def _list(scene: Scene) -> None:
    t = scene.t
    links = [link for link in await scene.payments.links(scene.person.id) if not link.personal]
    if not links:
        await scene.reply(t("You have no payment links yet. /link 12.50 lunch makes one."))
        return
    buttons = [button(_label(link, t), "l", "open", link.id) for link in links]
    await scene.reply(t("<b>Your payment links</b>"), rows(*in_rows_of(1, buttons)))


def _label(link: Link, t: Texts) -> str:
    amount = t.plain("any amount") if link.amount is None else t.money(link.amount)
    return f"{amount} · {link.note}" if link.note else amount
