"""What time does by itself: cards, keypads and requests end, unclaimed money returns, and what
came to nothing is forgotten.

Each function is one small unit of work and says how many things it dealt with; `MOST` means that
there may be more. Several processes may sweep at once: each change is made from the state that it
ends, by whoever comes first.
"""

from __future__ import annotations

from collections.abc import Sequence

from payments import intents, pins, requests, transfers
from payments.models import HoldEnd, Millis, Payment
from payments.ports import Tx

MOST = 100


def cards(tx: Tx, now: Millis) -> int:
    """Expires drafts and cards awaiting a PIN."""
    overdue = tx.intents.overdue(now, MOST)
    return sum(intents.expire(tx, intent, now=now) for intent in overdue)


def keypads(tx: Tx, now: Millis) -> int:
    """Forgets keypads with what was tapped on them."""
    dropped = tx.pins.drop_overdue_keypads(now)
    for keypad in dropped:
        pins.forgotten(tx, keypad, now=now)
    return len(dropped)


def overdue_holds(tx: Tx, now: Millis) -> Sequence[Payment]:
    """The held payments to return; whose money they move must be known before.

    None while operators have stopped everything.
    """
    if tx.operators.stops([]).paused:
        return []
    return tx.intents.overdue_holds(now, MOST)


def holds(tx: Tx, overdue: Sequence[Payment], now: Millis) -> int:
    """Returns held payments that nobody claimed."""
    if tx.operators.stops([]).paused:
        return 0
    return sum(
        transfers.give_back_hold(tx, payment, end=HoldEnd.EXPIRED, now=now) for payment in overdue
    )


def offers(tx: Tx, now: Millis) -> int:
    """Forgets what was put into a chat, or was not, and nobody took up in time."""
    return tx.offers.drop_overdue(now, MOST)


def questions(tx: Tx, now: Millis) -> int:
    """Forgets what was asked, and what had been typed, where no answer came."""
    return tx.prompts.drop_overdue(now)


def asked(tx: Tx, now: Millis) -> int:
    """Expires requests."""
    overdue = tx.requests.overdue(now, MOST)
    return sum(requests.expire(tx, request, now=now) for request in overdue)


# --- forgetting ----------------------------------------------------------------------------------
# Nothing that moved money: the books, and who paid whom what for, are kept for ever.


def ended_cards(tx: Tx, before: Millis) -> int:
    """Forgets cards that ended without a payment, and which messages showed them.

    A button of such a message is answered like that of any card that is not there.
    """
    ended = tx.intents.drop_ended(before, MOST)
    tx.cards.drop_all(ended)
    return len(ended)


def ended_requests(tx: Tx, before: Millis) -> int:
    """Forgets requests of which nothing was ever paid, and which messages showed them."""
    ended = tx.requests.drop_ended(before, MOST)
    tx.cards.drop_all(ended)
    return len(ended)


def buried_notices(tx: Tx, before: Millis) -> int:
    """Forgets what could not be told, and why."""
    return tx.outbox.drop_buried(before, MOST)
