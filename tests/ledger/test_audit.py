"""The audit: each invariant is broken by hand, with all guards out of the way, and found."""

from __future__ import annotations

import pytest

from payments.models import HoldEnd, PaymentState, Side
from payments.ports import Store, Tx
from storage.audit import INVARIANTS, Finding, verify_store
from tests.ledger.book import (
    ALICE,
    BOB,
    NOW,
    Database,
    count,
    do,
    draft,
    give_back,
    hold_back,
    link,
    pay,
    request,
    top_up,
)

_BREACHES = {
    "I1": f"UPDATE accounts SET balance = balance + 1 WHERE person_id = {BOB}",
    "I2": f"UPDATE accounts SET balance = balance + 1 WHERE person_id = {BOB}",
    "I3": "UPDATE entries SET balance_after = balance_after + 1 WHERE transfer_id = 'i1-p0'",
    "I4": f"UPDATE accounts SET version = version + 1 WHERE person_id = {BOB}",
    "I5": f"UPDATE accounts SET held = balance + 1 WHERE person_id = {BOB}",
    "I6": f"UPDATE accounts SET held = held + 1 WHERE person_id = {ALICE}",
    "I7": "DELETE FROM entries WHERE transfer_id = 'i1-p0' AND amount > 0",
    "I8": "UPDATE transfers SET currency = 'USD' WHERE id = 'i1-p0'",
    "I9": "DELETE FROM hold_ends WHERE hold_id = 'claimed-p0'",
    "I10": "UPDATE transfers SET kind = 'topup' WHERE id = 'i1-p0'",
    "I11": "UPDATE payments SET amount = amount + 1 WHERE id = 'i1-p0'",
    "I12": "UPDATE payments SET state = 'draft' WHERE id = 'i1-p0'",
    "I13": "INSERT INTO hold_ends VALUES ('held-p0', 'voided', 0)",
    "I14": "UPDATE intents SET state = 'cancelled' WHERE id = 'i1'",
    "I15": "UPDATE payments SET refunded = refunded + 1 WHERE id = 'i1-p0'",
    "I16": "UPDATE requests SET paid = paid + 1 WHERE id = 'r1'",
    "I17": "UPDATE links SET uses = uses + 1 WHERE id = 'l1'",
    "I18": f"UPDATE turnovers SET total = total + 1 WHERE person_id = {ALICE}",
}


@pytest.fixture(autouse=True)
async def _book(store: Store) -> None:
    """One of everything: a refunded payment, holds of each end, a request and a link paid."""
    await store.write(do(pay, draft("i1")))
    await store.write(do(give_back, "i1-p0", 250, intent_id="i2"))
    for name in ("held", "claimed", "returned"):
        await store.write(do(hold_back, draft(name, payees=(BOB,), amount=100)))

    def resolve(tx: Tx) -> None:
        bob = tx.ledger.open_person_account(BOB, "EUR", NOW)
        tx.ledger.post_hold("claimed-p0", transfer_id="claimed-p0", credit=bob, now=NOW)
        _set_state(tx, "claimed-p0", "posted")
        count(tx, BOB, Side.RECEIVED, 100)
        tx.ledger.end_hold("returned-p0", end=HoldEnd.VOIDED, now=NOW)
        _set_state(tx, "returned-p0", "returned")
        tx.requests.add(request("r1", amount=500), origin=None)
        pay(tx, draft("i3", amount=500, request_id="r1"))
        tx.requests.pay_if_open("r1", 500, ALICE)
        tx.intents.add(draft("i4"), origin=None)
        tx.links.add(link("l1"))
        sold = draft("i5", amount=500, link_id="l1")
        pay(tx, sold)
        assert tx.links.use_if("l1", sold.payments[0], NOW)

    await store.write(resolve)


def _set_state(tx: Tx, payment_id: str, state: str) -> None:
    assert tx.intents.move_payment_if(
        payment_id, state=PaymentState.HELD, to=PaymentState(state), posted_at=NOW
    )


async def test_a_sound_book_has_no_findings(store: Store) -> None:
    """Nothing is wrong with a book in which everything happened."""
    assert await verify_store(store) == []


@pytest.mark.parametrize("invariant", INVARIANTS)
async def test_a_breach_is_named(store: Store, database: Database, invariant: str) -> None:
    """Whoever changes the database by hand is found out, by the number of the invariant."""
    database.break_open(_BREACHES[invariant])

    found = {finding.invariant for finding in await verify_store(store)}

    assert invariant in found


@pytest.mark.parametrize(
    ("breach", "finding"),
    [
        (
            f"UPDATE entries SET amount = 95 WHERE transfer_id = 'topup-{BOB}' AND amount > 0",
            "I7",
        ),
        ("DELETE FROM transfers WHERE id = 'i1-p0'", "I7"),
        ("UPDATE holds SET currency = 'USD'", "I8"),
        ("UPDATE transfers SET hold_id = NULL WHERE id = 'claimed-p0'", "I9"),
        ("UPDATE transfers SET amount = 7 WHERE id = 'claimed-p0'", "I9"),
        ("DELETE FROM transfers WHERE id = 'i1-p0'", "I11"),
        ("DELETE FROM payments WHERE id = 'i3-p0'", "I12"),
        ("DELETE FROM payments WHERE id = 'held-p0'", "I13"),
        ("DELETE FROM hold_ends WHERE hold_id = 'returned-p0'", "I13"),
        ("UPDATE payments SET state = 'posted' WHERE intent_id = 'i4'", "I14"),
        ("UPDATE transfers SET reverses_id = NULL WHERE id = 'i2-p0'", "I15"),
        ("DELETE FROM intents WHERE id = 'i3'", "I16"),
        ("UPDATE links SET paid = paid + 1", "I17"),
        ("UPDATE links SET refunded = refunded + 1", "I17"),
        ("UPDATE link_payments SET number = 2", "I17"),
        ("DELETE FROM link_payments", "I17"),
        ("DELETE FROM turnovers WHERE side = 'received'", "I18"),
        ("DELETE FROM payments WHERE id = 'held-p0'", "I18"),
        (f"UPDATE turnovers SET counted_at = {NOW - 1} WHERE number = 3", "I18"),
        ("UPDATE turnovers SET number = 9 WHERE side = 'paid' AND number = 3", "I18"),
        (f"INSERT INTO turnovers VALUES ({ALICE}, 'paid', 'EUR', {NOW + 1}, 1, 1)", "I18"),
        (f"UPDATE entries SET balance_after = -1 WHERE transfer_id = 'topup-{BOB}'", "I5"),
    ],
)
async def test_subtler_breaches_are_named(
    store: Store, database: Database, breach: str, finding: str
) -> None:
    """An invariant looks from both sides: what is missing, and what is too much."""
    await store.write(do(top_up, BOB, 100))
    database.break_open(breach)

    assert finding in {found.invariant for found in await verify_store(store)}


async def test_a_finding_says_what_is_wrong(store: Store, database: Database) -> None:
    """Which account, and which figures disagree."""
    (bob,) = await store.read(lambda tx: tx.ledger.accounts_of(BOB))
    database.break_open(f"UPDATE accounts SET version = version + 1 WHERE id = {bob.id}")

    findings = await verify_store(store)

    assert findings == [
        Finding(
            "I4",
            f"account {bob.id}",
            f"version {bob.version + 1}, entries {bob.version}, last {bob.version}",
        )
    ]
    assert str(findings[0]).startswith(f"I4: account {bob.id}: version")
