"""What people do and see: who reads what in groups, keyboards, links, names, and the record."""

import asyncio

import pytest

from simulator.client import SimulatorError


async def heard(bot) -> list[str]:
    """The texts of the messages that wait for the bot, which then no longer wait."""
    found = await bot.updates()
    await bot.drain()
    return [update["message"]["text"] for update in found if "text" in update.get("message", {})]


async def test_privacy_in_groups(telegram, bot, ann, bob) -> None:
    """A bot hears commands meant for it, replies to it and mentions; as an admin, everything."""
    group = await telegram.group("Friends", [ann, bob], bots=[bot.username])
    sent = await bot.call("sendMessage", chat_id=group.id, text="hi")
    await heard(bot)
    other = (await ann.send(group, "just talk")).id
    await ann.send(group, "/pay @bob 5")
    await ann.send(group, f"/pay@{bot.username} 5")
    await ann.send(group, "/pay@other_bot 5")
    await ann.send(group, f"hey @{bot.username}, hi")
    await ann.send(group, "a reply", reply_to=sent["message_id"])
    await ann.send(group, "another reply", reply_to=other)
    assert await heard(bot) == [
        "/pay @bob 5",
        f"/pay@{bot.username} 5",
        f"hey @{bot.username}, hi",
        "a reply",
    ]
    await telegram.change_group(group, promote=[bot.username])
    await heard(bot)
    await bob.send(group, "just talk")
    assert await heard(bot) == ["just talk"]


async def test_an_upgraded_group_goes_on_under_another_id(telegram, bot, ann) -> None:
    """Both say so, whoever writes to the old one is told the new one, and it happens once."""
    group = await telegram.group("Friends", [ann], bots=[bot.username])
    await bot.drain()

    supergroup = await telegram.upgrade(group)

    told = [update["message"] for update in await bot.updates()]
    assert [(one["chat"]["id"], one["chat"]["type"]) for one in told] == [
        (group.id, "group"),
        (supergroup.id, "supergroup"),
    ]
    assert told[0]["migrate_to_chat_id"] == supergroup.id
    assert told[1]["migrate_from_chat_id"] == group.id
    status, answer = await bot.raw("sendMessage", chat_id=group.id, text="x")
    assert (status, answer["description"], answer["parameters"]) == (
        400,
        "Bad Request: group chat was upgraded to a supergroup chat",
        {"migrate_to_chat_id": supergroup.id},
    )
    await bot.call("sendMessage", chat_id=supergroup.id, text="x")
    with pytest.raises(SimulatorError, match="cannot be upgraded"):
        await telegram.upgrade(group)


async def test_bots_see_nothing_of_what_two_people_say(bot, ann, bob) -> None:
    """A direct chat has no bot in it."""
    key = f"direct:{ann.id}:{bob.id}"
    await ann.send(key, "between us")
    assert [message.text for message in await bob.messages(key)] == ["between us"]
    assert await bot.updates() == []


async def test_looking_into_a_chat_does_not_start_the_bot(bot, bob, ann, telegram) -> None:
    """A private chat begins with the person's first message; until then the bot may only look."""
    await telegram.group("Friends", [ann, bob], bots=[bot.username])
    assert await bob.messages(bot.key(bob)) == []
    status, answer = await bot.raw("sendMessage", chat_id=bob.id, text="hi")
    expected = "Forbidden: bot can't initiate conversation with a user"
    assert (status, answer["description"]) == (403, expected)
    assert (await bot.call("getChat", chat_id=bob.id))["first_name"] == "Bob"
    await bob.send(bot.key(bob), "hello")
    await bot.call("sendMessage", chat_id=bob.id, text="hi")
    assert [message.text for message in await bob.messages(bot.key(bob))] == ["hello", "hi"]


async def test_an_admin_bot_deletes_what_others_wrote(telegram, bot, ann) -> None:
    """In groups only administrators may; in private chats every bot may."""
    group = await telegram.group("Friends", [ann], bots=[bot.username], admins=[bot.username])
    for chat, chat_id in ((group, group.id), (bot.key(ann), ann.id)):
        said = await ann.send(chat, "123456")
        assert await bot.call("deleteMessage", chat_id=chat_id, message_id=said.id) is True
        await ann.expect_deleted(said)
        assert "123456" not in [message.text for message in await ann.messages(chat)]


