"""Cards in a chat between two people, put there and paid in the browser, with the real bot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from simulator.client import Telegram
from storage.audit import verify
from storage.sqlite import snapshot
from tests.browser.columns import newest, phone, write
from tests.browser.conftest import OpenPage
from tests.chat.driver import BOT_USERNAME, PIN, Chatpay, Customer

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def chatpay(telegram: Telegram, tmp_path: Path) -> AsyncIterator[Chatpay]:
    """The bot; afterwards every invariant of its books holds."""
    running = Chatpay(telegram, tmp_path)
    await running.start()
    yield running
    await running.stop()
    with snapshot(running.database) as connection:
        assert verify(connection) == []


@pytest_asyncio.fixture(loop_scope="session")
async def alice(chatpay: Chatpay) -> Customer:
    return await chatpay.customer("Alice")


@pytest_asyncio.fixture(loop_scope="session")
async def bob(chatpay: Chatpay, alice: Customer) -> Customer:
    return await chatpay.customer("Bob")


async def open_chat(page: Page, customer: Customer, other: Customer) -> None:
    """Opens the chat with another person, by the button for a new one."""
    column = phone(page, customer.person)
    await column.get_by_role("button", name="New chat").click()
    name = other.person.fields["first_name"]
    await column.get_by_role("dialog").get_by_role("button", name=name).click()


async def tap_pin(page: Page, customer: Customer) -> None:
    for digit in PIN:
        key = newest(page, customer.person).get_by_role("button", name=digit, exact=True)
        await key.click()


async def test_a_card_is_put_into_a_chat_of_two_and_paid(
    open_page: OpenPage, chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Alice types, chooses from the list and sends; Bob pays; both see the card change."""
    page = await open_page()
    await open_chat(page, alice, bob)
    column = phone(page, alice.person)
    field = column.get_by_role("textbox", name="Message")
    await field.fill(f"@{BOT_USERNAME} 12.50 lunch")
    results = column.get_by_role("listbox", name="Results").get_by_role("option")
    await expect(results).to_have_count(4)
    await results.filter(has_text="Ask for €12.50").click()
    await expect(field).to_have_value("")
    await expect(results.first).to_be_hidden()
    card = newest(page, alice.person)
    await expect(card).to_contain_text(f"via @{BOT_USERNAME}")

    await open_chat(page, bob, alice)
    await expect(newest(page, bob.person)).to_contain_text("Alice @alice asks for €12.50")
    await newest(page, bob.person).get_by_role("button", name="Pay €12.50…").click()
    await expect(newest(page, bob.person)).to_contain_text("asks you to pay €12.50")
    await newest(page, bob.person).get_by_role("button", name="Pay €12.50…").click()
    await newest(page, bob.person).get_by_role("button", name="Pay €12.50", exact=True).click()
    await expect(newest(page, bob.person).get_by_role("button", name="0")).to_be_visible()
    await tap_pin(page, bob)
    await expect(card).to_contain_text("✅ Paid")
    await open_chat(page, bob, alice)
    await expect(newest(page, bob.person)).to_contain_text("✅ Paid")
    await expect(newest(page, bob.person).locator(".inline-button")).to_have_count(0)
    assert (await alice.balance(), await bob.balance()) == ("€112.50", "€87.50")


async def test_the_bot_is_called_into_a_chat_of_two(
    open_page: OpenPage, chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """What is sent, and not chosen, calls the bot as a guest; it answers in that chat."""
    page = await open_page()
    await open_chat(page, alice, bob)
    await write(page, alice.person, f"@{BOT_USERNAME} request 5 lunch")
    await expect(newest(page, alice.person)).to_contain_text("Alice @alice asks for €5.00")
    await open_chat(page, bob, alice)
    await expect(newest(page, bob.person).locator(".inline-button")).to_have_text("Pay €5.00…")


async def test_results_are_chosen_with_the_keyboard(
    open_page: OpenPage, chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Arrow keys pick a result and Enter sends it; Escape closes the list."""
    page = await open_page()
    await open_chat(page, alice, bob)
    column = phone(page, alice.person)
    field = column.get_by_role("textbox", name="Message")
    await field.fill(f"@{BOT_USERNAME} 7")
    results = column.get_by_role("listbox", name="Results")
    await expect(results).to_be_visible()
    await field.press("Escape")
    await expect(results).to_be_hidden()
    await field.press_sequentially(".50")
    await expect(results).to_be_visible()
    await field.press("ArrowDown")
    await field.press("ArrowDown")
    await expect(results.locator("[aria-selected=true]")).to_contain_text("Send €7.50")
    await field.press("Enter")
    await expect(newest(page, alice.person)).to_contain_text("Alice @alice wants to send €7.50")
