"""Who is meant: the people named in a command, and those picked from Telegram's own list.

A person is whoever has a numeric id, so a reply, a mention of a name and the picker all name
somebody for certain; an @username only looks somebody up, and may belong to nobody known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from telegram import (
    KeyboardButton,
    KeyboardButtonRequestUsers,
    Message,
    MessageEntity,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    User,
)
from telegram.ext import filters

from bot import refusals
from bot.context import Scene
from bot.parts import Parts, Payee, PayeeById, PayeeByPhone, PayeeByUsername, read_parts
from payments.errors import LimitExceeded, PayeeRefusal, PayeeRefused
from payments.models import Person, Profile
from payments.people import is_called
from payments.service import PayeeRef

PICKED_TO_PAY = 1
PICKED_TO_ASK = 2
"""The picker's `request_id`: what the people are picked for."""

_PICK_MOST = 10
"""Telegram's own bound on one pick."""
_USERNAME = re.compile(r"@?([A-Za-z][A-Za-z0-9_]{3,31})")


class Picked(filters.MessageFilter):
    """Messages that bring the people picked for one purpose."""

    def __init__(self, request_id: int) -> None:
        super().__init__(name=f"Picked({request_id})")
        self._request_id = request_id

    def filter(self, message: Message) -> bool:
        """Whether the message answers this picker."""
        shared = message.users_shared
        return shared is not None and shared.request_id == self._request_id


def parts_of(scene: Scene) -> Parts:
    """The parts of the message that was sent: a command, or an answer."""
    message = scene.message
    if message is None:
        return Parts((), None, "")
    return parts_in(scene, message.text or "", message)


def parts_in(scene: Scene, text: str, message: Message | None = None) -> Parts:
    """The parts of a text.

    Args:
        scene: whose language and currency count.
        text: the text; with a message, as long as that, so that its entities fit.
        message: the message it is of, if any, for the people marked in it or replied to.
    """
    return _read(
        scene,
        text,
        message.entities if message else (),
        _author_replied_to(message) if message else None,
    )


def words_of(scene: Scene) -> dict[str, object]:
    """A command as plain JSON values, for `parts_kept`; nothing if it stands alone."""
    message = scene.message
    author = _author_replied_to(message) if message else None
    if message is None or not (scene.arguments or author):
        return {}
    return {
        "text": message.text or "",
        "entities": [entity.to_dict() for entity in message.entities],
        "replied_to": None if author is None else author.to_dict(),
    }


def parts_kept(scene: Scene, words: Mapping[str, Any]) -> Parts:
    """The parts of a command of which `words_of` was kept."""
    entities = MessageEntity.de_list(words["entities"], scene.bot)
    author = words["replied_to"] and User.de_json(words["replied_to"], scene.bot)
    return _read(scene, words["text"], entities, author)


def _read(
    scene: Scene, text: str, entities: Sequence[MessageEntity], author: User | None
) -> Parts:
    return read_parts(
        text,
        entities,
        reply_to_user=author,
        bot_username=scene.bot.username,
        default_currency=scene.person.currency,
        currencies=scene.payments.policy.currencies,
        locale=str(scene.t.locale),
    )


def nobody_problem(scene: Scene, parts: Parts) -> str | None:
    """Why nobody is named, as a plain sentence: it is the bot itself, or see `reply_problem`."""
    return (
        scene.t.plain("That is me. Only people can be paid or asked.")
        if parts.names_bot
        else reply_problem(scene)
    )


def reply_problem(scene: Scene) -> str | None:
    """Why the author of the message replied to cannot be meant, as a plain sentence."""
    replied = _replied_to(scene.message) if scene.message else None
    if replied is None or not _is_somebody_elses(replied):
        return None
    return scene.t.plain(
        "That message does not say for certain who wrote it: it was forwarded, or sent by a "
        "channel or an anonymous administrator. Choose somebody, or name a @username."
    )


def _replied_to(message: Message) -> Message | None:
    """The message replied to; Telegram gives a topic's beginning where there is none."""
    replied = message.reply_to_message
    return None if replied is None or replied.forum_topic_created else replied


def _author_replied_to(message: Message) -> User | None:
    """Who wrote the message replied to, where that is certain."""
    replied = _replied_to(message)
    return None if replied is None or _is_somebody_elses(replied) else replied.from_user


def _is_somebody_elses(message: Message) -> bool:
    return message.sender_chat is not None or message.forward_origin is not None


def typed_username(text: str) -> Sequence[Payee]:
    """The @username that a whole text is, with or without the @."""
    found = _USERNAME.fullmatch(text.strip())
    return (PayeeByUsername(found[1]),) if found else ()


