"""What a facade of use-cases stands on: the store, the rules' figures, the clock.

One unit of work is a plain function of a room with rules, run in one transaction.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Concatenate, ParamSpec, TypeVar

from payments.models import Millis, PersonId
from payments.policy import Policy
from payments.ports import Ahead, Store, Tx

P = ParamSpec("P")
T = TypeVar("T")
Clock = Callable[[], Millis]


def system_clock() -> Millis:
    """The time now, as the system has it."""
    return time.time_ns() // 1_000_000


class Units:
    """Runs units of work.

    Args:
        store: where everything is kept.
        policy: the figures that the rules go by.
        clock: epoch milliseconds; the system's by default.
    """

    notices_waiting: asyncio.Event
    """Set after each commit that may have written a notice; the sender clears it."""

    def __init__(
        self, store: Store, policy: Policy | None = None, clock: Clock = system_clock
    ) -> None:
        self.store = store
        self.policy = policy or Policy()
        self.notices_waiting = asyncio.Event()
        self.clock = clock

    async def _do(
        self, rule: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Runs one rule of a room as a unit of work."""
        return await self._write(lambda tx: rule(tx, *args, **kwargs))

    async def _write(
        self,
        unit: Callable[[Tx], T],
        *,
        locks: Sequence[PersonId] = (),
        ahead: Ahead | None = None,
    ) -> T:
        """Runs a unit that may write a notice, and wakes the sender after its commit."""
        result = await self.store.write(unit, locks=locks, ahead=ahead)
        self.notices_waiting.set()
        return result
