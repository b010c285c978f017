"""UPI links: the specification's sample, and every rule with its reason."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.money import Money
from payments.qr import BadCode, Flaw, Upi, read
from payments.qr.upi import LONGEST, make, parse

SAMPLE = (
    "upi://pay?pa=nadeem@npci&pn=nadeem%20chinna&mc=0000&tid=cxnkjcnkjdfdvjndkjfvn"
    "&tr=4894398cndhcd23&tn=Pay%20to%20mystar%20store&am=10&mam=null&cu=INR"
    "&url=https://mystar.com/orderid=9298yw89e8973e87389e78923ue892"
)
"""UPI Linking Specifications 1.6, "Implementation Samples"."""
HEAD = "upi://pay?pa=nadeem@npci&pn=Nadeem"


def test_sample_is_read_as_published_and_written_byte_for_byte() -> None:
    """`@` and `/` stand as they are, a space is `%20`, and `null` lowers nothing."""
    link = parse(SAMPLE)
    assert link.text == SAMPLE
    assert (link.payee, link.name) == ("nadeem@npci", "nadeem chinna")
    assert (link.amount, link.least) == (Money(1000, "INR"), None)
    assert (link.note, link.reference) == ("Pay to mystar store", "4894398cndhcd23")
    assert read(SAMPLE.encode()) == link


def test_a_made_link_has_two_decimals_and_no_plus_for_a_space() -> None:
    """As the specification asks of those who write."""
    link = make(
        payee="shop.1@okbank",
        name="Chai & Co",
        amount=Money(1000, "INR"),
        least=Money(500, "INR"),
        note="2+1 चाय",
    )
    assert link.text == (
        "upi://pay?pa=shop.1@okbank&pn=Chai%20%26%20Co&tn=2%2B1%20%E0%A4%9A%E0%A4%BE%E0%A4%AF"
        "&am=10.00&mam=5.00&cu=INR"
    )
    assert parse(link.text) == link
    assert (link.amount, link.least) == (Money(1000, "INR"), Money(500, "INR"))


def test_a_plus_is_a_plus() -> None:
    """Forms write a space so; links do not."""
    assert parse(f"{HEAD}&tn=2+1").note == "2+1"


def test_the_scheme_is_read_in_any_case() -> None:
    """RFC 3986, section 3.1 and 3.2.2."""
    assert parse(f"UPI://Pay?{HEAD.partition('?')[2]}") == parse(HEAD)


@pytest.mark.parametrize(
    ("text", "reason", "field"),
    [
        ("upi://mandate?pa=a@b", Flaw.MALFORMED, ""),
        ("upi:pay?pa=nadeem@npci&pn=N", Flaw.MALFORMED, ""),
        ("upi://pay?", Flaw.MALFORMED, ""),
        (f"{HEAD}&", Flaw.MALFORMED, ""),
        (f"{HEAD}&tn", Flaw.MALFORMED, "tn"),
        (f"{HEAD}&t n=1", Flaw.MALFORMED, ""),
        (f"{HEAD}&tn=%2", Flaw.MALFORMED, "tn"),
        (f"{HEAD}&tn=100%", Flaw.MALFORMED, "tn"),
        (f"{HEAD}&tn=%FF", Flaw.CHARACTER, "tn"),
        (f"{HEAD}&tn=a%0Ab", Flaw.CHARACTER, "tn"),
        (f"{HEAD}&tn={'x' * LONGEST}", Flaw.OVER_LONG, ""),
        (f"{HEAD}&tn={'x' * 100}", Flaw.OVER_LONG, "tn"),
        (f"{HEAD}&tr={'x' * 36}", Flaw.OVER_LONG, "tr"),
        (f"{HEAD}&am=1&am=900", Flaw.DUPLICATE, "am"),
        (f"{HEAD}&pa=mallory@npci", Flaw.DUPLICATE, "pa"),
        ("upi://pay?pn=Nadeem", Flaw.MISSING, "pa"),
        ("upi://pay?pa=nadeem@npci", Flaw.MISSING, "pn"),
        ("upi://pay?pa=nadeem@npci&pn=%20", Flaw.MISSING, "pn"),
        ("upi://pay?pa=nadeem&pn=N", Flaw.PAYEE, "pa"),
        ("upi://pay?pa=na+deem@npci&pn=N", Flaw.PAYEE, "pa"),
        ("upi://pay?pa=a@npci&pn=N", Flaw.PAYEE, "pa"),
        ("upi://pay?pa=nadeem@@npci&pn=N", Flaw.PAYEE, "pa"),
        ("upi://pay?pa=nadeem@npci.&pn=N", Flaw.PAYEE, "pa"),
        (f"{HEAD}&mc=12a4", Flaw.CATEGORY, "mc"),
        (f"{HEAD}&mc=123", Flaw.CATEGORY, "mc"),
        (f"{HEAD}&tr=a%20b", Flaw.REFERENCE, "tr"),
        (f"{HEAD}&tid=a%26b", Flaw.REFERENCE, "tid"),
        (f"{HEAD}&am=10&cu=USD", Flaw.CURRENCY, "cu"),
        (f"{HEAD}&am=10&cu=inr", Flaw.CURRENCY, "cu"),
        (f"{HEAD}&am=0", Flaw.AMOUNT, "am"),
        (f"{HEAD}&am=10.", Flaw.AMOUNT, "am"),
        (f"{HEAD}&am=10.005", Flaw.AMOUNT, "am"),
        (f"{HEAD}&am=1,000", Flaw.AMOUNT, "am"),
        (f"{HEAD}&am=-1", Flaw.AMOUNT, "am"),
        (f"{HEAD}&am=1e3", Flaw.AMOUNT, "am"),
        (f"{HEAD}&am=10&mam=20", Flaw.AMOUNT, "mam"),
        (f"{HEAD}&mam=20", Flaw.AMOUNT, "mam"),
        (f"{HEAD}&url=javascript:x", Flaw.ADDRESS, "url"),
    ],
)
def test_each_broken_rule_has_its_reason(text: str, reason: Flaw, field: str) -> None:
    """Malformed, twice, missing, not of the form: each is told apart."""
    with pytest.raises(BadCode) as caught:
        parse(text)
    assert (caught.value.reason, caught.value.field) == (reason, field)


@pytest.mark.parametrize(
    ("amount", "reason"),
    [(Money(1000, "EUR"), Flaw.CURRENCY), (Money(0, "INR"), Flaw.AMOUNT)],
)
def test_nothing_wrong_is_made(amount: Money, reason: Flaw) -> None:
    """Rupees only, and some of them."""
    with pytest.raises(BadCode) as caught:
        make(payee="nadeem@npci", name="Nadeem", amount=amount)
    assert caught.value.reason is reason


TEXTS = st.text(
    st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=40
).filter(str.strip)


@given(
    payee=st.from_regex(r"[A-Za-z0-9._-]{2,30}@[A-Za-z][A-Za-z0-9]{1,10}", fullmatch=True),
    name=TEXTS,
    amount=st.none() | st.builds(Money, st.integers(1, 10**11), st.just("INR")),
    note=st.just("") | TEXTS,
    reference=st.text(string.ascii_letters + string.digits, max_size=35),
)
def test_what_is_made_is_read(
    payee: str, name: str, amount: Money | None, note: str, reference: str
) -> None:
    """All that was put in comes out, in any script."""
    made = make(payee=payee, name=name, amount=amount, note=note, reference=reference)
    link = parse(made.text)
    assert link == made
    assert (link.payee, link.name, link.amount, link.note, link.reference) == (
        (payee, name, amount, note, reference)
    )
    assert " " not in made.text


@given(at=st.integers(0, len(SAMPLE) - 1), character=st.sampled_from(string.printable))
def test_a_changed_character_never_goes_unseen(at: int, character: str) -> None:
    """There is no checksum: what is not refused differs in what it says, or only in case."""
    changed = SAMPLE[:at] + character + SAMPLE[at + 1 :]
    if changed.casefold() == SAMPLE.casefold():
        return
    try:
        link = parse(changed)
    except BadCode:
        return
    assert isinstance(link, Upi)
    assert link != parse(SAMPLE)
