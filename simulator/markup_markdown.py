"""MarkdownV2, and the Markdown before it.

The wording of each error, and the byte offset in it, follow TDLib's `MessageEntity.cpp`, because
bots match on them.
"""

from __future__ import annotations

import re

from simulator.entities import (
    Formatted,
    Mark,
    Output,
    ParseError,
    in_order,
    link_entity,
    utf16_length,
    utf16_slice,
)
from simulator.people import Json

_RESERVED = "_*[]()~`>#+-=|{}.!\n"

_MARKDOWN_TYPES = {
    "Bold": "bold",
    "Italic": "italic",
    "Underline": "underline",
    "Strikethrough": "strikethrough",
    "Spoiler": "spoiler",
    "Code": "code",
    "Pre": "pre",
    "PreCode": "pre",
    "BlockQuote": "blockquote",
}

_SIMPLE_MARKS = {"*": "Bold", "~": "Strikethrough", "[": "TextUrl"}
_MARK_LENGTHS = {"Underline": 2, "Spoiler": 2, "Pre": 3, "PreCode": 3}


def parse_markdown_v2(source: str) -> Formatted:
    """Reads MarkdownV2.

    Raises:
        ParseError: a reserved character is not escaped, or a mark has no end.
    """
    return _MarkdownReader(source).read()


