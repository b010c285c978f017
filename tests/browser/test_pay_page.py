"""The page of a payment link in a real browser: light, without scripts, in every size and light.

What it looks like is left under artifacts/ for people to look at.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import pytest_asyncio
from msgspec.structs import replace
from playwright.async_api import Browser, BrowserContext, Page
from playwright.async_api import Response as Fetched

from bot import qr
from bot.web import answers
from payments.money import Money
from payments.policy import DAY
from tests.browser.conftest import ARTIFACTS
from tests.browser.shop import BOT, OWNER, Shop, open_shop
from tests.unit.payments_kit import START

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}
A4 = {"width": 794, "height": 1123}
BYTES_MOST = 60_000

Visit = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(loop_scope="session")
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(tmp_path) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser) -> AsyncIterator[Visit]:
    """Opens an address in a browser without scripts; keyword arguments as for a context."""
    contexts: list[BrowserContext] = []

    async def opened(url: str, *, size: dict[str, int] = PHONE, **how: Any) -> Page:
        context = await browser.new_context(
            **{"java_script_enabled": False, "viewport": size, "device_scale_factor": 2} | how
        )
        contexts.append(context)
        page = await context.new_page()
        await page.goto(url)
        return page

    yield opened
    for context in contexts:
        await context.close()


async def shot(page: Page, name: str) -> bytes:
    """What it looks like, kept under artifacts/."""
    folder = ARTIFACTS / "pay_page"
    folder.mkdir(parents=True, exist_ok=True)
    return await page.screenshot(path=folder / f"{name}.png", full_page=True)


async def fits(page: Page, width: int) -> bool:
    """Whether nothing sticks out at the side; asked of the layout, since scripts are off."""
    box = await page.locator("html").bounding_box()
    card = await page.locator(".card").bounding_box()
    assert box is not None
    assert card is not None
    return box["width"] <= width and card["x"] >= 0 and card["x"] + card["width"] <= width


async def test_phone_shows_the_offer_and_the_button_at_once(shop: Shop, visit: Visit) -> None:
    """Without scrolling; the code below reads as the page's own address."""
    link = await shop.link(note="Flat white and a croissant")
    page = await visit(shop.page(link))
    button = page.get_by_role("link", name="Open in Telegram")
    assert await button.get_attribute("href") == f"https://t.me/{BOT}?start=l_{link.id}"
    box = await button.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < PHONE["height"]
    assert box["height"] >= 48
    assert await page.get_by_role("heading", level=1).inner_text() == "Mira Okafor"
    assert await page.get_by_role("img", name="On Telegram").is_visible()
    assert await fits(page, PHONE["width"])
    assert qr.read(await shot(page, "phone")) == [shop.page(link)]


async def test_desktop_has_the_code_beside_the_offer(shop: Shop, visit: Visit) -> None:
    """Everything on one screen, and a way to print it."""
    link = await shop.link(note="Flat white and a croissant")
    page = await visit(shop.page(link), size=DESKTOP)
    offer = await page.locator(".offer").bounding_box()
    code = await page.locator(".scan").bounding_box()
    card = await page.locator(".card").bounding_box()
    assert offer is not None
    assert code is not None
    assert card is not None
    assert code["x"] >= offer["x"] + offer["width"]
    assert card["y"] + card["height"] <= DESKTOP["height"]
    assert await page.get_by_role("link", name="Print a poster").is_visible()
    assert qr.read(await shot(page, "desktop")) == [shop.page(link)]


@pytest.mark.parametrize(("size", "name"), [(PHONE, "phone_dark"), (DESKTOP, "desktop_dark")])
async def test_dark_is_dark_and_still_scans(
    shop: Shop, visit: Visit, size: dict[str, int], name: str
) -> None:
    """The code keeps its white paper."""
    link = await shop.link(
        minor=None,
        note="Tips for the band",
        least_minor=200,
        question="Which song?",
        expires_at=START + 9 * DAY,
    )
    page = await visit(shop.page(link), size=size, color_scheme="dark")
    assert await fits(page, size["width"])
    assert qr.read(await shot(page, name)) == [shop.page(link)]


@pytest.mark.parametrize(("size", "name"), [(PHONE, "phone_ar"), (DESKTOP, "desktop_ar")])
async def test_arabic_runs_from_right_to_left(
    shop: Shop, visit: Visit, size: dict[str, int], name: str
) -> None:
    """The offer is on the right, and the code on the left, where there is room for both."""
    link = await shop.link(note="قهوة وكرواسون")
    page = await visit(shop.page(link), size=size, locale="ar")
    assert await page.locator("html[dir=rtl][lang=ar]").count() == 1
    assert await page.get_by_role("link", name="افتح في تيليغرام").is_visible()
    offer = await page.locator(".offer").bounding_box()
    code = await page.locator(".code").bounding_box()
    assert offer is not None
    assert code is not None
    if size is DESKTOP:
        assert code["x"] + code["width"] <= offer["x"]
    assert await fits(page, size["width"])
    assert qr.read(await shot(page, name)) == [shop.page(link)]


async def test_page_is_light_and_keeps_to_its_host(shop: Shop, visit: Visit) -> None:
    """Under 60 KB in all, with nothing from anywhere else, and no complaint of the browser."""
    page = await visit("about:blank", java_script_enabled=True)
    fetched: list[Fetched] = []
    complaints: list[str] = []
    page.on("response", lambda answer: fetched.insert(0, answer))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    link = await shop.link(note="n" * 140, question="q" * 140)
    await page.goto(shop.page(link), wait_until="networkidle")
    asked = [answer for answer in fetched if not answer.url.startswith("data:")]
    assert [answer.url for answer in asked if not answer.url.startswith(shop.address)] == []
    assert [answer.status for answer in asked] == [200, 200]
    assert sum([len(await answer.body()) for answer in asked]) < BYTES_MOST
    assert complaints == []


