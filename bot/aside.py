"""Asides: what is said in a group to one person alone, by Telegram's ephemeral messages.

https://core.telegram.org/bots/api#ephemeral-messages-and-commands (Bot API 10.3)

A server that does not know them overlooks the parameter that makes one, and would show everybody
what is meant for one. So an aside is only ever an answer: to a command that came in as an aside,
or to a button of one. And before the first one of a run says anything, an empty one has come back
from the server as an aside (`Trust`).

They are numbered for each person in a chat, from the lowest number that is free, so a number may
belong to another aside tomorrow. They must be said within 15 seconds of what they answer, may get
lost, and are gone when the app is closed: what has to last is told in the private chat as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog
from telegram import Bot, InlineKeyboardMarkup, MaybeInaccessibleMessage, Message, Update
from telegram.constants import ParseMode
from telegram.error import BadRequest, ChatMigrated, EndPointNotFound, Forbidden, TelegramError

from payments.models import ConversationId, PersonId

_NOTHING = "…"

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Trust:
    """What one run has seen of its server."""

    earned: bool = False
    """Something that was meant for one person has come back marked as that."""
    lost: bool = False
    """Something has not: nothing is said aside any more."""


@dataclass(frozen=True, slots=True)
class Aside:
    """Somebody who said something to the bot alone, in a group, and how to answer."""

    chat_id: ConversationId
    person_id: PersonId
    number: int
    """Of the command, or of the message whose button was pressed."""
    query_id: str | None
    """Of the button that was pressed, if one was."""
    trust: Trust


def number_of(message: MaybeInaccessibleMessage) -> int | None:
    """The number of an aside; None for a message that everybody sees."""
    number: int | None = message.api_kwargs.get("ephemeral_message_id")
    return number


def of(update: Update, trust: Trust) -> Aside | None:
    """How to answer an update aside; None where it did not come aside."""
    message, query = update.effective_message, update.callback_query
    number = None if message is None else number_of(message)
    if number is None or update.effective_chat is None or update.effective_user is None:
        return None
    return Aside(
        chat_id=update.effective_chat.id,
        person_id=update.effective_user.id,
        number=number,
        query_id=None if query is None else query.id,
        trust=trust,
    )


async def say(
    bot: Bot, to: Aside, html: str, markup: InlineKeyboardMarkup | None = None
) -> Message | None:
    """Says something to one person.

    Returns:
        The message; None if it cannot be said aside (any more), and was not.

    Raises:
        RetryAfter: Telegram wants a pause.
        NetworkError: Telegram is away.
    """
    if to.trust.lost:
        return None
    is_first = not to.trust.earned
    try:
        message = await (_send(bot, to, _NOTHING) if is_first else _send(bot, to, html, markup))
    except (BadRequest, ChatMigrated, Forbidden) as error:
        log.info("not_said_aside", error=type(error).__name__)
        return None
    number = number_of(message)
    if number is None:
        to.trust.lost = True
        log.error("aside_was_public")
        await _take_back(bot, message)
        return None
    to.trust.earned = True
    if is_first and not await edit(bot, to.chat_id, number, to.person_id, html, markup):
        return None
    return message


async def _send(
    bot: Bot, to: Aside, html: str, markup: InlineKeyboardMarkup | None = None
) -> Message:
    aside: dict[str, Any] = {"receiver_user_id": to.person_id}
    more: dict[str, Any] = {"ephemeral_message_parameters": aside}
    if to.query_id is None:
        more["reply_parameters"] = {"ephemeral_message_id": to.number}
    else:
        aside["callback_query_id"] = to.query_id
    return await bot.send_message(
        to.chat_id,
        html,
        parse_mode=ParseMode.HTML,
        reply_markup=markup,
        disable_web_page_preview=True,
        api_kwargs=more,
    )


async def _take_back(bot: Bot, message: Message) -> None:
    try:
        await bot.delete_message(message.chat.id, message.message_id)
    except TelegramError as error:
        log.error("public_aside_not_deleted", error=type(error).__name__)


async def edit(
    bot: Bot,
    chat_id: ConversationId,
    number: int,
    receiver_id: PersonId,
    html: str,
    markup: InlineKeyboardMarkup | None = None,
) -> bool:
    """Changes an aside; False if it is gone.

    Raises:
        RetryAfter: Telegram wants a pause.
        NetworkError: Telegram is away.
    """
    changes: dict[str, Any] = {
        "text": html,
        "parse_mode": ParseMode.HTML,
        "link_preview_options": {"is_disabled": True},
    }
    if markup is not None:
        changes["reply_markup"] = markup
    return await _change(bot, "editEphemeralMessageText", chat_id, number, receiver_id, changes)


async def delete(bot: Bot, chat_id: ConversationId, number: int, receiver_id: PersonId) -> bool:
    """Deletes an aside; False if it is gone.

    Raises:
        RetryAfter: Telegram wants a pause.
        NetworkError: Telegram is away.
    """
    return await _change(bot, "deleteEphemeralMessage", chat_id, number, receiver_id, {})


async def _change(
    bot: Bot,
    method: str,
    chat_id: ConversationId,
    number: int,
    receiver_id: PersonId,
    changes: dict[str, Any],
) -> bool:
    whose = {
        "chat_id": chat_id,
        "receiver_user_id": receiver_id,
        "ephemeral_message_id": number,
    }
    try:
        await bot.do_api_request(method, api_kwargs=whose | changes)
    except BadRequest as error:
        return "message is not modified" in error.message.lower()
    except (ChatMigrated, EndPointNotFound, Forbidden):
        return False
    return True
