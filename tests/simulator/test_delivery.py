"""How updates reach bots, what goes wrong on demand, and how fast a bot may send."""

import asyncio
from typing import Any

import aiohttp
import pytest

from simulator.client import NotSeenError, SimulatorError


def texts(updates: list[dict[str, Any]]) -> list[str]:
    return [update["message"]["text"] for update in updates]


async def say(person: Any, bot: Any, *words: str) -> None:
    for word in words:
        await person.send(bot.key(person), word)


# -- getUpdates ----------------------------------------------------------------------------------


async def test_updates_come_until_the_offset_passes_them(bot, ann) -> None:
    """Unconfirmed updates come again; a higher offset confirms; limit cuts."""
    await say(ann, bot, "a", "b", "c")
    first = await bot.updates()
    assert texts(first) == texts(await bot.updates()) == ["a", "b", "c"]
    assert texts(await bot.call("getUpdates", limit=2)) == ["a", "b"]
    assert texts(await bot.updates(offset=first[1]["update_id"])) == ["b", "c"]
    assert texts(await bot.updates()) == ["b", "c"]
    assert await bot.updates(offset=first[2]["update_id"] + 1) == []


async def test_a_negative_offset_keeps_the_last(bot, ann) -> None:
    """Offset -1 returns the last update and forgets the others."""
    await say(ann, bot, "a", "b", "c")
    assert texts(await bot.updates(offset=-1)) == ["c"]
    assert texts(await bot.updates()) == ["c"]


async def test_a_long_poll_wakes_when_something_happens(bot, ann) -> None:
    """GetUpdates with a timeout answers as soon as there is an update."""
    poll = asyncio.create_task(bot.updates(wait=30))
    await say(ann, bot, "now")
    async with asyncio.timeout(5):
        assert texts(await poll) == ["now"]


async def test_updates_nobody_fetched_for_a_day_are_gone(telegram, bot, ann) -> None:
    """After 24 hours an update is forgotten."""
    await say(ann, bot, "old")
    await telegram.advance(24 * 3600 + 1)
    await say(ann, bot, "new")
    assert texts(await bot.updates()) == ["new"]


async def test_only_wanted_kinds_are_made(bot, ann) -> None:
    """allowed_updates holds until it is given again."""
    await bot.call("getUpdates", allowed_updates=["callback_query"])
    await say(ann, bot, "unheard")
    assert await bot.updates() == []
    await bot.call("getUpdates", allowed_updates=[])
    await say(ann, bot, "heard")
    assert texts(await bot.updates()) == ["heard"]


async def test_an_update_can_come_again(telegram, bot, ann) -> None:
    """A confirmed update is redelivered as often as asked."""
    await say(ann, bot, "a", "b")
    last = (await bot.updates())[-1]["update_id"]
    assert await bot.updates(offset=last + 1) == []
    await telegram.redeliver(last, times=2)
    assert texts(await bot.updates(offset=last + 1)) == ["b", "b"]
    assert await bot.updates(offset=last + 1) == []
    with pytest.raises(SimulatorError, match=r"There is no update 999\."):
        await telegram.redeliver(999)


async def test_updates_can_come_last_first(telegram, bot, ann) -> None:
    """Held updates come in the wrong order, each once, whatever the offset says."""
    await telegram.reorder(3)
    await say(ann, bot, "a", "b")
    assert await bot.updates() == []
    await say(ann, bot, "c", "d")
    updates = await bot.updates()
    assert texts(updates) == ["c", "b", "a", "d"]
    assert await bot.updates(offset=updates[-1]["update_id"] + 1) == []


# -- faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "answer"),
    [
        (
            {"kind": "429", "retry_after": 7},
            429,
            {
                "ok": False,
                "error_code": 429,
                "description": "Too Many Requests: retry after 7",
                "parameters": {"retry_after": 7},
            },
        ),
        (
            {"kind": "500"},
            500,
            {"ok": False, "error_code": 500, "description": "Internal Server Error"},
        ),
        (
            {"kind": "403"},
            403,
            {
                "ok": False,
                "error_code": 403,
                "description": "Forbidden: bot was blocked by the user",
            },
        ),
    ],
)
async def test_errors_on_demand(telegram, bot, ann, fault, status, answer) -> None:
    """A fault answers in place of the method, so often, and only the calls it is meant for."""
    await telegram.fault(**fault, method="sendMessage", times=2, chat_id=ann.id)
    assert (await bot.raw("getMe"))[0] == 200
    for _ in range(2):
        assert await bot.raw("sendMessage", chat_id=ann.id, text="x") == (status, answer)
    assert len(await ann.messages(bot.key(ann))) == 1
    assert (await bot.raw("sendMessage", chat_id=ann.id, text="x"))[0] == 200


