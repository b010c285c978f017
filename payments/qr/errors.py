"""Why a bank's QR code is refused: one reason for each rule of its standard."""

from __future__ import annotations

from enum import Enum


class Flaw(Enum):
    """A rule that a code breaks."""

    MALFORMED = "malformed"
    """It is not built of fields as the standard writes them."""
    CHARACTER = "character"
    """A character that a field may not hold, such as a control character."""
    CHARSET = "charset"
    """A character set that the standard does not know, or that its bytes are not written in."""
    VERSION = "version"
    """A version of the standard that there is not."""
    OVER_LONG = "over_long"
    """A field, or all of it, is longer than the standard allows."""
    DUPLICATE = "duplicate"
    """A field is there twice."""
    MISSING = "missing"
    """A field that must be there is not."""
    TAIL = "tail"
    """Something empty follows the last field."""
    CHECKSUM = "checksum"
    """Its checksum is not that of what it says: it was changed, or is damaged."""
    CURRENCY = "currency"
    """A currency that there is not, or not in this standard."""
    AMOUNT = "amount"
    """An amount that is zero, too large or too small, has too many decimals, or is no number."""
    TIP = "tip"
    """The fields about a tip or fee contradict each other."""
    COUNTRY = "country"
    """A country that there is not, or not in this standard."""
    CATEGORY = "category"
    """A merchant category that is not four digits."""
    NAME = "name"
    """A name that cannot be written in the characters of the standard."""
    KEY = "key"
    """No key of Pix: wrong check digits, or none of its forms."""
    KEY_AND_ADDRESS = "key_and_address"
    """A static and a dynamic code in one."""
    TXID = "txid"
    """No identifier of a Pix payment."""
    ADDRESS = "address"
    """No web address of the form that the standard asks for."""
    PAYEE = "payee"
    """No virtual payment address of UPI."""
    IBAN = "iban"
    """No IBAN: unknown country, wrong length, or wrong check digits."""
    BIC = "bic"
    """No BIC."""
    REFERENCE = "reference"
    """A creditor reference with wrong check digits, or a reference of the wrong form."""
    TEXT_AND_REFERENCE = "text_and_reference"
    """A text and a reference, of which only one may be there."""
    PURPOSE = "purpose"
    """No purpose code."""


class BadCode(ValueError):
    """A code that breaks a rule of its standard.

    Attributes:
        reason: the rule.
        field: the field that breaks it, by the name it has in the standard; "" for all of it.
    """

    def __init__(self, reason: Flaw, field: str = "") -> None:
        """Keep the rule and the field; neither holds anything that the code says."""
        super().__init__(f"{reason.value} {field}".rstrip())
        self.reason = reason
        self.field = field
