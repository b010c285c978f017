"""Inline mode and guest messages: what bots are told, may answer, and can change afterwards."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from simulator.client import Offers, Person, SimulatorError, Telegram
from tests.simulator.conftest import RawBot
from tests.wire.aiogram_reads import complaints

Json = dict[str, Any]

BUTTONS = {"inline_keyboard": [[{"text": "Tap", "callback_data": "tap"}]]}
STALE = "query is too old and response timeout expired or query ID is invalid"


def article(result_id: str = "1", text: str = "Hello", **fields: Any) -> Json:
    content = {"message_text": text}
    usual = {"type": "article", "id": result_id, "title": "T", "input_message_content": content}
    return usual | fields


@pytest.fixture
async def chat(telegram: Telegram, bot: RawBot, ann: Person, bob: Person) -> str:
    """Ann and Bob among themselves; the bot has inline mode and may be a guest."""
    await telegram.bot(bot.token, inline=True, guest=True)
    return ann.direct(bob)


async def last_update(bot: RawBot) -> Json:
    """The latest update, confirmed."""
    update = (await bot.updates(wait=5))[-1]
    await bot.updates(offset=update["update_id"] + 1)
    return update


async def queried(bot: RawBot, person: Person, chat: str, query: str = "12 lunch") -> Json:
    """What the bot is told when somebody types and nobody waits for its answer."""
    await person.act("inline", chat=chat, bot=bot.username, query=query, wait=0)
    found: Json = (await last_update(bot))["inline_query"]
    return found


async def offered(bot: RawBot, person: Person, chat: str, *results: Json, **answer: Any) -> Offers:
    """What a person is offered once the bot has answered."""
    asking = asyncio.create_task(person.inline(chat, bot.username, "12 lunch"))
    query_id = (await last_update(bot))["inline_query"]["id"]
    await bot.call("answerInlineQuery", inline_query_id=query_id, results=results, **answer)
    return await asking


# --- what the bot is told ------------------------------------------------------------------------


async def test_a_query_says_who_typed_what_in_which_kind_of_chat(
    telegram: Telegram, bot: RawBot, ann: Person, bob: Person, chat: str
) -> None:
    """An inline query carries the words, the sender and the type of the chat, not the chat."""
    group = await telegram.group("Lunch", [ann, bob])
    seen = [await queried(bot, ann, where) for where in (chat, group.key, bot.key(ann))]
    assert [query.pop("chat_type") for query in seen] == ["private", "group", "sender"]
    assert [sorted(query) for query in seen] == [["from", "id", "offset", "query"]] * 3
    assert (seen[0]["query"], seen[0]["offset"]) == ("12 lunch", "")
    assert seen[0]["from"]["id"] == ann.id


async def test_without_inline_mode_nobody_can_ask(bot: RawBot, ann: Person, bob: Person) -> None:
    """A new bot has no inline mode, says so in getMe, and is told nothing."""
    me = await bot.call("getMe")
    assert (me["supports_inline_queries"], me["supports_guest_queries"]) == (False, False)
    with pytest.raises(SimulatorError, match="no inline mode"):
        await ann.inline(ann.direct(bob), bot.username, "12")
    await ann.send(ann.direct(bob), f"@{bot.username} pay 5")
    assert await bot.updates() == []


async def test_a_query_has_at_most_256_characters(bot: RawBot, ann: Person, chat: str) -> None:
    """Longer ones never reach the bot."""
    assert (await queried(bot, ann, chat, "x" * 256))["query"] == "x" * 256
    with pytest.raises(SimulatorError, match="256"):
        await ann.inline(chat, bot.username, "x" * 257)


@pytest.mark.parametrize("feedback", [False, True])
async def test_only_a_bot_with_feedback_learns_what_was_chosen(
    telegram: Telegram, bot: RawBot, ann: Person, bob: Person, chat: str, *, feedback: bool
) -> None:
    """`chosen_inline_result` comes only if inline feedback is on; the message comes anyway."""
    await telegram.bot(bot.token, inline_feedback=feedback)
    offers = await offered(bot, ann, chat, article(reply_markup=BUTTONS))
    sent = await ann.choose(offers, "T")
    seen = await bob.expect(chat, "Hello")
    assert (seen.id, seen.author_id, seen.labels) == (sent.id, ann.id, ["Tap"])
    assert seen.raw["via_bot"]["id"] == bot.id
    told = await bot.updates()
    assert len(told) == feedback
    for update in told:
        chosen = update["chosen_inline_result"]
        assert chosen.pop("inline_message_id")
        assert chosen == {"result_id": "1", "from": sent.raw["from"], "query": "12 lunch"}


async def test_a_message_without_buttons_cannot_be_changed(
    telegram: Telegram, bot: RawBot, ann: Person, chat: str
) -> None:
    """Only a message with an inline keyboard has an inline message id."""
    await telegram.bot(bot.token, inline_feedback=True)
    await ann.choose(await offered(bot, ann, chat, article()), "T")
    assert "inline_message_id" not in (await last_update(bot))["chosen_inline_result"]


async def test_a_bot_in_privacy_mode_reads_what_was_sent_via_it(
    telegram: Telegram, bot: RawBot, ann: Person, chat: str
) -> None:
    """In its groups a bot gets such messages as any other; another's it does not get."""
    group = await telegram.group("Lunch", [ann], bots=[bot.username])
    await bot.drain()
    await ann.choose(await offered(bot, ann, group.key, article()), "T")
    message = (await last_update(bot))["message"]
    assert (message["text"], message["via_bot"]["id"]) == ("Hello", bot.id)


