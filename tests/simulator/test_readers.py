"""Everything sent to bots is understood by two libraries that know nothing of this one.

One scenario touches every kind of update and message; aiogram and python-telegram-bot read it.
"""

import asyncio
from typing import Any

import aiogram
import pytest
from aiogram import types as aiogram_types
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from telegram import Bot as PtbBot
from telegram import BotCommand, Update

from simulator.client import Group, Telegram

ALL_KINDS = [
    "message",
    "edited_message",
    "callback_query",
    "pre_checkout_query",
    "my_chat_member",
    "chat_member",
    "message_reaction",
]

MESSAGE_FIELDS = {
    "text",
    "photo",
    "contact",
    "users_shared",
    "successful_payment",
    "new_chat_members",
    "left_chat_member",
    "new_chat_title",
    "reply_to_message",
    "forward_origin",
    "sender_chat",
}


@pytest.fixture
async def updates(
    telegram: Telegram, bot: Any, ann: Any, bob: Any, png: bytes
) -> list[dict[str, Any]]:
    """The updates of a long afternoon."""
    await bot.call("getUpdates", allowed_updates=ALL_KINDS)
    chat = bot.key(ann)
    hello = await ann.send(chat, "/pay @bob 5 😀 Bob", mentions=[{"text": "Bob", "id": bob.id}])
    await ann.edit(hello, "never mind")
    await ann.send_photo(chat, png, caption="look #here")
    await ann.share_contact(chat)
    await ann.forward(hello, chat)
    keyboard = {
        "keyboard": [
            [
                {
                    "text": "Who?",
                    "request_users": {"request_id": 7, "request_name": True, "max_quantity": 2},
                }
            ],
            ["Plain"],
        ]
    }
    await bot.call("sendMessage", chat_id=ann.id, text="pick", reply_markup=keyboard)
    await ann.pick_users(chat, 7, [bob])
    await ann.key(chat, "Plain")
    inline = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    await bot.call("sendMessage", chat_id=ann.id, text="card", reply_markup=inline)
    card = (await ann.messages(chat))[-1]
    await ann.press(card, "Go", wait=0)
    await ann.react(card, "👍")
    await ann.send(chat, "yes", reply_to=card.id)
    await pay_an_invoice(bot, ann)
    await ann.block(bot.username)
    await ann.unblock(bot.username)
    group = await telegram.group(
        "Friends",
        [ann, bob],
        bots=[bot.username],
        anonymous_admins=[bob.id],
        admins=[bot.username],
    )
    await ann.send(group, "hi")
    await bob.send(group, "from nobody")
    carl = await telegram.person("Carl")
    await carl.join(group)
    await carl.leave(group)
    await telegram.change_group(group, title="Best friends")
    await telegram.change_group(group, remove=[bot.username])
    return [made["update"] for made in await telegram.updates()]


async def pay_an_invoice(bot: Any, person: Any) -> None:
    """Bills a person, who pays."""
    await bot.call(
        "sendInvoice",
        chat_id=person.id,
        title="Top-up",
        description="Money",
        payload="p-1",
        currency="EUR",
        provider_token="test",
        prices=[{"label": "all", "amount": 500}],
    )
    bill = (await person.messages(bot.key(person)))[-1]
    paying = asyncio.create_task(person.pay(bill))
    query = None
    while query is None:
        waiting = await bot.updates(wait=5)
        query = next((u["pre_checkout_query"] for u in waiting if "pre_checkout_query" in u), None)
    await bot.call("answerPreCheckoutQuery", pre_checkout_query_id=query["id"], ok=True)
    answer = await paying
    assert (answer["paid"], answer["telegram_payment_charge_id"]) == (True, "tg_00000001")


async def test_every_update_is_read_by_aiogram_and_ptb(updates) -> None:
    """Both libraries take each update, and the scenario misses no kind of update or message."""
    kinds, fields = set(), set()
    for update in updates:
        read = aiogram_types.Update.model_validate(update)
        assert read.update_id == update["update_id"]
        parsed = Update.de_json(update, None)
        assert parsed is not None
        assert parsed.api_kwargs == {}
        kinds |= update.keys() - {"update_id"}
        fields |= update.get("message", {}).keys()
        if "message" in update:
            assert parsed.message is not None
            assert parsed.message.message_id == update["message"]["message_id"]
    assert kinds == set(ALL_KINDS)
    assert fields >= MESSAGE_FIELDS


async def test_updates_are_numbered_without_gaps(updates) -> None:
    """update_id rises by one."""
    assert [update["update_id"] for update in updates] == list(range(1, len(updates) + 1))


