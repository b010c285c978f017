"""The disk is full, read-only, locked or broken, and the clock jumps, while people pay."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from simulator.client import Message, NotSeenError, SimulatorError, Telegram
from storage import sqlite
from tests.chat.books import books
from tests.chat.driver import Chatpay, Clock, Customer, is_keypad
from tests.faults.books import payments_made
from tests.faults.disk import Disk, Failure
from tests.processes import TOKEN, Running
from tests.processes import chatpay as command

CLEAR = ("I could not reach the books just now", "This keypad has closed. Here is where")
"""How sentences begin that tell somebody who tapped on how things stand."""


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Must be asked for before the bot is."""
    failing = Disk()
    monkeypatch.setattr(sqlite, "_connect_to_write", failing.connect)
    return failing


async def open_keypad(payer: Customer, command: str = "/pay @bob 10") -> Message:
    """A card with its keypad, and five digits tapped."""
    await payer.press(await payer.ask(command, "Pay Bob"), "Pay")
    keypad = await payer.see(is_keypad)
    await payer.tap(keypad, payer.pin[:5])
    return keypad


async def tap_until_paid(payer: Customer, keypad: Message) -> list[str]:
    """Taps the last digit, and on as long as nothing comes of it; answers what was said."""
    said = []
    for _ in range(20):
        try:
            answer = await payer.person.press(keypad, payer.pin[5], wait=5)
        except (LookupError, SimulatorError):
            pass  # the keypad is gone: it became the receipt
        else:
            said += [answer.toast] if answer.toast else []
        try:
            await payer.see("✅ Paid", seconds=1.5)
        except NotSeenError:
            continue
        return said
    raise AssertionError(f"it was never paid; said: {said}")


async def failed(disk: Disk) -> None:
    """Waits until the one failure has happened: it may hit what follows the receipt."""
    for _ in range(400):
        if disk.failed:
            break
        await asyncio.sleep(0.05)
    assert disk.failed == 1


@pytest.mark.parametrize("failure", ["readonly", "lost", "unknown"])
async def test_whichever_transaction_of_a_payment_fails_it_is_made_once(
    disk: Disk, chatpay: Chatpay, clock: Clock, alice: Customer, bob: Customer, failure: Failure
) -> None:
    """From the last tap on each transaction fails in turn; a clear sentence, or all goes on."""
    said: list[str] = []
    for after in range(6):
        keypad = await open_keypad(alice)
        disk.fail(failure, after=after)
        said += await tap_until_paid(alice, keypad)
        await failed(disk)
        disk.heal()
        clock.advance(minutes=1)  # a notice whose claim was lost is free once its lease is over
        await bob.see("paid you €10.00")

    assert payments_made(chatpay) == [(alice.id, bob.id, 1_000)] * 6
    assert (await alice.balance(), await bob.balance()) == ("€40.00", "€160.00")
    assert [words for words in said if not words.startswith(CLEAR)] == []


