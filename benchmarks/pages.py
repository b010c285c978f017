"""Pay pages a second: the whole page of a payment link, as the application answers it (ASGI).

Beside it, in turns: a bare Starlette answer of the same length. Each visit comes from an address
of its own, so that nobody is asked to wait.
"""

from __future__ import annotations

import tempfile
import time
from itertools import count
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from benchmarks.figures import Figure, in_turns, rate_beside
from benchmarks.household import move_in, open_payments
from bot.web.pay_page import PayPages
from payments.money import Money

_VISITS = 100
_OWNER = 101
_HOST = "https://pay.example"
_visitors = count(1)


async def measure(rounds: int) -> list[Figure]:
    """Pages, in turns with bare answers."""
    with tempfile.TemporaryDirectory() as folder:
        payments = await open_payments(f"sqlite:///{Path(folder) / 'pages.db'}")
        await move_in(payments, [_OWNER])
        link = await payments.make_link(_OWNER, amount=Money(1_250, "EUR"), note="coffee")
        pages = Starlette(routes=PayPages(payments, "chatpay_bot", _HOST).routes())
        path = f"/p/{link.id}"
        length = len((await _visit(pages, path)).text)

        async def bare(_request: Request) -> Response:
            return HTMLResponse("x" * length)

        empty = Starlette(routes=[Route(path, bare)])
        rates = await in_turns(
            rounds, {"ours": lambda: _rate(pages, path), "bare": lambda: _rate(empty, path)}
        )
        await payments.store.close()
    return [
        rate_beside(
            "pay pages",
            rates["ours"],
            rates["bare"],
            unit="pages/s",
            beside="Starlette, a bare answer as long",
        )
    ]


async def _rate(application: Starlette, path: str) -> float:
    began = time.perf_counter()
    for _ in range(_VISITS):
        await _visit(application, path)
    return _VISITS / (time.perf_counter() - began)


async def _visit(application: Starlette, path: str) -> httpx.Response:
    number = next(_visitors)
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    transport = httpx.ASGITransport(application, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url=_HOST) as client:
        response = await client.get(path)
    response.raise_for_status()
    return response
