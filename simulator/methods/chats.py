"""Methods that tell about chats and their members."""

from __future__ import annotations

from simulator import membership
from simulator.calls import Call, method
from simulator.errors import bad_request, forbidden
from simulator.people import Json

_GIFT_TYPES = (
    "unlimited_gifts",
    "limited_gifts",
    "unique_gifts",
    "premium_subscription",
    "gifts_from_channels",
)

_MEMBER_RIGHTS = (
    "can_send_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
)


@method("getChat")
def get_chat(call: Call) -> Json:
    """Everything about a chat, or about a person whom the bot has met."""
    person = call.world.people.get(call.integer("chat_id"))
    if person is not None and call.world.is_known(call.bot, person.id):
        return _full({"id": person.id, **person.names(), "type": "private"})
    chat = call.chat()
    if chat.is_group and call.bot.id not in chat.bots:
        raise forbidden(f"bot is not a member of the {chat.telegram_type} chat")
    return _full(call.world.chat_json(chat))


def _full(chat: Json) -> Json:
    """The ChatFullInfo of a Chat."""
    private = chat["type"] == "private"
    full = chat | {
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(_GIFT_TYPES, private),
    }
    if not private:
        full["permissions"] = dict.fromkeys(_MEMBER_RIGHTS, True)
    elif "username" in chat:
        full["active_usernames"] = [chat["username"]]
    return full


@method("getChatMember")
def get_chat_member(call: Call) -> Json:
    """What somebody is in a chat."""
    chat = call.open_chat()
    if not call.has("user_id"):
        raise bad_request("invalid user_id specified")
    user = call.world.user(call.integer("user_id"))
    if user is None:
        raise bad_request("member not found" if chat.is_group else "user not found")
    return chat.member(user)


@method("getChatAdministrators")
def get_chat_administrators(call: Call) -> list[Json]:
    """The owner and the administrators of a group; bots among them only if it is the caller."""
    chat = call.open_chat()
    if not chat.is_group:
        raise bad_request("there are no administrators in the private chat")
    found = []
    for member_id in [*chat.members, *chat.bots]:
        user = call.world.user(member_id)
        if user and chat.status(member_id) in {"creator", "administrator"}:
            found.append(chat.member(user))
    return [
        member
        for member in found
        if not member["user"]["is_bot"] or member["user"]["id"] == call.bot.id
    ]


@method("getChatMemberCount")
def get_chat_member_count(call: Call) -> int:
    """How many are in a chat, bots included."""
    chat = call.open_chat()
    return len(chat.members) + len(chat.bots)


@method("leaveChat")
def leave_chat(call: Call) -> bool:
    """Takes the bot out of a group."""
    chat = call.open_chat()
    if not chat.is_group:
        raise bad_request("chat member status can't be changed in private chats")
    owner = call.world.people[chat.members[0]]
    membership.leave(call.world, chat, call.bot, owner)
    return True


@method("getUserProfilePhotos")
def get_user_profile_photos(call: Call) -> Json:
    """A user's pictures; nobody has any here."""
    if not call.world.is_known(call.bot, call.integer("user_id")):
        raise bad_request("user not found")
    return {"total_count": 0, "photos": []}
