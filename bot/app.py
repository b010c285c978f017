"""Chatpay as a part of a python-telegram-bot application: a host's, or its own.

`register` is the door for a bot that exists already. `build` makes an application of Chatpay's own
on the transport in `bot/transport.py`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from types import TracebackType
from typing import Any, Self

from telegram import Update
from telegram.ext import (
    Application,
    ApplicationBuilder,
    BaseHandler,
    CommandHandler,
    ConversationHandler,
    InlineQueryHandler,
)

from bot import (
    admin,
    gift,
    groups,
    guest,
    history,
    inline,
    link,
    pay,
    photo,
    pin,
    posters,
    privacy,
    prompts,
    request,
    settings_menu,
    start,
    verify,
    wallet,
)
from bot import help as help_room
from bot.context import AnyApplication, Services, serve
from bot.memory import ChatMemory
from bot.outbox import Sender
from bot.pacing import Pacer
from bot.plain_moments import send_plain_where_refused
from bot.shared_pacing import SharedPacer
from bot.sweeper import Sweeper
from bot.transport import Transport
from payments.ids import TOKEN_LENGTH
from payments.service import Payments

GROUP = -1_000
"""Chatpay's handler group: before a host's, whose catch-alls then take nothing of Chatpay's."""

ROOMS = (
    inline,
    guest,
    start,
    pin,
    settings_menu,
    verify,
    wallet,
    history,
    pay,
    request,
    gift,
    link,
    posters,
    photo,
    privacy,
    admin,
    groups,
    help_room,
    prompts,
)
"""In the order in which they are asked: `inline` first, which takes all buttons of messages in
chats that the bot is not in, and `prompts` last, which takes typed answers."""

AnyHandler = BaseHandler[Any, Any, Any]
_TOKEN = rf"[A-Za-z0-9_-]{{{TOKEN_LENGTH}}}"
_DEEP_LINK = re.compile(rf"[irlc]_{_TOKEN}|t_{_TOKEN}-[a-z]+|m_[a-z]+")


class Chatpay:
    """Chatpay's own work in an application: the sender of notices and the sweeper.

    Registered before `run_polling()` or `run_webhook()`, it starts and stops with the application.
    Registered in a `post_init` hook it is started there, and stops by itself:

        await register(application, payments).start()

    Who runs an application by hand does it with `async with`:

        async with application:
            chatpay = register(application, payments)
            async with chatpay:
                ...
    """

    def __init__(self, application: AnyApplication, services: Services) -> None:
        self._pacer = services.pacer
        self._sender = Sender(application.bot, services)
        self._sweeper = Sweeper(services.payments)

    async def start(self) -> None:
        """Begins to send notices and to sweep. A second call does nothing."""
        self._sender.start()
        self._sweeper.start()

    async def stop(self) -> None:
        """Finishes what is under way. What is not sent yet is sent at the next start."""
        await self._sweeper.stop()
        await self._sender.stop()
        await self._pacer.stop()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        await self.stop()


def register(
    application: AnyApplication, payments: Payments, *, public_url: str | None = None
) -> Chatpay:
    """Brings payments into an application.

    All of Chatpay's handlers go into one group of their own, and leave those of the host alone: a
    command that one of the host's `CommandHandler`s takes stays the host's, whichever was added
    first; only a `/start` that follows one of Chatpay's own links is always Chatpay's. Buttons are
    told apart by the prefix `cp:`.

    Args:
        application: the host, built but not yet running; its `post_init` and `post_stop` hooks are
            kept, and called with Chatpay's own around them.
        payments: the use-cases, on an open store. Closing the store is the caller's.
        public_url: where the pages of payment links (`bot.web.pay_page`) are reached, if somebody
            serves them.

    Returns:
        Chatpay's work in the background, for hosts that start and stop by hand.
    """
    store, clock = payments.store, payments.clock
    pacer = SharedPacer(store, clock) if store.shared else Pacer()
    services = Services(payments, ChatMemory(store, clock), pacer, public_url)
    serve(application, services)
    send_plain_where_refused(application.bot)
    ours = [handler for room in ROOMS for handler in room.handlers()]
    application.add_handlers([_Guest(handler, application) for handler in ours], group=GROUP)
    chatpay = Chatpay(application, services)
    _hook(application, chatpay)
    return chatpay


