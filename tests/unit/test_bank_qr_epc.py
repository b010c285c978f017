"""EPC codes: the published sample, agreement with segno, and every rule with its reason."""

from __future__ import annotations

import string

import pytest
import qrcode
import segno
import segno.helpers
from hypothesis import given
from hypothesis import strategies as st

from payments.money import Money, format_plain
from payments.qr import BadCode, Epc, Flaw, read
from payments.qr.checks import is_bic, is_creditor_reference, is_iban
from payments.qr.epc import CHARSETS, ERROR_CORRECTION, LONGEST, VERSION_MOST, parse

SAMPLE = (
    "BCD\n002\n2\nSCT\n\nFrançois D'Alsace S.A.\nFR1420041010050500013M02606\nEUR12.3\n\n\n"
    "Client:Marie Louise La Lune"
).encode("iso8859-1")
"""EPC069-12 version 2.1, example 1."""

GERMAN, FRENCH = "DE71110220330123456789", "FR1420041010050500013M02606"
IBANS = (GERMAN, FRENCH, "NO9386011117947", "MT84MALT011000012345MTLCAST001S")


def lines(**changes: str) -> bytes:
    """A code of twelve lines with some of them changed; empty ones at the end are cut."""
    code = {
        "tag": "BCD",
        "version": "002",
        "charset": "1",
        "identification": "SCT",
        "bic": "",
        "name": "Café",
        "iban": GERMAN,
        "amount": "EUR12.30",
        "purpose": "",
        "reference": "",
        "text": "",
        "hint": "",
    } | changes
    return "\n".join(code.values()).rstrip("\n").encode()


def test_sample_is_read_as_published_and_written_byte_for_byte() -> None:
    """103 bytes in ISO 8859-1."""
    code = parse(SAMPLE)
    assert code == Epc(
        name="François D'Alsace S.A.",
        iban=FRENCH,
        amount=Money(1230, "EUR"),
        text="Client:Marie Louise La Lune",
        charset=2,
    )
    assert (code.data, len(SAMPLE)) == (SAMPLE, 103)
    assert read(SAMPLE) == code
    assert parse(SAMPLE.replace(b"\n", b"\r\n")) == code


@pytest.mark.parametrize("charset", range(1, 9))
@pytest.mark.parametrize("minor", [1, 10, 100, 1230, 1234, 10_000, 99_999_999_999])
@pytest.mark.parametrize(("text", "reference"), [("Invoice 7", ""), ("", "RF18539007547034")])
def test_it_is_the_code_that_segno_makes(
    charset: int, minor: int, text: str, reference: str
) -> None:
    """Module by module, for the same data."""
    amount = Money(minor, "EUR")
    ours = Epc(
        name="Cafe Central",
        iban=GERMAN,
        bic="BHBLDEHHXXX",
        amount=amount,
        purpose="GDDS",
        text=text,
        reference=reference,
        charset=charset,
    )
    theirs = segno.helpers.make_epc_qr(
        name=ours.name,
        iban=ours.iban,
        amount=format_plain(amount),
        text=text or None,
        reference=reference or None,
        bic=ours.bic,
        purpose=ours.purpose,
        encoding=charset,
    )
    made = segno.make_qr(ours.data, error=ERROR_CORRECTION, boost_error=False)
    assert made.matrix == theirs.matrix


def test_the_longest_code_fits_the_largest_symbol() -> None:
    """331 bytes at error correction M are version 13, and one more is not."""

    def version(size: int) -> int:
        code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M)
        code.add_data(b"\xe9" * size, optimize=0)
        code.make(fit=True)
        fitting: int = code.version
        return fitting

    assert (version(LONGEST), version(LONGEST + 1)) == (VERSION_MOST, VERSION_MOST + 1)


