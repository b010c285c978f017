"""The use-cases: all that can be done with money, whatever the chat looks like.

Every method that moves money is safe to call again: what is to be moved, and its id, were stored
before. A method either does the whole of what it says and tells it to the outbox in the same
transaction, or raises one of `payments.errors` and nothing has changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from payments.errors import Refused
from payments.models import (
    Account,
    ConversationId,
    HistoryLine,
    Intent,
    Keypad,
    Link,
    Millis,
    Payment,
    Person,
    PersonId,
    Profile,
    Request,
    RequestsFrom,
    Transfer,
    TransferKind,
)
from payments.money import Money
from payments.pinhash import PinChecker
from payments.policy import Policy
from payments.ports import Store

Clock = Callable[[], Millis]
PayeeRef = PersonId | str
"""Somebody by id, or by @name without the @."""

DELETE_KEY = "del"
"""The token of the keypad's delete key; the digits' tokens are random."""


@dataclass(frozen=True, slots=True)
class Tapped:
    """Counted; show as many dots as `keypad.digits` has."""

    keypad: Keypad


class NextReason(StrEnum):
    """Why another keypad follows."""

    CURRENT_RIGHT = "current_right"
    """The present PIN was right: now the new one."""
    REPEAT = "repeat"
    """Now the same again."""
    MISMATCH = "mismatch"
    """The two differ: from the beginning."""
    WEAK = "weak"
    """Too easy to guess: another one."""


@dataclass(frozen=True, slots=True)
class NextKeypad:
    """Six digits were taken in; show `keypad` next."""

    keypad: Keypad
    reason: NextReason


@dataclass(frozen=True, slots=True)
class WrongPin:
    """Wrong; `keypad` is empty again."""

    keypad: Keypad
    tries_left: int
    """Before the PIN locks; at least 1."""


@dataclass(frozen=True, slots=True)
class Locked:
    """The PIN is locked; the card still waits, until its own time is up."""

    until: Millis
    intent_id: str | None


@dataclass(frozen=True, slots=True)
class Approved:
    """The right PIN, and the money has moved (or is held). The outbox tells everybody."""

    intent: Intent


@dataclass(frozen=True, slots=True)
class RefusedAfterPin:
    """The right PIN, but a rule said no and the intent is closed: nothing moved."""

    intent: Intent
    error: Refused


@dataclass(frozen=True, slots=True)
class PinSet:
    """A new PIN is in force; `intent_id` is the card to go on with, if one waits."""

    intent_id: str | None


@dataclass(frozen=True, slots=True)
class KeypadClosed:
    """This keypad is no longer in use (timed out, replaced, or already done)."""

    intent_id: str | None


TapResult = (
    Tapped | NextKeypad | WrongPin | Locked | Approved | RefusedAfterPin | PinSet | KeypadClosed
)


@dataclass(frozen=True, slots=True)
class PinStatus:
    """What may be said about a person's PIN."""

    is_set: bool
    locked_until: Millis | None
    reset_at: Millis | None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Some lines, newest first, and where the next page begins."""

    lines: tuple[HistoryLine, ...]
    older: int | None
    """`before` of the next page; None at the end."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One movement of money as one of its two people may see it."""

    transfer: Transfer
    payment: Payment | None
    """None for a top-up."""
    intent: Intent | None
    payer: Person | None
    payee: Person | None
    note: str
    amount: Money
    balance_after: Money
    """The viewer's own."""


