"""Outbox, inbox, cards and prompts: what the chat needs to survive a restart."""

from __future__ import annotations

import asyncio

import pytest

from payments.models import Card, Notice, NoticeKind, Prompt, StoredUpdate
from payments.ports import Store, Tx
from tests.ledger.book import ALICE, BOB, NOW, Database, do

LEASE = 1_000

# --- outbox ------------------------------------------------------------------------------------


def _tell(tx: Tx, conversation_id: int, subject_id: str, now: int = NOW) -> None:
    tx.outbox.add(NoticeKind.INTENT, to=conversation_id, subject_id=subject_id, now=now)


async def _claim(store: Store, now: int = NOW, limit: int = 10) -> list[Notice]:
    return await store.write(
        lambda tx: tx.outbox.claim(now=now, lease_until=now + LEASE, limit=limit)
    )


async def test_notices_are_handed_out_in_order_one_a_conversation(store: Store) -> None:
    """The next of a conversation comes once the one before it was sent."""
    for conversation_id, subject_id in ((5, "a"), (5, "b"), (6, "c")):
        await store.write(do(_tell, conversation_id, subject_id))
    assert await store.read(lambda tx: tx.outbox.waiting()) == 3

    first = await _claim(store)
    assert [(n.conversation_id, n.subject_id) for n in first] == [(5, "a"), (6, "c")]
    assert first[0] == Notice(first[0].id, NoticeKind.INTENT, 5, "a", 0, NOW)
    assert await _claim(store) == []

    await store.write(lambda tx: tx.outbox.done(first[0].id))
    assert [n.subject_id for n in await _claim(store)] == ["b"]
    assert await store.read(lambda tx: tx.outbox.waiting()) == 2


async def test_a_notice_comes_back_after_its_lease(store: Store) -> None:
    """A sender that died does not keep it."""
    await store.write(do(_tell, 5, "a"))
    (first,) = await _claim(store)

    assert await _claim(store, NOW + LEASE - 1) == []
    assert await _claim(store, NOW + LEASE) == [first]


async def test_a_notice_that_failed_holds_up_its_conversation(store: Store) -> None:
    """It is tried again at its time, and what follows waits for it."""
    await store.write(do(_tell, 5, "a"))
    await store.write(do(_tell, 5, "b"))
    (first,) = await _claim(store)

    await store.write(lambda tx: tx.outbox.retry(first.id, due_at=NOW + 100))
    assert await _claim(store, NOW + 99) == []
    (again,) = await _claim(store, NOW + 100)
    assert (again.id, again.attempts) == (first.id, 1)


async def test_a_buried_notice_lets_the_next_through(store: Store, database: Database) -> None:
    """It is kept with the reason, and no longer waits."""
    await store.write(do(_tell, 5, "a"))
    await store.write(do(_tell, 5, "b"))
    (first,) = await _claim(store)

    await store.write(lambda tx: tx.outbox.bury(first.id, reason="blocked", now=NOW + 1))

    assert [n.subject_id for n in await _claim(store)] == ["b"]
    assert await store.read(lambda tx: tx.outbox.waiting()) == 1
    buried = database.execute(
        "SELECT subject_id, buried_for, buried_at FROM outbox WHERE buried_at IS NOT NULL"
    )
    assert buried == [("a", "blocked", NOW + 1)]


async def test_the_oldest_notices_come_first(store: Store) -> None:
    """No more are claimed than asked for."""
    for number in range(5):
        await store.write(do(_tell, number, f"s{number}"))

    assert [n.subject_id for n in await _claim(store, limit=2)] == ["s0", "s1"]
    assert [n.subject_id for n in await _claim(store, limit=2)] == ["s2", "s3"]


async def test_a_notice_is_claimed_once_in_a_race(store: Store) -> None:
    """Ten senders at once get each notice once."""
    for number in range(30):
        await store.write(do(_tell, number, f"s{number}"))

    claims = await asyncio.gather(*(_claim(store, limit=5) for _ in range(10)))

    claimed = [notice.id for batch in claims for notice in batch]
    assert len(claimed) == len(set(claimed)) == 30


# --- inbox -------------------------------------------------------------------------------------


def _update(update_id: int, lane: int = 1) -> StoredUpdate:
    return StoredUpdate(update_id, lane, f"payload {update_id}".encode())


async def _add(
    store: Store, update_id: int, lane: int = 1, *, worker: str = "w1", now: int = NOW
) -> StoredUpdate | None:
    return await store.write(
        lambda tx: tx.inbox.add(
            _update(update_id, lane), worker=worker, now=now, lease_until=now + LEASE
        )
    )


async def _finish(
    store: Store, update_id: int, *, worker: str = "w1", now: int = NOW
) -> StoredUpdate | None:
    return await store.write(
        lambda tx: tx.inbox.finish(update_id, worker=worker, now=now, lease_until=now + LEASE)
    )


