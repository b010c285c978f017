"""EPC codes ("GiroCode"): a SEPA credit transfer that a bank's app fills in.

After *EPC069-12, Quick Response Code: Guidelines to enable data capture for the initiation of a
SEPA credit transfer*, version 2.1, §2.2 (data elements) and §3 (the code: error correction M, at
most version 13, which holds 331 bytes). Twelve lines; those at the end that hold nothing are left
out with their line ends.
"""

from __future__ import annotations

import re

from msgspec import Struct

from payments.money import Money, format_plain
from payments.qr.amounts import read_amount
from payments.qr.checks import has_unseen, is_bic, is_creditor_reference, is_iban
from payments.qr.errors import BadCode, Flaw

LONGEST = 331
"""Bytes of a code."""
ERROR_CORRECTION = "M"
VERSION_MOST = 13
"""The largest QR symbol, 69 modules wide."""

CHARSETS = (
    "utf-8",
    "iso8859-1",
    "iso8859-2",
    "iso8859-4",
    "iso8859-5",
    "iso8859-7",
    "iso8859-10",
    "iso8859-15",
)
"""Python's names of the character sets 1 to 8."""

_CHARSET_DIGITS = tuple(str(number).encode() for number in range(1, len(CHARSETS) + 1))
_LINES_MOST = 12
_NEEDED_LINES = 7
_LEAST, _MOST = Money(1, "EUR"), Money(99_999_999_999, "EUR")
_PURPOSE = re.compile(r"[A-Z0-9]{1,4}")


class Epc(Struct, frozen=True):
    """A SEPA credit transfer to be made, checked by every rule when it is made.

    Attributes:
        name: the payee, at most 70 characters, as the code claims.
        iban: the payee's account, without spaces.
        bic: the payee's bank; may be "" in version 2.
        amount: in EUR, 0.01 to 999999999.99; None when the payer chooses.
        purpose: a code of ISO 20022, at most 4 characters; "" for none.
        reference: a creditor reference, at most 35 characters; "" for none.
        text: what for, at most 140 characters, instead of a reference; "" for none.
        hint: what the payee tells the payer, at most 70 characters; "" for nothing.
        version: 1 or 2.
        charset: 1 to 8, see `CHARSETS`.

    Raises:
        BadCode: a rule is broken; `field` is the attribute.
    """

    name: str
    iban: str
    bic: str = ""
    amount: Money | None = None
    purpose: str = ""
    reference: str = ""
    text: str = ""
    hint: str = ""
    version: int = 2
    charset: int = 1

    def __post_init__(self) -> None:
        _check(self)

    @property
    def data(self) -> bytes:
        """What the QR code holds, in its character set."""
        return "\n".join(_lines(self)).rstrip("\n").encode(CHARSETS[self.charset - 1])


def parse(data: bytes) -> Epc:
    r"""Read a code. Lines end with `\n` or, all of them, with `\r\n`.

    Raises:
        BadCode: which rule it breaks.
    """
    if len(data) > LONGEST:
        raise BadCode(Flaw.OVER_LONG)
    ending = b"\r\n" if b"\r\n" in data else b"\n"
    raw = data.split(ending)
    if not raw[-1]:
        raise BadCode(Flaw.TAIL)
    if raw[0] != b"BCD" or not _NEEDED_LINES <= len(raw) <= _LINES_MOST:
        raise BadCode(Flaw.MALFORMED)
    version, charset = _number(raw[1], (b"001", b"002")), _number(raw[2], _CHARSET_DIGITS)
    if version is None:
        raise BadCode(Flaw.VERSION, "version")
    if charset is None:
        raise BadCode(Flaw.CHARSET, "charset")
    if raw[3] != b"SCT":
        raise BadCode(Flaw.MALFORMED, "identification")
    try:
        lines = [line.decode(CHARSETS[charset - 1]) for line in raw[4:]]
    except UnicodeDecodeError:
        raise BadCode(Flaw.CHARSET, "charset") from None
    bic, name, iban, amount, purpose, reference, text, hint = lines + [""] * (8 - len(lines))
    return Epc(
        name=name,
        iban=iban,
        bic=bic,
        amount=_read_amount(amount) if amount else None,
        purpose=purpose,
        reference=reference,
        text=text,
        hint=hint,
        version=version,
        charset=charset,
    )


def _number(written: bytes, choices: tuple[bytes, ...]) -> int | None:
    return choices.index(written) + 1 if written in choices else None


def _read_amount(text: str) -> Money:
    if not text.startswith("EUR"):
        raise BadCode(Flaw.CURRENCY, "amount")
    if text.endswith("."):
        raise BadCode(Flaw.AMOUNT, "amount")
    return read_amount(text.removeprefix("EUR"), "EUR", "amount")


def _lines(code: Epc) -> list[str]:
    return [
        "BCD",
        f"{code.version:03}",
        str(code.charset),
        "SCT",
        code.bic,
        code.name,
        code.iban,
        _written(code.amount),
        code.purpose,
        code.reference,
        code.text,
        code.hint,
    ]


def _written(amount: Money | None) -> str:
    """Return `EUR12.3` for 12.30: the decimals that say something."""
    return "" if amount is None else f"EUR{format_plain(amount).rstrip('0').rstrip('.')}"


# --- The rules -----------------------------------------------------------------------------------


def _check(code: Epc) -> None:
    if code.version not in (1, 2):
        raise BadCode(Flaw.VERSION, "version")
    if not 1 <= code.charset <= len(CHARSETS):
        raise BadCode(Flaw.CHARSET, "charset")
    if not code.name.strip():
        raise BadCode(Flaw.MISSING, "name")
    _check_lengths(code)
    _check_account(code)
    _check_amount(code)
    _check_purpose_and_reference(code)
    _check_bytes(code)


def _check_lengths(code: Epc) -> None:
    for field, value, most in (
        ("name", code.name, 70),
        ("reference", code.reference, 35),
        ("text", code.text, 140),
        ("hint", code.hint, 70),
    ):
        if len(value) > most:
            raise BadCode(Flaw.OVER_LONG, field)
        if has_unseen(value):
            raise BadCode(Flaw.CHARACTER, field)


def _check_account(code: Epc) -> None:
    if code.version == 1 and not code.bic:
        raise BadCode(Flaw.MISSING, "bic")
    if code.bic and not is_bic(code.bic):
        raise BadCode(Flaw.BIC, "bic")
    if not is_iban(code.iban):
        raise BadCode(Flaw.IBAN, "iban")


def _check_amount(code: Epc) -> None:
    if code.amount is None:
        return
    if code.amount.currency != "EUR":
        raise BadCode(Flaw.CURRENCY, "amount")
    if not _LEAST <= code.amount <= _MOST:
        raise BadCode(Flaw.AMOUNT, "amount")


def _check_purpose_and_reference(code: Epc) -> None:
    if code.purpose and not _PURPOSE.fullmatch(code.purpose):
        raise BadCode(Flaw.PURPOSE, "purpose")
    if code.text and code.reference:
        raise BadCode(Flaw.TEXT_AND_REFERENCE, "text")
    if code.reference.startswith("RF") and not is_creditor_reference(code.reference):
        raise BadCode(Flaw.REFERENCE, "reference")


def _check_bytes(code: Epc) -> None:
    try:
        data = code.data
    except UnicodeEncodeError:
        raise BadCode(Flaw.CHARSET, "charset") from None
    if len(data) > LONGEST:
        raise BadCode(Flaw.OVER_LONG)
