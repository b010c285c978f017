"""Messages between one person and one bot in the middle of a group, which nobody else sees.

The Bot API has them since 10.2; its 10.3 put what a bot says of the receiver into one parameter.
Telegram says when a bot may send one, but not all of how it refuses. Where that is open, the
stricter reading is taken here, and the words of a refusal are this simulator's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.calls import Call
from simulator.chats import Chat, Message
from simulator.errors import STALE_QUERY, bad_request
from simulator.keyboards import inline_reply_markup
from simulator.people import Bot, Json, Person
from simulator.world import World

ANSWERABLE_SECONDS = 15.0
"""How long after a person's message or tap any bot may answer it so; an administrator always."""

METHODS = frozenset(
    {
        "editephemeralmessagetext",
        "editephemeralmessagecaption",
        "editephemeralmessagemedia",
        "editephemeralmessagereplymarkup",
        "deleteephemeralmessage",
    }
)
"""The methods that a server of before 10.2 does not have, in lower case."""

# -- what a bot sends ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Receiver:
    """For whom alone a message is, and the ordinary message in whose place they see it."""

    person: Person
    in_place_of: int | None


def receiver(call: Call, chat: Chat) -> Receiver | None:
    """For whom alone the call's message is; None if it is for everybody.

    Raises:
        ApiError: that person may not be sent one here, or not by this bot, or not any more.
    """
    if call.world.ephemeral_support == "unknown":
        return None
    wanted = call.json("ephemeral_message_parameters", "ephemeral message parameters")
    replied_to = _replied_to(call)
    if wanted is None:
        if replied_to is not None:
            raise bad_request("a reply to an ephemeral message must be an ephemeral message")
        return None
    if not isinstance(wanted, dict):
        raise bad_request("object expected as ephemeral message parameters")
    check_available(call, chat)
    person = _member(call, chat, wanted.get("receiver_user_id"))
    tapped = _tapped(call, chat, person, wanted)
    if replied_to is not None:
        _check_answerable(call, chat, person, replied_to)
    elif tapped is None and call.bot.id not in chat.admins:
        raise bad_request("not enough rights to send an ephemeral message that answers nothing")
    return Receiver(person, _replaced(wanted, tapped))


def check_available(call: Call, chat: Chat) -> None:
    """Refuses where there can be no ephemeral messages.

    Raises:
        ApiError: the chat is private, or they are switched off.
    """
    if not chat.is_group:
        raise bad_request("ephemeral messages can be sent only to groups and supergroups")
    if call.world.ephemeral_support == "refused":
        raise bad_request("ephemeral messages can't be sent to the chat")


def _replied_to(call: Call) -> int | None:
    """The number of the ephemeral message that the new one answers; None if it answers none."""
    parameters = call.json("reply_parameters", "reply parameters")
    number = parameters.get("ephemeral_message_id") if isinstance(parameters, dict) else None
    return number if isinstance(number, int) else None


def _member(call: Call, chat: Chat, user_id: Any) -> Person:
    if not isinstance(user_id, int):
        raise bad_request(
            "can't parse ephemeral message parameters: Can't find field \"receiver_user_id\""
        )
    if user_id in call.world.bots:
        raise bad_request("ephemeral messages can't be sent to bots")
    if user_id not in chat.members:
        raise bad_request("user not found among the members of the chat")
    return call.world.people[user_id]


def _tapped(call: Call, chat: Chat, person: Person, wanted: Json) -> Message | None:
    """The message whose button the person tapped just now; None if the bot names no tap."""
    query_id = wanted.get("callback_query_id")
    if query_id is None:
        return None
    query = call.world.asked("callback", call.bot, str(query_id))
    if query is None or query.person_id != person.id:
        raise bad_request(STALE_QUERY)
    message = query.message
    if message is None or message.chat is not chat or message.inline_id is not None:
        raise bad_request("the callback query is not from a message in the chat")
    return message


