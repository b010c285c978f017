"""What the messages about a card or a payment are given to say, and to whom."""

from __future__ import annotations

import pytest

from payments.errors import Limit, NotYours
from payments.models import Card, IntentState, Level, LinkTerms, PaymentState, Person, Prompt
from payments.money import Money
from payments.policy import Policy
from payments.service import Payments
from payments.showing import Surroundings
from tests.unit.payments_kit import ALICE, BOB, CAROL, DAN, EVE, GROUP, Bank, eur


async def people(bank: Bank, *person_ids: int) -> dict[int, Person]:
    """These, by id, as they are known."""
    return await bank.payments.people(person_ids)


async def shown_in(bank: Bank, subject_id: str, chat_id: int) -> Card:
    """A message shows the subject."""
    card = Card(subject_id, chat_id, 7)
    await bank.store.write(lambda tx: tx.cards.put(card))
    return card


async def test_an_open_card_says_who_is_strange_and_what_is_left(bank: Bank) -> None:
    """Of two payees, the one whom the payer never dealt with; and the balance."""
    await bank.people(ALICE, BOB, CAROL)
    await bank.pay(ALICE, BOB, 1_000)
    card = await bank.payments.draft(ALICE, payees=[BOB, CAROL], amount=eur(5))
    assert await bank.payments.surroundings(card) == Surroundings(
        people=await people(bank, ALICE, BOB, CAROL),
        link=None,
        bank=None,
        strangers=frozenset({CAROL}),
        lookalikes={},
        available=eur(9_000),
        limit=None,
        recent=(),
    )


async def test_a_card_over_the_payers_limit_says_which(bank: Bank) -> None:
    """While it is open and complete."""
    await bank.people(ALICE, BOB)
    bank.payments = Payments(bank.store, bank.pins, Policy(), bank.clock)
    most = Policy().paying[Level.TERMS].payment * 100
    for minor, limit in ((most, None), (most + 1, Limit.PAYMENT)):
        card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(minor))
        found = (await bank.payments.surroundings(card)).limit
        assert (found and found.limit) == limit
        if found is not None:
            assert found.possible == eur(most)
    alone = await bank.payments.draft(ALICE, amount=eur(most + 1))
    assert (await bank.payments.surroundings(alone)).limit is None
    ended = await bank.payments.cancel(card.id, ALICE)
    assert (await bank.payments.surroundings(ended)).limit is None


async def test_a_card_without_a_payee_offers_the_latest(bank: Bank) -> None:
    """Four of those whom the payer paid."""
    await bank.people(ALICE, BOB, CAROL, DAN, EVE)
    for payee in (BOB, CAROL, DAN, EVE, BOB):
        bank.clock.turn(1)
        await bank.pay(ALICE, payee, 1)
    around = await bank.payments.surroundings(await bank.payments.draft(ALICE))
    assert [person.id for person in around.recent] == [BOB, EVE, DAN, CAROL]


async def test_a_card_in_a_currency_without_an_account_has_nothing_to_spend(bank: Bank) -> None:
    """Zero of that currency."""
    await bank.people(ALICE, BOB)
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=Money(5, "USD"))
    assert (await bank.payments.surroundings(card)).available == Money(0, "USD")


async def test_a_card_that_has_ended_says_who_is_on_it_and_its_link(bank: Bank) -> None:
    """Nothing else matters any more."""
    await bank.people(ALICE, BOB)
    link = await bank.payments.make_link(BOB, amount=eur(5), note="")
    link = await bank.payments.edit_link(link.id, BOB, LinkTerms(currency="EUR", thanks="Thanks!"))
    card = await bank.payments.pay_link(link.id, ALICE)
    card = await bank.payments.amend(card.id, ALICE, amount=eur(5))
    assert (await bank.payments.surroundings(card)).link == link
    paid = await bank.posted(card)
    around = await bank.payments.surroundings(paid)
    assert (around.people, around.strangers, around.available, around.recent) == (
        await people(bank, ALICE, BOB),
        frozenset(),
        None,
        (),
    )
    assert around.link is not None
    assert around.link.terms == link.terms


