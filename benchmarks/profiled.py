"""The bot under Python's profiler, and what its time was spent on.

    python -m benchmarks.profiled FILE

runs `chatpay run` and writes the profile of its main thread, where everything but SQL, hashing and
commits happens: the processor's time, not what was waited for. The profiler itself makes small
functions look dearer than they are: read the shares, not the sum.
"""

from __future__ import annotations

import contextlib
import cProfile
import pstats
import sys
import time
from pathlib import Path

Shares = list[tuple[str, float]]

_PARTS = {
    "bot/": "bot",
    "payments/": "payments",
    "storage/": "storage, up to the queue",
    "telegram/": "python-telegram-bot",
    "aiohttp/": "aiohttp",
    "yarl/": "aiohttp",
    "multidict/": "aiohttp",
    "babel/": "texts and formats",
    "gettext": "texts and formats",
    "markupsafe": "texts and formats",
    "json/": "JSON",
    "asyncio/": "event loop",
    "uvloop/": "event loop",
    "selectors": "event loop",
    "logging/": "logs",
    "structlog/": "logs",
    "aiosqlite/": "storage, up to the queue",
}


def shares_of(file: Path) -> Shares:
    """Seconds of each part of the program, the dearest first."""
    seconds: dict[str, float] = {}
    # Not `get_stats_profile`, which keeps one of all functions that share a name.
    entries = pstats.Stats(str(file)).stats  # type: ignore[attr-defined]
    for (path, _line, _name), (_calls, _first_calls, own_seconds, *_rest) in entries.items():
        part = _part_of(path)
        seconds[part] = seconds.get(part, 0.0) + own_seconds
    return sorted(seconds.items(), key=lambda share: -share[1])


def _part_of(file: str) -> str:
    for mark, part in _PARTS.items():
        if f"/{mark}" in file:
            return part
    return "built-in and other"


def _run(file: str) -> None:
    from bot.__main__ import cli  # noqa: PLC0415 - its import is no part of an update

    profile = cProfile.Profile(time.thread_time)
    with contextlib.suppress(SystemExit):
        profile.runcall(cli, ["run"])
    profile.dump_stats(file)


if __name__ == "__main__":
    _run(sys.argv[1])
