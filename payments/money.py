"""Amounts of money: what one is, how it is written, and how people's writing is read.

An amount is a whole number of minor units of one ISO 4217 currency: 12.50 EUR is 1250. There is
no float anywhere, and currencies never mix.

The *scale* of a currency (how many decimal places one minor unit stands for) is the minor unit
that ISO 4217 publishes, held here as a constant. It can never change for a currency in use: the
ledger stores bare integers, so another scale would make every stored balance mean another amount.
That is why the scale does not come from CLDR, whose digits say how a currency is *shown*, differ
from ISO 4217 for some (Serbian dinar, Iraqi dinar, Albanian lek ...) and move between releases.

Reading never guesses. Text that a person may have meant in another way is a `Doubt` with every
reading that can be paid, to be asked about; text that is no amount is `Unreadable` with the
reason.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from copy import copy
from decimal import Decimal
from enum import Enum
from functools import cache, lru_cache

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.numbers import NumberPattern, get_currency_name, list_currencies
from msgspec import Struct

MAX_MINOR = 10**12
"""The largest single amount, in minor units. Sums and balances may be larger."""

_WRITTEN_KEPT = 1_024
"""A card, its keypad and its receipts write the same amounts over and over."""

_LETTER_BESIDE_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
"""Where CLDR puts a space between a currency and its figure (UTS #35, `currencySpacing`)."""

_DEFAULT_DECIMAL_PLACES = 2

_CODES_BY_DECIMAL_PLACES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
"""The currencies whose minor unit in ISO 4217 (table A.1) is not 2."""

_DECIMAL_PLACES = {
    code: places for places, codes in _CODES_BY_DECIMAL_PLACES.items() for code in codes.split()
}


@cache
def decimal_places(currency: str) -> int:
    """Return how many decimal places a minor unit of the ISO 4217 `currency` stands for.

    Raises:
        ValueError: `currency` is no ISO 4217 code in capitals.
    """
    if currency not in _iso_codes():
        raise ValueError(f"{currency!r} is not an ISO 4217 currency code")
    return _DECIMAL_PLACES.get(currency, _DEFAULT_DECIMAL_PLACES)


class Money(Struct, frozen=True):
    """An amount in whole `minor` units of one ISO 4217 `currency`: `Money(1250, "EUR")` is 12.50.

    It may be zero or negative, as balances and differences are.

    Raises:
        TypeError: `minor` is not an integer.
        ValueError: `currency` is no ISO 4217 code, or an operation mixes two currencies.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are an int, not {type(self.minor).__name__}")
        decimal_places(self.currency)

    def __str__(self) -> str:
        return f"{format_plain(self)} {self.currency}"

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same_currency(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same_currency(other).minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same_currency(other).minor

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same_currency(other).minor

    def split(self, ways: int) -> tuple[Money, ...]:
        """Share the amount as evenly as minor units allow; the larger shares come first.

        Raises:
            ValueError: `ways` is less than one.
        """
        if ways < 1:
            raise ValueError("an amount is split at least one way")
        share, remainder = divmod(self.minor, ways)
        return tuple(Money(share + (i < remainder), self.currency) for i in range(ways))

    def _same_currency(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not mix")
        return other


class Reason(Enum):
    """Why a text is not an amount that can be paid."""

    NOT_A_NUMBER = "not_a_number"
    UNKNOWN_CURRENCY = "unknown_currency"
    NEGATIVE = "negative"
    TOO_MANY_DECIMALS = "too_many_decimals"
    TOO_LARGE = "too_large"
    ZERO = "zero"


class Doubt(Struct, frozen=True):
    """A text that a person may have meant in several ways: the `readings` that can be paid.

    There is one alone where the other has more decimals than its currency.
    """

    readings: tuple[Money, ...]


class Unreadable(Struct, frozen=True):
    """A text that is not an amount that can be paid, and why."""

    reason: Reason


def format_plain(money: Money) -> str:
    """Return the bare number for files and logs, the same in every language: `-1234.50`."""
    places = decimal_places(money.currency)
    return f"{_decimal(money.minor, places):f}"


@lru_cache(_WRITTEN_KEPT)
def format_money(money: Money, locale: str) -> str:
    """Return the amount as CLDR writes it in `locale` (`pt_BR`, `de`), always with all decimals.

    The spaces are the no-break ones of CLDR. Digits are Western in every language.

    Raises:
        babel.UnknownLocaleError: there is no such locale.
    """
    places = decimal_places(money.currency)
    written: str = _currency_pattern(locale, places).apply(
        _decimal(money.minor, places),
        _locale(locale),
        currency=money.currency,
        currency_digits=False,
    )
    return _LETTER_BESIDE_DIGIT.sub("\N{NO-BREAK SPACE}", written)


def parse_amount(
    text: str, *, default: str, currencies: Collection[str], locale: str
) -> Money | Doubt | Unreadable:
    """Read an amount in any usual spelling of any script, with or without its currency.

    The rules:

    - Digits are the decimal digits of any one script; two scripts in one number are refused,
      since digits of one look like other digits of another.
    - A space, an apostrophe or `٬` groups thousands; `٫` marks decimals; of a dot and a comma in
      one number the last marks decimals. Groups are by thousands or Indian (`1,00,000`).
    - One dot or comma before exactly three digits is doubtful, whatever the locale: `12.500` was
      meant as 12 500.00 or as 12.50, and both are readings. `12.505` has the first alone, and is
      doubtful still: nobody wrote 12.50 or 12.51. Where a currency's cash has no decimals (CLDR:
      rupiah, yen ...) nobody writes the second, and `Rp10.000` is ten thousand.
    - A symbol that several of `currencies` share (`$`) is doubtful between them.

    Args:
        text: What the person wrote, the amount alone.
        default: The currency of a number that names none, one of `currencies`.
        currencies: The ISO 4217 codes that may be paid in.
        locale: The person's language, for how it writes foreign symbols (`$US`); decimal marks
            are not taken from it.

    Raises:
        babel.UnknownLocaleError: there is no such locale.
    """
    written = _normalised(text)
    shape = _AMOUNT.fullmatch(written) if written is not None else None
    if shape is None:
        return Unreadable(Reason.NOT_A_NUMBER)
    before, number, after = shape["before"].strip(), shape["number"], shape["after"].strip()
    if number.startswith(".") and _is_abbreviation(before):
        number = number[1:]
    marks = (before.strip("- "), after.strip("- "))
    meant = _currencies_meant(marks, default=default, currencies=currencies, locale=locale)
    if isinstance(meant, Reason):
        return Unreadable(meant)
    if "-" in before or "-" in after:
        return Unreadable(Reason.NEGATIVE)
    return _in_currencies(number, meant)


def is_currency(text: str, *, currencies: Collection[str], locale: str) -> bool:
    """Say whether `text` by itself is the code, symbol or name of a currency.

    One of `currencies` is recognised in any case (`eur`), any other only by a currency sign or
    as a code in capitals (`CHF`), since many codes are words too (`all`, `try`, `top`).
    """
    mark = _normalised(text)
    if mark is None or any(character.isdecimal() for character in mark):
        return False
    known = _mark_key(mark) in _marks(tuple(currencies), locale)
    return known or mark in _iso_codes() or _has_sign(mark)


# --- Writing -------------------------------------------------------------------------------------


def _decimal(minor: int, places: int) -> Decimal:
    digits = tuple(int(digit) for digit in str(abs(minor)))
    return Decimal((int(minor < 0), digits, -places))


@lru_cache
def _locale(locale: str) -> Locale:
    return Locale.parse(locale)


@lru_cache
def _currency_pattern(locale: str, places: int) -> NumberPattern:
    """Return CLDR's currency pattern of `locale`, made to write `places` decimals."""
    pattern: NumberPattern = copy(_locale(locale).currency_formats["standard"])
    pattern.frac_prec = (places, places)
    return pattern


