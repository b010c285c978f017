"""The shape of the house: which package may know which, and a few rules of tidiness."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("bot", "payments", "storage", "simulator")
MAY_IMPORT = {
    "bot": {"bot", "payments"},
    "payments": {"payments"},
    "storage": {"storage", "payments"},
    "simulator": {"simulator"},
}
COMPOSITION_ROOT = Path("bot/__main__.py")
CODE_LINES_MOST = 500

SOURCES = sorted(
    path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py")
)
TESTS = sorted(path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py"))


def imported_packages(source: Path) -> Iterator[str]:
    """The top-level packages that a file imports, wherever in it."""
    for node in ast.walk(ast.parse((ROOT / source).read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source}:{node.lineno} imports relatively"
            yield (node.module or "").partition(".")[0]


def code_lines(text: str) -> set[int]:
    """The lines that hold code: no blank ones, comments, or documentation."""
    spoken = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    written = {
        line
        for token in tokens
        if token.type not in silent | {tokenize.ENDMARKER}
        for line in range(token.start[0], token.end[0] + 1)
    }
    return written - spoken


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_arrows_point_at_payments(source: Path) -> None:
    """The bot and the storage know payments; only the composition root knows everybody."""
    allowed = set(PACKAGES) if source == COMPOSITION_ROOT else MAY_IMPORT[source.parts[0]]
    assert {name for name in imported_packages(source) if name in PACKAGES} <= allowed


def test_payments_knows_neither_telegram_nor_a_database() -> None:
    """The rules import no driver, no HTTP and no Telegram."""
    strangers = {"telegram", "sqlite3", "aiosqlite", "psycopg", "aiosql", "aiohttp", "starlette"}
    rules = [source for source in SOURCES if source.parts[0] == "payments"]
    assert rules
    assert {name for source in rules for name in imported_packages(source)} & strangers == set()


def test_simulator_runs_without_the_library_it_tests() -> None:
    """The simulator's idea of Telegram is its own, not python-telegram-bot's."""
    simulator = [source for source in SOURCES if source.parts[0] == "simulator"]
    assert "telegram" not in {name for source in simulator for name in imported_packages(source)}


@pytest.mark.parametrize("source", [*SOURCES, *TESTS], ids=str)
def test_files_are_tidy(source: Path) -> None:
    """No file is long or puts work off; linters see to the rest."""
    text = (ROOT / source).read_text()
    assert len(code_lines(text)) < CODE_LINES_MOST
    assert not re.search(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b", text)


def test_constraints_name_no_address() -> None:
    """Every line is a name and a version, so any index will do."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[\w.+!]+", line)] == []
    assert "chatpay" not in {line.partition("==")[0] for line in lines}
