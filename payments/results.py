"""What the use-cases answer, where that is more than a record of `payments.models`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from payments.errors import Refused
from payments.models import (
    BankSale,
    Device,
    HistoryLine,
    Intent,
    Keypad,
    Link,
    Millis,
    OperatorAction,
    Payment,
    Person,
    Transfer,
)
from payments.money import Money


@dataclass(frozen=True, slots=True)
class Tapped:
    """Counted; show as many dots as `keypad.digits` has."""

    keypad: Keypad


class NextReason(StrEnum):
    """Why another keypad follows."""

    CURRENT_RIGHT = "current_right"
    """The present PIN was right: now the new one."""
    REPEAT = "repeat"
    """Now the same again."""
    MISMATCH = "mismatch"
    """The two differ: from the beginning."""
    WEAK = "weak"
    """Too easy to guess: another one."""


@dataclass(frozen=True, slots=True)
class NextKeypad:
    """Six digits were taken in; show `keypad` next."""

    keypad: Keypad
    reason: NextReason


@dataclass(frozen=True, slots=True)
class WrongPin:
    """Wrong; `keypad` is empty again."""

    keypad: Keypad
    tries_left: int
    """Before the PIN locks; at least 1."""


@dataclass(frozen=True, slots=True)
class Locked:
    """The PIN is locked; the card still waits, until its own time is up."""

    until: Millis
    intent_id: str | None


@dataclass(frozen=True, slots=True)
class Approved:
    """The right PIN, and the money has moved (or is held). The outbox tells everybody."""

    intent: Intent


@dataclass(frozen=True, slots=True)
class RefusedAfterPin:
    """The right PIN, but a rule said no and the intent is closed: nothing moved."""

    intent: Intent
    error: Refused


@dataclass(frozen=True, slots=True)
class PinSet:
    """A new PIN is in force; `intent_id` is the card to go on with, if one waits."""

    intent_id: str | None


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The right PIN: the device may approve from now on."""

    device: Device
    token: str = field(repr=False)
    """For the device to keep; it is told this once."""


@dataclass(frozen=True, slots=True)
class Operated:
    """The right PIN, and the operator's action is done and written down."""

    action: OperatorAction


@dataclass(frozen=True, slots=True)
class Erased:
    """The right PIN, and nothing is known about the person any more."""


@dataclass(frozen=True, slots=True)
class NotDone:
    """The right PIN, but a rule said no to what was to be done without a card."""

    error: Refused


@dataclass(frozen=True, slots=True)
class KeypadClosed:
    """This keypad is no longer in use (timed out, replaced, or already done)."""

    intent_id: str | None


TapResult = (
    Tapped
    | NextKeypad
    | WrongPin
    | Locked
    | Approved
    | RefusedAfterPin
    | PinSet
    | Enrolled
    | Operated
    | Erased
    | NotDone
    | KeypadClosed
)


@dataclass(frozen=True, slots=True)
class PinStatus:
    """What may be said about a person's PIN."""

    is_set: bool
    locked_until: Millis | None
    reset_at: Millis | None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Some lines, newest first, and where the next page begins."""

    lines: tuple[HistoryLine, ...]
    older: int | None
    """`before` of the next page; None at the end."""


@dataclass(frozen=True, slots=True)
class Sale:
    """One payment of a link, as its owner sees it."""

    number: int
    """The first payment of the link is 1."""
    payment: Payment
    question: str
    answer: str
    payer: Person


@dataclass(frozen=True, slots=True)
class SalesPage:
    """Some of a link's payments, latest first, and where the next page begins; and the latest
    that arrived at the bank.
    """

    link: Link
    sales: tuple[Sale, ...]
    older: int | None
    """`before` of the next page; None at the end."""
    by_bank: tuple[BankSale, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """One movement of money as one of its two people may see it."""

    transfer: Transfer
    payment: Payment | None
    """None for a top-up."""
    intent: Intent | None
    """For its payee with that payee's payment alone; None for a top-up."""
    payer: Person | None
    payee: Person | None
    note: str
    amount: Money
    balance_after: Money
    """The viewer's own."""
