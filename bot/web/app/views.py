"""What the Mini App is told about cards, receipts, keypads and devices, ready to be shown."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any, assert_never

from bot import cards, refusals, second_look
from bot.cards import IntentFacts
from bot.texts import Texts
from bot.web.preview import HUES
from payments.errors import PinReason
from payments.ids import reference
from payments.models import (
    Account,
    Device,
    HistoryLine,
    Intent,
    IntentKind,
    IntentState,
    Keypad,
    KeypadPurpose,
    Millis,
    Payment,
    Person,
    TransferKind,
)
from payments.money import Money
from payments.policy import Policy
from payments.results import (
    Approved,
    Enrolled,
    Erased,
    HistoryPage,
    KeypadClosed,
    Locked,
    NextKeypad,
    NextReason,
    NotDone,
    Operated,
    PinSet,
    Receipt,
    RefusedAfterPin,
    Tapped,
    TapResult,
    WrongPin,
)

Json = dict[str, Any]


# --- people and money ----------------------------------------------------------------------------


def face(name: str, username: str | None = None) -> Json:
    """Somebody, or something that money goes to."""
    words = [word for word in name.split() if word[0].isalnum()]
    initials = "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()
    return {
        "name": name,
        "username": "" if username is None else f"@{username}",
        "initials": initials or "•",
        "hue": zlib.crc32(name.encode()) % HUES,
    }


def balance(account: Account, t: Texts) -> Json:
    """What somebody has in one currency."""
    return {
        "currency": account.currency,
        "available": t.money(account.available),
        "held": t.money(account.held) if account.held_minor else "",
    }


def amounts(offered: Iterable[Money], t: Texts) -> list[Json]:
    """Amounts to tap."""
    return [
        {"label": t.money(amount), "minor": amount.minor, "currency": amount.currency}
        for amount in offered
    ]


def line(moved: HistoryLine, t: Texts) -> Json:
    """One line of the history."""
    amount = t.money(Money(abs(moved.amount_minor), moved.currency))
    return {
        "id": moved.transfer_id,
        "who": face(_other(moved, t)),
        "bank": moved.other_id is None,
        "note": moved.note,
        "amount": f"+{amount}" if moved.amount_minor > 0 else f"−{amount}",
        "credited": moved.amount_minor > 0,
        "at": moved.created_at,
        "when": t.day(moved.created_at),
    }


def _other(moved: HistoryLine, t: Texts) -> str:
    if moved.other_name is not None:
        return t.name(moved.other_name)
    return t.plain("from your bank") if moved.amount_minor > 0 else t.plain("to your bank")


def history(page: HistoryPage, t: Texts) -> Json:
    """A page of the history, and where the next one begins."""
    return {"lines": [line(each, t) for each in page.lines], "older": page.older}


def receipt(found: Receipt, viewer: Person, t: Texts) -> Json:
    """One movement of money as the viewer sees it."""
    credited = found.payee is not None and found.payee.id == viewer.id
    other = found.payer if credited else found.payee
    name = t.plain("Your bank") if other is None else t.name(other.name)
    is_refund = found.transfer.kind is TransferKind.REFUND
    return {
        "who": face(name, None if other is None else other.username),
        "bank": other is None,
        "title": t.plain("Given back") if is_refund else _direction(t, credited=credited),
        "amount": t.money(found.amount),
        "credited": credited,
        "note": found.note,
        "at": found.transfer.created_at,
        "when": t.moment(found.transfer.created_at),
        "left": t.money(found.balance_after),
        "reference": "" if found.payment is None else reference(found.transfer.id),
    }


def _direction(t: Texts, *, credited: bool) -> str:
    return t.plain("Received") if credited else t.plain("Paid")


# --- cards ---------------------------------------------------------------------------------------


def intent(
    card: Intent, facts: IntentFacts, policy: Policy, reason: PinReason | None, t: Texts
) -> Json:
    """A card, before and after it was approved.

    Args:
        card: the card.
        facts: what is known about its people.
        policy: the figures that the rules go by.
        reason: why a device may not approve it, if so.
        t: the payer's language.
    """
    total = card.total
    return {
        "id": card.id,
        "state": card.state.value,
        "open": card.state in cards.OPEN_STATES,
        "lacks": _lacks(card),
        "question": card.question,
        "heading": _heading(card, t),
        "verb": _verb(card, "" if total is None else t.money(total), t),
        "payees": [
            {**_payee(card, p, facts, t), "amount": _share(card, t)} for p in card.payments
        ],
        "amount": "" if total is None else t.money(total),
        "note": card.note,
        "warnings": _warnings(card, facts, t),
        "instead": _instead(card, facts, t),
        "after": _after(card, facts, t),
        "affordable": _affordable(card, facts),
        "topup": policy.sandbox and not _affordable(card, facts),
        "second_look": _second_look(card, facts, t)
        if second_look.needed(card, facts, policy)
        else None,
        "finger": reason is None,
        "ended": _ended(card, t),
    }


def _lacks(card: Intent) -> str:
    if card.lacks_payee:
        return "payee"
    if card.lacks_amount:
        return "amount"
    return "answer" if card.lacks_answer else ""


def _heading(card: Intent, t: Texts) -> str:
    match card.kind:
        case IntentKind.PAYMENT:
            return t.plain("You pay")
        case IntentKind.WITHDRAWAL:
            return t.plain("You withdraw to")
        case IntentKind.REFUND:
            return t.plain("You give back to")
        case IntentKind.GIFT:
            return t.plain("You give to")


def _verb(card: Intent, amount: str, t: Texts) -> str:
    match card.kind:
        case IntentKind.PAYMENT:
            return t.plain("Pay {amount}", amount=amount)
        case IntentKind.WITHDRAWAL:
            return t.plain("Withdraw {amount}", amount=amount)
        case IntentKind.REFUND:
            return t.plain("Give back {amount}", amount=amount)
        case IntentKind.GIFT:
            return t.plain("Give {amount}", amount=amount)


def _payee(card: Intent, payment: Payment, facts: IntentFacts, t: Texts) -> Json:
    person = cards.known(payment.payee_id, facts.people)
    if person is not None:
        return face(t.name(person.name), person.username)
    if payment.payee_username is not None:
        return face(f"@{payment.payee_username}")
    is_gift = card.kind is IntentKind.GIFT
    return face(t.plain("Whoever takes it first") if is_gift else t.plain("Your bank"))


def _share(card: Intent, t: Texts) -> str:
    """What each gets, where there are several."""
    each = card.amount_each
    return t.money(each) if each is not None and len(card.payments) > 1 else ""


def _warnings(card: Intent, facts: IntentFacts, t: Texts) -> list[str]:
    if card.state not in cards.OPEN_STATES:
        return []
    return [
        warning.striptags().removeprefix("⚠️ ")
        for warning in cards.warnings(card, facts, t)
        if warning
    ]


def _instead(card: Intent, facts: IntentFacts, t: Texts) -> str:
    """What the button says that pays those whom the payer knows, not those who look like them."""
    is_set = card.request_id is not None or card.link_id is not None
    if is_set or card.state is not IntentState.DRAFT or not facts.lookalikes:
        return ""
    names = ", ".join(t.name(person.name) for person in facts.lookalikes.values())
    return t.plain("Pay {name} instead", name=names)


def _second_look(card: Intent, facts: IntentFacts, t: Texts) -> Json:
    """What has to be answered before the keypad."""
    return {
        "sentence": second_look.sentence(card, facts, t).striptags(),
        "question": second_look.question(t).striptags(),
        "yes": second_look.yes(card, facts, t),
    }


def _after(card: Intent, facts: IntentFacts, t: Texts) -> str:
    if facts.limit is not None:
        return str(refusals.sentence(facts.limit, t).striptags())
    if facts.available is None or card.total is None:
        return ""
    after = facts.available - card.total
    if after.minor >= 0:
        return t.plain("Left afterwards: {after}", after=t.money(after))
    return t.plain(
        "You have {available}: that is {missing} too little.",
        available=t.money(facts.available),
        missing=t.money(-after),
    )


def _affordable(card: Intent, facts: IntentFacts) -> bool:
    return card.total is None or not cards.is_short(card.total, facts)


def _ended(card: Intent, t: Texts) -> Json | None:
    """What became of a card."""
    match card.state:
        case IntentState.DRAFT | IntentState.AWAITING_PIN:
            return None
        case IntentState.POSTED:
            numbers = [reference(payment.id) for payment in card.payments]
            return {"good": True, "title": t.plain("Paid"), "reference": ", ".join(numbers)}
        case IntentState.CANCELLED:
            title = t.plain("Cancelled. Nothing was paid.")
        case IntentState.EXPIRED:
            title = t.plain("The time for this ran out. Nothing was paid.")
        case IntentState.REFUSED:
            title = t.plain("This was refused. Nothing was paid.")
    return {"good": False, "title": title, "reference": ""}


# --- keypads -------------------------------------------------------------------------------------


def keypad(shown: Keypad, t: Texts, *, said: str = "") -> Json:
    """A keypad; what a key sends says nothing about its digit to whoever does not see this."""
    return {
        "id": shown.id,
        "keys": list(shown.keys),
        "filled": len(shown.digits),
        "title": _title(shown, t),
        "said": said,
    }


def _title(shown: Keypad, t: Texts) -> str:
    match shown.purpose:
        case KeypadPurpose.CURRENT:
            return t.plain("Tap your present PIN")
        case KeypadPurpose.CHOOSE:
            return t.plain("Choose a PIN of six digits")
        case KeypadPurpose.REPEAT:
            return t.plain("Tap the same six digits again")
        case _:
            return t.plain("Tap your PIN")


def tapped(result: TapResult, policy: Policy, t: Texts) -> Json:
    """What a tap led to: `next` says which screen follows."""
    match result:
        case Tapped() | NextKeypad() | WrongPin():
            return {"next": "keypad", **_next_keypad(result, t)}
        case Approved(card):
            return _then(card.id)
        case RefusedAfterPin(card, error):
            return _then(card.id, refusals.sentence(error, t).striptags())
        case PinSet(card_id):
            return _then(card_id)
        case Locked(until, card_id):
            return _then(card_id, _locked(until, t))
        case KeypadClosed(card_id):
            return _then(card_id, t.plain("This keypad has closed. Open it again."))
        case Enrolled(device, token):
            said = _enrolled(policy.device_wait_ms, t)
            return {"next": "enrolled", "token": token, "device": device.id, "said": said}
        case NotDone(error):
            return _then(None, refusals.sentence(error, t).striptags())
        case Operated() | Erased():  # by keypads of the chat
            return _then(None)
        case _:
            assert_never(result)


def _enrolled(wait_ms: int, t: Texts) -> str:
    if wait_ms:
        return t.plain("Added. In {span} your finger or face is enough.", span=t.span(wait_ms))
    return t.plain("Added. Your finger or face is enough now.")


def _then(card_id: str | None, said: str = "") -> Json:
    """The card that the keypad was for, or the first screen, and a sentence."""
    return {"next": "card" if card_id else "home", "card": card_id, "said": said}


def _next_keypad(result: Tapped | NextKeypad | WrongPin, t: Texts) -> Json:
    match result:
        case Tapped(shown):
            return {"keypad": keypad(shown, t)}
        case NextKeypad(shown, reason):
            return {"keypad": keypad(shown, t, said=_why_next(reason, t))}
        case WrongPin(shown, tries_left):
            return {"wrong": True, "keypad": keypad(shown, t, said=_wrong(tries_left, t))}


def _why_next(reason: NextReason, t: Texts) -> str:
    match reason:
        case NextReason.CURRENT_RIGHT:
            return t.plain("That was right. Now the new one.")
        case NextReason.REPEAT:
            return ""
        case NextReason.MISMATCH:
            return t.plain("The two were not the same. Choose again.")
        case NextReason.WEAK:
            return t.plain("That one is too easy to guess. Choose another one.")


def _wrong(tries_left: int, t: Texts) -> str:
    return t.plural(
        "Wrong PIN. {n} try left before it locks.",
        "Wrong PIN. {n} tries left before it locks.",
        tries_left,
    ).unescape()


def _locked(until: Millis, t: Texts) -> str:
    return t.plain(
        "Your PIN is locked until {until}. Your money is safe, nothing was paid.",
        until=t.moment(until),
    )


# --- devices -------------------------------------------------------------------------------------


def device(added: Device, t: Texts) -> Json:
    """One device that may approve."""
    used = t.plain("not used yet")
    if added.used_at is not None:
        used = t.plain("last used {day}", day=t.day(added.used_at))
    since = t.plain("since {day}", day=t.day(added.added_at))
    return {"id": added.id, "name": added.name, "about": f"{since} · {used}"}
