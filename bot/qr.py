"""Draws payment links as QR codes and reads QR codes from pictures.

Drawing is sharp: every module of a code is a whole number of pixels, and the picture is large
enough to survive the chat's compression. Reading trusts nothing: a picture is measured before it
is decoded, and what a code says is text from a stranger. A photo in which nothing is found at
first is looked at again in other ways, which takes longer: enlarged, evened out, in parts.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby

import qrcode
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from bot.lettering import drawable, fitted
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
_POSTERS_KEPT = 8
"""Of half a megabyte each."""
_MASK = 7
"""One mask for all codes: trying all eight takes three times as long, and OpenCV's detector, the
pickiest one met, misses fewer links with this one than with the one that is then chosen."""
_QR_CODE = zxingcpp.barcode_formats_from_str("QRCode")
_readers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="qr-read")
"""Few at a time, since each may hold a large picture."""


class PictureError(ValueError):
    """The picture is too large to be read, is damaged, or is no PNG, JPEG or WebP."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What one QR code says: as text, and as it is held, since some have their own charset."""

    text: str
    data: bytes


@lru_cache(_PICTURES_KEPT)
def png(url: str) -> bytes:
    """Return `url` as a plain QR code: error correction M, at least 600 pixels wide, PNG."""
    return _png(_code(url, least_width=_PLAIN_WIDTH))


