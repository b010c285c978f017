"""The front door: what somebody new goes through, and where deep links lead."""

from __future__ import annotations

import pytest

from simulator.client import Telegram
from tests.chat.driver import AGREE, Chatpay, Customer

HOME = ["💸 Pay someone", "🙏 Request", "💳 Add money", "🔗 My link", "Balance", "History", "Help"]


async def test_somebody_new_is_welcomed_told_the_terms_and_asked_a_name(chatpay: Chatpay) -> None:
    """From /start to the first choice in two taps, all in one message."""
    ann = await chatpay.newcomer("Ann", last_name="Smith")
    await ann.start()

    welcome = await ann.see("Welcome to Chatpay")
    assert "This is play money" in welcome.text
    assert welcome.text.count("•") == 5
    assert welcome.labels == [AGREE, "Read the terms", "Not now"]

    await ann.press(welcome, AGREE)
    question = await ann.see("What should people see")
    assert question.id == welcome.id
    assert question.labels == ["Ann Smith"]

    await ann.press(question, "Ann Smith")
    done = await ann.see("You are in, Ann Smith")
    assert done.id == welcome.id
    assert done.labels == ["🔑 Choose a PIN", *HOME]
    assert await ann.balance() == "€0.00"


async def test_the_terms_can_be_read_before_agreeing(chatpay: Chatpay) -> None:
    """Reading them leaves the way to agree open, in the same message."""
    ann = await chatpay.newcomer("Ann")
    await ann.start()
    welcome = await ann.see("Welcome")

    await ann.press(welcome, "Read the terms")
    terms = await ann.see("The terms\n")

    assert terms.id == welcome.id
    assert "stand for no real money" in terms.text
    assert terms.labels == [AGREE, "Not now"]


async def test_not_now_joins_nobody(chatpay: Chatpay) -> None:
    """Who does not agree is not in, and is asked again when they come back."""
    ann = await chatpay.newcomer("Ann")
    await ann.start()

    await ann.press(await ann.see("Welcome"), "Not now")
    assert (await ann.see("No problem")).labels == []

    await ann.ask("hello", "Send /start and I will show you around")
    await ann.ask("/balance", "Welcome to Chatpay")


async def test_a_typed_name_is_cleaned_and_an_impossible_one_asked_again(chatpay: Chatpay) -> None:
    """Direction marks cannot hide in a name, tags stay letters, signs alone are refused."""
    ann = await chatpay.newcomer("Ann")
    await ann.start()
    await ann.press(await ann.see("Welcome"), AGREE)
    await ann.see("What should people see")

    await ann.ask("***", "A name has 1 to 64 characters")
    await ann.ask("x" * 65, "A name has 1 to 64 characters")
    await ann.ask("\u202eAnn   of\u200b the <b>Sea</b>", "You are in, Ann of the <b>Sea</b>")

    await ann.ask("/settings", "Name: Ann of the <b>Sea</b>")


async def test_typing_before_agreeing_points_to_the_buttons(chatpay: Chatpay) -> None:
    """What is typed while the terms are open is answered, and accepts nothing."""
    ann = await chatpay.newcomer("Ann")
    await ann.start()
    await ann.see("Welcome")

    await ann.ask("yes please", "First tap one of the buttons")
    await ann.say("/start")
    await ann.see("Welcome to Chatpay")


async def test_who_has_joined_sees_the_home_card(alice: Customer) -> None:
    """/start again greets with the balance and what to do, and asks nothing."""
    await alice.start()
    home = await alice.see("Hello Alice")

    assert "€100.00 available" in home.text
    assert "Play money" in home.text
    assert home.labels == HOME


async def test_agreeing_twice_joins_once(chatpay: Chatpay) -> None:
    """A stale button of the welcome says kindly that it is all done."""
    ann = await chatpay.newcomer("Ann")
    await ann.join()
    home = (await ann.messages())[-1]

    answer = await ann.person.press_data(home, "cp:o:agree")

    assert answer.toast == "You are all set already."


async def test_a_deep_link_takes_a_newcomer_where_it_led(
    chatpay: Chatpay, alice: Customer
) -> None:
    """The link survives the terms, the name, and a restart of the bot in between."""
    draft = await alice.ask("/request 5 tea", "5.00")
    await alice.press(draft, "Anyone, by a link")
    await alice.press(await alice.see("Ask anyone"), "Ask for €5.00")
    request = await alice.see(lambda message: "Copy link" in message.labels)
    url = request.button("Copy link")["copy_text"]["text"]
    ann = await chatpay.newcomer("Ann")
    await ann.start(url.rpartition("start=")[2])
    await ann.press(await ann.see("Welcome"), AGREE)
    question = await ann.see("What should people see")

    await chatpay.restart()
    await ann.press(question, "Ann")
    await ann.see("You are in, Ann")
    card = await ann.see("asks you to pay €5.00")

    assert "Alice @alice" in card.text


