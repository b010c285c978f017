"""How much may be paid and received: the policy's own figures, by level, window and moment."""

from __future__ import annotations

import asyncio

import pytest

from payments.errors import Limit, LimitExceeded, PinMissing, TermsChanged, Unverified
from payments.models import Level, PaymentState, Profile, Proof
from payments.money import Money
from payments.policy import DAY, HOUR, MINUTE, MONTH, Caps, Policy
from payments.results import Approved, RefusedAfterPin
from payments.service import Payments
from tests.unit.payments_kit import (
    ALICE,
    BOB,
    CAROL,
    DAN,
    OTHER_PIN,
    PIN,
    START,
    Bank,
    eur,
    policy,
)

PHONE, IBAN = "+5511912345678", "DE89370400440532013000"


def with_policy(bank: Bank, changed: Policy) -> Bank:
    """The same bank under another policy."""
    bank.payments = Payments(bank.store, bank.pins, changed, bank.clock)
    return bank


@pytest.fixture
async def capped(bank: Bank) -> Bank:
    """Alice, Bob and Carol with plenty of money, and the policy's own caps."""
    await bank.people(ALICE, BOB, CAROL, funds=100_000_000)
    return with_policy(bank, Policy())


async def refusal(
    bank: Bank, minor: int, *, payee: int | str = BOB, payer: int = ALICE
) -> tuple[str, Money | None, int | None]:
    """Why a payment is refused on the way to its PIN, what is possible, and when more is."""
    card = await bank.payments.draft(payer, payees=[payee], amount=eur(minor))
    before = bank.snapshot()
    with pytest.raises(LimitExceeded) as refused:
        await bank.payments.ask_pin(card.id, payer)
    assert bank.snapshot() == before
    return refused.value.limit, refused.value.possible, refused.value.again_at


async def prove(bank: Bank, person_id: int, level: Level) -> None:
    """Lets somebody show what a level takes."""
    if level is not Level.TERMS:
        await bank.payments.verify_phone(person_id, f"+55119{person_id:08d}", owner_id=person_id)
    if level is Level.BANK:
        await bank.payments.link_bank(person_id, IBAN)


@pytest.mark.parametrize(
    ("level", "once"),
    [(Level.TERMS, 50_000), (Level.PHONE, 200_000), (Level.BANK, 1_000_000)],
)
async def test_one_payment_is_capped_by_level(capped: Bank, level: Level, once: int) -> None:
    """To the cent: the better somebody is known, the more they pay at once."""
    await prove(capped, ALICE, level)
    await prove(capped, BOB, Level.BANK)
    assert await refusal(capped, once + 1) == (Limit.PAYMENT, eur(once), None)
    await capped.pay(ALICE, BOB, once)
    assert await capped.balance(BOB) == (100_000_000 + once, 0)


async def test_a_bank_account_alone_is_not_enough(capped: Bank) -> None:
    """Without a phone number, a bank account raises nothing."""
    await capped.payments.link_bank(ALICE, IBAN)
    assert await refusal(capped, 50_001) == (Limit.PAYMENT, eur(50_000), None)


async def test_a_day_is_any_24_hours(capped: Bank) -> None:
    """What was paid 24 hours ago counts no longer, what was paid a millisecond later does."""
    await capped.pay(ALICE, BOB, 50_000)
    capped.clock.turn(HOUR)
    await capped.pay(ALICE, CAROL, 30_000)
    assert await refusal(capped, 20_001) == (Limit.DAY, eur(20_000), START + DAY)
    await capped.pay(ALICE, BOB, 20_000)
    assert await refusal(capped, 1) == (Limit.DAY, eur(0), START + DAY)
    capped.clock.turn(DAY - HOUR - 1)
    assert await refusal(capped, 1) == (Limit.DAY, eur(0), START + DAY)
    capped.clock.turn(1)
    assert await refusal(capped, 50_001) == (Limit.PAYMENT, eur(50_000), None)
    await capped.pay(ALICE, CAROL, 50_000)


async def test_a_month_is_any_30_days(capped: Bank) -> None:
    """Five full days use it up; it begins to come back 30 days after the first of them."""
    for _ in range(5):
        await capped.pay(ALICE, BOB, 50_000)
        await capped.pay(ALICE, CAROL, 50_000)
        capped.clock.turn(DAY)
    assert await refusal(capped, 1) == (Limit.MONTH, eur(0), START + MONTH)
    capped.clock.turn(MONTH - 5 * DAY)
    await capped.pay(ALICE, BOB, 50_000)


async def test_an_hour_takes_so_many_payments(capped: Bank) -> None:
    """Counted by payments, not cards: the 61st within an hour is refused."""
    capped = with_policy(capped, Policy(hour_payments=3))
    both = await capped.payments.draft(ALICE, payees=[BOB, CAROL], amount=eur(1))
    await capped.posted(both)
    capped.clock.turn(MINUTE)
    await capped.pay(ALICE, BOB, 1)
    assert await refusal(capped, 1) == (Limit.HOUR, None, START + HOUR)
    capped.clock.turn(HOUR - MINUTE)
    await capped.pay(ALICE, BOB, 1)


