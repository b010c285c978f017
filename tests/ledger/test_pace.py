"""How fast is written, counted by all; and who plays a role that one alone is to play."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from payments.ports import Rate, Store
from storage import open_store
from storage.audit import verify_store
from tests.ledger.book import NOW, SEALER, Database

CHAT, OTHER = 11, 22
RATE = Rate(every_ms=1_000, burst=2)
OVERALL = Rate(every_ms=100, burst=10)


async def turn(store: Store, chat_id: int, now: int) -> int:
    """How long a message to a chat must wait."""
    at = await store.aside(lambda tx: tx.pace.turn(chat_id, rate=RATE, overall=OVERALL, now=now))
    return max(at - now, 0)


async def test_a_chat_gets_its_burst_and_then_its_rate(store: Store) -> None:
    """Two at once, the third a second later; whoever must wait is not counted."""
    waits = [await turn(store, CHAT, NOW) for _ in range(4)]

    assert waits == [0, 0, 1_000, 1_000]
    assert await turn(store, CHAT, NOW + 1_000) == 0
    assert await turn(store, CHAT, NOW + 1_000) == 1_000
    assert await turn(store, OTHER, NOW + 1_000) == 0


async def test_all_chats_together_have_a_limit_too(store: Store) -> None:
    """Ten at once, wherever they go, and then one each tenth of a second."""
    for chat_id in range(100, 110):
        assert await turn(store, chat_id, NOW) == 0

    assert await turn(store, CHAT, NOW) == 100
    assert await turn(store, CHAT, NOW + 100) == 0


async def test_what_was_sent_without_asking_counts(store: Store) -> None:
    """For its chat, and for all."""
    await store.aside(
        lambda tx: tx.pace.spend({CHAT: (3, RATE), OTHER: (9, RATE)}, overall=OVERALL, now=NOW)
    )

    assert await turn(store, CHAT, NOW) == 2_000
    assert await turn(store, 33, NOW) == 300


@pytest.mark.parametrize(("paused", "waits"), [(CHAT, [7_000, 0]), (None, [7_000, 7_000])])
async def test_a_pause_holds_a_chat_or_all(
    store: Store, paused: int | None, waits: list[int]
) -> None:
    """Until its end, and then the burst is spent."""
    rate = OVERALL if paused is None else RATE
    await store.aside(lambda tx: tx.pace.pause(paused, rate=rate, now=NOW, until=NOW + 7_000))

    assert [await turn(store, chat_id, NOW) for chat_id in (CHAT, OTHER)] == waits
    assert await turn(store, CHAT, NOW + 7_000) == 0


async def test_chats_that_have_caught_up_are_forgotten(store: Store, database: Database) -> None:
    """Nobody waits for them any more; the others stay."""
    await turn(store, CHAT, NOW)
    await turn(store, OTHER, NOW + 5_000)

    await store.aside(lambda tx: tx.pace.forget(now=NOW + 5_000))

    assert database.execute("SELECT chat_id FROM pace WHERE chat_id <> 0") == [(OTHER,)]


async def test_a_role_is_played_by_one_alone(
    new_postgres_database: Callable[[], Database],
) -> None:
    """Until it stops, or its connection is lost: then by another; different roles by different."""
    database = new_postgres_database()
    one, other = [await open_store(database.url, SEALER) for _ in range(2)]
    assert (one.shared, other.shared) == (True, True)
    assert [await store.lead("polling") for store in (one, other, one)] == [True, False, True]
    assert [await store.lead("sweeping") for store in (other, one)] == [True, False]

    database.execute(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert await one.lead("polling") is False
    assert await other.lead("polling") in {True, False}  # its connection was lost too
    assert await other.lead("polling") is True
    assert await one.lead("polling") is False

    await other.close()
    assert await one.lead("polling") is True
    assert await verify_store(one) == []
    await one.close()


async def test_on_sqlite_one_process_plays_all_roles(store: Store, database: Database) -> None:
    """No other can have the database; on PostgreSQL the first who asks does."""
    assert await store.lead("polling") is True
    assert store.shared is database.url.startswith("postgresql")
