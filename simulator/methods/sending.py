"""Methods that make new messages: texts, copies, forwards."""

from __future__ import annotations

from typing import Any

from simulator import ephemeral
from simulator.calls import Call, caption_fields, method
from simulator.chats import Chat, Message
from simulator.entities import Formatted
from simulator.errors import bad_request
from simulator.formatting import formatted
from simulator.keyboards import reply_markup
from simulator.people import Json

SERVICE_FIELDS = frozenset(
    {
        "new_chat_members",
        "left_chat_member",
        "pinned_message",
        "users_shared",
        "successful_payment",
        "refunded_payment",
        "new_chat_title",
        "group_chat_created",
    }
)
"""Fields of messages that report something; such messages cannot be edited or sent on."""

UNCOPYABLE_FIELDS = SERVICE_FIELDS | {"invoice"}

CHAT_ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)


def send(call: Call, chat: Chat, content: Json) -> Json:
    """Posts a bot's message with what all sending methods share: reply, keyboard, flags.

    Args:
        call: the call, whose common parameters are read here.
        chat: where to.
        content: the fields that make up the message.

    Returns:
        The Message.
    """
    target = call.reply_target(chat)
    markup = reply_markup(call, private=chat.is_private)
    content |= _options(call, chat)
    call.count_message(chat)
    # After this point the message is sent.
    inline = markup is not None and "inline_keyboard" in markup
    if inline:
        content["reply_markup"] = markup
    message = call.world.post(
        chat, call.bot, content, reply_to=target, editable=markup is None or inline
    )
    if markup is not None and not inline:
        show_reply_keyboard(call, message, markup, target)
    return message.data


def _options(call: Call, chat: Chat) -> Json:
    """The fields that come of the options all sending methods share."""
    options: Json = {}
    if call.has("message_effect_id"):
        if chat.is_group:
            raise bad_request("can't use message effects in the chat")
        options["effect_id"] = call.text("message_effect_id")
    if call.flag("protect_content"):
        options["has_protected_content"] = True
    if preview := call.json("link_preview_options", "link preview options"):
        options["link_preview_options"] = preview
    return options


def send_to_one_or_all(call: Call, chat: Chat, content: Json) -> Json:
    """Posts a bot's message to the chat, or to the one person whom the call names.

    Not all sending methods ask this: invoices, copies and forwards are always for everybody.
    """
    receiver = ephemeral.receiver(call, chat)
    if receiver is None:
        return send(call, chat, content)
    return ephemeral.send(call, chat, content | _options(call, chat), receiver)


def show_reply_keyboard(
    call: Call, message: Message, markup: Json, target: Message | None
) -> None:
    """Puts a reply keyboard before those it is meant for: all, or if selective those addressed."""
    chat = message.chat
    people = list(chat.members)
    if chat.is_group and markup.get("selective"):
        addressed = {
            entity["user"]["id"]
            for entity in message.data.get("entities", ())
            if entity["type"] == "text_mention"
        }
        if target is not None:
            addressed.add(target.author_id)
        people = [person for person in people if person in addressed]
    for person in people:
        shown = None if markup.get("remove_keyboard") else markup
        call.world.show_keyboard(chat, person, shown)


@method("sendMessage")
def send_message(call: Call) -> Json:
    """Sends a text."""
    chat = call.open_chat()
    text = call.formatted_text(too_long="message is too long")
    return send_to_one_or_all(call, chat, text_fields(text))


def text_fields(text: Formatted) -> Json:
    """The fields of a message that hold its text."""
    fields: Json = {"text": text.text}
    if text.entities:
        fields["entities"] = text.entities
    return fields


@method("sendChatAction")
def send_chat_action(call: Call) -> bool:
    """Shows that the bot is busy."""
    action = call.text("action").lower()
    if action not in CHAT_ACTIONS:
        raise bad_request("wrong parameter action in request")
    chat = call.open_chat()
    call.world.emit("action", chat=chat.key, to=list(chat.members), action=action)
    return True


@method("sendContact")
def send_contact(call: Call) -> Json:
    """Sends somebody's name and number."""
    chat = call.open_chat()
    contact = {
        "phone_number": call.required("phone_number"),
        "first_name": call.required("first_name"),
    }
    if call.has("last_name"):
        contact["last_name"] = call.text("last_name")
    return send_to_one_or_all(call, chat, {"contact": contact})


@method("copyMessage")
def copy_message(call: Call) -> Json:
    """Sends a message's content again, as the bot's own."""
    chat = call.open_chat()
    source = _source(call, "copy", "copied", UNCOPYABLE_FIELDS)
    content = _content(source)
    content.pop("reply_markup", None)
    if call.has("caption") and "text" not in content:
        for name in ("caption", "caption_entities"):
            content.pop(name, None)
        content |= call.formatted_caption()
    return {"message_id": send(call, chat, content)["message_id"]}


@method("forwardMessage")
def forward_message(call: Call) -> Json:
    """Sends a message on, with its origin."""
    chat = call.open_chat()
    source = _source(call, "forward", "forwarded", SERVICE_FIELDS)
    return send(call, chat, forwarded(source))


def _source(call: Call, verb: str, done: str, refused: frozenset[str]) -> Message:
    """The message that is sent on; `refused` are fields of messages that cannot be."""
    source = call.message(call.chat("from_chat_id"), f"message to {verb} not found")
    if source.data.get("has_protected_content"):
        raise bad_request("message has protected content and can't be forwarded")
    if refused & source.data.keys():
        raise bad_request(f"message can't be {done}")
    return source


_ENVELOPE = frozenset(
    {
        "message_id",
        "from",
        "sender_chat",
        "chat",
        "date",
        "edit_date",
        "reply_to_message",
        "effect_id",
        "has_protected_content",
    }
)


def _content(message: Message) -> Json:
    return {name: value for name, value in message.data.items() if name not in _ENVELOPE}


def forwarded(message: Message) -> Json:
    """The content of a message that forwards another: the same, and where it came from."""
    data = message.data
    content = _content(message)
    content.pop("reply_markup", None)
    if "forward_origin" not in content:
        origin: Json = {"date": data["date"]}
        if "sender_chat" in data:
            origin |= {"type": "chat", "sender_chat": data["sender_chat"]}
        else:
            origin |= {"type": "user", "sender_user": data["from"]}
        content["forward_origin"] = origin
    return content


def caption_of(call: Call, media: Json) -> Json:
    """The caption fields of an InputMedia object."""
    caption: Any = media.get("caption") or ""
    return caption_fields(
        formatted(
            caption,
            media.get("parse_mode") or "",
            media.get("caption_entities"),
            call.reader,
        )
    )
