"""The HTML of the Bot API.

The wording of each error, and the byte offset in it, follow TDLib's `MessageEntity.cpp`, because
bots match on them.
"""

from __future__ import annotations

import re
from collections.abc import Container

from simulator.entities import (
    Formatted,
    Mark,
    Output,
    ParseError,
    in_order,
    link_entity,
    moment_entity,
)
from simulator.people import Json

_HTML_TAGS = {
    "a": "text_link",
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "u": "underline",
    "ins": "underline",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
    "pre": "pre",
    "code": "code",
    "blockquote": "blockquote",
}

_CHARACTER = re.compile(rb"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|(lt|gt|amp|quot)(?![A-Za-z]));?")
_NAMED = {b"lt": "<", b"gt": ">", b"amp": "&", b"quot": '"'}
_SPACE = b" \t\r\n\v\f\0"
_SURROGATES = re.compile("[\ud800-\udfff]")


def parse_html(source: str, *, knows_moments: bool = True) -> Formatted:
    """Reads the HTML subset of the Bot API.

    Args:
        source: the text with its tags.
        knows_moments: whether there is a tag for moments, as since Bot API 9.5.

    Raises:
        ParseError: a tag is unknown, unclosed or unmatched.
    """
    tags = _HTML_TAGS if knows_moments else _HTML_TAGS.keys() - {"tg-time"}
    return _HtmlReader(source, tags).read()


