"""The PIN and its keypads, as a state machine in the database.

```
set:      CHOOSE ──six digits──▶ REPEAT ──the same──▶ set
             ▲ weak                 │ not the same
             └──────────────────────┘
change:   CURRENT ──right──▶ CHOOSE …
approve:  APPROVE ──right──▶ the card is posted, or refused by a rule
device:   ENROL ──right──▶ the device may approve small payments
operate:  OPERATE ──right──▶ the operator's one action is done, and written down
erase:    ERASE ──right──▶ what is known about the person is deleted
```

A tap is one unit of work: taps are counted in the order in which they arrive, each once. Where a
PIN is to be checked, the sixth digit counts a try before anything is, in the same unit that marks
the keypad `checking`. The check itself runs outside any transaction, and a last unit acts on its
verdict, if the keypad is still the one that was checked. After a crash in between, any tap on the
keypad goes on with the check and counts no second try. Whoever finds the keypad changed acts on
nothing.

A locked PIN is never looked at, not even a right one. A PIN approves the one card whose keypad it
was tapped on.
"""

from __future__ import annotations

import secrets

from msgspec import Struct
from msgspec.structs import replace

from payments import (
    devices,
    intents,
    notices,
    operators,
    people,
    privacy,
    transfers,
    tries,
)
from payments.errors import Expired, NotOpen, NotYours, PinMissing, Refused
from payments.ids import new_keypad_id
from payments.models import (
    Intent,
    IntentState,
    Keypad,
    KeypadPurpose,
    Millis,
    OperatorAction,
    PersonId,
    Pin,
)
from payments.pinhash import PIN_LENGTH, weakness
from payments.policy import Policy
from payments.ports import Tx
from payments.results import (
    Approved,
    Enrolled,
    Erased,
    KeypadClosed,
    Locked,
    NextKeypad,
    NextReason,
    NotDone,
    Operated,
    PinSet,
    PinStatus,
    RefusedAfterPin,
    Tapped,
    TapResult,
    WrongPin,
)

DELETE_KEY = "del"
"""The token of the keypad's delete key; the digits' tokens are random."""

_TOKEN_BYTES = 3
_TAPS_KEPT = 100
"""More than anybody can tap in a keypad's two minutes without being told to wait."""


class Check(Struct, frozen=True):
    """Six digits are in: what to do with them off the event loop, and outside any transaction."""

    keypad: Keypad
    stored: str | None
    """The hash to compare the digits with; None: hash them, they are the new PIN."""
    locks: tuple[PersonId, ...]
    """Whose money may move if they are right."""
    card: Intent | None
    """What they approve."""


# --- opening keypads ---------------------------------------------------------------------------


def status(tx: Tx, person_id: PersonId) -> PinStatus:
    """What may be said about a person's PIN."""
    pin = tx.pins.get(person_id)
    if pin is None:
        return PinStatus(is_set=False, locked_until=None, reset_at=None)
    return PinStatus(is_set=True, locked_until=pin.locked_until, reset_at=pin.reset_at)


def ask_for(
    tx: Tx, intent_id: str, by: PersonId, *, policy: Policy, now: Millis
) -> Keypad | Expired:
    """Freezes a card and answers the keypad that approves it: the open one, if it is this card's.

    An overdue card is closed; that must be kept, so `Expired` is answered and not raised.

    Raises, in this order:
        NotYours: somebody else's card, or none.
        Refused: see `intents.freeze`.
        PinMissing: there is no PIN yet.
        PinLocked: too many wrong tries.
    """
    intent = intents.owned(tx, intent_id, by)
    if intents.expire(tx, intent, now=now):
        return Expired()
    intent = intents.freeze(tx, intent, policy=policy, now=now)
    tries.refuse_locked(tx, by, now)
    present = tx.pins.keypad_for(by)
    if present is not None and intents.approves(present, intent.id) and present.expires_at > now:
        return present
    return _open(tx, by, KeypadPurpose.APPROVE, intent.id, policy=policy, now=now)


