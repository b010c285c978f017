"""The inboxes of two workers on one PostgreSQL: order, redelivery, death and farewell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from bot.inbox import Inbox
from payments.ports import Store
from simulator.client import Telegram
from storage import Sealer, open_store
from tests.chat.driver import Clock
from tests.faults.handling import Handled, message, new_handled

ANN, BEA = 11, 22
SEALER = Sealer([b"k" * 32])


class Worker:
    """A worker: its store, its inbox, and what it handled."""

    def __init__(self, inbox: Inbox, handled: Handled) -> None:
        self.inbox = inbox
        self.handled = handled
        self.take = inbox.take

    async def die(self) -> None:
        """Stops all it does at once, and tells nobody."""
        tasks = [*self.inbox._working, self.inbox._task]
        for task in tasks:
            assert task is not None
            task.cancel()
        await asyncio.gather(*(task for task in tasks if task), return_exceptions=True)


@pytest.fixture
async def together() -> list[str]:
    """What any worker handled, in order."""
    return []


@pytest.fixture
async def workers(
    new_postgres_url: Callable[[], str], telegram: Telegram, clock: Clock, together: list[str]
) -> AsyncIterator[tuple[Worker, Worker]]:
    url = new_postgres_url()
    async with AsyncExitStack() as house:

        async def worker() -> Worker:
            store: Store = await open_store(url, SEALER)
            house.push_async_callback(store.close)
            handled = await house.enter_async_context(new_handled(telegram, together))
            inbox = Inbox(handled.application, store, clock)
            await inbox.start()
            house.push_async_callback(inbox.stop, within_s=1)
            return Worker(inbox, handled)

        yield await worker(), await worker()


async def until(together: list[str], count: int, seconds: float = 5) -> list[str]:
    """Waits for so many texts."""
    async with asyncio.timeout(seconds):
        while len(together) < count:  # noqa: ASYNC110 (nothing tells when it is handled)
            await asyncio.sleep(0.01)
    return together


async def test_one_persons_updates_stay_in_order_whoever_takes_them_in(
    workers: tuple[Worker, Worker], together: list[str]
) -> None:
    """Forty updates of two people, turn by turn to either worker: each person's in order."""
    for number in range(40):
        person, name = ((ANN, "a"), (BEA, "b"))[number // 2 % 2]
        await workers[number % 2].take([message(number, person, f"{name}{number:02}")])

    await until(together, 40)

    assert sorted(together) == sorted(set(together))
    for name in "ab":
        mine = [text for text in together if text.startswith(name)]
        assert mine == sorted(mine)
        assert len(mine) == 20


async def test_a_lane_is_handled_by_one_worker_at_a_time(
    workers: tuple[Worker, Worker], together: list[str]
) -> None:
    """While one has Ann's first update under way, the other does not begin her second."""
    one, other = workers
    one.handled.gate.clear()
    await one.take([message(1, ANN, "a1")])
    await other.take([message(2, ANN, "a2"), message(3, BEA, "b1")])
    await until(together, 1)
    await asyncio.sleep(0.2)
    assert together == ["b1"]

    one.handled.gate.set()

    assert await until(together, 3) == ["b1", "a1", "a2"]
    assert (one.handled.texts, other.handled.texts) == (["a1", "a2"], ["b1"])


async def test_an_update_that_comes_to_both_is_handled_once(
    workers: tuple[Worker, Worker], together: list[str]
) -> None:
    """At the same time, and again to either one afterwards."""
    update = message(1, ANN, "once")
    await asyncio.gather(*(worker.take([update]) for worker in workers * 5))
    await until(together, 1)
    for worker in workers:
        await worker.take([update, message(2, ANN, "after")])

    assert await until(together, 2) == ["once", "after"]
    await asyncio.sleep(0.2)
    assert together == ["once", "after"]


async def test_a_dead_workers_lanes_go_on_with_another_once_its_lease_has_run_out(
    workers: tuple[Worker, Worker], together: list[str], clock: Clock
) -> None:
    """Not before: it might still be at work. Then within seconds, in order."""
    dead, alive = workers
    dead.handled.gate.clear()
    await dead.take([message(1, ANN, "a1"), message(2, ANN, "a2")])
    await asyncio.sleep(0.05)
    await dead.die()
    await alive.take([message(3, ANN, "a3")])
    await asyncio.sleep(1.5)
    assert together == []

    clock.advance(minutes=0.25)

    assert await until(together, 3) == ["a1", "a2", "a3"]
    assert alive.handled.texts == ["a1", "a2", "a3"]


async def test_a_worker_that_stops_hands_its_lanes_over(
    workers: tuple[Worker, Worker], together: list[str]
) -> None:
    """What it could not finish is taken up by another at once, without waiting for a lease."""
    going, staying = workers
    going.handled.gate.clear()
    await going.take([message(1, ANN, "a1"), message(2, ANN, "a2")])
    await asyncio.sleep(0.05)

    await going.inbox.stop(within_s=0)

    assert await until(together, 2) == ["a1", "a2"]
    assert staying.handled.texts == ["a1", "a2"]


async def test_a_worker_keeps_what_takes_longer_than_a_lease(
    workers: tuple[Worker, Worker], together: list[str], clock: Clock
) -> None:
    """It renews its leases while it lives, so that nobody handles the same update beside it."""
    slow, other = workers
    slow.handled.gate.clear()
    await slow.take([message(1, ANN, "a1")])
    for _ in range(3):
        clock.advance(minutes=0.1)
        await asyncio.sleep(1.2)
    assert (together, other.handled.under_way) == ([], 0)

    slow.handled.gate.set()

    assert await until(together, 1) == ["a1"]
    assert slow.handled.texts == ["a1"]


async def test_a_batch_is_shared_by_the_workers(
    workers: tuple[Worker, Worker], together: list[str]
) -> None:
    """The one who polls begins what it has hands for, and the other finds the rest."""
    one, other = workers
    one.handled.gate.clear()
    await one.take([message(number, 100 + number, f"{number}") for number in range(40)])

    await until(together, 8)
    assert len(other.handled.texts) == 8
    one.handled.gate.set()

    assert sorted(await until(together, 40), key=int) == [str(number) for number in range(40)]
