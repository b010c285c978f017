"""A person's own money: the balance, its history with receipts, and the way in and out.

All of it is shown in the private chat only. Lists are paged by position, never by counting, so a
page is as quick for the millionth line as for the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from markupsafe import Markup
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, filters

from bot import cards, keyboards, pay, prompts, start
from bot.callbacks import pattern
from bot.context import Scene, handler
from bot.texts import Texts
from payments.errors import NotOpen
from payments.limits import bank_day_most
from payments.models import Account, HistoryLine, Payment, Prompt, TransferKind
from payments.money import MAX_MINOR, Money
from payments.results import HistoryPage, Receipt

PAGE = 8
"""Lines of a page of history."""

_TRAIL_BYTES = 40
"""What fits, beside the rest, into the 64 bytes of a button."""


def handlers() -> list[BaseHandler[Any, Any, Any]]:
    """`/balance`, `/history`, `/topup`, `/withdraw` and their buttons."""
    fresh = filters.UpdateType.MESSAGE
    return [
        CommandHandler("balance", _balance, filters=fresh),
        CommandHandler("history", _history, filters=fresh),
        CommandHandler("topup", _topup, filters=fresh),
        CommandHandler("withdraw", _withdraw, filters=fresh),
        CallbackQueryHandler(_wallet_button, pattern=pattern("w")),
        CallbackQueryHandler(_history_button, pattern=pattern("h")),
    ]


@handler
async def _balance(scene: Scene) -> None:
    if not await start.led_away(scene, "balance"):
        await open_balance(scene)


@handler
async def _history(scene: Scene) -> None:
    if not await start.led_away(scene, "history"):
        await open_history(scene)


@handler
async def _topup(scene: Scene) -> None:
    if not await start.led_away(scene, "topup"):
        await _open_bank(scene, "topup", scene.arguments)


@handler
async def _withdraw(scene: Scene) -> None:
    if not await start.led_away(scene, "withdraw"):
        await _open_bank(scene, "withdraw", scene.arguments)


@handler
async def _wallet_button(scene: Scene) -> None:
    verb, arguments = scene.pressed
    if await start.led_away(scene, "balance"):
        return
    match verb, arguments:
        case "balance", []:
            await open_balance(scene)
        case "back", [payment_id]:
            await _take_back(scene, payment_id)
        case (("topup" | "withdraw"), []):
            await _open_bank(scene, verb, "")
        case "topup", [minor, currency]:
            await _add(scene, _amount(scene, minor, currency))
        case "withdraw", [minor, currency]:
            await _take_out(scene, _amount(scene, minor, currency))
        case _:
            raise NotOpen("gone")


def _amount(scene: Scene, minor: str, currency: str) -> Money:
    """The amount that a button carries; anybody can send anything, so it is looked at."""
    known = currency in scene.payments.policy.currencies
    if not known or not minor.isdecimal() or not 0 < int(minor) <= MAX_MINOR:
        raise NotOpen("gone")
    return Money(int(minor), currency)


# --- the balance ---------------------------------------------------------------------------------


async def open_balance(scene: Scene) -> None:
    """What the person has, what is held, and for whom."""
    html, markup = await _balance_screen(scene)
    await scene.reply(html, markup)


async def summary(scene: Scene) -> Markup:
    """What can be paid now, a line for each currency."""
    accounts = await _accounts(scene)
    lines = [
        scene.t("💰 <b>{available}</b> available", available=scene.t.money(account.available))
        for account in accounts
    ]
    if not lines:
        nothing = Money(0, scene.person.currency)
        lines = [scene.t("💰 <b>{available}</b> available", available=scene.t.money(nothing))]
    return Markup("\n").join([*lines, *_play_money(scene)])


async def _accounts(scene: Scene) -> list[Account]:
    """The person's accounts with money in them, and the one in their own currency, that first."""
    own = scene.person.currency
    accounts = await scene.payments.balances(scene.person.id)
    shown = [a for a in accounts if a.balance_minor or a.currency == own]
    return sorted(shown, key=lambda account: (account.currency != own, account.currency))


def _play_money(scene: Scene) -> list[Markup]:
    return [scene.t("🧸 <i>Play money</i>")] if scene.payments.policy.sandbox else []


