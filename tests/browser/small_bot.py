"""A bot of the tests' own: it calls the Bot API by hand, and shows whatever a bot can."""

from __future__ import annotations

import asyncio
import json
from io import BytesIO
from typing import Any

import aiohttp
import qrcode

TOKEN = "4242:" + "T" * 35
USERNAME = "shop_bot"
NAME = "Corner Shop"
POLL_S = 5

Json = dict[str, Any]


def button(text: str, data: str = "", **fields: Any) -> Json:
    """An inline button; a callback unless `fields` say what else."""
    return {"text": text, **({"callback_data": data} if data else {}), **fields}


def inline(*rows: list[Json]) -> Json:
    """An inline keyboard."""
    return {"inline_keyboard": list(rows)}


def qr(text: str) -> bytes:
    """A PNG of a QR code, one pixel a module."""
    content = BytesIO()
    qrcode.make(text, box_size=1, border=2).save(content, "PNG")
    return content.getvalue()


class SmallBot:
    """Sends when a test says so, and answers button presses with what the test prepared."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.id = int(TOKEN.partition(":")[0])
        self._url = f"{url}/bot{TOKEN}"
        self._session = session
        self._offset = 0

    async def call(self, method: str, files: dict[str, bytes] | None = None, **params: Any) -> Any:
        """The result of a call, which must succeed; `files` by field name are uploads."""
        form = aiohttp.FormData()
        for name, value in params.items():
            form.add_field(name, value if isinstance(value, str) else json.dumps(value))
        for name, content in (files or {}).items():
            form.add_field(name, content, filename=f"{name}.bin")
        async with self._session.post(f"{self._url}/{method}", data=form) as response:
            answer = await response.json()
            assert answer["ok"], answer
            return answer["result"]

    async def say(self, chat_id: int, text: str, **params: Any) -> Json:
        """Sends a message in HTML."""
        sent: Json = await self.call(
            "sendMessage", chat_id=chat_id, text=text, parse_mode="HTML", **params
        )
        return sent

    async def next_update(self, kind: str) -> Json:
        """The next update of a kind; others before it are passed over."""
        async with asyncio.timeout(POLL_S):
            while True:
                updates = await self.call("getUpdates", offset=self._offset, timeout=POLL_S)
                for update in updates:
                    self._offset = update["update_id"] + 1
                    if kind in update:
                        found: Json = update[kind]
                        return found

    async def next_press(self) -> Json:
        """The next callback query, not answered yet."""
        return await self.next_update("callback_query")

    async def next_text(self) -> str:
        """The text of the next message."""
        message = await self.next_update("message")
        return str(message["text"])
