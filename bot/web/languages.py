"""Which language a visitor reads, as their browser says it."""

from __future__ import annotations

from bot.texts import Texts, languages

_TAGS_MOST = 20
_TAG_MOST = 35
"""The length that RFC 5646, 4.4.1, has readers provide for."""


def texts_for(accept_language: str) -> Texts:
    """The catalogue in the best language of an `Accept-Language` header (RFC 9110, 12.5.4).

    Of equally welcome ones the first counts. English where there is none that we speak.
    """
    for tag in _by_welcome(accept_language):
        texts = Texts(tag)
        if texts.spoken != "en" or tag.partition("-")[0] == "en":
            return texts
    return Texts("en")


def texts_of(language: str) -> Texts | None:
    """The catalogue in a language that we speak; None for any other."""
    return Texts(language) if language in languages() else None


def _by_welcome(accept_language: str) -> list[str]:
    ranges = []
    for part in accept_language.lower().split(",")[:_TAGS_MOST]:
        tag, _, parameter = part.strip().partition(";")
        welcome = _quality(parameter)
        if (
            len(tag) <= _TAG_MOST
            and tag.replace("-", "").isalnum()
            and tag.isascii()
            and welcome > 0
        ):
            ranges.append((tag.strip(), welcome))
    return [tag for tag, _ in sorted(ranges, key=lambda each: -each[1])]


def _quality(parameter: str) -> float:
    """The weight of a language range, 1 where there is none, 0 where it cannot be read."""
    name, _, value = parameter.replace(" ", "").partition("=")
    if not name:
        return 1
    try:
        return float(value) if name == "q" else 0
    except ValueError:
        return 0
