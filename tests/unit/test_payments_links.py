"""Payment links: what they ask for, who may change them, and who of many payers gets through."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from payments.errors import (
    AmountRefused,
    AnswerMissing,
    Expired,
    NoteRefused,
    NotJoined,
    NotOpen,
    NotYours,
    PayeeRefused,
    Refused,
    TermsRefusal,
    TermsRefused,
)
from payments.models import (
    Intent,
    Keypad,
    Link,
    LinkStanding,
    LinkState,
    LinkTerms,
    PaymentState,
)
from payments.money import Money
from payments.policy import HOUR
from payments.results import Approved, RefusedAfterPin
from tests.unit.payments_kit import ALICE, BOB, CAROL, DAN, PIN, START, Bank, eur

MANY = range(201, 221)


async def sold(bank: Bank, *, amount: int | None = 450, **terms: Any) -> Link:
    """Bob sells by a link, and Alice has money."""
    await bank.people(ALICE, BOB)
    link = await bank.payments.make_link(
        BOB, amount=None if amount is None else eur(amount), note="coffee"
    )
    link = await change(bank, link, **terms) if terms else link
    await bank.notices()
    return link


async def change(bank: Bank, link: Link, *, by: int = BOB, **terms: Any) -> Link:
    return await bank.payments.edit_link(link.id, by, replace(link.terms, **terms))


async def now(bank: Bank, link: Link) -> Link:
    return await bank.payments.link(link.id)


async def awaiting_pin(
    bank: Bank, link: Link, payer: int = ALICE, *, amount: int | None = None
) -> Keypad:
    """A card for the link, with its keypad open."""
    card = await bank.payments.pay_link(link.id, payer)
    if amount is not None:
        card = await bank.payments.amend(card.id, payer, amount=eur(amount))
    return await bank.payments.ask_pin(card.id, payer)


async def bought(bank: Bank, link: Link, payer: int = ALICE) -> Intent:
    return await bank.posted(await bank.payments.pay_link(link.id, payer))


# --- making and paying ---------------------------------------------------------------------------


async def test_personal_link_is_permanent(bank: Bank) -> None:
    """One a person, without amount, that nobody closes."""
    await bank.people(ALICE, BOB)
    link = await bank.payments.personal_link(BOB)
    assert await bank.payments.personal_link(BOB) == link
    assert (link.personal, link.terms.amount) == (True, None)
    for by in (ALICE, BOB):
        with pytest.raises(NotYours):
            await bank.payments.close_link(link.id, by)
    card = await bank.payments.pay_link(link.id, ALICE)
    assert (card.lacks_payee, card.lacks_amount) == (False, True)
    with pytest.raises(AmountRefused):
        await bank.payments.ask_pin(card.id, ALICE)
    with pytest.raises(NotYours):
        await bank.payments.amend(card.id, ALICE, payees=[CAROL])
    with pytest.raises(AmountRefused):
        await bank.payments.amend(card.id, ALICE, amount=Money(5, "USD"))
    await bank.posted(await bank.payments.amend(card.id, ALICE, amount=eur(70)))
    assert await bank.balance(BOB) == (10_070, 0)


async def test_link_with_an_amount(bank: Bank) -> None:
    """Its card is complete and its amount fixed; the same origin makes one card."""
    await bank.people(ALICE, BOB)
    link = await bank.payments.make_link(BOB, amount=eur(450), note="coffee")
    assert await bank.payments.link(link.id) == link
    card = await bank.payments.pay_link(link.id, ALICE, origin="o")
    assert await bank.payments.pay_link(link.id, ALICE, origin="o") == card
    assert (card.total, card.note, card.link_id) == (eur(450), "coffee", link.id)
    with pytest.raises(AmountRefused):
        await bank.payments.amend(card.id, ALICE, amount=eur(1))
    await bank.posted(card)
    assert await bank.balance(BOB) == (10_450, 0)


async def test_link_is_refused(bank: Bank) -> None:
    """To its owner, to the blocked, to who has not joined, and where there is none."""
    await bank.people(ALICE, BOB, CAROL)
    await bank.meet(DAN)
    link = await bank.payments.personal_link(BOB)
    await bank.payments.block(BOB, CAROL)
    before = bank.snapshot()
    for link_id, by, error in (
        (link.id, DAN, NotJoined),
        ("no such link", ALICE, NotYours),
        (link.id, BOB, PayeeRefused),
        (link.id, CAROL, PayeeRefused),
    ):
        with pytest.raises(error):
            await bank.payments.pay_link(link_id, by)
    for amount, note, error in (
        (eur(0), "", AmountRefused),
        (Money(1, "CHF"), "", AmountRefused),
        (None, "n" * 141, NoteRefused),
    ):
        with pytest.raises(error):
            await bank.payments.make_link(BOB, amount=amount, note=note)
    assert bank.snapshot() == before


async def test_closed_link_is_not_paid(bank: Bank) -> None:
    """Neither by a new card nor by one that awaits its PIN."""
    await bank.people(ALICE, BOB)
    link = await bank.payments.make_link(BOB, amount=None, note="")
    card = await bank.payments.pay_link(link.id, ALICE)
    card = await bank.payments.amend(card.id, ALICE, amount=eur(5))
    keypad = await bank.payments.ask_pin(card.id, ALICE)
    assert (await bank.payments.close_link(link.id, BOB)).state is LinkState.CLOSED
    assert (await bank.payments.close_link(link.id, BOB)).state is LinkState.CLOSED
    assert await bank.payments.links(BOB) == []
    money = bank.money()
    with pytest.raises(NotOpen):
        await bank.payments.pay_link(link.id, ALICE)
    result = await bank.type(keypad, "493817")
    assert isinstance(result, RefusedAfterPin)
    assert isinstance(result.error, NotOpen)
    assert bank.money() == money


async def test_suggested_amount_is_the_payers_to_change(bank: Bank) -> None:
    """The card begins with it, and takes any other in the range, to both its ends."""
    link = await sold(bank, suggested=True, least_minor=100, most_minor=900)
    card = await bank.payments.pay_link(link.id, ALICE)
    assert card.total == eur(450)
    before = bank.snapshot()
    for minor in (99, 901):
        with pytest.raises(AmountRefused) as refused:
            await bank.payments.amend(card.id, ALICE, amount=eur(minor))
        assert (refused.value.least, refused.value.most) == (eur(100), eur(900))
    assert bank.snapshot() == before
    for minor in (100, 900):
        card = await bank.payments.pay_link(link.id, ALICE)
        await bank.posted(await bank.payments.amend(card.id, ALICE, amount=eur(minor)))
    assert (await now(bank, link)).paid == eur(1_000)


async def test_open_amount_has_its_range(bank: Bank) -> None:
    """A least alone leaves the upper end open."""
    link = await sold(bank, amount=None, least_minor=500)
    card = await bank.payments.pay_link(link.id, ALICE)
    assert card.lacks_amount
    with pytest.raises(AmountRefused):
        await bank.payments.amend(card.id, ALICE, amount=eur(499))
    await bank.posted(await bank.payments.amend(card.id, ALICE, amount=eur(9_000)))
    assert (await now(bank, link)).paid == eur(9_000)


async def test_question_is_answered_before_the_pin(bank: Bank) -> None:
    """The answer stays with the payment, for payer and owner; another card's is its own."""
    link = await sold(bank, question="Which size?")
    card = await bank.payments.pay_link(link.id, ALICE)
    assert (card.question, card.lacks_answer) == ("Which size?", True)
    before = bank.snapshot()
    with pytest.raises(AnswerMissing):
        await bank.payments.ask_pin(card.id, ALICE)
    with pytest.raises(NoteRefused):
        await bank.payments.amend(card.id, ALICE, answer="m" * 141)
    assert bank.snapshot() == before

    card = await bank.payments.amend(card.id, ALICE, answer=" M ")
    await change(bank, link, question="Which colour?")
    posted = await bank.posted(card)
    assert (posted.question, posted.answer) == ("Which size?", "M")
    for person in (ALICE, BOB):
        _, seen = await bank.payments.payment(posted.payments[0].id, person)
        assert (seen.question, seen.answer) == ("Which size?", "M")


