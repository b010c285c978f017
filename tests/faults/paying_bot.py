"""A process in which people pay as fast as it goes, and all are told; it says how much it takes.

It is made of the bot's own parts: the use-cases on an SQLite file, the outbox with its sender, and
the line to a Bot API server. Left out are updates, the PIN's hash, and the waiting for Telegram's
limits, which would take an hour for a hundred thousand payments.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys

from telegram import Bot

from bot.context import Services
from bot.memory import ChatMemory
from bot.outbox import Sender
from bot.pacing import Pacer
from bot.transport import Transport
from payments.models import PersonId, Profile
from payments.money import Money
from payments.service import Payments, system_clock
from storage import Sealer, open_store
from tests.memory import resident_mb
from tests.unit.payments_kit import PIN, PlainPins, policy

TOKEN = "7000000003:" + "m" * 35
PEOPLE = range(1, 41)
REPORT_EVERY = 200
_FUNDS = Money(90_000_000, "EUR")
_UNTOLD_MOST = 200
"""Whoever would pay waits while more than that is still to be told."""


class Hurried(Pacer):
    """Counts as ever, and keeps nobody waiting."""

    def wait(self, chat_id: int) -> float:
        super().wait(chat_id)
        return 0.0


class House:
    """Everybody who pays, and what they pay with."""

    def __init__(self, payments: Payments, wanted: int) -> None:
        self._payments = payments
        self._numbers = iter(range(1, wanted + 1))
        self._taps = itertools.count()

    async def move_in(self) -> None:
        """Has everybody join, with a PIN and money."""
        payments = self._payments
        for person_id in PEOPLE:
            name = f"Person {person_id}"
            await payments.meet(Profile(person_id, name, f"person{person_id}", "en"))
            await payments.join(person_id, name=name)
            stored = await PlainPins().hash(person_id, PIN)
            await payments.store.write(
                lambda tx, who=person_id, pin=stored: tx.pins.set(who, pin, system_clock())
            )
            await payments.topup(person_id, _FUNDS, origin=f"funds {person_id}")

    async def pay(self, payer: PersonId) -> None:
        """Pays the next person along, as long as there is anything to pay."""
        payee = payer % len(PEOPLE) + 1
        for number in self._numbers:
            await self._room()
            note = f"payment {number}"
            card = await self._payments.draft(
                payer, payees=[payee], amount=Money(1, "EUR"), note=note
            )
            keypad = await self._payments.ask_pin(card.id, payer)
            for digit in map(int, PIN):
                await self._payments.tap(
                    keypad.id, payer, keypad.keys[digit], tap_id=str(next(self._taps))
                )
            if number % REPORT_EVERY == 0:
                sys.stdout.write(f"{number} {resident_mb(os.getpid()):.2f}\n")
                sys.stdout.flush()

    async def told(self) -> None:
        """Waits until everybody was told of everything."""
        while await self._untold():  # noqa: ASYNC110 (nothing tells)
            await asyncio.sleep(0.1)

    async def _room(self) -> None:
        while await self._untold() > _UNTOLD_MOST:  # noqa: ASYNC110 (nothing tells)
            await asyncio.sleep(0.05)

    async def _untold(self) -> int:
        return await self._payments.store.read(lambda tx: tx.outbox.waiting())


async def main(address: str, database: str, wanted: int) -> None:
    """Pays so often, and says every now and then how much memory is in use."""
    store = await open_store(f"sqlite:///{database}", Sealer([b"only for tests " * 3]))
    payments = Payments(store, PlainPins(), policy(), system_clock)
    house = House(payments, wanted)
    await house.move_in()
    bot = Bot(
        TOKEN, base_url=f"{address}/bot", request=Transport(), get_updates_request=Transport()
    )
    async with bot:
        memory = ChatMemory(store, system_clock)
        sender = Sender(bot, Services(payments, memory, Hurried()))
        sender.start()
        await asyncio.gather(*map(house.pay, PEOPLE))
        await house.told()
        await sender.stop()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
