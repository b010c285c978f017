"""A client of the control interface, for conversation tests and for seeding a demo.

    async with Telegram(url) as telegram:
        ann = await telegram.person("Ann", username="ann")
        chat = await ann.start("chatpay_bot")
        await ann.send(chat, "/pay @bob 5")
        card = await ann.expect(chat, r"You pay")
        answer = await ann.press(card, "Confirm")

`expect` listens to the event stream. It sees what came since the person last did something in
that chat, and no message or edit twice, so it neither misses a quick answer nor takes an old one
for new.
"""

from simulator.client.connection import EphemeralSupport, FaultKind, Telegram
from simulator.client.person import Person
from simulator.client.seen import (
    Answer,
    ChatRef,
    Group,
    Message,
    NotSeenError,
    Offers,
    SimulatorError,
    Wanted,
)

__all__ = [
    "Answer",
    "ChatRef",
    "EphemeralSupport",
    "FaultKind",
    "Group",
    "Message",
    "NotSeenError",
    "Offers",
    "Person",
    "SimulatorError",
    "Telegram",
    "Wanted",
]
