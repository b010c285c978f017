"""The bot's memory after many payments is what it was after the first ones."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from payments.models import Transfer
from simulator.client import Telegram
from storage import open_store, snapshot, workspace
from storage.audit import verify
from tests.faults.books import payments_made
from tests.faults.payers import Payer, ready
from tests.faults.paying_bot import REPORT_EVERY
from tests.ledger import book
from tests.memory import needs_proc, resident_mb
from tests.processes import ROOT, TOKEN, Running, environment

SOAK = bool(os.environ.get("SOAK"))
PAYMENTS = 100_000 if SOAK else 800
PAYMENTS_WITHIN_S = 60 * 60 if SOAK else 120
WARM_AT = PAYMENTS // 4
"""By then every cache is as full as it gets."""
CONVERSING_S = 600 if SOAK else 15
KEPT_MOST = 20
CUSTOMERS, AT_ONCE = (100, 20) if SOAK else (10, 5)
"""They are many, since an hour allows each only so many."""
GROWTH_MOST = 1.1
GROWTH_MOST_CONVERSING = 1.1 if SOAK else 1.25
"""In the first seconds caches and the book of texts are still filling."""

pytestmark = needs_proc


class Listener:
    """A Bot API server that believes everything, and keeps nothing but numbers."""

    def __init__(self) -> None:
        self.calls = Counter[str]()
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        """Answers a call."""
        method = request.match_info["method"]
        self.calls[method] += 1
        await request.read()
        result: object = True
        if method == "getMe":
            result = {"id": 1, "is_bot": True, "first_name": "Bot", "username": "some_bot"}
        elif method == "sendMessage":
            chat = {"id": 1, "type": "private"}
            result = {"message_id": self.calls[method], "date": 1, "chat": chat, "text": "…"}
        return web.Response(
            text=json.dumps({"ok": True, "result": result}), content_type="application/json"
        )


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    """A listener at its `url`."""
    listener = Listener()
    app = web.Application()
    app.router.add_post("/bot{token}/{method}", listener.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        listener.url = f"http://{host}:{port}"
        yield listener
    finally:
        await runner.cleanup()


async def reports(process: asyncio.subprocess.Process) -> dict[int, float]:
    """How much memory the paying process had in use after how many payments."""
    assert process.stdout is not None
    said: dict[int, float] = {}
    async for line in process.stdout:
        number, megabytes = line.split()
        said[int(number)] = float(megabytes)
    return said


async def test_memory_is_flat_over_many_payments_that_all_are_told_of(tmp_path: Path) -> None:
    """Use-cases, outbox and line, with no updates: what it has in use stays what it was."""
    began, database = time.monotonic(), tmp_path / "chatpay.db"
    async with listening() as listener:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.paying_bot"),
            *(listener.url, str(database), str(PAYMENTS)),
            cwd=tmp_path,
            env=environment(tmp_path, {"PYTHONPATH": str(ROOT)}),
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(PAYMENTS_WITHIN_S):
                said = await reports(process)
        except BaseException:
            process.kill()
            raise
        finally:
            code = await process.wait()

    assert code == 0
    warm, last = said[WARM_AT], said[PAYMENTS]
    print(  # noqa: T201 (the figures are its result)
        f"\n{PAYMENTS} payments, {listener.calls.total()} calls,"
        f" {time.monotonic() - began:.0f} s: {warm:.1f} MB after the first {WARM_AT},"
        f" at most {max(said.values()):.1f} MB, {last:.1f} MB in the end"
    )
    assert len(said) == PAYMENTS // REPORT_EVERY
    assert len(payments_made(database)) == PAYMENTS
    assert listener.calls["sendMessage"] == 2 * PAYMENTS  # a receipt, and news to the payee
    assert last <= GROWTH_MOST * warm
    with snapshot(f"sqlite:///{database}") as connection:
        assert verify(connection) == []


async def test_memory_is_flat_over_minutes_of_whole_conversations(
    telegram: Telegram, tmp_path: Path
) -> None:
    """`chatpay run` as it is, with people who tap: what it has in use stays what it was."""
    await telegram.bot(TOKEN, username="chatpay_bot")
    running = Running(tmp_path, {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": telegram.url})
    await running.start()
    try:
        customers = [await ready(telegram, f"Person{number}") for number in range(CUSTOMERS)]
        payers = [
            Payer(one, [o for o in customers if o is not one], random.Random(one.id))
            for one in customers
        ]
        samples = await converse(running, payers)
        ended = await running.stop()
    finally:
        await running.kill()

    paid = sum(len(payer.paid) for payer in payers)
    fifths = samples[CONVERSING_S // 5 - 1 :: CONVERSING_S // 5]
    print(  # noqa: T201 (the figures are its result)
        f"\n{paid} whole conversations in {CONVERSING_S} s: MB after each fifth of them"
        f" {fifths}, at most {max(samples):.1f}"
    )
    assert ended.code == 0
    assert len(payments_made(tmp_path / "chatpay.db")) == paid
    assert fifths[-1] <= GROWTH_MOST_CONVERSING * fifths[0]


async def test_what_the_writer_has_looked_up_is_forgotten_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It serves what follows at once, and does not grow with the book."""
    monkeypatch.setattr(workspace, "_KEPT_MOST", KEPT_MOST)
    store = await open_store(f"sqlite:///{tmp_path / 'chatpay.db'}", book.SEALER)
    await store.write(book.begin)
    made, kept = [f"t{number}" for number in range(5 * KEPT_MOST)], []
    for transfer_id in made:
        await store.write(book.do(book.send, transfer_id, book.ALICE, book.BOB, 1))
        kept.append(remembered(made))
    await store.close()

    assert 1 in kept[1:]  # it was emptied
    assert max(kept) <= KEPT_MOST + 1  # that of the last transaction


def remembered(transfer_ids: list[str]) -> int:
    """How many of these transfers the process has in its memory."""
    found = [each.id for each in gc.get_objects() if type(each) is Transfer]
    return len(set(found) & set(transfer_ids))


async def converse(running: Running, payers: list[Payer]) -> list[float]:
    """Some pay at a time; the memory that the bot has in use, once a second."""
    enough, seats = asyncio.Event(), asyncio.Semaphore(AT_ONCE)
    samples: list[float] = []
    async with asyncio.TaskGroup() as people:
        for payer in payers:
            people.create_task(payer.pay_until(enough, seats))
        for _ in range(CONVERSING_S):
            await asyncio.sleep(1)
            assert running.pid is not None
            samples.append(resident_mb(running.pid))
        enough.set()
    return samples
