"""Accounts, transfers and holds: what moves, what is refused, and in which order it is checked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from payments.errors import Conflict, InsufficientFunds, NotOpen
from payments.models import (
    AccountKind,
    Entry,
    HistoryLine,
    Hold,
    HoldEnd,
    Transfer,
    TransferKind,
)
from payments.money import MAX_MINOR, Money
from payments.ports import Store, Tx
from storage.audit import verify_store
from tests.ledger.book import (
    ALICE,
    BOB,
    CAROL,
    HOUR,
    NOW,
    Database,
    account,
    balances,
    contents,
    do,
    draft,
    give_back,
    pay,
    send,
    top_up,
)

# --- accounts ----------------------------------------------------------------------------------


async def test_an_account_is_opened_once(store: Store) -> None:
    """Opening an account again answers the first, with the money in it."""
    first = await store.write(do(account, ALICE))
    again = await store.write(do(account, ALICE))

    assert first == again
    assert (first.kind, first.person_id, first.currency) == (AccountKind.PERSON, ALICE, "EUR")
    assert (first.balance_minor, first.held_minor, first.version) == (10_000, 0, 1)


async def test_the_bank_owes_all_the_money(store: Store) -> None:
    """The bank's balance is minus what people have."""
    bank = await store.write(lambda tx: tx.ledger.open_bank_account("EUR", NOW))

    assert (bank.kind, bank.person_id, bank.balance_minor) == (AccountKind.BANK, None, -10_000)
    assert await store.read(lambda tx: tx.ledger.account(bank.id)) == bank
    assert await store.read(lambda tx: tx.ledger.account(bank.id + 1_000)) is None


async def test_accounts_are_listed_by_currency(store: Store) -> None:
    """A person's accounts come in the order of their currencies."""
    await store.write(do(account, ALICE, "USD"))
    await store.write(do(account, ALICE, "BRL"))

    accounts = await store.read(lambda tx: tx.ledger.accounts_of(ALICE))

    assert [found.currency for found in accounts] == ["BRL", "EUR", "USD"]


# --- transfers ---------------------------------------------------------------------------------


async def test_a_transfer_debits_one_and_credits_the_other(store: Store) -> None:
    """Both sides move by the amount and say so, version by version."""
    made = await store.write(do(send, "t1", ALICE, BOB, 2_500))

    alice = await store.read(do(account, ALICE))
    bob = await store.read(do(account, BOB))
    assert made == Transfer(
        "t1", TransferKind.PAYMENT, alice.id, bob.id, 2_500, "EUR", None, None, NOW
    )
    assert await store.read(lambda tx: tx.ledger.find_transfer("t1")) == made
    assert await balances(store) == {ALICE: (7_500, 0, 2), BOB: (2_500, 0, 1), CAROL: (0, 0, 0)}
    assert await store.read(lambda tx: tx.ledger.entry_of("t1", alice.id)) == Entry(
        alice.id, 2, "t1", -2_500, 7_500, NOW
    )
    assert await store.read(lambda tx: tx.ledger.entry_of("t1", bob.id)) == Entry(
        bob.id, 1, "t1", 2_500, 2_500, NOW
    )


async def test_the_same_transfer_again_answers_the_first(store: Store, database: Database) -> None:
    """Fifty times the same id and fields is one transfer."""
    first = await store.write(do(send, "t1", ALICE, BOB, 2_500))
    before = contents(database)

    answers = await asyncio.gather(
        *(store.write(do(send, "t1", ALICE, BOB, 2_500)) for _ in range(50))
    )

    assert answers == [first] * 50
    assert contents(database) == before


async def test_a_repeated_transfer_is_answered_without_funds(
    store: Store, database: Database
) -> None:
    """The id is looked up before the funds are: what was paid stays paid."""
    first = await store.write(do(send, "t1", ALICE, BOB, 10_000))
    before = contents(database)

    assert await store.write(do(send, "t1", ALICE, BOB, 10_000)) == first
    assert contents(database) == before


async def test_more_than_the_balance_is_refused(store: Store, database: Database) -> None:
    """The refusal says what is available and what is needed; nothing moves."""
    before = contents(database)

    with pytest.raises(InsufficientFunds) as refusal:
        await store.write(do(send, "t1", ALICE, BOB, 10_001))

    assert refusal.value.available == Money(10_000, "EUR")
    assert refusal.value.needed == Money(10_001, "EUR")
    assert contents(database) == before


