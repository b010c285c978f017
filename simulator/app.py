"""The local Telegram as an ASGI application: Bot API, control interface and page in one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from simulator.api import BotApi
from simulator.control import Control
from simulator.people import Bot, Json
from simulator.webhooks import WebhookSender
from simulator.world import World

PAGE = Path(__file__).parent / "web"


def build(world: World) -> Starlette:
    """The application around a world; while it runs it also sends updates to webhooks."""
    api = BotApi(world)

    async def answer(bot: Bot, call: Json) -> None:
        await api.execute(bot, str(call.pop("method", "")).lower(), call, {})

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        sender = WebhookSender(world, answer)
        try:
            yield
        finally:
            await sender.close()

    async def download(request: Request) -> Response:
        file = world.files.by_path(request.path_params["path"])
        if file is None:
            return Response('{"ok":false,"error_code":404,"description":"Not Found"}', 404)
        return Response(file.content, media_type="application/octet-stream")

    async def page(_request: Request) -> Response:
        return FileResponse(PAGE / "index.html")

    async def web_app_script(_request: Request) -> Response:
        headers = {"Cache-Control": "no-store"}
        return FileResponse(PAGE / "telegram-web-app.js", headers=headers)

    methods = ["GET", "POST"]
    routes = [
        Route("/bot{token}/{method}", api.__call__, methods=methods),
        Route("/bot{token}/test/{method}", api.__call__, methods=methods),
        Route("/file/bot{token}/{path:path}", download),
        *Control(world).routes(),
        Route("/js/telegram-web-app.js", web_app_script),
        Route("/", page),
        Mount("/static", StaticFiles(directory=PAGE)),
    ]
    return Starlette(routes=routes, lifespan=lifespan)
