"""Whoever is no person: channels, bots, anonymous administrators; and paying oneself."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from simulator.client import Telegram
from tests.attacks.doors import Site, nothing_moves, now_s
from tests.chat.driver import Chatpay, Customer

CHANNEL = {"id": -1_001_234_567_890, "type": "channel", "title": "News"}
CHANNEL_BOT = {
    "id": 136_817_688,
    "is_bot": True,
    "first_name": "Channel",
    "username": "Channel_Bot",
}
OTHER_BOT = {"id": 7_000_000_777, "is_bot": True, "first_name": "Evil", "username": "evil_bot"}
SERVICE = {"id": 777_000, "is_bot": False, "first_name": "Telegram"}


def made(chatpay: Chatpay) -> tuple[int, int]:
    """How many cards and people there are."""
    with closing(sqlite3.connect(f"file:{chatpay.database}?mode=ro", uri=True)) as database:
        (cards,) = database.execute("SELECT count(*) FROM intents").fetchone()
        (people,) = database.execute("SELECT count(*) FROM people").fetchone()
    return cards, people


POSTS: list[tuple[str, dict[str, object]]] = [
    ("channel_post", {"sender_chat": CHANNEL}),
    ("edited_channel_post", {"sender_chat": CHANNEL, "edit_date": 2}),
    ("message", {"from": CHANNEL_BOT, "sender_chat": CHANNEL}),
    ("message", {"from": SERVICE, "sender_chat": CHANNEL, "is_automatic_forward": True}),
    ("message", {"from": OTHER_BOT}),
]


async def test_channels_and_bots_pay_nobody(
    telegram: Telegram, chatpay: Chatpay, site: Site, alice: Customer
) -> None:
    """A post with /pay is nobody's: no card, no person, nothing moves, and the bot goes on."""
    group = await telegram.group("Lunch", [alice.person], bots=[chatpay.username])
    before = made(chatpay)
    with nothing_moves(chatpay):
        for number, (kind, sender) in enumerate(POSTS):
            in_group = {"id": group.id, "type": "group", "title": "Lunch"}
            status = await site.update(
                kind,
                message_id=500 + number,
                date=now_s(chatpay.clock()),
                chat=CHANNEL if "channel" in kind else in_group,
                text="/pay @alice 5",
                entities=[
                    {"type": "bot_command", "offset": 0, "length": 4},
                    {"type": "mention", "offset": 5, "length": 6},
                ],
                **sender,
            )
            assert status == 200
            assert await alice.balance() == "€100.00"
            assert made(chatpay) == before, kind


async def test_nobody_pays_or_asks_themselves(
    telegram: Telegram, chatpay: Chatpay, alice: Customer
) -> None:
    """By @name in any case, by a reply, by one's own link, gift link and request."""
    group = await telegram.group("Lunch", [alice.person], bots=[chatpay.username])
    link = (await alice.ask("/link 5 cake", "t.me")).text
    with nothing_moves(chatpay):
        for command in ("/pay @alice 5", "/pay @ALICE 5"):
            await alice.ask(command, "That is you")
        answer = await alice.press(await alice.ask("/request @alice 5", "Ask Alice"), "Ask for")
        assert "That is you" in (answer.toast or "")
        hers = await alice.person.send(group, "hello")
        await alice.person.send(group, "/pay 5", reply_to=hers)
        await alice.person.expect(group, "That is you")
        await alice.start("l_" + link.partition("start=l_")[2][:16])
        await alice.see("your own|yours")
    assert await alice.balance() == "€100.00"


async def test_no_bot_is_paid_or_asked(
    telegram: Telegram, chatpay: Chatpay, alice: Customer
) -> None:
    """By a name that only bots have, by the name of this one, or by a reply to it."""
    await telegram.bot("7000000777:" + "e" * 35, username="evil_bot", first_name="Evil")
    group = await telegram.group("Lunch", [alice.person], bots=[chatpay.username])
    with nothing_moves(chatpay):
        for command in ("/pay @evil_bot 5", "/pay @Evil_Bot 5", "/request @evil_bot 5"):
            await alice.ask(command, "That is a bot")
        await alice.person.send(group, "/balance")
        ours = await alice.person.expect(group, ".")
        await alice.person.send(group, "/pay 5", reply_to=ours)
        await alice.person.expect(group, "Whom do you want to pay")
    assert await alice.balance() == "€100.00"
