"""What is said about QR codes that are not ours: what they are, and what they ask for.

Whoever drew a code chose every word in it, so each is quoted as a claim, cleaned and cut. Secrets
that a code carries, such as the password of a network, are not repeated.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from markupsafe import Markup

from bot.cards import lines
from bot.qr import Scanned
from bot.texts import Texts
from payments.money import Money
from payments.names import clean_line
from payments.qr import BadCode, BankCode, Epc, Flaw, MerchantCode, Pix, Upi, read

_QUOTED_MOST = 200
_NAME_MOST = 80
_TELEGRAM = re.compile(
    r"(?:https?://)?(?:www\.)?(?:t|telegram)\.(?:me|dog)/@?(\w{3,32})\b.*", re.IGNORECASE
)
_WIFI_NAME = re.compile(r"(?:^WIFI:|;)S:((?:\\.|[^\\;])*)", re.IGNORECASE)


def explain(code: Scanned, t: Texts) -> Markup:
    """What a code is that leads elsewhere, and what to do with it, as HTML."""
    try:
        bank_code = read(code.data)
    except BadCode as error:
        return _refused(code, error, t)
    return _other(code.text, t) if bank_code is None else _bank(bank_code, t)


def masked(account: str) -> str:
    """An account's ends, enough to recognise it: `FR14…2606`, `na…@npci`."""
    local, at, domain = account.partition("@")
    if at:
        return f"{local[:2]}…@{domain}"
    shown = 4 if len(account) >= 12 else 2
    return f"{account[:shown]}…{account[-shown:]}"


def flaw(reason: Flaw, t: Texts) -> Markup:
    """What is wrong with a bank's code, in a plain sentence."""
    return _FLAWS[reason](t)


# --- banks' codes --------------------------------------------------------------------------------


def _bank(code: BankCode, t: Texts) -> Markup:
    match code:
        case Pix():
            kind = t("🏦 <b>A Pix code</b>, Brazil")
            account = t("Pix key: {key}", key=masked(code.key)) if code.key else None
            return _asks(kind, code.name, account, code.amount, code.note, code.txid, t)
        case Upi():
            kind = t("🏦 <b>A UPI code</b>, India")
            account = t("UPI address: {address}", address=masked(code.payee))
            return _asks(kind, code.name, account, code.amount, code.note, code.reference, t)
        case Epc():
            kind = t("🏦 <b>A bank transfer code</b>, SEPA")
            account = t("Account: {account}", account=masked(code.iban))
            return _asks(kind, code.name, account, code.amount, code.text, code.reference, t)
        case MerchantCode():
            kind = t("🏦 <b>A shop's payment code</b>, {country}", country=code.country)
            number = code.accounts[0].value_of("01") or code.accounts[0].value
            account = t("Account: {account}", account=masked(number))
            return _asks(kind, code.name, account, code.amount, "", code.reference, t)


def _asks(
    kind: Markup,
    name: str,
    account: Markup | None,
    amount: Money | None,
    note: str,
    reference: str,
    t: Texts,
) -> Markup:
    return lines(
        kind,
        t("Payee: <b>{name}</b> (says the code; not verified)", name=_quoted(name, _NAME_MOST)),
        account,
        t("Amount: <b>{amount}</b>", amount=t.money(amount))
        if amount
        else t("Amount: not in the code"),
        t("Note: {note}", note=_quoted(note)) if note else None,
        t("Reference: {reference}", reference=_quoted(reference)) if reference else None,
        "",
        t(
            "I cannot pay this kind of code. Scan it with your bank's app, and check the name "
            "that your bank shows before you pay."
        ),
    )


def _refused(code: Scanned, error: BadCode, t: Texts) -> Markup:
    return lines(
        t("⚠️ <b>A {kind} code that is not in order</b>", kind=_standard(code.data)),
        flaw(error.reason, t),
        t("Do not pay it. Ask whoever gave it to you for a new one."),
    )


def _standard(data: bytes) -> str:
    """The name of a bank code's standard, as it stands in the code, well-formed or not."""
    if data.startswith(b"BCD"):
        return "SEPA"
    if data[:4].lower() == b"upi:":
        return "UPI"
    return "Pix" if b"br.gov.bcb.pix" in data.lower() else "EMVCo"