class Payments:
    """The facade: see the module's docstring.

    Args:
        store: where everything is kept.
        pins: hashes and checks PINs off the event loop.
        policy: the figures that the rules go by.
        clock: epoch milliseconds; the system's by default.
    """

    store: Store
    policy: Policy
    notices_waiting: asyncio.Event
    """Set after each commit that may have written a notice; the sender clears it."""

    # people ------------------------------------------------------------------------------------

    async def meet(self, profile: Profile) -> Person: ...
    async def join(self, person_id: PersonId, *, name: str) -> Person:
        """Accepts the terms (and being 18 or over). Held payments to this id or @name arrive now;
        open requests to the @name find their payer."""

    async def person(self, person_id: PersonId) -> Person | None: ...
    async def people(self, person_ids: Collection[PersonId]) -> dict[PersonId, Person]: ...
    async def by_username(self, username: str) -> Person | None: ...
    async def choose(
        self,
        person_id: PersonId,
        *,
        name: str | None = None,
        language: str | None = None,
        currency: str | None = None,
        requests_from: RequestsFrom | None = None,
    ) -> Person:
        """Stores a person's own choices; None leaves a choice as it is."""

    async def block(self, person_id: PersonId, other_id: PersonId) -> None: ...
    async def unblock(self, person_id: PersonId, other_id: PersonId) -> None: ...
    async def blocked(self, person_id: PersonId) -> list[Person]: ...
    async def recent_payees(self, person_id: PersonId, limit: int = 5) -> list[Person]: ...
    async def have_dealt(self, one: PersonId, other: PersonId) -> bool: ...
    async def unreachable(self, person_id: PersonId) -> None:
        """The platform refuses messages to this person (they blocked the bot); `meet` undoes it."""

    # paying ------------------------------------------------------------------------------------

    async def draft(
        self,
        payer_id: PersonId,
        *,
        payees: Sequence[PayeeRef] = (),
        amount: Money | None = None,
        note: str = "",
        group_id: ConversationId | None = None,
        origin: str | None = None,
    ) -> Intent:
        """A card, with parts still missing or not. The same `origin` again answers the first card.
        Each payee gets `amount`."""

    async def amend(
        self,
        intent_id: str,
        by: PersonId,
        *,
        payees: Sequence[PayeeRef] | None = None,
        amount: Money | None = None,
        note: str | None = None,
    ) -> Intent:
        """Fills in or changes a draft."""

    async def show_in_group(self, intent_id: str, by: PersonId, *, show: bool) -> Intent: ...
    async def intent(self, intent_id: str, by: PersonId) -> Intent: ...
    async def ask_pin(self, intent_id: str, by: PersonId) -> Keypad:
        """Freezes a complete draft and opens its keypad; asked again, the same keypad.
        What would be refused after the PIN is refused here already."""

    async def tap(self, keypad_id: str, by: PersonId, token: str, *, tap_id: str) -> TapResult:
        """One tap on a keypad. The same `tap_id` never counts twice; after a crash it goes on."""

    async def cancel(self, intent_id: str, by: PersonId) -> Intent: ...
    async def cancel_open(self, person_id: PersonId) -> int:
        """Cancels all drafts and cards that await the person's PIN; how many."""

    async def payment(self, payment_id: str, by: PersonId) -> tuple[Payment, Intent]:
        """A payment and its intent, for its payer or payee."""

    async def take_back(self, payment_id: str, by: PersonId) -> Payment:
        """The payer ends a hold before it is claimed."""

    async def claimable(self, claim_token: str, by: PersonId) -> Payment:
        """The held payment that a claim link opens, if this person may have it."""

    async def claim(self, claim_token: str, by: PersonId) -> Payment: ...
    async def refund(
        self, payment_id: str, by: PersonId, *, amount: Money, origin: str | None = None
    ) -> Intent:
        """The payee's card to give a payment back, wholly or in part (then `ask_pin`)."""

    # the PIN -----------------------------------------------------------------------------------

    async def pin_status(self, person_id: PersonId) -> PinStatus: ...
    async def begin_pin(self, person_id: PersonId, *, intent_id: str | None = None) -> Keypad:
        """The keypad to set a PIN, or to change it (which asks for the present one first).
        `intent_id`: the card to go on with afterwards."""

    async def forget_pin(self, person_id: PersonId) -> Millis:
        """Starts the waiting period; answers when a new PIN may be chosen."""

    async def keep_pin(self, person_id: PersonId) -> None:
        """Cancels the waiting period."""

    async def close_keypad(self, person_id: PersonId) -> None: ...

    # requests ----------------------------------------------------------------------------------

    async def request(
        self,
        requester_id: PersonId,
        *,
        payers: Sequence[PayeeRef] = (),
        amount: Money,
        note: str = "",
        partial: bool = False,
        group_id: ConversationId | None = None,
        origin: str | None = None,
    ) -> list[Request]:
        """Asks each of the payers for `amount`, or (with none) whoever opens it."""

    async def request_by_id(self, request_id: str) -> Request: ...
    async def open_requests(self, person_id: PersonId) -> tuple[list[Request], list[Request]]:
        """Those this person made, and those this person is asked to pay."""

    async def pay_request(
        self, request_id: str, by: PersonId, *, amount: Money | None = None
    ) -> Intent:
        """The payer's card for a request; `amount` where it may be paid in parts."""

    async def decline(self, request_id: str, by: PersonId) -> Request: ...
    async def cancel_request(self, request_id: str, by: PersonId) -> Request: ...
    async def remind(self, request_id: str, by: PersonId) -> Request:
        """Raises LimitExceeded when reminded too often or too soon."""

    # links -------------------------------------------------------------------------------------

    async def personal_link(self, owner_id: PersonId) -> Link: ...
    async def make_link(self, owner_id: PersonId, *, amount: Money | None, note: str) -> Link: ...
    async def link(self, link_id: str) -> Link: ...
    async def links(self, owner_id: PersonId) -> list[Link]: ...
    async def close_link(self, link_id: str, by: PersonId) -> Link: ...
    async def pay_link(self, link_id: str, by: PersonId, *, origin: str | None = None) -> Intent:
        """The payer's card for a link: complete, or a draft that still asks for the amount."""

    # the bank ----------------------------------------------------------------------------------

    async def topup(self, person_id: PersonId, amount: Money, *, origin: str) -> Receipt:
        """Play money from the sandbox bank, capped a day. The same `origin` gives once."""

    async def withdraw(
        self, person_id: PersonId, amount: Money, *, origin: str | None = None
    ) -> Intent:
        """The card for moving money to the person's own bank (then `ask_pin`)."""

    # looking -----------------------------------------------------------------------------------

    async def balances(self, person_id: PersonId) -> list[Account]: ...
    async def history(
        self,
        person_id: PersonId,
        *,
        currency: str,
        kinds: Collection[TransferKind] = (),
        before: int | None = None,
        limit: int = 8,
    ) -> HistoryPage: ...
    async def receipt(self, transfer_id: str, by: PersonId) -> Receipt: ...
    async def held_by(self, payer_id: PersonId) -> list[Payment]: ...

    # time --------------------------------------------------------------------------------------

    async def sweep(self) -> int:
        """Expires cards, requests and keypads, and returns holds, whose time is up; how many.
        Safe to run twice, and from several processes."""
