"""How fast the bot may write where several workers write for it: counted in their database.

The limits are Telegram's, kept strictly: 30 messages a second in all, one a second to a chat, 20 a
minute to a group. One worker lets a few through at once, as Telegram does; what several workers
let through at once would add up.

So what answers a person waits for its turn here too: ahead of every notice, and for two seconds at
most, after which it goes out all the same. A turn lasts from when the message before it arrived,
however long that was on its way.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial

from bot.pacing import NotYet, Pacer
from payments.errors import Unavailable
from payments.models import ConversationId, Millis
from payments.policy import SECOND
from payments.ports import Rate, Store, Tx
from payments.service import Clock

OVERALL = Rate(every_ms=50, burst=5)
"""Of notices; in any second at most 5 + 20."""
OVERALL_ANSWERS = Rate(every_ms=50, burst=10)
"""Of answers, which so go out when notices already wait; all together, in any second 10 + 20."""
PRIVATE = Rate(every_ms=1_100, burst=1)
GROUP = Rate(every_ms=3_100, burst=1)

_PATIENCE_MS = 5 * SECOND
_ANSWER_WITHIN_MS = 2 * SECOND
_AFTER_YOU_MS = 200
"""By so much a notice that had to wait comes late, so that an answer that waits, too, is first."""
_AT_ONCE_MS = 100
"""What is longer on its way than this keeps the next message of its chat waiting."""
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
        self._not_before(chat_id, now + round(seconds * SECOND))
        if everywhere := self.wait_to_edit(_NO_CHAT):
            self._not_before(None, now + round(everywhere * SECOND))

    @contextlib.asynccontextmanager
    async def answer(self, chat_id: int) -> AsyncIterator[None]:
        """Around the sending of what answers a person: waits a little for its turn."""
        began = await self._wait_to_answer(chat_id)
        async with self._under_way(chat_id, began):
            yield

    @contextlib.asynccontextmanager
    async def turn(self, chat_id: int) -> AsyncIterator[None]:
        """Around the sending of a notice: waits until it may go to this chat, and counts it.

        Raises:
            NotYet: that would take too long; it is not counted.
            Unavailable: the database did not answer.
        """
        began = self._clock()
        while wait_ms := await self._wait_ms(chat_id, OVERALL):
            if wait_ms > _PATIENCE_MS:
                raise NotYet(wait_ms / SECOND)
            await asyncio.sleep((wait_ms + _AFTER_YOU_MS) / SECOND)
            began = self._clock()
        async with self._under_way(chat_id, began):
            yield

    async def stop(self) -> None:
        """Counts what is not counted yet."""
        if self._counting is not None:
            await self._counting

    async def _wait_to_answer(self, chat_id: int) -> Millis:
        """Waits for the turn of an answer, if it comes soon; when it began."""
        began = self._clock()
        late = began + _ANSWER_WITHIN_MS
        with contextlib.suppress(Unavailable):  # whoever waits is answered, counted or not
            while wait_ms := await self._wait_ms(chat_id, OVERALL_ANSWERS):
                if began >= late:
                    self.spent(chat_id)
                    break
                await asyncio.sleep(min(wait_ms, late - began) / SECOND)
                began = self._clock()
        return began

    async def _wait_ms(self, chat_id: int, overall: Rate) -> int:
        """Milliseconds until a message may go to a chat; 0: now, and it is counted."""
        if told := self.wait_to_edit(chat_id):
            return round(told * SECOND) + 1
        rate = _rate(chat_id)

        def unit(tx: Tx) -> int:
            now = self._clock()
            return tx.pace.turn(chat_id, rate=rate, overall=overall, now=now) - now

        return max(await self._store.aside(unit), 0)

    @contextlib.asynccontextmanager
    async def _under_way(self, chat_id: int, began: Millis) -> AsyncIterator[None]:
        """Has the next message keep its distance from when this one arrived."""
        try:
            yield
        finally:
            arrived = self._clock()
            if arrived - began > _AT_ONCE_MS:
                self._not_before(chat_id, arrived + _rate(chat_id).every_ms)

    def _not_before(self, chat_id: ConversationId | None, moment: Millis) -> None:
        self._untold[chat_id] = max(moment, self._untold.get(chat_id, 0))
        self._count_soon()

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