@pytest.mark.parametrize(("kind", "sent"), [("cut", 0), ("cut_after", 1)])
async def test_a_cut_connection(telegram, bot, ann, kind, sent) -> None:
    """The connection drops without an answer, before the call is carried out or after."""
    await telegram.fault(kind, "sendMessage")
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await bot.raw("sendMessage", chat_id=ann.id, text="x")
    assert len(await ann.messages(bot.key(ann))) == 1 + sent
    calls = await telegram.calls("sendMessage")
    assert [call["status"] for call in calls] == [200 if sent else None]


async def test_a_call_that_gets_no_answer(telegram, bot, ann) -> None:
    """A time-out keeps the caller waiting, and nothing is sent."""
    await telegram.fault("timeout")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await bot.raw("sendMessage", chat_id=ann.id, text="x")
    assert len(await ann.messages(bot.key(ann))) == 1


async def test_faults_can_be_taken_back(telegram, bot) -> None:
    """Cleared faults befall nobody, and "*" leaves polling alone."""
    await telegram.fault("500", times=5)
    assert await bot.updates() == []
    assert (await bot.raw("getMe"))[0] == 500
    await telegram.clear_faults()
    assert (await bot.raw("getMe"))[0] == 200


# -- flood limits --------------------------------------------------------------------------------


async def test_one_message_a_second_in_a_chat(telegram, bot, ann) -> None:
    """The second message within a second is refused and not sent; a second later it is."""
    await telegram.flood_limits(on=True)
    message = {"chat_id": ann.id, "text": "x"}
    await bot.call("sendMessage", **message)
    status, answer = await bot.raw("sendMessage", **message)
    assert (status, answer["description"]) == (429, "Too Many Requests: retry after 1")
    assert answer["parameters"] == {"retry_after": 1}
    assert len(await ann.messages(bot.key(ann))) == 2
    await telegram.advance(1)
    await bot.call("sendMessage", **message)


async def test_twenty_messages_a_minute_in_a_group(telegram, bot, ann) -> None:
    """The 21st message to a group within a minute has to wait for the rest of it."""
    group = await telegram.group("Friends", [ann], bots=[bot.username])
    await telegram.flood_limits(on=True)
    for _ in range(20):
        await bot.call("sendMessage", chat_id=group.id, text="x")
        await telegram.advance(1)
    status, answer = await bot.raw("sendMessage", chat_id=group.id, text="x")
    assert status == 429
    assert 38 <= answer["parameters"]["retry_after"] <= 40
    assert len([m for m in await ann.messages(group) if m.text == "x"]) == 20


async def test_thirty_messages_a_second_in_all(telegram, bot) -> None:
    """The 31st message within a second is refused, whichever chat it is for."""
    people = [await telegram.person(f"P{number}") for number in range(31)]
    for person in people:
        await person.start(bot.username)
    await telegram.flood_limits(on=True)
    calls = [bot.raw("sendMessage", chat_id=person.id, text="x") for person in people]
    statuses = sorted([status for status, _ in await asyncio.gather(*calls)])
    assert statuses == [200] * 30 + [429]
    await telegram.flood_limits(on=False)
    await bot.call("sendMessage", chat_id=people[0].id, text="x")


async def test_expectations_fail_with_what_came_instead(bot, ann) -> None:
    """Expect names the messages that did not fit."""
    await ann.send(bot.key(ann), "hello")
    await bot.call("sendMessage", chat_id=ann.id, text="good day")
    assert (await ann.expect(bot.key(ann), "^good")).text == "good day"
    with pytest.raises(NotSeenError, match="good day"):
        await ann.expect(bot.key(ann), "^good", seconds=0.1)
