"""Pictures of codes: what the bot draws reads everywhere, and photos of it read when disturbed."""

from __future__ import annotations

import io
import random
import re
import secrets
from collections.abc import Callable
from functools import lru_cache
from itertools import product

import cv2
import numpy as np
import pytest
import zxingcpp
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from bot import foreign, qr
from bot.photo import own_payload
from bot.texts import Texts
from payments.money import Money
from payments.qr import Flaw

SEED = 20261122
ADDRESS = "https://t.me/chatpay_bot?start=l_{token}"
READ_AT_LEAST = 0.95

Disturbance = Callable[[Image.Image, random.Random], Image.Image]


def address_of(rng: random.Random) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
    return ADDRESS.format(token="".join(rng.choices(alphabet, k=16)))


@lru_cache
def card_of(address: str) -> Image.Image:
    card = qr.card(
        address,
        name="Alice",
        amount=Money(1250, "EUR"),
        note="lunch",
        hint="Scan to pay",
        locale="en",
    )
    return Image.open(io.BytesIO(card)).convert("RGB")


# --- what happens to a card on its way through a camera ------------------------------------------


def turned(card: Image.Image, rng: random.Random) -> Image.Image:
    angle = rng.uniform(-180, 180)
    return card.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor="#a09888")


def blurred(card: Image.Image, rng: random.Random) -> Image.Image:
    return card.filter(ImageFilter.GaussianBlur(rng.uniform(5, 8)))


def noisy(card: Image.Image, rng: random.Random) -> Image.Image:
    noise = np.random.default_rng(rng.randrange(2**32)).normal(0, 90, (card.height, card.width, 3))
    return Image.fromarray(np.clip(np.asarray(card) + noise, 0, 255).astype("uint8"))


def tilted(card: Image.Image, rng: random.Random) -> Image.Image:
    width, height = card.size
    corners = [(0, 0), (width, 0), (width, height), (0, height)]
    moved = [(x + rng.uniform(-0.13, 0.13) * width, y + rng.uniform(-0.1, 0.1) * height)
             for x, y in corners]  # fmt: skip
    matrix = cv2.getPerspectiveTransform(np.float32(corners), np.float32(moved))
    picture = cv2.warpPerspective(
        np.asarray(card), matrix, (width, height), borderValue=(160, 150, 140)
    )
    return Image.fromarray(picture)


def dim(card: Image.Image, rng: random.Random) -> Image.Image:
    grey = ImageEnhance.Contrast(card).enhance(rng.uniform(0.06, 0.12))
    return ImageEnhance.Brightness(grey).enhance(rng.uniform(0.3, 0.5))


def unevenly_lit(card: Image.Image, rng: random.Random) -> Image.Image:
    shade = np.linspace(rng.uniform(0.15, 0.3), 1, card.width)[None, :, None]
    return Image.fromarray((np.asarray(card) * shade).astype("uint8"))


