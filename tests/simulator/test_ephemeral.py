"""What only one person and one bot see in a group: commands, buttons, edits, and its end."""

import pytest

from simulator.client import SimulatorError
from tests.simulator.room import BALANCE, CARD, PAY, YES, named, refused

# -- commands ------------------------------------------------------------------------------------


async def test_the_mark_of_a_command_is_kept(bot, room) -> None:
    """The getter gives back is_ephemeral where it is true, and no unknown field."""
    assert await bot.call("getMyCommands") == [BALANCE, PAY]
    commands = [BALANCE | {"is_ephemeral": False, "icon": "x"}, PAY | {"is_ephemeral": "yes"}]
    await bot.call("setMyCommands", commands=commands)
    plain = {"command": "balance", "description": "What you have"}
    assert await bot.call("getMyCommands") == [plain, PAY]


async def test_an_ephemeral_command_is_between_its_sender_and_the_bot(room) -> None:
    """The bot gets message 0 with a number and itself as the receiver; others see nothing."""
    asked = await room.asks(room.ann)
    assert asked["message_id"] == 0
    assert asked["ephemeral_message_id"] == 1
    assert asked["receiver_user"] == {
        "id": room.bot.id,
        "is_bot": True,
        "first_name": "Bot",
        "username": room.bot.username,
    }
    assert (asked["from"]["id"], asked["chat"]["id"]) == (room.ann.id, room.group.id)
    assert asked["text"] == "/balance"
    assert asked["entities"] == [{"type": "bot_command", "offset": 0, "length": 8}]
    assert await room.screen(room.ann) == ["/balance"]
    assert await room.ever(room.bob) == []


async def test_other_bots_do_not_hear_an_ephemeral_command(room, telegram) -> None:
    """An administrating bot without privacy gets no update for it."""
    await telegram.bot("4343:" + "U" * 35, username="nosy_bot", privacy=False)
    await telegram.change_group(room.group, add=["nosy_bot"], promote=["nosy_bot"])
    await room.ann.send(room.group, f"/balance@{room.bot.username}")
    await room.ann.send(room.group, "/balance")
    heard = [update for update in await telegram.updates() if update["bot"] == 4343]
    assert [made for made in heard if "text" in made["update"].get("message", {})] == []


async def test_ordinary_commands_and_words_stay_ordinary(room) -> None:
    """Only the declared command is ephemeral, with or without the bot's name, in any case."""
    told = [
        ("/pay 5", False),
        ("balance", False),
        ("/balances", False),
        ("/balance@other_bot", False),
        ("/balance", True),
        ("/BALANCE now", True),
        (f"/balance@{room.bot.username.upper()} now", True),
    ]
    sent = [(text, await room.ann.send(room.group, text)) for text, _ in told]
    assert [(text, one.ephemeral_id is not None) for text, one in sent] == told
    assert await room.screen(room.bob) == [text for text, hidden in told if not hidden]


async def test_a_bare_command_that_two_bots_have_is_ordinary(room, telegram) -> None:
    """Nobody can say which bot it is for; with the name it is ephemeral again."""
    await telegram.bot("4343:" + "U" * 35, username="rival_bot")
    await telegram.change_group(room.group, add=["rival_bot"])
    assert (await room.ann.send(room.group, "/balance")).ephemeral_id == 1
    rival = type(room.bot)(room.bot.url, room.bot.session, "4343:" + "U" * 35)
    await rival.call("setMyCommands", commands=[BALANCE | {"is_ephemeral": False}])
    assert (await room.ann.send(room.group, "/balance")).ephemeral_id is None
    named = await room.ann.send(room.group, f"/balance@{room.bot.username}")
    assert named.ephemeral_id == 2
    assert (await room.ann.send(room.group, "/balance@rival_bot")).ephemeral_id is None


SCOPES = [
    ({"type": "default"}, "", True, True),
    ({"type": "all_group_chats"}, "", True, True),
    ({"type": "all_group_chats"}, "de", False, True),
    ({"type": "all_chat_administrators"}, "", True, False),
    ({"type": "chat"}, "", True, True),
    ({"type": "chat_administrators"}, "", True, False),
    ({"type": "chat_member"}, "", False, True),
    ({"type": "all_private_chats"}, "", False, False),
]


