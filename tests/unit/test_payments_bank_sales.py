"""Links paid in a bank app: what the bank's code holds, and what the owner says has arrived."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from payments.bank_codes import reference_of
from payments.errors import AmountRefused, NotOpen, NotYours, Refused, TermsRefusal, TermsRefused
from payments.models import BankSale, Link, LinkStanding
from payments.money import Money
from payments.qr import epc, pix, upi
from tests.unit.payments_kit import ALICE, BOB, START, Bank, eur

IBAN = "DE89370400440532013000"


async def banked(bank: Bank, *, account: str = IBAN, amount: Money | None = None) -> Link:
    """A link of Bob's with a bank's code on it."""
    await bank.people(ALICE, BOB)
    await bank.payments.link_bank(BOB, account)
    link = await bank.payments.make_link(BOB, amount=amount or eur(1_250), note="vase")
    return await bank.payments.edit_link(link.id, BOB, replace(link.terms, bank=True))


async def test_euro_code(bank: Bank) -> None:
    """EPC, version 2 and UTF-8: name, IBAN, amount and the reference as text."""
    link = await banked(bank)
    offer = await bank.payments.bank_offer(link.id)
    owner = await bank.payments.person(BOB)
    assert offer is not None
    assert owner is not None
    reference = reference_of(link.id)
    assert offer.code == (f"BCD\n002\n1\nSCT\n\n{owner.name}\n{IBAN}\nEUR12.5\n\n\n{reference}")
    assert epc.parse(offer.code.encode()).amount == eur(1_250)
    assert (offer.account, offer.reference) == ("DE•• •••• 3000", reference)
    assert IBAN not in repr(offer)


async def test_rupee_code(bank: Bank) -> None:
    """A UPI link with the reference as `tr`."""
    link = await banked(bank, account="bob@okbank", amount=Money(45_000, "INR"))
    offer = await bank.payments.bank_offer(link.id)
    owner = await bank.payments.person(BOB)
    assert offer is not None
    assert owner is not None
    assert offer.code == (
        f"upi://pay?pa=bob@okbank&pn={owner.name}&tr={reference_of(link.id)}&am=450.00&cu=INR"
    )
    assert upi.parse(offer.code).amount == Money(45_000, "INR")


async def test_real_code(bank: Bank) -> None:
    """A static Pix code with the reference as txid."""
    link = await banked(bank, account="bob@example.com", amount=Money(9_990, "BRL"))
    offer = await bank.payments.bank_offer(link.id)
    owner = await bank.payments.person(BOB)
    assert offer is not None
    assert owner is not None
    name = owner.name
    assert offer.code[:-4] == (
        "00020126370014br.gov.bcb.pix0115bob@example.com520400005303986540599.905802BR"
        f"59{len(name):02}{name}6006BRASIL62160512{reference_of(link.id)}6304"
    )
    assert pix.parse(offer.code).txid == reference_of(link.id)


async def test_code_needs_an_account_that_fits(bank: Bank) -> None:
    """Without one, or with one of another currency, nothing changes; and it is off by default."""
    await bank.people(BOB)
    link = await bank.payments.make_link(BOB, amount=eur(500), note="")
    for account in (None, "bob@okbank", "bob@example.com"):
        if account is not None:
            await bank.payments.link_bank(BOB, account)
        before = bank.snapshot()
        assert not await bank.payments.fits_bank(link.id, BOB)
        with pytest.raises(TermsRefused) as refused:
            await bank.payments.edit_link(link.id, BOB, replace(link.terms, bank=True))
        assert refused.value.reason is TermsRefusal.BANK
        assert bank.snapshot() == before
    await bank.payments.link_bank(BOB, IBAN)
    assert await bank.payments.fits_bank(link.id, BOB)
    assert await bank.payments.bank_offer(link.id) is None


async def test_unlinking_takes_the_code_off(bank: Bank) -> None:
    """For good: another account that is linked later is on no link by itself."""
    link = await banked(bank)
    await bank.payments.drop_bank_account(BOB)
    assert await bank.payments.bank_offer(link.id) is None
    await bank.payments.link_bank(BOB, IBAN)
    assert await bank.payments.bank_offer(link.id) is None
    assert not (await bank.payments.link(link.id)).terms.bank


async def test_paused_link_shows_no_code(bank: Bank) -> None:
    """Nor would a closed one."""
    link = await banked(bank)
    await bank.payments.pause_link(link.id, BOB)
    assert await bank.payments.bank_offer(link.id) is None


async def test_bank_sale_counts_apart_and_moves_no_balance(bank: Bank) -> None:
    """The same origin counts once; a correction counts it out, once."""
    link = await banked(bank)
    money = bank.money()
    for _ in range(2):
        await bank.payments.sell_by_bank(link.id, BOB, eur(1_250), origin="a")
    await bank.payments.sell_by_bank(link.id, BOB, eur(700), origin="b")
    link = await bank.payments.link(link.id)
    assert (link.uses, link.paid_minor) == (0, 0)
    assert (link.bank_uses, link.bank_paid) == (2, eur(1_950))
    for _ in range(2):
        link = await bank.payments.correct_bank_sale(link.id, BOB, 1)
    assert (link.bank_uses, link.bank_paid) == (1, eur(700))
    page = await bank.payments.sales(link.id, BOB)
    assert page.by_bank == (
        BankSale(2, 700, START, taken_back=False),
        BankSale(1, 1_250, START, taken_back=True),
    )
    assert bank.money() == money


async def test_bank_sale_is_refused(bank: Bank) -> None:
    """To anybody else, in another currency, or of nothing; nothing is written."""
    link = await banked(bank)
    await bank.payments.sell_by_bank(link.id, BOB, eur(1_250), origin="a")
    before = bank.snapshot()
    refusals: list[tuple[int, Money, type[Refused]]] = [
        (ALICE, eur(5), NotYours),
        (BOB, Money(5, "USD"), AmountRefused),
        (BOB, eur(0), AmountRefused),
    ]
    for by, amount, error in refusals:
        with pytest.raises(error):
            await bank.payments.sell_by_bank(link.id, by, amount, origin="b")
    with pytest.raises(NotYours):
        await bank.payments.correct_bank_sale(link.id, ALICE, 1)
    await bank.payments.correct_bank_sale(link.id, BOB, 2)
    assert bank.snapshot() == before


async def test_bank_sale_uses_the_link_up(bank: Bank) -> None:
    """A payment then is refused, and so is another bank sale; taken back, it is open again."""
    link = await banked(bank)
    terms = replace(link.terms, uses_most=1)
    link = await bank.payments.edit_link(link.id, BOB, terms)
    card = await bank.payments.pay_link(link.id, ALICE)
    link = await bank.payments.sell_by_bank(link.id, BOB, eur(1_250), origin="a")
    assert link.standing(START) is LinkStanding.USED_UP
    before = bank.snapshot()
    with pytest.raises(NotOpen):
        await bank.payments.ask_pin(card.id, ALICE)
    with pytest.raises(TermsRefused) as refused:
        await bank.payments.sell_by_bank(link.id, BOB, eur(1_250), origin="b")
    assert refused.value.reason is TermsRefusal.FULL
    assert bank.snapshot() == before
    await bank.payments.correct_bank_sale(link.id, BOB, 1)
    await bank.posted(card)
    assert (await bank.payments.link(link.id)).uses == 1
