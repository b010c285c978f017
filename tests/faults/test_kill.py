"""The bot killed, again and again, while people pay each other, and started on the same database.

The seed is printed: `SEED=… make soak` runs the same again, as far as two machines can agree on
time.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import sqlite3
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from simulator.client import Telegram
from storage.audit import INVARIANTS
from tests.chat.driver import Customer
from tests.faults.autopsy import INSIDE, Phase, autopsy
from tests.faults.payers import FUNDS_MINOR, Paid, Payer, notes_seen, ready
from tests.processes import TOKEN, Running, chatpay

KILLS = 200 if os.environ.get("SOAK") else 30
SEED = int(os.environ.get("SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
NAMES = (
    *("Ann", "Bea", "Cem", "Dee", "Eve", "Fay", "Gus", "Hal", "Ida", "Jon", "Kim", "Lea"),
    *("Max", "Nia", "Oli", "Pam", "Ray", "Sue", "Tom", "Una", "Vic", "Wim", "Yan", "Zoe"),
)
AT_ONCE = 4
"""How many pay at the same time; they are many, since an hour allows each only so many."""
PEOPLE = len(NAMES) if KILLS > 100 else AT_ONCE
_LONGEST_LIFE_S = 0.5
_AIM_S = 0.25
"""How long after a sixth tap an aimed kill comes at the latest; in it a payment is made."""
_NOBODY_PAYS_S = 10.0


@dataclass
class Mortal:
    """The bot, and what is known of its deaths."""

    running: Running
    telegram: Telegram
    payers: list[Payer]
    sixth: asyncio.Event
    """Set whenever a payer taps a sixth digit."""
    dice: random.Random
    deaths: list[list[Phase]] = field(default_factory=list)
    """For each kill, what was under way."""
    recovered: int = 0
    """People whose update was written down and not handled when it died."""
    said: list[str] = field(default_factory=list)

    @property
    def inside(self) -> int:
        """Kills that came between somebody's sixth tap and their receipt."""
        return sum(any(phase in INSIDE for phase in phases) for phases in self.deaths)

    async def die(self, *, aimed: bool) -> None:
        """Lives for a random while, is killed, looked at, and started again.

        Args:
            aimed: whether it is killed just after a sixth tap.
        """
        if aimed:
            self.sixth.clear()
            async with asyncio.timeout(_NOBODY_PAYS_S):
                await self.sixth.wait()
        await asyncio.sleep(self.dice.uniform(0, _AIM_S if aimed else _LONGEST_LIFE_S))
        self._heard((await self.running.stop(signal.SIGKILL)).err)
        database = self.running.folder / "chatpay.db"
        self.deaths.append(await autopsy(database, self.payers, await self.telegram.updates()))
        await self.running.start()

    def found(self) -> str:
        """How many kills came inside a payment, and how often what was found under way."""
        counts = Counter(phase for phases in self.deaths for phase in phases)
        return "; ".join(
            [
                f"{len(self.deaths)} kills",
                f"{self.inside} of them between a sixth tap and its receipt",
                f"{sum(map(bool, self.deaths))} with anything under way",
                *(f"{counts[phase]} × {phase}" for phase in Phase),
            ]
        )

    async def end(self) -> None:
        """Is asked to stop, for once."""
        ended = await self.running.stop()
        assert ended.code == 0
        self._heard(ended.err)

    def _heard(self, words: str) -> None:
        self.said += words.splitlines()
        self.recovered += sum(map(int, re.findall(r"updates_recovered\D*lanes=(\d+)", words)))


