"""Bots that know nothing of the simulator work against it, polling or with a webhook."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from telegram import Update
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CallbackQueryHandler,
    MessageHandler,
    filters,
)

from simulator.client import Telegram
from simulator.server import LocalTelegram

TOKEN = "777:" + "P" * 35
BOT = "sim777_bot"

Anything = Application[Any, Any, Any, Any, Any, Any]


def echo_bot(url: str) -> Anything:
    """The library's own example: says everything back, with a button."""

    async def echo(update: Update, _context: Any) -> None:
        assert update.message is not None
        markup = {"inline_keyboard": [[{"text": "Again", "callback_data": "again"}]]}
        await update.message.reply_text(
            f"<b>{update.message.text}</b>", parse_mode="HTML", api_kwargs={"reply_markup": markup}
        )

    async def again(update: Update, _context: Any) -> None:
        assert update.callback_query is not None
        await update.callback_query.answer("Once more")
        await update.callback_query.edit_message_text("again")

    application = (
        ApplicationBuilder()
        .token(TOKEN)
        .base_url(f"{url}/bot")
        .base_file_url(f"{url}/file/bot")
        .build()
    )
    application.add_handler(MessageHandler(filters.TEXT, echo))
    application.add_handler(CallbackQueryHandler(again))
    return application


@asynccontextmanager
async def polling(url: str) -> AsyncIterator[None]:
    application = echo_bot(url)
    async with application:
        await application.start()
        assert application.updater is not None
        await application.updater.start_polling(poll_interval=0)
        yield
        await application.updater.stop()
        await application.stop()


async def test_a_polling_bot_converses(server: LocalTelegram, telegram: Telegram) -> None:
    """An echo bot of python-telegram-bot answers, edits, and shows a toast."""
    async with polling(server.url):
        ann = await telegram.person("Ann")
        chat = await ann.start(BOT, "hello")
        card = await ann.expect(chat, r"^/start hello$")
        assert card.raw["entities"][0] == {"type": "bold", "offset": 0, "length": 12}
        assert card.labels == ["Again"]
        answer = await ann.press(card, "Again")
        assert (answer.answered, answer.toast) == (True, "Once more")
        assert (await ann.expect(chat, "^again$")).id == card.id
    methods = {call["method"] for call in await telegram.calls()}
    assert methods >= {"getme", "deletewebhook", "getupdates", "sendmessage", "editmessagetext"}


class Hook:
    """A web server that takes updates; refuses so many first."""

    def __init__(self) -> None:
        self.refuse = 0
        self.secrets: list[str | None] = []
        self.updates: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        update = await request.json()
        if self.refuse:
            self.refuse -= 1
            return web.Response(status=500)
        await self.updates.put(update)
        text = f"hooked {update['message']['text']}"
        chat_id = update["message"]["chat"]["id"]
        return web.json_response({"method": "sendMessage", "chat_id": chat_id, "text": text})

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(10):
            return await self.updates.get()


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    application = web.Application()
    application.router.add_post("/hook", hook.take)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield hook
    await runner.cleanup()


async def test_a_webhook_gets_each_update_until_it_accepts_it(hook, bot, ann) -> None:
    """Updates come with the secret, again after a refusal, and the reply in the answer is sent."""
    hook.refuse = 1
    await bot.call("setWebhook", url=hook.url, secret_token="s-1", max_connections=1)
    await ann.send(bot.key(ann), "one")
    await ann.send(bot.key(ann), "two")
    assert [(await hook.next())["message"]["text"] for _ in range(2)] == ["one", "two"]
    assert hook.secrets == ["s-1", "s-1", "s-1"]
    assert (await ann.expect(bot.key(ann), "^hooked two$")).author_id == bot.id
    info = await bot.call("getWebhookInfo")
    assert (info["url"], info["max_connections"]) == (hook.url, 1)
    assert info["last_error_message"] == "Wrong response from the webhook: 500"


async def test_no_polling_while_a_webhook_is_set(hook, bot, ann) -> None:
    """GetUpdates is a conflict until the webhook is deleted; what was not accepted is kept."""
    hook.refuse = 1000
    await bot.call("setWebhook", url=hook.url)
    await ann.send(bot.key(ann), "kept")
    expected = (
        "Conflict: can't use getUpdates method while webhook is active; "
        "use deleteWebhook to delete the webhook first"
    )
    status, answer = await bot.raw("getUpdates")
    assert (status, answer["description"]) == (409, expected)
    await bot.call("deleteWebhook")
    found = await bot.updates(wait=5)
    assert [update["message"]["text"] for update in found] == ["kept"]


async def test_a_second_poller_ends_the_first(server, bot, ann) -> None:
    """Only one getUpdates at a time; the older one is told of the conflict."""
    mailbox = server.world.mailboxes[bot.id]
    polls = mailbox._poll
    first = asyncio.create_task(bot.raw("getUpdates", timeout=30))
    while mailbox._poll == polls:  # noqa: ASYNC110  (a test asks, nobody tells it)
        await asyncio.sleep(0)
    second = asyncio.create_task(bot.updates(wait=30))
    status, answer = await first
    expected = (
        "Conflict: terminated by other getUpdates request; "
        "make sure that only one bot instance is running"
    )
    assert (status, answer["description"]) == (409, expected)
    await ann.send(bot.key(ann), "for the second")
    assert [update["message"]["text"] for update in await second] == ["for the second"]


async def test_the_port_in_use_is_said_so(server: LocalTelegram) -> None:
    """A taken port raises an error of its own."""
    from simulator.errors import AddressInUseError

    port = int(server.url.rpartition(":")[2])
    with pytest.raises(AddressInUseError, match=f"127.0.0.1:{port}"):
        await LocalTelegram(port=port).start()


async def test_requests_may_be_json_or_in_the_address(bot, ann) -> None:
    """Parameters are found in a JSON body, and in the query of a GET."""
    address = f"{bot.url}/bot{bot.token}/sendMessage"
    async with aiohttp.ClientSession() as session:
        async with session.post(address, json={"chat_id": ann.id, "text": "json"}) as response:
            assert (await response.json())["result"]["text"] == "json"
        async with session.get(f"{address}?chat_id={ann.id}&text=query") as response:
            assert (await response.json())["result"]["text"] == "query"
