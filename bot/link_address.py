"""Where a payment link is found: on its page, where there are pages, and in the bot's chat."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.context import Scene
from bot.keyboards import start_url
from payments.ids import TOKEN_LENGTH

TOKEN = rf"[A-Za-z0-9_-]{{{TOKEN_LENGTH}}}"
"""What the token of a link looks like, as a regular expression."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of one link."""

    page: str | None
    """Of its page, for any browser; None where the bot serves no pages."""
    chat: str
    """Opens it in Telegram at once."""

    @property
    def best(self) -> str:
        """The one that works for most people: the page."""
        return self.page or self.chat


def page_url(public_url: str, link_id: str) -> str:
    """The address of a link's page."""
    return f"{public_url}/p/{link_id}"


def link_on_page(address: str, public_url: str | None) -> str | None:
    """The link whose page an address is; None for any other address."""
    if public_url is None:
        return None
    found = re.fullmatch(re.escape(public_url) + rf"/p/({TOKEN})", address)
    return None if found is None else found[1]


def addresses_of(link_id: str, scene: Scene) -> Addresses:
    """Where a link of this bot is."""
    page = None if scene.public_url is None else page_url(scene.public_url, link_id)
    return Addresses(page, start_url(scene.bot.username, f"l_{link_id}"))
