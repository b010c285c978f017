"""A shop on the web: its owner's links in a real database, and their pages on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from starlette.applications import Starlette

from bot.demo import free_port
from bot.web.pay_page import PayPages
from bot.web.server import WebServer
from payments.models import Link, Profile
from payments.money import Money
from payments.service import Payments
from storage import Sealer, open_store
from tests.unit.payments_kit import PIN, Clock, PlainPins, policy

OWNER, PAYER = 101, 102
BOT = "chatpay_bot"


@dataclass
class Shop:
    """Mira sells; Ken has money."""

    payments: Payments
    clock: Clock
    address: str
    seconds: list[float]
    """The time by which visits are counted."""

    def forgive(self) -> None:
        """Lets so much time pass that everybody may visit again."""
        self.seconds[0] += 3_600

    async def link(self, *, minor: int | None = 1250, note: str = "", **terms: Any) -> Link:
        """A link of Mira's; `terms` as in `LinkTerms`."""
        amount = None if minor is None else Money(minor, "EUR")
        link = await self.payments.make_link(OWNER, amount=amount, note=note)
        return await self.payments.edit_link(link.id, OWNER, replace(link.terms, **terms))

    async def pay(self, link: Link) -> None:
        """Ken pays a link."""
        card = await self.payments.pay_link(link.id, PAYER)
        keypad = await self.payments.ask_pin(card.id, PAYER)
        for number, digit in enumerate(PIN):
            token = keypad.keys[int(digit)]
            await self.payments.tap(keypad.id, PAYER, token, tap_id=f"{card.id} {number}")

    def page(self, link: Link) -> str:
        """Where a link's page is."""
        return f"{self.address}/p/{link.id}"


@asynccontextmanager
async def open_shop(folder: Path) -> AsyncIterator[Shop]:
    """The shop, until the end of the block."""
    store = await open_store(
        f"sqlite:///{folder / 'shop.db'}", Sealer([b"a secret key of a test"])
    )
    clock = Clock()
    payments = Payments(store, PlainPins(), policy(), clock)
    port = free_port()
    shop = Shop(payments, clock, f"http://127.0.0.1:{port}", [0.0])
    pages = PayPages(payments, BOT, shop.address, lambda: shop.seconds[0])
    server = WebServer(Starlette(routes=pages.routes()), "127.0.0.1", port)
    serving = server.start()
    try:
        for person_id, name in ((OWNER, "Mira Okafor"), (PAYER, "Ken Adams")):
            username = name.split()[0].lower()
            await payments.meet(Profile(person_id, name, username, "en"))
            await payments.join(person_id, name=name)
            stored = f"plain:{person_id}:{PIN}"
            await store.write(lambda tx, who=person_id, pin=stored: tx.pins.set(who, pin, clock()))
        await payments.topup(PAYER, Money(1_000_00, "EUR"), origin="shop")
        yield shop
    finally:
        server.stop()
        await asyncio.wait_for(serving, 10)
        await store.close()
