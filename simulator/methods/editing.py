"""Methods that change or remove messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.calls import Call, method
from simulator.chats import Message
from simulator.entities import Formatted
from simulator.errors import bad_request
from simulator.keyboards import inline_reply_markup
from simulator.methods.media import media_file
from simulator.methods.sending import SERVICE_FIELDS, caption_of, text_fields
from simulator.people import Json

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the "
    "same as a current content and reply markup of the message"
)

DELETABLE_SECONDS = 48 * 3600
MOST_DELETED = 100

_TEXT_FIELDS = ("text", "entities")
_CAPTION_FIELDS = ("caption", "caption_entities")


def own_message(call: Call) -> Message:
    """The message that an editing method names: the bot's own, or one that was sent via it."""
    if call.has("inline_message_id"):
        return _inline_message(call)
    chat = call.open_chat()
    message = call.message(chat, "message to edit not found")
    if message.author_id != call.bot.id or not message.editable:
        raise bad_request("message can't be edited")
    if SERVICE_FIELDS & message.data.keys() or "forward_origin" in message.data:
        raise bad_request("message can't be edited")
    return message


def _inline_message(call: Call) -> Message:
    message = call.world.inline_messages.get(call.text("inline_message_id"))
    if message is None or message.bot_id != call.bot.id or message.id not in message.chat.messages:
        raise bad_request("MESSAGE_ID_INVALID")
    return message


def apply(message: Message, call: Call, content: Json, replaced: tuple[str, ...]) -> Json | bool:
    """Puts new content in place of the old, the keyboard always included.

    Args:
        message: the message.
        call: the call.
        content: the new fields, `reply_markup` among them where there is one.
        replaced: the fields that the content stands in for.

    Returns:
        The Message; of an inline message, which the bot cannot see, only that it was done.

    Raises:
        ApiError: nothing would change.
    """
    fields = (*replaced, "reply_markup")
    before = {name: message.data[name] for name in fields if name in message.data}
    if before == content:
        raise bad_request(NOT_MODIFIED)
    call.world.edit(message, content, drop=fields)
    return message.data if message.inline_id is None else True


def _with_markup(call: Call, message: Message, content: Json) -> Json:
    private = message.inline_id is None and message.chat.is_private
    markup = inline_reply_markup(call, private=private)
    return content if markup is None else content | {"reply_markup": markup}


@method("editMessageText")
def edit_message_text(call: Call) -> Json | bool:
    """Changes a text and its keyboard."""
    text = call.formatted_text(too_long="MESSAGE_TOO_LONG")
    return new_text(call, own_message(call), text)


def new_text(call: Call, message: Message, text: Formatted) -> Json | bool:
    """Puts another text, and the call's keyboard, in place of a message's own; see `apply`."""
    if "text" not in message.data:
        raise bad_request("there is no text in the message to edit")
    return apply(message, call, _with_markup(call, message, text_fields(text)), _TEXT_FIELDS)


@method("editMessageCaption")
def edit_message_caption(call: Call) -> Json | bool:
    """Changes a caption and the keyboard."""
    caption = call.formatted_caption()
    return new_caption(call, own_message(call), caption)


def new_caption(call: Call, message: Message, caption: Json) -> Json | bool:
    """Puts another caption, and the call's keyboard, in place of a message's own; see `apply`."""
    if not {"photo", "document"} & message.data.keys():
        raise bad_request("there is no caption in the message to edit")
    return apply(message, call, _with_markup(call, message, caption), _CAPTION_FIELDS)


@method("editMessageReplyMarkup")
def edit_message_reply_markup(call: Call) -> Json | bool:
    """Changes the keyboard alone."""
    return new_keyboard(call, own_message(call))


def new_keyboard(call: Call, message: Message) -> Json | bool:
    """Puts the call's keyboard in place of a message's own; see `apply`."""
    return apply(message, call, _with_markup(call, message, {}), ())


@method("editMessageMedia")
def edit_message_media(call: Call) -> Json | bool:
    """Changes a picture or document, with its caption and keyboard."""
    return new_media(call, own_message)


