"""People on the local Telegram who talk to the bot, and to the echo bots beside it."""

from __future__ import annotations

import asyncio
import hmac
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import household
from payments.pinhash import PinChecker, PinHasher
from payments.service import Payments, system_clock
from simulator.client import Message, Person, Telegram
from storage import Sealer, open_store

UPDATES_A_PAYMENT = 8
"""The command, Pay, and six taps."""

_PATIENCE_S = 60.0


@dataclass
class Customer:
    """Somebody with money and a PIN, in the private chat with the bot."""

    person: Person
    chat: str = ""
    pays: str = ""
    """The @name of whom they pay."""

    async def meet(self, bot: str) -> None:
        """Presses Start."""
        self.chat = await self.person.start(bot)

    async def pay(self) -> float:
        """A whole conversation; seconds from the last tap to the receipt."""
        await self.person.send(self.chat, f"/pay @{self.pays} 0.05 lunch")
        card = await self._see("Pay ")
        await self.person.press(card, "Pay", wait=_PATIENCE_S)
        keypad = await self._see("Tap your PIN")
        for digit in household.PIN[:-1]:
            await self.person.press(keypad, digit, wait=_PATIENCE_S)
        # Its answer comes after the receipt or before it; the receipt is what counts.
        began = time.perf_counter()
        last = asyncio.create_task(self.person.press(keypad, household.PIN[-1], wait=_PATIENCE_S))
        await self._see("Paid ")
        took = time.perf_counter() - began
        await last
        return took

    async def echo(self, chat: str, text: str) -> None:
        """Says something and hears it again."""
        await self.person.send(chat, text)
        await self.person.expect(chat, f"^{text}$", _PATIENCE_S)

    async def _see(self, wanted: str) -> Message:
        return await self.person.expect(self.chat, wanted, _PATIENCE_S)


async def move_in(telegram: Telegram, database: Path, count: int) -> list[Customer]:
    """Makes people who have joined, with money and a PIN, in a database that no bot has open."""
    people = [
        await telegram.person(f"Person {number}", username=f"person{number}")
        for number in range(count)
    ]
    key = household.SECRET.encode()
    pins = PinChecker(PinHasher([hmac.digest(key, b"chatpay pepper", "sha256")]))
    payments = Payments(
        await open_store(f"sqlite:///{database}", Sealer([key])), pins, household.POLICY
    )
    await household.move_in(payments, [person.id for person in people])
    await asyncio.gather(*(_choose_pin(payments, pins, person) for person in people))
    await payments.store.close()
    pins.close()
    return [Customer(person) for person in people]


async def _choose_pin(payments: Payments, pins: PinChecker, person: Person) -> None:
    stored = await pins.hash(person.id, household.PIN)
    await payments.store.write(lambda tx: tx.pins.set(person.id, stored, system_clock()))
