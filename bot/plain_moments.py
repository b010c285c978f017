"""Messages with moments, on Bot API servers that refuse them.

`<tg-time>` came with Bot API 9.5. A server from before that refuses the whole message, and any
server does where a moment is more than three years ahead. No message may be lost over that: it
goes out at once without the tags, which leaves the moment in UTC.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

import structlog
from telegram import Bot
from telegram._utils.defaultvalue import DEFAULT_NONE
from telegram._utils.types import JSONDict, ODVInput
from telegram.constants import ParseMode
from telegram.request import BaseRequest, RequestData
from telegram.request._requestparameter import RequestParameter

log = structlog.get_logger(__name__)

_TAG = re.compile(r"</?tg-time[^>]*>")
_TEXTS = frozenset({"text", "caption", "message_text"})
_UNKNOWN = b"Unsupported start tag"
_TOO_FAR = b"ENTITY_DATE_INVALID"


class PlainMoments(BaseRequest):
    """A line to the Bot API that sends without its moments what is refused over them.

    Once a server has not known the tag, it is not tried again.

    Args:
        line: what carries the requests.
    """

    def __init__(self, line: BaseRequest) -> None:
        self._line = line
        self._unknown = False

    @property
    def read_timeout(self) -> float | None:
        """That of the line."""
        return self._line.read_timeout

    async def initialize(self) -> None:
        """Opens the line."""
        await self._line.initialize()

    async def shutdown(self) -> None:
        """Closes the line."""
        await self._line.shutdown()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = DEFAULT_NONE,
        write_timeout: ODVInput[float] = DEFAULT_NONE,
        connect_timeout: ODVInput[float] = DEFAULT_NONE,
        pool_timeout: ODVInput[float] = DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Sends one request, and once more where the server refuses its moments."""
        timeouts = (read_timeout, write_timeout, connect_timeout, pool_timeout)
        is_plain = self._unknown
        if is_plain:
            request_data = _without_moments(request_data)
        status, answer = await self._line.do_request(url, method, request_data, *timeouts)
        if is_plain or status != HTTPStatus.BAD_REQUEST or not self._refuses_moments(answer):
            return status, answer
        plain = _without_moments(request_data)
        return await self._line.do_request(url, method, plain, *timeouts)

    def parse_json_payload(self, payload: bytes) -> JSONDict:  # type: ignore[override]
        """Reads an answer as the line does."""
        return self._line.parse_json_payload(payload)

    def _refuses_moments(self, answer: bytes) -> bool:
        if _UNKNOWN in answer and b"tg-time" in answer:
            if not self._unknown:
                log.info("moments_unknown", hint="the Bot API server is older than 9.5")
            self._unknown = True
            return True
        return _TOO_FAR in answer


def send_plain_where_refused(bot: Bot) -> None:
    """Has a bot send without its moments what is refused over them."""
    updates, line = bot._request  # noqa: SLF001 (there is no other way to a bot that is made)
    bot._request = (updates, PlainMoments(line))  # noqa: SLF001 (as above)


def _without_moments(data: RequestData | None) -> RequestData | None:
    if data is None:
        return None
    given = {each.name: each for each in data._parameters}  # noqa: SLF001 (its files are not public)
    plain = _plain_fields({name: each.value for name, each in given.items()})
    return RequestData(
        [RequestParameter(name, plain[name], each.input_files) for name, each in given.items()]
    )


def _plain_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """An object of the Bot API; what is HTML in it says so itself."""
    is_html = fields.get("parse_mode") == ParseMode.HTML
    return {
        name: _TAG.sub("", value) if is_html and name in _TEXTS else _plain(value)
        for name, value in fields.items()
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return _plain_fields(value)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
