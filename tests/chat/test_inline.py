"""Inline mode: `@bot 12.50 lunch` in a chat between two people, from typing to the receipt."""

from __future__ import annotations

from pathlib import Path

from structlog.testing import capture_logs

from simulator.client import Message, Offers, Telegram
from tests.chat.books import books
from tests.chat.driver import BOT_USERNAME, Chatpay, Clock, Customer

ASKS = r"Alice @alice asks for €12\.50"
SENDS = r"Alice @alice wants to send €12\.50"


async def typed(customer: Customer, chat: str, query: str) -> Offers:
    """What somebody is offered for what they type after the bot's name."""
    return await customer.person.inline(chat, BOT_USERNAME, query)


async def put(alice: Customer, bob: Customer, query: str, title: str) -> Message:
    """Alice puts a card into the chat between the two; Bob's view of it."""
    chat = alice.person.direct(bob.person)
    sent = await alice.person.choose(await typed(alice, chat, query), title)
    return await bob.person.expect(chat, lambda message: message.id == sent.id)


async def opened(customer: Customer, url: str | None) -> None:
    """Follows a link to the private chat, as the client does with what a button answers."""
    assert url is not None
    customer.chat = await customer.person.open_link(url)


async def sent(chatpay: Chatpay, alice: Customer, bob: Customer) -> Message:
    """A gift of €12.50 that Alice has approved; Bob's view of it in their chat."""
    card = await put(alice, bob, "12.50 lunch", "Send €12.50")
    await opened(alice, (await alice.press(card, "Alice: approve…")).url)
    await alice.approve(await alice.see("Send to whoever takes it first"), "Send €12.50")
    await alice.see("is waiting for whoever takes it first")
    return await bob.person.expect(card.chat, r"Whoever takes it first gets it")


# --- what is offered -----------------------------------------------------------------------------


