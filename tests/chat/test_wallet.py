"""A person's own money: balance, history, receipts, refunds, and the bank."""

from __future__ import annotations

import re

from simulator.client import Telegram
from tests.chat.books import books
from tests.chat.driver import PIN, Chatpay, Clock, Customer

A_MOMENT = r"[A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d\d\s[AP]M UTC"


async def pay(payer: Customer, words: str) -> None:
    """Pays, up to the receipt."""
    card = await payer.ask(f"/pay {words}", lambda message: "Change amount" in message.labels)
    await payer.approve(card)
    await payer.see("^✅|^⏳")


# --- the balance ---------------------------------------------------------------------------------


async def test_the_balance_says_what_there_is_and_that_it_is_play_money(alice: Customer) -> None:
    """One line for the money, one for what it is worth, and what to do next."""
    shown = await alice.ask("/balance", "Your balance")

    assert shown.text == "Your balance\n\n💰 €100.00 available\n🧸 Play money"
    assert shown.labels == ["💳 Add money", "🏦 Withdraw", "🧾 History"]


async def test_held_money_is_shown_with_whom_it_waits_for_and_can_be_taken_back(
    alice: Customer,
) -> None:
    """A payment to somebody who has not joined is held; one tap brings it back, once."""
    await pay(alice, "@carol 20 tickets")

    shown = await alice.ask("/balance", "Your balance")
    assert "€80.00 available" in shown.text
    assert "€20.00 held" in shown.text
    assert "€20.00 waiting for @carol, returns in 24 hours" in shown.text

    answer = await alice.press(shown, "Take back €20.00 from @carol")
    assert answer.toast == "€20.00 is back in your balance."
    after = await alice.see("€100.00 available")
    assert after.id == shown.id
    assert "held" not in after.text

    data = shown.button("Take back €20.00 from @carol")["callback_data"]
    again = await alice.person.press_data(after, data)
    assert again.toast == "€20.00 is back in your balance."
    assert await alice.balance() == "€100.00"


async def test_only_the_payer_can_take_a_payment_back(alice: Customer, bob: Customer) -> None:
    """Somebody else's forged button is refused, and the money stays held."""
    await pay(alice, "@carol 20 tickets")
    shown = await alice.ask("/balance", "€20.00 held")
    own = await bob.ask("/balance", "Your balance")

    data = shown.button("Take back €20.00 from @carol")["callback_data"]
    answer = await bob.person.press_data(own, data)

    assert answer.toast == "This is somebody else's, or too long ago: nothing was done."
    await alice.ask("/balance", "€20.00 held")
    assert await bob.balance() == "€100.00"


async def test_each_currency_has_its_own_line(alice: Customer) -> None:
    """Money of two currencies is never added up."""
    await alice.ask("/topup 7 USD", "added")

    shown = await alice.ask("/balance", "Your balance")

    assert "💰 €100.00 available\n💰 $7.00 available" in shown.text


async def test_in_a_group_no_balance_is_told(
    telegram: Telegram, chatpay: Chatpay, alice: Customer
) -> None:
    """A group without ephemeral messages sees no amount, but the way to the private chat."""
    await telegram.ephemeral("unknown")
    group = await telegram.group("Lunch", [alice.person], bots=[chatpay.username])

    await alice.person.send(group, f"/balance@{chatpay.username}")
    line = await alice.person.expect(group, "between you and me")

    assert "€" not in line.text
    alice.chat = await alice.person.open_link(line.button("Open Chatpay")["url"])
    await alice.see("€100.00 available")


# --- the bank ------------------------------------------------------------------------------------


async def test_money_added_for_a_card_leads_back_to_it(chatpay: Chatpay, bob: Customer) -> None:
    """Just what is missing is offered first; once it is there the card can be paid."""
    carol = await chatpay.customer("Carol", money="10")
    card = await carol.ask("/pay @bob 17.50 tickets", "€7.50 too little")
    await carol.press(card, "Add money")
    question = await carol.see("How much shall I add")
    assert question.labels == ["€7.50", "€10.00", "€20.00", "€50.00"]

    await carol.press(question, "€7.50")
    added = await carol.see("€7.50 of play money added")
    assert (added.id, added.labels) == (question.id, [])
    await carol.approve(await carol.see("Left afterwards: €0.00"), "Pay €17.50")

    assert (await carol.see("^✅ Paid")).text.startswith("✅ Paid €17.50 to Bob @bob\ntickets")
    assert card.id not in [message.id for message in await carol.messages()]
    assert (await carol.balance(), await bob.balance()) == ("€0.00", "€117.50")


