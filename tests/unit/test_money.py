"""What an amount is, how it is written in each language, and how people's spellings are read."""

import pytest
from babel.core import get_global
from hypothesis import given
from hypothesis import strategies as st

from payments.money import (
    MAX_MINOR,
    Doubt,
    Money,
    Reason,
    Unreadable,
    decimal_places,
    format_money,
    format_plain,
    is_currency,
    parse_amount,
)

CURRENCIES = ("EUR", "USD", "GBP", "INR", "BRL", "IDR", "BDT", "AED")
LOCALES = ("en", "de", "fr", "pt_BR", "hi", "bn", "ar", "id")


def read(text, *, default="EUR", currencies=CURRENCIES, locale="en"):
    return parse_amount(text, default=default, currencies=currencies, locale=locale)


# --- The value -----------------------------------------------------------------------------------


def test_amounts_of_one_currency_add_subtract_and_compare():
    """Arithmetic is exact integer arithmetic in minor units."""
    assert Money(10, "EUR") + Money(20, "EUR") == Money(30, "EUR")
    assert Money(10, "EUR") - Money(20, "EUR") == -Money(10, "EUR")
    assert Money(10, "EUR") < Money(20, "EUR")
    assert Money(20, "EUR") >= Money(20, "EUR")
    assert max(Money(5, "EUR"), Money(7, "EUR")) == Money(7, "EUR")


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__", "__le__"])
def test_currencies_never_mix(operation):
    """Any operation between two currencies is refused."""
    with pytest.raises(ValueError, match="EUR and USD do not mix"):
        getattr(Money(1, "EUR"), operation)(Money(1, "USD"))


@pytest.mark.parametrize("minor", [1.0, True, "1", None])
def test_minor_units_are_integers_only(minor):
    """Floats, booleans and text are no amounts."""
    with pytest.raises(TypeError, match="minor units are an int"):
        Money(minor, "EUR")


@pytest.mark.parametrize("currency", ["eur", "EURO", "", "ZZZ", "€"])
def test_a_currency_is_an_iso_code(currency):
    """Anything but an ISO 4217 code in capitals is refused."""
    with pytest.raises(ValueError, match="not an ISO 4217 currency code"):
        Money(1, currency)


@pytest.mark.parametrize(
    ("currency", "places"),
    [("EUR", 2), ("IDR", 2), ("HUF", 2), ("JPY", 0), ("KRW", 0), ("BHD", 3), ("IQD", 3)],
)
def test_the_scale_is_that_of_iso_4217(currency, places):
    """Decimal places are ISO 4217's minor unit, also where CLDR shows fewer."""
    assert decimal_places(currency) == places


def test_the_scale_of_the_usual_currencies_agrees_with_cldr():
    """For every default currency ISO 4217 and CLDR name the same number of decimals."""
    fractions = get_global("currency_fractions")
    shown = {code: fractions.get(code, fractions["DEFAULT"])[0] for code in CURRENCIES}
    assert shown == {code: decimal_places(code) for code in CURRENCIES}


def test_splitting_loses_no_minor_unit():
    """Shares differ by at most one minor unit, larger ones first."""
    assert Money(1000, "EUR").split(3) == (
        Money(334, "EUR"),
        Money(333, "EUR"),
        Money(333, "EUR"),
    )


@given(st.integers(-MAX_MINOR, MAX_MINOR), st.integers(1, 50))
def test_shares_always_sum_to_the_whole(minor, ways):
    """The shares of any amount add up to it exactly."""
    shares = Money(minor, "EUR").split(ways)
    assert sum(share.minor for share in shares) == minor


def test_an_amount_is_not_split_zero_ways():
    """Splitting among nobody is refused."""
    with pytest.raises(ValueError, match="at least one way"):
        Money(1, "EUR").split(0)


