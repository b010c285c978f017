"""The chat tests' bot and people, for tests that look at what goes over the wire."""

from __future__ import annotations

import pytest

from tests.chat.conftest import bob, carol, chatpay, clock, telegram
from tests.chat.driver import Chatpay, Customer

__all__ = ["bob", "carol", "chatpay", "clock", "telegram"]


@pytest.fixture
async def alice(chatpay: Chatpay) -> Customer:
    """Somebody who did all of it in the chat, from the first word."""
    alice = await chatpay.newcomer("Alice")
    await alice.get_ready()
    return alice
