"""What a handler sees: who, where, in which language, and how to answer.

A host application may have a context class of its own, so this does not rely on one: `scene` makes
a `Scene` out of any update and context, and `@handler` makes a python-telegram-bot callback out of
a plain `async def room(scene: Scene) -> None`. All that can go wrong is turned into a sentence
here, once.
"""

from __future__ import annotations

import asyncio
import functools
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import structlog
from markupsafe import Markup, escape
from telegram import (
    Bot,
    CallbackQuery,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputTextMessageContent,
    LinkPreviewOptions,
    MaybeInaccessibleMessage,
    Message,
    Update,
    User,
)
from telegram import ReplyKeyboardMarkup as Keys
from telegram import ReplyKeyboardRemove as NoKeys
from telegram.constants import ParseMode
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError
from telegram.ext import Application, ApplicationHandlerStop, CallbackContext
from telegram.helpers import create_deep_linked_url

from bot import aside, keyboards, refusals
from bot.aside import Aside, Trust
from bot.callbacks import read
from bot.drawn import Drawn
from bot.logs import frames
from bot.memory import ChatMemory
from bot.pacing import Pacer, retry_seconds
from bot.texts import Texts
from payments.errors import InsufficientFunds, LimitExceeded, PaymentError, PinLocked, Unavailable
from payments.models import Millis, Person, Profile
from payments.policy import SECOND
from payments.service import Payments

T = TypeVar("T")
AnyApplication = Application[Any, Any, Any, Any, Any, Any]
AnyContext = CallbackContext[Any, Any, Any, Any]
Handling = Callable[[Update, AnyContext], Coroutine[Any, Any, None]]
Markups = InlineKeyboardMarkup | Keys | NoKeys

NOWHERE = 0
"""The chat of an update from a chat that the bot is not in: it is nobody's private one."""

_TRIES = 4
_PATIENCE_S = 30
_ALERT_MOST = 200
_UNCHANGED = "message is not modified"
_GONE = ("message to edit not found", "message can't be edited", "message_id_invalid")
_MET_MOST = 10_000
_KNOWN_MS = 10 * SECOND
_FOR_THE_PAYER_ALONE = (InsufficientFunds, LimitExceeded, PinLocked)

log = structlog.get_logger(__name__)


class NotForUs(Exception):
    """Raised by a handler that finds that the update is not Chatpay's, but a host's."""


@dataclass(frozen=True, slots=True)
class Met:
    """How somebody looked, and what was known of them."""

    profile: Profile
    person: Person
    until: Millis
    """So long they may be taken as they were, unless they do something else than tap."""


@dataclass(frozen=True, slots=True)
class Services:
    """What all the rooms share in one application."""

    payments: Payments
    memory: ChatMemory
    pacer: Pacer
    public_url: str | None = None
    """The address under which the web side is reached, where there is one."""
    met: OrderedDict[int, Met] = field(default_factory=OrderedDict)
    """Who was met here last, so that not everything somebody does writes them down again."""
    trust: Trust = field(default_factory=Trust)
    """In the server, to keep to one person what is said aside."""
    drawn: Drawn = field(default_factory=Drawn)
    """What need not be drawn once more."""


_services: WeakKeyDictionary[AnyApplication, Services] = WeakKeyDictionary()


def serve(application: AnyApplication, services: Services) -> None:
    """Chatpay is at home in this application from now on.

    It is not put into `bot_data`, which may be of the host's own type, and is copied by
    persistence.
    """
    _services[application] = services


def services_of(application: AnyApplication) -> Services:
    """What `serve` was given.

    Raises:
        KeyError: Chatpay was not registered with this application.
    """
    return _services[application]