@pytest.mark.parametrize(("scope", "language", "for_ann", "for_bob"), SCOPES)
async def test_the_list_that_holds_for_a_person_counts(
    room, scope, language, for_ann, for_bob
) -> None:
    """Ann owns the group and speaks English, Bob is a member and speaks German."""
    await room.bob.change(language_code="de")
    if scope["type"].startswith("chat"):
        scope = scope | {"chat_id": room.group.id}
    if scope["type"] == "chat_member":
        scope = scope | {"user_id": room.bob.id}
    await room.bot.call("deleteMyCommands")
    listed = {"scope": scope, "language_code": language}
    await room.bot.call("setMyCommands", commands=[BALANCE], **listed)
    sent = [await one.send(room.group, "/balance") for one in (room.ann, room.bob)]
    assert [one.ephemeral_id is not None for one in sent] == [for_ann, for_bob]


async def test_the_narrower_list_hides_the_wider_one(room) -> None:
    """A list for this chat without the mark makes the command ordinary there."""
    scope = {"type": "chat", "chat_id": room.group.id}
    await room.bot.call("setMyCommands", commands=[PAY], scope=scope)
    assert (await room.ann.send(room.group, "/balance")).ephemeral_id is None
    await room.bot.call("setMyCommands", commands=[], scope=scope)
    assert (await room.ann.send(room.group, "/balance")).ephemeral_id == 1


async def test_a_command_in_a_private_chat_is_ordinary(room) -> None:
    """There is nobody else to hide it from."""
    sent = await room.ann.send(room.bot.key(room.ann), "/balance")
    assert (sent.ephemeral_id, sent.raw.get("receiver_user")) == (None, None)


async def test_anonymous_administrators_do_not_whisper(telegram, bot, ann, bob) -> None:
    """Their command is ordinary and comes from the group."""
    await bot.call("setMyCommands", commands=[BALANCE])
    group = await telegram.group("F", [ann, bob], bots=[bot.username], anonymous_admins=[bob.id])
    sent = await bob.send(group, "/balance")
    assert (sent.ephemeral_id, sent.raw["sender_chat"]["id"]) == (None, group.id)


# -- buttons, edits, deletions -------------------------------------------------------------------


async def test_a_tap_carries_the_ephemeral_message(room) -> None:
    """The callback query has message 0 with its number and receiver; Bob cannot tap it."""
    await room.promote()
    sent = await room.whispers(room.ann, reply_markup=YES)
    card = await room.ann.expect(room.group, "psst")
    tap = await room.taps(room.ann, card, "Yes")
    assert (tap["message"], tap["data"], tap["from"]["id"]) == (sent, "yes", room.ann.id)
    before = await room.telegram.updates()
    for attempt in (room.bob.press(card, "Yes"), room.bob.press_data(card, "yes")):
        with pytest.raises(SimulatorError, match="sees no ephemeral message 1"):
            await attempt
    assert await room.telegram.updates() == before


async def test_edits_show_only_to_the_receiver(room, png) -> None:
    """Text, keyboard and picture change and answer True; the record has each version."""
    await room.promote()
    await room.whispers(room.ann, reply_markup=YES)
    which = named(room, room.ann, 1)
    edit = room.bot.call
    assert await edit("editEphemeralMessageText", text="<b>2</b>", parse_mode="HTML", **which)
    assert await edit("editEphemeralMessageReplyMarkup", reply_markup=CARD, **which)
    media = {"type": "photo", "media": "attach://p", "caption": "3"}
    status, answer = await room.bot.upload(
        "editEphemeralMessageMedia", {"p": ("a.png", png)}, media=media, **which
    )
    assert (status, answer) == (200, {"ok": True, "result": True})
    assert await edit("editEphemeralMessageCaption", caption="4", **which) is True
    assert await room.ever(room.ann) == ["psst", "2", "2", "3", "4"]
    assert await room.ever(room.bob) == []
    now = (await room.ann.messages(room.group))[-1]
    assert (now.text, now.labels, now.photo is None, now.ephemeral_id) == ("4", [], False, 1)
    shown = await room.ann.shown(room.group)
    assert [one.labels for one in shown if one.text] == [["Yes"], [], ["Pay"], [], []]