def _check_answerable(call: Call, chat: Chat, person: Person, number: int) -> None:
    message = chat.ephemeral.get((person.id, number))
    marks = message.ephemeral if message is not None else None
    own = message is not None and message.author_id == person.id
    if not own or marks is None or marks.bot_id != call.bot.id:
        raise bad_request("message to be replied not found")
    if call.world.clock.now() > marks.sent_at + ANSWERABLE_SECONDS:
        raise bad_request("ephemeral message to be replied is too old")


def _replaced(wanted: Json, tapped: Message | None) -> int | None:
    if not wanted.get("replace_callback_query_message"):
        return None
    if tapped is None:
        raise bad_request("there is no callback query whose message could be replaced")
    if tapped.ephemeral is not None:
        raise bad_request("ephemeral messages can't be replaced; they must be edited")
    return tapped.id


def send(call: Call, chat: Chat, content: Json, to: Receiver) -> Json:
    """Posts a bot's message for one person alone; any earlier one in the same place goes.

    Args:
        call: the call, whose reply and keyboard are read here.
        chat: the group.
        content: the fields that make up the message.
        to: for whom it is.

    Returns:
        The Message.
    """
    markup = inline_reply_markup(call, private=False)
    target = None if _replied_to(call) is not None else call.reply_target(chat, must_exist=True)
    call.count_message(chat)
    # After this point the message is sent.
    if to.in_place_of is not None:
        for earlier in chat.in_place_of(to.in_place_of, to.person.id):
            call.world.dismiss(earlier)
    if markup is not None:
        content["reply_markup"] = markup
    message = call.world.whisper(
        chat, call.bot, to.person, content, reply_to=target, in_place_of=to.in_place_of
    )
    return message.data


# -- what a person sends -------------------------------------------------------------------------


def addressee(world: World, person: Person, chat: Chat, text: str) -> Bot | None:
    """The bot to which a text goes alone, as a command that it declared to be ephemeral.

    A command that names its bot (`/pay@bot`) goes to that one, a bare one only if no other bot in
    the group has it. Anonymous administrators would give themselves away: theirs are ordinary.
    """
    if not chat.is_group or world.ephemeral_support == "unknown":
        return None
    word = text.split(maxsplit=1)[0] if text.strip() else ""
    if not word.startswith("/") or person.id in chat.anonymous_admins:
        return None
    name, _, address = word[1:].partition("@")
    having = []
    for bot in (world.bots[bot_id] for bot_id in chat.bots):
        found = _command(bot, chat, person, name)
        if found is not None and address.lower() in {"", bot.username.lower()}:
            having.append((bot, found))
    if len(having) != 1 or not having[0][1].get("is_ephemeral"):
        return None
    return having[0][0]


def _command(bot: Bot, chat: Chat, person: Person, name: str) -> Json | None:
    for command in commands(bot, chat, person):
        if command["command"] == name.lower():
            return command
    return None


def commands(bot: Bot, chat: Chat, person: Person) -> list[Json]:
    """The commands that a bot offers a person in a group.

    The first list that is not empty counts, from the narrowest scope to the widest, and in each
    the one in the person's language before the one for all
    (https://core.telegram.org/bots/api#determining-list-of-commands).
    """
    scopes: list[tuple[str, ...]] = [("chat_member", str(chat.id), str(person.id))]
    group, groups = ("chat", str(chat.id)), ("all_group_chats",)
    if chat.status(person.id) in {"creator", "administrator"}:
        scopes += [("chat_administrators", str(chat.id)), group, ("all_chat_administrators",)]
    else:
        scopes += [group]
    for scope in [*scopes, groups, ("default",)]:
        for language in (person.language_code[:2], ""):
            if found := bot.commands.get((*scope, language)):
                return found
    return []


def reply_addressee(world: World, target: Message) -> Bot | None:
    """The bot to which a reply goes alone: the one whose ephemeral message is replied to."""
    marks = target.ephemeral
    return world.bots[marks.bot_id] if marks and target.author_id == marks.bot_id else None
