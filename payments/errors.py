"""What can go wrong, as types.

    PaymentError
    ├── Refused                the person can do something about it; nothing moved
    │   ├── NotJoined          terms not accepted yet
    │   ├── TermsChanged       the present terms not accepted yet
    │   ├── Unverified         a phone or bank account has to be shown first
    │   ├── ProofRefused       that is no phone number, or no bank account
    │   ├── UnknownPerson      nobody by that name is known
    │   ├── PayeeRefused       oneself, a bot, somebody who blocked …
    │   ├── AmountRefused      zero, too large, outside the link's range …
    │   ├── NoteRefused        longer than a note may be
    │   ├── TermsRefused       a link that could never be paid
    │   ├── AnswerMissing      the link asks its payer a question
    │   ├── InsufficientFunds
    │   ├── LimitExceeded
    │   ├── Frozen             an operator has stopped the person's payments
    │   ├── Paused             operators have stopped all payments
    │   ├── NotOperator
    │   ├── NotEmpty           money, requests or links are left
    │   ├── PinMissing / PinLocked / PinWeak
    │   ├── PinNeeded          a finger or a face is not enough for this
    │   ├── DeviceUnknown      that device may not, or no longer, approve
    │   ├── TooManyDevices
    │   ├── NotYours           another person's card, request or link
    │   ├── NotOpen            already paid, declined, cancelled, expired …
    │   └── Expired
    ├── Conflict               the same id with other fields
    └── Unavailable            the outcome is unknown: ask again with the same id

Anything else that is raised is a bug.
"""

from __future__ import annotations

from enum import StrEnum

from payments.models import Proof
from payments.money import Money


class PaymentError(Exception):
    """Base of all the errors below; never raised itself."""


class Refused(PaymentError):
    """A rule said no; nothing moved."""


class NotJoined(Refused):
    """The person has not accepted the terms."""


class TermsChanged(Refused):
    """The person has accepted the terms, but not as they are now."""


class Unverified(Refused):
    """Nothing can be paid before this person has shown `missing`."""

    def __init__(self, missing: Proof) -> None:
        """Keep what is missing."""
        super().__init__(missing.value)
        self.missing = missing


class ProofRefused(Refused):
    """What was given is no phone number, or no bank account, that there can be."""

    def __init__(self, proof: Proof) -> None:
        """Keep what it was to be."""
        super().__init__(proof.value)
        self.proof = proof


class UnknownPerson(Refused):
    """Nobody is known by that id or name."""


class PayeeRefusal(StrEnum):
    """Why somebody cannot be paid or asked."""

    SELF = "self"
    BOT = "bot"
    BLOCKED = "blocked"
    """One of the two has blocked the other."""
    REQUESTS_OFF = "requests_off"
    """The person takes no requests from this requester."""
    NOBODY = "nobody"
    """No payee was given."""
    TOO_MANY = "too_many"
    TWICE = "twice"
    STOPPED = "stopped"
    """An operator has stopped what this person is paid; that is nobody else's business."""
    GONE = "gone"
    """This person has asked to be forgotten."""
    GIVER = "giver"
    """Whoever gives a gift does not take it."""


class PayeeRefused(Refused):
    """This person cannot be paid, or asked, by that one.

    Where one of several may be meant, BLOCKED and REQUESTS_OFF, the `name` says who it is.
    """

    def __init__(self, reason: PayeeRefusal, *, name: str = "") -> None:
        """Keep the reason, and the person's name."""
        super().__init__(reason.value)
        self.reason = reason
        self.name = name


class AmountRefused(Refused):
    """The amount is outside what is possible here: `least` to `most` (either may be open)."""

    def __init__(self, *, least: Money | None = None, most: Money | None = None) -> None:
        """Keep the range."""
        super().__init__("amount out of range")
        self.least = least
        self.most = most


class NoteRefused(Refused):
    """The note is longer than `most` characters."""

    def __init__(self, *, most: int) -> None:
        """Keep the bound."""
        super().__init__("note too long")
        self.most = most


class TermsRefusal(StrEnum):
    """Why a link cannot have such terms."""

    PAST = "past"
    """It would have expired already."""
    USES = "uses"
    """It was paid more often already, or could never be."""
    FULL = "full"
    """It takes no more payments, so none by bank either."""
    BANK = "bank"
    """No bank code can be made for it: there is no account, or none that fits."""


