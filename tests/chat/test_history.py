"""/history as a file: CSV for a spreadsheet, in the private chat."""

from __future__ import annotations

import csv
import io
import re

import pytest

from bot.history_file import files
from bot.texts import Texts
from payments.money import Money
from simulator.client import Message, Telegram
from tests.chat.books import books
from tests.chat.driver import Chatpay, Clock, Customer

HEADING = ["Date (UTC)", "What", "Who", "Amount", "Balance afterwards", "Currency", "Note"]


async def pay(payer: Customer, words: str) -> None:
    """Pays, with the PIN."""
    card = await payer.ask(f"/pay {words}", "Left afterwards")
    await payer.approve(card, next(label for label in card.labels if label.startswith("Pay")))
    await payer.see("^✅ Paid")


async def ask(customer: Customer) -> Message:
    """Presses the button below the history; the document that comes."""
    await customer.press(await customer.ask("/history", "History"), "Send as CSV")
    return await customer.see(lambda message: message.document is not None)


async def content(telegram: Telegram, message: Message) -> bytes:
    assert message.document is not None
    return await telegram.download(message.document["file_url"])


def lines(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


async def documents(customer: Customer) -> int:
    return sum(message.document is not None for message in await customer.messages())


async def test_all_of_a_history_comes_as_a_file(
    telegram: Telegram, alice: Customer, bob: Customer
) -> None:
    """Newest first, signed amounts with the balance after each, and the receipts' references."""
    await pay(alice, "@bob 12.50 lunch")
    await pay(bob, "@alice 3 tea")
    receipt = await alice.ask("/history", "History")
    await alice.press(receipt, "1")
    reference = re.search(r"Reference (\S+)", (await alice.see("Reference")).text)

    message = await ask(alice)

    assert message.document is not None
    assert message.document["file_name"] == "chatpay-history-EUR.csv"
    heading, *rows = lines(await content(telegram, message))
    assert heading == [*HEADING, "Reference"]
    assert [row[1:7] for row in rows] == [
        ["Received", "Bob", "3.00", "90.50", "EUR", "tea"],
        ["Paid", "Bob", "-12.50", "87.50", "EUR", "lunch"],
        ["Added from your bank", "", "100.00", "100.00", "EUR", ""],
    ]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", row[0]) for row in rows)
    assert reference is not None
    assert rows[0][7] == reference[1]


async def test_what_was_given_back_is_told_from_what_was_paid(
    telegram: Telegram, alice: Customer, bob: Customer
) -> None:
    """Both sides see it as what it is, with the note of the payment."""
    await pay(alice, "@bob 5 lunch")
    await bob.press(await bob.ask("/history", "History"), "1")
    await bob.press(await bob.see("You were paid by"), "Refund")
    await bob.approve(await bob.see("Left afterwards"), "Give back €5.00")
    await alice.see("back")

    rows = lines(await content(telegram, await ask(alice)))
    assert rows[1][1:7] == ["Given back to you", "Bob", "5.00", "100.00", "EUR", "lunch"]
    rows = lines(await content(telegram, await ask(bob)))
    assert rows[1][1:7] == ["Given back", "Alice", "-5.00", "100.00", "EUR", "lunch"]


@pytest.mark.parametrize("note", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x","y")'])
async def test_no_note_and_no_name_is_a_formula(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, note: str
) -> None:
    """What a spreadsheet would carry out is quoted; nothing else is."""
    mallory = await chatpay.customer("=cmd|' /C calc'!A0", username="mallory")
    payee = await chatpay.payments.person(alice.id)
    assert payee is not None
    card = await chatpay.payments.draft(
        mallory.id, payees=[alice.id], amount=Money(100, "EUR"), note=note
    )
    await mallory.start(f"i_{card.id}")
    await mallory.approve(await mallory.see("Left afterwards"), "Pay €1.00")
    await alice.see("paid you")

    rows = lines(await content(telegram, await ask(alice)))

    assert rows[1][2] == "'=cmd|' /C calc'!A0"
    assert rows[1][6] == f"'{note}"
    assert rows[1][3] == "1.00"


async def test_excel_knows_the_letters(telegram: Telegram, alice: Customer, bob: Customer) -> None:
    """The file begins with a byte order mark and keeps every script and emoji."""
    await pay(alice, "@bob 1 قهوة ☕, für zwei")

    written = await content(telegram, await ask(alice))

    assert written.startswith(b"\xef\xbb\xbf")
    assert lines(written)[1][6] == "قهوة ☕, für zwei"


async def test_a_person_is_sent_it_once_a_minute(
    chatpay: Chatpay, clock: Clock, alice: Customer, bob: Customer
) -> None:
    """Too soon is said and sends nothing; others need not wait, and a minute later it comes."""
    history = await alice.ask("/history", "History")
    await ask(alice)
    before = books(chatpay)

    answer = await alice.press(history, "Send as CSV")

    assert answer.toast == "I have just sent you that. Ask again in a minute."
    assert await documents(alice) == 1
    assert books(chatpay) == before
    await ask(bob)
    clock.advance(minutes=1.1)
    await ask(alice)
    assert await documents(alice) == 2


async def test_a_history_of_another_currency_is_another_file(
    telegram: Telegram, alice: Customer
) -> None:
    """The file is of the history that is on the screen."""
    await alice.ask("/topup 7 USD", "added")
    await alice.press(await alice.ask("/history", "History"), "USD")

    await alice.press(await alice.see("History · USD"), "Send as CSV")
    message = await alice.see(lambda message: message.document is not None)

    assert message.document is not None
    assert message.document["file_name"] == "chatpay-history-USD.csv"
    rows = lines(await content(telegram, message))
    assert [row[3:6] for row in rows[1:]] == [["7.00", "7.00", "USD"]]


async def test_an_empty_history_is_no_file(chatpay: Chatpay) -> None:
    """There is nothing to send, and no button."""
    dora = await chatpay.customer("Dora", money="")
    assert "📄 Send as CSV" not in (await dora.ask("/history", "Nothing here yet")).labels


async def test_a_forged_currency_is_refused_kindly(chatpay: Chatpay, alice: Customer) -> None:
    """Anybody can send any button: nothing is sent."""
    history = await alice.ask("/history", "History")
    before = books(chatpay)

    for data in ("cp:hf:csv:ZZZ", "cp:hf:csv", "cp:hf:all:EUR"):
        answer = await alice.person.press_data(history, data)
        assert answer.toast

    assert await documents(alice) == 0
    assert books(chatpay) == before


async def test_asked_for_in_a_group_it_comes_in_private(
    telegram: Telegram, chatpay: Chatpay, alice: Customer
) -> None:
    """The group sees neither history nor file."""
    group = await telegram.group("Lunch", [alice.person], bots=[chatpay.username])
    await alice.person.send(group, f"/history@{chatpay.username}")
    aside = await alice.person.expect(group, "History")

    answer = await alice.press(aside, "Send as CSV")

    assert answer.toast == "I send it to our private chat."
    await alice.see(lambda message: message.document is not None)
    assert all(message.document is None for message in await alice.messages(group))


async def test_a_long_history_is_several_files(chatpay: Chatpay, alice: Customer) -> None:
    """Each has the heading and so many lines; together they have every line once."""
    for cents in range(1, 6):
        await chatpay.payments.topup(alice.id, Money(cents, "EUR"), origin=f"{cents}")

    made = [
        lines(part)
        async for part in files(chatpay.payments, alice.id, "EUR", Texts("en"), lines_most=4)
    ]

    assert [len(part) for part in made] == [5, 3]
    assert [part[0] for part in made] == [[*HEADING, "Reference"]] * 2
    amounts = [row[3] for part in made for row in part[1:]]
    assert amounts == ["0.05", "0.04", "0.03", "0.02", "0.01", "100.00"]
