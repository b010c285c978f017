"""What goes wrong on demand, and the limits Telegram puts on how fast a bot may send."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Literal, get_args

from simulator.errors import ApiError, forbidden, too_many_requests

FAULT_KINDS = frozenset({"429", "500", "403", "timeout", "cut", "cut_after"})

EphemeralSupport = Literal["full", "unknown", "refused", "undelivered"]
EPHEMERAL_SUPPORT = frozenset(get_args(EphemeralSupport))
"""What becomes of ephemeral messages: sent as Telegram does (`full`); shown to everybody by a
server that has not heard of them (`unknown`); refused; taken and never seen (`undelivered`)."""


@dataclass(slots=True)
class Fault:
    """Something that will go wrong with the next calls it fits.

    Attributes:
        method: the method it befalls; "*" stands for all but getUpdates.
        kind: one of FAULT_KINDS.
        times: how often it still happens.
        retry_after: seconds, for kind 429.
        chat_id: only calls about this chat, if given.
    """

    id: int
    method: str
    kind: str
    times: int
    retry_after: int
    chat_id: int | None

    def fits(self, method: str, chat_id: str) -> bool:
        """Whether the call is one it befalls."""
        if self.method == "*":
            if method == "getupdates":
                return False
        elif self.method.lower() != method:
            return False
        return self.chat_id is None or str(self.chat_id) == chat_id

    def error(self) -> ApiError | None:
        """The refusal that the caller is given; None where there is no answer at all."""
        match self.kind:
            case "429":
                return too_many_requests(self.retry_after)
            case "500":
                return ApiError(500, "Internal Server Error")
            case "403":
                return forbidden("bot was blocked by the user")
        return None


class Faults:
    """The faults that are armed, in the order they were asked for."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []
        self._last_id = 0

    def arm(
        self, *, method: str, kind: str, times: int, retry_after: int, chat_id: int | None
    ) -> Fault:
        """Adds a fault."""
        self._last_id += 1
        fault = Fault(self._last_id, method, kind, times, retry_after, chat_id)
        self._armed.append(fault)
        return fault

    def take(self, method: str, chat_id: str) -> Fault | None:
        """The first fault that fits the call, used up by one; `method` is in lower case."""
        for fault in self._armed:
            if fault.fits(method, chat_id):
                fault.times -= 1
                if fault.times == 0:
                    self._armed.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        """Removes all faults."""
        self._armed.clear()


class FloodLimits:
    """One message a second in a chat, 20 a minute in a group, 30 a second in all; switchable."""

    PER_CHAT = (1, 1.0)
    PER_GROUP = (20, 60.0)
    OVERALL = (30, 1.0)

    def __init__(self) -> None:
        self.on = False
        self._sent: dict[tuple[int, int | None, str], deque[float]] = {}

    def reset(self) -> None:
        """Switches the limits off and forgets what was sent."""
        self.on = False
        self._sent.clear()

    def check(self, bot_id: int, chat_id: int, *, is_group: bool, now: float) -> None:
        """Counts a message that is about to be sent.

        Raises:
            ApiError: it is one too many (429); it has not been counted.
        """
        if not self.on:
            return
        windows = [
            self._window((bot_id, None, "all"), *self.OVERALL, now),
            self._window((bot_id, chat_id, "second"), *self.PER_CHAT, now),
        ]
        if is_group:
            windows.append(self._window((bot_id, chat_id, "minute"), *self.PER_GROUP, now))
        for window in windows:
            window.append(now)

    def _window(
        self, key: tuple[int, int | None, str], count: int, seconds: float, now: float
    ) -> deque[float]:
        window = self._sent.setdefault(key, deque())
        while window and window[0] <= now - seconds:
            window.popleft()
        if len(window) >= count:
            raise too_many_requests(max(1, math.ceil(window[0] + seconds - now)))
        return window
