"""How money moves: posting, holding, claiming, returning, refunding, and the bank."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from payments.errors import (
    AmountRefused,
    Conflict,
    Expired,
    InsufficientFunds,
    LimitExceeded,
    NotJoined,
    NotOpen,
    NotYours,
    Refused,
)
from payments.models import Intent, Payment, PaymentState, TransferKind
from payments.money import Money
from payments.policy import DAY, HOUR
from payments.results import Approved, RefusedAfterPin
from tests.unit.payments_kit import (
    ALICE,
    BOB,
    CAROL,
    DAN,
    EVE,
    Bank,
    eur,
    policy,
)


async def held(bank: Bank, payee: int | str = "newcomer", minor: int = 300) -> Payment:
    """Alice has paid somebody who has not joined."""
    await bank.people(ALICE)
    return (await bank.pay(ALICE, payee, minor)).payments[0]


def token(payment: Payment) -> str:
    assert payment.claim_token is not None
    return payment.claim_token


# --- posting -------------------------------------------------------------------------------------


async def test_payment_is_posted_and_told(bank: Bank) -> None:
    """The money, the receipt's balance, and a notice to each of the two."""
    await bank.people(ALICE, BOB)
    card = await bank.pay(ALICE, BOB, 1_250)
    payment = card.payments[0]
    assert (payment.state, payment.posted_at) == (PaymentState.POSTED, bank.clock())
    assert await bank.balance(ALICE) == (8_750, 0)
    assert await bank.balance(BOB) == (11_250, 0)
    assert await bank.notices() == [
        ("payment_received", BOB, payment.id),
        ("intent", ALICE, card.id),
    ]
    receipt = await bank.payments.receipt(payment.id, BOB)
    assert (receipt.amount, receipt.balance_after) == (eur(1_250), eur(11_250))
    assert (receipt.payer and receipt.payer.id, receipt.payee and receipt.payee.id) == (ALICE, BOB)
    assert (await bank.payments.receipt(payment.id, ALICE)).balance_after == eur(8_750)


async def test_sender_is_woken(bank: Bank) -> None:
    """A commit that writes a notice sets the event."""
    await bank.people(ALICE, BOB)
    bank.payments.notices_waiting.clear()
    await bank.pay(ALICE, BOB, 5)
    assert bank.payments.notices_waiting.is_set()


async def test_several_payees_are_all_or_nothing(bank: Bank) -> None:
    """Joined payees are posted, the others held, in one transaction."""
    await bank.people(ALICE, BOB, CAROL)
    card = await bank.payments.draft(ALICE, payees=[BOB, "newcomer", CAROL], amount=eur(2_000))
    card = await bank.posted(card)
    assert [p.state.value for p in card.payments] == ["posted", "held", "posted"]
    assert await bank.balance(ALICE) == (6_000, 2_000)
    assert await bank.balance(CAROL) == (12_000, 0)
    too_much = await bank.payments.draft(ALICE, payees=[BOB, CAROL], amount=eur(2_001))
    before = bank.snapshot()
    with pytest.raises(InsufficientFunds) as short:
        await bank.payments.ask_pin(too_much.id, ALICE)
    assert (short.value.available, short.value.needed) == (eur(4_000), eur(4_002))
    assert bank.snapshot() == before


async def test_payee_sees_nothing_of_the_others(bank: Bank) -> None:
    """A payment shows its payee that payment alone, and nothing before it was approved."""
    await bank.people(ALICE, BOB, CAROL, EVE)
    card = await bank.payments.draft(ALICE, payees=[BOB, CAROL], amount=eur(5))
    first = card.payments[0]
    with pytest.raises(NotYours):
        await bank.payments.payment(first.id, BOB)
    await bank.posted(card)
    assert [p.payee_id for p in (await bank.payments.payment(first.id, BOB))[1].payments] == [BOB]
    assert len((await bank.payments.payment(first.id, ALICE))[1].payments) == 2
    for payment_id in (first.id, "p_unknown"):
        with pytest.raises(NotYours):
            await bank.payments.payment(payment_id, EVE)
        with pytest.raises(NotYours):
            await bank.payments.receipt(payment_id, EVE)