# --- Writing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("money", "plain"),
    [
        (Money(1250, "EUR"), "12.50"),
        (Money(-5, "EUR"), "-0.05"),
        (Money(0, "EUR"), "0.00"),
        (Money(1200, "JPY"), "1200"),
        (Money(1234567, "BHD"), "1234.567"),
        (Money(MAX_MINOR, "USD"), "10000000000.00"),
    ],
)
def test_the_plain_form_is_the_same_everywhere(money, plain):
    """Files and logs get a bare number with a dot and every decimal."""
    assert format_plain(money) == plain
    assert str(money) == f"{plain} {money.currency}"


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "written"),
    [
        (123450, "EUR", "en", "€1,234.50"),
        (123450, "EUR", "de", "1.234,50\u00a0€"),
        (123450, "USD", "fr", "1\u202f234,50\u00a0$US"),
        (2000, "BRL", "pt_BR", "R$\u00a020,00"),
        (10000000, "INR", "hi", "₹1,00,000.00"),
        (5000, "BDT", "bn", "50.00৳"),
        (2000, "AED", "ar", "\u200f20.00\u00a0د.إ.\u200f"),
        (1000000, "IDR", "id", "Rp\u00a010.000,00"),
        (2000, "AED", "en", "AED\u00a020.00"),
        (1234567, "BHD", "en", "BHD\u00a01,234.567"),
        (5, "RSD", "en", "RSD\u00a00.05"),
        (1200, "JPY", "en", "¥1,200"),
        (-123450, "EUR", "en", "-€1,234.50"),
    ],
)
def test_amounts_are_written_as_cldr_writes_them(minor, currency, locale, written):
    """Marks, groups and spaces are the language's; decimals are the scale's, all of them."""
    assert format_money(Money(minor, currency), locale) == written


# --- Reading -------------------------------------------------------------------------------------

