"""A person's own money: the balance, and the way in and out.

In the private chat; the balance also in a group, as an aside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, filters

from bot import cards, keyboards, pay, prompts, start
from bot.bank_names import kind_name
from bot.callbacks import pattern
from bot.context import Scene, handler
from payments.errors import NotOpen
from payments.limits import bank_day_most, carried
from payments.models import Account, Intent, Payment, Person, Prompt
from payments.money import Money
from payments.proofs import masked
from payments.service import Payments

_PLACES = {"topup": "topup", "withdraw": "withdraw"}
"""Where a button leads from a place where it cannot be pressed; else to the balance."""


def handlers() -> list[BaseHandler[Any, Any, Any]]:
    """`/balance`, `/topup`, `/withdraw` and their buttons."""
    fresh = filters.UpdateType.MESSAGE
    return [
        CommandHandler("balance", _balance, filters=fresh),
        CommandHandler("topup", _topup, filters=fresh),
        CommandHandler("withdraw", _withdraw, filters=fresh),
        CallbackQueryHandler(_button, pattern=pattern("w")),
    ]


@handler
async def _balance(scene: Scene) -> None:
    if not await start.led_away(scene, "balance"):
        await open_balance(scene)


@handler
async def _topup(scene: Scene) -> None:
    if not await start.led_away(scene, "topup"):
        await _open_bank(scene, "topup", scene.arguments)


@handler
async def _withdraw(scene: Scene) -> None:
    if not await start.led_away(scene, "withdraw"):
        await _open_bank(scene, "withdraw", scene.arguments)


@handler
async def _button(scene: Scene) -> None:
    verb, arguments = scene.pressed
    if await start.led_away(scene, _PLACES.get(verb, "balance")):
        return
    match verb, arguments:
        case "back", [payment_id]:
            await _take_back(scene, payment_id)
        case (("topup" | "withdraw"), []):
            await _open_bank(scene, verb, "")
        case "topup", [intent_id]:
            await _open_topup_for(scene, intent_id)
        case "topup", [minor, currency]:
            await _add(scene, _amount(scene, minor, currency))
        case "topup", [minor, currency, intent_id]:
            await _add(scene, _amount(scene, minor, currency), intent_id)
        case "withdraw", [minor, currency]:
            await _take_out(scene, _amount(scene, minor, currency))
        case _:
            raise NotOpen("gone")


def _amount(scene: Scene, minor: str, currency: str) -> Money:
    """The amount that a button carries; anybody can send anything, so it is looked at."""
    policy = scene.payments.policy
    amount = carried(int(minor), currency, policy) if minor.isdecimal() else None
    if amount is None:
        raise NotOpen("gone")
    return amount


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
    return Markup("\n").join([*lines, *play_money(scene)])


async def _accounts(scene: Scene) -> list[Account]:
    """The person's accounts with money in them, and the one in their own currency, that first."""
    own = scene.person.currency
    accounts = await scene.payments.balances(scene.person.id)
    shown = [a for a in accounts if a.balance_minor or a.currency == own]
    return sorted(shown, key=lambda account: (account.currency != own, account.currency))


def play_money(scene: Scene) -> list[Markup]:
    """The line that says so, in the sandbox."""
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
            keyboards.button(t.plain("💳 Add money"), "w", "topup"),
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


async def _open_topup_for(scene: Scene, intent_id: str) -> None:
    """Asks how much to add for a card: just what it lacks, or a round amount above that."""
    intent = await scene.payments.intent(intent_id, scene.person.id)
    amounts = await offered_for(scene.payments, scene.person, intent)
    await _open_bank(scene, "topup", "", amounts=amounts, intent_id=intent_id)


async def offered_for(payments: Payments, person: Person, intent: Intent) -> Sequence[Money]:
    """What may be added for a card: just what its payer lacks, or a round amount above that."""
    missing = await _missing(payments, person, intent)
    if missing is None:
        return keyboards.quick_amounts(person.currency)
    above = [m for m in keyboards.quick_amounts(missing.currency) if m > missing]
    return [missing, *above]


