"""Reads the parts of a command: whom to pay, how much, and what for, in any order.

`/pay @bob 12.50 lunch`, `/pay 12,50 € @bob` and a reply with `/pay 5` all come out as the same
kind of `Parts`. Nothing is looked up here and nothing is guessed: a part that is missing comes
back empty, and an amount that could be meant in two ways comes back as a `Doubt`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from babel import Locale
from telegram import MessageEntity, User

from payments.money import Doubt, Money, Reason, Unreadable, is_currency, parse_amount
from payments.names import clean_line
from payments.proofs import e164


@dataclass(frozen=True, slots=True)
class PayeeById:
    """A person known by their numeric Telegram id: a reply or a mention of someone's name."""

    user_id: int
    name: str
    username: str | None = None
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class PayeeByUsername:
    """A person named by @username, here without the @ and in their spelling of it."""

    username: str


@dataclass(frozen=True, slots=True)
class PayeeByPhone:
    """A person named by phone number, in E.164 (`+5511912345678`); kept out of `repr`."""

    phone: str = field(repr=False)


Payee = PayeeById | PayeeByUsername | PayeeByPhone

Amount = Money | Doubt | Unreadable


@dataclass(frozen=True, slots=True)
class Parts:
    """What a command says: `payees` in the order named, the `amount` if any, and the `note`."""

    payees: tuple[Payee, ...]
    amount: Amount | None
    note: str
    """One clean line of any length: how long a note may be is for the rules to say."""
    names_bot: bool = False
    """Whether nobody is named but the bot, by its own @name."""


def read_parts(
    text: str,
    entities: Sequence[MessageEntity],
    *,
    reply_to_user: User | None,
    bot_username: str,
    default_currency: str,
    currencies: Collection[str],
    locale: str,
) -> Parts:
    """Read the arguments of `/pay`, `/request` and `/link`.

    The rules, beyond those of `payments.money.parse_amount`:

    - Payees are mentions, named people and phone numbers; the author of the message replied to
      counts only when nobody is named. The bot's own @name is none of them.
    - The first number is the amount, together with a currency beside it. The rest is the note.
    - Numbers separated by a space are one amount when they are written as groups and nothing
      but a payee, a currency or the end follows (`1 200 @bob`).
    - A bare whole number is doubtful when another number follows it (`12 5 lunch`: 12.00 or
      12.50), when a later number has decimals or a currency (`2 pizzas 12.50`), or when a
      number is all that would be left for the note. With decimals or a currency of its own the
      first number stands (`12.50 2 pizzas`), unless a later one names another currency (`€5 $6`).

    Args:
        text: The whole message text, command included.
        entities: Telegram's entities of that text; their offsets count UTF-16 code units.
        reply_to_user: The author of the message that this one replies to.
        bot_username: The bot's own username, without @.
        default_currency: The currency of a number that names none.
        currencies: The ISO 4217 codes that may be paid in.
        locale: The person's language; with a territory (`pt_BR`), phone numbers with a leading
            zero are read as numbers of that country.
    """
    found = _pieces(text, entities)
    pieces = [piece for piece in found if not _is_called(piece, bot_username)]
    names_bot = len(pieces) < len(found)
    pieces = _read_phones(pieces, region=Locale.parse(locale).territory)
    payees = tuple(dict.fromkeys(piece for piece in pieces if not isinstance(piece, str)))
    if not payees and reply_to_user is not None:
        payees = (_person(reply_to_user),)
    reader = _AmountReader(pieces, default=default_currency, currencies=currencies, locale=locale)
    amount, used = reader.find()
    words = [piece for i, piece in enumerate(pieces) if isinstance(piece, str) and i not in used]
    note = clean_line(" ".join(words))
    return Parts(payees, amount, note, names_bot=names_bot and not payees)


# --- Payees --------------------------------------------------------------------------------------

Piece = str | Payee

_SPACE = re.compile("[ \t\r\n\v\f]+")
"""What separates words. The no-break spaces do not: they group digits."""


def _pieces(text: str, entities: Iterable[MessageEntity]) -> list[Piece]:
    """Cut the text into words and the payees that Telegram marked, leaving the command out."""
    units = text.encode("utf-16-le", "surrogatepass")
    pieces: list[Piece] = []
    done = 0
    for entity in sorted(entities, key=lambda entity: entity.offset):
        start, end = 2 * entity.offset, 2 * (entity.offset + entity.length)
        marked = units[start:end].decode("utf-16-le", "replace")
        if start < done or not _is_part(entity):
            continue
        pieces += _words(units[done:start], after_payee=bool(pieces))
        done = end
        if entity.type == MessageEntity.TEXT_MENTION and entity.user is not None:
            pieces.append(_person(entity.user))
        elif entity.type == MessageEntity.MENTION:
            pieces.append(PayeeByUsername(marked[1:]))
    return pieces + _words(units[done:], after_payee=bool(pieces))