async def test_currencies_do_not_mix(bank: Bank) -> None:
    """A payment in another currency is covered by that currency's account alone."""
    await bank.people(ALICE, BOB)
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=Money(5, "USD"))
    with pytest.raises(InsufficientFunds) as short:
        await bank.payments.ask_pin(card.id, ALICE)
    assert short.value.available == Money(0, "USD")
    await bank.payments.topup(ALICE, Money(9, "USD"), origin="usd")
    await bank.posted(card)
    assert await bank.balance(BOB, "USD") == (5, 0)
    assert await bank.balance(BOB) == (10_000, 0)


async def test_history_pages(bank: Bank) -> None:
    """Newest first, each line once, an end; no account, no lines."""
    await bank.people(ALICE, BOB)
    for minor in (1, 2, 3):
        await bank.pay(ALICE, BOB, minor)
    page = await bank.payments.history(ALICE, currency="EUR", limit=3)
    assert [line.amount_minor for line in page.lines] == [-3, -2, -1]
    rest = await bank.payments.history(ALICE, currency="EUR", before=page.older, limit=3)
    assert [line.amount_minor for line in rest.lines] == [10_000]
    assert rest.older is None
    topups = await bank.payments.history(ALICE, currency="EUR", kinds=[TransferKind.TOPUP])
    assert [line.amount_minor for line in topups.lines] == [10_000]
    assert (await bank.payments.history(ALICE, currency="USD")).lines == ()


# --- holds ---------------------------------------------------------------------------------------


async def test_payment_to_a_newcomer_is_held(bank: Bank) -> None:
    """The money is reserved, and told to a payee who is known by id."""
    await bank.meet(DAN)
    payment = await held(bank, DAN)
    assert payment.state is PaymentState.HELD
    assert payment.expires_at == bank.clock() + DAY
    assert await bank.balance(ALICE) == (10_000, 300)
    assert ("payment_held", DAN, payment.id) in await bank.notices()
    assert await bank.payments.held_by(ALICE) == [payment]
    assert (await bank.payments.payment(payment.id, DAN))[0] == payment


async def test_unreachable_newcomer_is_not_written_to(bank: Bank) -> None:
    """Whoever blocked the bot is told nothing, until they come back."""
    await bank.meet(DAN)
    await bank.payments.unreachable(DAN)
    payment = await held(bank, DAN)
    assert ("payment_held", DAN, payment.id) not in await bank.notices()
    assert (await bank.meet(DAN)).reachable


@pytest.mark.parametrize("payee", [DAN, "dan", "@DAN"])
async def test_held_money_arrives_on_joining(bank: Bank, payee: int | str) -> None:
    """By id or by the @name that the newcomer has."""
    payment = await held(bank, payee)
    await bank.notices()
    await bank.person(DAN)
    assert await bank.balance(ALICE) == (9_700, 0)
    assert await bank.balance(DAN) == (300, 0)
    assert await bank.notices() == [
        ("payment_received", DAN, payment.id),
        ("payment_claimed", ALICE, payment.id),
    ]
    await bank.payments.join(DAN, name="Dan")
    assert await bank.balance(DAN) == (300, 0)


async def test_held_money_waits_for_its_name(bank: Bank) -> None:
    """Somebody by another name gets nothing by joining, nor by the link."""
    payment = await held(bank, "newcomer")
    await bank.person(DAN)
    before = bank.snapshot()
    for claim_token in (token(payment), "no such token"):
        with pytest.raises(NotYours):
            await bank.payments.claim(claim_token, DAN)
        with pytest.raises(NotYours):
            await bank.payments.claimable(claim_token, DAN)
    assert bank.snapshot() == before


async def test_claimed_by_whoever_has_the_name_now(bank: Bank) -> None:
    """A person who has joined already claims by link, in any case of the name, once."""
    payment = await held(bank, "newcomer")
    await bank.person(DAN)
    await bank.meet(DAN, "NewComer")
    assert (await bank.payments.claimable(token(payment), DAN)).id == payment.id
    claimed = await bank.payments.claim(token(payment), DAN)
    assert (claimed.state, claimed.payee_id) == (PaymentState.POSTED, DAN)
    before = bank.snapshot()
    assert await bank.payments.claim(token(payment), DAN) == claimed
    assert bank.snapshot() == before
    assert await bank.balance(DAN) == (300, 0)