async def test_a_database_that_another_program_locks_makes_people_wait_and_loses_nothing(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Longer than the writer waits for a lock: what was tapped meanwhile is done afterwards."""
    keypad = await open_keypad(alice)
    with closing(sqlite3.connect(chatpay.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        tapped = await alice.person.press(keypad, alice.pin[5], wait=5.5)
        assert not tapped.answered
        assert payments_made(chatpay) == []
        other.execute("ROLLBACK")

    await alice.see("✅ Paid €10.00", seconds=15)
    await bob.see("paid you €10.00", seconds=15)
    assert payments_made(chatpay) == [(alice.id, bob.id, 1_000)]


@pytest.fixture
async def running(telegram: Telegram, tmp_path: Path) -> AsyncIterator[Running]:
    await telegram.bot(TOKEN, username="chatpay_bot")
    process = Running(tmp_path, {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": telegram.url})
    await process.start()
    yield process
    await process.kill()


def limit_files(process: Running, size: int) -> None:
    """As on a full disk, the process can write no file beyond a size in bytes."""
    assert process.pid is not None
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


async def test_a_full_disk_acknowledges_nothing_and_loses_nothing(
    running: Running, telegram: Telegram, tmp_path: Path
) -> None:
    """Nothing is answered or moved while it is full; once there is room, all is done, once."""
    alice = Customer(await telegram.person("Alice", username="alice"), "chatpay_bot")
    bob = Customer(await telegram.person("Bob", username="bob"), "chatpay_bot")
    await bob.join()
    await alice.get_ready()
    keypad = await open_keypad(alice)

    limit_files(running, 4096)
    tapped = await alice.person.press(keypad, alice.pin[5], wait=1)
    await bob.say("/balance")
    assert not tapped.answered
    with pytest.raises(NotSeenError):
        await bob.see("available", seconds=1)
    assert payments_made(tmp_path / "chatpay.db") == []
    limit_files(running, resource.RLIM_INFINITY)

    await alice.see("✅ Paid €10.00", seconds=20)
    await bob.see("paid you €10.00", seconds=20)
    ended = await running.stop()
    assert ended.code == 0
    assert payments_made(tmp_path / "chatpay.db") == [(alice.id, bob.id, 1_000)]
    assert (await command(tmp_path, "ledger", "verify")).code == 0


async def test_a_file_that_is_no_database_is_left_alone(
    telegram: Telegram, tmp_path: Path
) -> None:
    """What cannot be used is said in one line, and not touched."""
    content = b"this is no database, and longer than the header of one " * 40
    (tmp_path / "chatpay.db").write_bytes(content)
    ended = await command(tmp_path, "run", TELEGRAM_BOT_TOKEN=TOKEN, TELEGRAM_API_URL=telegram.url)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.count("\n") == 1
    assert "chatpay.db" in ended.err
    assert (tmp_path / "chatpay.db").read_bytes() == content


async def test_a_clock_that_jumps_forth_and_back_returns_a_hold_once(
    chatpay: Chatpay, clock: Clock, alice: Customer
) -> None:
    """A day ahead the money comes back; back in the present it is not taken, nor given again."""
    await alice.approve(await alice.ask("/pay @stranger 10", "@stranger"))
    await alice.see("is waiting for")
    clock.advance(hours=-48)
    assert await alice.balance() == "€90.00"
    clock.advance(hours=48 + 25)
    await alice.see("came back|back to you|is back")
    assert await alice.balance() == "€100.00"
    after = books(chatpay)

    for hours in (-30, 60, -60, 30):
        clock.advance(hours=hours)
        await asyncio.sleep(1.1)  # the sweeper looks once a second

    assert await alice.balance() == "€100.00"
    assert books(chatpay) == after


async def test_a_keypad_and_a_card_survive_a_clock_set_back(
    chatpay: Chatpay, clock: Clock, alice: Customer, bob: Customer
) -> None:
    """An hour back in the middle of a PIN: the rest of it still pays, once."""
    keypad = await open_keypad(alice)
    clock.advance(hours=-1)
    await alice.tap(keypad, alice.pin[5:])
    await alice.see("✅ Paid €10.00")
    await bob.see("paid you €10.00")
    assert payments_made(chatpay) == [(alice.id, bob.id, 1_000)]


async def test_a_keypad_does_not_outlive_a_clock_set_ahead(
    chatpay: Chatpay, clock: Clock, alice: Customer, bob: Customer
) -> None:
    """Three minutes ahead it is closed: nothing is paid, and the card can be paid anew."""
    keypad = await open_keypad(alice)
    before = books(chatpay)
    clock.advance(minutes=3)
    await alice.tap(keypad, alice.pin[5:])
    card = await alice.see("Pay Bob")
    assert books(chatpay) == before
    await alice.approve(card)
    await alice.see("✅ Paid €10.00")
    assert payments_made(chatpay) == [(alice.id, bob.id, 1_000)]


async def test_a_receipt_does_not_wait_for_a_clock_that_was_set_back(
    telegram: Telegram, chatpay: Chatpay, clock: Clock, alice: Customer, bob: Customer
) -> None:
    """To be sent again in a second, and then it is three hours earlier: it is sent soon."""
    await telegram.fault("500", "sendMessage", times=1, chat_id=bob.id)
    keypad = await open_keypad(alice)
    await alice.tap(keypad, alice.pin[5:])
    await alice.see("✅ Paid €10.00")
    clock.advance(hours=-3)
    await bob.see("paid you €10.00", seconds=5)
