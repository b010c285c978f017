"""What people do: write, tap, share, pay, come and go.

Each action is a function marked `@action(name)`; `POST /sim/act` calls it by that name with the
person who acts and the fields of the request. What it returns is the answer.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from simulator import ephemeral, inline, membership, mini_apps
from simulator.chats import Chat, Message, first_button
from simulator.entities import Formatted, trimmed, utf16_length, with_links
from simulator.errors import ApiError, Mistake
from simulator.keyboards import is_web_app_url
from simulator.methods.sending import SERVICE_FIELDS, forwarded, text_fields
from simulator.people import Bot, Json, Person
from simulator.records import Query
from simulator.world import CALLBACK_ANSWER_SECONDS, CHECKOUT_ANSWER_SECONDS, World

Action = Callable[[World, Person, Json], Awaitable[Json]]

ACTIONS: dict[str, Action] = {}

USUAL_WAIT_SECONDS = 5.0
LONGEST_TEXT = 4096
START_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")


def action(name: str) -> Callable[[Action], Action]:
    """Registers the function that carries out an action."""

    def register(function: Action) -> Action:
        ACTIONS[name] = function
        return function

    return register


async def act(world: World, fields: Json) -> Json:
    """Carries out what a person does; answers with the `seq` of the last event before it.

    Raises:
        Mistake: the person, the action, or something it names does not exist.
    """
    person = world.person(fields.get("as"))
    function = ACTIONS.get(fields.get("do", ""))
    if function is None:
        raise Mistake(f"There is no action {fields.get('do')!r}.")
    seq = world.seq
    return {"ok": True, "seq": seq, **await function(world, person, fields)}


# -- finding what an action names ----------------------------------------------------------------


def _chat(world: World, person: Person, fields: Json, name: str = "chat") -> Chat:
    chat = world.chat(fields.get(name))
    if person.id not in chat.members:
        raise Mistake(f"{person.first_name} is not in the chat {chat.key}.")
    return chat


def _open_chat(world: World, person: Person, fields: Json) -> Chat:
    chat = _chat(world, person, fields)
    if chat.type == "private" and chat.bots[0] in person.blocked:
        raise Mistake(f"{person.first_name} has blocked this bot.")
    return chat


def _message(chat: Chat, person: Person, message_id: Any) -> Message:
    message = chat.messages.get(message_id)
    if message is None or person.id not in chat.seen_by(message):
        raise Mistake(f"{person.first_name} sees no message {message_id} in {chat.key}.")
    return message


def _own_message(world: World, person: Person, fields: Json) -> Message:
    message = _message(_chat(world, person, fields), person, fields.get("message_id"))
    if message.author_id != person.id:
        raise Mistake("Only one's own messages can be changed.")
    return message


def _ephemeral(chat: Chat, person: Person, number: Any) -> Message:
    """One of the person's own: those of others cannot even be named."""
    message = chat.ephemeral.get((person.id, number))
    if message is None or person.id not in chat.seen_by(message):
        raise Mistake(f"{person.first_name} sees no ephemeral message {number} in {chat.key}.")
    return message


def _reply_target(chat: Chat, person: Person, fields: Json) -> Message | None:
    target = fields.get("reply_to")
    return None if target is None else _message(chat, person, target)


# -- writing -------------------------------------------------------------------------------------


@action("send")
async def send(world: World, person: Person, fields: Json) -> Json:
    """Writes a message."""
    chat = _open_chat(world, person, fields)
    text = _composed(world, fields)
    content = text_fields(text)
    target = _reply_target(chat, person, fields)
    bot = _sole_addressee(world, person, chat, fields, text.text)
    if bot is not None:
        message = world.whisper(chat, person, bot, content, reply_to=target)
    else:
        message = world.post(chat, person, content, reply_to=target)
        inline.call_guests(world, person, message)
    return {"message": world.shown(message)}


def _sole_addressee(
    world: World, person: Person, chat: Chat, fields: Json, text: str
) -> Bot | None:
    """The bot that alone sees what a person writes, if the message is ephemeral."""
    if "reply_to_ephemeral" not in fields:
        return ephemeral.addressee(world, person, chat, text)
    answered = _ephemeral(chat, person, fields["reply_to_ephemeral"])
    bot = ephemeral.reply_addressee(world, answered)
    if bot is None:
        raise Mistake("Only what a bot said can be answered.")
    return bot


