"""Runs the bot by itself: fetches updates or is sent them, until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog
from telegram import Bot, MenuButton, MenuButtonDefault, MenuButtonWebApp, WebAppInfo
from telegram.error import BadRequest, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot import admin, app
from bot import help as help_room
from bot.inbox import ALLOWED_UPDATES, Inbox
from bot.keyboards import app_url
from bot.polling import Poller
from bot.settings import Settings, SettingsError
from bot.transport import Transport
from payments.ports import Store
from payments.service import Payments

_STOP_S = 10.0
_PAUSE_S = 1.0
_PAUSE_MOST_S = 30.0
_LEAD_S = 1.0
"""How often it is asked which process is to poll."""
_BETWEEN_LOOKS = 50_000
"""Objects made and still there, before those are looked at."""
_BAD_TOKEN = "Telegram does not know this TELEGRAM_BOT_TOKEN: copy it again from @BotFather."  # noqa: S105

log = structlog.get_logger(__name__)


async def run(
    settings: Settings,
    payments: Payments,
    *,
    keys: list[bytes],
    stop: asyncio.Event,
    running: Callable[[str], None],
) -> None:
    """Runs until `stop` is set; then finishes what is under way and comes back.

    Args:
        settings: with a token.
        payments: the use-cases, on an open store.
        keys: the secret keys.
        stop: set by a signal.
        running: called with the bot's username once updates come in.

    Raises:
        SettingsError: the token is wrong, or the web side cannot listen.
    """
    if settings.telegram_bot_token is None:
        raise SettingsError("\n".join(settings.missing()))
    poll_line = Transport(connections=1)
    application = app.build(
        token=settings.telegram_bot_token.get_secret_value(),
        api_url=settings.telegram_api_url,
        test_environment=settings.telegram_test_environment,
        poll_line=poll_line,
    )
    chatpay = app.register(application, payments, public_url=settings.public_url)
    inbox = Inbox(application, payments.store, payments.clock)
    try:
        async with AsyncExitStack() as house:
            house.push_async_callback(application.bot.shutdown)
            if not await _unless(stop, _insist(lambda: house.enter_async_context(application))):
                return
            await house.enter_async_context(chatpay)
            house.push_async_callback(inbox.stop, within_s=_STOP_S)
            await inbox.start()
            _say_what_is_off(application.bot)
            running(application.bot.username)
            if settings.public_url is None:
                poller = Poller(application.bot, poll_line, inbox)
                work = _poll_in_turn(poller, application.bot, payments.store, settings)
            else:
                secret = settings.webhook_token(keys)
                work = _listen(
                    settings, settings.public_url, payments, inbox, secret, application.bot
                )
            await _unless(stop, work)
    except InvalidToken:
        raise SettingsError(_BAD_TOKEN) from None


def _say_what_is_off(bot: Bot) -> None:
    """What the bot could do in any chat, if only it was switched on at BotFather."""
    if not bot.supports_inline_queries:
        log.warning("inline_mode_off", hint="send /setinline to @BotFather to switch it on")
    if not bot.bot.supports_guest_queries:
        log.info("guest_mode_off", hint="@BotFather switches it on in the bot's settings")


def collect_seldom() -> None:
    """Has the garbage collector look less often, and not at what is there to stay.

    Nearly everything is freed without it; and a look at all there is holds everybody up for a
    tenth of a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_BETWEEN_LOOKS, 50, 50)


def stop_on_signals(stop: asyncio.Event) -> None:
    """Has SIGINT and SIGTERM set the event. A second one ends the process at once."""
    loop = asyncio.get_running_loop()

    def told(number: signal.Signals) -> None:
        loop.remove_signal_handler(number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told, number)


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, object]) -> bool:
    """Does the work, and gives it up once `stop` is set; whether it came to its end."""
    working = asyncio.create_task(work)
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((stopped, working), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            await working
        return working.done()
    finally:
        stopped.cancel()
        working.cancel()
        await asyncio.gather(stopped, working, return_exceptions=True)


async def _insist(call: Callable[[], Awaitable[object]]) -> None:
    """Asks Telegram until it answers, however long it cannot be reached.

    Raises:
        TelegramError: it answered, but no.
    """
    pause_s = _PAUSE_S
    while True:
        try:
            await call()
        except BadRequest:
            raise
        except (NetworkError, RetryAfter) as error:
            log.warning("telegram_not_reached", error=type(error).__name__)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _PAUSE_MOST_S)
        else:
            return


async def _poll_in_turn(poller: Poller, bot: Bot, store: Store, settings: Settings) -> None:
    """Polls while this process is the one of all that share the database to do so."""
    while True:
        while not await store.lead("polling"):  # noqa: ASYNC110 (nothing tells when it dies)
            await asyncio.sleep(_LEAD_S)
        polling = asyncio.create_task(_poll(poller, bot, settings))
        try:
            while not polling.done() and await store.lead("polling"):
                await asyncio.wait((polling,), timeout=_LEAD_S)
        finally:
            polling.cancel()
            await asyncio.wait((polling,))
        if not polling.cancelled():
            await polling


async def _poll(poller: Poller, bot: Bot, settings: Settings) -> None:
    await _insist(bot.delete_webhook)
    async with _menu_published(bot, settings):
        await poller.run()


async def _listen(
    settings: Settings, public_url: str, payments: Payments, inbox: Inbox, secret: str, bot: Bot
) -> None:
    from bot.web.server import webhook_path  # noqa: PLC0415 (who polls starts sooner without)
    from bot.web.site import open_site  # noqa: PLC0415

    server = open_site(settings, public_url, payments, bot, inbox, secret)
    serving = server.start()
    try:
        async with _menu_published(bot, settings):
            await _insist(
                lambda: bot.set_webhook(
                    f"{public_url}{webhook_path(secret)}",
                    secret_token=secret,
                    allowed_updates=ALLOWED_UPDATES,
                )
            )
            await asyncio.shield(serving)
    finally:
        server.stop()
        await serving


@asynccontextmanager
async def _menu_published(bot: Bot, settings: Settings) -> AsyncIterator[None]:
    """Tells Telegram the commands and the menu's button, meanwhile; the bot works without."""
    button: MenuButton = MenuButtonDefault()
    if settings.public_url is not None:
        button = MenuButtonWebApp("Chatpay", WebAppInfo(app_url(settings.public_url)))

    async def publish() -> None:
        try:
            await help_room.publish_commands(bot)
            await bot.set_chat_menu_button(menu_button=button)
            await admin.publish_command(bot, settings.operators)
            await help_room.publish_description(bot)
        except TelegramError as error:
            log.warning("commands_not_published", error=type(error).__name__)

    publishing = asyncio.create_task(publish())
    try:
        yield
    finally:
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)