async def test_killed_at_any_moment_nobody_loses_or_gains_a_cent(
    telegram: Telegram, tmp_path: Path
) -> None:
    """Each payment that says "Paid" is in the books once, told to both, and nothing else is."""
    print(f"\nseed {SEED}")  # noqa: T201 (first, so that a failure shows it too)
    began = time.monotonic()
    dice = random.Random(SEED)
    await telegram.bot(TOKEN, username="chatpay_bot")
    running = Running(tmp_path, {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": telegram.url})
    await running.start()
    try:
        customers = await asyncio.gather(*(ready(telegram, name) for name in NAMES[:PEOPLE]))
        sixth = asyncio.Event()
        payers = [
            Payer(one, [o for o in customers if o is not one], random.Random(dice.random()), sixth)
            for one in customers
        ]
        bot = Mortal(running, telegram, payers, sixth, dice)
        await pay_while_it_dies(bot)
        paid = [payment for payer in payers for payment in payer.paid]
        await every_receipt_arrived(customers, paid)
        await bot.end()
    finally:
        await running.kill()

    assert_books_agree(tmp_path / "chatpay.db", customers, paid)
    assert_all_updates_handled(tmp_path / "chatpay.db", await telegram.updates())
    assert [line for line in bot.said if "[error" in line or "[critical" in line] == []
    await assert_verified(tmp_path)
    print(  # noqa: T201 (how hard the test was is part of its result)
        f"{bot.found()}; {bot.recovered} lanes taken up again, {len(paid)} payments, "
        f"{time.monotonic() - began:.0f} s"
    )
    assert bot.inside >= KILLS // 5


async def test_a_receipt_that_was_being_sent_is_sent_right_after_the_restart(
    telegram: Telegram, tmp_path: Path
) -> None:
    """Nobody waits for the lease of a sender that was killed."""
    await telegram.bot(TOKEN, username="chatpay_bot")
    running = Running(tmp_path, {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": telegram.url})
    await running.start()
    try:
        ann, bea = await asyncio.gather(ready(telegram, "Ann"), ready(telegram, "Bea"))
        await telegram.fault("timeout", "sendMessage", chat_id=bea.id, times=1)
        await ann.approve(await ann.ask("/pay @bea 1", "Pay Bea"))
        await ann.see("✅ Paid €1.00")
        await asyncio.sleep(0.5)
        assert await notes_of(bea) == []
        await running.kill()
        await running.start()
        await bea.see("paid you €1.00", seconds=5)
    finally:
        await running.kill()


async def notes_of(customer: Customer) -> list[str]:
    """The money that somebody was told of."""
    return [m.text for m in await customer.messages() if "paid you €" in m.text]


async def pay_while_it_dies(bot: Mortal) -> None:
    """People pay all the time; afterwards everybody finishes what they began."""
    enough, seats = asyncio.Event(), asyncio.Semaphore(AT_ONCE)
    async with asyncio.TaskGroup() as people:
        for payer in bot.payers:
            people.create_task(payer.pay_until(enough, seats))
        for number in range(KILLS):
            await bot.die(aimed=number % 2 == 1)
        enough.set()


async def every_receipt_arrived(customers: list[Customer], paid: list[Paid]) -> None:
    """Waits for what the payees are still to be told: at least once for each payment."""
    for customer in customers:
        expected = {payment.note for payment in paid if payment.payee_id == customer.id}
        async with asyncio.timeout(30):
            while not expected <= set(await notes_seen(customer, "paid you")):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        receipts = await notes_seen(customer, "✅ Paid")
        assert set(receipts) == {p.note for p in paid if p.payer_id == customer.id}


def assert_books_agree(database: Path, customers: list[Customer], paid: list[Paid]) -> None:
    """The books hold just the payments that people saw, once each, and the sums that follow."""
    with sqlite3.connect(database) as books:
        moved = books.execute(
            "SELECT debit.person_id, credit.person_id, t.amount FROM transfers t "
            "JOIN accounts debit ON debit.id = t.debit_account_id "
            "JOIN accounts credit ON credit.id = t.credit_account_id WHERE t.kind = 'payment'"
        ).fetchall()
        intents = books.execute("SELECT state, COUNT(*) FROM intents GROUP BY state").fetchall()
        balances = dict(
            books.execute("SELECT person_id, balance FROM accounts WHERE person_id IS NOT NULL")
        )
    books.close()
    assert Counter(moved) == Counter((p.payer_id, p.payee_id, p.minor) for p in paid)
    assert dict(intents) == {"posted": len(paid)}
    assert balances == {
        one.id: FUNDS_MINOR
        + sum(p.minor for p in paid if p.payee_id == one.id)
        - sum(p.minor for p in paid if p.payer_id == one.id)
        for one in customers
    }


def assert_all_updates_handled(database: Path, made: list[dict[str, object]]) -> None:
    """Whatever people did reached the inbox, and left it handled."""
    with sqlite3.connect(database) as books:
        stored = dict(books.execute("SELECT update_id, handled_at FROM inbox"))
    books.close()
    ids = {update["update"]["update_id"] for update in made}  # type: ignore[index]
    assert set(stored) == ids
    assert [update_id for update_id, handled_at in stored.items() if handled_at is None] == []


async def assert_verified(folder: Path) -> None:
    """`chatpay ledger verify` ticks every invariant."""
    verified = await chatpay(folder, "ledger", "verify")
    assert (verified.code, verified.err) == (0, "")
    ticked = [line.split()[:2] for line in verified.out.splitlines()]
    assert ticked == [["✓", name] for name in INVARIANTS]