async def test_an_anonymous_admin_hides_behind_the_group(telegram, bot, ann, bob) -> None:
    """Their messages come from GroupAnonymousBot and carry the group as sender."""
    group = await telegram.group("F", [ann, bob], bots=[bot.username], anonymous_admins=[bob.id])
    await bot.drain()
    await bob.send(group, "/pay 5")
    message = (await bot.updates())[0]["message"]
    assert (message["from"]["id"], message["from"]["username"]) == (
        1087968824,
        "GroupAnonymousBot",
    )
    assert message["sender_chat"]["id"] == message["chat"]["id"] == group.id


async def test_links_start_the_bot(telegram, bot, bob) -> None:
    """A deep link sends /start with its parameter at once; a malformed parameter does not."""
    chat = await bob.open_link(f"https://t.me/{bot.username}?start=pay-1_A")
    assert [message.text for message in await bob.messages(chat)] == ["/start pay-1_A"]
    for wrong in ("x" * 65, "a.b", "a%20b"):
        with pytest.raises(SimulatorError, match="A start parameter is"):
            await bob.start(bot.username, wrong)
    assert len(await bob.messages(chat)) == 1
    group = await telegram.group("Friends", [bob])
    await bob.open_link(f"https://t.me/{bot.username}?startgroup=g1", group)
    assert (await bob.messages(group))[-1].text == f"/start@{bot.username} g1"


async def test_an_inline_button_answers(bot, ann) -> None:
    """A tap shows what the bot says; links open, texts are copied, unknown buttons are none."""
    row = [
        {"text": "Pay ✅", "callback_data": "p"},
        {"text": "Site", "url": "https://a.example/"},
        {"text": "Copy", "copy_text": {"text": "ref"}},
    ]
    markup = {"inline_keyboard": [row]}
    await ann.send(bot.key(ann), "/card")
    await bot.call("sendMessage", chat_id=ann.id, text="card", reply_markup=markup)
    card = await ann.expect(bot.key(ann), "card")
    await bot.drain()
    tap = asyncio.create_task(ann.press(card, "Pay"))
    query = (await bot.updates(wait=5))[-1]["callback_query"]
    assert (query["data"], query["from"]["id"]) == ("p", ann.id)
    await bot.call(
        "answerCallbackQuery", callback_query_id=query["id"], text="No!", show_alert=True
    )
    answer = await tap
    assert (answer.answered, answer.toast, answer.alert) == (True, "No!", True)
    assert (await ann.press(card, "Site")).url == "https://a.example/"
    assert (await ann.press(card, "Copy")).raw["copied"] == "ref"
    with pytest.raises(LookupError, match="0 buttons say 'Decline'"):
        await ann.press(card, "Decline")
    with pytest.raises(SimulatorError, match="has no button 'q'"):
        await ann.act("press", chat=card.chat, message_id=card.id, data="q")


async def test_callback_data_can_be_forged(bot, ann) -> None:
    """A client can send data that no button carries."""
    await bot.call("sendMessage", chat_id=ann.id, text="card")
    card = (await ann.messages(bot.key(ann)))[-1]
    assert (await ann.press_data(card, "evil", wait=0)).answered is False
    assert (await bot.updates())[-1]["callback_query"]["data"] == "evil"


async def test_a_reply_keyboard_comes_and_goes(bot, ann) -> None:
    """The keys in front of a person can be tapped until the bot removes them."""
    keyboard = {"keyboard": [["Balance", {"text": "Number", "request_contact": True}]]}
    chat = bot.key(ann)
    await bot.call("sendMessage", chat_id=ann.id, text="keys", reply_markup=keyboard)
    shown = await ann.expect_keyboard(chat)
    assert shown is not None
    assert shown["keyboard"][0][0] == {"text": "Balance"}
    await ann.key(chat, "Balance")
    await ann.key(chat, "Number")
    found = [update["message"] for update in await bot.updates()]
    assert found[0]["text"] == "Balance"
    assert found[1]["contact"] == {
        "phone_number": "+35312345678",
        "first_name": "Ann",
        "user_id": ann.id,
    }
    removed = {"remove_keyboard": True}
    await bot.call("sendMessage", chat_id=ann.id, text="gone", reply_markup=removed)
    assert await ann.expect_keyboard(chat) is None
    with pytest.raises(SimulatorError, match="has no such key"):
        await ann.key(chat, "Balance")


