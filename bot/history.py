"""What was paid and received: `/history`, page by page, and the receipt of each line.

All of it at once is a file (`bot/history_file.py`).

Lists are paged by position, never by counting, so a page is as quick for the millionth line as
for the first. Shown in the private chat, and in a group as an aside.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from markupsafe import Markup
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, filters

from bot import cards, history_file, keyboards, start, wallet
from bot.callbacks import pattern
from bot.context import Scene, handler
from bot.texts import Texts
from payments.errors import NotOpen
from payments.ids import reference
from payments.models import HistoryLine, TransferKind
from payments.money import Money
from payments.results import HistoryPage, Receipt

PAGE = 8
"""Lines of a page."""

_TRAIL_BYTES = 40
"""What fits, beside the rest, into the 64 bytes of a button."""

_PEOPLE = (TransferKind.PAYMENT, TransferKind.REFUND)
_BANK = (TransferKind.TOPUP, TransferKind.WITHDRAWAL)
_FILTERS: dict[str, tuple[tuple[TransferKind, ...], bool | None]] = {
    "a": ((), None),
    "p": (_PEOPLE, False),
    "r": (_PEOPLE, True),
    "b": (_BANK, None),
}
"""Which kinds, and whether in or out, by the letter that stands for a filter in a button."""


def handlers() -> list[BaseHandler[Any, Any, Any]]:
    """`/history` and its buttons."""
    return [
        CommandHandler("history", _command, filters=filters.UpdateType.MESSAGE),
        CallbackQueryHandler(_button, pattern=pattern("h")),
        *history_file.HistoryFiles().handlers(),
    ]


@handler
async def _command(scene: Scene) -> None:
    if not await start.led_away(scene, "history"):
        await open_history(scene)


# --- pages ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _View:
    """Which page of which history is on the screen: what its buttons carry."""

    currency: str
    filter: str = "a"
    before: int | None = None
    trail: tuple[int, ...] = ()
    """`before` of the pages between the newest and this one, so that one can go back."""

    def arguments(self) -> tuple[str, ...]:
        """For a button; the oldest steps of a very long way back are dropped."""
        trail = self.trail
        while len(written := ".".join(map(str, trail))) > _TRAIL_BYTES:
            trail = trail[1:]
        return self.currency, self.filter, str(self.before or ""), written

    @classmethod
    def read(cls, scene: Scene, arguments: list[str]) -> _View:
        """What a button carries; anybody can send anything, so it is looked at."""
        currency, chosen, before, trail = arguments
        steps = trail.split(".") if trail else []
        if currency not in scene.payments.policy.currencies or chosen not in _FILTERS:
            raise NotOpen("gone")
        if not all(step.isdecimal() for step in (before or "0", *steps)):
            raise NotOpen("gone")
        return cls(currency, chosen, int(before) if before else None, tuple(map(int, steps)))

    def older(self, before: int) -> _View:
        """The next page."""
        trail = self.trail if self.before is None else (*self.trail, self.before)
        return _View(self.currency, self.filter, before, trail)

    def newer(self) -> _View:
        """The page before this one; the newest when the way back is not known."""
        if not self.trail:
            return _View(self.currency, self.filter)
        return _View(self.currency, self.filter, self.trail[-1], self.trail[:-1])


async def open_history(scene: Scene) -> None:
    """The latest lines, in the person's own currency."""
    html, markup = await _page(scene, _View(scene.person.currency))
    await scene.reply(html, markup)


@handler
async def _button(scene: Scene) -> None:
    verb, arguments = scene.pressed
    if await start.led_away(scene, "history"):
        return
    match verb, arguments:
        case "p", [_, _, _, _]:
            html, markup = await _page(scene, _View.read(scene, arguments))
        case "r", [transfer_id, *page] if len(page) == 3:
            html, markup = await _receipt(scene, transfer_id, _View.read(scene, [*page, ""]))
        case _:
            raise NotOpen("gone")
    await scene.edit(html, markup)


async def _page(scene: Scene, view: _View) -> tuple[Markup, InlineKeyboardMarkup]:
    kinds, credited = _FILTERS[view.filter]
    page = await scene.payments.history(
        scene.person.id,
        currency=view.currency,
        kinds=kinds,
        credited=credited,
        before=view.before,
        limit=PAGE,
    )
    markup = keyboards.rows(
        *keyboards.in_rows_of(4, _line_buttons(page, view)),
        _page_buttons(page, view, scene.t),
        *keyboards.in_rows_of(2, _filter_buttons(view, scene.t)),
        await _currency_buttons(scene, view),
        [history_file.button(view.currency, scene.t)] if page.lines else [],
    )
    return _lines(scene, page, view), markup


def _lines(scene: Scene, page: HistoryPage, view: _View) -> Markup:
    t = scene.t
    heading = t("<b>History</b> · {currency}", currency=view.currency)
    if not page.lines:
        if view.filter == "a":
            empty = t("Nothing here yet. What you pay and receive will be listed here.")
        else:
            empty = t("Nothing of this kind yet. “All” shows the rest.")
        return Markup("\n\n").join([heading, empty, *wallet.play_money(scene)])
    width = max(len(_signed(line, t)) for line in page.lines)
    blocks = []
    numbered = enumerate(page.lines, 1)
    for day, lines in groupby(numbered, key=lambda each: t.day(each[1].created_at)):
        rows = [_line(number, line, width, t) for number, line in lines]
        blocks.append(Markup("\n").join([Markup("<b>{}</b>").format(day), *rows]))
    return Markup("\n\n").join([heading, *blocks, *wallet.play_money(scene)])


