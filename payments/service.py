"""The use-cases: all that can be done with money, whatever the chat looks like.

Every method that moves money is safe to call again: what is to be moved, and its id, were stored
before. A method either does the whole of what it says and tells it to the outbox in the same
transaction, or raises one of `payments.errors` and nothing has changed (but a card that is found
overdue is closed).

This is a thin facade. Each method runs one unit of work from the room that has the rules
(`people`, `intents`, `transfers`, `requests`, `links`, `pins`, `sweep`), where the order of checks
and the errors are documented.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from typing import Protocol, TypeVar

from payments import intents, links, people, pins, requests, statements, sweep, transfers
from payments.errors import Expired, Refused
from payments.models import (
    Account,
    ConversationId,
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
    TransferKind,
)
from payments.money import Money
from payments.people import PersonRef as PayeeRef
from payments.pinhash import Verdict
from payments.pins import DELETE_KEY
from payments.policy import Policy
from payments.ports import Store, Tx
from payments.results import (
    Approved,
    HistoryPage,
    KeypadClosed,
    Locked,
    NextKeypad,
    NextReason,
    PinSet,
    PinStatus,
    Receipt,
    RefusedAfterPin,
    Tapped,
    TapResult,
    WrongPin,
)

__all__ = [
    "DELETE_KEY",
    "Approved",
    "Clock",
    "HistoryPage",
    "KeypadClosed",
    "Locked",
    "NextKeypad",
    "NextReason",
    "PayeeRef",
    "Payments",
    "PinSet",
    "PinStatus",
    "Pins",
    "Receipt",
    "RefusedAfterPin",
    "TapResult",
    "Tapped",
    "WrongPin",
    "system_clock",
]

T = TypeVar("T")
Clock = Callable[[], Millis]


def system_clock() -> Millis:
    """The time now, as the system has it."""
    return time.time_ns() // 1_000_000


class Pins(Protocol):
    """Hashes and checks PINs off the event loop, as `pinhash.PinChecker` does."""

    async def hash(self, person_id: PersonId, pin: str) -> str:
        """What to store for a PIN."""

    async def verify(self, person_id: PersonId, pin: str, stored: str) -> Verdict:
        """Whether a PIN is the one that was stored."""


class Payments:
    """The facade: see the module's docstring.

    Args:
        store: Where everything is kept.
        pins: Hashes and checks PINs off the event loop.
        policy: The figures that the rules go by.
        clock: Epoch milliseconds; the system's by default.
    """

    store: Store
    policy: Policy
    clock: Clock
    notices_waiting: asyncio.Event
    """Set after each commit that may have written a notice; the sender clears it."""

    def __init__(
        self,
        store: Store,
        pins: Pins,
        policy: Policy | None = None,
        clock: Clock = system_clock,
    ) -> None:
        self.store = store
        self.policy = policy or Policy()
        self.notices_waiting = asyncio.Event()
        self._pins = pins
        self.clock = clock
        self._checks: dict[str, asyncio.Task[TapResult]] = {}

    # people ------------------------------------------------------------------------------------

    async def meet(self, profile: Profile) -> Person:
        """Writes down, or brings up to date, who the platform says this is."""
        currency, now = self.policy.currencies[0], self.clock()
        return await self.store.write(
            lambda tx: people.meet(tx, profile, currency=currency, now=now)
        )

    async def join(self, person_id: PersonId, *, name: str) -> Person:
        """Accepts the terms (and being 18 or over). Held payments to this id or @name arrive now;
        open requests to the @name find their payer.

        Raises:
            UnknownPerson: the person has not been met.
        """
        now = self.clock()
        payers = await self.store.read(lambda tx: transfers.payers_to(tx, person_id))

        def unit(tx: Tx) -> Person:
            person = people.join(tx, person_id, name=name, now=now)
            transfers.claim_all(tx, person_id, now=now)
            requests.find_payer(tx, person, now=now)
            return person

        return await self._write(unit, locks=[person_id, *payers])

    async def person(self, person_id: PersonId) -> Person | None:
        """Somebody by id."""
        return await self.store.read(lambda tx: tx.people.get(person_id))

    async def people(self, person_ids: Collection[PersonId]) -> dict[PersonId, Person]:
        """Several by id; the unknown are left out."""
        return await self.store.read(lambda tx: tx.people.many(person_ids))

    async def by_username(self, username: str) -> Person | None:
        """Who has this @name now, in any case, with or without the @."""
        bare = username.strip().removeprefix("@")
        return await self.store.read(lambda tx: tx.people.by_username(bare))

    async def choose(
        self,
        person_id: PersonId,
        *,
        name: str | None = None,
        language: str | None = None,
        currency: str | None = None,
        requests_from: RequestsFrom | None = None,
    ) -> Person:
        """Stores a person's own choices; None leaves a choice as it is.

        Raises:
            UnknownPerson: the person has not been met.
            AmountRefused: the currency is not one of the policy's.
        """
        now = self.clock()
        return await self.store.write(
            lambda tx: people.choose(
                tx,
                person_id,
                name=name,
                language=language,
                currency=currency,
                requests_from=requests_from,
                policy=self.policy,
                now=now,
            )
        )

    async def block(self, person_id: PersonId, other_id: PersonId) -> None:
        """No payments and requests between the two, either way.

        Raises:
            UnknownPerson: one of them has not been met.
        """
        now = self.clock()
        await self.store.write(lambda tx: people.block(tx, person_id, other_id, now=now))

    async def unblock(self, person_id: PersonId, other_id: PersonId) -> None:
        """Ends the person's own block of the other."""
        await self.store.write(lambda tx: tx.people.unblock(person_id, other_id))

    async def blocked(self, person_id: PersonId) -> list[Person]:
        """Those whom this person blocked, latest first."""
        return await self.store.read(lambda tx: tx.people.blocked(person_id))

    async def recent_payees(self, person_id: PersonId, limit: int = 5) -> list[Person]:
        """Whom this person paid, latest first, each once."""
        return await self.store.read(lambda tx: tx.people.recent_payees(person_id, limit))

    async def have_dealt(self, one: PersonId, other: PersonId) -> bool:
        """Whether a payment between the two was ever posted, either way."""
        return await self.store.read(lambda tx: tx.ledger.have_dealt(one, other))

    async def unreachable(self, person_id: PersonId) -> None:
        """The platform refuses messages to this person, who blocked the bot; `meet` undoes it."""
        await self.store.write(lambda tx: people.unreachable(tx, person_id))

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
        Each payee gets `amount`.

        Raises:
            Refused: see `payments.intents`.
        """
        now = self.clock()
        return await self.store.write(
            lambda tx: intents.draft(
                tx,
                payer_id,
                payees=payees,
                amount=amount,
                note=note,
                group_id=group_id,
                origin=origin,
                policy=self.policy,
                now=now,
            )
        )

    async def amend(
        self,
        intent_id: str,
        by: PersonId,
        *,
        payees: Sequence[PayeeRef] | None = None,
        amount: Money | None = None,
        note: str | None = None,
    ) -> Intent:
        """Fills in or changes a draft.

        Raises:
            Refused: see `intents.amend`.
        """
        now = self.clock()
        return await self.store.write(
            lambda tx: intents.amend(
                tx,
                intent_id,
                by,
                payees=payees,
                amount=amount,
                note=note,
                policy=self.policy,
                now=now,
            )
        )

    async def show_in_group(self, intent_id: str, by: PersonId, *, show: bool) -> Intent:
        """Whether a card begun in a group is shown there once it is posted.

        Raises:
            Refused: see `intents.show_in_group`.
        """
        now = self.clock()
        return await self._write(
            lambda tx: intents.show_in_group(tx, intent_id, by, show=show, now=now)
        )

    async def intent(self, intent_id: str, by: PersonId | ConversationId) -> Intent:
        """A card, for its payer; a posted one also for the group in which it is shown.

        Raises:
            NotYours: anybody else's, or none.
        """
        return await self.store.read(lambda tx: intents.seen_by(tx, intent_id, by))

    async def ask_pin(self, intent_id: str, by: PersonId) -> Keypad:
        """Freezes a complete draft and opens its keypad; asked again, the same keypad.
        What would be refused after the PIN is refused here already.

        Raises, in this order:
            NotYours: somebody else's card, or none.
            Expired: its time is up; the card is closed.
            Refused: see `intents.freeze`.
            PinMissing, PinLocked: see `pins.ask`.
        """
        now = self.clock()

        def unit(tx: Tx) -> Keypad | Expired:
            intent = intents.owned(tx, intent_id, by)
            if intents.expire(tx, intent, now=now):
                return Expired()
            frozen = intents.freeze(tx, intent, policy=self.policy, now=now)
            return pins.ask(tx, frozen, policy=self.policy, now=now)

        answer = await self._write(unit)
        if isinstance(answer, Expired):
            raise answer
        return answer

    async def tap(self, keypad_id: str, by: PersonId, token: str, *, tap_id: str) -> TapResult:
        """One tap on a keypad. The same `tap_id` never counts twice; after a crash it goes on.

        Raises:
            NotYours: another person's keypad.
        """
        now = self.clock()
        step = await self._write(
            lambda tx: pins.tap(
                tx, keypad_id, by, token, tap_id=tap_id, policy=self.policy, now=now
            )
        )
        return await self._check(step) if isinstance(step, pins.Check) else step

    async def cancel(self, intent_id: str, by: PersonId) -> Intent:
        """Puts a card aside.

        Raises:
            NotYours: somebody else's card, or none.
            NotOpen: it was posted, refused, or has expired.
        """
        now = self.clock()
        return await self._write(lambda tx: intents.cancel(tx, intent_id, by, now=now))

    async def cancel_open(self, person_id: PersonId) -> int:
        """Cancels all drafts and cards that await the person's PIN; how many."""
        now = self.clock()
        return await self._write(lambda tx: intents.cancel_open(tx, person_id, now=now))

    async def payment(self, payment_id: str, by: PersonId) -> tuple[Payment, Intent]:
        """A payment and its intent, for its payer; once approved, for its payee (without the
        intent's other payments).

        Raises:
            NotYours: anybody else's, or none.
        """
        return await self.store.read(lambda tx: statements.payment(tx, payment_id, by))

    async def take_back(self, payment_id: str, by: PersonId) -> Payment:
        """The payer ends a hold before it is claimed.

        Raises:
            NotYours: somebody else's, or none.
            NotOpen: it was claimed.
        """
        now = self.clock()
        return await self._write(
            lambda tx: transfers.take_back(tx, payment_id, by=by, now=now), locks=[by]
        )

    async def claimable(self, claim_token: str, by: PersonId) -> Payment:
        """The held payment that a claim link opens, if this person may have it.

        Raises:
            Refused: see `transfers.claimable`.
        """
        now = self.clock()
        return await self.store.read(
            lambda tx: transfers.claimable(tx, claim_token, by=by, now=now)
        )

    async def claim(self, claim_token: str, by: PersonId) -> Payment:
        """Takes the held payment that a claim link opens.

        Raises:
            NotJoined: the claimer has not accepted the terms.
            Refused: see `transfers.claimable`.
        """
        payment = await self.claimable(claim_token, by)
        now = self.clock()
        return await self._write(
            lambda tx: transfers.claim(tx, claim_token, by=by, now=now),
            locks=[payment.payer_id, by],
        )

    async def refund(
        self, payment_id: str, by: PersonId, *, amount: Money, origin: str | None = None
    ) -> Intent:
        """The payee's card to give a payment back, wholly or in part (then `ask_pin`).

        Raises:
            Refused: see `transfers.refundable`.
        """
        now = self.clock()
        return await self.store.write(
            lambda tx: intents.refund(
                tx, payment_id, by, amount=amount, origin=origin, policy=self.policy, now=now
            )
        )

    # the PIN -----------------------------------------------------------------------------------

    async def pin_status(self, person_id: PersonId) -> PinStatus:
        """What may be said about a person's PIN."""
        return await self.store.read(lambda tx: pins.status(tx, person_id))

    async def begin_pin(self, person_id: PersonId, *, intent_id: str | None = None) -> Keypad:
        """The keypad to set a PIN, or to change it (which asks for the present one first).
        `intent_id`: the card to go on with afterwards.

        Raises:
            Refused: see `pins.begin`.
        """
        now = self.clock()
        return await self._write(
            lambda tx: pins.begin(tx, person_id, intent_id=intent_id, policy=self.policy, now=now)
        )

    async def forget_pin(self, person_id: PersonId) -> Millis:
        """Starts the waiting period; answers when a new PIN may be chosen.

        Raises:
            PinMissing: there is no PIN to forget.
        """
        now = self.clock()
        return await self._write(
            lambda tx: pins.forget(tx, person_id, policy=self.policy, now=now)
        )

    async def keep_pin(self, person_id: PersonId) -> None:
        """Calls the waiting period off."""
        now = self.clock()
        await self._write(lambda tx: pins.keep(tx, person_id, now=now))

    async def close_keypad(self, person_id: PersonId) -> None:
        """Forgets the keypad that the person has open, if any; its card still waits."""
        await self.store.write(lambda tx: pins.close(tx, person_id))

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
        """Asks each of the payers for `amount`, or (with none) whoever opens it.

        Raises:
            Refused: see `payments.requests`.
        """
        now = self.clock()
        return await self._write(
            lambda tx: requests.make(
                tx,
                requester_id,
                payers=payers,
                amount=amount,
                note=note,
                partial=partial,
                group_id=group_id,
                origin=origin,
                policy=self.policy,
                now=now,
            )
        )

    async def request_by_id(self, request_id: str) -> Request:
        """A request, for anybody who holds its unguessable id.

        Raises:
            NotYours: there is none.
        """
        return await self.store.read(lambda tx: requests.get(tx, request_id))

    async def open_requests(self, person_id: PersonId) -> tuple[list[Request], list[Request]]:
        """Those this person made, and those this person is asked to pay."""
        most = requests.LIST_MOST
        return await self.store.read(
            lambda tx: (
                tx.requests.open_by(person_id, most),
                tx.requests.open_to(person_id, most),
            )
        )

    async def pay_request(
        self, request_id: str, by: PersonId, *, amount: Money | None = None
    ) -> Intent:
        """The payer's card for a request; `amount` where it may be paid in parts.

        Raises:
            Refused: see `requests.pay`.
        """
        now = self.clock()
        return await self._write(
            lambda tx: requests.pay(tx, request_id, by, amount=amount, policy=self.policy, now=now)
        )

    async def decline(self, request_id: str, by: PersonId) -> Request:
        """Whoever is asked says no.

        Raises:
            Refused: see `requests.decline`.
        """
        now = self.clock()
        return await self._write(lambda tx: requests.decline(tx, request_id, by, now=now))

    async def cancel_request(self, request_id: str, by: PersonId) -> Request:
        """The requester takes it back.

        Raises:
            Refused: see `requests.cancel`.
        """
        now = self.clock()
        return await self._write(lambda tx: requests.cancel(tx, request_id, by, now=now))

    async def remind(self, request_id: str, by: PersonId) -> Request:
        """Asks the payer once more.

        Raises:
            LimitExceeded: reminded too often, or too soon.
            Refused: see `requests.remind`.
        """
        now = self.clock()
        return await self._write(
            lambda tx: requests.remind(tx, request_id, by, policy=self.policy, now=now)
        )

    # links -------------------------------------------------------------------------------------

    async def personal_link(self, owner_id: PersonId) -> Link:
        """The owner's one permanent link.

        Raises:
            NotJoined: the terms have not been accepted.
        """
        now = self.clock()
        return await self.store.write(lambda tx: links.personal(tx, owner_id, now=now))

    async def make_link(self, owner_id: PersonId, *, amount: Money | None, note: str) -> Link:
        """Another link, with an amount or without.

        Raises:
            Refused: see `links.make`.
        """
        now = self.clock()
        return await self.store.write(
            lambda tx: links.make(
                tx, owner_id, amount=amount, note=note, policy=self.policy, now=now
            )
        )

    async def link(self, link_id: str) -> Link:
        """A link, for anybody who holds its token.

        Raises:
            NotYours: there is none.
        """
        return await self.store.read(lambda tx: links.get(tx, link_id))

    async def links(self, owner_id: PersonId) -> list[Link]:
        """The owner's links, latest first, closed ones left out."""
        return await self.store.read(lambda tx: tx.links.by_owner(owner_id, links.LIST_MOST))

    async def close_link(self, link_id: str, by: PersonId) -> Link:
        """Ends a link for good.

        Raises:
            NotYours: somebody else's, the permanent personal one, or none.
        """
        return await self.store.write(lambda tx: links.close(tx, link_id, by))

    async def pay_link(self, link_id: str, by: PersonId, *, origin: str | None = None) -> Intent:
        """The payer's card for a link: complete, or a draft that still asks for the amount.

        Raises:
            Refused: see `links.pay`.
        """
        now = self.clock()
        return await self.store.write(
            lambda tx: links.pay(tx, link_id, by, origin=origin, policy=self.policy, now=now)
        )

    # the bank ----------------------------------------------------------------------------------

    async def topup(self, person_id: PersonId, amount: Money, *, origin: str) -> Receipt:
        """Play money from the sandbox bank, capped a day. The same `origin` gives once.

        Raises:
            PaymentError: see `transfers.top_up`.
        """
        now = self.clock()

        def unit(tx: Tx) -> Receipt:
            transfer = transfers.top_up(
                tx, person_id, amount, origin=origin, policy=self.policy, now=now
            )
            return statements.receipt(tx, transfer.id, person_id)

        return await self.store.write(unit, locks=[person_id])

    async def withdraw(
        self, person_id: PersonId, amount: Money, *, origin: str | None = None
    ) -> Intent:
        """The card for moving money to the person's own bank (then `ask_pin`).

        Raises:
            Refused: see `intents.withdraw`.
        """
        now = self.clock()
        return await self.store.write(
            lambda tx: intents.withdraw(
                tx, person_id, amount, origin=origin, policy=self.policy, now=now
            )
        )

    # looking -----------------------------------------------------------------------------------

    async def balances(self, person_id: PersonId) -> list[Account]:
        """The person's accounts, by currency."""
        return await self.store.read(lambda tx: tx.ledger.accounts_of(person_id))

    async def history(
        self,
        person_id: PersonId,
        *,
        currency: str,
        kinds: Collection[TransferKind] = (),
        before: int | None = None,
        limit: int = 8,
    ) -> HistoryPage:
        """A page of what moved on the person's account in a currency; no kinds: all."""
        return await self.store.read(
            lambda tx: statements.history(
                tx, person_id, currency=currency, kinds=kinds, before=before, limit=limit
            )
        )

    async def receipt(self, transfer_id: str, by: PersonId) -> Receipt:
        """One movement of money, for the two people concerned.

        Raises:
            NotYours: anybody else's, or none.
        """
        return await self.store.read(lambda tx: statements.receipt(tx, transfer_id, by))

    async def held_by(self, payer_id: PersonId) -> list[Payment]:
        """What this person has paid and nobody has claimed yet."""
        return await self.store.read(lambda tx: tx.intents.held_by(payer_id))

    # time --------------------------------------------------------------------------------------

    async def sweep(self) -> int:
        """Expires cards, requests and keypads, and returns holds, whose time is up; how many.
        Safe to run twice, and from several processes.
        """
        now = self.clock()
        swept = 0
        for unit in (sweep.cards, sweep.keypads, sweep.asked):
            swept += await self._sweep(unit, now)
        return swept + await self._sweep_holds(now)

    async def _sweep(self, unit: Callable[[Tx, Millis], int], now: Millis) -> int:
        swept = count = await self._write(lambda tx: unit(tx, now))
        while count == sweep.MOST:
            count = await self._write(lambda tx: unit(tx, now))
            swept += count
        return swept

    async def _sweep_holds(self, now: Millis) -> int:
        swept = 0
        while overdue := await self.store.read(lambda tx: sweep.overdue_holds(tx, now)):
            swept += await self._return_holds(overdue, now)
        return swept

    async def _return_holds(self, overdue: Sequence[Payment], now: Millis) -> int:
        payers = sorted({payment.payer_id for payment in overdue})
        return await self._write(lambda tx: sweep.holds(tx, overdue, now), locks=payers)

    # inside ------------------------------------------------------------------------------------

    async def _write(self, unit: Callable[[Tx], T], *, locks: Sequence[PersonId] = ()) -> T:
        """Runs a unit that may write a notice, and wakes the sender after its commit."""
        result = await self.store.write(unit, locks=locks)
        self.notices_waiting.set()
        return result

    async def _check(self, check: pins.Check) -> TapResult:
        """Checks the digits of a keypad once, however many taps wait for the answer.

        A tap that is given up does not end the check: what it has begun is finished.
        """
        keypad_id = check.keypad.id
        task = self._checks.get(keypad_id)
        if task is None:
            task = asyncio.create_task(self._act_on_digits(check))
            self._checks[keypad_id] = task
            task.add_done_callback(lambda _: self._checks.pop(keypad_id))
        return await asyncio.shield(task)

    async def _act_on_digits(self, check: pins.Check) -> TapResult:
        person_id, digits = check.keypad.person_id, check.keypad.digits
        if check.stored is None:
            new_hash = await self._pins.hash(person_id, digits)
            now = self.clock()
            return await self._write(lambda tx: pins.set_new(tx, check, new_hash, now=now))
        verdict = await self._pins.verify(person_id, digits, check.stored)
        now = self.clock()
        if not verdict.ok:
            return await self._write(lambda tx: pins.wrong(tx, check, policy=self.policy, now=now))
        fresh_hash = await self._pins.hash(person_id, digits) if verdict.rehash else None
        return await self._act_on_right(check, fresh_hash, now)

    async def _act_on_right(
        self, check: pins.Check, fresh_hash: str | None, now: Millis
    ) -> TapResult:
        try:
            return await self._write(
                lambda tx: pins.right(
                    tx, check, fresh_hash=fresh_hash, policy=self.policy, now=now
                ),
                locks=check.locks,
            )
        except Refused as error:
            refusal = error
        return await self._write(
            lambda tx: pins.refused(tx, check, refusal, fresh_hash=fresh_hash, now=now)
        )
