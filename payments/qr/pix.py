"""Pix, Brazil's instant payments: codes with a key (static) or with an address (dynamic).

A Pix code is a merchant code of EMVCo. After the *Manual de Padrões para Iniciação do Pix* of the
Banco Central do Brasil, version 2.2, §1.4 to §1.6 (BR Code), and for the forms of keys the
directory's interface (*API DICT*, schema `Key`).
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum

from msgspec import Struct

from payments.money import Money, format_plain
from payments.qr import emvco
from payments.qr.checks import is_cnpj, is_cpf
from payments.qr.emvco import Account, Field, MerchantCode
from payments.qr.errors import BadCode, Flaw

SYSTEM = "br.gov.bcb.pix"
"""The payment system's identifier. Written like this, read in any case."""
NO_TXID = "***"
"""What stands where a static code names no payment."""

_REAL = "986"
_KEY_MOST = 77
_TXID = re.compile(r"[A-Za-z0-9]{1,25}")
_EMAIL = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@"
    r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+"
)
_PHONE = re.compile(r"\+55[1-9][0-9]{9,10}")
_RANDOM = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ADDRESS = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
    r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)+"
)
_NO_DECOMPOSITION = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d"}
    | {"Đ": "D", "ł": "l", "Ł": "L", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i"}
    | {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-"}
)


class KeyKind(Enum):
    """What a key is."""

    CPF = "cpf"
    CNPJ = "cnpj"
    PHONE = "phone"
    EMAIL = "email"
    RANDOM = "random"


class Pix(Struct, frozen=True):
    """A Pix code, checked by every rule when it is made.

    Attributes:
        code: the merchant code that it is.

    Raises:
        BadCode: a rule is broken.
    """

    code: MerchantCode

    def __post_init__(self) -> None:
        _check(self)

    @property
    def text(self) -> str:
        """What the QR code says; also what is copied and pasted ("Pix copia e cola")."""
        return self.code.text

    @property
    def account(self) -> Account:
        """Pix's template among the accounts."""
        return next(account for account in self.code.accounts if _is_pix(account))

    @property
    def key(self) -> str:
        """The payee's key; "" in a dynamic code."""
        return self.account.value_of("01")

    @property
    def key_kind(self) -> KeyKind | None:
        """What the key is; None in a dynamic code."""
        return key_kind(self.key) if self.key else None

    @property
    def address(self) -> str:
        """Where a dynamic code's terms are, without `https://`; "" in a static one."""
        return self.account.value_of("25")

    @property
    def note(self) -> str:
        """What for; "" for nothing."""
        return self.account.value_of("02")

    @property
    def txid(self) -> str:
        """The payee's name for the payment; "" for none."""
        return self.code.reference.replace(NO_TXID, "")

    @property
    def amount(self) -> Money | None:
        """What is to be paid; None when the payer chooses, or the address says."""
        return self.code.amount

    @property
    def name(self) -> str:
        """The payee, as the code claims."""
        return self.code.name

    @property
    def city(self) -> str:
        """The payee's city, as the code claims."""
        return self.code.city


def make_static(
    *, key: str, name: str, city: str, amount: Money | None = None, note: str = "", txid: str = ""
) -> Pix:
    """Make a code that can be paid many times.

    Args:
        key: the payee's, in one of the forms of `key_kind`.
        name: the payee, at most 25 characters once in ASCII.
        city: the payee's, at most 15 characters once in ASCII.
        amount: in BRL; None lets the payer choose.
        note: what for; key and note together have room for 73 characters.
        txid: at most 25 letters and digits; "" for none.

    Raises:
        BadCode: a rule is broken.
    """
    account = [("00", SYSTEM), ("01", key), *([("02", as_ascii(note))] if note else [])]
    return _made(account, None, name, city, amount, txid or NO_TXID)


def make_dynamic(
    *, address: str, name: str, city: str, amount: Money | None = None, txid: str = ""
) -> Pix:
    """Make a code for one payment, whose terms the payer's bank fetches.

    Args:
        address: where from, without `https://`.
        name: as in `make_static`.
        city: as in `make_static`.
        amount: in BRL, for show: what the address says counts.
        txid: what the payee calls the payment, at most 25 characters.

    Raises:
        BadCode: a rule is broken.
    """
    return _made([("00", SYSTEM), ("25", address)], "12", name, city, amount, txid or NO_TXID)


def parse(text: str) -> Pix:
    """Read a Pix code.

    Raises:
        BadCode: which rule it breaks.
    """
    return Pix(emvco.parse(text))


def is_pix(code: MerchantCode) -> bool:
    """Say whether Pix is among the accounts of a merchant code."""
    return any(_is_pix(account) for account in code.accounts)


def key_kind(key: str) -> KeyKind | None:
    """Return what a key is, check digits and all; None if it is no key.

    Eleven digits are a CPF: a phone number begins with `+55`. Letters of e-mail addresses and
    random keys are small, as the directory keeps them.
    """
    if is_cpf(key):
        return KeyKind.CPF
    if is_cnpj(key):
        return KeyKind.CNPJ
    if _PHONE.fullmatch(key):
        return KeyKind.PHONE
    if _RANDOM.fullmatch(key):
        return KeyKind.RANDOM
    if len(key) <= _KEY_MOST and _EMAIL.fullmatch(key):
        return KeyKind.EMAIL
    return None


def as_ascii(text: str) -> str:
    """Return a text without accents: `São João` as `Sao Joao`.

    Raises:
        BadCode: it has characters with no such form (NAME).
    """
    apart = unicodedata.normalize("NFKD", text.translate(_NO_DECOMPOSITION))
    plain = "".join(character for character in apart if not unicodedata.combining(character))
    if not plain.isascii() or not plain.isprintable():
        raise BadCode(Flaw.NAME)
    return " ".join(plain.split())


def _made(
    account: list[Field],
    initiation: str | None,
    name: str,
    city: str,
    amount: Money | None,
    txid: str,
) -> Pix:
    if amount is not None and amount.currency != "BRL":
        raise BadCode(Flaw.CURRENCY, "53")
    if amount is not None and amount.minor <= 0:
        raise BadCode(Flaw.AMOUNT, "54")
    fields = [
        ("00", "01"),
        *([("01", initiation)] if initiation else []),
        ("26", emvco.write(account)),
        ("52", "0000"),
        ("53", _REAL),
        *([("54", format_plain(amount))] if amount else []),
        ("58", "BR"),
        ("59", as_ascii(name)),
        ("60", as_ascii(city)),
        ("62", emvco.write([("05", txid)])),
    ]
    for field_id, value in fields:
        if not value:
            raise BadCode(Flaw.MISSING, field_id)
    return Pix(MerchantCode(tuple(fields)))


def _check(pix: Pix) -> None:
    ours = [account for account in pix.code.accounts if _is_pix(account)]
    if not ours:
        raise BadCode(Flaw.MISSING, "26")
    if len(ours) > 1:
        raise BadCode(Flaw.DUPLICATE, ours[1].id)
    if pix.code.value_of("53") != _REAL:
        raise BadCode(Flaw.CURRENCY, "53")
    if pix.code.country != "BR":
        raise BadCode(Flaw.COUNTRY, "58")
    if not pix.code.reference:
        raise BadCode(Flaw.MISSING, "62.05")
    if pix.key and pix.address:
        raise BadCode(Flaw.KEY_AND_ADDRESS, ours[0].id)
    if pix.address:
        _check_dynamic(pix, ours[0].id)
    else:
        _check_static(pix, ours[0].id)


def _check_static(pix: Pix, field_id: str) -> None:
    if not pix.key:
        raise BadCode(Flaw.MISSING, f"{field_id}.01")
    if key_kind(pix.key) is None:
        raise BadCode(Flaw.KEY, f"{field_id}.01")
    if pix.txid and not _TXID.fullmatch(pix.txid):
        raise BadCode(Flaw.TXID, "62.05")


def _check_dynamic(pix: Pix, field_id: str) -> None:
    """The address has no scheme, since it is always HTTPS (§1.5.3)."""
    if len(pix.address) > _KEY_MOST or not _ADDRESS.fullmatch(pix.address):
        raise BadCode(Flaw.ADDRESS, f"{field_id}.25")


def _is_pix(account: Account) -> bool:
    return account.system.casefold() == SYSTEM
