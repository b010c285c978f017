"""Meeting, joining, choosing, blocking, and what time does by itself."""

from __future__ import annotations

import asyncio

import pytest

from payments.errors import AmountRefused, NotJoined, PayeeRefused, UnknownPerson
from payments.models import IntentState, Profile, RequestsFrom
from payments.policy import MINUTE
from tests.unit.payments_kit import ALICE, BOB, CAROL, DAN, PIN, Bank, eur


async def test_joining_opens_an_account(bank: Bank) -> None:
    """An empty account in the person's currency, and requests from anyone."""
    await bank.meet(ALICE)
    assert await bank.payments.balances(ALICE) == []
    person = await bank.payments.join(ALICE, name="  Alice \n A.\u202e ")
    assert (person.name, person.joined_at, person.terms_version) == ("Alice A.", bank.clock(), 1)
    assert person.requests_from is RequestsFrom.ANYONE
    [account] = await bank.payments.balances(ALICE)
    assert account.available == eur(0)
    before = bank.snapshot()
    bank.clock.turn(MINUTE)
    assert await bank.payments.join(ALICE, name="") == person
    assert bank.snapshot() == before


async def test_stranger_cannot_join(bank: Bank) -> None:
    """Only somebody whom the platform has shown."""
    before = bank.snapshot()
    with pytest.raises(UnknownPerson):
        await bank.payments.join(ALICE, name="Alice")
    with pytest.raises(UnknownPerson):
        await bank.payments.choose(ALICE, language="de")
    assert bank.snapshot() == before


async def test_choices_outlast_the_platform(bank: Bank) -> None:
    """A name and a language that were chosen are kept when the person is met again."""
    await bank.person(ALICE)
    await bank.payments.choose(
        ALICE,
        name="Ally",
        language="de",
        currency="USD",
        requests_from=RequestsFrom.NOBODY,
    )
    person = await bank.payments.meet(Profile(ALICE, "Alice Smith", "alice2", "fr"))
    assert (person.name, person.language, person.username) == ("Ally", "de", "alice2")
    assert (person.currency, person.requests_from) == ("USD", RequestsFrom.NOBODY)
    assert [a.currency for a in await bank.payments.balances(ALICE)] == ["EUR", "USD"]
    before = bank.snapshot()
    with pytest.raises(AmountRefused):
        await bank.payments.choose(ALICE, currency="CHF")
    assert bank.snapshot() == before


async def test_people_are_looked_up(bank: Bank) -> None:
    """By id, several by id, by name with or without the @, and by having been paid."""
    await bank.people(ALICE, BOB, CAROL)
    await bank.pay(ALICE, BOB, 1)
    bank.clock.turn(1)
    await bank.pay(ALICE, CAROL, 1)
    bob = await bank.payments.person(BOB)
    assert bob is not None
    assert await bank.payments.person(DAN) is None
    assert await bank.payments.people([BOB, DAN]) == {BOB: bob}
    assert await bank.payments.by_username("@BOB") == bob
    assert await bank.payments.by_username("nobody") is None
    assert [p.id for p in await bank.payments.recent_payees(ALICE)] == [CAROL, BOB]
    assert await bank.payments.have_dealt(BOB, ALICE)
    assert not await bank.payments.have_dealt(BOB, CAROL)


async def test_block_parts_two_people_until_it_ends(bank: Bank) -> None:
    """Either way; only the one who blocked can end it; nobody blocks themselves or a stranger."""
    await bank.people(ALICE, BOB)
    await bank.payments.block(ALICE, BOB)
    await bank.payments.block(ALICE, BOB)
    assert [p.id for p in await bank.payments.blocked(ALICE)] == [BOB]
    await bank.payments.unblock(BOB, ALICE)
    before = bank.snapshot()
    for payer, payee in ((ALICE, BOB), (BOB, ALICE)):
        with pytest.raises(PayeeRefused):
            await bank.payments.draft(payer, payees=[payee], amount=eur(5))
    with pytest.raises(PayeeRefused):
        await bank.payments.block(ALICE, ALICE)
    with pytest.raises(UnknownPerson):
        await bank.payments.block(ALICE, DAN)
    assert bank.snapshot() == before
    await bank.payments.unblock(ALICE, BOB)
    await bank.pay(BOB, ALICE, 5)


async def test_who_has_not_joined_does_nothing_with_money(bank: Bank) -> None:
    """Every door says NotJoined, and nothing is stored."""
    await bank.people(BOB)
    await bank.meet(DAN)
    link = await bank.payments.personal_link(BOB)
    [request] = await bank.payments.request(BOB, amount=eur(5))
    before = bank.snapshot()
    for attempt in (
        bank.payments.draft(DAN, payees=[BOB], amount=eur(5)),
        bank.payments.request(DAN, payers=[BOB], amount=eur(5)),
        bank.payments.pay_request(request.id, DAN),
        bank.payments.personal_link(DAN),
        bank.payments.make_link(DAN, amount=None, note=""),
        bank.payments.pay_link(link.id, DAN),
        bank.payments.topup(DAN, eur(5), origin="x"),
        bank.payments.withdraw(DAN, eur(5)),
        bank.payments.begin_pin(DAN),
    ):
        with pytest.raises(NotJoined):
            await attempt
    assert bank.snapshot() == before


async def test_sweep_expires_cards(bank: Bank) -> None:
    """Drafts and cards awaiting a PIN, each told once, however many sweep."""
    await bank.people(ALICE, BOB)
    cards = [await bank.payments.draft(ALICE, payees=[BOB], amount=eur(n)) for n in range(1, 131)]
    await bank.payments.ask_pin(cards[0].id, ALICE)
    bank.clock.turn(15 * MINUTE)
    await bank.notices()
    money = bank.money()
    sweeps = await asyncio.gather(bank.payments.sweep(), bank.restarted().sweep())
    assert sum(sweeps) >= 130
    assert await bank.payments.sweep() == 0
    told = [subject for kind, _, subject in await bank.notices() if kind == "intent"]
    assert sorted(told) == sorted(card.id for card in cards)
    expired = await bank.payments.intent(cards[-1].id, ALICE)
    assert expired.state is IntentState.EXPIRED
    assert bank.money() == money


async def test_sweep_forgets_keypads(bank: Bank) -> None:
    """What was tapped is gone after two minutes; the card is shown anew and still waits."""
    await bank.people(ALICE, BOB)
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(5))
    keypad = await bank.payments.ask_pin(card.id, ALICE)
    await bank.type(keypad, PIN[:3])
    await bank.payments.begin_pin(BOB)
    bank.clock.turn(2 * MINUTE)
    await bank.notices()
    assert await bank.payments.sweep() == 2
    assert bank.snapshot()["keypads"] == []
    assert await bank.notices() == [("intent", ALICE, card.id)]
    await bank.posted(card)