async def test_a_payers_card_comes_with_its_messages_and_the_open_question(bank: Bank) -> None:
    """Whatever the question is about; none once it is too late to answer."""
    await bank.people(ALICE, BOB)
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(5))
    message = await shown_in(bank, card.id, ALICE)
    question = Prompt(ALICE, ALICE, "pay_note", card.id, "{}", bank.clock() + 1)
    await bank.store.write(lambda tx: tx.prompts.put(question))
    shown = await bank.payments.payers_card(card)
    assert shown.around == await bank.payments.surroundings(card)
    assert (shown.messages, shown.question) == ([message], question)
    bank.clock.turn(1)
    assert (await bank.payments.payers_card(card)).question is None


async def test_news_of_a_card_are_for_its_payer_and_the_group_that_sees_it(bank: Bank) -> None:
    """With all messages that show it, and with nobody in particular as a group's reader."""
    await bank.people(ALICE, BOB)
    card = await bank.payments.draft(ALICE, payees=[BOB], amount=eur(5), group_id=GROUP)
    await bank.payments.show_in_group(card.id, ALICE, show=True)
    message = await shown_in(bank, card.id, ALICE)
    await bank.store.write(lambda tx: tx.cards.put_elsewhere(card.id, "inline"))
    for stranger in (BOB, CAROL, GROUP):
        with pytest.raises(NotYours):
            await bank.payments.card_news(card.id, stranger)
    paid = await bank.posted(card)
    alice = await bank.payments.person(ALICE)
    for by, reader in ((ALICE, alice), (GROUP, None)):
        news = await bank.payments.card_news(card.id, by)
        assert news.intent == await bank.payments.intent(card.id, ALICE) == paid
        assert news.around == await bank.payments.surroundings(paid)
        assert (news.reader, news.messages, news.elsewhere) == (reader, [message], ["inline"])
    with pytest.raises(NotYours):
        await bank.payments.card_news(card.id, BOB)


async def test_news_of_a_payment_tell_a_payee_of_their_own_alone(bank: Bank) -> None:
    """Of a card for two, each payee is told of one payment; the payer of both."""
    await bank.people(ALICE, BOB, CAROL)
    card = await bank.payments.draft(ALICE, payees=[BOB, CAROL], amount=eur(5))
    to_bob, to_carol = card.payments
    with pytest.raises(NotYours):
        await bank.payments.payment_news(to_bob.id, BOB)
    message = await shown_in(bank, to_bob.id, BOB)
    paid = await bank.posted(card)

    news = await bank.payments.payment_news(to_bob.id, BOB)
    assert news.payment.state is PaymentState.POSTED
    assert news.intent.payments == (news.payment,)
    assert news.people == await people(bank, ALICE, BOB)
    assert (news.reader, news.messages) == (await bank.payments.person(BOB), [message])
    with pytest.raises(NotYours):
        await bank.payments.payment_news(to_carol.id, BOB)

    news = await bank.payments.payment_news(to_carol.id, ALICE)
    assert (news.payment, news.intent) == (paid.payments[1], paid)
    assert (news.reader, news.messages) == (await bank.payments.person(ALICE), [])


async def test_a_card_is_named_to_its_payer_alone(bank: Bank) -> None:
    """What the keypad says that the PIN approves."""
    await bank.people(ALICE, BOB)
    card = await bank.payments.draft(ALICE, payees=[BOB, "dave"], amount=eur(5))
    await bank.payments.ask_pin(card.id, ALICE)
    frozen, on_it, account = await bank.payments.card(card.id, ALICE)
    assert (frozen.state, account) == (IntentState.AWAITING_PIN, None)
    assert on_it == await people(bank, ALICE, BOB)
    with pytest.raises(NotYours):
        await bank.payments.card(card.id, BOB)
