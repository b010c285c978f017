"""What the world keeps of what happened, and of what bots have yet to answer."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from simulator.chats import Message
from simulator.people import Json

KEPT_CALLS = 100_000
KEPT_UPDATES = 100_000
KEPT_EVENTS = 100_000


@dataclass(slots=True)
class Query:
    """A question put to a bot that it has to answer in time: a tap, or a checkout."""

    id: str
    bot_id: int
    person_id: int
    until: float
    answer: asyncio.Future[Json]
    message: Message | None = None


@dataclass(slots=True)
class Journal:
    """What happened, for tests to look at; each list is bounded, the oldest go first."""

    calls: deque[Json] = field(default_factory=lambda: deque(maxlen=KEPT_CALLS))
    updates: deque[Json] = field(default_factory=lambda: deque(maxlen=KEPT_UPDATES))
    events: deque[Json] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))
