"""Fetches updates by long polling, each batch written down before the next call confirms it.

An offset is only sent to confirm what is stored. A bot that hears nothing for a week may see
update ids begin anew, lower than before, and an old offset would then silently throw updates away.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlencode

import structlog
from telegram import Bot
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.inbox import ALLOWED_UPDATES, Inbox
from bot.pacing import retry_seconds
from bot.transport import Transport
from payments.errors import Unavailable

_POLL_S = 50
_READ_S = _POLL_S + 15
_BATCH = 100
_PAUSE_S = 0.5
_PAUSE_MOST_S = 30.0

log = structlog.get_logger(__name__)


class Poller:
    """Long polling into an inbox.

    Args:
        bot: whose updates.
        line: a transport of its own, so that a poll never waits for a message to be sent.
        inbox: where they go.
    """

    def __init__(self, bot: Bot, line: Transport, inbox: Inbox) -> None:
        self._bot = bot
        self._line = line
        self._inbox = inbox

    async def run(self) -> None:
        """Polls until it is cancelled; what was not written down then is sent again.

        Raises:
            InvalidToken: Telegram does not know the token (any more).
        """
        confirm: int | None = None
        pause_s = _PAUSE_S
        while True:
            try:
                await self._inbox.has_room()
                updates = await self._fetch(confirm)
                confirm = None
                if updates:
                    await self._inbox.take(updates)
                    confirm = max(int(update["update_id"]) for update in updates) + 1
                pause_s = _PAUSE_S
            except InvalidToken:
                raise
            except (TelegramError, Unavailable) as error:
                _report(error)
                await asyncio.sleep(_wait_s(error, pause_s))
                pause_s = min(pause_s * 2, _PAUSE_MOST_S)

    async def _fetch(self, offset: int | None) -> list[dict[str, Any]]:
        asked = {
            "timeout": _POLL_S,
            "limit": _BATCH,
            "allowed_updates": json.dumps(ALLOWED_UPDATES),
        }
        if offset is not None:
            asked["offset"] = offset
        # Not through `Bot.get_updates`: it parses, and one update that it cannot parse loses the
        # batch.
        answer: Any = await self._line.post(
            f"{self._bot.base_url}/getUpdates?{urlencode(asked)}", read_timeout=_READ_S
        )
        return list(answer)


def _wait_s(error: Exception, pause_s: float) -> float:
    if isinstance(error, RetryAfter):
        return retry_seconds(error)
    return pause_s


def _report(error: Exception) -> None:
    if isinstance(error, Conflict):
        log.warning("polling_conflict", hint="another process polls with this token")
    else:
        log.warning("polling_interrupted", error=type(error).__name__)