def _composed(world: World, fields: Json) -> Formatted:
    """The text a person types, with the entities a client would add to it."""
    text = fields.get("text")
    if not isinstance(text, str):
        raise Mistake("A message needs a text.")
    mentions = fields.get("mentions") or []
    entities = list(fields.get("entities") or [])
    entities += [_text_mention(world, text, mention) for mention in mentions]
    composed = with_links(trimmed(Formatted(text, entities)))
    if not 1 <= utf16_length(composed.text) <= LONGEST_TEXT:
        raise Mistake("A message has 1–4096 characters.")
    return composed


def _text_mention(world: World, text: str, mention: Json) -> Json:
    start = text.find(mention["text"])
    if start < 0:
        raise Mistake(f"The text does not contain {mention['text']!r}.")
    return {
        "type": "text_mention",
        "offset": utf16_length(text[:start]),
        "length": utf16_length(mention["text"]),
        "user": world.person(mention["id"]).user(),
    }


@action("edit")
async def edit(world: World, person: Person, fields: Json) -> Json:
    """Changes the text of one's own message."""
    message = _own_message(world, person, fields)
    if message.via_bot_id is not None:
        raise Mistake("What was sent via a bot cannot be edited.")
    world.edit(message, text_fields(_composed(world, fields)), drop=("text", "entities"))
    return {"message": world.shown(message)}


@action("delete")
async def delete(world: World, person: Person, fields: Json) -> Json:
    """Removes a message: one's own, or in a private chat any."""
    chat = _chat(world, person, fields)
    message = _message(chat, person, fields.get("message_id"))
    if chat.is_group and message.author_id != person.id and person.id not in chat.admins:
        raise Mistake("Only administrators can delete what others wrote.")
    world.delete(message)
    return {}


@action("dismiss")
async def dismiss(world: World, person: Person, fields: Json) -> Json:
    """Takes an ephemeral message off one's own screen; nobody is told."""
    chat = _chat(world, person, fields)
    world.dismiss(_ephemeral(chat, person, fields.get("ephemeral_message_id")))
    return {}


@action("restart_app")
async def restart_app(world: World, person: Person, _fields: Json) -> Json:
    """Closes the app and opens it again: the ephemeral messages on the screen are gone."""
    for chat in world.chats.values():
        for message in chat.ephemeral.values():
            if message.is_for(person.id):
                world.dismiss(message)
    return {}


@action("forward")
async def forward(world: World, person: Person, fields: Json) -> Json:
    """Sends a message on to another chat: `from_chat` and `message_id` name it."""
    chat = _open_chat(world, person, fields)
    source_chat = _chat(world, person, fields, "from_chat")
    source = _message(source_chat, person, fields.get("message_id"))
    if source.data.get("has_protected_content") or SERVICE_FIELDS & source.data.keys():
        raise Mistake("This message cannot be forwarded.")
    return {"message": world.shown(world.post(chat, person, forwarded(source)))}


@action("photo")
async def photo(world: World, person: Person, fields: Json) -> Json:
    """Sends a picture."""
    chat = _open_chat(world, person, fields)
    try:
        file = world.files.add_photo(base64.b64decode(fields.get("png", ""), validate=True))
    except (binascii.Error, ApiError) as error:
        raise Mistake("This is no picture.") from error
    return _post_file(world, person, chat, fields, {"photo": [file.photo_size()]})


@action("document")
async def document(world: World, person: Person, fields: Json) -> Json:
    """Sends a file of any kind."""
    chat = _open_chat(world, person, fields)
    try:
        content = base64.b64decode(fields.get("file", ""), validate=True)
        file = world.files.add_document(content, fields.get("name", ""), fields.get("mime", ""))
    except (binascii.Error, ApiError) as error:
        raise Mistake("This is no file that can be sent.") from error
    return _post_file(world, person, chat, fields, {"document": file.document()})


def _post_file(world: World, person: Person, chat: Chat, fields: Json, content: Json) -> Json:
    """Posts a picture or file, with its caption if there is one."""
    if fields.get("caption"):
        caption = with_links(trimmed(Formatted(fields["caption"], [])))
        content["caption"] = caption.text
        if caption.entities:
            content["caption_entities"] = caption.entities
    target = _reply_target(chat, person, fields)
    return {"message": world.shown(world.post(chat, person, content, reply_to=target))}


