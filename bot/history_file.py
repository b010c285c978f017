"""The whole history of one currency as a file: CSV for a spreadsheet.

It is read page by page and sent in files of so many lines, made one at a time, so that a long
history takes no more memory than a short one; and it is never written to this machine's disk,
where notes are sealed. Notes and names are other people's words: what a spreadsheet would take for
a formula is quoted.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

from telegram import InlineKeyboardButton
from telegram.ext import BaseHandler, CallbackQueryHandler

from bot import keyboards, start
from bot.callbacks import pattern
from bot.context import Scene, handler
from bot.texts import Texts
from payments.errors import NotOpen
from payments.ids import reference
from payments.models import HistoryLine, Millis, PersonId, TransferKind
from payments.money import Money, format_plain
from payments.policy import MINUTE
from payments.service import Payments

LINES_MOST = 20_000
"""Of one file. Telegram takes 50 MB; a line has a kilobyte at the very most."""

_PAGE = 500
_BETWEEN_FILES_S = 1.1
"""Telegram lets one message a second into a chat."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What spreadsheets begin a formula with (OWASP, "CSV Injection")."""


def button(currency: str, t: Texts) -> InlineKeyboardButton:
    """Asks for the file."""
    return keyboards.button(t.plain("📄 Send as CSV"), "hf", "csv", currency)


class HistoryFiles:
    """Sends the files, to each person at most once a minute."""

    def __init__(self) -> None:
        self._sent_at: dict[PersonId, Millis] = {}
        self._one_at_a_time = asyncio.Lock()

    def handlers(self) -> list[BaseHandler[Any, Any, Any]]:
        """The button."""
        return [CallbackQueryHandler(handler(self._pressed), pattern=pattern("hf"))]

    async def _pressed(self, scene: Scene) -> None:
        if await start.led_away(scene, "history"):
            return
        verb, arguments = scene.pressed
        if verb != "csv" or len(arguments) != 1:
            raise NotOpen("gone")
        (currency,) = arguments
        if currency not in scene.payments.policy.currencies:
            raise NotOpen("gone")
        if self._is_too_soon(scene.person.id, scene.now):
            await scene.answer(
                scene.t.plain("I have just sent you that. Ask again in a minute."), alert=True
            )
            return
        if not scene.private:
            await scene.answer(scene.t.plain("I send it to our private chat."))
        await self._send(scene.in_private(), currency)

    def _is_too_soon(self, person_id: PersonId, now: Millis) -> bool:
        """Whether this process sent the person files a moment ago; else it counts from now."""
        self._sent_at = {who: at for who, at in self._sent_at.items() if at > now - MINUTE}
        if person_id in self._sent_at:
            return True
        self._sent_at[person_id] = now
        return False

    async def _send(self, scene: Scene, currency: str) -> None:
        made = files(scene.payments, scene.person.id, currency, scene.t)
        for number in count(1):
            async with self._one_at_a_time:
                content = await anext(made, None)
                if content is None:
                    return
                if number > 1:
                    await asyncio.sleep(_BETWEEN_FILES_S)
                part = "" if number == 1 else f"-{number}"
                await scene.send_file(content, f"chatpay-history-{currency}{part}.csv")


async def files(
    payments: Payments,
    person_id: PersonId,
    currency: str,
    t: Texts,
    *,
    lines_most: int = LINES_MOST,
) -> AsyncIterator[bytes]:
    """The files of a history, newest lines first, each with a heading.

    They are UTF-8 with a byte order mark, by which Excel knows it; amounts are in major units.

    Args:
        payments: the use-cases.
        person_id: whose history.
        currency: of which account.
        t: the language of the headings.
        lines_most: how long a file gets before the next one begins.
    """
    before = None
    while True:
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(_columns(t))
        left = lines_most
        while left:
            page = await payments.history(
                person_id, currency=currency, before=before, limit=min(left, _PAGE)
            )
            writer.writerows(_row(line, t) for line in page.lines)
            left -= len(page.lines)
            before = page.older
            if before is None:
                break
        yield out.getvalue().encode("utf-8-sig")
        if before is None:
            return


def _columns(t: Texts) -> tuple[str, ...]:
    return (
        t.plain("Date (UTC)"),
        t.plain("What"),
        t.plain("Who"),
        t.plain("Amount"),
        t.plain("Balance afterwards"),
        t.plain("Currency"),
        t.plain("Note"),
        t.plain("Reference"),
    )


def _row(line: HistoryLine, t: Texts) -> tuple[str, ...]:
    at = datetime.fromtimestamp(line.created_at / 1000, UTC)
    return (
        at.isoformat(timespec="seconds"),
        _what(line, t),
        _quoted(t.name(line.other_name)) if line.other_name else "",
        format_plain(Money(line.amount_minor, line.currency)),
        format_plain(Money(line.balance_after_minor, line.currency)),
        line.currency,
        _quoted(line.note),
        reference(line.transfer_id),
    )


def _what(line: HistoryLine, t: Texts) -> str:
    came_in = line.amount_minor > 0
    match line.kind:
        case TransferKind.TOPUP:
            return t.plain("Added from your bank")
        case TransferKind.WITHDRAWAL:
            return t.plain("Moved to your bank")
        case TransferKind.REFUND:
            return t.plain("Given back to you") if came_in else t.plain("Given back")
        case TransferKind.PAYMENT:
            return t.plain("Received") if came_in else t.plain("Paid")


def _quoted(words: str) -> str:
    """Words that no spreadsheet takes for a formula."""
    return f"'{words}" if words.startswith(_FORMULA) else words
