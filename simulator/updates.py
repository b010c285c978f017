"""The queue of updates that waits for each bot, and the rules by which it is emptied."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from simulator.errors import conflict
from simulator.people import Json

UPDATE_KINDS = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "guest_message",
    "message_reaction",
    "message_reaction_count",
    "inline_query",
    "chosen_inline_result",
    "callback_query",
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
)

ONLY_ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
"""Kinds a bot gets only if it names them in `allowed_updates`."""

KEPT_SECONDS = 24 * 3600
"""Telegram forgets updates that nobody fetched for a day."""

LONGEST_POLL_SECONDS = 50


@dataclass(slots=True)
class Webhook:
    """Where a bot wants its updates sent."""

    url: str
    secret_token: str
    max_connections: int
    ip_address: str | None = None
    last_error_date: int | None = None
    last_error_message: str | None = None


@dataclass(slots=True)
class Waiting:
    """An update in the queue."""

    update: Json
    made_at: float
    out_of_turn: bool = False
    """Sent again or in another order: the offset says nothing about it."""
    delivered: bool = False


class Mailbox:
    """One bot's updates, numbered in sequence, from their making to their confirmation."""

    def __init__(self) -> None:
        self.webhook: Webhook | None = None
        self.allowed: frozenset[str] | None = None
        self._last_id = 0
        self._waiting: deque[Waiting] = deque()
        self._held: list[Waiting] = []
        self._to_hold = 0
        self._changed = asyncio.Event()
        self._poll = 0
        self._ended_by = ""

    def __len__(self) -> int:
        return len(self._waiting)

    def wants(self, kind: str) -> bool:
        """Whether the bot subscribed to this kind of update."""
        if self.allowed is None:
            return kind not in ONLY_ON_REQUEST
        return kind in self.allowed

    def subscribe(self, kinds: Iterable[str] | None) -> None:
        """Changes which kinds are made from now on; an empty list means the usual ones."""
        if kinds is not None:
            self.allowed = frozenset(kinds) & frozenset(UPDATE_KINDS) or None

    def add(self, kind: str, payload: Json, now: float) -> Json:
        """Makes the next update and queues it."""
        self._last_id += 1
        update = {"update_id": self._last_id, kind: payload}
        waiting = Waiting(update, now)
        if self._to_hold:
            self._hold(waiting)
        else:
            self._waiting.append(waiting)
            self._changed.set()
        return update

    def repeat(self, update: Json, now: float) -> None:
        """Queues an update once more, whether it was confirmed or not."""
        self._waiting.append(Waiting(update, now, out_of_turn=True))
        self._changed.set()

    def reorder(self, count: int) -> None:
        """Holds back the next `count` updates, to release them last first."""
        self._to_hold = count

    def _hold(self, waiting: Waiting) -> None:
        waiting.out_of_turn = True
        self._held.append(waiting)
        self._to_hold -= 1
        if self._to_hold == 0:
            self._waiting.extend(reversed(self._held))
            self._held.clear()
            self._changed.set()

    def drop(self) -> None:
        """Forgets every update that waits."""
        self._waiting.clear()

    def end_poll(self, method: str, advice: str = "") -> None:
        """Answers the poll that is under way with a conflict, which names the cause."""
        self._poll += 1
        self._ended_by = f"terminated by {method} request{advice}"
        self._changed.set()

    async def poll(self, *, offset: int, limit: int, wait: float, now: float) -> list[Json]:
        """Confirms updates before the offset and returns those after it, waiting for some.

        Args:
            offset: the first id wanted; 0 for no confirmation; negative counts from the end.
            limit: how many at most.
            wait: seconds to wait for an update, in real time.
            now: the present on the simulator's clock.

        Raises:
            ApiError: another poll began while this one waited.
        """
        self.end_poll("other getUpdates", "; make sure that only one bot instance is running")
        mine = self._poll
        self._confirm(offset)
        while self._waiting and self._waiting[0].made_at < now - KEPT_SECONDS:
            self._waiting.popleft()
        deadline = asyncio.get_running_loop().time() + wait
        while not self._waiting:
            self._changed.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._changed.wait()
            except TimeoutError:
                return []
            if self._poll != mine:
                raise conflict(self._ended_by)
        batch = list(self._waiting)[:limit]
        for waiting in batch:
            waiting.delivered = True
        return [waiting.update for waiting in batch]

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            while len(self._waiting) > -offset:
                self._waiting.popleft()
        elif offset > 0:
            self._waiting = deque(
                waiting for waiting in self._waiting if not _is_confirmed(waiting, offset)
            )

    async def next_for_webhook(self) -> Waiting:
        """Takes the next update out of the queue, waiting for one."""
        while not self._waiting:
            self._changed.clear()
            await self._changed.wait()
        return self._waiting.popleft()

    def put_back(self, waiting: Waiting) -> None:
        """Returns an update that no webhook accepted to the head of the queue."""
        self._waiting.appendleft(waiting)


def _is_confirmed(waiting: Waiting, offset: int) -> bool:
    if waiting.out_of_turn:
        return waiting.delivered
    update_id: int = waiting.update["update_id"]
    return update_id < offset