@action("react")
async def react(world: World, person: Person, fields: Json) -> Json:
    """Puts an emoji under a message, or with an empty one takes it away."""
    chat = _chat(world, person, fields)
    message = _message(chat, person, fields.get("message_id"))
    before = message.reactions.get(person.id, [])
    emoji = fields.get("emoji")
    after = [{"type": "emoji", "emoji": emoji}] if emoji else []
    message.reactions[person.id] = after
    world.emit(
        "reaction",
        chat=chat.key,
        to=chat.seen_by(message),
        message_id=message.id,
        by=person.id,
        reaction=after,
    )
    for bot in (world.bots[bot_id] for bot_id in chat.bots):
        if not chat.is_group or bot.id in chat.admins:
            world.deliver(
                bot,
                "message_reaction",
                {
                    "chat": world.chat_json(chat),
                    "message_id": message.id,
                    "user": person.user(),
                    "date": world.clock.date(),
                    "old_reaction": before,
                    "new_reaction": after,
                },
            )
    return {}


# -- inline buttons ------------------------------------------------------------------------------


@action("press")
async def press(world: World, person: Person, fields: Json) -> Json:
    """Taps an inline button, and waits for what the bot says to it."""
    chat = _chat(world, person, fields)
    if "ephemeral_message_id" in fields:
        message = _ephemeral(chat, person, fields["ephemeral_message_id"])
    else:
        message = _message(chat, person, fields.get("message_id"))
    if fields.get("forge"):
        return await _call_back(world, person, message, fields)
    if chat.in_place_of(message.id, person.id):
        raise Mistake(f"{person.first_name} sees another message in place of {message.id}.")
    markup = message.data.get("reply_markup")
    wanted = (
        {"callback_data": fields["data"]} if "data" in fields else {"text": fields.get("text")}
    )
    button = first_button(markup, **wanted)
    if button is None:
        raise Mistake(f"Message {message.id} has no button {next(iter(wanted.values()))!r}.")
    if "callback_data" in button:
        return await _call_back(
            world, person, message, {**fields, "data": button["callback_data"]}
        )
    if button.get("pay"):
        return await pay(world, person, fields)
    if "copy_text" in button:
        return {"copied": button["copy_text"]["text"]}
    if "web_app" in button:
        return {"web_app": button["web_app"]["url"]}
    if switch := inline.switch_of(button):
        bot = world.bots[message.bot_id]
        return {"switch_inline_query": {"bot": bot.username, **switch}}
    return {"url": button.get("url")}


async def _call_back(world: World, person: Person, message: Message, fields: Json) -> Json:
    bot = world.bots.get(message.bot_id)
    data = fields.get("data")
    if bot is None or not isinstance(data, str):
        raise Mistake("Only messages of bots have buttons, and only strings can be sent back.")
    query = world.ask("callback", bot, person, seconds=CALLBACK_ANSWER_SECONDS, message=message)
    callback = {
        "id": query.id,
        "from": person.user(),
        **(
            {"message": message.data}
            if message.inline_id is None
            else {"inline_message_id": message.inline_id}
        ),
        "chat_instance": chat_instance(message.chat),
        "data": data,
    }
    world.deliver(bot, "callback_query", callback)
    wait = float(fields.get("wait", USUAL_WAIT_SECONDS))
    answer = await _answer(query, wait)
    silence = {"toast": None, "alert": False, "url": None}
    return {"answered": answer is not None, **(answer or silence)}


def chat_instance(chat: Chat) -> str:
    """The number by which a chat is known to the bot's buttons, always the same for one chat."""
    digest = hashlib.blake2b(chat.key.encode(), digest_size=8).digest()
    return str(int.from_bytes(digest, signed=True))


async def _answer(query: Query, seconds: float) -> Json | None:
    """The bot's answer to a question; None if it does not come in time."""
    if seconds <= 0:
        return None
    done, _ = await asyncio.wait({query.answer}, timeout=seconds)
    return query.answer.result() if done else None


# -- inline mode ---------------------------------------------------------------------------------


@action("inline")
async def inline_query(world: World, person: Person, fields: Json) -> Json:
    """Types something after a bot's name, and waits for what the bot offers."""
    chat = _open_chat(world, person, fields)
    bot = _bot(world, fields)
    asked, offset = str(fields.get("query") or ""), str(fields.get("offset") or "")
    known = inline.cached(world, bot, person, asked, offset)
    if known is None:
        query = inline.ask(world, bot, person, chat, asked, offset)
        known = await _answer(query, float(fields.get("wait", USUAL_WAIT_SECONDS)))
        if known is None:
            return {"answered": False, "results": []}
        inline.keep(world, bot, person, asked, offset, known)
    return {"answered": True, **inline.offered(world, bot, person, asked, known)}