# --- Reading: characters ------------------------------------------------------------------------

_CHARACTERS = {
    **dict.fromkeys("’‘ʼ＇´`٬", "'"),
    **dict.fromkeys("−–—‐‑‒﹣－", "-"),
    **dict.fromkeys("،，", ","),
    "．": ".",
    "＄": "$",
    "￡": "£",
    "￥": "¥",
}
"""Characters that stand for another one in an amount."""

_AMOUNT = re.compile(
    r"(?P<before>\D*?) ?"
    r"(?P<number>[.,٫]?[0-9](?:[0-9.,٫' ]*[0-9])?)"
    r"(?:[.,]--?)?"  # "12,-" and "12.--": no cents, as prices are written
    r" ?(?P<after>\D*)",
    re.ASCII,
)

_WHOLE = re.compile(
    r"0|[1-9]\d*"
    r"|[1-9]\d{0,2}(?:([ '.,])\d{3})(?:\1\d{3})*"  # 1,234,567
    r"|[1-9]\d?(?:([ '.,])\d{2})(?:\2\d{2})*\2\d{3}",  # 12,34,567 as in India
    re.ASCII,
)

_NOT_DIGITS = re.compile(r"\D", re.ASCII)


def _normalised(text: str) -> str | None:
    """Return `text` with Western digits, plain spaces and no invisible marks.

    None when its digits are of more than one script.
    """
    if text.isascii():
        return " ".join(text.split())
    zeros = set()
    characters = []
    for character in text:
        if character.isdecimal():
            value = unicodedata.decimal(character)
            zeros.add(ord(character) - value)
            characters.append(str(value))
        elif unicodedata.category(character) != "Cf":
            characters.append(_CHARACTERS.get(character, character))
    if len(zeros) > 1:
        return None
    return " ".join("".join(characters).split())