async def test_what_was_never_sent_cannot_be_edited_or_deleted(room) -> None:
    """Another number, another person, the person's own command, and ordinary methods."""
    asked = (await room.asks(room.ann))["ephemeral_message_id"]
    await room.whispers(room.ann, asked=asked)
    wrong = [named(room, room.ann, 9), named(room, room.bob, 2), named(room, room.ann, asked)]
    wrong.append(named(room, room.ann, asked) | {"receiver_user_id": room.bot.id})
    for which in wrong:
        status, answer = await room.bot.raw("editEphemeralMessageText", text="x", **which)
        assert (status, answer["description"]) == (400, "Bad Request: message to edit not found")
        status, answer = await room.bot.raw("deleteEphemeralMessage", **which)
        missing = "Bad Request: message to delete not found"
        assert (status, answer["description"]) == (400, missing)
    for method in ("editMessageText", "deleteMessage"):
        for number in (0, 2):
            ordinary = {"chat_id": room.group.id, "message_id": number, "text": "x"}
            assert (await room.bot.raw(method, **ordinary))[0] == 400
    assert await room.screen(room.ann) == ["/balance", "psst"]


EDITS = [
    ("editEphemeralMessageText", {"text": "psst"}, "message is not modified: "),
    ("editEphemeralMessageText", {"text": "x" * 1025}, "MEDIA_CAPTION_TOO_LONG"),
    ("editEphemeralMessageText", {"text": "x" * 4097}, "MESSAGE_TOO_LONG"),
    ("editEphemeralMessageText", {}, "message text is empty"),
    ("editEphemeralMessageCaption", {"caption": "x"}, "there is no caption in the message"),
    ("editEphemeralMessageReplyMarkup", {}, "message is not modified: "),
    ("editEphemeralMessageMedia", {"media": {"type": "dice"}}, "can't parse InputMedia"),
    ("editEphemeralMessageMedia", {"media": {"type": "photo"}}, "there is no photo"),
]


@pytest.mark.parametrize(("method", "params", "why"), EDITS)
async def test_a_wrong_edit_changes_nothing(room, method, params, why) -> None:
    """It is refused with the words of the ordinary method, and shown to nobody."""
    await room.promote()
    await room.whispers(room.ann)
    status, answer = await room.bot.raw(method, **named(room, room.ann, 1), **params)
    assert (status, answer["description"].startswith(f"Bad Request: {why}")) == (400, True)
    assert await room.ever(room.ann) == ["psst"]


@pytest.mark.parametrize("parameter", ["chat_id", "receiver_user_id", "ephemeral_message_id"])
async def test_each_edit_needs_all_three_names(room, parameter) -> None:
    """A missing one is named in the refusal."""
    await room.promote()
    await room.whispers(room.ann)
    which = named(room, room.ann, 1)
    del which[parameter]
    status, answer = await room.bot.raw("deleteEphemeralMessage", **which)
    missing = "chat_id is empty" if parameter == "chat_id" else f'"{parameter}" is required'
    assert (status, answer["description"].endswith(missing)) == (400, True)
    assert await room.screen(room.ann) == ["psst"]


async def test_another_bot_cannot_touch_it(room, telegram) -> None:
    """Numbers are the person's; the message is the bot's."""
    await room.promote()
    await room.whispers(room.ann)
    rival = type(room.bot)(room.bot.url, room.bot.session, "4343:" + "U" * 35)
    await rival.call("getMe")
    await telegram.change_group(room.group, add=["sim4343_bot"], promote=["sim4343_bot"])
    status, _ = await rival.raw("deleteEphemeralMessage", **named(room, room.ann, 1))
    assert status == 400
    assert await room.screen(room.ann) == ["psst"]


# -- what a person does with it ------------------------------------------------------------------


async def test_a_reply_to_an_ephemeral_message_is_ephemeral(room) -> None:
    """The bot gets it and may answer it; Bob sees neither; one's own words are not answered."""
    await room.promote()
    await room.whispers(room.ann, text="how much?")
    question = await room.ann.expect(room.group, "how much")
    await room.bot.drain()
    said = await room.ann.send(room.group, "five", reply_to=question)
    told = (await room.bot.updates())[-1]["message"]
    assert told == said.raw
    assert (told["text"], told["ephemeral_message_id"], told["message_id"]) == ("five", 2, 0)
    await room.whispers(room.ann, asked=2)
    assert await room.ever(room.bob) == []
    with pytest.raises(SimulatorError, match="Only what a bot said"):
        await room.ann.send(room.group, "six", reply_to=said)


