"""Inline mode: `@bot 12.50 lunch`, typed in any chat, offers cards to put there.

A result becomes the typist's own message. Its button carries the unguessable id of an *offer*,
which was written down when the results were made and says whose it is, what for and how much (a
button is too small to carry a note). So nothing needs to be known of the choice, and it all works
with inline feedback switched off; where it is on, the card is made at once.

- "Ask": whoever presses makes the request that the typist has offered to make, once, and is led
  to the private chat to pay it. Pressed again, it leads to the same request.
- "Send": only the typist is led on, to approve a gift with the PIN. Then whoever presses first
  takes it.
- A request that was made before is put into a chat by a button of its own card, which types its
  id (`r_…`); only who made it is offered it.
- Anything else that is sent as the data of a button of such a message does nothing. A client can
  also send the data of its own person's button with somebody else's message: the bot takes that
  for the message's card if nobody has pressed it before, and no feedback has told otherwise. It
  then shows that other card, under the name of whoever asks or sends.

Results are personal and never cached: one person's must not be shown to another.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from telegram import (
    InlineQuery,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
    LinkPreviewOptions,
    Update,
)
from telegram.constants import ChatType, ParseMode
from telegram.error import BadRequest
from telegram.ext import BaseHandler, ChosenInlineResultHandler, InlineQueryHandler

from bot import elsewhere, elsewhere_cards, gift, payees
from bot.callbacks import PREFIX, callback
from bot.cards import Screen
from bot.context import AnyContext, Handling, Scene, patiently
from bot.context import elsewhere as anywhere
from payments.errors import AmountRefused, NoteRefused, NotOpen, NotYours, Refused
from payments.ids import TOKEN_LENGTH
from payments.models import Offer, OfferKind, RequestState
from payments.money import Doubt, Money, Unreadable
from payments.people import has_accepted

_RESULT = rf"^{PREFIX}:(ask|send|open):"
_REQUEST = re.compile(rf"r_([A-Za-z0-9_-]{{{TOKEN_LENGTH}}})")

log = structlog.get_logger(__name__)


class _OnInlineMessage(BaseHandler[Update, AnyContext, None]):
    """All buttons of Chatpay's on messages in chats that the bot is not in.

    Whatever their data says: a client can send what it likes, and no other room works there.
    """

    def __init__(self, callback: Handling) -> None:
        super().__init__(callback)

    def check_update(self, update: object) -> bool | None:
        """Whether it is such a button."""
        query = update.callback_query if isinstance(update, Update) else None
        if query is None or query.inline_message_id is None:
            return None
        return (query.data or "").startswith(f"{PREFIX}:") or None


def handlers() -> list[BaseHandler[Any, Any, Any]]:
    """What is typed after the bot's name, what is chosen, and the buttons of what was sent."""
    return [
        InlineQueryHandler(_typed),
        ChosenInlineResultHandler(_chosen, pattern=_RESULT),
        _OnInlineMessage(_pressed),
    ]


# --- what is offered -----------------------------------------------------------------------------


@anywhere
async def _typed(scene: Scene) -> None:
    query = scene.update.inline_query
    if query is None:
        return
    if not has_accepted(scene.person):
        await _answer(scene, query, [], note=scene.t.plain("Get started with Chatpay"))
        return
    if shared := await _own_request(scene, query.query):
        await _answer(scene, query, [shared], note=None)
        return
    parts = payees.parts_in(scene, query.query)
    problem: str | None = None
    results: list[InlineQueryResultArticle] = []
    match parts.amount:
        case None:
            problem = scene.t.plain("Type an amount, such as 12.50 lunch")
        case Unreadable():
            problem = scene.t.plain("I cannot read that amount")
        case Doubt(readings):
            results, problem = await _offers(scene, readings, parts.note, halved=False)
        case Money() as amount:
            among_two = query.chat_type == ChatType.PRIVATE
            results, problem = await _offers(scene, [amount], parts.note, halved=among_two)
    results.append(await _own_link(scene))
    await _answer(scene, query, results, note=problem)


async def _own_request(scene: Scene, typed: str) -> InlineQueryResultArticle | None:
    """The card of an open request that the person has made, where its id was typed."""
    found = _REQUEST.fullmatch(typed.strip())
    if found is None:
        return None
    try:
        request = await scene.payments.request_by_id(found[1])
    except NotYours:
        return None
    if request.requester_id != scene.person.id or request.state is not RequestState.OPEN:
        return None
    ids = [request.requester_id] + ([request.payer_id] if request.payer_id else [])
    people = await scene.payments.people(ids)
    amount = scene.t.money(request.remaining)
    title = scene.t.plain("Ask for {amount}", amount=amount)
    screen = elsewhere_cards.request_to_open(request, people, scene.t)
    return _article(f"{PREFIX}:open:{request.id}", title, request.note, screen)


