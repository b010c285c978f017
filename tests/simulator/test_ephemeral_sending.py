"""Who may say something to one person alone in a group, when, and who then sees it."""

import pytest

from simulator.client import SimulatorError
from simulator.errors import STALE_QUERY
from tests.simulator.room import YES, Room, named, refused

# -- sending -------------------------------------------------------------------------------------


async def test_an_answer_is_seen_by_its_receiver_alone(room) -> None:
    """The bot gets message 0 with number and receiver; Bob's screen and record stay empty."""
    asked = await room.asks(room.ann)
    sent = await room.whispers(room.ann, asked=asked["ephemeral_message_id"], text="12 €")
    date = sent.pop("date")
    assert sent == {
        "message_id": 0,
        "from": asked["receiver_user"],
        "chat": asked["chat"],
        "text": "12 €",
        "receiver_user": asked["from"],
        "ephemeral_message_id": 2,
    }
    card = await room.ann.expect(room.group, "12 €")
    assert card.raw == sent | {"date": date}
    assert await room.screen(room.ann) == ["/balance", "12 €"]
    assert (await room.screen(room.bob), await room.ever(room.bob)) == ([], [])


async def test_those_who_join_later_see_nothing_of_it(room, telegram) -> None:
    """A newcomer reads the group's history without what was said to others."""
    await room.promote()
    await room.whispers(room.ann)
    carl = await telegram.person("Carl")
    await carl.join(room.group)
    await room.ann.send(room.group, "hi")
    assert await room.screen(carl) == ["hi"]


@pytest.mark.parametrize("method", ["sendPhoto", "sendDocument", "sendContact"])
async def test_pictures_files_and_contacts_can_be_ephemeral(room, png, method) -> None:
    """All sending methods that take the parameter keep the message to its receiver."""
    await room.promote()
    to = {
        "chat_id": room.group.id,
        "ephemeral_message_parameters": {"receiver_user_id": room.ann.id},
    }
    if method == "sendContact":
        sent = await room.bot.call(method, phone_number="+1", first_name="Z", **to)
    else:
        field = method.removeprefix("send").lower()
        status, answer = await room.bot.upload(method, {field: ("a.png", png)}, **to)
        assert status == 200
        sent = answer["result"]
    assert (sent["message_id"], sent["ephemeral_message_id"]) == (0, 1)
    assert [one.ephemeral_id for one in await room.ann.shown(room.group)][-1] == 1
    assert [one.ephemeral_id for one in await room.bob.shown(room.group)].count(1) == 0


async def test_copies_overlook_the_parameter(room) -> None:
    """A method that does not know it shows its message to everybody, as Telegram's do."""
    source = await room.asks(room.ann, "/pay 5")
    await room.bot.call(
        "copyMessage",
        chat_id=room.group.id,
        from_chat_id=room.group.id,
        message_id=source["message_id"],
        ephemeral_message_parameters={"receiver_user_id": room.ann.id},
    )
    assert await room.screen(room.bob) == ["/pay 5", "/pay 5"]


async def test_numbers_are_each_persons_own_and_used_again(room) -> None:
    """Ann and Bob both have a 1; a deleted number is the next one given."""
    await room.promote()
    numbers = [(await room.whispers(room.ann))["ephemeral_message_id"] for _ in range(3)]
    assert numbers == [1, 2, 3]
    assert (await room.whispers(room.bob))["ephemeral_message_id"] == 1
    await room.bot.call("deleteEphemeralMessage", **named(room, room.ann, 2))
    assert (await room.whispers(room.ann, text="again"))["ephemeral_message_id"] == 2
    assert (await room.whispers(room.ann))["ephemeral_message_id"] == 4
    assert await room.screen(room.ann) == ["psst", "psst", "again", "psst"]
    assert await room.screen(room.bob) == ["psst"]


async def test_it_can_answer_an_ordinary_message(room) -> None:
    """reply_parameters.message_id quotes it for the receiver; a missing one is not dispensed."""
    await room.promote()
    asked = await room.asks(room.bob, "/pay 5")
    reply = {"message_id": asked["message_id"], "allow_sending_without_reply": True}
    sent = await room.whispers(room.ann, reply_parameters=reply)
    assert sent["reply_to_message"]["text"] == "/pay 5"
    status, answer = await room.raw(room.ann, reply_parameters=reply | {"message_id": 99})
    refused = (400, "Bad Request: message to be replied not found")
    assert (status, answer["description"]) == refused