@dataclass(slots=True)
class _Answering:
    done: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """One update, as a room needs it."""

    update: Update
    bot: Bot
    payments: Payments
    chat: ChatMemory
    pacer: Pacer
    person: Person
    """Who did it, met and up to date."""
    t: Texts
    """The catalogue in the person's language."""
    chat_id: int
    message: Message | None
    """The message that was sent, or the one with the button that was pressed (None if it is too
    old to be seen, or belongs to an inline result)."""
    query: CallbackQuery | None
    now: Millis
    drawn: Drawn
    """What was just drawn, for the notices that follow."""
    public_url: str | None
    """The address under which the web side is reached, where there is one."""
    aside: Aside | None = None
    """How to answer so that nobody else in the group sees it, where that was how it came."""
    _answering: _Answering = field(default_factory=_Answering)

    @property
    def private(self) -> bool:
        """Whether this is the private chat of the person and the bot."""
        return self.chat_id == self.person.id

    @property
    def confidential(self) -> bool:
        """Whether nobody but the person sees what `reply` and `edit` say here."""
        return self.private or self.aside is not None

    @property
    def origin(self) -> str:
        """The key that makes doing it twice the same as once: the chat and the message."""
        message = self.update.effective_message
        number = None if message is None else aside.number_of(message)
        if message is not None and number is not None:
            # The same number may have been another aside's before.
            return f"{self.chat_id}:{self.person.id}:{number}:{message.date.timestamp():.0f}"
        return f"{self.chat_id}:{message.message_id if message else 0}"

    @property
    def arguments(self) -> str:
        """What follows the command, as typed ("" for nothing)."""
        text = (self.message.text if self.message else None) or ""
        _, _, rest = text.partition(" ")
        first_line, _, more = text.partition("\n")
        if " " not in first_line:
            return more.strip()
        return rest.strip()

    @property
    def pressed(self) -> tuple[str, list[str]]:
        """The verb and the arguments of the button that was pressed."""
        return read((self.query.data if self.query else None) or "::")

    async def reply(
        self, html: str, markup: Markups | None = None, *, to_message: bool = False
    ) -> Message:
        """Sends a message to the chat; to whoever spoke aside, aside, or else in private.

        Args:
            html: the text, as `Texts` makes it.
            markup: its keyboard.
            to_message: whether it is shown as a reply to the person's message.

        Returns:
            The message, which may be in the private chat.
        """
        if self.aside is not None:
            return await self.say_aside(html, markup) or await self.tell(html, markup)
        return await self._say(html, markup, to_message=to_message)

    async def tell(self, html: str, markup: Markups | None = None) -> Message:
        """Sends a message to the person's private chat, wherever this is."""
        async with self.pacer.answer(self.person.id):
            return await patiently(
                lambda: self.bot.send_message(
                    self.person.id,
                    html,
                    parse_mode=ParseMode.HTML,
                    reply_markup=markup,
                    disable_web_page_preview=True,
                )
            )

    async def show_way(self, html: str, payload: str) -> Message:
        """Shows the way to the private chat; aside if possible, else to everybody in the group.

        Args:
            html: what is said to it: nothing that is only for the person.
            payload: where it leads.
        """
        markup = keyboards.in_private(self.t, self.bot.username, payload)
        said = await self.say_aside(html, markup)
        return said or await self._say(html, markup, to_message=True)

    async def say_aside(self, html: str, markup: Markups | None = None) -> Message | None:
        """Sends a message that nobody else in the group sees; None if that cannot be done."""
        to = self.aside
        if to is None or not isinstance(markup, InlineKeyboardMarkup | None):
            return None
        async with self.pacer.answer(self.chat_id):
            message = await patiently(lambda: aside.say(self.bot, to, html, markup))
        number = None if message is None else aside.number_of(message)
        if number is not None:
            self.drawn.forget((self.chat_id, number, self.person.id))
            await self.chat.forget_aside(self.chat_id, number, self.person.id)
        return message

    async def _say(self, html: str, markup: Markups | None, *, to_message: bool) -> Message:
        to_message = to_message and self.aside is None  # what nobody sees cannot be replied to
        reply_to = self.message.message_id if to_message and self.message else None
        async with self.pacer.answer(self.chat_id):
            return await patiently(
                lambda: self.bot.send_message(
                    self.chat_id,
                    html,
                    parse_mode=ParseMode.HTML,
                    reply_markup=markup,
                    reply_to_message_id=reply_to,
                    allow_sending_without_reply=None if reply_to is None else True,
                    disable_web_page_preview=True,
                )
            )

    async def send_photo(
        self, picture: bytes, html: str, markup: InlineKeyboardMarkup | None = None
    ) -> None:
        """Sends a picture to the chat, with a caption."""
        async with self.pacer.answer(self.chat_id):
            await patiently(
                lambda: self.bot.send_photo(
                    self.chat_id,
                    picture,
                    caption=html,
                    parse_mode=ParseMode.HTML,
                    reply_markup=markup,
                )
            )

    async def send_file(self, content: bytes, filename: str, caption: str | None = None) -> None:
        """Sends a file to the chat; its caption is plain text."""
        async with self.pacer.answer(self.chat_id):
            await patiently(
                lambda: self.bot.send_document(
                    self.chat_id, content, filename=filename, caption=caption
                )
            )

    async def edit(
        self, html: str, markup: InlineKeyboardMarkup | None = None
    ) -> MaybeInaccessibleMessage:
        """Changes the message whose button was pressed; where that is gone, sends a new one.

        Returns:
            The message that shows it now.
        """
        pressed = self.query.message if self.query else None
        if pressed is None:
            return await self.reply(html, markup)
        if self.aside is not None:
            return await self.edit_aside(html, markup) or await self.tell(html, markup)
        self.drawn.forget((self.chat_id, pressed.message_id, None))
        is_there = await edited(
            lambda: patiently(
                lambda: self.bot.edit_message_text(
                    html,
                    chat_id=self.chat_id,
                    message_id=pressed.message_id,
                    parse_mode=ParseMode.HTML,
                    reply_markup=markup,
                    disable_web_page_preview=True,
                )
            )
        )
        return pressed if is_there else await self.reply(html, markup)

    async def edit_aside(
        self, html: str, markup: InlineKeyboardMarkup | None = None
    ) -> MaybeInaccessibleMessage | None:
        """Changes the aside whose button was pressed; None if it is gone."""
        to, pressed = self.aside, self.query.message if self.query else None
        if to is None or pressed is None:
            return None
        self.drawn.forget((to.chat_id, to.number, to.person_id))
        edited = await patiently(
            lambda: aside.edit(self.bot, to.chat_id, to.number, to.person_id, html, markup)
        )
        return pressed if edited else None

    def in_private(self) -> Scene:
        """The same in the person's private chat, where there is no message to edit."""
        return replace(self, chat_id=self.person.id, message=None, query=None, aside=None)

    async def remember(self, subject_id: str, message: MaybeInaccessibleMessage) -> None:
        """A message to this person now shows a subject."""
        number = aside.number_of(message)
        if number is None:
            await self.chat.remember_card(subject_id, message.chat.id, message.message_id)
        else:
            await self.chat.remember_card(
                subject_id, message.chat.id, number, receiver_id=self.person.id
            )

    async def delete(self) -> None:
        """Deletes the message; survives that it cannot be, or is gone already."""
        if self.message is None or self.aside is not None:
            return
        message_id = self.message.message_id
        try:
            await patiently(lambda: self.bot.delete_message(self.chat_id, message_id))
        except BadRequest:
            log.info("message_not_deleted")

    async def lead(self, payload: str) -> None:
        """Answers the button that was pressed by opening what `payload` leads to in private."""
        if self.query is None or self._answering.done:
            return
        self._answering.done = True
        await _answer(self.query, url=create_deep_linked_url(self.bot.username, payload))

    async def answer(self, text: str | None = None, *, alert: bool = False) -> None:
        """Answers the button that was pressed, once; survives that it was too long ago.

        Args:
            text: plain text (cut at Telegram's 200 characters); None only ends the waiting.
            alert: whether it is shown until it is dismissed.
        """
        if self.query is None or self._answering.done:
            return
        self._answering.done = True
        await _answer(self.query, text=text, alert=alert)

    @property
    def answered(self) -> bool:
        """Whether the button has been answered; True where there is none."""
        return self.query is None or self._answering.done