CERTAIN = [
    # text, minor, currency, locale, default
    ("12,50", 1250, "EUR", "de", "EUR"),
    ("12.50", 1250, "EUR", "de", "EUR"),
    ("12.5", 1250, "USD", "en", "USD"),
    ("12", 1200, "GBP", "en", "GBP"),
    ("  12 ", 1200, "GBP", "en", "GBP"),
    (".50", 50, "USD", "en", "USD"),
    (",5", 50, "EUR", "fr", "EUR"),
    ("0,05", 5, "EUR", "fr", "EUR"),
    ("1 200,50", 120050, "EUR", "fr", "EUR"),
    ("1 200.50", 120050, "EUR", "fr", "EUR"),
    ("1\u00a0200,50", 120050, "EUR", "fr", "EUR"),
    ("1\u202f200,50", 120050, "EUR", "fr", "EUR"),
    ("1\u2009200,50", 120050, "EUR", "fr", "EUR"),
    ("1 200", 120000, "EUR", "fr", "EUR"),
    ("1 234 567", 123456700, "EUR", "fr", "EUR"),
    ("1.234,56", 123456, "EUR", "en", "EUR"),
    ("1,234.56", 123456, "EUR", "de", "EUR"),
    ("1,234.5", 123450, "EUR", "en", "EUR"),
    ("1,234,567", 123456700, "USD", "en", "USD"),
    ("1.234.567", 123456700, "BRL", "pt_BR", "BRL"),
    ("1'234.50", 123450, "EUR", "de", "EUR"),
    ("1’234.50", 123450, "EUR", "de", "EUR"),
    ("1'234", 123400, "EUR", "de", "EUR"),
    ("12.-", 1200, "EUR", "de", "EUR"),
    ("12,-", 1200, "EUR", "de", "EUR"),
    ("12,– €", 1200, "EUR", "de", "USD"),
    ("12,-€", 1200, "EUR", "de", "USD"),
    ("12.--", 1200, "EUR", "de", "EUR"),
    ("€12", 1200, "EUR", "en", "USD"),
    ("€ 12", 1200, "EUR", "en", "USD"),
    ("12 €", 1200, "EUR", "de", "USD"),
    ("12€", 1200, "EUR", "fr", "USD"),
    ("12,50 €", 1250, "EUR", "de", "USD"),
    ("5 euros", 500, "EUR", "en", "USD"),
    ("5 Euro", 500, "EUR", "de", "USD"),
    ("$12", 1200, "USD", "en", "EUR"),
    ("12$", 1200, "USD", "fr", "EUR"),
    ("$.50", 50, "USD", "en", "EUR"),
    ("＄１２．５０", 1250, "USD", "en", "EUR"),
    ("12.5 USD", 1250, "USD", "en", "EUR"),
    ("USD12.5", 1250, "USD", "en", "EUR"),
    ("usd 12.5", 1250, "USD", "en", "EUR"),
    ("12,5usd", 1250, "USD", "de", "EUR"),
    ("US$ 12,50", 1250, "USD", "pt_BR", "BRL"),
    ("12,50 $US", 1250, "USD", "fr", "EUR"),
    ("$12 USD", 1200, "USD", "en", "EUR"),
    ("£5", 500, "GBP", "en", "EUR"),
    ("5,00 £GB", 500, "GBP", "fr", "EUR"),
    ("UK£ 5", 500, "GBP", "ar", "AED"),
    ("R$ 20", 2000, "BRL", "pt_BR", "EUR"),
    ("R$20,00", 2000, "BRL", "en", "EUR"),
    ("r$ 1.234,56", 123456, "BRL", "pt_BR", "EUR"),
    ("₹1,00,000", 10000000, "INR", "hi", "EUR"),
    ("₹12,34,567.50", 123456750, "INR", "en", "EUR"),
    ("1,00,000", 10000000, "INR", "en", "INR"),
    ("Rs.500", 50000, "INR", "en", "EUR"),
    ("Rs 500", 50000, "INR", "hi", "EUR"),
    ("₹ १२.५०", 1250, "INR", "hi", "EUR"),
    ("१,००,०००", 10000000, "INR", "hi", "INR"),
    ("Rp10.000", 1000000, "IDR", "id", "EUR"),
    ("Rp 10.000", 1000000, "IDR", "id", "EUR"),
    ("Rp.10.000", 1000000, "IDR", "id", "EUR"),
    ("rp10,000", 1000000, "IDR", "en", "EUR"),
    ("10.000", 1000000, "IDR", "id", "IDR"),
    ("1.250.000", 125000000, "IDR", "id", "IDR"),
    ("Rp10.000,00", 1000000, "IDR", "id", "EUR"),
    ("IDR 10.000,50", 1000050, "IDR", "en", "EUR"),
    ("৳50", 5000, "BDT", "bn", "EUR"),
    ("৳৫০", 5000, "BDT", "bn", "EUR"),
    ("৫০", 5000, "BDT", "bn", "BDT"),
    ("৫০ ৳", 5000, "BDT", "en", "EUR"),
    ("১,০০,০০০.৫", 10000050, "BDT", "bn", "BDT"),
    ("Tk 50", 5000, "BDT", "en", "EUR"),
    ("50 Tk.", 5000, "BDT", "en", "EUR"),
    ("د.إ 20", 2000, "AED", "ar", "EUR"),
    ("20 د.إ.", 2000, "AED", "en", "EUR"),
    ("\u200f20.00\u00a0د.إ.\u200f", 2000, "AED", "ar", "EUR"),
    ("AED 20", 2000, "AED", "ar", "EUR"),
    ("20 Dhs", 2000, "AED", "en", "EUR"),
    ("١٢٫٥", 1250, "AED", "ar", "AED"),
    ("١٬٢٣٤٫٥", 123450, "AED", "ar", "AED"),
    ("١٬٢٣٤", 123400, "AED", "ar", "AED"),
    ("١٢،٥", 1250, "AED", "ar", "AED"),
    ("۱۲٫۵۰", 1250, "EUR", "en", "EUR"),
    ("１２，５０", 1250, "EUR", "en", "EUR"),
    ("\u061c١٢\u200e", 1200, "AED", "ar", "AED"),
    ("10000000000", MAX_MINOR, "EUR", "en", "EUR"),
    ("0.01", 1, "EUR", "en", "EUR"),
]


