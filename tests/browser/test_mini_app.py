"""The Mini App in a real browser, inside the local Telegram: approving, asking, fingers, looks."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import FrameLocator, Locator, Page, Request, expect

from bot.demo import free_port
from simulator.client import Telegram
from storage.audit import verify
from storage.sqlite import snapshot
from tests.browser.conftest import ARTIFACTS, OpenPage
from tests.browser.contrast import faint
from tests.chat.books import books
from tests.chat.driver import PIN, Chatpay, Clock, Customer

pytestmark = pytest.mark.asyncio(loop_scope="session")

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


async def test_much_money_for_somebody_new_is_asked_about_twice(
    chatpay: Chatpay, open_app: OpenApp
) -> None:
    """As in the chat: no keypad before the payer has said that they know the payee."""
    alice = await chatpay.customer("Alice", money="500")
    bob = await chatpay.customer("Bob", money="")
    app = await open_app(alice, closed=True)
    await alice.person.send(alice.chat, "/pay @bob 100.01")
    await app.open_from_card()
    await app.press_main("Pay €100.01")
    await app.see("You are about to pay €100.01 to Bob @bob, for the first time.")
    await app.see("They joined")
    await app.shoot("second_look")
    await app.press("Back")
    await app.press_main("Pay €100.01")
    await app.press("Cancel")
    await app.see("Cancelled. Nothing was paid.")
    await app.close()
    assert (await alice.balance(), await bob.balance()) == ("€500.00", "€0.00")

    await alice.person.send(alice.chat, "/pay @bob 100.01")
    await app.open_from_card()
    await app.press_main("Pay €100.01")
    await app.press_main("Yes, I know Bob")
    await app.tap(PIN)
    await app.see("Paid")
    await app.press_main("Done")
    await app.press("Send")
    await app.inside.get_by_role("textbox", name="Whom do you want to pay?").fill("@bob")
    await app.inside.get_by_role("textbox", name="Amount").fill("101")
    await app.press_main("Continue")
    await app.press_main("Pay €101.00")
    await app.see("Tap your PIN")
    assert (await alice.balance(), await bob.balance()) == ("€399.99", "€100.01")


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
    await app.lead_to(str(opened["url"]))
    await app.see("This is somebody else's")
    await expect(app.inside.locator("body")).not_to_contain_text("12.50")


async def test_what_was_wrong_is_said_until_it_is_put_right(
    chatpay: Chatpay, open_app: OpenApp
) -> None:
    """Each thing that is missing is named, and nothing of that is left over the card."""
    alice = await chatpay.customer("Alice")
    await chatpay.customer("Bob", money="")
    app = await open_app(alice)
    said = app.inside.locator(".said")
    await app.press("Send")
    await app.press_main("Continue")
    await expect(said).to_have_text("Who is it for? Choose somebody first.")
    await app.inside.get_by_role("textbox", name="Whom do you want to pay?").fill("@bob")
    await app.press_main("Continue")
    await expect(said).to_have_text(
        "I could not read that as an amount. Try something like 12.50."
    )
    await app.inside.get_by_role("textbox", name="Amount").fill("8")
    await app.press_main("Continue")
    await expect(app.main_button).to_have_text("Pay €8.00")
    await expect(said).not_to_have_class(re.compile("shown"))


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


async def test_ones_own_link_goes_into_a_chat(chatpay: Chatpay, open_app: OpenApp) -> None:
    """Telegram's list of chats opens with the message that was prepared; it can be copied, too."""
    alice = await chatpay.customer("Alice")
    app = await open_app(alice)
    await app.press("My link")
    await app.see("Pay Alice")
    await app.press("Copy link")
    await app.see("Copied")
    address = await app.inside.locator(".address").inner_text()
    copied = await app.page.evaluate("navigator.clipboard.readText()")
    assert copied == f"https://{address}"
    assert re.fullmatch(r"https://t\.me/chatpay_bot\?start=l_[\w-]{16,}", copied)
    await app.press_main("Share in a chat")
    await app.phone.get_by_role("dialog", name="Share").get_by_role("button").first.click()
    await expect(app.phone.get_by_text("Pay Alice").last).to_be_visible()
    await expect(app.phone.get_by_role("link", name="Open Chatpay").last).to_be_visible()


