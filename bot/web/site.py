"""All that a bot of its own offers on the web: the webhook, the pay pages and the Mini App.

`bot/running.py` imports it only where there is an address: whoever polls starts sooner without.
"""

from __future__ import annotations

import os

from telegram import Bot

from bot.inbox import Inbox
from bot.settings import Settings, SettingsError
from bot.web.app.server import MiniApp
from bot.web.pay_page import PayPages
from bot.web.server import WebServer, build_web
from payments.service import Payments


def open_site(
    settings: Settings, public_url: str, payments: Payments, bot: Bot, inbox: Inbox, secret: str
) -> WebServer:
    """Puts everything in its place and listens; `WebServer.start` begins to answer.

    Args:
        settings: where to listen, and the Bot API server.
        public_url: the address under which people and Telegram reach it.
        payments: the use-cases.
        bot: whose pages these are.
        inbox: where updates go.
        secret: what Telegram must send along with them.

    Raises:
        SettingsError: the address cannot be listened on.
    """
    pages = PayPages(payments, bot.username, public_url)
    mini_app = MiniApp(
        payments,
        bot,
        token=bot.token,
        public_url=public_url,
        api_url=settings.telegram_api_url,
    )
    web = build_web(inbox, payments.store, secret, [*pages.routes(), *mini_app.routes()])
    try:
        return WebServer(web, settings.listen_host, settings.listen_port)
    except OSError as error:
        raise SettingsError(
            f"LISTEN={settings.listen} cannot be listened on: {os.strerror(error.errno or 0)}."
        ) from None