async def refer(scene: Scene, payees: Iterable[Payee]) -> tuple[list[PayeeRef], str | None]:
    """Finds out who is meant.

    Returns:
        The people, and a plain sentence about those who cannot be meant, if any. A @username is
        looked up when it is acted upon; see `identified` for whoever shows it before.
    """
    refs: list[PayeeRef] = []
    problem: str | None = None
    for payee in payees:
        match payee:
            case PayeeById(is_bot=False):
                refs.append(await _met(scene, payee))
            case PayeeByUsername(username):
                if username.casefold() == scene.bot.username.casefold():
                    problem = scene.t.plain("That is me. Only people can be paid or asked.")
                elif is_bots(username) and await scene.payments.by_username(username) is None:
                    problem = refusals.sentence(PayeeRefused(PayeeRefusal.BOT), scene.t)
                else:
                    refs.append(username)
            case PayeeById(user_id) if user_id == scene.bot.id:
                problem = scene.t.plain("That is me. Only people can be paid or asked.")
            case PayeeById():
                problem = refusals.sentence(PayeeRefused(PayeeRefusal.BOT), scene.t)
            case PayeeByPhone(phone):
                found, why_not = await _by_phone(scene, phone)
                refs += [] if found is None else [found.id]
                problem = why_not or problem
    return refs, problem


def without_self(scene: Scene, refs: Sequence[PayeeRef]) -> tuple[list[PayeeRef], str | None]:
    """Leaves the person themselves out of several, and says so in a plain sentence.

    Named alone, they stay: the rules refuse that.
    """
    others = [ref for ref in refs if not _is_self(scene.person, ref)]
    if len(others) == len(refs) or not others:
        return list(refs), None
    return others, scene.t.plain("You were left out: money can only go to somebody else.")


def _is_self(person: Person, ref: PayeeRef) -> bool:
    return is_called(person, ref) if isinstance(ref, str) else ref == person.id


async def identified(scene: Scene, refs: Iterable[PayeeRef]) -> tuple[PayeeRef, ...]:
    """The same people by id, but for a @username that finds nobody."""
    return tuple([await _identified(scene, ref) for ref in refs])


async def _identified(scene: Scene, ref: PayeeRef) -> PayeeRef:
    person = await scene.payments.by_username(ref) if isinstance(ref, str) else None
    return ref if person is None else person.id


async def _by_phone(scene: Scene, number: str) -> tuple[Person | None, str | None]:
    """Who is paid by a number, or a plain sentence about why nobody can be told."""
    try:
        person = await scene.payments.by_phone(number, by=scene.person.id)
    except LimitExceeded as error:
        return None, refusals.sentence(error, scene.t).striptags()
    if person is not None:
        return person, None
    return None, scene.t.plain(
        "I cannot find anybody who is paid by that number. They may not be here, "
        "or not want that. Choose somebody, or name a @username."
    )


async def _met(scene: Scene, payee: PayeeById) -> int:
    """Writes down who the platform says this is, keeping the language they are known to speak."""
    known = await scene.payments.person(payee.user_id)
    if known is None or (known.name, known.username) != (payee.name, payee.username):
        language = known.language if known else scene.person.language
        await scene.payments.meet(Profile(payee.user_id, payee.name, payee.username, language))
    return payee.user_id


def is_bots(username: str) -> bool:
    """Telegram keeps usernames that end in "bot" for bots (core.telegram.org/bots/features)."""
    return username.casefold().endswith("bot")


async def picked(scene: Scene) -> list[PayeeRef]:
    """The people of a `users_shared` message, as ids."""
    shared = scene.message.users_shared if scene.message else None
    people = [
        PayeeById(
            user.user_id,
            " ".join(filter(None, (user.first_name, user.last_name))) or str(user.user_id),
            user.username,
        )
        for user in (shared.users if shared else ())
    ]
    return [await _met(scene, person) for person in people]


async def offer_picker(scene: Scene, request_id: int) -> None:
    """Shows Telegram's own list of people to pick from, in place of the keyboard."""
    pick = KeyboardButton(
        scene.t.plain("👤 Pick people"),
        request_users=KeyboardButtonRequestUsers(
            request_id,
            user_is_bot=False,
            max_quantity=min(_PICK_MOST, scene.payments.policy.payees_most),
            request_name=True,
            request_username=True,
        ),
    )
    keyboard = ReplyKeyboardMarkup([[pick]], resize_keyboard=True, one_time_keyboard=True)
    message = await scene.reply(
        scene.t("Tap the button below to pick people, or type a @username."), keyboard
    )
    await scene.chat.remember_card(_picker(scene), scene.chat_id, message.message_id)


async def put_picker_away(scene: Scene) -> None:
    """Takes the picker's button off the screen again, if it is there."""
    shown = await scene.chat.cards_of(_picker(scene))
    if not shown:
        return
    await scene.reply(scene.t("Got it."), ReplyKeyboardRemove())
    for card in shown:
        await scene.chat.forget_card(card)


def _picker(scene: Scene) -> str:
    return f"picker:{scene.person.id}"
