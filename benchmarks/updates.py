"""Whole payment conversations through the bot's process and the local Telegram's.

One conversation is eight updates: the command, Pay on the card, six taps on the keypad; it ends
with the receipt. The bot writes each update down and marks it done, keeps the card, each tap and
the money, all with `synchronous=FULL`, checks the PIN with Argon2id, and tells fifty others, who
are paid. On each tap it calls Telegram twice, to answer the button and to draw the dots. The echo
bots on the same Telegram keep nothing and send one message an update. Fifty people talk at the
same time; each waits for the answer before going on. All share the same cores: the bot, the local
Telegram, and the people.

What the PIN hash takes is told apart: by processor time, and by a bot that does without.

The latency is taken at a steady ten payments a second: from the last tap to the receipt.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks import household
from benchmarks.customers import UPDATES_A_PAYMENT, Customer, move_in
from benchmarks.echo import KINDS, READY
from benchmarks.figures import Figure, at_most, in_turns, percentile, rate_beside
from benchmarks.processes import Running, busy_seconds, memory_mb, running
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
_CHATPAY = ("-m", "bot", "run")
_UNHASHED = ("-m", "benchmarks.unhashed")


async def measure(rounds: int) -> list[Figure]:
    """Rates in turns with the echo bots, then the latency, then what an update costs."""
    async with AsyncExitStack() as house:
        folder = Path(house.enter_context(tempfile.TemporaryDirectory(prefix="chatpay-bench-")))
        simulator, said = await house.enter_async_context(
            running("-m", "simulator", "--port", "0", ready="http://", cwd=folder)
        )
        street = _Street(said.rpartition(" ")[2], folder)
        telegram = await house.enter_async_context(Telegram(street.url))
        everybody = await move_in(telegram, folder / "chatpay.db", 2 * _PEOPLE)
        customers = everybody[:_PEOPLE]
        for payer, payee in zip(customers, everybody[_PEOPLE:], strict=True):
            payer.pays = payee.person.username
        await telegram.bot(_BOT_TOKEN, username=_BOT, first_name="Chatpay")
        stats = folder / "stats"
        async with street.chatpay("-m", "benchmarks.profiled", str(stats)):
            await _get_acquainted(everybody)
            await _converse(customers, 1)
        echoes = {
            kind: partial(_echo, customers, await street.echo(house, telegram, kind, customers))
            for kind in KINDS
        }
        async with street.chatpay(*_CHATPAY) as (bot, _):
            await _converse(customers, 1)
            warm_mb = memory_mb(bot)
            meter = Meter(bot.pid, simulator.pid)
            ours = partial(_metered, meter, partial(_converse, customers, _CONVERSATIONS))
            rates = await in_turns(rounds, {"ours": ours, **echoes})
            latencies = await _steadily(customers)
            mb = memory_mb(bot)
        async with street.chatpay(*_UNHASHED):
            await _converse(customers, 1)
            unhashed = await in_turns(
                rounds,
                {"unhashed": partial(_converse, customers, _CONVERSATIONS), **echoes},
            )
        payments = rounds * _PEOPLE * _CONVERSATIONS
        return [
            *_rates(rates),
            *_rates(unhashed),
            *_latencies(latencies),
            _memory(mb, warm_mb, payments=payments),
            *_spent(meter, updates=payments * UPDATES_A_PAYMENT),
            *_costs(shares_of(stats)),
        ]


@dataclass(frozen=True, slots=True)
class _Street:
    """Where the local Telegram is, and the bots that live on it."""

    url: str
    folder: Path

    def chatpay(self, *arguments: str) -> AbstractAsyncContextManager[Running]:
        """Chatpay, in one form or another, until the block ends."""
        return running(
            *arguments,
            ready="is running",
            environment=_environment(self.url, self.folder),
            cwd=self.folder,
        )

    async def echo(
        self, house: AsyncExitStack, telegram: Telegram, kind: str, customers: list[Customer]
    ) -> list[str]:
        """An echo bot that stays until the end; answers each customer's chat with it."""
        username = f"echo_{kind.replace(' ', '_')}_bot"
        token = f"{7_000_000_002 + KINDS.index(kind)}:" + "e" * 35
        await telegram.bot(token, username=username, first_name=kind)
        await house.enter_async_context(
            running("-m", "benchmarks.echo", kind, self.url, token, ready=READY, cwd=self.folder)
        )
        return [await customer.person.start(username) for customer in customers]


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
    """Beside the stock echo bot, the same on the fast line, and both told to do more at once.

    An echo bot hashes nothing: what it is to be compared with is the bot without the hash.
    """
    (whose,) = rates.keys() - set(KINDS)
    what = f"conversations, {_PEOPLE} people" + (", no hash" if whose == "unhashed" else "")
    least = {"httpx": 1, "fast": 0.5} if whose == "unhashed" else {}
    return [
        rate_beside(
            what,
            rates[whose],
            rates[kind],
            unit="updates/s",
            beside=f"echo, {kind}",
            least=least.get(kind),
        )
        for kind in KINDS
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
    """What a hash takes of one processor."""
    hasher = PinHasher([b"only measured, never used"])
    stored = hasher.hash(1, household.PIN)
    seconds = []
    for _ in range(10):
        began = time.thread_time()
        hasher.verify(1, household.PIN, stored)
        seconds.append(time.thread_time() - began)
    return statistics.median(seconds) * 1_000


@dataclass(slots=True)
class Meter:
    """Adds up how long each process had a processor while something was measured."""

    bot: int
    simulator: int
    seconds: Counter[str] = field(default_factory=Counter)

    def now(self) -> Counter[str]:
        """How long each had one so far."""
        loop, threads = busy_seconds(self.bot)
        return Counter(
            {
                "the bot's event loop": loop,
                "its other threads": threads,
                "the local Telegram": sum(busy_seconds(self.simulator)),
                "the people": time.process_time(),
            }
        )


async def _metered(meter: Meter, measured: Callable[[], Awaitable[float]]) -> float:
    began = meter.now()
    rate = await measured()
    meter.seconds += meter.now() - began
    return rate


def _spent(meter: Meter, *, updates: int) -> list[Figure]:
    """Processor time of an update, by process; the hash is taken out of the threads it runs on."""
    micros = {who: seconds / updates * 1e6 for who, seconds in meter.seconds.items()}
    hash_us = _hash_ms() * 1_000 / UPDATES_A_PAYMENT
    micros["its database threads"] = micros.pop("its other threads") - hash_us
    micros["an eighth of a PIN hash"] = hash_us
    return [Figure(f"one update, busy: {who}", value, "µs") for who, value in micros.items()]


def _costs(shares: Shares) -> list[Figure]:
    updates = _PEOPLE * (UPDATES_A_PAYMENT + 2)  # and both have pressed Start
    return [
        Figure(f"one update, profiled: {part}", seconds / updates * 1_000_000, "µs")
        for part, seconds in shares
    ]
