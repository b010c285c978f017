"""Tries, right and wrong, and the lock that makes guessing useless: of PINs and of devices."""

from __future__ import annotations

from payments.errors import PinLocked, PinMissing
from payments.models import Millis, PersonId, Pin
from payments.policy import Policy
from payments.ports import Tx


def count(tx: Tx, person_id: PersonId, *, policy: Policy, now: Millis) -> Pin | None:
    """Counts a try before it is checked; None while the PIN is locked or there is none."""

    def lock_until(tries: int) -> Millis | None:
        locks = tries - policy.pin_tries_free
        if locks <= 0:
            return None
        return now + policy.pin_lock_ms[min(locks, len(policy.pin_lock_ms)) - 1]

    return tx.pins.count_try(person_id, now=now, lock_until=lock_until)


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
