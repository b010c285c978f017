"""What a bot says about itself: commands, name, descriptions, menu button."""

from __future__ import annotations

import re
from typing import Any

from simulator.calls import Call, Handler, method
from simulator.errors import bad_request
from simulator.keyboards import is_web_app_url
from simulator.people import Json

MOST_COMMANDS = 100
PLAIN_SCOPES = frozenset(
    {"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}
)
CHAT_SCOPES = frozenset({"chat", "chat_administrators", "chat_member"})


@method("setMyCommands")
def set_my_commands(call: Call) -> bool:
    """Replaces the commands shown in one scope and language."""
    key = _scope(call)
    commands: Any = call.json("commands", "commands")
    if not isinstance(commands, list):
        raise bad_request("expected an Array of BotCommand")
    if len(commands) > MOST_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    newest = call.world.ephemeral_support != "unknown"
    call.bot.commands[key] = [_command(command, newest=newest) for command in commands]
    call.world.emit("bot", bot=call.bot.shown())
    return True


def _command(command: Any, *, newest: bool) -> Json:
    """A BotCommand, checked; of a server that is not the newest, without `is_ephemeral`."""
    if not isinstance(command, dict):
        raise bad_request("can't parse BotCommand: expected an Object")
    for field in ("command", "description"):
        if not isinstance(command.get(field), str):
            raise bad_request(f"can't parse BotCommand: Can't find field \"{field}\"")
    name = command["command"].removeprefix("/")
    if not re.fullmatch(r"[a-z0-9_]{1,32}", name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(command["description"]) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    read = {"command": name, "description": command["description"]}
    return (
        read | {"is_ephemeral": True} if newest and command.get("is_ephemeral") is True else read
    )


@method("getMyCommands")
def get_my_commands(call: Call) -> list[Json]:
    """The commands set for exactly this scope and language."""
    return call.bot.commands.get(_scope(call), [])


@method("deleteMyCommands")
def delete_my_commands(call: Call) -> bool:
    """Removes the commands of one scope and language."""
    call.bot.commands.pop(_scope(call), None)
    call.world.emit("bot", bot=call.bot.shown())
    return True


def _scope(call: Call) -> tuple[str, ...]:
    """Scope and language as a key: the kind, the chat and user where it has any, the language."""
    scope = call.json("scope", "bot command scope") or {"type": "default"}
    kind = scope.get("type") if isinstance(scope, dict) else None
    language = _language(call)
    if kind in PLAIN_SCOPES:
        return (str(kind), language)
    if kind not in CHAT_SCOPES:
        raise bad_request("can't parse BotCommandScope: Unsupported type specified")
    parameters = {"chat_id": scope.get("chat_id")}
    chat = Call(call.world, call.bot, parameters).chat()
    key = (str(kind), str(chat.id))
    return (
        (*key, str(scope.get("user_id")), language) if kind == "chat_member" else (*key, language)
    )


def _language(call: Call) -> str:
    language = call.text("language_code")
    if language and not re.fullmatch(r"[a-z]{2}", language):
        raise bad_request("invalid language code specified")
    return language


def _register_text(kind: str, field: str, longest: int, wrong: str) -> None:
    """Adds the pair of methods that set and get one of the bot's texts."""

    def set_text(call: Call) -> bool:
        text = call.text(field)
        if len(text) > longest:
            raise bad_request(wrong)
        call.bot.texts[kind, _language(call)] = text
        if kind == "Name" and text and not _language(call):
            call.bot.first_name = text
        call.world.emit("bot", bot=call.bot.shown())
        return True

    def get_text(call: Call) -> Json:
        texts = call.bot.texts
        usual = texts.get((kind, ""), call.bot.first_name if kind == "Name" else "")
        return {field: texts.get((kind, _language(call)), usual)}

    handlers: dict[str, Handler] = {f"setMy{kind}": set_text, f"getMy{kind}": get_text}
    for name, handler in handlers.items():
        method(name)(handler)


_register_text("Name", "name", 64, "BOT_TITLE_INVALID")
_register_text("Description", "description", 512, "BOT_DESCRIPTION_INVALID")
_register_text("ShortDescription", "short_description", 120, "BOT_SHORT_DESCRIPTION_INVALID")


@method("setChatMenuButton")
def set_chat_menu_button(call: Call) -> bool:
    """Changes the button beside the input field, for one private chat or for all."""
    button = call.json("menu_button", "menu button") or {"type": "default"}
    if not isinstance(button, dict) or button.get("type") not in {
        "default",
        "commands",
        "web_app",
    }:
        raise bad_request("can't parse menu button: unsupported type specified")
    if button["type"] == "web_app":
        url = str((button.get("web_app") or {}).get("url", ""))
        if not is_web_app_url(url):
            raise bad_request(
                f"menu button Web App URL '{url}' is invalid: Only HTTPS links are allowed"
            )
    call.bot.menu_buttons[_menu_chat(call)] = button
    call.world.emit("bot", bot=call.bot.shown())
    return True


@method("getChatMenuButton")
def get_chat_menu_button(call: Call) -> Json:
    """The button beside the input field of one private chat, or the usual one."""
    buttons = call.bot.menu_buttons
    usual = buttons.get(None, {"type": "commands"})
    return buttons.get(_menu_chat(call), usual)


def _menu_chat(call: Call) -> int | None:
    return call.chat().id if call.has("chat_id") else None
