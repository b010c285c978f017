"""Buttons that several rooms share, and the short way to write any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, WebAppInfo
from telegram.constants import KeyboardButtonStyle
from telegram.helpers import create_deep_linked_url

from bot.callbacks import callback
from bot.texts import Texts
from payments.money import Money, decimal_places

_QUICK_MAJOR = {
    "INR": (100, 200, 500, 1_000),
    "BDT": (100, 200, 500, 1_000),
    "IDR": (20_000, 50_000, 100_000, 200_000),
    "JPY": (1_000, 2_000, 5_000, 10_000),
    "BRL": (10, 20, 50, 100),
    "AED": (10, 20, 50, 100),
}
"""What people hand over in one banknote or two, in whole units."""

_QUICK_MAJOR_ELSEWHERE = (5, 10, 20, 50)


class _Keyboard(InlineKeyboardMarkup):
    """A keyboard that is written out once, however often it is sent: a keypad is with each tap."""

    __slots__ = ("_written",)

    def to_dict(self, recursive: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002 (the library's)
        if not recursive:
            return super().to_dict(recursive=False)
        if not hasattr(self, "_written"):
            self._written = super().to_dict()
        return self._written


class _Button(InlineKeyboardButton):
    """A button that calls back, written out without a look at all that a button may be."""

    __slots__ = ()

    def to_dict(self, recursive: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002 (the library's)
        if not recursive:
            return super().to_dict(recursive=False)
        written = {"text": self.text, "callback_data": self.callback_data}
        return written if self.style is None else written | {"style": self.style}


def button(
    text: str, room: str, verb: str, *arguments: str | int, style: str | None = None
) -> InlineKeyboardButton:
    """A button that calls back.

    Args:
        text: what it says.
        room: the room that answers it, see `bot.callbacks`.
        verb: what the room is to do.
        arguments: what it is to do it with.
        style: one of `KeyboardButtonStyle`, where the button is to stand out.
    """
    return _Button(text, callback_data=callback(room, verb, *arguments), style=style)


def link_button(text: str, url: str) -> InlineKeyboardButton:
    """A button that opens an address."""
    return InlineKeyboardButton(text, url=url)


def app_button(text: str, public_url: str, intent_id: str = "") -> InlineKeyboardButton:
    """A button that opens the Mini App, or one card in it; for private chats alone."""
    return InlineKeyboardButton(text, web_app=WebAppInfo(app_url(public_url, intent_id)))


def app_url(public_url: str, intent_id: str = "") -> str:
    """Where the Mini App is, or one card in it."""
    query = "?" + urlencode({"intent": intent_id}) if intent_id else ""
    return f"{public_url}/app{query}"


def start_url(bot_username: str, payload: str) -> str:
    """The address that opens the private chat and sends `/start <payload>`."""
    return create_deep_linked_url(bot_username, payload)


def rows(*buttons: Sequence[InlineKeyboardButton]) -> InlineKeyboardMarkup:
    """A keyboard of these rows; empty ones are left out."""
    return _Keyboard([row for row in buttons if row])


def in_rows_of(
    width: int, buttons: Sequence[InlineKeyboardButton]
) -> list[Sequence[InlineKeyboardButton]]:
    """The buttons in rows of at most `width`."""
    return [buttons[at : at + width] for at in range(0, len(buttons), width)]


def primary(text: str, room: str, verb: str, *arguments: str | int) -> InlineKeyboardButton:
    """The one button of a message that most people will press."""
    return button(text, room, verb, *arguments, style=KeyboardButtonStyle.PRIMARY)


def in_private(t: Texts, bot_username: str, payload: str) -> InlineKeyboardMarkup:
    """One button from a group to the private chat, to where `payload` leads."""
    return rows([link_button(t.plain("Open Chatpay"), start_url(bot_username, payload))])


def main_menu(t: Texts) -> InlineKeyboardMarkup:
    """What most people come for."""
    return rows(
        [
            button(t.plain("💸 Pay someone"), "m", "pay"),
            button(t.plain("🙏 Request"), "m", "request"),
        ],
        [
            button(t.plain("💳 Add money"), "w", "topup"),
            button(t.plain("🔗 My link"), "m", "me"),
        ],
    )


def quick_amounts(currency: str) -> tuple[Money, ...]:
    """Four round amounts that people often pay in this currency."""
    unit = 10 ** decimal_places(currency)
    return tuple(
        Money(major * unit, currency)
        for major in _QUICK_MAJOR.get(currency, _QUICK_MAJOR_ELSEWHERE)
    )
