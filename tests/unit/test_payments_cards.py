"""Cards, from the draft to the PIN."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from payments.errors import (
    AmountRefused,
    Expired,
    InsufficientFunds,
    NoteRefused,
    NotJoined,
    NotOpen,
    NotYours,
    PayeeRefusal,
    PayeeRefused,
    PinLocked,
    PinMissing,
    Refused,
    UnknownPerson,
)
from payments.models import Intent, IntentState, RequestState
from payments.money import MAX_MINOR, Money
from payments.policy import MINUTE
from payments.results import Approved, KeypadClosed, Locked, RefusedAfterPin
from tests.unit.payments_kit import (
    ALICE,
    BOB,
    CAROL,
    DAN,
    EVE,
    GROUP,
    WRONG,
    Bank,
    eur,
    policy,
)


def reason(error: Refused) -> PayeeRefusal | None:
    return error.reason if isinstance(error, PayeeRefused) else None


@pytest.mark.parametrize("ref", [BOB, "bob", "@Bob", " @BOB "])
async def test_payee_is_found_by_id_and_by_name(bank: Bank, ref: int | str) -> None:
    """However a known payee is named, the numeric id is what is stored."""
    await bank.people(ALICE, BOB)
    card = await bank.payments.draft(ALICE, payees=[ref], amount=eur(5), note=" lunch ")
    assert [(p.payee_id, p.payee_username) for p in card.payments] == [(BOB, None)]
    assert card.note == "lunch"
    assert card.total == eur(5)


async def test_renaming_does_not_redirect_a_payment(bank: Bank) -> None:
    """Somebody who takes over a username between draft and PIN gets nothing."""
    await bank.people(ALICE, BOB, EVE)
    card = await bank.payments.draft(ALICE, payees=["bob"], amount=eur(500))
    await bank.meet(BOB, "robert")
    await bank.meet(EVE, "bob")
    await bank.posted(card)
    assert await bank.balance(BOB) == (10_500, 0)
    assert await bank.balance(EVE) == (10_000, 0)


async def test_unknown_name_is_kept_as_name(bank: Bank) -> None:
    """Nobody is met by a name: the payment waits for whoever has it, in lower case."""
    await bank.people(ALICE)
    card = await bank.payments.draft(ALICE, payees=["@New_One"], amount=eur(5))
    assert [(p.payee_id, p.payee_username) for p in card.payments] == [(None, "new_one")]


async def test_unknown_id_is_a_person_who_has_not_joined(bank: Bank) -> None:
    """Somebody picked from contacts can be paid before the bot has met them."""
    await bank.people(ALICE)
    card = await bank.payments.draft(ALICE, payees=[DAN], amount=eur(5))
    assert card.payments[0].payee_id == DAN
    dan = await bank.payments.person(DAN)
    assert dan is not None
    assert not dan.joined


DRAFTS: list[tuple[str, dict[str, Any], type[Refused], PayeeRefusal | None]] = [
    # In the order of the checks: each case breaks its own rule and all those after it.
    ("not joined", {"payer_id": DAN, "payees": ["dan"]}, NotJoined, None),
    (
        "too many",
        {"payees": [ALICE, *range(1, 21)], "amount": eur(0)},
        PayeeRefused,
        PayeeRefusal.TOO_MANY,
    ),
    ("no such name", {"payees": ["a b", ALICE], "amount": eur(0)}, UnknownPerson, None),
    ("no such id", {"payees": [-5, ALICE], "amount": eur(0)}, UnknownPerson, None),
    (
        "self by id",
        {"payees": [ALICE, BOB, BOB], "amount": eur(0)},
        PayeeRefused,
        PayeeRefusal.SELF,
    ),
    (
        "self by name",
        {"payees": ["@ALICE", BOB, BOB], "amount": eur(0)},
        PayeeRefused,
        PayeeRefusal.SELF,
    ),
    ("twice", {"payees": [BOB, "bob"], "amount": eur(0)}, PayeeRefused, PayeeRefusal.TWICE),
    (
        "currency",
        {"payees": [CAROL], "amount": Money(0, "CHF"), "note": "n" * 141},
        AmountRefused,
        None,
    ),
    ("zero", {"payees": [CAROL], "amount": eur(0), "note": "n" * 141}, AmountRefused, None),
    ("too much", {"payees": [CAROL], "amount": eur(MAX_MINOR + 1)}, AmountRefused, None),
    ("note", {"payees": [CAROL], "amount": eur(5), "note": "n" * 141}, NoteRefused, None),
    (
        "blocked by payee",
        {"payees": [CAROL], "amount": eur(5)},
        PayeeRefused,
        PayeeRefusal.BLOCKED,
    ),
    (
        "blocked by payer",
        {"payees": [EVE], "amount": eur(5)},
        PayeeRefused,
        PayeeRefusal.BLOCKED,
    ),
]


@pytest.mark.parametrize(
    ("draft", "error", "why"), [case[1:] for case in DRAFTS], ids=[case[0] for case in DRAFTS]
)
async def test_draft_is_refused(
    bank: Bank, draft: dict[str, Any], error: type[Refused], why: PayeeRefusal | None
) -> None:
    """The first rule in the documented order speaks, and nothing is stored."""
    await bank.people(ALICE, BOB, CAROL, EVE)
    await bank.meet(DAN)
    await bank.payments.block(CAROL, ALICE)
    await bank.payments.block(ALICE, EVE)
    before = bank.snapshot()
    with pytest.raises(error) as refusal:
        await bank.payments.draft(**{"payer_id": ALICE, **draft})
    assert type(refusal.value) is error
    assert reason(refusal.value) is why
    assert bank.snapshot() == before


async def test_same_origin_answers_the_first_card(bank: Bank) -> None:
    """A command that is delivered twice makes one card, and another person's makes another."""
    await bank.people(ALICE, BOB, CAROL)
    first = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(5), origin="1:2")
    again = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(5), origin="1:2")
    other = await bank.payments.draft(CAROL, payees=[BOB], amount=eur(5), origin="1:2")
    assert again == first
    assert other.id != first.id


