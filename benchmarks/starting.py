"""From the start of the bot's process to its first answer, on a book of a million transfers.

The update waits on the local Telegram before the process is started, as after an outage. Then its
memory: idle, and after many payments, which is to stay where it was.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks import household, ledgers
from benchmarks.customers import Customer
from benchmarks.figures import Figure, at_most
from benchmarks.processes import busy_seconds, memory_mb, running
from simulator.client import Telegram

_BOT, _TOKEN = "chatpay_bot", "7000000001:" + "t" * 35


async def measure(rounds: int) -> list[Figure]:
    """As often as there are rounds, on the same book."""
    database = await ledgers.filled(ledgers.SIZES[-1])
    seconds, busy, idle_mb = [], [], []
    async with AsyncExitStack() as house:
        folder = Path(house.enter_context(tempfile.TemporaryDirectory(prefix="chatpay-bench-")))
        _, said = await house.enter_async_context(
            running("-m", "simulator", "--port", "0", ready="http://", cwd=folder)
        )
        url = said.rpartition(" ")[2]
        telegram = await house.enter_async_context(Telegram(url))
        await telegram.bot(_TOKEN, username=_BOT, first_name="Chatpay")
        customer = Customer(await telegram.person("One", id=ledgers.ONE, username="one"))
        environment = {
            "TELEGRAM_BOT_TOKEN": _TOKEN,
            "TELEGRAM_API_URL": url,
            "DATABASE_URL": f"sqlite:///{database}",
            "SECRET_KEY": household.SECRET,
        }
        await customer.meet(_BOT)
        for _ in range(rounds):
            await customer.person.send(customer.chat, "/balance")
            began = time.perf_counter()
            async with running(
                *("-m", "bot", "run"), ready="is running", environment=environment, cwd=folder
            ) as (process, _said):
                await customer.person.expect(customer.chat, "available", 30)
                seconds.append(time.perf_counter() - began)
                busy.append(sum(busy_seconds(process.pid)))
                idle_mb.append(memory_mb(process))
    return [
        at_most(
            "start to first answer, 1,000,000 transfers", statistics.median(seconds), "s", 1.5
        ),
        Figure("start to first answer, busy", statistics.median(busy), "s"),
        at_most("memory of the idle bot", statistics.median(idle_mb), "MB", 120),
    ]
