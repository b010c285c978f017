"""Seeing all that is known about oneself, and being forgotten."""

from __future__ import annotations

import json

import pytest

from payments.errors import Leftover, NotEmpty, NotJoined, PayeeRefusal, PayeeRefused
from payments.models import PSEUDONYM_LEAST, Keypad, LinkState
from payments.results import Erased, WrongPin
from storage.audit import verify
from storage.sqlite import snapshot
from tests.unit.payments_kit import ALICE, BOB, CAROL, PIN, WRONG, Bank, eur

PHONE = "+5511912345678"
IBAN = "DE89370400440532013000"


@pytest.fixture
async def lived_in(bank: Bank) -> Bank:
    """Alice has paid and been paid, has shown a phone and a bank account, and has nothing left."""
    await bank.people(ALICE, BOB)
    await bank.payments.verify_phone(ALICE, PHONE, owner_id=ALICE)
    await bank.payments.link_bank(ALICE, IBAN)
    await bank.payments.block(ALICE, (await bank.meet(CAROL)).id)
    await bank.payments.personal_link(ALICE)
    card = await bank.payments.draft(
        ALICE, payees=[BOB], amount=eur(10_000), note="for the boat", origin=f"{ALICE}:77"
    )
    await bank.posted(card)
    (request,) = await bank.payments.request(
        ALICE, payers=[BOB], amount=eur(300), note="for the oars", origin=f"{ALICE}:78"
    )
    await bank.payments.cancel_request(request.id, ALICE)
    return bank


async def erase(bank: Bank, person_id: int = ALICE) -> None:
    keypad = await bank.payments.begin_erasing(person_id)
    assert isinstance(keypad, Keypad)
    assert await bank.type(keypad, PIN) == Erased()


async def test_the_copy_has_all_that_one_wrote_and_showed(lived_in: Bank) -> None:
    """It is plain JSON; of the bank account and of others no more than is shown in the chat."""
    copy = json.loads(json.dumps(await lived_in.payments.known_about(ALICE)))

    assert copy["person"]["name"] == "Alice"
    assert copy["phone"]["number"] == PHONE
    assert copy["bank_account"]["number"] != IBAN
    assert copy["blocked"] == ["Carol"]
    assert [card["note"] for card in copy["payments"]] == ["for the boat"]
    assert [card["payments"][0]["payee"] for card in copy["payments"]] == ["Bob"]
    assert [request["note"] for request in copy["requests"]] == ["for the oars"]
    (account,) = copy["accounts"]
    assert [line["amount_minor"] for line in account["history"]] == [-10_000, 10_000]
    assert str(BOB) not in json.dumps(copy)


async def test_nothing_leads_back_to_somebody_forgotten(lived_in: Bank) -> None:
    """No row names their number, name, @name, notes or messages; the books are sound."""
    before = lived_in.snapshot()
    await erase(lived_in)

    rows = lived_in.snapshot()
    everything = repr({table: rows[table] for table in rows if table != "transfers"})
    for trace in (f" {ALICE},", f"({ALICE},", f"'{ALICE}", f":{ALICE}:", "Alice", "alice"):
        assert trace not in everything, trace
    for table in ("phones", "bank_accounts", "blocks", "keypads", "devices", "offers"):
        assert rows[table] == []
    assert [row[0] for row in rows["pins"]] == [BOB]
    for table in ("transfers", "entries", "holds", "hold_ends"):
        assert rows[table] == before[table]
    with snapshot(lived_in.path) as connection:
        assert verify(connection) == []


async def test_the_books_stay_under_one_pseudonym(lived_in: Bank) -> None:
    """Whoever was paid still sees it in their history, from a deleted account."""
    await erase(lived_in)

    (line, *_) = (await lived_in.payments.history(BOB, currency="EUR")).lines
    assert (line.amount_minor, line.other_name) == (10_000, "Deleted account")
    assert line.other_id is not None
    assert line.other_id >= PSEUDONYM_LEAST
    assert await lived_in.payments.person(ALICE) is None


