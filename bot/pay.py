"""Paying: `/pay`, its card, and what can still be done with a payment afterwards.

A card is an intent in the database, and lives where nobody but the payer sees it: in the private
chat, or in a group as an aside (`bot/aside.py`). Otherwise a group only sees the way to it, and,
if the payer wants that, who paid whom. What is missing is asked for on the card itself. Nothing
here moves money; the PIN does, in `bot/pin.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from markupsafe import Markup
from telegram import Bot, MaybeInaccessibleMessage
from telegram.error import BadRequest, Forbidden, TelegramError
from telegram.ext import (
    BaseHandler,
    CallbackQueryHandler,
    CommandHandler,
    MessageHandler,
    filters,
)

from bot import aside, cards, payees, pin, prompts, receipts, refusals, second_look, start, verify
from bot.callbacks import pattern
from bot.cards import IntentFacts, Screen
from bot.context import Scene, handler, patiently
from bot.parts import Parts
from payments.errors import (
    AmountRefused,
    Expired,
    InsufficientFunds,
    LimitExceeded,
    NoteRefused,
    NotOpen,
    PayeeRefused,
    PinMissing,
    Unverified,
)
from payments.models import (
    Card,
    Intent,
    IntentState,
    Payment,
    PaymentState,
    Prompt,
)
from payments.money import Doubt, Money, Unreadable
from payments.names import clean_line
from payments.service import PayeeRef, Payments
from payments.showing import Surroundings


def handlers() -> list[BaseHandler[Any, Any, Any]]:
    """`/pay`, the people picked for it, and the buttons of its cards."""
    return [
        CommandHandler("pay", _pay, filters=filters.UpdateType.MESSAGE),
        MessageHandler(payees.Picked(payees.PICKED_TO_PAY), _picked),
        CallbackQueryHandler(_pressed, pattern=pattern("i")),
    ]


# --- beginning -----------------------------------------------------------------------------------


@handler
async def _pay(scene: Scene) -> None:
    if not await start.need_to_join(scene, "m_pay", words=payees.words_of(scene)):
        await begin_as_written(scene, payees.parts_of(scene))


async def begin_as_written(scene: Scene, parts: Parts) -> None:
    """Starts a payment with what was written behind the command."""
    refs, problem = await payees.refer(scene, parts.payees)
    if not refs:
        problem = problem or payees.nobody_problem(scene, parts)
    refs, left_out = payees.without_self(scene, refs)
    problem = problem or left_out
    if isinstance(parts.amount, Unreadable):
        problem = problem or refusals.unreadable(parts.amount.reason, scene.t)
    intent, refusal = await _draft(scene, refs, parts)
    readings = parts.amount.readings if isinstance(parts.amount, Doubt) else ()
    await present(scene, intent, problem=refusal or problem, readings=readings)


async def begin(scene: Scene) -> None:
    """Starts a payment of which nothing is known yet, in the private chat."""
    intent = await scene.payments.draft(scene.person.id)
    await show_intent(scene, intent, edit=False)


async def _draft(
    scene: Scene, refs: Sequence[PayeeRef], parts: Parts
) -> tuple[Intent, str | None]:
    """Drafts what can be drafted; a part that is refused is left out, and asked for later."""
    amount = parts.amount if isinstance(parts.amount, Money) else None
    note = parts.note
    problem: str | None = None
    while True:
        try:
            intent = await scene.payments.draft(
                scene.person.id,
                payees=refs,
                amount=amount,
                note=note,
                group_id=None if scene.private else scene.chat_id,
                origin=scene.origin,
            )
        except (PayeeRefused, AmountRefused, NoteRefused) as error:
            if isinstance(error, PayeeRefused) and refs:
                refs = ()
            elif isinstance(error, AmountRefused) and amount:
                amount = None
            elif isinstance(error, NoteRefused) and note:
                note = ""
            else:
                raise
            problem = problem or refusals.sentence(error, scene.t)
        else:
            return intent, problem


# --- the card ------------------------------------------------------------------------------------


async def facts_of(
    payments: Payments,
    intent: Intent,
    bot_username: str,
    public_url: str | None = None,
    *,
    aside: bool = False,
) -> IntentFacts:
    """What the card of an intent says beyond the intent itself, as of now; see `facts`."""
    around = await payments.surroundings(intent)
    return facts(payments, intent, around, bot_username, public_url, aside=aside)


def facts(
    payments: Payments,
    intent: Intent,
    around: Surroundings,
    bot_username: str,
    public_url: str | None = None,
    *,
    aside: bool = False,
) -> IntentFacts:
    """What the card of an intent says beyond the intent itself.

    Args:
        payments: the use-cases.
        intent: the card.
        around: what was looked up for it.
        bot_username: the bot's, for links.
        public_url: where the Mini App is served, if it is.
        aside: whether the card is shown in a group, to the payer alone.
    """
    link = around.link
    return IntentFacts(
        bot_username=bot_username,
        people=around.people,
        strangers=around.strangers,
        lookalikes=around.lookalikes,
        now=payments.clock(),
        available=around.available,
        limit=around.limit,
        hold_ms=payments.policy.hold_ms,
        play_money=payments.policy.sandbox,
        fixed=intent.request_id is not None or (link is not None and link.terms.fixed),
        link=link,
        bank=around.bank,
        recent=around.recent,
        public_url=public_url,
        aside=aside,
    )


async def _facts(scene: Scene, intent: Intent) -> IntentFacts:
    """What the card says where this scene is."""
    return _facts_here(scene, intent, await scene.payments.surroundings(intent))


def _facts_here(scene: Scene, intent: Intent, around: Surroundings) -> IntentFacts:
    return facts(
        scene.payments,
        intent,
        around,
        scene.bot.username,
        scene.public_url,
        aside=scene.aside is not None,
    )


async def show_intent(
    scene: Scene,
    intent: Intent,
    *,
    edit: bool,
    problem: str | None = None,
    readings: Sequence[Money] = (),
) -> None:
    """Shows a card in its present state where only the payer sees it; asks for what it lacks.

    That is the private chat, unless the scene is an aside.

    Args:
        scene: the payer's.
        intent: the card.
        edit: in the message whose button was pressed; otherwise in a new one, and an older card
            that is still open makes way.
        problem: why what was given could not be used, as a plain sentence.
        readings: what a doubtful amount may have meant.
    """
    card = await scene.payments.payers_card(intent)
    facts = _facts_here(scene, intent, card.around)
    if readings and intent.lacks_amount and intent.state in cards.OPEN_STATES:
        html, markup = cards.amount_question(intent, facts, scene.t, readings=readings)
    else:
        html, markup = receipts.intent_card(intent, facts, scene.t)
    if problem is not None:
        html = Markup("{}\n\n").format(problem) + html
    if await _put(scene, intent, (html, markup), card.messages, edit=edit):
        await _ask_what_lacks(scene, intent, card.question, amount_first=bool(readings))
    else:
        alone = scene.in_private()
        await show_intent(alone, intent, edit=False, problem=problem, readings=readings)


async def _put(
    scene: Scene, intent: Intent, screen: Screen, messages: Iterable[Card], *, edit: bool
) -> bool:
    """Shows the card on this screen; False if it cannot be said aside (any more).

    In a new message, those that showed it before make way.
    """
    edit = edit and scene.query is not None and scene.message is not None
    message: MaybeInaccessibleMessage | None
    if scene.aside is not None:
        message = await (scene.edit_aside(*screen) if edit else scene.say_aside(*screen))
    else:
        message = await (scene.edit(*screen) if edit else scene.tell(*screen))
    if message is None:
        return False
    if not edit and intent.state in cards.OPEN_STATES:
        await _clear_older(scene, messages)
    await scene.remember(intent.id, message)
    return True


async def _clear_older(scene: Scene, messages: Iterable[Card]) -> None:
    """Deletes a card's earlier messages to its payer, so that one is left to act on."""
    for card in messages:
        if scene.person.id not in (card.conversation_id, card.receiver_id):
            continue
        if await _deleted(scene.bot, card):
            await scene.chat.forget_card(card)


