"""The Mini App's page, and what its script asks for.

A card is approved by the same rules whichever surface is used: a tap is `Payments.tap`, a finger
is `Payments.approve_with_device`, and the outbox edits the chat's card as always.
"""

from __future__ import annotations

import re
from base64 import b64encode
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from babel import Locale
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from telegram import Bot, InlineQueryResultArticle, InputTextMessageContent
from telegram.constants import ParseMode
from telegram.error import TelegramError

from bot import cards, link, pay, payees, photo, refusals, second_look, wallet
from bot.keyboards import link_button, quick_amounts, rows, start_url
from bot.link_address import page_url
from bot.web import answers
from bot.web.app import views
from bot.web.app.door import APPROVING_MS, Answer, Call, Door, Told, Unreadable
from bot.web.app.views import Json
from bot.web.app.words import words
from bot.web.languages import texts_for
from payments.errors import NotYours, PayeeRefusal, PayeeRefused
from payments.ids import TOKEN_LENGTH
from payments.limits import bank_day_most, carried
from payments.models import Intent
from payments.money import Doubt, Money, parse_amount
from payments.money import Unreadable as NoAmount
from payments.policy import DAY
from payments.service import PayeeRef, Payments

_HERE = Path(__file__).parent
_PAYLOAD = re.compile(rf"[irl]_[A-Za-z0-9_-]{{{TOKEN_LENGTH}}}")
_PAGE = 20
_CHART_DAYS = 30
_TELEGRAM = "https://api.telegram.org"
_TELEGRAM_SCRIPT = "https://telegram.org/js/telegram-web-app.js"
_TELEGRAM_FRAMES = "https://web.telegram.org https://*.web.telegram.org"
_MEDIA = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
_FILES = {
    file.name: file.read_bytes()
    for file in sorted((_HERE / "static").iterdir())
    if file.suffix in _MEDIA
}
_VERSION = answers.version_of(b"".join(_FILES.values()))
_templates = Environment(
    loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


class MiniApp:
    """The Mini App of one bot.

    Args:
        payments: the use-cases.
        bot: prepares messages to share.
        token: the bot's.
        public_url: where the web side is reached, without a slash at its end.
        api_url: the Bot API server; one that is not Telegram's own serves its own
            `/js/telegram-web-app.js`, and may show the Mini App in a frame.
    """

    def __init__(
        self, payments: Payments, bot: Bot, *, token: str, public_url: str, api_url: str
    ) -> None:
        parts = urlsplit(public_url)
        self._payments = payments
        self._bot = bot
        self._public_url = public_url
        self._door = Door(payments, token, f"{parts.scheme}://{parts.netloc}")
        real = api_url == _TELEGRAM
        self._script = _TELEGRAM_SCRIPT if real else f"{api_url}/js/telegram-web-app.js"
        script = urlsplit(self._script)
        self._policy = (
            f"default-src 'none'; script-src 'self' {script.scheme}://{script.netloc}; "
            "style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
            f"form-action 'none'; frame-ancestors {_TELEGRAM_FRAMES if real else api_url}"
        )

    def routes(self) -> list[BaseRoute]:
        """Where it is."""

        def to(path: str, method: str, answer: Answer, age_ms: int | None = None) -> Route:
            ages = {} if age_ms is None else {"age_ms": age_ms}
            endpoint = self._door.answering(answer, **ages)
            return Route(f"/app/api{path}", endpoint, methods=[method])

        return [
            Route("/app", self._page),
            Route(f"/app/{_VERSION}/{{name}}", _file),
            to("/words", "GET", self._words),
            to("/home", "GET", self._home),
            to("/history", "GET", self._history),
            to("/receipts/{id}", "GET", self._receipt),
            to("/topup", "GET", self._offer_topup),
            to("/topup", "POST", self._topup, APPROVING_MS),
            to("/cards", "POST", self._draft),
            to("/cards/{id}", "GET", self._card),
            to("/cards/{id}", "PATCH", self._amend),
            to("/cards/{id}/cancel", "POST", self._cancel),
            to("/cards/{id}/instead", "POST", self._pay_instead),
            to("/cards/{id}/topup", "GET", self._offer_topup),
            to("/cards/{id}/topup", "POST", self._topup, APPROVING_MS),
            to("/cards/{id}/keypad", "POST", self._ask_pin, APPROVING_MS),
            to("/cards/{id}/device", "POST", self._approve, APPROVING_MS),
            to("/keypads/{id}", "POST", self._tap, APPROVING_MS),
            to("/devices", "GET", self._devices),
            to("/devices", "POST", self._add_device, APPROVING_MS),
            to("/devices/{id}", "DELETE", self._remove_device),
            to("/codes", "POST", self._open_code),
            to("/requests", "POST", self._request),
            to("/link", "GET", self._link),
            to("/share", "POST", self._share),
        ]

    async def _page(self, request: Request) -> Response:
        """The frame that the script fills; it says nothing about anybody."""
        t = texts_for(request.headers.get("accept-language", ""))
        body = _templates.get_template("app.html").render(
            language=t.spoken.replace("_", "-"),
            direction=Locale.parse(t.spoken).text_direction,
            version=_VERSION,
            telegram_script=self._script,
            opening=t.plain("Opening…"),
            needs_script=t.plain("This page needs JavaScript."),
        )
        headers = {
            "Cache-Control": answers.NEVER,
            "Content-Security-Policy": self._policy,
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
            "Referrer-Policy": "no-referrer",
            "Vary": "Accept-Language",
            "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex",
        }
        if self._public_url.startswith("https:"):
            headers["Strict-Transport-Security"] = "max-age=31536000"
        return Response(body, HTTPStatus.OK, headers, "text/html; charset=utf-8")

    # --- looking -----------------------------------------------------------------------------

    async def _words(self, call: Call) -> Json:
        spoken = call.t.spoken
        return {
            "language": spoken.replace("_", "-"),
            "direction": Locale.parse(spoken).text_direction,
            "words": words(call.t),
            "currency": call.person.currency,
            "start": call.visitor.start,
        }

    async def _home(self, call: Call) -> Json:
        t, me = call.t, call.person
        accounts = await self._payments.balances(me.id)
        accounts.sort(key=lambda each: each.currency != me.currency)
        account = accounts[0]
        now = self._payments.clock()
        month = [now - DAY * back for back in reversed(range(_CHART_DAYS))]
        page = await self._payments.history(me.id, currency=account.currency, limit=_PAGE)
        return {
            "me": views.face(me.name, me.username),
            "balances": [views.balance(each, t) for each in accounts],
            "chart": await self._payments.balances_at(
                me.id, currency=account.currency, moments=month
            ),
            "since": t.day(month[0]),
            "history": views.history(page, t),
            "topup": self._payments.policy.sandbox,
            "play": t.plain("Play money: nothing here is worth anything.")
            if self._payments.policy.sandbox
            else "",
            "recent": [
                views.face(each.name, each.username)
                for each in await self._payments.recent_payees(me.id)
                if each.username
            ],
        }

    async def _history(self, call: Call) -> Json:
        before = call.query.get("before", "")
        if not before.isdecimal() or len(before) > 18:
            raise Unreadable
        page = await self._payments.history(
            call.person.id, currency=_currency(call), before=int(before), limit=_PAGE
        )
        return views.history(page, call.t)

    async def _receipt(self, call: Call) -> Json:
        found = await self._payments.receipt(call.path["id"], call.person.id)
        return views.receipt(found, call.person, call.t)

    # --- adding money ------------------------------------------------------------------------

    async def _offer_topup(self, call: Call) -> Json:
        """What may be added, as in the chat: for a card first of all what it lacks."""
        card, me, t = await self._card_of(call), call.person, call.t
        offered = (
            quick_amounts(me.currency)
            if card is None
            else await wallet.offered_for(self._payments, me, card)
        )
        currency = offered[0].currency
        most = bank_day_most(currency, self._payments.policy)
        return {
            "amounts": views.amounts(offered, t),
            "currency": currency,
            "about": t.plain(
                "The sandbox bank gives play money at once, up to {most} a day.",
                most=t.money(most),
            ),
        }

    async def _topup(self, call: Call) -> Json:
        """Adds money; the same key adds the same amount once."""
        card, key = await self._card_of(call), call.text("key", most=40)
        if not key:
            raise Unreadable
        amount = self._amount(call, "" if card is None else card.currency)
        receipt = await self._payments.topup(
            call.person.id, amount, origin=f"app:{key}:{amount.minor}:{amount.currency}"
        )
        added = call.t.money(receipt.amount)
        return {"said": call.t.plain("{amount} of play money added.", amount=added)}

    async def _card_of(self, call: Call) -> Intent | None:
        """The card that the path names, if it names one."""
        card_id = call.path.get("id")
        return await self._payments.intent(card_id, call.person.id) if card_id else None

    # --- paying ------------------------------------------------------------------------------

    async def _card(self, call: Call) -> Json:
        return await self._shown(
            await self._payments.intent(call.path["id"], call.person.id), call
        )

    async def _draft(self, call: Call) -> Json:
        card = await self._payments.draft(
            call.person.id,
            payees=[_somebody(call)],
            amount=self._amount(call),
            note=call.text("note"),
        )
        return await self._shown(card, call)

    async def _amend(self, call: Call) -> Json:
        """Fills in what a link leaves to its payer."""
        card_id, me = call.path["id"], call.person.id
        if answer := call.text("answer"):
            card = await self._payments.amend(card_id, me, answer=answer)
        else:
            card = await self._payments.intent(card_id, me)
            amount = self._amount(call, card.currency)
            card = await self._payments.amend(card_id, me, amount=amount)
        return await self._shown(card, call)

    async def _pay_instead(self, call: Call) -> Json:
        """Puts whom the payer knows in place of those who only look like them."""
        card_id, me = call.path["id"], call.person.id
        card = await self._payments.intent(card_id, me)
        facts = await pay.facts_of(self._payments, card, self._bot.username)
        known = {payment_id: person.id for payment_id, person in facts.lookalikes.items()}
        named = [known.get(p.id) or p.payee_id or p.payee_username for p in card.payments]
        payees = [payee for payee in named if payee is not None]
        return await self._shown(await self._payments.amend(card_id, me, payees=payees), call)

    async def _cancel(self, call: Call) -> Json:
        return await self._shown(
            await self._payments.cancel(call.path["id"], call.person.id), call
        )

    async def _ask_pin(self, call: Call) -> Json:
        card_id, me = call.path["id"], call.person.id
        if call.body.get("known") is not True:
            await self._refuse_unasked(card_id, call)
        status = await self._payments.pin_status(me)
        if status.is_set:
            keypad = await self._payments.ask_pin(card_id, me)
        else:
            keypad = await self._payments.begin_pin(me, intent_id=card_id)
        return views.keypad(keypad, call.t)

    async def _refuse_unasked(self, card_id: str, call: Call) -> None:
        """The keypad of some cards is for those who have said that they know their payee.

        Raises:
            Told: this is such a card.
        """
        card = await self._payments.intent(card_id, call.person.id)
        facts = await pay.facts_of(self._payments, card, self._bot.username)
        if second_look.needed(card, facts, self._payments.policy):
            raise Told(second_look.question(call.t).unescape(), "SecondLook")

    async def _tap(self, call: Call) -> Json:
        result = await self._payments.tap(
            call.path["id"],
            call.person.id,
            call.text("key", most=16),
            tap_id="app:" + call.text("tap", most=40),
        )
        return views.tapped(result, self._payments.policy, call.t)

    async def _approve(self, call: Call) -> Json:
        card = await self._payments.approve_with_device(
            call.path["id"], call.person.id, call.text("token", most=200)
        )
        return await self._shown(card, call)

    async def _shown(self, card: Intent, call: Call) -> Json:
        facts = await pay.facts_of(self._payments, card, self._bot.username)
        reason = await self._payments.pin_needed(card.id, call.person.id)
        return views.intent(card, facts, self._payments.policy, reason, call.t)

    def _amount(self, call: Call, currency: str = "") -> Money:
        """The amount that was typed, or one of those that were offered.

        Raises:
            Told: it is none, or may mean several.
            Unreadable: nobody was offered this one.
        """
        t = call.t
        if "minor" in call.body:
            return self._chosen(call)
        read = parse_amount(
            call.text("amount", most=40),
            default=currency or call.person.currency,
            currencies=self._payments.policy.currencies,
            locale=str(t.locale),
        )
        if isinstance(read, Doubt):
            raise Told(
                cards.did_you_mean(read.readings, t).unescape(),
                choices=views.amounts(read.readings, t),
            )
        if isinstance(read, NoAmount):
            raise Told(refusals.unreadable(read.reason, t).unescape())
        return read

    def _chosen(self, call: Call) -> Money:
        minor, currency = call.body["minor"], call.text("currency", most=3)
        if type(minor) is not int:
            raise Unreadable
        amount = carried(minor, currency, self._payments.policy)
        if amount is None:
            raise Unreadable
        return amount

    # --- devices -----------------------------------------------------------------------------

    async def _devices(self, call: Call) -> Json:
        added = await self._payments.devices(call.person.id)
        return {"devices": [views.device(each, call.t) for each in added]}

    async def _add_device(self, call: Call) -> Json:
        name = call.text("name") or call.t.plain("Phone")
        return views.keypad(await self._payments.begin_device(call.person.id, name=name), call.t)

    async def _remove_device(self, call: Call) -> Json:
        await self._payments.remove_device(call.path["id"], call.person.id)
        return await self._devices(call)

    # --- asking, and codes -------------------------------------------------------------------

    async def _open_code(self, call: Call) -> Json:
        """The card that a scanned code, or the link that opened the Mini App, leads to."""
        payload = self._payload(call.text("code", most=1_000))
        kind, _, token = (payload or "").partition("_")
        match kind:
            case "i":
                card = await self._payments.intent(token, call.person.id)
            case "r":
                card = await self._payments.pay_request(token, call.person.id)
            case "l":
                card = await self._payments.pay_link(token, call.person.id)
            case _:
                raise Told(call.t.plain("This code is not one of Chatpay's."))
        return await self._shown(card, call)

    def _payload(self, code: str) -> str | None:
        """The start payload that a code stands for: one itself, a link to the bot, or a page."""
        if code.startswith(f"{self._public_url}/p/"):
            return "l_" + code.removeprefix(f"{self._public_url}/p/")
        if _PAYLOAD.fullmatch(code):
            return code
        return photo.own_payload(code, self._bot.username)

    async def _request(self, call: Call) -> Json:
        payers = [_somebody(call)] if call.text("who") else []
        amount = self._amount(call)
        (made,) = await self._payments.request(
            call.person.id, payers=payers, amount=amount, note=call.text("note")
        )
        payload = f"r_{made.id}"
        return {
            "url": start_url(self._bot.username, payload),
            "title": await self._title(payload, call),
        }

    async def _link(self, call: Call) -> Json:
        """The personal link with its picture, the same as in the chat."""
        me = call.person
        personal = await self._payments.personal_link(me.id)
        address = page_url(self._public_url, personal.id)
        picture = await link.draw(personal, address, me, call.t)
        return {
            "url": address,
            "title": await self._title(f"l_{personal.id}", call),
            "picture": "data:image/png;base64," + b64encode(picture).decode(),
        }

    async def _title(self, payload: str, call: Call) -> str:
        """What a link of one's own is for, in the bot's words.

        Raises:
            NotYours: it is somebody else's, or there is none.
            Unreadable: it leads to something else.
        """
        kind, _, token = payload.partition("_")
        t, me = call.t, call.person
        if kind == "r":
            asked = await self._payments.request_by_id(token)
            owner_id, amount = asked.requester_id, t.money(asked.amount)
            title = t.plain("{name} asks for {amount}", name=me.name, amount=amount)
        elif kind == "l":
            owner_id = (await self._payments.link(token)).owner_id
            title = t.plain("Pay {name}", name=me.name)
        else:
            raise Unreadable
        if owner_id != me.id:
            raise NotYours
        return title

    async def _share(self, call: Call) -> Json:
        """A message with a button, prepared for any chat that the person then chooses.

        It goes out by way of the bot, so what it says is for the bot to say.
        """
        payload = self._payload(call.text("url")) or ""
        title = await self._title(payload, call)
        opens = start_url(self._bot.username, payload)
        result = InlineQueryResultArticle(
            id="share",
            title=title,
            input_message_content=InputTextMessageContent(
                call.t("<b>{title}</b>", title=title), parse_mode=ParseMode.HTML
            ),
            reply_markup=rows([link_button(call.t.plain("Open Chatpay"), opens)]),
        )
        try:
            prepared = await self._bot.save_prepared_inline_message(
                call.person.id,
                result,
                allow_user_chats=True,
                allow_group_chats=True,
                allow_channel_chats=True,
            )
        except TelegramError:
            return {"prepared": ""}
        return {"prepared": prepared.id}


def _somebody(call: Call) -> PayeeRef:
    """Who was named.

    Raises:
        PayeeRefused: nobody was, or it is the name of a bot.
    """
    who = call.text("who").removeprefix("@")
    if not who:
        raise PayeeRefused(PayeeRefusal.NOBODY)
    if payees.is_bots(who):
        raise PayeeRefused(PayeeRefusal.BOT)
    return who


def _currency(call: Call) -> str:
    currency = call.query.get("currency", "")
    if not currency:
        raise Unreadable
    return currency


async def _file(request: Request) -> Response:
    name = request.path_params["name"]
    content = _FILES.get(name)
    if content is None:
        return Response(status_code=HTTPStatus.NOT_FOUND)
    headers = {
        "Cache-Control": answers.FOREVER,
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, HTTPStatus.OK, headers, _MEDIA[Path(name).suffix])
