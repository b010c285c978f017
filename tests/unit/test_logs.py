"""Nothing about a person, and no secret, reaches the log."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot import logs

TOKEN = "7000000001:" + "AbC-_" * 7
WORDS = "my PIN is 274913, call +49 170 1234567"


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Logging is the process's: left as it was found."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_token_is_never_written(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither ours nor what another library logs by mistake shows one."""
    logs.set_up(as_json=True)
    structlog.get_logger("bot").info("called", where=f"https://api.telegram.org/bot{TOKEN}/getMe")
    logging.getLogger("another.library").warning("POST /bot%s/getMe", TOKEN)
    ours, theirs = lines(capsys)
    assert ours["where"] == "https://api.telegram.org/bot[token]/getMe"
    assert theirs["event"] == "POST /bot[token]/getMe"


def test_an_error_is_logged_by_type_and_place_without_its_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What an error quotes may be a message; where it was raised is not."""
    logs.set_up(as_json=True)
    try:
        raise ValueError(WORDS)
    except ValueError:
        structlog.get_logger("bot").exception("failed")
        logging.getLogger("another.library").exception("failed")
    written = lines(capsys)
    assert [line["error"] for line in written] == ["ValueError", "ValueError"]
    assert all("test_logs.py" in str(line["frames"]) for line in written)
    assert WORDS not in json.dumps(written)


@pytest.mark.parametrize(
    "name", ["telegram.ext.Application", "httpx", "aiohttp.access", "uvicorn.access"]
)
def test_libraries_that_log_addresses_and_messages_are_quiet(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Their errors reach us as exceptions; their lines may quote whole updates."""
    logs.set_up()
    logging.getLogger(name).error(WORDS)
    logging.getLogger(name).info(WORDS)
    assert capsys.readouterr().err == ""
