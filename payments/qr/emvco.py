"""Merchant codes of EMVCo: fields of two digits of id, two of length, and a text.

After the *EMV QR Code Specification for Payment Systems (EMV QRCPS), Merchant-Presented Mode*,
version 1.1, chapters 3 (data organisation) and 4 (data objects). Lengths count characters, not
bytes; the fields come in any order but for the first (format) and the last (checksum).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from payments.money import Money
from payments.qr.amounts import currency_of, read_amount
from payments.qr.checks import has_unseen
from payments.qr.errors import BadCode, Flaw

LONGEST = 512
"""Characters of a code."""
FIELD_LONGEST = 99
"""Characters of one field: the length has two digits."""

Field = tuple[str, str]
"""An id of two digits, and what it holds."""

_OBJECT = re.compile(r"([0-9]{2})([0-9]{2})", re.ASCII)
_CRC_HEAD = "6304"

_MOST = {"59": 25, "60": 15, "61": 10, "54": 13, "56": 13, "57": 5}
"""Characters of the fields of varying length (tables 3.3 to 3.5)."""
_ADDITIONAL_MOST = {"09": 3, "10": 20, "11": 3}
"""Characters of the fields in template 62 that hold other than 25 (table 3.7)."""
_LOCAL_MOST = {"00": 2, "01": 25, "02": 15}
"""Characters of the fields in template 64 (table 3.8)."""
_GUI_MOST = 32
_NEEDED = ("52", "53", "58", "59", "60")


class Account(Struct, frozen=True):
    """Where the money goes: a payment system's own field (ids 02 to 51).

    Attributes:
        id: the field's id.
        value: all of it.
        system: the payment system's globally unique identifier; "" for the card schemes' 02-25.
        fields: the fields in it; none for the card schemes'.
    """

    id: str
    value: str
    system: str
    fields: tuple[Field, ...]

    def value_of(self, field_id: str) -> str:
        """Return what a field in it holds, "" if it is not there."""
        return dict(self.fields).get(field_id, "")


class MerchantCode(Struct, frozen=True):
    """A merchant code, checked by every rule of the standard when it is made.

    Attributes:
        fields: all but the checksum, in the order in which they are written.

    Raises:
        BadCode: a rule is broken; `field` is the id, and of a field in a template both (`62.05`).
    """

    fields: tuple[Field, ...]

    def __post_init__(self) -> None:
        _check(self)

    @property
    def text(self) -> str:
        """What the QR code says, with its checksum."""
        body = write(self.fields) + _CRC_HEAD
        return body + crc(body)

    def value_of(self, field_id: str) -> str:
        """Return what a field holds, "" if it is not there."""
        return dict(self.fields).get(field_id, "")

    @property
    def once(self) -> bool:
        """Whether the code was made for one payment (id 01: `12`)."""
        return self.value_of("01") == "12"

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The payment systems that take the money, at least one."""
        return tuple(_account(*field) for field in self.fields if "02" <= field[0] <= "51")

    @property
    def currency(self) -> str:
        """The currency as an ISO 4217 code."""
        return currency_of(self.value_of("53"), "53")

    @property
    def amount(self) -> Money | None:
        """What is to be paid; None when the payer chooses."""
        written = self.value_of("54")
        return read_amount(written, self.currency, "54") if written else None

    @property
    def name(self) -> str:
        """The merchant, as the code claims."""
        return self.value_of("59")

    @property
    def city(self) -> str:
        """The merchant's city, as the code claims."""
        return self.value_of("60")

    @property
    def country(self) -> str:
        """The merchant's country, ISO 3166-1 in two letters."""
        return self.value_of("58")

    @property
    def additional(self) -> dict[str, str]:
        """The fields of template 62: 01 bill number … 05 reference … 08 purpose."""
        return dict(_template(self.value_of("62"), "62"))

    @property
    def reference(self) -> str:
        """The merchant's name for the payment (62.05); "" for none."""
        return self.additional.get("05", "")


def crc(text: str) -> str:
    """Return the CRC-16/CCITT-FALSE of the UTF-8 bytes as four hexadecimal digits (§4.7.3).

    Polynomial 0x1021, first value 0xFFFF, nothing reflected or inverted at the end.
    """
    value = 0xFFFF
    for byte in text.encode(errors="surrogatepass"):
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ (0x1021 if value & 0x8000 else 0)) & 0xFFFF
    return f"{value:04X}"


def write(fields: Iterable[Field]) -> str:
    """Return fields as they stand in a code, or in a template.

    Raises:
        BadCode: a value is empty (MISSING) or does not fit a field (OVER_LONG).
    """
    written = []
    for field_id, value in fields:
        if not value:
            raise BadCode(Flaw.MISSING, field_id)
        if len(value) > FIELD_LONGEST:
            raise BadCode(Flaw.OVER_LONG, field_id)
        written.append(f"{field_id}{len(value):02}{value}")
    return "".join(written)


def parse(text: str) -> MerchantCode:
    """Read a merchant code.

    The checksum is looked at before what it protects: of a damaged code nothing else is true.

    Raises:
        BadCode: which rule it breaks.
    """
    if len(text) > LONGEST:
        raise BadCode(Flaw.OVER_LONG)
    if not text.startswith("0002"):
        raise BadCode(Flaw.MALFORMED)
    body, checksum = text[:-4], text[-4:]
    if not body.endswith(_CRC_HEAD):
        raise BadCode(Flaw.MISSING, "63")
    if checksum != crc(body):
        raise BadCode(Flaw.CHECKSUM, "63")
    return MerchantCode(_objects(body.removesuffix(_CRC_HEAD), ""))