async def test_a_refusal_may_be_caught_and_the_rest_committed(store: Store) -> None:
    """A unit that catches InsufficientFunds has written nothing of the transfer."""

    def unit(tx: Tx) -> None:
        with pytest.raises(InsufficientFunds):
            send(tx, "t1", ALICE, BOB, 10_001)
        send(tx, "t2", ALICE, CAROL, 1)

    await store.write(unit)

    assert await store.read(lambda tx: tx.ledger.find_transfer("t1")) is None
    assert await balances(store) == {ALICE: (9_999, 0, 2), BOB: (0, 0, 0), CAROL: (1, 0, 1)}


async def test_a_balance_for_one_pays_one_of_many(store: Store) -> None:
    """Of twenty payers' devices that spend the same money at once, exactly one succeeds."""
    outcomes = await asyncio.gather(
        *(
            store.write(do(send, f"t{number}", ALICE, BOB, 10_000), locks=[ALICE, BOB])
            for number in range(20)
        ),
        return_exceptions=True,
    )

    assert sum(isinstance(outcome, Transfer) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, InsufficientFunds) for outcome in outcomes) == 19
    assert await balances(store) == {ALICE: (0, 0, 2), BOB: (10_000, 0, 1), CAROL: (0, 0, 0)}


async def test_the_bank_may_go_below_zero(store: Store) -> None:
    """Only people's accounts are covered: the bank's balance is what the world put in."""
    await store.write(do(top_up, BOB, MAX_MINOR))

    assert (await balances(store))[BOB] == (MAX_MINOR, 0, 1)


# --- the order of checks -----------------------------------------------------------------------

_Attempt = Callable[[Tx], object]


def _transfer(tx: Tx, transfer_id: str, amount: int, *, currency: str = "EUR") -> Transfer:
    return tx.ledger.transfer(
        transfer_id,
        kind=TransferKind.PAYMENT,
        debit=account(tx, ALICE),
        credit=account(tx, BOB, currency),
        amount_minor=amount,
        now=NOW,
    )


def _hold(tx: Tx, hold_id: str, amount: int) -> Hold:
    return tx.ledger.hold(
        hold_id, account=account(tx, ALICE), amount_minor=amount, now=NOW, expires_at=NOW + HOUR
    )


def _post(tx: Tx, hold_id: str, transfer_id: str, *, currency: str = "EUR") -> Transfer:
    return tx.ledger.post_hold(
        hold_id, transfer_id=transfer_id, credit=account(tx, BOB, currency), now=NOW
    )


def _prepare(tx: Tx) -> None:
    account(tx, BOB, "USD")
    _transfer(tx, "done", 1_000)
    for hold_id in ("open", "posted", "voided", "expired"):
        _hold(tx, hold_id, 1_000)
    _post(tx, "posted", "posted")
    tx.ledger.end_hold("voided", end=HoldEnd.VOIDED, now=NOW)
    tx.ledger.end_hold("expired", end=HoldEnd.EXPIRED, now=NOW)


@pytest.mark.parametrize(
    ("attempt", "refusal"),
    [
        # A transfer: Conflict, then what no caller may ask for, then InsufficientFunds.
        (lambda tx: _transfer(tx, "done", 2_000), Conflict),
        (lambda tx: _transfer(tx, "done", 0), Conflict),
        (lambda tx: _transfer(tx, "done", 1_000, currency="USD"), Conflict),
        (lambda tx: _transfer(tx, "posted", 1_000), Conflict),
        (lambda tx: _transfer(tx, "new", 0), ValueError),
        (lambda tx: _transfer(tx, "new", -5), ValueError),
        (lambda tx: _transfer(tx, "new", MAX_MINOR + 1), ValueError),
        (lambda tx: _transfer(tx, "new", 99_999, currency="USD"), ValueError),
        (lambda tx: send(tx, "new", ALICE, ALICE, 99_999), ValueError),
        (lambda tx: _transfer(tx, "new", 99_999), InsufficientFunds),
        (lambda tx: _transfer(tx, "new", 7_001), InsufficientFunds),  # 1,000 of 8,000 are held
        # A hold: the same.
        (lambda tx: _hold(tx, "open", 2_000), Conflict),
        (lambda tx: _hold(tx, "voided", 99_999), Conflict),
        (lambda tx: _hold(tx, "new", 0), ValueError),
        (lambda tx: _hold(tx, "new", MAX_MINOR + 1), ValueError),
        (lambda tx: _hold(tx, "new", 7_001), InsufficientFunds),
        # Posting: existence, Conflict, NotOpen, and last what no caller may ask for.
        (lambda tx: _post(tx, "nowhere", "done"), LookupError),
        (lambda tx: _post(tx, "open", "done"), Conflict),
        (lambda tx: _post(tx, "voided", "done"), Conflict),
        (lambda tx: _post(tx, "posted", "other"), Conflict),
        (lambda tx: _post(tx, "voided", "new", currency="USD"), NotOpen),
        (lambda tx: _post(tx, "expired", "new"), NotOpen),
        (lambda tx: _post(tx, "open", "new", currency="USD"), ValueError),
        # Ending: what no caller may ask for.
        (lambda tx: tx.ledger.end_hold("open", end=HoldEnd.POSTED, now=NOW), ValueError),
        (lambda tx: tx.ledger.end_hold("nowhere", end=HoldEnd.VOIDED, now=NOW), LookupError),
    ],
)
async def test_checks_are_made_in_order(
    store: Store, database: Database, attempt: _Attempt, refusal: type[Exception]
) -> None:
    """Where several things are wrong, the first in the documented order is said; nothing moves."""
    await store.write(_prepare)
    before = contents(database)

    with pytest.raises(refusal) as raised:
        await store.write(attempt)

    assert raised.type is refusal
    assert contents(database) == before


