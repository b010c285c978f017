"""Merchant codes: the published sample, and every rule with its reason."""

from __future__ import annotations

import contextlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.money import Money
from payments.qr import BadCode, Flaw, MerchantCode, Pix, read
from payments.qr.emvco import LONGEST, crc, parse, write

SAMPLE = (
    "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN"
    "5914BEST TRANSPORT6007BEIJING64200002ZH0104最佳运输0202北京540523.72530315655020162330304123"
    "40603***0708A60086670902ME91320016A0112233449988770708123456786304A13A"
)
"""EMVCo's own, in the specification's annex: out of order, with a name in Chinese."""

PLAIN = (
    ("00", "01"),
    ("26", write([("00", "com.example"), ("01", "12345678")])),
    ("52", "4111"),
    ("53", "978"),
    ("54", "12.50"),
    ("58", "IE"),
    ("59", "Cafe"),
    ("60", "Dublin"),
)


def sealed(body: str) -> str:
    """With a right checksum, whatever the rest is like."""
    return f"{body}6304{crc(f'{body}6304')}"


def with_fields(**changes: str | None) -> str:
    """`PLAIN` with fields changed, added or (None) left out: `with_fields(_54="0")`."""
    wanted = {key.removeprefix("_"): value for key, value in changes.items()}
    fields = dict(PLAIN) | wanted
    return sealed(write([(key, value) for key, value in fields.items() if value is not None]))


def refusal(text: str) -> tuple[Flaw, str]:
    with pytest.raises(BadCode) as caught:
        parse(text)
    return caught.value.reason, caught.value.field


@pytest.mark.parametrize(
    ("text", "checksum"),
    [("123456789", "29B1"), ("", "FFFF"), ("A random string", "0375")],
)
def test_checksum_has_the_published_values(text: str, checksum: str) -> None:
    """CRC-16/CCITT-FALSE, as four capital digits."""
    assert crc(text) == checksum


def test_sample_reads_as_published_and_is_written_byte_for_byte() -> None:
    """Lengths count characters, the checksum counts bytes, and the order is kept."""
    code = parse(SAMPLE)
    assert code.text.encode() == SAMPLE.encode()
    assert (len(SAMPLE), len(SAMPLE.encode())) == (248, 260)
    assert (code.name, code.city, code.country) == ("BEST TRANSPORT", "BEIJING", "CN")
    assert (code.amount, code.once) == (Money(2372, "CNY"), True)
    assert [(account.id, account.system) for account in code.accounts] == [
        ("29", "D15600000000"),
        ("31", "D15600000001"),
    ]
    assert code.accounts[0].value_of("05") == "A93FO3230Q"
    assert code.additional == {"03": "1234", "06": "***", "07": "A6008667", "09": "ME"}


