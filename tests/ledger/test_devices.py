"""Devices that may approve without the PIN, on both engines."""

from __future__ import annotations

from msgspec.structs import replace

from payments.models import Device
from payments.ports import Store
from tests.ledger.book import ALICE, BOB, NOW


def _device(device_id: str, person_id: int = ALICE, added_at: int = NOW) -> Device:
    return Device(
        id=device_id,
        person_id=person_id,
        name="Phone",
        token_hash="ab" * 32,
        added_at=added_at,
        used_at=None,
        pin_at=added_at,
    )


async def _keep(store: Store, *devices: Device) -> None:
    for device in devices:
        await store.write(lambda tx, device=device: tx.devices.add(device))


async def test_devices_are_kept_latest_first(store: Store) -> None:
    """Each person has their own, and one is found by its id."""
    first, second, bobs = _device("d1"), _device("d2", added_at=NOW + 1), _device("d3", BOB)
    await _keep(store, first, second, bobs)
    assert await store.read(lambda tx: tx.devices.of(ALICE)) == [second, first]
    assert await store.read(lambda tx: tx.devices.get("d3")) == bobs
    assert await store.read(lambda tx: tx.devices.get("none")) is None


async def test_use_and_the_pin_are_dated(store: Store) -> None:
    """A use is dated on its device, the right PIN on all of its person's."""
    first, second, bobs = _device("d1"), _device("d2"), _device("d3", BOB)
    await _keep(store, first, second, bobs)
    await store.write(lambda tx: tx.devices.used("d1", NOW + 5))
    await store.write(lambda tx: tx.devices.pin_given(ALICE, NOW + 7))
    assert await store.read(lambda tx: tx.devices.of(ALICE)) == [
        replace(first, used_at=NOW + 5, pin_at=NOW + 7),
        replace(second, pin_at=NOW + 7),
    ]
    assert await store.read(lambda tx: tx.devices.of(BOB)) == [bobs]


async def test_a_device_is_dropped(store: Store) -> None:
    """One, once or twice, or all of a person's; never another's."""
    bobs = _device("d4", BOB)
    await _keep(store, _device("d1"), _device("d2"), _device("d3"), bobs)
    await store.write(lambda tx: tx.devices.drop("d1"))
    await store.write(lambda tx: tx.devices.drop("d1"))
    assert [each.id for each in await store.read(lambda tx: tx.devices.of(ALICE))] == ["d2", "d3"]
    await store.write(lambda tx: tx.devices.drop_all(ALICE))
    assert await store.read(lambda tx: tx.devices.of(ALICE)) == []
    assert await store.read(lambda tx: tx.devices.of(BOB)) == [bobs]
