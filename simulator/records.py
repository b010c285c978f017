"""What the world keeps of what happened, and of what bots have yet to answer."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from simulator.chats import Message
from simulator.people import Json

KEPT_CALLS = 100_000
KEPT_UPDATES = 100_000
KEPT_EVENTS = 100_000


QueryKind = Literal["callback", "checkout", "inline", "guest"]


@dataclass(slots=True)
class Query:
    """A question put to a bot that it has to answer in time."""

    id: str
    kind: QueryKind
    bot_id: int
    person_id: int
    until: float
    answer: asyncio.Future[Json]
    message: Message | None = None


@dataclass(frozen=True, slots=True)
class InlineResults:
    """What a bot offers for something typed after its name, until the one who typed it chooses."""

    bot_id: int
    person_id: int
    query: str
    contents: dict[str, Json]
    """The fields of the message that each result would make, by the result's id."""


@dataclass(slots=True)
class Journal:
    """What happened, for tests to look at; each list is bounded, the oldest go first."""

    calls: deque[Json] = field(default_factory=lambda: deque(maxlen=KEPT_CALLS))
    updates: deque[Json] = field(default_factory=lambda: deque(maxlen=KEPT_UPDATES))
    events: deque[Json] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))