def begin(
    tx: Tx, person_id: PersonId, *, intent_id: str | None, policy: Policy, now: Millis
) -> Keypad:
    """The keypad to choose a PIN, or first to give the present one.

    Raises, in this order:
        NotJoined: the terms have not been accepted.
        NotYours: the card to go on with is somebody else's.
        PinLocked: too many wrong tries, and no waiting period is over.
    """
    people.joined(tx, person_id)
    if intent_id is not None:
        intents.owned(tx, intent_id, person_id)
    pin = tx.pins.get(person_id)
    fallen = pin is not None and pin.reset_at is not None and pin.reset_at <= now
    if pin is None or fallen:
        purpose = KeypadPurpose.CHOOSE
    else:
        tries.refuse_locked(tx, person_id, now)
        purpose = KeypadPurpose.CURRENT
    return _open(tx, person_id, purpose, intent_id, policy=policy, now=now)


def begin_device(tx: Tx, person_id: PersonId, *, name: str, policy: Policy, now: Millis) -> Keypad:
    """The keypad that lets a device approve.

    Raises, in this order:
        NotJoined: the terms have not been accepted.
        PinMissing: there is no PIN yet.
        PinLocked: too many wrong tries.
        TooManyDevices: one has to be removed first.
    """
    people.joined(tx, person_id)
    tries.refuse_locked(tx, person_id, now)
    devices.refuse_more(tx, person_id, policy)
    device = devices.clean_name(name)
    return _open(tx, person_id, KeypadPurpose.ENROL, None, device=device, policy=policy, now=now)


def begin_action(
    tx: Tx, by: PersonId, action: OperatorAction, *, policy: Policy, now: Millis
) -> Keypad:
    """The keypad that approves this one action of an operator.

    Raises, in this order:
        Refused: see `operators.clean_action`.
        PinMissing: there is no PIN yet.
        PinLocked: too many wrong tries.
    """
    action = operators.clean_action(tx, action, by, policy=policy)
    tries.refuse_locked(tx, by, now)
    return _open(tx, by, KeypadPurpose.OPERATE, None, action=action, policy=policy, now=now)


def begin_erasing(
    tx: Tx, person_id: PersonId, *, policy: Policy, now: Millis
) -> Keypad | PersonId:
    """The keypad that has everything about a person deleted; done at once where there is no PIN.

    Raises, in this order:
        Refused: see `privacy.refuse_leftovers`.
        PinLocked: too many wrong tries.
    """
    if tx.pins.get(person_id) is None:
        return privacy.forget(tx, person_id, now=now)
    privacy.refuse_leftovers(tx, person_id)
    tries.refuse_locked(tx, person_id, now)
    return _open(tx, person_id, KeypadPurpose.ERASE, None, policy=policy, now=now)


def close(tx: Tx, person_id: PersonId) -> None:
    """Forgets the keypad that the person has open, if any."""
    keypad = tx.pins.keypad_for(person_id)
    if keypad is not None:
        tx.pins.drop_keypad(keypad.id)


def _open(
    tx: Tx,
    person_id: PersonId,
    purpose: KeypadPurpose,
    intent_id: str | None,
    *,
    device: str = "",
    action: OperatorAction | None = None,
    policy: Policy,
    now: Millis,
) -> Keypad:
    """A fresh keypad; the card whose keypad it replaces is shown anew, without digits."""
    replaced = tx.pins.keypad_for(person_id)
    keypad = Keypad(
        id=new_keypad_id(),
        person_id=person_id,
        purpose=purpose,
        intent_id=intent_id,
        keys=_new_keys(),
        digits="",
        first="",
        taps=(),
        checking=False,
        expires_at=now + policy.keypad_ms,
        device=device,
        action=action,
    )
    tx.pins.add_keypad(keypad)
    if replaced is not None and replaced.intent_id != intent_id:
        forgotten(tx, replaced, now=now)
    return keypad


