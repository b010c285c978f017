"""Requests that were sent: opened by whoever is asked, answered, reminded of, listed.

Their cards are refreshed by the outbox in every chat that shows them; here they are only opened,
and changed at once where a button was pressed.
"""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import escape
from telegram import Bot

from bot import cards, pay, prompts, qr, request_cards, start
from bot.cards import Screen
from bot.context import Scene
from bot.keyboards import button, in_rows_of, rows
from bot.request_cards import RequestFacts
from bot.texts import Texts
from payments.errors import NotOpen, NotYours
from payments.models import Person, PersonId, Prompt, ReportReason, Request, RequestState
from payments.money import Money
from payments.service import Payments


async def facts_of(
    payments: Payments, request: Request, viewer_id: PersonId, bot: Bot
) -> RequestFacts:
    """What a request's card says to `viewer_id` beyond the request itself, as of now."""
    ids = [request.requester_id] + ([request.payer_id] if request.payer_id else [])
    is_payer = viewer_id != request.requester_id
    blocked = await payments.blocked(viewer_id) if is_payer else []
    return RequestFacts(
        bot_username=bot.username,
        inline=bot.supports_inline_queries,
        people=await payments.people(ids),
        strangers=is_payer and not await payments.have_dealt(viewer_id, request.requester_id),
        blocked=any(person.id == request.requester_id for person in blocked),
    )


async def screen_for(
    payments: Payments, request: Request, viewer_id: PersonId, bot: Bot, t: Texts
) -> Screen:
    """The card of a request as one person sees it in their private chat."""
    facts = await facts_of(payments, request, viewer_id, bot)
    if viewer_id == request.requester_id:
        return request_cards.request_for_requester(request, facts, t)
    return request_cards.request_for_payer(request, facts, t)


async def open_request(scene: Scene, request_id: str) -> None:
    """Shows a request that a deep link leads to.

    Raises:
        NotYours: somebody else is asked, or there is no such request.
    """
    request = await scene.payments.request_by_id(request_id)
    _refuse_others(request, scene.person)
    screen = await screen_for(scene.payments, request, scene.person.id, scene.bot, scene.t)
    message = await scene.reply(*screen)
    await scene.remember(request_id, message)


def _refuse_others(request: Request, person: Person) -> None:
    """A request is shown to whoever made it, and to whoever may pay it.

    Raises:
        NotYours: the person is neither.
    """
    if person.id == request.requester_id or person.id == request.payer_id:
        return
    asked = request.payer_username
    is_asked = asked is None or (person.username or "").casefold() == asked.casefold()
    if request.payer_id is not None or not is_asked:
        raise NotYours


async def answer(scene: Scene, request_id: str) -> None:
    """A button of whoever is asked."""
    if await start.need_to_join(scene, f"r_{request_id}"):
        return
    verb, _ = scene.pressed
    match verb:
        case "pay":
            intent = await scene.payments.pay_request(request_id, scene.person.id)
            await pay.show_intent(scene, intent, edit=False)
        case "part":
            await _ask_part(scene, request_id)
        case "decline":
            await scene.payments.decline(request_id, scene.person.id)
            await refresh(scene, request_id)
        case _:
            await _block(scene, request_id)


async def _ask_part(scene: Scene, request_id: str) -> None:
    request = await scene.payments.request_by_id(request_id)
    if request.state is not RequestState.OPEN:
        raise NotOpen(request.state.value)
    await scene.chat.ask(scene.person.id, scene.chat_id, "request_part", subject_id=request_id)
    await scene.reply(
        scene.t(
            "How much of the {remaining} do you want to pay now? Type an amount.",
            remaining=scene.t.money(request.remaining),
        )
    )


