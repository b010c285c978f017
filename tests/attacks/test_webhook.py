"""The webhook: who may speak in Telegram's name, and what becomes of nonsense from there."""

from __future__ import annotations

import json

from bot.web.server import SECRET_HEADER, webhook_path
from tests.attacks.doors import WEBHOOK_SECRET, Site, nothing_moves, now_s
from tests.chat.driver import Chatpay, Customer
from tests.faults.test_others_buttons import belongings

RIGHT = {SECRET_HEADER: WEBHOOK_SECRET}


def pays(alice: Customer, at_s: int) -> bytes:
    """An update that says that Alice sends /pay @mallory 50."""
    who = {"id": alice.id, "first_name": "Alice", "username": "alice", "is_bot": False}
    message = {
        "message_id": 77,
        "date": at_s,
        "from": who,
        "chat": {"id": alice.id, "type": "private", "first_name": "Alice"},
        "text": "/pay @mallory 50",
        "entities": [
            {"type": "bot_command", "offset": 0, "length": 4},
            {"type": "mention", "offset": 5, "length": 8},
        ],
    }
    return json.dumps({"update_id": 900_000_000, "message": message}).encode()


STRANGERS: list[tuple[dict[str, str], str, int]] = [
    ({}, "", 403),
    ({SECRET_HEADER: ""}, "", 403),
    ({SECRET_HEADER: WEBHOOK_SECRET[:-1]}, "", 403),
    ({SECRET_HEADER: WEBHOOK_SECRET + "x"}, "", 403),
    ({SECRET_HEADER: WEBHOOK_SECRET.upper()}, "", 403),
    ({SECRET_HEADER: f"{WEBHOOK_SECRET},{WEBHOOK_SECRET}"}, "", 403),
    ({SECRET_HEADER: "\u00e9"}, "", 403),
    ({"Authorization": f"Bearer {WEBHOOK_SECRET}"}, "", 403),
    ({}, f"{webhook_path(WEBHOOK_SECRET)}?secret_token={WEBHOOK_SECRET}", 403),
    (RIGHT, "/telegram/", 404),
    (RIGHT, webhook_path(WEBHOOK_SECRET)[:-1], 404),
    (RIGHT, webhook_path("another secret of sixteen"), 404),
    (RIGHT, "/", 404),
]
"""Headers, address, and how they are answered."""

NONSENSE = [
    b"",
    b"null",
    b"[" * 200_000,
    b'{"update_id": ' + b"9" * 5_000 + b"}",
    b'{"update_id": 1.5}',
    b"\xff\xfe",
]

HALVES: list[dict[str, object]] = [
    {},
    {"message": {}},
    {"message": {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}}},
    {"callback_query": {"id": "1", "chat_instance": "1", "data": "cp:i:pay:x"}},
    {"callback_query": "cp"},
    {"message": {"message_id": "x", "date": "y", "chat": "z", "text": 5}},
]


async def test_nobody_else_speaks_in_telegrams_name(
    chatpay: Chatpay, site: Site, alice: Customer, mallory: Customer
) -> None:
    """No secret, a part of it, elsewhere, or the right one at another address: nothing is done."""
    before = belongings(chatpay, alice)
    forged = pays(alice, now_s(chatpay.clock()))
    with nothing_moves(chatpay):
        for headers, path, status in STRANGERS:
            assert await site.call_webhook(forged, headers, path) == status, (headers, path)
        assert await mallory.balance() == "€100.00"
        assert belongings(chatpay, alice) == before

    # The same words under the right secret make a card: what refused the others was the secret.
    assert await site.call_webhook(forged, RIGHT) == 200
    await alice.see("Pay Mallory")


async def test_nonsense_under_the_right_secret_stops_nothing(
    chatpay: Chatpay, site: Site, alice: Customer
) -> None:
    """No update at all is refused, half an update put aside, and the next one handled."""
    with nothing_moves(chatpay):
        for body in NONSENSE:
            assert await site.call_webhook(body, RIGHT) == 400, body[:40]
        for number, half in enumerate(HALVES):
            body = json.dumps({"update_id": 900_000_001 + number, **half}).encode()
            assert await site.call_webhook(body, RIGHT) == 200, half
            assert await alice.balance() == "€100.00"
