"""The Mini App in a real browser, inside the local Telegram: approving, asking, fingers."""

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
from tests.chat.driver import PIN, Chatpay, Customer

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHOT = ARTIFACTS / "mini_app"
OpenApp = Callable[..., Awaitable["App"]]


@pytest_asyncio.fixture(loop_scope="module")
async def chatpay(telegram: Telegram, tmp_path: Path) -> AsyncIterator[Chatpay]:
    """The bot with its web side; afterwards every invariant of its books holds."""
    place = f"127.0.0.1:{free_port()}"
    changes: dict[str, object] = {"public_url": f"http://{place}", "listen": place}
    running = Chatpay(telegram, tmp_path, changes=changes)
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


@pytest_asyncio.fixture(loop_scope="module")
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
            await app.phone.get_by_role("button", name="Chatpay", exact=True).last.click()
        return app

    return opened


async def pay(customer: Customer, what: str) -> None:
    """Pays in the chat, with the PIN."""
    card = await customer.ask(f"/pay {what}", "Left afterwards")
    await customer.approve(card, next(label for label in card.labels if label.startswith("Pay")))
    await customer.see("Paid")


async def test_a_card_of_the_chat_is_approved_on_the_keypad(
    chatpay: Chatpay, open_app: OpenApp
) -> None:
    """The same card, whichever surface: the chat's message becomes the receipt."""
    alice = await chatpay.customer("Alice")
    await chatpay.customer("Bob", money="")
    app = await open_app(alice, closed=True)
    await alice.person.send(alice.chat, "/pay @bob 12.50 lunch")
    await app.open_from_card()
    await app.see("never paid each other before")
    await expect(app.main_button).to_have_text("Pay €12.50")
    await app.shoot("card")
    await app.press_main("Pay €12.50")
    await app.see("Tap your PIN")
    await app.tap("271946")
    await app.see("Wrong PIN. 4 tries left before it locks.")
    await app.shoot("wrong")
    await app.tap(PIN)
    await app.see("Paid")
    await app.shoot("paid")
    await app.press_main("Done")
    await app.see("€87.50")
    await app.shoot("home")
    await app.press(re.compile("Bob"))
    await app.see("Reference")
    await app.shoot("receipt")
    await app.close()
    await expect(app.phone.get_by_text("Paid €12.50 to Bob").last).to_be_visible()


async def test_a_finger_pays_somebody_known(chatpay: Chatpay, open_app: OpenApp) -> None:
    """Added with the PIN, a device pays with the right finger; a wrong one leads to the keypad."""
    alice = await chatpay.customer("Alice")
    await chatpay.customer("Bob", money="")
    await pay(alice, "@bob 1")
    app = await open_app(alice, color_scheme="dark")
    await app.see("€99.00")
    await app.shoot("home_dark")
    await app.add_device()
    await app.shoot("devices_dark")
    await app.close()
    await expect(app.phone.get_by_text("may approve small payments").last).to_be_visible()

    await alice.person.send(alice.chat, "/pay @bob 2")
    await app.open_from_card()
    await app.press_main("Approve with fingerprint")
    await app.shoot("finger_dark")
    await app.touch("My finger")
    await app.see("Paid")
    await app.close()

    await alice.person.send(alice.chat, "/pay @bob 3")
    await app.open_from_card()
    await app.press_main("Approve with fingerprint")
    await app.touch("Wrong finger")
    await app.see("Tap your PIN")
    await app.shoot("keypad_dark")
    await app.tap(PIN)
    await app.see("Paid")
    await app.press_main("Done")
    await app.see("€94.00")


async def test_a_removed_device_approves_nothing(chatpay: Chatpay, open_app: OpenApp) -> None:
    """Removed in the chat, its finger is refused at once and the keypad follows."""
    alice = await chatpay.customer("Alice")
    await chatpay.customer("Bob", money="")
    await pay(alice, "@bob 1")
    app = await open_app(alice)
    await app.add_device()
    await app.close()
    await app.phone.get_by_role("button", name="Remove it").last.click()
    await expect(app.phone.get_by_text("No device may approve").last).to_be_visible()
    await alice.person.send(alice.chat, "/pay @bob 2")
    await app.open_from_card()
    await app.press_main("Approve with fingerprint")
    await app.touch("My finger")
    await app.see("This device may not approve payments, or no longer.")
    await app.see("Tap your PIN")
    assert "99.00" in await alice.balance()


async def test_another_persons_card_is_not_shown(chatpay: Chatpay, open_app: OpenApp) -> None:
    """Who opens somebody else's card is told that it is not theirs, and sees nothing of it."""
    alice = await chatpay.customer("Alice")
    await chatpay.customer("Bob", money="")
    carol = await chatpay.customer("Carol", money="")
    card = await alice.ask("/pay @bob 12.50 secret", "You and Bob")
    url = card.button("Approve with fingerprint")["web_app"]["url"]
    opened = await carol.person.act("open_app", bot=chatpay.username, url=url)
    app = await open_app(carol)
    await app.see("Available")
    await app.window.locator("iframe").evaluate(
        "(frame, url) => { frame.src = url }", opened["url"]
    )
    await app.see("This is somebody else's")
    await expect(app.inside.locator("body")).not_to_contain_text("12.50")


async def test_money_is_asked_for_and_a_code_is_scanned(
    chatpay: Chatpay, open_app: OpenApp
) -> None:
    """A request made in the app goes into a chat, and its code leads to the card."""
    alice = await chatpay.customer("Alice")
    bob = await chatpay.customer("Bob", money="")
    app = await open_app(bob)
    await app.press("Ask")
    await app.inside.get_by_role("textbox", name="Amount").fill("8")
    await app.inside.get_by_role("textbox", name="What is it for?").fill("taxi")
    await app.shoot("ask")
    await app.press_main("Continue")
    await app.see("Your request is ready")
    await app.shoot("share")
    code = await app.inside.locator(".address").inner_text()
    await app.press_main("Share in a chat")
    await app.phone.get_by_role("dialog", name="Share").get_by_role("button").first.click()
    await expect(app.phone.get_by_text("Bob asks for €8.00").last).to_be_visible()

    app = await open_app(alice)
    await app.press("Scan")
    await (
        app.phone.get_by_role("dialog", name="QR code")
        .get_by_role("textbox")
        .fill(f"https://{code}")
    )
    await app.phone.get_by_role("button", name="Scan", exact=True).click()
    await app.see("taxi")
    await expect(app.main_button).to_have_text("Pay €8.00")


async def test_it_reads_from_right_to_left(chatpay: Chatpay, open_app: OpenApp) -> None:
    """In Arabic everything is mirrored, but the keypad, and nothing sticks out."""
    alice = await chatpay.customer("Alice", language_code="ar")
    app = await open_app(alice)
    await expect(app.inside.locator("html")).to_have_attribute("dir", "rtl")
    await expect(app.inside.locator(".balance")).to_be_visible()
    await app.shoot("home_rtl")
    wide = await app.inside.locator("html").evaluate("page => page.scrollWidth > page.clientWidth")
    assert not wide
