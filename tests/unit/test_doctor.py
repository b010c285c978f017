"""What is missing or unsafe where real money is: a row for each."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.__main__ import serve
from bot.doctor import unsafe
from bot.settings import Mode, Settings, SettingsError

SOUND: dict[str, Any] = {
    "telegram_bot_token": SecretStr("1:t"),
    "mode": Mode.LIVE,
    "secret_key": SecretStr("k" * 32),
    "operators": (1,),
    "public_url": "https://pay.example.org",
    "webhook_secret": SecretStr("w" * 32),
    "database_url": "sqlite:///data/chatpay.db",
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a folder for the database that is its owner's alone."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir(mode=0o700)
    return tmp_path


def settings(**changes: Any) -> Settings:
    return Settings.model_construct(**(SOUND | changes))


def write(path: Path, mode: int) -> None:
    path.write_text("x")
    path.chmod(mode)


def test_sound_settings_are_left_alone(home: Path) -> None:
    """Nothing is missing, nothing is unsafe."""
    write(home / ".env", 0o600)
    write(home / "data" / "chatpay.db", 0o600)

    assert settings().missing() == []
    assert unsafe(settings()) == []


MISSING: dict[str, dict[str, Any]] = {
    "TELEGRAM_BOT_TOKEN": {"telegram_bot_token": None},
    "SECRET_KEY": {"secret_key": None},
    "PAYMENT_PROVIDER_TOKEN or OPERATORS": {"operators": ()},
    "PUBLIC_URL": {"public_url": "http://127.0.0.1:8080"},
    "WEBHOOK_SECRET": {"webhook_secret": None},
}


@pytest.mark.parametrize("name", MISSING)
async def test_the_bot_does_not_start_without_it(name: str, home: Path) -> None:
    """It is named, in one line, and no database is made."""
    incomplete = settings(**MISSING[name])

    with pytest.raises(SettingsError, match=f"^{name} ") as refused:
        await serve(incomplete, stop=asyncio.Event(), running=lambda _: None)

    assert len(str(refused.value).splitlines()) == 1
    assert list((home / "data").iterdir()) == []


@pytest.mark.parametrize("key", ["", "short", "k" * 31, "k" * 32 + ",short"])
def test_a_short_secret_key_is_refused(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them has at least 32 characters; an empty one is none."""
    monkeypatch.setenv("SECRET_KEY", key)
    if not key:
        assert Settings.read().secret_key is None
        return
    with pytest.raises(SettingsError, match=r"^SECRET_KEY each key must have at least 32"):
        Settings.read()


def test_env_that_others_can_read_is_named(home: Path) -> None:
    """With the command that mends it."""
    write(home / ".env", 0o644)

    assert unsafe(settings()) == [
        ".env can be read by other users of this machine: chmod 600 .env"
    ]


def test_a_folder_that_others_can_write_is_named(home: Path) -> None:
    """They could put another database there."""
    (home / "data").chmod(0o777)

    assert unsafe(settings()) == [
        f"{home / 'data'} can be written by other users of this machine: chmod go-w it."
    ]


def test_a_database_that_others_can_read_is_named(home: Path) -> None:
    """Names and amounts are not sealed."""
    write(home / "data" / "chatpay.db", 0o640)

    assert unsafe(settings()) == [
        "data/chatpay.db can be read by other users of this machine: chmod 600 it."
    ]


def test_a_secret_beside_the_database_is_named(home: Path) -> None:
    """Left behind by the sandbox."""
    write(home / "data" / "chatpay.secret", 0o600)

    (line,) = unsafe(settings())
    assert line.startswith("data/chatpay.secret is a secret key beside the database")


def test_listening_to_the_network_is_named() -> None:
    """What the proxy would decrypt goes over it in the open."""
    (line,) = unsafe(settings(listen="0.0.0.0:8080"))
    assert line.startswith("LISTEN=0.0.0.0:8080 is open to the network")

    assert unsafe(settings(listen="0.0.0.0:8080", public_url=None)) == []
