"""What a request that was sent looks like to whoever is asked, to whoever asks, and to a group.

As in `bot/cards.py`, nothing is looked up here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup
from telegram import InlineKeyboardButton, SwitchInlineQueryChosenChat
from telegram.constants import KeyboardButtonStyle

from bot.cards import (
    Screen,
    about,
    full_name,
    known,
    lines,
    named,
    note_line,
    sharing,
    short_name,
)
from bot.keyboards import button, link_button, rows, start_url
from bot.texts import Texts
from payments.models import Person, PersonId, ReportReason, Request, RequestState
from payments.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFacts:
    """What the card of a request says beyond the request itself."""

    bot_username: str
    people: Mapping[PersonId, Person]
    """Requester and payer."""
    strangers: bool = False
    """The two never exchanged money."""
    blocked: bool = False
    """The payer has blocked the requester."""
    inline: bool = False
    """Whether the bot's name can be typed in any chat, so that the card can be put there."""


def request_for_payer(request: Request, facts: RequestFacts, t: Texts) -> Screen:
    """The card of whoever is asked to pay."""
    requester = facts.people[request.requester_id]
    asks = t(
        "{requester} asks you to pay <b>{amount}</b>",
        requester=full_name(requester),
        amount=t.money(request.amount),
    )
    if request.state is not RequestState.OPEN:
        return lines(asks, note_line(request.note), "", _end_for_payer(request, facts, t)), None
    text = lines(
        asks,
        note_line(request.note),
        "",
        t("<b>You pay:</b> the money goes from you to {name}.", name=requester.name),
        _paid_so_far(request, t),
        t(
            "You have never dealt with {name}. Pay only if you know what this is for.",
            name=requester.name,
        )
        if facts.strangers
        else None,
        t("Open until {until}", until=t.moment(request.expires_at)),
    )
    name = short_name(requester)
    pay = button(
        t.plain("Pay {amount}…", amount=t.money(request.remaining)),
        "r",
        "pay",
        request.id,
        style=KeyboardButtonStyle.SUCCESS,
    )
    return text, rows(
        [pay],
        [button(t.plain("Pay a part…"), "r", "part", request.id)] if request.partial else [],
        [
            button(t.plain("Decline"), "r", "decline", request.id),
            button(t.plain("Block {name}", name=name), "r", "block", request.id),
        ]
        if request.payer_id is not None
        else [button(t.plain("Block {name}", name=name), "r", "block", request.id)],
        [button(t.plain("Report {name}", name=name), "r", "report", request.id)],
    )


def report_question(request: Request, facts: RequestFacts, t: Texts) -> Screen:
    """What is wrong with a request."""
    requester = facts.people[request.requester_id]
    reasons = {
        ReportReason.STRANGER: t.plain("I don't know them"),
        ReportReason.SCAM: t.plain("It is a scam"),
        ReportReason.ABUSE: t.plain("It threatens or insults"),
    }
    text = lines(
        t("<b>What is wrong with it?</b>"),
        t(
            "The operators will look at it. {name} is blocked, and not told that it was you.",
            name=full_name(requester),
        ),
    )
    return text, rows(
        *([button(label, "r", "report", request.id, reason)] for reason, label in reasons.items()),
        [button(t.plain("Back"), "r", "unreport", request.id)],
    )


def _end_for_payer(request: Request, facts: RequestFacts, t: Texts) -> Markup:
    name = facts.people[request.requester_id].name
    if request.state is RequestState.PAID:
        return t("✅ Paid.")
    if request.state is RequestState.DECLINED and facts.blocked:
        return t("You declined, and blocked {name}. /settings undoes the block.", name=name)
    if request.state is RequestState.DECLINED and request.paid_minor:
        return lines(t("You declined the rest."), _paid_in_the_end(request, t))
    if request.state is RequestState.DECLINED:
        return t("You declined. Nothing was paid.")
    if request.state is RequestState.CANCELLED:
        return t("{name} no longer asks for this. Nothing to pay.", name=name)
    return t("The time for this request is up. Nothing to pay.")


def _paid_in_the_end(request: Request, t: Texts) -> Markup | None:
    """What of a request was paid before it ended; None where nothing was."""
    if not request.paid_minor:
        return None
    return t(
        "{paid} of {amount} was paid.",
        paid=t.money(Money(request.paid_minor, request.currency)),
        amount=t.money(request.amount),
    )


def _paid_so_far(request: Request, t: Texts) -> Markup | None:
    if not request.paid_minor and request.partial:
        return t("It may be paid in parts.")
    if not request.paid_minor:
        return None
    return t(
        "{paid} of {amount} paid, {remaining} to go.",
        paid=t.money(Money(request.paid_minor, request.currency)),
        amount=t.money(request.amount),
        remaining=t.money(request.remaining),
    )