async def test_nothing_is_answered_that_was_not_asked(bank: Bank) -> None:
    """Neither on a plain card, nor on the card of a link without a question."""
    link = await sold(bank)
    plain = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(5))
    silent = await bank.payments.pay_link(link.id, ALICE)
    before = bank.snapshot()
    for card in (plain, silent):
        with pytest.raises(NotYours):
            await bank.payments.amend(card.id, ALICE, answer="M")
    assert bank.snapshot() == before


# --- changing ------------------------------------------------------------------------------------


async def test_terms_are_changed_by_the_owner(bank: Bank) -> None:
    """Trimmed; a fixed amount has no range, and no amount is no suggestion."""
    link = await sold(bank)
    terms = LinkTerms(
        currency="EUR",
        amount_minor=700,
        suggested=True,
        least_minor=500,
        most_minor=900,
        note=" tea ",
        question=" Milk? ",
        thanks=" Enjoy! ",
        reference=" shelf 3 ",
        uses_most=3,
        expires_at=START + HOUR,
    )
    changed = await bank.payments.edit_link(link.id, BOB, terms)
    assert changed == await now(bank, link)
    assert changed.terms == replace(
        terms, note="tea", question="Milk?", thanks="Enjoy!", reference="shelf 3"
    )
    fixed = await change(bank, changed, suggested=False)
    assert (fixed.terms.fixed, fixed.terms.least, fixed.terms.most) == (True, None, None)
    choosing = await change(bank, changed, amount_minor=None)
    assert (choosing.terms.suggested, choosing.terms.least) == (False, eur(500))


