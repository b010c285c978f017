"""What people show to be theirs: a phone number, and a bank account to withdraw to.

The platform vouches for a phone number: it is shared with a button, and comes with the id of the
account that it belongs to. A number belongs to whoever has shown it last. A bank account is
checked by its own check digits and form; that it is theirs is for the bank to find out.

A number finds its holder for those who know it. Look-ups are counted, so that it tells nothing to
those who try numbers.
"""

from __future__ import annotations

import re

import phonenumbers

from payments import people
from payments.errors import Limit, LimitExceeded, NotYours, ProofRefused, Unverified
from payments.models import BankAccount, BankAccountKind, Millis, Person, PersonId, Phone, Proof
from payments.policy import DAY, HOUR, Policy
from payments.ports import Tx
from payments.qr import pix, upi
from payments.qr.checks import is_iban

_SHOWN = 4
"""How many of a number's last characters are shown."""


def e164(written: str, *, region: str | None = None) -> str | None:
    """A phone number as +5511912345678; None if there can be no such number.

    Args:
        written: as people write it, with its country's code or not.
        region: the country of a number without one, such as "BR".
    """
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def read_bank_account(written: str) -> BankAccount | None:
    """The account that a text names: an IBAN, a UPI ID or a Pix key; None for none."""
    bare = re.sub(r"\s", "", written)
    if is_iban(bare.upper()):
        return BankAccount(BankAccountKind.IBAN, bare.upper())
    for key in (bare, bare.lower(), re.sub(r"[.\-/]", "", bare)):
        if pix.key_kind(key) is not None:
            return BankAccount(BankAccountKind.PIX, key)
    return BankAccount(BankAccountKind.UPI, bare) if upi.is_payee(bare) else None


def masked(number: str) -> str:
    """A number as its owner recognises it: its beginning and its last characters."""
    if len(number) <= 2 * _SHOWN:
        return "••••" + number[-2:]
    return f"{number[:2]}•• •••• {number[-_SHOWN:]}"


def verify_phone(
    tx: Tx, person_id: PersonId, number: str, *, owner_id: PersonId | None, now: Millis
) -> None:
    """Stores the number of somebody who has shared it.

    Args:
        tx: the transaction.
        person_id: who shared it.
        number: in international form; the platform may leave the + out.
        owner_id: whose number it is, as the platform says.
        now: epoch milliseconds.

    Raises, in this order:
        NotJoined, TermsChanged: the present terms have not been accepted.
        NotYours: it is somebody else's, or the platform does not say whose.
        ProofRefused: there can be no such number.
    """
    people.joined(tx, person_id)
    if owner_id != person_id:
        raise NotYours
    plain = e164("+" + number.removeprefix("+"))
    if plain is None:
        raise ProofRefused(Proof.PHONE)
    tx.proofs.put_phone(person_id, plain, now)


def link_bank(tx: Tx, person_id: PersonId, written: str, *, now: Millis) -> BankAccount:
    """Stores the account that somebody withdraws to.

    Raises, in this order:
        NotJoined, TermsChanged: the present terms have not been accepted.
        ProofRefused: that is no account.
    """
    people.joined(tx, person_id)
    account = read_bank_account(written)
    if account is None:
        raise ProofRefused(Proof.BANK)
    tx.proofs.put_bank_account(person_id, account, now)
    return account


def unlink_bank(tx: Tx, person_id: PersonId) -> None:
    """Forgets somebody's account, and takes its code off all their links."""
    tx.proofs.drop_bank_account(person_id)
    tx.links.take_bank_off(person_id)


def look_up(tx: Tx, number: str, *, by: PersonId, policy: Policy, now: Millis) -> Person | None:
    """Who is paid by this number: nobody, if there is none, or its holder does not want that.

    Whoever asks is never told which. Each look-up counts, so that nobody finds out who is here by
    trying one number after the other.

    Raises, in this order:
        NotJoined, TermsChanged: who asks has not accepted the present terms.
        LimitExceeded: LOOKUPS.
    """
    people.joined(tx, by)
    _count_lookup(tx, by, policy=policy, now=now)
    person_id = tx.proofs.found_by_phone(number)
    if person_id is None or tx.people.has_blocked(person_id, by):
        return None
    return tx.people.get(person_id)


def _count_lookup(tx: Tx, by: PersonId, *, policy: Policy, now: Millis) -> None:
    earlier = tx.proofs.lookups(by, since=now - DAY)
    again_at = [
        counted[-most] + span
        for span, most in ((HOUR, policy.lookups_hour), (DAY, policy.lookups_day))
        if len(counted := [at for at in earlier if at > now - span]) >= most
    ]
    if again_at:
        raise LimitExceeded(Limit.LOOKUPS, possible=None, again_at=max(again_at))
    tx.proofs.add_lookup(by, since=now - DAY, now=now)


def of(tx: Tx, person_id: PersonId) -> tuple[Phone | None, BankAccount | None]:
    """What somebody has shown."""
    return tx.proofs.phone(person_id), tx.proofs.bank_account(person_id)


def refuse_unverified(tx: Tx, person_id: PersonId, policy: Policy) -> None:
    """Whoever pays has shown what the policy requires.

    Raises:
        Unverified: with the first that is missing.
    """
    for proof in policy.require:
        shown = (
            tx.proofs.phone(person_id)
            if proof is Proof.PHONE
            else tx.proofs.bank_account(person_id)
        )
        if shown is None:
            raise Unverified(proof)
