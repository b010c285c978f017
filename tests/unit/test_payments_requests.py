"""Asking for money."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from payments.errors import (
    AmountRefused,
    Expired,
    InsufficientFunds,
    Limit,
    LimitExceeded,
    NoteRefused,
    NotJoined,
    NotOpen,
    NotYours,
    PayeeRefusal,
    PayeeRefused,
    Refused,
    UnknownPerson,
)
from payments.models import (
    Card,
    IntentState,
    ReportReason,
    Request,
    RequestsFrom,
    RequestState,
)
from payments.money import Money
from payments.policy import DAY, HOUR
from payments.results import Approved, RefusedAfterPin
from tests.unit.payments_kit import ALICE, BOB, CAROL, DAN, EVE, GROUP, Bank, eur, policy

WEEK = 7 * DAY


async def asked(bank: Bank, **how: Any) -> Request:
    """Bob has asked Alice for money."""
    await bank.people(ALICE, BOB, CAROL)
    [request] = await bank.payments.request(
        BOB, **{"payers": [ALICE], "amount": eur(900), "note": "pizza", **how}
    )
    await bank.notices()
    return request


async def state(bank: Bank, request: Request) -> RequestState:
    return (await bank.payments.request_by_id(request.id)).state


async def test_request_is_told_and_paid(bank: Bank) -> None:
    """Each of the two has a card; paying it makes a complete card, and both are shown PAID."""
    await bank.people(ALICE, BOB)
    [request] = await bank.payments.request(BOB, payers=["alice"], amount=eur(900), note="pizza")
    assert await bank.notices() == [("request", ALICE, request.id), ("request", BOB, request.id)]
    assert await bank.payments.open_requests(ALICE) == ([], [request])
    assert await bank.payments.open_requests(BOB) == ([request], [])
    card = await bank.payments.pay_request(request.id, ALICE)
    assert (card.total, card.note, card.request_id) == (eur(900), "pizza", request.id)
    assert await bank.payments.pay_request(request.id, ALICE) == card
    await bank.posted(card)
    assert await state(bank, request) is RequestState.PAID
    told = await bank.notices()
    assert [notice for notice in told if notice[0] == "request"] == [
        ("request", ALICE, request.id),
        ("request", BOB, request.id),
    ]
    assert await bank.balance(BOB) == (10_900, 0)
    with pytest.raises(NotOpen):
        await bank.payments.pay_request(request.id, ALICE)


async def test_several_are_asked_at_once(bank: Bank) -> None:
    """Each for the amount, each with a request of their own, of one batch."""
    await bank.people(ALICE, BOB, CAROL)
    requests = await bank.payments.request(
        BOB, payers=[ALICE, CAROL, "newcomer"], amount=eur(5), origin="s"
    )
    assert [(r.payer_id, r.payer_username) for r in requests] == [
        (ALICE, None),
        (CAROL, None),
        (None, "newcomer"),
    ]
    assert len({r.batch_id for r in requests}) == 1
    before = bank.snapshot()
    again = await bank.payments.request(
        BOB, payers=[ALICE, CAROL, "newcomer"], amount=eur(5), origin="s"
    )
    assert again == requests
    assert bank.snapshot() == before


REFUSALS: list[tuple[str, dict[str, Any], type[Refused], PayeeRefusal | None]] = [
    ("not joined", {"requester_id": DAN, "amount": eur(0)}, NotJoined, None),
    ("currency", {"amount": Money(5, "CHF"), "note": "n" * 141}, AmountRefused, None),
    ("zero", {"amount": eur(0), "note": "n" * 141}, AmountRefused, None),
    ("note", {"note": "n" * 141, "payers": [BOB]}, NoteRefused, None),
    ("no such person", {"payers": [0, BOB]}, UnknownPerson, None),
    ("self", {"payers": [BOB]}, PayeeRefused, PayeeRefusal.SELF),
    ("twice", {"payers": [ALICE, "alice"]}, PayeeRefused, PayeeRefusal.TWICE),
    ("blocked", {"payers": [ALICE, CAROL]}, PayeeRefused, PayeeRefusal.BLOCKED),
    ("takes none", {"payers": [ALICE, EVE]}, PayeeRefused, PayeeRefusal.REQUESTS_OFF),
]


@pytest.mark.parametrize(
    ("how", "error", "why"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS]
)
async def test_request_is_refused(
    bank: Bank, how: dict[str, Any], error: type[Refused], why: PayeeRefusal | None
) -> None:
    """In the documented order; where one of several cannot be asked, none is."""
    await bank.people(ALICE, BOB, CAROL, EVE)
    await bank.meet(DAN)
    await bank.payments.block(CAROL, BOB)
    await bank.payments.choose(EVE, requests_from=RequestsFrom.NOBODY)
    before = bank.snapshot()
    with pytest.raises(error) as refusal:
        await bank.payments.request(
            **{"requester_id": BOB, "payers": [ALICE], "amount": eur(5), **how}
        )
    assert getattr(refusal.value, "reason", None) is why
    assert bank.snapshot() == before


async def test_requests_from_known_people_only(bank: Bank) -> None:
    """Who has never dealt with such a person cannot ask; after a payment they can."""
    await bank.people(ALICE, BOB)
    await bank.payments.choose(ALICE, requests_from=RequestsFrom.KNOWN)
    before = bank.snapshot()
    with pytest.raises(PayeeRefused):
        await bank.payments.request(BOB, payers=[ALICE], amount=eur(5))
    assert bank.snapshot() == before
    await bank.pay(BOB, ALICE, 1)
    assert await bank.payments.have_dealt(ALICE, BOB)
    assert len(await bank.payments.request(BOB, payers=[ALICE], amount=eur(5))) == 1


async def test_newcomers_can_be_asked(bank: Bank) -> None:
    """By id before they have joined, by name as soon as they have."""
    await bank.people(ALICE)
    await bank.meet(BOB)
    [by_id] = await bank.payments.request(ALICE, payers=[BOB], amount=eur(5))
    [by_name] = await bank.payments.request(ALICE, payers=["dan"], amount=eur(5))
    await bank.notices()
    await bank.person(DAN, funds=5)
    assert await bank.notices() == [("request", ALICE, by_name.id), ("request", DAN, by_name.id)]
    assert [r.id for r in (await bank.payments.open_requests(DAN))[1]] == [by_name.id]
    await bank.posted(await bank.payments.pay_request(by_name.id, DAN))
    with pytest.raises(NotJoined):
        await bank.payments.pay_request(by_id.id, BOB)


async def test_open_requests_between_two_are_capped(bank: Bank) -> None:
    """Five at most, until one is over; a redelivered one is answered."""
    await bank.people(ALICE, BOB)
    requests = [
        (await bank.payments.request(BOB, payers=[ALICE], amount=eur(5), origin=f"{n}"))[0]
        for n in range(5)
    ]
    before = bank.snapshot()
    with pytest.raises(LimitExceeded):
        await bank.payments.request(BOB, payers=[ALICE], amount=eur(5))
    again = await bank.payments.request(BOB, payers=[ALICE], amount=eur(5), origin="4")
    assert again == [requests[4]]
    assert bank.snapshot() == before
    await bank.payments.decline(requests[0].id, ALICE)
    assert len(await bank.payments.request(BOB, payers=[ALICE], amount=eur(5))) == 1


async def test_taking_requests_back_makes_no_room_for_a_day(bank: Bank) -> None:
    """Nobody is asked again and again by requests that are cancelled as soon as they were told."""
    await bank.people(ALICE, BOB)
    for _ in range(5):
        (request,) = await bank.payments.request(BOB, payers=[ALICE], amount=eur(5))
        await bank.payments.cancel_request(request.id, BOB)
    bank.clock.turn(DAY - 1)
    before = bank.snapshot()
    with pytest.raises(LimitExceeded) as refused:
        await bank.payments.request(BOB, payers=[ALICE], amount=eur(5))
    assert refused.value.limit is Limit.REQUESTS
    assert bank.snapshot() == before
    bank.clock.turn(1)
    await bank.payments.request(BOB, payers=[ALICE], amount=eur(5))


async def test_only_whoever_is_asked_pays(bank: Bank) -> None:
    """Not the requester, not a third person, not an unknown request."""
    request = await asked(bank)
    [named] = await bank.payments.request(BOB, payers=["newcomer"], amount=eur(5))
    before = bank.snapshot()
    for request_id, by, error in (
        (request.id, BOB, PayeeRefused),
        (request.id, CAROL, NotYours),
        (named.id, CAROL, NotYours),
        ("no such request", ALICE, NotYours),
    ):
        with pytest.raises(error):
            await bank.payments.pay_request(request_id, by)
    with pytest.raises(NotYours):
        await bank.payments.request_by_id("no such request")
    assert bank.snapshot() == before


async def test_request_is_paid_whole_unless_it_takes_parts(bank: Bank) -> None:
    """A part of an indivisible request is refused, with the amount that is asked for."""
    request = await asked(bank)
    before = bank.snapshot()
    for amount in (eur(899), eur(901), Money(900, "USD")):
        with pytest.raises(AmountRefused) as refused:
            await bank.payments.pay_request(request.id, ALICE, amount=amount)
        assert refused.value.most == eur(900)
    card = await bank.payments.draft(CAROL)
    assert bank.snapshot() != before
    with pytest.raises(NotYours):
        await bank.payments.amend(card.id, ALICE, amount=eur(1))


async def test_parts_never_exceed_the_whole(bank: Bank) -> None:
    """Part by part; an old card for more than is left is replaced, and refused when approved."""
    request = await asked(bank, partial=True)
    whole = await bank.payments.pay_request(request.id, ALICE)
    await bank.payments.ask_pin(whole.id, ALICE)
    part = await bank.payments.pay_request(request.id, ALICE, amount=eur(400))
    assert (await bank.payments.intent(whole.id, ALICE)).state is IntentState.CANCELLED
    await bank.posted(part)
    now = await bank.payments.request_by_id(request.id)
    assert (now.state, now.remaining) == (RequestState.OPEN, eur(500))
    with pytest.raises(AmountRefused) as refused:
        await bank.payments.pay_request(request.id, ALICE, amount=eur(501))
    assert (refused.value.least, refused.value.most) == (eur(1), eur(500))
    await bank.posted(await bank.payments.pay_request(request.id, ALICE))
    assert await state(bank, request) is RequestState.PAID


async def test_terms_of_a_request_cannot_be_amended(bank: Bank) -> None:
    """Who gets it, and how much, is the requester's to say."""
    request = await asked(bank)
    card = await bank.payments.pay_request(request.id, ALICE)
    before = bank.snapshot()
    with pytest.raises(NotYours):
        await bank.payments.amend(card.id, ALICE, amount=eur(1))
    with pytest.raises(NotYours):
        await bank.payments.amend(card.id, ALICE, payees=[CAROL])
    assert bank.snapshot() == before