@pytest.mark.parametrize(
    ("terms", "error"),
    [
        ({"currency": "USD"}, AmountRefused),
        ({"amount_minor": 0}, AmountRefused),
        ({"amount_minor": None, "least_minor": 0}, AmountRefused),
        ({"amount_minor": None, "least_minor": 6, "most_minor": 5}, AmountRefused),
        ({"suggested": True, "least_minor": 451}, AmountRefused),
        ({"suggested": True, "most_minor": 449}, AmountRefused),
        ({"note": "n" * 141}, NoteRefused),
        ({"question": "q" * 141}, NoteRefused),
        ({"thanks": "t" * 501}, NoteRefused),
        ({"reference": "r" * 141}, NoteRefused),
        ({"uses_most": 0}, TermsRefused),
        ({"expires_at": START}, TermsRefused),
    ],
)
async def test_impossible_terms_are_refused(
    bank: Bank, terms: dict[str, Any], error: type[Refused]
) -> None:
    """The link stays as it was."""
    link = await sold(bank)
    before = bank.snapshot()
    with pytest.raises(error):
        await change(bank, link, **terms)
    assert bank.snapshot() == before


async def test_limit_is_not_set_below_what_was_paid(bank: Bank) -> None:
    """At what was paid it is possible, and ends the link."""
    link = await sold(bank)
    for _ in range(2):
        await bought(bank, link)
    before = bank.snapshot()
    with pytest.raises(TermsRefused) as refused:
        await change(bank, link, uses_most=1)
    assert refused.value.reason is TermsRefusal.USES
    assert bank.snapshot() == before
    full = await change(bank, link, uses_most=2)
    assert full.standing(START) is LinkStanding.USED_UP


async def test_expired_link_can_still_be_changed(bank: Bank) -> None:
    """Its note without its expiry, or its expiry to a later one, which opens it again."""
    link = await sold(bank, expires_at=START + HOUR)
    bank.clock.turn(HOUR)
    link = await change(bank, link, note="tea")
    assert link.standing(bank.clock()) is LinkStanding.EXPIRED
    link = await change(bank, link, expires_at=START + 2 * HOUR)
    await bought(bank, link)


async def test_paused_link_is_resumed(bank: Bank) -> None:
    """Either twice is once; meanwhile nobody makes a card for it."""
    link = await sold(bank)
    for _ in range(2):
        assert (await bank.payments.pause_link(link.id, BOB)).state is LinkState.PAUSED
    before = bank.snapshot()
    with pytest.raises(NotOpen) as refused:
        await bank.payments.pay_link(link.id, ALICE)
    assert refused.value.state == "paused"
    assert bank.snapshot() == before
    for _ in range(2):
        assert (await bank.payments.resume_link(link.id, BOB)).state is LinkState.ACTIVE
    await bought(bank, link)


