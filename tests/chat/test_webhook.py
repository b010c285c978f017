"""Updates by webhook: who may send them, and that they are written down before the answer."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr

from bot.demo import free_port
from bot.inbox import ALLOWED_UPDATES
from bot.web.server import SECRET_HEADER, webhook_path
from simulator.client import Telegram
from tests.chat.books import books
from tests.chat.driver import Chatpay, Clock, Customer

SECRET = "the-secret-of-the-webhook"


@pytest.fixture
async def chatpay(telegram: Telegram, clock: Clock, tmp_path: Path) -> AsyncIterator[Chatpay]:
    address = f"127.0.0.1:{free_port()}"
    changes = {
        "public_url": f"http://{address}",
        "listen": address,
        "webhook_secret": SecretStr(SECRET),
    }
    running = Chatpay(telegram, tmp_path, clock, dict(changes))
    await running.start()
    yield running
    await running.stop()


async def post(chatpay: Chatpay, body: bytes, headers: dict[str, str] | None = None) -> int:
    """Calls the webhook, with the right secret unless told otherwise; answers the status."""
    url = f"{chatpay.settings.public_url}{webhook_path(SECRET)}"
    sent = {SECRET_HEADER: SECRET} if headers is None else headers
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=io.BytesIO(body), headers=sent) as answer,
    ):
        return answer.status


def forged(customer: Customer, update_id: int = 999_999) -> dict[str, object]:
    """An update that says that somebody sent /balance."""
    who = {"id": customer.id, "first_name": "Mallory", "is_bot": False}
    message = {
        "message_id": 1,
        "date": 1,
        "from": who,
        "chat": {"id": customer.id, "type": "private"},
        "text": "/balance",
        "entities": [{"type": "bot_command", "offset": 0, "length": 8}],
    }
    return {"update_id": update_id, "message": message}


async def test_a_payment_by_webhook(telegram: Telegram, alice: Customer, bob: Customer) -> None:
    """The whole way works without a single poll."""
    await alice.approve(await alice.ask("/pay @bob 10", "Pay Bob"))
    await alice.see("Paid €10.00")
    await bob.see("paid you €10.00")
    assert await telegram.calls("getUpdates") == []
    (call,) = await telegram.calls("setWebhook")
    assert call["params"]["secret_token"] == SECRET
    assert call["params"]["allowed_updates"] == list(ALLOWED_UPDATES)


@pytest.mark.parametrize("header", [{}, {SECRET_HEADER: "guessed"}, {SECRET_HEADER: SECRET[:-1]}])
async def test_whoever_does_not_know_the_secret_is_turned_away(
    chatpay: Chatpay, alice: Customer, header: dict[str, str]
) -> None:
    """Answered 403; nothing is handled, nothing moves."""
    before, messages = books(chatpay), await alice.messages()
    assert await post(chatpay, json.dumps(forged(alice)).encode(), header) == 403
    assert await alice.messages() == messages
    assert books(chatpay) == before


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"x" * (1 << 21), 413), (b"no json", 400), (b"[]", 400), (b'{"update_id": "1"}', 400)],
)
async def test_a_body_that_is_no_update_is_refused(
    chatpay: Chatpay, body: bytes, status: int
) -> None:
    """With the right secret, too: neither too long nor something else."""
    assert await post(chatpay, body) == status


async def test_an_update_that_was_answered_200_is_handled_once(
    chatpay: Chatpay, alice: Customer
) -> None:
    """Sent twice, it is accepted twice and handled once."""
    before = len(await alice.messages())
    for _ in range(2):
        assert await post(chatpay, json.dumps(forged(alice)).encode()) == 200
    await alice.person.expect(alice.chat, "€100.00")
    await alice.ask("/balance", "€100.00")
    assert len(await alice.messages()) == before + 3


async def test_health(chatpay: Chatpay) -> None:
    """Who looks after the bot can ask whether it is well; nothing else is shown to anybody."""
    async with aiohttp.ClientSession(chatpay.settings.public_url) as session:
        async with session.get("/healthz") as well:
            assert (well.status, await well.text()) == (200, "ok\n")
        for path in ("/", "/telegram/", "/docs"):
            async with session.get(path) as elsewhere:
                assert elsewhere.status == 404


async def test_polling_takes_an_old_webhook_away(
    chatpay: Chatpay, telegram: Telegram, alice: Customer
) -> None:
    """Without PUBLIC_URL the same bot polls, on the same books."""
    await chatpay.stop()
    chatpay.changes = {}
    await chatpay.start()
    assert await alice.balance() == "€100.00"
    assert len(await telegram.calls("deleteWebhook")) == 1