async def test_the_user_picker_shares_what_was_asked(bot, ann, bob) -> None:
    """Names come only when requested, and not more people than allowed."""
    request = {"request_id": 3, "request_name": True, "max_quantity": 1}
    keyboard = {"keyboard": [[{"text": "Who?", "request_users": request}]]}
    await bot.call("sendMessage", chat_id=ann.id, text="who", reply_markup=keyboard)
    with pytest.raises(SimulatorError, match="takes 1–1 users"):
        await ann.pick_users(bot.key(ann), 3, [ann, bob])
    await ann.pick_users(bot.key(ann), 3, [bob])
    shared = (await bot.updates())[-1]["message"]["users_shared"]
    user = {"user_id": bob.id, "first_name": "Bob", "last_name": "Doe"}
    assert shared == {"request_id": 3, "users": [user], "user_ids": [bob.id]}


async def test_names_change_and_are_unique(bot, ann, bob) -> None:
    """A freed username may be taken by somebody else; a taken one may not."""
    with pytest.raises(SimulatorError, match="The username @ANN is taken"):
        await bob.change(username="ANN")
    await ann.change(username=None, first_name="Anna")
    await bob.change(username="ann")
    await ann.send(bot.key(ann), "me")
    sender = (await bot.updates())[-1]["message"]["from"]
    assert sender == {"id": ann.id, "is_bot": False, "first_name": "Anna", "language_code": "en"}
    assert bob.username == "ann"


async def test_copies_and_forwards(bot, ann, bob) -> None:
    """A copy is the bot's own; a forward names its origin; protected messages allow neither."""
    await bob.start(bot.username)
    said = await ann.send(bot.key(ann), "hello #x")
    source = {"from_chat_id": ann.id, "message_id": said.id, "chat_id": bob.id}
    copied = await bot.call("copyMessage", **source)
    forwarded = await bot.call("forwardMessage", **source)
    assert list(copied) == ["message_id"]
    assert forwarded["forward_origin"]["sender_user"]["id"] == ann.id
    assert [message.text for message in await bob.messages(bot.key(bob))][1:] == ["hello #x"] * 2
    secret = await bot.call("sendMessage", chat_id=ann.id, text="qr", protect_content=True)
    source["message_id"] = secret["message_id"]
    status, answer = await bot.raw("forwardMessage", **source)
    expected = "Bad Request: message has protected content and can't be forwarded"
    assert (status, answer["description"]) == (400, expected)


async def test_pictures_are_seen_and_replaced(telegram, bot, ann, png) -> None:
    """A picture can be downloaded by whoever sees it, sent again by id, and edited."""
    chat = bot.key(ann)
    await ann.send(chat, "/qr")
    photo = {"photo": ("qr.png", png)}
    _, answer = await bot.upload("sendPhoto", photo, chat_id=ann.id, caption="<b>qr</b>",
                                 parse_mode="HTML")  # fmt: skip
    seen = await ann.expect(chat, "^qr$")
    assert seen.photo is not None
    assert await telegram.download(seen.photo) == png
    sent = answer["result"]
    assert (sent["photo"][0]["width"], sent["photo"][0]["height"]) == (40, 30)
    again = await bot.call("sendPhoto", chat_id=ann.id, photo=sent["photo"][0]["file_id"])
    media = {"type": "document", "media": "attach://file", "caption": "as a file"}
    _, edited = await bot.upload(
        "editMessageMedia",
        {"file": ("qr.txt", b"qr")},
        chat_id=ann.id,
        message_id=again["message_id"],
        media=media,
    )
    assert edited["result"]["document"]["file_name"] == "qr.txt"
    assert (await ann.expect(chat, "as a file")).id == again["message_id"]


async def test_a_refused_checkout_is_not_paid(bot, ann) -> None:
    """A bot that says no is not paid, and the person is told its reason."""
    link = await bot.call(
        "createInvoiceLink",
        title="Top-up",
        description="Money",
        payload="p-1",
        currency="XTR",
        prices=[{"label": "all", "amount": 5}],
    )
    paying = asyncio.create_task(ann.act("open_link", url=link))
    query = (await bot.updates(wait=5))[-1]["pre_checkout_query"]
    assert (query["total_amount"], query["invoice_payload"]) == (5, "p-1")
    await bot.call(
        "answerPreCheckoutQuery",
        pre_checkout_query_id=query["id"],
        ok=False,
        error_message="Sold out",
    )
    answer = await paying
    assert (answer["paid"], answer["error"]) == (False, "Sold out")
    assert not [m for m in await ann.messages(bot.key(ann)) if "successful_payment" in m.raw]


