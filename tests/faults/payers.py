"""People who go on paying each other, whatever becomes of the bot meanwhile.

They do as people do: look at the screen, tap what it asks for, wait a moment, and tap on if
nothing came of it. They know nothing of restarts.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from simulator.client import Message, NotSeenError, SimulatorError, Telegram
from tests.chat.driver import Customer, is_keypad

FUNDS_MINOR = 20_000
PATIENCE_S = 3.0
"""How long a person waits for something to happen before tapping on."""
_GLANCE_S = 0.5
_AN_HOUR_MOST = 55
_TAPS_MOST = 80
"""Whoever has tapped that often for one payment has lost the card, or the patience."""
_REFUSALS_MOST = 3
"""Whoever is told so often in a row that it cannot be done believes it."""
_DELETE = "⌫"


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
    sixth: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by whoever taps a sixth digit; the payers may share it."""
    pause_s: float = 0.0
    """How long at most the phone is put down after a payment."""
    waiting: bool = False
    """Between the sixth tap and whatever the screen says next."""
    note: str = ""
    """What the payment under way is for."""
    commands: int = 0
    paid: list[Paid] = field(default_factory=list)

    async def pay_until(self, stop: asyncio.Event, seats: asyncio.Semaphore) -> None:
        """Pays again and again, whenever there is a seat; finishes what was begun.

        Nobody pays as often as an hour allows.
        """
        while not stop.is_set() and self.commands < _AN_HOUR_MOST:
            async with seats:
                if not stop.is_set():
                    await self.pay()
                    await asyncio.sleep(self.dice.uniform(0, self.pause_s))

    async def pay(self) -> None:
        """Pays one of the others something, from the command to the receipt."""
        payee = self.dice.choice(self.others)
        minor = self.dice.randrange(1, 60)
        self.commands += 1
        self.note = f"n{self.customer.id}x{self.commands}"
        await self.customer.say(f"/pay @{payee.username} 0.{minor:02} {self.note}")
        await self._follow()
        self.paid.append(Paid(self.customer.id, payee.id, minor, self.note))

    async def _follow(self) -> None:
        """Taps what the card asks for, until it says that it is paid.

        Where a tap changed nothing it is unclear how many digits were counted: the delete key
        has the keypad drawn again.
        """
        taps, doubtful = 0, False
        refusals: list[str] = []
        while True:
            card = await self._card()
            if card is not None and card.text.startswith("✅ Paid"):
                self.waiting = False
                return
            label = None if card is None else self._asked(card, doubtful=doubtful)
            if card is None or label is None:
                await self._changed(card, PATIENCE_S)
                continue
            taps += 1
            assert taps < _TAPS_MOST, f"{card.text!r} goes on for ever"
            answered = await self._tap(card, label, refusals)
            changed = await self._changed(card, _GLANCE_S if answered else PATIENCE_S)
            doubtful = not changed and label.isdigit()

    def _asked(self, card: Message, *, doubtful: bool) -> str | None:
        """What a person would tap next on a card; None where there is nothing to tap."""
        if not is_keypad(card):
            return next((label for label in card.labels if label.startswith("Pay €")), None)
        if doubtful:
            return _DELETE
        pin = self.customer.pin
        return pin[min(card.text.count("●"), len(pin) - 1)]

    async def _tap(self, card: Message, label: str, refusals: list[str]) -> bool:
        """Taps a button; whether the bot answered.

        Raises:
            AssertionError: it has said that it cannot be done too often to be tried again.
        """
        self.waiting = card.text.count("●") == len(self.customer.pin) - 1 and label != _DELETE
        if self.waiting:
            self.sixth.set()
        try:
            answer = await self.customer.person.press(card, label, wait=PATIENCE_S)
        except (LookupError, SimulatorError):
            return False  # it changed under the finger
        if answer.alert and answer.toast:
            refusals.append(answer.toast)
            assert len(refusals) < _REFUSALS_MOST, f"{card.text!r}, but {refusals}"
        else:
            refusals.clear()
        return answer.answered

    async def _changed(self, card: Message | None, seconds: float) -> bool:
        """Whether the card looks different within so many seconds."""
        before = None if card is None else card.raw

        def differs(message: Message) -> bool:
            return self.note in message.text and message.raw != before

        with contextlib.suppress(NotSeenError):  # it may have changed before the tap was answered
            await self.customer.see(differs, seconds)
        now = await self._card()
        return now is not None and now.raw != before

    async def _card(self) -> Message | None:
        """The payment as the chat shows it now; the bot may have shown it twice."""
        mine = [
            message
            for message in await self.customer.messages()
            if message.author_id != self.customer.id
            and re.search(rf"\b{self.note}\b", message.text)
        ]
        return mine[-1] if mine else None


async def ready(telegram: Telegram, name: str) -> Customer:
    """Somebody who has joined, with a PIN and `FUNDS_MINOR` of play money."""
    person = await telegram.person(name, username=name.lower())
    customer = Customer(person, "chatpay_bot")
    await customer.get_ready(str(FUNDS_MINOR // 100))
    return customer


async def notes_seen(customer: Customer, opening: str) -> Counter[str]:
    """How often each note is shown in the messages that say something."""
    seen = Counter[str]()
    for message in await customer.messages():
        if opening in message.text and message.author_id != customer.id:
            seen.update(re.findall(r"\bn\d+x\d+\b", message.text))
    return seen
