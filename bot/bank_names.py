"""What people call the ways to name a bank account."""

from __future__ import annotations

from bot.texts import Texts
from payments.models import BankAccountKind


def kind_name(kind: BankAccountKind, t: Texts) -> str:
    """What people call it."""
    match kind:
        case BankAccountKind.IBAN:
            return "IBAN"
        case BankAccountKind.UPI:
            return t.plain("UPI ID")
        case BankAccountKind.PIX:
            return t.plain("Pix key")