@action("choose")
async def choose(world: World, person: Person, fields: Json) -> Json:
    """Sends one of the results of an inline query to a chat, via the bot."""
    chat = _open_chat(world, person, fields)
    target = _reply_target(chat, person, fields)
    named = str(fields.get("query_id")), str(fields.get("result_id"))
    message = inline.choose(world, person, chat, *named, reply_to=target)
    return {"message": world.shown(message)}


# -- Mini Apps -----------------------------------------------------------------------------------


@action("open_app")
async def open_app(world: World, person: Person, fields: Json) -> Json:
    """Opens a bot's Mini App: answers its address with what Telegram adds to it."""
    bot = _bot(world, fields)
    url = str(fields.get("url", ""))
    if not is_web_app_url(url):
        raise Mistake("A Mini App is at an https address, or on this machine.")
    start = fields.get("start")
    signed = mini_apps.init_data(world, bot, person, start=None if start is None else str(start))
    return {"url": mini_apps.address(url, signed, fields.get("theme") or {})}


# -- the reply keyboard --------------------------------------------------------------------------


def _key(chat: Chat, person: Person, **wanted: Any) -> Json:
    button = first_button(chat.keyboards.get(person.id), **wanted)
    if button is None:
        raise Mistake(f"{person.first_name} has no such key: {wanted}.")
    return button


@action("key")
async def key(world: World, person: Person, fields: Json) -> Json:
    """Taps a key of the reply keyboard: sends its text, or the contact it asks for."""
    chat = _open_chat(world, person, fields)
    button = _key(chat, person, text=fields.get("text"))
    if button.get("request_contact"):
        return await share_contact(world, person, fields)
    if button.get("request_users"):
        raise Mistake("This key opens the user picker; use the action pick_users.")
    if button.get("web_app"):
        return {"web_app": button["web_app"]["url"]}
    return await send(world, person, fields)


@action("pick_users")
async def pick_users(world: World, person: Person, fields: Json) -> Json:
    """Chooses users in the picker that a key of the reply keyboard opens."""
    chat = _open_chat(world, person, fields)
    request_id = fields.get("request_id")
    request = _picker(chat, person, request_id)
    picked = [world.person(user_id) for user_id in fields.get("users") or []]
    most = request.get("max_quantity", 1)
    if not 1 <= len(picked) <= most:
        raise Mistake(f"This picker takes 1–{most} users.")
    users = [{"user_id": user.id} | _asked_for(user, request) for user in picked]
    content: Json = {"users_shared": {"request_id": request_id, "users": users}}
    content["users_shared"]["user_ids"] = [user.id for user in picked]
    return {"message": world.shown(world.post(chat, person, content))}


def _picker(chat: Chat, person: Person, request_id: Any) -> Json:
    for row in (chat.keyboards.get(person.id) or {}).get("keyboard", []):
        for button in row:
            request = button.get("request_users")
            if request and request.get("request_id") == request_id:
                found: Json = request
                return found
    raise Mistake(f"{person.first_name} has no user picker {request_id}.")


def _asked_for(user: Person, request: Json) -> Json:
    shared: Json = {}
    if request.get("request_name"):
        names = user.names()
        shared |= {name: names[name] for name in ("first_name", "last_name") if name in names}
    if request.get("request_username") and user.username:
        shared["username"] = user.username
    return shared


@action("share_contact")
async def share_contact(world: World, person: Person, fields: Json) -> Json:
    """Sends a contact: one's own, or with `of` another person's."""
    chat = _open_chat(world, person, fields)
    owner = world.person(fields.get("of") or person.id)
    if not owner.phone:
        raise Mistake(f"{owner.first_name} has no phone number.")
    contact = {"phone_number": owner.phone, "first_name": owner.first_name}
    if owner.last_name:
        contact["last_name"] = owner.last_name
    content = {"contact": {**contact, "user_id": owner.id}}
    return {"message": world.shown(world.post(chat, person, content))}


# -- links and membership ------------------------------------------------------------------------