def new_media(call: Call, find: Callable[[Call], Message]) -> Json | bool:
    """Puts another file, caption and keyboard in place of a message's own; see `apply`.

    Args:
        call: the call.
        find: finds the message, once the new file is known to be well formed.
    """
    media: Any = call.json("media", "InputMedia")
    if not isinstance(media, dict):
        raise bad_request("can't parse InputMedia: expected an Object")
    kind = media.get("type")
    if kind not in {"photo", "document"}:
        raise bad_request('can\'t parse InputMedia: type must be one of "photo", "document"')
    message = find(call)
    if not {"photo", "document", "text"} & message.data.keys():
        raise bad_request("there is no media in the message to edit")
    file = media_file(call, kind, media.get("media"))
    described: Any = [file.photo_size()] if kind == "photo" else file.document()
    content = {kind: described, **caption_of(call, media)}
    replaced = ("photo", "document", *_CAPTION_FIELDS, *_TEXT_FIELDS)
    return apply(message, call, _with_markup(call, message, content), replaced)


def check_deletable(call: Call, message: Message) -> None:
    """Refuses to delete what Telegram would not.

    A bot deletes messages of the last 48 hours: its own anywhere, those of the other side in a
    private chat, and in a group where it is an administrator those of everybody.
    """
    chat = message.chat
    own = message.author_id == call.bot.id
    if chat.is_group and not own and call.bot.id not in chat.admins:
        raise bad_request("message can't be deleted")
    if message.data["date"] < call.world.clock.now() - DELETABLE_SECONDS:
        if chat.is_group and call.bot.id in chat.admins:
            return
        raise bad_request("message can't be deleted for everyone")


@method("deleteMessage")
def delete_message(call: Call) -> bool:
    """Removes a message."""
    chat = call.open_chat()
    message = call.message(chat, "message to delete not found")
    check_deletable(call, message)
    call.world.delete(message)
    return True


@method("deleteMessages")
def delete_messages(call: Call) -> bool:
    """Removes messages; those that are not found are passed over."""
    chat = call.open_chat()
    ids = call.json("message_ids", "message identifiers")
    if not isinstance(ids, list) or not ids:
        raise bad_request("message identifiers are not specified")
    if len(ids) > MOST_DELETED:
        raise bad_request("too many message identifiers specified")
    found = [chat.messages[number] for number in ids if number in chat.messages]
    for message in found:
        check_deletable(call, message)
    for message in found:
        call.world.delete(message)
    return True


@method("setMessageReaction")
def set_message_reaction(call: Call) -> bool:
    """Puts an emoji under a message, or takes it away."""
    chat = call.open_chat()
    message = call.message(chat, "message to react not found")
    reactions = call.json("reaction", "reaction types") or []
    if not isinstance(reactions, list) or len(reactions) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    for reaction in reactions:
        if reaction.get("type") != "emoji" or reaction.get("emoji") not in REACTIONS:
            raise bad_request("REACTION_INVALID")
    message.reactions[call.bot.id] = reactions
    call.world.emit(
        "reaction",
        chat=chat.key,
        to=chat.seen_by(message),
        message_id=message.id,
        by=call.bot.id,
        reaction=reactions,
    )
    return True


REACTIONS = frozenset(
    "👍👎🔥🥰👏😁🤔🤯😱🤬😢🎉🤩🤮💩🙏👌🤡🥱🥴😍🐳🌚🌭💯🤣⚡🍌🏆💔🤨😐🍓🍾💋🖕😈😴😭🤓👻👀🎃🙈😇😨🤝✍🤗🫡🎅🎄☃💅🤪🗿🆒💘🙉🦄😘💊🙊😎👾😡"
) | {
    "❤",
    "❤‍🔥",
    "🕊",
    "👨‍💻",
    "🤷‍♂",
    "🤷",
    "🤷‍♀",
}


@method("pinChatMessage")
def pin_chat_message(call: Call) -> bool:
    """Pins a message on top of the chat, which says so in groups."""
    chat = call.open_chat()
    message = call.message(chat, "message to pin not found")
    if chat.is_group and call.bot.id not in chat.admins:
        raise bad_request("not enough rights to manage pinned messages in the chat")
    call.world.post(chat, call.bot, {"pinned_message": message.quoted()})
    return True