# --- holds -------------------------------------------------------------------------------------


async def test_a_hold_reserves(store: Store, database: Database) -> None:
    """What is held is still the payer's, and cannot be spent."""
    made = await store.write(do(_hold, "h1", 9_000))

    assert made == Hold("h1", made.account_id, 9_000, "EUR", NOW, NOW + HOUR, None)
    assert await store.read(lambda tx: tx.ledger.find_hold("h1")) == made
    assert (await balances(store))[ALICE] == (10_000, 9_000, 1)
    before = contents(database)
    with pytest.raises(InsufficientFunds) as refusal:
        await store.write(do(send, "t1", ALICE, BOB, 1_001))
    assert refusal.value.available == Money(1_000, "EUR")
    assert contents(database) == before


async def test_the_same_hold_again_answers_the_first(store: Store, database: Database) -> None:
    """A hold repeated a little later, with later times, is the same hold."""
    first = await store.write(do(_hold, "h1", 9_000))
    before = contents(database)

    def again(tx: Tx) -> Hold:
        return tx.ledger.hold(
            "h1", account=account(tx, ALICE), amount_minor=9_000, now=NOW + 5, expires_at=NOW + 9
        )

    assert await store.write(again) == first
    assert contents(database) == before


async def test_a_posted_hold_becomes_a_transfer(store: Store, database: Database) -> None:
    """Posting moves what was held; posting again answers the first transfer."""
    hold = await store.write(do(_hold, "h1", 9_000))
    posted = await store.write(do(_post, "h1", "t1"))

    assert (posted.hold_id, posted.amount_minor, posted.kind) == (
        "h1",
        9_000,
        TransferKind.PAYMENT,
    )
    found = await store.read(lambda tx: tx.ledger.find_hold("h1"))
    assert found == replace(hold, end=HoldEnd.POSTED)
    assert await balances(store) == {ALICE: (1_000, 0, 2), BOB: (9_000, 0, 1), CAROL: (0, 0, 0)}
    before = contents(database)
    assert await store.write(do(_post, "h1", "t1")) == posted
    assert contents(database) == before


@pytest.mark.parametrize("end", [HoldEnd.VOIDED, HoldEnd.EXPIRED])
async def test_an_ended_hold_frees_the_money_once(
    store: Store, database: Database, end: HoldEnd
) -> None:
    """Voiding or expiring gives the money back; a second time says that it did nothing."""
    await store.write(do(_hold, "h1", 9_000))

    assert await store.write(lambda tx: tx.ledger.end_hold("h1", end=end, now=NOW)) is True
    assert (await balances(store))[ALICE] == (10_000, 0, 1)
    before = contents(database)
    for other in (HoldEnd.VOIDED, HoldEnd.EXPIRED):
        again = await store.write(lambda tx, how=other: tx.ledger.end_hold("h1", end=how, now=NOW))
        assert again is False
    assert contents(database) == before


async def test_a_hold_is_resolved_once_in_a_race(store: Store) -> None:
    """Of claims, voids and expiries at once, exactly one wins."""
    await store.write(do(_hold, "h1", 9_000))
    races = [do(_post, "h1", f"t{number}") for number in range(5)]
    races += [
        lambda tx, how=end: tx.ledger.end_hold("h1", end=how, now=NOW)
        for end in (HoldEnd.EXPIRED, HoldEnd.VOIDED) * 3
    ]

    outcomes = await asyncio.gather(
        *(store.write(race, locks=[ALICE, BOB]) for race in races), return_exceptions=True
    )

    won = [outcome for outcome in outcomes if outcome is True or isinstance(outcome, Transfer)]
    lost = [o for o in outcomes if o is False or isinstance(o, NotOpen | Conflict)]
    assert (len(won), len(lost)) == (1, 10)
    alice, held, _version = (await balances(store))[ALICE]
    assert held == 0
    assert alice == (1_000 if isinstance(won[0], Transfer) else 10_000)


