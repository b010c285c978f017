"""What operators do, and what that stops."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable

import pytest

from payments.errors import (
    Frozen,
    InsufficientFunds,
    NoteRefused,
    NotOpen,
    NotOperator,
    Paused,
    PayeeRefusal,
    PayeeRefused,
)
from payments.models import ActionKind, OperatorAction, ReportReason
from payments.results import Approved, NotDone, Operated, RefusedAfterPin, TapResult
from storage.audit import verify
from storage.sqlite import snapshot
from tests.unit.payments_kit import (
    ALICE,
    BOB,
    CAROL,
    EVE,
    Bank,
    eur,
    policy,
)

OPERATOR = EVE
REASON = "asked by the police"


@pytest.fixture
async def staffed(bank: Bank) -> Bank:
    """Alice and Bob with 100.00 euros each, and an operator with none."""
    bank.payments.policy = policy(operators=frozenset({OPERATOR}))
    await bank.people(ALICE, BOB)
    await bank.person(OPERATOR)
    return bank


async def do(
    bank: Bank, kind: ActionKind, subject: str = "", person_id: int | None = None, pin: str = ""
) -> TapResult:
    """What an operator's action leads to, with the right PIN or another."""
    action = OperatorAction(kind, subject, person_id, REASON)
    keypad = await bank.payments.begin_action(OPERATOR, action)
    return await bank.type(keypad, pin or "493817")


def sound(bank: Bank) -> bool:
    with snapshot(bank.path) as connection:
        return verify(connection) == []


# --- freezing ------------------------------------------------------------------------------------

