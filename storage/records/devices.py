"""Devices that may approve without the PIN."""

from __future__ import annotations

from payments.models import Device, Millis, PersonId
from storage.connection import Connection


class Devices:
    """`payments.ports.Devices` on any engine."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, device: Device) -> None:
        """Stores a new device."""
        self._connection.run(
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
        row = self._connection.one("device", device_id=device_id)
        return None if row is None else Device(*row)

    def of(self, person_id: PersonId) -> list[Device]:
        """A person's devices, latest first."""
        rows = self._connection.all("devices_of", person_id=person_id)
        return [Device(*row) for row in rows]

    def used(self, device_id: str, now: Millis) -> None:
        """It has just approved something."""
        self._connection.run("device_used", device_id=device_id, now=now)

    def pin_given(self, person_id: PersonId, now: Millis) -> None:
        """The person has just given the right PIN."""
        self._connection.run("pin_given", person_id=person_id, now=now)

    def drop(self, device_id: str) -> None:
        """Forgets a device."""
        self._connection.run("drop_device", device_id=device_id)

    def drop_all(self, person_id: PersonId) -> None:
        """Forgets all of a person's devices."""
        self._connection.run("drop_devices", person_id=person_id)
