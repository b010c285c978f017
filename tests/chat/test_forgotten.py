"""Cards that came to nothing, a month later."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

from tests.attacks.doors import nothing_moves
from tests.chat.driver import Chatpay, Clock, Customer

_A_MONTH_AND_A_DAY_HOURS = 31 * 24
KNOWN = "SELECT 1 FROM intents UNION ALL SELECT 1 FROM cards"


async def forgotten(chatpay: Chatpay) -> None:
    """Waits until no card and no message that showed one is known."""
    address = f"file:{chatpay.database}?mode=ro"
    async with asyncio.timeout(10):
        with closing(sqlite3.connect(address, uri=True)) as database:
            while database.execute(KNOWN).fetchall():  # noqa: ASYNC110 (nothing tells of it)
                await asyncio.sleep(0.1)


async def test_the_button_of_a_forgotten_card_is_answered_like_a_strangers(
    chatpay: Chatpay, clock: Clock, alice: Customer, bob: Customer
) -> None:
    """The bot forgets the card by itself; its message stays, and does nothing."""
    await alice.press(await alice.ask("/pay @bob 5 lunch", "Pay Bob"), "Cancel")
    ended = await alice.see("Cancelled")

    with nothing_moves(chatpay):
        clock.advance(hours=_A_MONTH_AND_A_DAY_HOURS)
        await forgotten(chatpay)
        answer = await alice.press(ended, "Start again")

    assert answer.toast == "This is somebody else's, or too long ago: nothing was done."
    assert (await alice.ask("/pay @bob 5 lunch", "Pay Bob")).labels[0] == "Pay €5.00"
