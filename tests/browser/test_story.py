"""The story that `make demo` promises, told in a real browser against the real process."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from bot.demo import free_port
from storage.audit import verify
from storage.sqlite import snapshot
from tests.browser.conftest import ARTIFACTS, OpenPage
from tests.processes import Running

pytestmark = pytest.mark.asyncio(loop_scope="session")

PIN = "274913"
SHOT = ARTIFACTS / "story"


@pytest_asyncio.fixture(loop_scope="session")
async def demo(tmp_path: Path) -> AsyncIterator[str]:
    """`chatpay demo` as a process; its address. Afterwards every invariant of its books holds."""
    port = free_port()
    arguments = (
        "-m",
        "bot",
        "demo",
        "--no-open",
        "--port",
        str(port),
        "--keep",
        str(tmp_path / "books"),
    )
    process = Running(tmp_path, {}, arguments)
    await process.start()
    yield f"http://127.0.0.1:{port}"
    await process.stop()
    with snapshot(tmp_path / "books" / "chatpay.db") as connection:
        assert verify(connection) == []


class Phone:
    """One person's column of the page."""

    def __init__(self, page: Page, position: int) -> None:
        self.column = page.locator("[data-person]").nth(position)

    @property
    def newest(self) -> Locator:
        return self.column.locator("[data-message-id]:visible").last

    async def say(self, text: str) -> None:
        await self.column.get_by_role("textbox", name="Message").fill(text)
        await self.column.get_by_role("button", name="Send", exact=True).click()

    async def press(self, label: str | re.Pattern[str]) -> None:
        await self.column.get_by_role("button", name=label).last.click()

    async def see(self, text: str | re.Pattern[str]) -> None:
        await expect(self.newest).to_contain_text(text)

    async def tap(self, pin: str) -> None:
        for digit in pin:
            await self.newest.get_by_role("button", name=digit, exact=True).click()

    async def join(self) -> None:
        await self.press("Start")
        await self.press(re.compile("I agree"))
        await self.see("What should people see")
        await self.newest.get_by_role("button").first.click()
        await self.see("You are in")


async def test_a_newcomer_pays_and_is_asked_for_money(open_page: OpenPage, demo: str) -> None:
    """Start, PIN, play money, /pay, six taps, and Bob has it; then Bob asks, and is paid."""
    page = await open_page(url=demo)
    alice, bob = Phone(page, 0), Phone(page, 1)
    await alice.join()
    await bob.join()

    await alice.press(re.compile("Choose a PIN"))
    await alice.see("Choose a PIN")
    await alice.tap(PIN)
    await alice.see("Once more")
    await alice.tap(PIN)
    await alice.see("Your PIN is set")
    await alice.say("/topup 100")
    await alice.see("€100.00 available")

    await alice.say("/pay @bob 12.50 lunch")
    await alice.see("Pay Bob Baker @bob")
    await page.screenshot(path=SHOT / "card.png")
    await alice.press("Pay €12.50")
    await alice.see("Tap your PIN")
    await alice.tap(PIN[:3])
    await alice.see("● ● ● ○ ○ ○")
    await page.screenshot(path=SHOT / "keypad.png")
    await alice.tap(PIN[3:])
    await alice.see("Paid €12.50 to Bob Baker")
    await bob.see("Alice Archer @alice paid you €12.50")
    await page.screenshot(path=SHOT / "receipt.png")

    await bob.say("/request @alice 8 taxi")
    await bob.press("Ask for €8.00")
    await alice.see("Bob Baker @bob asks you to pay €8.00")
    await page.screenshot(path=SHOT / "request.png")
    await alice.press(re.compile("Pay €8.00"))
    await alice.see("Pay Bob Baker @bob")
    await alice.press("Pay €8.00")
    await alice.see("Tap your PIN")
    await alice.tap(PIN)
    await expect(alice.column.get_by_text("Paid €8.00 to Bob Baker").last).to_be_visible()

    await alice.say("/balance")
    await alice.see("€79.50 available")
    await bob.say("/balance")
    await bob.see("€20.50 available")
    await page.screenshot(path=SHOT / "balances.png")


async def test_the_story_fits_a_phone(open_page: OpenPage, demo: str) -> None:
    """At 390 pixels there is one person at a time, in the dark too, and nothing sticks out."""
    page = await open_page(390, 844, url=demo, color_scheme="dark")
    alice = Phone(page, 0)
    await alice.join()
    await page.screenshot(path=SHOT / "phone.png")
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width == 390
