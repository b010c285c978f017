"""Check digits and forms of the identifiers that bank codes carry. Every function is total."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_IBAN_LENGTHS = """
AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18
DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23
IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27
MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19
SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30
"""
"""How long an IBAN of each country is (SWIFT IBAN Registry)."""

_IBAN_LENGTH = {entry[:2]: int(entry[2:]) for entry in _IBAN_LENGTHS.split()}

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_CREDITOR_REFERENCE = re.compile(r"RF[0-9]{2}[A-Z0-9]{1,21}")
_CPF = re.compile(r"[0-9]{11}")
_CNPJ = re.compile(r"[0-9A-Z]{12}[0-9]{2}")


_UNSEEN = frozenset({"Cc", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Unicode's controls, unassigned, private and half characters, and ends of lines."""


def has_unseen(text: str) -> bool:
    """Say whether a text that is to stand on one line has a character that nobody can see."""
    return any(unicodedata.category(character) in _UNSEEN for character in text)


def is_iban(text: str) -> bool:
    """Say whether `text` is an IBAN without spaces (ISO 13616-1): length and check digits."""
    return (
        _IBAN.fullmatch(text) is not None
        and len(text) == _IBAN_LENGTH.get(text[:2])
        and _has_check_pair(text)
    )


def is_bic(text: str) -> bool:
    """Say whether `text` has the form of a BIC of 8 or 11 characters (ISO 9362)."""
    return _BIC.fullmatch(text) is not None


def is_creditor_reference(text: str) -> bool:
    """Say whether `text` is an RF creditor reference without spaces (ISO 11649)."""
    return _CREDITOR_REFERENCE.fullmatch(text) is not None and _has_check_pair(text)


def is_cpf(text: str) -> bool:
    """Say whether `text` is a CPF, a Brazilian's tax number, in 11 digits.

    Numbers of one digit repeated satisfy the check digits and are given to nobody.
    """
    return (
        _CPF.fullmatch(text) is not None
        and len(set(text)) > 1
        and _has_check_digits(text, (range(10, 1, -1), range(11, 1, -1)))
    )


def is_cnpj(text: str) -> bool:
    """Say whether `text` is a CNPJ, a Brazilian company's number, in 14 characters.

    Since July 2026 the first twelve may be letters, which count as their ASCII code less 48
    (Instrução Normativa RFB 2.229/2024, annex).
    """
    weights = (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    return (
        _CNPJ.fullmatch(text) is not None
        and len(set(text)) > 1
        and _has_check_digits(text, (weights, (6, *weights)))
    )


def _has_check_pair(text: str) -> bool:
    """Say whether the third and fourth characters check the rest: ISO 7064, MOD 97-10."""
    moved = text[4:] + text[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


def _has_check_digits(text: str, weights: tuple[Sequence[int], Sequence[int]]) -> bool:
    """Say whether each of the last two digits is the weighted sum, modulo 11, of all before it."""
    for end, factors in zip((-2, -1), weights, strict=True):
        total = sum(
            (ord(character) - 48) * factor
            for character, factor in zip(text[:end], factors, strict=True)
        )
        digit = 11 - total % 11
        if text[end] != str(digit if digit < 10 else 0):
            return False
    return True