# -- who may send, and when ----------------------------------------------------------------------


NOTHING_ANSWERED = "not enough rights to send an ephemeral message that answers nothing"


async def test_only_an_administrator_may_speak_first(room) -> None:
    """Without a tap or an ephemeral message to answer, a member bot is refused."""
    await room.asks(room.ann)
    await room.asks(room.ann, "/pay 5")
    assert await refused(room, room.ann) == NOTHING_ANSWERED
    await room.promote()
    assert (await room.whispers(room.ann))["message_id"] == 0


async def test_a_message_can_be_answered_for_fifteen_seconds(room) -> None:
    """After 14 seconds, several times; after 16 no more, not even by an administrator."""
    asked = (await room.asks(room.ann))["ephemeral_message_id"]
    await room.telegram.advance(14)
    assert [(await room.whispers(room.ann, asked=asked))["message_id"] for _ in "ab"] == [0, 0]
    await room.telegram.advance(2)
    too_old = "ephemeral message to be replied is too old"
    assert await refused(room, room.ann, asked=asked) == too_old
    await room.promote()
    assert await refused(room, room.ann, asked=asked) == too_old


async def test_a_tap_can_be_answered_for_fifteen_seconds(room) -> None:
    """After 14 seconds, answered or not; after 16 no more, not even by an administrator."""
    tap = (await room.taps(room.ann, await room.card(), "Pay"))["id"]
    await room.telegram.advance(14)
    await room.whispers(room.ann, tap=tap)
    await room.bot.call("answerCallbackQuery", callback_query_id=tap)
    await room.whispers(room.ann, tap=tap)
    await room.telegram.advance(2)
    assert await refused(room, room.ann, tap=tap) == STALE_QUERY
    await room.promote()
    assert await refused(room, room.ann, tap=tap) == STALE_QUERY


async def test_one_persons_doing_does_not_open_anothers_door(room, telegram) -> None:
    """Neither Ann's tap nor Ann's command lets the bot speak to Bob, nor in another group."""
    asked = (await room.asks(room.ann))["ephemeral_message_id"]
    card = await room.card()
    tap = (await room.taps(room.ann, card, "Pay"))["id"]
    not_found = "message to be replied not found"
    assert await refused(room, room.bob, asked=asked) == not_found
    assert await refused(room, room.bob, tap=tap) == STALE_QUERY
    other = await telegram.group("Others", [room.ann, room.bob], bots=[room.bot.username])
    elsewhere = Room(telegram, room.bot, room.ann, room.bob, other)
    assert await refused(elsewhere, room.ann, asked=asked) == not_found
    not_here = "the callback query is not from a message in the chat"
    assert await refused(elsewhere, room.ann, tap=tap) == not_here


async def test_the_bots_own_words_cannot_be_answered(room) -> None:
    """Only an incoming ephemeral message opens the door."""
    asked = (await room.asks(room.ann))["ephemeral_message_id"]
    own = (await room.whispers(room.ann, asked=asked))["ephemeral_message_id"]
    assert await refused(room, room.ann, asked=own) == "message to be replied not found"
    assert await refused(room, room.ann, asked=9) == "message to be replied not found"


async def test_an_ephemeral_message_is_answered_by_one_alone(room) -> None:
    """A public reply to it is refused."""
    asked = (await room.asks(room.ann))["ephemeral_message_id"]
    reply = {"ephemeral_message_id": asked, "allow_sending_without_reply": True}
    status, answer = await room.bot.raw(
        "sendMessage", chat_id=room.group.id, text="hm", reply_parameters=reply
    )
    why = "a reply to an ephemeral message must be an ephemeral message"
    assert (status, answer["description"]) == (400, f"Bad Request: {why}")
    assert await room.ever(room.bob) == []


