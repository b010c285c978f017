"""PIN hashes, tries, and keypads. What was tapped is sealed, with the tokens of the keys."""

from __future__ import annotations

from collections.abc import Callable, Collection

from msgspec import Struct, json
from msgspec.structs import replace

from payments.models import (
    Keypad,
    KeypadPurpose,
    Millis,
    OperatorAction,
    PersonId,
    Pin,
)
from payments.policy import DAY
from storage.connection import Row, json_array
from storage.sealing import Sealer, Use
from storage.workspace import Workspace


class _Sealed(Struct, frozen=True, array_like=True):
    """What nobody may read of a keypad."""

    keys: tuple[str, ...]
    digits: str
    first: str
    taps: tuple[str, ...]
    device: str
    action: OperatorAction | None


class Pins:
    """`payments.ports.Pins` on any engine."""

    def __init__(self, workspace: Workspace, sealer: Sealer) -> None:
        self._workspace = workspace
        self._sealer = sealer
        self._pins: dict[PersonId, Pin | None] = workspace.keep("pins")
        self._keypads: dict[str, Keypad | None] = workspace.keep("keypads")
        self._open: dict[PersonId, str | None] = workspace.keep("keypads")
        """By person, the one keypad."""

    def look_up(self, keypad_ids: Collection[str]) -> list[Keypad]:
        """Looks up, for all that follows in this transaction, these keypads and the PINs of
        their owners; answers the keypads that there are.
        """
        unknown = [keypad_id for keypad_id in keypad_ids if keypad_id not in self._keypads]
        if unknown:
            self._keypads.update(dict.fromkeys(unknown))
            for row in self._workspace.all("keypads", keys=json_array(unknown)):
                self._keep(self._keypad(row))
        keypads = [self._keypads[keypad_id] for keypad_id in keypad_ids]
        found = [keypad for keypad in keypads if keypad is not None]
        self._look_up_pins({keypad.person_id for keypad in found})
        return found

    # --- PINs ----------------------------------------------------------------------------------

    def get(self, person_id: PersonId) -> Pin | None:
        """The person's PIN record."""
        if person_id not in self._pins:
            self._look_up_pins((person_id,))
        return self._pins[person_id]

    def set(self, person_id: PersonId, pin_hash: str, now: Millis) -> None:
        """Stores a new PIN: no tries, no lock, no pending reset."""
        self._workspace.run("set_pin", person_id=person_id, hash=pin_hash, now=now)

    def rehash(self, person_id: PersonId, *, old: str, new: str) -> None:
        """Replaces a hash by a better one of the same PIN, unless the PIN changed meanwhile."""
        self._workspace.run("rehash_pin", person_id=person_id, old=old, new=new)

    def count_try(
        self, person_id: PersonId, *, now: Millis, lock_until: Callable[[Pin], Millis | None]
    ) -> Pin | None:
        """Counts a try before it is checked; None while locked or where there is no PIN."""
        pin = self.get(person_id)
        if pin is None or (pin.locked_until is not None and pin.locked_until > now):
            return None
        same_day = pin.day_from > now - DAY
        counted = replace(
            pin,
            tries=pin.tries + 1,
            locked_until=None,
            day_tries=pin.day_tries + 1 if same_day else 1,
            day_from=pin.day_from if same_day else now,
        )
        locked_until = lock_until(counted)
        if locked_until is not None:
            counted = replace(counted, locked_until=locked_until)
        return self._set_tries(pin, counted)

    def clear_tries(self, person_id: PersonId) -> Pin | None:
        """After the right PIN: forgets tries and lock, but none of the day's other tries."""
        pin = self.get(person_id)
        if pin is None:
            return None
        day_tries = max(pin.day_tries - 1, 0)
        return self._set_tries(pin, replace(pin, tries=0, locked_until=None, day_tries=day_tries))

    def begin_reset(self, person_id: PersonId, reset_at: Millis | None) -> None:
        """Starts (or, with None, cancels) the waiting period of a forgotten PIN."""
        self._workspace.run("begin_pin_reset", person_id=person_id, reset_at=reset_at)

    # --- keypads -------------------------------------------------------------------------------

    def add_keypad(self, keypad: Keypad) -> None:
        """Stores a keypad; an older one of the same person is dropped."""
        replaced = self._open.get(keypad.person_id)
        if replaced is not None:
            self._keypads[replaced] = None
        self._keep(keypad)
        self._workspace.put_down(
            "add_keypad",
            keypad.person_id,
            person_id=keypad.person_id,
            **self._keypad_values(keypad),
        )

    def keypad(self, keypad_id: str) -> Keypad | None:
        """One keypad."""
        if keypad_id not in self._keypads:
            self.look_up((keypad_id,))
        return self._keypads[keypad_id]

    def keypad_for(self, person_id: PersonId) -> Keypad | None:
        """The keypad that this person has open."""
        if person_id not in self._open:
            self._open[person_id] = None
            row = self._workspace.one("keypad_of_person", person_id=person_id)
            if row is not None:
                self._keep(self._keypad(row))
        keypad_id = self._open[person_id]
        return None if keypad_id is None else self._keypads[keypad_id]

    def save_keypad(self, keypad: Keypad) -> None:
        """Stores what was tapped."""
        self._keypads[keypad.id] = keypad
        self._workspace.put_down("save_keypad", keypad.id, **self._keypad_values(keypad))

    def drop_keypad(self, keypad_id: str) -> None:
        """Forgets a keypad and its digits."""
        keypad = self.keypad(keypad_id)
        if keypad is not None:
            self._keypads[keypad_id] = self._open[keypad.person_id] = None
            self._workspace.put_down("drop_keypad", keypad_id=keypad_id)

    def drop_overdue_keypads(self, now: Millis) -> list[Keypad]:
        """Forgets those whose time is up, and says which."""
        return [self._keypad(row) for row in self._workspace.all("drop_overdue_keypads", now=now)]

    def _keep(self, keypad: Keypad) -> None:
        self._keypads[keypad.id] = keypad
        self._open[keypad.person_id] = keypad.id

    def _look_up_pins(self, person_ids: Collection[PersonId]) -> None:
        unknown = [person_id for person_id in person_ids if person_id not in self._pins]
        if unknown:
            self._pins.update(dict.fromkeys(unknown))
            for row in self._workspace.all("pins", ids=json_array(unknown)):
                self._pins[row[0]] = Pin(*row)

    def _set_tries(self, was: Pin, pin: Pin) -> Pin:
        self._pins[pin.person_id] = pin
        self._workspace.put_down(
            "set_tries",
            pin.person_id,
            person_id=pin.person_id,
            was_tries=was.tries,
            was_day_tries=was.day_tries,
            tries=pin.tries,
            locked_until=pin.locked_until,
            day_tries=pin.day_tries,
            day_from=pin.day_from,
        )
        return pin

    def _keypad_values(self, keypad: Keypad) -> dict[str, object]:
        plain = _Sealed(
            keypad.keys, keypad.digits, keypad.first, keypad.taps, keypad.device, keypad.action
        )
        return {
            "keypad_id": keypad.id,
            "purpose": keypad.purpose.value,
            "intent_id": keypad.intent_id,
            "sealed": self._sealer.seal(json.encode(plain), use=Use.KEYPAD, row=keypad.id),
            "checking": int(keypad.checking),
            "expires_at": keypad.expires_at,
        }

    def _keypad(self, row: Row) -> Keypad:
        keypad_id, person_id, purpose, intent_id, sealed, checking, expires_at = row
        plain = self._sealer.open(sealed, use=Use.KEYPAD, row=keypad_id)
        tapped = json.decode(plain, type=_Sealed)
        return Keypad(
            id=keypad_id,
            person_id=person_id,
            purpose=KeypadPurpose(purpose),
            intent_id=intent_id,
            keys=tapped.keys,
            digits=tapped.digits,
            first=tapped.first,
            taps=tapped.taps,
            checking=bool(checking),
            expires_at=expires_at,
            device=tapped.device,
            action=tapped.action,
        )
