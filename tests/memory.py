"""How much memory a process has in use. Only Linux says so in a file."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

_LOOK_EVERY_S = 0.02


def resident_mb(pid: int) -> float:
    """The machine's memory that a process has in use."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


@dataclass
class Growth:
    """How much more memory this process had in use at most than at first."""

    first_mb: float
    most_mb: float

    @property
    def mb(self) -> float:
        """The difference."""
        return self.most_mb - self.first_mb


@contextmanager
def growing() -> Iterator[Growth]:
    """Looks, again and again, while the block runs."""
    first = resident_mb(os.getpid())
    growth, over = Growth(first, first), threading.Event()

    def look() -> None:
        while not over.wait(_LOOK_EVERY_S):
            growth.most_mb = max(growth.most_mb, resident_mb(os.getpid()))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield growth
    finally:
        over.set()
        looking.join()
