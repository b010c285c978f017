"""Chats and the messages in them.

A chat's key names it in the control interface; its id is what bots see. Message ids are counted
in each chat by itself. A stored message is never changed in place: an edit puts a new dictionary
in its stead, so that updates and events made earlier keep what was true then.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from simulator.people import Bot, Json, Person

FIRST_GROUP_ID = -4_000_000_001
FIRST_SUPERGROUP_ID = -1_002_000_000_001

ADMINISTRATOR_RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_pin_messages",
    "can_send_welcome_messages",
)


@dataclass(frozen=True, slots=True)
class Ephemeral:
    """What makes a message one between a person and a bot alone, in the middle of a group."""

    id: int
    """Its number among those of this person in the chat."""
    person_id: int
    bot_id: int
    sent_at: float
    """Seconds on the simulator's clock."""
    after: int
    """The id of the last ordinary message when it came; it is shown below that one."""
    in_place_of: int | None = None
    """The ordinary message that this person sees it instead of."""


@dataclass(slots=True)
class Message:
    """One message, as the Bot API shows it (`data`), and who may do what with it."""

    chat: Chat
    id: int
    author_id: int
    data: Json
    to: frozenset[int] | None = None
    """The people who see it, by id; None means everybody in the chat."""
    editable: bool = True
    """Messages that came with a reply keyboard cannot be edited."""
    reactions: dict[int, list[Json]] = field(default_factory=dict)
    """What people and bots put under it, by id."""
    bill: Json | None = None
    """Of an invoice: what it asks for, and the bot's own payload."""
    via_bot_id: int | None = None
    """The bot whose inline result a person sent."""
    inline_id: str | None = None
    """By what a bot knows its message in a chat that it may not even be in."""
    ephemeral: Ephemeral | None = None
    """Of a message that only one person and one bot see; its id is then 0."""

    @property
    def bot_id(self) -> int:
        """The bot to which the buttons belong, if it is a bot's message at all."""
        return self.author_id if self.via_bot_id is None else self.via_bot_id

    def is_for(self, person_id: int) -> bool:
        """Whether somebody in the chat sees it."""
        return self.to is None or person_id in self.to

    def quoted(self) -> Json:
        """The message as `reply_to_message` carries it: without what it replied to itself."""
        return {name: value for name, value in self.data.items() if name != "reply_to_message"}


@dataclass(slots=True)
class Chat:
    """A private chat with a bot, a group, or two people among themselves."""

    key: str
    type: str
    id: int
    title: str
    members: list[int]
    bots: list[int]
    admins: set[int] = field(default_factory=set)
    anonymous_admins: set[int] = field(default_factory=set)
    supergroup: bool = False
    upgraded_to: int | None = None
    """The id of the supergroup that goes on in this group's place."""
    messages: dict[int, Message] = field(default_factory=dict)
    keyboards: dict[int, Json] = field(default_factory=dict)
    """The reply keyboard each person has in front of them, by id."""
    ephemeral: dict[tuple[int, int], Message] = field(default_factory=dict)
    """The ephemeral messages, by person and by their number among that person's."""
    last_id: int = 0

    def next_id(self) -> int:
        """The id of the next message."""
        self.last_id += 1
        return self.last_id

    def next_ephemeral_id(self, person_id: int) -> int:
        """The lowest number free among a person's ephemeral messages, for ids may be reused."""
        numbers = itertools.count(1)
        return next(number for number in numbers if (person_id, number) not in self.ephemeral)

    def in_place_of(self, message_id: int, person_id: int) -> list[Message]:
        """What a person sees instead of an ordinary message."""
        return [
            one
            for one in self.ephemeral.values()
            if one.is_for(person_id)
            and one.ephemeral is not None
            and one.ephemeral.in_place_of == message_id
        ]

    def seen_messages(self, person_id: int) -> list[Message]:
        """The messages that a person has on the screen, from the top to the bottom."""
        whispered = [one for one in self.ephemeral.values() if one.is_for(person_id)]
        replaced = {one.ephemeral.in_place_of for one in whispered if one.ephemeral}
        said = [
            one
            for one in self.messages.values()
            if one.is_for(person_id) and one.id not in replaced
        ]
        return sorted(said + whispered, key=_place)

    @property
    def is_group(self) -> bool:
        """Whether more than two can talk here."""
        return self.type == "group"

    @property
    def is_private(self) -> bool:
        """Whether a bot and a person are alone here."""
        return self.type == "private"

    @property
    def telegram_type(self) -> str:
        """The type that bots see: `private`, `group` or `supergroup`."""
        if self.is_group:
            return "supergroup" if self.supergroup else "group"
        return "private"

    def group_json(self) -> Json:
        """The Bot API's Chat, of a group."""
        return {"id": self.id, "title": self.title, "type": self.telegram_type}

    def shown(self) -> Json:
        """The Chat of the control interface."""
        return {
            "key": self.key,
            "type": self.type,
            "id": self.id,
            "title": self.title,
            "members": list(self.members),
            "bots": list(self.bots),
            "admins": sorted(self.admins),
            "anonymous_admins": sorted(self.anonymous_admins),
        }

    def seen_by(self, message: Message) -> list[int]:
        """The ids of the people who see a message."""
        return [person for person in self.members if message.is_for(person)]

    def status(self, member_id: int) -> str:
        """What the person or bot is in this chat, in Telegram's words."""
        if member_id not in self.members and member_id not in self.bots:
            return "left"
        if self.is_group and self.members and member_id == self.members[0]:
            return "creator"
        return "administrator" if member_id in self.admins else "member"

    def member(self, user: Json, *, status: str | None = None) -> Json:
        """The Bot API's ChatMember for one user."""
        status = status or self.status(user["id"])
        member: Json = {"user": user, "status": status}
        if status in {"creator", "administrator"}:
            member["is_anonymous"] = user["id"] in self.anonymous_admins
        if status == "administrator":
            member["can_be_edited"] = False
            member.update(dict.fromkeys(ADMINISTRATOR_RIGHTS, True))
        if status == "kicked":
            member["until_date"] = 0
        return member


def _place(message: Message) -> int:
    """Where in a chat a message is shown: as a message id."""
    if message.ephemeral is None:
        return message.id
    return message.ephemeral.in_place_of or message.ephemeral.after


def private_key(bot_id: int, person_id: int) -> str:
    """The key of the chat between a bot and a person."""
    return f"bot:{bot_id}:{person_id}"


def private_chat(bot: Bot, person: Person) -> Chat:
    """An empty chat between a bot and a person."""
    key = private_key(bot.id, person.id)
    return Chat(key, "private", person.id, bot.first_name, [person.id], [bot.id])


def direct_chat(one: Person, other: Person) -> Chat:
    """An empty chat between two people; no bot ever sees it."""
    low, high = sorted((one, other), key=lambda person: person.id)
    title = f"{low.first_name} and {high.first_name}"
    return Chat(f"direct:{low.id}:{high.id}", "direct", low.id, title, [low.id, high.id], [])


def group_chat(chat_id: int, title: str, members: Iterable[int], *, supergroup: bool) -> Chat:
    """A group without bots."""
    key = f"group:{chat_id}"
    return Chat(key, "group", chat_id, title, list(members), [], supergroup=supergroup)


def first_button(markup: Json | None, **wanted: Any) -> Json | None:
    """The first button of an inline or reply keyboard whose fields have the wanted values."""
    rows = (markup or {}).get("inline_keyboard") or (markup or {}).get("keyboard") or []
    for row in rows:
        for button in row:
            if all(button.get(name) == value for name, value in wanted.items()):
                found: Json = button
                return found
    return None
