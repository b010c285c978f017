"""Groups that go on under another id: a group becomes a supergroup as soon as it needs to.

Telegram says so in both, in a message that nobody wrote.
"""

from __future__ import annotations

from typing import Any

from telegram import Update
from telegram.ext import BaseHandler, MessageHandler, filters

from bot.context import AnyContext, services_of


def handlers() -> list[BaseHandler[Any, Any, Any]]:
    """What Telegram says about such a group."""
    return [MessageHandler(filters.StatusUpdate.MIGRATE, _moved)]


async def _moved(update: Update, context: AnyContext) -> None:
    message = update.message
    if message is None:
        return
    here, payments = message.chat.id, services_of(context.application).payments
    if message.migrate_to_chat_id is not None:
        await payments.group_moved(here, message.migrate_to_chat_id)
    if message.migrate_from_chat_id is not None:
        await payments.group_moved(message.migrate_from_chat_id, here)