async def test_a_link_that_leads_nowhere_shows_the_home_card(alice: Customer) -> None:
    """An unknown payload is no error."""
    await alice.start("no_such_thing")
    await alice.see("Hello Alice")


async def test_in_a_group_it_explains_itself_in_one_line(
    telegram: Telegram, chatpay: Chatpay
) -> None:
    """A group sees one line and the way to the private chat, which leads to the welcome."""
    ann = await chatpay.newcomer("Ann")
    group = await telegram.group("Lunch", [ann.person], bots=[chatpay.username])

    await ann.person.send(group, f"/start@{chatpay.username}")
    line = await ann.person.expect(group, "I help you pay")

    assert "\n" not in line.text
    url = line.button("Open Chatpay")["url"]
    assert url == f"https://t.me/{chatpay.username}?start=m_home"
    ann.chat = await ann.person.open_link(url)
    await ann.see("Welcome to Chatpay")


async def test_what_somebody_new_wanted_to_pay_is_there_once_they_have_joined(
    chatpay: Chatpay, bob: Customer
) -> None:
    """Whom, how much and what for are kept through the terms and the name, over a restart."""
    ann = await chatpay.newcomer("Ann")
    await ann.start()
    await ann.say("/pay @bob 12.50 lunch")
    welcome = await ann.see(lambda message: message.id > 2 and AGREE in message.labels)
    await chatpay.restart()

    await ann.press(welcome, AGREE)
    await ann.see("What should people see")
    await ann.say("Ann Smith")
    await ann.see("You are in, Ann Smith")

    card = await ann.see("Pay Bob @bob")
    assert card.text.split("\n")[:3] == ["Pay Bob @bob", "€12.50", "lunch"]


async def test_a_later_start_is_about_nothing_that_was_written_before(
    chatpay: Chatpay, bob: Customer
) -> None:
    """Whoever begins anew arrives at home, or where the link leads."""
    ann = await chatpay.newcomer("Ann")
    await ann.start()
    await ann.say("/pay @bob 12.50 lunch")
    await ann.join()
    await ann.ask("/balance", "Your balance")
    assert not [message for message in await ann.messages() if "€12.50" in message.text]


async def test_what_somebody_new_wrote_in_a_group_goes_on_in_private(
    telegram: Telegram, chatpay: Chatpay, bob: Customer
) -> None:
    """Also whom they replied to; the button there leads through the terms to the card."""
    ann = await chatpay.newcomer("Ann")
    group = await telegram.group("Lunch", [ann.person, bob.person], bots=[chatpay.username])
    said = await bob.person.send(group, "who pays?")
    await ann.person.send(group, "/pay 5 pizza", reply_to=said.id)
    way = await ann.person.expect(group, "You are new here")
    url = way.button("Open Chatpay")["url"]
    await ann.join(url.partition("start=")[2])

    card = await ann.see("Pay Bob @bob")
    assert card.text.split("\n")[:3] == ["Pay Bob @bob", "€5.00", "pizza"]


async def test_a_bill_that_somebody_new_shares_is_there_once_they_have_joined(
    chatpay: Chatpay, bob: Customer
) -> None:
    """As with what is paid, also for what is asked."""
    ann = await chatpay.newcomer("Ann")
    await ann.start()
    await ann.say("/split 20 @bob")
    welcome = await ann.see(lambda message: message.id > 2 and AGREE in message.labels)
    await ann.press(welcome, AGREE)
    await ann.see("What should people see")
    await ann.say("Ann")
    assert "€10.00" in (await ann.see("shared by 2 people")).text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("/link 12.50 vase", "A payment link"),
        ("/link for a vase", "A link to be paid by anyone. For how much"),
        ("/gift 12.50 vase", "Send to whoever takes it first"),
    ],
)
async def test_what_somebody_new_sells_or_gives_is_there_once_they_have_joined(
    chatpay: Chatpay, written: str, shown: str
) -> None:
    """With its amount and its words, or the question for what is missing."""
    ann = await chatpay.newcomer("Ann")
    await ann.start()
    await ann.say(written)
    welcome = await ann.see(lambda message: message.id > 2 and AGREE in message.labels)
    await ann.press(welcome, AGREE)
    await ann.see("What should people see")
    await ann.say("Ann")

    card = await ann.see(shown)
    if "12.50" in written:
        assert "€12.50" in card.text
        assert "vase" in card.text


async def test_somebody_new_who_gives_to_somebody_named_is_told_before_they_join(
    chatpay: Chatpay,
) -> None:
    """A gift names nobody: nothing is begun that would come to nothing."""
    ann = await chatpay.newcomer("Ann")
    await ann.start()
    await ann.say("/gift 5 @bob")
    await ann.see("A gift is for whoever takes it first")
