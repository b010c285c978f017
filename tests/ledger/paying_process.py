"""A process that pays until it is killed, and says on its standard output what was answered."""

from __future__ import annotations

import asyncio
import itertools
import sys

from storage import open_store
from tests.ledger.book import ALICE, BOB, SEALER, do, draft, pay


async def main(url: str, name: str) -> None:
    """Pays one cent after another, eight at a time."""
    store = await open_store(url, SEALER)
    numbers = itertools.count()

    async def keep_paying() -> None:
        for number in numbers:
            intent = draft(f"{name}-{number}", payer=ALICE, payees=(BOB,), amount=1)
            await store.write(do(pay, intent), locks=[ALICE, BOB])
            sys.stdout.write(f"{intent.id}\n")
            sys.stdout.flush()

    await asyncio.gather(*(keep_paying() for _ in range(8)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