async def test_an_amount_offers_to_ask_to_send_and_to_halve(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """In a chat of two: ask, send, ask for half, and one's own link; nothing is written yet."""
    before = books(chatpay)
    offers = await typed(alice, alice.person.direct(bob.person), "12.51 lunch")
    assert offers.titles == [
        "Ask for €12.51",
        "Send €12.51",
        "Ask for half, €6.25",
        "My payment link",
    ]
    assert offers.raw["results"][0]["description"] == "lunch · Anyone in this chat can pay it"
    assert offers.button is None
    assert books(chatpay) == before


async def test_a_group_is_not_offered_halves(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Half of it makes sense among two only; the bot need not be in the group."""
    group = await telegram.group("Lunch", [alice.person, bob.person])
    offers = await typed(alice, group.key, "12.50")
    assert offers.titles == ["Ask for €12.50", "Send €12.50", "My payment link"]


async def test_a_doubtful_amount_is_offered_both_ways(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """What can be read in two ways is not guessed."""
    offers = await typed(alice, alice.person.direct(bob.person), "1.230")
    assert len(offers.titles) == 5
    assert {"Ask for €1,230.00", "Send €1,230.00"} <= set(offers.titles)


async def test_without_a_usable_amount_the_button_says_what_to_type(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Only the payment link is left, and a hint above it."""
    chat = alice.person.direct(bob.person)
    hints = {}
    for query in ("", "1e3", "0", f"5 {'x' * 141}"):
        offers = await typed(alice, chat, query)
        assert offers.titles == ["My payment link"]
        assert offers.button is not None
        hints[query[:3]] = offers.button["text"]
    assert hints == {
        "": "Type an amount, such as 12.50 lunch",
        "1e3": "I cannot read that amount",
        "0": "I cannot read that amount",
        "5 x": "A note has at most 140 characters",
    }


async def test_somebody_new_is_led_to_the_bot(
    chatpay: Chatpay, alice: Customer, dave: Customer
) -> None:
    """Whoever has not joined is offered nothing but the way in."""
    offers = await typed(dave, dave.person.direct(alice.person), "12.50 lunch")
    assert offers.titles == []
    assert offers.button == {"text": "Get started with Chatpay", "start_parameter": "m_home"}


async def test_nobody_is_shown_what_another_was_offered(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """The same words of another person are answered anew, for that person."""
    chat = alice.person.direct(bob.person)
    alices, bobs = [await typed(one, chat, "12.50") for one in (alice, bob)]
    ids = [{result["id"] for result in offers.raw["results"]} for offers in (alices, bobs)]
    assert ids[0] & ids[1] == {"cp:link"}
    await bob.person.choose(bobs, "My payment link")
    card = await alice.person.expect(chat, "Pay Bob @bob with Chatpay")
    assert card.labels == ["Pay Bob…"]
    for call in await telegram.calls("answerInlineQuery"):
        assert (call["params"]["is_personal"], call["params"]["cache_time"]) == (True, 0)


async def test_a_bot_without_inline_mode_says_how_to_switch_it_on(
    telegram: Telegram, tmp_path: Path
) -> None:
    """A line in the log at the start, and no buttons that would need it."""
    chatpay = Chatpay(telegram, tmp_path, anywhere=False)
    with capture_logs() as logs:
        await chatpay.start()
    try:
        (line,) = [line for line in logs if line["event"] == "inline_mode_off"]
        assert line["log_level"] == "warning"
        assert "@BotFather" in line["hint"]
        alice = await chatpay.customer("Alice", money="")
        await alice.say("/request 12.50 lunch")
        await alice.press(await alice.see("Whom do you ask?"), "Anyone, by a link")
        await alice.press(await alice.see("Ask anyone"), "Ask for €12.50")
        assert "Put it into a chat…" not in (await alice.see("You ask")).labels
    finally:
        await chatpay.stop()


# --- asking --------------------------------------------------------------------------------------


async def test_a_request_is_put_into_a_chat_and_paid_from_there(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Bob presses, pays in private with his PIN, and the card in the chat says that it is paid."""
    card = await put(alice, bob, "12.50 lunch", "Ask for €12.50")
    assert card.text == "🙏 Alice @alice asks for €12.50\nlunch"
    await opened(bob, (await bob.press(card, "Pay €12.50…")).url)
    asked = await bob.see("asks you to pay €12.50")
    await bob.press(asked, "Pay €12.50…")
    await bob.approve(await bob.see(r"Pay Alice"))
    await bob.see("Paid €12.50 to Alice")
    paid = await bob.person.expect(card.chat, "✅ Paid")
    assert (paid.id, paid.labels) == (card.id, [])
    assert "lunch" in paid.text
    await alice.see("Bob @bob paid you €12.50")
    assert (await alice.balance(), await bob.balance()) == ("€112.50", "€87.50")


async def test_pressing_again_and_by_others_leads_to_the_same_request(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer, carol: Customer
) -> None:
    """One offer makes one request, whoever presses and however often, and one payment."""
    group = await telegram.group("Lunch", [alice.person, bob.person, carol.person])
    await alice.person.choose(await typed(alice, group.key, "12.50"), "Ask for €12.50")
    card = await bob.person.expect(group, ASKS)
    offer = card.button("Pay")["callback_data"]
    urls = [(await one.person.press_data(card, offer)).url for one in (bob, carol, bob, alice)]
    assert len(set(urls)) == 1
    await alice.see("You ask")
    (request_card,) = [m for m in await alice.messages() if "You ask" in m.text]
    assert request_card.labels
    assert (await group_card(bob, group.key)).button("Pay")["url"] == urls[0]


async def group_card(customer: Customer, chat: str) -> Message:
    """The card in a chat as it is now."""
    return (await customer.messages(chat))[-1]


async def test_half_is_asked_for_as_half(chatpay: Chatpay, alice: Customer, bob: Customer) -> None:
    """The card and the request say the half."""
    card = await put(alice, bob, "13", "Ask for half")
    assert "€6.50" in card.text
    await opened(bob, (await bob.press(card, "Pay €6.50…")).url)
    await bob.see("asks you to pay €6.50")


async def test_with_inline_feedback_the_request_is_there_at_once(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """The button becomes a link without anybody pressing it, and Alice can cancel."""
    await telegram.bot(chatpay.token, inline_feedback=True)
    card = await put(alice, bob, "12.50", "Ask for €12.50")
    linked = await bob.person.expect(card.chat, lambda m: "url" in m.button("Pay"))
    own = await alice.see("You ask")
    await alice.press(own, "Cancel")
    ended = await bob.person.expect(card.chat, "Cancelled")
    assert (ended.id, ended.labels) == (linked.id, [])


async def test_a_card_in_the_bots_own_chat_is_not_an_answer(
    chatpay: Chatpay, alice: Customer
) -> None:
    """What is sent to the bot via the bot is no typed text."""
    await alice.person.choose(await typed(alice, alice.chat, "12.50"), "My payment link")
    await alice.ask("/balance", "available")
    assert not any("not sure what you mean" in m.text for m in await alice.messages())


# --- sending -------------------------------------------------------------------------------------


async def test_a_gift_is_approved_in_private_and_taken_in_the_chat(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """The money is reserved by Alice's PIN, waits in the chat, and is Bob's with one tap."""
    card = await sent(chatpay, alice, bob)
    assert card.labels == ["Take €12.50"]
    assert await alice.balance() == "€87.50"
    answer = await bob.press(card, "Take €12.50")
    assert (answer.toast, answer.alert) == ("€12.50 is in your balance.", True)
    taken = await alice.person.expect(card.chat, "Bob @bob has it")
    assert (taken.id, taken.labels) == (card.id, [])
    await bob.see("Alice @alice paid you €12.50")
    assert await bob.balance() == "€112.50"


async def test_only_the_one_who_sends_can_approve(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Bob's press is refused and leads nowhere; nothing moves."""
    card = await put(alice, bob, "12.50", "Send €12.50")
    before = books(chatpay)
    answer = await bob.press(card, "Alice: approve…")
    assert answer.url is None
    assert answer.toast == "This is somebody else's, or too long ago: nothing was done."
    assert books(chatpay) == before


async def test_the_sender_cannot_take_it_and_the_second_is_too_late(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer, carol: Customer
) -> None:
    """One takes it, once; everybody else is told, and the books show one payment."""
    card = await sent(chatpay, alice, bob)
    data = card.button("Take")["callback_data"]
    before = books(chatpay)
    assert "This gift is yours" in str((await alice.person.press_data(card, data)).toast)
    assert books(chatpay) == before
    await bob.press(card, "Take €12.50")
    after = books(chatpay)
    again = [await bob.person.press_data(card, data) for _ in range(3)]
    assert {answer.toast for answer in again} == {"€12.50 is in your balance."}
    assert "somebody else was faster" in str((await alice.person.press_data(card, data)).toast)
    assert books(chatpay) == after
    assert await bob.balance() == "€112.50"


async def test_somebody_new_joins_and_has_it(
    chatpay: Chatpay, alice: Customer, dave: Customer
) -> None:
    """The button leads through the terms to the money."""
    card = await sent(chatpay, alice, dave)
    url = (await dave.press(card, "Take €12.50")).url
    assert url is not None
    await dave.join(url.partition("start=")[2])
    await dave.see("paid you €12.50")
    assert await dave.balance() == "€12.50"


async def test_somebody_blocked_cannot_take_it(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """A gift for whoever comes first is not for those whom its giver has blocked."""
    request = await put(alice, bob, "1", "Ask for €1.00")
    await opened(bob, (await bob.press(request, "Pay €1.00…")).url)
    await bob.press(await bob.see("asks you to pay"), "Block Alice")
    card = await sent(chatpay, alice, bob)
    before = books(chatpay)
    answer = await bob.press(card, "Take €12.50")
    assert answer.toast is not None
    assert "balance" not in answer.toast
    assert books(chatpay) == before


async def test_what_nobody_takes_goes_back(
    chatpay: Chatpay, clock: Clock, alice: Customer, bob: Customer
) -> None:
    """After a day the card says so, and Alice has her money."""
    card = await sent(chatpay, alice, bob)
    clock.advance(hours=25)
    back = await bob.person.expect(card.chat, "It went back to Alice", 15)
    assert back.labels == []
    assert await alice.balance() == "€100.00"


async def test_what_is_not_approved_is_not_sent(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """A cancelled card ends the one in the chat too."""
    card = await put(alice, bob, "12.50", "Send €12.50")
    before = books(chatpay)
    await opened(alice, (await alice.press(card, "Alice: approve…")).url)
    await alice.press(await alice.see("Send to whoever"), "Cancel")
    ended = await bob.person.expect(card.chat, "Nothing was sent")
    assert ended.labels == []
    assert books(chatpay) == before


# --- forgeries -----------------------------------------------------------------------------------


async def test_no_other_room_works_on_a_card_in_a_chat(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Forged data of any button, Chatpay's or not, neither moves money nor changes the card."""
    card = await put(alice, bob, "12.50", "Send €12.50")
    await opened(alice, (await alice.press(card, "Alice: approve…")).url)
    private = await alice.see("Send to whoever")
    pay = private.button("Send")["callback_data"]
    offer_id = card.button("Alice: approve…")["callback_data"].rpartition(":")[2]
    linked = await bob.person.expect(card.chat, lambda m: "url" in m.button("approve"))
    before = books(chatpay)
    forged = [pay, f"cp:q:ask:{offer_id}", "cp:q:take:x", "cp:q:send:x", "cp:q", "cp:k:x:y"]
    for data in forged:
        for one in (alice, bob):
            answer = await one.person.press_data(card, data)
            assert answer.toast is not None
            assert answer.url is None
    assert (await group_card(bob, card.chat)).raw == linked.raw
    assert books(chatpay) == before


async def test_a_card_that_is_known_is_never_replaced_by_another(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Bob sends the data of a card of his own with Alice's message: hers stays as it is."""
    own = await put(bob, alice, "99", "Ask for €99.00")
    own_data = own.button("Pay")["callback_data"]
    card = await put(alice, bob, "12.50", "Ask for €12.50")
    url = (await bob.press(card, "Pay €12.50…")).url
    known = await bob.person.expect(card.chat, lambda m: "url" in m.button("Pay"))
    forged = await bob.person.press_data(card, own_data)
    assert forged.url != url
    assert (await group_card(bob, card.chat)).raw == known.raw


async def test_a_request_is_put_into_a_chat_from_its_own_card(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """The button types the request's id; only who made it is offered it, and the card follows."""
    await alice.say("/request 12.50 lunch")
    draft = await alice.see("Whom do you ask?")
    await alice.press(draft, "Anyone, by a link")
    await alice.press(await alice.see("Ask anyone"), "Ask for €12.50")
    own = await alice.see("You ask")
    typing = (await alice.press(own, "Put it into a chat…")).raw["switch_inline_query"]
    assert (typing["bot"], typing["kinds"]) == (BOT_USERNAME, ["user", "group"])
    chat = alice.person.direct(bob.person)
    assert "Ask for €12.50" not in (await typed(bob, chat, typing["query"])).titles
    offers = await typed(alice, chat, typing["query"])
    assert offers.titles == ["Ask for €12.50"]
    await alice.person.choose(offers, "Ask for €12.50")
    card = await bob.person.expect(chat, ASKS)
    await opened(bob, (await bob.press(card, "Pay €12.50…")).url)
    await bob.see("asks you to pay €12.50")
    await alice.press(own, "Cancel")
    await bob.person.expect(chat, "Cancelled")


async def test_a_card_may_be_gone_when_it_would_be_changed(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """A deleted card keeps nobody from paying, nor the receipts from coming."""
    card = await put(alice, bob, "12.50", "Ask for €12.50")
    url = (await bob.press(card, "Pay €12.50…")).url
    await alice.person.delete(card)
    await opened(bob, url)
    await bob.press(await bob.see("asks you to pay"), "Pay €12.50…")
    await bob.approve(await bob.see(r"Pay Alice"))
    await alice.see("Bob @bob paid you €12.50")


async def test_an_offer_outlives_a_restart_and_ends_after_a_week(
    chatpay: Chatpay, clock: Clock, alice: Customer, bob: Customer
) -> None:
    """It is in the database; after seven days its button says that the time is up."""
    card = await put(alice, bob, "12.50 lunch", "Ask for €12.50")
    late = await put(alice, bob, "13", "Ask for €13.00")
    await chatpay.restart()
    await opened(bob, (await bob.press(card, "Pay €12.50…")).url)
    await bob.see("lunch")
    clock.advance(hours=7 * 24 + 1)
    answer = await bob.press(late, "Pay €13.00…")
    assert (answer.url, answer.toast is None) == (None, False)
