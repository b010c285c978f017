"""The chat tests' bot and people, for tests that look at what goes over the wire."""

from __future__ import annotations

from tests.chat.conftest import alice, bob, carol, chatpay, clock, telegram

__all__ = ["alice", "bob", "carol", "chatpay", "clock", "telegram"]
