"""Photos of QR codes, in the private chat: our own are opened, others are explained.

Nothing that a picture or a code says is kept or logged, and no address in it is ever opened. A
picture without any code is left to a host application.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from markupsafe import Markup
from telegram import Document, PhotoSize
from telegram.error import BadRequest
from telegram.ext import BaseHandler, MessageHandler, filters

from bot import foreign, qr, start
from bot.context import NotForUs, Scene, handler, patiently
from bot.keyboards import in_rows_of, link_button, rows, start_url
from bot.link_address import link_on_page
from bot.texts import Texts

EXPLAINED_MOST = 3
"""Of a picture full of strangers' codes so many are explained."""

_PICTURE = (
    filters.ChatType.PRIVATE
    & filters.UpdateType.MESSAGE
    & (filters.PHOTO | filters.Document.IMAGE)
)
_HOSTS = frozenset({"t.me", "www.t.me", "telegram.me", "telegram.dog"})
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")


def handlers() -> list[BaseHandler[Any, Any, Any]]:
    """Photos, and pictures that are sent as files."""
    return [MessageHandler(_PICTURE, _seen)]


def hints() -> list[BaseHandler[Any, Any, Any]]:
    """What is said to a picture without a code, by a bot that is Chatpay alone."""
    return [MessageHandler(_PICTURE, _nothing_found)]


@handler
async def _seen(scene: Scene) -> None:
    codes = await _codes(scene)
    if not codes:
        raise NotForUs
    payloads = [_payload(code.text, scene) for code in codes]
    ours = list(dict.fromkeys(payload for payload in payloads if payload is not None))
    if len(ours) == 1:
        await _open(scene, ours[0])
    elif ours:
        await _offer(scene, ours)
    else:
        html = [foreign.explain(code, scene.t) for code in codes[:EXPLAINED_MOST]]
        await scene.reply(Markup("\n\n").join(html), to_message=True)


@handler
async def _nothing_found(scene: Scene) -> None:
    t = scene.t
    file = _file(scene)
    if file is not None and (file.file_size or 0) > qr.BYTES_MOST:
        await scene.reply(
            t("That picture is too large for me. Send it as a photo instead of a file."),
            to_message=True,
        )
        return
    await scene.reply(
        t(
            "I found no QR code that I can read in this picture. Try again closer, straight "
            "from the front and in good light. A PNG, JPEG or WebP will do."
        ),
        to_message=True,
    )


def _payload(text: str, scene: Scene) -> str | None:
    """As `own_payload`, also for the page of a payment link."""
    link_id = link_on_page(text, scene.public_url)
    return own_payload(text, scene.bot.username) if link_id is None else f"l_{link_id}"


def own_payload(text: str, bot_username: str) -> str | None:
    """Where a code leads in this bot, "" for its front door; None if it is not this bot's."""
    try:
        address = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError:  # no address at all, such as one with half a bracket
        return None
    query = parse_qs(address.query)
    if address.scheme == "tg" and address.netloc == "resolve":
        username = query.get("domain", [""])[0]
    elif address.scheme in {"http", "https"} and address.netloc.lower() in _HOSTS:
        username = address.path.strip("/")
    else:
        return None
    if username.lower() != bot_username.lower():
        return None
    payload = query.get("start", [""])[0]
    return payload if _PAYLOAD.fullmatch(payload) else ""


async def _open(scene: Scene, payload: str) -> None:
    """As if its link had been followed."""
    if not await start.need_to_join(scene, payload):
        await start.arrive(scene, payload)


async def _offer(scene: Scene, payloads: list[str]) -> None:
    choices = [
        link_button(_label(number, payload, scene.t), start_url(scene.bot.username, payload))
        for number, payload in enumerate(payloads, start=1)
    ]
    await scene.reply(
        scene.t("There are several codes in this picture. Which one do you mean?"),
        rows(*in_rows_of(1, choices)),
        to_message=True,
    )


def _label(number: int, payload: str, t: Texts) -> str:
    match payload.partition("_")[0]:
        case "l":
            return t.plain("{n}. Payment link", n=number)
        case "r":
            return t.plain("{n}. Request", n=number)
        case "c":
            return t.plain("{n}. Money to collect", n=number)
        case _:
            return t.plain("{n}. Chatpay", n=number)


# --- the picture ---------------------------------------------------------------------------------


async def _codes(scene: Scene) -> list[qr.Scanned]:
    """The codes in the picture; none where it is too large or is none."""
    file = _file(scene)
    if file is None or (file.file_size or 0) > qr.BYTES_MOST:
        return []
    try:
        described = await patiently(lambda: scene.bot.get_file(file.file_id))
    except BadRequest:  # too large for the Bot API, or gone
        return []
    if (described.file_size or 0) > qr.BYTES_MOST:
        return []
    picture = await patiently(described.download_as_bytearray)
    try:
        return await qr.scan_picture(bytes(picture))
    except qr.PictureError:
        return []


def _file(scene: Scene) -> PhotoSize | Document | None:
    """The file, or of a photo its largest size that may be read."""
    if scene.message is None:
        return None
    sizes = [size for size in scene.message.photo if (size.file_size or 0) <= qr.BYTES_MOST]
    if sizes:
        return max(sizes, key=lambda size: size.width * size.height)
    return scene.message.document