async def test_answers_are_read_by_aiogram(bot, ann, telegram, png) -> None:
    """What the methods return fits the types that the Bot API declares."""
    chat = {"chat_id": ann.id}
    sent = await bot.call("sendMessage", text="<b>x</b> @ann", parse_mode="HTML", **chat)
    aiogram_types.Message.model_validate(sent)
    edited = await bot.call("editMessageText", message_id=sent["message_id"], text="y", **chat)
    assert aiogram_types.Message.model_validate(edited).text == "y"
    aiogram_types.ChatFullInfo.model_validate(await bot.call("getChat", **chat))
    group = await telegram.group("Friends", [ann], bots=[bot.username], admins=[bot.username])
    aiogram_types.ChatFullInfo.model_validate(await bot.call("getChat", chat_id=group.id))
    members = await bot.call("getChatAdministrators", chat_id=group.id)
    assert [member["status"] for member in members] == ["creator", "administrator"]
    aiogram_types.ChatMemberOwner.model_validate(members[0])
    aiogram_types.ChatMemberAdministrator.model_validate(members[1])
    assert await bot.call("getChatMemberCount", chat_id=group.id) == 2
    _, answer = await bot.upload("sendPhoto", {"photo": ("a.png", png)}, **chat)
    photo = aiogram_types.Message.model_validate(answer["result"]).photo
    assert photo is not None
    file = aiogram_types.File.model_validate(await bot.call("getFile", file_id=photo[0].file_id))
    address = f"{bot.url}/file/bot{bot.token}/{file.file_path}"
    async with bot.session.get(address) as response:
        assert await response.read() == png
    aiogram_types.WebhookInfo.model_validate(await bot.call("getWebhookInfo"))


@pytest.fixture
async def group(telegram: Telegram, bot: Any, ann: Any, bob: Any) -> Group:
    """A group with the bot, which has an ephemeral /balance."""
    command = {"command": "balance", "description": "What you have", "is_ephemeral": True}
    await bot.call("setMyCommands", commands=[command])
    return await telegram.group("Friends", [ann, bob], bots=[bot.username])


async def test_aiogram_speaks_and_reads_ephemeral_messages(bot, ann, bob, group) -> None:
    """Its own types go over the wire both ways: command, answer, tap, edit, deletion."""
    api = TelegramAPIServer.from_base(bot.url)
    async with aiogram.Bot(bot.token, session=AiohttpSession(api=api)) as client:
        assert [one.is_ephemeral for one in await client.get_my_commands()] == [True]
        await ann.send(group, "/balance")
        asked = (await client.get_updates())[-1].message
        assert asked is not None
        assert asked.receiver_user is not None
        assert (asked.message_id, asked.receiver_user.id) == (0, bot.id)
        to_ann = aiogram_types.EphemeralMessageParameters(receiver_user_id=ann.id)
        keyboard = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
        sent = await client.send_message(
            group.id,
            "12 €",
            ephemeral_message_parameters=to_ann,
            reply_parameters=aiogram_types.ReplyParameters(
                ephemeral_message_id=asked.ephemeral_message_id
            ),
            reply_markup=aiogram_types.InlineKeyboardMarkup.model_validate(keyboard),
        )
        assert sent.receiver_user is not None
        number = sent.ephemeral_message_id
        assert (sent.message_id, number, sent.receiver_user.id) == (0, 2, ann.id)
        await ann.press(await ann.expect(group, "12 €"), "Go", wait=0)
        tap = (await client.get_updates())[-1].callback_query
        assert tap is not None
        assert isinstance(tap.message, aiogram_types.Message)
        assert tap.message.ephemeral_message_id == number
        named = {"chat_id": group.id, "receiver_user_id": ann.id, "ephemeral_message_id": 2}
        assert await client.edit_ephemeral_message_text(text="13 €", **named) is True
        await ann.expect(group, "13 €")
        assert await client.delete_ephemeral_message(**named) is True
    assert [one.text for one in await ann.messages(group) if one.text] == ["/balance"]
    assert [one.text for one in await bob.shown(group) if one.text] == []


async def test_ptb_speaks_and_reads_ephemeral_messages(bot, ann, bob, group) -> None:
    """Fields that it does not know yet come and go by `api_kwargs` and `do_api_request`."""
    async with PtbBot(bot.token, base_url=f"{bot.url}/bot") as client:
        marked = BotCommand("balance", "What you have", api_kwargs={"is_ephemeral": True})
        await client.set_my_commands([marked])
        kept = (await client.get_my_commands())[0]
        assert kept.api_kwargs == {"is_ephemeral": True}
        await ann.send(group, "/balance")
        asked = (await client.get_updates())[-1].message
        assert asked is not None
        assert (asked.message_id, asked.api_kwargs["ephemeral_message_id"]) == (0, 1)
        assert asked.api_kwargs["receiver_user"]["id"] == bot.id
        extra = {
            "ephemeral_message_parameters": {"receiver_user_id": ann.id},
            "reply_parameters": {"ephemeral_message_id": 1},
        }
        sent = await client.send_message(group.id, "12 €", api_kwargs=extra)
        assert (sent.message_id, sent.api_kwargs["ephemeral_message_id"]) == (0, 2)
        named = {"chat_id": group.id, "receiver_user_id": ann.id, "ephemeral_message_id": 2}
        edit = "editEphemeralMessageText"
        assert await client.do_api_request(edit, api_kwargs=named | {"text": "13 €"}) is True
        await ann.expect(group, "13 €")
        assert await client.do_api_request("deleteEphemeralMessage", api_kwargs=named) is True
    assert [one.text for one in await ann.messages(group) if one.text] == ["/balance"]
    assert [one.text for one in await bob.shown(group) if one.text] == []
