"""docs/SECURITY.md and the attacks agree: every test that it names exists, and it names all."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from bot.web.app.door import APPROVING_MS, LOOKING_MS
from payments.policy import DAY, HOUR, MINUTE, Policy

TESTS = Path(__file__).parents[1]
DOCUMENT = TESTS.parent / "docs" / "SECURITY.md"
ROWS_LEAST = 45
_NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def rows() -> list[list[str]]:
    """The cells of each row of all tables, but for their heads."""
    lines = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[0] != "attack"]


@cache
def names_in(path: Path) -> frozenset[str]:
    """The names of the tests in a file."""
    return frozenset(
        node.name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    )


def test_each_row_says_attack_defence_and_test() -> None:
    """Three cells, none empty, no attack twice, and enough of them."""
    assert len(rows()) >= ROWS_LEAST
    for row in rows():
        assert len(row) == 3, row
        assert all(row), row
        assert _NAMED.sub("", row[2]).replace(", ", "") == "", row
    attacks = [row[0] for row in rows()]
    assert len(set(attacks)) == len(attacks)


def test_the_bounds_are_those_of_the_policy() -> None:
    """Whoever changes a figure of `payments/policy.py` changes it there, too."""
    policy = Policy()
    words = " ".join(DOCUMENT.read_text().split())
    assert f"at most {policy.lookups_hour} in any hour and {policy.lookups_day} in any" in words
    assert f"at most {policy.pin_tries_day} wrong ones in the day" in words
    assert policy.pin_tries_free == 4
    assert policy.pin_lock_ms == (15 * MINUTE, HOUR, 4 * HOUR, DAY)
    assert (APPROVING_MS, LOOKING_MS) == (5 * MINUTE, HOUR)


def test_each_test_that_is_named_exists() -> None:
    """In the file that is named, below tests/."""
    named = [name for row in rows() for name in _NAMED.findall(row[2])]
    missing = [(file, test) for file, test in named if test not in names_in(TESTS / file)]
    assert missing == []


def test_each_attack_is_in_the_table() -> None:
    """An attack that is added here is added there."""
    named = {name for row in rows() for name in _NAMED.findall(row[2])}
    ours = {
        (f"attacks/{path.name}", test)
        for path in Path(__file__).parent.glob("test_*.py")
        if path != Path(__file__)
        for test in names_in(path)
    }
    assert ours - named == set()