async def test_only_the_owner_changes_a_link(bank: Bank) -> None:
    """Nobody else, and nobody the permanent one; a closed one stays closed and as it is."""
    link = await sold(bank)
    own = await bank.payments.personal_link(BOB)
    payments = bank.payments
    before = bank.snapshot()
    for link_id, by in ((link.id, ALICE), (own.id, BOB), ("none", BOB)):
        for attempt in (
            payments.edit_link(link_id, by, link.terms),
            payments.pause_link(link_id, by),
            payments.resume_link(link_id, by),
            payments.close_link(link_id, by),
        ):
            with pytest.raises(NotYours):
                await attempt
    with pytest.raises(NotYours):
        await payments.sales(link.id, ALICE)
    assert bank.snapshot() == before

    await payments.close_link(link.id, BOB)
    before = bank.snapshot()
    for attempt in (
        payments.edit_link(link.id, BOB, link.terms),
        payments.pause_link(link.id, BOB),
        payments.resume_link(link.id, BOB),
    ):
        with pytest.raises(NotOpen):
            await attempt
    assert bank.snapshot() == before


# --- races ---------------------------------------------------------------------------------------


async def test_link_for_one_payment_is_paid_once(bank: Bank) -> None:
    """Twenty type their PIN at the same moment; one gets through and nobody else pays."""
    link = await sold(bank, uses_most=1)
    await bank.people(*MANY)
    keypads = [await awaiting_pin(bank, link, payer) for payer in MANY]
    results = await asyncio.gather(*(bank.type(keypad, PIN) for keypad in keypads))
    outcomes = [type(result) for result in results]
    assert (outcomes.count(Approved), outcomes.count(RefusedAfterPin)) == (1, 19)
    refusals = [result.error for result in results if isinstance(result, RefusedAfterPin)]
    assert {(type(error), error.state) for error in refusals} == {(NotOpen, "used_up")}
    assert await bank.balance(BOB) == (10_450, 0)
    balances = sorted([await bank.balance(payer) for payer in MANY])
    assert balances == [(9_550, 0), *[(10_000, 0)] * 19]
    link = await now(bank, link)
    assert (link.uses, link.paid) == (1, eur(450))


async def test_limited_link_is_paid_as_often_as_it_takes(bank: Bank) -> None:
    """The third of two is refused, even before a card is made; a refund frees no place."""
    link = await sold(bank, uses_most=2)
    first = await bought(bank, link)
    await bought(bank, link)
    before = bank.snapshot()
    with pytest.raises(NotOpen) as refused:
        await bank.payments.pay_link(link.id, ALICE)
    assert refused.value.state == "used_up"
    assert bank.snapshot() == before

    refund = await bank.payments.refund(first.payments[0].id, BOB, amount=eur(450))
    await bank.posted(refund)
    with pytest.raises(NotOpen):
        await bank.payments.pay_link(link.id, ALICE)
    await bought(bank, await change(bank, link, uses_most=3))


@pytest.mark.parametrize(
    ("event", "error"),
    [("close", NotOpen), ("pause", NotOpen), ("expire", Expired), ("price", AmountRefused)],
)
async def test_what_happens_while_the_pin_is_typed_counts(
    bank: Bank, event: str, error: type[Refused]
) -> None:
    """Closed, paused, expired, or at another price by then: not paid."""
    link = await sold(bank, expires_at=START + 60_000)
    keypad = await awaiting_pin(bank, link)
    for digit in PIN[:5]:
        await bank.tap(keypad, digit)
    if event == "close":
        await bank.payments.close_link(link.id, BOB)
    elif event == "pause":
        await bank.payments.pause_link(link.id, BOB)
    elif event == "expire":
        bank.clock.turn(60_000)
    else:
        await change(bank, link, amount_minor=451)
    money, links = bank.money(), bank.snapshot()["links"]
    result = await bank.tap(keypad, PIN[5])
    assert isinstance(result, RefusedAfterPin)
    assert isinstance(result.error, error)
    assert (bank.money(), bank.snapshot()["links"]) == (money, links)


