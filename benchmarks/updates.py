"""Whole payment conversations through the bot's process and the local Telegram's.

One conversation is eight updates: the command, Pay on the card, six taps on the keypad; it ends
with the receipt. The bot writes each update down and marks it done, keeps the card, each tap and
the money, all with `synchronous=FULL`, checks the PIN with Argon2id, and tells fifty others, who
are paid. On each tap it calls Telegram twice, to answer the button and to draw the dots. The echo
bot on the same Telegram keeps nothing and sends one message an update. Fifty people talk at the
same time; each waits for the answer before going on.

The latency is taken at a steady ten payments a second: from the last tap to the receipt.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from benchmarks import household
from benchmarks.customers import UPDATES_A_PAYMENT, Customer, move_in
from benchmarks.echo import READY
from benchmarks.figures import Figure, at_most, in_turns, percentile, rate_beside
from benchmarks.processes import memory_mb, running
from benchmarks.profiled import Shares, shares_of
from payments.pinhash import PinHasher
from simulator.client import Telegram

_PEOPLE = 50
_CONVERSATIONS = 2
"""Of each person in a round."""
_ECHOES = 10
_STEADY_S = 10
_MEMORY_MOST = 1.1
_A_SECOND = 10
_BOT, _BOT_TOKEN = "chatpay_bot", "7000000001:" + "t" * 35
_ECHO = {
    line: (f"echo_{line}_bot", f"700000000{number}:" + "e" * 35)
    for number, line in ((2, "httpx"), (3, "aiohttp"))
}


async def measure(rounds: int) -> list[Figure]:
    """Rates in turns with both echo bots, then the latency, then what an update costs."""
    async with AsyncExitStack() as house:
        folder = Path(house.enter_context(tempfile.TemporaryDirectory(prefix="chatpay-bench-")))
        _, said = await house.enter_async_context(
            running("-m", "simulator", "--port", "0", ready="http://", cwd=folder)
        )
        url = said.rpartition(" ")[2]
        telegram = await house.enter_async_context(Telegram(url))
        everybody = await move_in(telegram, folder / "chatpay.db", 2 * _PEOPLE)
        customers = everybody[:_PEOPLE]
        for payer, payee in zip(customers, everybody[_PEOPLE:], strict=True):
            payer.pays = payee.person.username
        await telegram.bot(_BOT_TOKEN, username=_BOT, first_name="Chatpay")
        stats = folder / "stats"
        async with running(
            *("-m", "benchmarks.profiled", str(stats)),
            ready="is running",
            environment=_environment(url, folder),
            cwd=folder,
        ):
            await _get_acquainted(everybody)
            await _converse(customers, 1)
        shares = shares_of(stats)
        bot, _ = await house.enter_async_context(
            running(
                *("-m", "bot", "run"),
                ready="is running",
                environment=_environment(url, folder),
                cwd=folder,
            )
        )
        sides: dict[str, Callable[[], Awaitable[float]]] = {
            "ours": partial(_converse, customers, _CONVERSATIONS)
        }
        for line, (username, token) in _ECHO.items():
            await telegram.bot(token, username=username, first_name=line)
            await house.enter_async_context(
                running("-m", "benchmarks.echo", line, url, token, ready=READY, cwd=folder)
            )
            chats = [await customer.person.start(username) for customer in customers]
            sides[line] = partial(_echo, customers, chats)
        await _converse(customers, 1)
        warm_mb = memory_mb(bot)
        rates, latencies = await in_turns(rounds, sides), await _steadily(customers)
        return [
            *_rates(rates),
            *_latencies(latencies),
            _memory(memory_mb(bot), warm_mb, payments=rounds * _PEOPLE * _CONVERSATIONS),
            *_costs(shares),
        ]


def _environment(url: str, folder: Path) -> dict[str, str]:
    return {
        "TELEGRAM_BOT_TOKEN": _BOT_TOKEN,
        "TELEGRAM_API_URL": url,
        "DATABASE_URL": f"sqlite:///{folder / 'chatpay.db'}",
        "SECRET_KEY": household.SECRET,
    }


async def _get_acquainted(customers: list[Customer]) -> None:
    for customer in customers:
        await customer.meet(_BOT)


async def _converse(customers: list[Customer], times: int) -> float:
    """Updates a second while everybody pays at once."""

    async def pay_again(customer: Customer) -> None:
        for _ in range(times):
            await customer.pay()

    began = time.perf_counter()
    await asyncio.gather(*map(pay_again, customers))
    return len(customers) * times * UPDATES_A_PAYMENT / (time.perf_counter() - began)


async def _echo(customers: list[Customer], chats: list[str]) -> float:
    """Updates a second while everybody talks to an echo bot."""

    async def talk(customer: Customer, chat: str) -> None:
        for number in range(_ECHOES):
            await customer.echo(chat, f"hello {number}")

    began = time.perf_counter()
    await asyncio.gather(*map(talk, customers, chats))
    return len(customers) * _ECHOES / (time.perf_counter() - began)


async def _steadily(customers: list[Customer]) -> list[float]:
    """Seconds from the last tap to the receipt, while payments begin at a steady rate."""
    paying = []
    for number in range(_STEADY_S * _A_SECOND):
        payer = customers[number % len(customers)]
        paying.append(asyncio.create_task(payer.pay()))
        await asyncio.sleep(1 / _A_SECOND)
    return await asyncio.gather(*paying)


def _rates(rates: dict[str, list[float]]) -> list[Figure]:
    what = f"conversations, {_PEOPLE} people"
    return [
        rate_beside(
            what, rates["ours"], rates["httpx"], unit="updates/s", beside="echo, httpx", least=1
        ),
        rate_beside(
            what,
            rates["ours"],
            rates["aiohttp"],
            unit="updates/s",
            beside="echo, aiohttp",
            least=0.5,
        ),
    ]


def _memory(value_mb: float, warm_mb: float, *, payments: int) -> Figure:
    return Figure(
        f"memory of the bot after {payments + _STEADY_S * _A_SECOND} payments more",
        value_mb,
        "MB",
        warm_mb,
        f"after the first {_PEOPLE}",
        target=f"≤ {_MEMORY_MOST:.0%}",
        met=value_mb <= _MEMORY_MOST * warm_mb,
    )


def _latencies(seconds: list[float]) -> list[Figure]:
    what = f"last tap to receipt at {_A_SECOND} payments/s"
    return [
        Figure(f"{what}: p50", statistics.median(seconds) * 1_000, "ms"),
        at_most(f"{what}: p95", percentile(seconds, 95) * 1_000, "ms", 250),
        Figure("of which one PIN hash", _hash_ms(), "ms"),
    ]


def _hash_ms() -> float:
    hasher = PinHasher([b"only measured, never used"])
    stored = hasher.hash(1, household.PIN)
    seconds = []
    for _ in range(10):
        began = time.perf_counter()
        hasher.verify(1, household.PIN, stored)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds) * 1_000


def _costs(shares: Shares) -> list[Figure]:
    updates = _PEOPLE * (UPDATES_A_PAYMENT + 2)  # and both have pressed Start
    return [
        Figure(f"one update, profiled: {part}", seconds / updates * 1_000_000, "µs")
        for part, seconds in shares
    ]
