"""The figures that the rules go by, in one readable place."""

from __future__ import annotations

from dataclasses import dataclass, field

from payments.money import MAX_MINOR

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

TERMS_VERSION = 1
"""Raised when the terms change; everybody is then asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Times in milliseconds, amounts in minor units."""

    currencies: tuple[str, ...] = ("EUR", "USD", "GBP", "INR", "BRL", "IDR", "BDT", "AED")
    """ISO 4217; the first is the default."""
    sandbox: bool = True
    """Play money: a sandbox bank that tops up at once."""

    payment_most_minor: int = MAX_MINOR
    payees_most: int = 20
    note_most: int = 140

    card_ms: int = 15 * MINUTE
    """How long a card waits for its PIN."""
    hold_ms: int = DAY
    """How long an unclaimed payment waits before it returns."""

    keypad_ms: int = 2 * MINUTE
    pin_tries_free: int = 4
    """The next wrong try, the fifth, locks."""
    pin_lock_ms: tuple[int, ...] = (15 * MINUTE, HOUR, 4 * HOUR, DAY)
    """The first lock, the second …; the last one repeats. Every try after a lock locks again."""
    pin_reset_ms: int = DAY
    """The waiting period of a forgotten PIN."""

    request_ms: int = 7 * DAY
    request_open_most: int = 5
    """Open requests of one person to one other."""
    reminders_most: int = 3
    reminder_gap_ms: int = 24 * HOUR

    topup_day_major: int = 1_000
    """What the sandbox bank gives one person a day, in whole units of money …"""
    topup_day_major_of: dict[str, int] = field(
        default_factory=lambda: {"INR": 100_000, "BDT": 100_000, "IDR": 15_000_000}
    )
    """… except in these."""
