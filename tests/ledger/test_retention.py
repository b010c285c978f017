"""What came to nothing is forgotten after a while, and nothing else is, on each engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from payments import sweep
from payments.errors import NotYours
from payments.models import (
    Card,
    IntentState,
    NoticeKind,
    PaymentState,
    Profile,
    Prompt,
    ReportReason,
    RequestState,
)
from payments.money import Money
from payments.policy import MINUTE, MONTH
from payments.ports import Store, Tx
from payments.results import Approved
from payments.service import Payments
from storage.audit import verify_store
from tests.ledger.book import (
    ALICE,
    BOB,
    HOUR,
    NOW,
    Database,
    balances,
    contents,
    do,
    draft,
    hold_back,
    pay,
    request,
)
from tests.unit.payments_kit import PIN, Clock, PlainPins, policy

TIME_UP = NOW + HOUR
"""When the time of cards and requests in these tests is up."""
LATER = NOW + 100 * MONTH
NEVER_PAID = [IntentState.CANCELLED, IntentState.EXPIRED, IntentState.REFUSED]


def end_card(tx: Tx, intent_id: str, state: IntentState = IntentState.CANCELLED) -> None:
    """A card for two, shown in two messages, that ended without a payment."""
    tx.intents.add(draft(intent_id, payees=(BOB, "dave")), origin=f"message of {intent_id}")
    tx.intents.move_if(intent_id, states=[IntentState.DRAFT], to=state)
    for message_id in (1, 2):
        number = int(intent_id.removeprefix("i")) * 10 + message_id
        tx.cards.put(Card(intent_id, ALICE, number))


def end_request(tx: Tx, request_id: str, state: RequestState = RequestState.DECLINED) -> None:
    """A request, shown in a message, that ended without a payment."""
    tx.requests.add(request(request_id), origin=f"message of {request_id}")
    tx.requests.move_if(request_id, state=RequestState.OPEN, to=state)
    tx.cards.put(Card(request_id, ALICE, int(request_id.removeprefix("r"))))


# --- cards -------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", NEVER_PAID)
async def test_a_card_that_came_to_nothing_is_forgotten(
    store: Store, database: Database, state: IntentState
) -> None:
    """With its lines, and which messages showed it; from then on, and not a moment sooner."""
    empty = contents(database)
    await store.write(do(end_card, "i1", state))
    before = contents(database)

    assert await store.write(do(sweep.ended_cards, TIME_UP - 1)) == 0
    assert contents(database) == before
    assert await store.write(do(sweep.ended_cards, TIME_UP)) == 1
    assert contents(database) == empty
    assert await store.read(lambda tx: tx.intents.get("i1")) is None
    assert await store.read(lambda tx: tx.intents.payment("i1-p0")) is None
    assert await verify_store(store) == []


def open_card(tx: Tx) -> None:
    tx.intents.add(draft(), origin=None)


def card_awaiting_its_pin(tx: Tx) -> None:
    open_card(tx)
    tx.intents.move_if("i1", states=[IntentState.DRAFT], to=IntentState.AWAITING_PIN)


def paid_card(tx: Tx) -> None:
    pay(tx, draft())


def held_payment(tx: Tx) -> None:
    hold_back(tx, draft())


def returned_payment(tx: Tx) -> None:
    held_payment(tx)
    tx.intents.move_payment_if("i1-p0", state=PaymentState.HELD, to=PaymentState.RETURNED)


def card_still_to_be_told(tx: Tx) -> None:
    end_card(tx, "i1")
    tx.outbox.add(NoticeKind.INTENT, to=ALICE, subject_id="i1", now=NOW)


@pytest.mark.parametrize(
    "make",
    [
        open_card,
        card_awaiting_its_pin,
        paid_card,
        held_payment,
        returned_payment,
        card_still_to_be_told,
    ],
)
async def test_a_card_that_is_of_use_stays(
    store: Store, database: Database, make: Callable[[Tx], None]
) -> None:
    """Whatever may be paid yet, is in the books, or is still to be told, however old it is."""
    await store.write(do(make))
    before = contents(database)

    assert await store.write(do(sweep.ended_cards, LATER)) == 0
    assert contents(database) == before


async def test_a_notice_that_was_given_up_keeps_no_card(store: Store) -> None:
    """What could not be told never will be."""
    await store.write(do(card_still_to_be_told))
    (notice,) = await store.write(
        lambda tx: tx.outbox.claim(now=NOW, lease_until=NOW + 1, limit=1)
    )
    await store.write(lambda tx: tx.outbox.bury(notice.id, reason="Forbidden", now=NOW))

    assert await store.write(do(sweep.ended_cards, LATER)) == 1
    assert await store.read(lambda tx: tx.intents.get("i1")) is None


async def test_cards_are_forgotten_a_few_at_a_time(store: Store, database: Database) -> None:
    """Those whose time was up first go first; two that sweep at once do no harm."""

    def end_many(tx: Tx) -> None:
        for number in range(sweep.MOST + 3):
            late = draft(f"i{number}", created_at=NOW + number)
            tx.intents.add(late, origin=None)
            tx.intents.move_if(late.id, states=[IntentState.DRAFT], to=IntentState.EXPIRED)

    await store.write(end_many)
    money = await balances(store)

    assert await store.write(do(sweep.ended_cards, LATER)) == sweep.MOST
    left = database.execute("SELECT id FROM intents ORDER BY id")
    assert left == [(f"i{sweep.MOST + number}",) for number in range(3)]
    await asyncio.gather(*(store.write(do(sweep.ended_cards, LATER)) for _ in range(2)))
    assert contents(database)["intents"] == contents(database)["payments"] == []
    assert await balances(store) == money


async def test_a_message_elsewhere_is_never_another_card(store: Store) -> None:
    """In a chat that the bot is not in, a message stays bound to what it once showed."""
    await store.write(do(end_card, "i1"))
    await store.write(lambda tx: tx.cards.put_elsewhere("i1", "inline"))

    assert await store.write(do(sweep.ended_cards, LATER)) == 1
    assert await store.read(lambda tx: tx.cards.of("i1")) == []
    assert not await store.write(lambda tx: tx.cards.put_elsewhere("i2", "inline"))
    assert await store.read(lambda tx: tx.cards.elsewhere("i1")) == ["inline"]


# --- requests ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "state", [RequestState.DECLINED, RequestState.CANCELLED, RequestState.EXPIRED]
)
async def test_a_request_that_came_to_nothing_is_forgotten(
    store: Store, database: Database, state: RequestState
) -> None:
    """With its note, and which messages showed it; from then on, and not a moment sooner."""
    empty = contents(database)
    await store.write(do(end_request, "r1", state))
    before = contents(database)

    assert await store.write(do(sweep.ended_requests, TIME_UP - 1)) == 0
    assert contents(database) == before
    assert await store.write(do(sweep.ended_requests, TIME_UP)) == 1
    assert contents(database) == empty
    assert await verify_store(store) == []


def open_request(tx: Tx) -> None:
    tx.requests.add(request(), origin=None)


def paid_request(tx: Tx) -> None:
    open_request(tx)
    pay(tx, draft(amount=3_000, request_id="r1"))
    tx.requests.pay_if_open("r1", 3_000, ALICE)


def request_paid_in_part(tx: Tx) -> None:
    open_request(tx)
    pay(tx, draft(request_id="r1"))
    tx.requests.pay_if_open("r1", 1_250, ALICE)
    tx.requests.move_if("r1", state=RequestState.OPEN, to=RequestState.EXPIRED)


def reported_request(tx: Tx) -> None:
    end_request(tx, "r1")
    tx.requests.report("r1", ALICE, ReportReason.SCAM, NOW)


def request_with_a_card(tx: Tx) -> None:
    end_request(tx, "r1")
    tx.intents.add(draft(request_id="r1"), origin=None)


def request_still_to_be_told(tx: Tx) -> None:
    end_request(tx, "r1")
    tx.outbox.add(NoticeKind.REQUEST, to=BOB, subject_id="r1", now=NOW)


@pytest.mark.parametrize(
    "make",
    [
        open_request,
        paid_request,
        request_paid_in_part,
        reported_request,
        request_with_a_card,
        request_still_to_be_told,
    ],
)
async def test_a_request_that_is_of_use_stays(
    store: Store, database: Database, make: Callable[[Tx], None]
) -> None:
    """For the books, for operators, for a card, or for what is still to be told."""
    await store.write(do(make))
    before = contents(database)

    assert await store.write(do(sweep.ended_requests, LATER)) == 0
    assert contents(database) == before


# --- notices and questions ---------------------------------------------------------------------


async def test_buried_notices_are_forgotten(store: Store, database: Database) -> None:
    """Those that were buried by then, a few at a time; what waits to be told stays."""

    def bury_two_of_three(tx: Tx) -> None:
        for person_id in (1, 2, 3):
            tx.outbox.add(NoticeKind.INTENT, to=person_id, subject_id="i1", now=NOW)
        first, second, _ = tx.outbox.claim(now=NOW, lease_until=NOW + 1, limit=3)
        tx.outbox.bury(first.id, reason="Forbidden", now=NOW)
        tx.outbox.bury(second.id, reason="Forbidden", now=NOW + 1)

    await store.write(bury_two_of_three)

    assert await store.write(do(sweep.buried_notices, NOW - 1)) == 0
    assert await store.write(do(sweep.buried_notices, NOW)) == 1
    assert database.execute("SELECT conversation_id FROM outbox ORDER BY id") == [(2,), (3,)]
    assert await store.write(do(sweep.buried_notices, LATER)) == 1
    assert await store.read(lambda tx: tx.outbox.waiting()) == 1


async def test_questions_that_nobody_answered_are_forgotten(
    store: Store, database: Database
) -> None:
    """With what had been typed, once their time is up; those that are open stay."""
    for chat_id, expires_at in ((1, NOW), (2, NOW + 1)):
        prompt = Prompt(ALICE, chat_id, "pay.amount", "", '{"note": "rent"}', expires_at)
        await store.write(lambda tx, prompt=prompt: tx.prompts.put(prompt))

    assert await store.write(do(sweep.questions, NOW)) == 1
    assert database.execute("SELECT conversation_id FROM prompts") == [(2,)]


# --- the use-cases -----------------------------------------------------------------------------


@pytest.fixture
async def payments(store: Store) -> Payments:
    """Alice and Bob, who have joined, in the hands of a clock that is turned."""
    pins = PlainPins()
    payments = Payments(store, pins, policy(), Clock())
    for person_id, name in ((ALICE, "Alice"), (BOB, "Bob")):
        await payments.meet(Profile(person_id, name, name.lower(), "en"))
        await payments.join(person_id, name=name)
        stored = await pins.hash(person_id, PIN)
        await store.write(
            lambda tx, person_id=person_id, stored=stored: tx.pins.set(person_id, stored, NOW)
        )
    return payments


async def tell_everything(payments: Payments) -> None:
    """Sends, as it were, all notices there are."""

    def unit(tx: Tx) -> int:
        claimed = tx.outbox.claim(now=payments.clock(), lease_until=0, limit=100)
        for notice in claimed:
            tx.outbox.done(notice.id)
        return len(claimed)

    while await payments.store.write(unit):
        pass


def turn(payments: Payments, ms: int) -> None:
    """Lets time pass."""
    clock: Any = payments.clock
    clock.turn(ms)


async def test_what_came_to_nothing_is_kept_for_a_month(payments: Payments) -> None:
    """Until then the same message makes no second card; after it, the card is nobody's."""
    card = await payments.draft(ALICE, payees=[BOB], amount=Money(500, "EUR"), origin="m1")
    (asked,) = await payments.request(BOB, payers=[ALICE], amount=Money(700, "EUR"), note="rent")
    await payments.cancel(card.id, ALICE)
    await payments.decline(asked.id, ALICE)
    money = await balances(payments.store)
    await tell_everything(payments)

    turn(payments, 15 * MINUTE + MONTH - 1)
    assert await payments.tidy() == 0
    again = await payments.draft(ALICE, payees=[BOB], amount=Money(500, "EUR"), origin="m1")
    assert again == replace(card, state=IntentState.CANCELLED)

    turn(payments, 1)
    assert await payments.tidy() == 1
    for attempt in (
        payments.intent(card.id, ALICE),
        payments.ask_pin(card.id, ALICE),
        payments.cancel(card.id, ALICE),
    ):
        with pytest.raises(NotYours):
            await attempt

    turn(payments, policy().request_ms)
    assert await payments.tidy() == 1
    with pytest.raises(NotYours):
        await payments.pay_request(asked.id, ALICE)
    assert await payments.tidy() == 0
    assert await balances(payments.store) == money
    assert await verify_store(payments.store) == []


