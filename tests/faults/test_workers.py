"""Several `chatpay run` on one PostgreSQL, as processes; one of them is killed again and again."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from bot.shared_pacing import GROUP, OVERALL, PRIVATE, SharedPacer
from payments.service import system_clock
from simulator.client import NotSeenError, Telegram
from storage import Sealer, open_store, snapshot
from storage.audit import verify
from tests.chat.driver import Customer
from tests.faults.forwarder import new_forwarder
from tests.faults.payers import Paid, Payer, notes_seen
from tests.processes import TOKEN, Running

SOAK = bool(os.environ.get("SOAK"))
KILLS = 100 if SOAK else 6
SEED = int(os.environ.get("SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
NAMES = ("Ann", "Bea", "Cem", "Dee")
FUNDS_MINOR = 20_000
_LEASES_S = 30
"""Longer than any lease, with what is done after it."""


@asynccontextmanager
async def started(
    folder: Path, telegram: Telegram, url: str, *changes: dict[str, str]
) -> AsyncIterator[list[Running]]:
    """A worker for each set of settings; killed in the end, if they still run."""
    await telegram.bot(TOKEN, username="chatpay_bot")
    usual = {
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": telegram.url,
        "DATABASE_URL": url,
        "SECRET_KEY": "only for tests " * 3,
    }
    workers = [Running(folder, usual | change) for change in changes]
    try:
        for worker in workers:
            await worker.start()
        yield workers
    finally:
        for worker in workers:
            await worker.kill()


async def ready(telegram: Telegram, name: str) -> Customer:
    """Somebody who has joined, with a PIN and money."""
    customer = Customer(await telegram.person(name, username=name.lower()), "chatpay_bot")
    await customer.join()
    await customer.choose_pin()
    await customer.top_up(str(FUNDS_MINOR // 100))
    return customer


async def hurry(customer: Customer, payee: Customer, count: int) -> list[str]:
    """Sends several commands without waiting for an answer; answers their notes."""
    notes = [f"h{customer.id}x{number:02}" for number in range(count)]
    for note in notes:
        await customer.say(f"/pay @{payee.username} 0.01 {note}")
    return notes


async def cards_in_order(customer: Customer, notes: list[str]) -> list[str]:
    """The notes on the cards that somebody was shown, each where it appeared first."""
    shown: dict[str, None] = {}
    async with asyncio.timeout(_LEASES_S):
        while len(shown) < len(notes):
            for message in await customer.messages():
                if message.author_id != customer.id:
                    found = re.findall(rf"h{customer.id}x\d\d", message.text)
                    shown.update(dict.fromkeys(found))
            await asyncio.sleep(0.1)
    return list(shown)


async def receipts_arrived(customers: list[Customer], paid: list[Paid]) -> None:
    """Waits until everybody was told of what they got, and sees their own receipts."""
    async with asyncio.timeout(_LEASES_S):
        for customer in customers:
            expected = {payment.note for payment in paid if payment.payee_id == customer.id}
            missing = expected
            while missing:
                await asyncio.sleep(0.2)
                missing = expected - set(await notes_seen(customer, "paid you"))
            mine = {payment.note for payment in paid if payment.payer_id == customer.id}
            assert set(await notes_seen(customer, "✅ Paid")) == mine


def assert_books(url: str, paid: list[Paid]) -> None:
    """The books are sound, and hold just the payments that people saw, once each."""
    with snapshot(url) as connection:
        assert verify(connection) == []
    with psycopg.connect(url) as books:
        moved = books.execute(
            "SELECT debit.person_id, credit.person_id, t.amount FROM transfers t "
            "JOIN accounts debit ON debit.id = t.debit_account_id "
            "JOIN accounts credit ON credit.id = t.credit_account_id WHERE t.kind = 'payment'"
        ).fetchall()
        waiting = books.execute(
            "SELECT (SELECT count(*) FROM inbox WHERE handled_at IS NULL),"
            " (SELECT count(*) FROM outbox)"
        ).fetchone()
    assert Counter(moved) == Counter((p.payer_id, p.payee_id, p.minor) for p in paid)
    assert waiting == (0, 0)


async def test_three_workers_of_which_one_is_killed_again_and_again(
    telegram: Telegram, tmp_path: Path, new_postgres_url: Callable[[], str]
) -> None:
    """Every conversation ends right, in each person's order, and nothing is paid twice."""
    began, url, dice = time.monotonic(), new_postgres_url(), random.Random(SEED)
    async with started(tmp_path, telegram, url, {}, {}, {}) as workers:
        customers = await asyncio.gather(*(ready(telegram, name) for name in NAMES))
        *payers, hasty = customers
        await telegram.flood_limits(on=True)
        buyers = [
            Payer(one, [o for o in customers if o is not one], random.Random(dice.random()))
            for one in payers
        ]
        enough = asyncio.Event()
        async with asyncio.TaskGroup() as people:
            for buyer in buyers:
                people.create_task(buyer.pay_until(enough))
            hurrying = people.create_task(hurry(hasty, payers[0], 6))
            for _ in range(KILLS):
                await asyncio.sleep(dice.uniform(0.2, 1.0))
                victim = dice.choice(workers)
                await victim.stop(signal.SIGKILL)
                await victim.start()
            enough.set()
        paid = [payment for buyer in buyers for payment in buyer.paid]
        notes = hurrying.result()
        assert await cards_in_order(hasty, notes) == notes
        await receipts_arrived(customers, paid)
        refused = [call for call in await telegram.calls() if call["status"] == 429]
        ended = [await worker.stop() for worker in workers]

    assert [end.code for end in ended] == [0, 0, 0]
    assert [line for end in ended for line in end.err.splitlines() if "[error" in line] == []
    assert_books(url, paid)
    print(  # noqa: T201 (how hard the test was is part of its result)
        f"\nseed {SEED}: {KILLS} kills, {len(paid)} payments, {len(refused)} times 429, "
        f"{time.monotonic() - began:.0f} s"
    )
    assert len(paid) >= len(payers)