async def test_claim_is_refused(bank: Bank) -> None:
    """To the payer, to strangers, to whoever has not joined, and after the time is up."""
    await bank.meet(DAN)
    payment = await held(bank, DAN)
    await bank.person(EVE)
    await bank.meet(ALICE, "dan")
    before = bank.snapshot()
    for person_id, error in ((ALICE, NotYours), (EVE, NotYours), (DAN, NotJoined)):
        with pytest.raises(error):
            await bank.payments.claim(token(payment), person_id)
    bank.clock.turn(DAY)
    with pytest.raises(Expired):
        await bank.payments.claim(token(payment), DAN)
    assert bank.snapshot() == before


async def test_taken_back(bank: Bank) -> None:
    """The payer ends the hold, once; then there is nothing to claim."""
    await bank.meet(DAN)
    payment = await held(bank, DAN)
    await bank.notices()
    with pytest.raises(NotYours):
        await bank.payments.take_back(payment.id, DAN)
    returned = await bank.payments.take_back(payment.id, ALICE)
    assert returned.state is PaymentState.RETURNED
    assert await bank.payments.take_back(payment.id, ALICE) == returned
    assert await bank.notices() == [("payment_returned", ALICE, payment.id)]
    assert await bank.balance(ALICE) == (10_000, 0)
    with pytest.raises(NotOpen):
        await bank.payments.claim(token(payment), DAN)
    await bank.person(DAN)
    assert await bank.balance(DAN) == (0, 0)


async def test_claimed_money_cannot_be_taken_back(bank: Bank) -> None:
    """What has arrived has arrived."""
    payment = await held(bank, DAN)
    await bank.person(DAN)
    before = bank.snapshot()
    with pytest.raises(NotOpen):
        await bank.payments.take_back(payment.id, ALICE)
    assert bank.snapshot() == before


async def test_claim_races_return(bank: Bank) -> None:
    """Exactly one wins, whoever it is."""
    await bank.person(DAN)
    for _ in range(5):
        await bank.meet(DAN, None)
        payment = await held(bank, "newcomer")
        await bank.meet(DAN, "newcomer")
        results: list[Any] = await asyncio.gather(
            bank.payments.claim(token(payment), DAN),
            bank.payments.take_back(payment.id, ALICE),
            bank.payments.claim(token(payment), DAN),
            return_exceptions=True,
        )
        states = {result.state for result in results if isinstance(result, Payment)}
        assert len(states) == 1
        assert all(isinstance(result, Payment | NotOpen) for result in results)


async def test_unclaimed_money_returns(bank: Bank) -> None:
    """After its time the sweep gives it back; sweeping again, or twice at once, does nothing."""
    payment = await held(bank, "newcomer")
    bank.clock.turn(DAY - 1)
    assert await bank.payments.sweep() == 0
    bank.clock.turn(1)
    await bank.notices()
    assert sum(await asyncio.gather(bank.payments.sweep(), bank.restarted().sweep())) == 1
    assert await bank.payments.sweep() == 0
    assert await bank.balance(ALICE) == (10_000, 0)
    assert await bank.notices() == [("payment_returned", ALICE, payment.id)]


# --- refunds -------------------------------------------------------------------------------------


