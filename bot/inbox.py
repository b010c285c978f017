"""Takes updates in: written down before Telegram is told that they arrived, then handled, then
done.

Updates of one lane (a person) are handled in order, one at a time; different lanes at the same
time. A person who floods waits for himself alone. A crash loses nothing: what was written down and
not finished is handled after the next start, so every handler must be safe to run again.

Several workers may share one database. Whoever takes an update in leases its lane if the lane is
idle and a hand is free; what nobody leased, or whose lease ran out as its worker died, is taken up
by whoever looks next.
"""

from __future__ import annotations

import asyncio
import contextlib
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

ALLOWED_UPDATES = (
    "message",
    "callback_query",
    "inline_query",
    "chosen_inline_result",
    "guest_message",
)
"""What the rooms handle; Telegram sends nothing else."""

_LOOKS = frozenset({"entities", "reply_markup"})
_AT_ONCE = 32
_WAITING_MOST = 256
_LEASE_MS = 12 * SECOND
_RENEW_MS = 3 * SECOND
_LOOK_S = 1.0
"""How often a worker looks for what nobody has leased."""
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
        self._under_way: set[int] = set()
        self._unsure = False
        self._stopping = False
        self._renewed_at = 0
        self._tidied_at = 0
        self._idle = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Takes up what an earlier run left behind.

        Where no other process may have the database, whoever had leased them is dead, and nobody
        needs to wait for the leases to run out.
        """
        await self._recover(leases_past_ms=0 if self._store.shared else _LEASE_MS)
        self._task = asyncio.create_task(self._look_after(), name="chatpay inbox")

    async def take(self, updates: Sequence[Mapping[str, Any]]) -> None:
        """Writes updates down, all or none, and begins to handle those whose turn it is.

        Raises:
            Unavailable: they may not be written down, and must be sent again.
        """
        if self._unsure:
            await self._take_up_lost()
        stored = sorted(map(_stored, updates), key=lambda update: update.update_id)
        now, lease_until = self._times()
        free = self._free_hands()

        def unit(tx: Tx) -> list[StoredUpdate]:
            begun: list[StoredUpdate] = []
            for update in stored:
                worker = self._worker if len(begun) < free else None
                added = tx.inbox.add(update, worker=worker, now=now, lease_until=lease_until)
                if added is not None:
                    begun.append(added)
            return begun

        try:
            begun = await self._store.write(unit, locks=[update.lane for update in stored])
        except BaseException:  # given up, or of unknown outcome: some may be leased all the same
            self._unsure = True
            raise
        for update in begun:
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
        with contextlib.suppress(Unavailable):  # then the leases run out
            await self._store.write(lambda tx: tx.inbox.release(worker=self._worker))

    def _free_hands(self) -> int:
        """How many more lanes to lease; the rest is for other workers, where there may be any."""
        return max(_AT_ONCE - len(self._working), 0) if self._store.shared else _WAITING_MOST

    def _begin(self, update: StoredUpdate) -> None:
        if self._stopping or update.update_id in self._under_way:
            return
        self._under_way.add(update.update_id)
        task = asyncio.create_task(self._work(update))
        self._working.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._working.discard(task)
        if self._store.shared and len(self._working) == _AT_ONCE - 1:
            self._idle.set()  # a hand is free again: there may be lanes that nobody had one for

    async def _work(self, first: StoredUpdate) -> None:
        """Handles an update and then, as long as there are any, the next ones of its lane."""
        update: StoredUpdate | None = first
        while update is not None and not self._stopping:
            async with self._hands:
                await handle(self._application, update)
            done, update = update, await self._finish(update)
            self._under_way.discard(done.update_id)
            if update is not None:
                self._under_way.add(update.update_id)

    async def _finish(self, update: StoredUpdate) -> StoredUpdate | None:
        def unit(tx: Tx) -> StoredUpdate | None:
            now, lease_until = self._times()
            return tx.inbox.finish(
                update.update_id, worker=self._worker, now=now, lease_until=lease_until
            )

        while True:
            try:
                return await self._store.write(unit, locks=[update.lane])
            except Unavailable:
                log.warning("store_unavailable", what="inbox")
                self._unsure = True
                await asyncio.sleep(_RETRY_S)

    async def _take_up_lost(self) -> None:
        """Begins what is leased to this worker without its knowing.

        A transaction that was said to have failed may have been committed all the same, and with
        it the leases; nobody else would ever take those over, as this worker is alive.
        """
        _, lease_until = self._times()

        def unit(tx: Tx) -> list[StoredUpdate]:
            tx.inbox.renew(worker=self._worker, lease_until=lease_until)
            return tx.inbox.leased_to(self._worker)

        leased = await self._store.write(unit)
        self._unsure = False
        for update in leased:
            self._begin(update)

    async def _look_after(self) -> None:
        """Keeps the leases, takes over those of workers that died, and forgets old ids."""
        while True:
            # Not `wait_for`, which before Python 3.12 can lose the cancellation that ends this.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._idle.wait()
            self._idle.clear()
            try:
                if self._unsure:
                    await self._take_up_lost()
                await self._renew()
                await self._recover(leases_past_ms=0)
                await self._tidy()
            except Exception as error:  # noqa: BLE001 (the leases must be kept)
                log.error("inbox_failed", error=type(error).__name__, frames=frames(error))

    async def _renew(self) -> None:
        now, lease_until = self._times()
        if not self._working or 0 <= now - self._renewed_at < _RENEW_MS:
            return
        self._renewed_at = now
        await self._store.write(
            lambda tx: tx.inbox.renew(worker=self._worker, lease_until=lease_until)
        )

    async def _recover(self, *, leases_past_ms: int) -> None:
        now, lease_until = self._times()
        free = self._free_hands()
        if free == 0:
            return
        found = await self._store.write(
            lambda tx: tx.inbox.recover(
                worker=self._worker,
                now=now + leases_past_ms,
                lease_until=lease_until,
                limit=free,
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
        await self._store.aside(lambda tx: tx.pace.forget(now=now))

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
    payload = json.dumps(_needed(update), ensure_ascii=False, separators=(",", ":")).encode()
    return StoredUpdate(int(update["update_id"]), lane_of(update), payload)


def _needed(update: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leaves out how a message looked in which somebody pressed a button.

    It is the bot's own, nobody here looks at it again, and it is most of the update.
    """
    query = update.get("callback_query")
    if not isinstance(query, dict) or not isinstance(query.get("message"), dict):
        return update
    pressed = {name: value for name, value in query["message"].items() if name not in _LOOKS}
    return {**update, "callback_query": {**query, "message": pressed}}


def lane_of(update: Mapping[str, Any]) -> int:
    """Whose lane an update belongs to: the person's id, else the chat's, else 0."""
    for name, content in update.items():
        if name == "update_id" or not isinstance(content, dict):
            continue
        for holder in (content.get("from"), content.get("chat")):
            if isinstance(holder, dict) and isinstance(holder.get("id"), int):
                return int(holder["id"])
    return 0