async def test_another_worker_polls_when_the_one_who_did_dies(
    telegram: Telegram, tmp_path: Path, new_postgres_url: Callable[[], str]
) -> None:
    """One polls, so that Telegram sees no conflict; within seconds of its death another does."""
    url = new_postgres_url()
    async with started(tmp_path, telegram, url, {}, {}) as workers:
        ann = Customer(await telegram.person("Ann", username="ann"), "chatpay_bot")
        await ann.join()
        for victim in workers:
            await nothing_is_under_way(url)
            await victim.kill()
            await ann.ask("/balance", "available")
            await victim.start()
        polls = await telegram.calls("getUpdates")

    assert {call["status"] for call in polls} <= {200, None}


async def test_workers_behind_one_webhook_address(
    telegram: Telegram, tmp_path: Path, new_postgres_url: Callable[[], str]
) -> None:
    """Any worker takes any update: a payment tapped turn by turn into two of them is paid once."""
    url = new_postgres_url()
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        listens = [f"127.0.0.1:{place.getsockname()[1]}" for place in (one, other)]
    async with (
        new_forwarder([f"http://{listen}" for listen in listens]) as forwarder,
        started(
            tmp_path,
            telegram,
            url,
            *({"LISTEN": listen, "PUBLIC_URL": forwarder.url} for listen in listens),
        ) as workers,
    ):
        ann, bea = await asyncio.gather(*(ready(telegram, name) for name in ("Ann", "Bea")))
        await ann.approve(await ann.ask("/pay @bea 10", "Pay Bea"))
        await bea.see("paid you €10.00")
        await ann.see("✅ Paid €10.00")
        for update in (await telegram.updates())[-8:]:
            await telegram.redeliver(update["update"]["update_id"], times=2)
        await bea.approve(await bea.ask("/pay @ann 2", "Pay Ann"))
        await ann.see("paid you €2.00")
        with pytest.raises(NotSeenError):
            await bea.see("paid you €10.00", 0.5)
        paid = [Paid(ann.id, bea.id, 1_000, ""), Paid(bea.id, ann.id, 200, "")]
        await nothing_is_under_way(url)
        ended = [await worker.stop() for worker in workers]

    assert [end.code for end in ended] == [0, 0]
    assert [line for end in ended for line in end.err.splitlines() if "recovered" in line] == []
    assert min(forwarder.accepted.values()) > 10
    assert_books(url, paid)


async def nothing_is_under_way(url: str) -> None:
    """Waits until all updates are handled, and all notices sent."""
    async with asyncio.timeout(_LEASES_S), await psycopg.AsyncConnection.connect(url) as books:
        while True:
            cursor = await books.execute(
                "SELECT (SELECT count(*) FROM inbox WHERE handled_at IS NULL)"
                " + (SELECT count(*) FROM outbox)"
            )
            if await cursor.fetchone() == (0,):
                return
            await books.commit()
            await asyncio.sleep(0.1)


async def test_workers_keep_telegrams_limits_together(
    new_postgres_url: Callable[[], str],
) -> None:
    """Three workers send notices as fast as they may: together no more than one might."""
    url = new_postgres_url()
    stores = [await open_store(url, Sealer([b"k" * 32])) for _ in range(3)]
    pacers = [SharedPacer(store, system_clock) for store in stores]
    sent = Counter[int]()
    began = time.monotonic()

    async def send(pacer: SharedPacer, chat_id: int) -> None:
        while time.monotonic() < began + 4:
            await pacer.turn(chat_id)
            sent[chat_id] += 1

    chats = [*range(1, 26), -1]
    try:
        await asyncio.gather(*(send(pacer, chat) for pacer in pacers for chat in chats))
        ms = (time.monotonic() - began) * 1_000
    finally:
        for store in stores:
            await store.close()

    assert set(sent) == set(chats)
    for chat, count in sent.items():
        assert count <= 1 + ms / (PRIVATE if chat > 0 else GROUP).every_ms
    assert 40 < sent.total() <= OVERALL.burst + ms / OVERALL.every_ms
    assert (OVERALL.burst + 1_000 / OVERALL.every_ms, PRIVATE.burst, GROUP.burst) == (25, 1, 1)
    assert (PRIVATE.every_ms, GROUP.every_ms) == (1_100, 3_100)


async def test_what_answers_people_goes_first_and_a_429_holds_for_all(
    new_postgres_url: Callable[[], str],
) -> None:
    """An answer waits for nothing; the notices of every worker then keep out of its way."""
    url = new_postgres_url()
    one, other = [await open_store(url, Sealer([b"k" * 32])) for _ in range(2)]
    answering, notifying = SharedPacer(one, system_clock), SharedPacer(other, system_clock)
    began = time.monotonic()
    answering.spent(1)
    answering.spent(1)
    assert time.monotonic() - began < 0.1
    answering.pause(2, 3)
    await answering.stop()

    await notifying.turn(1)
    first = time.monotonic() - began
    await notifying.turn(2)
    second = time.monotonic() - began
    await one.close()
    await other.close()

    assert first == pytest.approx(2.2, abs=0.5)
    assert second == pytest.approx(3, abs=0.5)
