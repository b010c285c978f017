"""Everything that exists in the local Telegram, and how it changes.

The world does no I/O. Bots change it through `methods/`, people through `actions.py`; both end in
the few verbs here: `post`, `edit`, `delete`, `deliver`. Each change is told twice: to bots as an
update, under Telegram's rules about who sees what, and to the control interface as an event.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from simulator.chats import (
    FIRST_GROUP_ID,
    FIRST_SUPERGROUP_ID,
    Chat,
    Ephemeral,
    Message,
    direct_chat,
    group_chat,
    private_chat,
    private_key,
)
from simulator.clock import Clock
from simulator.errors import Mistake
from simulator.faults import EphemeralSupport, Faults, FloodLimits
from simulator.files import Files
from simulator.people import ANONYMOUS_ADMIN, FIRST_PERSON_ID, USERNAME, Bot, Json, Person
from simulator.records import InlineResults, Journal, Query, QueryKind
from simulator.updates import Mailbox

CALLBACK_ANSWER_SECONDS = 15.0
CHECKOUT_ANSWER_SECONDS = 10.0


class World:
    """People, bots, chats and messages, in memory."""

    def __init__(self) -> None:
        self.seq = 0
        self.closed = asyncio.Event()
        self._listeners: set[asyncio.Event] = set()
        self.on_webhook_change: Callable[[Bot], None] | None = None
        self._begin()

    def _begin(self) -> None:
        self.clock = Clock()
        self.people: dict[int, Person] = {}
        self.bots: dict[int, Bot] = {}
        self.chats: dict[str, Chat] = {}
        self.mailboxes: dict[int, Mailbox] = {}
        self.files = Files()
        self.faults = Faults()
        self.limits = FloodLimits()
        self.ephemeral_support: EphemeralSupport = "full"
        self.knows_moments = True
        self.journal = Journal()
        self.queries: dict[str, Query] = {}
        self.invoice_links: dict[str, tuple[int, Json]] = {}
        self.inline_results: dict[str, InlineResults] = {}
        self.inline_cache: dict[tuple[object, ...], tuple[float, Json]] = {}
        self.inline_messages: dict[str, Message] = {}
        self._calls = 0
        self._groups: dict[int, Chat] = {}
        self._query_ids = itertools.count(4_000_000_000_000_001, 977)
        self._payment_ids = itertools.count(1)

    def reset(self) -> None:
        """Empties the world; events go on being counted, and begin with a `reset`."""
        bots, mailboxes = self.bots, self.mailboxes
        self._begin()
        for mailbox in mailboxes.values():
            mailbox.end_poll("logOut")
        for bot in bots.values():
            self.webhook_changed(bot)
        self.emit("reset")

    def close(self) -> None:
        """Ends every event stream and every poll, for good."""
        self.closed.set()
        for mailbox in self.mailboxes.values():
            mailbox.end_poll("close")
        for listener in self._listeners:
            listener.set()

    # -- events ----------------------------------------------------------------------------------

    def emit(self, kind: str, **fields: Any) -> None:
        """Tells the control interface that something happened."""
        self.seq += 1
        self.journal.events.append({"seq": self.seq, "type": kind, **fields})
        for listener in self._listeners:
            listener.set()

    async def events(self, after: int) -> AsyncIterator[list[Json]]:
        """Events later than `after`, in lists as they come, until the world is closed."""
        listener = asyncio.Event()
        self._listeners.add(listener)
        try:
            while not self.closed.is_set():
                listener.clear()
                latest = itertools.islice(reversed(self.journal.events), self.seq - after)
                new = list(latest)[::-1]
                if new:
                    after = new[-1]["seq"]
                    yield new
                else:
                    await listener.wait()
        finally:
            self._listeners.discard(listener)

    def state(self) -> Json:
        """The whole world, as `GET /sim/state` shows it."""
        return {
            "seq": self.seq,
            "now": self.clock.now(),
            "bots": [bot.shown() for bot in self.bots.values()],
            "people": [person.shown() for person in self.people.values()],
            "chats": [chat.shown() for chat in self.chats.values()],
            "keyboards": [
                {"chat": chat.key, "to": [person], "markup": markup}
                for chat in self.chats.values()
                for person, markup in chat.keyboards.items()
            ],
        }

    def record_call(
        self, bot: Bot, method: str, params: Json, status: int | None, answer: Json | None
    ) -> None:
        """Writes down a Bot API call; status and answer are None where the caller got none."""
        self._calls += 1
        self.journal.calls.append(
            {
                "n": self._calls,
                "at": self.clock.now(),
                "bot": bot.id,
                "method": method,
                "params": params,
                "status": status,
                "answer": answer,
            }
        )

    # -- who there is ----------------------------------------------------------------------------

    def add_person(self, fields: Json) -> Person:
        """Makes a person.

        Raises:
            Mistake: the first name is missing, or the id or username is taken or malformed.
        """
        person_id = fields.get("id") or max(self.people, default=FIRST_PERSON_ID - 1) + 1
        if person_id in self.people or person_id in self.bots:
            raise Mistake(f"The id {person_id} is taken.")
        person = Person(person_id, "")
        self._change(person, fields)
        if not person.first_name:
            raise Mistake("A person needs a first name.")
        self.people[person.id] = person
        self.emit("person", person=person.shown())
        return person

    def change_person(self, person: Person, fields: Json) -> None:
        """Renames a person, or changes their username, language or phone number.

        Raises:
            Mistake: the username is taken or malformed.
        """
        self._change(person, fields)
        self.emit("person", person=person.shown())

    def _change(self, person: Person, fields: Json) -> None:
        username = fields.get("username")
        if username is not None:
            self._check_username(username, person.id)
        for name in ("first_name", "last_name", "username", "phone"):
            if name in fields:
                setattr(person, name, fields[name])
        if fields.get("language_code"):
            person.language_code = fields["language_code"]

    def _check_username(self, username: str, owner: int) -> None:
        if not isinstance(username, str) or not USERNAME.fullmatch(username):
            raise Mistake("A username is 3–32 Latin letters, digits and underscores.")
        accounts: list[Person | Bot] = [*self.people.values(), *self.bots.values()]
        for other in accounts:
            if other.id != owner and (other.username or "").lower() == username.lower():
                raise Mistake(f"The username @{username} is taken.")

    def add_bot(
        self, token: str, *, first_name: str | None = None, username: str | None = None
    ) -> Bot:
        """Makes the bot that this token belongs to, or renames it.

        Args:
            token: `<id>:<secret>`, well formed.
            first_name: what the bot is called.
            username: its address, without the @; made from the id if not given.

        Raises:
            Mistake: the username is taken or malformed.
        """
        number, _, secret = token.partition(":")
        bot = self.bots.get(int(number))
        if username:
            self._check_username(username, int(number))
        if bot is None:
            bot = Bot(int(number), secret, "Bot", f"sim{number}_bot")
            self.bots[bot.id] = bot
            self.mailboxes[bot.id] = Mailbox()
        bot.first_name = first_name or bot.first_name
        bot.username = username or bot.username
        self.emit("bot", bot=bot.shown())
        return bot

    def bot_named(self, username: str) -> Bot:
        """The bot with this username, with or without the @.

        Raises:
            Mistake: there is none.
        """
        wanted = username.removeprefix("@").lower()
        for bot in self.bots.values():
            if bot.username.lower() == wanted:
                return bot
        raise Mistake(f"There is no bot @{wanted}.")

    def person(self, person_id: Any) -> Person:
        """The person with this id.

        Raises:
            Mistake: there is none.
        """
        person = self.people.get(person_id)
        if person is None:
            raise Mistake(f"There is no person {person_id}.")
        return person

    def user(self, user_id: int) -> Json | None:
        """The Bot API's User with this id, a person or a bot; None if there is none."""
        found = self.people.get(user_id) or self.bots.get(user_id)
        return found.user() if found else None

    def is_known(self, bot: Bot, user_id: int) -> bool:
        """Whether the bot has met the user, so that it may name them by id."""
        return user_id in bot.met or user_id in self.bots

    def user_known_to(self, bot: Bot) -> Callable[[int], Json | None]:
        """A look-up of Users by id that finds only those the bot has met."""
        return lambda user_id: self.user(user_id) if self.is_known(bot, user_id) else None

    # -- chats -----------------------------------------------------------------------------------

    def add_group(self, title: str, members: Iterable[int], *, supergroup: bool) -> Chat:
        """Makes a group; its first member is the owner.

        Raises:
            Mistake: it has no title or no members, or one of them does not exist.
        """
        people = [self.person(member).id for member in members]
        if not title or not people:
            raise Mistake("A group needs a title and members.")
        first = FIRST_SUPERGROUP_ID if supergroup else FIRST_GROUP_ID
        chat = group_chat(first - len(self._groups), title, people, supergroup=supergroup)
        self.chats[chat.key] = chat
        self._groups[chat.id] = chat
        self.emit("chat", chat=chat.shown())
        return chat

    def chat(self, key: Any) -> Chat:
        """The chat with this key; private and direct chats begin with their first message.

        Raises:
            Mistake: there is no such chat, and there can be none.
        """
        chat = self.chats.get(key)
        if chat is not None:
            return chat
        kind, _, rest = str(key).partition(":")
        first, _, second = rest.partition(":")
        if kind in {"bot", "direct"} and first.isdigit() and second.isdigit():
            person = self.people.get(int(second))
            other = self.bots.get(int(first)) if kind == "bot" else self.people.get(int(first))
            if person and isinstance(other, Bot):
                return self.private_of(other, person)
            if person and isinstance(other, Person) and person is not other:
                direct = direct_chat(other, person)
                return self.chats.get(direct.key, direct)
        raise Mistake(f"There is no chat {key}.")

    def private_of(self, bot: Bot, person: Person) -> Chat:
        """The chat between a bot and a person, which begins with its first message."""
        return self.chats.get(private_key(bot.id, person.id)) or private_chat(bot, person)

    def _begin_chat(self, chat: Chat) -> Chat:
        self.chats[chat.key] = chat
        self.emit("chat", chat=chat.shown())
        return chat

    def private(self, bot: Bot, person_id: int) -> Chat | None:
        """The chat between a bot and a person, if it has begun."""
        return self.chats.get(private_key(bot.id, person_id))

    def group(self, chat_id: int) -> Chat | None:
        """The group with this id."""
        return self._groups.get(chat_id)

    def chat_json(self, chat: Chat) -> Json:
        """The Bot API's Chat."""
        if chat.is_group:
            return chat.group_json()
        return {"id": chat.id, **self.people[chat.members[0]].names(), "type": "private"}

    # -- messages --------------------------------------------------------------------------------

    def post(
        self,
        chat: Chat,
        author: Person | Bot,
        content: Json,
        *,
        reply_to: Message | None = None,
        to: frozenset[int] | None = None,
        editable: bool = True,
    ) -> Message:
        """Adds a message, shows it to the people in the chat and tells the bots that may see it.

        Args:
            chat: where it is said.
            author: who says it.
            content: the fields that are this message's own: text, entities, photo, ….
            reply_to: the message it answers, of the same chat.
            to: ids of the only people who see it; None for everybody in the chat.
            editable: False for a bot's message that brings a reply keyboard.
        """
        chat = self.chats.get(chat.key) or self._begin_chat(chat)
        data = self._data(chat, author, chat.next_id(), content, reply_to)
        message = Message(chat, data["message_id"], author.id, data, to, editable)
        chat.messages[message.id] = message
        self._show("message", message)
        if isinstance(author, Person):
            self._tell_bots("message", message)
        return message

    def whisper(
        self,
        chat: Chat,
        author: Person | Bot,
        receiver: Person | Bot,
        content: Json,
        *,
        reply_to: Message | None = None,
        in_place_of: int | None = None,
    ) -> Message:
        """Adds an ephemeral message to a group, between a person and a bot alone.

        Args:
            chat: the group.
            author: the person or the bot.
            receiver: the other of the two.
            content: the fields that are this message's own.
            reply_to: the ordinary message it answers.
            in_place_of: the id of the ordinary message that the person sees it instead of.
        """
        by_person = isinstance(author, Person)
        person, bot = (author, receiver) if by_person else (receiver, author)
        number = chat.next_ephemeral_id(person.id)
        marks = {"receiver_user": receiver.user(), "ephemeral_message_id": number}
        data = self._data(chat, author, 0, content | marks, reply_to)
        arrives = by_person or self.ephemeral_support != "undelivered"
        message = Message(chat, 0, author.id, data, frozenset({person.id} if arrives else ()))
        message.ephemeral = Ephemeral(
            number, person.id, bot.id, self.clock.now(), chat.last_id, in_place_of
        )
        chat.ephemeral[person.id, number] = message
        self._show("message", message)
        if by_person:
            self.bots[bot.id].met.add(person.id)
            self.deliver(self.bots[bot.id], "message", data)
        return message

    def _data(
        self,
        chat: Chat,
        author: Person | Bot,
        message_id: int,
        content: Json,
        reply_to: Message | None,
    ) -> Json:
        """The Bot API's Message."""
        data: Json = {"message_id": message_id}
        if author.id in chat.anonymous_admins:
            data |= {"from": ANONYMOUS_ADMIN, "sender_chat": self.chat_json(chat)}
        else:
            data["from"] = author.user()
        data["chat"] = self.chat_json(chat)
        data["date"] = self.clock.date()
        if reply_to is not None:
            data["reply_to_message"] = reply_to.quoted()
        return data | content

    def edit(self, message: Message, content: Json, *, drop: Iterable[str] = ()) -> None:
        """Replaces fields of a message and marks it as edited.

        Args:
            message: the message.
            content: fields that change.
            drop: names of fields that go.
        """
        dropped = set(drop)
        data = {name: value for name, value in message.data.items() if name not in dropped}
        data.update(content)
        data["edit_date"] = self.clock.date()
        message.data = data
        self._show("edit", message)
        if message.author_id in self.people:
            self._tell_bots("edited_message", message)

    def delete(self, message: Message) -> None:
        """Removes a message for everybody; bots are not told."""
        chat = message.chat
        if message.ephemeral is not None:
            self.dismiss(message)
            del chat.ephemeral[message.ephemeral.person_id, message.ephemeral.id]
            return
        del chat.messages[message.id]
        self.emit("delete", chat=chat.key, to=chat.seen_by(message), message_id=message.id)

    def dismiss(self, message: Message) -> None:
        """Takes an ephemeral message off its person's screen, of which its bot learns nothing."""
        chat, to, marks = message.chat, message.chat.seen_by(message), message.ephemeral
        message.to = frozenset()
        if not to or marks is None:
            return
        event: Json = {"message_id": 0, "ephemeral_message_id": marks.id}
        covered = chat.messages.get(marks.in_place_of or 0)
        if covered is not None and not chat.in_place_of(covered.id, marks.person_id):
            event["uncovers"] = self.shown(covered)
        self.emit("delete", chat=chat.key, to=to, **event)

    def show_keyboard(self, chat: Chat, person_id: int, markup: Json | None) -> None:
        """Puts a reply keyboard before a person, or takes it away."""
        if markup is None:
            chat.keyboards.pop(person_id, None)
        else:
            chat.keyboards[person_id] = markup
        self.emit("keyboard", chat=chat.key, to=[person_id], markup=markup)

    def shown(self, message: Message) -> Json:
        """The message as people see it: with addresses for its pictures and files."""
        data = message.data
        if message.ephemeral and message.ephemeral.in_place_of:
            data = data | {"in_place_of": message.ephemeral.in_place_of}
        if "photo" in data:
            sizes = [size | {"file_url": self._file_url(size)} for size in data["photo"]]
            return data | {"photo": sizes}
        if "document" in data:
            document = data["document"]
            return data | {"document": document | {"file_url": self._file_url(document)}}
        return data

    def _file_url(self, described: Json) -> str:
        file = self.files.by_id(described["file_id"])
        return f"/sim/files/{file.path}" if file else ""

    def _show(self, event: str, message: Message) -> None:
        chat = message.chat
        to = chat.seen_by(message)
        self.emit(event, chat=chat.key, to=to, message=self.shown(message))

    # -- updates ---------------------------------------------------------------------------------

    def _tell_bots(self, kind: str, message: Message) -> None:
        for bot_id in message.chat.bots:
            bot = self.bots[bot_id]
            bot.met.add(message.author_id)
            if self._may_read(bot, message):
                self.deliver(bot, kind, message.data)

    def _may_read(self, bot: Bot, message: Message) -> bool:
        """Privacy mode: in groups a bot reads only what is meant for it, unless it is an admin."""
        chat, data = message.chat, message.data
        if not chat.is_group or not bot.privacy or bot.id in chat.admins:
            return True
        if data.get("via_bot", {}).get("id") == bot.id:
            return True
        text = data.get("text") or data.get("caption")
        if text is None and not any(name in data for name in ("photo", "document", "contact")):
            return True
        if data.get("reply_to_message", {}).get("from", {}).get("id") == bot.id:
            return True
        words = (text or "").lower().split()
        address = f"@{bot.username.lower()}"
        if words and words[0].startswith("/"):
            return "@" not in words[0] or words[0].endswith(address)
        return any(word.strip(".,:;!?()") == address for word in words)

    def deliver(self, bot: Bot, kind: str, payload: Json) -> None:
        """Makes an update for a bot, if it subscribed to the kind."""
        mailbox = self.mailboxes[bot.id]
        if mailbox.wants(kind):
            update = mailbox.add(kind, payload, self.clock.now())
            self.journal.updates.append({"bot": bot.id, "update": update})

    def redeliver(self, update_id: int, times: int, bot_id: int | None) -> None:
        """Sends an update again.

        Raises:
            Mistake: there never was such an update.
        """
        for made in self.journal.updates:
            if made["update"]["update_id"] == update_id and bot_id in {None, made["bot"]}:
                for _ in range(times):
                    self.mailboxes[made["bot"]].repeat(made["update"], self.clock.now())
                return
        raise Mistake(f"There is no update {update_id}.")

    def webhook_changed(self, bot: Bot) -> None:
        """Tells whoever sends updates to webhooks that a bot set or deleted its own."""
        if self.on_webhook_change is not None:
            self.on_webhook_change(bot)

    def ask(
        self,
        kind: QueryKind,
        bot: Bot,
        person: Person,
        *,
        seconds: float,
        message: Message | None = None,
    ) -> Query:
        """Opens a question to a bot, which it can answer once within so many seconds."""
        self._forget_old_questions()
        query = Query(
            id=str(next(self._query_ids)),
            kind=kind,
            bot_id=bot.id,
            person_id=person.id,
            until=self.clock.now() + seconds,
            answer=asyncio.get_running_loop().create_future(),
            message=message,
        )
        self.queries[query.id] = query
        return query

    def _forget_old_questions(self) -> None:
        """Drops the oldest questions, up to the first that can still be answered."""
        now = self.clock.now()
        while self.queries:
            oldest = next(iter(self.queries.values()))
            if oldest.until >= now:
                return
            del self.queries[oldest.id]

    def asked(self, kind: QueryKind, bot: Bot, query_id: str) -> Query | None:
        """A question, answered or not; None if it is unknown or too old."""
        query = self.queries.get(query_id)
        if query is None or query.kind != kind or query.bot_id != bot.id:
            return None
        return query if self.clock.now() <= query.until else None

    def answered(self, kind: QueryKind, bot: Bot, query_id: str) -> Query | None:
        """A question that is about to be answered; None if it was before, or see `asked`."""
        query = self.asked(kind, bot, query_id)
        return None if query is None or query.answer.done() else query

    def next_charge(self) -> str:
        """A payment's id, never given twice."""
        return f"{next(self._payment_ids):08d}"
