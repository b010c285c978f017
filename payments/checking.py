"""The slow half of the last tap: six digits are hashed off the event loop, then acted upon.

It runs between two units of work of `payments.pins`, outside any transaction. Nothing that it
knows is needed after a crash: the keypad in the database says that a check is due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from payments import pins
from payments.errors import Refused
from payments.models import Keypad, Millis, PersonId
from payments.pinhash import Verdict
from payments.policy import Policy
from payments.ports import Ahead, Tx
from payments.results import TapResult

T = TypeVar("T")


class Pins(Protocol):
    """Hashes and checks PINs off the event loop, as `pinhash.PinChecker` does."""

    async def hash(self, person_id: PersonId, pin: str) -> str:
        """What to store for a PIN."""

    async def verify(self, person_id: PersonId, pin: str, stored: str) -> Verdict:
        """Whether a PIN is the one that was stored."""


class Write(Protocol):
    """Runs a unit of work, as `Store.write` does."""

    async def __call__(
        self,
        unit: Callable[[Tx], T],
        *,
        locks: Sequence[PersonId] = (),
        ahead: Ahead | None = None,
    ) -> T:
        """Answers after the commit."""


class Checking:
    """Finishes checks, one at a time for each keypad.

    Args:
        pins: Hashes and checks PINs off the event loop.
        write: Runs a unit of work.
        clock: Epoch milliseconds.
    """

    def __init__(self, pins: Pins, write: Write, clock: Callable[[], Millis]) -> None:
        self._pins = pins
        self._write = write
        self._clock = clock
        self._under_way: dict[Keypad, asyncio.Task[TapResult]] = {}

    async def finish(self, check: pins.Check, policy: Policy) -> TapResult:
        """Checks the digits once, however many taps wait for the answer.

        A tap that is given up does not end the check: what it has begun is finished.
        """
        keypad = check.keypad
        task = self._under_way.get(keypad)
        if task is None:
            task = asyncio.create_task(self._act_on_digits(check, policy))
            self._under_way[keypad] = task
            task.add_done_callback(lambda _: self._under_way.pop(keypad))
        return await asyncio.shield(task)

    async def _act_on_digits(self, check: pins.Check, policy: Policy) -> TapResult:
        person_id, digits = check.keypad.person_id, check.keypad.digits
        if check.stored is None:
            new_hash = await self._pins.hash(person_id, digits)
            now = self._clock()
            return await self._write(
                lambda tx: pins.set_new(tx, check, new_hash, now=now), locks=check.locks
            )
        verdict = await self._pins.verify(person_id, digits, check.stored)
        if not verdict.ok:
            now = self._clock()
            return await self._write(
                lambda tx: pins.wrong(tx, check, policy=policy, now=now), locks=check.locks
            )
        fresh_hash = await self._pins.hash(person_id, digits) if verdict.rehash else None
        return await self._act_on_right(check, fresh_hash, policy)

    async def _act_on_right(
        self, check: pins.Check, fresh_hash: str | None, policy: Policy
    ) -> TapResult:
        now = self._clock()
        try:
            return await self._write(
                lambda tx: pins.right(tx, check, fresh_hash=fresh_hash, policy=policy, now=now),
                locks=check.locks,
                ahead=Ahead(check.keypad.id, check.card, now),
            )
        except Refused as error:
            refusal = error
        return await self._write(
            lambda tx: pins.refused(tx, check, refusal, fresh_hash=fresh_hash, now=now),
            locks=check.locks,
        )
