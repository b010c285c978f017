"""Who opened the Mini App, as Telegram has signed it.

Telegram gives the Mini App a query string, `initData`, with the person and the moment, and an
HMAC of it under the bot's token. The rule:
https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from payments.models import Millis, Profile

LENGTH_MOST = 4_096
_FIELDS_MOST = 30
_AHEAD_MS = 30_000
"""How far Telegram's clock may be ahead of ours."""
_HASH = "hash"


class Forged(Exception):
    """Telegram has not signed this, or not for this bot."""


class Stale(Exception):
    """Telegram has signed this, but too long ago, or for a moment that has not come."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who has the Mini App open, and since when."""

    profile: Profile
    signed_at: Millis
    start: str
    """What the link that opened it was to lead to; "" for nothing."""

    def refuse_stale(self, *, age_ms: int, now: Millis) -> None:
        """The signature is at most so old.

        Raises:
            Stale: it is older, or from the future.
        """
        if not -_AHEAD_MS <= now - self.signed_at <= age_ms:
            raise Stale


class Signed:
    """Reads what Telegram signs for one bot.

    Args:
        token: the bot's.
    """

    def __init__(self, token: str) -> None:
        self._key = hmac.digest(b"WebAppData", token.encode(), "sha256")

    def read(self, init_data: str) -> Visitor:
        """The visitor that a Mini App's `initData` names.

        Raises:
            Forged: it was not made by Telegram for this bot, whatever else is wrong with it.
        """
        fields = self._checked(init_data)
        try:
            user = json.loads(fields["user"])
            return Visitor(
                profile=_profile(user),
                signed_at=int(fields["auth_date"]) * 1000,
                start=fields.get("start_param", ""),
            )
        except (KeyError, TypeError, ValueError):
            raise Forged from None

    def _checked(self, init_data: str) -> dict[str, str]:
        if len(init_data) > LENGTH_MOST:
            raise Forged
        try:
            pairs = parse_qsl(
                init_data,
                keep_blank_values=True,
                strict_parsing=True,
                errors="strict",
                max_num_fields=_FIELDS_MOST,
            )
        except ValueError:
            raise Forged from None
        fields = dict(pairs)
        if len(fields) < len(pairs):
            raise Forged
        given = fields.pop(_HASH, "")
        if not hmac.compare_digest(given.encode(), self.hash_of(fields).encode()):
            raise Forged
        return fields

    def hash_of(self, fields: dict[str, str]) -> str:
        """What Telegram says of these fields."""
        lines = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
        return hmac.new(self._key, lines.encode(), hashlib.sha256).hexdigest()


def _profile(user: Any) -> Profile:
    """A Telegram user as the rest of the bot knows people.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    if not isinstance(user, dict) or user.get("is_bot") or not isinstance(user["id"], int):
        raise ValueError("no person")
    name = " ".join(str(user[part]) for part in ("first_name", "last_name") if user.get(part))
    return Profile(
        id=user["id"],
        name=name,
        username=user.get("username") or None,
        language=str(user.get("language_code") or "en"),
    )