async def _recover(store: Store, now: int, *, worker: str = "w2") -> list[StoredUpdate]:
    return await store.write(
        lambda tx: tx.inbox.recover(worker=worker, now=now, lease_until=now + LEASE, limit=10)
    )


async def test_an_update_is_handled_once(store: Store) -> None:
    """Redelivered while it is handled, or after, it is not handed out again."""
    assert await _add(store, 10) == _update(10)
    assert await _add(store, 10) is None
    assert await _finish(store, 10) is None
    assert await _add(store, 10) is None
    assert await store.read(lambda tx: tx.inbox.last_id()) == 10


async def test_a_lane_is_handled_in_order(store: Store) -> None:
    """While one is under way, the others of its lane wait; other lanes do not."""
    assert await _add(store, 10, lane=1) == _update(10, 1)
    assert await _add(store, 11, lane=1) is None
    assert await _add(store, 12, lane=1) is None
    assert await _add(store, 13, lane=2) == _update(13, 2)

    assert await _finish(store, 10) == _update(11, 1)
    assert await _finish(store, 11) == _update(12, 1)
    assert await _finish(store, 12) is None
    assert await _add(store, 14, lane=1) == _update(14, 1)


async def test_a_payload_is_sealed_and_then_forgotten(store: Store, database: Database) -> None:
    """What somebody wrote is never readable in the database, and gone once handled."""
    await _add(store, 10)
    ((sealed,),) = database.execute("SELECT payload FROM inbox")
    assert b"payload" not in bytes(sealed)

    await _finish(store, 10)
    assert database.execute("SELECT payload, handled_at FROM inbox") == [(None, NOW)]


async def test_a_dead_workers_updates_are_recovered(store: Store) -> None:
    """Once the lease has run out, the first of each lane is taken over, once."""
    await _add(store, 10, lane=1)
    await _add(store, 11, lane=1)
    await _add(store, 12, lane=2)

    assert await _recover(store, NOW + LEASE - 1) == []
    assert await _recover(store, NOW + LEASE) == [_update(10, 1), _update(12, 2)]
    assert await _recover(store, NOW + LEASE, worker="w3") == []


async def test_a_worker_that_lost_its_lease_finishes_nothing(
    store: Store, database: Database
) -> None:
    """What another worker has taken over is that one's to finish."""
    await _add(store, 10)
    await _add(store, 11)
    await _recover(store, NOW + LEASE, worker="w2")

    assert await _finish(store, 10, worker="w1", now=NOW + LEASE) is None
    assert database.execute("SELECT count(*) FROM inbox WHERE handled_at IS NULL") == [(2,)]
    assert await _finish(store, 10, worker="w2", now=NOW + LEASE) == _update(11)


async def test_a_worker_that_is_alive_keeps_its_leases(store: Store) -> None:
    """Renewed leases last; those of others do not."""
    await _add(store, 10, lane=1, worker="w1")
    await _add(store, 11, lane=2, worker="w2")

    await store.write(lambda tx: tx.inbox.renew(worker="w1", lease_until=NOW + 5 * LEASE))

    assert await _recover(store, NOW + LEASE, worker="w3") == [_update(11, 2)]


async def test_a_late_update_waits_for_its_lane(store: Store) -> None:
    """One that arrives out of order does not run beside a later one."""
    assert await _add(store, 11) == _update(11)
    assert await _add(store, 10) is None
    assert await _finish(store, 11) == _update(10)


async def test_old_ids_are_forgotten_but_the_last(store: Store) -> None:
    """Unhandled ones stay, and so does the highest id seen."""
    assert await store.read(lambda tx: tx.inbox.last_id()) is None
    await _add(store, 9, lane=2)
    for update_id in (10, 11, 12):
        await _add(store, update_id)
        await _finish(store, update_id)

    assert await store.write(lambda tx: tx.inbox.forget(before=NOW)) == 0
    assert await store.write(lambda tx: tx.inbox.forget(before=NOW + 1)) == 2
    assert await store.read(lambda tx: tx.inbox.last_id()) == 12
    assert await _add(store, 9, lane=2) is None


@pytest.mark.parametrize("seed", range(3))
async def test_lanes_stay_in_order_in_a_race(store: Store, seed: int) -> None:
    """However adding and finishing interleave, each lane is handled in order, one at a time."""
    handled: dict[int, list[int]] = {1: [], 2: []}

    async def handle(update: StoredUpdate | None) -> None:
        while update is not None:
            handled[update.lane].append(update.update_id)
            await asyncio.sleep(0)
            update = await _finish(store, update.update_id)

    async def arrive(update_id: int) -> None:
        await handle(await _add(store, update_id, lane=1 + (update_id * (seed + 1)) % 2))

    await asyncio.gather(*(arrive(update_id) for update_id in range(100, 140)))

    assert sorted(handled[1] + handled[2]) == list(range(100, 140))
    assert all(lane == sorted(lane) for lane in handled.values())


