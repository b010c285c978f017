"""The bot with all its doors open: chat, webhook, pay pages and Mini App, on one real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr

from bot.demo import free_port
from simulator.client import Telegram
from storage.audit import verify
from storage.sqlite import snapshot
from tests.attacks.doors import WEBHOOK_SECRET, Site
from tests.chat.conftest import alice, bob, clock, telegram
from tests.chat.driver import Chatpay, Clock, Customer

__all__ = ["alice", "bob", "clock", "telegram"]

OPERATOR_ID = 880_001


@pytest.fixture
async def chatpay(telegram: Telegram, clock: Clock, tmp_path: Path) -> AsyncIterator[Chatpay]:
    """The bot; when the attack is over, every invariant of its books is verified."""
    place = f"127.0.0.1:{free_port()}"
    changes: dict[str, object] = {
        "public_url": f"http://{place}",
        "listen": place,
        "webhook_secret": SecretStr(WEBHOOK_SECRET),
        "operators": (OPERATOR_ID,),
    }
    running = Chatpay(telegram, tmp_path, clock, changes)
    await running.start()
    yield running
    await running.stop()
    with snapshot(running.database) as connection:
        assert verify(connection) == []


@pytest.fixture
async def site(chatpay: Chatpay) -> AsyncIterator[Site]:
    """The web side of the same bot."""
    async with aiohttp.ClientSession() as session:
        yield Site(chatpay, session)


@pytest.fixture
async def mallory(chatpay: Chatpay) -> Customer:
    """Whoever attacks: a customer like any other."""
    return await chatpay.customer("Mallory")


@pytest.fixture
async def olga(chatpay: Chatpay) -> Customer:
    """The operator."""
    return await chatpay.customer("Olga", money="", id=OPERATOR_ID)