async def scene(update: Update, context: AnyContext, *, known_ms: Millis = 0) -> Scene:
    """Makes the scene of an update, and brings up to date what is known of the person.

    Args:
        update: what somebody did.
        context: the application's.
        known_ms: for how long the person need not be looked up again.

    Raises:
        NotForUs: nobody did this, or nowhere.
        Unavailable: the store did not answer.
    """
    chat = update.effective_chat
    if chat is None or update.guest_message is not None:
        raise NotForUs
    return await _scene(update, context, chat.id, known_ms=known_ms)


async def _scene_elsewhere(update: Update, context: AnyContext) -> Scene:
    """The scene of an update from a chat that the bot is not in, and may never write to.

    Such a chat's own number says nothing: it may be that of another chat, which the bot is in.
    """
    return await _scene(update, context, NOWHERE)


async def _scene(
    update: Update, context: AnyContext, chat_id: int, *, known_ms: Millis = 0
) -> Scene:
    user = update.effective_user
    if user is None:
        raise NotForUs
    services = services_of(context.application)
    person = await _met(services, user, known_ms)
    query = update.callback_query
    message = update.effective_message
    return Scene(
        update=update,
        bot=context.bot,
        payments=services.payments,
        chat=services.memory,
        pacer=services.pacer,
        person=person,
        t=Texts(person.language),
        chat_id=chat_id,
        message=message if isinstance(message, Message) else None,
        query=query,
        now=services.payments.clock(),
        drawn=services.drawn,
        public_url=services.public_url,
        aside=None if chat_id == NOWHERE else aside.of(update, services.trust),
    )


