"""Several `chatpay run` on one PostgreSQL, as processes; one of them is killed again and again."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from bot.demo import free_port
from bot.shared_pacing import GROUP, OVERALL, PRIVATE, SharedPacer
from payments.service import system_clock
from simulator.client import Message, NotSeenError, Telegram
from storage import Sealer, open_store, snapshot
from storage.audit import verify
from tests.chat.driver import Customer
from tests.faults.forwarder import new_forwarder
from tests.faults.payers import Paid, Payer, notes_seen, ready
from tests.processes import TOKEN, Running

SOAK = bool(os.environ.get("SOAK"))
KILLS = 100 if SOAK else 6
SEED = int(os.environ.get("SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
HASTY = "Zoe"
NAMES = ("Ann", "Bea", "Cem", "Dee", "Eve", "Fay", "Gus", "Hal", "Ida", "Jon", "Kim", "Lea")
AT_ONCE = 3
"""How many pay at the same time; they are many, since an hour allows each only so many."""
PEOPLE = len(NAMES) if SOAK else AT_ONCE
CALM_S = 60 if SOAK else 4
"""How long nobody is killed at first."""
PAUSE_S = 2.0 if SOAK else 0.0
"""Between payments: else all that an hour allows would be paid before the last kill."""
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
    """Every conversation ends right, in each person's order, and nothing is paid twice.

    No message comes too early for Telegram while nobody dies, and hardly any afterwards.
    """
    began, url, dice = time.monotonic(), new_postgres_url(), random.Random(SEED)
    async with started(tmp_path, telegram, url, {}, {}, {}) as workers:
        names = (*NAMES[:PEOPLE], HASTY)
        customers = await asyncio.gather(*(ready(telegram, name) for name in names))
        *payers, hasty = customers
        await telegram.flood_limits(on=True)
        buyers = [
            Payer(
                one,
                [o for o in customers if o is not one],
                random.Random(dice.random()),
                pause_s=PAUSE_S,
            )
            for one in payers
        ]
        enough, seats = asyncio.Event(), asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as people:
            for buyer in buyers:
                people.create_task(buyer.pay_until(enough, seats))
            hurrying = people.create_task(hurry(hasty, payers[0], 6))
            await asyncio.sleep(CALM_S)
            refused_in_calm = len(await refused(telegram))
            killed_at: list[float] = []
            for _ in range(KILLS):
                await asyncio.sleep(dice.uniform(0.2, 1.0))
                victim = dice.choice(workers)
                killed_at.append(time.time())
                await victim.stop(signal.SIGKILL)
                await victim.start()
            enough.set()
        paid = [payment for buyer in buyers for payment in buyer.paid]
        notes = hurrying.result()
        assert await cards_in_order(hasty, notes) == notes
        await receipts_arrived(customers, paid)
        late = await refused(telegram)
        ended = [await worker.stop() for worker in workers]

    assert [end.code for end in ended] == [0, 0, 0]
    assert [line for end in ended for line in end.err.splitlines() if "[error" in line] == []
    assert_books(url, paid)
    print(  # noqa: T201 (how hard the test was is part of its result)
        f"\nseed {SEED}: {KILLS} kills, {len(paid)} payments, {len(late)} times 429, "
        f"{time.monotonic() - began:.0f} s"
    )
    assert refused_in_calm == 0
    assert [at for since, at in late if not any(since <= kill <= at for kill in killed_at)] == []
    assert len(late) <= KILLS // 20
    assert len(paid) >= len(payers)


async def refused(telegram: Telegram) -> list[tuple[float, float]]:
    """For each message that came too early: since when its worker may not have known better.

    That is since the last message to the same chat had its turn. Whoever was killed while that was
    on its way could not tell the others when it arrived.
    """
    last: dict[str, float] = {}
    found: list[tuple[float, float]] = []
    for call in await telegram.calls("sendMessage"):
        chat_id = str(call["params"]["chat_id"])
        if call["status"] == 200:
            last[chat_id] = call["at"]
        elif call["status"] == 429:
            found.append((last.get(chat_id, 0) - PRIVATE.every_ms / 1_000, call["at"]))
    return found


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
    listens = [f"127.0.0.1:{free_port()}" for _ in range(2)]
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
            async with pacer.turn(chat_id):
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


async def test_pictures_and_files_keep_the_limits_too(
    telegram: Telegram, tmp_path: Path, new_postgres_url: Callable[[], str]
) -> None:
    """A link's card, its poster and its codes are four messages, of which none is refused."""
    async with started(tmp_path, telegram, new_postgres_url(), {}):
        ann = await ready(telegram, "Ann")
        await telegram.flood_limits(on=True)
        card = await ann.ask("/link 5 coffee", "coffee")
        await ann.press(card, "QR only")
        await ann.see(lambda message: named(message) == "chatpay-qr.svg")
        await ann.press(card, "Poster")
        await ann.see(lambda message: named(message) == "chatpay-poster.pdf")

    assert [call for call in await telegram.calls() if call["status"] == 429] == []


def named(message: Message) -> str | None:
    """What a message's file is called."""
    return None if message.document is None else message.document["file_name"]


async def test_answers_wait_for_their_turn_ahead_of_notices_and_not_for_long(
    new_postgres_url: Callable[[], str],
) -> None:
    """Of one chat, whichever worker sends; a 429 that one was given holds for all notices."""
    url = new_postgres_url()
    one, other = [await open_store(url, Sealer([b"k" * 32])) for _ in range(2)]
    answering, notifying = SharedPacer(one, system_clock), SharedPacer(other, system_clock)
    began = time.monotonic()
    sent: list[tuple[str, float]] = []

    async def send(what: str, turn: AbstractAsyncContextManager[None]) -> None:
        async with turn:
            sent.append((what, time.monotonic() - began))

    try:
        await send("answer", answering.answer(1))
        await asyncio.gather(
            send("notice", notifying.turn(1)), send("second answer", answering.answer(1))
        )
        answering.pause(1, 4)
        await asyncio.gather(
            send("notice after the 429", notifying.turn(1)),
            send("answer after the 429", answering.answer(1)),
        )
    finally:
        await answering.stop()
        await one.close()
        await other.close()

    expected = [
        ("answer", 0),
        ("second answer", 1.1),
        ("notice", 2.4),
        ("answer after the 429", 4.4),
        ("notice after the 429", 7.7),
    ]
    assert [what for what, _ in sent] == [what for what, _ in expected]
    assert [at for _, at in sent] == pytest.approx([at for _, at in expected], abs=0.5)


async def test_a_message_that_is_long_on_its_way_keeps_the_next_one_waiting(
    new_postgres_url: Callable[[], str],
) -> None:
    """A second is counted from when it arrived, by every worker."""
    url = new_postgres_url()
    one, other = [await open_store(url, Sealer([b"k" * 32])) for _ in range(2)]
    first, second = SharedPacer(one, system_clock), SharedPacer(other, system_clock)
    try:
        async with first.answer(1):
            await asyncio.sleep(0.8)
        arrived = time.monotonic()
        await asyncio.sleep(0.1)  # it is told to all a moment later
        async with second.answer(1):
            gap = time.monotonic() - arrived
    finally:
        await first.stop()
        await one.close()
        await other.close()

    assert gap == pytest.approx(1.1, abs=0.3)