def _is_called(piece: Piece, username: str) -> bool:
    return isinstance(piece, PayeeByUsername) and piece.username.casefold() == username.casefold()


def _is_part(entity: MessageEntity) -> bool:
    if entity.type == MessageEntity.BOT_COMMAND:
        return entity.offset == 0
    return entity.type in {MessageEntity.MENTION, MessageEntity.TEXT_MENTION}


def _words(units: bytes, *, after_payee: bool) -> list[Piece]:
    text = units.decode("utf-16-le", "replace")
    if after_payee:  # "@bob,12" and "@bob: 12" name twelve, not a fraction of one
        text = text.lstrip(",;:.")
    return [word for word in _SPACE.split(text) if word]


def _person(user: User) -> PayeeById:
    return PayeeById(user.id, user.full_name, user.username, user.is_bot)


_PHONE_START = re.compile(r"(?:\+|\(?0)[\d()./-]*", re.ASCII)
_PHONE_REST = re.compile(r"[\d()-]+")


def _read_phones(pieces: list[Piece], *, region: str | None) -> list[Piece]:
    """Replace the words of each phone number by its payee.

    A number whose end is in doubt, because the last group of digits may as well be the amount
    (`+49 30 123456 20`), is left out, so that the payee is asked for.
    """
    found: list[Piece] = []
    at = 0
    while at < len(pieces):
        phones = _phones_at(pieces, at, region=region)
        if not phones:
            found.append(pieces[at])
            at += 1
            continue
        length, phone = max(phones.items())
        others = pieces[:at] + pieces[at + length :]
        if len(phones) == 1 or any(isinstance(p, str) and _has_digit(p) for p in others):
            found.append(PayeeByPhone(phone))
        at += length
    return found


def _phones_at(pieces: list[Piece], at: int, *, region: str | None) -> dict[int, str]:
    """Map each number of pieces from `at` that make a valid phone number to its E.164 form."""
    first = pieces[at]
    if not isinstance(first, str) or not _starts_phone(first, region=region):
        return {}
    phones = {}
    written = ""
    for length, piece in enumerate(pieces[at:], start=1):
        word = piece.rstrip(",;:") if isinstance(piece, str) else ""
        if length > 1 and not _PHONE_REST.fullmatch(word):
            break
        written = f"{written} {word}"
        phone = e164(written, region=region)
        if phone is not None:
            phones[length] = phone
    return phones


def _starts_phone(word: str, *, region: str | None) -> bool:
    """Say whether a phone number may start here: no amount starts with + or two digits 0n."""
    return bool(_PHONE_START.match(word)) and (word.startswith("+") or region is not None)


# --- The amount ----------------------------------------------------------------------------------

_ONLY_NUMBER = re.compile(r"[\d.,'’٫٬+−-]+")


def _has_digit(word: str) -> bool:
    return any(character.isdecimal() for character in word)


def _bare(word: str) -> str:
    """Return the word without the punctuation of the sentence around it."""
    return word.rstrip(",;:!?.")