def build(
    *, token: str, api_url: str, test_environment: bool, poll_line: Transport
) -> Application[Any, Any, Any, Any, Any, Any]:
    """Makes an application of Chatpay's own, without an updater: updates come from the inbox.

    Args:
        token: from BotFather.
        api_url: the Bot API server, such as `https://api.telegram.org`.
        test_environment: whether the token is of Telegram's test environment.
        poll_line: a transport for long polling, opened and closed with the application.
    """
    application = (
        ApplicationBuilder()
        .token(token)
        .base_url(api_url + ("/bot{token}/test" if test_environment else "/bot"))
        .base_file_url(api_url + ("/file/bot{token}/test" if test_environment else "/file/bot"))
        .request(Transport())
        .get_updates_request(poll_line)
        .updater(None)
        .job_queue(None)
        .build()
    )
    application.add_handlers([*prompts.hints(), *photo.hints(), *guest.hints()], group=GROUP + 1)
    return application


def _hook(application: AnyApplication, chatpay: Chatpay) -> None:
    before, after = application.post_init, application.post_stop

    async def post_init(host: AnyApplication) -> None:
        await _call(before, host)
        await chatpay.start()

    async def post_stop(host: AnyApplication) -> None:
        await chatpay.stop()
        await _call(after, host)

    application.post_init = post_init
    application.post_stop = post_stop


async def _call(
    hook: Callable[[AnyApplication], Awaitable[Any]] | None, host: AnyApplication
) -> None:
    if hook is not None:
        await hook(host)


class _Guest(AnyHandler):
    """One of Chatpay's handlers, which gives way where the host has a handler for a command."""

    def __init__(self, inner: AnyHandler, host: AnyApplication) -> None:
        super().__init__(inner.callback, block=inner.block)
        self._inner = inner
        self._host = host

    def check_update(self, update: object) -> Any:
        check = self._inner.check_update(update)
        is_ours = check is not None and check is not False
        return None if is_ours and self._gives_way(update) else check

    def collect_additional_context(
        self, context: Any, update: Any, application: AnyApplication, check_result: Any
    ) -> None:
        self._inner.collect_additional_context(context, update, application, check_result)

    def _gives_way(self, update: object) -> bool:
        if isinstance(self._inner, InlineQueryHandler):
            return _has_inline_mode(self._host)
        return isinstance(self._inner, CommandHandler) and self._is_hosts(update)

    def _is_hosts(self, update: object) -> bool:
        if not isinstance(update, Update) or _follows_our_link(update):
            return False
        return any(command.check_update(update) for command in _host_commands(self._host))


def _has_inline_mode(host: AnyApplication) -> bool:
    """Whether the host answers inline queries itself, of which each can be answered once."""
    return any(
        isinstance(handler, InlineQueryHandler)
        for group, handlers in host.handlers.items()
        if group != GROUP
        for handler in handlers
    )


def _follows_our_link(update: Update) -> bool:
    text = (update.message.text if update.message else None) or ""
    command, _, payload = text.partition(" ")
    return command.startswith("/start") and _DEEP_LINK.fullmatch(payload.strip()) is not None


def _host_commands(host: AnyApplication) -> Iterator[CommandHandler[Any, Any]]:
    for group, handlers in host.handlers.items():
        if group == GROUP:
            continue
        for handler in handlers:
            entries = (
                handler.entry_points if isinstance(handler, ConversationHandler) else [handler]
            )
            yield from (entry for entry in entries if isinstance(entry, CommandHandler))