@pytest.mark.parametrize(("text", "minor", "currency", "locale", "default"), CERTAIN)
def test_a_usual_spelling_is_read_exactly(text, minor, currency, locale, default):
    """Every usual spelling of every script gives exactly one amount."""
    assert read(text, locale=locale, default=default) == Money(minor, currency)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    ("text", "minors"),
    [
        ("1.234", (123400,)),
        ("1,234", (123400,)),
        ("12.505", (1250500,)),
        ("12,500", (1250000, 1250)),
        ("12.500", (1250000, 1250)),
        ("999.999", (99999900,)),
        ("١,٢٣٤", (123400,)),
        ("١,٢٣٠", (123000, 123)),
    ],
)
def test_three_digits_after_one_mark_are_doubtful_in_every_language(text, minors, locale):
    """Thousands or decimals: it is asked, and only what can be paid exactly is offered."""
    expected = Doubt(tuple(Money(minor, "EUR") for minor in minors))
    assert read(text, locale=locale) == expected


def test_a_three_decimal_currency_doubts_between_thousands_and_thousandths():
    """In dinars of 1000 fils both readings are exact."""
    assert read("1.234", default="BHD", currencies=("BHD",)) == Doubt(
        (Money(1234000, "BHD"), Money(1234, "BHD"))
    )


@pytest.mark.parametrize("text", ["1.234", "1,234", "¥1,234", "1 234"])
def test_a_currency_without_decimals_has_only_thousands(text):
    """Where there are no decimals, a mark before three digits groups."""
    assert read(text, default="JPY", currencies=("JPY",)) == Money(1234, "JPY")


def test_a_symbol_shared_by_currencies_is_doubtful_default_first():
    """A dollar sign is asked about when several dollars are on offer."""
    dollars = ("AUD", "USD")
    assert read("$12", currencies=dollars, default="USD") == Doubt(
        (Money(1200, "USD"), Money(1200, "AUD"))
    )
    assert read("$12 AUD", currencies=dollars, default="USD") == Money(1200, "AUD")
    assert read("US$12", currencies=dollars, default="AUD", locale="pt_BR") == Money(1200, "USD")