class _MarkdownReader:
    """Reads one text from its first character to its last."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._out = Output()
        self._open: list[Mark] = []
        self._entities: list[Json] = []
        self._in_quote = False

    def read(self) -> Formatted:
        while self._at < len(self._source):
            character = self._source[self._at]
            following = self._source[self._at + 1 : self._at + 2]
            if character == "\\" and following and 0 < ord(following) <= 126:
                self._out.write(following)
                self._at += 2
            elif character not in self._reserved():
                self._out.write(character)
                self._at += 1
            elif self._open and self._ends(self._open[-1].name):
                self._read_end()
            else:
                self._read_start()
        self._finish()
        return Formatted("".join(self._out.parts), in_order(self._entities))

    def _reserved(self) -> str:
        inside_code = self._open and self._open[-1].name in {"Code", "Pre", "PreCode"}
        return "`" if inside_code else _RESERVED

    def _looking_at(self, text: str) -> bool:
        return self._source.startswith(text, self._at)

    def _byte_offset(self, position: int) -> int:
        return len(self._source[:position].encode("utf-8", "surrogatepass"))

    def _ends(self, kind: str) -> bool:
        if self._in_quote and self._looking_at("\n") and not self._looking_at("\n>"):
            return True
        match kind:
            case "Italic":
                return self._looking_at("_") and not self._looking_at("__")
            case "Underline":
                return self._looking_at("__")
            case "Spoiler":
                return self._looking_at("||")
            case "Code":
                return self._looking_at("`")
            case "Pre" | "PreCode":
                return self._looking_at("```")
            case "TextUrl" | "CustomEmoji":
                return self._looking_at("]")
            case "BlockQuote":
                return False
        return self._looking_at("*" if kind == "Bold" else "~")

    def _read_start(self) -> None:
        begin = self._at
        character = self._source[begin]
        self._at += 1
        if character == "\n":
            self._read_line_break()
            return
        argument = ""
        if character in _SIMPLE_MARKS:
            kind = _SIMPLE_MARKS[character]
        elif character == "_":
            kind = "Underline" if self._skip("_") else "Italic"
        elif character == "|" and self._skip("|"):
            kind = "Spoiler"
        elif character == "!" and self._skip("["):
            kind = "CustomEmoji"
        elif character == "`" and self._skip("``"):
            kind, argument = self._read_language()
        elif character == "`":
            kind = "Code"
        elif character == ">" and begin == 0:
            kind = "BlockQuote"
            self._in_quote = True
        else:
            raise ParseError(
                f"Character '{character}' is reserved and must be escaped with the preceding '\\'"
            )
        self._open.append(Mark(kind, argument, self._out.length, begin))

    def _skip(self, text: str) -> bool:
        if not self._looking_at(text):
            return False
        self._at += len(text)
        return True

    def _read_language(self) -> tuple[str, str]:
        match = re.compile(r"[^\s`]*").match(self._source, self._at)
        language = match[0] if match else ""
        end = self._at + len(language)
        kind = "Pre"
        if language and end < len(self._source) and self._source[end] != "`":
            kind, self._at = "PreCode", end
        else:
            language = ""
        if not (self._skip("\r\n") or self._skip("\n\r") or self._skip("\n")):
            self._skip("\r")
        return kind, language

    def _read_line_break(self) -> None:
        self._out.write("\n")
        if self._skip(">") and not self._in_quote:
            self._in_quote = True
            self._open.append(Mark("BlockQuote", "", self._out.length, self._at - 1))

    def _read_end(self) -> None:
        mark = self._open[-1]
        character = self._source[self._at]
        if character == "\n" and mark.name != "BlockQuote":
            self._fail_unended(mark)
        self._at += 1 if character == "\n" else _MARK_LENGTHS.get(mark.name, 1)
        extra: Json | None = {}
        if mark.name == "TextUrl":
            extra = self._read_url_of(mark)
        elif mark.name == "CustomEmoji":
            extra = self._read_emoji()
        elif mark.name == "BlockQuote":
            self._in_quote = False
            self._out.write("\n")
        self._open.pop()
        self._add(mark, extra)

    def _add(self, mark: Mark, extra: Json | None) -> None:
        length = self._out.length - mark.offset
        if extra is None or length == 0:
            return
        entity: Json = {"type": _MARKDOWN_TYPES.get(mark.name, ""), "offset": mark.offset}
        entity |= {"length": length} | extra
        if mark.name == "PreCode":
            entity["language"] = mark.argument
        self._entities.append(entity)

    def _read_url_of(self, mark: Mark) -> Json | None:
        if not self._skip("("):
            return link_entity(
                utf16_slice("".join(self._out.parts), mark.offset, self._out.length)
            )
        return link_entity(self._read_address("a URL"))

    def _read_emoji(self) -> Json:
        if not self._skip("("):
            raise ParseError("Custom emoji entity must contain a tg://emoji URL")
        match = re.fullmatch(
            r"tg:(?://)?emoji\?id=(\d+)", self._read_address("a custom emoji URL")
        )
        if match is None:
            raise ParseError("Custom emoji URL must have an emoji identifier")
        return {"type": "custom_emoji", "custom_emoji_id": match[1]}

    def _read_address(self, what: str) -> str:
        begin = self._at
        match = re.compile(r"((?:\\[\x01-\x7e]|[^)])*)\)").match(self._source, begin)
        if match is None:
            raise ParseError(f"Can't find end of {what} at byte offset {self._byte_offset(begin)}")
        self._at = match.end()
        return re.sub(r"\\([\x01-\x7e])", r"\1", match[1])

    def _finish(self) -> None:
        if self._in_quote and self._open[-1].name == "BlockQuote":
            self._add(self._open.pop(), {})
        if self._open:
            self._fail_unended(self._open[-1])

    def _fail_unended(self, mark: Mark) -> None:
        offset = self._byte_offset(mark.position)
        raise ParseError(f"Can't find end of {mark.name} entity at byte offset {offset}")


_LEGACY_MARK = re.compile(r"\\([_*`\[])|(```)(?:([^\s`]+)(?=\s))?\n?|([_*`\[])")
_LEGACY_TYPES = {"_": "italic", "*": "bold", "`": "code", "```": "pre"}


def parse_markdown(source: str) -> Formatted:
    """Reads the older Markdown, which knows neither nesting nor reserved characters.

    Raises:
        ParseError: a mark has no end.
    """
    out = Output()
    entities: list[Json] = []
    at = 0
    while match := _LEGACY_MARK.search(source, at):
        out.write(source[at : match.start()])
        at = match.end()
        if match[1]:
            out.write(match[1])
            continue
        mark = match[2] or match[4]
        end = source.find("]" if mark == "[" else mark, at)
        if end < 0:
            offset = len(source[: match.start()].encode("utf-8", "surrogatepass"))
            raise ParseError(f"Can't find end of the entity starting at byte offset {offset}")
        inside = source[at:end]
        span = {"offset": out.length, "length": utf16_length(inside)}
        out.write(inside)
        at = end + len(mark)
        if mark == "[":
            address = re.compile(r"\(([^)]*)\)?").match(source, at)
            at = address.end() if address else at
            link = link_entity(address[1] if address else inside)
        else:
            link = {"type": _LEGACY_TYPES[mark]} | ({"language": match[3]} if match[3] else {})
        if link is not None and inside:
            entities.append({**link, **span})
    out.write(source[at:])
    return Formatted("".join(out.parts), entities)
