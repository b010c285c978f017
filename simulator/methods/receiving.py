"""How a bot gets its updates, and who it is."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from simulator.calls import Call, method
from simulator.errors import bad_request, conflict
from simulator.people import Json
from simulator.updates import LONGEST_POLL_SECONDS, Mailbox, Webhook

MOST_UPDATES = 100
MOST_CONNECTIONS = 100
USUAL_CONNECTIONS = 40
WEBHOOK_PORTS = frozenset({80, 88, 443, 8443})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@method("getMe")
def get_me(call: Call) -> Json:
    """The bot itself."""
    return call.bot.me()


@method("getUpdates")
async def get_updates(call: Call) -> list[Json]:
    """The updates from the offset on; waits for some."""
    mailbox = _mailbox(call)
    if mailbox.webhook is not None:
        raise conflict(
            "can't use getUpdates method while webhook is active; "
            "use deleteWebhook to delete the webhook first"
        )
    mailbox.subscribe(_allowed_updates(call))
    limit = call.integer("limit", MOST_UPDATES)
    return await mailbox.poll(
        offset=call.integer("offset"),
        limit=limit if 1 <= limit <= MOST_UPDATES else MOST_UPDATES,
        wait=min(max(call.integer("timeout"), 0), LONGEST_POLL_SECONDS),
        now=call.world.clock.now(),
    )


def _mailbox(call: Call) -> Mailbox:
    return call.world.mailboxes[call.bot.id]


def _allowed_updates(call: Call) -> list[str] | None:
    kinds: Any = call.json("allowed_updates", "allowed updates")
    if kinds is None:
        return None
    if not isinstance(kinds, list):
        raise bad_request("can't parse allowed updates: expected an Array of String")
    return [str(kind).lower() for kind in kinds]


@method("setWebhook")
def set_webhook(call: Call) -> bool:
    """Has updates sent to an address from now on; an empty one means polling again."""
    url = call.text("url").strip()
    if not url:
        return delete_webhook(call)
    _check_webhook_url(url)
    secret = call.text("secret_token")
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad_request("secret token contains unallowed characters")
    connections = call.integer("max_connections", USUAL_CONNECTIONS)
    mailbox = _mailbox(call)
    mailbox.subscribe(_allowed_updates(call))
    if call.flag("drop_pending_updates"):
        mailbox.drop()
    mailbox.webhook = Webhook(url, secret, min(max(connections, 1), MOST_CONNECTIONS))
    mailbox.end_poll("setWebhook")
    call.world.webhook_changed(call.bot)
    return True


def _check_webhook_url(url: str) -> None:
    """Only https on four ports, as Telegram; but on loopback anything, as a local server does."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 443
    except ValueError:
        raise bad_request("bad webhook: invalid HTTP URL specified") from None
    if host in LOOPBACK and parts.scheme in {"http", "https"}:
        return
    if parts.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if not host:
        raise bad_request("bad webhook: invalid HTTP URL specified")
    if port not in WEBHOOK_PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")


@method("deleteWebhook")
def delete_webhook(call: Call) -> bool:
    """Returns to polling."""
    mailbox = _mailbox(call)
    mailbox.webhook = None
    if call.flag("drop_pending_updates"):
        mailbox.drop()
    call.world.webhook_changed(call.bot)
    return True


@method("getWebhookInfo")
def get_webhook_info(call: Call) -> Json:
    """Where updates are sent, and how that went."""
    mailbox = _mailbox(call)
    hook = mailbox.webhook
    info: Json = {
        "url": hook.url if hook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(mailbox),
    }
    if mailbox.allowed is not None:
        info["allowed_updates"] = sorted(mailbox.allowed)
    if hook is not None:
        info["max_connections"] = hook.max_connections
        if hook.last_error_date is not None:
            info["last_error_date"] = hook.last_error_date
            info["last_error_message"] = hook.last_error_message
    return info


@method("logOut")
def log_out(call: Call) -> bool:
    """Leaves the server; the poll under way ends."""
    _mailbox(call).end_poll("logOut")
    return True


@method("close")
def close(call: Call) -> bool:
    """Prepares for a move to another server; the poll under way ends."""
    _mailbox(call).end_poll("close")
    return True