def test_a_shared_symbol_and_a_doubtful_number_give_every_reading():
    """Doubts multiply: two dollars times two numbers."""
    reading = read("$1.230", currencies=("USD", "AUD"), default="USD")
    assert reading == Doubt(
        (Money(123000, "USD"), Money(123, "USD"), Money(123000, "AUD"), Money(123, "AUD"))
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.NOT_A_NUMBER),
        ("lunch", Reason.NOT_A_NUMBER),
        ("€", Reason.NOT_A_NUMBER),
        ("1e3", Reason.NOT_A_NUMBER),
        ("١e٣", Reason.NOT_A_NUMBER),
        ("0x10", Reason.NOT_A_NUMBER),
        ("1/2", Reason.NOT_A_NUMBER),
        ("½", Reason.NOT_A_NUMBER),
        ("2²", Reason.NOT_A_NUMBER),
        ("Ⅻ", Reason.NOT_A_NUMBER),
        ("1..2", Reason.NOT_A_NUMBER),
        ("12.", Reason.NOT_A_NUMBER),
        ("12,5,0", Reason.NOT_A_NUMBER),
        ("1,23,4.5", Reason.NOT_A_NUMBER),
        ("1,2345", Reason.TOO_MANY_DECIMALS),
        ("1.234.56", Reason.NOT_A_NUMBER),
        ("1 23", Reason.NOT_A_NUMBER),
        ("1 234,567.89", Reason.NOT_A_NUMBER),
        ("1'234'56", Reason.NOT_A_NUMBER),
        ("1٫2٫3", Reason.NOT_A_NUMBER),
        ("01712345678", Reason.NOT_A_NUMBER),
        ("1৪", Reason.NOT_A_NUMBER),
        ("٣४", Reason.NOT_A_NUMBER),
        ("+5", Reason.NOT_A_NUMBER),
        ("12%", Reason.NOT_A_NUMBER),
        ("10-20", Reason.NOT_A_NUMBER),
        ("covid-19", Reason.NOT_A_NUMBER),
        ("€5 USD", Reason.NOT_A_NUMBER),
        ("NaN", Reason.NOT_A_NUMBER),
        ("CHF 5", Reason.UNKNOWN_CURRENCY),
        ("5chf", Reason.UNKNOWN_CURRENCY),
        ("¥5", Reason.UNKNOWN_CURRENCY),
        ("₿1", Reason.UNKNOWN_CURRENCY),
        ("-5", Reason.NEGATIVE),
        ("−5", Reason.NEGATIVE),
        ("$-5", Reason.NEGATIVE),
        ("-$5", Reason.NEGATIVE),
        ("5-", Reason.NEGATIVE),
        ("-0", Reason.NEGATIVE),
        ("12.5050", Reason.TOO_MANY_DECIMALS),
        ("0.505", Reason.TOO_MANY_DECIMALS),
        (".505", Reason.TOO_MANY_DECIMALS),
        ("1٫234", Reason.TOO_MANY_DECIMALS),
        ("1,234.567", Reason.TOO_MANY_DECIMALS),
        ("1 234.567", Reason.TOO_MANY_DECIMALS),
        ("10000000000.01", Reason.TOO_LARGE),
        ("10000000000000", Reason.TOO_LARGE),
        ("9" * 10_000, Reason.TOO_LARGE),
        ("0", Reason.ZERO),
        ("0,00 €", Reason.ZERO),
        ("٠", Reason.ZERO),
    ],
)
def test_what_is_no_payable_amount_is_refused_with_its_reason(text, reason):
    """Refusals name one reason each."""
    assert read(text) == Unreadable(reason)


def test_decimals_of_a_currency_without_them_are_refused():
    """Half a yen cannot be paid."""
    assert read("1.5", default="JPY", currencies=("JPY",)) == Unreadable(Reason.TOO_MANY_DECIMALS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("€", True),
        ("eur", True),
        ("Rs.", True),
        ("CHF", True),
        ("C$", True),
        ("all", False),
        ("12", False),
        ("€12", False),
        ("", False),
    ],
)
def test_a_currency_mark_is_told_from_a_word(text, expected):
    """Offered currencies in any case, others only as codes in capitals."""
    assert is_currency(text, currencies=CURRENCIES, locale="en") is expected


@given(
    st.integers(1, MAX_MINOR),
    st.sampled_from((*CURRENCIES, "JPY", "BHD")),
    st.sampled_from(LOCALES),
)
def test_what_is_written_is_read_back(minor, currency, locale):
    """Every amount as it is shown in every language reads back to exactly itself."""
    money = Money(minor, currency)
    offered = (*CURRENCIES, "JPY", "BHD")
    written = format_money(money, locale)
    reading = parse_amount(written, default="EUR", currencies=offered, locale=locale)
    if isinstance(reading, Doubt):  # "1.234" of a currency with three decimals or none
        assert currency in {"BHD", "JPY"}
        assert money in reading.readings
    else:
        assert reading == money


@given(st.text(max_size=30))
def test_no_text_breaks_the_reader(text):
    """Any text gives a payable amount, a doubt with something to offer, or a reason."""
    reading = read(text)
    if isinstance(reading, Doubt):
        assert reading.readings
    elif isinstance(reading, Money):
        assert 0 < reading.minor <= MAX_MINOR
    else:
        assert isinstance(reading, Unreadable)
