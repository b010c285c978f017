"""Phone numbers and bank accounts: shown, refused, found, taken over, forgotten."""

from __future__ import annotations

import pytest

from payments.errors import NotJoined, NotYours, ProofRefused
from payments.models import BankAccount, BankAccountKind, NoticeKind, Proof
from payments.proofs import masked, read_bank_account
from payments.results import NextKeypad, NextReason
from tests.unit.payments_kit import ALICE, BOB, CAROL, DAN, Bank, eur

PHONE, OTHER_PHONE = "+5511912345678", "+4915123456789"


async def test_a_shared_number_is_normalised_and_finds_its_holder(bank: Bank) -> None:
    """The platform may leave the + out; whoever pays by it finds the person."""
    await bank.people(ALICE, BOB)
    await bank.payments.verify_phone(BOB, "5511912345678", owner_id=BOB)
    phone, account = await bank.payments.proofs(BOB)
    assert phone is not None
    assert (phone.number, phone.findable, phone.verified_at) == (PHONE, True, bank.clock())
    assert account is None
    assert "5678" not in repr(phone)
    found = await bank.payments.by_phone(PHONE, by=ALICE)
    assert found is not None
    assert found.id == BOB


@pytest.mark.parametrize("owner_id", [BOB, None, 0])
async def test_a_forged_contact_is_refused(bank: Bank, owner_id: int | None) -> None:
    """Somebody else's, or nobody's: nothing is stored."""
    await bank.people(ALICE, BOB)
    before = bank.snapshot()
    with pytest.raises(NotYours):
        await bank.payments.verify_phone(ALICE, PHONE, owner_id=owner_id)
    assert bank.snapshot() == before


async def test_no_number_and_no_member_are_refused(bank: Bank) -> None:
    """What no country has is refused, and so is who has not joined."""
    await bank.people(ALICE)
    await bank.meet(DAN)
    before = bank.snapshot()
    for number in ("+1", "+88812345678", "12", "not a number", ""):
        with pytest.raises(ProofRefused) as refused:
            await bank.payments.verify_phone(ALICE, number, owner_id=ALICE)
        assert refused.value.proof is Proof.PHONE
    with pytest.raises(NotJoined):
        await bank.payments.verify_phone(DAN, PHONE, owner_id=DAN)
    with pytest.raises(NotJoined):
        await bank.payments.link_bank(DAN, "asha@okbank")
    assert bank.snapshot() == before


async def test_unknown_and_switched_off_are_the_same(bank: Bank) -> None:
    """Nobody can tell whether a number is known here whose holder does not want to be found."""
    await bank.people(ALICE, BOB)
    await bank.payments.verify_phone(BOB, PHONE, owner_id=BOB)
    await bank.payments.let_phone_find(BOB, findable=False)
    assert await bank.payments.by_phone(PHONE, by=ALICE) is None
    assert await bank.payments.by_phone(OTHER_PHONE, by=ALICE) is None
    await bank.payments.verify_phone(BOB, PHONE, owner_id=BOB)
    assert await bank.payments.by_phone(PHONE, by=ALICE) is None
    await bank.payments.let_phone_find(BOB, findable=True)
    assert await bank.payments.by_phone(PHONE, by=ALICE) is not None
    await bank.payments.drop_phone(BOB)
    assert await bank.payments.by_phone(PHONE, by=ALICE) is None


async def test_the_newest_holder_has_a_number(bank: Bank) -> None:
    """A number that was given to somebody else moves with them, and leaves who had it."""
    await bank.people(ALICE, BOB)
    await bank.payments.verify_phone(ALICE, PHONE, owner_id=ALICE)
    await bank.payments.verify_phone(BOB, PHONE, owner_id=BOB)
    assert await bank.payments.proofs(ALICE) == (None, None)
    found = await bank.payments.by_phone(PHONE, by=ALICE)
    assert found is not None
    assert found.id == BOB
    await bank.payments.verify_phone(BOB, OTHER_PHONE, owner_id=BOB)
    assert await bank.payments.by_phone(PHONE, by=ALICE) is None


