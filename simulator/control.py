"""The control interface over HTTP: `/sim/…`, as docs/SIMULATOR.md describes it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from simulator import membership
from simulator.actions import act
from simulator.chats import Chat
from simulator.errors import Mistake
from simulator.faults import EPHEMERAL_SUPPORT, FAULT_KINDS
from simulator.people import Bot, Json, Person
from simulator.world import World

QUIET_SECONDS = 15.0
"""How long the event stream stays silent before it shows that it is alive."""

Work = Callable[[Request, Json], Awaitable[Any]]


class Control:
    """Answers the control interface."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """All addresses below `/sim`."""
        return [
            Route("/sim/events", self.events),
            Route("/sim/files/{path:path}", self.file),
            _route("GET", "/sim/state", self.state),
            _route("GET", "/sim/messages", self.messages),
            _route("GET", "/sim/shown", self.shown),
            _route("GET", "/sim/calls", self.calls),
            _route("GET", "/sim/updates", self.updates),
            _route("POST", "/sim/people", self.add_person),
            _route("PATCH", "/sim/people/{id:int}", self.change_person),
            _route("POST", "/sim/bots", self.add_bot),
            _route("POST", "/sim/groups", self.add_group),
            _route("PATCH", "/sim/groups/{id}", self.change_group),
            _route("POST", "/sim/act", self.act),
            _route("POST", "/sim/faults", self.arm_fault),
            _route("DELETE", "/sim/faults", self.clear_faults),
            _route("POST", "/sim/redeliver", self.redeliver),
            _route("POST", "/sim/reorder", self.reorder),
            _route("POST", "/sim/clock", self.clock),
            _route("POST", "/sim/limits", self.limits),
            _route("POST", "/sim/ephemeral", self.ephemeral),
            _route("POST", "/sim/moments", self.moments),
            _route("POST", "/sim/reset", self.reset),
        ]

    # -- looking ---------------------------------------------------------------------------------

    async def state(self, _request: Request, _body: Json) -> Json:
        """The whole world."""
        return self._world.state()

    async def events(self, request: Request) -> Response:
        """Server-sent events, from the one after `after` on; resumes where a browser left off."""
        after = int(request.query_params.get("after", "0"))
        after = int(request.headers.get("last-event-id") or after)
        stream = StreamingResponse(self._stream(after), media_type="text/event-stream")
        stream.headers["cache-control"] = "no-store"
        return stream

    async def _stream(self, after: int) -> AsyncIterator[str]:
        batches = self._world.events(after)
        upcoming: asyncio.Future[list[Json]] | None = None
        yield ": hello\n\n"
        try:
            while True:
                upcoming = upcoming or asyncio.ensure_future(anext(batches))
                done, _ = await asyncio.wait({upcoming}, timeout=QUIET_SECONDS)
                if not done:
                    yield ": still here\n\n"
                    continue
                try:
                    batch = upcoming.result()
                except StopAsyncIteration:
                    return
                upcoming = None
                yield "".join(f"id: {event['seq']}\ndata: {_dump(event)}\n\n" for event in batch)
        finally:
            if upcoming is not None:
                upcoming.cancel()

    async def file(self, request: Request) -> Response:
        """A file that somebody sent."""
        file = self._world.files.by_path(request.path_params["path"])
        if file is None:
            return Response(status_code=404)
        return Response(file.content, media_type=file.mime_type)

    async def messages(self, request: Request, _body: Json) -> list[Json]:
        """The messages of a chat as one person sees them."""
        chat = self._world.chat(request.query_params.get("chat"))
        person_id = int(request.query_params.get("as", "0"))
        if person_id not in chat.members:
            raise Mistake(f"{person_id} is not in the chat {chat.key}.")
        return [self._world.shown(message) for message in chat.seen_messages(person_id)]

    async def shown(self, request: Request, _body: Json) -> list[Json]:
        """Every message that was ever shown to one person in a chat, and each edit of it."""
        key = self._world.chat(request.query_params.get("chat")).key
        person_id = int(request.query_params.get("as", "0"))
        return [
            {"seq": event["seq"], "type": event["type"], "message": event["message"]}
            for event in self._world.journal.events
            if event["type"] in {"message", "edit"}
            and event["chat"] == key
            and person_id in event["to"]
        ]

    async def calls(self, request: Request, _body: Json) -> list[Json]:
        """The Bot API calls received, of one method if named, later than `after`."""
        method = request.query_params.get("method", "").lower()
        after = int(request.query_params.get("after", "0"))
        return [
            call | {"params": _decoded(call["params"])}
            for call in self._world.journal.calls
            if call["n"] > after and method in {"", call["method"].lower()}
        ]

    async def updates(self, _request: Request, _body: Json) -> list[Json]:
        """Every update made, with the id of the bot it is for."""
        return list(self._world.journal.updates)

    # -- people, bots and groups -----------------------------------------------------------------

    async def add_person(self, _request: Request, body: Json) -> Json:
        """Makes a person."""
        return self._world.add_person(body).shown()

    async def change_person(self, request: Request, body: Json) -> Json:
        """Changes a person."""
        person = self._world.person(request.path_params["id"])
        self._world.change_person(person, body)
        return person.shown()

    async def add_bot(self, _request: Request, body: Json) -> Json:
        """Makes a bot before its first call, or renames it."""
        token = str(body.get("token", ""))
        number, separator, _ = token.partition(":")
        if not separator or not number.isdigit():
            raise Mistake("A token is a number, a colon and 35 characters.")
        bot = self._world.add_bot(
            token, first_name=body.get("first_name"), username=body.get("username")
        )
        for switch in ("privacy", "inline", "inline_feedback", "guest"):
            setattr(bot, switch, bool(body.get(switch, getattr(bot, switch))))
        self._world.emit("bot", bot=bot.shown())
        return bot.shown()

    async def add_group(self, _request: Request, body: Json) -> Json:
        """Makes a group with its people and bots."""
        world = self._world
        anonymous = set(body.get("anonymous_admins") or [])
        members = list(body.get("members") or [])
        supergroup = bool(body.get("supergroup") or anonymous)
        chat = world.add_group(body.get("title", ""), members, supergroup=supergroup)
        owner = world.people[members[0]]
        chat.anonymous_admins = anonymous & set(members)
        chat.admins |= chat.anonymous_admins
        for username in body.get("bots") or []:
            membership.enter(world, chat, world.bot_named(username), owner)
        self._promote(chat, owner, body.get("admins") or [], admin=True)
        return chat.shown()

    async def change_group(self, request: Request, body: Json) -> Json:
        """Adds or removes people and bots, promotes or demotes them, renames the group, or has
        it go on as a supergroup.
        """
        world = self._world
        chat = world.chat(f"group:{request.path_params['id']}")
        owner = world.people[chat.members[0]]
        for who in body.get("add") or []:
            membership.enter(world, chat, self._member(who), owner)
        for who in body.get("remove") or []:
            membership.leave(world, chat, self._member(who), owner)
        self._promote(chat, owner, body.get("promote") or [], admin=True)
        self._promote(chat, owner, body.get("demote") or [], admin=False)
        if body.get("title"):
            chat.title = body["title"]
            world.emit("chat", chat=chat.shown())
            world.post(chat, owner, {"new_chat_title": chat.title})
        if body.get("upgrade"):
            chat = membership.upgrade(world, chat, owner)
        return chat.shown()

    def _promote(self, chat: Chat, owner: Person, who: list[Any], *, admin: bool) -> None:
        for member in who:
            membership.promote(self._world, chat, self._member(member), owner, admin=admin)

    def _member(self, who: Any) -> Person | Bot:
        """A person by id, or a bot by id or username."""
        if isinstance(who, int):
            return self._world.bots.get(who) or self._world.person(who)
        return self._world.bot_named(str(who))

    async def act(self, _request: Request, body: Json) -> Json:
        """Lets a person do something."""
        return await act(self._world, body)

    # -- faults, time, limits --------------------------------------------------------------------

    async def arm_fault(self, _request: Request, body: Json) -> Json:
        """Has the next calls go wrong."""
        kind = str(body.get("kind"))
        if kind not in FAULT_KINDS:
            raise Mistake(f"A fault is one of {', '.join(sorted(FAULT_KINDS))}.")
        fault = self._world.faults.arm(
            method=str(body.get("method") or "*"),
            kind=kind,
            times=int(body.get("times", 1)),
            retry_after=int(body.get("retry_after", 1)),
            chat_id=body.get("chat_id"),
        )
        return {"id": fault.id}

    async def clear_faults(self, _request: Request, _body: Json) -> Json:
        """Has nothing go wrong any more."""
        self._world.faults.clear()
        return {"ok": True}

    async def redeliver(self, _request: Request, body: Json) -> Json:
        """Sends an update again."""
        times = int(body.get("times", 1))
        self._world.redeliver(int(body.get("update_id", 0)), times, body.get("bot"))
        return {"ok": True}

    async def reorder(self, _request: Request, body: Json) -> Json:
        """Holds back the next updates of every bot, and delivers them last first."""
        for mailbox in self._world.mailboxes.values():
            mailbox.reorder(int(body.get("next", 2)))
        return {"ok": True}

    async def clock(self, _request: Request, body: Json) -> Json:
        """Moves the clock."""
        seconds = float(body.get("advance", 0))
        if seconds < 0:
            raise Mistake("The clock only moves forward.")
        self._world.clock.advance(seconds)
        self._world.emit("clock", now=self._world.clock.now())
        return {"now": self._world.clock.now()}

    async def limits(self, _request: Request, body: Json) -> Json:
        """Switches the flood limits."""
        self._world.limits.reset()
        self._world.limits.on = bool(body.get("flood"))
        return {"flood": self._world.limits.on}

    async def ephemeral(self, _request: Request, body: Json) -> Json:
        """Says what becomes of ephemeral messages from now on."""
        if body.get("support") not in EPHEMERAL_SUPPORT:
            raise Mistake(f"Support is one of {', '.join(sorted(EPHEMERAL_SUPPORT))}.")
        self._world.ephemeral_support = body["support"]
        return {"support": self._world.ephemeral_support}

    async def moments(self, _request: Request, body: Json) -> Json:
        """Says whether the server knows moments from now on."""
        self._world.knows_moments = bool(body.get("known"))
        return {"known": self._world.knows_moments}

    async def reset(self, _request: Request, _body: Json) -> Json:
        """Empties the world."""
        self._world.reset()
        return {"ok": True}


def _route(method: str, path: str, work: Work) -> Route:
    """A route whose answer is JSON, and 400 with a sentence for a mistake."""

    async def endpoint(request: Request) -> Response:
        try:
            body = await request.json() if await request.body() else {}
            if not isinstance(body, dict):
                raise Mistake("The body is a JSON object.")
            return JSONResponse(await work(request, body))
        except Mistake as mistake:
            return JSONResponse({"error": str(mistake)}, status_code=400)
        except (ValueError, TypeError, KeyError) as error:
            return JSONResponse({"error": f"The request makes no sense: {error}."}, 400)

    return Route(path, endpoint, methods=[method])


def _dump(event: Json) -> str:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def _decoded(params: Json) -> Json:
    """Parameters with the JSON in them read, as a bot's author thinks of them."""
    return {name: _decoded_value(value) for name, value in params.items()}


def _decoded_value(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
