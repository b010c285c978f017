"""What a payment link looks like in the chat: its card, its options, and who paid it.

As in `bot/cards.py`, nothing is looked up here.
"""

from __future__ import annotations

from markupsafe import Markup
from telegram import CopyTextButton, InlineKeyboardButton

from bot import cards, posters
from bot.cards import Screen
from bot.keyboards import button, in_rows_of, rows
from bot.link_address import Addresses
from bot.texts import Texts
from payments.models import BankSale, Link, LinkStanding, LinkState, LinkTerms, Millis, Person
from payments.money import Money
from payments.results import Sale, SalesPage

# --- the card ------------------------------------------------------------------------------------


def link_card(
    link: Link, owner: Person, addresses: Addresses, t: Texts, *, private: bool, now: Millis
) -> Screen:
    """The card that goes with the picture of a link.

    Args:
        link: the link.
        owner: whose it is.
        addresses: where it is.
        t: the owner's language.
        private: whether only its owner sees it; others see neither what it took nor its options.
        now: the moment.
    """
    kind = t("Your permanent link") if link.personal else t("A payment link")
    standing = link.standing(now)
    html = cards.lines(
        Markup("<b>{}</b> · {}").format(kind, amount_of(link.terms, t)),
        cards.note_line(link.terms.note),
        cards.full_name(owner),
        *(_details(link, t) if private else []),
        "",
        *_state(standing, t),
        *([] if standing is LinkStanding.CLOSED else _addresses(addresses)),
    )
    if standing is LinkStanding.CLOSED:
        return html, rows(_who_paid(link, t)) if private and link.uses + link.bank_uses else None
    share = _sharing(link, addresses, t)
    return html, rows(*share, *(_for_owner(link, t) if private else []))


def amount_of(terms: LinkTerms, t: Texts) -> str:
    """What a link asks for, in a few words."""
    if terms.amount is None:
        return t.plain("any amount")
    if terms.suggested:
        return t.plain("{amount} suggested", amount=t.money(terms.amount))
    return t.money(terms.amount)


def label(link: Link, t: Texts) -> str:
    """A link in a list."""
    parts = [amount_of(link.terms, t), link.terms.note, f"{link.uses}×" if link.uses else ""]
    paused = "⏸ " if link.state is LinkState.PAUSED else ""
    return paused + " · ".join(part for part in parts if part)


def _addresses(addresses: Addresses) -> list[Markup]:
    return [Markup("{}").format(each) for each in (addresses.page, addresses.chat) if each]


def _details(link: Link, t: Texts) -> list[Markup | None]:
    terms = link.terms
    return [
        cards.range_line(terms, t),
        None if terms.uses_most is None else _uses_line(terms.uses_most, t),
        None
        if terms.expires_at is None
        else t("Open until {until}", until=t.moment(terms.expires_at)),
        t("Asks: <i>{question}</i>", question=terms.question) if terms.question else None,
        t("Reference: <i>{reference}</i>", reference=terms.reference) if terms.reference else None,
        totals(link, t) if link.uses else None,
        by_bank(link, t) if link.bank_uses else None,
    ]


def _uses_line(uses_most: int, t: Texts) -> Markup:
    return t.plural("For {n} payment", "For up to {n} payments", uses_most)


def totals(link: Link, t: Texts) -> Markup:
    """How many payments, and what they came to."""
    paid = t.plural(
        "💶 {n} payment, <b>{total}</b> in all",
        "💶 {n} payments, <b>{total}</b> in all",
        link.uses,
        total=t.money(link.paid),
    )
    if not link.refunded_minor:
        return paid
    given_back = t("{amount} given back", amount=t.money(link.refunded))
    return Markup("{} · {}").format(paid, given_back)


def by_bank(link: Link, t: Texts) -> Markup:
    """How many payments arrived at the bank, and what they came to."""
    return t.plural(
        "🏦 {n} payment by bank, <b>{total}</b> in all",
        "🏦 {n} payments by bank, <b>{total}</b> in all",
        link.bank_uses,
        total=t.money(link.bank_paid),
    )


def _state(standing: LinkStanding, t: Texts) -> list[Markup]:
    match standing:
        case LinkStanding.OPEN:
            return []
        case LinkStanding.PAUSED:
            return [t("⏸ This link is paused: nobody can pay it until you resume it.")]
        case LinkStanding.USED_UP:
            return [t("☑️ This link was paid as often as it takes. Options can raise that.")]
        case LinkStanding.EXPIRED:
            return [t("⌛ The time of this link is up. Options can give it more.")]
        case LinkStanding.CLOSED:
            return [t("This link is closed: nobody can pay it any more.")]


