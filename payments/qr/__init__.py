"""Banks' QR codes, made and read by their standards: EMVCo, Pix, UPI and EPC.

A code is a claim by whoever drew it. What is read here is well-formed and its checksums are right;
that the payee is who the code says is for the payer's bank to find out.
"""

from __future__ import annotations

from payments.qr import emvco, epc, pix, upi
from payments.qr.emvco import MerchantCode
from payments.qr.epc import Epc
from payments.qr.errors import BadCode, Flaw
from payments.qr.pix import Pix
from payments.qr.upi import Upi

__all__ = ["BadCode", "BankCode", "Epc", "Flaw", "MerchantCode", "Pix", "Upi", "read"]

BankCode = MerchantCode | Pix | Upi | Epc


def read(data: bytes) -> BankCode | None:
    """Read a bank's code of any of the standards; None if it is nothing of the kind.

    Args:
        data: what the QR code holds.

    Raises:
        BadCode: it is one, and breaks a rule.
    """
    if data.startswith((b"BCD\n", b"BCD\r\n")):
        return epc.parse(data)
    is_upi, is_merchant = data[:4].lower() == b"upi:", data.startswith(b"0002")
    if not is_upi and not is_merchant:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise BadCode(Flaw.CHARSET) from None
    if is_upi:
        return upi.parse(text)
    code = emvco.parse(text)
    return Pix(code) if pix.is_pix(code) else code
