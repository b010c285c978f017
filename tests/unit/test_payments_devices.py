"""Devices: added with the PIN, enough for little money to people known, and gone at once."""

from __future__ import annotations

import pytest

from payments.errors import (
    DeviceUnknown,
    Expired,
    InsufficientFunds,
    NotOpen,
    NotYours,
    PinLocked,
    PinMissing,
    PinNeeded,
    PinReason,
    Refused,
    TooManyDevices,
)
from payments.models import Intent, IntentState
from payments.policy import DAY, HOUR, MINUTE
from payments.results import Approved, Enrolled, WrongPin
from tests.unit.payments_kit import ALICE, BOB, CAROL, OTHER_PIN, PIN, WRONG, Bank, eur

WAIT = HOUR


async def added(bank: Bank, person_id: int = ALICE, name: str = "Phone") -> Enrolled:
    """A device that was added just now."""
    keypad = await bank.payments.begin_device(person_id, name=name)
    result = await bank.type(keypad, PIN)
    assert isinstance(result, Enrolled)
    return result


async def ready(bank: Bank) -> Enrolled:
    """Alice and Bob, who have dealt with each other, and a device of Alice's that has waited."""
    await bank.people(ALICE, BOB)
    await bank.pay(ALICE, BOB, 100)
    device = await added(bank)
    bank.clock.turn(WAIT)
    await bank.notices()
    return device


async def card(bank: Bank, minor: int = 1_000, payee: int = BOB) -> Intent:
    return await bank.payments.draft(ALICE, payees=[payee], amount=eur(minor))


async def refused(
    bank: Bank, error: type[Refused], intent_id: str, by: int, token: str
) -> Refused:
    """The refusal of a device, which moved nothing."""
    money, cards = bank.money(), bank.snapshot()["payments"]
    with pytest.raises(error) as raised:
        await bank.payments.approve_with_device(intent_id, by, token)
    assert bank.money() == money
    assert bank.snapshot()["payments"] == cards
    return raised.value


async def test_a_device_is_added_with_the_pin(bank: Bank) -> None:
    """It is listed by name, its owner is told, and of the token there is a hash alone."""
    await bank.people(ALICE)
    enrolled = await added(bank, name="  Alice's\nphone ")
    (device,) = await bank.payments.devices(ALICE)
    assert device == enrolled.device
    assert device.name == "Alice's phone"
    assert device.used_at is None
    assert await bank.notices() == [("device_added", ALICE, device.id)]
    secret = enrolled.token.partition(".")[2]
    assert len(secret) == 43
    assert secret not in repr(bank.snapshot())
    assert secret not in repr(enrolled)


async def test_a_wrong_pin_adds_no_device(bank: Bank) -> None:
    """The keypad is empty again, and a try is counted."""
    await bank.people(ALICE)
    keypad = await bank.payments.begin_device(ALICE, name="Phone")
    assert isinstance(await bank.type(keypad, WRONG), WrongPin)
    assert await bank.payments.devices(ALICE) == []
    assert await bank.notices() == []


async def test_only_so_many_devices(bank: Bank) -> None:
    """One more than the policy allows is refused before the PIN, until one is removed."""
    await bank.people(ALICE)
    first = await added(bank)
    for _ in range(9):
        await added(bank)
    with pytest.raises(TooManyDevices):
        await bank.payments.begin_device(ALICE, name="one more")
    assert len(await bank.payments.devices(ALICE)) == 10
    await bank.payments.remove_device(first.device.id, ALICE)
    await added(bank)


async def test_a_device_needs_a_pin(bank: Bank) -> None:
    """Somebody without a PIN adds none."""
    await bank.person(ALICE, pin=None)
    with pytest.raises(PinMissing):
        await bank.payments.begin_device(ALICE, name="Phone")
    assert bank.snapshot()["keypads"] == []


async def test_a_device_pays_somebody_known(bank: Bank) -> None:
    """The card is posted once, both are told, and the open keypad is gone."""
    device = await ready(bank)
    intent = await card(bank, 5_000)
    await bank.payments.ask_pin(intent.id, ALICE)
    posted = await bank.payments.approve_with_device(intent.id, ALICE, device.token)
    assert posted.state is IntentState.POSTED
    assert await bank.balance(ALICE) == (4_900, 0)
    assert await bank.balance(BOB) == (15_100, 0)
    assert bank.snapshot()["keypads"] == []
    (listed,) = await bank.payments.devices(ALICE)
    assert listed.used_at == bank.clock()
    assert sorted(kind for kind, _, _ in await bank.notices()) == ["intent", "payment_received"]
    error = await refused(bank, NotOpen, intent.id, ALICE, device.token)
    assert isinstance(error, NotOpen)
    assert error.state == "posted"


@pytest.mark.parametrize(
    ("minor", "payee", "reason"),
    [(5_001, BOB, PinReason.AMOUNT), (100, CAROL, PinReason.NEW_PAYEE)],
)
async def test_a_finger_is_not_enough(
    bank: Bank, minor: int, payee: int, reason: PinReason
) -> None:
    """More than the policy's amount, and somebody never dealt with, take the PIN; which works."""
    device = await ready(bank)
    await bank.person(CAROL)
    intent = await card(bank, minor, payee)
    assert await bank.payments.pin_needed(intent.id, ALICE) is reason
    error = await refused(bank, PinNeeded, intent.id, ALICE, device.token)
    assert isinstance(error, PinNeeded)
    assert error.reason is reason
    assert isinstance(await bank.approve(intent), Approved)


