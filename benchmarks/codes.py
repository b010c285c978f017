"""QR cards a second: the picture of a payment link with whom and what it pays, as PNG.

Beside it, in turns: the `qrcode` package's picture of the same link, with nothing around it.
"""

from __future__ import annotations

import io
import time
from itertools import count

import qrcode

from benchmarks.figures import Figure, in_turns, rate_beside
from bot import qr
from payments.money import Money

_CARDS = 10
_numbers = count(100_000_000_000)
"""Each link is drawn once: a card that was drawn before comes from the cache."""


async def measure(rounds: int) -> list[Figure]:
    """Cards, in turns with bare codes."""
    rates = await in_turns(rounds, {"ours": _cards, "bare": _bare_codes})
    return [
        rate_beside(
            "QR cards",
            rates["ours"],
            rates["bare"],
            unit="cards/s",
            beside="qrcode, the bare code",
        )
    ]


def _links() -> list[str]:
    return [f"https://t.me/chatpay_bot?start=l_{next(_numbers)}abcd" for _ in range(_CARDS)]


async def _cards() -> float:
    links = _links()
    began = time.perf_counter()
    for link in links:
        qr.card(
            link,
            name="Corner Bakery",
            amount=Money(1_250, "EUR"),
            note="lunch",
            hint="Scan with your camera",
            locale="en",
        )
    return len(links) / (time.perf_counter() - began)


async def _bare_codes() -> float:
    links = _links()
    began = time.perf_counter()
    for link in links:
        qrcode.make(link).save(io.BytesIO())
    return len(links) / (time.perf_counter() - began)
