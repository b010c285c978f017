"""A local Telegram and the bot, for one test, and people to talk to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulator.client import Telegram
from simulator.server import LocalTelegram
from storage.audit import verify
from storage.sqlite import snapshot
from tests.chat.driver import Chatpay, Clock, Customer
from tests.wire.aiogram_reads import complaints


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    """When the test is over, all that went over the wire is checked with aiogram's models."""
    async with LocalTelegram() as server, Telegram(server.url) as client:
        yield client
        assert complaints(await client.calls(), await client.updates()) == []


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def chatpay(telegram: Telegram, clock: Clock, tmp_path: Path) -> AsyncIterator[Chatpay]:
    """The bot; when the test is over, every invariant of its books is verified."""
    running = Chatpay(telegram, tmp_path, clock)
    await running.start()
    yield running
    await running.stop()
    with snapshot(running.database) as connection:
        assert verify(connection) == []


@pytest.fixture
async def alice(chatpay: Chatpay) -> Customer:
    return await chatpay.customer("Alice")


@pytest.fixture
async def bob(chatpay: Chatpay) -> Customer:
    return await chatpay.customer("Bob")


@pytest.fixture
async def carol(chatpay: Chatpay) -> Customer:
    return await chatpay.customer("Carol")


@pytest.fixture
async def dave(chatpay: Chatpay) -> Customer:
    """Somebody who is on Telegram, but has not pressed Start."""
    return await chatpay.newcomer("Dave")
