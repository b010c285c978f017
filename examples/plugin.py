"""A bot of its own that votes on lunch, with Chatpay as a plugin to settle the bill.

    SECRET_KEY=... TELEGRAM_BOT_TOKEN=... python examples/plugin.py

The host keeps its `/start`, its `/vote`, its buttons and its catch-all. Chatpay brings `/pay` and
the rest, and the host never has to think about them.
"""

from __future__ import annotations

import os
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    filters,
)

import bot
from payments.pinhash import PinChecker, PinHasher
from payments.service import Payments
from storage import Sealer, open_store

DISHES = ("Pizza", "Sushi")

Host = Application[Any, Any, Any, Any, Any, Any]


async def set_up(host: Host) -> None:
    """Opens the books and brings Chatpay in: these five lines are all that a host needs."""
    key = os.environ["SECRET_KEY"].encode()
    store = await open_store(os.environ.get("DATABASE_URL", "sqlite:///lunch.db"), Sealer([key]))
    payments = Payments(store, PinChecker(PinHasher([key])))
    await bot.register(host, payments).start()  # stops by itself with the application
    host.bot_data["store"] = store


async def close(host: Host) -> None:
    """Closes the books, once nothing uses them any more."""
    await host.bot_data["store"].close()


async def start(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    """The host's own greeting."""
    if update.message:
        await update.message.reply_text("Hungry? /vote, then settle up with /pay.")


async def vote(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    """Asks what to eat."""
    if update.message:
        dishes = [InlineKeyboardButton(dish, callback_data=f"vote:{dish}") for dish in DISHES]
        await update.message.reply_text(
            "What is for lunch?", reply_markup=InlineKeyboardMarkup([dishes])
        )


async def count(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    """Counts a vote."""
    query = update.callback_query
    if query and query.data:
        dish = query.data.removeprefix("vote:")
        votes = context.bot_data[dish] = context.bot_data.get(dish, 0) + 1
        await query.answer(f"{dish}: {votes}")


async def unknown(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    """Answers every command that nobody else takes."""
    if update.message:
        await update.message.reply_text("I only know lunch.")


def main() -> None:
    """Runs until it is interrupted."""
    api_url = os.environ.get("TELEGRAM_API_URL", "https://api.telegram.org")
    host = (
        ApplicationBuilder()
        .token(os.environ["TELEGRAM_BOT_TOKEN"])
        .base_url(f"{api_url}/bot")
        .post_init(set_up)
        .post_shutdown(close)
        .build()
    )
    host.add_handler(CommandHandler("start", start))
    host.add_handler(CommandHandler("vote", vote))
    host.add_handler(CallbackQueryHandler(count))
    host.add_handler(MessageHandler(filters.COMMAND, unknown))
    host.run_polling()


if __name__ == "__main__":
    main()
