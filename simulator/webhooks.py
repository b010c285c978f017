"""Sends updates to the webhooks that bots have set."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable

import aiohttp

from simulator.people import Bot, Json
from simulator.updates import Mailbox, Waiting, Webhook
from simulator.world import World

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  (a header's name)
FIRST_RETRY_SECONDS = 0.2
LONGEST_RETRY_SECONDS = 5.0
ANSWER_SECONDS = 60.0

log = logging.getLogger(__name__)

Execute = Callable[[Bot, Json], Awaitable[object]]
"""Carries out the call that a webhook gave as its answer."""


class WebhookSender:
    """Keeps one task for each bot that has a webhook."""

    def __init__(self, world: World, execute: Execute) -> None:
        self._world = world
        self._execute = execute
        self._tasks: dict[int, asyncio.Task[None]] = {}
        world.on_webhook_change = self._restart

    async def close(self) -> None:
        """Stops sending; what was not accepted stays queued."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()

    def _restart(self, bot: Bot) -> None:
        task = self._tasks.pop(bot.id, None)
        if task is not None:
            task.cancel()
        mailbox = self._world.mailboxes.get(bot.id)
        if mailbox is not None and mailbox.webhook is not None:
            sending = self._send_all(bot, mailbox, mailbox.webhook)
            self._tasks[bot.id] = asyncio.create_task(sending)

    async def _send_all(self, bot: Bot, mailbox: Mailbox, hook: Webhook) -> None:
        """Sends each update until it is accepted, so many at once as the bot allows.

        Updates of one queue go one after the other, in order.
        """
        places = asyncio.Semaphore(hook.max_connections)
        queues: defaultdict[object, asyncio.Lock] = defaultdict(asyncio.Lock)
        on_the_way: dict[int, Waiting] = {}
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)

        async def send(waiting: Waiting, place: int) -> None:
            async with queues[_queue(waiting.update)]:
                await self._send(session, bot, hook, waiting)
            del on_the_way[place]
            places.release()

        async with aiohttp.ClientSession(timeout=timeout) as session:
            try:
                async with asyncio.TaskGroup() as group:
                    place = 0
                    while True:
                        await places.acquire()
                        waiting = await mailbox.next_for_webhook()
                        place += 1
                        on_the_way[place] = waiting
                        group.create_task(send(waiting, place))
            finally:
                for waiting in reversed(on_the_way.values()):
                    mailbox.put_back(waiting)

    async def _send(
        self, session: aiohttp.ClientSession, bot: Bot, hook: Webhook, waiting: Waiting
    ) -> None:
        delay = FIRST_RETRY_SECONDS
        headers = {SECRET_HEADER: hook.secret_token} if hook.secret_token else {}
        while True:
            try:
                async with session.post(
                    hook.url, json=waiting.update, headers=headers, ssl=False
                ) as response:
                    if response.ok:
                        await self._carry_out(bot, response, await response.read())
                        return
                    problem = f"Wrong response from the webhook: {response.status}"
            except (aiohttp.ClientError, TimeoutError, OSError):
                problem = "Connection failed"
            log.debug("webhook of bot %s: %s", bot.id, problem)
            hook.last_error_date = self._world.clock.date()
            hook.last_error_message = problem
            await asyncio.sleep(delay)
            delay = min(2 * delay, LONGEST_RETRY_SECONDS)

    async def _carry_out(self, bot: Bot, response: aiohttp.ClientResponse, body: bytes) -> None:
        """A webhook may answer with a call: a JSON object that names a method."""
        if response.content_type != "application/json":
            return
        try:
            call = json.loads(body)
        except ValueError:
            log.debug("webhook of bot %s: the answer is no JSON", bot.id)
            return
        if isinstance(call, dict) and "method" in call:
            await self._execute(bot, call)


def _queue(update: Json) -> object:
    """The queue an update is sent in: a chat's for its messages, else a person's for its kind.

    Telegram's own server does it so (`queue_id_` in tdlib/telegram-bot-api, WebhookActor.h).
    """
    kind, content = next((name, value) for name, value in update.items() if name != "update_id")
    if kind.endswith("message"):
        return content["chat"]["id"]
    return kind, content.get("from", content).get("id")