Attempt = Callable[[Bank], Awaitable[object]]
ATTEMPTS: dict[str, Attempt] = {
    "pay": lambda bank: bank.payments.draft(ALICE, payees=[BOB], amount=eur(100)),
    "request": lambda bank: bank.payments.request(ALICE, payers=[BOB], amount=eur(100)),
    "withdraw": lambda bank: bank.payments.withdraw(ALICE, eur(100)),
    "top up": lambda bank: bank.payments.topup(ALICE, eur(100), origin="1"),
    "gift": lambda bank: bank.payments.gift(ALICE, amount=eur(100)),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
async def test_a_frozen_person_moves_nothing(staffed: Bank, attempt: str) -> None:
    """Not a row of any table changes; once unfrozen it works again."""
    assert isinstance(await do(staffed, ActionKind.FREEZE, person_id=ALICE), Operated)
    before = staffed.snapshot()

    with pytest.raises(Frozen):
        await ATTEMPTS[attempt](staffed)

    assert staffed.snapshot() == before
    await do(staffed, ActionKind.UNFREEZE, person_id=ALICE)
    await ATTEMPTS[attempt](staffed)


async def test_a_frozen_person_claims_nothing(staffed: Bank) -> None:
    """The money still waits, and can be taken back."""
    card = await staffed.posted(await staffed.payments.gift(ALICE, amount=eur(500)))
    await do(staffed, ActionKind.FREEZE, person_id=BOB)
    before = staffed.snapshot()

    with pytest.raises(Frozen):
        await staffed.payments.claim(card.payments[0].claim_token or "", BOB)

    assert staffed.snapshot() == before
    await staffed.payments.take_back(card.payments[0].id, ALICE)
    assert await staffed.balance(ALICE) == (10_000, 0)


async def test_nobody_pays_a_frozen_person(staffed: Bank) -> None:
    """The payer is refused without learning why; no money moves."""
    card = await staffed.payments.draft(BOB, payees=[ALICE], amount=eur(100))
    await do(staffed, ActionKind.FREEZE, person_id=ALICE)
    before = staffed.snapshot()

    with pytest.raises(PayeeRefused) as refused:
        await staffed.payments.ask_pin(card.id, BOB)

    assert refused.value.reason is PayeeRefusal.STOPPED
    assert staffed.snapshot() == before


@pytest.mark.parametrize("frozen", [ALICE, BOB])
async def test_a_freeze_during_a_payment_refuses_it(staffed: Bank, frozen: int) -> None:
    """Five digits are in when payer or payee is frozen: the sixth moves nothing."""
    card = await staffed.payments.draft(ALICE, payees=[BOB], amount=eur(100))
    keypad = await staffed.payments.ask_pin(card.id, ALICE)
    await staffed.type(keypad, "49381")
    await do(staffed, ActionKind.FREEZE, person_id=frozen)
    before = staffed.money()

    result = await staffed.tap(keypad, "7")

    assert isinstance(result, RefusedAfterPin)
    assert staffed.money() == before


# --- giving back ---------------------------------------------------------------------------------


async def test_an_operator_gives_a_payment_back(staffed: Bank) -> None:
    """What is left of it goes back, once, even from a frozen payee; both are told."""
    card = await staffed.pay(ALICE, BOB, 2_500)
    payment = card.payments[0]
    await do(staffed, ActionKind.FREEZE, person_id=BOB)
    await staffed.notices()

    assert isinstance(await do(staffed, ActionKind.REFUND, payment.id), Operated)

    assert await staffed.balance(ALICE) == (10_000, 0)
    assert await staffed.balance(BOB) == (10_000, 0)
    told = {(kind, to) for kind, to, _ in await staffed.notices()}
    assert {("payment_refunded", ALICE), ("operator_refund", BOB)} <= told
    assert sound(staffed)
    before = staffed.snapshot()
    with pytest.raises(NotOpen):
        await do(staffed, ActionKind.REFUND, payment.id)
    assert staffed.snapshot() == before


async def test_a_refund_takes_no_more_than_is_available(staffed: Bank) -> None:
    """A payee who has spent it keeps the rest; nothing moves and nothing is logged."""
    card = await staffed.pay(ALICE, BOB, 2_500)
    await staffed.person(CAROL)
    await staffed.pay(BOB, CAROL, 12_000)
    before = staffed.money()

    result = await do(staffed, ActionKind.REFUND, card.payments[0].id)

    assert isinstance(result, NotDone)
    assert isinstance(result.error, InsufficientFunds)
    assert staffed.money() == before
    assert staffed.snapshot()["operator_log"] == []


# --- stopping everything -------------------------------------------------------------------------


@pytest.mark.parametrize("attempt", ATTEMPTS)
async def test_while_paused_nothing_moves(staffed: Bank, attempt: str) -> None:
    """Whatever is tried is refused, also by another worker on the same database."""
    await do(staffed, ActionKind.PAUSE)
    before = staffed.snapshot()
    staffed.payments = staffed.restarted()

    with pytest.raises(Paused):
        await ATTEMPTS[attempt](staffed)

    assert staffed.snapshot() == before
    await do(staffed, ActionKind.RESUME)
    await ATTEMPTS[attempt](staffed)


async def test_a_pause_during_a_payment_refuses_it(staffed: Bank) -> None:
    """The transaction that would have approved it sees the pause."""
    card = await staffed.payments.draft(ALICE, payees=[BOB], amount=eur(100))
    keypad = await staffed.payments.ask_pin(card.id, ALICE)
    await do(staffed, ActionKind.PAUSE)
    before = staffed.money()

    result = await staffed.type(keypad, "493817")

    assert isinstance(result, RefusedAfterPin)
    assert isinstance(result.error, Paused)
    assert staffed.money() == before


async def test_a_pause_holds_what_is_held(staffed: Bank) -> None:
    """No hold ends, by its payer or by time; afterwards it returns as ever."""
    card = await staffed.posted(await staffed.payments.gift(ALICE, amount=eur(500)))
    await do(staffed, ActionKind.PAUSE)
    staffed.clock.turn(staffed.payments.policy.hold_ms + 1)
    before = staffed.money()

    with pytest.raises(Paused):
        await staffed.payments.take_back(card.payments[0].id, ALICE)
    await staffed.payments.sweep()
    assert staffed.money() == before

    await do(staffed, ActionKind.RESUME)
    await staffed.payments.sweep()
    assert await staffed.balance(ALICE) == (10_000, 0)


async def test_while_paused_people_still_see_everything(staffed: Bank) -> None:
    """Balances, history, receipts and the copy of one's data."""
    card = await staffed.pay(ALICE, BOB, 100)
    await do(staffed, ActionKind.PAUSE)

    assert await staffed.balance(ALICE) == (9_900, 0)
    assert len((await staffed.payments.history(ALICE, currency="EUR")).lines) == 2
    assert (await staffed.payments.receipt(card.payments[0].id, ALICE)).amount == eur(100)
    assert await staffed.payments.known_about(ALICE)


async def test_somebody_can_join_while_payments_are_paused(staffed: Bank) -> None:
    """What was held for them goes on waiting."""
    await staffed.posted(await staffed.payments.draft(ALICE, payees=[CAROL], amount=eur(500)))
    await do(staffed, ActionKind.PAUSE)

    await staffed.person(CAROL)

    assert await staffed.balance(CAROL) == (0, 0)
    assert await staffed.balance(ALICE) == (10_000, 500)


# --- who, why, and the log -----------------------------------------------------------------------


async def test_only_operators_act(staffed: Bank) -> None:
    """Anybody else is refused, whatever they ask for."""
    before = staffed.snapshot()
    action = OperatorAction(ActionKind.FREEZE, "", BOB, REASON)

    with pytest.raises(NotOperator):
        await staffed.payments.begin_action(ALICE, action)
    with pytest.raises(NotOperator):
        await staffed.payments.reports(ALICE)
    with pytest.raises(NotOperator):
        await staffed.payments.operator_log(ALICE)

    assert staffed.snapshot() == before


async def test_who_is_no_operator_any_longer_finishes_nothing(staffed: Bank) -> None:
    """The keypad was open when the policy changed."""
    action = OperatorAction(ActionKind.PAUSE, "", None, REASON)
    keypad = await staffed.payments.begin_action(OPERATOR, action)
    staffed.payments.policy = policy()

    result = await staffed.type(keypad, "493817")

    assert isinstance(result, NotDone)
    assert staffed.snapshot()["pauses"] == staffed.snapshot()["operator_log"] == []


@pytest.mark.parametrize("reason", ["", "  \n ", "x" * 301])
async def test_every_action_has_a_reason(staffed: Bank, reason: str) -> None:
    """None, or one that is too long, opens no keypad."""
    before = staffed.snapshot()

    with pytest.raises(NoteRefused):
        await staffed.payments.begin_action(
            OPERATOR, OperatorAction(ActionKind.PAUSE, "", None, reason)
        )

    assert staffed.snapshot() == before


async def test_a_wrong_pin_does_nothing(staffed: Bank) -> None:
    """It counts as a try, as everywhere."""
    await do(staffed, ActionKind.FREEZE, person_id=ALICE, pin="271946")

    rows = staffed.snapshot()
    assert rows["freezes"] == rows["operator_log"] == []
    assert (await staffed.store.read(lambda tx: tx.pins.get(OPERATOR))).tries == 1


async def test_the_log_says_who_did_what_to_whom_and_why(staffed: Bank) -> None:
    """Latest first; the reason is sealed in the file."""
    await do(staffed, ActionKind.FREEZE, person_id=ALICE)
    staffed.clock.turn(1)
    await do(staffed, ActionKind.PAUSE)

    paused, froze = await staffed.payments.operator_log(OPERATOR)

    assert paused.action == OperatorAction(ActionKind.PAUSE, "", None, REASON)
    assert froze.action == OperatorAction(ActionKind.FREEZE, "", ALICE, REASON)
    assert froze.operator_id == OPERATOR
    assert REASON not in repr(staffed.snapshot()["operator_log"])


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM operator_log",
        "UPDATE operator_log SET reason = x'00'",
        "UPDATE operator_log SET done_at = 0",
        "UPDATE operator_log SET operator_id = 101",
        "UPDATE operator_log SET person_id = 102",
        "UPDATE operator_log SET person_id = NULL",
    ],
)
async def test_nobody_changes_the_log(staffed: Bank, statement: str) -> None:
    """Not even with the database in hand."""
    await do(staffed, ActionKind.FREEZE, person_id=ALICE)
    before = staffed.snapshot()

    with (
        sqlite3.connect(staffed.path) as connection,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        connection.execute(statement)
    connection.close()

    assert staffed.snapshot() == before


async def test_a_report_is_open_until_it_is_closed(staffed: Bank) -> None:
    """Then operators no longer see it; the row stays."""
    (request,) = await staffed.payments.request(ALICE, payers=[BOB], amount=eur(100))
    await staffed.payments.report(request.id, BOB, ReportReason.SCAM)
    (report,) = await staffed.payments.reports(OPERATOR)
    assert (report.reported_id, report.reporter_id) == (ALICE, BOB)

    assert isinstance(await do(staffed, ActionKind.CLOSE_REPORT, request.id), Operated)

    assert await staffed.payments.reports(OPERATOR) == []
    assert len(staffed.snapshot()["reports"]) == 1


async def test_health_counts_what_waits(staffed: Bank) -> None:
    """The books add up; one notice waits for Alice, who was paid."""
    await staffed.notices()
    await staffed.pay(BOB, ALICE, 100)

    health = await staffed.payments.health(OPERATOR)

    assert (health.unbalanced, health.waiting, health.buried, health.arrived) == (0, 2, 0, 0)


async def test_an_approved_card_is_no_action(staffed: Bank) -> None:
    """A card's keypad goes on as ever, for operators too."""
    await staffed.payments.topup(OPERATOR, eur(1_000), origin="o")
    card = await staffed.payments.draft(OPERATOR, payees=[BOB], amount=eur(100))

    assert isinstance(await staffed.approve(card), Approved)
