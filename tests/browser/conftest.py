"""A browser, a local Telegram with a small bot and two people, and its page.

One browser serves all tests here, which therefore share an event loop:
`pytestmark = pytest.mark.asyncio(loop_scope="session")`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from simulator.client import Person, Telegram
from simulator.server import LocalTelegram
from tests.browser.small_bot import NAME, TOKEN, USERNAME, SmallBot

ARTIFACTS = Path(__file__).parents[2] / "artifacts"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE_MS = 5000

OpenPage = Callable[..., Awaitable[Page]]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is. Without one the test is skipped, but not in CI, which has one."""
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("CI has no Chromium.")
    if found is None:
        pytest.skip("no Chromium on this machine")
    return found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=chromium, args=CHROMIUM_OPTIONS
        )
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[LocalTelegram]:
    async with LocalTelegram() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def telegram(server: LocalTelegram) -> AsyncIterator[Telegram]:
    async with Telegram(server.url) as connected:
        yield connected


@pytest_asyncio.fixture(loop_scope="session")
async def bot(server: LocalTelegram, telegram: Telegram) -> AsyncIterator[SmallBot]:
    await telegram.bot(TOKEN, username=USERNAME, first_name=NAME)
    async with aiohttp.ClientSession() as session:
        yield SmallBot(server.url, session)


@pytest_asyncio.fixture(loop_scope="session")
async def ann(telegram: Telegram, bot: SmallBot) -> Person:
    """Somebody who has started the bot."""
    person = await telegram.person(
        "Ann", last_name="Lee", username="ann", phone="+35312345678", language_code="en"
    )
    await person.start(USERNAME)
    return person


@pytest_asyncio.fixture(loop_scope="session")
async def bob(telegram: Telegram, ann: Person) -> Person:
    """Somebody who has not; in the page he comes after Ann."""
    return await telegram.person("Bob", username="bob")


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser, server: LocalTelegram) -> AsyncIterator[OpenPage]:
    """Opens the page; afterwards nothing may have gone wrong in it, nor been asked elsewhere."""
    troubles: list[str] = []
    contexts: list[BrowserContext] = []

    async def opened(
        width: int = 1440,
        height: int = 900,
        *,
        url: str = server.url,
        also: str = server.url,
        **options: Any,
    ) -> Page:
        context = await browser.new_context(
            viewport={"width": width, "height": height},
            reduced_motion=options.pop("reduced_motion", "reduce"),
            permissions=["clipboard-read", "clipboard-write"],
            **options,
        )
        contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "console",
            lambda said: troubles.append(said.text) if is_trouble(said.text) else None,
        )
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((url, also, "blob:", "data:"))
                else troubles.append(f"asked elsewhere: {request.url}")
            ),
        )
        await page.goto(url)
        await page.locator("[data-connection=live]").wait_for()
        return page

    yield opened
    for context in contexts:
        await context.close()
    assert troubles == []


def is_trouble(said: str) -> bool:
    """Whether a line of the console is more than a lost connection or something refused."""
    refused = ("400 (Bad Request)", "401 (Unauthorized)", "403 (Forbidden)", "422 (Unprocessable")
    expected = ("net::ERR_", *refused)
    return not any(each in said for each in expected)
