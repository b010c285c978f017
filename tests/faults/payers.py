"""People who go on paying each other, whatever becomes of the bot meanwhile.

They do as people do: look at the screen, tap what it asks for, wait a moment, and tap on if
nothing came of it. They know nothing of restarts.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from simulator.client import Message, NotSeenError, SimulatorError
from tests.chat.driver import Customer, is_keypad

PATIENCE_S = 3.0
"""How long a person waits for something to happen before tapping on."""
_TAPS_MOST = 80
"""Whoever has tapped that often for one payment has lost the card, or the patience."""


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment whose card says "Paid" in front of its payer."""

    payer_id: int
    payee_id: int
    minor: int
    note: str


@dataclass
class Payer:
    """Somebody who pays, one payment after the other."""

    customer: Customer
    others: Sequence[Customer]
    dice: random.Random
    paying: bool = False
    """Between the first tap on a card and the receipt."""
    commands: int = 0
    paid: list[Paid] = field(default_factory=list)

    async def pay_until(self, stop: asyncio.Event) -> None:
        """Pays again and again; finishes the payment under way when told to stop."""
        while not stop.is_set():
            await self.pay()

    async def pay(self) -> None:
        """Pays one of the others something, from the command to the receipt."""
        payee = self.dice.choice(self.others)
        minor = self.dice.randrange(1, 60)
        self.commands += 1
        note = f"n{self.customer.id}x{self.commands}"
        await self.customer.say(f"/pay @{payee.username} 0.{minor:02} {note}")
        await self._follow(note)
        self.paid.append(Paid(self.customer.id, payee.id, minor, note))

    async def _follow(self, note: str) -> None:
        taps = 0
        said: str | None = None
        while True:
            card = await self._card(note)
            if card is not None and card.text.startswith("✅ Paid"):
                self.paying = False
                return
            if card is not None and (label := _asked(card, self.customer.pin)):
                taps += 1
                assert taps < _TAPS_MOST, f"{card.text!r} goes on for ever, and says {said!r}"
                self.paying = True
                try:
                    answer = await self.customer.person.press(card, label, wait=PATIENCE_S)
                except (LookupError, SimulatorError):
                    continue  # it changed under the finger: look again
                said = answer.toast or said
                if answer.answered:
                    await self._glance(note, card)
                    continue
            await self._glance(note, card, PATIENCE_S)

    async def _glance(self, note: str, card: Message | None, seconds: float = 0.5) -> None:
        """Waits until the card looks different, but not longer than that."""
        before = None if card is None else card.raw

        def changed(message: Message) -> bool:
            return note in message.text and message.raw != before

        try:
            await self.customer.see(changed, seconds)
        except NotSeenError:
            return

    async def _card(self, note: str) -> Message | None:
        """The payment as the chat shows it now; the bot may have shown it twice."""
        mine = [
            message
            for message in await self.customer.messages()
            if message.author_id != self.customer.id and re.search(rf"\b{note}\b", message.text)
        ]
        return mine[-1] if mine else None


def _asked(card: Message, pin: str) -> str | None:
    """What a person would tap next on a card; None where there is nothing to tap."""
    if is_keypad(card):
        return pin[min(card.text.count("●"), len(pin) - 1)]
    return next((label for label in card.labels if label.startswith("Pay €")), None)


async def notes_seen(customer: Customer, opening: str) -> Counter[str]:
    """How often each note is shown in the messages that say something."""
    seen = Counter[str]()
    for message in await customer.messages():
        if opening in message.text and message.author_id != customer.id:
            seen.update(re.findall(r"\bn\d+x\d+\b", message.text))
    return seen
