"""Draws payment links as QR codes and reads QR codes from pictures.

Drawing is sharp: every module of a code is a whole number of pixels, and the picture is large
enough to survive the chat's compression. Reading trusts nothing: a picture is measured before it
is decoded, and what a code says is text from a stranger.
"""

from __future__ import annotations

import asyncio
import io
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import qrcode
import zxingcpp
from PIL import Image, ImageDraw, ImageFont

from payments.money import Money, format_money

BYTES_MOST = 10 * 1024 * 1024
"""The largest picture file that is read, in bytes."""
PIXELS_MOST = 25_000_000
"""The largest picture that is decoded, in pixels."""

_PLAIN_WIDTH = 600
_QUIET_ZONE = 4
"""Empty modules around a code, as ISO/IEC 18004 asks."""
_PICTURES_KEPT = 64
"""A shop's code is asked for again and again."""


class PictureError(ValueError):
    """The picture is too large to be read, is damaged, or is no PNG, JPEG or WebP."""


@lru_cache(_PICTURES_KEPT)
def png(url: str) -> bytes:
    """Return `url` as a plain QR code: error correction M, at least 600 pixels wide, PNG."""
    return _png(_code(url, least_width=_PLAIN_WIDTH))


@lru_cache(_PICTURES_KEPT)
def card(
    url: str,
    *,
    name: str,
    amount: Money | None = None,
    note: str = "",
    hint: str,
    locale: str,
) -> bytes:
    """Return a picture to show or to print, PNG: the code of `url` with whom and what it pays.

    What the font cannot draw is left out rather than drawn as boxes: emoji vanish from a text,
    and a text in a script that it lacks vanishes as a whole. An amount whose symbol it lacks is
    written with its code.

    Args:
        url: What the code says.
        name: The payee.
        amount: What is to be paid; None when the payer chooses.
        note: What for.
        hint: How to use the code, in the person's language: "Scan with your camera".
        locale: The language the amount is written in.
    """
    figure = "" if amount is None else _drawable(format_money(amount, locale)) or str(amount)
    return _png(
        _draw_card(
            _code(url, least_width=_CODE_WIDTH),
            name=_drawable(name),
            figure=figure,
            note=_drawable(note),
            hint=_drawable(hint),
        )
    )


def read(picture: bytes) -> list[str]:
    """Return what each QR code in a PNG, JPEG or WebP picture says, each text once.

    Raises:
        PictureError: the picture is over `BYTES_MOST` or `PIXELS_MOST`, or is none.
    """
    if len(picture) > BYTES_MOST:
        raise PictureError("the file is too large")
    try:
        with Image.open(io.BytesIO(picture), formats=("PNG", "JPEG", "WEBP")) as image:
            if image.width * image.height > PIXELS_MOST:
                raise PictureError("the picture has too many pixels")
            grey = image.convert("L")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError("the picture has too many pixels") from error
    except (OSError, SyntaxError) as error:  # Pillow's answers to damaged and foreign files
        raise PictureError("not a picture that can be read") from error
    codes = zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormat.QRCode)
    return list(dict.fromkeys(code.text for code in codes))


async def make_png(url: str) -> bytes:
    """As `png`, off the event loop."""
    return await asyncio.to_thread(png, url)


async def make_card(
    url: str, *, name: str, amount: Money | None = None, note: str = "", hint: str, locale: str
) -> bytes:
    """As `card`, off the event loop."""
    return await asyncio.to_thread(
        card, url, name=name, amount=amount, note=note, hint=hint, locale=locale
    )


async def read_picture(picture: bytes) -> list[str]:
    """As `read`, off the event loop."""
    return await asyncio.to_thread(read, picture)


# --- The code ------------------------------------------------------------------------------------