# --- Reading: the number ------------------------------------------------------------------------


def _in_currencies(number: str, currencies: tuple[str, ...]) -> Money | Doubt | Unreadable:
    """Read `number` in each of `currencies`; a doubt unless one reading is all it may mean."""
    readings: list[Money] = []
    reasons: list[Reason] = []
    for currency in currencies:
        amounts = _minor_readings(number, currency)
        if isinstance(amounts, Reason):
            reasons.append(amounts)
        else:
            readings += [Money(minor, currency) for minor in amounts]
    if not readings:
        return Unreadable(reasons[0])
    if len(readings) == 1 and not _may_group_or_mark(number, readings[0].currency):
        return readings[0]
    return Doubt(tuple(readings))


def _minor_readings(number: str, currency: str) -> tuple[int, ...] | Reason:
    """Return every amount in minor units that `number` may mean in `currency`."""
    places = decimal_places(currency)
    whole = _whole_digits(number)
    parts = _decimal_parts(number)
    if _may_group_or_mark(number, currency) and whole is not None and parts is not None:
        exact = not parts[1][places:].strip("0")
        decimals = [parts[0] + parts[1][:places].ljust(places, "0")] if exact else []
        return _payable(whole + "0" * places, *decimals)
    if whole is not None:
        return _payable(whole + "0" * places)
    if parts is None:
        return Reason.NOT_A_NUMBER
    if len(parts[1]) > places:
        return Reason.TOO_MANY_DECIMALS
    return _payable(parts[0] + parts[1].ljust(places, "0"))


def _may_group_or_mark(number: str, currency: str) -> bool:
    """Say whether the dot or comma of `number` groups thousands or marks decimals: `1.234`."""
    is_either = _whole_digits(number) is not None and _decimal_parts(number) is not None
    return is_either and _has_coins(currency)


def _payable(*digits: str) -> tuple[int, ...] | Reason:
    """Turn strings of minor-unit digits into amounts between 1 and `MAX_MINOR`."""
    longest = len(str(MAX_MINOR))
    if any(len(text.lstrip("0")) > longest or int(text) > MAX_MINOR for text in digits):
        return Reason.TOO_LARGE
    amounts = tuple(int(text) for text in digits)
    return amounts if all(amounts) else Reason.ZERO


