"""Takes updates in: written down before Telegram is told that they arrived, then handled, then
done.

Updates of one lane (a person) are handled in order, one at a time; different lanes at the same
time. A person who floods waits for himself alone. A crash loses nothing: what was written down and
not finished is handled after the next start, so every handler must be safe to run again.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from telegram import Bot, Update

from bot.context import AnyApplication
from bot.logs import frames
from payments.errors import Unavailable
from payments.models import StoredUpdate
from payments.policy import DAY, MINUTE, SECOND
from payments.ports import Store, Tx
from payments.service import Clock

ALLOWED_UPDATES = ("message", "callback_query")
"""What the rooms handle; Telegram sends nothing else."""

_AT_ONCE = 32
_WAITING_MOST = 256
_LEASE_MS = 30 * SECOND
_RENEW_S = 10.0
_RETRY_S = 0.5
_KEEP_IDS_MS = 2 * DAY
"""Telegram sends an update again for a day at most."""
_TIDY_MS = 10 * MINUTE

log = structlog.get_logger(__name__)


class Inbox:
    """Updates between Telegram and the handlers.

    Args:
        application: handles them.
        store: keeps them.
        clock: epoch milliseconds.
    """

    def __init__(self, application: AnyApplication, store: Store, clock: Clock) -> None:
        self._application = application
        self._store = store
        self._clock = clock
        self._worker = secrets.token_hex(8)
        self._hands = asyncio.Semaphore(_AT_ONCE)
        self._working: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._tidied_at = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self, *, alone: bool) -> None:
        """Takes up what an earlier run left behind.

        Args:
            alone: no other process takes updates in (a bot can be polled by one alone), so whoever
                had leased them is dead, and nobody needs to wait for the leases to run out.
        """
        await self._recover(leases_past_ms=_LEASE_MS if alone else 0)
        self._task = asyncio.create_task(self._look_after(), name="chatpay inbox")

    async def take(self, updates: Sequence[Mapping[str, Any]]) -> None:
        """Writes updates down, all or none, and begins to handle those whose turn it is.

        Raises:
            Unavailable: they may not be written down, and must be sent again.
        """
        stored = sorted(map(_stored, updates), key=lambda update: update.update_id)
        now, lease_until = self._times()

        def unit(tx: Tx) -> list[StoredUpdate]:
            taken = (
                tx.inbox.add(update, worker=self._worker, now=now, lease_until=lease_until)
                for update in stored
            )
            return [update for update in taken if update is not None]

        for update in await self._store.write(unit):
            self._begin(update)

    async def has_room(self) -> None:
        """Waits while too many updates are under way already."""
        while len(self._working) >= _WAITING_MOST:
            await asyncio.wait(self._working, return_when=asyncio.FIRST_COMPLETED)

    async def stop(self, *, within_s: float) -> None:
        """Finishes the updates under way; what takes longer waits for the next run."""
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._working:
            _, late = await asyncio.wait(self._working, timeout=within_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _begin(self, update: StoredUpdate) -> None:
        if self._stopping:
            return
        task = asyncio.create_task(self._work(update))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _work(self, first: StoredUpdate) -> None:
        """Handles an update and then, as long as there are any, the next ones of its lane."""
        update: StoredUpdate | None = first
        while update is not None and not self._stopping:
            async with self._hands:
                await handle(self._application, update)
            update = await self._finish(update.update_id)

    async def _finish(self, update_id: int) -> StoredUpdate | None:
        def unit(tx: Tx) -> StoredUpdate | None:
            now, lease_until = self._times()
            return tx.inbox.finish(
                update_id, worker=self._worker, now=now, lease_until=lease_until
            )

        while True:
            try:
                return await self._store.write(unit)
            except Unavailable:
                log.warning("store_unavailable", what="inbox")
                await asyncio.sleep(_RETRY_S)

    async def _look_after(self) -> None:
        """Keeps the leases, takes over those of workers that died, and forgets old ids."""
        while True:
            await asyncio.sleep(_RENEW_S)
            try:
                await self._renew()
                await self._recover(leases_past_ms=0)
                await self._tidy()
            except Exception as error:  # noqa: BLE001 (the leases must be kept)
                log.error("inbox_failed", error=type(error).__name__, frames=frames(error))

    async def _renew(self) -> None:
        _, lease_until = self._times()
        await self._store.write(
            lambda tx: tx.inbox.renew(worker=self._worker, lease_until=lease_until)
        )

    async def _recover(self, *, leases_past_ms: int) -> None:
        now, lease_until = self._times()
        found = await self._store.write(
            lambda tx: tx.inbox.recover(
                worker=self._worker,
                now=now + leases_past_ms,
                lease_until=lease_until,
                limit=_WAITING_MOST,
            )
        )
        if found:
            log.info("updates_recovered", lanes=len(found))
        for update in found:
            self._begin(update)

    async def _tidy(self) -> None:
        now = self._clock()
        if now - self._tidied_at < _TIDY_MS:
            return
        self._tidied_at = now
        await self._store.write(lambda tx: tx.inbox.forget(before=now - _KEEP_IDS_MS))

    def _times(self) -> tuple[int, int]:
        now = self._clock()
        return now, now + _LEASE_MS


async def handle(application: AnyApplication, stored: StoredUpdate) -> None:
    """Handles one update; never raises: what cannot be handled must not come back for ever."""
    try:
        update = _parsed(stored, application.bot)
        if update is not None:
            await application.process_update(update)
    except Exception as error:  # noqa: BLE001 (see the docstring)
        log.error(
            "update_not_handled",
            reference=secrets.token_hex(3).upper(),
            update_id=stored.update_id,
            error=type(error).__name__,
            frames=frames(error),
        )


def _parsed(stored: StoredUpdate, bot: Bot) -> Update | None:
    return Update.de_json(json.loads(stored.payload), bot)


def _stored(update: Mapping[str, Any]) -> StoredUpdate:
    payload = json.dumps(update, ensure_ascii=False, separators=(",", ":")).encode()
    return StoredUpdate(int(update["update_id"]), lane_of(update), payload)


def lane_of(update: Mapping[str, Any]) -> int:
    """Whose lane an update belongs to: the person's id, else the chat's, else 0."""
    for name, content in update.items():
        if name == "update_id" or not isinstance(content, dict):
            continue
        for holder in (content.get("from"), content.get("chat")):
            if isinstance(holder, dict) and isinstance(holder.get("id"), int):
                return int(holder["id"])
    return 0