# --- what it may answer --------------------------------------------------------------------------

REFUSED_RESULTS = [
    ([article("1"), article("1")], "RESULT_ID_DUPLICATE"),
    ([article("")], "RESULT_ID_EMPTY"),
    ([article("x" * 65)], "RESULT_ID_INVALID"),
    ([article("€" * 22)], "RESULT_ID_INVALID"),
    ([article(str(n)) for n in range(51)], "too many inline query results specified"),
    ([article(title="")], "ARTICLE_TITLE_EMPTY"),
    ([article(text="")], "message text is empty"),
    ([article(text="x" * 4097)], "MESSAGE_TOO_LONG"),
    (
        [article(input_message_content=None)],
        "can't parse InlineQueryResult: Message content must be specified",
    ),
    ([{"type": "article"}], "can't parse InlineQueryResult: Can't find field \"id\""),
    ("{}", "expected an Array of inline query results"),
    (
        [article(reply_markup={"inline_keyboard": [[{"text": "T", "callback_data": "x" * 65}]]})],
        "BUTTON_DATA_INVALID",
    ),
    (
        [
            article(
                reply_markup={
                    "inline_keyboard": [[{"text": "T", "web_app": {"url": "https://a.example"}}]]
                }
            )
        ],
        "BUTTON_TYPE_INVALID",
    ),
]


@pytest.mark.parametrize(("results", "reason"), REFUSED_RESULTS)
async def test_wrong_results_are_refused_in_telegrams_words(
    bot: RawBot, ann: Person, chat: str, results: Any, reason: str
) -> None:
    """A wrong answer leaves the query open, and can be put right."""
    query = await queried(bot, ann, chat)
    status, answer = await bot.raw(
        "answerInlineQuery", inline_query_id=query["id"], results=results
    )
    assert (status, answer["description"]) == (400, f"Bad Request: {reason}")
    assert await bot.call("answerInlineQuery", inline_query_id=query["id"], results=[]) is True


@pytest.mark.parametrize(
    ("button", "reason"),
    [
        ({"text": "Go", "start_parameter": ""}, "can't use empty start_parameter"),
        ({"text": "Go", "start_parameter": "x" * 65}, "too long start_parameter specified"),
        ({"text": "Go", "start_parameter": "a b"}, "unallowed characters in start_parameter"),
    ],
)
async def test_wrong_buttons_above_the_results_are_refused(
    bot: RawBot, ann: Person, chat: str, button: Json, reason: str
) -> None:
    """The button above the results leads to a start parameter of 1–64 allowed characters."""
    query = await queried(bot, ann, chat)
    status, answer = await bot.raw(
        "answerInlineQuery", inline_query_id=query["id"], results=[], button=button
    )
    assert status == 400
    assert answer["description"].startswith(f"Bad Request: {reason}")