async def _balance_screen(scene: Scene) -> tuple[Markup, InlineKeyboardMarkup]:
    t = scene.t
    lines = [t("<b>Your balance</b>"), await summary(scene)]
    held = await scene.payments.held_by(scene.person.id)
    for account in await _accounts(scene):
        waiting = [p for p in held if p.currency == account.currency]
        if account.held_minor:
            lines.append(await _held(scene, account, waiting))
    take_back = [await _take_back_button(scene, payment) for payment in held]
    return Markup("\n\n").join(lines), keyboards.rows(
        [
            keyboards.button(t.plain("➕ Add money"), "w", "topup"),
            keyboards.button(t.plain("🏦 Withdraw"), "w", "withdraw"),
        ],
        [keyboards.button(t.plain("🧾 History"), "m", "history")],
        *([button] for button in take_back),
    )


async def _held(scene: Scene, account: Account, waiting: list[Payment]) -> Markup:
    t = scene.t
    heading = t("⏳ <b>{held}</b> held, until somebody takes it:", held=t.money(account.held))
    return Markup("\n").join([heading, *[await _waiting(scene, payment) for payment in waiting]])


async def _waiting(scene: Scene, payment: Payment) -> Markup:
    t = scene.t
    return t(
        "{amount} waiting for {payee}, returns in {span}",
        amount=t.money(payment.amount),
        payee=await _payee(scene, payment),
        span=t.span((payment.expires_at or scene.now) - scene.now),
    )


async def _payee(scene: Scene, payment: Payment) -> Markup:
    known = [] if payment.payee_id is None else [payment.payee_id]
    return cards.payee_of(payment, await scene.payments.people(known), scene.t)


async def _take_back_button(scene: Scene, payment: Payment) -> InlineKeyboardButton:
    label = scene.t.plain(
        "Take back {amount} from {payee}",
        amount=scene.t.money(payment.amount),
        payee=(await _payee(scene, payment)).striptags(),
    )
    return keyboards.button(label, "w", "back", payment.id)


async def _take_back(scene: Scene, payment_id: str) -> None:
    payment = await scene.payments.take_back(payment_id, scene.person.id)
    amount = scene.t.money(payment.amount)
    await scene.answer(scene.t.plain("{amount} is back in your balance.", amount=amount))
    html, markup = await _balance_screen(scene)
    await scene.edit(html, markup)


# --- in and out ----------------------------------------------------------------------------------


async def open_topup(scene: Scene) -> None:
    """Asks how much to add."""
    await _open_bank(scene, "topup", "")


async def open_withdraw(scene: Scene) -> None:
    """Asks how much to move to the bank."""
    await _open_bank(scene, "withdraw", "")


async def _open_bank(scene: Scene, verb: str, typed: str) -> None:
    """Asks for the amount, unless it was typed with the command."""
    if not scene.payments.policy.sandbox:
        await scene.reply(
            scene.t("No bank is connected here yet, so money cannot be added or withdrawn.")
        )
        return
    await scene.chat.ask(scene.person.id, scene.chat_id, verb)
    if typed:
        await prompts.hear(scene, typed)
        return
    t = scene.t
    amounts = [
        keyboards.button(t.money(amount), "w", verb, amount.minor, amount.currency)
        for amount in keyboards.quick_amounts(scene.person.currency)
    ]
    question = _how_much_in(scene) if verb == "topup" else await _how_much_out(scene)
    await scene.reply(question, keyboards.rows(*keyboards.in_rows_of(2, amounts)))


def _how_much_in(scene: Scene) -> Markup:
    most = bank_day_most(scene.person.currency, scene.payments.policy)
    return scene.t(
        "➕ <b>How much shall I add?</b>\n"
        "The sandbox bank gives play money at once, up to {most} a day.\n\n"
        "Tap an amount, or type one.",
        most=scene.t.money(most),
    )


async def _how_much_out(scene: Scene) -> Markup:
    return scene.t(
        "🏦 <b>How much shall I move to your bank?</b>\n"
        "The sandbox bank takes play money back, nothing real is paid out.\n\n"
        "{summary}\n\n"
        "Tap an amount, or type one.",
        summary=await summary(scene),
    )


@prompts.takes_amount("topup")
async def _typed_topup(scene: Scene, _: Prompt, amount: Money) -> None:
    await _add(scene, amount)


@prompts.takes_amount("withdraw")
async def _typed_withdraw(scene: Scene, _: Prompt, amount: Money) -> None:
    await _take_out(scene, amount)