@dataclass(frozen=True, slots=True)
class _AmountReader:
    """Finds the amount among the pieces of a command."""

    pieces: Sequence[Piece]
    default: str
    currencies: Collection[str]
    locale: str

    def find(self) -> tuple[Amount | None, range]:
        """Return the amount and the indices of the pieces that it used up."""
        numbers = [i for i in range(len(self.pieces)) if self._is_number(i)]
        if not numbers:
            return self._nothing(), range(0)
        first = numbers[0]
        start = first - 1 if self._is_mark(first - 1) else first
        amount, used = (
            self._grouped(start, first)
            or self._single(start, first)
            or self._followed(start, first)
            or self._in_doubt(first, numbers[1:])
        )
        return self._against_other_currencies(amount, used, numbers)

    def _nothing(self) -> Unreadable | None:
        """A word such as `1e3` or `½` was meant as an amount; without one there is none."""
        words = (piece for piece in self.pieces if isinstance(piece, str))
        meant = any(word[0].isnumeric() for word in words)
        return Unreadable(Reason.NOT_A_NUMBER) if meant else None

    def _grouped(self, start: int, first: int) -> tuple[Amount, range] | None:
        """Numbers in a row that are groups of one, `1 200`; the longest such row."""
        end = first + 1
        while self._is_number(end):
            end += 1
        for stop in range(end, first + 1, -1):
            marked = stop + 1 if self._is_mark(stop) else stop
            joined = self._read(start, marked)
            if isinstance(joined, Unreadable):
                continue
            if marked > stop or not isinstance(self._piece(stop), str):
                return joined, range(start, marked)
            return _either(joined, self._read(start, first + 1)), range(start, stop)
        return None

    def _single(self, start: int, first: int) -> tuple[Amount, range] | None:
        """A number that says itself that it is the amount, by its decimals or currency."""
        stop = first + 2 if self._is_mark(first + 1) else first + 1
        if stop - start == 1 and _bare(str(self.pieces[first])).isdecimal():
            return None
        return self._read(start, stop), range(start, stop)

    def _followed(self, start: int, first: int) -> tuple[Amount, range] | None:
        """A bare number with another right after it: `12 5` may be 12.00 or 12.50."""
        second = first + 1
        if not self._is_number(second):
            return None
        stop = second + 2 if self._is_mark(second + 1) else second + 1
        mark = " ".join(str(piece) for piece in self.pieces[second + 1 : stop])
        whole, more = (_bare(str(self.pieces[i])) for i in (first, second))
        other = f"{whole}.{more}" if more.isdecimal() and len(more) <= 2 else more
        readings = (self._parse(f"{number} {mark}") for number in (whole, other))
        return _either(*readings), range(start, stop)

    def _in_doubt(self, first: int, later: Sequence[int]) -> tuple[Amount, range]:
        """A bare number, doubtful if a later one looks at least as much like the amount."""
        alone = self._read(first, first + 1)
        rest = [i for i, p in enumerate(self.pieces) if isinstance(p, str) and i != first]
        rivals = []
        for i in later:
            start, stop = self._with_marks(i)
            bare = stop - start == 1 and _bare(str(self.pieces[i])).isdecimal()
            if not bare or rest == [i]:
                rivals.append(self._read(start, stop))
        return _either(alone, *rivals), range(first, first + 1)

    def _against_other_currencies(
        self, amount: Amount, used: range, numbers: Sequence[int]
    ) -> tuple[Amount, range]:
        """Doubt the amount where a later one names another currency: `€5 $6`."""
        for i in numbers:
            if i in used or isinstance(amount, Unreadable):
                continue
            start, stop = self._with_marks(i)
            start = max(start, used.stop)
            rival = self._read(start, stop)
            if self._names_currency(start, stop) and _currencies(rival) - _currencies(amount):
                amount = _either(amount, rival)
                used = range(used.start, stop) if start == used.stop else used
        return amount, used

    def _names_currency(self, start: int, stop: int) -> bool:
        words = (_bare(str(piece)) for piece in self.pieces[start:stop])
        return not all(_ONLY_NUMBER.fullmatch(word) for word in words)

    def _with_marks(self, i: int) -> tuple[int, int]:
        """Where a number begins and ends, with a currency beside it."""
        start = i - 1 if self._is_mark(i - 1) else i
        return start, i + 2 if self._is_mark(i + 1) else i + 1

    def _piece(self, i: int) -> Piece | None:
        return self.pieces[i] if 0 <= i < len(self.pieces) else None

    def _is_mark(self, i: int) -> bool:
        piece = self._piece(i)
        return isinstance(piece, str) and is_currency(
            _bare(piece), currencies=self.currencies, locale=self.locale
        )

    def _is_number(self, i: int) -> bool:
        """Say whether a piece is a number, good or bad; `2x` and `12:30` are words."""
        piece = self._piece(i)
        if not isinstance(piece, str) or not _has_digit(piece):
            return False
        word = _bare(piece)
        return bool(_ONLY_NUMBER.fullmatch(word)) or self._parse(word) != Unreadable(
            Reason.NOT_A_NUMBER
        )

    def _read(self, start: int, stop: int) -> Amount:
        return self._parse(" ".join(_bare(str(piece)) for piece in self.pieces[start:stop]))

    def _parse(self, text: str) -> Amount:
        return parse_amount(
            text, default=self.default, currencies=self.currencies, locale=self.locale
        )


def _currencies(amount: Amount) -> set[str]:
    match amount:
        case Money():
            return {amount.currency}
        case Doubt(readings):
            return {reading.currency for reading in readings}
        case Unreadable():
            return set()


def _either(*amounts: Amount) -> Amount:
    """Return the doubt between all readings, or the one reading if it alone is certain."""
    readings: dict[Money, None] = {}
    for amount in amounts:
        if isinstance(amount, Money):
            readings[amount] = None
        elif isinstance(amount, Doubt):
            readings |= dict.fromkeys(amount.readings)
    if not readings:
        return amounts[0]
    in_doubt = len(readings) > 1 or any(isinstance(amount, Doubt) for amount in amounts)
    return Doubt(tuple(readings)) if in_doubt else next(iter(readings))