async def test_draft_is_filled_in(bank: Bank) -> None:
    """Parts come in any order; what was said before is kept."""
    await bank.people(ALICE, BOB)
    card = await bank.payments.draft(ALICE)
    assert (card.lacks_payee, card.lacks_amount, card.total) == (True, True, None)
    card = await bank.payments.amend(card.id, ALICE, amount=eur(700))
    assert (card.lacks_payee, card.amount_each, card.total) == (True, eur(700), None)
    card = await bank.payments.amend(card.id, ALICE, payees=["bob"])
    card = await bank.payments.amend(card.id, ALICE, note="taxi")
    assert (card.total, card.note) == (eur(700), "taxi")
    assert card == await bank.payments.intent(card.id, ALICE)
    await bank.posted(card)
    assert await bank.balance(BOB) == (10_700, 0)


async def test_card_belongs_to_its_payer(bank: Bank) -> None:
    """Nobody else reads, changes, approves or cancels it; an unknown id answers the same."""
    await bank.people(ALICE, BOB)
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(5))
    before = bank.snapshot()
    for intent_id in (card.id, "no such card"):
        for attempt in (
            bank.payments.intent(intent_id, BOB),
            bank.payments.amend(intent_id, BOB, note="x"),
            bank.payments.ask_pin(intent_id, BOB),
            bank.payments.cancel(intent_id, BOB),
            bank.payments.show_in_group(intent_id, BOB, show=True),
            bank.payments.begin_pin(BOB, intent_id=intent_id),
        ):
            with pytest.raises(NotYours):
                await attempt
    assert bank.snapshot() == before


async def test_asked_pin_freezes_the_card(bank: Bank) -> None:
    """Once the PIN is asked for, nothing on the card can change."""
    await bank.people(ALICE, BOB)
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(5))
    await bank.payments.ask_pin(card.id, ALICE)
    with pytest.raises(NotOpen):
        await bank.payments.amend(card.id, ALICE, amount=eur(50))
    assert (await bank.payments.intent(card.id, ALICE)).total == eur(5)


async def test_asked_again_the_same_keypad(bank: Bank) -> None:
    """Pressed twice, one keypad; a fresh one when that has timed out."""
    await bank.people(ALICE, BOB)
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(5))
    keypad = await bank.payments.ask_pin(card.id, ALICE)
    assert await bank.payments.ask_pin(card.id, ALICE) == keypad
    bank.clock.turn(2 * MINUTE)
    assert (await bank.payments.ask_pin(card.id, ALICE)).id != keypad.id


