"""Lets time pass: returns holds, ends cards, requests and keypads whose time is up, and forgets
what came to nothing long ago.
"""

from __future__ import annotations

import asyncio

import structlog

from bot.logs import frames
from payments.policy import MINUTE
from payments.service import Payments

_EVERY_S = 1.0
_TIDY_MS = 10 * MINUTE
"""Sooner while there is something left to forget."""

log = structlog.get_logger(__name__)


class Sweeper:
    """Calls `sweep` and `tidy` again and again, in one process of all that share the database.

    While the role passes from one to the next, two may sweep: that does no harm.
    """

    def __init__(self, payments: Payments) -> None:
        self._payments = payments
        self._task: asyncio.Task[None] | None = None
        self._tidied_at = 0

    def start(self) -> None:
        """Begins. A second call does nothing."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="chatpay sweeper")

    async def stop(self) -> None:
        """Ends; a sweep that is under way finishes, or is taken up by the next one."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                if await self._payments.store.lead("sweeping"):
                    await self._payments.sweep()
                    await self._tidy()
            except Exception as error:  # noqa: BLE001 (the next sweep must still come)
                log.error("sweep_failed", error=type(error).__name__, frames=frames(error))
            await asyncio.sleep(_EVERY_S)

    async def _tidy(self) -> None:
        now = self._payments.clock()
        if 0 <= now - self._tidied_at < _TIDY_MS:
            return
        if not await self._payments.tidy():
            self._tidied_at = now