async def test_payers_race_for_a_request_to_anyone(bank: Bank) -> None:
    """It is told to the group; several approve at once, one pays, the others keep their money."""
    await bank.people(ALICE, BOB, CAROL, EVE)
    [request] = await bank.payments.request(BOB, amount=eur(900), group_id=GROUP)
    assert await bank.notices() == [("request", GROUP, request.id), ("request", BOB, request.id)]
    keypads = []
    for person_id in (ALICE, CAROL, EVE):
        card = await bank.payments.pay_request(request.id, person_id)
        keypads.append(await bank.payments.ask_pin(card.id, person_id))
    results = await asyncio.gather(*(bank.type(keypad, "493817") for keypad in keypads))
    assert sum(isinstance(result, Approved) for result in results) == 1
    assert sum(isinstance(result, RefusedAfterPin) for result in results) == 2
    assert await bank.balance(BOB) == (10_900, 0)
    with pytest.raises(NotYours):
        await bank.payments.decline(request.id, BOB)


async def test_declined_by_the_payer_alone(bank: Bank) -> None:
    """Both cards are shown anew; saying it twice is saying it once."""
    request = await asked(bank)
    before = bank.snapshot()
    for by in (BOB, CAROL):
        with pytest.raises(NotYours):
            await bank.payments.decline(request.id, by)
    assert bank.snapshot() == before
    declined = await bank.payments.decline(request.id, ALICE)
    assert declined.state is RequestState.DECLINED
    assert await bank.notices() == [("request", ALICE, request.id), ("request", BOB, request.id)]
    before = bank.snapshot()
    assert await bank.payments.decline(request.id, ALICE) == declined
    with pytest.raises(NotOpen):
        await bank.payments.cancel_request(request.id, BOB)
    assert bank.snapshot() == before


