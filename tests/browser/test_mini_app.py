"""The Mini App in a real browser, inside the local Telegram: approving, fingers, looks."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from playwright.async_api import Request, expect

from tests.browser.contrast import faint
from tests.browser.mini_app import OpenApp, chatpay, clock, open_app, pay
from tests.chat.books import books
from tests.chat.driver import PIN, Chatpay, Clock

__all__ = ["chatpay", "clock", "open_app"]

pytestmark = pytest.mark.asyncio(loop_scope="session")


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


async def test_times_are_those_of_the_browser(chatpay: Chatpay, open_app: OpenApp) -> None:
    """A receipt is dated in the time zone of the device; the tooltip says UTC."""
    alice = await chatpay.customer("Alice")
    await chatpay.customer("Bob", money="")
    await pay(alice, "@bob 12.50 lunch")
    app = await open_app(alice, timezone_id="Asia/Kolkata")
    await app.press(re.compile("Bob"))
    await app.see("Reference")
    moment = app.inside.locator("time")
    at = datetime.fromisoformat(await moment.get_attribute("datetime") or "")
    there = at.astimezone(ZoneInfo("Asia/Kolkata"))
    await expect(moment).to_have_text(
        re.compile(rf"{there:%b} {there.day}, {there.year}, {there.hour % 12 or 12}:{there:%M}")
    )
    await expect(moment).to_have_attribute("title", re.compile(rf"{at:%M}.*UTC$"))


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
    await app.press("Pay")
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
    await app.press("Pay")
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
    await app.press("Pay")
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

    async def look(screen: str, called: str = "") -> None:
        await expect(app.inside.locator(f"main[data-screen={screen}]")).to_be_visible()
        await app.shoot(f"{called or screen}_{direction}_{colours}")
        page = app.inside.locator("html")
        wide = "page => page.scrollWidth > page.clientWidth"
        assert not await page.evaluate(wide), screen
        assert await faint(app.inside.locator("body")) == [], screen

    async def fill(**fields: str) -> None:
        for name, text in fields.items():
            await app.inside.locator(f"input[name={name}]").fill(text)

    await look("home")
    await app.inside.locator(".pill").click()
    await look("topup")
    await app.home()
    await app.inside.locator(".action").last.click()
    await expect(app.inside.locator("img.code")).to_be_visible()
    await look("share", called="my_link")
    await app.home()
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
