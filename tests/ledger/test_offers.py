"""Offers: what may be put into a chat, until its time is up."""

from __future__ import annotations

from payments.models import Offer, OfferKind
from payments.ports import Store
from tests.ledger.book import ALICE, NOW, Database, contents


def offer(offer_id: str, *, expires_at: int = NOW + 1, note: str = "rent") -> Offer:
    return Offer(offer_id, ALICE, OfferKind.ASK, 1_250, "EUR", note, expires_at)


async def test_an_offer_comes_back_as_it_was(store: Store, database: Database) -> None:
    """All fields survive, and the note is sealed."""
    full, bare = offer("o1"), offer("o2", note="")
    for one in (full, bare):
        await store.write(lambda tx, one=one: tx.offers.add(one))

    assert await store.read(lambda tx: tx.offers.get("o1")) == full
    assert await store.read(lambda tx: tx.offers.get("o2")) == bare
    assert await store.read(lambda tx: tx.offers.get("nowhere")) is None
    ((sealed,), (nothing,)) = database.execute("SELECT note FROM offers ORDER BY id")
    assert b"rent" not in bytes(sealed)
    assert nothing is None


async def test_those_whose_time_is_up_are_forgotten(store: Store, database: Database) -> None:
    """A few at a time, the longest overdue first; the others stay."""
    for number in range(4):
        late = offer(f"o{number}", expires_at=NOW + number)
        await store.write(lambda tx, late=late: tx.offers.add(late))

    assert await store.write(lambda tx: tx.offers.drop_overdue(NOW + 2, 2)) == 2
    assert await store.read(lambda tx: tx.offers.get("o1")) is None
    assert await store.write(lambda tx: tx.offers.drop_overdue(NOW + 2, 2)) == 1
    before = contents(database)
    assert await store.write(lambda tx: tx.offers.drop_overdue(NOW + 2, 2)) == 0
    assert contents(database) == before
    assert await store.read(lambda tx: tx.offers.get("o3")) is not None