async def test_long_names_and_notes_stay_on_the_paper(shop: Shop, visit: Visit) -> None:
    """On the smallest phones, with words that do not break."""
    await shop.payments.choose(OWNER, name="Wolfeschlegelsteinhausenbergerdorff" + "x" * 29)
    link = await shop.link(minor=1_000_000_000_000, note="o" * 140, question="w" * 140)
    small = {"width": 320, "height": 568}
    page = await visit(shop.page(link), size=small)
    assert await fits(page, small["width"])
    for part in ("h1", ".amount bdi", ".note", ".aside"):
        box = await page.locator(part).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= small["width"]
    await shot(page, "phone_long")


async def test_links_that_cannot_be_paid_say_why(shop: Shop, visit: Visit) -> None:
    """Paused, paid, sold, expired and closed; each with a heading of its own and no code."""
    paused = await shop.link(note="Vase")
    await shop.payments.pause_link(paused.id, OWNER)
    closed = await shop.link(note="Vase")
    await shop.payments.close_link(closed.id, OWNER)
    paid = await shop.link(note="Vase", uses_most=1)
    await shop.pay(paid)
    sold = await shop.link(note="Vase", uses_most=2)
    await shop.pay(sold)
    await shop.pay(sold)
    expired = await shop.link(note="Vase", expires_at=START + DAY)
    shop.clock.turn(DAY)
    for link, heading in (
        (paused, "Paused for now"),
        (paid, "Already paid"),
        (sold, "All sold"),
        (expired, "No longer open"),
        (closed, "Closed"),
    ):
        page = await visit(shop.page(link))
        assert await page.get_by_role("heading", level=2).inner_text() == heading
        assert await page.get_by_role("link", name="Open in Telegram").count() == 0
        assert qr.read(await shot(page, f"phone_{heading.split()[-1].lower()}")) == []


async def test_what_is_no_link_has_a_page_too(shop: Shop, visit: Visit) -> None:
    """A kind one."""
    page = await visit(f"{shop.address}/p/nothing")
    heading = page.get_by_role("heading", level=1)
    assert await heading.inner_text() == "There is no such link"
    await shot(page, "phone_404")


async def test_printed_it_is_a_poster_for_the_counter(shop: Shop, visit: Visit) -> None:
    """One page with name, amount, a large code and its address; nothing to press."""
    link = await shop.link(note="Flat white and a croissant")
    page = await visit(shop.page(link), size=A4)
    await page.emulate_media(media="print")
    assert await page.get_by_text("Scan to pay").is_visible()
    assert await page.get_by_text(shop.page(link)).is_visible()
    assert await page.get_by_role("link", name="Open in Telegram").count() == 0
    code = await page.locator(".code").bounding_box()
    assert code is not None
    assert code["width"] > A4["width"] / 2
    assert qr.read(await shot(page, "printed")) == [shop.page(link)]
    pdf = await page.pdf(format="A4", print_background=True)
    assert pdf.count(b"/Type /Page\n") == 1


@pytest.mark.parametrize(("size", "name"), [(PHONE, "bank_phone"), (DESKTOP, "bank_desktop")])
async def test_bank_code_is_read_off_the_page(
    shop: Shop, visit: Visit, size: dict[str, int], name: str
) -> None:
    """By both readers, without scripts; the account is written nowhere but in the code."""
    await shop.payments.link_bank(OWNER, "DE89370400440532013000")
    link = await shop.link(note="Vase", bank=True)
    offer = await shop.payments.bank_offer(link.id)
    assert offer is not None
    page = await visit(shop.page(link), size=size)
    bank = page.locator(".bank")
    assert await bank.get_by_role("heading", name="or pay with your bank app").is_visible()
    assert "DE•• •••• 3000" in await bank.inner_text()
    assert "DE89370400440532013000" not in await page.content()
    assert await fits(page, size["width"])
    await shot(page, name)
    picture = await bank.locator(".code").screenshot()
    assert qr.read(picture) == [offer.code]
    pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    assert cv2.QRCodeDetector().detectAndDecode(pixels)[0] == offer.code
    answer = await page.request.get(shop.page(link))
    style = await page.request.get(shop.address + answers.STYLE_PATH)
    assert len(await answer.body()) + len(await style.body()) < BYTES_MOST


async def test_rupee_link_opens_a_bank_app_on_a_phone(shop: Shop, visit: Visit) -> None:
    """By its own address, which a desktop would not know what to do with."""
    await shop.payments.link_bank(OWNER, "mira@okbank")
    rupees = Money(45_000, "INR")
    link = await shop.payments.make_link(OWNER, amount=rupees, note="")
    await shop.payments.edit_link(link.id, OWNER, replace(link.terms, bank=True))
    offer = await shop.payments.bank_offer(link.id)
    assert offer is not None
    phone = (await visit(shop.page(link))).get_by_role("link", name="Open my bank app")
    assert await phone.get_attribute("href") == offer.code
    desktop = await visit(shop.page(link), size=DESKTOP)
    assert not await desktop.get_by_role("link", name="Open my bank app").is_visible()