def _code(url: str, *, least_width: int) -> Image.Image:
    """Draw the code in black on white with its quiet zone, each module a whole number of pixels."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=_QUIET_ZONE)
    code.add_data(url)
    modules = code.get_matrix()
    side = len(modules)
    image = Image.new("L", (side, side))
    image.putdata([0 if dark else 255 for row in modules for dark in row])
    scale = -(-least_width // side)
    return image.resize((side * scale, side * scale), Image.Resampling.NEAREST)


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


# --- The card ------------------------------------------------------------------------------------

_WIDTH = 1080
_MARGIN = 40
_PADDING = 64
_CODE_WIDTH = 720
_SMOOTH = 3
"""Shapes are drawn this many times larger and scaled down, for smooth edges."""

_INK = "#0f172a"
_QUIET = "#64748b"
_BRAND = "#0f766e"
_PAPER = "#ffffff"

_NOTDEF = "\U0010ffff"
"""A character that no font has."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One centred line of the card: its text, size and colour, and the space above it."""

    text: str
    size: int
    colour: str
    above: int
    weight: int = 0
    """How many pixels the strokes are thickened by; the font has one weight."""


def _draw_card(code: Image.Image, *, name: str, figure: str, note: str, hint: str) -> Image.Image:
    heading = [
        _Line(name, 60, _INK, 0, weight=1),
        _Line(figure, 92, _BRAND, 26, weight=2),
        _Line(note, 40, _QUIET, 26),
    ]
    heading = [line for line in heading if line.text]
    footing = [_Line(hint, 38, _QUIET, 12)] if hint else []
    above = sum(line.above + line.size for line in heading)
    below = sum(line.above + line.size for line in footing)
    top = _MARGIN + _PADDING
    height = top + above + code.height + below + _PADDING + _MARGIN
    picture = _frame(height)
    at = _write(picture, heading, top)
    picture.paste(code, ((_WIDTH - code.width) // 2, at))
    _write(picture, footing, at + code.height)
    return picture


def _frame(height: int) -> Image.Image:
    """Return white paper with a rounded frame."""
    large = Image.new("RGB", (_WIDTH * _SMOOTH, height * _SMOOTH), _PAPER)
    edge = _MARGIN * _SMOOTH
    ImageDraw.Draw(large).rounded_rectangle(
        (edge, edge, large.width - edge, large.height - edge),
        radius=56 * _SMOOTH,
        outline=_BRAND,
        width=8 * _SMOOTH,
    )
    return large.resize((_WIDTH, height), Image.Resampling.LANCZOS)


def _write(picture: Image.Image, lines: list[_Line], top: int) -> int:
    """Write the lines centred under each other from `top`; return where they end."""
    draw = ImageDraw.Draw(picture)
    room = _WIDTH - 2 * (_MARGIN + _PADDING)
    for line in lines:
        top += line.above
        text, font = _fitted(line, room)
        draw.text(
            (_WIDTH / 2, top + line.size / 2),
            text,
            fill=line.colour,
            font=font,
            anchor="mm",
            stroke_width=line.weight,
            stroke_fill=line.colour,
        )
        top += line.size
    return top


def _fitted(line: _Line, room: int) -> tuple[str, ImageFont.FreeTypeFont]:
    """Make a line smaller, down to half, then shorter, until it fits into `room` pixels."""
    for size in range(line.size, line.size // 2, -2):
        font = _font(size)
        if font.getlength(line.text) <= room:
            return line.text, font
    text = line.text
    while font.getlength(f"{text}…") > room:
        text = text[:-1]
    return f"{text.rstrip()}…", font


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """Return the scalable font that comes with Pillow."""
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise TypeError("Pillow was built without FreeType")
    return font


def _drawable(text: str) -> str:
    """Return `text` without emoji, or nothing where the font lacks any of its characters."""
    visible = "".join(c for c in text if unicodedata.category(c) not in {"So", "Sk", "Mn", "Cf"})
    line = " ".join(visible.split())
    return line if all(map(_has_glyph, line)) else ""


@lru_cache(1024)
def _has_glyph(character: str) -> bool:
    font = _font(32)
    return character == " " or bytes(font.getmask(character)) != bytes(font.getmask(_NOTDEF))
