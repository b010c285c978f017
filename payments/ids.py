"""Makes the identifiers that records are stored under and that travel through a chat.

Two kinds, by who sees them. A payment's id sorts by time, so that the newest rows lie together in
the database's indexes. Everything that travels in a button or a link is an unguessable token from
the system's random source: whoever does not hold it cannot name the thing. No token is a licence
by itself; what it names is still checked against the person who sends it.

Every token fits, with a verb before it, into the 64 bytes of a Telegram callback and into the 64
characters `[A-Za-z0-9_-]` of a start parameter.
"""

from __future__ import annotations

import secrets

from payments.models import PSEUDONYM_LEAST

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, so that it can be read aloud and typed."""

_RANDOM_BITS = 80
_ULID_LENGTH = 26
_MILLIS_END = 1 << 48

_TOKEN_BYTES = 12
TOKEN_LENGTH = 16
"""The characters of a token, each of `[A-Za-z0-9_-]`: 96 random bits."""


def new_payment_id(now_ms: int) -> str:
    """Return a new payment id: `p_` and a ULID of the moment `now_ms` (milliseconds since 1970).

    Ids of later milliseconds sort after earlier ones; within one millisecond the order is random.
    Layout: https://github.com/ulid/spec, 48 bits of time, then 80 random bits.

    Raises:
        ValueError: `now_ms` does not fit 48 bits.
    """
    if not 0 <= now_ms < _MILLIS_END:
        raise ValueError("the time of a payment id is 48 bits of milliseconds since 1970")
    number = now_ms << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    return "p_" + _base32(number, _ULID_LENGTH)


def new_intent_id() -> str:
    """Return a new id of an intent: what a payer is about to approve."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def new_request_id() -> str:
    """Return a new id of a request for money."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def new_offer_id() -> str:
    """Return a new id of what somebody may put into a chat."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def new_link_token() -> str:
    """Return a new token of a payment link or a claim link."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def new_keypad_id() -> str:
    """Return a new id of one showing of the PIN keypad."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def new_device_id() -> str:
    """Return a new id of a device that may approve payments."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def new_action_id() -> str:
    """Return a new id of a line in the operators' log."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def new_pseudonym() -> int:
    """Return a number that stands for somebody who was forgotten; no person can have it."""
    return PSEUDONYM_LEAST + secrets.randbits(61)


def reference(payment_id: str) -> str:
    """Return the short reference printed on a receipt, such as `7K3M-Q9ZD`.

    It is for people: to name a payment on the phone, in a note or to whoever runs the bot. It is
    the last 40 random bits of the payment id, so two payments of one person hardly ever share
    one, but it is not unique by construction: look it up among one person's payments, and never
    use it as a key or as proof of anything.
    """
    return f"{payment_id[-8:-4]}-{payment_id[-4:]}"


def _base32(number: int, length: int) -> str:
    return "".join(_CROCKFORD[number >> 5 * i & 31] for i in reversed(range(length)))
