"""QR pictures: what is drawn reads back exactly, and what is read is measured first."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from bot import qr
from payments.money import Money

URL = "https://t.me/chatpay_demo_bot?start=l_AbCdEfGh12345678"
HINT = "Scan with your camera"

CARDS = {
    "all its lines": {"name": "Ann Lee", "amount": Money(1250, "EUR"), "note": "two coffees"},
    "no amount": {"name": "Ann Lee"},
    "a name alone in Bengali": {"name": "রহিম", "locale": "bn"},
    "an Arabic name and dirhams": {"name": "أحمد", "amount": Money(2000, "AED"), "locale": "ar"},
    "a Chinese name": {"name": "李雷", "amount": Money(100, "GBP")},
    "emoji": {"name": "Bob 🎉👩🏽\u200d🍳", "note": "🍕"},
    "long lines": {"name": "W" * 200, "note": "long " * 28, "amount": Money(10**12, "IDR")},
    "no text at all": {"name": "", "hint": ""},
}


def draw(**lines):
    return qr.card(URL, **{"hint": HINT, "locale": "en", **lines})


def opened(picture):
    return Image.open(io.BytesIO(picture))


def saved(image, kind):
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def read_by_opencv(picture):
    pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    text, _corners, _straight = cv2.QRCodeDetector().detectAndDecode(pixels)
    return text


@pytest.mark.parametrize("lines", CARDS.values(), ids=CARDS.keys())
def test_a_card_reads_back_to_its_link(lines):
    """Two independent readers find exactly the link, whatever is written around it."""
    picture = draw(**lines)
    assert qr.read(picture) == [URL]
    assert read_by_opencv(picture) == URL


@pytest.mark.parametrize("quality", [85, 30])
def test_a_card_survives_the_chats_compression(quality):
    """Shrunk to 800 pixels and squeezed as a JPEG it still reads."""
    image = opened(draw(name="Ann Lee", amount=Money(1250, "EUR"))).convert("RGB")
    image.thumbnail((800, 800))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    assert qr.read(file.getvalue()) == [URL]


def test_the_plain_code_is_sharp_and_wide_enough():
    """At least 600 pixels, pure black and white, four modules of quiet zone, whole modules."""
    picture = qr.png(URL)
    image = opened(picture).convert("L")
    pixels = np.asarray(image)
    assert qr.read(picture) == [URL]
    assert read_by_opencv(picture) == URL
    assert image.size == (615, 615)  # version 4: 33 modules and 2 x 4, 15 pixels each
    assert set(np.unique(pixels)) == {0, 255}
    assert pixels[:60].min() == 255
    assert pixels[60, 60] == 0
    blocks = pixels.reshape(41, 15, 41, 15)
    assert (blocks == blocks[:, :1, :, :1]).all()


def test_a_card_is_on_white_paper():
    """The ground is white in every corner and around the code, in dark chats too."""
    image = opened(draw(name="Ann Lee")).convert("RGB")
    corners = [(0, 0), (image.width - 1, 0), (0, image.height - 1), (540, 60)]
    assert {image.getpixel(corner) for corner in corners} == {(255, 255, 255)}


def test_what_no_font_can_draw_is_left_out():
    """Emoji vanish from a text; a text in an unknown script vanishes as a whole."""
    assert draw(name="Bob 🎉") == draw(name="Bob")
    assert draw(name="\ue000\ue001 Bob") == draw(name="")


def test_an_amount_is_always_on_the_card():
    """With or without a font for its symbol, the amount takes its line."""
    assert draw(name="", amount=Money(5000, "BDT"), locale="bn") != draw(name="", locale="bn")


def test_a_picture_is_drawn_once():
    """The same card again is the same bytes object, from the cache."""
    assert draw(name="Cached") is draw(name="Cached")


async def test_pictures_are_drawn_and_read_off_the_event_loop():
    """The asynchronous forms give what the plain ones give."""
    assert await qr.make_png(URL) == qr.png(URL)
    picture = await qr.make_card(URL, name="Ann Lee", hint=HINT, locale="en")
    assert picture == draw(name="Ann Lee")
    assert await qr.scan_picture(picture) == [qr.Scanned(URL, URL.encode())]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_usual_kinds_of_picture_are_read(kind):
    """PNG, JPEG and WebP read alike."""
    assert qr.read(saved(opened(qr.png(URL)).convert("RGB"), kind)) == [URL]


def test_a_code_on_a_see_through_ground_is_read():
    """What is transparent counts as white, also where its hidden colour is black."""
    dark = opened(qr.png(URL)).convert("L").point(lambda value: 255 - value)
    image = Image.new("RGBA", dark.size, (0, 0, 0, 0))
    image.putalpha(dark)
    assert qr.read(saved(image, "PNG")) == [URL]


def test_several_codes_are_all_read_and_none_twice():
    """Each text comes once; a picture without codes gives none."""
    one, other = opened(qr.png("https://t.me/a")), opened(qr.png("https://t.me/b"))
    wide = Image.new("L", (one.width * 3, one.height), 255)
    for at, image in enumerate((one, other, one)):
        wide.paste(image, (at * one.width, 0))
    assert sorted(qr.read(saved(wide, "PNG"))) == ["https://t.me/a", "https://t.me/b"]
    assert qr.read(saved(Image.new("L", (50, 50), 255), "PNG")) == []


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_header(width, height):
    """Return a PNG that claims to be this large and holds no pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", b"")


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (b"\x00" * (qr.BYTES_MOST + 1), "the file is too large"),
        (png_header(5001, 5000), "the picture has too many pixels"),
        (png_header(10_000, 10_000), "the picture has too many pixels"),
        (png_header(60_000, 60_000), "the picture has too many pixels"),
        (png_header(100, 100), "not a picture that can be read"),
        (qr.png(URL)[:500], "not a picture that can be read"),
        (saved(Image.new("L", (9, 9)), "GIF"), "not a picture that can be read"),
        (saved(Image.new("L", (9, 9)), "BMP"), "not a picture that can be read"),
        (b"", "not a picture that can be read"),
        (b"a letter", "not a picture that can be read"),
    ],
    ids=["bytes", "pixels", "warned of", "bomb", "empty", "cut", "gif", "bmp", "nothing", "text"],
)
def test_pictures_out_of_bounds_are_refused(picture, reason):
    """Size is checked before anything is decoded, and damage has one error."""
    with pytest.raises(qr.PictureError, match=f"^{reason}$"):
        qr.read(picture)
