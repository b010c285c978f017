"""Answers to taps on inline buttons."""

from __future__ import annotations

import re

from simulator.calls import Call, method
from simulator.entities import utf16_length
from simulator.errors import STALE_QUERY, bad_request

LONGEST_ANSWER = 200


@method("answerCallbackQuery")
def answer_callback_query(call: Call) -> bool:
    """Answers a tap, once and in time; shows the person a toast, an alert, or opens a link."""
    text, url = call.text("text"), call.text("url")
    if utf16_length(text) > LONGEST_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    own_link = rf"https://t\.me/{call.bot.username}\?start=[\w-]{{0,64}}"
    if url and not re.fullmatch(own_link, url, re.IGNORECASE):
        raise bad_request("URL_INVALID")
    query = call.world.answered("callback", call.bot, call.text("callback_query_id"))
    if query is None:
        raise bad_request(STALE_QUERY)
    alert = call.flag("show_alert")
    query.answer.set_result({"toast": text or None, "alert": alert, "url": url or None})
    if text or url:
        shown = {"text": text, "alert": alert} | ({"url": url} if url else {})
        call.world.emit("toast", to=[query.person_id], **shown)
    return True
