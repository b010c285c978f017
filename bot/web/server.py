"""The web side: Telegram's webhook, pages, and a place to ask whether the bot is well.

An update is written down before Telegram is answered 200. Whoever does not send the secret is
answered 403 and nothing else is looked at.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.inbox import Inbox
from payments.errors import Unavailable
from payments.ports import Store

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 (a header's name)

_BODY_MOST = 1 << 20
_STOP_S = 5

log = structlog.get_logger(__name__)


def webhook_path(secret: str) -> str:
    """Where Telegram calls. It is derived from the secret, so that nobody stumbles upon it."""
    return (
        "/telegram/" + hmac.new(secret.encode(), b"chatpay path", hashlib.sha256).hexdigest()[:32]
    )


def build_web(inbox: Inbox, store: Store, secret: str, pages: Sequence[BaseRoute]) -> Starlette:
    """The web side as an ASGI application.

    Args:
        inbox: where updates go.
        store: asked by `/healthz` whether it answers.
        secret: what Telegram must send in `SECRET_HEADER`.
        pages: what else there is, for people.
    """

    async def webhook(request: Request) -> Response:
        if not hmac.compare_digest(
            request.headers.get(SECRET_HEADER, "").encode(), secret.encode()
        ):
            return Response(status_code=403)
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        update = _update(body)
        if update is None:
            return Response(status_code=400)
        try:
            await inbox.take([update])
        except Unavailable:
            log.warning("store_unavailable", what="webhook")
            return Response(status_code=503)
        return Response(status_code=200)

    async def healthz(_request: Request) -> Response:
        try:
            await store.read(lambda tx: tx.inbox.last_id())
        except Unavailable:
            return PlainTextResponse("the database does not answer\n", status_code=503)
        return PlainTextResponse("ok\n")

    return Starlette(
        routes=[
            Route(webhook_path(secret), webhook, methods=["POST"]),
            Route("/healthz", healthz),
            *pages,
        ]
    )


async def _body(request: Request) -> bytes | None:
    """The body; None if it is longer than any update."""
    received = bytearray()
    async for part in request.stream():
        received += part
        if len(received) > _BODY_MOST:
            return None
    return bytes(received)


def _update(body: bytes) -> dict[str, Any] | None:
    try:
        update = json.loads(body)
    except (ValueError, RecursionError):
        return None
    is_update = isinstance(update, dict) and isinstance(update.get("update_id"), int)
    return update if is_update else None


class WebServer:
    """Serves the web side in the bot's own event loop.

    Args:
        app: from `build_web`.
        host: where to listen.
        port: 0 for any that is free.

    Raises:
        OSError: the address cannot be listened on.
    """

    def __init__(self, app: Starlette, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        bound = socket.create_server((host, port), family=family)
        # asyncio switches Nagle's delay off only for sockets that name their protocol; with it,
        # an answer waits 40 ms for its second half.
        self._listener = socket.socket(
            family, socket.SOCK_STREAM, socket.IPPROTO_TCP, bound.detach()
        )
        self._server = _Server(
            uvicorn.Config(
                app,
                http="h11",  # it bounds the size of a request's head
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_STOP_S,
            )
        )

    def start(self) -> asyncio.Task[None]:
        """Begins to answer; the task ends when it no longer does."""
        return asyncio.create_task(self._server.serve(sockets=[self._listener]))

    def stop(self) -> None:
        """Answers what was asked already, then ends the task."""
        self._server.should_exit = True


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the business of whoever runs the loop."""
        yield