async def test_cancelled_by_the_requester_alone(bank: Bank) -> None:
    """Every chat in which a card shows it is told."""
    request = await asked(bank)
    with pytest.raises(NotYours):
        await bank.payments.cancel_request(request.id, ALICE)
    await bank.store.write(lambda tx: tx.cards.put(Card(request.id, GROUP, 7)))
    cancelled = await bank.payments.cancel_request(request.id, BOB)
    assert cancelled.state is RequestState.CANCELLED
    assert sorted(to for _, to, _ in await bank.notices()) == [GROUP, ALICE, BOB]
    with pytest.raises(NotOpen):
        await bank.payments.pay_request(request.id, ALICE)


async def test_reminders_are_rationed(bank: Bank) -> None:
    """By the requester, a day apart, three times, to a known payer, while it is open."""
    request = await asked(bank)
    with pytest.raises(NotYours):
        await bank.payments.remind(request.id, ALICE)
    for _ in range(3):
        assert (await bank.payments.remind(request.id, BOB)).reminded_at == bank.clock()
        assert await bank.notices() == [("request_reminder", ALICE, request.id)]
        bank.clock.turn(DAY - HOUR)
        before = bank.snapshot()
        with pytest.raises(LimitExceeded) as limit:
            await bank.payments.remind(request.id, BOB)
        assert bank.snapshot() == before
        bank.clock.turn(HOUR)
    assert limit.value.again_at is None
    with pytest.raises(LimitExceeded):
        await bank.payments.remind(request.id, BOB)
    [anyone] = await bank.payments.request(BOB, amount=eur(5))
    with pytest.raises(UnknownPerson):
        await bank.payments.remind(anyone.id, BOB)
    await bank.payments.block(ALICE, BOB)
    with pytest.raises(PayeeRefused):
        await bank.payments.remind(request.id, BOB)
    await bank.payments.cancel_request(request.id, BOB)
    with pytest.raises(NotOpen):
        await bank.payments.remind(request.id, BOB)


