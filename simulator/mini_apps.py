"""What Telegram hands to a Mini App: who has opened it, signed with the bot's token.

The signature is the rule of https://core.telegram.org/bots/webapps#validating-data-received-via-
the-mini-app; the fragment of the address is what Telegram's clients add and its script reads.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from urllib.parse import quote, urlencode

from simulator.people import Bot, Json, Person
from simulator.world import World

VERSION = "9.1"
"""Of the Mini App interface: what clients say that they can do."""


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
    key = hmac.digest(b"WebAppData", f"{bot.id}:{bot.secret}".encode(), "sha256")
    lines = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
    signed = hmac.new(key, lines.encode(), hashlib.sha256).hexdigest()
    return urlencode({**fields, "hash": signed}, quote_via=quote)


def address(url: str, signed: str, theme: Json) -> str:
    """Where the Mini App opens: its address, and Telegram's fragment behind it."""
    added = {
        "tgWebAppData": signed,
        "tgWebAppVersion": VERSION,
        "tgWebAppPlatform": "android",
        "tgWebAppThemeParams": json.dumps(theme),
    }
    return f"{url.partition('#')[0]}#{urlencode(added, quote_via=quote)}"