def forgotten(tx: Tx, keypad: Keypad, *, now: Millis) -> None:
    """The card of a keypad that is gone is shown anew, while it still awaits its PIN."""
    if keypad.purpose is KeypadPurpose.APPROVE and keypad.intent_id is not None:
        intent = tx.intents.get(keypad.intent_id)
        if intent is not None and intent.state is IntentState.AWAITING_PIN:
            notices.card_changed(tx, intent, now)


def _new_keys() -> tuple[str, ...]:
    """Ten different tokens; nothing about a digit can be told from its token."""
    keys: dict[str, None] = {}
    while len(keys) < 10:
        keys[secrets.token_hex(_TOKEN_BYTES)] = None
    return tuple(keys)


# --- tapping -----------------------------------------------------------------------------------


def tap(
    tx: Tx,
    keypad_id: str,
    by: PersonId,
    token: str,
    *,
    tap_id: str,
    policy: Policy,
    now: Millis,
) -> TapResult | Check:
    """Counts one tap. An unknown token, and a tap that was counted before, change nothing.

    Raises:
        NotYours: it is another person's keypad.
    """
    keypad = tx.pins.keypad(keypad_id)
    if keypad is None:
        return KeypadClosed(None)
    if keypad.person_id != by:
        raise NotYours
    card = _intent_of(tx, keypad) if keypad.purpose is KeypadPurpose.APPROVE else None
    closed = _closed(tx, keypad, card, now)
    if closed is not None:
        return closed
    if keypad.checking:
        return _check(tx, keypad, card, tx.pins.get(by))
    if tap_id in keypad.taps or token not in {*keypad.keys, DELETE_KEY}:
        return Tapped(keypad)
    keypad = _typed(keypad, token, tap_id)
    if len(keypad.digits) == PIN_LENGTH:
        return _full(tx, keypad, card, policy=policy, now=now)
    tx.pins.save_keypad(keypad)
    return Tapped(keypad)


def _typed(keypad: Keypad, token: str, tap_id: str) -> Keypad:
    if token == DELETE_KEY:
        digits = keypad.digits[:-1]
    else:
        digits = keypad.digits + str(keypad.keys.index(token))
    return replace(keypad, digits=digits, taps=(*keypad.taps, tap_id)[-_TAPS_KEPT:])


def _closed(tx: Tx, keypad: Keypad, card: Intent | None, now: Millis) -> TapResult | None:
    """Drops a keypad that is of no use any more, and says so."""
    if card is not None and (
        card.state is not IntentState.AWAITING_PIN or intents.expire(tx, card, now=now)
    ):
        tx.pins.drop_keypad(keypad.id)
        return _after(tx, keypad)
    if keypad.expires_at <= now:
        tx.pins.drop_keypad(keypad.id)
        return KeypadClosed(keypad.intent_id)
    return None


def _full(
    tx: Tx, keypad: Keypad, card: Intent | None, *, policy: Policy, now: Millis
) -> TapResult | Check:
    """What six digits, not stored yet, lead to."""
    pin: Pin | None = None
    if keypad.purpose is KeypadPurpose.CHOOSE:
        phone = tx.proofs.phone(keypad.person_id)
        own = None if phone is None else phone.number
        if weakness(keypad.digits, phone=own) is not None:
            return _again(tx, keypad, NextReason.WEAK, policy=policy, now=now)
        purpose, reason = KeypadPurpose.REPEAT, NextReason.REPEAT
        return _again(
            tx, keypad, reason, purpose=purpose, first=keypad.digits, policy=policy, now=now
        )
    if keypad.purpose is KeypadPurpose.REPEAT:
        if keypad.digits != keypad.first:
            return _again(tx, keypad, NextReason.MISMATCH, policy=policy, now=now)
    else:
        pin = tries.count(tx, keypad.person_id, policy=policy, now=now)
        if pin is None:
            return _not_counted(tx, keypad)
    keypad = replace(keypad, checking=True)
    tx.pins.save_keypad(keypad)
    return _check(tx, keypad, card, pin)