async def test_digits_of_the_own_phone_are_a_weak_pin(bank: Bank) -> None:
    """Nobody's guess is easier; without the number the same digits will do."""
    await bank.person(ALICE, pin=None)
    await bank.person(BOB, pin=None)
    await bank.payments.verify_phone(ALICE, "+4915209738416", owner_id=ALICE)
    for person_id, reason in ((ALICE, NextReason.WEAK), (BOB, NextReason.REPEAT)):
        keypad = await bank.payments.begin_pin(person_id)
        result = await bank.type(keypad, "209738")
        assert isinstance(result, NextKeypad)
        assert result.reason is reason


@pytest.mark.parametrize(
    ("written", "kind", "number", "shown"),
    [
        (
            "de89 3704 0044 0532 0130 00",
            BankAccountKind.IBAN,
            "DE89370400440532013000",
            "DE•• •••• 3000",
        ),
        ("asha@okbank", BankAccountKind.UPI, "asha@okbank", "as•• •••• bank"),
        ("529.982.247-25", BankAccountKind.PIX, "52998224725", "52•• •••• 4725"),
        ("+55 11 91234-5678", BankAccountKind.PIX, "+5511912345678", "+5•• •••• 5678"),
        ("Ana@Example.com", BankAccountKind.PIX, "ana@example.com", "an•• •••• .com"),
        (
            "123e4567-e89b-12d3-a456-426614174000",
            BankAccountKind.PIX,
            "123e4567-e89b-12d3-a456-426614174000",
            "12•• •••• 4000",
        ),
    ],
)
async def test_bank_accounts_are_read_and_masked(
    bank: Bank, written: str, kind: BankAccountKind, number: str, shown: str
) -> None:
    """Each by the rules of its kind, as people write it."""
    await bank.people(ALICE)
    account = await bank.payments.link_bank(ALICE, written)
    assert account == BankAccount(kind, number)
    assert await bank.payments.proofs(ALICE) == (None, account)
    assert masked(account.number) == shown
    assert number not in repr(account)
    await bank.payments.drop_bank_account(ALICE)
    assert await bank.payments.proofs(ALICE) == (None, None)


async def test_what_is_no_bank_account_is_refused(bank: Bank) -> None:
    """A wrong check digit, a wrong length, and plain words; what was linked stays."""
    await bank.people(ALICE)
    await bank.payments.link_bank(ALICE, "asha@okbank")
    before = bank.snapshot()
    for written in ("DE88370400440532013000", "DE8937040044", "529.982.247-26", "my bank", ""):
        with pytest.raises(ProofRefused) as refused:
            await bank.payments.link_bank(ALICE, written)
        assert refused.value.proof is Proof.BANK
        assert read_bank_account(written) is None
    assert bank.snapshot() == before


async def test_a_lookalike_of_an_earlier_payee_is_flagged(bank: Bank) -> None:
    """On the payer's own card, by id or by a name that nobody has yet."""
    await bank.people(ALICE, BOB, CAROL)
    await bank.payments.choose(CAROL, name="\u0412\u043eb")
    bob = (await bank.pay(ALICE, BOB, 1)).payments[0].payee_id
    card = await bank.payments.draft(ALICE, payees=[CAROL, "b0b", "dave", BOB], amount=eur(5))
    flagged = (await bank.payments.surroundings(card)).lookalikes
    assert {key: person.id for key, person in flagged.items()} == {
        card.payments[0].id: bob,
        card.payments[1].id: bob,
    }


async def test_a_phone_and_a_bank_account_are_told_to_nobody(bank: Bank) -> None:
    """Showing something writes no notice."""
    await bank.people(ALICE)
    await bank.notices()
    await bank.payments.verify_phone(ALICE, PHONE, owner_id=ALICE)
    await bank.payments.link_bank(ALICE, "asha@okbank")
    assert [kind for kind, _, _ in await bank.notices() if kind in set(NoticeKind)] == []
