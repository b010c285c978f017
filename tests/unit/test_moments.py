"""Moments in messages: what they are as text and as HTML, and servers that refuse them."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from markupsafe import Markup
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputTextMessageContent,
)
from telegram.constants import ParseMode
from telegram.error import BadRequest
from telegram.request import HTTPXRequest

from bot.plain_moments import send_plain_where_refused
from bot.texts import Moment, Texts
from bot.transport import Transport

NOON = 1_780_315_200_999  # 2026-06-01 12:00 UTC
IN_WORDS = "Jun 1, 2026, 12:00\u202fPM UTC"
TAGGED = f'<tg-time unix="1780315200" format="Dt">{IN_WORDS}</tg-time>'
T = Texts("en")

TOKEN = "7000000009:" + "s" * 35
UNKNOWN = 'can\'t parse entities: Unsupported start tag "tg-time" at byte offset 5'
TOO_FAR = "ENTITY_DATE_INVALID"
SENT = {"message_id": 1, "date": 1, "chat": {"id": 7, "type": "private"}}


# --- the text and the entity ---------------------------------------------------------------------


def test_a_moment_is_its_words_and_in_a_message_an_entity() -> None:
    """As text it is UTC; wherever it is put into HTML, it says the second as well."""
    moment = T.moment(NOON)

    assert moment == str(moment) == f"{moment}" == IN_WORDS
    assert type(str(moment)) is str
    assert json.dumps(moment) == json.dumps(IN_WORDS)
    assert T("Open until {until}", until=moment) == f"Open until {TAGGED}"
    assert Markup("<i>{}</i>").format(moment) == f"<i>{TAGGED}</i>"
    assert T("Open until {until}", until=moment).striptags() == f"Open until {IN_WORDS}".replace(
        "\u202f", " "
    )


def test_on_a_button_or_in_a_toast_it_is_plain() -> None:
    """No tag comes into what is no HTML."""
    assert T.plain("Open until {until}", until=T.moment(NOON)) == f"Open until {IN_WORDS}"


def test_words_that_are_markup_stay_words() -> None:
    """Whatever a language writes, it does not become a tag."""
    assert Markup("{}").format(Moment("<b>", NOON)) == (
        '<tg-time unix="1780315200" format="Dt">&lt;b&gt;</tg-time>'
    )


def test_in_arabic_the_marks_of_direction_stand_around_the_entity() -> None:
    """Without the tags a message is, letter for letter, what is said where there are none."""
    t = Texts("ar")
    tagged = t("Open until {until}", until=t.moment(NOON))

    assert '\u2068<tg-time unix="1780315200" format="Dt">' in tagged
    assert "</tg-time>\u2069" in tagged
    plain = t.plain("Open until {until}", until=t.moment(NOON))
    assert re.sub("<[^>]+>", "", tagged) == plain


# --- servers that refuse them --------------------------------------------------------------------


class Server:
    """A Bot API server that refuses texts with moments, for the reason that a test gives."""

    def __init__(self) -> None:
        self.reason = UNKNOWN
        self.url = ""
        self.received: list[dict[str, Any]] = []

    async def handle(self, request: web.Request) -> web.Response:
        is_json = request.content_type == "application/json"
        given = await request.json() if is_json else await request.post()
        body = {name: _read(value) for name, value in given.items()}
        self.received.append(body)
        if "<tg-time unix" in json.dumps(body):
            refusal = {
                "ok": False,
                "error_code": 400,
                "description": f"Bad Request: {self.reason}",
            }
            return web.json_response(refusal, status=400)
        return web.json_response({"ok": True, "result": SENT})


def _read(value: Any) -> Any:
    if isinstance(value, web.FileField):
        return value.file.read().decode()
    if isinstance(value, str) and value[:1] in {"{", "["}:
        return json.loads(value)
    return value


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/bot"
    yield made
    await runner.cleanup()


@pytest.fixture(params=[Transport, HTTPXRequest])
async def bot(request: pytest.FixtureRequest, server: Server) -> AsyncIterator[Bot]:
    """A bot on Chatpay's own transport, and one of a host's on python-telegram-bot's."""
    made = Bot(TOKEN, server.url, request=request.param())
    send_plain_where_refused(made)
    await made.request.initialize()
    yield made
    await made.request.shutdown()


def texts(server: Server) -> list[str]:
    return [body["text"] for body in server.received]


async def say(bot: Bot, text: str = f"At {TAGGED}", **more: Any) -> None:
    await bot.send_message(7, text, ParseMode.HTML, **more)


async def test_a_server_that_does_not_know_moments_is_sent_none(bot: Bot, server: Server) -> None:
    """The message it refused arrives in plain words at once; after that nothing is refused."""
    await say(bot)
    await say(bot)

    assert texts(server) == [f"At {TAGGED}", f"At {IN_WORDS}", f"At {IN_WORDS}"]


async def test_a_moment_too_far_ahead_goes_out_in_plain_words(bot: Bot, server: Server) -> None:
    """It alone: the next message is tried with its moments again."""
    server.reason = TOO_FAR
    await say(bot)
    await say(bot)

    assert texts(server) == [f"At {TAGGED}", f"At {IN_WORDS}"] * 2


async def test_other_refusals_are_refusals(bot: Bot, server: Server) -> None:
    """Nothing is sent a second time that was refused for another reason."""
    server.reason = 'can\'t parse entities: Unsupported start tag "blink" at byte offset 5'
    with pytest.raises(BadRequest):
        await say(bot)

    assert texts(server) == [f"At {TAGGED}"]


async def test_only_html_loses_its_tags(bot: Bot, server: Server) -> None:
    """What somebody wrote is kept, in plain text and in HTML."""
    written = "&lt;tg-time&gt;"
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("<tg-time>", callback_data="x")]])
    await say(bot, f"{written} {TAGGED}", reply_markup=keyboard)
    await bot.send_message(7, "</tg-time>")

    assert texts(server)[1:] == [f"{written} {IN_WORDS}", "</tg-time>"]
    assert server.received[1]["reply_markup"] == keyboard.to_dict()


async def test_inline_results_lose_them_too(bot: Bot, server: Server) -> None:
    """Wherever Telegram reads HTML: a title it does not read."""
    content = InputTextMessageContent(f"At {TAGGED}", ParseMode.HTML)
    await bot.answer_inline_query("1", [InlineQueryResultArticle("1", "<tg-time>", content)])

    assert len(server.received) == 2
    article = server.received[1]["results"][0]
    assert article["input_message_content"]["message_text"] == f"At {IN_WORDS}"
    assert article["title"] == "<tg-time>"


async def test_a_caption_loses_them_and_its_file_is_whole(bot: Bot, server: Server) -> None:
    """The first message to such a server may be one with a picture."""
    await bot.send_document(7, b"content", caption=TAGGED, parse_mode=ParseMode.HTML)

    assert [body["caption"] for body in server.received] == [TAGGED, IN_WORDS]
    assert [body["document"] for body in server.received] == ["content", "content"]