def _origin(scene: Scene, amount: Money) -> str:
    """One message may be answered with several amounts; each of them counts once."""
    return f"{scene.origin}:{amount.minor}:{amount.currency}"


async def _add(scene: Scene, amount: Money) -> None:
    t = scene.t
    receipt = await scene.payments.topup(scene.person.id, amount, origin=_origin(scene, amount))
    await scene.chat.answered(scene.person.id, scene.chat_id)
    html = t(
        "✅ <b>{amount}</b> of play money added.\nYou now have {balance}.",
        amount=t.money(receipt.amount),
        balance=t.money(receipt.balance_after),
    )
    await (scene.edit(html, keyboards.main_menu(t)) if scene.query else _reply_menu(scene, html))


async def _reply_menu(scene: Scene, html: Markup) -> None:
    await scene.reply(html, keyboards.main_menu(scene.t))


async def _take_out(scene: Scene, amount: Money) -> None:
    intent = await scene.payments.withdraw(scene.person.id, amount, origin=_origin(scene, amount))
    await scene.chat.answered(scene.person.id, scene.chat_id)
    await pay.show_intent(scene, intent, edit=scene.query is not None)


# --- history -------------------------------------------------------------------------------------

_FILTERS: dict[str, tuple[TransferKind, ...]] = {
    "a": (),
    "p": (TransferKind.PAYMENT, TransferKind.REFUND),
    "b": (TransferKind.TOPUP, TransferKind.WITHDRAWAL),
}
"""The filters, by the letter that stands for them in a button."""


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
async def _history_button(scene: Scene) -> None:
    verb, arguments = scene.pressed
    if await start.led_away(scene, "history"):
        return
    match verb, arguments:
        case "p", [_, _, _, _]:
            html, markup = await _page(scene, _View.read(scene, arguments))
        case "r", [transfer_id, *back] if len(back) in (0, 3):
            view = _View.read(scene, [*back, ""]) if back else _View(scene.person.currency)
            html, markup = await _receipt(scene, transfer_id, view)
        case _:
            raise NotOpen("gone")
    await scene.edit(html, markup)


async def _page(scene: Scene, view: _View) -> tuple[Markup, InlineKeyboardMarkup]:
    page = await scene.payments.history(
        scene.person.id,
        currency=view.currency,
        kinds=_FILTERS[view.filter],
        before=view.before,
        limit=PAGE,
    )
    markup = keyboards.rows(
        *keyboards.in_rows_of(4, _line_buttons(page, view)),
        _page_buttons(page, view, scene.t),
        _filter_buttons(view, scene.t),
        await _currency_buttons(scene, view),
    )
    return _lines(scene, page, view), markup


def _lines(scene: Scene, page: HistoryPage, view: _View) -> Markup:
    t = scene.t
    heading = t("<b>History</b> · {currency}", currency=view.currency)
    if not page.lines:
        empty = t("Nothing here yet. What you pay and receive will be listed here.")
        return Markup("\n\n").join([heading, empty, *_play_money(scene)])
    width = max(len(_signed(line, t)) for line in page.lines)
    blocks = []
    numbered = enumerate(page.lines, 1)
    for day, lines in groupby(numbered, key=lambda each: t.day(each[1].created_at)):
        rows = [_line(number, line, width, t) for number, line in lines]
        blocks.append(Markup("\n").join([Markup("<b>{}</b>").format(day), *rows]))
    return Markup("\n\n").join([heading, *blocks, *_play_money(scene)])


def _line(number: int, line: HistoryLine, width: int, t: Texts) -> Markup:
    """One line: its number, the amount in a column, who, and what for."""
    amount = _signed(line, t).rjust(width, "\N{NO-BREAK SPACE}")
    who = line.other_name or (t("from your bank") if line.amount_minor > 0 else t("to your bank"))
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
    names = {"a": t.plain("All"), "p": t.plain("Payments"), "b": t.plain("Bank")}
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
        Markup(),
        Markup("{}").format(t.moment(receipt.transfer.created_at)),
        t("Balance after it: {balance}", balance=t.money(receipt.balance_after)),
        _given_back(receipt, t),
        t("Reference <code>{reference}</code>", reference=receipt.transfer.id),
        *_play_money(scene),
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
    return Markup("{} {}").format(paying if is_payer else receiving, name)


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