async def test_pin_is_not_asked_for_what_would_be_refused(bank: Bank) -> None:
    """What stands against the card is said before the PIN is tapped, in the documented order."""
    await bank.people(ALICE, BOB)
    await bank.person(CAROL, pin=None)
    cases: list[tuple[dict[str, Any], type[Refused]]] = [
        ({"amount": eur(5)}, PayeeRefused),
        ({"payees": [BOB]}, AmountRefused),
        ({"payees": [BOB], "amount": eur(10_001)}, InsufficientFunds),
        ({"payees": [BOB, EVE], "amount": eur(5_001)}, InsufficientFunds),
    ]
    for draft, error in cases:
        card = await bank.payments.draft(ALICE, **draft)
        before = bank.snapshot()
        with pytest.raises(error):
            await bank.payments.ask_pin(card.id, ALICE)
        assert bank.snapshot() == before
    card = await bank.payments.draft(CAROL, payees=[BOB], amount=eur(5))
    with pytest.raises(InsufficientFunds) as short:
        await bank.payments.ask_pin(card.id, CAROL)
    assert (short.value.available, short.value.needed) == (eur(0), eur(5))
    await bank.payments.topup(CAROL, eur(5), origin="x")
    with pytest.raises(PinMissing):
        await bank.payments.ask_pin(card.id, CAROL)


async def test_locked_pin_is_refused_without_counting(bank: Bank) -> None:
    """Asking for a card while the PIN is locked says until when, and counts no try."""
    await bank.people(ALICE, BOB)
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(5))
    for _ in range(5):
        result = await bank.approve(card, WRONG)
    assert isinstance(result, Locked)
    before = bank.snapshot()
    with pytest.raises(PinLocked) as locked:
        await bank.payments.ask_pin(card.id, ALICE)
    assert locked.value.until == result.until
    assert bank.snapshot() == before


async def test_overdue_card_expires(bank: Bank) -> None:
    """A card whose time is up is closed when its PIN is asked for."""
    await bank.people(ALICE, BOB)
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(5))
    bank.clock.turn(15 * MINUTE)
    money = bank.money()
    with pytest.raises(Expired):
        await bank.payments.ask_pin(card.id, ALICE)
    assert (await bank.payments.intent(card.id, ALICE)).state is IntentState.EXPIRED
    with pytest.raises(NotOpen):
        await bank.payments.ask_pin(card.id, ALICE)
    assert bank.money() == money


async def test_card_that_expires_while_typing_moves_nothing(bank: Bank) -> None:
    """The last digit comes too late: expired, and the keypad is gone."""
    await bank.people(ALICE, BOB)
    bank.payments.policy = policy(card_ms=MINUTE)
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(5))
    keypad = await bank.payments.ask_pin(card.id, ALICE)
    await bank.type(keypad, "49381")
    bank.clock.turn(MINUTE)
    money = bank.money()
    assert await bank.tap(keypad, "7") == KeypadClosed(card.id)
    assert (await bank.payments.intent(card.id, ALICE)).state is IntentState.EXPIRED
    assert bank.money() == money


async def test_cancelled_card_cannot_be_approved(bank: Bank) -> None:
    """Cancel wins over digits that come after it; cancelling twice is one cancel."""
    await bank.people(ALICE, BOB)
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(5))
    keypad = await bank.payments.ask_pin(card.id, ALICE)
    await bank.type(keypad, "49381")
    await bank.notices()
    assert (await bank.payments.cancel(card.id, ALICE)).state is IntentState.CANCELLED
    assert await bank.notices() == [("intent", ALICE, card.id)]
    before = bank.snapshot()
    assert (await bank.payments.cancel(card.id, ALICE)).state is IntentState.CANCELLED
    assert await bank.tap(keypad, "7") == KeypadClosed(None)
    assert bank.snapshot() == before


async def test_posted_card_cannot_be_cancelled(bank: Bank) -> None:
    """What was paid was paid."""
    await bank.people(ALICE, BOB)
    card = await bank.pay(ALICE, BOB, 5)
    before = bank.snapshot()
    with pytest.raises(NotOpen):
        await bank.payments.cancel(card.id, ALICE)
    assert bank.snapshot() == before


async def test_all_open_cards_are_cancelled(bank: Bank) -> None:
    """Drafts and cards awaiting a PIN, of this person alone."""
    await bank.people(ALICE, BOB)
    await bank.payments.draft(ALICE)
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(5))
    await bank.payments.ask_pin(card.id, ALICE)
    other = await bank.payments.draft(BOB)
    assert await bank.payments.cancel_open(ALICE) == 2
    assert await bank.payments.cancel_open(ALICE) == 0
    assert (await bank.payments.intent(other.id, BOB)).state is IntentState.DRAFT


