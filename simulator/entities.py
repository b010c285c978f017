"""A text and the entities in it: how they are measured, trimmed, and found by clients.

Offsets and lengths of entities count UTF-16 code units.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from simulator.people import Json


class ParseError(Exception):
    """The text is not well formed; the message says where."""


@dataclass(frozen=True, slots=True)
class Formatted:
    """A plain text and the entities in it."""

    text: str
    entities: list[Json]


def utf16_length(text: str) -> int:
    """The number of UTF-16 code units of a text, in which Telegram measures."""
    if text.isascii():
        return len(text)
    return len(text) + sum(character > "\uffff" for character in text)


def utf16_slice(text: str, offset: int, length: int) -> str:
    """The part of a text that an entity covers."""
    units = text.encode("utf-16-le", "surrogatepass")
    return units[2 * offset : 2 * (offset + length)].decode("utf-16-le", "replace")


@dataclass(slots=True)
class Mark:
    """A tag or mark that waits for its end."""

    name: str
    argument: str
    offset: int
    position: int
    """Where it began: its place in the source, or among the parts of the output."""
    unix_time: str = ""
    """What a moment says of itself."""


class Output:
    """The plain text that a reader has made so far, with its length in UTF-16 code units."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.length = 0

    def write(self, text: str) -> None:
        """Adds to the text."""
        self.parts.append(text)
        self.length += utf16_length(text)

    def since(self, part: int) -> str:
        """The text from the so-manieth writing on."""
        return "".join(self.parts[part:])


def trimmed(formatted: Formatted) -> Formatted:
    """The text without the white space around it, as messages are stored."""
    text = formatted.text.replace("\r", "")
    kept = text.strip(" \t\n\v\f\0")
    if kept == formatted.text:
        return formatted
    removed = len(text) - len(text.lstrip(" \t\n\v\f\0"))
    end = utf16_length(kept)
    entities = []
    for entity in formatted.entities:
        first = max(entity["offset"] - removed, 0)
        last = min(entity["offset"] - removed + entity["length"], end)
        if first < last:
            entities.append(entity | {"offset": first, "length": last - first})
    return Formatted(kept, entities)


_USER_LINK = re.compile(r"tg:(?://)?user\?id=(\d+)", re.IGNORECASE)
_LINK = re.compile(r"(?:(https?|tg|ton)://)?([^/?#\s]+)(.*)", re.IGNORECASE | re.DOTALL)


def link_entity(address: str) -> Json | None:
    """The fields of a link entity; None for an address that Telegram does not link to."""
    mention = _USER_LINK.fullmatch(address.strip())
    if mention:
        return {"type": "text_mention", "user": {"id": int(mention[1])}}
    url = checked_url(address)
    return None if url is None else {"type": "text_link", "url": url}


def checked_url(address: str) -> str | None:
    """The address in the form Telegram keeps, or None if it takes it for no address."""
    match = _LINK.fullmatch(address.strip())
    if match is None:
        return None
    scheme, host, rest = match[1], match[2], match[3]
    if scheme and scheme.lower() in {"tg", "ton"}:
        return address.strip()
    name = host.rpartition("@")[2]
    name, _, port = name.partition(":")
    labels = name.split(".")
    if len(labels) < 2 or not all(labels) or (port and not port.isdigit()):
        return None
    if any(re.search(r"[^\w-]", label) for label in labels):
        return None
    if rest and rest[0] in "?#":
        rest = "/" + rest
    return f"{(scheme or 'http').lower()}://{host.lower()}{rest or '/'}"


_INT32 = 1 << 32
_RELATIVE = frozenset({"r", "R"})


def moment_entity(unix_time: str, date_time_format: str) -> Json | None:
    """The fields of a moment, as TDLib's `FormattedDate` reads what a bot says of it.

    Args:
        unix_time: seconds; taken as far as it is a number, and as one of 32 bits.
        date_time_format: "r", or letters of "wdDtT"; may be empty.

    Returns:
        The fields; None for a moment that is no positive number.

    Raises:
        ParseError: there is another letter in the format.
    """
    if date_time_format not in _RELATIVE and not set(date_time_format) <= set("wWdDtT"):
        raise ParseError("Invalid date format used")
    number = re.match(r"-?[0-9]+", unix_time)
    seconds = int(number[0]) % _INT32 if number else 0
    if not 0 < seconds < _INT32 // 2:
        return None
    fields: Json = {"type": "date_time", "unix_time": seconds}
    return fields | ({"date_time_format": _in_form(date_time_format)} if date_time_format else {})


def _in_form(date_time_format: str) -> str:
    if date_time_format in _RELATIVE:
        return "r"
    day = next((letter for letter in "wW" if letter in date_time_format), "").lower()
    date = next((letter for letter in "dD" if letter in date_time_format), "")
    return day + date + next((letter for letter in "tT" if letter in date_time_format), "")


_HINT = re.compile(r"[/@#$.+]")

_TOP_LEVEL = "com|org|net|io|me|dev|app|info|co|de|uk|in|br|ru|eu|ai|xyz|shop|store|pay|example"

_FOUND = re.compile(
    r"(?P<email>(?<![\w.@-])[\w.+-]{1,64}@(?:[\w-]+\.)+[A-Za-z]{2,}(?![\w@]))"
    r"|(?P<url>\b(?:https?|tg|ton)://[^\s<>\"]*[^\s<>\".,!?;:)\]}']"
    rf"|(?<![\w@./-])(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+(?:{_TOP_LEVEL})\b"
    r"(?::\d+)?(?:[/?#][^\s<>\"]*[^\s<>\".,!?;:)\]}'])?)"
    r"|(?P<bot_command>(?<![\w/<>@])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>@]))"
    r"|(?P<mention>(?<![\w@])@[A-Za-z][A-Za-z0-9_]{2,31}(?!\w))"
    r"|(?P<hashtag>(?<![\w#])\#(?=\w*[^\W\d_])\w{1,256})"
    r"|(?P<cashtag>(?<![\w$])\$[A-Z]{1,8}(?!\w))"
    r"|(?P<phone_number>(?<![\w+])\+\d(?:[ -]?\(?\d\)?){6,14}(?!\w))"
)

_CLOSED_TO_LINKS = frozenset(
    {"code", "pre", "text_link", "text_mention", "custom_emoji", "date_time"}
)


def with_links(formatted: Formatted) -> Formatted:
    """Adds the commands, mentions, links and the like that every client finds in a text."""
    text = formatted.text
    if not _HINT.search(text):
        return formatted
    closed = [
        (entity["offset"], entity["offset"] + entity["length"])
        for entity in formatted.entities
        if entity["type"] in _CLOSED_TO_LINKS
    ]
    found = []
    for match in _FOUND.finditer(text):
        offset = utf16_length(text[: match.start()])
        length = utf16_length(match[0])
        if any(offset < last and first < offset + length for first, last in closed):
            continue
        found.append({"type": match.lastgroup, "offset": offset, "length": length})
    if not found:
        return formatted
    return Formatted(text, in_order(formatted.entities + found))


_RANK = {
    "expandable_blockquote": 0,
    "blockquote": 0,
    "text_link": 1,
    "text_mention": 1,
    "pre": 2,
    "code": 3,
    "date_time": 3,
    "bold": 4,
    "italic": 5,
    "underline": 6,
    "strikethrough": 7,
    "spoiler": 8,
}


def in_order(entities: list[Json]) -> list[Json]:
    """Entities by where they begin, the longer first, then in TDLib's order of kinds."""
    return sorted(
        entities,
        key=lambda entity: (entity["offset"], -entity["length"], _RANK.get(entity["type"], 9)),
    )
