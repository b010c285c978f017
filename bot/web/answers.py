"""How the web side answers a visitor: safely, in few bytes, and not twice what they have already.

Every answer forbids scripts, frames and requests to other hosts, and names the version of its
content, so that whoever has it already is told so instead of being sent it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from babel import Locale
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from bot.texts import Texts

_HERE = Path(__file__).parent

_SAFE = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
"""What a browser must not do with an answer of ours."""

FOREVER = "public, max-age=31536000, immutable"
"""For what is found under a name made of its content."""
A_MOMENT = "public, max-age=15, must-revalidate"
"""For what may change: a link is paused, paid, closed."""
NEVER = "no-store"

_templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def version_of(content: bytes) -> str:
    """A short name of some content; other content has another."""
    return hashlib.blake2b(content, digest_size=9).hexdigest()


STYLE = (_HERE / "static" / "pay.css").read_bytes()
STYLE_PATH = f"/assets/pay.{version_of(STYLE)}.css"


def page(
    request: Request,
    template: str,
    t: Texts,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
    **fields: object,
) -> Response:
    """A page in the visitor's language."""
    language = Locale.parse(t.spoken)
    body = _templates.get_template(template).render(
        language=t.spoken.replace("_", "-"),
        direction=language.text_direction,
        stylesheet=STYLE_PATH,
        **fields,
    )
    found = status is HTTPStatus.OK
    return content(
        request,
        body.encode(),
        "text/html; charset=utf-8",
        cache=A_MOMENT if found else NEVER,
        status=status,
        headers={
            "Content-Language": t.spoken.replace("_", "-"),
            "Vary": "Accept-Language",
            **(headers or {}),
        },
    )


def content(
    request: Request,
    body: bytes,
    media_type: str,
    *,
    cache: str,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Some content with its version, or "not modified" to whoever has it."""
    all_headers = {**_SAFE, "Cache-Control": cache, **(headers or {})}
    if request.url.scheme == "https":
        all_headers["Strict-Transport-Security"] = "max-age=31536000"
    if status is not HTTPStatus.OK:
        return Response(body, status, all_headers, media_type)
    all_headers["ETag"] = tag = f'"{version_of(body)}"'
    if tag in _had(request):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=all_headers)
    return Response(body, status, all_headers, media_type)


def _had(request: Request) -> list[str]:
    """The versions that the visitor has (RFC 9110, 13.1.2), weakly compared."""
    return [
        tag.strip().removeprefix("W/")
        for tag in request.headers.get("if-none-match", "").split(",")
    ]
