"""A stolen database: its file, its log, its backup, every byte and every column of them.

Whoever has them and not SECRET_KEY learns who paid whom how much, which is what the books are, and
the names that people gave. They learn no phone number, no note, no bank account, nothing that a
link asks or says, no PIN, and nothing by which money could be moved.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from msgspec.structs import replace

from bot.__main__ import open_payments
from payments.models import ActionKind, Keypad, OperatorAction
from payments.money import Money
from payments.pinhash import PinHasher, UnknownPepperError
from payments.results import Approved, Enrolled
from payments.service import Payments
from simulator.client import Telegram
from simulator.server import LocalTelegram
from storage.backup import backup
from storage.errors import UnknownKey
from storage.sealing import Sealer, Use
from tests.attacks.conftest import OPERATOR_ID
from tests.attacks.doors import nothing_moves
from tests.chat.driver import Chatpay, Customer
from tests.chat.test_verify import verify as verify_phone
from tests.wire.test_secrecy import contents

PHONE = "+4915123456789"
IBAN = "DE89370400440532013000"
PIN = "274913"
WORDS = {
    "a note": "umbrellanote",
    "a request": "galoshesrequest",
    "a link's note": "marmaladelink",
    "a question": "whichparkinglot",
    "an answer": "behindthebakery",
    "thanks": "comeagainsoon",
    "a reference": "invoicefourtytwo",
    "a reason": "reportedbyneighbours",
    "an update": "whisperedmessage",
    "a draft": "halfwrittendraft",
}


@dataclass(frozen=True)
class Loot:
    """What was stolen, and what must not be in it."""

    files: dict[str, bytes]
    database: Path
    secrets: dict[str, str]
    owner_id: int
    """Whose PIN is `PIN`, and whose phone number `PHONE`."""
    key: bytes
    """The one that was not stolen."""

    @property
    def pepper(self) -> bytes:
        """What PINs are hashed with, as `bot/__main__.py` derives it."""
        return hmac.digest(self.key, b"chatpay pepper", "sha256")

    @property
    def pin_hash(self) -> str:
        """The owner's, as stored."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT hash FROM pins WHERE person_id = ?", (self.owner_id,))
            (stored,) = row.fetchone()
        return str(stored)


@pytest.fixture(scope="module")
def loot(tmp_path_factory: pytest.TempPathFactory) -> Loot:
    """A lived-in book, copied while the bot has it open, with a backup beside it."""
    return asyncio.run(_steal(tmp_path_factory.mktemp("lived-in")))


async def _steal(folder: Path) -> Loot:
    async with LocalTelegram() as server, Telegram(server.url) as telegram:
        chatpay = Chatpay(telegram, folder, changes={"operators": (OPERATOR_ID,)})
        await chatpay.start()
        alice = await chatpay.newcomer("Alice", phone=PHONE)
        await alice.get_ready()
        bob = await chatpay.customer("Bob")
        await chatpay.customer("Olga", money="", id=OPERATOR_ID)
        await _chat(alice, bob)
        await chatpay.stop()
        (key,) = chatpay.settings.secret_keys()
        async with open_payments(chatpay.settings, [key], clock=chatpay.clock) as payments:
            secrets = await _live_on(payments, alice.id, bob.id)
            backup(chatpay.database, folder / "backup.db")
            files = contents(folder)
    assert {"chatpay.db", "chatpay.db-wal", "backup.db"} <= set(files)
    return Loot(files, folder / "backup.db", secrets, alice.id, key)


async def _chat(alice: Customer, bob: Customer) -> None:
    """Alice shows what is hers, pays, asks, and stops in the middle of a request."""
    await verify_phone(alice)
    await alice.press(await alice.ask("/settings", "Settings"), "Bank account")
    await alice.press(await alice.see("None is linked"), "Link an account")
    await alice.see("Type your IBAN")
    await alice.ask(IBAN, "withdrawals go to")
    await alice.approve(await alice.ask(f"/pay @bob 1 {WORDS['a note']}", "Pay Bob"))
    await alice.see("✅ Paid")
    asked = await alice.ask(f"/request @bob 5 {WORDS['a request']}", "Ask Bob")
    await alice.press(asked, "Ask for")
    await bob.see("5.00")
    await alice.ask(f"/request {WORDS['a draft']}", "How much|Whom")
    await bob.ask(WORDS["an update"], ".")


