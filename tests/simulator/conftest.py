"""A running local Telegram, a bot that calls it by hand, and people."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from simulator.client import Person, Telegram
from simulator.server import LocalTelegram
from tests.simulator.room import BALANCE, PAY, Room

TOKEN = "4242:" + "T" * 35


class RawBot:
    """Calls the Bot API with nothing in between, so that tests see status and words."""

    def __init__(self, url: str, session: aiohttp.ClientSession, token: str = TOKEN) -> None:
        self.url = url
        self.token = token
        self.id = int(token.partition(":")[0])
        self.username = f"sim{self.id}_bot"
        self.session = session

    def key(self, person: Person) -> str:
        return f"bot:{self.id}:{person.id}"

    async def raw(self, method: str, **params: Any) -> tuple[int, dict[str, Any]]:
        """Status and answer of a call whose parameters go as a form."""
        form = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in params.items()
        }
        address = f"{self.url}/bot{self.token}/{method}"
        async with self.session.post(address, data=form) as response:
            return response.status, await response.json()

    async def call(self, method: str, **params: Any) -> Any:
        """The result of a call that must succeed."""
        status, answer = await self.raw(method, **params)
        assert (status, answer["ok"]) == (200, True), answer
        return answer["result"]

    async def upload(
        self, method: str, files: dict[str, tuple[str, bytes]], **params: Any
    ) -> tuple[int, dict[str, Any]]:
        """Status and answer of a call with files."""
        form = aiohttp.FormData()
        for name, value in params.items():
            form.add_field(name, value if isinstance(value, str) else json.dumps(value))
        for name, (file_name, content) in files.items():
            form.add_field(name, content, filename=file_name)
        address = f"{self.url}/bot{self.token}/{method}"
        async with self.session.post(address, data=form) as response:
            return response.status, await response.json()

    async def updates(self, offset: int = 0, wait: int = 0) -> list[dict[str, Any]]:
        """The updates from an offset on; waits so many seconds for some."""
        found: list[dict[str, Any]] = await self.call("getUpdates", offset=offset, timeout=wait)
        return found

    async def drain(self) -> None:
        """Confirms everything that waits."""
        await self.call("getUpdates", offset=-1)
        last = await self.updates()
        if last:
            await self.updates(offset=last[-1]["update_id"] + 1)


@pytest.fixture
async def server() -> AsyncIterator[LocalTelegram]:
    async with LocalTelegram() as running:
        yield running


@pytest.fixture
async def telegram(server: LocalTelegram) -> AsyncIterator[Telegram]:
    async with Telegram(server.url) as connected:
        yield connected


@pytest.fixture
async def bot(server: LocalTelegram) -> AsyncIterator[RawBot]:
    async with aiohttp.ClientSession() as session:
        made = RawBot(server.url, session)
        await made.call("getMe")
        yield made


@pytest.fixture
async def ann(telegram: Telegram, bot: RawBot) -> Person:
    """Somebody who has started the bot; its update is confirmed."""
    person = await telegram.person("Ann", username="ann", phone="+35312345678")
    await person.start(bot.username)
    await bot.drain()
    return person


@pytest.fixture
async def bob(telegram: Telegram) -> Person:
    """Somebody who never started the bot."""
    return await telegram.person("Bob", last_name="Doe", phone="+35387654321")


@pytest.fixture
async def room(telegram: Telegram, bot: RawBot, ann: Person, bob: Person) -> Room:
    """Ann, Bob and the bot, no administrator, in a group; it has declared two commands."""
    await bot.call("setMyCommands", commands=[BALANCE, PAY])
    group = await telegram.group("Friends", [ann, bob], bots=[bot.username])
    return Room(telegram, bot, ann, bob, group)


@pytest.fixture(scope="session")
def png() -> bytes:
    """A small picture."""
    from io import BytesIO

    from PIL import Image

    content = BytesIO()
    Image.new("RGB", (40, 30), "teal").save(content, "PNG")
    return content.getvalue()
