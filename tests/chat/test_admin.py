"""/admin: operators look after people, payments and the whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from simulator.client import Telegram
from simulator.people import Json
from tests.chat.books import books
from tests.chat.driver import Chatpay, Clock, Customer, is_keypad

OPERATOR_ID = 880_001


@pytest.fixture
async def chatpay(telegram: Telegram, clock: Clock, tmp_path: Path) -> AsyncIterator[Chatpay]:
    """The bot, with one operator."""
    running = Chatpay(telegram, tmp_path, clock, changes={"operators": (OPERATOR_ID,)})
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def olga(chatpay: Chatpay) -> Customer:
    """The operator."""
    return await chatpay.customer("Olga", money="", id=OPERATOR_ID)


async def do(operator: Customer, button: str, reason: str = "asked by the police") -> None:
    """Presses a button of the last screen, types a reason, and taps the PIN."""
    screen = (await operator.messages())[-1]
    await operator.press(screen, button)
    await operator.see("Why?")
    keypad = await operator.ask(reason, is_keypad)
    assert reason in keypad.text
    await operator.tap(keypad, operator.pin)
    await operator.see("written into the log")


async def find(operator: Customer, whom: str, *, seen: str) -> None:
    """Opens the screen of a person."""
    await operator.press(await operator.ask("/admin", "Operators"), "Find a person")
    await operator.see("Type the @name")
    await operator.ask(whom, seen)


async def test_for_anybody_else_there_is_no_such_command(
    telegram: Telegram, alice: Customer
) -> None:
    """They are told what they are told of any unknown word, and no menu lists it."""
    unknown = await alice.ask("/nonsense", "I am not sure what you mean")
    answer = await alice.ask("/admin", "I am not sure what you mean")

    assert answer.text == unknown.text
    commands = [
        one["command"]
        for call in await telegram.calls("setMyCommands")
        if call["params"]["scope"]["type"] != "chat"
        for one in call["params"]["commands"]
    ]
    assert "pay" in commands
    assert "admin" not in commands


async def test_an_operators_own_menu_offers_it(
    telegram: Telegram, chatpay: Chatpay, olga: Customer
) -> None:
    """In each language, below all that everybody is offered; nothing else is set for a chat."""
    before = len(await telegram.calls("setMyCommands"))
    await chatpay.restart()
    calls = await until(telegram, lambda calls: len(own(calls[before:])) == 2)
    english, arabic = own(calls[before:])
    assert [call["params"]["scope"]["chat_id"] for call in (english, arabic)] == [olga.id] * 2
    assert english["params"].get("language_code") is None
    assert arabic["params"]["language_code"] == "ar"
    commands = {one["command"]: one["description"] for one in english["params"]["commands"]}
    assert commands["admin"] == "Look after people and payments"
    everybody = next(
        call
        for call in calls[before:]
        if call["params"]["scope"]["type"] == "all_private_chats"
        and "language_code" not in call["params"]
    )
    assert english["params"]["commands"][:-1] == everybody["params"]["commands"]


async def test_an_operator_who_never_pressed_start_stops_nothing(
    telegram: Telegram, chatpay: Chatpay
) -> None:
    """Telegram knows no chat with them: nothing is set, and the bot is at work all the same."""
    (refused,) = own(await until(telegram, own))
    assert refused["params"]["scope"]["chat_id"] == OPERATOR_ID
    alice = await chatpay.customer("Alice")
    assert await alice.balance() == "€100.00"


def own(calls: list[Json]) -> list[Json]:
    """The menus that were set for one chat."""
    return [call for call in calls if call["params"]["scope"]["type"] == "chat"]


async def until(telegram: Telegram, fits: Callable[[list[Json]], object]) -> list[Json]:
    """The calls that set menus, once they fit."""
    async with asyncio.timeout(10):
        while not fits(calls := await telegram.calls("setMyCommands")):  # noqa: ASYNC110 (no event says so)
            await asyncio.sleep(0.05)
    return calls


async def test_what_is_done_leads_back_to_the_person_and_the_menu(
    olga: Customer, alice: Customer
) -> None:
    """To whom it was about, with what can be done now; a pause is about nobody."""
    await find(olga, f"@{alice.username}", seen="Alice")
    await do(olga, "Freeze")
    done = (await olga.messages())[-1]
    assert done.labels == ["Show the person", "‹ Back"]
    await olga.press(done, "Show the person")
    shown = await olga.see("Frozen: pays nothing")
    assert (shown.id, shown.labels) == (done.id, ["Unfreeze", "‹ Back"])

    await olga.ask("/admin", "Payments go through")
    await do(olga, "Pause payments")
    done = (await olga.messages())[-1]
    assert done.labels == ["‹ Back"]
    await olga.press(done, "‹ Back")
    assert (await olga.see("All payments are paused")).id == done.id


async def test_a_frozen_person_is_told_and_others_are_not(
    olga: Customer, alice: Customer, bob: Customer
) -> None:
    """Alice learns it when she tries; whoever pays her learns no reason. No money moves."""
    await find(olga, f"@{alice.username}", seen="Alice")
    await do(olga, "Freeze")

    assert "stopped for now" in (await alice.ask(f"/pay @{bob.username} 5", "stopped")).text
    card = await bob.ask(f"/pay @{alice.username} 5", "5.00")
    answer = await bob.press(card, "Pay €5.00")
    assert "cannot be paid at the moment" in (answer.toast or "")
    assert await alice.balance() == await bob.balance() == "€100.00"

    await find(olga, str(alice.id), seen="Frozen")
    await do(olga, "Unfreeze")
    await alice.approve(await alice.ask(f"/pay @{bob.username} 5", "5.00"), "Pay €5.00")
    await bob.see("5.00")


async def test_an_operator_gives_a_payment_back(
    olga: Customer, alice: Customer, bob: Customer
) -> None:
    """Both are told, and see it in their balances; the log names it."""
    await alice.approve(await alice.ask(f"/pay @{bob.username} 25", "25.00"), "Pay €25.00")
    await bob.see("25.00")

    await find(olga, f"@{bob.username}", seen="can be given back")
    await do(olga, "↩︎ €25.00 to Alice")

    await bob.see("The people who run this bot gave")
    await alice.see("gave")
    assert await alice.balance() == await bob.balance() == "€100.00"
    await olga.press(await olga.ask("/admin", "Operators"), "Log")
    log = await olga.see("Give a payment back that")
    assert "asked by the police" in log.text


async def test_paused_payments_are_said_to_whoever_tries(
    olga: Customer, alice: Customer, bob: Customer
) -> None:
    """Balance and history still work; after resuming, so does paying."""
    await olga.ask("/admin", "Payments go through")
    await do(olga, "Pause payments")

    assert "paused" in (await alice.ask(f"/pay @{bob.username} 5", "paused for a while")).text
    assert await alice.balance() == "€100.00"
    await alice.ask("/history", "History")

    await olga.ask("/admin", "All payments are paused")
    await do(olga, "Resume payments")
    await alice.approve(await alice.ask(f"/pay @{bob.username} 5", "5.00"), "Pay €5.00")
    await bob.see("5.00")


async def test_health_says_that_the_books_add_up(olga: Customer) -> None:
    """And counts what waits."""
    await olga.press(await olga.ask("/admin", "Operators"), "Health")

    health = await olga.see("The books add up")
    assert "can never be sent: 0" in health.text


async def test_a_forged_button_does_nothing(
    chatpay: Chatpay, olga: Customer, alice: Customer
) -> None:
    """The buttons of an operator, sent by somebody else's client."""
    mine = await alice.ask("/help", "What would you like to do")
    await olga.ask("/admin", "Operators")
    before = books(chatpay)

    for data in ("cp:x:do:pause:", f"cp:x:do:freeze:{olga.id}", "cp:x:log", "cp:x:reports"):
        answer = await alice.person.press_data(mine, data)
        assert "no longer open" in (answer.toast or "")

    await olga.ask("/admin", "Payments go through")
    assert books(chatpay) == before


async def test_a_report_is_shown_and_closed(
    olga: Customer, alice: Customer, bob: Customer
) -> None:
    """Whom it is about, and why, until an operator has seen to it."""
    preview = await alice.ask(f"/request @{bob.username} 5", "Ask Bob")
    await alice.press(preview, "Ask for €5.00")
    await bob.press(await bob.see("asks you to pay"), "Report Alice")
    await bob.press(await bob.see(lambda message: "It is a scam" in message.labels), "scam")
    await bob.see("You declined, and blocked Alice")

    await olga.press(await olga.ask("/admin", "Operators"), "Reports")
    assert "Alice" in (await olga.see("a scam")).text
    await do(olga, "1. Close")
    await olga.press(await olga.ask("/admin", "Operators"), "Reports")
    await olga.see("Nobody has reported anything")