async def _met(services: Services, user: User, known_ms: Millis) -> Person:
    """Who this is; as they were, if that was looked up for the same purpose a moment ago."""
    profile = Profile(user.id, user.full_name, user.username, user.language_code or "en")
    now, met = services.payments.clock(), services.met.get(user.id)
    if met is not None and met.profile == profile:
        if known_ms and now < met.until:
            return met.person
        known = await services.payments.person(user.id)
        # A name that has moved on to somebody else meanwhile must come back to who has it now.
        if known and known.reachable and known.username == profile.username:
            return _remembered(services, Met(profile, known, now + known_ms))
    person = await services.payments.meet(profile)
    return _remembered(services, Met(profile, person, now + known_ms))


def _remembered(services: Services, met: Met) -> Person:
    services.met[met.profile.id] = met
    services.met.move_to_end(met.profile.id)
    if len(services.met) > _MET_MOST:
        services.met.popitem(last=False)
    return met.person


def handler(room: Callable[[Scene], Awaitable[None]]) -> Handling:
    """Makes a python-telegram-bot callback out of a room's function.

    A callback query is answered by the end. A refusal becomes its sentence; a bug is logged under
    a reference that the person is told. The update goes no further, unless the room raises
    `NotForUs`.
    """
    return _handling(room, scene)


def taps(room: Callable[[Scene], Awaitable[None]]) -> Handling:
    """As `handler`, for buttons that are pressed many times in a row.

    Who presses them may have been looked up seconds ago: nothing may be decided by it but words.
    """
    return _handling(room, functools.partial(scene, known_ms=_KNOWN_MS))


def elsewhere(room: Callable[[Scene], Awaitable[None]]) -> Handling:
    """As `handler`, for updates from chats that the bot need not be in: inline mode, guests."""
    return _handling(room, _scene_elsewhere)


def _handling(
    room: Callable[[Scene], Awaitable[None]],
    make: Callable[[Update, AnyContext], Awaitable[Scene]],
) -> Handling:
    @functools.wraps(room)
    async def handle(update: Update, context: AnyContext) -> None:
        here: Scene | None = None
        try:
            if _is_nobody(update):
                await _refuse_nobody(update)
            else:
                here = await make(update, context)
                await room(here)
                await here.answer()
        except NotForUs:
            return
        except PaymentError as error:
            if isinstance(error, Unavailable):
                log.warning("not_done", handler=room.__qualname__, error=type(error).__name__)
            await _tell_refusal(update, here, error)
        except Forbidden:
            await _tell_unreachable(here)
        except Exception as error:  # noqa: BLE001 (a bug ends here, told by its reference)
            reference = secrets.token_hex(3).upper()
            log.error(
                "handler_failed",
                reference=reference,
                handler=room.__qualname__,
                error=type(error).__name__,
                frames=frames(error),
            )
            await _tell_bug(update, here, reference)
        raise ApplicationHandlerStop

    return handle


async def patiently(call: Callable[[], Awaitable[T]]) -> T:
    """Calls Telegram, again where that makes sense: after a short `retry_after`, or a broken line.

    A message may then come twice, which is better than never; money does not depend on it.

    Raises:
        TelegramError: it made no sense, or did not help.
    """
    for attempt in range(1, _TRIES):
        try:
            return await call()
        except RetryAfter as error:
            seconds = retry_seconds(error)
            if seconds > _PATIENCE_S:
                raise
            await asyncio.sleep(seconds)
        except BadRequest:
            raise
        except NetworkError:
            await asyncio.sleep(0.25 * 2**attempt)
    return await call()


