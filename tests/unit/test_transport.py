"""The line to the Bot API, against a real server: what the library expects of a request."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputFile
from telegram.error import (
    BadRequest,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import RequestData

from bot.transport import Transport

TOKEN = "7000000009:" + "s" * 35
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """A server whose next answer a test decides."""

    def __init__(self) -> None:
        self.answer: Answer = ok
        self.url = ""
        self.received: list[web.Request] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.received.append(request)
        return await self.answer(request)


async def ok(_request: web.Request) -> web.StreamResponse:
    return web.json_response({"ok": True, "result": True})


def refusing(status: int, description: str, **parameters: int) -> Answer:
    body: dict[str, object] = {"ok": False, "error_code": status, "description": description}
    if parameters:
        body["parameters"] = parameters

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status)

    return answer


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    app = web.Application(client_max_size=1 << 24)
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/bot{TOKEN}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def line() -> AsyncIterator[Transport]:
    async with Transport(read_timeout=0.2, connect_timeout=0.2, pool_timeout=0.2) as opened:
        yield opened


async def test_an_answer_is_its_result(server: Server, line: Transport) -> None:
    """What the Bot API answers under `result` is what the caller gets."""
    assert await line.post(f"{server.url}/deleteWebhook") is True


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusing(400, "Bad Request: chat not found"), BadRequest),
        (refusing(401, "Unauthorized"), InvalidToken),
        (refusing(403, "Forbidden: bot was blocked by the user"), Forbidden),
        (refusing(404, "Not Found"), InvalidToken),
        (refusing(409, "Conflict: terminated by other getUpdates request"), Conflict),
        (refusing(429, "Too Many Requests", retry_after=7), RetryAfter),
        (refusing(500, "Internal Server Error"), NetworkError),
        (refusing(502, "Bad Gateway"), NetworkError),
    ],
)
async def test_refusals_are_the_librarys_errors(
    server: Server, line: Transport, answer: Answer, error: type[TelegramError]
) -> None:
    """Each status is exactly the error that python-telegram-bot makes of it."""
    server.answer = answer
    with pytest.raises(TelegramError) as refused:
        await line.post(f"{server.url}/sendMessage")
    assert type(refused.value) is error


async def test_silence_is_a_time_out(server: Server, line: Transport) -> None:
    """A server that does not answer in time; a longer time of the call's own is kept to."""

    async def slow(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.4)
        return web.json_response({"ok": True, "result": True})

    server.answer = slow
    with pytest.raises(TimedOut):
        await line.post(f"{server.url}/getMe")
    assert await line.post(f"{server.url}/getMe", read_timeout=5) is True


async def test_a_full_pool_is_a_time_out(server: Server) -> None:
    """Whoever finds no free connection in time is told so, and the one that has it goes on."""
    let_go = asyncio.Event()

    async def held(_request: web.Request) -> web.StreamResponse:
        await let_go.wait()
        return web.json_response({"ok": True, "result": True})

    server.answer = held
    async with Transport(connections=1, pool_timeout=0.1, connect_timeout=0.1) as line:
        first = asyncio.create_task(line.post(f"{server.url}/getMe"))
        await asyncio.sleep(0.05)
        with pytest.raises(TimedOut):
            await line.post(f"{server.url}/getMe")
        let_go.set()
        assert await first is True


async def test_a_cut_connection_is_a_network_error_without_the_address(
    server: Server, line: Transport
) -> None:
    """The token, which the address holds, is nowhere in the error or its causes."""

    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    server.answer = cut
    with pytest.raises(NetworkError) as broken:
        await line.post(f"{server.url}/sendMessage")
    assert type(broken.value) is NetworkError
    assert TOKEN not in str(broken.value)
    assert broken.value.__cause__ is None


async def test_nobody_there_is_a_network_error(line: Transport) -> None:
    """A refused connection is an error that is tried again."""
    with pytest.raises(NetworkError) as broken:
        await line.post(f"http://127.0.0.1:1/bot{TOKEN}/getMe")
    assert TOKEN not in str(broken.value)


