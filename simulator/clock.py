"""The simulator's own clock: real time, plus what the tests moved it by."""

from __future__ import annotations

import time


class Clock:
    """Tells the time in seconds since 1970; moves only forward."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """The present, in seconds."""
        return time.time() + self._ahead

    def date(self) -> int:
        """The present in whole seconds, as messages carry it."""
        return int(self.now())

    def advance(self, seconds: float) -> None:
        """Moves the present forward."""
        self._ahead += seconds

    def reset(self) -> None:
        """Returns to real time."""
        self._ahead = 0.0
