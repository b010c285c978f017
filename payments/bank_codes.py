"""A bank's code for a payment link: paid in the payer's bank app, from bank to bank.

Such a payment never passes through this book: it cannot be seen here, and moves no balance. The
code holds the owner's account, which is shown nowhere else.
"""

from __future__ import annotations

import hashlib

from payments.models import (
    BankAccount,
    BankAccountKind,
    Link,
    LinkStanding,
    LinkTerms,
    Millis,
    Person,
    Withheld,
)
from payments.money import Money
from payments.ports import Tx
from payments.proofs import masked
from payments.qr import BadCode, Epc, pix, upi

_CURRENCIES = {
    BankAccountKind.IBAN: "EUR",
    BankAccountKind.UPI: "INR",
    BankAccountKind.PIX: "BRL",
}
_PIX_NAME_MOST, _EPC_NAME_MOST, _UPI_NAME_MOST = 25, 70, 99
_PIX_CITY = "BRASIL"
"""Pix wants a city, which nobody is asked for; a bank goes by the key."""
_REFERENCE_DIGITS = 10


class BankOffer(Withheld, frozen=True):
    """What somebody who wants to pay a link in their bank app is shown."""

    kind: BankAccountKind
    name: str
    account: str
    """Masked."""
    reference: str
    """By which the owner knows the payment on their statement."""
    code: str
    """What the QR code says; holds the whole account."""


def of_link(tx: Tx, link: Link, now: Millis) -> BankOffer | None:
    """The bank's code of a link that can be paid and whose owner wants one; None for none."""
    if not link.terms.bank or link.standing(now) is not LinkStanding.OPEN:
        return None
    return possible(tx, link, link.terms)


def possible(tx: Tx, link: Link, terms: LinkTerms) -> BankOffer | None:
    """The bank's code that a link with such terms could have.

    None where its owner has linked no account, the account's standard has another currency, or
    the standard cannot write the amount or the owner's name.
    """
    owner, account = tx.people.get(link.owner_id), tx.proofs.bank_account(link.owner_id)
    if owner is None or account is None or _CURRENCIES[account.kind] != terms.currency:
        return None
    amount = terms.amount if terms.fixed else None
    reference = reference_of(link.id)
    try:
        code = _code(account, owner, amount, reference)
    except BadCode:
        return None
    return BankOffer(account.kind, owner.name, masked(account.number), reference, code)


def reference_of(link_id: str) -> str:
    """A link's name on bank statements; does not lead back to the link's token."""
    digest = hashlib.sha256(link_id.encode()).hexdigest()
    return "CP" + digest[:_REFERENCE_DIGITS].upper()


def _code(account: BankAccount, owner: Person, amount: Money | None, reference: str) -> str:
    number, name = account.number, owner.name
    match account.kind:
        case BankAccountKind.IBAN:
            name = name[:_EPC_NAME_MOST].strip()
            return Epc(name=name, iban=number, amount=amount, text=reference).data.decode()
        case BankAccountKind.UPI:
            name = name[:_UPI_NAME_MOST].strip()
            return upi.make(payee=number, name=name, amount=amount, reference=reference).text
        case BankAccountKind.PIX:
            name = pix.as_ascii(name)[:_PIX_NAME_MOST].strip()
            return pix.make_static(
                key=number, name=name, city=_PIX_CITY, amount=amount, txid=reference
            ).text
