"""Devices that may approve without the PIN."""

from __future__ import annotations

from collections.abc import Collection

from payments.models import Device, Millis, PersonId
from storage.connection import json_array
from storage.workspace import Workspace


class Devices:
    """`payments.ports.Devices` on any engine."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._owners: dict[PersonId, bool] = workspace.keep("devices")

    def look_up(self, person_ids: Collection[PersonId]) -> None:
        """Looks up who of these has a device, for all that follows in this transaction."""
        if self._owners.keys() >= set(person_ids):
            return
        self._owners.update(dict.fromkeys(person_ids, False))
        for (person_id,) in self._workspace.all("device_owners", ids=json_array(person_ids)):
            self._owners[person_id] = True

    def add(self, device: Device) -> None:
        """Stores a new device."""
        self._workspace.run(
            "add_device",
            device_id=device.id,
            person_id=device.person_id,
            name=device.name,
            token_hash=device.token_hash,
            added_at=device.added_at,
            pin_at=device.pin_at,
        )

    def get(self, device_id: str) -> Device | None:
        """One device."""
        row = self._workspace.one("device", device_id=device_id)
        return None if row is None else Device(*row)

    def of(self, person_id: PersonId) -> list[Device]:
        """A person's devices, latest first."""
        rows = self._workspace.all("devices_of", person_id=person_id)
        return [Device(*row) for row in rows]

    def used(self, device_id: str, now: Millis) -> None:
        """It has just approved something."""
        self._workspace.run("device_used", device_id=device_id, now=now)

    def pin_given(self, person_id: PersonId, now: Millis) -> None:
        """The person has just given the right PIN."""
        if person_id not in self._owners:
            self.look_up((person_id,))
        if self._owners[person_id]:
            self._workspace.run("pin_given", person_id=person_id, now=now)

    def drop(self, device_id: str) -> None:
        """Forgets a device."""
        self._workspace.run("drop_device", device_id=device_id)

    def drop_all(self, person_id: PersonId) -> None:
        """Forgets all of a person's devices."""
        self._workspace.run("drop_devices", person_id=person_id)
