"""Reply markup: what a bot may put under a message or in place of the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.calls import Call
from simulator.entities import checked_url
from simulator.errors import ApiError, bad_request
from simulator.people import Json

MOST_BUTTONS = 100
MOST_REPLY_BUTTONS = 300

REPLY_FLAGS = ("is_persistent", "resize_keyboard", "one_time_keyboard", "selective")

Check = Callable[[Any, bool], None]
"""Checks a button's value; the flag says whether the chat is private."""


def reply_markup(call: Call, *, private: bool) -> Json | None:
    """The parameter `reply_markup`, checked; None where there is none.

    Args:
        call: the call.
        private: whether the chat is the private one of the bot and a person.

    Raises:
        ApiError: it is malformed, or holds a button that the chat does not allow.
    """
    markup = call.json("reply_markup", "reply keyboard markup")
    if markup is None:
        return None
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    if markup.get("keyboard"):
        return _reply_keyboard(markup, private=private)
    if markup.get("inline_keyboard"):
        return inline_keyboard(markup, private=private)
    if markup.get("remove_keyboard"):
        return {"remove_keyboard": True, "selective": bool(markup.get("selective"))}
    if markup.get("force_reply"):
        return markup
    return None


def inline_reply_markup(call: Call, *, private: bool) -> Json | None:
    """The parameter `reply_markup` of a method that takes inline keyboards alone."""
    markup = reply_markup(call, private=private)
    if markup is not None and "inline_keyboard" not in markup:
        raise bad_request("inline keyboard expected")
    return markup


def _rows(markup: Json, field: str, owner: str) -> list[list[Any]]:
    rows = markup[field]
    if not isinstance(rows, list):
        raise bad_request(f'field "{field}" of the {owner} must be an Array')
    if not all(isinstance(row, list) for row in rows):
        raise bad_request(f'field "{field}" of the {owner} must be an Array of Arrays')
    return rows


def inline_keyboard(markup: Json, *, private: bool) -> Json | None:
    """An inline keyboard, checked.

    Raises:
        ApiError: it is malformed, too big, or holds a button that is not allowed here.
    """
    rows = []
    for row in _rows(markup, "inline_keyboard", "InlineKeyboardMarkup"):
        buttons = [_inline_button(button, private=private) for button in row]
        if kept := [button for button in buttons if button["text"]]:
            rows.append(kept)
    if sum(map(len, rows)) > MOST_BUTTONS:
        raise bad_request("reply markup is too long")
    return {"inline_keyboard": rows} if rows else None


def _inline_button(button: Any, *, private: bool) -> Json:
    what = "can't parse inline keyboard button: "
    if not isinstance(button, dict):
        raise bad_request(f"{what}InlineKeyboardButton must be an Object")
    if "text" not in button:
        raise bad_request(f'{what}Can\'t find field "text"')
    if not isinstance(button["text"], str):
        raise bad_request(f'{what}Field "text" must be of type String')
    for field, check in INLINE_BUTTONS.items():
        if button.get(field) is not None:
            check(button[field], private)
            return button
    raise bad_request(f"{what}Text buttons are unallowed in the inline keyboard")


def _check_url(url: Any, _private: bool) -> None:  # noqa: FBT001  (the shape of a Check)
    text = str(url)
    if not text:
        raise bad_request("BUTTON_URL_INVALID")
    scheme, separator, _ = text.partition("://")
    if separator and scheme.lower() not in {"http", "https", "tg", "ton"}:
        raise _wrong_url("URL", text, "Unsupported URL protocol")
    if not text.startswith("tg:") and checked_url(text) is None:
        raise _wrong_url("URL", text, "Wrong HTTP URL")


def _check_callback_data(data: Any, _private: bool) -> None:  # noqa: FBT001
    if not 1 <= len(str(data).encode()) <= 64:
        raise bad_request("BUTTON_DATA_INVALID")


