"""The peer of the bot on the wire: python-telegram-bot's echo bot, which keeps nothing.

    python -m benchmarks.echo httpx|aiohttp URL TOKEN

With `httpx` it is the stock one, with its default requests; with `aiohttp` it has the transport of
`bot/transport.py`. Both handle updates at the same time, which the stock one does only if told.
"""

from __future__ import annotations

import sys

from telegram import Update
from telegram.ext import Application, ApplicationBuilder, CallbackContext, MessageHandler, filters

from bot.context import AnyApplication
from bot.transport import Transport

READY = "echo is running"
_AT_ONCE = 256


async def _echo(update: Update, _context: CallbackContext) -> None:  # type: ignore[type-arg]
    if update.message and update.message.text:
        await update.message.reply_text(update.message.text)


async def _say_ready(_application: AnyApplication) -> None:
    print(READY, flush=True)


def _build(line: str, url: str, token: str) -> AnyApplication:
    builder = ApplicationBuilder().token(token).base_url(f"{url}/bot").concurrent_updates(_AT_ONCE)
    if line == "aiohttp":
        builder = builder.request(Transport()).get_updates_request(Transport(connections=1))
    application: Application = builder.post_init(_say_ready).build()  # type: ignore[type-arg]
    application.add_handler(MessageHandler(filters.TEXT, _echo))
    return application


if __name__ == "__main__":
    _build(*sys.argv[1:]).run_polling()
