"""Puts people into the local Telegram, so that there is somebody to pay."""

from __future__ import annotations

import secrets
import socket

import aiohttp

TITLE = "Lunch club"
_PEOPLE = (
    ("Alice", "Archer", "alice", "+12025550143"),
    ("Bob", "Baker", "bob", "+12025550123"),
    ("Carol", "Cook", "carol", "+12025550171"),
)
"""Their phone numbers are of those that are kept for stories."""
_BOT = ("Chatpay", "chatpay_demo_bot")


def new_token() -> str:
    """A bot token for the local Telegram."""
    return f"{7_000_000_000 + secrets.randbelow(10**9)}:{secrets.token_hex(18)[:35]}"


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def seed(url: str, token: str) -> None:
    """Makes the bot, three people and a group. They begin as everybody does: by pressing Start.

    Args:
        url: of the local Telegram.
        token: the bot's.
    """
    async with aiohttp.ClientSession(url, raise_for_status=True) as session:

        async def post(path: str, body: dict[str, object]) -> dict[str, object]:
            async with session.post(path, json=body) as response:
                answer: dict[str, object] = await response.json()
                return answer

        name, bot_username = _BOT
        await post(
            "/sim/bots",
            {
                "token": token,
                "first_name": name,
                "username": bot_username,
                "inline": True,
                "guest": True,
            },
        )
        people = [
            await post(
                "/sim/people",
                {
                    "first_name": first,
                    "last_name": last,
                    "username": username,
                    "phone": phone,
                    "language_code": "en",
                },
            )
            for first, last, username, phone in _PEOPLE
        ]
        members = [person["id"] for person in people]
        await post("/sim/groups", {"title": TITLE, "members": members, "bots": [bot_username]})
