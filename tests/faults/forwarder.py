"""What stands before several workers: one address, each request to the next worker in turn."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

_HOP = {"host", "content-length", "transfer-encoding", "connection"}


class Forwarder:
    """Passes requests on, and counts what each worker was given and accepted."""

    def __init__(self, workers: Sequence[str]) -> None:
        self.accepted = dict.fromkeys(workers, 0)
        self._turns = itertools.cycle(workers)
        self.url = ""

    async def forward(self, request: web.Request) -> web.Response:
        """Asks the worker whose turn it is, and the next ones where it does not answer."""
        body = await request.read()
        headers = {
            name: text for name, text in request.headers.items() if name.lower() not in _HOP
        }
        for _ in self.accepted:
            worker = next(self._turns)
            try:
                async with (
                    aiohttp.ClientSession() as session,
                    session.request(
                        request.method, worker + request.path_qs, data=body, headers=headers
                    ) as answer,
                ):
                    text = await answer.read()
            except aiohttp.ClientError:
                continue
            self.accepted[worker] += answer.ok
            return web.Response(body=text, status=answer.status)
        return web.Response(status=502)


@asynccontextmanager
async def new_forwarder(workers: Sequence[str]) -> AsyncIterator[Forwarder]:
    """A forwarder that listens at its `url`."""
    forwarder = Forwarder(workers)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", forwarder.forward)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        forwarder.url = f"http://{host}:{port}"
        yield forwarder
    finally:
        await runner.cleanup()
