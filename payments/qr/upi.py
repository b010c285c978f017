"""UPI, India's instant payments: links such as `upi://pay?pa=shop@bank&pn=Shop&am=10.00&cu=INR`.

After the *UPI Linking Specifications* of the National Payments Corporation of India, version 1.6,
"Parameters for the deep link". Spaces are `%20`, never `+`; the `@` of an address stands as it is.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes

from msgspec import Struct

from payments.money import Money, format_plain
from payments.qr.amounts import read_amount
from payments.qr.checks import has_unseen
from payments.qr.errors import BadCode, Flaw

LONGEST = 2_048
"""Characters of a link."""

Parameter = tuple[str, str]
"""A parameter's name, and its value with nothing escaped."""

_HEAD = "upi://pay?"
_VPA = re.compile(r"[A-Za-z0-9._-]{2,256}@[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+)*")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
_ESCAPED = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*")
_LITERAL = "@:/=?.,-_~!*'();$"
_MOST = {"pn": 99, "mc": 4, "tid": 35, "tr": 35, "tn": 99, "am": 13, "mam": 13, "url": 512}
_IDENTIFIER = re.compile(r"[A-Za-z0-9._/-]+")
_NO_LESS = "null"
"""What `mam` says when the amount cannot be lowered."""


class Upi(Struct, frozen=True):
    """A UPI link, checked by every rule when it is made.

    Attributes:
        parameters: all of them, in the order in which they are written.

    Raises:
        BadCode: a rule is broken; `field` is the parameter.
    """

    parameters: tuple[Parameter, ...]

    def __post_init__(self) -> None:
        _check(self)

    @property
    def text(self) -> str:
        """The link."""
        return _HEAD + "&".join(f"{name}={quote(v, _LITERAL)}" for name, v in self.parameters)

    def value_of(self, name: str) -> str:
        """Return what a parameter holds, "" if it is not there."""
        return dict(self.parameters).get(name, "")

    @property
    def payee(self) -> str:
        """The payee's virtual payment address, `name@bank`."""
        return self.value_of("pa")

    @property
    def name(self) -> str:
        """The payee, as the link claims."""
        return self.value_of("pn")

    @property
    def amount(self) -> Money | None:
        """What is to be paid; None when the payer chooses."""
        written = self.value_of("am")
        return _amount(written, "am") if written else None

    @property
    def least(self) -> Money | None:
        """The least that may be paid instead of the amount; None for no less."""
        written = self.value_of("mam")
        return _amount(written, "mam") if written not in {"", _NO_LESS} else None

    @property
    def note(self) -> str:
        """What for; "" for nothing."""
        return self.value_of("tn")

    @property
    def reference(self) -> str:
        """The payee's name for the payment; "" for none."""
        return self.value_of("tr")


def make(
    *,
    payee: str,
    name: str,
    amount: Money | None = None,
    least: Money | None = None,
    note: str = "",
    reference: str = "",
    category: str = "",
    transaction: str = "",
    url: str = "",
) -> Upi:
    """Make a link.

    Args:
        payee: the payee's virtual payment address.
        name: the payee.
        amount: in INR; None lets the payer choose.
        least: the least that may be paid instead, in INR.
        note: what for.
        reference: the payee's name for the payment.
        category: the merchant category, four digits.
        transaction: the transaction's id, where the payee's bank gave one.
        url: where the payer can read more.

    Raises:
        BadCode: a rule is broken.
    """
    given = {
        "pa": payee,
        "pn": name,
        "mc": category,
        "tid": transaction,
        "tr": reference,
        "tn": note,
        "am": _written(amount, "am"),
        "mam": _written(least, "mam"),
        "cu": "INR",
        "url": url,
    }
    return Upi(tuple((parameter, value) for parameter, value in given.items() if value))


def parse(text: str) -> Upi:
    """Read a link. Parameters that the standard does not name are kept.

    Raises:
        BadCode: which rule it breaks.
    """
    if len(text) > LONGEST:
        raise BadCode(Flaw.OVER_LONG)
    if text[: len(_HEAD)].lower() != _HEAD:
        raise BadCode(Flaw.MALFORMED)
    return Upi(tuple(_parameter(part) for part in text[len(_HEAD) :].split("&")))


def _parameter(part: str) -> Parameter:
    name, equals, value = part.partition("=")
    if not equals or not _ESCAPED.fullmatch(value):
        raise BadCode(Flaw.MALFORMED, name if _NAME.fullmatch(name) else "")
    try:
        return name, unquote_to_bytes(value).decode()
    except UnicodeError:  # bytes that are no UTF-8, or half a character
        raise BadCode(Flaw.CHARACTER, name if _NAME.fullmatch(name) else "") from None


def _check(link: Upi) -> None:
    names = [name for name, _ in link.parameters]
    for at, (name, value) in enumerate(link.parameters):
        if not _NAME.fullmatch(name):
            raise BadCode(Flaw.MALFORMED)
        if name in names[:at]:
            raise BadCode(Flaw.DUPLICATE, name)
        if has_unseen(value):
            raise BadCode(Flaw.CHARACTER, name)
        if len(value) > _MOST.get(name, LONGEST):
            raise BadCode(Flaw.OVER_LONG, name)
    for needed in ("pa", "pn"):
        if not link.value_of(needed).strip():
            raise BadCode(Flaw.MISSING, needed)
    _check_forms(link)


def is_payee(text: str) -> bool:
    """Say whether a text has the form of a virtual payment address, such as `asha@okbank`."""
    return _VPA.fullmatch(text) is not None


def _check_forms(link: Upi) -> None:
    if not is_payee(link.payee):
        raise BadCode(Flaw.PAYEE, "pa")
    if link.value_of("mc") and not re.fullmatch(r"[0-9]{4}", link.value_of("mc")):
        raise BadCode(Flaw.CATEGORY, "mc")
    for name in ("tid", "tr"):
        if link.value_of(name) and not _IDENTIFIER.fullmatch(link.value_of(name)):
            raise BadCode(Flaw.REFERENCE, name)
    if link.value_of("cu") not in {"", "INR"}:
        raise BadCode(Flaw.CURRENCY, "cu")
    if link.value_of("url") and not re.fullmatch(r"https?://\S+", link.value_of("url")):
        raise BadCode(Flaw.ADDRESS, "url")
    amount, least = link.amount, link.least  # reading them checks them
    if least is not None and (amount is None or amount < least):
        raise BadCode(Flaw.AMOUNT, "mam")


def _amount(text: str, name: str) -> Money:
    if text.endswith("."):
        raise BadCode(Flaw.AMOUNT, name)
    return read_amount(text, "INR", name)


def _written(amount: Money | None, name: str) -> str:
    """Return an amount with two decimals, as the standard asks of those who write."""
    if amount is None:
        return ""
    if amount.currency != "INR":
        raise BadCode(Flaw.CURRENCY, "cu")
    if amount.minor <= 0:
        raise BadCode(Flaw.AMOUNT, name)
    return format_plain(amount)
