"""The commands on PostgreSQL, as processes: moving there, looking into the books, copying them."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from simulator.client import Telegram
from storage.audit import INVARIANTS, QUICK
from tests.chat.driver import Customer
from tests.processes import TOKEN, Running, chatpay

KEY = "only for tests " * 3


@pytest.fixture
async def running(telegram: Telegram, tmp_path: Path) -> AsyncIterator[Running]:
    """A bot on SQLite."""
    await telegram.bot(TOKEN, username="chatpay_bot")
    changes = {
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": telegram.url,
        "SECRET_KEY": KEY,
    }
    process = Running(tmp_path, changes)
    await process.start()
    yield process
    await process.kill()


async def test_a_shop_moves_to_postgresql_and_goes_on_with_an_open_card(
    running: Running, telegram: Telegram, tmp_path: Path, new_postgres_url: Callable[[], str]
) -> None:
    """Refused beside the bot; then a card from before is paid with the same PIN on the new one."""
    url = new_postgres_url()
    ann, bea = [
        Customer(await telegram.person(n, username=n), "chatpay_bot") for n in ("ann", "bea")
    ]
    for customer in (ann, bea):
        await customer.get_ready("20")
    card = await ann.ask("/pay @bea 12.50 lunch", "Pay Bea|Pay bea")
    moving = ("migrate", "--from", f"sqlite:///{tmp_path}/chatpay.db", "--to", url)

    beside = await chatpay(tmp_path, *moving)
    assert (beside.code, beside.out) == (1, "")
    assert "is in use by process" in beside.err
    await running.stop()
    moved = await chatpay(tmp_path, *moving)
    again = await chatpay(tmp_path, *moving)

    assert (moved.code, moved.err) == (0, "")
    assert "✓ transfers: 2" in moved.out.splitlines()
    assert "✓ EUR: people own 40.00, of which 0.00 is held" in moved.out.splitlines()
    assert again.code == 1
    assert "the target is not empty" in again.err.lower()
    running.changes["DATABASE_URL"] = url
    await running.start()
    await ann.approve(card)
    await bea.see("paid you €12.50")
    await assert_commands_work(tmp_path, running.changes)
    await running.stop()


async def assert_commands_work(folder: Path, changes: dict[str, str]) -> None:
    """Verified in full and quickly, exported; a backup is another tool's."""
    full = await chatpay(folder, "ledger", "verify", **changes)
    quick = await chatpay(folder, "ledger", "verify", "--quick", **changes)
    assert [line.split()[:2] for line in full.out.splitlines()] == [["✓", n] for n in INVARIANTS]
    assert [line.split()[:2] for line in quick.out.splitlines()] == [["✓", n] for n in QUICK]
    assert (full.code, quick.code) == (0, 0)
    table = await chatpay(folder, "ledger", "export", "--format", "csv", **changes)
    rows = list(csv.DictReader(table.out.splitlines()))
    assert sorted(row["amount"] for row in rows) == sorted(
        ["-20.00", "20.00", "-20.00", "20.00", "-12.50", "12.50"]
    )
    copied = await chatpay(folder, "backup", **changes)
    assert (copied.code, copied.out) == (1, "")
    assert "pg_dump --format=custom" in copied.err


async def test_without_a_key_of_ones_own_no_worker_starts(
    telegram: Telegram, tmp_path: Path, new_postgres_url: Callable[[], str]
) -> None:
    """Each worker would make another one, and none could read what the others sealed."""
    ended = await chatpay(
        tmp_path,
        "run",
        TELEGRAM_BOT_TOKEN=TOKEN,
        TELEGRAM_API_URL=telegram.url,
        DATABASE_URL=new_postgres_url(),
    )
    assert (ended.code, ended.err) == (
        1,
        "SECRET_KEY is not set: on PostgreSQL every worker needs the same one of your own.\n",
    )
    assert not (tmp_path / "chatpay.secret").exists()
