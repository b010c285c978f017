"""How fast the bot may write where several workers write for it: counted in their database.

The limits are Telegram's, kept strictly: 30 messages a second in all, one a second to a chat, 20 a
minute to a group, with a little to spare for the time between the asking and the sending. One
worker lets a few through at once, as Telegram does; here the answers of all workers come on top.

What answers a person goes out at once here too. It is counted a moment later, for all workers, so
that notices keep out of its way.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from functools import partial

from bot.pacing import NotYet, Pacer
from payments.errors import Unavailable
from payments.models import ConversationId, Millis
from payments.policy import SECOND
from payments.ports import Rate, Store, Tx
from payments.service import Clock

OVERALL = Rate(every_ms=50, burst=5)
"""In any second at most 5 + 20."""
PRIVATE = Rate(every_ms=1_100, burst=1)
GROUP = Rate(every_ms=3_100, burst=1)

_PATIENCE_MS = 5 * SECOND
_COUNT_EVERY_S = 0.05
_NO_CHAT = 0


class SharedPacer(Pacer):
    """A `Pacer` for all the workers of a database.

    Args:
        store: their database.
        clock: epoch milliseconds; the machines' clocks may differ by a second or so.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        super().__init__()
        self._store = store
        self._clock = clock
        self._uncounted: Counter[ConversationId] = Counter()
        self._untold: dict[ConversationId | None, Millis] = {}
        self._counting: asyncio.Task[None] | None = None

    def spent(self, chat_id: int) -> None:
        """A message went to this chat without waiting for its turn."""
        self._uncounted[chat_id] += 1
        self._count_soon()

    def pause(self, chat_id: int, seconds: float) -> None:
        """Telegram said 429 for this chat: to this worker, but it holds for all."""
        super().pause(chat_id, seconds)
        now = self._clock()
        self._untold[chat_id] = now + round(seconds * SECOND)
        if everywhere := self.wait_to_edit(_NO_CHAT):
            self._untold[None] = now + round(everywhere * SECOND)
        self._count_soon()

    async def turn(self, chat_id: int) -> None:
        """Waits until a new message may go to this chat, and counts it.

        Raises:
            NotYet: that would take too long; it is not counted.
            Unavailable: the database did not answer.
        """
        while wait_ms := await self._wait_ms(chat_id):
            if wait_ms > _PATIENCE_MS:
                raise NotYet(wait_ms / SECOND)
            await asyncio.sleep(wait_ms / SECOND)

    async def stop(self) -> None:
        """Counts what is not counted yet."""
        if self._counting is not None:
            await self._counting

    async def _wait_ms(self, chat_id: int) -> int:
        """Milliseconds until a message may go to a chat; 0: now, and it is counted."""
        if told := self.wait_to_edit(chat_id):
            return round(told * SECOND) + 1
        rate = _rate(chat_id)

        def unit(tx: Tx) -> int:
            now = self._clock()
            return tx.pace.turn(chat_id, rate=rate, overall=OVERALL, now=now) - now

        return max(await self._store.aside(unit), 0)

    def _count_soon(self) -> None:
        if self._counting is None or self._counting.done():
            self._counting = asyncio.create_task(self._count(), name="chatpay pace")

    async def _count(self) -> None:
        while self._uncounted or self._untold:
            sent, self._uncounted = self._uncounted, Counter()
            pauses, self._untold = self._untold, {}
            with contextlib.suppress(Unavailable):  # Telegram itself says so, if it is too much
                await self._store.aside(partial(_count, sent, pauses, self._clock()))
            await asyncio.sleep(_COUNT_EVERY_S)


def _count(
    sent: Counter[ConversationId],
    pauses: dict[ConversationId | None, Millis],
    now: Millis,
    tx: Tx,
) -> None:
    by_chat = {chat_id: (count, _rate(chat_id)) for chat_id, count in sent.items()}
    tx.pace.spend(by_chat, overall=OVERALL, now=now)
    for chat_id, until in pauses.items():
        rate = OVERALL if chat_id is None else _rate(chat_id)
        tx.pace.pause(chat_id, rate=rate, now=now, until=until)


def _rate(chat_id: int) -> Rate:
    return PRIVATE if chat_id > 0 else GROUP
