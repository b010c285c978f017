"""Asking for money: one person, several, a group, or anyone by a link."""

from __future__ import annotations

from simulator.client import Message, Telegram
from tests.chat.books import books
from tests.chat.driver import Chatpay, Clock, Customer

PAYER_BUTTONS = ["Pay €12.50…", "Decline", "Block Alice", "Report Alice"]


async def _ask(alice: Customer, command: str = "/request @bob 12.50 pizza") -> Message:
    """Alice asks Bob; her card."""
    preview = await alice.ask(command, "Ask Bob")
    await alice.press(preview, "Ask for €12.50")
    return await alice.see("You asked Bob")


async def test_a_request_is_previewed_sent_and_paid(alice: Customer, bob: Customer) -> None:
    """The payer reads that they pay, approves with the PIN, and both cards say paid."""
    preview = await alice.ask("/request @bob 12.50 pizza", "Ask Bob")
    assert preview.text == "Ask Bob @bob for €12.50\npizza"
    assert preview.labels == [
        "Ask for €12.50",
        "Allow part payments: off",
        "Change amount",
        "Change the note",
        "Cancel",
    ]
    await alice.press(preview, "Ask for €12.50")
    own = await alice.see("You asked Bob")
    assert own.text.startswith("You asked Bob @bob for €12.50\npizza\n\n⏳ Waiting for Bob @bob.")
    assert own.labels == ["Remind", "Cancel request"]

    asked = await bob.see("asks you to pay")
    assert asked.text.split("\n")[:5] == [
        "Alice @alice asks you to pay €12.50",
        "pizza",
        "",
        "You pay: the money goes from you to Alice.",
        "You have never dealt with Alice. Pay only if you know what this is for.",
    ]
    assert asked.labels == PAYER_BUTTONS
    await bob.press(asked, "Pay €12.50…")
    card = await bob.see("Pay Alice")
    assert card.labels == ["Pay €12.50", "Cancel"]
    await bob.approve(card, "Pay €12.50")

    assert (await bob.see("✅ Paid €12.50 to Alice")).id == card.id
    paid = await alice.see("✅ Paid.")
    assert (paid.id, paid.labels) == (own.id, [])
    assert (await bob.see("✅ Paid.")).id == asked.id
    assert (await alice.balance(), await bob.balance()) == ("€112.50", "€87.50")


async def test_a_request_is_paid_once(chatpay: Chatpay, alice: Customer, bob: Customer) -> None:
    """The button of a paid request says so, and nothing moves."""
    await _ask(alice)
    asked = await bob.see("asks you to pay")
    pay = asked.button("Pay €12.50…")["callback_data"]
    await bob.press(asked, "Pay €12.50…")
    await bob.approve(await bob.see("Pay Alice"), "Pay €12.50")
    await bob.see("✅ Paid.")
    before = books(chatpay)

    answer = await bob.person.press_data(asked, pay)

    assert answer.alert
    assert answer.toast == "This has been paid already. Nothing was paid twice."
    assert books(chatpay) == before


async def test_missing_parts_are_asked_for(alice: Customer, bob: Customer) -> None:
    """Whom, then how much; what was said is kept, over a restart too."""
    question = await alice.ask("/request", "Whom do you ask")
    assert question.labels == [
        "Pick from my contacts",
        "Anyone, by a link",
        "My open requests",
        "Cancel",
    ]
    question = await alice.ask("@bob", "How much do you ask for")
    assert question.labels == ["€5.00", "€10.00", "€20.00", "€50.00", "Cancel"]
    await alice.press(question, "€20.00")
    preview = await alice.see("Ask Bob")
    await alice.press(preview, "Add a note")
    await alice.see("What is it for")
    preview = await alice.ask("pizza", "pizza")
    assert preview.text == "Ask Bob @bob for €20.00\npizza"


async def test_several_people_are_asked_each_for_the_amount(
    alice: Customer, bob: Customer, carol: Customer
) -> None:
    """One preview, one card for each of them."""
    preview = await alice.ask("/request @bob @carol 12.50", "Ask each")
    assert preview.text == "Ask each of them for €12.50\n• Bob @bob\n• Carol @carol"
    await alice.press(preview, "Ask for €12.50")
    await alice.see("You asked Bob")
    await alice.see("You asked Carol")
    assert (await bob.see("asks you to pay")).labels == PAYER_BUTTONS
    assert (await carol.see("asks you to pay")).labels == PAYER_BUTTONS


async def test_a_request_is_declined(chatpay: Chatpay, alice: Customer, bob: Customer) -> None:
    """Both sides see it, the requester is told, and nothing moves."""
    own = await _ask(alice)
    asked = await bob.see("asks you to pay")
    before = books(chatpay)

    await bob.press(asked, "Decline")

    declined = await bob.see("You declined")
    assert (declined.id, declined.labels) == (asked.id, [])
    assert (await alice.see("Declined.")).id == own.id
    news = await alice.see("declined your request")
    assert news.text == "Bob @bob declined your request for €12.50."
    assert books(chatpay) == before


