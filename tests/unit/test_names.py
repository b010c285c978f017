"""Names that may not deceive: what is cleaned away, and which two look the same."""

from __future__ import annotations

import pytest

from payments.models import Person, RequestsFrom
from payments.names import clean_name, isolated, lookalike, skeleton


def person(name: str, username: str | None = None) -> Person:
    return Person(
        id=1,
        name=name,
        username=username,
        language="en",
        language_chosen=False,
        currency="EUR",
        requests_from=RequestsFrom.ANYONE,
        terms_version=1,
        met_at=0,
        joined_at=0,
        reachable=True,
    )


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  Bob \n  Stone ", "Bob Stone"),
        ("Bo\u200bb", "Bob"),
        ("\u202eboB", "boB"),
        ("\u2066Bob\u2069\u200f", "Bob"),
        ("Bob\x00\x1b[31m", "Bob[31m"),
        ("B\u00ado\u2060b\ufeff", "Bob"),
        ("Bob\U000e0041", "Bob"),
        ("B\u200dob\u200c", "Bob"),
        ("\u0995\u09cd\u200d\u09b7", "\u0995\u09cd\u200d\u09b7"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        ("\u3164\u2800", ""),
        ("\u202e\u200b", ""),
        ("x" * 70, "x" * 64),
        ("Bob @bob", "Bob bob"),
        ("\uff20bob \ufe6bbank", "bob bank"),
        ("@", ""),
    ],
)
def test_what_cannot_be_seen_is_no_part_of_a_name(raw: str, clean: str) -> None:
    """Controls, direction marks and zero width go; joiners stay where a script needs them."""
    assert clean_name(raw) == clean


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bob Stone", "bob stone"),
        ("Bob Stone", "Bob_Stone"),
        ("Bob Stone", "BobStone"),
        ("Bob", "\u0412\u043eb"),  # Cyrillic Ve, o
        ("Maria", "\u041c\u0430r\u0456\u0430"),
        ("Ann", "\u0391\u03b7\u03b7"),  # Greek Alpha, eta
        ("BOB", "\u0392\u039f\u0392"),
        ("paypal", "paypaI"),
        ("paypal", "paypa1"),
        ("bob", "b0b"),
        ("Jorn", "J\u00f6rn"),
        ("Jose", "Jose\u0301"),
        ("Bob", "\uff22\uff4f\uff42"),
        ("Bob", "\U0001d401\U0001d428\U0001d41b"),  # mathematical bold
        ("burn", "bum"),
        ("wendy", "vvendy"),
        ("Bob", "Bob \U0001f600"),
    ],
)
def test_names_that_look_the_same(one: str, other: str) -> None:
    """Another case, alphabet, digit, accent or style is no other look."""
    assert skeleton(one) == skeleton(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bob", "Rob"),
        ("Ann", "Anna"),
        ("\u0410\u043d\u043d\u0430", "\u0418\u0432\u0430\u043d"),
        ("\u674e\u660e", "\u674e\u8fdc"),
        ("Maria", "Mario"),
    ],
)
def test_names_that_look_different(one: str, other: str) -> None:
    """Ordinary different names stay apart, in any script."""
    assert skeleton(one) != skeleton(other)


def test_a_lookalike_is_found_by_name_or_username() -> None:
    """Either may look like either; nothing is like an empty name."""
    bob = person("Bob Stone", "bob_s")
    assert lookalike("bobstone", "Somebody", [person("Eve"), bob]) is bob
    assert lookalike(None, "B0b 5tone", [bob]) is bob
    assert lookalike("b0b_s", "", [bob]) is bob
    assert lookalike("rob", "Rob Stone", [bob]) is None
    assert lookalike(None, "\U0001f600", [person("\U0001f601")]) is None


def test_a_name_from_the_right_is_isolated() -> None:
    """So that what follows it stays where it is; other names are left alone."""
    assert isolated("\u05d3\u05df") == "\u2068\u05d3\u05df\u2069"
    assert isolated("Bob") == "Bob"