async def test_several_payees_count_together(capped: Bank) -> None:
    """Each of a card's payments counts, and the card's total is what must fit."""
    card = await capped.payments.draft(ALICE, payees=[BOB, CAROL], amount=eur(50_000))
    await capped.posted(card)
    assert await refusal(capped, 1) == (Limit.DAY, eur(0), START + DAY)


async def test_other_currencies_have_figures_of_their_own(capped: Bank) -> None:
    """In rupees the same caps are a hundred times as high, and euros do not count."""
    await capped.pay(ALICE, BOB, 50_000)
    card = await capped.payments.draft(ALICE, payees=[BOB], amount=Money(5_000_001, "INR"))
    with pytest.raises(LimitExceeded) as refused:
        await capped.payments.ask_pin(card.id, ALICE)
    assert (refused.value.limit, refused.value.possible) == (
        Limit.PAYMENT,
        Money(5_000_000, "INR"),
    )


async def test_a_hold_counts_for_its_payer_when_it_is_made(capped: Bank) -> None:
    """Also after it has come back."""
    card = await capped.pay(ALICE, "newcomer", 50_000)
    assert card.payments[0].state is PaymentState.HELD
    await capped.pay(ALICE, BOB, 40_000)
    await capped.payments.take_back(card.payments[0].id, ALICE)
    assert await refusal(capped, 10_001) == (Limit.DAY, eur(10_000), START + DAY)


async def test_what_is_given_back_is_no_payment(capped: Bank) -> None:
    """A refund of a full day's takings counts on neither side."""
    first = await capped.pay(ALICE, BOB, 50_000)
    second = await capped.pay(ALICE, BOB, 50_000)
    for card in (first, second):
        payment = card.payments[0]
        await capped.posted(await capped.payments.refund(payment.id, BOB, amount=payment.amount))
    await capped.pay(BOB, ALICE, 50_000)
    assert (await refusal(capped, 1))[0] == Limit.DAY


async def test_a_payee_has_a_cap_that_payers_are_not_told(capped: Bank) -> None:
    """The figures are the payee's own business; above it nothing moves."""
    await prove(capped, ALICE, Level.BANK)
    assert await refusal(capped, 100_001) == (Limit.RECEIVING, None, None)
    await capped.pay(ALICE, BOB, 100_000)
    await capped.pay(CAROL, BOB, 50_000)
    assert await refusal(capped, 50_001) == (Limit.RECEIVING, None, None)
    await capped.pay(ALICE, BOB, 50_000)
    assert await refusal(capped, 1) == (Limit.RECEIVING, None, None)
    await prove(capped, BOB, Level.PHONE)
    await capped.pay(ALICE, BOB, 1)


async def test_who_claims_is_capped_and_the_money_waits(capped: Bank) -> None:
    """More than a payee may be paid stays held; they are told their own figures."""
    await capped.meet(DAN, "dan")
    tokens = []
    for payer in (ALICE, BOB, CAROL):
        for _ in range(2):
            card = await capped.pay(payer, DAN, 50_000)
            tokens.append(card.payments[0].claim_token)
    await capped.payments.join(DAN, name="Dan")
    assert await capped.balance(DAN) == (200_000, 0)
    held = [p for payer in (ALICE, BOB, CAROL) for p in await capped.payments.held_by(payer)]
    assert len(held) == 2
    before = capped.snapshot()
    with pytest.raises(LimitExceeded) as refused:
        await capped.payments.claim(held[0].claim_token or "", DAN)
    error = refused.value
    assert (error.limit, error.possible, error.again_at) == (Limit.RECEIVING, eur(0), START + DAY)
    assert capped.snapshot() == before


async def test_a_new_pin_lowers_the_day_for_a_day(capped: Bank) -> None:
    """Not the first PIN, but another one in its place."""
    await capped.pay(ALICE, BOB, 15_000)
    keypad = await capped.payments.begin_pin(ALICE)
    for digits in (PIN, OTHER_PIN, OTHER_PIN):
        result = await capped.type(keypad, digits)
        keypad = getattr(result, "keypad", keypad)
    assert await refusal(capped, 5_001) == (Limit.NEW_PIN, eur(5_000), START + DAY)
    card = await capped.payments.draft(ALICE, payees=[BOB], amount=eur(5_000))
    assert isinstance(await capped.approve(card, OTHER_PIN), Approved)
    assert await refusal(capped, 1) == (Limit.NEW_PIN, eur(0), START + DAY)
    capped.clock.turn(DAY)
    card = await capped.payments.draft(ALICE, payees=[BOB], amount=eur(50_000))
    assert isinstance(await capped.approve(card, OTHER_PIN), Approved)