async def _deleted(bot: Bot, card: Card) -> bool:
    """Whether a message could be deleted; one that was not stays, and is edited as the rest."""
    chat_id, message_id, receiver_id = card.conversation_id, card.message_id, card.receiver_id
    try:
        if receiver_id is not None:
            return await patiently(lambda: aside.delete(bot, chat_id, message_id, receiver_id))
        await patiently(lambda: bot.delete_message(chat_id, message_id))
    except TelegramError:
        return False
    return True


async def _ask_what_lacks(
    scene: Scene, intent: Intent, question: Prompt | None, *, amount_first: bool
) -> None:
    if scene.aside is not None:  # nothing can be typed there
        return
    if intent.state in cards.OPEN_STATES and intent.lacks_payee and not amount_first:
        await _ask(scene, "pay_payee", intent.id)
    elif intent.state in cards.OPEN_STATES and intent.lacks_amount:
        await _ask(scene, "pay_amount", intent.id)
    elif intent.state in cards.OPEN_STATES and intent.lacks_answer:
        await _ask(scene, "pay_answer", intent.id)
    elif question is not None and question.subject_id == intent.id:
        await scene.chat.answered(scene.person.id, scene.person.id)


async def _ask(scene: Scene, expects: str, intent_id: str) -> None:
    await scene.chat.ask(scene.person.id, scene.person.id, expects, subject_id=intent_id)


