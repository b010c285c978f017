"""Payment links in the store: what they ask for, and who of many payers is counted."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from payments.models import BankSale, LinkState, LinkTerms, Payment
from payments.policy import HOUR
from payments.ports import Store, Tx
from storage.audit import verify_store
from tests.ledger.book import BOB, NOW, Database, draft, link, pay

PLAIN = LinkTerms(currency="EUR")


async def stored(store: Store, **terms: object) -> None:
    """Bob's link "l1" with plain terms but for these."""
    new = replace(link(), terms=replace(PLAIN, **terms))
    await store.write(lambda tx: tx.links.add(new))


def sale(number: int, amount: int = 500) -> Payment:
    return draft(f"i{number}", amount=amount, link_id="l1").payments[0]


async def used(store: Store, number: int = 1, *, amount: int = 500, now: int = NOW) -> bool:
    """Whether the link counts a payment in; the payment is made for it."""

    def unit(tx: Tx) -> bool:
        tx.intents.add(draft(f"i{number}", amount=amount, link_id="l1"), origin=None)
        return tx.links.use_if("l1", sale(number, amount), now)

    return await store.write(unit)


async def test_a_link_comes_back_as_it_was(store: Store, database: Database) -> None:
    """All fields survive, and the texts are sealed."""
    assert await store.write(lambda tx: tx.links.add(link())) == link()
    assert await store.read(lambda tx: tx.links.get("l1")) == link()
    assert await store.read(lambda tx: tx.links.get("nowhere")) is None
    (sealed,) = database.execute("SELECT note, question, thanks, reference FROM links")
    kept = b"".join(map(bytes, sealed))
    assert [word for word in (b"coffee", b"strong", b"Enjoy", b"shelf") if word in kept] == []


async def test_an_owner_has_one_personal_link(store: Store) -> None:
    """Made again, it is the first one."""
    assert await store.read(lambda tx: tx.links.personal(BOB)) is None
    first = await store.write(lambda tx: tx.links.add(link("l1", personal=True)))
    again = await store.write(lambda tx: tx.links.add(link("l2", personal=True)))

    assert again == first
    assert await store.read(lambda tx: tx.links.personal(BOB)) == first
    assert await store.read(lambda tx: tx.links.get("l2")) is None


async def test_links_are_listed_without_the_closed(store: Store) -> None:
    """Latest first; a paused one is still the owner's."""
    for number in range(3):
        new = link(f"l{number}", created_at=NOW + number)
        await store.write(lambda tx, new=new: tx.links.add(new))

    async def move(link_id: str, state: LinkState, to: LinkState) -> bool:
        return await store.write(lambda tx: tx.links.move_if(link_id, state=state, to=to))

    assert await move("l0", LinkState.ACTIVE, LinkState.PAUSED) is True
    assert await move("l1", LinkState.ACTIVE, LinkState.CLOSED) is True
    assert await move("l1", LinkState.ACTIVE, LinkState.PAUSED) is False
    found = await store.read(lambda tx: tx.links.by_owner(BOB, 10))
    assert [(kept.id, kept.state) for kept in found] == [
        ("l2", LinkState.ACTIVE),
        ("l0", LinkState.PAUSED),
    ]
    assert len(await store.read(lambda tx: tx.links.by_owner(BOB, 1))) == 1


async def test_terms_are_replaced_until_the_link_is_closed(store: Store) -> None:
    """All of them at once; a closed link keeps its own."""
    await stored(store)
    assert await store.write(lambda tx: tx.links.change_if("l1", link().terms)) is True
    assert await store.read(lambda tx: tx.links.get("l1")) == link()

    await store.write(
        lambda tx: tx.links.move_if("l1", state=LinkState.ACTIVE, to=LinkState.CLOSED)
    )
    assert await store.write(lambda tx: tx.links.change_if("l1", PLAIN)) is False
    assert await store.write(lambda tx: tx.links.change_if("nowhere", PLAIN)) is False
    closed = await store.read(lambda tx: tx.links.get("l1"))
    assert closed == replace(link(), state=LinkState.CLOSED)


async def test_a_link_is_not_limited_to_fewer_payments_than_it_had(store: Store) -> None:
    """As many as it had is the least."""
    await stored(store)
    assert [await used(store, number) for number in (1, 2)] == [True, True]

    async def limited(uses_most: int) -> bool:
        terms = replace(PLAIN, uses_most=uses_most)
        return await store.write(lambda tx: tx.links.change_if("l1", terms))

    assert (await limited(1), await limited(2)) == (False, True)


@pytest.mark.parametrize(
    ("terms", "amount", "now", "counted"),
    [
        ({}, 1, NOW, True),
        ({"expires_at": NOW + HOUR}, 500, NOW + HOUR - 1, True),
        ({"expires_at": NOW + HOUR}, 500, NOW + HOUR, False),
        ({"amount_minor": 500}, 500, NOW, True),
        ({"amount_minor": 500}, 501, NOW, False),
        ({"amount_minor": 500, "suggested": True}, 501, NOW, True),
        ({"least_minor": 500, "most_minor": 900}, 499, NOW, False),
        ({"least_minor": 500, "most_minor": 900}, 500, NOW, True),
        ({"least_minor": 500, "most_minor": 900}, 900, NOW, True),
        ({"least_minor": 500, "most_minor": 900}, 901, NOW, False),
    ],
)
async def test_a_link_counts_what_its_terms_take(
    store: Store, terms: dict[str, object], amount: int, now: int, *, counted: bool
) -> None:
    """Its row decides; what it does not take leaves it as it was."""
    await stored(store, **terms)
    assert await used(store, amount=amount, now=now) is counted
    after = await store.read(lambda tx: tx.links.get("l1"))
    assert after is not None
    assert (after.uses, after.paid_minor) == ((1, amount) if counted else (0, 0))