# --- other codes ---------------------------------------------------------------------------------


def _other(text: str, t: Texts) -> Markup:
    kind = text.partition(":")[0].lower()
    if kind == "tg" and "login" in text.lower():
        return t(
            "🛑 <b>A code that signs in to Telegram.</b> Whoever made it gets into your account. "
            "Never scan such a code that somebody sent you."
        )
    if kind in {"otpauth", "otpauth-migration"}:
        return t("🔐 <b>A secret for sign-in codes.</b> Keep it to yourself; I have not kept it.")
    if kind == "wifi":
        return _wifi(text, t)
    account = _TELEGRAM.fullmatch(text)
    if account:
        return t(
            "↗️ <b>A link to @{username} on Telegram</b>, not to me. I have not opened it.",
            username=account[1],
        )
    if kind in {"http", "https"}:
        return t(
            "🌐 <b>A web address</b>, not a payment of mine. I have not opened it:\n"
            "<code>{address}</code>",
            address=_quoted(text),
        )
    return t("📄 <b>A text</b>, not a payment:\n<code>{text}</code>", text=_quoted(text))


def _wifi(text: str, t: Texts) -> Markup:
    name = _WIFI_NAME.search(text)
    return t(
        "📶 <b>The Wi-Fi network {name}.</b> Your camera can join it; I cannot.",
        name=_quoted(re.sub(r"\\(.)", r"\1", name[1]), _NAME_MOST) if name else "",
    )


def _quoted(text: str, most: int = _QUOTED_MOST) -> str:
    clean = clean_line(text)
    return clean if len(clean) <= most else f"{clean[: most - 1]}…"


# --- what is wrong with a bank's code ------------------------------------------------------------

_FLAWS: dict[Flaw, Callable[[Texts], Markup]] = {
    Flaw.MALFORMED: lambda t: t("It is not built the way its standard says."),
    Flaw.CHARACTER: lambda t: t("It hides characters that nobody can see."),
    Flaw.CHARSET: lambda t: t("Its letters are in an alphabet that it does not name."),
    Flaw.VERSION: lambda t: t("It is of a version that there is not."),
    Flaw.OVER_LONG: lambda t: t("Something in it is longer than its standard allows."),
    Flaw.DUPLICATE: lambda t: t("It says the same thing twice, so it could mean either."),
    Flaw.MISSING: lambda t: t("Something that a bank needs is missing."),
    Flaw.TAIL: lambda t: t("There is something empty at its end."),
    Flaw.CHECKSUM: lambda t: t("Its checksum is wrong: it was changed, or is damaged."),
    Flaw.CURRENCY: lambda t: t("It asks for a currency that such a code cannot have."),
    Flaw.AMOUNT: lambda t: t("Its amount is not one that can be paid."),
    Flaw.TIP: lambda t: t("What it says about a tip contradicts itself."),
    Flaw.COUNTRY: lambda t: t("It names a country that such a code cannot have."),
    Flaw.CATEGORY: lambda t: t("It does not say properly what kind of shop it is of."),
    Flaw.NAME: lambda t: t("Its names have letters that its standard does not know."),
    Flaw.KEY: lambda t: t("Its Pix key is not a possible one."),
    Flaw.KEY_AND_ADDRESS: lambda t: t("It names two ways to be paid at once."),
    Flaw.TXID: lambda t: t("Its name for the payment is not a possible one."),
    Flaw.ADDRESS: lambda t: t("The web address in it is not a proper one."),
    Flaw.PAYEE: lambda t: t("Its UPI address is not a possible one."),
    Flaw.IBAN: lambda t: t("Its IBAN does not exist: the check digits or the length are wrong."),
    Flaw.BIC: lambda t: t("Its bank code (BIC) is not a possible one."),
    Flaw.REFERENCE: lambda t: t("Its payment reference has wrong check digits."),
    Flaw.TEXT_AND_REFERENCE: lambda t: t("It has both a text and a reference; only one may be."),
    Flaw.PURPOSE: lambda t: t("Its purpose is not one that banks know."),
}
