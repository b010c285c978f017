"""What is said when something is refused: one sentence for each error and each reason.

Each fits an alert (200 characters, no tags but those of moments), says what to do about it where
something can be done, and is exact about money and time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from markupsafe import Markup

from bot.texts import Texts
from payments.errors import (
    AmountRefused,
    AnswerMissing,
    Conflict,
    DeviceUnknown,
    Expired,
    Frozen,
    InsufficientFunds,
    Leftover,
    Limit,
    LimitExceeded,
    NotEmpty,
    NoteRefused,
    NotJoined,
    NotOpen,
    NotOperator,
    NotYours,
    Paused,
    PayeeRefusal,
    PayeeRefused,
    PaymentError,
    PinLocked,
    PinMissing,
    PinNeeded,
    PinReason,
    PinWeak,
    ProofRefused,
    TermsChanged,
    TermsRefusal,
    TermsRefused,
    TooManyDevices,
    Unavailable,
    UnknownPerson,
    Unverified,
)
from payments.models import Proof, TransferKind
from payments.money import Reason

E = TypeVar("E", bound=PaymentError)
Sentence = Callable[[PaymentError, Texts], Markup]

_SENTENCES: dict[type[PaymentError], Sentence] = {}


def sentence(error: PaymentError, t: Texts) -> Markup:
    """What to tell the person, in at most 200 characters, as HTML whose only tags are moments.

    Raises:
        KeyError: there is no sentence for this class of error.
    """
    return _SENTENCES[type(error)](error, t)


def unreadable(reason: Reason, t: Texts) -> Markup:
    """What to tell somebody who typed what is no amount, as HTML without tags."""
    match reason:
        case Reason.NOT_A_NUMBER:
            return t("I could not read that as an amount. Try something like 12.50.")
        case Reason.UNKNOWN_CURRENCY:
            return t("I do not know that currency. /settings shows the ones you can use.")
        case Reason.NEGATIVE:
            return t("An amount has to be more than zero.")
        case Reason.TOO_MANY_DECIMALS:
            return t("That has more decimals than this currency has. Try fewer.")
        case Reason.TOO_LARGE:
            return t("That is more than can be paid at once.")
        case Reason.ZERO:
            return t("An amount has to be more than zero.")


def _says(kind: type[E]) -> Callable[[Callable[[E, Texts], Markup]], Callable[[E, Texts], Markup]]:
    """Registers the sentence of one class of error."""

    def register(say: Callable[[E, Texts], Markup]) -> Callable[[E, Texts], Markup]:
        _SENTENCES[kind] = say  # type: ignore[assignment]  # only ever called with its own kind
        return say

    return register


@_says(NotJoined)
def _not_joined(_: NotJoined, t: Texts) -> Markup:
    return t("You are not set up yet. Send me /start in our private chat, it takes a minute.")


@_says(TermsChanged)
def _terms_changed(_: TermsChanged, t: Texts) -> Markup:
    return t("The terms have changed. Send me /start in our private chat to read and accept them.")


@_says(Unverified)
def _unverified(error: Unverified, t: Texts) -> Markup:
    match error.missing:
        case Proof.PHONE:
            return t("Verify your phone number first: /settings, then Phone. Nothing was paid.")
        case Proof.BANK:
            return t("Link a bank account first: /settings, then Bank account. Nothing was paid.")


@_says(ProofRefused)
def _proof_refused(error: ProofRefused, t: Texts) -> Markup:
    match error.proof:
        case Proof.PHONE:
            return t("That number is no phone number that I know of, so I cannot use it.")
        case Proof.BANK:
            return t("I cannot read that as an IBAN, a UPI ID or a Pix key. Check each character.")


@_says(UnknownPerson)
def _unknown_person(_: UnknownPerson, t: Texts) -> Markup:
    return t("I do not know anybody by that name. Check the spelling, or pick from contacts.")


_PAYEES: dict[PayeeRefusal, Callable[[str, Texts], Markup]] = {
    PayeeRefusal.SELF: lambda _, t: t("That is you! Money can only go to somebody else."),
    PayeeRefusal.BOT: lambda _, t: t("That is a bot. Only people can be paid or asked."),
    PayeeRefusal.BLOCKED: lambda name, t: t(
        "You and {name} cannot pay or ask each other.", name=name
    ),
    PayeeRefusal.REQUESTS_OFF: lambda name, t: t(
        "{name} does not take requests from you. Nothing was sent.", name=name
    ),
    PayeeRefusal.NOBODY: lambda _, t: t("Who is it for? Choose somebody first."),
    PayeeRefusal.TOO_MANY: lambda _, t: t("That is too many people at once. Choose fewer."),
    PayeeRefusal.TWICE: lambda _, t: t("The same person is in there twice. Name each once."),
    PayeeRefusal.STOPPED: lambda _, t: t(
        "This person cannot be paid at the moment. Nothing was paid."
    ),
    PayeeRefusal.GONE: lambda _, t: t("This person has deleted their account. Nothing was paid."),
    PayeeRefusal.GIVER: lambda _, t: t("This gift is yours: somebody else has to take it."),
}
"""What is said for each reason, with the name of the person."""


@_says(PayeeRefused)
def _payee_refused(error: PayeeRefused, t: Texts) -> Markup:
    return _PAYEES[error.reason](error.name, t)


@_says(AmountRefused)
def _amount_refused(error: AmountRefused, t: Texts) -> Markup:
    least = None if error.least is None else t.money(error.least)
    most = None if error.most is None else t.money(error.most)
    if least is not None and most is not None:
        if least == most:
            return t("The amount has to be exactly {amount}.", amount=least)
        return t("The amount has to be between {least} and {most}.", least=least, most=most)
    if least is not None:
        return t("The amount has to be at least {least}.", least=least)
    if most is not None:
        return t("The amount can be at most {most}.", most=most)
    return t("That amount is not possible here.")


@_says(NoteRefused)
def _note_refused(error: NoteRefused, t: Texts) -> Markup:
    return t("A note can have at most {most} characters. Try a shorter one.", most=error.most)


@_says(TermsRefused)
def _terms_refused(error: TermsRefused, t: Texts) -> Markup:
    match error.reason:
        case TermsRefusal.PAST:
            return t("That moment has passed already. Choose a later one.")
        case TermsRefusal.USES:
            return t("The link was paid more often than that already. Choose a higher number.")
        case TermsRefusal.FULL:
            return t("This link takes no more payments. Its options can raise that.")
        case TermsRefusal.BANK:
            return t("Your linked bank account does not fit this link.")


@_says(AnswerMissing)
def _answer_missing(_: AnswerMissing, t: Texts) -> Markup:
    return t("This link asks a question first. Answer it, then you can pay.")


@_says(InsufficientFunds)
def _insufficient_funds(error: InsufficientFunds, t: Texts) -> Markup:
    return t(
        "You have {available} and this needs {needed}. Nothing was paid. "
        "Add {missing} with /topup first.",
        available=t.money(error.available),
        needed=t.money(error.needed),
        missing=t.money(error.needed - error.available),
    )


@_says(LimitExceeded)
def _limit_exceeded(error: LimitExceeded, t: Texts) -> Markup:
    if error.limit in (TransferKind.TOPUP, TransferKind.WITHDRAWAL):
        return _bank_limit(error, t)
    if error.limit in _LIMITS:
        return _LIMITS[error.limit](error, t)
    possible = error.possible
    again = None if error.again_at is None else t.moment(error.again_at)
    if possible is not None and possible.minor > 0:
        if again is not None:
            return t(
                "That is over the limit. {possible} is possible now, more from {again}.",
                possible=t.money(possible),
                again=again,
            )
        return t("That is over the limit. {possible} is possible.", possible=t.money(possible))
    if again is not None:
        return t("The limit is reached for now. Try again from {again}.", again=again)
    return t("The limit is reached, so this is not possible now.")


def _once_limit(error: LimitExceeded, t: Texts) -> Markup:
    return t(
        "You can pay at most {possible} at once. A verified phone and a bank account, "
        "in /settings, raise that.",
        possible=_possible(error, t),
    )


def _hour_limit(error: LimitExceeded, t: Texts) -> Markup:
    if error.again_at is None:
        return t("That is too many payments at once. Choose fewer people.")
    return t(
        "You have made a lot of payments in an hour. More are possible from {again}.",
        again=t.moment(error.again_at),
    )


def _new_pin_limit(error: LimitExceeded, t: Texts) -> Markup:
    return t(
        "Your PIN was changed a short while ago, so {possible} is possible now. "
        "More is possible from {again}.",
        possible=_possible(error, t),
        again=_again(error, t),
    )


def _day_limit(error: LimitExceeded, t: Texts) -> Markup:
    if error.again_at is None:
        return t("You can pay at most {possible} in 24 hours.", possible=_possible(error, t))
    return t(
        "That is over your limit for 24 hours. {possible} is possible now, more from {again}.",
        possible=_possible(error, t),
        again=_again(error, t),
    )


def _month_limit(error: LimitExceeded, t: Texts) -> Markup:
    if error.again_at is None:
        return t("You can pay at most {possible} in 30 days.", possible=_possible(error, t))
    return t(
        "That is over your limit for 30 days. {possible} is possible now, more from {again}.",
        possible=_possible(error, t),
        again=_again(error, t),
    )


def _receiving_limit(error: LimitExceeded, t: Texts) -> Markup:
    if error.possible is None:
        return t("This person cannot be paid that much at the moment. Try less, or later.")
    if error.again_at is None:
        return t("You can be paid at most {possible} now.", possible=_possible(error, t))
    return t(
        "That is more than you can be paid now. {possible} is possible, more from {again}.",
        possible=_possible(error, t),
        again=_again(error, t),
    )


def _requests_limit(_: LimitExceeded, t: Texts) -> Markup:
    return t("You have asked for money a lot. Wait until some of it is paid, or until tomorrow.")


def _lookups_limit(error: LimitExceeded, t: Texts) -> Markup:
    return t(
        "You have looked for a lot of phone numbers. More are possible from {again}. "
        "Choose somebody, or name a @username.",
        again=_again(error, t),
    )


def _reminders_limit(error: LimitExceeded, t: Texts) -> Markup:
    if error.again_at is None:
        return t("You have reminded them as often as is possible. Better write to them yourself.")
    return t(
        "You have reminded them a short while ago. You can again from {again}.",
        again=_again(error, t),
    )


def _possible(error: LimitExceeded, t: Texts) -> str:
    return "0" if error.possible is None else t.money(error.possible)


def _again(error: LimitExceeded, t: Texts) -> str:
    return t.plain("later") if error.again_at is None else t.moment(error.again_at)


_LIMITS: dict[str, Callable[[LimitExceeded, Texts], Markup]] = {
    Limit.PAYMENT: _once_limit,
    Limit.HOUR: _hour_limit,
    Limit.NEW_PIN: _new_pin_limit,
    Limit.DAY: _day_limit,
    Limit.MONTH: _month_limit,
    Limit.RECEIVING: _receiving_limit,
    Limit.REQUESTS: _requests_limit,
    Limit.REMINDERS: _reminders_limit,
    Limit.LOOKUPS: _lookups_limit,
}


def _bank_limit(error: LimitExceeded, t: Texts) -> Markup:
    """The bank moves so much a day, each way."""
    if error.possible is None:
        return t("No bank is connected here yet, so money cannot be added or withdrawn.")
    possible = t.money(error.possible)
    if error.again_at is None:
        return t(
            "That is more than the bank moves in a day. {possible} is possible now.",
            possible=possible,
        )
    again = t.moment(error.again_at)
    if error.possible.minor > 0:
        return t(
            "The bank moves only so much a day. {possible} is possible now, more from {again}.",
            possible=possible,
            again=again,
        )
    return t("The bank has moved all it can today. More is possible from {again}.", again=again)


@_says(PinMissing)
def _pin_missing(_: PinMissing, t: Texts) -> Markup:
    return t("You need a PIN to approve payments. Choose one with /pin.")


@_says(PinLocked)
def _pin_locked(error: PinLocked, t: Texts) -> Markup:
    return t(
        "Too many wrong tries, so your PIN is locked until {until}. Your money is safe.",
        until=t.moment(error.until),
    )


@_says(PinWeak)
def _pin_weak(_: PinWeak, t: Texts) -> Markup:
    return t("That PIN is too easy to guess. Choose another one.")


@_says(PinNeeded)
def _pin_needed(error: PinNeeded, t: Texts) -> Markup:
    match error.reason:
        case PinReason.AMOUNT:
            return t("This is too much for a fingerprint alone. Tap your PIN.")
        case PinReason.NEW_PAYEE:
            return t("You have not dealt with this person before. Tap your PIN this time.")
        case PinReason.WITHDRAWAL:
            return t("Moving money out takes your PIN.")
        case PinReason.LONG_AGO:
            return t("You have not used your PIN for a while. Tap it once more.")
        case PinReason.NEW_DEVICE:
            return t("This device was added a short while ago. Until it has waited, tap your PIN.")


@_says(DeviceUnknown)
def _device_unknown(_: DeviceUnknown, t: Texts) -> Markup:
    return t("This device may not approve payments, or no longer. Tap your PIN.")


@_says(TooManyDevices)
def _too_many_devices(error: TooManyDevices, t: Texts) -> Markup:
    return t("{most} devices may approve at once. Remove one first.", most=error.most)


@_says(NotYours)
def _not_yours(_: NotYours, t: Texts) -> Markup:
    return t("This is somebody else's, or too long ago: nothing was done.")


_STATES: dict[str, Callable[[Texts], Markup]] = {
    "draft": lambda t: t("Something is still missing here. Fill it in first."),
    "awaiting_pin": lambda t: t("This is waiting for its PIN and cannot be changed."),
    "posted": lambda t: t("This has been paid already. Nothing was paid twice."),
    "held": lambda t: t("This is paid already and waits to be accepted."),
    "returned": lambda t: t("This money went back to the payer already."),
    "cancelled": lambda t: t("This was cancelled already. Nothing was paid."),
    "refused": lambda t: t("This was refused. Nothing was paid."),
    "expired": lambda t: t("The time for this ran out. Nothing was paid."),
    "paid": lambda t: t("This has been paid already. Nothing was paid twice."),
    "declined": lambda t: t("This was declined already. Nothing was paid."),
    "open": lambda t: t("This is open, so that is not possible yet."),
    "active": lambda t: t("This link is active already."),
    "paused": lambda t: t("This link is paused by its owner. Nothing was paid."),
    "used_up": lambda t: t("This link takes no more payments. Nothing was paid."),
    "closed": lambda t: t("This link was closed by its owner. Nothing was paid."),
}


@_says(NotOpen)
def _not_open(error: NotOpen, t: Texts) -> Markup:
    say = _STATES.get(error.state)
    return say(t) if say else t("This is no longer open. Nothing was paid.")


@_says(Expired)
def _expired(_: Expired, t: Texts) -> Markup:
    return t("The time for this ran out. Nothing was paid. Just start again.")


@_says(Conflict)
def _conflict(_: Conflict, t: Texts) -> Markup:
    return t("This was done before in another way. Nothing was changed; see /history.")


@_says(Unavailable)
def _unavailable(_: Unavailable, t: Texts) -> Markup:
    return t(
        "I could not reach the books just now. Check /history before you try again: "
        "it shows what was paid."
    )


@_says(Frozen)
def _frozen(_: Frozen, t: Texts) -> Markup:
    return t(
        "Payments of your account are stopped for now. Nothing was paid. You can still see your "
        "money with /balance and /history."
    )


@_says(Paused)
def _paused(_: Paused, t: Texts) -> Markup:
    return t(
        "All payments are paused for a while. Nothing was paid, your money is safe. /balance and "
        "/history still work."
    )


@_says(NotOperator)
def _not_operator(_: NotOperator, t: Texts) -> Markup:
    return t("Only operators can do that.")


@_says(NotEmpty)
def _not_empty(error: NotEmpty, t: Texts) -> Markup:
    match error.reason:
        case Leftover.HELD:
            return t("Some of your money waits to be accepted. Take it back first, with /balance.")
        case Leftover.MONEY:
            return t("There is money in your account. Move it to your bank first, with /withdraw.")
        case Leftover.REQUESTS:
            return t("You have open requests. Take them back first, with /request.")
        case Leftover.LINKS:
            return t("You have links that can still be paid. Close them first, with /link.")
