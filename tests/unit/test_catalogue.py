"""The catalogues: every message in every language, with the same fields, tags and commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from markupsafe import Markup

import bot
from bot.texts import LOCALES, Texts, languages
from payments.money import Money
from payments.privacy import FORGOTTEN

ROOT = Path(bot.__file__).parent
KEYWORDS = {"t": None, "plain": None, "plural": (1, 2)}
TRANSLATED = [language for language in languages() if language != "en"]
ISOLATED = re.compile("\u2068.*\u2069")

Id = str | tuple[str, str]


@pytest.fixture(scope="module")
def said() -> set[Id]:
    """All that the code says, as Babel reads it."""
    found: set[Id] = set()
    for _, _, message, _, _ in extract_from_dir(ROOT, [("**.py", "python")], keywords=KEYWORDS):
        found.add(message if isinstance(message, str) else (message[0], message[1]))
    return found


def catalogue(language: str) -> Catalog:
    with (LOCALES / language / "LC_MESSAGES" / "chatpay.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def entries(language: str) -> Iterator[tuple[list[str], list[str], Message]]:
    """Of each message the English forms and the translated ones."""
    for message in catalogue(language):
        if not message.id:
            continue
        if isinstance(message.id, str):
            yield [message.id], [message.string], message
        else:
            yield list(message.id), list(message.string), message


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def shape(text: str) -> tuple[list[str], list[str]]:
    """The tags and commands of a text."""
    return sorted(re.findall(r"</?\w+>", text)), sorted(re.findall(r"(?<![\w</>])/[a-z]+", text))


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_missing_or_left_over(language: str, said: set[Id]) -> None:
    """What the code says and what the catalogue has are the same messages."""
    assert len(said) > 500
    known = {
        message.id if isinstance(message.id, str) else (message.id[0], message.id[1])
        for _, _, message in entries(language)
    }
    assert (said - known, known - said) == (set(), set())


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_entry_is_finished(language: str) -> None:
    """None is empty, fuzzy or obsolete, and each has as many forms as the grammar needs."""
    assert catalogue(language).obsolete == {}
    for english, translated, message in entries(language):
        assert not message.fuzzy, english
        assert all(translated), english
        assert len(translated) == (1 if len(english) == 1 else catalogue(language).num_plurals), (
            english
        )


@pytest.mark.parametrize("language", TRANSLATED)
def test_fields_tags_and_commands_are_the_same(language: str) -> None:
    """A number may be a word in one of several forms; all else is said in each."""
    for english, translated, _ in entries(language):
        optional = {"n"} if len(english) > 1 else set()
        for form in translated:
            assert fields(form) | optional == fields(english[-1]) | optional, form
            assert shape(form) == shape(english[-1]), form
            assert form.count("\n") == english[-1].count("\n"), form


@pytest.mark.parametrize("language", [each for each in TRANSLATED if Texts(each).from_right])
def test_commands_keep_their_sign_in_front(language: str) -> None:
    """In a sentence that is written from the right, a mark stands before each /command."""
    for _, translated, _ in entries(language):
        for form in translated:
            assert not re.search(r"(?<![\w<>/\u200e])/[a-z]+", form), form


def test_the_language_of_a_person_is_spoken() -> None:
    """By its tag, with or without a country; English where there is no catalogue."""
    assert Texts("ar").plain("Paid") == Texts("ar-EG").plain("Paid") == "دُفع"
    assert Texts("xx").plain("Paid") == Texts("en").plain("Paid") == "Paid"


@pytest.mark.parametrize(
    ("n", "people"),
    [(1, "شخص واحد"), (2, "شخصين"), (3, "3 أشخاص"), (11, "11 شخصًا"), (100, "100 شخص")],
)
def test_arabic_counts_in_its_own_way(n: int, people: str) -> None:
    """One, two, few, many and round hundreds have a form each."""
    assert Texts("ar").plural("Pay {n} person", "Pay {n} people", n) == f"ادفع إلى {people}"


@pytest.mark.parametrize(
    ("given", "is_apart"), [("@bob", True), ("Bob!", True), ("Bob", False), ("علي", True)]
)
def test_names_keep_their_signs_in_arabic(given: str, is_apart: bool) -> None:  # noqa: FBT001
    """What begins or ends with a sign, or reads from the right, stands apart in its sentence."""
    for field in (given, Markup(given)) if given == "@bob" else (given,):
        sentence = Texts("ar").plain("Pay {name}", name=field)
        assert bool(ISOLATED.search(sentence)) == is_apart
        assert given in sentence


def test_amounts_stand_apart_in_arabic() -> None:
    """The sign of the currency stays with its figure."""
    t = Texts("ar")
    shown = t.plain("Pay {amount}", amount=t.money(Money(1_250, "EUR")))
    assert ISOLATED.search(shown)
    assert "12.50" in shown


@pytest.mark.parametrize(
    ("language", "day"),
    [
        ("en", "Nov 22, 2026"),
        ("de", "22.11.2026"),
        ("ar", "22 نوفمبر 2026"),
        ("ja", "2026年11月22日"),
    ],
)
def test_days_hold_nothing_that_looks_like_a_command(language: str, day: str) -> None:
    """A slash after a mark of direction would make a command of the month."""
    assert Texts(language).day(1_795_305_600_000) == day


@pytest.mark.parametrize(("language", "name"), [("en", FORGOTTEN), ("ar", "حساب محذوف")])
def test_a_deleted_account_has_a_name_in_each_language(language: str, name: str) -> None:
    """Alone, in a sentence, and where names are shown with their @username."""
    t = Texts(language)
    assert t.name(FORGOTTEN) == name
    assert t.name("Bob") == "Bob"
    assert name in t("Pay {name}", name=FORGOTTEN)
    assert f"<b>{name}</b>" in t("Pay {name}", name=Markup("<b>{}</b>").format(FORGOTTEN))
    assert t.named(Markup("<b>{}</b>").format(FORGOTTEN)) == f"<b>{name}</b>"
