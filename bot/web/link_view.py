"""What the page of a link says, in every state that a link can be in."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from markupsafe import Markup

from bot.bank_names import kind_name
from bot.keyboards import start_url
from bot.texts import Texts
from bot.web.preview import HUES, Preview
from payments.bank_codes import BankOffer
from payments.models import BankAccountKind, Link, LinkStanding, LinkTerms, Millis, Person

_INITIALS_MOST = 2


@dataclass(frozen=True, slots=True)
class BankView:
    """The words around a bank's code."""

    heading: str
    name: str
    account: str
    reference: Markup
    button: str
    button_address: str
    """Opens a bank app on a phone; "" where the standard has no such address."""
    means: str


@dataclass(frozen=True, slots=True)
class LinkView:
    """The words of the page, each in its place; "" or None where there is nothing to say."""

    mirrored: bool
    """Whether the language is written from right to left."""
    title: str
    description: str
    address: str
    """The page's own, which the QR code says."""
    heading: str
    name: str
    initials: str
    hue: int
    username: str | None
    username_means: str
    amount: str
    amount_is_set: bool
    amount_means: Markup | None
    note: str
    question: Markup | None
    until: Markup | None
    open: bool
    state: str
    """Why it cannot be paid; "" while it can be."""
    state_means: Markup | None
    button: str
    button_address: str
    scan: str
    scan_print: str
    promise: str
    play_money: str
    poster: str
    bank: BankView | None
    """How it is paid in a bank app; None where it is not."""

    @property
    def preview(self) -> Preview:
        """The same for the picture."""
        return Preview(
            initials=self.initials,
            hue=self.hue,
            heading=self.heading,
            name=self.name,
            figure=self.state or self.amount,
            note=self.note,
            footing="Chatpay · Telegram",
            address=self.address if self.open else "",
            mirrored=self.mirrored,
        )


def view_of(
    link: Link,
    owner: Person,
    t: Texts,
    *,
    address: str,
    bot_username: str,
    play_money: bool,
    now: Millis,
    offer: BankOffer | None = None,
) -> LinkView:
    """The words for a link as it is at this moment, in one language."""
    standing = link.standing(now)
    state, state_means = _standing(standing, link.terms, owner, t)
    is_open = standing is LinkStanding.OPEN
    amount = t.plain("You choose the amount")
    if link.terms.amount is not None:
        amount = t.money(link.terms.amount)
    return LinkView(
        mirrored=t.locale.text_direction == "rtl",
        title=_title(link.terms, owner, t),
        description=link.terms.note or t.plain("Opens in Telegram. Approved with your PIN."),
        address=address,
        heading=t.plain("Pay"),
        name=owner.name,
        initials=_initials(owner.name),
        hue=zlib.crc32(owner.name.encode()) % HUES,
        username=owner.username,
        username_means=t.plain("On Telegram"),
        amount=amount,
        amount_is_set=link.terms.amount is not None,
        amount_means=_choice(link.terms, t),
        note=link.terms.note,
        question=_question(link.terms, owner, t) if is_open else None,
        until=_until(link.terms, t) if is_open else None,
        open=is_open,
        state=state,
        state_means=state_means,
        button=t.plain("Open in Telegram")
        if is_open
        else t.plain("Write to {name}", name=owner.name),
        button_address=_button_address(link, owner, bot_username, is_open=is_open),
        scan=t.plain("or scan with a phone"),
        scan_print=t.plain("Scan to pay"),
        promise=t.plain("You approve it in Telegram with your PIN. This page asks for nothing."),
        play_money=t.plain("Play money: nothing here is worth anything.") if play_money else "",
        poster=t.plain("Print a poster"),
        bank=None if offer is None else _bank(offer, t),
    )


def _bank(offer: BankOffer, t: Texts) -> BankView:
    return BankView(
        heading=t.plain("or pay with your bank app"),
        name=offer.name,
        account=f"{kind_name(offer.kind, t)} {offer.account}",
        reference=t("Reference: <i>{reference}</i>", reference=_apart(offer.reference)),
        button=t.plain("Open my bank app"),
        button_address=offer.code if offer.kind is BankAccountKind.UPI else "",
        means=t.plain("Such a payment goes from bank to bank: Chatpay cannot see it."),
    )


def _title(terms: LinkTerms, owner: Person, t: Texts) -> str:
    if terms.amount is None:
        return t.plain("Pay {name}", name=owner.name)
    return t.plain("Pay {name} {amount}", name=owner.name, amount=t.money(terms.amount))


def _button_address(link: Link, owner: Person, bot_username: str, *, is_open: bool) -> str:
    """To the payment, or, where there is none to make, to whom it would have been for."""
    if is_open:
        return start_url(bot_username, f"l_{link.id}")
    return "" if owner.username is None else f"https://t.me/{owner.username}"


def _initials(name: str) -> str:
    words = [word for word in name.split() if word[0].isalnum()]
    first_and_last = [words[0], words[-1]] if len(words) > 1 else words
    return "".join(word[0] for word in first_and_last).upper()[:_INITIALS_MOST]


def _choice(terms: LinkTerms, t: Texts) -> Markup | None:
    """What the payer may choose."""
    if terms.fixed:
        return None
    least = None if terms.least is None else _apart(t.money(terms.least))
    most = None if terms.most is None else _apart(t.money(terms.most))
    if least is not None and most is not None:
        return t("Between {least} and {most}.", least=least, most=most)
    if least is not None:
        return t("At least {least}.", least=least)
    if most is not None:
        return t("At most {most}.", most=most)
    return t("Suggested: you can change it.") if terms.suggested else None


def _question(terms: LinkTerms, owner: Person, t: Texts) -> Markup | None:
    if not terms.question:
        return None
    return t("{name} asks: {question}", name=_apart(owner.name), question=_apart(terms.question))


def _apart(text: str) -> Markup:
    """Words that may run in another direction than those around them."""
    return Markup("<bdi>{}</bdi>").format(text)


def _until(terms: LinkTerms, t: Texts) -> Markup | None:
    if terms.expires_at is None:
        return None
    return t("Open until {until}", until=str(t.moment(terms.expires_at)))


def _standing(
    standing: LinkStanding, terms: LinkTerms, owner: Person, t: Texts
) -> tuple[str, Markup | None]:
    """Why a link cannot be paid, and what to do about it."""
    name = _apart(owner.name)
    match standing:
        case LinkStanding.OPEN:
            return "", None
        case LinkStanding.PAUSED:
            return t.plain("Paused for now"), t(
                "{name} takes no payments here at the moment. Try again later.", name=name
            )
        case LinkStanding.USED_UP if terms.uses_most == 1:
            return t.plain("Already paid"), t("This was paid. There is nothing left to do.")
        case LinkStanding.USED_UP:
            return t.plain("All sold"), t(
                "This link has taken as many payments as {name} wanted.", name=name
            )
        case LinkStanding.EXPIRED:
            return t.plain("No longer open"), t(
                "The time for this payment is over. Ask {name} for a new link.", name=name
            )
        case LinkStanding.CLOSED:
            return t.plain("Closed"), t(
                "{name} has closed this link. Nothing can be paid here any more.", name=name
            )