# --- The rules -----------------------------------------------------------------------------------


def _check(code: MerchantCode) -> None:
    ids = [field_id for field_id, _ in code.fields]
    if ids[:1] != ["00"] or "63" in ids:
        raise BadCode(Flaw.MALFORMED, "00" if ids[:1] != ["00"] else "63")
    _refuse_twice(ids, "")
    for field_id, value in code.fields:
        if has_unseen(value):
            raise BadCode(Flaw.CHARACTER, field_id)
        if len(value) > _MOST.get(field_id, FIELD_LONGEST):
            raise BadCode(Flaw.OVER_LONG, field_id)
    if code.value_of("00") != "01":
        raise BadCode(Flaw.VERSION, "00")
    if "01" in ids and code.value_of("01") not in {"11", "12"}:
        raise BadCode(Flaw.MALFORMED, "01")
    _check_presence(code, ids)
    _check_forms(code)
    _check_tip(code)
    _check_templates(code)


def _check_presence(code: MerchantCode, ids: list[str]) -> None:
    if not code.accounts:
        raise BadCode(Flaw.MISSING, "26")
    for needed in _NEEDED:
        if needed not in ids:
            raise BadCode(Flaw.MISSING, needed)


def _check_forms(code: MerchantCode) -> None:
    if not re.fullmatch(r"[0-9]{4}", code.value_of("52")):
        raise BadCode(Flaw.CATEGORY, "52")
    if not re.fullmatch(r"[A-Z]{2}", code.country):
        raise BadCode(Flaw.COUNTRY, "58")
    if code.amount is None:  # reading it checks it, and the currency with it
        currency_of(code.value_of("53"), "53")


def _check_tip(code: MerchantCode) -> None:
    """A tip is asked for (01), a fixed fee in 56 (02), or a percentage in 57 (03): §4.7.8-10."""
    kind, fixed, percent = (code.value_of(field_id) for field_id in ("55", "56", "57"))
    if kind not in {"", "01", "02", "03"}:
        raise BadCode(Flaw.TIP, "55")
    if bool(fixed) != (kind == "02") or bool(percent) != (kind == "03"):
        raise BadCode(Flaw.TIP, "56" if bool(fixed) != (kind == "02") else "57")
    if fixed:
        read_amount(fixed, code.currency, "56")
    if percent and not re.fullmatch(r"(?!0+(?:\.0*)?$)[0-9]{1,2}(?:\.[0-9]{0,2})?", percent):
        raise BadCode(Flaw.TIP, "57")


def _check_templates(code: MerchantCode) -> None:
    for field_id, value in code.fields:
        if "26" <= field_id <= "51" or field_id >= "80":
            _check_own(_template(value, field_id), field_id)
        elif field_id == "62":
            _check_additional(_template(value, field_id))
        elif field_id == "64":
            _check_local(_template(value, field_id))


def _check_own(fields: tuple[Field, ...], field_id: str) -> None:
    """A payment system's template names the system."""
    system = dict(fields).get("00")
    if system is None:
        raise BadCode(Flaw.MISSING, f"{field_id}.00")
    if len(system) > _GUI_MOST:
        raise BadCode(Flaw.OVER_LONG, f"{field_id}.00")


def _check_additional(fields: tuple[Field, ...]) -> None:
    for field_id, value in fields:
        if field_id >= "50":
            _check_own(_template(value, f"62.{field_id}"), f"62.{field_id}")
        elif len(value) > _ADDITIONAL_MOST.get(field_id, 25):
            raise BadCode(Flaw.OVER_LONG, f"62.{field_id}")
        elif field_id == "09" and not re.fullmatch(r"(?!.*(.).*\1)[AME]{1,3}", value):
            raise BadCode(Flaw.MALFORMED, "62.09")


def _check_local(fields: tuple[Field, ...]) -> None:
    """The name in another language: language and name are needed, the city is not."""
    present = dict(fields)
    for needed in ("00", "01"):
        if needed not in present:
            raise BadCode(Flaw.MISSING, f"64.{needed}")
    for field_id, value in fields:
        if len(value) > _LOCAL_MOST.get(field_id, FIELD_LONGEST):
            raise BadCode(Flaw.OVER_LONG, f"64.{field_id}")
    if not re.fullmatch(r"[A-Za-z]{2}", present["00"]):
        raise BadCode(Flaw.MALFORMED, "64.00")


# --- The fields ----------------------------------------------------------------------------------


def _account(field_id: str, value: str) -> Account:
    if field_id < "26":
        return Account(field_id, value, "", ())
    fields = _template(value, field_id)
    return Account(field_id, value, dict(fields).get("00", ""), fields)


def _template(value: str, within: str) -> tuple[Field, ...]:
    fields = _objects(value, within) if value else ()
    _refuse_twice([field_id for field_id, _ in fields], f"{within}.")
    return fields


def _objects(text: str, within: str) -> tuple[Field, ...]:
    fields, at = [], 0
    while at < len(text):
        head = _OBJECT.match(text, at)
        if head is None or not 1 <= int(head[2]) <= len(text) - head.end():
            raise BadCode(Flaw.MALFORMED, within)
        at = head.end() + int(head[2])
        fields.append((head[1], text[head.end() : at]))
    return tuple(fields)


def _refuse_twice(ids: list[str], prefix: str) -> None:
    for at, field_id in enumerate(ids):
        if field_id in ids[:at]:
            raise BadCode(Flaw.DUPLICATE, f"{prefix}{field_id}")