async def test_devices_are_listed_and_removed(chatpay: Chatpay, open_app: OpenApp) -> None:
    """Which one this is, is kept in the phone's keychain; removed, no finger is asked for."""
    alice = await chatpay.customer("Alice")
    await chatpay.customer("Bob", money="")
    await pay(alice, "@bob 1")
    app = await open_app(alice)
    await app.add_device()
    assert await app.inside.locator("body").evaluate("() => Object.keys(localStorage)") == []
    await app.close()
    await app.open()
    await app.press("Fingerprint and face")
    await app.see("This device")
    await app.press("Remove: Android")
    await app.touch("Cancel")
    await app.see("This device")
    await app.press("Remove: Android")
    await app.touch("Remove")
    await app.see("No device yet")
    await app.close()
    await alice.person.send(alice.chat, "/pay @bob 2")
    await app.open_from_card()
    await expect(app.main_button).to_have_text("Pay €2.00")


async def test_a_client_without_a_keychain(chatpay: Chatpay, open_app: OpenApp) -> None:
    """Where Telegram has none, as on the web, the page itself keeps which device it is on."""
    alice = await chatpay.customer("Alice")
    app = await open_app(alice)
    await app.press("Fingerprint and face")
    await app.inside.locator("body").evaluate(
        """() => {
          const none = (...given) => given.at(-1)("UNSUPPORTED", null);
          const all = { setItem: none, getItem: none, removeItem: none };
          Object.assign(Telegram.WebApp.SecureStorage, all);
        }"""
    )
    await app.press_main("Add this device")
    await app.touch("Allow")
    await app.tap(PIN)
    await app.see("This device")
    kept = "() => Object.keys(localStorage)"
    assert await app.inside.locator("body").evaluate(kept) == [f"chatpay-device-{alice.id}"]
    await app.press("Remove: Android")
    await app.touch("Remove")
    await app.see("No device yet")
    assert await app.inside.locator("body").evaluate(kept) == []


async def test_a_face_is_called_a_face(chatpay: Chatpay, open_app: OpenApp) -> None:
    """The button says what the phone will ask for."""
    alice = await chatpay.customer("Alice")
    await chatpay.customer("Bob", money="")
    await pay(alice, "@bob 1")
    app = await open_app(alice)
    await app.add_device()
    await app.inside.locator("body").evaluate(
        "() => { Telegram.WebApp.BiometricManager.biometricType = 'face' }"
    )
    await app.home()
    await app.press("Send")
    await app.inside.locator("input[name=who]").fill("@bob")
    await app.inside.locator("input[name=amount]").fill("2")
    await app.press_main("Continue")
    await app.press_main("Approve with your face")
    await app.touch("My finger")
    await app.see("Paid")
    assert await alice.balance() == "€97.00"


async def test_what_a_phone_keeps_for_a_bot(chatpay: Chatpay, open_app: OpenApp) -> None:
    """Telegram's two stores, each for one person: closed and opened again, all is still there."""
    alice = await chatpay.customer("Alice", money="")
    app = await open_app(alice)
    await app.see("Available")

    async def keep(store: str, *call: str) -> list[object]:
        found: list[object] = await app.inside.locator("body").evaluate(
            """(_, [store, method, ...given]) => new Promise((done) =>
              Telegram.WebApp[store][method](...given, (...answer) => done(answer)))""",
            [store, *call],
        )
        return found

    for store in ("SecureStorage", "DeviceStorage"):
        assert await keep(store, "getItem", "a") == [None, None, False]
        assert await keep(store, "setItem", "a", store) == [None, True]
    for number in range(9):
        assert await keep("SecureStorage", "setItem", f"more{number}", "x") == [None, True]
    assert await keep("SecureStorage", "setItem", "eleventh", "x") == ["QUOTA_EXCEEDED", False]
    assert await keep("DeviceStorage", "setItem", "second", "x") == [None, True]
    await app.close()
    await app.open()
    await app.see("Available")
    for store in ("SecureStorage", "DeviceStorage"):
        assert await keep(store, "getItem", "a") == [None, store, False]
        assert await keep(store, "removeItem", "a") == [None, True]
        assert await keep(store, "getItem", "a") == [None, None, False]
    assert await keep("DeviceStorage", "clear") == [None, True]
    assert await keep("DeviceStorage", "getItem", "second") == [None, None, False]
    assert await keep("SecureStorage", "getItem", "more8") == [None, "x", False]


# --- who is let in -------------------------------------------------------------------------------


async def test_a_forged_opening_shows_nothing(chatpay: Chatpay, open_app: OpenApp) -> None:
    """With another person's number in what Telegram signed for oneself, the door stays closed."""
    alice = await chatpay.customer("Alice", money="77")
    carol = await chatpay.customer("Carol", money="")
    opened = await carol.person.act(
        "open_app", bot=chatpay.username, url=f"{chatpay.settings.public_url}/app?anew"
    )
    forged = str(opened["url"]).replace(str(carol.id), str(alice.id))
    assert forged != opened["url"]
    app = await open_app(carol)
    await app.lead_to(forged)
    await app.see("Open this from the chat with the bot.")
    await expect(app.inside.locator("body")).not_to_contain_text("77")
    await expect(app.main_button).to_be_hidden()


