"""What Telegram hands to a Mini App: who has opened it, signed twice.

`hash` is made with the bot's token, over all other fields, `signature` among them:
https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app. `signature` is
Telegram's own, for those who do not know the token; here it is made with a key of this server's,
which everybody can read below: https://core.telegram.org/bots/webapps#validating-data-for-third-
party-use. The fragment of the address is what Telegram's clients add and its script reads.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64encode
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from simulator.people import Bot, Json, Person
from simulator.world import World

VERSION = "9.1"
"""Of the Mini App interface: what clients say that they can do."""

_SIGNING_KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"local Telegram").digest())
PUBLIC_KEY = _SIGNING_KEY.public_key().public_bytes_raw()
"""What `signature` is checked with, in place of Telegram's public key."""


def init_data(world: World, bot: Bot, person: Person, *, start: str | None = None) -> str:
    """The query string that names the person, at this moment of the world.

    Args:
        world: whose clock counts.
        bot: whose token signs.
        person: who opens the Mini App.
        start: the `startapp` parameter of the link that opens it.
    """
    user = person.user() | {"allows_write_to_pm": bot.id not in person.blocked}
    fields = {
        "query_id": secrets.token_urlsafe(16),
        "user": json.dumps(user, ensure_ascii=False, separators=(",", ":")),
        "auth_date": str(int(world.clock.now())),
    }
    if start is not None:
        fields["start_param"] = start
    signature = _SIGNING_KEY.sign(f"{bot.id}:WebAppData\n{_lines(fields)}".encode())
    fields["signature"] = urlsafe_b64encode(signature).decode().rstrip("=")
    key = hmac.digest(b"WebAppData", f"{bot.id}:{bot.secret}".encode(), "sha256")
    signed = hmac.new(key, _lines(fields).encode(), hashlib.sha256).hexdigest()
    return urlencode({**fields, "hash": signed}, quote_via=quote)


def _lines(fields: dict[str, str]) -> str:
    return "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))


def address(url: str, signed: str, theme: Json) -> str:
    """Where the Mini App opens: its address, and Telegram's fragment behind it."""
    added = {
        "tgWebAppData": signed,
        "tgWebAppVersion": VERSION,
        "tgWebAppPlatform": "android",
        "tgWebAppThemeParams": json.dumps(theme),
    }
    return f"{url.partition('#')[0]}#{urlencode(added, quote_via=quote)}"
