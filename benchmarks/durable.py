"""Durable payments a second on SQLite, with `synchronous=FULL`.

One payment is its approval: the sixth tap on the keypad, through `Payments`, until it is answered.
In it are two commits. The first counts the try and marks the keypad; then the PIN is checked (by a
stand-in that costs nothing); the second forgets keypad and tries and writes the transfer, both
entries and balances, card, payment, what limits count, and two notices. The card and the first
five taps are got ready a moment before, as they are in a chat, and not measured.

Beside it, in turns on the same file: `raw_sqlite`, which writes the same rows.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from benchmarks import household
from benchmarks.figures import Figure, at_most, in_turns, percentile, rate_beside
from benchmarks.household import LastTap
from benchmarks.raw_sqlite import Rows
from bot.running import collect_seldom
from payments.service import Payments

_CALLERS = 64
_PAYMENTS = {1: 150, _CALLERS: 1_280}
_READY_AT_ONCE = 2 * _CALLERS
_PAYERS = range(1, 1_281)
_PAYEES = range(10_001, 11_281)


async def measure(rounds: int) -> list[Figure]:
    """Both with one caller and with many, in a process set up like the bot's."""
    collect_seldom()
    with tempfile.TemporaryDirectory(prefix="chatpay-bench-") as folder:
        path = Path(folder) / "chatpay.db"
        payments = await household.open_payments(f"sqlite:///{path}")
        await household.move_in(payments, [*_PAYERS, *_PAYEES])
        figures: list[Figure] = []
        for callers, least in ((1, 0.7), (_CALLERS, 0.6)):
            figures += await _beside_raw(payments, path, callers, least, rounds)
        await payments.store.close()
    return figures


async def _beside_raw(
    payments: Payments, path: Path, callers: int, least: float, rounds: int
) -> list[Figure]:
    latencies: list[float] = []
    rates = await in_turns(
        rounds,
        {
            "ours": lambda: _ours(payments, callers, latencies),
            "rows": lambda: _raw(payments, path, callers),
        },
    )
    what = (
        "durable payments, one at a time"
        if callers == 1
        else f"durable payments, {callers} callers"
    )
    figures = [
        rate_beside(
            what,
            rates["ours"],
            rates["rows"],
            unit="payments/s",
            beside="raw sqlite3, the same rows",
            least=least,
        )
    ]
    if callers > 1:
        figures.append(at_most(f"{what}: p99", percentile(latencies, 99) * 1_000, "ms", 50))
    return figures


def _pairs(callers: int) -> list[tuple[int, int]]:
    return list(zip(_PAYERS, _PAYEES, strict=True))[: _PAYMENTS[callers]]


async def _ours(payments: Payments, callers: int, latencies: list[float]) -> float:
    pairs, seconds = _pairs(callers), 0.0
    for start in range(0, len(pairs), _READY_AT_ONCE):
        taps = await household.five_taps(payments, pairs[start : start + _READY_AT_ONCE])
        seconds += await _approve(payments, taps, callers, latencies)
    return len(pairs) / seconds


async def _approve(
    payments: Payments, taps: list[LastTap], callers: int, latencies: list[float]
) -> float:
    """Seconds until so many callers have made all the taps."""

    async def caller() -> None:
        while taps:
            tap = taps.pop()
            began = time.perf_counter()
            await tap.tap(payments)
            latencies.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return time.perf_counter() - began


async def _raw(payments: Payments, path: Path, callers: int) -> float:
    taps = await household.five_taps(payments, _pairs(callers))
    raw = Rows(path)
    try:
        values = raw.values(taps)
        began = time.perf_counter()
        raw.approve(values, together=callers)
        return len(taps) / (time.perf_counter() - began)
    finally:
        raw.close()