async def _live_on(payments: Payments, alice: int, bob: int) -> dict[str, str]:
    """Links, a device, a held payment, an operator's action, a keypad left open; the secrets."""
    link = await payments.make_link(alice, amount=Money(100, "EUR"), note=WORDS["a link's note"])
    terms = replace(
        link.terms,
        question=WORDS["a question"],
        thanks=WORDS["thanks"],
        reference=WORDS["a reference"],
    )
    await payments.edit_link(link.id, alice, terms)
    card = await payments.pay_link(link.id, bob)
    await payments.amend(card.id, bob, answer=WORDS["an answer"])
    device = await type_pin(payments, await payments.begin_device(alice, name="Phone"))
    assert isinstance(device, Enrolled)
    gift = await payments.gift(alice, amount=Money(100, "EUR"))
    given = await type_pin(payments, await payments.ask_pin(gift.id, alice))
    assert isinstance(given, Approved)
    await _act_as_operator(payments, bob)
    left_open = await payments.begin_device(alice, name="Another")
    await type_pin(payments, left_open, PIN[:5])
    return {
        **WORDS,
        "a phone number": PHONE[1:],
        "a national number": PHONE[3:],
        "a bank account": IBAN,
        "a bank account's number": IBAN[-10:],
        "a PIN": PIN,
        "a device's token": device.token,
        "a device's secret": device.token.partition(".")[2],
        "what takes a gift": str(given.intent.payments[0].claim_token),
        "a key of an open keypad": "".join(left_open.keys[:2]),
    }


async def _act_as_operator(payments: Payments, whom: int) -> None:
    olga = await payments.person(OPERATOR_ID)
    assert olga is not None
    action = OperatorAction(ActionKind.FREEZE, "", whom, WORDS["a reason"])
    await type_pin(payments, await payments.begin_action(OPERATOR_ID, action))


async def type_pin(payments: Payments, keypad: Keypad, digits: str = PIN) -> object:
    """Taps a PIN; what the last tap led to."""
    result: object = None
    for at, digit in enumerate(digits):
        tap_id = f"{keypad.id}{at}"
        result = await payments.tap(
            keypad.id, keypad.person_id, keypad.keys[int(digit)], tap_id=tap_id
        )
    return result


# --- looking through it --------------------------------------------------------------------------


