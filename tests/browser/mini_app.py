"""The Mini App on somebody's phone, in the local Telegram."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import FrameLocator, Locator, Page, expect

from bot.demo import free_port
from simulator.client import Telegram
from storage.audit import verify
from storage.sqlite import snapshot
from tests.browser.conftest import ARTIFACTS, OpenPage
from tests.chat.driver import PIN, Chatpay, Clock, Customer

SHOT = ARTIFACTS / "mini_app"
OpenApp = Callable[..., Awaitable["App"]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture(loop_scope="session")
async def chatpay(telegram: Telegram, tmp_path: Path, clock: Clock) -> AsyncIterator[Chatpay]:
    """The bot with its web side; afterwards every invariant of its books holds."""
    place = f"127.0.0.1:{free_port()}"
    changes: dict[str, object] = {"public_url": f"http://{place}", "listen": place}
    running = Chatpay(telegram, tmp_path, clock, changes)
    await running.start()
    yield running
    await running.stop()
    with snapshot(running.database) as connection:
        assert verify(connection) == []


class App:
    """The Mini App on somebody's phone."""

    def __init__(self, page: Page, customer: Customer) -> None:
        self.page = page
        self.phone = page.locator(f'[data-person="{customer.person.id}"]')
        self.window = self.phone.locator(".mini-app")
        self.inside: FrameLocator = self.window.frame_locator("iframe")
        self.main_button: Locator = self.window.locator(".main-button")

    async def press(self, label: str | re.Pattern[str]) -> None:
        await self.inside.get_by_role("button", name=label).last.click()

    async def press_main(self, label: str) -> None:
        await expect(self.main_button).to_have_text(label)
        await self.main_button.click()

    async def see(self, text: str | re.Pattern[str]) -> None:
        await expect(self.inside.locator("body")).to_contain_text(text)

    async def tap(self, pin: str) -> None:
        for digit in pin:
            await self.inside.get_by_role("button", name=digit, exact=True).click()

    async def touch(self, which: str) -> None:
        await self.phone.get_by_role("button", name=which, exact=True).click()

    async def open_from_card(self) -> None:
        await self.phone.get_by_role("button", name="Approve with fingerprint").last.click()

    async def open(self) -> None:
        """By the button beside the text field."""
        await self.phone.get_by_role("button", name="Chatpay", exact=True).last.click()

    async def lead_to(self, url: str) -> None:
        """Opens another address in the window."""
        await self.window.locator("iframe").evaluate("(frame, url) => { frame.src = url }", url)

    async def home(self) -> None:
        await self.window.get_by_role("button", name="Back", exact=True).click()
        await expect(self.inside.locator("main[data-screen=home]")).to_be_visible()

    async def with_finger(self) -> None:
        await self.press_main("Approve with fingerprint")
        await self.touch("My finger")

    async def with_pin(self) -> None:
        await self.press("Use the PIN instead")
        await self.tap(PIN)

    async def close(self) -> None:
        await self.window.get_by_role("button", name="Close", exact=True).click()

    async def shoot(self, name: str) -> None:
        await self.page.screenshot(path=SHOT / f"{name}.png")

    async def add_device(self) -> None:
        await self.press("Fingerprint and face")
        await self.press_main("Add this device")
        await self.touch("Allow")
        await self.see("Tap your PIN")
        await self.tap(PIN)
        await self.see("This device")


@pytest_asyncio.fixture(loop_scope="session")
async def open_app(open_page: OpenPage, chatpay: Chatpay) -> OpenApp:
    """Opens somebody's phone, and in it the Mini App by the button beside the text field."""

    async def opened(customer: Customer, *, closed: bool = False, **options: object) -> App:
        also = str(chatpay.settings.public_url)
        page = await open_page(390, 844, also=also, **options)
        tab = page.locator(f'[data-person-tab="{customer.person.id}"]')
        if await tab.get_attribute("aria-selected") != "true":
            await tab.click()
        app = App(page, customer)
        if not closed:
            await app.open()
        return app

    return opened


async def pay(customer: Customer, what: str) -> None:
    """Pays in the chat, with the PIN."""
    card = await customer.ask(f"/pay {what}", "Left afterwards")
    await customer.approve(card, next(label for label in card.labels if label.startswith("Pay")))
    await customer.see("Paid")