async def test_a_blocked_requester_cannot_ask_again(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """The block declines what is open; a later request is refused and never reaches the payer."""
    await _ask(alice)
    asked = await bob.see("asks you to pay")
    await bob.press(asked, "Block Alice")
    assert "blocked Alice" in (await bob.see("You declined")).text
    before = books(chatpay)

    preview = await alice.ask("/request @bob 5", "Ask Bob")
    answer = await alice.press(preview, "Ask for €5.00")

    assert answer.alert
    assert books(chatpay) == before
    asking = [m for m in await bob.messages() if "asks you to pay €5.00" in m.text]
    assert asking == []


async def test_the_requester_cancels(chatpay: Chatpay, alice: Customer, bob: Customer) -> None:
    """The payer's card says that there is nothing to pay."""
    own = await _ask(alice)
    asked = await bob.see("asks you to pay")
    before = books(chatpay)
    await alice.press(own, "Cancel request")
    assert "You cancelled this request." in (await alice.see("You cancelled")).text
    assert (await bob.see("no longer asks")).id == asked.id
    assert books(chatpay) == before


async def test_reminders_are_capped(alice: Customer, bob: Customer, clock: Clock) -> None:
    """One a day: the second at once is refused."""
    own = await _ask(alice)
    await bob.see("asks you to pay")
    assert (await alice.press(own, "Remind")).toast == "Reminded."
    reminder = await bob.see("A reminder")
    assert reminder.text == "🔔 A reminder: Alice @alice asks you to pay €12.50 — pizza"
    assert reminder.labels == ["Show"]
    again = await alice.press(own, "Remind")
    assert (again.alert, "short while ago" in (again.toast or "")) == (True, True)

    clock.advance(hours=25)
    assert (await alice.press(own, "Remind")).toast == "Reminded."
    await bob.press(await bob.see("A reminder"), "Show")
    assert (await bob.see("You pay")).labels == PAYER_BUTTONS


async def test_a_request_expires(
    chatpay: Chatpay, alice: Customer, bob: Customer, clock: Clock
) -> None:
    """After its time both cards say so; nothing moved."""
    own = await _ask(alice)
    asked = await bob.see("asks you to pay")
    before = books(chatpay)
    clock.advance(hours=7 * 24 + 1)
    assert (await alice.see("time for this request is up")).id == own.id
    assert (await bob.see("time for this request is up")).id == asked.id
    assert books(chatpay) == before


async def test_a_request_is_paid_in_parts_where_that_is_allowed(
    alice: Customer, bob: Customer
) -> None:
    """Each part is approved by itself; both cards count up."""
    preview = await alice.ask("/request @bob 12.50", "Ask Bob")
    await alice.press(preview, "Allow part payments: off")
    preview = await alice.see(lambda message: "Allow part payments: on" in message.labels)
    await alice.press(preview, "Ask for €12.50")
    await alice.see("You asked Bob")

    asked = await bob.see("asks you to pay")
    assert asked.labels == ["Pay €12.50…", "Pay a part…", "Decline", "Block Alice", "Report Alice"]
    await bob.press(asked, "Pay a part…")
    await bob.see("How much of the €12.50")
    await bob.approve(await bob.ask("5", "Pay Alice"), "Pay €5.00")

    assert "€5.00 of €12.50 paid, €7.50 to go." in (await alice.see("to go")).text
    asked = await bob.see("to go")
    assert asked.labels[0] == "Pay €7.50…"
    await bob.press(asked, "Pay €7.50…")
    await bob.approve(await bob.see("Left afterwards: €87.50"), "Pay €7.50")
    await alice.see("✅ Paid.")
    assert (await alice.balance(), await bob.balance()) == ("€112.50", "€87.50")


async def test_whoever_declines_the_rest_is_told_what_was_paid(
    alice: Customer, bob: Customer
) -> None:
    """What was paid before stays paid, and both cards and the news say so."""
    preview = await alice.ask("/request @bob 12.50", "Ask Bob")
    await alice.press(preview, "Allow part payments: off")
    preview = await alice.see(lambda message: "Allow part payments: on" in message.labels)
    await alice.press(preview, "Ask for €12.50")
    asked = await bob.see("asks you to pay")
    await bob.press(asked, "Pay a part…")
    await bob.see("How much of the €12.50")
    await bob.approve(await bob.ask("5", "Pay Alice"), "Pay €5.00")

    await bob.press(await bob.see("to go"), "Decline")

    ended = "\n\nYou declined the rest.\n€5.00 of €12.50 was paid."
    assert (await bob.see("You declined")).text.endswith(ended)
    own = await alice.see(lambda message: "Declined." in message.text)
    assert own.text.endswith("\n\nDeclined.\n€5.00 of €12.50 was paid.")
    news = await alice.see("the rest of your request")
    assert news.text == "Bob @bob declined the rest of your request, €7.50."
    assert (await alice.balance(), await bob.balance()) == ("€105.00", "€95.00")


async def test_anyone_here_in_a_group_is_paid_by_the_first(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer, carol: Customer
) -> None:
    """The group's card leads to the private chat; once paid it says so, and nobody pays again."""
    members = [alice.person, bob.person, carol.person]
    group = await telegram.group("Lunch club", members, bots=[chatpay.username])
    await alice.person.send(group, "/request 12.50 pizza")
    question = await alice.person.expect(group, "whom do you ask")
    assert question.labels == ["Anyone here", "One person…", "Cancel"]
    stranger = await bob.person.press(question, "Anyone here")
    assert stranger.alert
    await alice.person.press(question, "Anyone here")
    preview = await alice.person.expect(group, "Ask anyone here")
    await alice.person.press(preview, "Ask for €12.50")
    assert (await alice.see("You asked anyone")).labels == ["Cancel request"]

    card = await bob.person.expect(group, "asks anyone here")
    assert card.text == "Alice @alice asks anyone here for €12.50\npizza"
    url = card.button("Pay €12.50…")["url"]
    await bob.person.open_link(url)
    await bob.press(await bob.see("asks you to pay"), "Pay €12.50…")
    await bob.approve(await bob.see("Pay Alice"), "Pay €12.50")

    paid = await carol.person.expect(group, "✅ Paid")
    assert (paid.id, paid.labels) == (card.id, [])
    before = books(chatpay)
    await carol.person.open_link(url)
    await carol.see("somebody else's")
    assert books(chatpay) == before


async def test_asking_one_person_from_a_group_stays_private(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """The group sees no more than that Alice goes on elsewhere."""
    group = await telegram.group("Club", [alice.person, bob.person], bots=[chatpay.username])
    await alice.person.send(group, "/request @bob 12.50 pizza")
    way = await alice.person.expect(group, "private chat")
    assert way.text == "Alice, go on in our private chat."
    await alice.press(await alice.see("Ask Bob"), "Ask for €12.50")
    await bob.see("asks you to pay")


async def test_anyone_by_a_link_with_its_qr_code(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """The link and its picture lead to the same card; the first to pay pays it."""
    question = await alice.ask("/request 12.50 pizza", "Whom do you ask")
    await alice.press(question, "Anyone, by a link")
    preview = await alice.see("anyone who opens your link")
    await alice.press(preview, "Ask for €12.50")
    own = await alice.see("You asked anyone")
    assert own.labels == [
        "Put it into a chat…",
        "Share link",
        "Copy link",
        "QR code",
        "Cancel request",
    ]
    address = own.button("Copy link")["copy_text"]["text"]
    await alice.press(own, "QR code")
    picture = await alice.see(lambda message: message.photo is not None)
    assert picture.text == address

    await bob.person.open_link(address)
    asked = await bob.see("asks you to pay")
    assert asked.labels == ["Pay €12.50…", "Block Alice", "Report Alice"]
    await bob.press(asked, "Pay €12.50…")
    await bob.approve(await bob.see("Pay Alice"), "Pay €12.50")
    assert (await alice.see("✅ Paid.")).id == own.id


async def test_somebody_new_is_asked_by_a_link(alice: Customer, dave: Customer) -> None:
    """The requester passes the link on; joining by it leads to the request."""
    preview = await alice.ask("/request @dave 12.50", "Ask @dave")
    await alice.press(preview, "Ask for €12.50")
    own = await alice.see("You asked @dave")
    assert "@dave has not joined yet: send the link." in own.text
    address = own.button("Copy link")["copy_text"]["text"]

    await dave.join(address.partition("start=")[2])
    assert (await dave.see("asks you to pay")).labels == PAYER_BUTTONS
    assert (await alice.see("Waiting for Dave")).id == own.id


async def test_a_request_to_one_person_opens_for_nobody_else(
    chatpay: Chatpay, alice: Customer, bob: Customer, carol: Customer
) -> None:
    """Its buttons and its link do nothing in other hands."""
    await _ask(alice)
    asked = await bob.see("asks you to pay")
    request_id = asked.button("Decline")["callback_data"].split(":")[-1]
    own = await carol.ask("/pay @bob 1", "Pay Bob")
    before = books(chatpay)

    for verb in ("pay", "decline", "block", "cancel", "remind", "qr", "open"):
        answer = await carol.person.press_data(own, f"cp:r:{verb}:{request_id}")
        assert answer.toast == "This is somebody else's, or too long ago: nothing was done.", verb
    await carol.start(f"r_{request_id}")
    await carol.see("somebody else's")

    assert books(chatpay) == before


async def test_an_old_preview_does_nothing(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """A second /request puts the first aside, and sent twice it asks once."""
    first = await alice.ask("/request @bob 12.50", "Ask Bob")
    second = await alice.ask("/request @bob 5", "Ask Bob")
    send = second.button("Ask for €5.00")["callback_data"]
    old = await alice.press(first, "Ask for €12.50")
    assert (old.alert, "out of date" in (old.toast or "")) == (True, True)

    await alice.press(second, "Ask for €5.00")
    await alice.see("You asked Bob")
    again = await alice.person.press_data(first, send)
    assert again.alert
    await bob.see("asks you to pay €5.00")
    asked = [m for m in await bob.messages() if "asks you to pay" in m.text]
    assert len(asked) == 1
