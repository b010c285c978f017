"""What Telegram, the network and the power do to updates and notices. Money never moves twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from simulator.client import Message, NotSeenError, Telegram
from tests.chat.driver import Chatpay, Clock, Customer
from tests.processes import TOKEN, Running

KEY = "the same key for both " * 2


async def paid(alice: Customer, amount: str = "10") -> Message:
    """Alice approves a payment to Bob; answers the keypad."""
    return await alice.approve(await alice.ask(f"/pay @bob {amount}", "Pay Bob"))


async def texts(customer: Customer, part: str) -> list[str]:
    """Those of the chat's messages that contain a text."""
    return [message.text for message in await customer.messages() if part in message.text]


async def test_a_redelivered_update_is_handled_once(
    telegram: Telegram, alice: Customer, bob: Customer
) -> None:
    """Sent again thrice, the command makes one card, and the last tap pays once."""
    await paid(alice)
    await bob.see("paid you €10.00")
    for update in await telegram.updates():
        await telegram.redeliver(update["update"]["update_id"], times=3)

    assert await alice.balance() == "€90.00"
    assert await bob.balance() == "€110.00"
    assert len(await texts(alice, "Paid €10.00")) == 1
    assert len(await texts(bob, "paid you €10.00")) == 1


async def test_updates_that_come_in_another_order_are_all_handled(
    telegram: Telegram, alice: Customer, bob: Customer
) -> None:
    """Held back and delivered last first, each person still gets their answer."""
    await telegram.reorder(2)
    await alice.say("/balance")
    await bob.say("/balance")
    await alice.see("€100.00")
    await bob.see("€100.00")


@pytest.mark.parametrize("kind", ["429", "500", "cut"])
async def test_a_receipt_that_could_not_be_sent_is_sent_again(
    telegram: Telegram, alice: Customer, bob: Customer, kind: str
) -> None:
    """Both receipts come in the end, once each; the money moved once."""
    card = await alice.ask("/pay @bob 10", "Pay Bob")
    await alice.press(card, "Pay")
    keypad = await alice.see("Tap your PIN")
    await alice.tap(keypad, alice.pin[:5])
    for method in ("sendMessage", "editMessageText"):
        await telegram.fault(kind, method, times=2, retry_after=1)
    await alice.tap(keypad, alice.pin[5:])

    await alice.see("Paid €10.00")
    await bob.see("paid you €10.00")
    assert len(await texts(bob, "paid you €10.00")) == 1
    assert await alice.balance() == "€90.00"


async def test_an_answer_that_was_lost_may_be_told_twice_but_is_paid_once(
    telegram: Telegram, alice: Customer, bob: Customer
) -> None:
    """Nobody can know whether a message went out before the line broke: it is sent again."""
    await telegram.fault("cut_after", "sendMessage", chat_id=bob.id, times=1)
    await paid(alice)
    await bob.see("paid you €10.00")
    await bob.see("paid you €10.00")
    assert await alice.balance() == "€90.00"
    assert await bob.balance() == "€110.00"


async def test_an_interactive_reply_waits_out_a_429(telegram: Telegram, alice: Customer) -> None:
    """The answer comes after `retry_after`; the person does not have to ask again."""
    await telegram.fault("429", "sendMessage", chat_id=alice.id, times=1, retry_after=1)
    await alice.say("/balance")
    await alice.see("€100.00", seconds=5)


async def test_polling_goes_on_after_all_that_can_happen_to_it(
    telegram: Telegram, alice: Customer
) -> None:
    """Refused, broken, or told to wait: the next update still arrives."""
    for kind in ("500", "429", "cut", "cut_after"):
        await telegram.fault(kind, "getUpdates", times=1, retry_after=1)
    await alice.say("/balance")
    await alice.see("€100.00", seconds=15)


async def test_who_blocked_the_bot_is_not_written_to_again_and_is_paid_all_the_same(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """The notice is given up at once, nobody else waits for it, and /start makes good again."""
    await bob.person.block(chatpay.username)
    await paid(alice)
    await alice.see("Paid €10.00")
    await asyncio.sleep(1.5)
    to_bob = [
        call
        for call in await telegram.calls("sendMessage")
        if call["params"]["chat_id"] == bob.id and "paid you" in call["params"]["text"]
    ]
    assert [call["status"] for call in to_bob] == [403]

    await bob.person.unblock(chatpay.username)
    await bob.start()
    await bob.see("€110.00")


async def test_notices_are_kept_while_the_bot_is_away(
    chatpay: Chatpay, telegram: Telegram, clock: Clock, alice: Customer, bob: Customer
) -> None:
    """What could not be sent before a stop is sent after the next start."""
    await telegram.fault("500", "sendMessage", chat_id=bob.id, times=1)
    await paid(alice)
    await alice.see("Paid €10.00")
    await chatpay.stop()
    clock.advance(minutes=10)
    await chatpay.start()
    await bob.see("paid you €10.00")


async def test_a_crash_between_fetching_and_handling_loses_nothing(
    telegram: Telegram, tmp_path: Path
) -> None:
    """Killed with an update half handled, the bot handles it after the next start, at once."""
    running = await started(telegram, tmp_path)
    ann = await telegram.person("Ann")
    await telegram.fault("timeout", "sendMessage", times=1)
    chat = await ann.start("chatpay_bot")
    await until_called(telegram, "sendMessage", chat_id=ann.id)
    await running.kill()
    assert [m for m in await ann.messages(chat) if m.author_id != ann.id] == []

    await running.start()

    await ann.expect(chat, "Welcome to Chatpay", seconds=5)
    await running.stop()


async def test_a_crash_while_a_receipt_is_sent_loses_no_receipt(
    telegram: Telegram, tmp_path: Path
) -> None:
    """Killed in the middle of telling Bob, the bot tells him after the next start."""
    running = await started(telegram, tmp_path)
    clock = Clock()
    again = Chatpay(telegram, tmp_path, clock, {"secret_key": SecretStr(KEY)}, TOKEN)
    ann, bob = await again.newcomer("Ann"), await again.newcomer("Bob")
    for customer in (ann, bob):
        await customer.get_ready()
    await telegram.fault("timeout", "sendMessage", chat_id=bob.id, times=1)
    await paid(ann)
    await ann.see("Paid €10.00")
    with pytest.raises(NotSeenError):
        await bob.see("paid you", seconds=0.5)
    await running.kill()

    clock.advance(minutes=5)
    await again.start()
    await bob.see("paid you €10.00")
    assert await ann.balance() == "€90.00"
    await again.stop()


async def started(telegram: Telegram, folder: Path) -> Running:
    """The bot as a process of its own."""
    await telegram.bot(TOKEN, username="chatpay_bot")
    running = Running(
        folder,
        {
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": telegram.url,
            "SECRET_KEY": KEY,
            "DATABASE_URL": f"sqlite:///{folder / 'chatpay.db'}",
        },
    )
    await running.start()
    return running


async def until_called(telegram: Telegram, method: str, *, chat_id: int) -> None:
    """Waits until the bot has called about a chat, whatever came of it."""
    async with asyncio.timeout(5):
        while not any(  # noqa: ASYNC110 (the simulator has no event for a call without an answer)
            call["params"]["chat_id"] == chat_id for call in await telegram.calls(method)
        ):
            await asyncio.sleep(0.02)
