"""How fast the bot may write, so that Telegram's own limits are not hit.

About 30 messages a second in all, one a second to a chat (a few at once are let through), 20 a
minute to a group. What answers a person goes out at once and is counted; notices wait for their
turn. Those limits are about messages that are new: what only edits a message in a private chat,
such as the payer's card that becomes the receipt, takes no turn and goes out at once. In a group,
where everybody sees it move, an edit counts like a message.

Where Telegram says 429 all the same, its `retry_after` is kept to, by edits too: for that chat,
and for all of them once a second chat is told to wait, for then the limit of the whole bot was
hit.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from telegram.error import RetryAfter

_CHATS_MOST = 10_000
"""Buckets kept; a chat that was silent for longer has a full one anyway."""
_PATIENCE_S = 5.0
"""Whoever must wait longer for a turn is told so, and keeps nothing leased meanwhile."""


@dataclass(slots=True)
class _Bucket:
    """A token bucket: `capacity` at once, then `rate` a second."""

    capacity: float
    rate: float
    tokens: float
    at: float

    def refill(self, now: float) -> None:
        self.tokens = min(self.capacity, self.tokens + (now - self.at) * self.rate)
        self.at = now

    def wait(self) -> float:
        return max(0.0, (1 - self.tokens) / self.rate)

    def spend(self) -> None:
        self.tokens = max(self.tokens - 1, 0.0)


class NotYet(Exception):
    """The turn of a chat is too far away to be waited for."""

    def __init__(self, seconds: float) -> None:
        """Keep when to ask again."""
        super().__init__(f"the turn of this chat is in {seconds:.1f} s")
        self.seconds = seconds


def retry_seconds(error: RetryAfter) -> float:
    """How long Telegram says to wait: a number, or a timedelta if the library is set to that."""
    after = error.retry_after
    return float(after) if isinstance(after, int) else after.total_seconds()


class Pacer:
    """Counts what is sent and says how long to wait.

    Args:
        seconds: a monotonic clock in seconds.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._all = _Bucket(capacity=30, rate=30, tokens=30, at=seconds())
        self._chats: OrderedDict[int, _Bucket] = OrderedDict()
        self._paused: dict[int, float] = {}
        self._all_paused = 0.0

    def spent(self, chat_id: int) -> None:
        """A message went to this chat without waiting for its turn."""
        for bucket in (self._all, self._chat(chat_id)):
            bucket.refill(self._seconds())
            bucket.spend()

    def pause(self, chat_id: int, seconds: float) -> None:
        """Telegram said 429 for this chat."""
        now = self._seconds()
        self._paused = {chat: until for chat, until in self._paused.items() if until > now}
        if any(chat != chat_id for chat in self._paused):
            self._all_paused = max(self._all_paused, now + seconds)
        self._paused[chat_id] = now + seconds

    def wait(self, chat_id: int) -> float:
        """Seconds until a new message may go to this chat; 0 for now."""
        now = self._seconds()
        chat = self._chat(chat_id)
        chat.refill(now)
        self._all.refill(now)
        return max(self.wait_to_edit(chat_id), chat.wait(), self._all.wait())

    def wait_to_edit(self, chat_id: int) -> float:
        """Seconds until Telegram wants to hear of this chat at all; 0 for now."""
        until = max(self._paused.get(chat_id, 0.0), self._all_paused)
        return max(until - self._seconds(), 0.0)

    @asynccontextmanager
    async def answer(self, chat_id: int) -> AsyncIterator[None]:
        """Around the sending of what answers a person: at once, and counted."""
        self.spent(chat_id)
        yield

    @asynccontextmanager
    async def turn(self, chat_id: int) -> AsyncIterator[None]:
        """Around the sending of a notice: waits until it may go to this chat, and counts it.

        Raises:
            NotYet: that would take too long; it is not counted.
        """
        await _pass(lambda: self.wait(chat_id))
        self.spent(chat_id)
        yield

    @asynccontextmanager
    async def turn_to_edit(self, chat_id: int) -> AsyncIterator[None]:
        """Around an edit: waits until one may be made in this chat; counts it in a group.

        Raises:
            NotYet: that would take too long; it is not counted.
        """
        if chat_id < 0:
            async with self.turn(chat_id):
                yield
        else:
            await _pass(lambda: self.wait_to_edit(chat_id))
            yield

    async def stop(self) -> None:
        """Nothing is under way."""

    def _chat(self, chat_id: int) -> _Bucket:
        bucket = self._chats.get(chat_id)
        if bucket is None:
            capacity, rate = (5.0, 1.0) if chat_id > 0 else (20.0, 20 / 60)
            bucket = _Bucket(capacity, rate, tokens=capacity, at=self._seconds())
            self._chats[chat_id] = bucket
            if len(self._chats) > _CHATS_MOST:
                self._chats.popitem(last=False)
        self._chats.move_to_end(chat_id)
        return bucket


async def _pass(wait: Callable[[], float]) -> None:
    """Sleeps until there is nothing to wait for; others may have been quicker meanwhile."""
    seconds = wait()
    while seconds > 0:
        if seconds > _PATIENCE_S:
            raise NotYet(seconds)
        await asyncio.sleep(seconds)
        seconds = wait()