def in_any_form(secret: str) -> Iterator[bytes]:
    """A text as databases and files may hold it: encodings, hexadecimal, base64, backwards."""
    plain = secret.encode()
    for form in (plain, plain[::-1], secret.encode("utf-16-le"), secret.encode("utf-16-be")):
        yield form
        yield form.hex().encode()
        yield form.hex().upper().encode()
    for cut in range(3):  # base64 looks different at each place in three bytes
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            inner = plain[cut:]
            yield encode(inner[: len(inner) // 3 * 3])
    if secret.isdigit():
        number = int(secret)
        if number >= 1 << 32:
            yield from (number.to_bytes(8, order) for order in ("big", "little"))
            yield number.to_bytes(6, "big")  # as SQLite stores an integer of that size


def columns(database: Path) -> Iterator[tuple[str, bytes]]:
    """Every value of every column of every table, as bytes."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        for (table,) in tables.fetchall():
            cursor = connection.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in cursor.description]
            for row in cursor:
                for name, value in zip(names, row, strict=True):
                    plain = value if isinstance(value, bytes) else str(value).encode()
                    yield f"{table}.{name}", plain


def test_nothing_told_in_confidence_is_in_a_stolen_database(loot: Loot) -> None:
    """Not in a page, the log, the backup or a column, in any encoding."""
    places = [*loot.files.items(), *columns(loot.database)]
    found = [
        (what, where)
        for (what, secret), (where, content) in product(loot.secrets.items(), places)
        if any(form in content for form in in_any_form(secret))
    ]
    assert found == []
    # The search finds what is there: a name is plain in the file, the log and a column.
    names = {where for where, content in places if b"Alice" in content}
    assert {"backup.db", "people.name"} <= names


def test_neither_the_key_nor_the_pepper_is_in_it(loot: Loot) -> None:
    """SECRET_KEY, and whatever is derived from it, is elsewhere."""
    for where, content in loot.files.items():
        for secret in (loot.key.decode().strip(), loot.pepper.hex()):
            assert not any(form in content for form in in_any_form(secret)), where
        assert loot.pepper not in content, where


def test_trying_all_pins_cannot_begin(loot: Loot) -> None:
    """What was hashed is no PIN but an HMAC under a key that is not there: the right six digits,
    in any form a thief could think of, do not match, so all million of them would not.
    """
    pepper_id, _, encoded = loot.pin_hash.partition("$")
    argon2, encoded = PasswordHasher(), "$" + encoded
    person = str(loot.owner_id)
    keys = [b"", b"\x00" * 32, pepper_id.encode(), bytes.fromhex(pepper_id), person.encode()]
    plain = [PIN, f"{person}:{PIN}", f"{PIN}:{person}", person + PIN]
    guesses = [guess.encode() for guess in plain]
    guesses += [hashlib.sha256(guess.encode()).digest() for guess in plain]
    guesses += [hmac.digest(key, guess.encode(), "sha256") for key, guess in product(keys, plain)]
    for guess in guesses:
        with pytest.raises(VerifyMismatchError):
            argon2.verify(encoded, guess)
    with pytest.raises(UnknownPepperError):
        PinHasher([b"a guess at the pepper, 32 bytes."]).verify(loot.owner_id, PIN, loot.pin_hash)

    # With the key it is one comparison: it is the key, and nothing else, that is missing.
    keyed = hmac.digest(loot.pepper, f"{person}:{PIN}".encode(), "sha256")
    assert argon2.verify(encoded, keyed)


async def test_numbers_cannot_be_tried_against_their_digests(chatpay: Chatpay, loot: Loot) -> None:
    """There are few enough phone numbers to try them all; their digests are keyed."""
    values = {value for where, value in columns(loot.database) if where == "phones.digest"}
    assert len(values) == 1
    for written, key in product(
        (PHONE, PHONE[1:], PHONE[3:]), (b"", b"phone digest", b"chatpay phone digest")
    ):
        for name in ("sha256", "sha1", "md5", "blake2b"):
            assert hashlib.new(name, written.encode()).digest() not in values
        assert hmac.digest(key, written.encode(), "sha256") not in values
    assert Sealer([b"a guess at the key of 32 bytes.."]).phone_digests(PHONE)[0] not in values
    assert set(Sealer([loot.key]).phone_digests(PHONE)) == values


def test_what_is_sealed_opens_with_the_key_alone(loot: Loot) -> None:
    """Another key is refused by name; no two sealed values are equal, even of equal words."""
    sealed = [
        value
        for where, value in columns(loot.database)
        if re.fullmatch(r"(phones|bank_accounts)\.number|(intents|requests|links)\.note", where)
        and value != b"None"
    ]
    assert len(sealed) >= 5
    assert len(set(sealed)) == len(sealed)
    stranger = Sealer([b"a guess at the key of 32 bytes.."])
    for value in sealed:
        with pytest.raises(UnknownKey):
            stranger.open(value, use=Use.PHONE, row=loot.owner_id)


async def test_ids_out_of_the_file_are_no_licence(
    chatpay: Chatpay, alice: Customer, bob: Customer, mallory: Customer
) -> None:
    """Whoever knows the ids of cards, payments and keypads presses buttons that are not theirs."""
    await alice.approve(await alice.ask("/pay @bob 1", "Pay Bob"))
    await alice.press(await alice.ask("/pay @bob 2", "Pay Bob"), "Pay €2.00")
    taken = {
        (where.partition(".")[0], value.decode())
        for where, value in columns(chatpay.database)
        if re.fullmatch(r"(intents|keypads|payments)\.id", where)
    }
    assert len(taken) >= 5
    last = await mallory.ask("/help", ".")
    verbs = {
        "intents": ("cp:i:pay:{}", "cp:i:cancel:{}", "cp:i:sum:{}:1:EUR"),
        "payments": ("cp:i:back:{}", "cp:i:hold:{}", "cp:i:refund:{}"),
        "keypads": ("cp:k:t:{}:del",),
    }
    with nothing_moves(chatpay):
        for table, stolen in sorted(taken):
            for verb in verbs[table]:
                answer = await mallory.person.press_data(last, verb.format(stolen))
                assert answer.alert, verb
        assert await mallory.balance() == "€100.00"
