"""Every way into the bot, as an attacker reaches it, and what must be the same afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from urllib.parse import parse_qsl

import aiohttp

from bot.web.server import SECRET_HEADER, webhook_path
from payments.models import Millis
from storage.audit import verify
from storage.sqlite import snapshot
from tests.chat.books import books
from tests.chat.driver import Chatpay, Customer

WEBHOOK_SECRET = "the-secret-of-the-webhook"
Answered = tuple[int, dict[str, object]]

_update_ids = count(900_000_000)


@contextmanager
def nothing_moves(chatpay: Chatpay) -> Iterator[None]:
    """Balances, holds, versions and transfers stay as they are, and the books are sound."""
    before = books(chatpay)
    yield
    assert books(chatpay) == before
    with snapshot(chatpay.database) as connection:
        assert verify(connection) == []


class Site:
    """The web side: the webhook, the pay pages and the Mini App's requests."""

    def __init__(self, chatpay: Chatpay, session: aiohttp.ClientSession) -> None:
        self.chatpay = chatpay
        self.session = session
        self.url = str(chatpay.settings.public_url)

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, _, port = self.url.removeprefix("http://").partition(":")
        return host, int(port)

    async def init_data(self, customer: Customer) -> str:
        """What Telegram hands to somebody's Mini App now."""
        address = f"{self.url}/app"
        opened = await customer.person.act("open_app", bot=self.chatpay.username, url=address)
        fragment = str(opened["url"]).partition("#")[2]
        return dict(parse_qsl(fragment))["tgWebAppData"]

    async def ask(
        self, method: str, path: str, init_data: str, body: object = None, **headers: str | None
    ) -> Answered:
        """One request of the Mini App; a header that is None is left out."""
        usual: dict[str, str | None] = {"Authorization": f"tma {init_data}", "Origin": self.url}
        sent = {name: value for name, value in (usual | headers).items() if value is not None}
        async with self.session.request(
            method, f"{self.url}/app/api{path}", headers=sent, json=body
        ) as answer:
            return answer.status, await answer.json()

    async def card(self, customer: Customer, who: str, amount: str, note: str = "") -> str:
        """The id of a card made in the Mini App."""
        body = {"who": who, "amount": amount, "note": note}
        status, card = await self.ask("POST", "/cards", await self.init_data(customer), body)
        assert status == 200, card
        return str(card["id"])

    async def keypad(self, customer: Customer, card_id: str) -> tuple[str, list[str]]:
        """A card's keypad: its id, and the key of each digit."""
        mine = await self.init_data(customer)
        status, keypad = await self.ask("POST", f"/cards/{card_id}/keypad", mine, {"known": True})
        assert status == 200, keypad
        keys = keypad["keys"]
        assert isinstance(keys, list)
        return str(keypad["id"]), keys

    async def update(self, kind: str, **fields: object) -> int:
        """Something that happened, told in Telegram's name and with its secret; the status."""
        body = json.dumps({"update_id": next(_update_ids), kind: fields}).encode()
        return await self.call_webhook(body, {SECRET_HEADER: WEBHOOK_SECRET})

    async def call_webhook(self, body: bytes, headers: dict[str, str], path: str = "") -> int:
        """A call of the webhook's address, or another one; the status."""
        address = f"{self.url}{path or webhook_path(WEBHOOK_SECRET)}"
        async with self.session.post(address, data=body, headers=headers) as answer:
            return answer.status


def now_s(now: Millis) -> int:
    """A moment as Telegram writes it."""
    return now // 1000
