"""Tries, right and wrong, and the lock that makes guessing useless: of PINs and of devices.

Wrong tries in a row lock for longer and longer. Those of a day are counted, too: whoever guesses
on a phone that its owner goes on paying with would else begin anew after each right PIN.
"""

from __future__ import annotations

from payments.errors import PinLocked, PinMissing
from payments.models import Millis, PersonId, Pin
from payments.policy import DAY, Policy
from payments.ports import Tx


def count(tx: Tx, person_id: PersonId, *, policy: Policy, now: Millis) -> Pin | None:
    """Counts a try before it is checked; None while the PIN is locked or there is none."""

    def lock_until(pin: Pin) -> Millis | None:
        ends = []
        locks = pin.tries - policy.pin_tries_free
        if locks > 0:
            ends.append(now + policy.pin_lock_ms[min(locks, len(policy.pin_lock_ms)) - 1])
        if pin.day_tries >= policy.pin_tries_day:
            ends.append(pin.day_from + DAY)
        return max(ends, default=None)

    return tx.pins.count_try(person_id, now=now, lock_until=lock_until)


def left(pin: Pin, policy: Policy) -> int:
    """How many tries there are until the PIN locks, at least the one that locks it."""
    in_a_row = policy.pin_tries_free + 1 - pin.tries
    return max(min(in_a_row, policy.pin_tries_day - pin.day_tries), 1)


def refuse_locked(tx: Tx, person_id: PersonId, now: Millis) -> None:
    """Nothing is approved without a PIN that may be tried.

    Raises:
        PinMissing: there is none yet.
        PinLocked: too many wrong tries.
    """
    pin = tx.pins.get(person_id)
    if pin is None:
        raise PinMissing
    if pin.locked_until is not None and pin.locked_until > now:
        raise PinLocked(until=pin.locked_until)