async def test_an_answer_that_is_no_json_is_not_logged(
    server: Server, line: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    """It may quote a message: neither the log nor the error repeats it."""

    async def nonsense(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>secret words")

    server.answer = nonsense
    with caplog.at_level(logging.DEBUG), pytest.raises(TelegramError) as refused:
        await line.post(f"{server.url}/getMe")
    assert "secret words" not in caplog.text + str(refused.value)


async def test_values_arrive_as_json(server: Server, line: Transport) -> None:
    """One JSON object holds all values, structures among them, as the Bot API reads them."""
    received: dict[str, object] = {}

    async def read(request: web.Request) -> web.StreamResponse:
        received.update(await request.json())
        return web.json_response(
            {"ok": True, "result": {"message_id": 1, "date": 1, "chat": CHAT}}
        )

    server.answer = read
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("⌫", callback_data="cp:k:t:1:del")]])
    async with bot_on(server, line) as bot:
        sent = await bot.send_message(7, "ünï & <b>code</b>", reply_markup=markup)
    assert sent.message_id == 1
    assert received == {
        "chat_id": 7,
        "text": "ünï & <b>code</b>",
        "reply_markup": {"inline_keyboard": [[{"text": "⌫", "callback_data": "cp:k:t:1:del"}]]},
    }


async def test_an_edit_is_done_or_refused(server: Server, line: Transport) -> None:
    """What an edited text looks like is not read again; that it was refused is."""

    async def show(_request: web.Request) -> web.StreamResponse:
        message = {"message_id": 1, "date": 1, "chat": CHAT, "text": "new"}
        return web.json_response({"ok": True, "result": message})

    async with bot_on(server, line) as bot:
        server.answer = show
        assert await bot.edit_message_text("new", chat_id=7, message_id=1) is True
        server.answer = refusing(400, "Bad Request: message is not modified")
        with pytest.raises(BadRequest, match="not modified"):
            await bot.edit_message_text("new", chat_id=7, message_id=1)


async def test_files_are_uploaded_with_their_names(server: Server, line: Transport) -> None:
    """A picture crosses the line byte for byte, beside the other values."""
    picture = bytes(range(256)) * 1_000
    parts: dict[str, tuple[str, bytes]] = {}

    async def read(request: web.Request) -> web.StreamResponse:
        async for part in await request.multipart():
            parts[part.name] = (part.filename or "", bytes(await part.read()))
        return web.json_response(
            {"ok": True, "result": {"message_id": 1, "date": 1, "chat": CHAT}}
        )

    server.answer = read
    async with bot_on(server, line) as bot:
        await bot.send_photo(7, InputFile(io.BytesIO(picture), filename="qr.png"), caption="Me")
    (attached,) = (part for part in parts.values() if part[0])
    assert attached == ("qr.png", picture)
    assert parts["chat_id"] == ("", b"7")
    assert parts["caption"] == ("", b"Me")


async def test_a_file_is_fetched(server: Server, line: Transport) -> None:
    """`retrieve` answers the bytes as they are."""

    async def file(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"\x00\x01binary")

    server.answer = file
    assert await line.retrieve(f"{server.url}/photos/1") == b"\x00\x01binary"


async def test_connections_are_used_again(server: Server, line: Transport) -> None:
    """Calls one after the other go over one connection."""
    for _ in range(3):
        await line.post(f"{server.url}/getMe", RequestData())
    assert len({request.transport for request in server.received if request.transport}) <= 1


async def test_a_closed_line_says_so_and_can_be_opened_again(server: Server) -> None:
    """Opening and closing twice are harmless; a call in between is a mistake."""
    line = Transport()
    await line.initialize()
    await line.initialize()
    await line.shutdown()
    await line.shutdown()
    with pytest.raises(NetworkError, match="not initialized"):
        await line.post(f"{server.url}/getMe")
    await line.initialize()
    assert await line.post(f"{server.url}/getMe") is True
    await line.shutdown()


CHAT = {"id": 7, "type": "private"}


def bot_on(server: Server, line: Transport) -> _Opened:
    """A `Bot` whose calls go over the line, without the `getMe` of its start."""
    base_url = server.url.removesuffix(TOKEN)
    return _Opened(Bot(TOKEN, base_url=base_url, request=line, get_updates_request=Transport()))


class _Opened:
    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def __aenter__(self) -> Bot:
        return self._bot

    async def __aexit__(self, *_: object) -> None:
        return None