async def test_request_expires(bank: Bank) -> None:
    """When its time is up it cannot be paid, also before the sweep; then both are told."""
    request = await asked(bank)
    bank.clock.turn(WEEK)
    before = bank.snapshot()
    with pytest.raises(Expired):
        await bank.payments.pay_request(request.id, ALICE)
    assert bank.snapshot() == before
    assert await bank.payments.sweep() == 1
    assert await bank.payments.sweep() == 0
    assert await state(bank, request) is RequestState.EXPIRED
    assert await bank.notices() == [("request", ALICE, request.id), ("request", BOB, request.id)]


async def test_request_needs_the_money(bank: Bank) -> None:
    """A card for more than the balance is made, and refused when its PIN is asked for."""
    request = await asked(bank, amount=eur(10_001))
    card = await bank.payments.pay_request(request.id, ALICE)
    with pytest.raises(InsufficientFunds):
        await bank.payments.ask_pin(card.id, ALICE)
    assert await state(bank, request) is RequestState.OPEN


async def test_open_requests_are_capped_in_all(bank: Bank) -> None:
    """Asking many people a little is asking a lot; one that is declined makes room."""
    await bank.people(ALICE, BOB, CAROL)
    bank.payments.policy = policy(request_open_all_most=3)
    first, _ = await bank.payments.request(BOB, payers=[ALICE, CAROL], amount=eur(5))
    await bank.payments.request(BOB, amount=eur(5))
    before = bank.snapshot()
    for payers in ([ALICE], [CAROL], ["somebody"], []):
        with pytest.raises(LimitExceeded) as refused:
            await bank.payments.request(BOB, payers=payers, amount=eur(5))
        assert (refused.value.limit, refused.value.possible) == ("requests", None)
    assert bank.snapshot() == before
    await bank.payments.decline(first.id, ALICE)
    await bank.payments.request(BOB, payers=[CAROL], amount=eur(5))


