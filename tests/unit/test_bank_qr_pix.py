"""Pix codes: the central bank's samples, its keys, and every rule with its reason."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.money import Money
from payments.qr import BadCode, Flaw, Pix, emvco, read
from payments.qr.checks import is_cnpj, is_cpf
from payments.qr.pix import KeyKind, as_ascii, key_kind, make_dynamic, make_static, parse

STATIC = (
    "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR5913"
    "Fulano de Tal6008BRASILIA62070503***63041D3D"
)
DYNAMIC = (
    "00020101021226730014br.gov.bcb.pix2551pix.example.com/v2/8b3da2f39a4140d1a91abd93113bd4415204"
    "000053039865406123.455802BR5913Fulano de Tal6008BRASILIA62190515RP12345678-201963047309"
)
"""Manual de Padrões para Iniciação do Pix 2.2, §1.5.4."""

RANDOM_KEY = "123e4567-e12b-12d1-a456-426655440000"
KEYS = {
    "12345678909": KeyKind.CPF,
    "00038166000105": KeyKind.CNPJ,
    "12ABC34501DE35": KeyKind.CNPJ,
    "+5561912345678": KeyKind.PHONE,
    "+556133334444": KeyKind.PHONE,
    "fulano_da_silva.recebedor@example.com": KeyKind.EMAIL,
    RANDOM_KEY: KeyKind.RANDOM,
}


def static(**changes: str | None) -> str:
    """`STATIC` with fields changed, added or (None) left out, and a right checksum."""
    fields = dict(parse(STATIC).code.fields)
    wanted = fields | {key.removeprefix("_"): value for key, value in changes.items()}
    body = emvco.write([(key, value) for key, value in wanted.items() if value is not None])
    return f"{body}6304{emvco.crc(f'{body}6304')}"


def account(**fields: str) -> str:
    """Pix's template with these fields."""
    return emvco.write([(key.removeprefix("_"), value) for key, value in fields.items()])


def test_static_sample_is_read_and_made_byte_for_byte() -> None:
    """The code that the manual prints is what its fields make."""
    code = parse(STATIC)
    assert (code.key, code.key_kind, code.address) == (RANDOM_KEY, KeyKind.RANDOM, "")
    assert (code.name, code.city, code.amount, code.txid) == (
        "Fulano de Tal",
        "BRASILIA",
        None,
        "",
    )
    assert code.text == STATIC
    assert make_static(key=RANDOM_KEY, name="Fulano de Tal", city="BRASILIA").text == STATIC


def test_dynamic_sample_is_read_and_made_byte_for_byte() -> None:
    """So is the one that names an address."""
    code = parse(DYNAMIC)
    address = "pix.example.com/v2/8b3da2f39a4140d1a91abd93113bd441"
    assert (code.address, code.key, code.key_kind) == (address, "", None)
    assert (code.amount, code.txid) == (Money(12345, "BRL"), "RP12345678-2019")
    made = make_dynamic(
        address=address,
        name="Fulano de Tal",
        city="BRASILIA",
        amount=Money(12345, "BRL"),
        txid="RP12345678-2019",
    )
    assert (made.text, code.text) == (DYNAMIC, DYNAMIC)


def test_the_draft_sample_does_not_verify() -> None:
    """A code whose checksum is that of another is refused, wherever it was printed."""
    with pytest.raises(BadCode, match="checksum 63"):
        parse(STATIC[:-4] + "DFE3")


def test_the_system_is_recognised_in_any_case() -> None:
    """`BR.GOV.BCB.PIX` is Pix too, and keeps its spelling."""
    text = static(_26=account(_00="BR.GOV.BCB.PIX", _01=RANDOM_KEY))
    code = read(text.encode())
    assert isinstance(code, Pix)
    assert code.text == text


@pytest.mark.parametrize(("key", "kind"), KEYS.items())
def test_each_form_of_key_is_recognised(key: str, kind: KeyKind) -> None:
    """Tax numbers with right check digits, phones of Brazil, e-mail, random keys."""
    assert key_kind(key) is kind
    assert parse(make_static(key=key, name="A", city="B").text).key == key


@pytest.mark.parametrize(
    "key",
    [
        "12345678900",  # check digits
        "11111111111",
        "123.456.789-09",
        "00038166000104",
        "00000000000000",
        "12ABC34501DE34",
        "12abc34501de35",
        "61912345678",
        "+5501912345678",
        "+351912345678",
        "+55 61912345678",
        "Fulano@example.com",
        "fulano@example",
        "fulano@@example.com",
        "x" * 66 + "@example.com",
        RANDOM_KEY.upper(),
        RANDOM_KEY.replace("-", ""),
        "",
        "fulano",
    ],
)
def test_what_is_no_key_is_refused(key: str) -> None:
    """Wrong check digits or none of the forms."""
    assert key_kind(key) is None
    with pytest.raises(BadCode):
        make_static(key=key, name="A", city="B")