async def test_refund_in_parts(bank: Bank) -> None:
    """The payee gives back, with the PIN, up to what was paid; both are told."""
    await bank.people(ALICE, BOB)
    payment = (await bank.pay(ALICE, BOB, 1_000)).payments[0]
    card = await bank.payments.refund(payment.id, BOB, amount=eur(400), origin="r")
    assert await bank.payments.refund(payment.id, BOB, amount=eur(400), origin="r") == card
    await bank.notices()
    refund = (await bank.posted(card)).payments[0]
    assert await bank.notices() == [
        ("payment_refunded", ALICE, payment.id),
        ("payment_refunded", BOB, payment.id),
        ("intent", BOB, card.id),
    ]
    assert (await bank.payments.receipt(refund.id, ALICE)).transfer.reverses_id == payment.id
    assert await bank.balance(ALICE) == (9_400, 0)
    with pytest.raises(AmountRefused) as refused:
        await bank.payments.refund(payment.id, BOB, amount=eur(601))
    assert (refused.value.least, refused.value.most) == (eur(1), eur(600))
    await bank.posted(await bank.payments.refund(payment.id, BOB, amount=eur(600)))
    assert await bank.balance(ALICE) == (10_000, 0)
    before = bank.snapshot()
    with pytest.raises(NotOpen):
        await bank.payments.refund(payment.id, BOB, amount=eur(1))
    assert bank.snapshot() == before


async def test_refund_is_refused(bank: Bank) -> None:
    """Only by the payee, only of a posted payment, never of a refund, in its currency."""
    await bank.people(ALICE, BOB)
    await bank.meet(DAN)
    payment = (await bank.pay(ALICE, BOB, 1_000)).payments[0]
    waiting = (await bank.pay(ALICE, DAN, 10)).payments[0]
    back = (
        await bank.posted(await bank.payments.refund(payment.id, BOB, amount=eur(1)))
    ).payments[0]
    cases: list[tuple[str, int, Money, type[Refused]]] = [
        (waiting.id, DAN, eur(10), NotJoined),
        (payment.id, ALICE, eur(1), NotYours),
        ("p_unknown", BOB, eur(1), NotYours),
        (back.id, ALICE, eur(1), NotOpen),
        (payment.id, BOB, eur(0), AmountRefused),
        (payment.id, BOB, Money(1, "USD"), AmountRefused),
    ]
    before = bank.snapshot()
    for payment_id, by, amount, error in cases:
        with pytest.raises(error):
            await bank.payments.refund(payment_id, by, amount=amount)
    assert bank.snapshot() == before


async def test_two_refunds_race(bank: Bank) -> None:
    """Two cards for the whole amount: one is posted, the other refused, nothing given twice."""
    await bank.people(ALICE, BOB)
    payment = (await bank.pay(ALICE, BOB, 1_000)).payments[0]
    cards = [await bank.payments.refund(payment.id, BOB, amount=eur(1_000)) for _ in range(2)]
    for card in cards:
        await bank.payments.ask_pin(card.id, BOB)
    await bank.approve_in_store(cards[0].id)
    keypad = await bank.store.read(lambda tx: tx.pins.keypad_for(BOB))
    result = await bank.type(keypad, "493817")
    assert isinstance(result, RefusedAfterPin)
    assert await bank.balance(ALICE) == (10_000, 0)


# --- the bank ------------------------------------------------------------------------------------


async def test_topup_of_one_origin_gives_once(bank: Bank) -> None:
    """The same origin answers the first; with another amount it conflicts; others' are theirs."""
    await bank.people(ALICE, BOB, funds=0)
    first = await bank.payments.topup(ALICE, eur(500), origin="1:2")
    assert await bank.payments.topup(ALICE, eur(500), origin="1:2") == first
    assert first.balance_after == eur(500)
    before = bank.snapshot()
    with pytest.raises(Conflict):
        await bank.payments.topup(ALICE, eur(501), origin="1:2")
    assert bank.snapshot() == before
    await bank.payments.topup(BOB, eur(500), origin="1:2")
    assert await bank.balance(ALICE) == (500, 0)
    assert await bank.balance(BOB) == (500, 0)


async def test_topups_are_capped_in_any_24_hours(bank: Bank) -> None:
    """What is left, and when there is more, is said; the same origin is answered all the same."""
    await bank.people(ALICE, funds=0)
    bank.payments.policy = policy(topup_day_major=10)
    start = bank.clock()
    await bank.payments.topup(ALICE, eur(600), origin="a")
    bank.clock.turn(HOUR)
    await bank.payments.topup(ALICE, eur(300), origin="b")
    before = bank.snapshot()
    with pytest.raises(LimitExceeded) as limit:
        await bank.payments.topup(ALICE, eur(101), origin="c")
    assert (limit.value.possible, limit.value.again_at) == (eur(100), start + DAY)
    assert bank.snapshot() == before
    await bank.payments.topup(ALICE, eur(100), origin="c")
    await bank.payments.topup(ALICE, eur(300), origin="b")
    bank.clock.now = start + DAY
    await bank.payments.topup(ALICE, eur(600), origin="d")
    assert await bank.balance(ALICE) == (1_600, 0)