def compressed(card: Image.Image, rng: random.Random) -> Image.Image:
    small = card.resize((card.width // 3, card.height // 3), Image.Resampling.BILINEAR)
    file = io.BytesIO()
    small.save(file, "JPEG", quality=rng.randint(10, 30))
    return Image.open(file).convert("RGB")


def far_away(card: Image.Image, rng: random.Random) -> Image.Image:
    """A card 130 pixels wide, across the room, somewhere in a cluttered photo."""
    picture = Image.new("RGB", (1280, 960), "#b0a898")
    draw = ImageDraw.Draw(picture)
    for _ in range(60):
        left, top = rng.randrange(1280), rng.randrange(960)
        box = (left, top, left + rng.randrange(20, 200), top + rng.randrange(20, 200))
        draw.rectangle(box, fill=f"hsl({rng.randrange(360)}, 40%, 55%)")
    small = card.resize((130, card.height * 130 // card.width), Image.Resampling.LANCZOS)
    picture.paste(small, (rng.randrange(1150), rng.randrange(960 - small.height)))
    return picture


DISTURBANCES: tuple[Disturbance, ...] = (
    turned,
    blurred,
    noisy,
    tilted,
    dim,
    unevenly_lit,
    compressed,
    far_away,
)


def photo_of(card: Image.Image) -> bytes:
    file = io.BytesIO()
    card.save(file, "JPEG", quality=30)
    return file.getvalue()


def test_disturbed_photos_of_cards_are_read() -> None:
    """Of 48 photos, each disturbed in one way and saved at JPEG 30, at least 95 % read."""
    missed = []
    for disturb, number in product(DISTURBANCES, range(6)):
        rng = random.Random(f"{SEED} {disturb.__name__} {number}")
        address = address_of(random.Random(number))
        if qr.read(photo_of(disturb(card_of(address), rng))) != [address]:
            missed.append((disturb.__name__, number))
    assert len(missed) <= (1 - READ_AT_LEAST) * 6 * len(DISTURBANCES), f"seed {SEED}: {missed}"


def test_photos_disturbed_in_several_ways_are_read() -> None:
    """Turned and dim, tilted and noisy, turned and compressed: at least 95 % of 24."""
    pairs = [(turned, dim), (tilted, noisy), (tilted, unevenly_lit), (turned, compressed)]
    missed = []
    for (first, second), number in product(pairs, range(6)):
        rng = random.Random(f"{SEED} {first.__name__} {second.__name__} {number}")
        address = address_of(random.Random(number))
        if qr.read(photo_of(second(first(card_of(address), rng), rng))) != [address]:
            missed.append((first.__name__, second.__name__, number))
    assert len(missed) <= (1 - READ_AT_LEAST) * 6 * len(pairs), f"seed {SEED}: {missed}"


# --- what the bot draws --------------------------------------------------------------------------


def read_by_both(picture: Image.Image) -> tuple[list[str], str]:
    """What zxing-cpp and OpenCV read; OpenCV overlooks some codes at some sizes, whoever drew."""
    grey = picture.convert("L")
    texts = [code.text for code in zxingcpp.read_barcodes(grey)]
    for part in (1, 0.5, 0.75):
        size = (round(grey.width * part), round(grey.height * part))
        text, _, _ = cv2.QRCodeDetector().detectAndDecode(np.asarray(grey.resize(size)))
        if text:
            break
    return texts, text


@pytest.mark.parametrize("kind", ["i", "r", "l", "c"])
def test_every_code_is_read_by_two_readers(kind: str) -> None:
    """One mask serves all links: 25 of each kind read exactly, by zxing-cpp and by OpenCV."""
    rng = random.Random(f"{SEED} {kind}")
    for _ in range(25):
        address = address_of(rng).replace("l_", f"{kind}_", 1)
        picture = Image.open(io.BytesIO(qr.png(address)))
        assert read_by_both(picture) == ([address], address)


def test_card_and_poster_are_read_by_two_readers() -> None:
    """The words around the code are in nobody's way."""
    address = ADDRESS.format(token=secrets.token_urlsafe(12))
    assert read_by_both(card_of(address)) == ([address], address)
    for page in pages_of(address):
        assert read_by_both(page) == ([address], address)


def pages_of(address: str) -> list[Image.Image]:
    """The pictures in the poster: one JPEG a page."""
    pdf = qr.poster(address, name="Alice", hint="Scan to pay", locale="en")
    starts = [match.start() for match in re.finditer(b"\xff\xd8\xff", pdf)]
    return [Image.open(io.BytesIO(pdf[at : pdf.index(b"endstream", at)])) for at in starts]


def test_poster_pages_are_a4_and_a5() -> None:
    """At 300 dots per inch, to the nearest dot."""
    assert [page.size for page in pages_of(ADDRESS.format(token="A" * 16))] == [
        (2480, 3508),
        (1748, 2480),
    ]


def test_svg_holds_the_same_modules() -> None:
    """Drawn dot by dot it is the code of the PNG."""
    address = ADDRESS.format(token=secrets.token_urlsafe(12))
    drawn = qr.svg(address).decode()
    side = int(re.findall(r'viewBox="0 0 (\d+) \1"', drawn)[0])
    picture = Image.new("L", (side, side), 255)
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", drawn):
        ImageDraw.Draw(picture).line((int(x), int(y), int(x) + int(width) - 1, int(y)), fill=0)
    plain = Image.open(io.BytesIO(qr.png(address))).convert("L")
    assert picture.tobytes() == plain.resize((side, side), Image.Resampling.NEAREST).tobytes()


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, b"\xff\xd8"]
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    """Empty, of another format, or cut off."""
    with pytest.raises(qr.PictureError):
        qr.scan(content)


def test_a_cut_off_picture_is_refused() -> None:
    """Half of a file is not decoded as if it were all."""
    with pytest.raises(qr.PictureError):
        qr.scan(qr.png(ADDRESS)[:-900])


def test_a_picture_is_measured_before_it_is_decoded() -> None:
    """A file of a few kilobytes can unfold to gigabytes."""
    file = io.BytesIO()
    Image.new("1", (6_000, 5_000)).save(file, "PNG")
    with pytest.raises(qr.PictureError):
        qr.scan(file.getvalue())


# --- whose it is ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ("https://t.me/chatpay_bot?start=l_AbC-_1", "l_AbC-_1"),
        ("http://telegram.me/ChatPay_Bot?start=r_1", "r_1"),
        ("t.me/chatpay_bot?start=c_1", "c_1"),
        ("tg://resolve?domain=chatpay_bot&start=l_1", "l_1"),
        ("https://t.me/chatpay_bot", ""),
        ("https://t.me/chatpay_bot?start=<b>", ""),
        ("https://t.me/other_bot?start=l_1", None),
        ("https://t.me/chatpay_bot/evil?start=l_1", None),
        ("https://t.me@example.com/chatpay_bot?start=l_1", None),
        ("https://t.me.example.com/chatpay_bot?start=l_1", None),
        ("https://example.com/t.me/chatpay_bot?start=l_1", None),
        ("ftp://t.me/chatpay_bot?start=l_1", None),
        ("https://[t.me/chatpay_bot", None),
        ("l_AbC", None),
    ],
)
def test_only_links_to_this_bot_are_ours(text: str, payload: str | None) -> None:
    """By host and name, in any case; lookalikes are strangers."""
    assert own_payload(text, "chatpay_bot") == payload


@pytest.mark.parametrize("reason", Flaw)
def test_every_flaw_has_a_sentence(reason: Flaw) -> None:
    """Whatever is wrong with a bank's code can be said in plain words."""
    assert str(foreign.flaw(reason, Texts("en"))).endswith(".")


@pytest.mark.parametrize(
    ("account", "shown"),
    [
        ("FR1420041010050500013M02606", "FR14…2606"),
        ("nadeem@npci", "na…@npci"),
        ("12345678909", "12…09"),
        ("+5561912345678", "+556…5678"),
    ],
)
def test_accounts_are_masked(account: str, shown: str) -> None:
    """Enough to recognise, not enough to copy."""
    assert foreign.masked(account) == shown
