"""What the use-cases answer, where that is more than a record of `payments.models`."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

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
    Withheld,
)
from payments.money import Money


class Tapped(Struct, frozen=True):
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


class NextKeypad(Struct, frozen=True):
    """Six digits were taken in; show `keypad` next."""

    keypad: Keypad
    reason: NextReason


class WrongPin(Struct, frozen=True):
    """Wrong; `keypad` is empty again."""

    keypad: Keypad
    tries_left: int
    """Before the PIN locks; at least 1."""


class Locked(Struct, frozen=True):
    """The PIN is locked; the card still waits, until its own time is up."""

    until: Millis
    intent_id: str | None


class Approved(Struct, frozen=True):
    """The right PIN, and the money has moved (or is held). The outbox tells everybody."""

    intent: Intent


class RefusedAfterPin(Struct, frozen=True):
    """The right PIN, but a rule said no and the intent is closed: nothing moved."""

    intent: Intent
    error: Refused


class PinSet(Struct, frozen=True):
    """A new PIN is in force; `intent_id` is the card to go on with, if one waits."""

    intent_id: str | None


class Enrolled(Withheld, frozen=True):
    """The right PIN: the device may approve from now on."""

    device: Device
    token: str
    """For the device to keep; it is told this once."""


class Operated(Struct, frozen=True):
    """The right PIN, and the operator's action is done and written down."""

    action: OperatorAction


class Erased(Struct, frozen=True):
    """The right PIN, and nothing is known about the person any more."""


class NotDone(Struct, frozen=True):
    """The right PIN, but a rule said no to what was to be done without a card."""

    error: Refused


class KeypadClosed(Struct, frozen=True):
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


class PinStatus(Struct, frozen=True):
    """What may be said about a person's PIN."""

    is_set: bool
    locked_until: Millis | None
    reset_at: Millis | None


class HistoryPage(Struct, frozen=True):
    """Some lines, newest first, and where the next page begins."""

    lines: tuple[HistoryLine, ...]
    older: int | None
    """`before` of the next page; None at the end."""


class Sale(Struct, frozen=True):
    """One payment of a link, as its owner sees it."""

    number: int
    """The first payment of the link is 1."""
    payment: Payment
    question: str
    answer: str
    payer: Person


class SalesPage(Struct, frozen=True):
    """Some of a link's payments, latest first, and where the next page begins; and the latest
    that arrived at the bank.
    """

    link: Link
    sales: tuple[Sale, ...]
    older: int | None
    """`before` of the next page; None at the end."""
    by_bank: tuple[BankSale, ...] = ()


class Receipt(Struct, frozen=True):
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
