"""Whom, how much and what for: the spellings of a payment command."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import MessageEntity, User

from bot.parts import (
    Parts,
    PayeeById,
    PayeeByPhone,
    PayeeByUsername,
    read_parts,
)
from payments.money import Doubt, Money, Reason, Unreadable
from payments.names import clean_line

CURRENCIES = ("EUR", "USD", "GBP", "INR", "BRL", "IDR", "BDT", "AED")
BOB = PayeeByUsername("bob")
EVE = PayeeByUsername("eve")
FIVE_OR_SIX = Doubt((Money(500, "EUR"), Money(600, "USD")))


def utf16(text):
    return len(text.encode("utf-16-le")) // 2


def marked_by_telegram(text):
    """Return the entities Telegram finds by itself: commands and @names, in UTF-16 units."""
    kinds = (
        (MessageEntity.BOT_COMMAND, r"(?<!\S)/\w+(@\w+)?"),
        (MessageEntity.MENTION, r"(?<!\S)@\w+"),
    )
    return [
        MessageEntity(kind, utf16(text[: match.start()]), utf16(match[0]))
        for kind, pattern in kinds
        for match in re.finditer(pattern, text)
    ]


def parts(text, *, entities=None, reply_to=None, default="EUR", locale="en"):
    return read_parts(
        text,
        marked_by_telegram(text) if entities is None else entities,
        reply_to_user=reply_to,
        bot_username="ourbot",
        default_currency=default,
        currencies=CURRENCIES,
        locale=locale,
    )


def euros(*minors):
    amounts = tuple(Money(minor, "EUR") for minor in minors)
    return amounts[0] if len(amounts) == 1 else Doubt(amounts)


@pytest.mark.parametrize(
    ("text", "payees", "amount", "note"),
    [
        # Order
        ("/pay @bob 12.50 lunch", (BOB,), euros(1250), "lunch"),
        ("/pay 12.50 @bob lunch", (BOB,), euros(1250), "lunch"),
        ("/pay lunch 12.50 @bob", (BOB,), euros(1250), "lunch"),
        ("/pay @bob lunch 12.50", (BOB,), euros(1250), "lunch"),
        ("/pay lunch @bob 12.50 on Friday", (BOB,), euros(1250), "lunch on Friday"),
        ("/pay@ourbot @bob 5", (BOB,), euros(500), ""),
        ("/pay @ourbot @bob 5", (BOB,), euros(500), ""),
        ("/pay\n@bob\n5\nlunch", (BOB,), euros(500), "lunch"),
        ("/request 5 @bob for tea", (BOB,), euros(500), "for tea"),
        ("/link 20 coffee", (), euros(2000), "coffee"),
        # Missing parts
        ("/pay", (), None, ""),
        ("/pay @bob", (BOB,), None, ""),
        ("/pay 5", (), euros(500), ""),
        ("/pay @bob lunch", (BOB,), None, "lunch"),
        # Several payees
        ("/pay @bob @eve 10 pizza", (BOB, EVE), euros(1000), "pizza"),
        ("/pay 10 @bob pizza @eve", (BOB, EVE), euros(1000), "pizza"),
        ("/pay @bob @bob 10", (BOB,), euros(1000), ""),
        # Spellings
        ("/pay 12,50 € @bob", (BOB,), euros(1250), ""),
        ("/pay ₹500 @bob", (BOB,), Money(50000, "INR"), ""),
        ("/pay ₹ 500 @bob", (BOB,), Money(50000, "INR"), ""),
        ("/pay ١٢٫٥ @bob", (BOB,), euros(1250), ""),
        ("/pay ৫০ @bob", (BOB,), euros(5000), ""),
        ("/pay R$ 20 @bob café", (BOB,), Money(2000, "BRL"), "café"),
        ("/pay R$ 1.234,56 @bob", (BOB,), Money(123456, "BRL"), ""),
        ("/pay Rp10.000 @bob", (BOB,), Money(1000000, "IDR"), ""),
        ("/pay @bob 20 usd tickets", (BOB,), Money(2000, "USD"), "tickets"),
        ("/pay @bob AED 20 taxi", (BOB,), Money(2000, "AED"), "taxi"),
        ("/pay @bob د.إ 20", (BOB,), Money(2000, "AED"), ""),
        ("/pay @bob 12.50, lunch", (BOB,), euros(1250), "lunch"),
        ("/pay @bob,12", (BOB,), euros(1200), ""),
        ("/pay @bob: 12 tea", (BOB,), euros(1200), "tea"),
        ("/pay @bob lunch 12.", (BOB,), euros(1200), "lunch"),
        ("/pay @bob .50 gum", (BOB,), euros(50), "gum"),
        # Groups
        ("/pay 1 200 @bob", (BOB,), euros(120000), ""),
        ("/pay @bob 1 200", (BOB,), euros(120000), ""),
        ("/pay @bob 1 200,50", (BOB,), euros(120050), ""),
        ("/pay @bob 1 200 € rent", (BOB,), euros(120000), "rent"),
        ("/pay @bob € 1 200", (BOB,), euros(120000), ""),
        ("/pay @bob 1\u202f200 rent", (BOB,), euros(120000), "rent"),
        ("/pay @bob 1 200 g tea", (BOB,), euros(120000, 100), "g tea"),
        # Numbers in the note
        ("/pay @bob 12.50 2 pizzas", (BOB,), euros(1250), "2 pizzas"),
        ("/pay @bob €12 2 pizzas", (BOB,), euros(1200), "2 pizzas"),
        ("/pay @bob 12 € 2 pizzas", (BOB,), euros(1200), "2 pizzas"),
        ("/pay @bob 20 for 3 pizzas", (BOB,), euros(2000), "for 3 pizzas"),
        ("/pay @bob 20 lunch at 12:30", (BOB,), euros(2000), "lunch at 12:30"),
        ("/pay 5 @bob 2 beers", (BOB,), euros(500), "2 beers"),
        ("/pay @bob 12.50 2x pizza, 1/2 each", (BOB,), euros(1250), "2x pizza, 1/2 each"),
        ("/pay @bob 2x pizza 12.50", (BOB,), euros(1250), "2x pizza"),
        # Doubt
        ("/pay @bob 12 5 lunch", (BOB,), euros(1200, 1250), "lunch"),
        ("/pay @bob 12 50", (BOB,), euros(1200, 1250), ""),
        ("/pay @bob 12 50 €", (BOB,), euros(1200, 1250), ""),
        ("/pay @bob 12 2024 dues", (BOB,), euros(1200, 202400), "dues"),
        ("/pay @bob 2 pizzas 12.50", (BOB,), euros(200, 1250), "pizzas 12.50"),
        ("/pay @bob 5 of the 10 € left", (BOB,), euros(500, 1000), "of the 10 € left"),
        ("/pay 5 @bob 10", (BOB,), euros(500, 1000), "10"),
        ("/pay @bob 1.230 rent", (BOB,), euros(123000, 123), "rent"),
        ("/pay @bob 1.234 rent", (BOB,), Doubt((Money(123400, "EUR"),)), "rent"),
        ("/pay @bob 1.234 €", (BOB,), Doubt((Money(123400, "EUR"),)), ""),
        ("/pay @bob €5 $6", (BOB,), FIVE_OR_SIX, ""),
        ("/pay @bob 5 € 6 USD tea", (BOB,), FIVE_OR_SIX, "tea"),
        ("/pay €5 @bob for a $6 ticket", (BOB,), FIVE_OR_SIX, "for a $6 ticket"),
        ("/pay 5.00 @bob $6", (BOB,), FIVE_OR_SIX, "$6"),
        ("/pay @bob €5 of €6", (BOB,), euros(500), "of €6"),
        ("/pay @bob $6 for 2", (BOB,), Money(600, "USD"), "for 2"),
        # Refused
        ("/pay @bob 0", (BOB,), Unreadable(Reason.ZERO), ""),
        ("/pay @bob -5 tea", (BOB,), Unreadable(Reason.NEGATIVE), "tea"),
        ("/pay @bob 1.2345", (BOB,), Unreadable(Reason.TOO_MANY_DECIMALS), ""),
        ("/pay @bob 12 CHF", (BOB,), Unreadable(Reason.UNKNOWN_CURRENCY), ""),
        ("/pay @bob ¥ 500", (BOB,), Unreadable(Reason.UNKNOWN_CURRENCY), ""),
        ("/pay @bob 1..2", (BOB,), Unreadable(Reason.NOT_A_NUMBER), ""),
        ("/pay @bob 1e3", (BOB,), Unreadable(Reason.NOT_A_NUMBER), "1e3"),
        ("/pay @bob ½", (BOB,), Unreadable(Reason.NOT_A_NUMBER), "½"),
        ("/pay @bob 10000000000000", (BOB,), Unreadable(Reason.TOO_LARGE), ""),
    ],
)
def test_a_command_is_read(text, payees, amount, note):
    """Each spelling gives exactly these payees, this amount and this note."""
    assert parts(text) == Parts(payees, amount, note)


@pytest.mark.parametrize(
    ("text", "phone", "amount", "note", "locale"),
    [
        ("/pay +55 11 91234-5678 20", "+5511912345678", euros(2000), "", "en"),
        ("/pay 20 +55 11 91234-5678 lunch", "+5511912345678", euros(2000), "lunch", "en"),
        ("/pay +12025550143 5 tea", "+12025550143", euros(500), "tea", "en"),
        ("/pay +1 (202) 555-0143 5", "+12025550143", euros(500), "", "en"),
        ("/pay +91 98765 43210 ₹500", "+919876543210", Money(50000, "INR"), "", "hi"),
        ("/pay +880 1712-345678 1 200", "+8801712345678", euros(120000), "", "bn"),
        ("/pay +971501234567, 12.50", "+971501234567", euros(1250), "", "ar"),
        ("/pay 01712345678 50", "+8801712345678", euros(5000), "", "bn_BD"),
        ("/pay 20 € +49 30 123456 20", "+493012345620", euros(2000), "", "de"),
    ],
)
def test_a_phone_number_names_a_payee(text, phone, amount, note, locale):
    """International numbers in every language, national ones where the territory is known."""
    assert parts(text, locale=locale) == Parts((PayeeByPhone(phone),), amount, note)


def test_a_national_number_needs_a_territory():
    """Without a country nobody is named, and the digits are no amount either."""
    assert parts("/pay 01712345678", locale="bn") == Parts((), Unreadable(Reason.NOT_A_NUMBER), "")


def test_a_phone_number_without_a_certain_end_names_nobody():
    """The last group may be the amount or part of the number: both are asked for."""
    assert parts("/pay +49 30 123456 20", locale="de") == Parts((), None, "")


def test_a_phone_number_stays_out_of_repr():
    """What is logged of a payee does not hold the number."""
    assert repr(PayeeByPhone("+12025550143")) == "PayeeByPhone()"


def test_a_reply_names_its_author_when_nobody_else_is_named():
    """A reply with an amount pays whoever wrote the message."""
    author = User(7, "Ann", is_bot=False, last_name="Lee", username="ann_lee")
    ann = PayeeById(7, "Ann Lee", "ann_lee", is_bot=False)
    assert parts("/pay 5", reply_to=author) == Parts((ann,), euros(500), "")
    assert parts("/pay 5 @bob", reply_to=author) == Parts((BOB,), euros(500), "")


def test_the_bot_itself_is_told_from_nobody():
    """Its own @name is no payee; that it alone is named is kept, and a reply comes first."""
    bob = User(8, "Bob", is_bot=False)
    assert parts("/pay @OurBot 5") == Parts((), euros(500), "", names_bot=True)
    assert parts("/pay @ourbot 5", reply_to=bob) == Parts((PayeeById(8, "Bob"),), euros(500), "")
    assert parts("/pay @ourbot @bob 5") == Parts((BOB,), euros(500), "")


def test_a_name_without_username_is_a_payee_by_its_id():
    """A text mention gives the numeric id; its words are not part of the note."""
    text = "/pay 🎉Ann Lee🎉 5 cake 🎂"
    ann = User(7, "Ann", is_bot=False)
    entities = [
        MessageEntity(MessageEntity.BOT_COMMAND, 0, 4),
        MessageEntity(MessageEntity.TEXT_MENTION, 5, utf16("🎉Ann Lee🎉"), user=ann),
    ]
    assert parts(text, entities=entities) == Parts((PayeeById(7, "Ann"),), euros(500), "cake 🎂")


def test_offsets_count_utf16_units():
    """An emoji before a mention counts as two units and shifts nothing."""
    assert parts("/pay 🍕🍕 @bob 5 🎉") == Parts((BOB,), euros(500), "🍕🍕 🎉")


def test_a_bot_that_is_replied_to_is_marked_as_one():
    """Who asks can refuse to pay a bot."""
    bot = User(9, "Robo", is_bot=True)
    assert parts("/pay 5", reply_to=bot).payees == (PayeeById(9, "Robo", is_bot=True),)


def test_entities_of_other_kinds_change_nothing():
    """Bold text, links and what Telegram takes for a phone number are words."""
    text = "/pay @bob 12.50 lunch"
    extra = [
        MessageEntity(MessageEntity.BOLD, 5, 10),
        MessageEntity(MessageEntity.PHONE_NUMBER, 10, 5),
    ]
    expected = Parts((BOB,), euros(1250), "lunch")
    assert parts(text, entities=[*marked_by_telegram(text), *extra]) == expected


@pytest.mark.parametrize(
    ("written", "note"),
    [
        ("  two   words \n\t lines ", "two words lines"),
        ("abc\u202edef\u202c", "abcdef"),
        ("a\u2066b\u2069\u200fc", "abc"),
        ("nul\x00bell\x07", "nulbell"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("\u200b \u200b", ""),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d🍳 soup", "👩\u200d🍳 soup"),
        ("no\u00a0break", "no break"),
    ],
)
def test_a_note_is_one_clean_line(written, note):
    """Controls and direction overrides go; joiners that letters and emoji need stay."""
    assert clean_line(written) == note


def test_a_long_note_is_kept_whole():
    """Nothing is cut here: the rules say how long is too long."""
    assert parts("/pay @bob 5 " + "x" * 500).note == "x" * 500


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text):
    """Any text after a command is read to some parts."""
    assert isinstance(parts(f"/pay {text}"), Parts)
