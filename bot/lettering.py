"""Which font a text is drawn with on a picture, and how much of it fits.

Pillow's own font draws plain Latin text; for anything else a font of the machine is looked for.
What no font can draw is left out rather than drawn as boxes: emoji vanish from a text, and a text
in a script that all fonts lack vanishes as a whole.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from PIL import ImageFont, features

_FONTS = (
    None,  # the one that comes with Pillow
    "NotoSans-Regular.ttf",
    "DejaVuSans.ttf",
    "Arial.ttf",
    "NotoSansArabic-Regular.ttf",
    "NotoSansBengali-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
)
"""Fonts in order of preference; those that the machine has are used."""

_JOINERS = "\ufe0f\u200d\u200e\u200f\u061c🏻🏼🏽🏾🏿"
"""What holds an emoji together or turns the direction: nothing to see by itself."""

_NOTDEF = "\U0010ffff"
"""A character that no font has."""


def drawable(text: str) -> str:
    """Return `text` on one line without emoji, or nothing where no font has all of the rest."""
    letters = "".join(c for c in text if c not in _JOINERS and unicodedata.category(c) != "So")
    line = " ".join(letters.split())
    try:
        _font_for(line)
    except LookupError:
        return ""
    return line


def fitted(text: str, size: int, room: int) -> tuple[str, ImageFont.FreeTypeFont]:
    """Make a text smaller, down to half of `size`, then shorter, until it fits into `room` pixels.

    Raises:
        LookupError: it is not `drawable`.
    """
    name = _font_for(text)
    for smaller in range(size, size // 2, -2):
        font = _font(name, smaller)
        if font.getlength(text) <= room:
            return text, font
    while font.getlength(f"{text}…") > room:
        text = text[:-1]
    return f"{text.rstrip()}…", font


def _font_for(line: str) -> str | None:
    """Return the name of the first font that has every character of `line`.

    Raises:
        LookupError: none has.
    """
    if any(map(_is_shaped, line)) and not features.check("raqm"):
        raise LookupError("letters that join need Raqm to be drawn")
    for name in _fonts_here():
        if all(_has_glyph(name, character) for character in line):
            return name
    raise LookupError("no font has every character")


def _is_shaped(character: str) -> bool:
    """Say whether a letter changes with its neighbours, as in Arabic and the Indic scripts."""
    right_to_left = unicodedata.bidirectional(character) in {"R", "AL"}
    return right_to_left or unicodedata.category(character) in {"Mn", "Mc"}


@lru_cache
def _fonts_here() -> tuple[str | None, ...]:
    return tuple(name for name in _FONTS if _is_here(name))


def _is_here(name: str | None) -> bool:
    try:
        _font(name, 32)
    except OSError:
        return False
    return True


@lru_cache
def _font(name: str | None, size: int) -> ImageFont.FreeTypeFont:
    """Load a font of the machine by name, or the scalable one that comes with Pillow.

    Raises:
        OSError: the machine has no such font.
    """
    if name is not None:
        return ImageFont.truetype(name, size)
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise OSError("Pillow was built without FreeType")
    return font


@lru_cache(1024)
def _has_glyph(name: str | None, character: str) -> bool:
    font = _font(name, 32)
    return character == " " or bytes(font.getmask(character)) != bytes(font.getmask(_NOTDEF))
