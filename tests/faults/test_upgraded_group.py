"""A group that becomes a supergroup has another id: what is to be told in it is told there."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from simulator.client import Group, Message, Telegram
from tests.chat.driver import Chatpay, Customer

UPGRADED = "Bad Request: group chat was upgraded to a supergroup chat"


@pytest.fixture
async def group(telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer) -> Group:
    return await telegram.group("Club", [alice.person, bob.person], bots=[chatpay.username])


async def ask_anyone(asker: Customer, group: Group) -> Message:
    """Asks anyone in a group for 12.50; answers what the group is shown."""
    await asker.person.send(group, "/request 12.50 pizza")
    await asker.person.press(await asker.person.expect(group, "whom do you ask"), "Anyone here")
    preview = await asker.person.expect(group, "Ask anyone here")
    await asker.person.press(preview, "Ask for €12.50")
    return await asker.person.expect(group, "asks anyone here")


async def pay_what_is_asked(payer: Customer, asked: Message) -> None:
    """Follows the way from a group's card, and pays."""
    await payer.person.open_link(asked.button("Pay €12.50…")["url"])
    await payer.press(await payer.see("asks you to pay"), "Pay €12.50…")
    await payer.approve(await payer.see("Pay Alice"), "Pay €12.50")
    await payer.see("✅ Paid €12.50")


async def upgrades_met(telegram: Telegram) -> int:
    """How often Telegram answered that a group is another one now."""
    answers = [call["answer"] for call in await telegram.calls() if call["status"] == 400]
    return [answer["description"] for answer in answers].count(UPGRADED)


def groups_remembered(chatpay: Chatpay) -> set[int]:
    """Every group that the database names anywhere."""
    with closing(sqlite3.connect(f"file:{chatpay.database}?mode=ro", uri=True)) as database:
        rows = database.execute(
            "SELECT group_id FROM requests UNION SELECT group_id FROM intents"
            " UNION SELECT told_in FROM intents UNION SELECT conversation_id FROM cards"
            " UNION SELECT conversation_id FROM prompts"
            " UNION SELECT conversation_id FROM outbox"
        ).fetchall()
    return {chat_id for (chat_id,) in rows if chat_id is not None and chat_id < 0}


async def test_a_group_that_says_it_was_upgraded_is_followed(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer, group: Group
) -> None:
    """What is open in it is shown once in the supergroup, and paid there."""
    await ask_anyone(alice, group)
    supergroup = await telegram.upgrade(group)

    await pay_what_is_asked(bob, await bob.person.expect(supergroup, "asks anyone here"))

    await alice.person.expect(supergroup, "✅ Paid")
    await alice.see("paid you €12.50")
    shown = [message.text for message in await alice.messages(supergroup) if message.text]
    assert len(shown) == 1
    assert "✅ Paid" in shown[0]
    assert await upgrades_met(telegram) == 0
    assert groups_remembered(chatpay) == {supergroup.id}


async def test_what_is_addressed_to_the_old_group_is_told_in_the_new_one(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer, group: Group
) -> None:
    """Also before the bot has heard of it: Telegram's refusal says where the group went."""
    await telegram.ephemeral("unknown")
    await alice.person.send(group, "/pay @bob 5 lunch")
    card = await alice.see("Pay Bob")
    await alice.press(card, "Show in group: off")
    card = await alice.see(lambda message: "Show in group: on" in message.labels)
    await telegram.fault("500", "editMessageText", times=1_000, chat_id=group.id)
    await alice.approve(card, "Pay €5.00")
    await bob.see("paid you €5.00")
    await chatpay.stop()
    await telegram.clear_faults()
    supergroup = await telegram.upgrade(group)
    await telegram.fault("timeout", "getUpdates", times=1)
    await chatpay.start()

    told = await bob.person.expect(supergroup, "paid")

    assert told.text == "Alice @alice paid Bob @bob €5.00"
    assert await upgrades_met(telegram) == 1
    assert groups_remembered(chatpay) == {supergroup.id}
