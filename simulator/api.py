"""The Bot API over HTTP: reads requests, arranges faults, writes answers down."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from simulator import ephemeral, methods
from simulator.calls import METHODS, Call, Handler, Upload
from simulator.errors import ApiError
from simulator.faults import Fault
from simulator.people import Bot, Json
from simulator.world import World

assert methods.__all__  # the import above fills METHODS  # noqa: S101

TOKEN = re.compile(r"(\d{1,16}):([A-Za-z0-9_-]{35})")

CUT = "simulator.cut"
"""Where the request's scope holds the function that drops its connection."""


class BotApi:
    """Answers `/bot<token>/<method>`."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, request: Request) -> Response:
        """Carries out one request, or lets happen to it what was asked for."""
        name: str = request.path_params["method"].lower()
        params, uploads = await _read(request)
        try:
            bot = self.bot(request.path_params["token"])
        except ApiError as error:
            return _response(error.status, _failure(error))
        fault = self._world.faults.take(name, str(params.get("chat_id", "")))
        if fault is not None:
            return await self._go_wrong(request, fault, bot, name, params, uploads)
        return _response(*await self.execute(bot, name, params, uploads))

    def bot(self, token: str) -> Bot:
        """The bot with this token, made if it is new.

        Raises:
            ApiError: the token is malformed, or the secret is not the one seen before.
        """
        number, separator, secret = token.partition(":")
        bot = self._world.bots.get(int(number)) if number.isdigit() else None
        if bot is not None and bot.secret == secret:
            return bot
        if not separator or not number.isdigit():
            raise ApiError(404, "Not Found")
        if bot is not None or not TOKEN.fullmatch(token):
            raise ApiError(401, "Unauthorized")
        return self._world.add_bot(token)

    async def execute(
        self, bot: Bot, name: str, params: Json, uploads: dict[str, Upload]
    ) -> tuple[int, Json]:
        """Carries out a method and writes the call down.

        Returns:
            The HTTP status and the answer.
        """
        try:
            result = self._handler(name)(Call(self._world, bot, params, uploads))
            if inspect.isawaitable(result):
                result = await result
            status, answer = 200, {"ok": True, "result": result}
        except ApiError as error:
            status, answer = error.status, _failure(error)
        self._record(bot, name, params, uploads, status, answer)
        return status, answer

    def _handler(self, name: str) -> Handler:
        handler = METHODS.get(name)
        too_new = name in ephemeral.METHODS and self._world.ephemeral_support == "unknown"
        if handler is None or too_new:
            raise ApiError(404, "Not Found")
        return handler

    def _record(
        self,
        bot: Bot,
        name: str,
        params: Json,
        uploads: dict[str, Upload],
        status: int | None,
        answer: Json | None,
    ) -> None:
        files = {
            field: {"file_name": upload.name, "bytes": len(upload.content)}
            for field, upload in uploads.items()
        }
        self._world.record_call(bot, name, params | files, status, answer)

    async def _go_wrong(
        self,
        request: Request,
        fault: Fault,
        bot: Bot,
        name: str,
        params: Json,
        uploads: dict[str, Upload],
    ) -> Response:
        error = fault.error()
        if error is not None:
            self._record(bot, name, params, uploads, error.status, _failure(error))
            return _response(error.status, _failure(error))
        if fault.kind == "cut_after":
            await self.execute(bot, name, params, uploads)
        else:
            self._record(bot, name, params, uploads, None, None)
        if fault.kind == "timeout":
            await self._wait_for_the_caller_to_leave(request)
        else:
            request.scope[CUT]()
        return Response()

    async def _wait_for_the_caller_to_leave(self, request: Request) -> None:
        async def left() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass

        tasks = {asyncio.ensure_future(left()), asyncio.ensure_future(self._world.closed.wait())}
        _, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()


def _failure(error: ApiError) -> Json:
    answer: Json = {
        "ok": False,
        "error_code": error.status,
        "description": error.description,
    }
    if error.retry_after is not None:
        answer["parameters"] = {"retry_after": error.retry_after}
    if error.migrate_to is not None:
        answer["parameters"] = {"migrate_to_chat_id": error.migrate_to}
    return answer


def _response(status: int, answer: Json) -> Response:
    body = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    return Response(body.encode("utf-8", "replace"), status, media_type="application/json")


async def _read(request: Request) -> tuple[dict[str, Any], dict[str, Upload]]:
    """The parameters and files of a request, from wherever Telegram looks for them."""
    params: dict[str, Any] = {}
    if query := request.scope["query_string"]:
        params.update(parse_qsl(query.decode(), keep_blank_values=True))
    if request.method != "POST":
        return params, {}
    kind = request.headers.get("content-type", "")
    if kind.startswith("multipart/form-data"):
        return await _read_multipart(request, params)
    body = await request.body()
    if kind.startswith("application/json"):
        content = _json_object(body)
        params.update(content)
    elif body:
        params.update(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return params, {}


def _json_object(body: bytes) -> Json:
    try:
        content = json.loads(body or b"{}")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


async def _read_multipart(
    request: Request, params: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Upload]]:
    uploads: dict[str, Upload] = {}
    async with request.form() as form:
        for field, value in form.multi_items():
            if isinstance(value, UploadFile):
                kind = value.content_type or "application/octet-stream"
                content = await value.read()
                uploads[field] = Upload(value.filename or field, kind, content)
            else:
                params[field] = value
    return params, uploads