async def present(
    scene: Scene, intent: Intent, *, problem: str | None = None, readings: Sequence[Money] = ()
) -> None:
    """Shows a new card to the payer; where the group saw its beginning, it gets the way there."""
    place = scene
    if scene.aside is not None and await _took_place_of_unseen(scene, intent):
        place = scene.in_private()
    try:
        await show_intent(place, intent, edit=False, problem=problem, readings=readings)
    except (Forbidden, BadRequest) as error:
        # Somebody who never wrote to the bot, or stopped it: the button below opens the chat.
        if scene.private or not is_unreachable(error):
            raise
    else:
        if scene.confidential:
            return
    message = await scene.show_way(
        scene.t("{name}, go on in our private chat.", name=scene.person.name), f"i_{intent.id}"
    )
    await scene.remember(intent.id, message)


async def _took_place_of_unseen(scene: Scene, intent: Intent) -> bool:
    """Whether the payer asked for the same just before, and left it; then that card is put aside.

    Nobody is told whether an aside arrived. Whoever repeats a command may not have seen the card.
    """
    for earlier in await scene.payments.open_cards(scene.person.id):
        is_other = earlier.id != intent.id and earlier.group_id == intent.group_id
        is_untouched = earlier.state is IntentState.DRAFT and earlier.expires_at > scene.now
        if is_other and is_untouched and _is_same(earlier, intent):
            await scene.payments.cancel(earlier.id, scene.person.id)
            return True
    return False


def _is_same(one: Intent, other: Intent) -> bool:
    return _substance(one) == _substance(other)


def _substance(intent: Intent) -> tuple[object, ...]:
    payees = [(payment.payee_id, payment.payee_username) for payment in intent.payments]
    return intent.kind, payees, intent.amount_each, intent.note


def is_unreachable(error: TelegramError) -> bool:
    """Whether the bot may not write to the person at all."""
    return isinstance(error, Forbidden) or "chat not found" in error.message.lower()


async def open_intent(scene: Scene, intent_id: str) -> None:
    """Shows a card that a deep link leads to.

    Raises:
        NotYours: it is another person's, or there is none.
    """
    intent = await scene.payments.intent(intent_id, scene.person.id)
    await show_intent(scene, intent, edit=False)


async def open_to_type(scene: Scene, what: str) -> None:
    """Goes on with a card for which something is to be typed, to which a group had no place.

    Args:
        scene: the private chat.
        what: "<intent id>-<what is asked for, as in the buttons>".

    Raises:
        NotYours: it is another person's, or there is none.
    """
    intent_id, _, verb = what.rpartition("-")
    intent = await scene.payments.intent(intent_id, scene.person.id)
    is_known = verb in {"amount", "note", "answer", "less"}
    if verb == "pick" or not is_known or intent.state is not IntentState.DRAFT:
        await show_intent(scene, intent, edit=False)
    if intent.state is IntentState.DRAFT and (is_known or verb == "pick"):
        await _ask_on_card(scene, intent, verb, edit=False)


async def open_claim(scene: Scene, claim_token: str) -> None:
    """Takes the held payment that a claim link leads to; the outbox brings its card.

    Whoever took it already, perhaps by joining, is told so.

    Raises:
        NotYours: it is meant for somebody else.
        NotOpen: it was taken already, or went back.
    """
    payment = await scene.payments.claimable(claim_token, scene.person.id)
    if payment.state is PaymentState.HELD:
        await scene.payments.claim(claim_token, scene.person.id)
        return
    payers = await scene.payments.people([payment.payer_id])
    await scene.reply(receipts.taken_already(payment, payers, scene.t))


# --- what is typed or picked ---------------------------------------------------------------------


@handler
async def _picked(scene: Scene) -> None:
    refs = await payees.picked(scene)
    await payees.put_picker_away(scene)
    prompt = await scene.chat.asked(scene.person.id, scene.chat_id)
    if prompt is not None and prompt.expects == "pay_payee":
        await _choose_payees(scene, prompt.subject_id, refs)
    else:
        intent = await scene.payments.draft(scene.person.id, payees=refs, origin=scene.origin)
        await show_intent(scene, intent, edit=False)