async def test_money_typed_for_a_card_is_of_the_cards_currency_too(
    alice: Customer, bob: Customer
) -> None:
    """A card in dollars offers dollars; what is typed may be less, and then more is missing."""
    await alice.press(await alice.ask("/pay @bob $8", r"\$8\.00 too little"), "Add money")
    question = await alice.see("How much shall I add")
    assert question.labels == ["$8.00", "$10.00", "$20.00", "$50.00"]
    assert "up to $1,000.00 a day" in question.text

    await alice.say("5 USD")
    card = await alice.see(r"You have \$5\.00: that is \$3\.00 too little")
    await alice.press(card, "Add money")
    assert (await alice.see("How much shall I add")).labels[0] == "$3.00"


async def test_nobody_adds_money_for_somebody_elses_card(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """A forged button says whose card it is not, and nothing moves."""
    card = await alice.ask("/pay @bob 120", "€20.00 too little")
    data = card.button("Add money")["callback_data"]
    own = await bob.ask("/balance", "Your balance")
    before = books(chatpay)

    answer = await bob.person.press_data(own, data)

    assert answer.toast == "This is somebody else's, or too long ago: nothing was done."
    assert books(chatpay) == before


async def test_money_is_added_by_a_tap_on_a_round_amount(alice: Customer) -> None:
    """The amount is in the balance at once, the message says so, and two taps add it once."""
    question = await alice.ask("/topup", "How much shall I add")
    assert question.labels == ["€5.00", "€10.00", "€20.00", "€50.00"]
    assert "up to €1,000.00 a day" in question.text
    data = question.button("€20.00")["callback_data"]

    await alice.press(question, "€20.00")
    done = await alice.see("€20.00 of play money added")
    assert done.id == question.id
    assert "€120.00 available" in done.text

    await alice.person.press_data(done, data)
    assert await alice.balance() == "€120.00"


async def test_money_is_added_by_typing_an_amount(alice: Customer) -> None:
    """What is typed after the question is taken as the amount, in any usual spelling."""
    await alice.ask("/topup", "How much shall I add")

    await alice.ask("12,50 €", "€12.50 of play money added")

    assert await alice.balance() == "€112.50"


async def test_a_doubtful_amount_is_asked_about(alice: Customer) -> None:
    """1.230 may be a thousand or one and a bit: buttons ask, nothing is guessed."""
    await alice.ask("/topup", "How much shall I add")
    doubt = await alice.ask("1.230", "Did you mean €1,230.00 or €1.23")
    assert doubt.labels == ["€1,230.00", "€1.23"]
    assert await alice.balance() == "€100.00"

    await alice.press(doubt, "€1.23")
    await alice.see("€1.23 of play money added")
    assert await alice.balance() == "€101.23"


async def test_an_unreadable_amount_is_asked_again(alice: Customer) -> None:
    """The question stays open until it got an amount."""
    await alice.ask("/topup", "How much shall I add")

    await alice.ask("lots", "I could not read that as an amount")
    await alice.ask("-5", "An amount has to be more than zero")
    await alice.ask("1.2345", "more decimals than this currency has")
    assert await alice.balance() == "€100.00"

    await alice.ask("/topup", "How much shall I add")
    await alice.ask("5", "€5.00 of play money added")


async def test_more_than_the_bank_gives_a_day_is_refused_with_what_is_possible(
    alice: Customer, clock: Clock
) -> None:
    """The refusal is exact about what is left today and when there is more; nothing moved."""
    refused = await alice.ask("/topup 900.01", "The bank moves only so much a day")
    assert re.search(f"€900.00 is possible now, more from {A_MOMENT}", refused.text)
    assert await alice.balance() == "€100.00"

    await alice.ask("900", "€1,000.00 available")
    await alice.ask("/topup 1", "The bank has moved all it can today")
    assert await alice.balance() == "€1,000.00"

    clock.advance(hours=24)
    await alice.ask("/topup 1", "€1,001.00 available")


async def test_a_withdrawal_goes_through_a_card_and_the_pin(alice: Customer) -> None:
    """Nothing leaves without the PIN; then the money is with the bank."""
    question = await alice.ask("/withdraw", "How much shall I move to your bank")
    assert "€100.00 available" in question.text
    await alice.press(question, "€50.00")
    card = await alice.see(lambda message: "Withdraw €50.00" in message.labels)
    assert card.id == question.id
    assert await alice.balance() == "€100.00"

    await alice.approve(card, "Withdraw €50.00")
    await alice.see("€50.00 sent to your bank")
    assert await alice.balance() == "€50.00"


async def test_a_withdrawal_names_the_account_that_is_linked(
    chatpay: Chatpay, alice: Customer
) -> None:
    """Card, keypad and receipt say which of one's accounts it is, masked."""
    await chatpay.payments.link_bank(alice.id, "DE89 3704 0044 0532 0130 00")
    card = await alice.ask("/withdraw 50", "Withdraw to your account DE•• •••• 3000")

    keypad = await alice.approve(card, "Withdraw €50.00")

    assert "€50.00 to your account DE•• •••• 3000" in keypad.text
    await alice.see("€50.00 sent to your account DE•• •••• 3000")


async def test_a_withdrawal_of_more_than_there_is_is_refused(alice: Customer) -> None:
    """The card offers no PIN; nothing moves."""
    await alice.ask("/withdraw 100.01", "€0.01")

    assert await alice.balance() == "€100.00"


# --- history and receipts ------------------------------------------------------------------------


async def test_an_empty_history_says_so(chatpay: Chatpay) -> None:
    """Somebody new sees that nothing is missing."""
    ann = await chatpay.newcomer("Ann")
    await ann.join()

    await ann.ask("/history", "Nothing here yet")


async def test_history_lists_the_newest_first_with_signs_and_notes(
    alice: Customer, bob: Customer
) -> None:
    """Each line has a number, an amount with its sign in a column, who, and what for."""
    await pay(alice, "@bob 12.50 lunch")

    paid = await alice.ask("/history", "History · EUR")
    lines = [line.replace("\u00a0", " ") for line in paid.text.splitlines()]
    assert "1  −€12.50 Bob · lunch" in lines
    assert "2 +€100.00 from your bank" in lines
    assert paid.labels == ["1", "2", "• All •", "Paid", "Received", "Bank", "📄 Send as CSV"]

    got = await bob.ask("/history", "History · EUR")
    assert "1  +€12.50 Alice · lunch" in got.text.replace("\u00a0", " ")


async def test_history_is_paged_both_ways_and_filtered(alice: Customer) -> None:
    """Eight lines a page; older and newer again lead to the same pages; a filter begins anew."""
    for cents in range(1, 20):
        await alice.ask(f"/topup 0.{cents:02}", f"0.{cents:02} of play money added")

    first = await alice.ask("/history", "History")
    assert "+€0.19" in first.text
    assert "+€0.11" not in first.text
    await alice.press(first, "Older")
    second = await alice.see(r"\+€0\.11")
    await alice.press(second, "Older")
    third = await alice.see(r"\+€100\.00")
    assert "Older ▶" not in third.labels
    assert third.text.count("from your bank") == 4

    await alice.press(third, "Newer")
    assert (await alice.see(r"\+€0\.11")).text == second.text
    await alice.press(second, "Newer")
    assert (await alice.see(r"\+€0\.19")).text == first.text

    await alice.press(first, "Paid")
    nothing = await alice.see("Nothing of this kind yet")
    assert nothing.labels == ["All", "• Paid •", "Received", "Bank"]


async def test_paid_received_and_bank_are_told_apart(alice: Customer, bob: Customer) -> None:
    """Each filter shows its own lines, and no others."""
    await pay(alice, "@bob 12.50 lunch")
    await pay(bob, "@alice 3 tea")
    history = await alice.ask("/history", "History")

    shown = {}
    for name in ("Paid", "Received", "Bank"):
        await alice.press(history, name)
        page = await alice.see(lambda message, name=name: f"• {name} •" in message.labels)
        shown[name] = re.findall(r"[+−]€[\d.]+", page.text)

    assert shown == {"Paid": ["−€12.50"], "Received": ["+€3.00"], "Bank": ["+€100.00"]}


async def test_a_history_in_two_currencies_can_be_switched(alice: Customer) -> None:
    """A button for each currency that the person has money in."""
    await alice.ask("/topup 7 USD", "added")
    euros = await alice.ask("/history", "History · EUR")
    assert euros.labels[-3:-1] == ["• EUR •", "USD"]

    await alice.press(euros, "USD")
    dollars = await alice.see("History · USD")

    assert "+$7.00" in dollars.text
    assert "€" not in dollars.text


async def test_a_receipt_tells_all_and_leads_back(alice: Customer, bob: Customer) -> None:
    """Who, how much, what for, when, the balance after it, and a reference."""
    await pay(alice, "@bob 12.50 lunch")
    history = await bob.ask("/history", "History")

    await bob.press(history, "1")
    receipt = await bob.see("Reference")
    lines = receipt.text.splitlines()

    assert receipt.id == history.id
    assert lines[:4] == ["€12.50", "↙️ You were paid by Alice @alice", "lunch", ""]
    assert re.fullmatch(A_MOMENT, lines[4])
    assert lines[5] == "Balance after it: €112.50"
    assert re.fullmatch("Reference [0-9A-Z]{4}-[0-9A-Z]{4}", lines[6])
    assert receipt.labels == ["↩️ Refund…", "‹ Back"]

    await bob.press(receipt, "Back")
    assert (await bob.see("History")).text == history.text


async def test_the_payer_has_the_same_receipt_without_a_refund(
    alice: Customer, bob: Customer
) -> None:
    """Only whoever was paid can give it back."""
    await pay(alice, f"@{bob.username} 12.50 lunch")
    history = await alice.ask("/history", "History")

    await alice.press(history, "1")
    receipt = await alice.see("Reference")

    assert receipt.text.splitlines()[1] == "↗️ You paid Bob @bob"
    assert "Balance after it: €87.50" in receipt.text
    assert receipt.labels == ["‹ Back"]


async def test_somebody_elses_receipt_is_not_shown(alice: Customer, bob: Customer) -> None:
    """A forged button with another person's transfer is refused."""
    history = await alice.ask("/history", "History")
    own = await bob.ask("/history", "History")

    answer = await bob.person.press_data(own, history.button("1")["callback_data"])

    assert answer.toast == "This is somebody else's, or too long ago: nothing was done."


async def test_a_payment_received_can_be_given_back_from_its_receipt(
    alice: Customer, bob: Customer
) -> None:
    """Refund opens a card to approve with the PIN; the receipt then says what went back."""
    await pay(alice, "@bob 12.50 lunch")
    history = await bob.ask("/history", "History")
    await bob.press(history, "1")
    await bob.press(await bob.see("Reference"), "Refund")
    card = await bob.see("(?i)give back")
    assert await bob.balance() == "€112.50"

    label = next(label for label in card.labels if "12.50" in label)
    if label != "Give back €12.50":
        await bob.press(card, label)
        card = await bob.see(lambda message: "Give back €12.50" in message.labels)
    await bob.press(card, "Give back €12.50")
    await bob.tap(await bob.see("Tap your PIN"), PIN)
    await bob.see("€12.50 given back")

    assert await alice.balance() == "€100.00"
    assert await bob.balance() == "€100.00"
    history = await bob.ask("/history", "History")
    await bob.press(history, "2")
    receipt = await bob.see("€12.50 of it was given back")
    assert receipt.labels == ["‹ Back"]


async def test_a_forged_page_is_refused_kindly(alice: Customer) -> None:
    """Callback data that no button of ours carries does no harm and is no error."""
    shown = await alice.ask("/history", "History")

    for data in ("cp:h:p:CHF:a::", "cp:h:p:EUR:z::", "cp:h:p:EUR:a:-1:", "cp:w:topup:-5:EUR"):
        answer = await alice.person.press_data(shown, data)
        assert answer.toast == "This is no longer open. Nothing was paid."

    assert await alice.balance() == "€100.00"
