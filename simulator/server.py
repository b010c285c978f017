"""Runs the local Telegram on a loopback address, inside any event loop."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from simulator.api import CUT
from simulator.app import build
from simulator.errors import AddressInUseError
from simulator.world import World

_ANSWERING_S = 1.0
"""How long what is being answered may take when the server is to stop."""
_LOOK_S = 0.001
"""How often it is looked whether all is answered."""


class LocalTelegram:
    """The local Telegram, started and stopped by hand or as an async context manager.

        async with LocalTelegram() as telegram:
            ...  # telegram.url is the Bot API server, the page and the control interface

    Attributes:
        world: everything in it; gone when the object is.
        url: where it listens, without a slash at the end; "" while it does not.
    """

    def __init__(
        self, host: str = "127.0.0.1", port: int = 0, *, world: World | None = None
    ) -> None:
        self.world = world or World()
        self.url = ""
        self._host = host
        self._port = port
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to listen; with port 0 on any that is free.

        Raises:
            AddressInUseError: something else listens there.
        """
        listener = _listen(self._host, self._port)
        port = listener.getsockname()[1]
        config = uvicorn.Config(
            build(self.world),
            http=_CuttableProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=120,
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        await self._server.ready.wait()
        self.url = f"http://{self._host}:{port}"

    async def stop(self) -> None:
        """Ends what still waits (polls, event streams) and stops listening."""
        if self._server is None or self._serving is None:
            return
        self.world.close()
        self._server.leave.set()
        await self._serving
        self._server = self._serving = None
        self.url = ""

    async def wait(self) -> None:
        """Waits until it is stopped."""
        if self._serving is not None:
            await asyncio.shield(self._serving)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's delay off only for sockets that name their protocol.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise AddressInUseError(host, port) from error
        raise
    return listener


class _Server(uvicorn.Server):
    """Leaves the process's signals alone, tells when it is up, and stops when told to."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self.leave = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the business of whoever runs the loop."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts to accept connections."""
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        """Serves until `leave` is set."""
        await self.leave.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        """Stops to listen, and ends as soon as all is answered, or after a second.

        uvicorn's own looks ten times a second; whoever tests a bot stops a server in each test.
        """
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        with suppress(TimeoutError):
            async with asyncio.timeout(_ANSWERING_S):
                while self._is_answering():  # noqa: ASYNC110 (nothing tells)
                    await asyncio.sleep(_LOOK_S)
        for task in self.server_state.tasks:
            task.cancel()
        await self.lifespan.shutdown()

    def _is_answering(self) -> bool:
        return bool(self.server_state.connections or self.server_state.tasks)


class _CuttableProtocol(HttpToolsProtocol):
    """HTTP whose requests can drop their own connection, as a failing network would."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        app = self.app

        async def with_scissors(scope: Any, receive: Any, send: Any) -> None:
            scope[CUT] = transport.abort
            await app(scope, receive, send)

        self.app = with_scissors
