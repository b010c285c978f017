"""The same bot, Telegram and people as in the conversations; the tests here break something."""

from __future__ import annotations

from tests.chat.conftest import alice, bob, carol, chatpay, clock, telegram

__all__ = ["alice", "bob", "carol", "chatpay", "clock", "telegram"]
