"""Those who talk: people, and the bots they talk to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

FIRST_PERSON_ID = 5_000_000_001
"""Ids of people pass 32 bits, as those of new accounts do."""

USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{2,31}")

ANONYMOUS_ADMIN: Json = {
    "id": 1087968824,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}
"""The account in whose name anonymous administrators of a group write."""


@dataclass(slots=True)
class Person:
    """Somebody with an account."""

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str = "en"
    phone: str | None = None
    blocked: set[int] = field(default_factory=set)

    def user(self) -> Json:
        """The Bot API's User."""
        return {
            "id": self.id,
            "is_bot": False,
            **self.names(),
            "language_code": self.language_code,
        }

    def names(self) -> Json:
        """The first name, and the last name and username if there are any."""
        names: Json = {"first_name": self.first_name}
        if self.last_name:
            names["last_name"] = self.last_name
        if self.username:
            names["username"] = self.username
        return names

    def shown(self) -> Json:
        """The Person of the control interface."""
        shown = {"id": self.id, **self.names(), "language_code": self.language_code}
        if self.phone:
            shown["phone"] = self.phone
        shown["blocked"] = sorted(self.blocked)
        return shown


@dataclass(slots=True)
class Bot:
    """A bot, made when its token is first seen."""

    id: int
    secret: str
    first_name: str
    username: str
    privacy: bool = True
    inline: bool = False
    """Whether people can type its name anywhere and choose from what it offers."""
    inline_feedback: bool = False
    """Whether it is told what they chose."""
    guest: bool = False
    """Whether it can be called into chats that it is not in."""
    met: set[int] = field(default_factory=set)
    """People it has seen somewhere, by id; others it cannot even address."""
    commands: dict[tuple[str, ...], list[Json]] = field(default_factory=dict)
    """Its command lists, by scope and language."""
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    """Its name and descriptions in other words, by kind and language."""
    menu_buttons: dict[int | None, Json] = field(default_factory=dict)
    """The button beside the input field, by private chat; None holds for all others."""

    def user(self) -> Json:
        """The Bot API's User."""
        return {
            "id": self.id,
            "is_bot": True,
            "first_name": self.first_name,
            "username": self.username,
        }

    def me(self) -> Json:
        """The User that `getMe` returns, which says more."""
        return self.user() | {
            "can_join_groups": True,
            "can_read_all_group_messages": not self.privacy,
            "supports_inline_queries": self.inline,
            "supports_guest_queries": self.guest,
            "can_connect_to_business": False,
            "has_main_web_app": False,
            "has_topics_enabled": False,
            "allows_users_to_create_topics": False,
        }

    def shown(self) -> Json:
        """The bot as the control interface shows it: with the menus of its commands."""
        return self.user() | {
            "commands": self._menu("all_private_chats"),
            "group_commands": self._menu("all_group_chats"),
            "descriptions": self._descriptions(),
            "inline": self.inline,
            "guest": self.guest,
            "menu_button": self.menu_buttons.get(None, {"type": "default"}),
        }

    def _descriptions(self) -> Json:
        """What it says about itself in an empty chat, by language; "" is for all others."""
        return {
            language: text
            for (kind, language), text in self.texts.items()
            if kind == "Description" and text
        }

    def _menu(self, scope: str) -> list[Json]:
        """The commands that clients offer in one kind of chat, in no particular language."""
        usual = self.commands.get(("default", ""), [])
        return self.commands.get((scope, ""), usual)
