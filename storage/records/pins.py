"""PIN hashes, tries, and keypads. What was tapped is sealed, with the tokens of the keys."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import astuple, replace

from payments.models import (
    ActionKind,
    Keypad,
    KeypadPurpose,
    Millis,
    OperatorAction,
    PersonId,
    Pin,
)
from storage.connection import Connection, Row
from storage.sealing import Sealer, Use


class Pins:
    """`payments.ports.Pins` on any engine."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    # --- PINs ----------------------------------------------------------------------------------

    def get(self, person_id: PersonId) -> Pin | None:
        """The person's PIN record."""
        row = self._connection.one("pin", person_id=person_id)
        return None if row is None else Pin(*row)

    def set(self, person_id: PersonId, pin_hash: str, now: Millis) -> None:
        """Stores a new PIN: no tries, no lock, no pending reset."""
        self._connection.run("set_pin", person_id=person_id, hash=pin_hash, now=now)

    def rehash(self, person_id: PersonId, *, old: str, new: str) -> None:
        """Replaces a hash by a better one of the same PIN, unless the PIN changed meanwhile."""
        self._connection.run("rehash_pin", person_id=person_id, old=old, new=new)

    def count_try(
        self, person_id: PersonId, *, now: Millis, lock_until: Callable[[int], Millis | None]
    ) -> Pin | None:
        """Counts a try before it is checked; None while locked or where there is no PIN."""
        row = self._connection.one("count_try", person_id=person_id, now=now)
        if row is None:
            return None
        pin = Pin(*row)
        locked_until = lock_until(pin.tries)
        if locked_until is None:
            return pin
        self._connection.run("lock_pin", person_id=person_id, locked_until=locked_until)
        return replace(pin, locked_until=locked_until)

    def clear_tries(self, person_id: PersonId) -> Pin | None:
        """After the right PIN: forgets tries and lock, and answers the record; None: no PIN."""
        row = self._connection.one("clear_tries", person_id=person_id)
        return None if row is None else Pin(*row)

    def begin_reset(self, person_id: PersonId, reset_at: Millis | None) -> None:
        """Starts (or, with None, cancels) the waiting period of a forgotten PIN."""
        self._connection.run("begin_pin_reset", person_id=person_id, reset_at=reset_at)

    # --- keypads -------------------------------------------------------------------------------

    def add_keypad(self, keypad: Keypad) -> None:
        """Stores a keypad; an older one of the same person is dropped."""
        self._connection.run(
            "add_keypad", person_id=keypad.person_id, **self._keypad_values(keypad)
        )

    def keypad(self, keypad_id: str) -> Keypad | None:
        """One keypad."""
        row = self._connection.one("keypad", keypad_id=keypad_id)
        return None if row is None else self._keypad(row)

    def keypad_for(self, person_id: PersonId) -> Keypad | None:
        """The keypad that this person has open."""
        row = self._connection.one("keypad_of_person", person_id=person_id)
        return None if row is None else self._keypad(row)

    def save_keypad(self, keypad: Keypad) -> None:
        """Stores what was tapped."""
        self._connection.run("save_keypad", **self._keypad_values(keypad))

    def drop_keypad(self, keypad_id: str) -> None:
        """Forgets a keypad and its digits."""
        self._connection.run("drop_keypad", keypad_id=keypad_id)

    def drop_overdue_keypads(self, now: Millis) -> list[Keypad]:
        """Forgets those whose time is up, and says which."""
        return [self._keypad(row) for row in self._connection.all("drop_overdue_keypads", now=now)]

    def _keypad_values(self, keypad: Keypad) -> dict[str, object]:
        plain = json.dumps(
            [
                keypad.keys,
                keypad.digits,
                keypad.first,
                keypad.taps,
                keypad.device,
                None if keypad.action is None else astuple(keypad.action),
            ]
        ).encode()
        return {
            "keypad_id": keypad.id,
            "purpose": keypad.purpose.value,
            "intent_id": keypad.intent_id,
            "sealed": self._sealer.seal(plain, use=Use.KEYPAD, row=keypad.id),
            "checking": int(keypad.checking),
            "expires_at": keypad.expires_at,
        }

    def _keypad(self, row: Row) -> Keypad:
        keypad_id, person_id, purpose, intent_id, sealed, checking, expires_at = row
        plain = self._sealer.open(sealed, use=Use.KEYPAD, row=keypad_id)
        keys, digits, first, taps, device, action = json.loads(plain)
        return Keypad(
            id=keypad_id,
            person_id=person_id,
            purpose=KeypadPurpose(purpose),
            intent_id=intent_id,
            keys=tuple(keys),
            digits=digits,
            first=first,
            taps=tuple(taps),
            checking=bool(checking),
            expires_at=expires_at,
            device=device,
            action=None if action is None else _action(*action),
        )


def _action(kind: str, subject_id: str, person_id: PersonId | None, reason: str) -> OperatorAction:
    return OperatorAction(ActionKind(kind), subject_id, person_id, reason)
