"""The page of a payment link over HTTP: what it says, what it keeps to itself, and how often."""

from __future__ import annotations

import io
import re

import aiohttp
import pytest
from PIL import Image

from bot import qr
from bot.web.languages import texts_for
from bot.web.visits import Visits
from payments.models import Profile
from payments.policy import HOUR
from tests.browser.shop import BOT, OWNER, Shop
from tests.unit.payments_kit import START

Web = aiohttp.ClientSession


async def text(web: Web, url: str, **headers: str) -> str:
    async with web.get(url, headers=headers) as answer:
        assert answer.status == 200
        return await answer.text()


def meta(page: str) -> dict[str, str]:
    """The preview tags, by name or property."""
    return dict(re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', page))


async def test_page_says_who_is_paid_how_much_and_where(web: Web, shop: Shop) -> None:
    """Its button leads to the link in the bot's private chat."""
    link = await shop.link(note="Vase & <b>bowl</b>")
    page = await text(web, shop.page(link))
    assert "<bdi>Mira Okafor</bdi>" in page
    assert "<bdi>@mira</bdi>" in page
    assert "<bdi>€12.50</bdi>" in page
    assert "Vase &amp; &lt;b&gt;bowl&lt;/b&gt;" in page
    assert f'href="https://t.me/{BOT}?start=l_{link.id}"' in page


async def test_nobody_is_called_verified(web: Web, shop: Shop) -> None:
    """A name is said to be on Telegram where there is a @username; who it is, nobody checked."""
    link = await shop.link()
    page = await text(web, shop.page(link))
    assert 'aria-label="On Telegram"' in page
    assert "erified" not in page
    await shop.payments.meet(Profile(OWNER, "Mira Okafor", None, "en"))
    page = await text(web, shop.page(link))
    assert "On Telegram" not in page
    assert "@" not in re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)


async def test_page_keeps_private_what_is_private(web: Web, shop: Shop) -> None:
    """No ids, no balances, nobody who paid, and none of the owner's own words."""
    link = await shop.link(thanks="The door code is 7788", reference="shelf 3")
    await shop.pay(link)
    page = await text(web, shop.page(link))
    for secret in ("101", "102", "Ken", "7788", "shelf", "987.50", "uses"):
        assert secret not in page.replace(link.id, "").replace(shop.address, "")


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ({"minor": None}, ["You choose the amount"]),
        ({"minor": None, "least_minor": 200}, ["At least <bdi>€2.00</bdi>."]),
        ({"minor": None, "most_minor": 900}, ["At most <bdi>€9.00</bdi>."]),
        (
            {"suggested": True, "least_minor": 200, "most_minor": 9000},
            ["€12.50", "Between <bdi>€2.00</bdi> and <bdi>€90.00</bdi>."],
        ),
        ({"suggested": True}, ["€12.50", "Suggested: you can change it."]),
        ({"question": "Which size?"}, ["<bdi>Mira Okafor</bdi> asks: <bdi>Which size?</bdi>"]),
        ({"expires_at": START + HOUR}, ["Open until Jan 15, 2027"]),
    ],
)
async def test_page_says_what_the_payer_may_choose(
    web: Web, shop: Shop, terms: dict[str, object], says: list[str]
) -> None:
    """And what they are asked, and until when."""
    page = await text(web, shop.page(await shop.link(**terms)))
    assert [words for words in says if words not in page] == []


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("paused", "Paused for now"),
        ("closed", "has closed this link"),
        ("expired", "No longer open"),
        ("paid", "Already paid"),
        ("sold", "All sold"),
    ],
)
async def test_page_of_a_link_that_cannot_be_paid(
    web: Web, shop: Shop, state: str, says: str
) -> None:
    """It says why, kindly, and offers no code and no payment; writing to the owner is possible."""
    link = await shop.link(expires_at=START + HOUR, uses_most={"paid": 1, "sold": 2}.get(state))
    if state == "paused":
        await shop.payments.pause_link(link.id, OWNER)
    elif state == "closed":
        await shop.payments.close_link(link.id, OWNER)
    elif state == "expired":
        shop.clock.turn(HOUR)
    else:
        for _ in range(link.terms.uses_most or 0):
            await shop.pay(link)
    page = await text(web, shop.page(link))
    assert says in page
    assert f"t.me/{BOT}" not in page
    assert 'class="code"' not in page
    assert 'href="https://t.me/mira"' in page