async def _block(scene: Scene, request_id: str) -> None:
    """Whoever asks is blocked, and what they ask for is declined with it."""
    request = await scene.payments.request_by_id(request_id)
    _refuse_others(request, scene.person)
    await scene.payments.block(scene.person.id, request.requester_id)
    if request.payer_id == scene.person.id and request.state is RequestState.OPEN:
        await scene.payments.decline(request_id, scene.person.id)
    requester = await scene.payments.person(request.requester_id)
    if requester is not None:
        await scene.answer(
            scene.t.plain(
                "{name} is blocked. /settings undoes it.", name=cards.short_name(requester)
            )
        )
    await refresh(scene, request_id)


async def manage(scene: Scene, request_id: str) -> None:
    """A button of whoever asked."""
    verb, _ = scene.pressed
    if verb == "cancel":
        await scene.payments.cancel_request(request_id, scene.person.id)
        await refresh(scene, request_id)
    elif verb == "remind":
        await scene.payments.remind(request_id, scene.person.id)
        await scene.answer(scene.t.plain("Reminded."))
    else:
        await _send_qr(scene, await scene.payments.request_by_id(request_id))


async def ask_reason(scene: Scene, request_id: str) -> None:
    """Asks whoever reports a request what is wrong with it."""
    request = await scene.payments.request_by_id(request_id)
    _refuse_others(request, scene.person)
    facts = await facts_of(scene.payments, request, scene.person.id, scene.bot)
    await scene.edit(*request_cards.report_question(request, facts, scene.t))


async def report(scene: Scene, request_id: str, reason: ReportReason) -> None:
    """Tells the operators, and shows what became of the request."""
    await scene.payments.report(request_id, scene.person.id, reason)
    await scene.answer(scene.t.plain("Thank you. The operators will look at it."), alert=True)
    await refresh(scene, request_id)


async def refresh(scene: Scene, request_id: str) -> None:
    """Shows a request as it is now, in the message whose button was pressed.

    Raises:
        NotYours: somebody else is asked, or there is no such request.
    """
    request = await scene.payments.request_by_id(request_id)
    _refuse_others(request, scene.person)
    screen = await screen_for(scene.payments, request, scene.person.id, scene.bot, scene.t)
    await scene.edit(*screen)


async def _send_qr(scene: Scene, request: Request) -> None:
    if request.requester_id != scene.person.id:
        raise NotYours
    address = request_cards.request_url(request, scene.bot.username)
    picture = await qr.make_card(
        address,
        name=scene.person.name,
        amount=request.remaining,
        note=request.note,
        hint=scene.t.plain("Scan to pay"),
        locale=str(scene.t.locale),
    )
    await scene.send_photo(picture, escape(address))


async def show_open(scene: Scene) -> None:
    """Lists the open requests that this person made, and those to pay."""
    t = scene.t
    made, to_pay = await scene.payments.open_requests(scene.person.id)
    if not made and not to_pay:
        await scene.reply(t("No requests are open. /request makes one."))
        return
    people = await scene.payments.people(
        {r.payer_id for r in made if r.payer_id} | {r.requester_id for r in to_pay}
    )
    buttons = [
        button(
            t.plain(
                "{name} asks you: {amount}",
                name=people[r.requester_id].name,
                amount=t.money(r.remaining),
            ),
            "r",
            "open",
            r.id,
        )
        for r in to_pay
    ] + [
        button(
            t.plain(
                "You ask {name}: {amount}",
                name=_payer_name(r, people, t),
                amount=t.money(r.remaining),
            ),
            "r",
            "open",
            r.id,
        )
        for r in made
    ]
    await scene.reply(t("<b>Open requests</b>"), rows(*in_rows_of(1, buttons)))


def _payer_name(request: Request, people: Mapping[PersonId, Person], t: Texts) -> str:
    if request.payer_id is not None and request.payer_id in people:
        return people[request.payer_id].name
    return t.plain("anyone") if request.payer_username is None else f"@{request.payer_username}"


@prompts.takes_amount("request_part")
async def _part_typed(scene: Scene, prompt: Prompt, amount: Money) -> None:
    intent = await scene.payments.pay_request(prompt.subject_id, scene.person.id, amount=amount)
    await pay.show_intent(scene, intent, edit=False)
