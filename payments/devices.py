"""Devices that approve with a finger or a face what would else take the PIN.

The phone keeps a random token and gives it out to the right finger only; here there is its hash.
A device is added with the PIN, and its owner is told. A finger is never enough for much money, for
somebody who was never paid, or for long: then the PIN is asked for. Whoever changes the PIN takes
leave of all devices.

The order of checks before a device approves a card (`approve`):

1. `NotYours`           another person's card
2. `Expired`, `NotOpen` its time is up, or it is open no longer
3. `Refused`            what `intents.freeze` refuses
4. `PinMissing`, `PinLocked`
5. `DeviceUnknown`      counted as a try with a wrong PIN, which may lock the PIN
6. `PinNeeded`          see `PinReason`, in its order
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from payments import intents, notices, transfers, tries
from payments.errors import (
    DeviceUnknown,
    Expired,
    NotYours,
    PinLocked,
    PinNeeded,
    PinReason,
    TooManyDevices,
)
from payments.ids import new_device_id
from payments.models import Device, Intent, IntentKind, Millis, PersonId
from payments.money import decimal_places
from payments.policy import Policy
from payments.ports import Tx

_SECRET_BYTES = 32
_NAME_MOST = 40
_NO_HASH = "0" * 64


# --- adding and removing -------------------------------------------------------------------------


def clean_name(name: str) -> str:
    """What a device is called in the list of devices: one short line."""
    shown = "".join(character if character.isprintable() else " " for character in name)
    return " ".join(shown.split())[:_NAME_MOST].strip()


def refuse_more(tx: Tx, person_id: PersonId, policy: Policy) -> None:
    """There is room for another device.

    Raises:
        TooManyDevices: there is none.
    """
    if len(tx.devices.of(person_id)) >= policy.devices_most:
        raise TooManyDevices(most=policy.devices_most)


def enrol(tx: Tx, person_id: PersonId, *, name: str, now: Millis) -> tuple[Device, str]:
    """A new device, after the right PIN, and the token that it is to keep."""
    device_id = new_device_id()
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    device = Device(
        id=device_id,
        person_id=person_id,
        name=name,
        token_hash=_hash(secret),
        added_at=now,
        used_at=None,
        pin_at=now,
    )
    tx.devices.add(device)
    notices.device_added(tx, device, now)
    return device, f"{device_id}.{secret}"


def remove(tx: Tx, device_id: str, by: PersonId) -> None:
    """Takes a device's leave to approve, at once.

    Raises:
        NotYours: somebody else's device, or none.
    """
    device = tx.devices.get(device_id)
    if device is None or device.person_id != by:
        raise NotYours
    tx.devices.drop(device_id)


# --- approving -----------------------------------------------------------------------------------


def approve(
    tx: Tx, intent_id: str, by: PersonId, token: str, *, policy: Policy, now: Millis
) -> Intent | Expired | DeviceUnknown | PinLocked:
    """Posts a card that one of the payer's devices approves.

    That an overdue card was closed, and that a wrong token was counted, must be kept: these three
    errors are answered and not raised. What is raised, and when, the module says.
    """
    intent = intents.owned(tx, intent_id, by)
    if intents.expire(tx, intent, now=now):
        return Expired()
    intent = intents.freeze(tx, intent, policy=policy, now=now)
    tries.refuse_locked(tx, by, now)
    device = _device_of(tx, by, token)
    if device is None:
        pin = tries.count(tx, by, policy=policy, now=now)
        until = None if pin is None else pin.locked_until
        return DeviceUnknown() if until is None else PinLocked(until=until)
    reason = pin_needed(tx, intent, policy) or _device_is_not_ready(device, policy, now)
    if reason is not None:
        raise PinNeeded(reason)
    keypad = tx.pins.keypad_for(by)
    posted = transfers.approve(tx, intent, policy=policy, now=now)
    tx.devices.used(device.id, now)
    if keypad is not None and intents.approves(keypad, intent.id):
        tx.pins.drop_keypad(keypad.id)
    return posted


def pin_needed(tx: Tx, intent: Intent, policy: Policy) -> PinReason | None:
    """Why no device may approve this card, if so."""
    total = intent.total
    if total is None or total.minor > _most_minor(intent.currency, policy):
        return PinReason.AMOUNT
    if intent.kind is IntentKind.WITHDRAWAL:
        return PinReason.WITHDRAWAL
    for payment in intent.payments:
        payee_id = payment.payee_id
        if payee_id is None or not tx.ledger.have_dealt(intent.payer_id, payee_id):
            return PinReason.NEW_PAYEE
    return None


def _most_minor(currency: str, policy: Policy) -> int:
    major = policy.device_most * policy.worth_of_one.get(currency, 1)
    return int(major * 10 ** decimal_places(currency))


def _device_is_not_ready(device: Device, policy: Policy, now: Millis) -> PinReason | None:
    if now - device.pin_at >= policy.device_pin_ms:
        return PinReason.LONG_AGO
    if now - device.added_at < policy.device_wait_ms:
        return PinReason.NEW_DEVICE
    return None


def _device_of(tx: Tx, person_id: PersonId, token: str) -> Device | None:
    """The person's device that keeps this token."""
    device_id, _, secret = token.partition(".")
    device = tx.devices.get(device_id)
    stored = _NO_HASH if device is None else device.token_hash
    right = hmac.compare_digest(_hash(secret), stored)
    return device if device is not None and right and device.person_id == person_id else None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
