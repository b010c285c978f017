"""Amounts and currencies as bank codes write them: digits with a dot, ISO 4217 numbers."""

from __future__ import annotations

import re

from payments.money import Money, decimal_places
from payments.qr.errors import BadCode, Flaw

_NUMBERS = """
784AED 971AFN 008ALL 051AMD 532ANG 973AOA 032ARS 036AUD 533AWG 944AZN 977BAM 052BBD 050BDT
975BGN 048BHD 108BIF 060BMD 096BND 068BOB 984BOV 986BRL 044BSD 064BTN 072BWP 933BYN 084BZD
124CAD 976CDF 947CHE 756CHF 948CHW 990CLF 152CLP 156CNY 170COP 970COU 188CRC 931CUC 192CUP
132CVE 203CZK 262DJF 208DKK 214DOP 012DZD 818EGP 232ERN 230ETB 978EUR 242FJD 238FKP 826GBP
981GEL 936GHS 292GIP 270GMD 324GNF 320GTQ 328GYD 344HKD 340HNL 191HRK 332HTG 348HUF 360IDR
376ILS 356INR 368IQD 364IRR 352ISK 388JMD 400JOD 392JPY 404KES 417KGS 116KHR 174KMF 408KPW
410KRW 414KWD 136KYD 398KZT 418LAK 422LBP 144LKR 430LRD 426LSL 434LYD 504MAD 498MDL 969MGA
807MKD 104MMK 496MNT 446MOP 929MRU 480MUR 462MVR 454MWK 484MXN 979MXV 458MYR 943MZN 516NAD
566NGN 558NIO 578NOK 524NPR 554NZD 512OMR 590PAB 604PEN 598PGK 608PHP 586PKR 985PLN 600PYG
634QAR 946RON 941RSD 643RUB 646RWF 682SAR 090SBD 690SCR 938SDG 752SEK 702SGD 654SHP 925SLE
694SLL 706SOS 968SRD 728SSP 930STN 222SVC 760SYP 748SZL 764THB 972TJS 934TMT 788TND 776TOP
949TRY 780TTD 901TWD 834TZS 980UAH 800UGX 840USD 997USN 940UYI 858UYU 927UYW 860UZS 926VED
928VES 704VND 548VUV 882WST 950XAF 951XCD 952XOF 953XPF 886YER 710ZAR 967ZMW 932ZWL
"""
"""The currencies with their numbers (ISO 4217, table A.1)."""

_CURRENCIES = {entry[:3]: entry[3:] for entry in _NUMBERS.split()}
_AMOUNT = re.compile(r"([0-9]{1,13})(?:\.([0-9]*))?")


def currency_of(number: str, field: str) -> str:
    """Return the code of the currency with this ISO 4217 number.

    Raises:
        BadCode: there is none (CURRENCY).
    """
    if number not in _CURRENCIES:
        raise BadCode(Flaw.CURRENCY, field)
    return _CURRENCIES[number]


def read_amount(text: str, currency: str, field: str) -> Money:
    """Read a sum of at most 13 characters: digits, and at most one dot before the decimals.

    Raises:
        BadCode: it is none, is zero, or has more decimals than the currency (AMOUNT).
    """
    written = _AMOUNT.fullmatch(text)
    places = decimal_places(currency)
    if written is None or len(text) > 13 or len(written[2] or "") > places:
        raise BadCode(Flaw.AMOUNT, field)
    minor = int(written[1] + (written[2] or "").ljust(places, "0"))
    if minor == 0:
        raise BadCode(Flaw.AMOUNT, field)
    return Money(minor, currency)
