"""Paying a link in one's bank app instead: the bank's code, sent below the link's card.

What is paid so goes past the bot. The owner says when it has arrived.
"""

from __future__ import annotations

from markupsafe import Markup
from telegram import CopyTextButton, InlineKeyboardButton

from bot import cards, link_cards, prompts, qr
from bot.bank_names import kind_name
from bot.context import Scene
from bot.keyboards import button, rows
from bot.texts import Texts
from payments.bank_codes import BankOffer
from payments.errors import NotOpen
from payments.models import Link, Prompt
from payments.money import Money

_COPIED_MOST = 256
"""Characters that a button can copy."""
_EXPECTS = "link_arrived"
_SALES = 5


async def show(scene: Scene, link: Link) -> None:
    """Sends the bank's code of a link, where it has one."""
    offer = await scene.payments.bank_offer(link.id)
    if offer is None:
        return
    picture = await qr.make_png(offer.code)
    await scene.send_photo(picture, _caption(offer, scene.t), rows(_copying(offer, scene.t)))


def _caption(offer: BankOffer, t: Texts) -> Markup:
    return cards.lines(
        Markup("🏦 <b>{}</b>").format(t("or pay with your bank app")),
        Markup("{} · {} {}").format(offer.name, kind_name(offer.kind, t), offer.account),
        t("Reference: <i>{reference}</i>", reference=offer.reference),
        "",
        t("Such a payment goes from bank to bank: Chatpay cannot see it."),
    )


def _copying(offer: BankOffer, t: Texts) -> list[InlineKeyboardButton]:
    if len(offer.code) > _COPIED_MOST:
        return []
    copied = CopyTextButton(offer.code)
    return [InlineKeyboardButton(t.plain("Copy bank code"), copy_text=copied)]


# --- what has arrived ----------------------------------------------------------------------------


async def ask_arrived(scene: Scene, link: Link) -> None:
    """Asks the owner how much has arrived."""
    t = scene.t
    amount = link.terms.amount
    offered = [] if amount is None else [button(t.money(amount), "l", "sum", link.id)]
    await scene.chat.ask(scene.person.id, scene.chat_id, _EXPECTS, subject_id=link.id)
    await scene.reply(
        t("🏦 How much has arrived at your bank? Tap the amount or type one."), rows(offered)
    )


async def arrived_as_asked(scene: Scene, link: Link, amount: Money) -> None:
    """Writes down that what the link asks for has arrived.

    Raises:
        NotOpen: that was answered already.
        TermsRefused: the link takes no more payments.
    """
    prompt = await scene.chat.asked(scene.person.id, scene.chat_id)
    if prompt is None or prompt.expects != _EXPECTS or prompt.subject_id != link.id:
        raise NotOpen("answered")
    await _write_down(scene, link, amount)


@prompts.takes_amount(_EXPECTS)
async def _amount_typed(scene: Scene, prompt: Prompt, amount: Money) -> None:
    link = await scene.payments.link(prompt.subject_id)
    if amount.currency != link.terms.currency:
        raise prompts.AskAgain(
            scene.t(
                "This link is paid in {currency}. Write the currency with the amount.",
                currency=link.terms.currency,
            )
        )
    await _write_down(scene, link, amount)
    page = await scene.payments.sales(link.id, scene.person.id, limit=_SALES)
    await scene.reply(*link_cards.sales(page, scene.t, before=None))


async def _write_down(scene: Scene, link: Link, amount: Money) -> None:
    origin = scene.origin
    await scene.payments.sell_by_bank(link.id, scene.person.id, amount, origin=origin)
    await scene.chat.answered(scene.person.id, scene.chat_id)