@prompts.takes_text("pay_payee")
async def _payee_typed(scene: Scene, prompt: Prompt, text: str) -> None:
    named = payees.parts_of(scene).payees or payees.typed_username(text)
    refs, problem = await payees.refer(scene, named)
    if problem is not None:
        raise prompts.AskAgain(problem)
    if not refs:
        raise prompts.AskAgain(scene.t.plain("Type a @username, such as @bob, or choose above."))
    await payees.put_picker_away(scene)
    await _choose_payees(scene, prompt.subject_id, refs)


async def _choose_payees(scene: Scene, intent_id: str, refs: Sequence[PayeeRef]) -> None:
    intent = await scene.payments.amend(intent_id, scene.person.id, payees=refs)
    await show_intent(scene, intent, edit=False)


@prompts.takes_amount("pay_amount")
async def _amount_typed(scene: Scene, prompt: Prompt, amount: Money) -> None:
    intent = await scene.payments.amend(prompt.subject_id, scene.person.id, amount=amount)
    await show_intent(scene, intent, edit=False)


@prompts.takes_amount("refund_amount")
async def _refund_amount_typed(scene: Scene, prompt: Prompt, amount: Money) -> None:
    """The amount of a refund is part of what it is: another amount is another card."""
    whole = await _still_open(scene, prompt.subject_id)
    if whole.refunds_id is None:
        raise NotOpen("unknown")
    part = await scene.payments.refund(whole.refunds_id, scene.person.id, amount=amount)
    await scene.payments.cancel(whole.id, scene.person.id)
    await _clear_older(scene, await scene.chat.cards_of(whole.id))
    await show_intent(scene, part, edit=False)


@prompts.takes_text("pay_note")
async def _note_typed(scene: Scene, prompt: Prompt, text: str) -> None:
    note = clean_line(text)
    intent = await scene.payments.amend(prompt.subject_id, scene.person.id, note=note)
    await show_intent(scene, intent, edit=False)


@prompts.takes_text("pay_answer")
async def _answer_typed(scene: Scene, prompt: Prompt, text: str) -> None:
    answer = clean_line(text)
    if not answer:
        raise prompts.AskAgain(scene.t("Type a few words, please."))
    intent = await scene.payments.amend(prompt.subject_id, scene.person.id, answer=answer)
    await show_intent(scene, intent, edit=False)


# --- buttons -------------------------------------------------------------------------------------


@handler
async def _pressed(scene: Scene) -> None:
    if not scene.confidential:  # no card is ever shown there
        raise NotOpen("unknown")
    match scene.pressed:
        case "pay", [intent_id]:
            if not await _asked_twice(scene, intent_id):
                await _to_pin(scene, intent_id)
        case "know", [intent_id]:
            await _to_pin(scene, intent_id)
        case "card", [intent_id]:
            await _again(scene, await scene.payments.intent(intent_id, scene.person.id))
        case "cancel", [intent_id]:
            await _cancel(scene, intent_id)
        case "redo", [intent_id]:
            await _redo(scene, intent_id)
        case (
            ("to" | "sum" | "show" | "amount" | "note" | "answer" | "pick" | "less"),
            [intent_id, *values],
        ):
            await _change(scene, intent_id, values)
        case (("takeback" | "hold" | "refund" | "again"), [payment_id]):
            await _afterwards(scene, payment_id)
        case _:
            raise NotOpen("unknown")


async def _again(scene: Scene, intent: Intent) -> None:
    await show_intent(scene, intent, edit=True)


async def _asked_twice(scene: Scene, intent_id: str) -> bool:
    """Whether it is much money for somebody whom the payer never dealt with; then asks."""
    intent = await scene.payments.intent(intent_id, scene.person.id)
    policy = scene.payments.policy
    if not second_look.is_much(intent, policy):
        return False
    facts = await _facts(scene, intent)
    if not second_look.needed(intent, facts, policy):
        return False
    await scene.edit(*second_look.screen(intent, facts, scene.t))
    return True


async def _to_pin(scene: Scene, intent_id: str) -> None:
    try:
        keypad = await scene.payments.ask_pin(intent_id, scene.person.id)
    except PinMissing:
        await pin.choose_first(scene, intent_id)
    except Unverified as error:
        if scene.aside is not None:
            await scene.lead(f"i_{intent_id}")
        else:
            await verify.ask_before_paying(scene, error.missing, intent_id)
    except (InsufficientFunds, LimitExceeded, NotOpen, Expired) as error:
        await scene.answer(refusals.sentence(error, scene.t).striptags(), alert=True)
        await _again(scene, await scene.payments.intent(intent_id, scene.person.id))
    else:
        await pin.show_keypad(scene, keypad, edit=True)