def request_for_requester(request: Request, facts: RequestFacts, t: Texts) -> Screen:
    """The card of whoever asked."""
    payer = named(request.payer_id, request.payer_username, facts.people, t("anyone"))
    asked = t("You asked {payer} for <b>{amount}</b>", payer=payer, amount=t.money(request.amount))
    if request.state is not RequestState.OPEN:
        return lines(asked, note_line(request.note), "", _end_for_requester(request, t)), None
    text = lines(
        asked,
        note_line(request.note),
        "",
        _paid_so_far(request, t),
        _how_it_arrives(request, facts, payer, t),
        t("Open until {until}", until=t.moment(request.expires_at)),
    )
    return text, rows(
        *_passing_on(request, facts, t),
        [
            *(
                []
                if request.payer_id is None or _must_be_passed_on(request, facts)
                else [button(t.plain("Remind"), "r", "remind", request.id)]
            ),
            button(t.plain("Cancel request"), "r", "cancel", request.id),
        ],
    )


def request_url(request: Request, bot_username: str) -> str:
    """The address that opens a request."""
    return start_url(bot_username, f"r_{request.id}")


def _must_be_passed_on(request: Request, facts: RequestFacts) -> bool:
    """Whether the bot cannot bring the request to its payer by itself."""
    payer = known(request.payer_id, facts.people)
    return request.group_id is None and (payer is None or not payer.joined)


def _how_it_arrives(request: Request, facts: RequestFacts, payer: Markup, t: Texts) -> Markup:
    if request.group_id is not None:
        return t("Whoever pays first in the group pays it.")
    if not _must_be_passed_on(request, facts):
        return t("⏳ Waiting for {payer}.", payer=payer)
    if request.payer_id is None and request.payer_username is None:
        return t("Whoever opens the link first and pays, pays it.")
    return t("{payer} has not joined yet: send the link.", payer=payer)


def _passing_on(
    request: Request, facts: RequestFacts, t: Texts
) -> list[list[InlineKeyboardButton]]:
    if not _must_be_passed_on(request, facts):
        return []
    invitation = t.plain("I ask you to pay {amount}:", amount=t.money(request.remaining))
    return [
        [_to_a_chat(request, t)] if facts.inline else [],
        sharing(request_url(request, facts.bot_username), invitation, t),
        [button(t.plain("QR code"), "r", "qr", request.id)],
    ]


def _to_a_chat(request: Request, t: Texts) -> InlineKeyboardButton:
    """Opens the list of chats, and types in the chosen one what `bot/inline.py` knows."""
    where = SwitchInlineQueryChosenChat(
        f"r_{request.id}", allow_user_chats=True, allow_group_chats=True
    )
    return InlineKeyboardButton(
        t.plain("Put it into a chat…"), switch_inline_query_chosen_chat=where
    )


def _end_for_requester(request: Request, t: Texts) -> Markup:
    if request.state is RequestState.PAID:
        return t("✅ Paid.")
    paid = _paid_in_the_end(request, t)
    if request.state is RequestState.DECLINED:
        return lines(t("Declined."), paid)
    if request.state is RequestState.CANCELLED:
        return lines(t("You cancelled this request."), paid)
    return lines(t("The time for this request is up."), paid)


def request_in_group(request: Request, facts: RequestFacts, t: Texts) -> Screen:
    """The card that asks a whole group."""
    text = lines(
        t(
            "{requester} asks anyone here for <b>{amount}</b>",
            requester=full_name(facts.people[request.requester_id]),
            amount=t.money(request.amount),
        ),
        note_line(request.note),
    )
    if request.state is RequestState.OPEN:
        pay = t.plain("Pay {amount}…", amount=t.money(request.remaining))
        address = request_url(request, facts.bot_username)
        return lines(text, _paid_so_far(request, t)), rows([link_button(pay, address)])
    return lines(text, "", _end_in_group(request, t)), None


def _end_in_group(request: Request, t: Texts) -> Markup:
    if request.state is RequestState.PAID:
        return t("✅ Paid")
    if request.state is RequestState.EXPIRED:
        return t("Time is up")
    return t("Cancelled")


def declined_news(request: Request, people: Mapping[PersonId, Person], t: Texts) -> Markup:
    """One sentence to the requester."""
    payer = named(request.payer_id, request.payer_username, people, t("Somebody"))
    if request.paid_minor:
        rest = t.money(request.remaining)
        return t("{payer} declined the rest of your request, {rest}.", payer=payer, rest=rest)
    amount = t.money(request.amount)
    return t("{payer} declined your request for {amount}.", payer=payer, amount=amount)


def reminder(request: Request, people: Mapping[PersonId, Person], t: Texts) -> Markup:
    """One sentence to whoever is asked, once more."""
    return t(
        "🔔 A reminder: {requester} asks you to pay <b>{amount}</b>{about}",
        requester=full_name(people[request.requester_id]),
        amount=t.money(request.remaining),
        about=about(request.note),
    )
