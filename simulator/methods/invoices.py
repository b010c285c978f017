"""Telegram Payments: invoices and the answer to a checkout."""

from __future__ import annotations

import re
import secrets
from typing import Any

from simulator.calls import Call, method
from simulator.errors import STALE_QUERY, bad_request
from simulator.keyboards import inline_reply_markup
from simulator.methods.sending import send
from simulator.people import Json

LARGEST_AMOUNT = 10**12
STARS = "XTR"


@method("sendInvoice")
def send_invoice(call: Call) -> Json:
    """Sends a bill with a button to pay it."""
    chat = call.open_chat()
    bill = _bill(call)
    shown = bill["invoice"] | {"start_parameter": call.text("start_parameter")}
    markup = inline_reply_markup(call, private=chat.is_private)
    if markup is None:
        price = f"{shown['total_amount']} {shown['currency']}"
        button = {"text": f"Pay {price}", "pay": True}
        call.params["reply_markup"] = {"inline_keyboard": [[button]]}
    elif not markup["inline_keyboard"][0][0].get("pay"):
        raise bad_request("REPLY_MARKUP_BUY_EMPTY")
    sent = send(call, chat, {"invoice": shown})
    chat.messages[sent["message_id"]].bill = bill
    return sent


@method("createInvoiceLink")
def create_invoice_link(call: Call) -> str:
    """Makes an address under which a bill can be paid."""
    slug = f"${secrets.token_urlsafe(12)}"
    call.world.invoice_links[slug] = (call.bot.id, _bill(call))
    return f"https://t.me/{slug}"


def _bill(call: Call) -> Json:
    """The bill a call describes: what is shown (`invoice`), and the bot's own `payload`."""
    title, description = call.required("title"), call.required("description")
    payload, currency = call.required("payload"), call.required("currency")
    if len(title) > 32:
        raise bad_request("INVOICE_TITLE_TOO_LONG")
    if len(description) > 255:
        raise bad_request("INVOICE_DESCRIPTION_TOO_LONG")
    if len(payload.encode()) > 128:
        raise bad_request("INVOICE_PAYLOAD_INVALID")
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise bad_request("CURRENCY_INVALID")
    prices = _prices(call)
    if currency == STARS:
        if len(prices) != 1:
            raise bad_request("STARS_INVOICE_INVALID")
    elif not call.has("provider_token"):
        raise bad_request("PAYMENT_PROVIDER_INVALID")
    total = sum(prices)
    if not 0 < total <= LARGEST_AMOUNT:
        raise bad_request("CURRENCY_TOTAL_AMOUNT_INVALID")
    invoice = {
        "title": title,
        "description": description,
        "currency": currency,
        "total_amount": total,
    }
    return {"invoice": invoice, "payload": payload}


def _prices(call: Call) -> list[int]:
    call.required("prices")
    prices: Any = call.json("prices", "prices")
    if not isinstance(prices, list):
        raise bad_request("expected an Array of labeled prices")
    if not prices:
        raise bad_request("there must be at least one price")
    return [_price(price) for price in prices]


def _price(price: Any) -> int:
    what = "can't parse labeled price: "
    if not isinstance(price, dict):
        raise bad_request(f"{what}LabeledPrice must be an Object")
    if not price.get("label"):
        raise bad_request(f"{what}LabeledPrice label must be non-empty")
    try:
        return int(price["amount"])
    except (KeyError, TypeError, ValueError):
        raise bad_request(f'{what}Can\'t parse "amount" as Number') from None


@method("answerPreCheckoutQuery")
def answer_pre_checkout_query(call: Call) -> bool:
    """Agrees to a payment, or says why not; once, and within ten seconds."""
    agreed = call.flag("ok")
    if not agreed and not call.has("error_message"):
        raise bad_request('parameter "error_message" is required')
    query = call.world.answered("checkout", call.bot, call.text("pre_checkout_query_id"))
    if query is None:
        raise bad_request(STALE_QUERY)
    query.answer.set_result({"ok": agreed, "error": call.text("error_message") or None})
    return True