async def test_an_old_opening_approves_nothing(
    chatpay: Chatpay, open_app: OpenApp, clock: Clock
) -> None:
    """Minutes later it can still look but not pay, and after an hour not even look."""
    alice = await chatpay.customer("Alice")
    await chatpay.customer("Bob", money="")
    app = await open_app(alice, closed=True)
    await alice.person.send(alice.chat, "/pay @bob 3")
    await app.open_from_card()
    clock.advance(minutes=6)
    await app.press_main("Pay €3.00")
    await app.see("This window has been open for long. Close it and open it again.")
    clock.advance(hours=1)
    await app.press("Cancel")
    await app.see("This window has been open for long. Close it and open it again.")
    await expect(app.inside.get_by_role("heading", name="Bob")).to_be_visible()
    clock.advance(hours=-1, minutes=-6)
    assert await alice.balance() == "€100.00"


async def test_what_paid_once_pays_no_more(chatpay: Chatpay, open_app: OpenApp) -> None:
    """All that the app sent while a finger and then a PIN paid, sent again, moves nothing."""
    alice = await chatpay.customer("Alice")
    bob = await chatpay.customer("Bob", money="")
    await pay(alice, "@bob 1")
    app = await open_app(alice)
    await app.add_device()
    await app.close()
    sent: list[Request] = []
    app.page.on("request", lambda each: sent.append(each))  # noqa: PLW0108 (a builtin cannot be listened with)
    for approve in (app.with_finger, app.with_pin):
        await alice.person.send(alice.chat, "/pay @bob 2")
        await app.open_from_card()
        await approve()
        await app.see("Paid")
        await app.close()
    moving = [each for each in sent if each.method == "POST" and "/app/api/" in each.url]
    assert [each.url.rpartition("/")[2] for each in moving].count("device") == 1
    before = books(chatpay)
    async with aiohttp.ClientSession() as session:
        for each in moving:
            headers = {**await each.all_headers(), "origin": str(chatpay.settings.public_url)}
            async with session.post(each.url, headers=headers, data=each.post_data) as again:
                assert again.status in {200, 422} if "keypads" in each.url else 422, each.url
    assert books(chatpay) == before
    assert (await alice.balance(), await bob.balance()) == ("€95.00", "€5.00")


# --- how it looks --------------------------------------------------------------------------------


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize(("language", "direction"), [("English", "ltr"), ("العربية", "rtl")])
async def test_every_screen_can_be_read(
    chatpay: Chatpay, open_app: OpenApp, colours: str, language: str, direction: str
) -> None:
    """On a phone, by day and by night, from either side: nothing sticks out or is too faint."""
    alice = await chatpay.customer("Alice", money="900")
    await alice.speak(language)
    await chatpay.customer("Bob", money="")
    await chatpay.customer("Carol", money="")
    app = await open_app(alice, color_scheme=colours)
    await expect(app.inside.locator("html")).to_have_attribute("dir", direction)
    await expect(app.inside.locator("html")).to_have_attribute("class", colours)

    async def look(screen: str) -> None:
        await expect(app.inside.locator(f"main[data-screen={screen}]")).to_be_visible()
        await app.shoot(f"{screen}_{direction}_{colours}")
        page = app.inside.locator("html")
        wide = "page => page.scrollWidth > page.clientWidth"
        assert not await page.evaluate(wide), screen
        assert await faint(app.inside.locator("body")) == [], screen

    async def fill(**fields: str) -> None:
        for name, text in fields.items():
            await app.inside.locator(f"input[name={name}]").fill(text)

    await look("home")
    await app.inside.locator(".action").nth(1).click()
    await fill(amount="8", note="taxi")
    await look("ask")
    await app.main_button.click()
    await look("share")
    await app.home()
    await app.inside.locator(".action").nth(0).click()
    await fill(who="@bob", amount="250", note="a bicycle")
    await look("pay")
    await app.main_button.click()
    await look("card")
    await app.main_button.click()
    await look("look")
    await app.main_button.click()
    await look("keypad")
    await app.tap("271946")
    await expect(app.inside.locator(".pad .bad")).not_to_be_empty()
    assert await faint(app.inside.locator("body")) == []
    await app.tap(PIN)
    await look("card")
    await app.main_button.click()
    await app.inside.locator(".list .row").first.click()
    await look("receipt")
    await app.home()
    await app.inside.locator(".row.lone").click()
    await look("devices")
