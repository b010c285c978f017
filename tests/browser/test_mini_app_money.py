"""Money into the Mini App, requests and links out of it, and what may have been meant."""

from __future__ import annotations

import re
from base64 import b64decode

import pytest
from playwright.async_api import expect

from bot import qr
from simulator.client import Telegram
from tests.browser.mini_app import OpenApp, chatpay, clock, open_app, pay
from tests.chat.driver import PIN, Chatpay

__all__ = ["chatpay", "clock", "open_app"]

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_money_is_asked_for_and_a_code_is_scanned(
    chatpay: Chatpay, open_app: OpenApp
) -> None:
    """A request made in the app goes into a chat, and its code leads to the card."""
    alice = await chatpay.customer("Alice")
    bob = await chatpay.customer("Bob", money="")
    app = await open_app(bob)
    await app.press("Request")
    await app.inside.get_by_role("textbox", name="Amount").fill("8")
    await app.inside.get_by_role("textbox", name="What is it for?").fill("taxi")
    await app.shoot("ask")
    await app.press_main("Continue")
    await app.see("Your request is ready")
    await app.shoot("share")
    code = await app.inside.locator(".address").inner_text()
    await app.press_main("Share link")
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


async def test_ones_own_link_goes_into_a_chat(
    telegram: Telegram, chatpay: Chatpay, open_app: OpenApp
) -> None:
    """Its QR code is the chat's; it is copied, and Telegram's list of chats opens to share it."""
    alice = await chatpay.customer("Alice")
    app = await open_app(alice)
    await app.press("My link")
    await app.see("Pay Alice")
    drawn = await app.inside.get_by_role("img", name="QR code").get_attribute("src")
    assert drawn is not None
    code = b64decode(drawn.removeprefix("data:image/png;base64,"))
    await app.press("Copy link")
    await app.see("Copied")
    copied = await app.page.evaluate("navigator.clipboard.readText()")
    assert copied == await app.inside.locator(".address").inner_text()
    public_url = re.escape(str(chatpay.settings.public_url))
    assert re.fullmatch(public_url + r"/p/[\w-]{16,}", copied)
    assert qr.read(code) == [copied]
    await alice.say("/me")
    message = await alice.see(lambda message: message.photo is not None)
    assert message.photo is not None
    assert code == await telegram.download(message.photo)
    await app.press_main("Share link")
    await app.phone.get_by_role("dialog", name="Share").get_by_role("button").first.click()
    await expect(app.phone.get_by_text("Pay Alice").last).to_be_visible()
    await expect(app.phone.get_by_role("link", name="Open Chatpay").last).to_be_visible()


async def test_money_is_added_for_a_payment_that_lacks_it(
    chatpay: Chatpay, open_app: OpenApp
) -> None:
    """As in the chat: what is missing is offered first, and then the card can be paid."""
    carol = await chatpay.customer("Carol", money="10")
    bob = await chatpay.customer("Bob", money="")
    app = await open_app(carol)
    await app.press("Pay")
    await app.inside.get_by_role("textbox", name="Whom do you want to pay?").fill("@bob")
    await app.inside.get_by_role("textbox", name="Amount").fill("17.50")
    await app.press_main("Continue")
    await app.see("€7.50 too little")
    await app.press_main("Add money")
    await expect(app.inside.locator(".chip")).to_have_text(["€7.50", "€10.00", "€20.00", "€50.00"])
    await app.shoot("topup_card")
    await app.press("Back")
    await app.press_main("Add money")
    await app.press("€7.50")
    await expect(app.inside.locator(".said")).to_have_text("€7.50 of play money added.")
    await app.press_main("Pay €17.50")
    await app.tap(PIN)
    await app.see("Paid")
    assert (await carol.balance(), await bob.balance()) == ("€0.00", "€17.50")


async def test_an_amount_over_the_limit_is_said_before_the_pin(
    chatpay: Chatpay, open_app: OpenApp
) -> None:
    """Where more money would not help, none is offered; and nothing can be approved."""
    carol = await chatpay.customer("Carol", money="10")
    await chatpay.customer("Bob", money="")
    app = await open_app(carol)
    await app.press("Pay")
    await app.inside.get_by_role("textbox", name="Whom do you want to pay?").fill("@bob")
    await app.inside.get_by_role("textbox", name="Amount").fill("500.01")
    await app.press_main("Continue")
    await app.see("You can pay at most €500.00 at once.")
    await app.shoot("over_limit")
    await app.press_main("Pay €500.01")
    await expect(app.inside.locator(".said")).to_contain_text("You can pay at most €500.00")
    assert await carol.balance() == "€10.00"


async def test_an_empty_balance_is_filled_from_the_first_screen(
    chatpay: Chatpay, open_app: OpenApp
) -> None:
    """The chat's round amounts, or one that is typed; more than the day's cap is refused."""
    dora = await chatpay.customer("Dora", money="")
    app = await open_app(dora)
    await app.see("€0.00")
    await app.shoot("home_empty")
    await app.press("Add money")
    await app.see("up to €1,000.00 a day")
    await app.press("€20.00")
    await expect(app.inside.locator(".figure")).to_have_text("€20.00")
    await app.press("Add money")
    await app.inside.get_by_role("textbox", name="Amount").fill("980.01")
    await app.press_main("Add money")
    await expect(app.inside.locator(".said")).to_contain_text("€980.00 is possible now")
    assert await dora.balance() == "€20.00"
    await app.inside.get_by_role("textbox", name="Amount").fill("980")
    await app.press_main("Add money")
    await expect(app.inside.locator(".figure")).to_have_text("€1,000.00")
    assert await dora.balance() == "€1,000.00"


async def test_an_amount_that_may_mean_several_is_chosen_by_a_tap(
    chatpay: Chatpay, open_app: OpenApp
) -> None:
    """The same readings as in the chat; what else was filled in stays."""
    alice = await chatpay.customer("Alice")
    await chatpay.customer("Bob", money="")
    app = await open_app(alice)
    await app.press("Pay")
    await app.inside.get_by_role("textbox", name="Whom do you want to pay?").fill("@bob")
    await app.inside.get_by_role("textbox", name="Amount").fill("1.230")
    await app.inside.get_by_role("textbox", name="What is it for?").fill("sweets")
    await app.press_main("Continue")
    await app.see("Did you mean €1,230.00 or €1.23?")
    await app.shoot("doubt")
    await app.press("€1.23")
    await expect(app.main_button).to_have_text("Pay €1.23")
    await app.see("sweets")


async def test_who_only_looks_like_somebody_known_is_exchanged_by_a_tap(
    chatpay: Chatpay, open_app: OpenApp
) -> None:
    """A name that nobody has, but near to that of somebody paid before: they are a tap away."""
    alice = await chatpay.customer("Alice")
    await chatpay.customer("Bob", money="", username="bob_lee")
    await pay(alice, "@bob_lee 1")
    app = await open_app(alice)
    await app.press("Pay")
    await app.inside.get_by_role("textbox", name="Whom do you want to pay?").fill("@b0b_lee")
    await app.inside.get_by_role("textbox", name="Amount").fill("2")
    await app.press_main("Continue")
    await app.see("it only looks like it")
    await app.shoot("instead")
    await app.press("Pay Bob instead")
    await expect(app.inside.get_by_role("heading", name="Bob")).to_be_visible()
    await expect(app.inside.locator(".warning")).to_have_count(0)
    await expect(app.main_button).to_have_text("Pay €2.00")
