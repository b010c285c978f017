"""Offers and gifts: what is put into a chat, and what becomes of it."""

from __future__ import annotations

import asyncio

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
    Refused,
)
from payments.models import Intent, IntentKind, Offer, OfferKind, Payment, PaymentState
from payments.money import Money
from payments.policy import DAY
from tests.unit.payments_kit import ALICE, BOB, CAROL, DAN, GROUP, Bank, eur

WEEK = 7 * DAY


async def offered(bank: Bank, kind: OfferKind = OfferKind.ASK) -> Offer:
    """Alice may put this into a chat."""
    await bank.people(ALICE, BOB, CAROL)
    (offer,) = await bank.payments.offer(ALICE, [(kind, eur(1_250))], note=" lunch ")
    await bank.notices()
    return offer


async def gift(bank: Bank) -> tuple[Intent, str]:
    """Alice has approved a gift; its card and the token that takes it."""
    await bank.people(ALICE, BOB, CAROL)
    card = await bank.posted(
        await bank.payments.gift(ALICE, amount=eur(1_250), note="lunch", origin="here")
    )
    (payment,) = card.payments
    assert (payment.state, payment.payee_id) == (PaymentState.HELD, None)
    assert payment.claim_token is not None
    await bank.notices()
    return card, payment.claim_token


async def test_an_offer_moves_and_tells_nothing(bank: Bank) -> None:
    """It is written down with its amount and clean note, and that is all."""
    offer = await offered(bank)
    assert (offer.maker_id, offer.kind, offer.amount) == (ALICE, OfferKind.ASK, eur(1_250))
    assert (offer.note, offer.expires_at) == ("lunch", bank.clock() + WEEK)
    assert await bank.payments.open_requests(ALICE) == ([], [])
    assert await bank.notices() == []


@pytest.mark.parametrize(
    ("maker", "amount", "note", "error"),
    [
        (DAN, eur(1), "", NotJoined),
        (ALICE, eur(0), "", AmountRefused),
        (ALICE, Money(1, "JPY"), "", AmountRefused),
        (ALICE, eur(1), "x" * 141, NoteRefused),
    ],
)
async def test_what_cannot_be_asked_or_sent_is_not_offered(
    bank: Bank, maker: int, amount: Money, note: str, error: type[Refused]
) -> None:
    """One amount that is refused refuses them all; nothing is written."""
    await bank.person(ALICE)
    await bank.meet(DAN)
    before = bank.snapshot()
    wanted = [(OfferKind.ASK, eur(1)), (OfferKind.SEND, amount)]
    with pytest.raises(error):
        await bank.payments.offer(maker, wanted, note=note)
    assert bank.snapshot() == before


async def test_an_offer_to_ask_becomes_one_request_to_anyone(bank: Bank) -> None:
    """Taken up by several at once, it is the same request, made by the one who offered."""
    offer = await offered(bank)
    made = await asyncio.gather(*(bank.payments.ask_as_offered(offer.id) for _ in range(5)))
    assert len({request.id for request in made}) == 1
    assert (made[0].requester_id, made[0].payer_id, made[0].note) == (ALICE, None, "lunch")
    assert made[0].amount == eur(1_250)
    assert await bank.notices() == [("request", ALICE, made[0].id)]


async def test_an_offer_to_send_becomes_one_card_of_its_maker(bank: Bank) -> None:
    """The same card again, a gift; to anybody else it is nothing."""
    offer = await offered(bank, OfferKind.SEND)
    card = await bank.payments.send_as_offered(offer.id, ALICE)
    assert await bank.payments.send_as_offered(offer.id, ALICE) == card
    assert (card.kind, card.total, card.note) == (IntentKind.GIFT, eur(1_250), "lunch")
    before = bank.snapshot()
    with pytest.raises(NotYours):
        await bank.payments.send_as_offered(offer.id, BOB)
    assert bank.snapshot() == before


async def test_an_offer_is_only_what_it_says(bank: Bank) -> None:
    """One to ask cannot be sent, nor one to send be asked; an unknown id is nothing."""
    ask = await offered(bank)
    (send,) = await bank.payments.offer(ALICE, [(OfferKind.SEND, eur(5))], note="")
    before = bank.snapshot()
    for taken_up in (
        bank.payments.send_as_offered(ask.id, ALICE),
        bank.payments.ask_as_offered(send.id),
        bank.payments.ask_as_offered("unknown"),
    ):
        with pytest.raises(NotYours):
            await taken_up
    assert bank.snapshot() == before


async def test_an_offer_ends_and_is_forgotten(bank: Bank) -> None:
    """After a week it cannot be taken up, and the sweep drops it."""
    offer = await offered(bank)
    bank.clock.turn(WEEK)
    with pytest.raises(Expired):
        await bank.payments.ask_as_offered(offer.id)
    assert await bank.payments.sweep() == 1
    assert bank.snapshot()["offers"] == []


