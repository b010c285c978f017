"""The connection to the control interface, with the stream of events that comes over it."""

from __future__ import annotations

import asyncio
import json
from bisect import bisect_right
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Literal, Self

import aiohttp

from simulator.client.person import Person
from simulator.client.seen import USUAL_SECONDS, Group, Json, NotSeenError, SimulatorError

FaultKind = Literal["429", "500", "403", "timeout", "cut", "cut_after"]
EphemeralSupport = Literal["full", "unknown", "refused", "undelivered"]


def _seq(event: Json) -> int:
    seq: int = event["seq"]
    return seq


class Telegram:
    """A connection to the control interface of one simulator."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None
        self._reader: asyncio.Task[None] | None = None
        self._events: list[Json] = []
        self._by_chat: dict[str, list[Json]] = {}
        self._arrived = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None),
            connector=aiohttp.TCPConnector(limit=0),
            read_bufsize=2**20,
        )
        after = (await self.state())["seq"]
        self._reader = asyncio.create_task(self._read_events(after))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    # -- the wire --------------------------------------------------------------------------------

    async def request(self, method: str, path: str, body: Json | None = None) -> Any:
        """Calls the control interface: `request("POST", "people", {…})`.

        Raises:
            SimulatorError: it was refused.
        """
        if self._session is None:
            raise SimulatorError("The client is not connected; use it with `async with`.")
        async with self._session.request(method, f"{self.url}/sim/{path}", json=body) as response:
            answer = await response.json()
        if response.status != 200:
            raise SimulatorError(answer["error"])
        return answer

    async def _read_events(self, after: int) -> None:
        if self._session is None:
            return
        async with self._session.get(f"{self.url}/sim/events?after={after}") as response:
            async for line in response.content:
                if line.startswith(b"data: "):
                    await self._take(json.loads(line[6:]))

    async def _take(self, event: Json) -> None:
        async with self._arrived:
            self._events.append(event)
            if isinstance(event.get("chat"), str):
                self._by_chat.setdefault(event["chat"], []).append(event)
            self._arrived.notify_all()

    async def event(
        self,
        wanted: Callable[[Json], bool],
        *,
        chat: str | None = None,
        after: int = 0,
        seconds: float = USUAL_SECONDS,
    ) -> Json:
        """The first event since this client connected that is wanted, as soon as it comes.

        Args:
            wanted: a test of one event.
            chat: only events of the chat with this key.
            after: only later events, by `seq`.
            seconds: how long to wait.

        Raises:
            NotSeenError: it did not come in time.
        """
        events = self._events if chat is None else self._by_chat.setdefault(chat, [])
        looked_at = bisect_right(events, after, key=_seq)
        try:
            async with asyncio.timeout(seconds), self._arrived:
                while True:
                    for event in events[looked_at:]:
                        if wanted(event):
                            return event
                    looked_at = len(events)
                    await self._arrived.wait()
        except TimeoutError:
            raise NotSeenError(f"No such event within {seconds:g} s.") from None

    def seen(self, chat: str) -> list[Json]:
        """The events so far of the chat with this key."""
        return self._by_chat.get(chat, [])

    # -- who there is ----------------------------------------------------------------------------

    async def state(self) -> Json:
        """The whole world."""
        state: Json = await self.request("GET", "state")
        return state

    async def person(self, first_name: str, **fields: Any) -> Person:
        """Makes a person.

        Args:
            first_name: their name.
            fields: `username`, `last_name`, `language_code`, `phone`, `id`.
        """
        made = await self.request("POST", "people", {"first_name": first_name, **fields})
        return Person(self, made)

    async def bot(self, token: str, **fields: Any) -> Json:
        """Makes or renames a bot.

        Args:
            token: its token.
            fields: `username`, `first_name`, `privacy`.
        """
        bot: Json = await self.request("POST", "bots", {"token": token, **fields})
        return bot

    async def group(
        self, title: str, members: Iterable[Person], *, bots: Iterable[str] = (), **fields: Any
    ) -> Group:
        """Makes a group; its first member owns it.

        Args:
            title: its name.
            members: the people in it.
            bots: usernames of the bots in it.
            fields: `admins` (ids or usernames), `anonymous_admins` (ids), `supergroup`.
        """
        body = {"title": title, "members": [one.id for one in members], "bots": list(bots)}
        chat = await self.request("POST", "groups", body | fields)
        return Group(chat["key"], chat["id"], chat["title"])

    async def change_group(self, group: Group, **fields: Any) -> None:
        """Changes a group: `add`, `remove`, `promote`, `demote` (ids or usernames), `title`."""
        await self.request("PATCH", f"groups/{group.id}", fields)

    async def upgrade(self, group: Group) -> Group:
        """Has a group go on as a supergroup; answers that."""
        chat = await self.request("PATCH", f"groups/{group.id}", {"upgrade": True})
        return Group(chat["key"], chat["id"], chat["title"])

    # -- what tests want to know and to break ----------------------------------------------------

    async def calls(self, method: str = "", after: int = 0) -> list[Json]:
        """The Bot API calls received so far."""
        calls: list[Json] = await self.request("GET", f"calls?method={method}&after={after}")
        return calls

    async def updates(self) -> list[Json]:
        """Every update made: `{"bot": id, "update": Update}`."""
        updates: list[Json] = await self.request("GET", "updates")
        return updates

    async def fault(self, kind: FaultKind, method: str = "*", **fields: Any) -> None:
        """Has the next calls go wrong.

        Args:
            kind: how.
            method: which calls; "*" for all but getUpdates.
            fields: `times`, `retry_after` (seconds), `chat_id`.
        """
        await self.request("POST", "faults", {"kind": kind, "method": method, **fields})

    async def clear_faults(self) -> None:
        """Has nothing go wrong any more."""
        await self.request("DELETE", "faults")

    async def redeliver(self, update_id: int, times: int = 1) -> None:
        """Sends an update again, confirmed or not."""
        await self.request("POST", "redeliver", {"update_id": update_id, "times": times})

    async def reorder(self, count: int) -> None:
        """Holds back the next updates and delivers them last first."""
        await self.request("POST", "reorder", {"next": count})

    async def advance(self, seconds: float) -> None:
        """Moves the simulator's clock forward."""
        await self.request("POST", "clock", {"advance": seconds})

    async def flood_limits(self, *, on: bool) -> None:
        """Switches Telegram's sending limits."""
        await self.request("POST", "limits", {"flood": on})

    async def ephemeral(self, support: EphemeralSupport) -> None:
        """Says what becomes of ephemeral messages from now on.

        Args:
            support: `full` as Telegram; `unknown` to an older server, which shows them to
                everybody; `refused`; `undelivered`: taken, and never seen by anybody.
        """
        await self.request("POST", "ephemeral", {"support": support})

    async def moments(self, *, known: bool) -> None:
        """Says whether the server knows `<tg-time>` from now on, as since Bot API 9.5."""
        await self.request("POST", "moments", {"known": known})

    async def reset(self) -> None:
        """Empties the world."""
        await self.request("POST", "reset")

    async def download(self, address: str) -> bytes:
        """The content of a picture or document: `await telegram.download(message.photo)`."""
        if self._session is None:
            raise SimulatorError("The client is not connected; use it with `async with`.")
        async with self._session.get(self.url + address) as response:
            response.raise_for_status()
            return await response.read()