async def edited(edit: Callable[[], Awaitable[object]]) -> bool:
    """Edits a message; one that looks like that already is a success.

    Returns:
        False if it is no longer there, or too old to be edited.

    Raises:
        TelegramError: it cannot be edited for another reason.
    """
    try:
        await edit()
    except BadRequest as error:
        said = error.message.lower()
        if any(each in said for each in _GONE):
            return False
        if _UNCHANGED not in said:
            raise
    return True


def _is_nobody(update: Update) -> bool:
    """An anonymous administrator, a channel, or a bot: nobody who could have an account."""
    if update.callback_query is None and update.message and update.message.sender_chat:
        return True
    return bool(update.effective_user and update.effective_user.is_bot)


async def _refuse_nobody(update: Update) -> None:
    t = Texts("en")
    await _tell(
        update,
        None,
        t(
            "I only work for people writing as themselves, not for channels, bots or anonymous "
            "administrators. Write as yourself and try again."
        ),
    )


async def _tell_refusal(update: Update, here: Scene | None, error: PaymentError) -> None:
    t = here.t if here else _texts(update)
    sentence = escape(refusals.sentence(error, t))
    is_for_anybody = not isinstance(error, _FOR_THE_PAYER_ALONE)
    if here is None or here.confidential or here.query or is_for_anybody:
        await _tell(update, here, sentence)
        return
    try:
        await here.bot.send_message(here.person.id, sentence, parse_mode=ParseMode.HTML)
    except Forbidden:
        await _tell(update, here, t("I cannot say why in front of everybody. Write to me."))


async def _tell_bug(update: Update, here: Scene | None, reference: str) -> None:
    t = here.t if here else _texts(update)
    await _tell(
        update,
        here,
        t(
            "Something went wrong on our side (reference {reference}). Your money is safe: "
            "nothing was paid twice. Check /history, then try again.",
            reference=reference,
        ),
    )


def _texts(update: Update) -> Texts:
    user = update.effective_user
    return Texts((user.language_code if user else None) or "en")


async def _tell(update: Update, here: Scene | None, html: Markup) -> None:
    """Says it where the person looks: on the pressed button, else in the chat."""
    query = update.callback_query
    if query and not (here and here.answered):
        plain = html.striptags()
        if here:
            await here.answer(plain, alert=True)
        else:
            await _answer(query, text=plain, alert=True)
        return
    if update.guest_message is not None:
        await answer_as_guest(update.guest_message, html)
        return
    try:
        await _tell_in_chat(update, here, html)
    except TelegramError as error:
        log.warning("person_not_told", error=type(error).__name__)


async def _tell_in_chat(update: Update, here: Scene | None, html: Markup) -> None:
    message = update.effective_message
    if here is not None and here.aside is not None:
        await here.reply(html)
    elif message is not None and (to := aside.of(update, Trust())) is not None:
        await aside.say(message.get_bot(), to, html)
    elif message is not None:
        await patiently(lambda: message.reply_html(html))


async def answer_as_guest(
    message: Message, html: str, markup: InlineKeyboardMarkup | None = None
) -> str | None:
    """Answers a message that called the bot into a chat; it can be done once, and not late.

    Returns:
        The inline message id of the answer; None if it was too late, or done before.
    """
    content = InputTextMessageContent(
        html, ParseMode.HTML, link_preview_options=LinkPreviewOptions(is_disabled=True)
    )
    result = InlineQueryResultArticle("cp", "Chatpay", content, markup)
    try:
        sent = await patiently(lambda: message.answer_guest_query(result))
    except BadRequest:
        log.info("guest_not_answered")
        return None
    return sent.inline_message_id


async def _answer(
    query: CallbackQuery, *, text: str | None = None, alert: bool = False, url: str | None = None
) -> None:
    shown = text[:_ALERT_MOST] if text else None
    try:
        await patiently(lambda: query.answer(shown, alert, url))
    except (BadRequest, NetworkError, RetryAfter) as error:
        log.info("query_not_answered", error=type(error).__name__)


async def _tell_unreachable(here: Scene | None) -> None:
    """Notes who stopped the bot; whoever spoke aside is shown the way to start it again."""
    log.info("chat_forbidden")
    if here is None or not here.confidential:
        return
    await here.payments.unreachable(here.person.id)
    if here.aside is None:
        return
    way = here.t("{name}, go on in our private chat.", name=here.person.name)
    try:
        await here.show_way(way, "m_home")
    except TelegramError as error:
        log.warning("person_not_told", error=type(error).__name__)