def _not_counted(tx: Tx, keypad: Keypad) -> Locked | KeypadClosed:
    """No try may be made: the PIN is locked, or gone."""
    tx.pins.drop_keypad(keypad.id)
    pin = tx.pins.get(keypad.person_id)
    if pin is None or pin.locked_until is None:
        return KeypadClosed(keypad.intent_id)
    return Locked(pin.locked_until, keypad.intent_id)


def _again(
    tx: Tx,
    keypad: Keypad,
    reason: NextReason,
    *,
    purpose: KeypadPurpose = KeypadPurpose.CHOOSE,
    first: str = "",
    policy: Policy,
    now: Millis,
) -> NextKeypad:
    """The same keypad, emptied, for the next six digits."""
    emptied = _emptied(keypad, policy=policy, now=now)
    following = replace(emptied, purpose=purpose, first=first)
    tx.pins.save_keypad(following)
    return NextKeypad(following, reason)


def _emptied(keypad: Keypad, *, policy: Policy, now: Millis) -> Keypad:
    """Without digits and with other tokens, so that no tap on the old keys can count."""
    return replace(
        keypad, keys=_new_keys(), digits="", checking=False, expires_at=now + policy.keypad_ms
    )


def _check(tx: Tx, keypad: Keypad, card: Intent | None, pin: Pin | None) -> KeypadClosed | Check:
    locks = (keypad.person_id,) if card is None else tuple(transfers.people_in(card))
    if keypad.action is not None:
        locks = tuple(operators.concerned(tx, keypad.action))
    if keypad.purpose is KeypadPurpose.REPEAT:
        return Check(keypad, None, locks, card)
    if pin is None:
        tx.pins.drop_keypad(keypad.id)
        return KeypadClosed(keypad.intent_id)
    return Check(keypad, pin.hash, locks, card)


# --- the verdict -------------------------------------------------------------------------------


def set_new(tx: Tx, check: Check, pin_hash: str, *, now: Millis) -> TapResult:
    """Six digits, twice the same: the new PIN is in force."""
    keypad = check.keypad
    if _overtaken(tx, keypad):
        return _after(tx, keypad)
    changed = tx.pins.get(keypad.person_id) is not None
    tx.pins.set(keypad.person_id, pin_hash, now)
    tx.pins.drop_keypad(keypad.id)
    if changed:
        tx.devices.drop_all(keypad.person_id)
        notices.pin_changed(tx, keypad.person_id, now)
    return PinSet(keypad.intent_id)


def wrong(tx: Tx, check: Check, *, policy: Policy, now: Millis) -> TapResult:
    """The wrong digits: try again, unless that try has locked the PIN."""
    keypad = check.keypad
    pin = tx.pins.get(keypad.person_id)
    if _overtaken(tx, keypad) or pin is None:
        return _after(tx, keypad)
    if pin.locked_until is not None and pin.locked_until > now:
        tx.pins.drop_keypad(keypad.id)
        return Locked(pin.locked_until, keypad.intent_id)
    emptied = _emptied(keypad, policy=policy, now=now)
    tx.pins.save_keypad(emptied)
    return WrongPin(emptied, tries_left=tries.left(pin, policy))


