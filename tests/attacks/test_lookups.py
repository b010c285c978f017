"""Finding out who is here by trying phone numbers."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from bot.__main__ import open_payments
from payments import proofs
from payments.policy import Policy
from payments.ports import Tx
from storage.sealing import Sealer
from storage.sqlite import SqliteConnection
from tests.attacks.doors import nothing_moves
from tests.chat.driver import Chatpay, Clock, Customer
from tests.chat.test_verify import BOBS, NOT_FOUND, verify

UNKNOWN = "+55 11 91234-5679"
HERS = "+55 11 91234-5678"
TOO_MANY = "You have looked for a lot of phone numbers"


@pytest.fixture
async def bob(chatpay: Chatpay) -> Customer:
    """Somebody who can be paid by phone number."""
    bob = await chatpay.customer("Bob", phone=BOBS)
    await verify(bob)
    return bob


@pytest.fixture
async def _has_tried(chatpay: Chatpay, mallory: Customer) -> None:
    """Mallory has one look-up left in this hour."""
    now = chatpay.clock()
    seeker = Sealer(chatpay.settings.secret_keys()).seeker_digest(mallory.id)
    most = Policy().lookups_hour
    with closing(sqlite3.connect(chatpay.database)) as database:
        database.executemany(
            "INSERT INTO lookups VALUES (?, ?, ?)",
            [(seeker, position, now) for position in range(1, most)],
        )
        database.commit()


@pytest.mark.usefixtures("_has_tried")
async def test_numbers_are_tried_so_often_and_no_more(
    chatpay: Chatpay, clock: Clock, mallory: Customer, bob: Customer
) -> None:
    """The last look-up is answered, then a sentence says until when there is none: by /pay and
    /request, after a restart, for numbers that are here and that are not.
    """
    with nothing_moves(chatpay):
        await mallory.ask(f"/pay {UNKNOWN} 1", "cannot find anybody")
        said = []
        for command in (f"/pay {HERS} 1", f"/pay {UNKNOWN} 1", f"/request {HERS} 1"):
            said.append((await mallory.ask(command, TOO_MANY)).text)
            assert "Bob" not in said[-1]
        assert said[0] == said[1]
        await chatpay.restart()
        await mallory.ask(f"/pay {HERS} 1", TOO_MANY)
        await mallory.ask("/pay @bob 1", "Pay Bob")
    clock.advance(minutes=61)
    await mallory.ask(f"/pay {HERS} 1", "Pay Bob")


async def test_hidden_and_unknown_cost_the_same(
    chatpay: Chatpay, mallory: Customer, bob: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number that nobody has, and one that is not to be found: the same words, and the same
    work for the database.
    """
    await bob.press(await bob.see("Your number"), "Pay by phone: on")
    await bob.see(lambda message: "Pay by phone: off" in message.labels)
    with nothing_moves(chatpay):
        said = [(await mallory.ask(f"/pay {n} 1", "Whom")).text for n in (HERS, UNKNOWN)]
    assert said[0] == said[1]
    assert said[0].startswith(NOT_FOUND)
    await chatpay.stop()

    asked: list[str] = []
    run = SqliteConnection._run

    def counted(self: SqliteConnection, query: str, values: dict[str, object]) -> sqlite3.Cursor:
        asked.append(query)
        return run(self, query, values)

    def work(tx: Tx, number: str) -> list[str]:
        """What the database is asked for one look-up; nothing else runs meanwhile."""
        asked.clear()
        found = proofs.look_up(tx, number, by=mallory.id, policy=Policy(), now=chatpay.clock())
        assert found is None
        return list(asked)

    monkeypatch.setattr(SqliteConnection, "_run", counted)
    keys = chatpay.settings.secret_keys()
    async with open_payments(chatpay.settings, keys, clock=chatpay.clock) as payments:
        await payments.store.write(lambda tx: work(tx, "+5511912345677"))  # knows who asks by now
        hidden = await payments.store.write(lambda tx: work(tx, "+5511912345678"))
        unknown = await payments.store.write(lambda tx: work(tx, "+5511912345679"))
    assert hidden == unknown
    assert "findable_by_digest" in hidden
    await chatpay.start()
