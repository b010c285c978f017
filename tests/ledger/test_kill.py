"""A process that is killed at any moment loses nothing that it had answered."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from pathlib import Path

from storage import open_store
from storage.audit import verify_store
from tests.ledger.book import SEALER, Database, begin

_KILLS = 8


async def test_nothing_answered_is_lost(database: Database) -> None:
    """After each kill -9 the book is sound and has every payment that was answered."""
    store = await open_store(database.url, SEALER)
    await store.write(begin)
    await store.close()
    answered: set[str] = set()
    chance = random.Random(20_261_122)

    for kill in range(_KILLS):
        answered |= await _pay_until_killed(database.url, f"k{kill}", chance.uniform(0, 0.15))
        store = await open_store(database.url, SEALER)
        assert await verify_store(store) == []
        await store.close()

    posted = {row[0] for row in database.execute("SELECT id FROM intents WHERE state = 'posted'")}
    assert answered <= posted
    assert len(answered) > _KILLS


async def _pay_until_killed(url: str, name: str, seconds: float) -> set[str]:
    """Lets a process pay for a while after its first answer, and kills it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.ledger.paying_process",
        url,
        name,
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    first = await process.stdout.readline()
    await asyncio.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    rest = await process.stdout.read()
    assert await process.wait() == -signal.SIGKILL
    lines = (first + rest).decode().split("\n")
    return {line for line in lines[:-1] if line}
