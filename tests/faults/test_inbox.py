"""The inbox by itself: order, fairness, poison and restarts, on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from telegram import Update
from telegram.ext import CallbackQueryHandler

from bot.context import AnyContext
from bot.inbox import Inbox, lane_of
from payments.ports import Store
from simulator.client import Telegram
from storage import Sealer, open_store
from tests.chat.driver import Clock
from tests.faults.handling import Handled, message, new_handled

ANN, BEA = 11, 22


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(f"sqlite:///{tmp_path}/inbox.db", Sealer([b"k" * 32]))
    yield opened
    await opened.close()


@pytest.fixture
async def handled(telegram: Telegram) -> AsyncIterator[Handled]:
    async with new_handled(telegram) as application:
        yield application


async def opened(handled: Handled, store: Store, clock: Clock) -> Inbox:
    """An inbox as a worker of its own."""
    inbox = Inbox(handled.application, store, clock)
    await inbox.start()
    return inbox


async def test_one_person_in_order_and_different_people_at_the_same_time(
    handled: Handled, store: Store, clock: Clock
) -> None:
    """While Ann's first is under way her second waits, and Bea's does not."""
    inbox = await opened(handled, store, clock)
    handled.gate.clear()
    await inbox.take([message(2, ANN, "a2"), message(1, ANN, "a1"), message(3, BEA, "b1")])
    await asyncio.sleep(0.1)
    assert handled.under_way == 2
    handled.gate.set()
    texts = await handled.until(3)
    assert [text for text in texts if text.startswith("a")] == ["a1", "a2"]
    await inbox.stop(within_s=1)


async def test_what_was_seen_before_is_ignored(
    handled: Handled, store: Store, clock: Clock
) -> None:
    """The same update id, in one batch or later, is handled once."""
    inbox = await opened(handled, store, clock)
    await inbox.take([message(1, ANN, "once"), message(1, ANN, "once")])
    await inbox.take([message(1, ANN, "once"), message(2, ANN, "after")])
    assert await handled.until(2) == ["once", "after"]
    await inbox.stop(within_s=1)


async def test_poison_is_finished_and_never_blocks(
    handled: Handled, store: Store, clock: Clock
) -> None:
    """A handler that raises and an update that cannot be parsed are passed over, for good."""
    inbox = await opened(handled, store, clock)
    unreadable = {"update_id": 2, "message": {"from": {"id": ANN}, "date": "no number"}}
    await inbox.take([message(1, ANN, "poison"), unreadable, message(3, ANN, "fine")])
    assert await handled.until(1) == ["fine"]
    await inbox.stop(within_s=1)

    again = await opened(handled, store, clock)
    await again.take([message(4, ANN, "next")])
    assert await handled.until(2) == ["fine", "next"]
    await again.stop(within_s=1)


async def test_what_was_not_finished_is_handled_after_the_next_start(
    handled: Handled, store: Store, clock: Clock
) -> None:
    """A stop that cannot wait leaves updates behind; the next start takes them up, in order."""
    inbox = await opened(handled, store, clock)
    handled.gate.clear()
    await inbox.take([message(1, ANN, "a1"), message(2, ANN, "a2"), message(3, BEA, "b1")])
    await asyncio.sleep(0.1)
    await inbox.stop(within_s=0.1)
    assert handled.texts == []
    handled.gate.set()

    again = await opened(handled, store, clock)

    texts = await handled.until(3)
    assert [text for text in texts if text.startswith("a")] == ["a1", "a2"]
    assert sorted(texts) == ["a1", "a2", "b1"]
    await again.stop(within_s=1)


async def test_how_a_pressed_message_looked_is_not_kept(
    handled: Handled, store: Store, clock: Clock
) -> None:
    """Of the bot's own message its place and words are handed on, not its buttons and markup."""
    pressed: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def press(update: Update, _context: AnyContext) -> None:
        pressed.set_result(update.callback_query)

    handled.application.add_handler(CallbackQueryHandler(press))
    own = message(7, ANN, "Tap your PIN")["message"]
    looks = {
        "entities": [{"type": "bold", "offset": 0, "length": 3}],
        "reply_markup": {"inline_keyboard": [[{"text": "1", "callback_data": "x"}]]},
    }
    tap = {"id": "5", "from": own["from"], "chat_instance": "1", "data": "x"}
    inbox = await opened(handled, store, clock)
    await inbox.take([{"update_id": 1, "callback_query": {**tap, "message": own | looks}}])
    query = await asyncio.wait_for(pressed, 5)
    assert (query.data, query.message.message_id, query.message.text) == ("x", 7, "Tap your PIN")
    assert (query.message.entities, query.message.reply_markup) == ((), None)
    await inbox.stop(within_s=1)


async def test_a_flooder_starves_nobody(handled: Handled, store: Store, clock: Clock) -> None:
    """A hundred updates of one person take up one hand; another's is handled meanwhile."""
    inbox = await opened(handled, store, clock)
    flood = [message(number, ANN, f"a{number}") for number in range(1, 101)]
    await inbox.take([*flood, message(101, BEA, "b")])
    texts = await handled.until(101)
    assert texts.index("b") < 10
    assert [text for text in texts if text != "b"] == [f"a{number}" for number in range(1, 101)]
    await inbox.stop(within_s=1)


@pytest.mark.parametrize(
    ("content", "lane"),
    [
        ({"message": {"from": {"id": 7}, "chat": {"id": -9}}}, 7),
        ({"callback_query": {"from": {"id": 7}, "message": {"chat": {"id": -9}}}}, 7),
        ({"channel_post": {"chat": {"id": -9}}}, -9),
        ({"poll": {"id": "5"}}, 0),
        ({}, 0),
    ],
)
def test_lanes(content: dict[str, Any], lane: int) -> None:
    """The person's, else the chat's, else one for all the rest."""
    assert lane_of({"update_id": 1} | content) == lane