async def test_coming_back_is_a_fresh_start(lived_in: Bank) -> None:
    """No money, no history, no PIN: the number belongs to a stranger."""
    await erase(lived_in)

    person = await lived_in.meet(ALICE)
    assert not person.joined
    with pytest.raises(NotJoined):
        await lived_in.payments.topup(ALICE, eur(100), origin="back")
    await lived_in.person(ALICE, funds=500, pin=None)

    assert await lived_in.balance(ALICE) == (500, 0)
    assert len((await lived_in.payments.history(ALICE, currency="EUR")).lines) == 1
    assert not (await lived_in.payments.pin_status(ALICE)).is_set


async def test_nothing_is_given_back_to_somebody_forgotten(lived_in: Bank) -> None:
    """The money would be nobody's."""
    (card_id,) = [row[0] for row in lived_in.snapshot()["intents"]]
    card = await lived_in.payments.intent(card_id, ALICE)
    await erase(lived_in)
    before = lived_in.snapshot()

    with pytest.raises(PayeeRefused) as refused:
        await lived_in.payments.refund(card.payments[0].id, BOB, amount=eur(100))

    assert refused.value.reason is PayeeRefusal.GONE
    assert lived_in.snapshot() == before


async def test_the_personal_link_of_somebody_forgotten_is_closed(lived_in: Bank) -> None:
    """Nobody pays it any more."""
    link = await lived_in.payments.personal_link(ALICE)
    await erase(lived_in)

    assert (await lived_in.payments.link(link.id)).state is LinkState.CLOSED


async def test_money_requests_and_links_come_first(bank: Bank) -> None:
    """Each is named in turn, and nothing is deleted while it is there."""
    await bank.people(ALICE, BOB, funds=1_000)

    async def left(reason: Leftover) -> None:
        before = bank.snapshot()
        with pytest.raises(NotEmpty) as refused:
            await bank.payments.begin_erasing(ALICE)
        assert refused.value.reason is reason
        assert bank.snapshot() == before

    link = await bank.payments.make_link(ALICE, amount=None, note="")
    (request,) = await bank.payments.request(ALICE, payers=[BOB], amount=eur(1))
    await left(Leftover.MONEY)
    gift = await bank.posted(await bank.payments.gift(ALICE, amount=eur(1_000)))
    await left(Leftover.HELD)
    await bank.payments.claim(gift.payments[0].claim_token or "", BOB)
    await left(Leftover.REQUESTS)
    await bank.payments.cancel_request(request.id, ALICE)
    await left(Leftover.LINKS)
    await bank.payments.close_link(link.id, ALICE)
    await erase(bank)


async def test_money_that_arrives_meanwhile_stops_it(lived_in: Bank) -> None:
    """The keypad was open when Alice was paid: the right PIN deletes nothing."""
    keypad = await lived_in.payments.begin_erasing(ALICE)
    assert keypad is not None
    await lived_in.pay(BOB, ALICE, 100)

    result = await lived_in.type(keypad, PIN)

    assert not isinstance(result, Erased)
    assert (await lived_in.payments.person(ALICE)) is not None
    assert await lived_in.balance(ALICE) == (100, 0)


async def test_a_wrong_pin_deletes_nothing(lived_in: Bank) -> None:
    """It counts as a try."""
    keypad = await lived_in.payments.begin_erasing(ALICE)
    assert keypad is not None

    assert isinstance(await lived_in.type(keypad, WRONG), WrongPin)

    assert (await lived_in.payments.proofs(ALICE))[0] is not None


async def test_without_a_pin_it_is_done_at_once(bank: Bank) -> None:
    """There is nothing to prove it with."""
    await bank.person(ALICE, pin=None)

    assert await bank.payments.begin_erasing(ALICE) is None

    assert await bank.payments.person(ALICE) is None
