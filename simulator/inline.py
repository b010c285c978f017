"""Bots in chats that they need not be in: results typed for and chosen, and guests called by name.

What a person chooses is that person's own message, sent *via* the bot; what a guest answers is the
bot's. Either way the bot knows the message by an inline message id only, and never sees the chat.
"""

from __future__ import annotations

import secrets
from typing import Any

from simulator.chats import Chat, Message
from simulator.entities import utf16_slice
from simulator.errors import Mistake
from simulator.people import Bot, Json, Person
from simulator.records import InlineResults, Query
from simulator.world import World

INLINE_ANSWER_SECONDS = 10.0
GUEST_ANSWER_SECONDS = 30.0
LONGEST_QUERY = 256
PREPARED = "prepared"
MOST_GUESTS = 3
"""Bots that one message can call into a chat."""

# -- results -------------------------------------------------------------------------------------


def ask(world: World, bot: Bot, person: Person, chat: Chat, asked: str, offset: str) -> Query:
    """Tells a bot what a person has typed after its name.

    Raises:
        Mistake: the bot has no inline mode, or the text is too long.
    """
    if not bot.inline:
        raise Mistake(f"@{bot.username} has no inline mode.")
    if len(asked) > LONGEST_QUERY:
        raise Mistake("An inline query has at most 256 characters.")
    query = world.ask("inline", bot, person, seconds=INLINE_ANSWER_SECONDS)
    bot.met.add(person.id)
    own = chat.is_private and chat.bots == [bot.id]
    world.deliver(
        bot,
        "inline_query",
        {
            "id": query.id,
            "from": person.user(),
            "query": asked,
            "offset": offset,
            "chat_type": "sender" if own else chat.telegram_type,
        },
    )
    return query


def cached(world: World, bot: Bot, person: Person, asked: str, offset: str) -> Json | None:
    """An earlier answer to the same words, of the same person or for everybody."""
    for whose in (person.id, None):
        until, answer = world.inline_cache.get((bot.id, asked, offset, whose), (0.0, None))
        if until > world.clock.now():
            return answer
    return None


def keep(world: World, bot: Bot, person: Person, asked: str, offset: str, answer: Json) -> None:
    """Keeps an answer for as long, and for whom, as the bot said."""
    whose = person.id if answer["is_personal"] else None
    until = world.clock.now() + answer["cache_time"]
    world.inline_cache[bot.id, asked, offset, whose] = (until, answer)


def offered(world: World, bot: Bot, person: Person, asked: str, answer: Json) -> Json:
    """The results as a client lists them, under a `query_id` by which one can be chosen."""
    query_id = secrets.token_hex(8)
    contents = {result["id"]: result["content"] for result in answer["results"]}
    world.inline_results[query_id] = InlineResults(bot.id, person.id, asked, contents)
    listed = [
        {name: value for name, value in result.items() if name != "content"}
        for result in answer["results"]
    ]
    shown = {"query_id": query_id, "results": listed, "next_offset": answer["next_offset"]}
    return shown if answer["button"] is None else shown | {"button": answer["button"]}


def choose(
    world: World,
    person: Person,
    chat: Chat,
    query_id: str,
    result_id: str,
    *,
    reply_to: Message | None,
) -> Message:
    """Sends a result; tells the bot only if it has inline feedback switched on.

    Raises:
        Mistake: nobody offered this person such a result.
    """
    results = world.inline_results.get(query_id)
    if results is None or results.person_id != person.id or result_id not in results.contents:
        raise Mistake("There is no such result to choose.")
    bot = world.bots[results.bot_id]
    content = results.contents[result_id] | {"via_bot": bot.user()}
    message = world.post(chat, person, content, reply_to=reply_to)
    message.via_bot_id = bot.id
    chosen = {"result_id": result_id, "from": person.user(), "query": results.query}
    if "reply_markup" in content:
        chosen["inline_message_id"] = remember(world, message)
    if bot.inline_feedback:
        world.deliver(bot, "chosen_inline_result", chosen)
    return message


def prepare(world: World, bot: Bot, person_id: int, content: Json) -> str:
    """Keeps a message for a person to send: the one result, `PREPARED`, of the id answered."""
    prepared_id = secrets.token_urlsafe(12)
    world.inline_results[prepared_id] = InlineResults(bot.id, person_id, "", {PREPARED: content})
    return prepared_id


def remember(world: World, message: Message) -> str:
    """Gives a message the id by which its bot can edit it."""
    message.inline_id = secrets.token_urlsafe(20)
    world.inline_messages[message.inline_id] = message
    return message.inline_id


def switch_of(button: Json) -> Json | None:
    """What a button that begins an inline query inserts, and where; None for other buttons."""
    if "switch_inline_query_current_chat" in button:
        return {"query": button["switch_inline_query_current_chat"], "where": "current"}
    if "switch_inline_query" in button:
        return {"query": button["switch_inline_query"], "where": "chosen", "kinds": _ALL_KINDS}
    switch: Any = button.get("switch_inline_query_chosen_chat")
    if switch is None:
        return None
    kinds = [kind for kind in _ALL_KINDS if switch.get(f"allow_{kind}_chats")]
    return {"query": switch.get("query", ""), "where": "chosen", "kinds": kinds}


_ALL_KINDS = ["user", "bot", "group", "channel"]

# -- guests --------------------------------------------------------------------------------------


def call_guests(world: World, person: Person, message: Message) -> None:
    """Tells the bots that a message names, and that are not in the chat, that they are called."""
    if message.chat.is_private or not message.data.get("entities"):
        return
    for bot in _named_guests(world, message)[:MOST_GUESTS]:
        query = world.ask("guest", bot, person, seconds=GUEST_ANSWER_SECONDS, message=message)
        bot.met.add(person.id)
        world.deliver(bot, "guest_message", message.data | {"guest_query_id": query.id})


def _named_guests(world: World, message: Message) -> list[Bot]:
    text = message.data["text"]
    named = [
        utf16_slice(text, entity["offset"], entity["length"])[1:].lower()
        for entity in message.data["entities"]
        if entity["type"] == "mention"
    ]
    guests = {bot.username.lower(): bot for bot in world.bots.values() if bot.guest}
    return [
        guests[name]
        for name in dict.fromkeys(named)
        if name in guests and guests[name].id not in message.chat.bots
    ]


def answer_as_guest(world: World, bot: Bot, query: Query, content: Json) -> str:
    """Posts what a guest says to the message that called it; answers the inline message id."""
    called_by = query.message
    if called_by is None:
        raise ValueError("nobody called this bot with a message")
    caller = world.people[query.person_id].user()
    message = world.post(
        called_by.chat, bot, content | {"guest_bot_caller_user": caller}, reply_to=called_by
    )
    return remember(world, message)