@action("open_link")
async def open_link(world: World, person: Person, fields: Json) -> Json:
    """Opens a t.me link: starts the bot, adds it to a `group`, or pays an invoice."""
    address = urlsplit(fields.get("url", ""))
    if address.netloc.lower() not in {"t.me", "telegram.me"}:
        raise Mistake("Only t.me links can be opened here.")
    path = address.path.strip("/")
    if path.startswith("$"):
        return await pay(world, person, {"slug": path})
    bot = world.bot_named(path)
    query = parse_qs(address.query, keep_blank_values=True)
    if "startgroup" in query:
        return _start_in_group(world, person, bot, query["startgroup"][0], fields)
    chat = world.private_of(bot, person)
    membership.block(world, person, bot, blocked=False)
    command = _start_command("/start", query.get("start", [""])[0])
    message = world.post(chat, person, text_fields(with_links(Formatted(command, []))))
    return {"chat": chat.key, "message": world.shown(message)}


def _start_command(command: str, payload: str) -> str:
    if not payload:
        return command
    if not START_PAYLOAD.fullmatch(payload):
        raise Mistake("A start parameter is 1–64 Latin letters, digits, underscores and hyphens.")
    return f"{command} {payload}"


def _start_in_group(world: World, person: Person, bot: Bot, payload: str, fields: Json) -> Json:
    chat = _chat(world, person, fields, "group")
    command = _start_command(f"/start@{bot.username}", payload)
    membership.enter(world, chat, bot, person)
    message = world.post(chat, person, text_fields(with_links(Formatted(command, []))))
    return {"chat": chat.key, "message": world.shown(message)}


def _bot(world: World, fields: Json) -> Bot:
    named = fields.get("bot")
    bot = world.bots.get(named) if isinstance(named, int) else None
    return bot or world.bot_named(str(named))


@action("block")
async def block(world: World, person: Person, fields: Json) -> Json:
    """Stops a bot, by id or username, from writing to one."""
    membership.block(world, person, _bot(world, fields), blocked=True)
    return {}


@action("unblock")
async def unblock(world: World, person: Person, fields: Json) -> Json:
    """Lets a bot write to one again."""
    membership.block(world, person, _bot(world, fields), blocked=False)
    return {}


@action("join")
async def join(world: World, person: Person, fields: Json) -> Json:
    """Enters a group."""
    membership.enter(world, _group(world, fields), person, person)
    return {}


@action("leave")
async def leave(world: World, person: Person, fields: Json) -> Json:
    """Leaves a group."""
    membership.leave(world, _group(world, fields), person, person)
    return {}


def _group(world: World, fields: Json) -> Chat:
    chat = world.chat(fields.get("chat"))
    if not chat.is_group:
        raise Mistake(f"{chat.key} is no group.")
    return chat


# -- paying --------------------------------------------------------------------------------------


@action("pay")
async def pay(world: World, person: Person, fields: Json) -> Json:
    """Pays an invoice: a message (`chat`, `message_id`) or an invoice link's `slug`.

    The bot has ten seconds to agree; then the money counts as taken and the bot is told.
    """
    bot, chat, bill = _bill(world, person, fields)
    invoice = bill["invoice"]
    query = world.ask("checkout", bot, person, seconds=CHECKOUT_ANSWER_SECONDS)
    sums = {
        "currency": invoice["currency"],
        "total_amount": invoice["total_amount"],
        "invoice_payload": bill["payload"],
    }
    world.deliver(bot, "pre_checkout_query", {"id": query.id, "from": person.user(), **sums})
    answer = await _answer(query, CHECKOUT_ANSWER_SECONDS)
    if answer is None or not answer["ok"]:
        error = answer["error"] if answer else "The bot did not answer in time."
        world.emit("toast", to=[person.id], text=error, alert=True)
        return {"paid": False, "error": error}
    charge = world.next_charge()
    payment = sums | {
        "telegram_payment_charge_id": f"tg_{charge}",
        "provider_payment_charge_id": f"provider_{charge}",
    }
    world.post(chat, person, {"successful_payment": payment})
    return {"paid": True, "telegram_payment_charge_id": payment["telegram_payment_charge_id"]}


def _bill(world: World, person: Person, fields: Json) -> tuple[Bot, Chat, Json]:
    if "slug" in fields:
        link = world.invoice_links.get(fields["slug"])
        if link is None:
            raise Mistake("There is no such invoice.")
        bot = world.bots[link[0]]
        return bot, world.private_of(bot, person), link[1]
    chat = _chat(world, person, fields)
    message = _message(chat, person, fields.get("message_id"))
    if message.bill is None:
        raise Mistake(f"Message {message.id} is no invoice.")
    return world.bots[message.author_id], chat, message.bill
