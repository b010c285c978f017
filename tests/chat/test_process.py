"""The commands as processes: starting, stopping, and what is said when something is wrong."""

from __future__ import annotations

import csv
import re
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from beancount import loader as beancount_loader
from beancount.core.data import Transaction

import bot
from bot.demo import free_port
from simulator.client import Telegram
from storage.audit import INVARIANTS
from tests.chat.driver import Customer
from tests.processes import TOKEN, Running, chatpay


@pytest.fixture
async def running(telegram: Telegram, tmp_path: Path) -> AsyncIterator[Running]:
    await telegram.bot(TOKEN, username="chatpay_bot", inline=True, guest=True)
    process = Running(tmp_path, {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": telegram.url})
    await process.start()
    yield process
    await process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_run_starts_answers_and_stops(
    running: Running, telegram: Telegram, number: signal.Signals
) -> None:
    """It says who it is, answers, and ends well when it is told to."""
    assert running.said == ["Chatpay is running as @chatpay_bot. Ctrl-C stops it."]
    ann = await telegram.person("Ann")
    chat = await ann.start("chatpay_bot")
    await ann.expect(chat, "Welcome to Chatpay")

    ended = await running.stop(number)

    assert ended.code == 0
    assert ended.out == "Stopped.\n"
    assert ended.err == ""


async def test_run_makes_a_secret_that_only_its_owner_can_read(
    running: Running, tmp_path: Path
) -> None:
    """In sandbox the key is made beside the database, once, with mode 0600."""
    secret = tmp_path / "chatpay.secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    key = secret.read_text()
    await running.stop()
    await running.start()
    assert secret.read_text() == key


async def test_a_second_process_on_one_database_is_refused(
    running: Running, tmp_path: Path
) -> None:
    """The sentence names the process that has it; that one goes on."""
    second = await chatpay(tmp_path, "run", **running.changes)
    assert second.code == 1
    assert re.fullmatch(
        r".*chatpay\.db is in use by process \d+: stop that one first\.\n", second.err
    )
    assert (await running.stop()).code == 0


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_run_without_a_token_says_where_to_get_one(tmp_path: Path) -> None:
    """One sentence, exit 1, and no database is made."""
    ended = await chatpay(tmp_path, "run")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == ("TELEGRAM_BOT_TOKEN is not set: get one from @BotFather on Telegram.\n")
    assert files(tmp_path) == []


async def test_run_with_a_token_that_telegram_does_not_know(
    telegram: Telegram, tmp_path: Path
) -> None:
    """A token that is refused is a sentence, and is not repeated in it."""
    wrong = "7000000002:short"
    ended = await chatpay(tmp_path, "run", TELEGRAM_BOT_TOKEN=wrong, TELEGRAM_API_URL=telegram.url)
    assert ended.code == 1
    assert ended.err == (
        "Telegram does not know this TELEGRAM_BOT_TOKEN: copy it again from @BotFather.\n"
    )
    assert wrong not in ended.out + ended.err


async def test_run_with_settings_that_cannot_be_read_names_each(tmp_path: Path) -> None:
    """One line for each wrong setting, by name, without its value."""
    ended = await chatpay(
        tmp_path, "run", MODE="production", HOLD_HOURS="-1", SECRET_KEY="short and secret"
    )
    assert ended.code == 1
    assert [line.partition(" ")[0] for line in ended.err.splitlines()] == [
        "SECRET_KEY",
        "MODE",
        "HOLD_HOURS",
    ]
    assert "short and secret" not in ended.err


async def test_live_mode_names_all_that_is_missing(tmp_path: Path) -> None:
    """Real money needs a key, a way in for money, and a secret for the webhook if there is one."""
    ended = await chatpay(
        tmp_path,
        "run",
        MODE="live",
        TELEGRAM_BOT_TOKEN=TOKEN,
        PUBLIC_URL="https://pay.example.org",
    )
    assert ended.code == 1
    assert [line.partition(" is not set")[0] for line in ended.err.splitlines()] == [
        "SECRET_KEY",
        "PAYMENT_PROVIDER_TOKEN or OPERATORS",
        "WEBHOOK_SECRET",
    ]
    assert files(tmp_path) == []


async def test_a_database_of_a_newer_version_is_left_alone(
    running: Running, tmp_path: Path
) -> None:
    """An older program does not touch what a newer one made."""
    await running.stop()
    with sqlite3.connect(tmp_path / "chatpay.db") as database:
        database.execute("INSERT INTO schema_migrations VALUES (9999, 'of_the_future', 0)")
    database.close()
    ended = await chatpay(tmp_path, "run", **running.changes)
    assert ended.code == 1
    assert "newer version" in ended.err
    assert ended.err.count("\n") == 1


async def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    """No stack trace for a mistyped path."""
    ended = await chatpay(
        tmp_path,
        "run",
        TELEGRAM_BOT_TOKEN=TOKEN,
        SECRET_KEY="k" * 32,
        DATABASE_URL=f"sqlite:///{tmp_path}/not there/chatpay.db",
    )
    assert ended.code == 1
    assert ended.err == f"The folder {tmp_path}/not there does not exist.\n"


async def test_a_port_in_use_is_a_sentence(telegram: Telegram, tmp_path: Path) -> None:
    """The web side says which address it could not have."""
    await telegram.bot(TOKEN, username="chatpay_bot", inline=True, guest=True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = await chatpay(
            tmp_path,
            "run",
            TELEGRAM_BOT_TOKEN=TOKEN,
            TELEGRAM_API_URL=telegram.url,
            PUBLIC_URL="http://127.0.0.1:9",
            LISTEN=listen,
        )
    assert ended.code == 1
    assert ended.err == f"LISTEN={listen} cannot be listened on: Address already in use.\n"


async def test_doctor_says_what_is_wrong_in_one_line_each(tmp_path: Path) -> None:
    """Without a token it is one cross and exit 1."""
    ended = await chatpay(tmp_path, "doctor")
    assert ended.code == 1
    assert ended.out.splitlines() == [
        "✗ TELEGRAM_BOT_TOKEN is not set: get one from @BotFather on Telegram.",
        "✓ MODE=sandbox: play money.",
        "✓ The database can be used.",
    ]


async def test_doctor_is_content_beside_a_running_bot(
    running: Running, telegram: Telegram, tmp_path: Path
) -> None:
    """All ticks and exit 0 while the bot runs on the same settings."""
    ended = await chatpay(tmp_path, "doctor", **running.changes)
    host = telegram.url.removeprefix("http://")
    lines = ended.out.splitlines()
    assert lines[0] == "✓ MODE=sandbox: play money."
    assert re.fullmatch(
        r"✓ .*chatpay\.db is in use by process \d+: stop that one first\.", lines[1]
    )
    assert lines[2:] == [
        f"✓ Telegram ({host}) knows the token: @chatpay_bot.",
        "✓ Updates are polled.",
    ]
    assert ended.code == 0


async def test_demo_shows_three_people_and_a_group(tmp_path: Path) -> None:
    """The demo needs nothing, tells its address, and ends with Ctrl-C."""
    port = free_port()
    demo = Running(tmp_path, {}, ("-m", "bot", "demo", "--no-open", "--port", str(port)))
    await demo.start()
    assert demo.said[0] == (
        f"The demo is at http://127.0.0.1:{port}. Everything in it is play money and stays on "
        "this machine."
    )
    async with Telegram(f"http://127.0.0.1:{port}") as telegram:
        state = await telegram.state()
    assert [person["first_name"] for person in state["people"]] == ["Alice", "Bob", "Carol"]
    assert [chat["title"] for chat in state["chats"] if chat["type"] == "group"] == ["Lunch club"]

    ended = await demo.stop(signal.SIGINT)

    assert (ended.code, ended.out, ended.err) == (0, "Stopped.\n", "")
    assert files(tmp_path) == []


async def test_demo_on_a_port_in_use_says_so(tmp_path: Path) -> None:
    """The port that was asked for is not silently another one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = await chatpay(tmp_path, "demo", "--no-open", "--port", str(port))
    assert ended.code == 1
    assert ended.err == f"Port {port} is in use. Choose another one with --port.\n"


async def test_version(tmp_path: Path) -> None:
    """The version is the package's."""
    ended = await chatpay(tmp_path, "--version")
    assert (ended.code, ended.out, ended.err) == (0, f"chatpay {bot.__version__}\n", "")


async def test_ledger_verify_ticks_every_invariant(
    running: Running, telegram: Telegram, tmp_path: Path
) -> None:
    """Beside the running bot, each invariant has its line; a breach is named, and exit 1."""
    await running_customer(telegram)
    sound = await chatpay(tmp_path, "ledger", "verify", **running.changes)
    assert (sound.code, sound.err) == (0, "")
    lines = sound.out.splitlines()
    assert [line.split()[:2] for line in lines] == [["✓", name] for name in INVARIANTS]
    await running.stop()
    with sqlite3.connect(tmp_path / "chatpay.db") as database:
        database.execute("UPDATE accounts SET balance = balance + 1 WHERE person_id IS NOT NULL")
    database.close()

    broken = await chatpay(tmp_path, "ledger", "verify", **running.changes)

    assert broken.code == 1
    crosses = [line.split()[1] for line in broken.out.splitlines() if line.startswith("✗")]
    assert crosses == ["I1", "I2"]


async def test_ledger_export_and_backup_of_a_running_bot(
    running: Running, telegram: Telegram, tmp_path: Path
) -> None:
    """Both formats hold the top-up; the backup is a sound database of its own."""
    await running_customer(telegram)
    table = await chatpay(tmp_path, "ledger", "export", "--format", "csv", **running.changes)
    assert (table.code, table.err) == (0, "")
    rows = list(csv.DictReader(table.out.splitlines()))
    assert sorted((row["kind"], row["amount"], row["currency"]) for row in rows) == [
        ("topup", "-20.00", "EUR"),
        ("topup", "20.00", "EUR"),
    ]
    book = await chatpay(tmp_path, "ledger", "export", "--format", "beancount", **running.changes)
    assert (book.code, book.err) == (0, "")
    entries, errors, _ = beancount_loader.load_string(book.out)
    assert errors == []
    assert len([entry for entry in entries if isinstance(entry, Transaction)]) == 1

    copied = await chatpay(tmp_path, "backup", "copy.db", **running.changes)

    assert copied.out == (
        "The copy is copy.db. Keep the secret key with it: it does not open without.\n"
    )
    elsewhere = running.changes | {"DATABASE_URL": f"sqlite:///{tmp_path}/copy.db"}
    assert (await chatpay(tmp_path, "ledger", "verify", **elsewhere)).code == 0
    again = await chatpay(tmp_path, "backup", "copy.db", **running.changes)
    assert (again.code, again.err) == (
        1,
        "copy.db exists already: a backup overwrites nothing.\n",
    )


async def running_customer(telegram: Telegram) -> None:
    """Somebody who has joined and added 20 euros."""
    ann = Customer(await telegram.person("Ann"), "chatpay_bot")
    await ann.join()
    await ann.top_up("20")
