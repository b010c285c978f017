"""From what a bot sends to what a message holds: markup read, links found, space trimmed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator.entities import (
    Formatted,
    ParseError,
    in_order,
    moment_entity,
    trimmed,
    with_links,
)
from simulator.errors import bad_request
from simulator.markup_html import parse_html
from simulator.markup_markdown import parse_markdown, parse_markdown_v2
from simulator.people import Json

_FURTHEST_S = 1098 * 86_400
"""How far ahead a moment may lie: https://core.telegram.org/constructor/messageEntityFormattedDate"""


@dataclass(frozen=True, slots=True)
class Reader:
    """The server that reads a text.

    Attributes:
        find_user: the User behind an id in a text mention, or None if the bot does not know it.
        now: its clock, in Unix seconds.
        knows_moments: whether it has heard of moments, as since Bot API 9.5.
    """

    find_user: Callable[[int], Json | None]
    now: float
    knows_moments: bool


def formatted(text: str, parse_mode: str, entities: Any, reader: Reader) -> Formatted:
    """Reads a text as a Bot API call gives it, and finds the links in it.

    Args:
        text: the text with its markup.
        parse_mode: "", "HTML", "MarkdownV2" or "Markdown", in any case.
        entities: the list given instead of a parse mode, if any.
        reader: who reads it.

    Raises:
        ApiError: the markup is wrong, the parse mode unknown, or a moment too far ahead.
    """
    mode = parse_mode.lower()
    try:
        if mode == "html":
            parsed = parse_html(text, knows_moments=reader.knows_moments)
        elif mode == "markdownv2":
            parsed = parse_markdown_v2(text)
        elif mode == "markdown":
            parsed = parse_markdown(text)
        elif mode:
            raise bad_request("unsupported parse_mode")
        else:
            parsed = Formatted(text, _given_entities(entities))
    except ParseError as error:
        raise bad_request(f"can't parse entities: {error}") from error
    known = []
    for entity in parsed.entities:
        if entity["type"] == "text_mention":
            user = reader.find_user(entity["user"]["id"])
            if user is None:
                continue
            known.append(entity | {"user": user})
        elif entity["type"] == "date_time" and entity["unix_time"] > reader.now + _FURTHEST_S:
            raise bad_request("ENTITY_DATE_INVALID")
        else:
            known.append(entity)
    return with_links(trimmed(Formatted(parsed.text, known)))


def _given_entities(entities: Any) -> list[Json]:
    if entities is None:
        return []
    if not isinstance(entities, list):
        raise bad_request("can't parse entities: expected an Array of MessageEntity")
    given = []
    for entity in entities:
        if not isinstance(entity, dict) or not isinstance(entity.get("type"), str):
            raise bad_request("can't parse MessageEntity: expected an Object")
        if not isinstance(entity.get("offset"), int) or not isinstance(entity.get("length"), int):
            raise bad_request("can't parse MessageEntity: Can't find field \"offset\"")
        if entity["type"] == "date_time" and entity["length"] > 0:
            given += _given_moment(entity)
        elif entity["type"] in GIVEN_TYPES and entity["length"] > 0:
            given.append({k: v for k, v in entity.items() if v is not None})
    return in_order(given)


def _given_moment(entity: Json) -> list[Json]:
    place = {"offset": entity["offset"], "length": entity["length"]}
    moment = moment_entity(
        str(entity.get("unix_time", "")), str(entity.get("date_time_format") or "")
    )
    return [] if moment is None else [moment | place]


GIVEN_TYPES = frozenset(
    {
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "spoiler",
        "blockquote",
        "expandable_blockquote",
        "code",
        "pre",
        "text_link",
        "text_mention",
        "custom_emoji",
    }
)
"""Entities a bot may state itself; the others are found in the text."""
