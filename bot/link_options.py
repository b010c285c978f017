"""The options of a payment link: one message in the owner's private chat, edited in place.

Each option is a button. It asks what the option is to be, to be tapped or typed; whatever is
answered, the same message then shows all options again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from markupsafe import Markup
from msgspec.structs import replace
from telegram import InlineKeyboardButton
from telegram.constants import ParseMode

from bot import cards, link_cards, prompts
from bot.cards import Screen
from bot.context import Scene, edited, patiently
from bot.keyboards import button, in_rows_of, rows
from bot.texts import Texts
from payments.errors import NotOpen
from payments.models import Link, LinkTerms, Prompt
from payments.money import Money
from payments.policy import HOUR

_DAYS_MOST = 3_650
_USES_OFFERED = (1, 10, 100)
_HOURS_OFFERED = (1, 24, 7 * 24, 30 * 24)
_EXPECTS = "link_set_"
_BANK = "bank"

Say = Callable[[Texts], Markup]


@dataclass(frozen=True, slots=True)
class _Option:
    """One option: what it is called, what it is now, and what is asked to change it."""

    label: Callable[[Texts], str]
    now: Callable[[LinkTerms, Texts], str]
    ask: Say
    choices: Callable[[LinkTerms, Texts], list[tuple[str, str]]]
    """What can be tapped: the words, and the value that the button sends."""
    choosing: bool = False
    """Whether it only makes sense where the payer chooses the amount."""


def _cleared(words: Callable[[Texts], str]) -> Callable[[LinkTerms, Texts], list[tuple[str, str]]]:
    return lambda _terms, t: [(words(t), "none")]


def _none(t: Texts) -> str:
    return t.plain("None")


def _amount_choices(terms: LinkTerms, t: Texts) -> list[tuple[str, str]]:
    chosen = (t.plain("Whoever pays chooses"), "any")
    if terms.amount is None:
        return [chosen]
    amount = t.money(terms.amount)
    return [
        (t.plain("Exactly {amount}", amount=amount), "fixed"),
        (t.plain("{amount} suggested", amount=amount), "suggested"),
        chosen,
    ]


def _uses_choices(_terms: LinkTerms, t: Texts) -> list[tuple[str, str]]:
    return [
        *((t.plain("Once") if n == 1 else f"{n}×", str(n)) for n in _USES_OFFERED),
        (t.plain("Any number"), "none"),
    ]


def _until_choices(_terms: LinkTerms, t: Texts) -> list[tuple[str, str]]:
    return [
        *((t.span(hours * HOUR), str(hours)) for hours in _HOURS_OFFERED),
        (t.plain("For good"), "none"),
    ]


def _money_or_none(money: Money | None, t: Texts) -> str:
    return _none(t) if money is None else t.money(money)


_OPTIONS: dict[str, _Option] = {
    "amount": _Option(
        lambda t: t.plain("Amount"),
        link_cards.amount_of,
        lambda t: t("How much is to be paid? Type an amount, or choose:"),
        _amount_choices,
    ),
    "least": _Option(
        lambda t: t.plain("At least"),
        lambda terms, t: _money_or_none(terms.least, t),
        lambda t: t("What is the least that can be paid? Type an amount."),
        _cleared(lambda t: t.plain("Nothing in particular")),
        choosing=True,
    ),
    "most": _Option(
        lambda t: t.plain("At most"),
        lambda terms, t: _money_or_none(terms.most, t),
        lambda t: t("What is the most that can be paid? Type an amount."),
        _cleared(lambda t: t.plain("Nothing in particular")),
        choosing=True,
    ),
    "note": _Option(
        lambda t: t.plain("Note"),
        lambda terms, t: terms.note or _none(t),
        lambda t: t("What is it for? Type a few words; whoever pays sees them."),
        _cleared(_none),
    ),
    "uses": _Option(
        lambda t: t.plain("Payments"),
        lambda terms, t: (
            t.plain("any number") if terms.uses_most is None else f"{terms.uses_most}×"
        ),
        lambda t: t("How often can it be paid? Type a number, or choose:"),
        _uses_choices,
    ),
    "until": _Option(
        lambda t: t.plain("Open until"),
        lambda terms, t: (
            t.plain("for good") if terms.expires_at is None else t.moment(terms.expires_at)
        ),
        lambda t: t(
            "Until when can it be paid? Type a number of days, or a last day such as 2030-12-31, "
            "or choose:"
        ),
        _until_choices,
    ),
    "question": _Option(
        lambda t: t.plain("Question"),
        lambda terms, t: terms.question or _none(t),
        lambda t: t("What do you want to ask whoever pays? Such as: Which size?"),
        _cleared(_none),
    ),
    "thanks": _Option(
        lambda t: t.plain("Thank-you"),
        lambda terms, t: terms.thanks or _none(t),
        lambda t: t("What shall I tell whoever has paid? Type it."),
        _cleared(_none),
    ),
    "reference": _Option(
        lambda t: t.plain("Reference"),
        lambda terms, t: terms.reference or _none(t),
        lambda t: t("A reference of your own, such as an order number? Nobody else sees it."),
        _cleared(_none),
    ),
    _BANK: _Option(
        lambda t: t.plain("Bank app"),
        lambda terms, t: t.plain("on") if terms.bank else t.plain("off"),
        lambda t: t(
            "Shall the link also show a code for bank apps, with your linked account? Such a "
            "payment goes from bank to bank, and Chatpay cannot see it."
        ),
        lambda _terms, t: [(t.plain("On"), "on"), (t.plain("Off"), "off")],
    ),
}


# --- showing -------------------------------------------------------------------------------------


async def show(scene: Scene, link: Link) -> None:
    """Shows the options of a link in a message of their own."""
    html, markup = await _overview(scene, link)
    message = await scene.reply(html, markup)
    await scene.remember(_subject(link), message)


async def show_again(scene: Scene, link: Link) -> None:
    """Shows them in the message that showed them before, or a part of them."""
    await scene.chat.answered(scene.person.id, scene.chat_id)
    screen = await _overview(scene, link)
    if scene.query is not None:
        await scene.edit(*screen)
        return
    shown = await scene.chat.cards_of(_subject(link))
    here = [card.message_id for card in shown if card.conversation_id == scene.chat_id]
    if not here or not await _edited(scene, max(here), screen):
        await show(scene, link)


async def ask(scene: Scene, link: Link, code: str) -> None:
    """Asks what one option is to be, in the message whose button was pressed.

    Raises:
        NotOpen: there is no such option.
    """
    option = _option(code)
    t = scene.t
    choices = [
        button(words, "l", "set", link.id, code, value)
        for words, value in option.choices(link.terms, t)
    ]
    html = cards.lines(
        Markup("<b>{}:</b> {}").format(option.label(t), option.now(link.terms, t)),
        "",
        option.ask(t),
    )
    back = [button(t.plain("‹ Back"), "l", "again", link.id)]
    await scene.edit(html, rows(*in_rows_of(2, choices), back))
    await scene.chat.ask(scene.person.id, scene.chat_id, _EXPECTS + code, subject_id=link.id)


async def _overview(scene: Scene, link: Link) -> Screen:
    t = scene.t
    has_bank = link.terms.bank or await scene.payments.fits_bank(link.id, scene.person.id)
    options = {
        code: option
        for code, option in _OPTIONS.items()
        if not (option.choosing and link.terms.fixed) and (code != _BANK or has_bank)
    }
    html = cards.lines(
        Markup("⚙️ <b>{}</b> · {}").format(t("Options"), link_cards.label(link, t)),
        "",
        *(
            Markup("{}: <b>{}</b>").format(option.label(t), option.now(link.terms, t))
            for option in options.values()
        ),
    )
    buttons: list[InlineKeyboardButton] = [
        button(option.label(t), "l", "option", link.id, code) for code, option in options.items()
    ]
    done = [button(t.plain("Done"), "l", "done", link.id)]
    return html, rows(*in_rows_of(2, buttons), done)


async def _edited(scene: Scene, message_id: int, screen: Screen) -> bool:
    """Whether the message could be edited, or looks like that already."""
    html, markup = screen
    return await edited(
        lambda: patiently(
            lambda: scene.bot.edit_message_text(
                html,
                chat_id=scene.chat_id,
                message_id=message_id,
                parse_mode=ParseMode.HTML,
                reply_markup=markup,
            )
        )
    )


def _subject(link: Link) -> str:
    return f"options:{link.id}"


def _option(code: str) -> _Option:
    if code not in _OPTIONS:
        raise NotOpen("unknown")
    return _OPTIONS[code]


# --- changing ------------------------------------------------------------------------------------


async def choose(scene: Scene, link: Link, code: str, value: str) -> None:
    """Sets an option to what was tapped.

    Raises:
        NotOpen: the button was not one of ours.
        Refused: see `Payments.edit_link`.
    """
    offered = [each for _, each in _option(code).choices(link.terms, scene.t)]
    if value not in offered:
        raise NotOpen("unknown")
    await _set(scene, link, _chosen(link.terms, code, value, scene))


def _chosen(terms: LinkTerms, code: str, value: str, scene: Scene) -> LinkTerms:
    match code, value:
        case "amount", "any":
            return replace(terms, amount_minor=None, suggested=False)
        case "amount", _:
            return replace(terms, suggested=value == "suggested")
        case "least", _:
            return replace(terms, least_minor=None)
        case "most", _:
            return replace(terms, most_minor=None)
        case "uses", _:
            return replace(terms, uses_most=None if value == "none" else int(value))
        case "until", "none":
            return replace(terms, expires_at=None)
        case "until", _:
            return replace(terms, expires_at=scene.now + int(value) * HOUR)
        case "bank", _:
            return replace(terms, bank=value == "on")
        case _:
            return _with_text(terms, code, "")


def _with_text(terms: LinkTerms, code: str, text: str) -> LinkTerms:
    match code:
        case "note":
            return replace(terms, note=text)
        case "question":
            return replace(terms, question=text)
        case "thanks":
            return replace(terms, thanks=text)
        case _:
            return replace(terms, reference=text)


async def _set(scene: Scene, link: Link, terms: LinkTerms) -> None:
    await show_again(scene, await scene.payments.edit_link(link.id, scene.person.id, terms))


@prompts.takes_amount(_EXPECTS + "amount")
async def _amount_typed(scene: Scene, prompt: Prompt, amount: Money) -> None:
    link = await scene.payments.link(prompt.subject_id)
    _refuse_other_currency(scene, link, amount)
    await _set(scene, link, replace(link.terms, amount_minor=amount.minor))


@prompts.takes_amount(_EXPECTS + "least")
async def _least_typed(scene: Scene, prompt: Prompt, amount: Money) -> None:
    link = await scene.payments.link(prompt.subject_id)
    _refuse_other_currency(scene, link, amount)
    await _set(scene, link, replace(link.terms, least_minor=amount.minor))


@prompts.takes_amount(_EXPECTS + "most")
async def _most_typed(scene: Scene, prompt: Prompt, amount: Money) -> None:
    link = await scene.payments.link(prompt.subject_id)
    _refuse_other_currency(scene, link, amount)
    await _set(scene, link, replace(link.terms, most_minor=amount.minor))


def _refuse_other_currency(scene: Scene, link: Link, amount: Money) -> None:
    if amount.currency != link.terms.currency:
        raise prompts.AskAgain(
            scene.t(
                "This link is paid in {currency}. Write the currency with the amount.",
                currency=link.terms.currency,
            )
        )


@prompts.takes_text(_EXPECTS + "uses")
async def _uses_typed(scene: Scene, prompt: Prompt, text: str) -> None:
    digits = text.strip()
    if not digits.isdecimal() or not 1 <= len(digits) <= 6 or int(digits) < 1:
        raise prompts.AskAgain(scene.t("Type a whole number, such as 20."))
    link = await scene.payments.link(prompt.subject_id)
    await _set(scene, link, replace(link.terms, uses_most=int(digits)))


@prompts.takes_text(_EXPECTS + "until")
async def _until_typed(scene: Scene, prompt: Prompt, text: str) -> None:
    expires_at = _read_until(text.strip(), scene.now)
    if expires_at is None:
        raise prompts.AskAgain(
            scene.t("Type a number of days, such as 14, or a day such as 2030-12-31.")
        )
    link = await scene.payments.link(prompt.subject_id)
    await _set(scene, link, replace(link.terms, expires_at=expires_at))


def _read_until(text: str, now: int) -> int | None:
    """The end of the last day (UTC), or so many days from now; None where it is neither."""
    if text.isdecimal() and len(text) <= 4 and 1 <= int(text) <= _DAYS_MOST:
        return now + int(text) * 24 * HOUR
    try:
        last = date.fromisoformat(text)
    except ValueError:
        return None
    end = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
    return int(end.timestamp()) * 1000


def _takes_words(code: str) -> None:
    """Registers who takes what is typed for an option that is words."""

    @prompts.takes_text(_EXPECTS + code)
    async def typed(scene: Scene, prompt: Prompt, text: str) -> None:
        link = await scene.payments.link(prompt.subject_id)
        await _set(scene, link, _with_text(link.terms, code, text.strip()))


for _code in ("note", "question", "thanks", "reference"):
    _takes_words(_code)