# --- cards and prompts -------------------------------------------------------------------------


async def test_a_message_elsewhere_shows_one_subject(store: Store) -> None:
    """A message in a chat that the bot is not in keeps its first subject until it is dropped."""
    for subject_id, inline_id, shows in (
        ("i1", "a", True),
        ("i1", "b", True),
        ("i2", "c", True),
        ("i2", "a", False),
        ("i1", "a", True),
    ):
        assert await store.write(do(_put_elsewhere, subject_id, inline_id)) is shows

    assert await store.read(lambda tx: tx.cards.elsewhere("i1")) == ["a", "b"]
    assert await store.read(lambda tx: tx.cards.elsewhere("i2")) == ["c"]
    await store.write(lambda tx: tx.cards.drop_elsewhere("a"))
    assert await store.read(lambda tx: tx.cards.elsewhere("i1")) == ["b"]
    assert await store.read(lambda tx: tx.cards.of("i1")) == []


def _put_elsewhere(tx: Tx, subject_id: str, inline_id: str) -> bool:
    return tx.cards.put_elsewhere(subject_id, inline_id)


async def test_a_message_shows_one_subject(store: Store) -> None:
    """A subject may be shown by several messages, a message shows the latest put on it."""
    cards = [Card("i1", 5, 1), Card("i1", 6, 1), Card("i2", 5, 2)]
    for card in [*cards, cards[0]]:
        await store.write(lambda tx, card=card: tx.cards.put(card))

    assert await store.read(lambda tx: tx.cards.of("i1")) == cards[:2]
    assert await store.read(lambda tx: tx.cards.shown(5, 2)) == "i2"
    await store.write(lambda tx: tx.cards.put(Card("i2", 5, 1)))
    assert await store.read(lambda tx: tx.cards.of("i1")) == [cards[1]]
    await store.write(lambda tx: tx.cards.drop(Card("i2", 5, 1)))
    assert await store.read(lambda tx: tx.cards.shown(5, 1)) is None


async def test_a_message_to_one_person_is_another_ones_neighbour(store: Store) -> None:
    """They are numbered for each person; a number that is given anew shows something else."""
    cards = [Card("i1", -7, 1), Card("i1", -7, 1, ALICE), Card("i1", -7, 1, BOB)]
    for card in cards:
        await store.write(lambda tx, card=card: tx.cards.put(card))

    assert await store.read(lambda tx: tx.cards.of("i1")) == cards
    await store.write(lambda tx: tx.cards.put(Card("i2", -7, 1, ALICE)))
    assert await store.read(lambda tx: tx.cards.shown(-7, 1)) == "i1"
    assert await store.read(lambda tx: tx.cards.shown(-7, 1, ALICE)) == "i2"
    await store.write(lambda tx: tx.cards.drop(Card("i1", -7, 1, ALICE)))
    assert await store.read(lambda tx: tx.cards.of("i1")) == [cards[0], cards[2]]
    await store.write(lambda tx: tx.cards.forget(-7, 1, ALICE))
    assert await store.read(lambda tx: tx.cards.shown(-7, 1, ALICE)) is None
    assert await store.read(lambda tx: tx.cards.of("i1")) == [cards[0], cards[2]]


async def test_a_question_is_open_until_answered_or_late(store: Store, database: Database) -> None:
    """One question a person and chat; what was said so far is sealed."""
    amount = Prompt(ALICE, 5, "amount", "i1", '{"note": "lunch"}', NOW + 10)
    note = Prompt(ALICE, 5, "note", "i2", "", NOW + 10)

    await store.write(lambda tx: tx.prompts.put(amount))
    assert await store.read(lambda tx: tx.prompts.get(ALICE, 5, NOW)) == amount
    assert "lunch" not in repr(database.execute("SELECT * FROM prompts"))
    assert await store.read(lambda tx: tx.prompts.get(ALICE, 6, NOW)) is None
    assert await store.read(lambda tx: tx.prompts.get(BOB, 5, NOW)) is None
    await store.write(lambda tx: tx.prompts.put(note))
    assert await store.read(lambda tx: tx.prompts.get(ALICE, 5, NOW + 9)) == note
    assert await store.read(lambda tx: tx.prompts.get(ALICE, 5, NOW + 10)) is None
    await store.write(lambda tx: tx.prompts.drop(ALICE, 5))
    assert await store.read(lambda tx: tx.prompts.get(ALICE, 5, NOW)) is None
