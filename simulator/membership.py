"""Who is in which group, and which bot may write to whom; what bots are told when that changes."""

from __future__ import annotations

from simulator.chats import Chat
from simulator.errors import Mistake
from simulator.people import Bot, Json, Person
from simulator.world import World


def enter(world: World, chat: Chat, newcomer: Person | Bot, by: Person) -> None:
    """Lets a person or a bot into a group, and says so there."""
    if newcomer.id in chat.members or newcomer.id in chat.bots:
        return
    before = chat.member(newcomer.user())
    (chat.members if isinstance(newcomer, Person) else chat.bots).append(newcomer.id)
    world.emit("chat", chat=chat.shown())
    _tell_membership(world, chat, newcomer, by, before)
    user = newcomer.user()
    world.post(chat, by, {"new_chat_members": [user]})


def leave(world: World, chat: Chat, member: Person | Bot, by: Person) -> None:
    """Lets a person or a bot go out of a group, and says so there."""
    if member.id not in chat.members and member.id not in chat.bots:
        return
    before = chat.member(member.user())
    world.post(chat, by, {"left_chat_member": member.user()})
    (chat.members if isinstance(member, Person) else chat.bots).remove(member.id)
    chat.admins.discard(member.id)
    chat.keyboards.pop(member.id, None)
    world.emit("chat", chat=chat.shown())
    _tell_membership(world, chat, member, by, before)


def upgrade(world: World, chat: Chat, by: Person) -> Chat:
    """Has a group go on as a supergroup, which has another id, and none of the old messages.

    Raises:
        Mistake: it is one already, or was upgraded before.
    """
    if not chat.is_group or chat.supergroup or chat.upgraded_to is not None:
        raise Mistake(f"The chat {chat.key} cannot be upgraded.")
    supergroup = world.add_group(chat.title, chat.members, supergroup=True)
    supergroup.bots, supergroup.admins = list(chat.bots), set(chat.admins)
    world.post(chat, by, {"migrate_to_chat_id": supergroup.id})
    chat.upgraded_to = supergroup.id
    world.post(supergroup, by, {"migrate_from_chat_id": chat.id})
    return supergroup


def promote(world: World, chat: Chat, member: Person | Bot, by: Person, *, admin: bool) -> None:
    """Makes a member of a group an administrator, or no longer one."""
    before = chat.member(member.user())
    (chat.admins.add if admin else chat.admins.discard)(member.id)
    world.emit("chat", chat=chat.shown())
    _tell_membership(world, chat, member, by, before)


def _tell_membership(
    world: World, chat: Chat, member: Person | Bot, by: Person, before: Json
) -> None:
    after = chat.member(member.user())
    concerned = set(chat.bots) | ({member.id} if isinstance(member, Bot) else set())
    for bot in (world.bots[bot_id] for bot_id in sorted(concerned)):
        bot.met.update(chat.members)
        own = bot.id == member.id
        if own or bot.id in chat.admins:
            kind = "my_chat_member" if own else "chat_member"
            world.deliver(bot, kind, _membership(world, chat, by, before, after))


def _membership(world: World, chat: Chat, by: Person, before: Json, after: Json) -> Json:
    return {
        "chat": world.chat_json(chat),
        "from": by.user(),
        "date": world.clock.date(),
        "old_chat_member": before,
        "new_chat_member": after,
    }


def block(world: World, person: Person, bot: Bot, *, blocked: bool) -> None:
    """Stops a bot from writing to a person, or lets it again."""
    if (bot.id in person.blocked) == blocked:
        return
    (person.blocked.add if blocked else person.blocked.discard)(bot.id)
    world.emit("person", person=person.shown())
    chat = world.private(bot, person.id)
    if chat is not None:
        user = bot.user()
        states = [chat.member(user, status=status) for status in ("member", "kicked")]
        before, after = states if blocked else reversed(states)
        world.deliver(bot, "my_chat_member", _membership(world, chat, person, before, after))