@lru_cache(_PICTURES_KEPT)
def svg(url: str) -> bytes:
    """Return `url` as a plain QR code that can be printed at any size: SVG, one unit a module."""
    rows = _modules(url)
    side = len(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" '
        'shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}h-{side}z"/>'
        f'<path d="{"".join(_runs(rows))}"/></svg>\n'
    ).encode()


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

    Pillow's own font draws plain Latin text; for anything else a font of the machine is looked
    for. What no font can draw is left out rather than drawn as boxes: emoji vanish from a text,
    and a text in a script that all fonts lack vanishes as a whole. An amount whose symbol they
    lack is written with its code.

    Args:
        url: What the code says.
        name: The payee.
        amount: What is to be paid; None when the payer chooses.
        note: What for.
        hint: How to use the code, in the person's language: "Scan with your camera".
        locale: The language the amount is written in.
    """
    words = _words(name=name, amount=amount, note=note, hint=hint, locale=locale)
    return _png(_draw_card(_code(url, least_width=_CODE_WIDTH), words))


@lru_cache(_POSTERS_KEPT)
def poster(
    url: str,
    *,
    name: str,
    amount: Money | None = None,
    note: str = "",
    hint: str,
    locale: str,
) -> bytes:
    """Return a card to print, PDF: the first page is A4, for a wall, the second A5, for a desk.

    Args:
        url: What the code says; also written below it.
        name: As in `card`.
        amount: As in `card`.
        note: As in `card`.
        hint: As in `card`.
        locale: As in `card`.
    """
    words = _words(name=name, amount=amount, note=note, hint=hint, locale=locale)
    first, second = (_draw_page(url, words, size) for size in (_A4, _A5))
    file = io.BytesIO()
    first.save(
        file,
        "PDF",
        resolution=_DOTS_PER_INCH,
        save_all=True,
        append_images=[second],
        quality=90,
        title=name,
    )
    return file.getvalue()


def read(picture: bytes) -> list[str]:
    """Return what each QR code in a picture says, each text once; as `scan`."""
    return [code.text for code in scan(picture)]


def scan(picture: bytes) -> list[Scanned]:
    """Return the QR codes in a PNG, JPEG or WebP picture, those that say the same once.

    Raises:
        PictureError: the picture is over `BYTES_MOST` or `PIXELS_MOST`, or is none.
    """
    grey = _opened(picture)
    for look in _looks(grey):
        found = zxingcpp.read_barcodes(look, formats=_QR_CODE)
        if found:
            return list(dict.fromkeys(Scanned(code.text, bytes(code.bytes)) for code in found))
    return []


async def make_png(url: str) -> bytes:
    """As `png`, off the event loop."""
    return await asyncio.to_thread(png, url)


async def make_svg(url: str) -> bytes:
    """As `svg`, off the event loop."""
    return await asyncio.to_thread(svg, url)


async def make_card(
    url: str, *, name: str, amount: Money | None = None, note: str = "", hint: str, locale: str
) -> bytes:
    """As `card`, off the event loop."""
    return await asyncio.to_thread(
        card, url, name=name, amount=amount, note=note, hint=hint, locale=locale
    )


async def make_poster(
    url: str, *, name: str, amount: Money | None = None, note: str = "", hint: str, locale: str
) -> bytes:
    """As `poster`, off the event loop."""
    return await asyncio.to_thread(
        poster, url, name=name, amount=amount, note=note, hint=hint, locale=locale
    )


async def scan_picture(picture: bytes) -> list[Scanned]:
    """As `scan`, off the event loop, two at a time."""
    return await asyncio.get_running_loop().run_in_executor(_readers, scan, picture)


# --- Reading -------------------------------------------------------------------------------------

_SIDE_MOST = 1600
"""Pixels of the longer side in which a photo is searched again."""
_SMALL = 1000
"""Below this, enlarging a photo shows its modules better."""
_PARTS = 3
"""A large photo is searched in so many overlapping parts each way, for a small code in it."""


def _opened(picture: bytes) -> Image.Image:
    if len(picture) > BYTES_MOST:
        raise PictureError("the file is too large")
    try:
        with Image.open(io.BytesIO(picture), formats=("PNG", "JPEG", "WEBP")) as image:
            if image.width * image.height > PIXELS_MOST:
                raise PictureError("the picture has too many pixels")
            image.draft("L", image.size)  # a JPEG is decoded without its colours
            return _on_white(image).convert("L")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError("the picture has too many pixels") from error
    except PictureError:
        raise
    except (OSError, SyntaxError, ValueError) as error:  # Pillow's answers to damaged files
        raise PictureError("not a picture that can be read") from error


def _looks(grey: Image.Image) -> Iterator[Image.Image]:
    """Return the ways to look at a photo, the quickest first."""
    yield grey
    whole = ImageOps.contain(grey, (_SIDE_MOST, _SIDE_MOST)) if _is_large(grey) else grey
    yield ImageOps.autocontrast(whole, cutoff=2)
    yield ImageOps.autocontrast(whole.filter(ImageFilter.GaussianBlur(1.5)), cutoff=2)
    if max(whole.size) < _SMALL:
        yield _enlarged(whole)
    for part in _parts(whole):
        yield _enlarged(part)


def _is_large(grey: Image.Image) -> bool:
    return max(grey.size) > _SIDE_MOST


def _enlarged(grey: Image.Image) -> Image.Image:
    larger = grey.resize((grey.width * 2, grey.height * 2), Image.Resampling.BICUBIC)
    return ImageOps.autocontrast(larger, cutoff=1)


def _parts(grey: Image.Image) -> Iterator[Image.Image]:
    """Return overlapping parts of half the width and height."""
    width, height = grey.width // 2, grey.height // 2
    for row in range(_PARTS):
        for column in range(_PARTS):
            left = (grey.width - width) * column // (_PARTS - 1)
            top = (grey.height - height) * row // (_PARTS - 1)
            yield grey.crop((left, top, left + width, top + height))


def _on_white(image: Image.Image) -> Image.Image:
    """Put a picture with see-through parts on white paper, as a chat shows it."""
    if not image.has_transparency_data:
        return image
    paper = Image.new("RGBA", image.size, _PAPER)
    paper.alpha_composite(image.convert("RGBA"))
    return paper


# --- The code ------------------------------------------------------------------------------------


def _modules(url: str) -> list[list[bool]]:
    """Return the rows of the code with its quiet zone, True for dark."""
    code = qrcode.QRCode(
        error_correction=qrcode.constants.ERROR_CORRECT_M, border=_QUIET_ZONE, mask_pattern=_MASK
    )
    code.add_data(url)
    rows: list[list[bool]] = code.get_matrix()
    return rows


def _code(url: str, *, least_width: int) -> Image.Image:
    """Draw the code in black on white, each module a whole number of pixels."""
    modules = _modules(url)
    side = len(modules)
    image = Image.new("L", (side, side))
    image.putdata([0 if dark else 255 for row in modules for dark in row])
    scale = -(-least_width // side)
    return image.resize((side * scale, side * scale), Image.Resampling.NEAREST)


def _runs(rows: list[list[bool]]) -> Iterator[str]:
    """Return an SVG path for each run of dark modules."""
    for y, row in enumerate(rows):
        x = 0
        for dark, modules in groupby(row):
            width = len(list(modules))
            if dark:
                yield f"M{x} {y}h{width}v1h-{width}z"
            x += width


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


# --- The card ------------------------------------------------------------------------------------

_WIDTH = 1080
_MARGIN = 40
_PADDING = 64
_CODE_WIDTH = 720
_CORNER = 56
_RULE = 8
_SMOOTH = 3
"""Shapes are drawn this many times larger and scaled down, for smooth edges."""

_DOTS_PER_INCH = 300
_A4 = (2480, 3508)
_A5 = (1748, 2480)
"""Pixels of the sheets of ISO 216 at that resolution."""

_INK = "#0f172a"
_QUIET = "#64748b"
_BRAND = "#0f766e"
_PAPER = "#ffffff"


@dataclass(frozen=True, slots=True)
class _Line:
    """One centred line of the card: its text, size and colour, and the space above it."""

    text: str
    size: int
    colour: str
    above: int
    weight: int = 0
    """How many pixels the strokes are thickened by; the fonts have one weight."""

    def scaled(self, by: float) -> _Line:
        """Return it larger."""
        return replace(
            self,
            size=round(self.size * by),
            above=round(self.above * by),
            weight=round(self.weight * by),
        )


@dataclass(frozen=True, slots=True)
class _Words:
    """What is written above the code, and below it."""

    heading: tuple[_Line, ...]
    footing: tuple[_Line, ...]


def _words(*, name: str, amount: Money | None, note: str, hint: str, locale: str) -> _Words:
    figure = "" if amount is None else drawable(format_money(amount, locale)) or str(amount)
    heading = (
        _Line(drawable(name), 60, _INK, 0, weight=1),
        _Line(figure, 92, _BRAND, 26, weight=2),
        _Line(drawable(note), 40, _QUIET, 26),
    )
    footing = (_Line(drawable(hint), 38, _QUIET, 12),)
    return _Words(
        tuple(line for line in heading if line.text), tuple(line for line in footing if line.text)
    )


def _height(lines: tuple[_Line, ...]) -> int:
    return sum(line.above + line.size for line in lines)


def _draw_card(code: Image.Image, words: _Words) -> Image.Image:
    top = _MARGIN + _PADDING
    height = top + _height(words.heading) + code.height + _height(words.footing) + top
    picture = _frame(height)
    _fill(picture, words, code, top)
    return picture


def _draw_page(url: str, words: _Words, size: tuple[int, int]) -> Image.Image:
    """Draw the card as large as the page, the code in the middle and its address below it."""
    scale = size[0] / _WIDTH
    address = _Line(url, 22, _QUIET, 30)
    larger = _Words(
        tuple(line.scaled(scale) for line in words.heading),
        tuple(line.scaled(scale) for line in (*words.footing, address)),
    )
    code = _code(url, least_width=round(_CODE_WIDTH * scale))
    page = Image.new("RGB", size, _PAPER)
    edge = round(_MARGIN * scale)
    ImageDraw.Draw(page).rounded_rectangle(
        (edge, edge, page.width - edge, page.height - edge),
        radius=round(_CORNER * scale),
        outline=_BRAND,
        width=round(_RULE * scale),
    )
    tall = _height(larger.heading) + code.height + _height(larger.footing)
    _fill(page, larger, code, (page.height - tall) // 2)
    return page


def _fill(picture: Image.Image, words: _Words, code: Image.Image, top: int) -> None:
    at = _write(picture, words.heading, top)
    picture.paste(code, ((picture.width - code.width) // 2, at))
    _write(picture, words.footing, at + code.height)


def _frame(height: int) -> Image.Image:
    """Return white paper with a rounded frame."""
    large = Image.new("RGB", (_WIDTH * _SMOOTH, height * _SMOOTH), _PAPER)
    edge = _MARGIN * _SMOOTH
    ImageDraw.Draw(large).rounded_rectangle(
        (edge, edge, large.width - edge, large.height - edge),
        radius=_CORNER * _SMOOTH,
        outline=_BRAND,
        width=_RULE * _SMOOTH,
    )
    return large.reduce(_SMOOTH)


def _write(picture: Image.Image, lines: tuple[_Line, ...], top: int) -> int:
    """Write the lines centred under each other from `top`; return where they end."""
    draw = ImageDraw.Draw(picture)
    room = picture.width - 2 * (_MARGIN + _PADDING) * picture.width // _WIDTH
    for line in lines:
        top += line.above
        text, font = fitted(line.text, line.size, room)
        draw.text(
            (picture.width / 2, top + line.size / 2),
            text,
            fill=line.colour,
            font=font,
            anchor="mm",
            stroke_width=line.weight,
            stroke_fill=line.colour,
        )
        top += line.size
    return top
