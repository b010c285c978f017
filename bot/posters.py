"""A payment link to print: a poster as PDF, or the QR code alone for one's own design."""

from __future__ import annotations

from typing import Any

from telegram import InlineKeyboardButton
from telegram.ext import BaseHandler, CallbackQueryHandler

from bot import qr
from bot.callbacks import pattern
from bot.context import Scene, handler
from bot.keyboards import button
from bot.link_address import addresses_of
from bot.texts import Texts
from payments.errors import NotOpen, NotYours
from payments.models import Link, LinkState


def handlers() -> list[BaseHandler[Any, Any, Any]]:
    """The buttons that `buttons` makes."""
    return [CallbackQueryHandler(_pressed, pattern=pattern("q"))]


def buttons(link_id: str, t: Texts) -> list[InlineKeyboardButton]:
    """A row for the card of a link, which only its owner sees."""
    return [
        button(t.plain("Poster"), "q", "poster", link_id),
        button(t.plain("QR only"), "q", "plain", link_id),
    ]


@handler
async def _pressed(scene: Scene) -> None:
    match scene.pressed:
        case "poster", [link_id]:
            await _send_poster(scene, await _own(scene, link_id))
        case "plain", [link_id]:
            await _send_plain(scene, await _own(scene, link_id))
        case _:
            raise NotOpen("unknown")


async def _own(scene: Scene, link_id: str) -> Link:
    """The person's link; answers the button, since drawing takes a moment."""
    link = await scene.payments.link(link_id)
    if link.owner_id != scene.person.id:
        raise NotYours
    if link.state is LinkState.CLOSED:
        raise NotOpen(link.state.value)
    await scene.answer()
    return link


async def _send_poster(scene: Scene, link: Link) -> None:
    poster = await qr.make_poster(
        addresses_of(link.id, scene).best,
        name=scene.person.name,
        amount=link.terms.amount if link.terms.fixed else None,
        note=link.terms.note,
        hint=scene.t.plain("Scan to pay"),
        locale=str(scene.t.locale),
    )
    caption = scene.t.plain("To print: A4 for the wall, A5 for the table.")
    await scene.send_file(poster, "chatpay-poster.pdf", caption)


async def _send_plain(scene: Scene, link: Link) -> None:
    address = addresses_of(link.id, scene).best
    await scene.send_file(await qr.make_png(address), "chatpay-qr.png")
    await scene.send_file(await qr.make_svg(address), "chatpay-qr.svg")