def _check_web_app(web_app: Any, private: bool) -> None:  # noqa: FBT001
    if not private:
        raise bad_request("BUTTON_TYPE_INVALID")
    url = str(web_app.get("url", "")) if isinstance(web_app, dict) else ""
    if not is_web_app_url(url):
        raise _wrong_url("Web App URL", url, "Only HTTPS links are allowed")


def is_web_app_url(url: str) -> bool:
    """Whether a Mini App may be there: at an https address, or on this machine."""
    return url.startswith(("https://", "http://127.0.0.1:", "http://localhost:"))


def _check_copy_text(copy_text: Any, _private: bool) -> None:  # noqa: FBT001
    text = copy_text.get("text", "") if isinstance(copy_text, dict) else ""
    if not 1 <= len(text) <= 256:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")


def _check_chosen_chat(switch: Any, _private: bool) -> None:  # noqa: FBT001
    kinds = ("user", "bot", "group", "channel")
    allowed = isinstance(switch, dict) and any(switch.get(f"allow_{kind}_chats") for kind in kinds)
    if not allowed:
        raise bad_request("at least one chat type must be allowed")


def _check_nothing(_value: Any, _private: bool) -> None:  # noqa: FBT001
    """Some buttons say nothing that could be wrong."""


INLINE_BUTTONS: dict[str, Check] = {
    "url": _check_url,
    "callback_data": _check_callback_data,
    "web_app": _check_web_app,
    "copy_text": _check_copy_text,
    "pay": _check_nothing,
    "switch_inline_query": _check_nothing,
    "switch_inline_query_current_chat": _check_nothing,
    "switch_inline_query_chosen_chat": _check_chosen_chat,
    "login_url": _check_nothing,
}
"""What makes an inline button, in Telegram's order, and how each is checked."""


def _wrong_url(what: str, url: str, reason: str) -> ApiError:
    return bad_request(f"inline keyboard button {what} '{url}' is invalid: {reason}")


def _reply_keyboard(markup: Json, *, private: bool) -> Json:
    rows = []
    for row in _rows(markup, "keyboard", "ReplyKeyboardMarkup"):
        buttons = [_reply_button(button, private=private) for button in row]
        if kept := [button for button in buttons if button["text"]]:
            rows.append(kept)
    for name in REPLY_FLAGS:
        if not isinstance(markup.get(name, False), bool):
            raise bad_request(
                f'field "{name}" of the ReplyKeyboardMarkup must be of the type Boolean'
            )
    if sum(map(len, rows)) > MOST_REPLY_BUTTONS:
        raise bad_request("reply markup is too long")
    return markup | {"keyboard": rows}


PRIVATE_BUTTONS = {
    "request_users": "users can be requested in private chats only",
    "request_chat": "chats can be requested in private chats only",
    "request_contact": "phone number can be requested in private chats only",
    "request_location": "location can be requested in private chats only",
    "request_poll": "polls can be requested in private chats only",
    "web_app": "Web App buttons can be used in private chats only",
}
"""Reply buttons that groups do not allow, and the reason Telegram gives."""


def _reply_button(button: Any, *, private: bool) -> Json:
    if isinstance(button, str):
        return {"text": button}
    what = "can't parse keyboard button: "
    if not isinstance(button, dict):
        raise bad_request(f"{what}KeyboardButton must be an Object")
    if not isinstance(button.get("text"), str):
        raise bad_request(f'{what}Can\'t find field "text"')
    for field, reason in PRIVATE_BUTTONS.items():
        if button.get(field) and not private:
            raise bad_request(reason)
    request = button.get("request_users")
    if request is not None:
        if not isinstance(request, dict) or not isinstance(request.get("request_id"), int):
            raise bad_request(f'{what}Can\'t find field "request_id"')
        if not 1 <= request.get("max_quantity", 1) <= 10:
            raise bad_request("BUTTON_USERS_LIMIT_INVALID")
    return button