async def test_page_looks_good_where_it_is_pasted(web: Web, shop: Shop) -> None:
    """Open Graph and Twitter tags, with a picture of the size they say, kept for ever."""
    page = await text(web, shop.page(await shop.link(note="Vase")))
    tags = meta(page)
    assert (tags["og:title"], tags["og:description"]) == ("Pay Mira Okafor €12.50", "Vase")
    assert tags["twitter:card"] == "summary_large_image"
    assert tags["og:image"] == tags["twitter:image"]
    async with web.get(tags["og:image"].replace("&amp;", "&")) as answer:
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Content-Type"] == "image/png"
        picture = await answer.read()
    with Image.open(io.BytesIO(picture)) as image:
        assert image.size == (int(tags["og:image:width"]), int(tags["og:image:height"]))
    assert qr.read(picture) == [tags["og:url"]]


async def test_picture_of_another_version_is_not_kept_for_ever(web: Web, shop: Shop) -> None:
    """A name that nobody gave it promises nothing; in another language it is another picture."""
    link = await shop.link()
    pictures = []
    for query in ("", "?v=other", "?lang=ar", "?lang=xx"):
        async with web.get(f"{shop.page(link)}/card.png{query}") as answer:
            assert answer.headers["Cache-Control"] == "public, max-age=15, must-revalidate"
            pictures.append(await answer.read())
    assert [picture == pictures[0] for picture in pictures] == [True, True, False, True]


async def test_poster_is_a_pdf_with_the_code(web: Web, shop: Shop) -> None:
    """Two pages, each a picture whose code reads as the page's address."""
    link = await shop.link(note="Vase")
    async with web.get(f"{shop.page(link)}/poster.pdf") as answer:
        assert (answer.status, answer.content_type) == (200, "application/pdf")
        poster = await answer.read()
    pages = re.findall(rb"stream\r?\n(\xff\xd8.*?)\r?\nendstream", poster, flags=re.DOTALL)
    assert [qr.read(page) for page in pages] == [[shop.page(link)]] * 2


@pytest.mark.parametrize("path", ["", "/card.png", "/poster.pdf"])
async def test_answers_are_safe(web: Web, shop: Shop, path: str) -> None:
    """No scripts, no frames, no other hosts, no sniffing, no cookies, no word to others."""
    link = await shop.link()
    async with web.get(shop.page(link) + path) as answer:
        headers = answer.headers
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Robots-Tag"] == "noindex"
    assert "Set-Cookie" not in headers
    assert "Server" not in headers


async def test_what_a_visitor_has_is_not_sent_again(web: Web, shop: Shop) -> None:
    """Until it has changed: a paused link is another page."""
    link = await shop.link()
    async with web.get(shop.page(link)) as answer:
        tag = answer.headers["ETag"]
        assert answer.headers["Vary"] == "Accept-Language"
    async with web.get(shop.page(link), headers={"If-None-Match": f'"x", W/{tag}'}) as answer:
        assert (answer.status, await answer.read()) == (304, b"")
        assert answer.headers["ETag"] == tag
    await shop.payments.pause_link(link.id, OWNER)
    async with web.get(shop.page(link), headers={"If-None-Match": tag}) as answer:
        assert answer.status == 200


async def test_stylesheet_is_kept_for_ever(web: Web, shop: Shop) -> None:
    """Its address names its content."""
    page = await text(web, shop.page(await shop.link()))
    (path,) = re.findall(r'<link rel="stylesheet" href="([^"]+)">', page)
    async with web.get(shop.address + path) as answer:
        assert (answer.status, answer.content_type) == (200, "text/css")
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