@pytest.mark.parametrize(
    ("text", "reason", "field"),
    [
        (static(_53="840"), Flaw.CURRENCY, "53"),
        (static(_58="PT"), Flaw.COUNTRY, "58"),
        (static(_54="0.00"), Flaw.AMOUNT, "54"),
        (static(_54="1.505"), Flaw.AMOUNT, "54"),
        (static(_54="1,50"), Flaw.AMOUNT, "54"),
        (static(_59="x" * 26), Flaw.OVER_LONG, "59"),
        (static(_60="x" * 16), Flaw.OVER_LONG, "60"),
        (static(_62=None), Flaw.MISSING, "62.05"),
        (static(_62=account(_05="A-1")), Flaw.TXID, "62.05"),
        (static(_62=account(_05="x" * 26)), Flaw.OVER_LONG, "62.05"),
        (static(_26=account(_00="br.gov.bcb.pix")), Flaw.MISSING, "26.01"),
        (static(_26=account(_00="br.gov.bcb.pix", _01="fulano")), Flaw.KEY, "26.01"),
        (
            static(_26=account(_00="br.gov.bcb.pix", _01=RANDOM_KEY, _25="a.com/b")),
            Flaw.KEY_AND_ADDRESS,
            "26",
        ),
        (
            static(_26=account(_00="br.gov.bcb.pix", _25="https://a.com/b")),
            Flaw.ADDRESS,
            "26.25",
        ),
        (static(_26=account(_00="br.gov.bcb.pix", _25="a.com")), Flaw.ADDRESS, "26.25"),
        (static(_26=account(_00="br.gov.bcb.pix", _25="me@a.com/b")), Flaw.ADDRESS, "26.25"),
        (static(_27=account(_00="BR.GOV.BCB.PIX", _01=RANDOM_KEY)), Flaw.DUPLICATE, "27"),
        (static(_26=account(_00="com.example", _01="1")), Flaw.MISSING, "26"),
        (STATIC.replace("Fulano", "Sicano"), Flaw.CHECKSUM, "63"),
    ],
)
def test_each_broken_rule_has_its_reason(text: str, reason: Flaw, field: str) -> None:
    """Each rule of Pix on top of those of merchant codes."""
    with pytest.raises(BadCode) as caught:
        parse(text)
    assert (caught.value.reason, caught.value.field) == (reason, field)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"amount": Money(100, "EUR")}, Flaw.CURRENCY),
        ({"amount": Money(0, "BRL")}, Flaw.AMOUNT),
        ({"amount": Money(-100, "BRL")}, Flaw.AMOUNT),
        ({"name": "x" * 26}, Flaw.OVER_LONG),
        ({"name": "東京"}, Flaw.NAME),
        ({"name": " "}, Flaw.MISSING),
        ({"city": "x" * 16}, Flaw.OVER_LONG),
        ({"city": ""}, Flaw.MISSING),
        ({"txid": "A B"}, Flaw.TXID),
        ({"txid": "x" * 26}, Flaw.OVER_LONG),
        ({"note": "x" * 40}, Flaw.OVER_LONG),
    ],
)
def test_nothing_wrong_is_made(changes: dict[str, object], reason: Flaw) -> None:
    """Whoever makes a code hears the same reasons."""
    given_ = {"key": RANDOM_KEY, "name": "Fulano de Tal", "city": "BRASILIA"} | changes
    with pytest.raises(BadCode) as caught:
        make_static(**given_)  # type: ignore[arg-type]
    assert caught.value.reason is reason


def test_accents_are_left_out_of_what_is_made() -> None:
    """Banks read ASCII everywhere."""
    code = make_static(key=RANDOM_KEY, name="João Conceição", city="São Luís", note="Pão & café")
    assert (code.name, code.city, code.note) == ("Joao Conceicao", "Sao Luis", "Pao & cafe")
    assert as_ascii("Łódź straße “Ærø”") == 'Lodz strasse "AEro"'


def test_tax_numbers_are_checked_by_their_last_two_digits() -> None:
    """Of a hundred endings exactly one is right."""
    assert [n for n in range(100) if is_cpf(f"123456789{n:02}")] == [9]
    assert [n for n in range(100) if is_cnpj(f"000381660001{n:02}")] == [5]
    assert [n for n in range(100) if is_cnpj(f"12ABC34501DE{n:02}")] == [35]


WORDS = st.text(string.ascii_letters + string.digits + "&-.'", min_size=1, max_size=15)


@given(
    key=st.sampled_from(sorted(KEYS)),
    name=WORDS,
    city=WORDS,
    amount=st.none() | st.builds(Money, st.integers(1, 10**12 - 1), st.just("BRL")),
    note=st.just("") | WORDS,
    txid=st.just("") | st.text(string.ascii_letters + string.digits, min_size=1, max_size=25),
)
def test_what_is_made_is_read(
    key: str, name: str, city: str, amount: Money | None, note: str, txid: str
) -> None:
    """All that was put in comes out, and the code is the same code."""
    made = make_static(key=key, name=name, city=city, amount=amount, note=note, txid=txid)
    code = parse(made.text)
    assert code == made
    assert (code.key, code.name, code.city, code.amount, code.note, code.txid) == (
        (key, name, city, amount, note, txid)
    )


@given(
    text=st.sampled_from([STATIC, DYNAMIC]),
    at=st.integers(0, 200),
    character=st.sampled_from(string.printable),
)
def test_no_single_character_can_be_changed(text: str, at: int, character: str) -> None:
    """The checksum tells."""
    at %= len(text)
    if text[at] == character:
        return
    with pytest.raises(BadCode):
        parse(text[:at] + character + text[at + 1 :])