def _whole_digits(number: str) -> str | None:
    """Return the digits of a whole number, grouped or not, or None when it is none."""
    return _NOT_DIGITS.sub("", number) if _WHOLE.fullmatch(number) else None


def _decimal_parts(number: str) -> tuple[str, str] | None:
    """Return the digits before and after the decimal mark, or None when there is no mark."""
    at = max(number.rfind(mark) for mark in ".,٫")
    if at < 0:
        return None
    mark, before, after = number[at], number[:at], number[at + 1 :]
    if mark in before or not after.isdecimal():
        return None
    whole = _whole_digits(before or "0")
    return None if whole is None else (whole, after)


@lru_cache
def _has_coins(currency: str) -> bool:
    """Say whether anyone writes decimals in this currency, after CLDR's digits for cash."""
    fractions: Mapping[str, tuple[int, int, int, int]] = get_global("currency_fractions")
    _digits, _rounding, cash_digits, _cash_rounding = fractions.get(currency, fractions["DEFAULT"])
    return decimal_places(currency) > 0 and cash_digits > 0


# --- Reading: the currency ----------------------------------------------------------------------

_EVERYDAY_MARKS = (("Rs", "INR"), ("Tk", "BDT"), ("Dh", "AED"), ("Dhs", "AED"), ("RM", "MYR"))
"""Marks in everyday use that CLDR does not list."""


def _currencies_meant(
    written: tuple[str, str], *, default: str, currencies: Collection[str], locale: str
) -> tuple[str, ...] | Reason:
    """Return the currencies that both marks of an amount allow, the default one first."""
    known = _marks(tuple(currencies), locale)
    meant: tuple[str, ...] | None = None
    for mark in filter(None, written):
        allowed = known.get(_mark_key(mark))
        if allowed is None:
            return Reason.UNKNOWN_CURRENCY if _is_foreign(mark) else Reason.NOT_A_NUMBER
        meant = allowed if meant is None else tuple(c for c in meant if c in allowed)
    if meant is None:
        return (default,)
    if not meant:
        return Reason.NOT_A_NUMBER
    return tuple(sorted(meant, key=lambda currency: currency != default))


def _is_abbreviation(mark: str) -> bool:
    """Say whether a dot after `mark` belongs to it (`Rp.10`), not to the number (`$.50`)."""
    return mark[-1:].isalpha() and mark.upper() not in _iso_codes()


def _is_foreign(mark: str) -> bool:
    return mark.upper() in _iso_codes() or _has_sign(mark)


def _has_sign(mark: str) -> bool:
    return any(unicodedata.category(character) == "Sc" for character in mark)


def _mark_key(mark: str) -> str:
    return mark.casefold().removesuffix(".")


@lru_cache
def _iso_codes() -> frozenset[str]:
    return frozenset(list_currencies())


@lru_cache
def _marks(currencies: tuple[str, ...], locale: str) -> dict[str, tuple[str, ...]]:
    """Map every code, symbol and name to the ones of `currencies` that it may mean.

    Symbols are those of English, of the person's language and of the currency's home, which the
    first two letters of an ISO 4217 code name: `$` is Australian in `en_AU`.
    """
    marks: dict[str, dict[str, None]] = {}
    for currency in currencies:
        for mark in _marks_of(currency, locale):
            marks.setdefault(_mark_key(mark), {})[currency] = None
    return {mark: tuple(meant) for mark, meant in marks.items()}


def _marks_of(currency: str, locale: str) -> list[str]:
    marks = [currency]
    marks += [mark for mark, meant in _EVERYDAY_MARKS if meant == currency]
    for spoken in (_locale("en"), _locale(locale), _home(currency)):
        if spoken is None:
            continue
        symbol = spoken.currency_symbols.get(currency)
        names = [get_currency_name(currency, count, locale=spoken) for count in (1, 2)]
        marks += filter(None, map(_normalised, filter(None, [symbol, *names])))
    return marks


@lru_cache
def _home(currency: str) -> Locale | None:
    try:
        return Locale.parse(f"und_{currency[:2]}")
    except UnknownLocaleError:  # EUR and the X.. codes have no home country
        return None