async def test_moving_money_out_takes_the_pin(bank: Bank) -> None:
    """No device approves a withdrawal."""
    device = await ready(bank)
    intent = await bank.payments.withdraw(ALICE, eur(100))
    error = await refused(bank, PinNeeded, intent.id, ALICE, device.token)
    assert isinstance(error, PinNeeded)
    assert error.reason is PinReason.WITHDRAWAL


async def test_a_new_device_waits(bank: Bank) -> None:
    """Until its time is over, to the millisecond, the PIN is asked for."""
    device = await ready(bank)
    newer = await added(bank)
    bank.clock.turn(WAIT - 1)
    intent = await card(bank)
    error = await refused(bank, PinNeeded, intent.id, ALICE, newer.token)
    assert isinstance(error, PinNeeded)
    assert error.reason is PinReason.NEW_DEVICE
    bank.clock.turn(1)
    assert device.token != newer.token
    await bank.payments.approve_with_device(intent.id, ALICE, newer.token)


async def test_the_pin_is_asked_for_now_and_then(bank: Bank) -> None:
    """Without the PIN for so long a device is not enough; the right PIN renews its leave."""
    device = await ready(bank)
    bank.clock.turn(30 * DAY - WAIT)
    intent = await card(bank)
    error = await refused(bank, PinNeeded, intent.id, ALICE, device.token)
    assert isinstance(error, PinNeeded)
    assert error.reason is PinReason.LONG_AGO
    assert isinstance(await bank.approve(intent), Approved)
    await bank.payments.approve_with_device((await card(bank)).id, ALICE, device.token)


async def test_a_removed_device_approves_nothing(bank: Bank) -> None:
    """From the moment on, and nobody removes another's."""
    device = await ready(bank)
    with pytest.raises(NotYours):
        await bank.payments.remove_device(device.device.id, BOB)
    assert await bank.payments.device(device.device.id, BOB) is None
    assert len(await bank.payments.devices(ALICE)) == 1
    await bank.payments.remove_device(device.device.id, ALICE)
    await refused(bank, DeviceUnknown, (await card(bank)).id, ALICE, device.token)


async def test_wrong_tokens_count_like_wrong_pins(bank: Bank) -> None:
    """The fifth locks the PIN, and then not even the right token is looked at."""
    device = await ready(bank)
    intent = await card(bank)
    wrong = device.token[:-1] + ("A" if device.token[-1] != "A" else "B")
    for token in (wrong, "", "no.such", f"{device.device.id}."):
        await refused(bank, DeviceUnknown, intent.id, ALICE, token)
    error = await refused(bank, PinLocked, intent.id, ALICE, wrong)
    assert isinstance(error, PinLocked)
    assert error.until == bank.clock() + 15 * MINUTE
    await refused(bank, PinLocked, intent.id, ALICE, device.token)
    with pytest.raises(PinLocked):
        await bank.payments.ask_pin(intent.id, ALICE)


async def test_a_finger_forgives_no_wrong_pins(bank: Bank) -> None:
    """Tries with the PIN count on, so that nobody guesses it with a phone in hand."""
    device = await ready(bank)
    assert isinstance(await bank.approve(await card(bank), WRONG), WrongPin)
    await bank.payments.approve_with_device((await card(bank)).id, ALICE, device.token)
    (pin,) = [row for row in bank.snapshot()["pins"] if row[0] == ALICE]
    assert pin[2] == 1


async def test_a_changed_pin_ends_all_devices(bank: Bank) -> None:
    """They have to be added again."""
    device = await ready(bank)
    keypad = await bank.payments.begin_pin(ALICE)
    for digits in (PIN, OTHER_PIN, OTHER_PIN):
        result = await bank.type(keypad, digits)
        keypad = getattr(result, "keypad", keypad)
    assert await bank.payments.devices(ALICE) == []
    await refused(bank, DeviceUnknown, (await card(bank)).id, ALICE, device.token)


async def test_a_device_is_its_owners(bank: Bank) -> None:
    """Another's card is not approved with it, nor one's own with another's device."""
    device = await ready(bank)
    intent = await card(bank)
    await refused(bank, NotYours, intent.id, BOB, device.token)
    bobs = await bank.payments.draft(BOB, payees=[ALICE], amount=eur(100))
    await refused(bank, DeviceUnknown, bobs.id, BOB, device.token)


async def test_the_rules_of_a_card_hold(bank: Bank) -> None:
    """What the PIN could not approve, a device cannot either; an overdue card is closed."""
    device = await ready(bank)
    poor = await card(bank, 9_901)
    await refused(bank, InsufficientFunds, poor.id, ALICE, device.token)
    late = await card(bank)
    bank.clock.turn(bank.payments.policy.card_ms)
    money = bank.money()
    with pytest.raises(Expired):
        await bank.payments.approve_with_device(late.id, ALICE, device.token)
    assert bank.money() == money
    assert (await bank.payments.intent(late.id, ALICE)).state is IntentState.EXPIRED