@pytest.mark.parametrize(
    ("data", "reason", "field"),
    [
        (b"", Flaw.TAIL, ""),
        (b"BCD", Flaw.MALFORMED, ""),
        (lines(tag="BCE"), Flaw.MALFORMED, ""),
        (lines(hint="a\nb"), Flaw.MALFORMED, ""),
        (lines(identification="INST"), Flaw.MALFORMED, "identification"),
        (lines() + b"\n", Flaw.TAIL, ""),
        (lines() + b"\n\n\n", Flaw.TAIL, ""),
        (lines().replace(b"\n", b"\r\n") + b"\r\n", Flaw.TAIL, ""),
        (lines(version="003"), Flaw.VERSION, "version"),
        (lines(version="2"), Flaw.VERSION, "version"),
        (lines(charset="9"), Flaw.CHARSET, "charset"),
        (lines(charset="0"), Flaw.CHARSET, "charset"),
        (lines().replace("é".encode(), b"\xe9"), Flaw.CHARSET, "charset"),
        (lines(version="001"), Flaw.MISSING, "bic"),
        (lines(bic="BHBLDEH"), Flaw.BIC, "bic"),
        (lines(bic="bhbldehhxxx"), Flaw.BIC, "bic"),
        (lines(name=""), Flaw.MISSING, "name"),
        (lines(name="x" * 71), Flaw.OVER_LONG, "name"),
        (lines(name="Ca\tfe"), Flaw.CHARACTER, "name"),
        (lines(iban=""), Flaw.IBAN, "iban"),
        (lines(iban="DE71110220330123456780"), Flaw.IBAN, "iban"),
        (lines(iban="DE7111022033012345678"), Flaw.IBAN, "iban"),
        (lines(iban="ZZ71110220330123456789"), Flaw.IBAN, "iban"),
        (lines(iban="DE71 1102 2033 0123 4567 89"), Flaw.IBAN, "iban"),
        (lines(iban=GERMAN.lower()), Flaw.IBAN, "iban"),
        (lines(amount="USD12.30"), Flaw.CURRENCY, "amount"),
        (lines(amount="12.30"), Flaw.CURRENCY, "amount"),
        (lines(amount="EUR"), Flaw.AMOUNT, "amount"),
        (lines(amount="EUR0"), Flaw.AMOUNT, "amount"),
        (lines(amount="EUR12."), Flaw.AMOUNT, "amount"),
        (lines(amount="EUR12,30"), Flaw.AMOUNT, "amount"),
        (lines(amount="EUR12.305"), Flaw.AMOUNT, "amount"),
        (lines(amount="EUR-1"), Flaw.AMOUNT, "amount"),
        (lines(amount="EUR1000000000"), Flaw.AMOUNT, "amount"),
        (lines(purpose="GDDSX"), Flaw.PURPOSE, "purpose"),
        (lines(purpose="gdds"), Flaw.PURPOSE, "purpose"),
        (lines(reference="RF19539007547034"), Flaw.REFERENCE, "reference"),
        (lines(reference="x" * 36), Flaw.OVER_LONG, "reference"),
        (
            lines(reference="RF18539007547034", text="Invoice 7"),
            Flaw.TEXT_AND_REFERENCE,
            "text",
        ),
        (lines(text="x" * 141), Flaw.OVER_LONG, "text"),
        (lines(hint="x" * 71), Flaw.OVER_LONG, "hint"),
        (lines(text="é" * 140, name="é" * 70), Flaw.OVER_LONG, ""),
    ],
)
def test_each_broken_rule_has_its_reason(data: bytes, reason: Flaw, field: str) -> None:
    """Malformed, too long, mis-summed, of another currency: each is told apart."""
    with pytest.raises(BadCode) as caught:
        parse(data)
    assert (caught.value.reason, caught.value.field) == (reason, field)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"amount": Money(0, "EUR")}, Flaw.AMOUNT),
        ({"amount": Money(100_000_000_000, "EUR")}, Flaw.AMOUNT),
        ({"amount": Money(100, "USD")}, Flaw.CURRENCY),
        ({"version": 3}, Flaw.VERSION),
        ({"charset": 9}, Flaw.CHARSET),
        ({"charset": 2, "name": "東京"}, Flaw.CHARSET),
        ({"text": "two\nlines"}, Flaw.CHARACTER),
    ],
)
def test_nothing_wrong_is_made(changes: dict[str, object], reason: Flaw) -> None:
    """Whoever makes a code hears the same reasons."""
    with pytest.raises(BadCode) as caught:
        Epc(**({"name": "Cafe", "iban": GERMAN} | changes))  # type: ignore[arg-type]
    assert caught.value.reason is reason


def test_a_reference_of_another_kind_is_taken_as_it_is() -> None:
    """Only those that begin with RF have check digits that are known."""
    assert parse(lines(reference="2024-0017")).reference == "2024-0017"


@pytest.mark.parametrize("iban", IBANS)
def test_an_iban_is_checked_by_country_and_digits(iban: str) -> None:
    """Any single digit changed, or one more or less, is none."""
    assert is_iban(iban)
    assert not is_iban(iban[:-1])
    assert not is_iban(iban + "0")
    changed = [
        iban[:at] + digit + iban[at + 1 :]
        for at in range(2, len(iban))
        for digit in string.digits
        if iban[at] != digit
    ]
    assert [text for text in changed if is_iban(text)] == []


def test_references_and_bics_are_checked() -> None:
    """ISO 11649 by its digits, ISO 9362 by its form."""
    assert [n for n in range(100) if is_creditor_reference(f"RF{n:02}539007547034")] == [18]
    assert [is_bic(bic) for bic in ("BHBLDEHH", "BHBLDEHHXXX", "BHBLDEHHXX", "BHBL1EHH")] == [
        True,
        True,
        False,
        False,
    ]


NAMES = st.text(st.characters(categories=("L", "N", "P", "Zs")), min_size=1, max_size=25)


@given(
    name=NAMES.filter(str.strip),
    iban=st.sampled_from(IBANS),
    amount=st.none() | st.builds(Money, st.integers(1, 99_999_999_999), st.just("EUR")),
    words=st.tuples(st.just(""), st.just("") | NAMES)
    | st.tuples(st.just("RF18539007547034"), st.just("")),
    hint=st.just("") | NAMES,
)
def test_what_is_made_is_read(
    name: str, iban: str, amount: Money | None, words: tuple[str, str], hint: str
) -> None:
    """All that was put in comes out; nothing empty is at the end."""
    reference, text = words
    made = Epc(name=name, iban=iban, amount=amount, reference=reference, text=text, hint=hint)
    assert parse(made.data) == made
    assert not made.data.endswith(b"\n")


@given(st.integers(1, 8), st.integers(0, 300))
def test_every_charset_comes_back(charset: int, seed: int) -> None:
    """Each of the eight alphabets is written and read as itself."""
    high = bytes(range(0xA0, 0x100))
    known = [c for c in high.decode(CHARSETS[charset - 1], "ignore") if c.isalpha()] or ["é"]
    name = "".join(known[(seed + n) % len(known)] for n in range(10))
    made = Epc(name=name, iban=GERMAN, charset=charset)
    assert parse(made.data).name == name


@given(at=st.integers(0, len(SAMPLE) - 1), byte=st.integers(0, 255))
def test_a_changed_byte_never_goes_unseen(at: int, byte: int) -> None:
    """The account is checked; what is not refused differs in what it says."""
    changed = SAMPLE[:at] + bytes([byte]) + SAMPLE[at + 1 :]
    if changed == SAMPLE:
        return
    try:
        code = parse(changed)
    except BadCode:
        return
    assert code != parse(SAMPLE)
