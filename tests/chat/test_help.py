"""/help, /cancel, the command menu, and what nobody asked for."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

from aiohttp import web
from aiohttp.test_utils import TestServer
from telegram import Bot

from bot import help as help_room
from bot.texts import Texts, languages
from bot.transport import Transport
from simulator.client import Telegram
from tests.chat.driver import TOKEN, Chatpay, Customer

NAMES = [command.name for command in help_room.COMMANDS]
ME = {"id": 7_000_000_001, "is_bot": True, "first_name": "Chatpay", "username": "chatpay_bot"}


async def test_help_in_private_is_by_what_a_person_wants(alice: Customer) -> None:
    """Every command that it names exists, and its buttons lead there."""
    guide = await alice.ask("/help", "What would you like to do")

    named = set(re.findall(r"/([a-z]+)", guide.text))
    assert named < {command.name for command in help_room.COMMANDS}
    assert named >= {"pay", "request", "balance", "history", "topup", "withdraw", "pin", "cancel"}

    await alice.press(guide, "Balance")
    await alice.see("€100.00 available")
    await alice.press(guide, "History")
    await alice.see("History · EUR")
    await alice.press(guide, "Settings")
    await alice.see("May ask you for money")
    await alice.press(guide, "Add money")
    await alice.see("How much shall I add")
    await alice.press(guide, "Pay someone")
    await alice.see("Whom do you want to pay")


async def test_help_in_a_group_is_short(
    telegram: Telegram, chatpay: Chatpay, alice: Customer
) -> None:
    """Three lines, and the way to the private chat."""
    group = await telegram.group("Lunch", [alice.person], bots=[chatpay.username])

    await alice.person.send(group, f"/help@{chatpay.username}")
    short = await alice.person.expect(group, "Pay:")

    assert len(short.text.splitlines()) == 3
    assert short.labels == ["Open Chatpay"]


async def test_telegram_is_told_the_commands(telegram: Telegram, alice: Customer) -> None:
    """All of them for private chats; for groups only those that do their job there."""
    calls = await telegram.calls("setMyCommands")

    by_scope = {
        call["params"]["scope"]["type"]: [
            one["command"] + (" (aside)" if one.get("is_ephemeral") else "")
            for one in call["params"]["commands"]
        ]
        for call in calls
        if not call["params"].get("language_code")
    }

    assert by_scope["all_private_chats"] == [command.name for command in help_room.COMMANDS]
    assert by_scope["all_group_chats"] == [
        "pay (aside)",
        "request",
        "split",
        "gift (aside)",
        "link",
        "me",
        "balance (aside)",
        "history (aside)",
        "start",
        "help",
    ]
    assert alice.bot


async def test_the_bot_says_what_it_is_for_before_it_is_started(telegram: Telegram) -> None:
    """In each language; what somebody wrote at BotFather instead is left as it is."""
    await telegram.bot(TOKEN, username="chatpay_bot", first_name="Chatpay")
    async with Bot(TOKEN, base_url=f"{telegram.url}/bot") as bot:
        await help_room.publish_description(bot)
        shown = (await telegram.state())["bots"][0]["descriptions"]
        assert shown == {
            "": "Pay people and ask for money, right in the chat.\n\n"
            "Every payment is approved with a PIN that only you know.",
            "ar": "ادفع للناس واطلب المال داخل المحادثة مباشرة.\n\n"
            "توافق على كل دفعة برقم سري لا يعرفه سواك.",
        }
        short = await bot.get_my_short_description()
        assert short.short_description == "Pay people and ask for money, right in the chat."

        await bot.set_my_description("Lunch money")
        await help_room.publish_description(bot)
        assert (await bot.get_my_description()).description == "Lunch money"


async def test_a_server_that_refuses_ephemeral_commands_is_told_of_plain_ones() -> None:
    """The menu in groups is then as before Bot API 10.2, with all its commands."""
    told: list[list[str]] = []

    async def answer(request: web.Request) -> web.Response:
        if request.path.endswith("/getMe"):
            return web.json_response({"ok": True, "result": ME})
        call = await request.text()
        if "is_ephemeral" in call:
            refusal = {"ok": False, "error_code": 400, "description": "Bad Request: unknown field"}
            return web.json_response(refusal, status=400)
        told.append([name for name in NAMES if f'"{name}"' in unquote_plus(call)])
        return web.json_response({"ok": True, "result": True})

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    async with TestServer(app) as server:
        address = f"http://127.0.0.1:{server.port}/bot"
        async with Bot(TOKEN, base_url=address, request=Transport()) as bot:
            await help_room.publish_commands(bot)

    in_groups = [c.name for c in help_room.COMMANDS if c.where is not help_room.Where.PRIVATE]
    assert told == [NAMES, in_groups] * len(languages())


def test_every_command_has_words_that_telegram_takes() -> None:
    """Names are 1 to 32 small letters, descriptions 1 to 256 characters, no name twice."""
    names = [command.name for command in help_room.COMMANDS]

    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z]{1,32}", name) for name in names)
    assert all(1 <= len(c.about(Texts("en"))) <= 256 for c in help_room.COMMANDS)


async def test_every_command_is_answered(alice: Customer) -> None:
    """No command of the table is met with silence or with not knowing it."""
    for command in help_room.COMMANDS:
        answer = await alice.ask(f"/{command.name}", ".")
        assert "I do not know that command" not in answer.text


async def test_cancel_says_what_it_cancelled(alice: Customer, bob: Customer) -> None:
    """Open cards are cancelled and counted; a second time there is nothing."""
    await alice.ask(f"/pay @{bob.username} 5", "5.00")

    await alice.ask("/cancel", "Cancelled: 1 payment that was not approved yet")
    await alice.ask("/cancel", "There is nothing to cancel")
    assert await alice.balance() == "€100.00"


async def test_cancel_ends_an_open_question(alice: Customer) -> None:
    """What is typed afterwards is no answer any more."""
    await alice.ask("/topup", "How much shall I add")

    await alice.ask("/cancel", "I no longer wait for your answer")
    await alice.ask("5", "I am not sure what you mean")

    assert await alice.balance() == "€100.00"


async def test_what_nobody_asked_for_gets_a_hint_in_private_and_silence_in_groups(
    telegram: Telegram, chatpay: Chatpay, alice: Customer
) -> None:
    """A gentle word with the main buttons; groups are left in peace."""
    hint = await alice.ask("what a day", "I am not sure what you mean")
    assert hint.labels == ["💸 Pay someone", "🙏 Request", "💳 Add money", "🔗 My link"]
    await alice.ask("/nonsense", "I am not sure what you mean")

    group = await telegram.group("Lunch", [alice.person], bots=[chatpay.username])
    await alice.person.send(group, "what a day")
    await alice.person.send(group, f"/help@{chatpay.username}")
    await alice.person.expect(group, "Pay:")
    assert len([m for m in await alice.messages(group) if m.author_id != alice.id]) == 1


async def test_an_edited_command_does_not_fire_again(alice: Customer) -> None:
    """Editing /topup 5 into /topup 500 adds nothing more."""
    said = await alice.say("/topup 5")
    await alice.see("€5.00 of play money added")

    await alice.person.edit(said, "/topup 500")

    assert await alice.balance() == "€105.00"


async def test_a_stale_menu_button_says_so(alice: Customer) -> None:
    """A button that no version of the menu has is refused kindly."""
    guide = await alice.ask("/help", "What would you like to do")

    answer = await alice.person.press_data(guide, "cp:m:nowhere")

    assert answer.toast == "This is no longer open. Nothing was paid."


async def test_the_menu_leads_to_ones_own_link(alice: Customer) -> None:
    """My link is the permanent one, with its address to share."""
    guide = await alice.ask("/help", "What would you like to do")

    await alice.press(guide, "My link")

    await alice.see(f"t.me/{alice.bot}")