async def test_rule_that_changes_after_the_keypad_refuses_the_card(bank: Bank) -> None:
    """Money spent meanwhile: right PIN, card refused, nothing moved, the card says why."""
    await bank.people(ALICE, BOB)
    other = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(3_000))
    await bank.payments.ask_pin(other.id, ALICE)
    card = await bank.payments.draft(ALICE, payees=[BOB, "newcomer"], amount=eur(4_000))
    keypad = await bank.payments.ask_pin(card.id, ALICE)
    await bank.type(keypad, "49381")
    await bank.approve_in_store(other.id)
    money = bank.money()
    await bank.notices()
    result = await bank.tap(keypad, "7")
    assert isinstance(result, RefusedAfterPin)
    assert isinstance(result.error, InsufficientFunds)
    assert (result.intent.state, result.intent.refusal) == (
        IntentState.REFUSED,
        "InsufficientFunds",
    )
    assert await bank.notices() == [("intent", ALICE, card.id)]
    assert bank.money() == money


async def test_block_between_keypad_and_pin_refuses_the_card(bank: Bank) -> None:
    """Blocked meanwhile: refused after the PIN."""
    await bank.people(ALICE, BOB)
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(5))
    keypad = await bank.payments.ask_pin(card.id, ALICE)
    await bank.payments.block(BOB, ALICE)
    money = bank.money()
    result = await bank.type(keypad, "493817")
    assert isinstance(result, RefusedAfterPin)
    assert reason(result.error) is PayeeRefusal.BLOCKED
    assert bank.money() == money


async def test_request_cancelled_under_the_keypad_refuses_the_card(bank: Bank) -> None:
    """The requester took it back while the PIN was being tapped."""
    await bank.people(ALICE, BOB)
    [request] = await bank.payments.request(BOB, payers=[ALICE], amount=eur(5))
    card = await bank.payments.pay_request(request.id, ALICE)
    keypad = await bank.payments.ask_pin(card.id, ALICE)
    assert (await bank.payments.cancel_request(request.id, BOB)).state is RequestState.CANCELLED
    money = bank.money()
    result = await bank.type(keypad, "493817")
    assert isinstance(result, RefusedAfterPin)
    assert isinstance(result.error, NotOpen)
    assert result.error.state == "cancelled"
    assert bank.money() == money


async def test_shown_in_its_group_once(bank: Bank) -> None:
    """The group hears of a payment that was begun in it, if and when the payer wants, once."""
    await bank.people(ALICE, BOB)
    private = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(5))
    with pytest.raises(NotYours):
        await bank.payments.show_in_group(private.id, ALICE, show=True)
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(5), group_id=GROUP)
    await bank.payments.show_in_group(card.id, ALICE, show=True)
    await bank.payments.show_in_group(card.id, ALICE, show=False)
    await bank.posted(card)
    assert ("told", GROUP, card.id) not in await bank.notices()
    with pytest.raises(NotYours):
        await bank.payments.intent(card.id, GROUP)
    await bank.payments.show_in_group(card.id, ALICE, show=True)
    await bank.payments.show_in_group(card.id, ALICE, show=True)
    assert await bank.notices() == [("told", GROUP, card.id)]
    assert (await bank.payments.intent(card.id, GROUP)).id == card.id
    early = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(5), group_id=GROUP)
    await bank.payments.show_in_group(early.id, ALICE, show=True)
    await bank.posted(early)
    assert ("told", GROUP, early.id) in await bank.notices()


async def test_fifty_cards_from_money_for_ten(bank: Bank) -> None:
    """Approved at the same time, exactly as many are posted as the balance covers."""
    await bank.people(ALICE, BOB, funds=1_000)
    cards = [await bank.payments.draft(ALICE, payees=[BOB], amount=eur(100)) for _ in range(50)]
    for card in cards:
        await bank.payments.ask_pin(card.id, ALICE)
    results = await asyncio.gather(
        *(bank.approve_in_store(card.id) for card in cards), return_exceptions=True
    )
    assert sum(isinstance(result, Intent) for result in results) == 10
    assert sum(isinstance(result, InsufficientFunds) for result in results) == 40
    assert await bank.balance(ALICE) == (0, 0)
    assert await bank.balance(BOB) == (2_000, 0)


async def test_last_tap_fifty_times_pays_once(bank: Bank) -> None:
    """However often, and under however many ids, the last digit arrives."""
    await bank.people(ALICE, BOB)
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(100))
    keypad = await bank.payments.ask_pin(card.id, ALICE)
    await bank.type(keypad, "49381")
    results = await asyncio.gather(
        *(bank.tap(keypad, "7", tap_id=f"last {n % 2}") for n in range(50))
    )
    assert sum(isinstance(result, Approved) for result in results) >= 1
    assert all(isinstance(result, Approved | KeypadClosed) for result in results)
    assert await bank.balance(ALICE) == (9_900, 0)
    assert len(bank.money()["transfers"]) == 3
    assert bank.pins.checks == 1