async def test_what_was_paid_is_known_for_good(payments: Payments) -> None:
    """Beside what is forgotten, receipts, histories and what limits count stay as they are."""
    paid = await payments.draft(ALICE, payees=[BOB], amount=Money(500, "EUR"), note="lunch")
    keypad = await payments.ask_pin(paid.id, ALICE)
    for number, digit in enumerate(PIN):
        result = await payments.tap(
            keypad.id, ALICE, keypad.keys[int(digit)], tap_id=f"tap {number}"
        )
    assert isinstance(result, Approved)
    given_up = await payments.draft(ALICE, payees=[BOB], amount=Money(600, "EUR"))
    await payments.cancel(given_up.id, ALICE)
    receipt = await payments.receipt(paid.payments[0].id, ALICE)
    history = await payments.history(BOB, currency="EUR")
    await tell_everything(payments)

    turn(payments, 2 * MONTH)
    assert await payments.tidy() == 1

    assert await payments.intent(paid.id, ALICE) == result.intent
    assert await payments.receipt(paid.payments[0].id, ALICE) == receipt
    assert await payments.history(BOB, currency="EUR") == history
    known = await payments.known_about(ALICE)
    assert [card["note"] for card in known["payments"]] == ["lunch"]  # type: ignore[attr-defined]
    assert await verify_store(payments.store) == []
