"""The line to the Bot API: python-telegram-bot's requests over aiohttp.

An address holds the bot's token, so no address is ever logged, and none is in an error's words.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

import aiohttp
from telegram._utils.defaultvalue import DEFAULT_NONE, DefaultValue
from telegram._utils.types import JSONDict, ODVInput
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

_UPLOAD_S = 60.0
"""How long a request with a file in it may take to be written and answered, at the least."""

_JSON = {"Content-Type": "application/json"}
_EDITS = "/editMessageText"
_DONE = b'{"ok":true,"result":true}'
"""What an edit answers for a message that the bot cannot see."""


class Transport(BaseRequest):
    """A pool of connections to a Bot API server.

    The answer to an edited text is the message as the caller has just made it. Nobody reads it,
    and to take it apart would cost more than the call: what comes back is that it was done.

    Args:
        connections: how many at most.
        connect_timeout: seconds for a connection to be made.
        read_timeout: seconds of silence while an answer is read.
        write_timeout: seconds for a request to be written, besides the reading.
        pool_timeout: seconds to wait for a free connection.
    """

    def __init__(
        self,
        *,
        connections: int = 64,
        connect_timeout: float = 5.0,
        read_timeout: float = 10.0,
        write_timeout: float = 10.0,
        pool_timeout: float = 10.0,
    ) -> None:
        self._connections = connections
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._write_timeout = write_timeout
        self._pool_timeout = pool_timeout
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """Seconds of silence while an answer is read, unless a call says otherwise."""
        return self._read_timeout

    async def initialize(self) -> None:
        """Opens the pool. A second call does nothing."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, ttl_dns_cache=300),
                cookie_jar=aiohttp.DummyCookieJar(),
            )

    async def shutdown(self) -> None:
        """Closes the pool. A second call does nothing."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

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
        """Sends one request and reads the whole answer.

        Raises:
            TimedOut: one of the times was up; whether the request was carried out is unknown.
            NetworkError: no connection, or it broke; the same.
            RuntimeError: the pool is not open.
        """
        if self._session is None:
            raise RuntimeError("this transport is not initialized")
        timeout = self._timeout(
            connect=_given(connect_timeout, self._connect_timeout),
            read=_given(read_timeout, self._read_timeout),
            write=_given(write_timeout, self._write_timeout),
            pool=_given(pool_timeout, self._pool_timeout),
            uploads=request_data is not None and request_data.contains_files,
        )
        body, headers = _written(request_data)
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                answer = await response.read()
        except TimeoutError:
            raise TimedOut from None
        except (aiohttp.ClientError, OSError) as error:
            # Not chained: the cause quotes the address, and with it the token.
            raise NetworkError(f"{type(error).__name__} on the line to the Bot API") from None
        if response.status == HTTPStatus.OK and url.endswith(_EDITS):
            return response.status, _DONE
        return response.status, answer

    @staticmethod
    def parse_json_payload(payload: bytes) -> JSONDict:
        """Reads an answer.

        Raises:
            TelegramError: it is no JSON object; it is not logged, since it may quote messages.
        """
        try:
            answer: Any = json.loads(payload)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise TelegramError("Invalid server response")
        return answer

    @staticmethod
    def _timeout(
        *,
        connect: float | None,
        read: float | None,
        write: float | None,
        pool: float | None,
        uploads: bool,
    ) -> aiohttp.ClientTimeout:
        # aiohttp measures the wait for the pool together with the connection that follows it, and
        # has no limit of its own for writing; the total covers that.
        total = (
            None if read is None or write is None else read + write + (connect or 0) + (pool or 0)
        )
        if uploads and total is not None:
            total = max(total, _UPLOAD_S)
            read = max(read or 0, _UPLOAD_S)
        return aiohttp.ClientTimeout(
            total=total,
            connect=None if connect is None or pool is None else connect + pool,
            sock_connect=connect,
            sock_read=read,
        )


def _given(value: ODVInput[float], otherwise: float) -> float | None:
    return otherwise if isinstance(value, DefaultValue) else value


def _written(data: RequestData | None) -> tuple[bytes | aiohttp.FormData | None, dict[str, str]]:
    """The body of a request, and the headers that go with it."""
    if data is None:
        return None, {}
    if not data.contains_files:
        return json.dumps(data.parameters).encode(), _JSON
    form = aiohttp.FormData()
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, mime) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=mime)
    return form, {}
