"""What a bot offers for an inline query, and what it says as a guest."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from simulator import inline
from simulator.calls import LONGEST_TEXT, Call, caption_fields, method
from simulator.entities import utf16_length
from simulator.errors import STALE_QUERY, bad_request
from simulator.formatting import formatted
from simulator.keyboards import inline_keyboard
from simulator.methods.sending import text_fields
from simulator.people import Json
from simulator.records import Query, QueryKind

MOST_RESULTS = 50
LONGEST_ID_BYTES = 64
LONGEST_OFFSET_BYTES = 64
USUAL_CACHE_SECONDS = 300
PREPARED_SECONDS = 600


@method("answerInlineQuery")
def answer_inline_query(call: Call) -> bool:
    """Offers results, once and in time."""
    results = call.json("results", "inline query results")
    if results is not None and not isinstance(results, list):
        raise bad_request("expected an Array of inline query results")
    results = results or []
    if len(results) > MOST_RESULTS:
        raise bad_request("too many inline query results specified")
    button = _button(call)
    read = [_result(call, result) for result in results]
    next_offset = call.text("next_offset")
    if len(next_offset.encode()) > LONGEST_OFFSET_BYTES:
        raise bad_request("NEXT_OFFSET_INVALID")
    if len({result["id"] for result in read}) < len(read):
        raise bad_request("RESULT_ID_DUPLICATE")
    query = _answered(call, "inline", call.text("inline_query_id"))
    query.answer.set_result(
        {
            "results": read,
            "button": button,
            "next_offset": next_offset,
            "cache_time": max(call.integer("cache_time", USUAL_CACHE_SECONDS), 0),
            "is_personal": call.flag("is_personal"),
        }
    )
    return True


@method("answerGuestQuery")
def answer_guest_query(call: Call) -> Json:
    """Answers the message that called the bot into a chat, once and in time."""
    result = _result(call, call.json("result", "inline query result"))
    query = _answered(call, "guest", call.text("guest_query_id"))
    query.answer.set_result({})
    inline_id = inline.answer_as_guest(call.world, call.bot, query, result["content"])
    return {"inline_message_id": inline_id}


@method("savePreparedInlineMessage")
def save_prepared_inline_message(call: Call) -> Json:
    """Keeps a message that a person may send from a Mini App, once they have chosen the chat."""
    person_id = call.integer("user_id", 0)
    if person_id not in call.world.people:
        raise bad_request("USER_ID_INVALID")
    result = _result(call, call.json("result", "inline query result"))
    prepared_id = inline.prepare(call.world, call.bot, person_id, result["content"])
    return {"id": prepared_id, "expiration_date": int(call.world.clock.now()) + PREPARED_SECONDS}


def _answered(call: Call, kind: QueryKind, query_id: str) -> Query:
    query = call.world.answered(kind, call.bot, query_id)
    if query is None:
        raise bad_request(STALE_QUERY)
    return query


def _button(call: Call) -> Json | None:
    """The button above the results."""
    button = call.json("button", "inline query results button")
    if button is None:
        return None
    if not isinstance(button, dict) or not isinstance(button.get("text"), str):
        raise bad_request("can't parse InlineQueryResultsButton: Can't find field \"text\"")
    if "web_app" in button:
        return button
    parameter = button.get("start_parameter")
    if not parameter:
        raise bad_request("can't use empty start_parameter")
    if len(parameter) > 64:
        raise bad_request("too long start_parameter specified")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", parameter):
        raise bad_request("unallowed characters in start_parameter are used")
    return button


# -- one result ----------------------------------------------------------------------------------


def _result(call: Call, result: Any) -> Json:
    """What a client lists of a result, and as `content` the message that it makes."""
    what = "can't parse InlineQueryResult: "
    if not isinstance(result, dict):
        raise bad_request(f"{what}Object expected")
    kind = str(_required(result, "type", what)).lower()
    result_id = str(_required(result, "id", what))
    if not result_id:
        raise bad_request("RESULT_ID_EMPTY")
    if len(result_id.encode()) > LONGEST_ID_BYTES:
        raise bad_request("RESULT_ID_INVALID")
    reader = RESULTS.get(kind)
    if reader is None:
        raise bad_request(f'{what}type "{kind}" is not known here')
    content = reader(call, result)
    if result.get("reply_markup") is not None:
        content |= _markup(result["reply_markup"])
    listed = ("title", "description", "thumbnail_url", "url")
    shown = {name: result[name] for name in listed if name in result}
    return {"id": result_id, "type": kind, **shown, "content": content}


def _required(fields: Json, name: str, what: str) -> Any:
    if name not in fields:
        raise bad_request(f'{what}Can\'t find field "{name}"')
    return fields[name]


def _article(call: Call, result: Json) -> Json:
    what = "can't parse InlineQueryResult: "
    if not _required(result, "title", what):
        raise bad_request("ARTICLE_TITLE_EMPTY")
    if not isinstance(result.get("input_message_content"), dict):
        raise bad_request(f"{what}Message content must be specified")
    return _text(call, result["input_message_content"])


def _photo(call: Call, result: Json) -> Json:
    """A picture that was sent before, by its `photo_file_id`."""
    if isinstance(result.get("input_message_content"), dict):
        return _text(call, result["input_message_content"])
    file = call.world.files.by_id(str(result.get("photo_file_id", "")))
    if file is None:
        raise bad_request("wrong remote file identifier specified: can't unserialize it")
    caption = formatted(
        result.get("caption") or "",
        result.get("parse_mode") or "",
        result.get("caption_entities"),
        call.reader,
    )
    return {"photo": [file.photo_size()], **caption_fields(caption)}


RESULTS: dict[str, Callable[[Call, Json], Json]] = {"article": _article, "photo": _photo}
"""What makes the message of each type of result that is known here."""


def _text(call: Call, content: Json) -> Json:
    source = content.get("message_text")
    if not isinstance(source, str) or not source:
        raise bad_request("message text is empty")
    text = formatted(
        source,
        content.get("parse_mode") or "",
        content.get("entities"),
        call.reader,
    )
    if not text.text:
        raise bad_request("message text is empty")
    if utf16_length(text.text) > LONGEST_TEXT:
        raise bad_request("MESSAGE_TOO_LONG")
    fields = text_fields(text)
    if preview := content.get("link_preview_options"):
        fields["link_preview_options"] = preview
    return fields


def _markup(markup: Any) -> Json:
    if not isinstance(markup, dict) or "inline_keyboard" not in markup:
        raise bad_request("inline keyboard expected")
    keyboard = inline_keyboard(markup, private=False)
    return {"reply_markup": keyboard} if keyboard else {}
