"""Whether a book of a million transfers is slower than one of a thousand.

All the transfers are on the two accounts that are asked (`ledgers`). The sizes take turns. Every
size is asked the same things: the balances of a person, the first page of their history, one more
card with five digits tapped, and its payment, from the last tap to the commit.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from benchmarks import household, ledgers
from benchmarks.figures import Figure
from benchmarks.plot import Line, write_plot
from payments.service import Payments

_TIMES = 20
_MOST = 1.5

Ask = Callable[[Payments], Awaitable[float]]


async def measure(rounds: int) -> list[Figure]:
    """Each question at each size; the smallest is what the others are compared with."""
    questions = {
        "balance": _balance,
        "first history page": _history,
        "one more card, five taps": _card,
        "one more payment": _payment,
    }
    seconds: dict[tuple[str, int], list[float]] = {
        (what, size): [] for what in questions for size in ledgers.SIZES
    }
    async with AsyncExitStack() as house:
        books: dict[int, Payments] = {}
        for size in ledgers.SIZES:
            path = await ledgers.filled(size)
            books[size] = await household.open_payments(f"sqlite:///{path}")
            house.push_async_callback(books[size].store.close)
        for _ in range(rounds):
            for what, ask in questions.items():
                for size, payments in books.items():
                    seconds[what, size] += [await ask(payments) for _ in range(_TIMES)]
    medians = {key: statistics.median(values) * 1e6 for key, values in seconds.items()}
    write_plot(
        "growth.svg",
        "Microseconds, by the number of earlier transfers",
        [
            Line(what, [(size, medians[what, size]) for size in ledgers.SIZES])
            for what in questions
        ],
    )
    figures = [
        _beside_smallest(what, size, medians) for what in questions for size in ledgers.SIZES[1:]
    ]
    return [*figures, await _bytes_a_transfer()]


def _beside_smallest(what: str, size: int, medians: dict[tuple[str, int], float]) -> Figure:
    value, least = medians[what, size], medians[what, ledgers.SIZES[0]]
    return Figure(
        f"{what}, {size:,} transfers",
        value,
        "µs",
        least,
        f"{ledgers.SIZES[0]:,} transfers",
        target=f"≤ {_MOST:.0%}",
        met=value <= _MOST * least,
    )


async def _bytes_a_transfer() -> Figure:
    *_, large, largest = ledgers.SIZES
    more = (await ledgers.filled(largest)).stat().st_size - (
        await ledgers.filled(large)
    ).stat().st_size
    return Figure("size of a transfer, with card and payment", more / (largest - large), "bytes")


async def _balance(payments: Payments) -> float:
    began = time.perf_counter()
    await payments.balances(ledgers.ONE)
    return time.perf_counter() - began


async def _history(payments: Payments) -> float:
    began = time.perf_counter()
    await payments.history(ledgers.ONE, currency="EUR")
    return time.perf_counter() - began


async def _card(payments: Payments) -> float:
    began = time.perf_counter()
    await household.five_taps(payments, [(ledgers.ONE, ledgers.OTHER)])
    return time.perf_counter() - began


async def _payment(payments: Payments) -> float:
    (tap,) = await household.five_taps(payments, [(ledgers.ONE, ledgers.OTHER)])
    began = time.perf_counter()
    await tap.tap(payments)
    return time.perf_counter() - began