async def test_a_query_is_answered_once_and_in_time(
    telegram: Telegram, bot: RawBot, ann: Person, chat: str
) -> None:
    """A second answer, a late one and one to nothing are refused alike."""
    query = await queried(bot, ann, chat)
    await bot.call("answerInlineQuery", inline_query_id=query["id"], results=[])
    late = await queried(bot, ann, chat, "13")
    await telegram.advance(11)
    for query_id in (query["id"], late["id"], "1"):
        status, answer = await bot.raw("answerInlineQuery", inline_query_id=query_id, results=[])
        assert (status, answer["description"]) == (400, f"Bad Request: {STALE}")


async def test_an_answer_is_everybodys_for_300_seconds_unless_it_says_otherwise(
    telegram: Telegram, bot: RawBot, ann: Person, bob: Person, chat: str
) -> None:
    """What a bot answers to Ann, Bob is shown too, if it did not say that it is personal."""
    await offered(bot, ann, chat, article("anns"))
    assert (await bob.inline(chat, bot.username, "12 lunch")).result_id("T") == "anns"
    assert await bot.updates() == []
    await telegram.advance(301)
    await offered(bot, ann, chat, article("hers alone"), is_personal=True)
    assert (await ann.inline(chat, bot.username, "12 lunch")).result_id("T") == "hers alone"
    bobs = await offered(bot, bob, chat, article("his"), is_personal=True, cache_time=0)
    assert bobs.result_id("T") == "his"
    again = await offered(bot, bob, chat, article("anew"), is_personal=True, cache_time=0)
    assert again.result_id("T") == "anew"


async def test_nobody_chooses_from_what_another_was_offered(
    bot: RawBot, ann: Person, bob: Person, chat: str
) -> None:
    """A result belongs to the one who typed."""
    offers = await offered(bot, ann, chat, article())
    with pytest.raises(SimulatorError, match="no such result"):
        await bob.choose(offers, "T")
    assert await bob.messages(chat) == []


# --- afterwards ----------------------------------------------------------------------------------


async def tapped(bot: RawBot, person: Person, chat: str) -> str:
    """The inline message id that a tap on the last message's button brings."""
    message = (await person.messages(chat))[-1]
    await person.press(message, "Tap", wait=0)
    callback = (await last_update(bot))["callback_query"]
    assert "message" not in callback
    assert callback["from"]["id"] == person.id
    found: str = callback["inline_message_id"]
    return found


async def test_taps_and_edits_go_by_the_inline_message_id(
    bot: RawBot, ann: Person, bob: Person, chat: str
) -> None:
    """The bot never sees the chat, and can still change its message there, buttons and all."""
    await ann.choose(await offered(bot, ann, chat, article(reply_markup=BUTTONS)), "T")
    inline_id = await tapped(bot, bob, chat)
    edited = await bot.call(
        "editMessageText", inline_message_id=inline_id, text="Paid", reply_markup=BUTTONS
    )
    assert edited is True
    assert (await ann.expect(chat, "Paid")).labels == ["Tap"]
    assert await bot.call("editMessageReplyMarkup", inline_message_id=inline_id) is True
    assert (await bob.messages(chat))[-1].labels == []
    status, answer = await bot.raw("editMessageText", inline_message_id=inline_id, text="Paid")
    assert status == 400
    assert answer["description"].startswith("Bad Request: message is not modified")


async def test_an_inline_message_is_nobody_elses_and_may_be_gone(
    bot: RawBot, ann: Person, chat: str
) -> None:
    """An unknown id, and that of a message that was deleted, name nothing; nor can Ann edit it."""
    sent = await ann.choose(await offered(bot, ann, chat, article(reply_markup=BUTTONS)), "T")
    inline_id = await tapped(bot, ann, chat)
    with pytest.raises(SimulatorError, match="via a bot"):
        await ann.edit(sent, "Mine")
    await ann.delete(sent)
    for named in (inline_id, "unknown"):
        status, answer = await bot.raw("editMessageText", inline_message_id=named, text="Paid")
        assert (status, answer["description"]) == (400, "Bad Request: MESSAGE_ID_INVALID")