async def test_head_is_the_page_without_its_body(web: Web, shop: Shop) -> None:
    """As link checkers ask; the length is the page's."""
    link = await shop.link()
    async with web.get(shop.page(link)) as answer:
        length = answer.headers["Content-Length"]
    async with web.head(shop.page(link)) as answer:
        assert (answer.status, await answer.read()) == (200, b"")
        assert answer.headers["Content-Length"] == length


async def test_what_is_no_link_is_one_and_the_same_page(web: Web, shop: Shop) -> None:
    """An unknown token, no token, a hostile one, and the pictures of none."""
    link = await shop.link()
    unknown = link.id[::-1]
    pages = set()
    for path in (unknown, "x", "", "%00", "../p", "a/b/c", "'--", f"{unknown}/card.png"):
        async with web.get(f"{shop.address}/p/{path}") as answer:
            assert answer.status == 404
            assert answer.headers["Cache-Control"] == "no-store"
            pages.add(await answer.text())
        shop.forgive()
    assert len(pages) == 1
    assert "There is no such link" in pages.pop()


async def test_whoever_asks_too_often_has_to_wait(web: Web, shop: Shop) -> None:
    """With a page that says so and when to come back; a moment later it goes on."""
    link = await shop.link()
    statuses = []
    for _ in range(70):
        async with web.get(shop.page(link)) as answer:
            statuses.append(answer.status)
            last = answer.headers, await answer.text()
    assert set(statuses[:60]) == {200}
    assert statuses[-1] == 429
    headers, page = last
    assert headers["Retry-After"] == "1"
    assert "One moment, please" in page
    shop.forgive()
    await text(web, shop.page(link))


async def test_trying_tokens_ends_soon(web: Web, shop: Shop) -> None:
    """Wrong addresses cost much more than right ones."""
    statuses = []
    for number in range(12):
        async with web.get(f"{shop.address}/p/{number:016}") as answer:
            statuses.append(answer.status)
    assert statuses == [404] * 6 + [429] * 6


async def test_languages_are_the_visitors(web: Web, shop: Shop) -> None:
    """Arabic from right to left; English for whoever reads none of ours."""
    link = await shop.link()
    arabic = await text(web, shop.page(link), **{"Accept-Language": "ar-EG,en;q=0.5"})
    assert '<html lang="ar" dir="rtl">' in arabic
    assert "افتح في تيليغرام" in arabic
    other = await text(web, shop.page(link), **{"Accept-Language": "tlh"})
    assert '<html lang="en" dir="ltr">' in other


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("ar", "ar"),
        ("AR-eg", "ar"),
        ("tlh, ar;q=0.8, en;q=0.9", "en"),
        ("en;q=0.1, ar;q=0.2", "ar"),
        ("ar;q=0, en", "en"),
        ("ar;q=nonsense", "en"),
        ("*, ,;;=,q=1", "en"),
        ("../../etc/passwd", "en"),
    ],
)
def test_language_is_read_from_what_the_browser_says(header: str, language: str) -> None:
    """By weight, then by order; what cannot be read does not count."""
    assert texts_for(header).spoken == language


def test_visitors_have_their_own_buckets() -> None:
    """One address, or one network of IPv6, does not keep others out; time fills a bucket."""
    seconds = [0.0]
    visits = Visits(burst=2, per_s=0.5, clock=lambda: seconds[0])
    assert [visits.wait_s("192.0.2.1") for _ in range(3)] == [0, 0, 2]
    assert visits.wait_s("192.0.2.2") == 0
    assert [visits.wait_s(f"2001:db8::{i}") for i in (1, 2, 3)] == [0, 0, 2]
    assert visits.wait_s("2001:db8:0:1::1") == 0
    seconds[0] = 2.0
    assert visits.wait_s("192.0.2.1") == 0
    visits.charge("192.0.2.1", 100)
    assert visits.wait_s("192.0.2.1") == 6