async def test_receivers_are_people_in_the_group(room, telegram) -> None:
    """Not somebody else, not a bot, not nobody, and not in a private chat."""
    await room.promote()
    carl = await telegram.person("Carl")
    assert await refused(room, carl) == "user not found among the members of the chat"
    wrong = [
        ({"receiver_user_id": room.bot.id}, "ephemeral messages can't be sent to bots"),
        (
            {},
            "can't parse ephemeral message parameters: Can't find field \"receiver_user_id\"",
        ),
        ([], "object expected as ephemeral message parameters"),
        ("{", "can't parse ephemeral message parameters JSON object"),
    ]
    for parameters, why in wrong:
        status, answer = await room.bot.raw(
            "sendMessage",
            chat_id=room.group.id,
            text="psst",
            ephemeral_message_parameters=parameters,
        )
        assert (status, answer["description"]) == (400, f"Bad Request: {why}")
    status, answer = await room.bot.raw(
        "sendMessage",
        chat_id=room.ann.id,
        text="psst",
        ephemeral_message_parameters={"receiver_user_id": room.ann.id},
    )
    why = "ephemeral messages can be sent only to groups and supergroups"
    assert (status, answer["description"]) == (400, f"Bad Request: {why}")
    assert await room.ever(room.ann) == await room.ever(room.bob) == []


async def test_only_inline_keyboards_come_with_it(room) -> None:
    """A reply keyboard is refused."""
    await room.promote()
    keyboard = {"keyboard": [["Yes"]]}
    assert await refused(room, room.ann, reply_markup=keyboard) == "inline keyboard expected"


async def test_it_counts_against_the_flood_limits(room, telegram) -> None:
    """The second message in a second is refused with 429, ephemeral or not."""
    await room.promote()
    await telegram.flood_limits(on=True)
    statuses = [(await room.raw(room.ann))[0] for _ in range(2)]
    assert statuses == [200, 429]
    assert await room.screen(room.ann) == ["psst"]


# -- in place of the message whose button was tapped ---------------------------------------------


async def test_one_person_sees_it_in_place_of_the_card(room) -> None:
    """Ann sees the question where the card was, Bob the card; deleted, Ann sees the card again."""
    card = await room.card()
    await room.bob.send(room.group, "below")
    tap = (await room.taps(room.ann, card, "Pay"))["id"]
    sent = await room.whispers(room.ann, tap=tap, instead=True, text="sure?", reply_markup=YES)
    assert "in_place_of" not in sent
    question = await room.ann.expect(room.group, "sure?")
    assert question.in_place_of == card.id
    assert await room.screen(room.ann) == ["sure?", "below"]
    assert await room.screen(room.bob) == ["card", "below"]
    with pytest.raises(SimulatorError, match="sees another message in place"):
        await room.ann.press(card, "Pay", wait=0)
    await room.taps(room.bob, card, "Pay")
    await room.bot.call("deleteEphemeralMessage", **named(room, room.ann, 1))
    await room.ann.expect_deleted(question)
    assert await room.screen(room.ann) == ["card", "below"]
    assert (await room.taps(room.ann, card, "Pay"))["message"]["message_id"] == card.id


async def test_the_newest_stands_in_the_place(room) -> None:
    """A second one for the same card takes the first one's place, of the same person only."""
    card = await room.card()
    first = (await room.taps(room.ann, card, "Pay"))["id"]
    second = (await room.taps(room.ann, card, "Pay"))["id"]
    bobs = (await room.taps(room.bob, card, "Pay"))["id"]
    await room.whispers(room.ann, tap=first, instead=True, text="one")
    await room.whispers(room.bob, tap=bobs, instead=True, text="bob's")
    await room.whispers(room.ann, tap=second, instead=True, text="two")
    assert await room.screen(room.ann) == ["two"]
    assert await room.screen(room.bob) == ["bob's"]
    assert await room.ever(room.ann) == ["card", "one", "two"]


async def test_only_an_ordinary_message_can_be_replaced(room) -> None:
    """Not without a tap, and not from a tap on an ephemeral message."""
    await room.promote()
    nothing = "there is no callback query whose message could be replaced"
    assert await refused(room, room.ann, instead=True) == nothing
    await room.whispers(room.ann, reply_markup=YES)
    own = (await room.ann.messages(room.group))[-1]
    tap = (await room.taps(room.ann, own, "Yes"))["id"]
    edited = "ephemeral messages can't be replaced; they must be edited"
    assert await refused(room, room.ann, tap=tap, instead=True) == edited
    await room.whispers(room.ann, tap=tap)
