"""Finding one's way on the page: a person's column, and what is in it."""

from __future__ import annotations

from playwright.async_api import Locator, Page

from simulator.client import Person


def phone(page: Page, person: Person) -> Locator:
    return page.locator(f'[data-person="{person.id}"]')


def newest(page: Page, person: Person) -> Locator:
    return phone(page, person).locator("[data-message-id]:visible").last


async def write(page: Page, person: Person, text: str) -> None:
    """Types into the person's composer and sends."""
    await phone(page, person).get_by_role("textbox", name="Message").fill(text)
    await phone(page, person).get_by_role("button", name="Send", exact=True).click()