async def test_price_within_the_range_still_counts(bank: Bank) -> None:
    """Another suggestion does not undo what the payer chose; a narrower range does."""
    link = await sold(bank, suggested=True, least_minor=100)
    fine = await awaiting_pin(bank, link, amount=200)
    link = await change(bank, link, amount_minor=500)
    assert isinstance(await bank.type(fine, PIN), Approved)
    small = await bank.payments.pay_link(link.id, ALICE)
    small = await bank.payments.amend(small.id, ALICE, amount=eur(200))
    keypad = await bank.payments.ask_pin(small.id, ALICE)
    await change(bank, link, least_minor=300)
    money = bank.money()
    result = await bank.type(keypad, PIN)
    assert isinstance(result, RefusedAfterPin)
    assert isinstance(result.error, AmountRefused)
    assert bank.money() == money


async def test_closing_and_paying_at_once_has_one_outcome(bank: Bank) -> None:
    """Whichever comes first: paid and counted, or closed and nothing moved."""
    link = await sold(bank)
    keypad = await awaiting_pin(bank, link)
    for digit in PIN[:5]:
        await bank.tap(keypad, digit)
    result, closed = await asyncio.gather(
        bank.tap(keypad, PIN[5]), bank.payments.close_link(link.id, BOB)
    )
    assert closed.state is LinkState.CLOSED
    paid = isinstance(result, Approved)
    assert (await now(bank, link)).uses == int(paid)
    assert await bank.balance(BOB) == (10_450 if paid else 10_000, 0)


# --- who paid, and refunds -----------------------------------------------------------------------


async def test_owner_sees_who_paid_in_pages(bank: Bank) -> None:
    """Latest first, with what was answered, and the sums of all."""
    link = await sold(bank, question="Which size?")
    await bank.people(CAROL)
    for payer, answer in ((ALICE, "S"), (CAROL, "M"), (ALICE, "L")):
        card = await bank.payments.pay_link(link.id, payer)
        await bank.posted(await bank.payments.amend(card.id, payer, answer=answer))
    page = await bank.payments.sales(link.id, BOB, limit=2)
    assert [(s.number, s.payer.name, s.answer) for s in page.sales] == [
        (3, "Alice", "L"),
        (2, "Carol", "M"),
    ]
    assert (page.link.uses, page.link.paid, page.older) == (3, eur(1_350), 2)
    rest = await bank.payments.sales(link.id, BOB, before=page.older, limit=2)
    assert [(s.number, s.payment.state) for s in rest.sales] == [(1, PaymentState.POSTED)]
    assert rest.older is None


async def test_sale_is_refunded_in_parts(bank: Bank) -> None:
    """A part, then the rest, then no more; the link's sums follow."""
    link = await sold(bank)
    payment_id = (await bought(bank, link)).payments[0].id

    async def refund(minor: int) -> Intent:
        return await bank.payments.refund(payment_id, BOB, amount=eur(minor))

    await bank.posted(await refund(150))
    before = bank.snapshot()
    with pytest.raises(AmountRefused):
        await refund(301)
    assert bank.snapshot() == before
    await bank.posted(await refund(300))
    before = bank.snapshot()
    with pytest.raises(NotOpen):
        await refund(1)
    assert bank.snapshot() == before
    link = await now(bank, link)
    assert (link.uses, link.paid, link.refunded) == (1, eur(450), eur(450))
    assert (await bank.balance(ALICE), await bank.balance(BOB)) == ((10_000, 0), (10_000, 0))


async def test_refunds_that_race_give_back_no_more_than_was_paid(bank: Bank) -> None:
    """Two cards for the whole amount: one is posted."""
    link = await sold(bank)
    payment_id = (await bought(bank, link)).payments[0].id
    cards = [await bank.payments.refund(payment_id, BOB, amount=eur(450)) for _ in range(2)]
    await bank.posted(cards[0])
    money = bank.money()
    with pytest.raises(NotOpen):
        await bank.approve(cards[1])
    assert bank.money() == money
    assert (await now(bank, link)).refunded == eur(450)
