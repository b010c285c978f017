"""An application that only writes down what it was given, and updates to give it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from telegram import Update
from telegram.ext import ApplicationBuilder, MessageHandler, filters

from bot.context import AnyApplication, AnyContext
from bot.transport import Transport
from simulator.client import Telegram
from tests.chat.driver import TOKEN


def message(update_id: int, person_id: int, text: str) -> dict[str, Any]:
    """An update with somebody's message."""
    return {
        "update_id": update_id,
        "message": {
            "message_id": update_id,
            "date": 1,
            "from": {"id": person_id, "is_bot": False, "first_name": "Someone"},
            "chat": {"id": person_id, "type": "private", "first_name": "Someone"},
            "text": text,
        },
    }


class Handled:
    """An application whose one handler writes down what it handled."""

    def __init__(self, application: AnyApplication, together: list[str] | None = None) -> None:
        self.application = application
        self.texts: list[str] = []
        self.together = [] if together is None else together
        self.under_way = 0
        self.gate = asyncio.Event()
        self.gate.set()
        application.add_handler(MessageHandler(filters.TEXT, self.handle))

    async def handle(self, update: Update, _context: AnyContext) -> None:
        assert update.message is not None
        self.under_way += 1
        await self.gate.wait()
        self.under_way -= 1
        if update.message.text == "poison":
            raise ValueError("cannot be handled")
        self.texts.append(update.message.text or "")
        self.together.append(update.message.text or "")

    async def until(self, count: int) -> list[str]:
        """Waits for so many texts."""
        async with asyncio.timeout(5):
            while len(self.texts) < count:  # noqa: ASYNC110 (nothing tells when it is handled)
                await asyncio.sleep(0.01)
        return self.texts


@asynccontextmanager
async def new_handled(
    telegram: Telegram, together: list[str] | None = None
) -> AsyncIterator[Handled]:
    """An application that runs; what it handles is added to `together` too."""
    application = (
        ApplicationBuilder()
        .token(TOKEN)
        .base_url(f"{telegram.url}/bot")
        .request(Transport())
        .get_updates_request(Transport())
        .updater(None)
        .job_queue(None)
        .build()
    )
    async with application:
        yield Handled(application, together)
