"""Tells what must be told, at least once: receipts, requests, refunds.

A notice is written in the same transaction as the money and sent after it. The sender claims those
that are due, tells different chats at the same time and one chat one thing at a time, in order.
Money never depends on what happens here.
"""

from __future__ import annotations

import asyncio
import contextlib
import random

import structlog
from telegram import Bot
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from bot import notices
from bot.context import Services
from bot.logs import frames
from bot.pacing import NotYet, retry_seconds
from payments.errors import Unavailable
from payments.models import ConversationId, Notice
from payments.policy import MINUTE, NOTICE_WAIT_MOST_MS, SECOND

_AT_ONCE = 32
_LEASE_MS = 15 * SECOND
_DELIVERY_S = 12.0
_POLL_S = 1.0
_GATHER_S = 0.01
"""How long notices wait for others that are written at the same time, to be claimed together."""
_STOP_S = 5.0
_BACKOFF_MS = SECOND
_BACKOFF_MOST_MS = 5 * MINUTE
_ATTEMPTS_MOST = 20

log = structlog.get_logger(__name__)


class Sender:
    """Sends the notices of the outbox."""

    def __init__(self, bot: Bot, services: Services) -> None:
        self._bot = bot
        self._services = services
        self._payments = services.payments
        self._store = services.payments.store
        self._pacer = services.pacer
        self._sending: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to send. A second call does nothing."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="chatpay outbox")

    async def stop(self) -> None:
        """Gives what is being sent a moment to finish. The rest is sent after the next start."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if self._sending:
            _, late = await asyncio.wait(self._sending, timeout=_STOP_S)
            for sending in late:
                sending.cancel()  # its lease runs out, and it is sent after the next start
            await asyncio.gather(*late, return_exceptions=True)

    async def _run(self) -> None:
        waiting = self._payments.notices_waiting
        while True:
            waiting.clear()
            try:
                await self._claim()
            except Exception as error:  # noqa: BLE001 (the next notices must still be sent)
                log.error("outbox_failed", error=type(error).__name__, frames=frames(error))
            # Not `wait_for`, which before Python 3.12 can lose the cancellation that ends this.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL_S):
                    await waiting.wait()
            await asyncio.sleep(_GATHER_S)

    async def _claim(self) -> None:
        """Takes what is due, as far as there are hands for it."""
        free = _AT_ONCE - len(self._sending)
        if free <= 0:
            return
        now = self._payments.clock()
        claimed = await self._store.write(
            lambda tx: tx.outbox.claim(now=now, lease_until=now + _LEASE_MS, limit=free)
        )
        for notice in claimed:
            task = asyncio.create_task(self._send(notice))
            self._sending.add(task)
            task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        # The next notice of the same chat, or one for which there was no hand free.
        self._payments.notices_waiting.set()
        if not task.cancelled() and (error := task.exception()):
            log.error("notice_failed", error=type(error).__name__, frames=frames(error))

    async def _send(self, notice: Notice) -> None:
        try:
            async with asyncio.timeout(_DELIVERY_S):
                await notices.deliver(notice, self._bot, self._services)
        except NotYet as error:
            await self._retry(notice, in_ms=round(error.seconds * SECOND))
        except RetryAfter as error:
            seconds = retry_seconds(error)
            self._pacer.pause(notice.conversation_id, seconds)
            await self._retry(notice, in_ms=round(seconds * SECOND))
        except ChatMigrated as error:
            await self._follow(notice, error.new_chat_id)
        except (Forbidden, BadRequest) as error:
            # Other than a chat that is gone, a bad request is a mistake of ours: kept, with what
            # Telegram said.
            is_forbidden = isinstance(error, Forbidden)
            await self._bury(notice, "Forbidden" if is_forbidden else error.message)
        except (NetworkError, TimeoutError, Unavailable):
            await self._retry(notice, in_ms=_backoff_ms(notice.attempts))
        except TelegramError as error:
            await self._bury(notice, error.message)
        except Exception as error:  # noqa: BLE001 (one bad notice must not stop the others)
            log.error(
                "notice_failed",
                kind=notice.kind.value,
                error=type(error).__name__,
                frames=frames(error),
            )
            if notice.attempts >= _ATTEMPTS_MOST:
                await self._bury(notice, type(error).__name__)
            else:
                await self._retry(notice, in_ms=_backoff_ms(notice.attempts))
        else:
            await self._store.write(lambda tx: tx.outbox.done(notice.id))

    async def _follow(self, notice: Notice, group_id: ConversationId) -> None:
        """Tells it in the supergroup that goes on in a group's place.

        Where the notice is for a person, and only a message about it in a group is out of reach,
        the group's own word of where it went is on its way (see `groups`).
        """
        if notice.conversation_id > 0:
            await self._retry(notice, in_ms=_backoff_ms(notice.attempts))
            return
        await self._payments.group_moved(notice.conversation_id, group_id)
        await self._retry(notice, in_ms=0)

    async def _retry(self, notice: Notice, *, in_ms: int) -> None:
        due_at = self._payments.clock() + min(in_ms, NOTICE_WAIT_MOST_MS)
        await self._store.write(lambda tx: tx.outbox.retry(notice.id, due_at=due_at))

    async def _bury(self, notice: Notice, reason: str) -> None:
        now = self._payments.clock()
        log.warning("notice_buried", kind=notice.kind.value)
        await self._store.write(lambda tx: tx.outbox.bury(notice.id, reason=reason, now=now))
        if notice.conversation_id > 0 and _is_unreachable(reason):
            await self._payments.unreachable(notice.conversation_id)


def _is_unreachable(reason: str) -> bool:
    return reason == "Forbidden" or "chat not found" in reason.lower()


def _backoff_ms(attempts: int) -> int:
    """1 s, 2 s, 4 s … up to 5 minutes, each shortened at random by up to a half."""
    longest = min(_BACKOFF_MOST_MS, _BACKOFF_MS << min(attempts, 16))
    return round(longest * random.uniform(0.5, 1.0))  # noqa: S311 (only spreads the load)
