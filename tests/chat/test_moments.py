"""Times that each reader sees in their own time zone, and servers that refuse such a thing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from simulator.client import Message, Telegram
from simulator.entities import utf16_slice
from tests.chat.driver import Chatpay, Clock, Customer


def moments(message: Message) -> list[dict[str, Any]]:
    """What each moment in a message says, with the words that it stands for."""
    return [
        {
            "words": utf16_slice(message.text, entity["offset"], entity["length"]),
            "unix_time": entity["unix_time"],
            "date_time_format": entity["date_time_format"],
        }
        for entity in message.raw.get("entities", [])
        if entity["type"] == "date_time"
    ]


def in_words(seconds: int) -> str:
    """A moment in UTC, as English says it."""
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at:%b} {at.day}, {at.year}, {at.hour % 12 or 12}:{at:%M}\u202f{at:%p} UTC"


async def paid(payer: Customer, words: str = "@bob 12.50 lunch") -> Message:
    """Pays; the receipt."""
    await payer.approve(await payer.ask(f"/pay {words}", "Left afterwards"))
    return await payer.see("✅ Paid")


async def test_a_receipt_says_the_second_of_the_payment(
    alice: Customer, bob: Customer, clock: Clock
) -> None:
    """The words are UTC, and the entity around exactly them is the moment for every client."""
    before = clock() // 1000
    receipt = await paid(alice)
    after = clock() // 1000

    [moment] = moments(receipt)
    assert before <= moment["unix_time"] <= after
    assert moment["date_time_format"] == "Dt"
    assert moment["words"] == in_words(moment["unix_time"])


async def test_on_a_server_that_does_not_know_moments_nothing_is_lost(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """One call is refused, and no more; everything arrives, in words."""
    await telegram.moments(known=False)
    receipt = await paid(alice)
    await bob.see("paid you €12.50")
    await paid(alice, "@bob 1 coffee")
    await bob.see("paid you €1.00")

    assert moments(receipt) == []
    assert receipt.text.splitlines()[-2].endswith(" UTC")
    assert await bob.balance() == "€113.50"
    refused = [call for call in await telegram.calls() if call["status"] == 400]
    assert [call["answer"]["description"].partition(" at ")[0] for call in refused] == [
        'Bad Request: can\'t parse entities: Unsupported start tag "tg-time"'
    ]


async def test_a_moment_years_ahead_is_said_in_words(telegram: Telegram, alice: Customer) -> None:
    """Telegram refuses entities more than 1098 days ahead; nearer ones are entities again."""
    await alice.press(await alice.ask("/link 12.50", "A payment link"), "Options")
    options = await alice.see("⚙️ Options")
    shown = [await open_for(alice, options, days) for days in ("1500", "30")]

    assert [len(moments(message)) for message in shown] == [0, 1]
    assert all(" UTC\n" in message.text for message in shown)
    refused = [call for call in await telegram.calls() if call["status"] == 400]
    assert {call["answer"]["description"] for call in refused} == {
        "Bad Request: ENTITY_DATE_INVALID"
    }


async def open_for(owner: Customer, options: Message, days: str) -> Message:
    """Says for how long a link can be paid; its options."""
    await owner.press(options, "Open until")
    await owner.see(lambda message: message.id == options.id and "‹ Back" in message.labels)
    return await owner.ask(days, lambda message: message.id == options.id)
