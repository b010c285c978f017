"""Says what is wrong with the configuration, one line each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from bot.settings import LOOPBACK, Mode, Settings, SettingsError
from bot.transport import Transport

_OTHERS_READ, _OTHERS_WRITE = 0o044, 0o022


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's."""

    line: str
    wrong: bool = False


async def examine(
    settings: Settings, open_database: Callable[[], Awaitable[str]]
) -> AsyncIterator[Finding]:
    """Looks at one thing after the other.

    Args:
        settings: what is set.
        open_database: opens and closes the database, and says in a line what it is; raises
            SettingsError where it cannot be used.
    """
    for line in settings.missing():
        yield Finding(line, wrong=True)
    if settings.mode is Mode.LIVE:
        for line in unsafe(settings):
            yield Finding(line, wrong=True)
    yield Finding(_mode(settings))
    try:
        yield Finding(await open_database())
    except SettingsError as error:
        yield Finding(str(error), wrong=True)
    if settings.telegram_bot_token is not None:
        async for finding in _telegram(settings, settings.telegram_bot_token.get_secret_value()):
            yield finding


def unsafe(settings: Settings) -> list[str]:
    """What works, but would let others in where real money is, a sentence for each."""
    found = []
    env = Path(".env")
    if env.exists() and env.stat().st_mode & _OTHERS_READ:
        found.append(".env can be read by other users of this machine: chmod 600 .env")
    if settings.database_file is not None:
        found += _unsafe_files(settings.database_file)
    if settings.public_url and settings.listen_host not in LOOPBACK:
        found.append(
            f"LISTEN={settings.listen} is open to the network, without encryption: let a proxy "
            "on this machine forward PUBLIC_URL to 127.0.0.1."
        )
    return found


def _unsafe_files(database: Path) -> list[str]:
    found = []
    folder = database.absolute().parent
    if folder.exists() and folder.stat().st_mode & _OTHERS_WRITE:
        found.append(f"{folder} can be written by other users of this machine: chmod go-w it.")
    if database.exists() and database.stat().st_mode & _OTHERS_READ:
        found.append(f"{database} can be read by other users of this machine: chmod 600 it.")
    secret = database.with_suffix(".secret")
    if secret.exists():
        found.append(
            f"{secret} is a secret key beside the database: whoever copies the folder has both. "
            "Move it to SECRET_KEY."
        )
    return found


def _mode(settings: Settings) -> str:
    if settings.mode is Mode.LIVE:
        return "MODE=live: real money."
    return "MODE=sandbox: play money."


async def _telegram(settings: Settings, token: str) -> AsyncIterator[Finding]:
    host = urlsplit(settings.telegram_api_url).netloc
    test = "/test" if settings.telegram_test_environment else ""
    bot = Bot(
        token,
        base_url=settings.telegram_api_url + "/bot{token}" + test,
        request=Transport(connections=1),
        get_updates_request=Transport(connections=1),
    )
    try:
        async with bot:
            yield Finding(f"Telegram ({host}) knows the token: @{bot.username}.")
            yield await _updates(bot, settings)
    except InvalidToken:
        yield Finding(f"Telegram ({host}) does not know TELEGRAM_BOT_TOKEN.", wrong=True)
    except TelegramError as error:
        yield Finding(f"Telegram ({host}) cannot be reached: {error.message}.", wrong=True)


async def _updates(bot: Bot, settings: Settings) -> Finding:
    webhook = await bot.get_webhook_info()
    if settings.public_url is None:
        if webhook.url:
            return Finding("A webhook is set; `run` takes it away and polls.")
        return Finding("Updates are polled.")
    if not webhook.url.startswith(settings.public_url):
        return Finding("The webhook is not set yet; `run` sets it.")
    if webhook.last_error_message:
        return Finding(f"The webhook's last error: {webhook.last_error_message}.", wrong=True)
    return Finding("The webhook is set.")