async def _missing(payments: Payments, person: Person, intent: Intent) -> Money | None:
    """What a card costs beyond what its payer has; None if that is nothing, or not known yet."""
    if intent.total is None:
        return None
    available = await payments.available(person.id, intent.total.currency)
    return intent.total - available if intent.total > available else None


async def _open_bank(
    scene: Scene, verb: str, typed: str, *, amounts: Sequence[Money] = (), intent_id: str = ""
) -> None:
    """Asks for the amount, unless it was typed with the command.

    Args:
        scene: the person's.
        verb: which way, `topup` or `withdraw`.
        typed: the amount, as typed.
        amounts: what is offered; where there are none, round ones.
        intent_id: the card that it is for, which is shown again afterwards.
    """
    if not scene.payments.policy.sandbox:
        await scene.reply(
            scene.t("No bank is connected here yet, so money cannot be added or withdrawn.")
        )
        return
    await scene.chat.ask(scene.person.id, scene.chat_id, verb, subject_id=intent_id)
    if typed:
        await prompts.hear(scene, typed)
        return
    offered = amounts or keyboards.quick_amounts(scene.person.currency)
    card = [intent_id] if intent_id else []
    choices = [
        keyboards.button(scene.t.money(amount), "w", verb, amount.minor, amount.currency, *card)
        for amount in offered
    ]
    if verb == "topup":
        question = _how_much_in(scene, offered[0].currency)
    else:
        question = await _how_much_out(scene)
    await scene.reply(question, keyboards.rows(*keyboards.in_rows_of(2, choices)))


def _how_much_in(scene: Scene, currency: str) -> Markup:
    most = bank_day_most(currency, scene.payments.policy)
    return scene.t(
        "💳 <b>How much shall I add?</b>\n"
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
        summary=Markup("\n").join([await summary(scene), *await _bank_account(scene)]),
    )


async def _bank_account(scene: Scene) -> list[Markup]:
    """Where it goes, if an account is linked."""
    _, account = await scene.payments.proofs(scene.person.id)
    if account is None:
        return []
    kind, number = kind_name(account.kind, scene.t), masked(account.number)
    return [scene.t("🏦 It goes to {kind} {number}.", kind=kind, number=number)]


@prompts.takes_amount("topup")
async def _typed_topup(scene: Scene, prompt: Prompt, amount: Money) -> None:
    await _add(scene, amount, prompt.subject_id)


@prompts.takes_amount("withdraw")
async def _typed_withdraw(scene: Scene, _: Prompt, amount: Money) -> None:
    await _take_out(scene, amount)


def _origin(scene: Scene, amount: Money) -> str:
    """One message may be answered with several amounts; each of them counts once."""
    return f"{scene.origin}:{amount.minor}:{amount.currency}"


async def _add(scene: Scene, amount: Money, intent_id: str = "") -> None:
    """Adds money, and goes back to the card that it was added for, if any."""
    t = scene.t
    receipt = await scene.payments.topup(scene.person.id, amount, origin=_origin(scene, amount))
    await scene.chat.answered(scene.person.id, scene.chat_id)
    html = t(
        "✅ <b>{amount}</b> of play money added.\n\n{summary}",
        amount=t.money(receipt.amount),
        summary=await summary(scene),
    )
    show = scene.edit if scene.query else scene.reply
    intent = await scene.payments.intent(intent_id, scene.person.id) if intent_id else None
    if intent is None or intent.state not in cards.OPEN_STATES:
        await show(html, keyboards.main_menu(t))
        return
    await show(html)
    await pay.show_intent(scene, intent, edit=False)


async def _take_out(scene: Scene, amount: Money) -> None:
    intent = await scene.payments.withdraw(scene.person.id, amount, origin=_origin(scene, amount))
    await scene.chat.answered(scene.person.id, scene.chat_id)
    await pay.show_intent(scene, intent, edit=scene.query is not None)