class TermsRefused(Refused):
    """The terms of the link are not possible."""

    def __init__(self, reason: TermsRefusal) -> None:
        """Keep the reason."""
        super().__init__(reason.value)
        self.reason = reason


class AnswerMissing(Refused):
    """The link asks its payer a question that is not answered yet."""


class InsufficientFunds(Refused):
    """The payer's available balance does not cover what is needed."""

    def __init__(self, *, available: Money, needed: Money) -> None:
        """Keep both figures."""
        super().__init__("insufficient funds")
        self.available = available
        self.needed = needed


class Limit(StrEnum):
    """Which cap on payments was reached."""

    PAYMENT = "payment"
    """On one payment."""
    HOUR = "hour"
    """On how many payments are made in an hour."""
    NEW_PIN = "new_pin"
    """On a day's payments, soon after the PIN was changed."""
    DAY = "day"
    MONTH = "month"
    """On 30 days' payments."""
    RECEIVING = "receiving"
    """On what the payee takes."""
    REQUESTS = "requests"
    """On open requests, to one person or to all."""
    REMINDERS = "reminders"
    LOOKUPS = "lookups"
    """On looking people up by their phone numbers."""


class LimitExceeded(Refused):
    """A cap was reached: `possible` is possible now, and more from `again_at` (epoch ms)."""

    def __init__(self, limit: str, *, possible: Money | None, again_at: int | None) -> None:
        """Keep which limit, and what is left of it."""
        super().__init__(limit)
        self.limit = limit
        self.possible = possible
        self.again_at = again_at


class Leftover(StrEnum):
    """What somebody who wants to be forgotten has to see to first."""

    MONEY = "money"
    HELD = "held"
    """Paid, and not accepted by anybody yet."""
    REQUESTS = "requests"
    """Open ones, that the person made."""
    LINKS = "links"
    """That can still be paid."""


class Frozen(Refused):
    """An operator has stopped this person's payments."""


class Paused(Refused):
    """Operators have stopped all payments for now."""


class NotOperator(Refused):
    """Only operators may do this."""


class NotEmpty(Refused):
    """The account cannot be deleted while there is something in it."""

    def __init__(self, reason: Leftover) -> None:
        """Keep what is left."""
        super().__init__(reason.value)
        self.reason = reason


class PinMissing(Refused):
    """No PIN has been set yet."""


class PinLocked(Refused):
    """Too many wrong tries: the PIN is not even looked at before `until` (epoch ms)."""

    def __init__(self, *, until: int) -> None:
        """Keep the end of the lock."""
        super().__init__("PIN locked")
        self.until = until


class PinWeak(Refused):
    """The new PIN is one that anybody would guess first."""


class PinReason(StrEnum):
    """Why a finger or a face is not enough."""

    AMOUNT = "amount"
    """It is more than devices may approve."""
    NEW_PAYEE = "new_payee"
    """The two have never dealt with each other."""
    WITHDRAWAL = "withdrawal"
    LONG_AGO = "long_ago"
    """The PIN was not given for a long time."""
    NEW_DEVICE = "new_device"
    """The device was added a short while ago."""


class PinNeeded(Refused):
    """The PIN has to be given for this."""

    def __init__(self, reason: PinReason) -> None:
        """Keep the reason."""
        super().__init__(reason.value)
        self.reason = reason


class DeviceUnknown(Refused):
    """The device is not one of the person's; such a try counts as one with a wrong PIN."""


class TooManyDevices(Refused):
    """`most` devices may approve at once."""

    def __init__(self, *, most: int) -> None:
        """Keep the bound."""
        super().__init__("too many devices")
        self.most = most


class NotYours(Refused):
    """The card, request or link belongs to somebody else."""


class NotOpen(Refused):
    """It is no longer open; `state` says what became of it."""

    def __init__(self, state: str) -> None:
        """Keep the state it is in."""
        super().__init__(state)
        self.state = state


class Expired(Refused):
    """Its time has run out."""


class Conflict(PaymentError):
    """The same id was used before with other fields."""


class Unavailable(PaymentError):
    """The store did not answer, or its answer was lost: the outcome is unknown."""
