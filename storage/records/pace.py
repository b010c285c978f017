"""How fast is written to the platform, counted by all workers of a database together.

One number a chat suffices: the moment at which it has caught up with what it was sent, were each
message given its share of the limit (the "generic cell rate algorithm" of ATM networks). A message
may go out once that moment is no further away than the messages let through at once.

The row of all chats together is always taken first, so that no two workers wait for each other.
"""

from __future__ import annotations

from collections.abc import Mapping

from payments.models import ConversationId, Millis
from payments.ports import Rate
from storage.connection import Connection

_ALL: ConversationId = 0
"""No chat has this number."""


class Pace:
    """`payments.ports.Pace` on any engine."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def turn(self, chat_id: ConversationId, *, rate: Rate, overall: Rate, now: Millis) -> Millis:
        """From when on a message may go to a chat; counted if that is not later than now."""
        limits = {_ALL: overall, chat_id: rate}
        caught_up = {number: self._enter(number, now) for number in limits}
        at = max(caught_up[number] - limit.ahead_ms for number, limit in limits.items())
        if at <= now:
            for number, limit in limits.items():
                self._set(number, caught_up[number] + limit.every_ms)
        return at

    def spend(
        self, sent: Mapping[ConversationId, tuple[int, Rate]], *, overall: Rate, now: Millis
    ) -> None:
        """Counts messages that went out without asking."""
        messages = sum(count for count, _rate in sent.values())
        self._set(_ALL, self._enter(_ALL, now) + messages * overall.every_ms)
        for chat_id, (count, rate) in sorted(sent.items()):
            self._set(chat_id, self._enter(chat_id, now) + count * rate.every_ms)

    def pause(
        self, chat_id: ConversationId | None, *, rate: Rate, now: Millis, until: Millis
    ) -> None:
        """Lets nothing through to a chat, or for None to any, until then."""
        caught_up = self._enter(_ALL, now)
        if chat_id is not None:
            caught_up = self._enter(chat_id, now)
        number = _ALL if chat_id is None else chat_id
        self._set(number, max(caught_up, until + rate.ahead_ms))

    def forget(self, *, now: Millis) -> None:
        """Drops what no longer makes anybody wait."""
        self._enter(_ALL, now)
        self._connection.run("drop_idle_pace", now=now)

    def _enter(self, chat_id: ConversationId, now: Millis) -> Millis:
        row = self._connection.one("enter_pace", chat_id=chat_id, now=now)
        if row is None:
            raise LookupError("an insert answered no row")
        caught_up_at: Millis = row[0]
        return caught_up_at

    def _set(self, chat_id: ConversationId, caught_up_at: Millis) -> None:
        self._connection.run("set_pace", chat_id=chat_id, caught_up_at=caught_up_at)
