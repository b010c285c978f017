"""What can go wrong, as types.

    PaymentError
    ├── Refused                the person can do something about it; nothing moved
    │   ├── NotJoined          terms not accepted yet
    │   ├── UnknownPerson      nobody by that name is known
    │   ├── PayeeRefused       oneself, a bot, somebody who blocked …
    │   ├── AmountRefused      zero, too large, outside the link's range …
    │   ├── NoteRefused        longer than a note may be
    │   ├── InsufficientFunds
    │   ├── LimitExceeded
    │   ├── PinMissing / PinLocked / PinWeak
    │   ├── NotYours           another person's card, request or link
    │   ├── NotOpen            already paid, declined, cancelled, expired …
    │   └── Expired
    ├── Conflict               the same id with other fields
    └── Unavailable            the outcome is unknown: ask again with the same id

Anything else that is raised is a bug.
"""

from __future__ import annotations

from enum import StrEnum

from payments.money import Money


class PaymentError(Exception):
    """Base of all the errors below; never raised itself."""


class Refused(PaymentError):
    """A rule said no; nothing moved."""


class NotJoined(Refused):
    """The person has not accepted the terms."""


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


class PayeeRefused(Refused):
    """This person cannot be paid, or asked, by that one."""

    def __init__(self, reason: PayeeRefusal) -> None:
        """Keep the reason."""
        super().__init__(reason.value)
        self.reason = reason


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


class InsufficientFunds(Refused):
    """The payer's available balance does not cover what is needed."""

    def __init__(self, *, available: Money, needed: Money) -> None:
        """Keep both figures."""
        super().__init__("insufficient funds")
        self.available = available
        self.needed = needed


class LimitExceeded(Refused):
    """A cap was reached: `possible` is possible now, and more from `again_at` (epoch ms)."""

    def __init__(self, limit: str, *, possible: Money | None, again_at: int | None) -> None:
        """Keep which limit, and what is left of it."""
        super().__init__(limit)
        self.limit = limit
        self.possible = possible
        self.again_at = again_at


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
