"""The peer of the bot on the wire: python-telegram-bot's echo bot, which keeps nothing.

    python -m benchmarks.echo KIND URL TOKEN

`httpx` is the stock one, as its documentation has it: default requests, and one update after the
other. `fast` has what Chatpay has: the transport of `bot/transport.py`, on uvloop. The two others
handle updates at the same time, which python-telegram-bot does only if told.
"""

from __future__ import annotations

import asyncio
import sys

import uvloop
from telegram import Update
from telegram.ext import Application, ApplicationBuilder, CallbackContext, MessageHandler, filters

from bot.context import AnyApplication
from bot.transport import Transport

READY = "echo is running"
KINDS = ("httpx", "httpx at once", "fast", "fast at once")
_AT_ONCE = 256


async def _echo(update: Update, _context: CallbackContext) -> None:  # type: ignore[type-arg]
    if update.message and update.message.text:
        await update.message.reply_text(update.message.text)


async def _say_ready(_application: AnyApplication) -> None:
    print(READY, flush=True)


def _build(kind: str, url: str, token: str) -> AnyApplication:
    builder = ApplicationBuilder().token(token).base_url(f"{url}/bot")
    if kind.startswith("fast"):
        builder = builder.request(Transport()).get_updates_request(Transport(connections=1))
        asyncio.set_event_loop(uvloop.new_event_loop())
    if kind.endswith("at once"):
        builder = builder.concurrent_updates(_AT_ONCE)
    application: Application = builder.post_init(_say_ready).build()  # type: ignore[type-arg]
    application.add_handler(MessageHandler(filters.TEXT, _echo))
    return application


if __name__ == "__main__":
    _build(*sys.argv[1:]).run_polling()
