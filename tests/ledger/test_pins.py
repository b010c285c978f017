"""PINs, the count of tries, and keypads."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from payments.models import Keypad, KeypadPurpose, Pin
from payments.policy import DAY
from payments.ports import Store
from tests.ledger.book import ALICE, BOB, NOW, Database


def _keypad(keypad_id: str = "k1", *, person_id: int = ALICE) -> Keypad:
    return Keypad(
        id=keypad_id,
        person_id=person_id,
        purpose=KeypadPurpose.REPEAT,
        intent_id="i1",
        keys=tuple(f"token{digit}" for digit in range(10)),
        digits="4711",
        first="471147",
        taps=("tap1", "tap2"),
        checking=False,
        expires_at=NOW,
    )


async def test_a_new_pin_has_a_clean_slate(store: Store) -> None:
    """Setting a PIN forgets tries, lock and a pending reset."""
    assert await store.read(lambda tx: tx.pins.get(ALICE)) is None
    await store.write(lambda tx: tx.pins.set(ALICE, "hash1", NOW))
    await store.write(
        lambda tx: tx.pins.count_try(ALICE, now=NOW, lock_until=lambda _pin: NOW + 9)
    )
    await store.write(lambda tx: tx.pins.begin_reset(ALICE, NOW + 5))
    assert await store.read(lambda tx: tx.pins.get(ALICE)) == Pin(
        ALICE, "hash1", 1, NOW + 9, NOW + 5, NOW, 1, NOW
    )

    await store.write(lambda tx: tx.pins.set(ALICE, "hash2", NOW + 1))
    assert await store.read(lambda tx: tx.pins.get(ALICE)) == Pin(
        ALICE, "hash2", 0, None, None, NOW + 1, 1, NOW
    )


async def test_a_better_hash_replaces_the_one_that_was_checked(store: Store) -> None:
    """A PIN that was changed meanwhile keeps its new hash."""
    await store.write(lambda tx: tx.pins.set(ALICE, "hash1", NOW))

    await store.write(lambda tx: tx.pins.rehash(ALICE, old="other", new="wrong"))
    await store.write(lambda tx: tx.pins.rehash(ALICE, old="hash1", new="better"))

    pin = await store.read(lambda tx: tx.pins.get(ALICE))
    assert pin == Pin(ALICE, "better", 0, None, None, NOW)


async def test_tries_are_counted_until_the_lock(store: Store) -> None:
    """Of many tries at once only those before the lock are counted; time opens it again."""
    await store.write(lambda tx: tx.pins.set(ALICE, "hash", NOW))

    async def attempt(now: int) -> Pin | None:
        return await store.write(
            lambda tx: tx.pins.count_try(
                ALICE, now=now, lock_until=lambda pin: now + 60 if pin.tries >= 5 else None
            )
        )

    tries = await asyncio.gather(*(attempt(NOW) for _ in range(20)))
    assert [pin.tries for pin in tries if pin is not None] == [1, 2, 3, 4, 5]
    assert await attempt(NOW + 59) is None
    assert await attempt(NOW + 60) == Pin(ALICE, "hash", 6, NOW + 120, None, NOW, 6, NOW)

    await store.write(lambda tx: tx.pins.clear_tries(ALICE))
    assert await store.read(lambda tx: tx.pins.get(ALICE)) == Pin(
        ALICE, "hash", 0, None, None, NOW, 5, NOW
    )


async def test_a_days_tries_are_forgotten_by_the_next_day_alone(store: Store) -> None:
    """The right PIN takes its own try back; the first try a day after the first begins anew."""
    await store.write(lambda tx: tx.pins.set(ALICE, "hash", NOW))

    async def attempt(now: int, *, right: bool = False) -> tuple[int, int]:
        pin = await store.write(
            lambda tx: tx.pins.count_try(ALICE, now=now, lock_until=lambda _pin: None)
        )
        if right:
            pin = await store.write(lambda tx: tx.pins.clear_tries(ALICE))
        assert pin is not None
        return pin.day_tries, pin.day_from

    assert await attempt(NOW) == (1, NOW)
    assert await attempt(NOW + 5, right=True) == (1, NOW)
    assert await attempt(NOW + DAY - 1) == (2, NOW)
    assert await attempt(NOW - DAY) == (3, NOW)
    assert await attempt(NOW + DAY) == (1, NOW + DAY)
    assert await attempt(NOW + DAY, right=True) == (1, NOW + DAY)


async def test_where_there_is_no_pin_nothing_is_counted(store: Store) -> None:
    """A person without a PIN has no tries."""
    counted = await store.write(
        lambda tx: tx.pins.count_try(BOB, now=NOW, lock_until=lambda _pin: None)
    )
    assert counted is None


async def test_a_reset_can_be_put_off(store: Store) -> None:
    """The waiting period is started and cancelled."""
    await store.write(lambda tx: tx.pins.set(ALICE, "hash", NOW))
    for reset_at in (NOW + 5, None):
        await store.write(lambda tx, at=reset_at: tx.pins.begin_reset(ALICE, at))
        pin = await store.read(lambda tx: tx.pins.get(ALICE))
        assert pin is not None
        assert pin.reset_at == reset_at


async def test_a_keypad_comes_back_as_it_was(store: Store, database: Database) -> None:
    """By its id or its person; and its digits and tokens are not readable in the database."""
    keypad = _keypad()
    await store.write(lambda tx: tx.pins.add_keypad(keypad))

    assert await store.read(lambda tx: tx.pins.keypad("k1")) == keypad
    assert await store.read(lambda tx: tx.pins.keypad_for(ALICE)) == keypad
    assert await store.read(lambda tx: tx.pins.keypad("nowhere")) is None
    assert await store.read(lambda tx: tx.pins.keypad_for(BOB)) is None
    stored = repr(database.execute("SELECT * FROM keypads"))
    assert "4711" not in stored
    assert "token7" not in stored


async def test_a_person_has_one_keypad(store: Store) -> None:
    """A new one takes the place of the old."""
    await store.write(lambda tx: tx.pins.add_keypad(_keypad("k1")))
    await store.write(lambda tx: tx.pins.add_keypad(_keypad("k2")))

    assert await store.read(lambda tx: tx.pins.keypad("k1")) is None
    assert await store.read(lambda tx: tx.pins.keypad_for(ALICE)) == _keypad("k2")


async def test_taps_are_kept_and_forgotten(store: Store, database: Database) -> None:
    """What was tapped is stored, and gone with the keypad."""
    await store.write(lambda tx: tx.pins.add_keypad(_keypad()))
    tapped = replace(_keypad(), digits="471147", taps=("tap3",), checking=True)

    await store.write(lambda tx: tx.pins.save_keypad(tapped))
    assert await store.read(lambda tx: tx.pins.keypad("k1")) == tapped

    await store.write(lambda tx: tx.pins.drop_keypad("k1"))
    assert database.execute("SELECT * FROM keypads") == []


async def test_overdue_keypads_are_forgotten(store: Store, database: Database) -> None:
    """Those whose time is up are named once, and gone."""
    await store.write(lambda tx: tx.pins.add_keypad(_keypad("k1")))
    later = replace(_keypad("k2", person_id=BOB), expires_at=NOW + 1)
    await store.write(lambda tx: tx.pins.add_keypad(later))

    assert await store.write(lambda tx: tx.pins.drop_overdue_keypads(NOW)) == [_keypad("k1")]
    assert await store.write(lambda tx: tx.pins.drop_overdue_keypads(NOW)) == []
    assert database.execute("SELECT id FROM keypads") == [("k2",)]
