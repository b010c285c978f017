"""Nobody but its owner can press a button: its data, sent by another person's forged client."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from simulator.client import Message, Telegram
from tests.chat.books import books
from tests.chat.driver import BOT_USERNAME, Chatpay, Customer, is_keypad

OWNED = {
    "people": "id",
    "accounts": "person_id",
    "pins": "person_id",
    "keypads": "person_id",
    "intents": "payer_id",
    "payments": "payer_id",
    "requests": "requester_id",
    "links": "owner_id",
    "blocks": "person_id",
    "prompts": "person_id",
}
"""Tables whose rows belong to somebody, and the column that says to whom."""
REFUSAL = re.compile(r"This (card )?is somebody else's")
_AN_ID = re.compile(r":[A-Za-z0-9_-]{11,}")


def belongings(chatpay: Chatpay, owner: Customer) -> dict[str, list[Any]]:
    """All that is stored of one person."""
    with closing(sqlite3.connect(f"file:{chatpay.database}?mode=ro", uri=True)) as database:
        return {
            table: database.execute(
                f"SELECT * FROM {table} WHERE {column} = ? ORDER BY 1", (owner.id,)
            ).fetchall()
            for table, column in OWNED.items()
        }


def buttons(screens: list[Message]) -> Iterator[tuple[str, str]]:
    """Every button that asks the bot: what it says and what it sends."""
    for screen in screens:
        for row in screen.rows:
            for button in row:
                if "callback_data" in button:
                    yield button["text"], button["callback_data"]


async def screens_of_money(alice: Customer, bob: Customer) -> list[Message]:
    """What a payer sees: cards in each state, receipts, money that came in or waits."""
    await alice.approve(await alice.ask("/pay @bob 1 first", "Pay Bob"))
    await alice.see("✅ Paid")
    await bob.see("paid you")
    await bob.approve(await bob.ask("/pay @alice 1 back", "Pay Alice"))
    screens = [await alice.see("paid you"), await alice.ask("/pay @stranger 2", "@stranger")]
    await alice.approve(screens[-1])
    screens.append(await alice.see("is waiting for"))
    commands = ("/pay @bob 2.50 lunch", "/pay 3", "/pay @bob", "/withdraw 5", "/balance")
    screens += [await alice.ask(command, ".") for command in commands]
    screens.append(await alice.ask("/history", "History"))
    await alice.press(screens[-1], "1")
    screens.append(await alice.see("Reference"))
    return screens


async def screens_of_requests(alice: Customer, bob: Customer) -> list[Message]:
    """What a requester sees: the card before and after it is sent, links."""
    preview = await alice.ask("/request @bob 5 taxi", "Ask Bob")
    await alice.press(await alice.ask("/request @bob 7 tea", "Ask Bob"), "Ask for")
    await bob.see("7.00")
    sent = [m for m in await alice.messages() if "tea" in m.text and m.rows]
    return [preview, *sent, await alice.ask("/link 5 cake", "t.me")]


async def screens_of_menus(alice: Customer) -> list[Message]:
    """What everybody sees: buttons without an id."""
    commands = ("/help", "/settings", "/pin", "/topup", "/withdraw", "/link")
    return [await alice.ask(command, ".") for command in commands]


async def test_every_button_of_somebody_elses_is_refused(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer, carol: Customer
) -> None:
    """What carries an id is refused in words; what carries none acts on who pressed it alone."""
    screens = await screens_of_money(alice, bob)
    screens += await screens_of_requests(alice, bob)
    screens += await screens_of_menus(alice)
    await alice.press(await alice.ask("/pay @bob 2.50 keypad", "Pay Bob"), "Pay")
    screens.append(await alice.see(is_keypad))
    asked = [m for m in await bob.messages() if "tea" in m.text and m.rows]
    mine = await carol.ask("/help", ".")

    refused, own = [], []
    for label, data in buttons(screens + asked):
        before, moved = belongings(chatpay, alice), books(chatpay)
        answer = await carol.person.press_data(mine, data)
        assert answer.answered, (label, data)
        assert belongings(chatpay, alice) == before, (label, data)
        if _AN_ID.search(data):
            assert answer.alert, (label, data)
            assert REFUSAL.match(answer.toast or ""), (label, data, answer.toast)
            assert books(chatpay) == moved, (label, data)
            refused.append(label)
        else:
            own.append(label)

    assert {str(digit) for digit in range(10)} <= set(refused)
    assert {"Pay €2.50", "Cancel", "Take back", "Give back…", "Close link"} <= set(refused)
    assert {"Change my PIN", "Settings"} <= set(own)
    assert len(refused) >= 40
    assert await alice.balance() == "€98.00"


async def test_a_claim_link_of_somebody_elses_money_is_refused(
    chatpay: Chatpay, alice: Customer, carol: Customer
) -> None:
    """Whoever comes by the link of money that waits for another gets none of it."""
    await alice.approve(await alice.ask("/pay @stranger 2", "@stranger"))
    waiting = await alice.see("is waiting for")
    link = next(
        button["copy_text"]["text"]
        for row in waiting.rows
        for button in row
        if "copy_text" in button
    )
    before = books(chatpay)

    await carol.start(link.partition("start=")[2])
    await carol.see("somebody else|another|@stranger")

    assert books(chatpay) == before


async def test_the_way_to_a_card_in_a_group_leads_only_its_payer_there(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer, carol: Customer
) -> None:
    """Another member who opens the link in the group sees no card, and learns no amount."""
    await telegram.ephemeral("unknown")
    group = await telegram.group(
        "Lunch", [alice.person, bob.person, carol.person], bots=[BOT_USERNAME]
    )
    await alice.person.send(group, "/pay @bob 7.77")
    way = await alice.person.expect(group, "private chat")
    url = next(button["url"] for row in way.rows for button in row if "url" in button)
    before = books(chatpay)

    await carol.start(url.partition("start=")[2])
    answer = await carol.see(REFUSAL)

    assert answer.labels == []
    assert "7.77" not in "".join(message.text for message in await carol.messages())
    assert books(chatpay) == before
