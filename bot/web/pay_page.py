"""The page of a payment link: who is paid, how much, and one button that opens Telegram.

It says nothing that is not the link's own: no balances, no payers, no ids. It needs no script and
asks no other host for anything. A link that does not exist looks and costs the same as an address
that could not be one, so that nobody finds links by trying.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import urlencode

import structlog
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot import qr
from bot.link_address import TOKEN, page_url
from bot.texts import Texts
from bot.web import answers, preview
from bot.web.languages import texts_for, texts_of
from bot.web.link_view import LinkView, view_of
from bot.web.visits import Visits
from payments.bank_codes import BankOffer
from payments.errors import NotYours, Unavailable
from payments.models import Link, Person
from payments.service import Payments

_BURST = 60
_PER_S = 1.0
_MISS_COSTS = 9
"""A wrong address costs as much as ten right ones: after a few, a visitor has to wait."""
_POSTER_COSTS = 4
"""It takes a second to draw."""
_RETRY_S = 10

_TOKEN = re.compile(TOKEN)
_NO_TOKEN = ""

log = structlog.get_logger(__name__)

Showing = Callable[[Request, Link, Person, Texts], Awaitable[Response]]


class PayPages:
    """The pages of all links.

    Args:
        payments: the use-cases.
        bot_username: whose private chat the button opens.
        public_url: the address under which the pages are reached, without a slash at its end.
        seconds: the time by which visits are counted.
    """

    def __init__(
        self,
        payments: Payments,
        bot_username: str,
        public_url: str,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._payments = payments
        self._bot_username = bot_username
        self._public_url = public_url
        self._visits = Visits(burst=_BURST, per_s=_PER_S, clock=seconds)

    def routes(self) -> list[BaseRoute]:
        """Where they are."""
        return [
            Route("/p/{token}/card.png", self._answering(self._picture)),
            Route("/p/{token}/poster.pdf", self._answering(self._poster)),
            Route("/p/{token:path}", self._answering(self._page)),
            Route(answers.STYLE_PATH, _style),
        ]

    def _answering(self, show: Showing) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            t = texts_for(request.headers.get("accept-language", ""))
            visitor = _visitor(request)
            wait_s = self._visits.wait_s(visitor)
            if wait_s:
                return _too_often(request, t, wait_s)
            try:
                link, owner = await self._find(request.path_params["token"])
                return await show(request, link, owner, t)
            except NotYours:
                self._visits.charge(visitor, _MISS_COSTS)
                return _nothing_here(request, t)
            except Unavailable:
                log.warning("store_unavailable", what="pay page")
                return _away(request, t)

        return answer

    async def _find(self, token: str) -> tuple[Link, Person]:
        """A link and its owner. What could not be a token is looked for too, as none.

        Raises:
            NotYours: there is no such link.
            Unavailable: the store did not answer.
        """
        link = await self._payments.link(token if _TOKEN.fullmatch(token) else _NO_TOKEN)
        owners = await self._payments.people([link.owner_id])
        return link, owners[link.owner_id]

    # --- what there is to see --------------------------------------------------------------------

    async def _page(self, request: Request, link: Link, owner: Person, t: Texts) -> Response:
        offer = await self._payments.bank_offer(link.id)
        view = self._view(link, owner, t, offer)
        code = await qr.make_svg(view.address) if view.open else b""
        bank_code = b"" if offer is None else await qr.make_svg(offer.code)
        query = urlencode({"lang": t.spoken, "v": _version(view.preview)})
        return answers.page(
            request,
            "link.html",
            t,
            view=view,
            code=Markup(code.decode()),  # noqa: S704 (drawn by us; holds no text)
            bank_code=Markup(bank_code.decode()),  # noqa: S704 (as above)
            picture=f"{view.address}/card.png?{query}",
            picture_size=(preview.WIDTH, preview.HEIGHT),
            poster_address=f"{view.address}/poster.pdf",
        )

    async def _picture(self, request: Request, link: Link, owner: Person, t: Texts) -> Response:
        """The preview; kept for ever under the version that the page names."""
        t = texts_of(request.query_params.get("lang", "")) or t
        drawn = self._view(link, owner, t).preview
        named = request.query_params.get("v") == _version(drawn)
        return answers.content(
            request,
            await preview.make(drawn),
            "image/png",
            cache=answers.FOREVER if named else answers.A_MOMENT,
            headers={"Cross-Origin-Resource-Policy": "cross-origin", "Vary": "Accept-Language"},
        )

    async def _poster(self, request: Request, link: Link, owner: Person, t: Texts) -> Response:
        self._visits.charge(_visitor(request), _POSTER_COSTS)
        poster = await qr.make_poster(
            page_url(self._public_url, link.id),
            name=owner.name,
            amount=link.terms.amount if link.terms.fixed else None,
            note=link.terms.note,
            hint=t.plain("Scan to pay"),
            locale=str(t.locale),
        )
        return answers.content(
            request,
            poster,
            "application/pdf",
            cache=answers.A_MOMENT,
            headers={
                "Content-Disposition": 'inline; filename="chatpay.pdf"',
                "Vary": "Accept-Language",
            },
        )

    def _view(
        self, link: Link, owner: Person, t: Texts, offer: BankOffer | None = None
    ) -> LinkView:
        return view_of(
            link,
            owner,
            t,
            address=page_url(self._public_url, link.id),
            bot_username=self._bot_username,
            play_money=self._payments.policy.sandbox,
            now=self._payments.clock(),
            offer=offer,
        )


def _version(drawn: preview.Preview) -> str:
    return answers.version_of(repr(drawn).encode())


def _visitor(request: Request) -> str:
    return request.client.host if request.client else ""


async def _style(request: Request) -> Response:
    return answers.content(
        request, answers.STYLE, "text/css; charset=utf-8", cache=answers.FOREVER
    )


# --- what there is to say instead ----------------------------------------------------------------


def _nothing_here(request: Request, t: Texts) -> Response:
    return answers.page(
        request,
        "sorry.html",
        t,
        status=HTTPStatus.NOT_FOUND,
        heading=t.plain("There is no such link"),
        sentence=t.plain(
            "Check the address, or ask whoever gave it to you to send it again. Nothing was paid."
        ),
    )


def _too_often(request: Request, t: Texts, wait_s: float) -> Response:
    return answers.page(
        request,
        "sorry.html",
        t,
        status=HTTPStatus.TOO_MANY_REQUESTS,
        headers={"Retry-After": str(math.ceil(wait_s))},
        heading=t.plain("One moment, please"),
        sentence=t.plain("That was a lot of visits at once. Wait a little, then try again."),
    )


def _away(request: Request, t: Texts) -> Response:
    return answers.page(
        request,
        "sorry.html",
        t,
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        headers={"Retry-After": str(_RETRY_S)},
        heading=t.plain("Back in a moment"),
        sentence=t.plain("The link cannot be looked up just now. Try again in a few seconds."),
    )
