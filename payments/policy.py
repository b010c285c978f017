"""The figures that the rules go by, in one readable place."""

from __future__ import annotations

from msgspec import Struct, field

from payments.models import Level, PersonId, Proof
from payments.money import MAX_MINOR

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MONTH = 30 * DAY

TERMS_VERSION = 1
"""Raised when the terms change; everybody is then asked again."""

NOTICE_WAIT_MOST_MS = HOUR
"""A notice that could not be sent is tried again before that. What seems to have to wait for
longer was put off before the clock was set back."""


class Caps(Struct, frozen=True, kw_only=True):
    """What one person may pay, or be paid, in one currency, in whole units of money."""

    payment: int
    """At once."""
    day: int
    """In any 24 hours."""
    month: int
    """In any 30 days."""


class Policy(Struct, frozen=True, kw_only=True):
    """Times in milliseconds, amounts in minor units."""

    currencies: tuple[str, ...] = ("EUR", "USD", "GBP", "INR", "BRL", "IDR", "BDT", "AED")
    """ISO 4217; the first is the default."""
    sandbox: bool = True
    """Play money: a sandbox bank that tops up at once."""

    operators: frozenset[PersonId] = frozenset()
    """Who may freeze people, give payments back and stop everything."""

    payment_most_minor: int = MAX_MINOR
    payees_most: int = 20
    note_most: int = 140
    thanks_most: int = 500
    """Characters of what a link says to those who have paid."""

    card_ms: int = 15 * MINUTE
    """How long a card waits for its PIN."""
    hold_ms: int = DAY
    """How long an unclaimed payment waits before it returns."""

    keypad_ms: int = 2 * MINUTE
    pin_tries_free: int = 4
    """The next wrong try, the fifth, locks."""
    pin_lock_ms: tuple[int, ...] = (15 * MINUTE, HOUR, 4 * HOUR, DAY)
    """The first lock, the second …; the last one repeats. Every try after a lock locks again."""
    pin_tries_day: int = 20
    """As many wrong tries within a day lock until it is over, though right ones lie between."""
    pin_reset_ms: int = DAY
    """The waiting period of a forgotten PIN."""

    device_most: int = 50
    """What a device may approve at once, in whole units of money."""
    device_wait_ms: int = HOUR
    """How long after it was added a device may not approve yet."""
    device_pin_ms: int = 30 * DAY
    """How long a device may approve after the PIN was last given."""
    devices_most: int = 10

    request_ms: int = 7 * DAY
    request_open_most: int = 5
    """Open requests of one person to one other, with those of the last day that were taken back:
    each of them was told, too …"""
    request_open_all_most: int = 100
    """… and to everybody."""
    reminders_most: int = 3
    reminder_gap_ms: int = 24 * HOUR

    kept_ms: int = MONTH
    """How long after its time was up what moved no money is kept: cards and requests that came to
    nothing, and notices that could not be sent. Longer than anything goes by it: limits look back
    a day, and the platform sends again what it has sent for no longer than that."""

    lookups_hour: int = 30
    """By how many phone numbers one person may look somebody up in any hour …"""
    lookups_day: int = 60
    """… and in any 24 hours, found or not."""

    require: tuple[Proof, ...] = ()
    """What a person must have shown before they pay."""
    paying: dict[Level, Caps] = field(
        default_factory=lambda: {
            Level.TERMS: Caps(payment=500, day=1_000, month=5_000),
            Level.PHONE: Caps(payment=2_000, day=5_000, month=20_000),
            Level.BANK: Caps(payment=10_000, day=20_000, month=100_000),
        }
    )
    receiving: dict[Level, Caps] = field(
        default_factory=lambda: {
            Level.TERMS: Caps(payment=1_000, day=2_000, month=10_000),
            Level.PHONE: Caps(payment=5_000, day=10_000, month=50_000),
            Level.BANK: Caps(payment=50_000, day=100_000, month=1_000_000),
        }
    )
    hour_payments: int = 60
    """How many payments one person makes in any hour, in one currency."""
    new_pin_ms: int = DAY
    """How long after the PIN was changed …"""
    new_pin_day: int = 200
    """… no more than this is paid in any 24 hours, in whole units of money."""
    stranger_most: int = 100
    """Above this, in whole units of money, the first payment to somebody is asked about twice."""
    worth_of_one: dict[str, int] = field(
        default_factory=lambda: {"BRL": 5, "AED": 5, "INR": 100, "BDT": 100, "IDR": 15_000}
    )
    """Currencies in which the figures above are that many times as high."""

    topup_day_major: int = 1_000
    """What the sandbox bank gives one person a day, in whole units of money …"""
    topup_day_major_of: dict[str, int] = field(
        default_factory=lambda: {"INR": 100_000, "BDT": 100_000, "IDR": 15_000_000}
    )
    """… except in these."""