async def test_a_gift_waits_for_the_first_who_takes_it(bank: Bank) -> None:
    """Of those who race, one has it, once; for all the others it is not there."""
    card, token = await gift(bank)
    assert await bank.balance(ALICE) == (10_000, 1_250)
    results = await asyncio.gather(
        *(bank.payments.claim(token, by) for by in (BOB, CAROL, BOB, CAROL)),
        return_exceptions=True,
    )
    taken = [result for result in results if isinstance(result, Payment)]
    (taker,) = {payment.payee_id for payment in taken}
    refused = [type(result) for result in results if not isinstance(result, Payment)]
    assert (len(taken), refused) == (2, [NotYours, NotYours])
    assert await bank.balance(ALICE) == (8_750, 0)
    assert sum([(await bank.balance(by))[0] for by in (BOB, CAROL)]) == 21_250
    assert set(await bank.notices()) == {
        ("payment_received", taker, card.payments[0].id),
        ("payment_claimed", ALICE, card.payments[0].id),
    }


async def test_a_gift_is_not_for_its_giver_nor_for_the_blocked(bank: Bank) -> None:
    """Nobody takes their own, and a block parts the two either way; joining brings none."""
    _, token = await gift(bank)
    await bank.payments.block(ALICE, BOB)
    await bank.payments.block(CAROL, ALICE)
    before = bank.money()
    with pytest.raises(PayeeRefused) as own:
        await bank.payments.claim(token, ALICE)
    assert own.value.reason is PayeeRefusal.GIVER
    for by in (BOB, CAROL):
        with pytest.raises(PayeeRefused) as refused:
            await bank.payments.claim(token, by)
        assert refused.value.reason is PayeeRefusal.BLOCKED
        assert refused.value.name == "Alice"
    await bank.meet(DAN)
    with pytest.raises(NotJoined):
        await bank.payments.claim(token, DAN)
    await bank.payments.join(DAN, name="Dan")
    assert bank.money()["transfers"] == before["transfers"]
    assert bank.money()["holds"] == before["holds"]


async def test_a_gift_can_be_taken_back_and_comes_back_by_itself(bank: Bank) -> None:
    """Before anybody takes it; afterwards it is there for nobody."""
    card, token = await gift(bank)
    await bank.payments.take_back(card.payments[0].id, ALICE)
    with pytest.raises(NotOpen):
        await bank.payments.claim(token, BOB)
    other = await bank.posted(await bank.payments.gift(ALICE, amount=eur(5)))
    bank.clock.turn(DAY)
    token = str(other.payments[0].claim_token)
    with pytest.raises(Expired):
        await bank.payments.claim(token, BOB)
    await bank.payments.sweep()
    assert await bank.balance(ALICE) == (10_000, 0)


async def test_a_gift_that_was_taken_can_be_given_back(bank: Bank) -> None:
    """Whoever took it refunds it like any payment."""
    card, token = await gift(bank)
    await bank.payments.claim(token, BOB)
    await bank.posted(await bank.payments.refund(card.payments[0].id, BOB, amount=eur(1_250)))
    assert (await bank.balance(ALICE), await bank.balance(BOB)) == ((10_000, 0), (10_000, 0))


async def test_a_gift_is_covered_before_its_pin(bank: Bank) -> None:
    """Nobody promises what they do not have."""
    await bank.people(ALICE)
    card = await bank.payments.gift(ALICE, amount=eur(10_001))
    before = bank.snapshot()
    with pytest.raises(InsufficientFunds):
        await bank.payments.ask_pin(card.id, ALICE)
    assert bank.snapshot() == before


async def test_a_gift_in_a_group_is_told_there_until_its_end(bank: Bank) -> None:
    """When it is posted, and again when it was taken; nothing before the PIN."""
    await bank.people(ALICE, BOB)
    card = await bank.payments.gift(ALICE, amount=eur(500), group_id=GROUP, origin="here")
    assert (card.kind, card.group_id, card.told_in) == (IntentKind.GIFT, GROUP, GROUP)
    assert await bank.notices() == []
    card = await bank.posted(card)
    told = ("told", GROUP, card.id)
    assert told in await bank.notices()
    await bank.payments.claim(card.payments[0].claim_token or "", BOB)
    assert told in await bank.notices()
    assert await bank.balance(BOB) == (10_500, 0)


async def test_a_gift_that_comes_back_is_told_in_its_group(bank: Bank) -> None:
    """Taken back by its giver: the group is shown that there is nothing to take."""
    await bank.people(ALICE)
    card = await bank.posted(await bank.payments.gift(ALICE, amount=eur(500), group_id=GROUP))
    await bank.notices()
    await bank.payments.take_back(card.payments[0].id, ALICE)
    assert ("told", GROUP, card.id) in await bank.notices()
    assert await bank.balance(ALICE) == (10_000, 0)