@pytest.mark.parametrize(
    ("text", "reason", "field"),
    [
        ("", Flaw.MALFORMED, ""),
        ("hello", Flaw.MALFORMED, ""),
        ("000201", Flaw.MISSING, "63"),
        (with_fields()[:-1], Flaw.MISSING, "63"),
        (with_fields() + "0", Flaw.MISSING, "63"),
        (with_fields()[:-4] + "0000", Flaw.CHECKSUM, "63"),
        (with_fields()[:-4] + with_fields()[-4:].lower(), Flaw.CHECKSUM, "63"),
        (with_fields().replace("12.50", "99.50"), Flaw.CHECKSUM, "63"),
        ("0002" + "0" * LONGEST, Flaw.OVER_LONG, ""),
        (sealed("0002015"), Flaw.MALFORMED, ""),
        (sealed("0002015200"), Flaw.MALFORMED, ""),
        (sealed("0002015299x"), Flaw.MALFORMED, ""),
        (sealed("000201٥٢04411"), Flaw.MALFORMED, ""),
        (with_fields(_00="02"), Flaw.VERSION, "00"),
        (with_fields(_01="13"), Flaw.MALFORMED, "01"),
        (sealed(write(PLAIN) + "5802IE"), Flaw.DUPLICATE, "58"),
        (sealed(write(PLAIN) + "63041234"), Flaw.MALFORMED, "63"),
        (with_fields(_26=None), Flaw.MISSING, "26"),
        (with_fields(_26="0103abc"), Flaw.MISSING, "26.00"),
        (with_fields(_26="0003abc0003abc"), Flaw.DUPLICATE, "26.00"),
        (with_fields(_26=write([("00", "x" * 33)])), Flaw.OVER_LONG, "26.00"),
        (with_fields(_26="0009abc"), Flaw.MALFORMED, "26"),
        (with_fields(_52=None), Flaw.MISSING, "52"),
        (with_fields(_52="41a1"), Flaw.CATEGORY, "52"),
        (with_fields(_53=None), Flaw.MISSING, "53"),
        (with_fields(_53="EUR"), Flaw.CURRENCY, "53"),
        (with_fields(_53="000", _54=None), Flaw.CURRENCY, "53"),
        (with_fields(_54="0"), Flaw.AMOUNT, "54"),
        (with_fields(_54="0.00"), Flaw.AMOUNT, "54"),
        (with_fields(_54="1,50"), Flaw.AMOUNT, "54"),
        (with_fields(_54="1.505"), Flaw.AMOUNT, "54"),
        (with_fields(_54="-1"), Flaw.AMOUNT, "54"),
        (with_fields(_54=" 1"), Flaw.AMOUNT, "54"),
        (with_fields(_54=".5"), Flaw.AMOUNT, "54"),
        (with_fields(_54="1.5.0"), Flaw.AMOUNT, "54"),
        (with_fields(_54="٣"), Flaw.AMOUNT, "54"),
        (with_fields(_53="392", _54="1.5"), Flaw.AMOUNT, "54"),
        (with_fields(_54="1" * 14), Flaw.OVER_LONG, "54"),
        (with_fields(_55="04"), Flaw.TIP, "55"),
        (with_fields(_55="02"), Flaw.TIP, "56"),
        (with_fields(_56="1.00"), Flaw.TIP, "56"),
        (with_fields(_55="02", _56="0"), Flaw.AMOUNT, "56"),
        (with_fields(_55="03"), Flaw.TIP, "57"),
        (with_fields(_55="03", _57="100"), Flaw.TIP, "57"),
        (with_fields(_55="03", _57="0.00"), Flaw.TIP, "57"),
        (with_fields(_58=None), Flaw.MISSING, "58"),
        (with_fields(_58="ie"), Flaw.COUNTRY, "58"),
        (with_fields(_59=None), Flaw.MISSING, "59"),
        (with_fields(_59="x" * 26), Flaw.OVER_LONG, "59"),
        (with_fields(_59="Ca\nfe"), Flaw.CHARACTER, "59"),
        (with_fields(_60=None), Flaw.MISSING, "60"),
        (with_fields(_60="x" * 16), Flaw.OVER_LONG, "60"),
        (with_fields(_61="1" * 11), Flaw.OVER_LONG, "61"),
        (with_fields(_62=write([("05", "x" * 26)])), Flaw.OVER_LONG, "62.05"),
        (with_fields(_62="0501a0501b"), Flaw.DUPLICATE, "62.05"),
        (with_fields(_62="0502a"), Flaw.MALFORMED, "62"),
        (with_fields(_62="0902AA"), Flaw.MALFORMED, "62.09"),
        (with_fields(_62=write([("50", "0101a")])), Flaw.MISSING, "62.50.00"),
        (with_fields(_64="0002ZH"), Flaw.MISSING, "64.01"),
        (with_fields(_64="0101x"), Flaw.MISSING, "64.00"),
        (with_fields(_64="0002Z10101x"), Flaw.MALFORMED, "64.00"),
        (with_fields(_64=write([("00", "ZH"), ("01", "x" * 26)])), Flaw.OVER_LONG, "64.01"),
        (with_fields(_80="0101x"), Flaw.MISSING, "80.00"),
    ],
)
def test_each_broken_rule_has_its_reason(text: str, reason: Flaw, field: str) -> None:
    """Malformed, missing, twice, too long, mis-summed, or not of the form: each is told apart."""
    assert refusal(text) == (reason, field)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("98.73", "978", 9873), ("98", "978", 9800), ("98.", "978", 9800), ("1.5", "048", 1500)],
)
def test_amounts_are_read_by_their_currency(amount: str, currency: str, minor: int) -> None:
    """The dot may be missing or come last; the currency says what a minor unit is."""
    read_as = parse(with_fields(_53=currency, _54=amount)).amount
    assert read_as is not None
    assert read_as.minor == minor


@pytest.mark.parametrize(("field", "value"), [("_56", "1.00"), ("_57", "9.5")])
def test_a_fee_with_its_indicator_is_taken(field: str, value: str) -> None:
    """A fixed fee needs indicator 02, a percentage 03."""
    kind = "02" if field == "_56" else "03"
    assert parse(with_fields(_55=kind, **{field: value})).value_of(field[1:]) == value


def test_a_field_that_cannot_be_written_is_refused() -> None:
    """An empty value is missing, and one of a hundred characters does not fit."""
    for value, reason in (("", Flaw.MISSING), ("x" * 100, Flaw.OVER_LONG)):
        with pytest.raises(BadCode) as caught:
            write([("80", value)])
        assert (caught.value.reason, caught.value.field) == (reason, "80")


NAMES = st.text(st.characters(categories=("L", "N", "P", "Zs")), min_size=1, max_size=25)


@given(name=NAMES, minor=st.integers(1, 10**12 - 1), reference=NAMES)
def test_what_is_written_is_read(name: str, minor: int, reference: str) -> None:
    """Any name, amount and reference comes back the same, in any script."""
    amount = f"{minor // 100}.{minor % 100:02}"
    fields = dict(PLAIN) | {"54": amount, "59": name, "62": write([("05", reference)])}
    code = MerchantCode(tuple(fields.items()))
    assert parse(code.text) == code
    assert (code.name, code.amount, code.reference) == (name, Money(minor, "EUR"), reference)


@given(at=st.integers(0, len(SAMPLE) - 1), character=st.sampled_from(string.printable))
def test_no_single_character_can_be_changed(at: int, character: str) -> None:
    """The checksum tells; a code that says something else is never taken for the first."""
    changed = SAMPLE[:at] + character + SAMPLE[at + 1 :]
    if changed == SAMPLE:
        return
    try:
        assert parse(changed) != parse(SAMPLE)
    except BadCode:
        return


@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: f"0002{text}".encode()))
def test_whatever_is_scanned_is_read_or_refused(data: bytes) -> None:
    """No bytes of any kind do anything else."""
    with contextlib.suppress(BadCode):
        code = read(data)
        assert code is None or not isinstance(code, Pix)
