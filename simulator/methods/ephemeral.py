"""Methods that change or remove what only one person in a group sees."""

from __future__ import annotations

from simulator.calls import LONGEST_CAPTION, Call, method
from simulator.chats import Message
from simulator.entities import utf16_length
from simulator.ephemeral import check_available
from simulator.errors import bad_request
from simulator.methods.editing import new_caption, new_keyboard, new_media, new_text


def _own_message(call: Call, missing: str) -> Message:
    """The ephemeral message of this bot that the call names.

    Raises:
        ApiError: there is none.
    """
    chat = call.open_chat()
    check_available(call, chat)
    for name in ("receiver_user_id", "ephemeral_message_id"):
        call.required(name)
    named = (call.integer("receiver_user_id"), call.integer("ephemeral_message_id"))
    message = chat.ephemeral.get(named)
    if message is None or message.author_id != call.bot.id:
        raise bad_request(missing)
    return message


def _to_edit(call: Call) -> Message:
    return _own_message(call, "message to edit not found")


@method("editEphemeralMessageText")
def edit_ephemeral_message_text(call: Call) -> bool:
    """Changes a text and its keyboard.

    The Bot API says 4096 characters; its server takes as many as a caption has.
    """
    text = call.formatted_text(too_long="MESSAGE_TOO_LONG")
    if utf16_length(text.text) > LONGEST_CAPTION:
        raise bad_request("MEDIA_CAPTION_TOO_LONG")
    new_text(call, _to_edit(call), text)
    return True


@method("editEphemeralMessageCaption")
def edit_ephemeral_message_caption(call: Call) -> bool:
    """Changes a caption and the keyboard."""
    caption = call.formatted_caption()
    new_caption(call, _to_edit(call), caption)
    return True


@method("editEphemeralMessageMedia")
def edit_ephemeral_message_media(call: Call) -> bool:
    """Changes a picture or document, with its caption and keyboard."""
    new_media(call, _to_edit)
    return True


@method("editEphemeralMessageReplyMarkup")
def edit_ephemeral_message_reply_markup(call: Call) -> bool:
    """Changes the keyboard alone."""
    new_keyboard(call, _to_edit(call))
    return True


@method("deleteEphemeralMessage")
def delete_ephemeral_message(call: Call) -> bool:
    """Removes a message; in the place where it stood the ordinary one is seen again."""
    call.world.delete(_own_message(call, "message to delete not found"))
    return True