async def test_no_topups_of_real_money(bank: Bank) -> None:
    """Outside the sandbox there is no bank that gives; nor for who has not joined."""
    await bank.people(ALICE)
    await bank.meet(DAN)
    before = bank.snapshot()
    for person_id, amount, error in (
        (DAN, eur(5), NotJoined),
        (ALICE, eur(0), AmountRefused),
        (ALICE, Money(5, "CHF"), AmountRefused),
    ):
        with pytest.raises(error):
            await bank.payments.topup(person_id, amount, origin="x")
    bank.payments.policy = policy(sandbox=False)
    with pytest.raises(LimitExceeded):
        await bank.payments.topup(ALICE, eur(5), origin="x")
    assert bank.snapshot() == before


async def test_withdrawal_is_approved_and_capped(bank: Bank) -> None:
    """Like a payment, to one's own bank; the day's cap is checked again when it is posted."""
    await bank.people(ALICE)
    bank.payments.policy = policy(topup_day_major=10)
    card = await bank.payments.withdraw(ALICE, eur(600), origin="w")
    assert await bank.payments.withdraw(ALICE, eur(600), origin="w") == card
    other = await bank.payments.withdraw(ALICE, eur(500))
    await bank.payments.ask_pin(other.id, ALICE)
    assert isinstance(await bank.approve(card), Approved)
    assert await bank.balance(ALICE) == (9_400, 0)
    before = bank.snapshot()
    for amount, error in ((eur(401), LimitExceeded), (eur(0), AmountRefused)):
        with pytest.raises(error):
            await bank.payments.withdraw(ALICE, amount)
    with pytest.raises(LimitExceeded):
        await bank.payments.ask_pin(other.id, ALICE)
    with pytest.raises(LimitExceeded):
        await bank.approve_in_store(other.id)
    assert bank.snapshot() == before


async def test_withdrawal_needs_the_money(bank: Bank) -> None:
    """Held money cannot be withdrawn."""
    await held(bank, "newcomer", 9_000)
    before = bank.snapshot()
    with pytest.raises(InsufficientFunds) as short:
        await bank.payments.withdraw(ALICE, eur(1_001))
    assert short.value.available == eur(1_000)
    assert bank.snapshot() == before


async def test_posted_card_is_not_approved_again(bank: Bank) -> None:
    """A card is posted from the state in which it awaits its PIN, and from no other."""
    await bank.people(ALICE, BOB)
    card: Intent = await bank.pay(ALICE, BOB, 5)
    draft = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(5))
    before = bank.snapshot()
    for intent_id in (card.id, draft.id):
        with pytest.raises(NotOpen):
            await bank.approve_in_store(intent_id)
    assert bank.snapshot() == before


async def test_the_balance_at_any_moment_is_found(bank: Bank) -> None:
    """At the end of each day, and before all; of an account that there is not it is nothing."""
    await bank.person(ALICE)
    began = bank.clock()
    held = [0]
    for day in range(1, 41):
        bank.clock.turn(DAY)
        for _ in range(day % 4):
            await bank.payments.topup(ALICE, eur(100 + day), origin=f"day {next(bank.taps)}")
        held.append((await bank.payments.balances(ALICE))[0].balance_minor if day else 0)
    ends = [began + DAY * day for day in range(41)]
    found = await bank.payments.balances_at(ALICE, currency="EUR", moments=ends)
    assert found == held
    between = [end - 1 for end in ends]
    earlier = await bank.payments.balances_at(ALICE, currency="EUR", moments=between)
    assert earlier == [0, *held[:-1]]
    assert await bank.payments.balances_at(ALICE, currency="USD", moments=ends[:2]) == [0, 0]
