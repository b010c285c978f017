"""Says what is wrong with the configuration, one line each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from bot.settings import Mode, Settings, SettingsError
from bot.transport import Transport


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
    yield Finding(_mode(settings))
    try:
        yield Finding(await open_database())
    except SettingsError as error:
        yield Finding(str(error), wrong=True)
    if settings.telegram_bot_token is not None:
        async for finding in _telegram(settings, settings.telegram_bot_token.get_secret_value()):
            yield finding


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
