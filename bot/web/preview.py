"""The picture that a chat or a social network shows for a payment link that is pasted into it.

1200 by 630 pixels, as Open Graph's readers ask for. It says what the page says at its top, and
nothing else.
"""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw

from bot import lettering, qr

WIDTH, HEIGHT = 1200, 630

_KEPT = 64
_SMOOTH = 2
"""Shapes are drawn this many times larger and scaled down, for smooth edges."""

_EDGE = 40
_LEFT = _TOP = _EDGE + 64
_AVATAR = 136
_CODE = 420
_QUIET_ZONE = 28
"""Pixels of a code's empty edge that lie in the paper's."""
_GRADIENT = ((15, 118, 110), (8, 47, 73))
"""From the top to the bottom."""
_AVATARS = ("#0f766e", "#0369a1", "#4338ca", "#7e22ce", "#be185d", "#155e75", "#b45309", "#4d7c0f")
"""As in the stylesheet, in the same order."""
HUES = len(_AVATARS)
_PAPER = "#ffffff"
_INK = "#0f172a"
_QUIET = "#64748b"
_BRAND = "#0f766e"


@dataclass(frozen=True, slots=True)
class Preview:
    """The words of a picture."""

    initials: str
    hue: int
    """Which of the colours the circle behind the initials has."""
    heading: str
    """Such as "Pay"."""
    name: str
    figure: str
    """The amount, or what there is to say in its place."""
    note: str
    footing: str
    address: str
    """What the code says; "" for none."""
    mirrored: bool
    """From right to left."""


@lru_cache(_KEPT)
def draw(preview: Preview) -> bytes:
    """Return the picture, PNG. What no font can draw is left out."""
    picture = _shapes(preview)
    pen = ImageDraw.Draw(picture)
    right = WIDTH - _LEFT - (_CODE + 24 if preview.address else 0)
    beside = _LEFT + _AVATAR + 40
    room = right - beside
    for text, style, x, y in (
        (preview.heading, _Style(36, _QUIET, room), beside, _TOP + 34),
        (preview.name, _Style(60, _INK, room, weight=1), beside, _TOP + 100),
        (preview.figure, _Style(110, _BRAND, right - _LEFT, weight=2), _LEFT, _TOP + 250),
        (preview.note, _Style(38, _INK, right - _LEFT), _LEFT, _TOP + 342),
        (preview.footing, _Style(30, _QUIET, right - _LEFT), _LEFT, HEIGHT - _EDGE - 46),
    ):
        if preview.mirrored:
            _write(pen, text, style, (WIDTH - x, y), anchor="rm")
        else:
            _write(pen, text, style, (x, y), anchor="lm")
    file = io.BytesIO()
    picture.quantize(160, method=Image.Quantize.MEDIANCUT).save(file, "PNG", optimize=True)
    return file.getvalue()


async def make(preview: Preview) -> bytes:
    """As `draw`, off the event loop."""
    return await asyncio.to_thread(draw, preview)


@dataclass(frozen=True, slots=True)
class _Style:
    """How a text is written: its size, colour and room in pixels."""

    size: int
    colour: str
    room: int
    weight: int = 0
    """How many pixels the strokes are thickened by."""


def _shapes(preview: Preview) -> Image.Image:
    """Draw the paper on the coloured ground, with the circle and the code."""
    ground = Image.linear_gradient("L").resize((WIDTH, HEIGHT))
    picture = Image.composite(
        Image.new("RGB", ground.size, _GRADIENT[1]),
        Image.new("RGB", ground.size, _GRADIENT[0]),
        ground,
    )
    large = picture.resize((WIDTH * _SMOOTH, HEIGHT * _SMOOTH))
    pen = ImageDraw.Draw(large)
    paper = (_EDGE, _EDGE, WIDTH - _EDGE, HEIGHT - _EDGE)
    pen.rounded_rectangle([at * _SMOOTH for at in paper], radius=44 * _SMOOTH, fill=_PAPER)
    left = WIDTH - _LEFT - _AVATAR if preview.mirrored else _LEFT
    circle = (left, _TOP, left + _AVATAR, _TOP + _AVATAR)
    pen.ellipse([at * _SMOOTH for at in circle], fill=_AVATARS[preview.hue])
    shapes = large.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    middle = (left + _AVATAR // 2, _TOP + _AVATAR // 2)
    initials = _Style(60, _PAPER, _AVATAR - 30, weight=1)
    _write(ImageDraw.Draw(shapes), preview.initials, initials, middle, anchor="mm")
    if preview.address:
        inset = _LEFT - _QUIET_ZONE
        x = inset if preview.mirrored else WIDTH - inset - _CODE
        shapes.paste(_code(preview.address), (x, (HEIGHT - _CODE) // 2))
    return shapes


def _code(address: str) -> Image.Image:
    with Image.open(io.BytesIO(qr.png(address))) as code:
        return code.resize((_CODE, _CODE), Image.Resampling.LANCZOS)


def _write(
    pen: ImageDraw.ImageDraw, text: str, style: _Style, at: tuple[int, int], *, anchor: str
) -> None:
    line = lettering.drawable(text)
    if not line:
        return
    line, font = lettering.fitted(line, style.size, style.room)
    pen.text(
        at,
        line,
        fill=style.colour,
        font=font,
        anchor=anchor,
        stroke_width=style.weight,
        stroke_fill=style.colour,
    )