async def test_the_profile_of_a_bot(telegram, bot, ann) -> None:
    """Commands are kept by scope and language; names and buttons come back as they were set."""
    pay = [{"command": "pay", "description": "Send money"}]
    zahlen = [{"command": "pay", "description": "Geld senden"}]
    await bot.call("setMyCommands", commands=pay)
    await bot.call("setMyCommands", commands=zahlen, language_code="de")
    assert await bot.call("getMyCommands") == pay
    assert await bot.call("getMyCommands", language_code="de") == zahlen
    assert await bot.call("getMyCommands", scope={"type": "all_group_chats"}) == []
    await bot.call("setMyCommands", commands=[], scope={"type": "all_group_chats"})
    shown = (await telegram.state())["bots"][0]
    assert (shown["commands"], shown["group_commands"]) == (pay, [])
    await bot.call("deleteMyCommands", language_code="de")
    assert await bot.call("getMyCommands", language_code="de") == []
    await bot.call("setMyName", name="Payments")
    assert (await bot.call("getMe"))["first_name"] == "Payments"
    await bot.call("setMyDescription", description="Pays people")
    await bot.call("setMyDescription", description="Zahlt Leute", language_code="de")
    shown = (await telegram.state())["bots"][0]
    assert shown["descriptions"] == {"": "Pays people", "de": "Zahlt Leute"}
    await bot.call("setMyShortDescription", short_description="Pay", language_code="de")
    assert await bot.call("getMyShortDescription") == {"short_description": ""}
    button = {"type": "web_app", "text": "Open", "web_app": {"url": "https://a.example/app"}}
    await bot.call("setChatMenuButton", chat_id=ann.id, menu_button=button)
    assert await bot.call("getChatMenuButton", chat_id=ann.id) == button
    assert await bot.call("getChatMenuButton") == {"type": "commands"}


async def test_calls_are_recorded(telegram, bot, ann) -> None:
    """Each call is kept with its parameters as JSON, its status and its answer."""
    markup = {"inline_keyboard": [[{"text": "x", "callback_data": "y"}]]}
    await bot.call("sendMessage", chat_id=ann.id, text="x", reply_markup=markup)
    (call,) = await telegram.calls("sendMessage")
    assert call["params"] == {"chat_id": str(ann.id), "text": "x", "reply_markup": markup}
    assert (call["status"], call["answer"]["result"]["text"], call["bot"]) == (200, "x", bot.id)
    assert await telegram.calls("sendMessage", after=call["n"]) == []


@pytest.mark.usefixtures("ann")
async def test_a_reset_leaves_an_empty_world(telegram) -> None:
    """People, chats and bots go; events count on."""
    seq = (await telegram.state())["seq"]
    await telegram.reset()
    state = await telegram.state()
    assert (state["people"], state["chats"], state["bots"]) == ([], [], [])
    assert state["seq"] == seq + 1
    await telegram.event(lambda event: event["type"] == "reset")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"as": 1, "do": "send"}, "There is no person 1."),
        ({"do": "dance"}, "There is no person None."),
        ({"as": "ann", "do": "dance"}, "There is no action 'dance'."),
        ({"as": "ann", "do": "send", "chat": "bot:1:2", "text": "x"}, "There is no chat bot:1:2."),
        ({"as": "ann", "do": "send", "chat": "own"}, "A message needs a text."),
        (
            {"as": "ann", "do": "send", "chat": "own", "text": " "},
            "A message has 1–4096 characters.",
        ),
        (
            {"as": "ann", "do": "open_link", "url": "https://a.example"},
            "Only t.me links can be opened here.",
        ),
    ],
)
async def test_mistakes_are_explained(telegram, bot, ann, body, sentence) -> None:
    """A senseless wish is answered 400 with a sentence, and nothing happens."""
    names = {"ann": ann.id, "own": bot.key(ann)}
    seq = (await telegram.state())["seq"]
    with pytest.raises(SimulatorError) as refusal:
        await telegram.request(
            "POST", "act", {name: names.get(value, value) for name, value in body.items()}
        )
    assert str(refusal.value) == sentence
    assert (await telegram.state())["seq"] == seq