async def test_a_dismissed_message_does_not_come_back(room) -> None:
    """The bot's later edit answers True and shows nothing; its buttons are gone."""
    card = await room.card()
    tap = (await room.taps(room.ann, card, "Pay"))["id"]
    await room.whispers(room.ann, tap=tap, instead=True, reply_markup=YES)
    question = await room.ann.expect(room.group, "psst")
    await room.ann.dismiss(question)
    assert await room.screen(room.ann) == ["card"]
    which = named(room, room.ann, 1)
    assert await room.bot.call("editEphemeralMessageText", text="2", **which) is True
    assert await room.ever(room.ann) == ["card", "psst"]
    with pytest.raises(SimulatorError, match="sees no ephemeral message 1"):
        await room.ann.press(question, "Yes")
    assert await room.bot.call("deleteEphemeralMessage", **which) is True


async def test_closing_the_app_takes_all_of_them_away(room) -> None:
    """Those of one person, in every chat; ordinary messages stay."""
    await room.promote()
    await room.ann.send(room.group, "hi")
    await room.asks(room.ann)
    await room.whispers(room.ann)
    await room.whispers(room.bob)
    await room.ann.restart_app()
    assert await room.screen(room.ann) == ["hi"]
    assert await room.screen(room.bob) == ["hi", "psst"]


async def test_nobody_dismisses_what_another_sees(room) -> None:
    """Bob has no message of that number."""
    await room.promote()
    await room.whispers(room.ann)
    theirs = (await room.ann.messages(room.group))[-1]
    with pytest.raises(SimulatorError, match="Bob sees no ephemeral message 1"):
        await room.bob.dismiss(theirs)
    assert await room.screen(room.ann) == ["psst"]


# -- servers on which it does not work -----------------------------------------------------------


async def test_an_older_server_shows_it_to_everybody(room, telegram) -> None:
    """The parameter is overlooked, the answer has no mark, and the new methods are not there."""
    await telegram.ephemeral("unknown")
    asked = await room.asks(room.ann)
    assert (asked["message_id"] > 0, "receiver_user" in asked) == (True, False)
    sent = await room.whispers(room.ann, text="12 €")
    assert sent["message_id"] == asked["message_id"] + 1
    assert {"ephemeral_message_id", "receiver_user"} & sent.keys() == set()
    assert await room.ever(room.bob) == ["/balance", "12 €"]
    for method in ("editEphemeralMessageText", "deleteEphemeralMessage"):
        status, answer = await room.bot.raw(method, text="x", **named(room, room.ann, 1))
        assert (status, answer["description"]) == (404, "Not Found")
    await room.bot.call("setMyCommands", commands=[BALANCE])
    plain = {"command": "balance", "description": "What you have"}
    assert await room.bot.call("getMyCommands") == [plain]


async def test_a_server_may_refuse_it(room, telegram) -> None:
    """Sending, editing and deleting answer 400, and nobody sees anything."""
    asked = (await room.asks(room.ann))["ephemeral_message_id"]
    await room.whispers(room.ann, asked=asked)
    await telegram.ephemeral("refused")
    why = "ephemeral messages can't be sent to the chat"
    assert await refused(room, room.ann, asked=asked) == why
    for method in ("editEphemeralMessageText", "deleteEphemeralMessage"):
        status, answer = await room.bot.raw(method, text="x", **named(room, room.ann, 2))
        assert (status, answer["description"]) == (400, f"Bad Request: {why}")
    await telegram.ephemeral("full")
    assert await room.screen(room.ann) == ["/balance", "psst"]
    await room.whispers(room.ann, asked=asked)


async def test_a_message_may_never_arrive(room, telegram) -> None:
    """The server takes message and edits; the person sees none, then or later."""
    asked = (await room.asks(room.ann))["ephemeral_message_id"]
    await telegram.ephemeral("undelivered")
    sent = await room.whispers(room.ann, asked=asked)
    assert (sent["message_id"], sent["ephemeral_message_id"]) == (0, 2)
    await telegram.ephemeral("full")
    which = named(room, room.ann, 2)
    assert await room.bot.call("editEphemeralMessageText", text="2", **which) is True
    assert await room.ever(room.ann) == ["/balance"]
    assert await room.ever(room.bob) == []
    assert await room.bot.call("deleteEphemeralMessage", **which) is True


async def test_there_are_four_kinds_of_support(telegram) -> None:
    """Any other word is a mistake."""
    with pytest.raises(SimulatorError, match="full, refused, undelivered, unknown"):
        await telegram.ephemeral("off")