def right(
    tx: Tx, check: Check, *, fresh_hash: str | None, policy: Policy, now: Millis
) -> TapResult:
    """The right digits: what they were asked for is done, or the new PIN may be chosen.

    Raises:
        Refused: a rule says no to it; nothing is kept, and `refused` is to follow.
    """
    keypad = check.keypad
    if _overtaken(tx, keypad):
        return _after(tx, keypad)
    _accept(tx, check, fresh_hash=fresh_hash, now=now)
    if keypad.purpose is KeypadPurpose.CURRENT:
        return _again(tx, keypad, NextReason.CURRENT_RIGHT, policy=policy, now=now)
    tx.pins.drop_keypad(keypad.id)
    if keypad.purpose is KeypadPurpose.ENROL:
        return Enrolled(*devices.enrol(tx, keypad.person_id, name=keypad.device, now=now))
    if keypad.purpose is KeypadPurpose.ERASE:
        privacy.forget(tx, keypad.person_id, now=now)
        return Erased()
    if keypad.action is not None:
        operators.carry_out(tx, keypad.action, keypad.person_id, policy=policy, now=now)
        return Operated(keypad.action)
    return Approved(transfers.approve(tx, _intent_of(tx, keypad), policy=policy, now=now))


def refused(
    tx: Tx, check: Check, error: Refused, *, fresh_hash: str | None, now: Millis
) -> TapResult:
    """The right digits, and `right` raised `error`: the card is closed, nothing has moved."""
    keypad = check.keypad
    if _overtaken(tx, keypad):
        return _after(tx, keypad)
    _accept(tx, check, fresh_hash=fresh_hash, now=now)
    tx.pins.drop_keypad(keypad.id)
    if keypad.purpose is not KeypadPurpose.APPROVE:
        return NotDone(error)
    intent = intents.refuse(tx, _intent_of(tx, keypad), error, now=now)
    return RefusedAfterPin(intent, error)


def _accept(tx: Tx, check: Check, *, fresh_hash: str | None, now: Millis) -> None:
    """The PIN was known: tries are forgotten, and so is that it was forgotten."""
    person_id = check.keypad.person_id
    pin = tx.pins.clear_tries(person_id)
    if fresh_hash is not None and check.stored is not None:
        tx.pins.rehash(person_id, old=check.stored, new=fresh_hash)
    tx.devices.pin_given(person_id, now)
    _call_off_reset(tx, pin, now)


def _overtaken(tx: Tx, keypad: Keypad) -> bool:
    """Whether the keypad that was checked is no longer there as it was."""
    return tx.pins.keypad(keypad.id) != keypad


def _after(tx: Tx, keypad: Keypad) -> Approved | Tapped | KeypadClosed:
    """What to show where somebody else has finished with this keypad."""
    current = tx.pins.keypad(keypad.id)
    if current is not None:
        return Tapped(current)
    if keypad.purpose is KeypadPurpose.APPROVE:
        intent = _intent_of(tx, keypad)
        if intent.state is IntentState.POSTED:
            return Approved(intent)
    return KeypadClosed(keypad.intent_id)


# --- the forgotten PIN -------------------------------------------------------------------------


def forget(tx: Tx, person_id: PersonId, *, policy: Policy, now: Millis) -> Millis:
    """Starts the waiting period, once; when it ends.

    Raises:
        PinMissing: there is no PIN to forget.
    """
    pin = tx.pins.get(person_id)
    if pin is None:
        raise PinMissing
    if pin.reset_at is not None:
        return pin.reset_at
    reset_at = now + policy.pin_reset_ms
    tx.pins.begin_reset(person_id, reset_at)
    notices.pin_reset(tx, person_id, now)
    return reset_at


def keep(tx: Tx, person_id: PersonId, *, now: Millis) -> None:
    """The PIN was not forgotten after all: a keypad that the waiting period opened is closed."""
    if _call_off_reset(tx, tx.pins.get(person_id), now):
        close(tx, person_id)


def _call_off_reset(tx: Tx, pin: Pin | None, now: Millis) -> bool:
    if pin is None or pin.reset_at is None:
        return False
    tx.pins.begin_reset(pin.person_id, None)
    notices.pin_reset(tx, pin.person_id, now)
    return True


def _intent_of(tx: Tx, keypad: Keypad) -> Intent:
    intent = None if keypad.intent_id is None else tx.intents.get(keypad.intent_id)
    if intent is None:
        raise NotOpen(IntentState.CANCELLED)
    return intent