async def _offers(
    scene: Scene, amounts: Sequence[Money], note: str, *, halved: bool
) -> tuple[list[InlineQueryResultArticle], str | None]:
    """What can be done with each reading of the amount, or why nothing can."""
    wanted = [(kind, amount) for amount in amounts for kind in (OfferKind.ASK, OfferKind.SEND)]
    if halved and amounts[0].minor > 1:
        half = Money(amounts[0].minor // 2, amounts[0].currency)
        wanted.append((OfferKind.ASK, half))
    try:
        offers = await scene.payments.offer(scene.person.id, wanted, note=note)
    except AmountRefused:
        return [], scene.t.plain("That amount is not possible")
    except NoteRefused as error:
        return [], scene.t.plain("A note has at most {most} characters", most=error.most)
    except Refused:
        return [], scene.t.plain("Not possible now: open Chatpay to see why")
    whole = 2 * len(amounts)
    return [_result(scene, offer, half=at >= whole) for at, offer in enumerate(offers)], None


def _result(scene: Scene, offer: Offer, *, half: bool) -> InlineQueryResultArticle:
    t, amount = scene.t, scene.t.money(offer.amount)
    if offer.kind is OfferKind.SEND:
        title = t.plain("Send {amount}", amount=amount)
        what = t.plain("You approve with your PIN; whoever takes it first gets it")
        screen = elsewhere_cards.offer_to_send(offer, scene.person, t)
    else:
        title = (
            t.plain("Ask for half, {amount}", amount=amount)
            if half
            else t.plain("Ask for {amount}", amount=amount)
        )
        what = t.plain("Anyone in this chat can pay it")
        screen = elsewhere_cards.offer_to_ask(offer, scene.person, t)
    described = f"{offer.note} · {what}" if offer.note else what
    return _article(f"{PREFIX}:{offer.kind}:{offer.id}", title, described, screen)


async def _own_link(scene: Scene) -> InlineQueryResultArticle:
    owner_id = scene.person.id
    link = await scene.payments.store.read(lambda tx: tx.links.personal(owner_id))
    if link is None:
        link = await scene.payments.personal_link(owner_id)
    screen = elsewhere_cards.link(link, scene.person, scene.bot.username, scene.t)
    title = scene.t.plain("My payment link")
    what = scene.t.plain("Anyone can pay you with it, any amount")
    return _article(f"{PREFIX}:link", title, what, screen)


def _article(
    result_id: str, title: str, description: str, screen: Screen
) -> InlineQueryResultArticle:
    html, markup = screen
    content = InputTextMessageContent(
        html, ParseMode.HTML, link_preview_options=LinkPreviewOptions(is_disabled=True)
    )
    return InlineQueryResultArticle(
        result_id, title, content, reply_markup=markup, description=description
    )


async def _answer(
    scene: Scene,
    query: InlineQuery,
    results: Sequence[InlineQueryResultArticle],
    *,
    note: str | None,
) -> None:
    """Offers the results, with a note above them that leads to the private chat."""
    button = None if note is None else InlineQueryResultsButton(note, start_parameter="m_home")
    try:
        await patiently(
            lambda: scene.bot.answer_inline_query(
                query.id, results, cache_time=0, is_personal=True, button=button
            )
        )
    except BadRequest:
        # The person typed on, or it took too long: there is nobody left to offer anything to.
        log.info("inline_query_not_answered")


# --- what is chosen and pressed ------------------------------------------------------------------


@anywhere
async def _chosen(scene: Scene) -> None:
    """With inline feedback: makes the request or the gift's card before anybody presses."""
    chosen = scene.update.chosen_inline_result
    if chosen is None or chosen.inline_message_id is None:
        return
    _, verb, subject_id = chosen.result_id.split(":", 2)
    await _TAKEN_UP[verb](scene, subject_id, chosen.inline_message_id)


@anywhere
async def _pressed(scene: Scene) -> None:
    query = scene.query
    if query is None or query.inline_message_id is None:
        return
    if not (query.data or "").startswith(callback("q", "")):
        raise NotOpen("unknown")
    match scene.pressed:
        case verb, [subject_id] if verb in _TAKEN_UP:
            await _TAKEN_UP[verb](scene, subject_id, query.inline_message_id)
        case "take", [claim_token]:
            await gift.take(scene, claim_token)
        case _:
            raise NotOpen("unknown")


async def _ask(scene: Scene, offer_id: str, inline_id: str) -> None:
    request = await scene.payments.ask_as_offered(offer_id)
    await scene.lead(f"r_{request.id}")
    await elsewhere.keep_request(
        scene.bot, scene.payments, scene.chat, request, inline_id=inline_id
    )


async def _send(scene: Scene, offer_id: str, inline_id: str) -> None:
    intent = await scene.payments.send_as_offered(offer_id, scene.person.id)
    await scene.lead(f"i_{intent.id}")
    await elsewhere.keep_intent(scene.bot, scene.payments, scene.chat, intent, inline_id=inline_id)


async def _open(scene: Scene, request_id: str, inline_id: str) -> None:
    request = await scene.payments.request_by_id(request_id)
    await scene.lead(f"r_{request.id}")
    await elsewhere.keep_request(
        scene.bot, scene.payments, scene.chat, request, inline_id=inline_id
    )


_TAKEN_UP: dict[str, Callable[[Scene, str, str], Awaitable[None]]] = {
    OfferKind.ASK: _ask,
    OfferKind.SEND: _send,
    "open": _open,
}
"""By the verb of a result or button: it is given what is named, and the inline message id."""