@pytest.mark.parametrize("state", [LinkState.PAUSED, LinkState.CLOSED])
async def test_only_an_active_link_counts(store: Store, state: LinkState) -> None:
    """Paused and closed ones do not."""
    await stored(store)
    await store.write(lambda tx: tx.links.move_if("l1", state=LinkState.ACTIVE, to=state))
    assert await used(store) is False


async def test_of_many_at_once_as_many_are_counted_as_it_takes(store: Store) -> None:
    """Twelve race for three; the numbers have no gap."""
    await stored(store, uses_most=3)
    counted = await asyncio.gather(*(used(store, number) for number in range(12)))
    assert counted.count(True) == 3
    after = await store.read(lambda tx: tx.links.get("l1"))
    assert after is not None
    assert (after.uses, after.paid_minor) == (3, 1_500)
    sold = await store.read(lambda tx: tx.links.sold("l1", before=None, limit=10))
    assert [number for number, _ in sold] == [3, 2, 1]


async def test_what_a_link_sold_comes_in_pages(store: Store) -> None:
    """Latest first, from below a number."""
    await stored(store)
    for number in range(1, 6):
        assert await used(store, number)

    async def sold(before: int | None) -> list[tuple[int, str]]:
        return await store.read(lambda tx: tx.links.sold("l1", before=before, limit=2))

    assert await sold(None) == [(5, "i5-p0"), (4, "i4-p0")]
    assert await sold(4) == [(3, "i3-p0"), (2, "i2-p0")]
    assert await sold(1) == []


async def test_refunds_are_summed(store: Store) -> None:
    """Never above what was paid."""
    await stored(store)
    await store.write(lambda tx: pay(tx, draft("i1", amount=500, link_id="l1")))
    await store.write(lambda tx: tx.links.use_if("l1", sale(1), NOW))
    for amount in (200, 300):
        await store.write(lambda tx, amount=amount: tx.links.add_refund("l1", amount))
    after = await store.read(lambda tx: tx.links.get("l1"))
    assert after is not None
    assert (after.uses, after.paid_minor, after.refunded_minor) == (1, 500, 500)


async def test_an_answer_is_kept_sealed(store: Store, database: Database) -> None:
    """With the card, and after it was rewritten."""
    card = replace(draft("i1"), question="Which size?", answer="M, in magenta")
    await store.write(lambda tx: tx.intents.add(card, origin=None))
    assert await store.read(lambda tx: tx.intents.get("i1")) == card

    other = replace(card, answer="L, in magenta")
    assert await store.write(lambda tx: tx.intents.rewrite(other)) is True
    assert await store.read(lambda tx: tx.intents.get("i1")) == other
    (sealed,) = database.execute("SELECT question, answer FROM intents")
    kept = b"".join(map(bytes, sealed))
    assert [word for word in (b"size", b"magenta") if word in kept] == []


async def test_bank_sales_count_against_the_uses(store: Store, database: Database) -> None:
    """The link's row decides; a correction frees the use, once; neither row is ever changed."""
    await stored(store, uses_most=2, bank=True)

    async def sell(origin: str) -> bool:
        return await store.write(
            lambda tx: tx.links.sell_by_bank_if("l1", 500, origin=origin, now=NOW)
        )

    async def correct(number: int) -> bool:
        return await store.write(lambda tx: tx.links.correct_bank_sale_if("l1", number, NOW))

    assert [await sell("a"), await used(store), await sell("b")] == [True, True, False]
    assert [await correct(1), await correct(1), await correct(2)] == [True, False, False]
    assert [await sell("c"), await sell("d")] == [True, False]
    kept = await store.read(lambda tx: tx.links.get("l1"))
    assert kept is not None
    assert (kept.uses, kept.bank_uses, kept.bank_paid_minor) == (1, 1, 500)
    assert await store.read(lambda tx: tx.links.has_bank_sale("c"))
    assert not await store.read(lambda tx: tx.links.has_bank_sale("d"))
    assert await store.read(lambda tx: tx.links.sold_by_bank("l1", 9)) == [
        BankSale(2, 500, NOW, taken_back=False),
        BankSale(1, 500, NOW, taken_back=True),
    ]
    for table in ("bank_sales", "bank_corrections"):
        with pytest.raises(database.refusal, match="append-only"):
            database.execute(f"UPDATE {table} SET written_at = 1")
        with pytest.raises(database.refusal, match="append-only"):
            database.execute(f"DELETE FROM {table}")


async def test_unlinked_account_is_on_no_link(store: Store) -> None:
    """All links of the owner lose it at once."""
    await stored(store, bank=True)
    await store.write(lambda tx: tx.links.take_bank_off(BOB))
    kept = await store.read(lambda tx: tx.links.get("l1"))
    assert kept is not None
    assert not kept.terms.bank


@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE links SET bank_paid = bank_paid + 1",
        "UPDATE links SET bank_sold = bank_sold + 1",
        "UPDATE links SET bank_corrected = 1",
    ],
)
async def test_audit_compares_links_with_their_bank_sales(
    store: Store, database: Database, tamper: str
) -> None:
    """I17 finds a figure that the rows do not bear out."""
    await stored(store)
    await store.write(lambda tx: tx.links.sell_by_bank_if("l1", 500, origin="a", now=NOW))
    assert await broken(store) == []
    database.execute(tamper)
    assert await broken(store) == ["I17"]


async def broken(store: Store) -> list[str]:
    return [finding.invariant for finding in await verify_store(store)]