def _sharing(link: Link, addresses: Addresses, t: Texts) -> list[list[InlineKeyboardButton]]:
    terms = link.terms
    invitation = (
        t.plain("Pay me {amount} with Chatpay:", amount=t.money(terms.amount))
        if terms.amount is not None and terms.fixed
        else t.plain("Pay me with Chatpay:")
    )
    share = cards.sharing(addresses.best, invitation, t)
    if not addresses.page:
        return [share]
    copy = CopyTextButton(addresses.chat)
    return [share, [InlineKeyboardButton(t.plain("Copy Telegram link"), copy_text=copy)]]


def _for_owner(link: Link, t: Texts) -> list[list[InlineKeyboardButton]]:
    who_paid = _who_paid(link, t)
    if link.personal:
        return [posters.buttons(link.id, t), who_paid if link.uses else []]
    switch = (
        button(t.plain("Resume"), "l", "resume", link.id)
        if link.state is LinkState.PAUSED
        else button(t.plain("Pause"), "l", "pause", link.id)
    )
    return [
        posters.buttons(link.id, t),
        [button(t.plain("Options"), "l", "options", link.id), *who_paid],
        [switch, button(t.plain("Close link"), "l", "close", link.id)],
    ]


def _who_paid(link: Link, t: Texts) -> list[InlineKeyboardButton]:
    return [button(t.plain("Who paid ({n})", n=link.uses + link.bank_uses), "l", "who", link.id)]


# --- who paid ------------------------------------------------------------------------------------


def sales(page: SalesPage, t: Texts, *, before: int | None) -> Screen:
    """A page of the payments of a link, with what can be given back of them.

    Args:
        page: the payments.
        t: the owner's language.
        before: the number below which the page begins; None for the first page.
    """
    link = page.link
    heading = Markup("<b>{}</b> · {}").format(t("Who paid"), label(link, t))
    blocks = [_sale(sale, t) for sale in page.sales]
    if link.uses:
        blocks.insert(0, totals(link, t))
    if page.by_bank and before is None:
        blocks.append(
            cards.lines(by_bank(link, t), *(_bank_sale(s, link, t) for s in page.by_bank))
        )
    if not blocks:
        blocks = [Markup("\n{}").format(t("Nobody yet."))]
    html = cards.lines(heading, Markup("\n\n").join(blocks))
    refundable = [
        button(t.plain("Give back no. {n}", n=sale.number), "i", "refund", sale.payment.id)
        for sale in page.sales
        if sale.payment.refunded_minor < sale.payment.amount.minor
    ]
    turns = []
    if before is not None:
        turns.append(button(t.plain("◀ Latest"), "l", "who", link.id))
    if page.older is not None:
        turns.append(button(t.plain("Older ▶"), "l", "who", link.id, page.older))
    away = [button(t.plain("Done"), "l", "away")]
    banks = _bank_buttons(page, t) if before is None else []
    return html, rows(*in_rows_of(2, refundable), *in_rows_of(1, banks), turns, away)


def _bank_sale(sale: BankSale, link: Link, t: Texts) -> Markup:
    amount = t.money(Money(sale.amount_minor, link.terms.currency))
    line = Markup("{}. <b>{}</b> · {}").format(sale.number, amount, t.moment(sale.written_at))
    return Markup("{} · {}").format(line, t("taken back")) if sale.taken_back else line


def _bank_buttons(page: SalesPage, t: Texts) -> list[InlineKeyboardButton]:
    link_id = page.link.id
    arrived = button(t.plain("A bank payment arrived"), "l", "arrived", link_id)
    return [
        *([arrived] if page.link.terms.bank or page.by_bank else []),
        *(
            button(
                t.plain("Take back bank no. {n}", n=sale.number), "l", "back", link_id, sale.number
            )
            for sale in page.by_bank
            if not sale.taken_back
        ),
    ]


def _sale(sale: Sale, t: Texts) -> Markup:
    payment = sale.payment
    given_back = Money(payment.refunded_minor, payment.currency)
    return cards.lines(
        Markup("{}. <b>{}</b> · {}").format(
            sale.number, t.money(payment.amount), t.named(cards.full_name(sale.payer))
        ),
        Markup("{} <b>{}</b>").format(sale.question, sale.answer) if sale.answer else None,
        None if payment.posted_at is None else Markup("{}").format(t.moment(payment.posted_at)),
        t("↩️ {amount} given back", amount=t.money(given_back)) if given_back.minor else None,
    )


def my_links(links: list[Link], t: Texts) -> Screen:
    """The links of a person, to open one, and the way to another."""
    buttons = [button(label(link, t), "l", "open", link.id) for link in links]
    html = t("<b>Your payment links</b>") if links else t("<b>You have no payment links yet.</b>")
    return html, rows(
        *in_rows_of(1, buttons),
        [
            button(t.plain("New link"), "l", "new"),
            button(t.plain("My permanent link"), "l", "me"),
        ],
    )