def _line(number: int, line: HistoryLine, width: int, t: Texts) -> Markup:
    """One line: its number, the amount in a column, who, and what for."""
    amount = _signed(line, t).rjust(width, "\N{NO-BREAK SPACE}")
    bank = t("from your bank") if line.amount_minor > 0 else t("to your bank")
    who = t.name(line.other_name) if line.other_name else bank
    if line.kind is TransferKind.REFUND:
        who = t("↩️ {who}", who=who)
    note = Markup(" · <i>{}</i>").format(_shortened(line.note)) if line.note else Markup()
    return Markup("<code>{} {}</code> {}{}").format(number, amount, who, note)


def _signed(line: HistoryLine, t: Texts) -> str:
    sign = "+" if line.amount_minor > 0 else "−"
    return sign + t.money(Money(abs(line.amount_minor), line.currency))


def _shortened(note: str) -> str:
    return note if len(note) <= 30 else note[:29] + "…"


def _line_buttons(page: HistoryPage, view: _View) -> list[InlineKeyboardButton]:
    back = view.arguments()[:3]
    return [
        keyboards.button(str(number), "h", "r", line.transfer_id, *back)
        for number, line in enumerate(page.lines, 1)
    ]


def _page_buttons(page: HistoryPage, view: _View, t: Texts) -> list[InlineKeyboardButton]:
    buttons = []
    if view.before is not None:
        buttons.append(keyboards.button(t.plain("◀ Newer"), "h", "p", *view.newer().arguments()))
    if page.older is not None:
        older = view.older(page.older).arguments()
        buttons.append(keyboards.button(t.plain("Older ▶"), "h", "p", *older))
    return buttons


def _filter_buttons(view: _View, t: Texts) -> list[InlineKeyboardButton]:
    names = {
        "a": t.plain("All"),
        "p": t.plain("Paid"),
        "r": t.plain("Received"),
        "b": t.plain("Bank"),
    }
    return [
        keyboards.button(
            f"• {name} •" if letter == view.filter else name,
            "h",
            "p",
            *_View(view.currency, letter).arguments(),
        )
        for letter, name in names.items()
    ]


async def _currency_buttons(scene: Scene, view: _View) -> list[InlineKeyboardButton]:
    """One for each currency the person has an account in, where there are several."""
    accounts = await scene.payments.balances(scene.person.id)
    if len(accounts) < 2:
        return []
    return [
        keyboards.button(
            f"• {a.currency} •" if a.currency == view.currency else a.currency,
            "h",
            "p",
            *_View(a.currency, view.filter).arguments(),
        )
        for a in accounts
    ]


# --- receipts ------------------------------------------------------------------------------------


async def _receipt(
    scene: Scene, transfer_id: str, view: _View
) -> tuple[Markup, InlineKeyboardMarkup]:
    t = scene.t
    receipt = await scene.payments.receipt(transfer_id, scene.person.id)
    lines = [
        Markup("<b>{}</b>").format(t.money(receipt.amount)),
        _who(receipt, scene),
        Markup("<i>{}</i>").format(receipt.note) if receipt.note else None,
        None if receipt.intent is None else cards.answer_line(receipt.intent),
        Markup(),
        Markup("{}").format(t.moment(receipt.transfer.created_at)),
        t("Balance after it: {balance}", balance=t.money(receipt.balance_after)),
        _given_back(receipt, t),
        t("Reference <code>{reference}</code>", reference=reference(receipt.transfer.id)),
        *wallet.play_money(scene),
    ]
    html = Markup("\n").join(line for line in lines if line is not None)
    return html, keyboards.rows(
        _refund_button(receipt, scene),
        [keyboards.button(t.plain("‹ Back"), "h", "p", *view.arguments())],
    )


def _who(receipt: Receipt, scene: Scene) -> Markup:
    t = scene.t
    match receipt.transfer.kind:
        case TransferKind.TOPUP:
            return t("➕ Added from your bank")
        case TransferKind.WITHDRAWAL:
            return t("🏦 Moved to your bank")
        case TransferKind.REFUND:
            paying, receiving = t("↩️ You gave it back to"), t("↩️ Given back to you by")
        case TransferKind.PAYMENT:
            paying, receiving = t("↗️ You paid"), t("↙️ You were paid by")
    is_payer = receipt.payer is not None and receipt.payer.id == scene.person.id
    other = receipt.payee if is_payer else receipt.payer
    name = t("somebody") if other is None else cards.full_name(other)
    return Markup("{} {}").format(paying if is_payer else receiving, t.named(name))


def _given_back(receipt: Receipt, t: Texts) -> Markup | None:
    payment = receipt.payment
    if payment is None or not payment.refunded_minor:
        return None
    refunded = Money(payment.refunded_minor, payment.currency)
    return t("↩️ {amount} of it was given back.", amount=t.money(refunded))


def _refund_button(receipt: Receipt, scene: Scene) -> list[InlineKeyboardButton]:
    """For whoever was paid, as long as there is something left to give back."""
    payment = receipt.payment
    if payment is None or receipt.transfer.kind is not TransferKind.PAYMENT:
        return []
    if payment.payee_id != scene.person.id or payment.refunded_minor >= payment.amount.minor:
        return []
    return [keyboards.button(scene.t.plain("↩️ Refund…"), "i", "refund", payment.id)]