async def test_buttons_that_begin_an_inline_query_ask_no_bot(
    bot: RawBot, ann: Person, chat: str
) -> None:
    """They tell the client what to type, and where it may be sent."""
    keys = [
        {"text": "A", "switch_inline_query_current_chat": "12"},
        {"text": "B", "switch_inline_query": ""},
        {
            "text": "C",
            "switch_inline_query_chosen_chat": {"query": "r_1", "allow_user_chats": True},
        },
    ]
    markup = {"inline_keyboard": [keys]}
    await bot.call("sendMessage", chat_id=ann.id, text="Hi", reply_markup=markup)
    message = await ann.expect(bot.key(ann), "Hi")
    pressed = [(await ann.press(message, key["text"])).raw for key in keys]
    assert [answer["switch_inline_query"] for answer in pressed] == [
        {"bot": bot.username, "query": "12", "where": "current"},
        {
            "bot": bot.username,
            "query": "",
            "where": "chosen",
            "kinds": ["user", "bot", "group", "channel"],
        },
        {"bot": bot.username, "query": "r_1", "where": "chosen", "kinds": ["user"]},
    ]
    nowhere = {"inline_keyboard": [[{"text": "C", "switch_inline_query_chosen_chat": {}}]]}
    status, answer = await bot.raw("sendMessage", chat_id=ann.id, text="Hi", reply_markup=nowhere)
    assert (status, answer["description"]) == (
        400,
        "Bad Request: at least one chat type must be allowed",
    )


# --- guests --------------------------------------------------------------------------------------


async def test_a_bot_that_is_named_is_called_in_and_answers_there(
    bot: RawBot, ann: Person, bob: Person, chat: str
) -> None:
    """A guest sees the message with what it replies to, answers once, and can edit its answer."""
    asked = await bob.send(chat, "You owe me")
    called = await ann.send(chat, f"@{bot.username} pay 5", reply_to=asked.id)
    message = (await last_update(bot))["guest_message"]
    assert message["reply_to_message"]["from"]["id"] == bob.id
    guest = {"guest_query_id": message["guest_query_id"]}
    sent = await bot.call("answerGuestQuery", **guest, result=article(reply_markup=BUTTONS))
    seen = await bob.expect(chat, "Hello")
    assert (seen.author_id, seen.raw["reply_to_message"]["message_id"]) == (bot.id, called.id)
    assert seen.raw["guest_bot_caller_user"]["id"] == ann.id
    assert await tapped(bot, bob, chat) == sent["inline_message_id"]
    assert await bot.call("editMessageText", **sent, text="Done") is True
    await bob.expect(chat, "Done")
    status, answer = await bot.raw("answerGuestQuery", **guest, result=article())
    assert (status, answer["description"]) == (400, f"Bad Request: {STALE}")


async def test_a_bot_that_is_in_the_group_is_no_guest(
    telegram: Telegram, bot: RawBot, ann: Person, chat: str
) -> None:
    """There it gets the message itself, and only that."""
    group = await telegram.group("Lunch", [ann], bots=[bot.username])
    await bot.drain()
    await ann.send(group, f"@{bot.username} pay 5")
    (update,) = await bot.updates()
    assert set(update) == {"update_id", "message"}


async def test_a_message_calls_at_most_three_guests(
    telegram: Telegram, ann: Person, bob: Person
) -> None:
    """The first three that are named are called; the fourth hears nothing."""
    names = [f"guest{n}_bot" for n in range(4)]
    for n, name in enumerate(names):
        await telegram.bot(f"{n + 100}:" + "G" * 35, username=name, guest=True)
    await ann.send(ann.direct(bob), " ".join(f"@{name}" for name in names))
    called = [
        made["bot"] for made in await telegram.updates() if "guest_message" in made["update"]
    ]
    assert called == [100, 101, 102]


async def test_aiogram_reads_all_of_it(
    telegram: Telegram, bot: RawBot, ann: Person, bob: Person, chat: str
) -> None:
    """Queries, answers, choices and guest messages are what Telegram's documentation says."""
    await telegram.bot(bot.token, inline_feedback=True)
    button = {"text": "Go", "start_parameter": "go"}
    results = article(reply_markup=BUTTONS, description="D")
    await ann.choose(await offered(bot, ann, chat, results, button=button), "T")
    inline_id = await tapped(bot, bob, chat)
    await bot.call("editMessageText", inline_message_id=inline_id, text="Paid")
    await ann.send(chat, f"@{bot.username} pay 5")
    guest_query_id = (await last_update(bot))["guest_message"]["guest_query_id"]
    await bot.call("answerGuestQuery", guest_query_id=guest_query_id, result=article())
    assert complaints(await telegram.calls(), await telegram.updates()) == []