# --- reading -----------------------------------------------------------------------------------


async def test_history_is_newest_first_with_the_other_side(store: Store) -> None:
    """A line says what moved, with whom, what for, and what was left."""
    await store.write(do(pay, draft("i1", amount=1_000, note="lunch")))
    await store.write(do(give_back, "i1-p0", 400, intent_id="i2"))
    alice = await store.read(do(account, ALICE))

    lines = await store.read(
        lambda tx: tx.ledger.history(alice.id, before=None, kinds=(), limit=10)
    )

    assert lines == [
        HistoryLine(3, "i2-p0", TransferKind.REFUND, 400, 9_400, "EUR", BOB, "Bob", "lunch", NOW),
        HistoryLine(
            2, "i1-p0", TransferKind.PAYMENT, -1_000, 9_000, "EUR", BOB, "Bob", "lunch", NOW
        ),
        HistoryLine(1, "topup-1", TransferKind.TOPUP, 10_000, 10_000, "EUR", None, None, "", NOW),
    ]


async def test_history_pages_and_filters(store: Store) -> None:
    """Pages do not overlap, and only the kinds asked for are shown."""
    for number in range(5):
        await store.write(do(send, f"t{number}", ALICE, BOB, 1))
    alice = await store.read(do(account, ALICE))

    def page(before: int | None, kinds: tuple[TransferKind, ...]) -> Callable[[Tx], list[str]]:
        return lambda tx: [
            line.transfer_id
            for line in tx.ledger.history(alice.id, before=before, kinds=kinds, limit=3)
        ]

    assert await store.read(page(None, ())) == ["t4", "t3", "t2"]
    assert await store.read(page(4, ())) == ["t1", "t0", "topup-1"]
    assert await store.read(page(None, (TransferKind.TOPUP,))) == ["topup-1"]
    assert await store.read(page(3, (TransferKind.PAYMENT, TransferKind.REFUND))) == ["t0"]


async def test_sums_count_one_kind_one_side_since_a_moment(store: Store) -> None:
    """A day's limit counts what moved that way in that time, and nothing else."""
    refund = TransferKind.REFUND

    def give_back(tx: Tx, transfer_id: str, amount_minor: int, now: int) -> None:
        alice, bob = account(tx, ALICE), account(tx, BOB)
        tx.ledger.transfer(
            transfer_id, kind=refund, debit=alice, credit=bob, amount_minor=amount_minor, now=now
        )

    def sums(tx: Tx) -> list[int]:
        alice, bob = account(tx, ALICE), account(tx, BOB)
        return [
            tx.ledger.moved_since(alice.id, kind=refund, since=NOW, credited=False),
            tx.ledger.moved_since(alice.id, kind=refund, since=NOW + 1, credited=False),
            tx.ledger.moved_since(alice.id, kind=refund, since=NOW, credited=True),
            tx.ledger.moved_since(bob.id, kind=refund, since=NOW, credited=True),
            tx.ledger.moved_since(alice.id, kind=TransferKind.TOPUP, since=NOW, credited=True),
        ]

    await store.write(do(send, "t1", ALICE, BOB, 9))
    await store.write(do(give_back, "t2", 50, NOW))
    await store.write(do(give_back, "t3", 700, NOW + HOUR))
    assert await store.read(sums) == [750, 700, 0, 750, 10_000]


async def test_people_have_dealt_after_a_payment_either_way(store: Store) -> None:
    """A posted payment makes two people known to each other; a draft does not."""
    await store.write(lambda tx: tx.intents.add(draft("i1", payees=(CAROL,)), origin=None))
    await store.write(do(pay, draft("i2", payees=(BOB,))))

    assert await store.read(lambda tx: tx.ledger.have_dealt(ALICE, BOB)) is True
    assert await store.read(lambda tx: tx.ledger.have_dealt(BOB, ALICE)) is True
    assert await store.read(lambda tx: tx.ledger.have_dealt(ALICE, CAROL)) is False


async def test_a_book_of_everything_is_sound(store: Store) -> None:
    """After payments, a refund, a withdrawal and holds of every end, no invariant is broken."""
    await store.write(do(pay, draft("i1", payees=(BOB, CAROL))))
    await store.write(do(give_back, "i1-p0", 250, intent_id="i2"))

    assert await verify_store(store) == []