async def test_fifty_at_once_reach_the_limit_to_the_last_cent(bank: Bank) -> None:
    """Of fifty payments that race for a day's cap, as many go through as fit: no cent more."""
    await bank.people(ALICE, BOB, funds=100_000_000)
    caps = {Level.TERMS: Caps(payment=100, day=100, month=1_000)}
    bank = with_policy(bank, policy(paying=caps))
    cards = [await bank.payments.draft(ALICE, payees=[BOB], amount=eur(333)) for _ in range(49)]
    cards.append(await bank.payments.draft(ALICE, payees=[BOB], amount=eur(10)))
    for card in cards:
        await bank.payments.ask_pin(card.id, ALICE)
    money = sum(await asyncio.gather(*(approved_minor(bank, card.id) for card in cards)))
    assert money == 30 * 333 + 10 == 10_000
    assert await bank.balance(BOB) == (100_000_000 + 10_000, 0)
    assert await refusal(bank, 1) == (Limit.DAY, eur(0), START + DAY)


async def approved_minor(bank: Bank, card_id: str) -> int:
    """What a card that awaits its PIN moves when it is approved: its total, or nothing."""
    try:
        card = await bank.approve_in_store(card_id)
    except LimitExceeded:
        return 0
    return card.payments[0].amount.minor


async def test_a_limit_that_is_reached_before_the_pin_refuses_after_it(capped: Bank) -> None:
    """The keypad was open already: the right PIN meets the rule, and nothing moves."""
    cards = [
        await capped.payments.draft(ALICE, payees=[payee], amount=eur(50_000))
        for payee in (BOB, CAROL, BOB)
    ]
    for card in cards[:2]:
        await capped.payments.ask_pin(card.id, ALICE)
    keypad = await capped.payments.ask_pin(cards[2].id, ALICE)
    for card in cards[:2]:
        await capped.approve_in_store(card.id)
    money = capped.money()
    result = await capped.type(keypad, PIN)
    assert isinstance(result, RefusedAfterPin)
    assert isinstance(result.error, LimitExceeded)
    assert capped.money() == money


async def test_proofs_are_required_where_the_policy_says_so(capped: Bank) -> None:
    """First the phone, then the bank account; being paid takes neither."""
    capped = with_policy(capped, Policy(require=(Proof.PHONE, Proof.BANK)))
    card = await capped.payments.draft(ALICE, payees=[BOB], amount=eur(500))
    for proof, show in (
        (Proof.PHONE, capped.payments.verify_phone(ALICE, PHONE, owner_id=ALICE)),
        (Proof.BANK, capped.payments.link_bank(ALICE, IBAN)),
    ):
        before = capped.snapshot()
        with pytest.raises(Unverified) as refused:
            await capped.payments.ask_pin(card.id, ALICE)
        assert refused.value.missing is proof
        assert capped.snapshot() == before
        await show
    await capped.posted(card)


async def test_proofs_are_asked_for_before_a_pin(bank: Bank) -> None:
    """Somebody new shows first, and chooses a PIN then."""
    await bank.person(BOB)
    await bank.person(ALICE, funds=1_000, pin=None)
    bank = with_policy(bank, policy(require=(Proof.PHONE,)))
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(500))
    with pytest.raises(Unverified):
        await bank.payments.ask_pin(card.id, ALICE)
    await bank.payments.verify_phone(ALICE, PHONE, owner_id=ALICE)
    with pytest.raises(PinMissing):
        await bank.payments.ask_pin(card.id, ALICE)


async def test_raised_terms_stop_money_until_they_are_accepted(
    capped: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is paid or asked for, also not on an open keypad; money that comes still comes."""
    card = await capped.payments.draft(ALICE, payees=[BOB], amount=eur(500))
    keypad = await capped.payments.ask_pin(card.id, ALICE)
    later = await capped.payments.draft(BOB, payees=[ALICE], amount=eur(7))
    monkeypatch.setattr("payments.people.TERMS_VERSION", 2)
    await capped.payments.join(BOB, name="Bob")
    money = capped.money()
    for attempt in (
        capped.payments.draft(ALICE, payees=[BOB], amount=eur(5)),
        capped.payments.request(ALICE, payers=[BOB], amount=eur(5)),
        capped.payments.topup(ALICE, eur(5), origin="x"),
        capped.payments.withdraw(ALICE, eur(5)),
        capped.payments.begin_pin(ALICE),
        capped.payments.personal_link(ALICE),
        capped.payments.link_bank(ALICE, IBAN),
    ):
        with pytest.raises(TermsChanged):
            await attempt
    result = await capped.type(keypad, PIN)
    assert isinstance(result, RefusedAfterPin)
    assert isinstance(result.error, TermsChanged)
    assert capped.money() == money
    await capped.posted(later)
    person = await capped.payments.join(ALICE, name="")
    assert (person.terms_version, person.name) == (2, "Alice")
    await capped.pay(ALICE, BOB, 500)


async def test_a_clock_that_goes_back_loosens_nothing(capped: Bank) -> None:
    """What was counted later than now is counted all the same."""
    await capped.pay(ALICE, BOB, 50_000)
    capped.clock.turn(-HOUR)
    await capped.pay(ALICE, BOB, 50_000)
    assert (await refusal(capped, 1))[0] == Limit.DAY


async def test_profile_without_a_visible_name_is_met_by_number(bank: Bank) -> None:
    """A name of nothing but marks that cannot be seen is no name."""
    person = await bank.payments.meet(Profile(DAN, "\u202e\u200b\u2066", None, "en"))
    assert person.name == str(DAN)
