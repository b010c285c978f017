"""Whoever asks for something: checked on every request, answered in JSON and never in a cache.

There are no cookies. Each request carries what Telegram signed when it opened the Mini App, in
`Authorization: tma <initData>`; what may be done with it depends on how old it is. A payment
cannot be approved twice with the same request: its card is approved once, and a tap counts once.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from bot import refusals
from bot.texts import Texts
from bot.web.init_data import LENGTH_MOST, Forged, Signed, Stale, Visitor
from bot.web.languages import texts_for
from bot.web.visits import Visits
from payments.errors import Conflict, NotJoined, NotYours, PaymentError, Unavailable
from payments.models import Person
from payments.policy import HOUR, MINUTE
from payments.service import Payments

APPROVING_MS = 5 * MINUTE
"""How old a signature may be where money could move."""
LOOKING_MS = HOUR
"""How old it may be elsewhere."""

_BODY_MOST = 4_096
_SCHEME = "tma "
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_UNSTORABLE = re.compile("[\\x00\\ud800-\\udfff]")
_BURST = 120
_PER_S = 3.0
_STATUS = {
    NotYours: HTTPStatus.FORBIDDEN,
    NotJoined: HTTPStatus.FORBIDDEN,
    Conflict: HTTPStatus.CONFLICT,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
_SAFE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

log = structlog.get_logger(__name__)


class Unreadable(Exception):
    """The request is not one that the Mini App makes."""

    def __init__(self, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        """Keep the HTTP status."""
        super().__init__(status)
        self.status = status


class Told(Exception):
    """What was asked for cannot be done, and its text says why."""

    def __init__(
        self, sentence: str, code: str = "", *, choices: Sequence[dict[str, Any]] = ()
    ) -> None:
        """Keep the sentence, by which name the script knows it, and what may be tapped instead."""
        super().__init__(sentence)
        self.code = code
        self.choices = choices


@dataclass(frozen=True, slots=True)
class Call:
    """One request by somebody known."""

    person: Person
    visitor: Visitor
    t: Texts
    path: dict[str, str]
    query: dict[str, str]
    body: dict[str, Any]

    def text(self, name: str, *, most: int = 500) -> str:
        """A text of the body; "" where there is none.

        Raises:
            Unreadable: it is no text, a very long one, or one that cannot be stored.
        """
        value = self.body.get(name, "")
        if not isinstance(value, str) or len(value) > most or _UNSTORABLE.search(value):
            raise Unreadable
        return value.strip()


Answer = Callable[[Call], Awaitable[dict[str, Any]]]


class Door:
    """Lets in whom Telegram vouches for.

    Args:
        payments: the use-cases.
        token: the bot's.
        origin: where the Mini App is served, such as `https://pay.example.org`.
    """

    def __init__(self, payments: Payments, token: str, origin: str) -> None:
        self._payments = payments
        self._signed = Signed(token)
        self._origin = origin
        self._visits = Visits(burst=_BURST, per_s=_PER_S)

    def answering(
        self, answer: Answer, age_ms: int = LOOKING_MS
    ) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint that answers signatures which are at most so old."""

        async def endpoint(request: Request) -> Response:
            t = texts_for(request.headers.get("accept-language", ""))
            try:
                self._refuse_other_origin(request)
                if not all(map(_ID.fullmatch, request.path_params.values())):
                    raise Unreadable(HTTPStatus.NOT_FOUND)
                visitor = self._visitor(request, age_ms)
                if wait_s := self._visits.wait_s(str(visitor.profile.id)):
                    return _too_often(wait_s, t)
                person = await self._payments.person(visitor.profile.id)
                if person is None or not person.joined:
                    raise NotJoined
                t = Texts(person.language)
                call = Call(
                    person=person,
                    visitor=visitor,
                    t=t,
                    path=request.path_params,
                    query=dict(request.query_params),
                    body=await _body(request),
                )
                return _json(await answer(call))
            except (Forged, Stale) as error:
                return _unknown(error, t)
            except Unreadable as error:
                return _said(error.status, t.plain("That request cannot be read."))
            except Told as told:
                return _told(told)
            except PaymentError as error:
                return _refused(error, t)

        return endpoint

    def _refuse_other_origin(self, request: Request) -> None:
        """A browser names the page that asks, always where something may change."""
        origin = request.headers.get("origin")
        if origin is None and request.method in {"GET", "HEAD"}:
            return
        if origin != self._origin:
            raise Unreadable(HTTPStatus.FORBIDDEN)

    def _visitor(self, request: Request, age_ms: int) -> Visitor:
        given = request.headers.get("authorization", "")
        if not given.startswith(_SCHEME) or len(given) > len(_SCHEME) + LENGTH_MOST:
            raise Forged
        visitor = self._signed.read(given.removeprefix(_SCHEME))
        visitor.refuse_stale(age_ms=age_ms, now=self._payments.clock())
        return visitor


async def _body(request: Request) -> dict[str, Any]:
    """The JSON object that came with a request, {} with none.

    Raises:
        Unreadable: it is too long, or something else.
    """
    received = bytearray()
    try:
        async for part in request.stream():
            received += part
            if len(received) > _BODY_MOST:
                raise Unreadable(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body = json.loads(received) if received else {}
    except (ValueError, RecursionError, ClientDisconnect):
        raise Unreadable from None
    if not isinstance(body, dict):
        raise Unreadable
    return body


def _json(content: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> Response:
    return JSONResponse(content, status, _SAFE)


def _said(status: HTTPStatus, sentence: str, code: str = "") -> Response:
    return _json({"error": sentence, "code": code}, status)


def _told(told: Told) -> Response:
    content = {"error": str(told), "code": told.code}
    choices = {"choices": list(told.choices)} if told.choices else {}
    return _json(content | choices, HTTPStatus.UNPROCESSABLE_ENTITY)


def _unknown(error: Forged | Stale, t: Texts) -> Response:
    if isinstance(error, Stale):
        sentence = t.plain("This window has been open for long. Close it and open it again.")
        return _said(HTTPStatus.UNAUTHORIZED, sentence, "stale")
    sentence = t.plain("Open this from the chat with the bot.")
    return _said(HTTPStatus.UNAUTHORIZED, sentence, "forged")


def _refused(error: PaymentError, t: Texts) -> Response:
    if isinstance(error, Unavailable):
        log.warning("store_unavailable", what="mini app")
    status = _STATUS.get(type(error), HTTPStatus.UNPROCESSABLE_ENTITY)
    return _said(status, refusals.sentence(error, t).striptags(), type(error).__name__)


def _too_often(wait_s: float, t: Texts) -> Response:
    answer = _said(HTTPStatus.TOO_MANY_REQUESTS, t.plain("One moment, please"))
    answer.headers["Retry-After"] = str(math.ceil(wait_s))
    return answer