async def _cancel(scene: Scene, intent_id: str) -> None:
    try:
        intent = await scene.payments.cancel(intent_id, scene.person.id)
    except NotOpen as error:
        await scene.answer(refusals.sentence(error, scene.t).striptags(), alert=True)
        intent = await scene.payments.intent(intent_id, scene.person.id)
    await _again(scene, intent)
    if scene.private:
        await payees.put_picker_away(scene)


async def _redo(scene: Scene, intent_id: str) -> None:
    ended = await scene.payments.intent(intent_id, scene.person.id)
    intent = await scene.payments.draft(
        scene.person.id,
        payees=[ref for p in ended.payments if (ref := p.payee_id or p.payee_username)],
        amount=ended.amount_each,
        note=ended.note,
        origin=f"redo:{intent_id}",
    )
    await show_intent(scene, intent, edit=False)


async def _change(scene: Scene, intent_id: str, values: list[str]) -> None:
    """A button that fills in or changes a part of the card, or asks for one."""
    verb, _ = scene.pressed
    by = scene.person.id
    match verb, values:
        case "to", [payee_id] if payee_id.isdecimal():
            await _again(scene, await scene.payments.amend(intent_id, by, payees=[int(payee_id)]))
        case "sum", [minor, currency] if minor.isdecimal() and _is_paid_in(scene, currency):
            amount = Money(int(minor), currency)
            await _again(scene, await scene.payments.amend(intent_id, by, amount=amount))
        case "show", [show] if show in {"0", "1"}:
            await _again(
                scene, await scene.payments.show_in_group(intent_id, by, show=show == "1")
            )
        case "amount", [] if scene.aside is not None:
            intent = await _still_open(scene, intent_id)
            await scene.edit(*cards.amount_question(intent, await _facts(scene, intent), scene.t))
        case (("amount" | "note" | "answer" | "pick" | "less"), []) if scene.private:
            await _ask_on_card(scene, await _still_open(scene, intent_id), verb, edit=True)
        case _:
            raise NotOpen("unknown")


def _is_paid_in(scene: Scene, currency: str) -> bool:
    return currency in scene.payments.policy.currencies


async def _still_open(scene: Scene, intent_id: str) -> Intent:
    intent = await scene.payments.intent(intent_id, scene.person.id)
    if intent.state is not IntentState.DRAFT:
        raise NotOpen(intent.state.value)
    return intent


async def _ask_on_card(scene: Scene, intent: Intent, verb: str, *, edit: bool) -> None:
    """Asks in the private chat for what is typed or picked there."""
    if verb == "pick":
        await _ask(scene, "pay_payee", intent.id)
        await payees.offer_picker(scene, payees.PICKED_TO_PAY)
        return
    card = await scene.payments.payers_card(intent)
    facts = _facts_here(scene, intent, card.around)
    if verb in {"amount", "less"}:
        screen = cards.amount_question(intent, facts, scene.t)
    elif verb == "answer":
        screen = cards.answer_question(intent, facts, scene.t)
    else:
        screen = cards.note_question(intent, facts, scene.t)
    await _put(scene, intent, screen, card.messages, edit=edit)
    await _ask(scene, "refund_amount" if verb == "less" else f"pay_{verb}", intent.id)


async def _afterwards(scene: Scene, payment_id: str) -> None:
    """A button on a receipt, or on the card of money that came in."""
    verb, _ = scene.pressed
    by = scene.person.id
    if verb == "takeback":
        await scene.payments.take_back(payment_id, by)
    payment, intent = await scene.payments.payment(payment_id, by)
    if verb in {"takeback", "hold"}:
        await _show_receipt(scene, payment, intent, edit=verb == "takeback")
    elif verb == "refund":
        left = Money(payment.amount.minor - payment.refunded_minor, payment.currency)
        await show_intent(
            scene, await scene.payments.refund(payment_id, by, amount=left), edit=False
        )
    else:
        other = payment.payer_id if payment.payee_id == by else payment.payee_id
        refs = [] if other is None else [other]
        await show_intent(scene, await scene.payments.draft(by, payees=refs), edit=False)


async def _show_receipt(scene: Scene, payment: Payment, intent: Intent, *, edit: bool) -> None:
    facts = await _facts(scene, intent)
    screen = receipts.payment_receipt(payment, intent, facts, scene.t)
    if edit:
        await scene.edit(*screen)
        return
    await scene.remember(payment.id, await scene.reply(*screen))
