"""Where a PIN, a token or a phone number must never be: everywhere but on the keypad's keys.

The bot runs as a process that logs all there is to log, but for the libraries that quote messages
and are kept quiet by `bot/logs.py` whatever the level. The PINs of this test begin
and end nowhere else, and are long enough not to come up by chance in a hexadecimal id.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from simulator.client import Message, Telegram
from tests.chat.driver import Customer, is_keypad
from tests.processes import TOKEN, Running, chatpay

PIN, NEW_PIN, WRONG_PIN, TYPED_PIN = "274913", "583016", "860427", "391750"
PINS = (PIN, NEW_PIN, WRONG_PIN, TYPED_PIN)
PHONE = "353871234567"
KEY = "a secret key that no log may show"
RUN_AT_DEBUG = """
import logging, sys
sys.stderr = open("log.txt", "w", buffering=1)  # a pipe that nobody reads would fill up
from bot import logs
from bot.__main__ import main

quiet = logs.set_up

def talkative(**options):
    quiet(**options)
    logging.getLogger().setLevel(logging.DEBUG)
    logging.getLogger("test").debug("DEBUG STARTS HERE")

logs.set_up = talkative
sys.argv = ["chatpay", "run"]
main()
"""


@pytest.fixture
async def running(telegram: Telegram, tmp_path: Path) -> AsyncIterator[Running]:
    await telegram.bot(TOKEN, username="chatpay_bot")
    process = Running(
        tmp_path,
        {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": telegram.url, "SECRET_KEY": KEY},
        ("-c", RUN_AT_DEBUG),
    )
    await process.start()
    yield process
    await process.kill()


async def keypad_of(customer: Customer, wanted: str) -> Message:
    """The keypad on the screen that says something."""
    return await customer.see(lambda m: wanted in m.text and is_keypad(m))


async def talk(telegram: Telegram) -> list[Message]:
    """PINs chosen, repeated, mistaken, changed, tapped to pay, and typed; all keypads seen."""
    bob = Customer(await telegram.person("Bob", username="bob"), "chatpay_bot")
    await bob.join()
    alice = Customer(
        await telegram.person("Alice", username="alice", phone=f"+{PHONE}"), "chatpay_bot"
    )
    await alice.join()
    await alice.top_up("50")
    keypads = []

    async def tap(wanted: str, pin: str) -> None:
        keypads.append(await keypad_of(alice, wanted))
        await alice.tap(keypads[-1], pin)

    await alice.say("/pin")
    await tap("Choose a PIN", PIN)
    await tap("Once more", WRONG_PIN)
    await tap("not the same", PIN)
    await tap("Once more", PIN)
    await alice.see("PIN is set")
    await alice.press(await alice.ask("/pay @bob 10 lunch", "Pay Bob"), "Pay")
    await tap("Tap your PIN", WRONG_PIN)
    await tap("Wrong PIN", PIN)
    await alice.see("✅ Paid")
    await alice.press(await alice.ask("/pin", "It is set"), "Change my PIN")
    await tap("present PIN", PIN)
    await tap("the new one", NEW_PIN)
    await tap("Once more", NEW_PIN)
    await alice.see("PIN is set")
    await alice.ask(TYPED_PIN, "Never type your PIN")
    await alice.person.share_contact(alice.chat)
    await alice.ask("/balance", "available")
    await alice.press(await alice.ask("/pay @bob 1", "Pay Bob"), "Pay")
    keypads.append(await keypad_of(alice, "Tap your PIN"))
    await alice.tap(keypads[-1], NEW_PIN[:5])  # left open: its digits are in the database
    return keypads


def in_any_form(secret: str) -> Iterable[bytes]:
    """As it is, spread out, and as a list of its digits."""
    yield secret.encode()
    for between in (" ", ",", ", ", "', '", '", "'):
        yield between.join(secret).encode()


def assert_nowhere(content: bytes, where: str, secrets: Iterable[str]) -> None:
    """None of the secrets, in any form."""
    forms = chain.from_iterable(map(in_any_form, secrets))
    assert [form for form in forms if form in content] == [], where


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def without_keys(call: dict[str, Any]) -> str:
    """A call to the Bot API, but for what its buttons say."""
    params = dict(call["params"])
    markup = params.pop("reply_markup", None) or {}
    markup = json.loads(markup) if isinstance(markup, str) else markup
    for button in chain.from_iterable(markup.get("inline_keyboard", [])):
        params.setdefault("buttons", []).append({**button, "text": ""})
    return json.dumps(params, ensure_ascii=False)


async def test_a_pin_is_nowhere_but_under_the_fingers(
    running: Running, telegram: Telegram, tmp_path: Path
) -> None:
    """No call, callback, log line, database byte or backup holds a PIN, or five digits of one."""
    await talk(telegram)
    files = contents(tmp_path)
    assert {"chatpay.db", "chatpay.db-wal"} <= set(files)
    copied = await chatpay(tmp_path, "backup", "copy.db", **running.changes)
    assert copied.code == 0
    ended = await running.stop()
    files |= contents(tmp_path)
    begun = [*PINS, NEW_PIN[:5]]

    for name, content in files.items():
        assert_nowhere(content, name, begun)
    assert ended.code == 0
    assert b"DEBUG STARTS HERE" in files["log.txt"]
    for call in await telegram.calls():
        if call["method"] != "getupdates":
            assert_nowhere(without_keys(call).encode(), call["method"], begun)
    for update in await telegram.updates():
        query = update["update"].get("callback_query")
        if query:
            assert_nowhere(query["data"].encode(), "callback data", begun)


async def test_no_log_holds_a_token_a_key_a_phone_number_or_what_people_say(
    running: Running, telegram: Telegram, tmp_path: Path
) -> None:
    """At the level of debugging, and when something goes wrong."""
    await talk(telegram)
    await telegram.fault("500", "sendMessage", times=1)
    ann = await telegram.person("Annabel")
    await ann.expect(await ann.start("chatpay_bot"), "Welcome")

    ended = await running.stop()

    logged = (tmp_path / "log.txt").read_bytes() + (ended.out + ended.err).encode()
    secret_half = TOKEN.partition(":")[2]
    assert_nowhere(logged, "logs", [TOKEN, secret_half, KEY, PHONE])
    assert [word for word in (b"lunch", b"Annabel", b"alice") if word in logged] == []


async def test_a_keypads_tokens_tell_nothing(running: Running, telegram: Telegram) -> None:
    """Each is random: no two keypads share one, and none grows or shrinks with its digit."""
    keypads = await talk(telegram)
    tokens = [
        [keypad.button(str(digit))["callback_data"].rpartition(":")[2] for digit in range(10)]
        for keypad in keypads
    ]

    flat = list(chain.from_iterable(tokens))
    assert len(set(flat)) == len(flat) == 10 * len(keypads)
    assert {len(token) for token in flat} == {6}
    assert all(re.fullmatch("[0-9a-f]{6}", token) for token in flat)
    assert [keypad for keypad in tokens if keypad == sorted(keypad)] == []