async def test_a_report_is_kept_declines_and_blocks(bank: Bank) -> None:
    """Only whoever is asked reports; said twice, the last reason counts; no money is concerned."""
    request = await asked(bank)
    money, before = bank.money(), bank.snapshot()
    with pytest.raises(PayeeRefused):
        await bank.payments.report(request.id, BOB, ReportReason.SCAM)
    for by, request_id in ((CAROL, request.id), (ALICE, "r_nothing")):
        with pytest.raises(NotYours):
            await bank.payments.report(request_id, by, ReportReason.SCAM)
    assert bank.snapshot() == before
    reported = await bank.payments.report(request.id, ALICE, ReportReason.STRANGER)
    assert reported.state is RequestState.DECLINED
    await bank.payments.report(request.id, ALICE, ReportReason.SCAM)
    [report] = await bank.store.read(lambda tx: tx.requests.reports(10))
    assert (report.request_id, report.reported_id, report.reporter_id, report.reason) == (
        request.id,
        BOB,
        ALICE,
        ReportReason.SCAM,
    )
    assert [person.id for person in await bank.payments.blocked(ALICE)] == [BOB]
    assert bank.money() == money


# --- splitting a bill ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("total", "own_share", "shares"),
    [
        (6_000, True, [1_500, 1_500, 1_500]),
        (6_000, False, [2_000, 2_000, 2_000]),
        (10_000, False, [3_334, 3_333, 3_333]),
        (10_001, True, [2_500, 2_500, 2_500]),
        (10_002, True, [2_501, 2_500, 2_500]),
        (3, False, [1, 1, 1]),
        (4, True, [1, 1, 1]),
    ],
)
async def test_a_bill_is_split_to_the_last_minor_unit(
    bank: Bank,
    total: int,
    own_share: bool,  # noqa: FBT001
    shares: list[int],
) -> None:
    """Equal shares that add up; what does not divide is the requester's own, then the first's."""
    await bank.people(ALICE, BOB, CAROL)
    made = await bank.payments.split(
        BOB, payers=[ALICE, CAROL, "newcomer"], total=eur(total), own_share=own_share, note="x"
    )
    assert [request.amount_minor for request in made] == shares
    own = total - sum(shares)
    assert own == (-(-total // 4) if own_share else 0)
    assert [request.payer_id for request in made] == [ALICE, CAROL, None]
    assert made[2].payer_username == "newcomer"
    assert {(request.note, request.batch_id) for request in made} == {("x", made[0].batch_id)}


async def test_splitting_again_asks_nobody_twice(bank: Bank) -> None:
    """The same origin answers the requests that it made, whatever else has changed."""
    await bank.people(ALICE, BOB, CAROL)
    how = {"payers": [ALICE, CAROL], "own_share": True, "origin": "here"}
    made = await bank.payments.split(BOB, total=eur(900), **how)
    assert await bank.payments.split(BOB, total=eur(1_200), **how) == made
    assert len((await bank.payments.open_requests(BOB))[0]) == 2


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"payers": []}, PayeeRefused),
        ({"payers": [BOB]}, PayeeRefused),
        ({"payers": [ALICE, ALICE]}, PayeeRefused),
        ({"total": eur(2), "own_share": True}, AmountRefused),
        ({"total": eur(1), "own_share": False}, AmountRefused),
        ({"total": eur(0)}, AmountRefused),
        ({"total": Money(100, "JPY")}, AmountRefused),
        ({"note": "x" * 141}, NoteRefused),
    ],
)
async def test_a_bill_that_cannot_be_split_asks_nobody(
    bank: Bank, how: dict[str, Any], error: type[Refused]
) -> None:
    """Nobody to share it with, oneself, somebody twice, or less than a minor unit each."""
    await bank.people(ALICE, BOB, CAROL)
    before = bank.snapshot()
    with pytest.raises(error):
        await bank.payments.split(
            BOB, **{"payers": [ALICE, CAROL], "total": eur(900), "own_share": True, **how}
        )
    assert bank.snapshot() == before


async def test_a_bill_shared_with_somebody_who_takes_no_requests_asks_nobody(bank: Bank) -> None:
    """One who cannot be asked, and none of them is: a bill is split whole or not at all."""
    await bank.people(ALICE, BOB, CAROL)
    await bank.payments.choose(CAROL, requests_from=RequestsFrom.NOBODY)
    before = bank.snapshot()
    with pytest.raises(PayeeRefused):
        await bank.payments.split(BOB, payers=[ALICE, CAROL], total=eur(900), own_share=True)
    assert bank.snapshot() == before