class _HtmlReader:
    """Reads one text from its first byte to its last."""

    def __init__(self, source: str, tags: Container[str]) -> None:
        self._tags = tags
        self._bytes = source.encode("utf-8", "surrogatepass")
        self._at = 0
        self._out = Output()
        self._open: list[Mark] = []
        self._entities: list[Json] = []
        self._languages: dict[int, str] = {}

    def read(self) -> Formatted:
        data = self._bytes
        while self._at < len(data):
            character = data[self._at : self._at + 1]
            if character == b"&":
                self._out.write(self._read_reference() or self._read_raw())
            elif character != b"<":
                self._out.write(self._read_raw())
            elif data[self._at + 1 : self._at + 2] == b"/":
                self._read_end_tag()
            else:
                self._read_start_tag()
        if self._open:
            name = self._open[-1].name
            raise ParseError(f'Can\'t find end tag corresponding to start tag "{name}"')
        return Formatted(self._joined(), in_order(self._entities))

    def _joined(self) -> str:
        text = "".join(self._out.parts)
        if _SURROGATES.search(text):
            raise ParseError(
                "Text contains invalid Unicode characters after decoding HTML entities, "
                "check for unmatched surrogate code units"
            )
        return text

    def _read_raw(self) -> str:
        """Everything up to the next tag or character reference; at least one character."""
        start = self._at
        self._at += 1
        while self._at < len(self._bytes) and self._bytes[self._at] not in b"<&":
            self._at += 1
        return self._bytes[start : self._at].decode("utf-8", "surrogatepass")

    def _read_reference(self) -> str | None:
        """The character that a reference such as `&lt;` stands for; None if it is none."""
        match = _CHARACTER.match(self._bytes, self._at)
        if match is None:
            return None
        hexadecimal, decimal, name = match.groups()
        if name:
            self._at = match.end()
            return _NAMED[name]
        digits = hexadecimal or decimal
        prefix = 3 if hexadecimal else 2
        code = int(digits, 16 if hexadecimal else 10)
        if code == 0 or code >= 0x10FFFF or prefix + len(digits) >= 10:
            return None
        self._at = match.end()
        return chr(code)

    def _peek(self) -> bytes:
        return self._bytes[self._at : self._at + 1]

    def _skip_spaces(self) -> None:
        while self._peek() and self._peek() in _SPACE:
            self._at += 1

    def _read_until(self, stops: bytes) -> str:
        start = self._at
        while self._peek() and self._peek() not in stops:
            self._at += 1
        return self._bytes[start : self._at].decode("utf-8", "replace")

    def _read_start_tag(self) -> None:
        begin = self._at
        self._at += 1
        name = self._read_until(_SPACE + b">").lower()
        if not self._peek():
            raise ParseError(f"Unclosed start tag at byte offset {begin}")
        if name not in self._tags:
            raise ParseError(f'Unsupported start tag "{name}" at byte offset {begin}')
        argument = unix_time = ""
        while True:
            self._skip_spaces()
            if self._peek() == b">":
                break
            attribute, value = self._read_attribute(name, begin)
            argument = _html_argument(name, attribute, value) or argument
            if (name, attribute) == ("tg-time", "unix"):
                unix_time = value
        self._at += 1
        if name == "span" and argument != "spoiler":
            raise ParseError(f'Tag "span" must have class "tg-spoiler" at byte offset {begin}')
        self._open.append(Mark(name, argument, self._out.length, len(self._out.parts), unix_time))

    def _read_attribute(self, tag: str, begin: int) -> tuple[str, str]:
        attribute = self._read_until(_SPACE + b"=>")
        if not attribute:
            raise ParseError(f'Empty attribute name in the tag "{tag}" at byte offset {begin}')
        self._skip_spaces()
        if self._peek() != b"=":
            if tag == "blockquote" and attribute == "expandable" and self._peek():
                return attribute, ""
            raise ParseError(
                "Expected equal sign in declaration of an attribute of the tag "
                f'"{tag}" at byte offset {begin}'
            )
        self._at += 1
        self._skip_spaces()
        if not self._peek():
            raise ParseError(f'Unclosed start tag "{tag}" at byte offset {begin}')
        value = self._read_quoted() if self._peek() in b"'\"" else self._read_name_token()
        if not self._peek():
            raise ParseError(f"Unclosed start tag at byte offset {begin}")
        return attribute, value

    def _read_name_token(self) -> str:
        start = self._at
        while self._peek() and (self._peek().isalnum() or self._peek() in b".-"):
            self._at += 1
        if not self._peek() or self._peek() not in _SPACE + b">":
            raise ParseError(f"Unexpected end of name token at byte offset {start}")
        return self._bytes[start : self._at].decode().lower()

    def _read_quoted(self) -> str:
        quote = self._peek()
        self._at += 1
        value = []
        while self._peek() and self._peek() != quote:
            reference = self._read_reference() if self._peek() == b"&" else None
            if reference is not None:
                value.append(reference)
            else:
                value.append(self._read_one())
        if self._peek():
            self._at += 1
        return "".join(value)

    def _read_one(self) -> str:
        """One character, however many bytes it has."""
        start = self._at
        self._at += 1
        while self._at < len(self._bytes) and 0x80 <= self._bytes[self._at] < 0xC0:
            self._at += 1
        return self._bytes[start : self._at].decode("utf-8", "surrogatepass")

    def _read_end_tag(self) -> None:
        begin = self._at
        if not self._open:
            raise ParseError(f"Unexpected end tag at byte offset {begin}")
        self._at += 2
        name = self._read_until(_SPACE + b">").lower()
        self._skip_spaces()
        if self._peek() != b">":
            raise ParseError(f"Unclosed end tag at byte offset {begin}")
        self._at += 1
        tag = self._open[-1]
        if name and name != tag.name:
            raise ParseError(
                f'Unmatched end tag at byte offset {begin}, expected "</{tag.name}>", '
                f'found "</{name}>"'
            )
        self._open.pop()
        if self._out.length > tag.offset:
            self._close(tag)

    def _close(self, tag: Mark) -> None:
        span = {"offset": tag.offset, "length": self._out.length - tag.offset}
        kind = _HTML_TAGS[tag.name]
        if kind in {"pre", "code"}:
            self._close_code(kind, tag.argument, span)
        elif kind == "text_link":
            link = link_entity(tag.argument or self._out.since(tag.position))
            if link is not None:
                self._entities.append({**link, **span})
        elif kind == "custom_emoji":
            if not tag.argument.isdigit() or int(tag.argument) == 0:
                raise ParseError("Invalid custom emoji identifier specified")
            self._entities.append(
                {"type": kind, **span, "custom_emoji_id": tag.argument},
            )
        elif kind == "date_time":
            moment = moment_entity(tag.unix_time, tag.argument)
            if moment is not None:
                self._entities.append({**moment, **span})
        elif tag.argument == "expandable":
            self._entities.append({"type": "expandable_blockquote", **span})
        else:
            self._entities.append({"type": kind, **span})

    def _close_code(self, kind: str, language: str, span: Json) -> None:
        """Joins `<pre>` and `<code class="language-…">` around the same text into one entity."""
        last = self._entities[-1] if self._entities else None
        other = "code" if kind == "pre" else "pre"
        if last == {"type": other, **span}:
            language = language or self._languages.get(id(last), "")
            if language:
                last["type"] = "pre"
                last["language"] = language
                return
        entity = {"type": kind, **span}
        self._entities.append(entity)
        if language:
            self._languages[id(entity)] = language


def _html_argument(tag: str, attribute: str, value: str) -> str:
    """What an attribute says that matters for the entity; "" if nothing."""
    match tag, attribute:
        case ("a", "href") | ("tg-emoji", "emoji-id") | ("tg-time", "format"):
            return value
        case ("code", "class") if value.startswith("language-"):
            return value.removeprefix("language-")
        case ("span", "class") if value.startswith("tg-"):
            return value.removeprefix("tg-")
        case ("blockquote", "expandable"):
            return "expandable"
    return ""
