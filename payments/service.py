"""The use-cases: all that can be done with money, whatever the chat looks like.

Every method that moves money is safe to call again: what is to be moved, and its id, were stored
before. A method either does the whole of what it says and tells it to the outbox in the same
transaction, or raises one of `payments.errors` and nothing has changed (but a card that is found
overdue is closed).

This is a thin facade. Each method runs one unit of work from the room that has the rules
(`people`, `intents`, `transfers`, `requests`, `links`, `pins`, `sweep`). What a method raises, and
in which order, is said where its rule is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from typing import Concatenate, ParamSpec, TypeVar

from payments import intents, links, people, pins, requests, statements, sweep, transfers
from payments.checking import Checking, Pins
from payments.errors import Expired
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
from payments.pins import DELETE_KEY
from payments.policy import Policy
from payments.ports import Store, Tx
from payments.results import HistoryPage, PinStatus, Receipt, TapResult

__all__ = ["DELETE_KEY", "Clock", "PayeeRef", "Payments", "system_clock"]

P = ParamSpec("P")
T = TypeVar("T")
Clock = Callable[[], Millis]


def system_clock() -> Millis:
    """The time now, as the system has it."""
    return time.time_ns() // 1_000_000


class Payments:
    """The facade: see the module's docstring.

    Args:
        store: Where everything is kept.
        pins: Hashes and checks PINs off the event loop.
        policy: The figures that the rules go by.
        clock: Epoch milliseconds; the system's by default.
    """

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
        self.clock = clock
        self._checking = Checking(pins, self._write, clock)

    # people ------------------------------------------------------------------------------------

    async def meet(self, profile: Profile) -> Person:
        """Writes down, or brings up to date, who the platform says this is."""
        currency = self.policy.currencies[0]
        return await self._do(people.meet, profile, currency=currency, now=self.clock())

    async def join(self, person_id: PersonId, *, name: str) -> Person:
        """Accepts the terms: what is held for this id or @name arrives, and requests to it."""
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
        """Stores a person's own choices; None leaves a choice as it is."""
        return await self._do(
            people.choose,
            person_id,
            name=name,
            language=language,
            currency=currency,
            requests_from=requests_from,
            policy=self.policy,
            now=self.clock(),
        )

    async def block(self, person_id: PersonId, other_id: PersonId) -> None:
        """No payments and requests between the two, either way."""
        await self._do(people.block, person_id, other_id, now=self.clock())

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
        await self._do(people.unreachable, person_id)

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
        """
        return await self._do(
            intents.draft,
            payer_id,
            payees=payees,
            amount=amount,
            note=note,
            group_id=group_id,
            origin=origin,
            policy=self.policy,
            now=self.clock(),
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
        """Fills in or changes a draft."""
        return await self._do(
            intents.amend,
            intent_id,
            by,
            payees=payees,
            amount=amount,
            note=note,
            policy=self.policy,
            now=self.clock(),
        )

    async def show_in_group(self, intent_id: str, by: PersonId, *, show: bool) -> Intent:
        """Whether a card begun in a group is shown there once it is posted."""
        return await self._do(intents.show_in_group, intent_id, by, show=show, now=self.clock())

    async def intent(self, intent_id: str, by: PersonId | ConversationId) -> Intent:
        """A card, for its payer; a posted one also for the group in which it is shown."""
        return await self.store.read(lambda tx: intents.seen_by(tx, intent_id, by))

    async def ask_pin(self, intent_id: str, by: PersonId) -> Keypad:
        """Freezes a complete draft and opens its keypad; asked again, the same keypad.
        What would be refused after the PIN is refused here already.
        """
        answer = await self._do(pins.ask_for, intent_id, by, policy=self.policy, now=self.clock())
        if isinstance(answer, Expired):
            raise answer
        return answer

    async def tap(self, keypad_id: str, by: PersonId, token: str, *, tap_id: str) -> TapResult:
        """One tap on a keypad. The same `tap_id` never counts twice; after a crash it goes on."""
        step = await self._do(
            pins.tap, keypad_id, by, token, tap_id=tap_id, policy=self.policy, now=self.clock()
        )
        if isinstance(step, pins.Check):
            return await self._checking.finish(step, self.policy)
        return step

    async def cancel(self, intent_id: str, by: PersonId) -> Intent:
        """Puts a card aside."""
        return await self._do(intents.cancel, intent_id, by, now=self.clock())

    async def cancel_open(self, person_id: PersonId) -> int:
        """Cancels all drafts and cards that await the person's PIN; how many."""
        return await self._do(intents.cancel_open, person_id, now=self.clock())

    async def payment(self, payment_id: str, by: PersonId) -> tuple[Payment, Intent]:
        """A payment and its card, for its payer; once approved also for its payee, alone."""
        return await self.store.read(lambda tx: statements.payment(tx, payment_id, by))

    async def take_back(self, payment_id: str, by: PersonId) -> Payment:
        """The payer ends a hold before it is claimed."""
        now = self.clock()
        return await self._write(
            lambda tx: transfers.take_back(tx, payment_id, by=by, now=now), locks=[by]
        )

    async def claimable(self, claim_token: str, by: PersonId) -> Payment:
        """The held payment that a claim link opens, if this person may have it."""
        now = self.clock()
        return await self.store.read(
            lambda tx: transfers.claimable(tx, claim_token, by=by, now=now)
        )

    async def claim(self, claim_token: str, by: PersonId) -> Payment:
        """Takes the held payment that a claim link opens."""
        payment = await self.claimable(claim_token, by)
        now = self.clock()
        return await self._write(
            lambda tx: transfers.claim(tx, claim_token, by=by, now=now),
            locks=[payment.payer_id, by],
        )

    async def refund(
        self, payment_id: str, by: PersonId, *, amount: Money, origin: str | None = None
    ) -> Intent:
        """The payee's card to give a payment back, wholly or in part (then `ask_pin`)."""
        return await self._do(
            intents.refund,
            payment_id,
            by,
            amount=amount,
            origin=origin,
            policy=self.policy,
            now=self.clock(),
        )

    # the PIN -----------------------------------------------------------------------------------

    async def pin_status(self, person_id: PersonId) -> PinStatus:
        """What may be said about a person's PIN."""
        return await self.store.read(lambda tx: pins.status(tx, person_id))

    async def begin_pin(self, person_id: PersonId, *, intent_id: str | None = None) -> Keypad:
        """The keypad to set a PIN, or to change it (which asks for the present one first).
        `intent_id`: the card to go on with afterwards.
        """
        return await self._do(
            pins.begin, person_id, intent_id=intent_id, policy=self.policy, now=self.clock()
        )

    async def forget_pin(self, person_id: PersonId) -> Millis:
        """Starts the waiting period; answers when a new PIN may be chosen."""
        return await self._do(pins.forget, person_id, policy=self.policy, now=self.clock())

    async def keep_pin(self, person_id: PersonId) -> None:
        """Calls the waiting period off."""
        await self._do(pins.keep, person_id, now=self.clock())

    async def close_keypad(self, person_id: PersonId) -> None:
        """Forgets the keypad that the person has open, if any; its card still waits."""
        await self._do(pins.close, person_id)

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
        return await self._do(
            requests.make,
            requester_id,
            payers=payers,
            amount=amount,
            note=note,
            partial=partial,
            group_id=group_id,
            origin=origin,
            policy=self.policy,
            now=self.clock(),
        )

    async def request_by_id(self, request_id: str) -> Request:
        """A request, for anybody who holds its unguessable id."""
        return await self.store.read(lambda tx: requests.get(tx, request_id))

    async def open_requests(self, person_id: PersonId) -> tuple[list[Request], list[Request]]:
        """Those this person made, and those this person is asked to pay."""
        return await self.store.read(lambda tx: requests.open_of(tx, person_id))

    async def pay_request(
        self, request_id: str, by: PersonId, *, amount: Money | None = None
    ) -> Intent:
        """The payer's card for a request; `amount` where it may be paid in parts."""
        return await self._do(
            requests.pay, request_id, by, amount=amount, policy=self.policy, now=self.clock()
        )

    async def decline(self, request_id: str, by: PersonId) -> Request:
        """Whoever is asked says no."""
        return await self._do(requests.decline, request_id, by, now=self.clock())

    async def cancel_request(self, request_id: str, by: PersonId) -> Request:
        """The requester takes it back."""
        return await self._do(requests.cancel, request_id, by, now=self.clock())

    async def remind(self, request_id: str, by: PersonId) -> Request:
        """Asks the payer once more."""
        return await self._do(
            requests.remind, request_id, by, policy=self.policy, now=self.clock()
        )

    # links -------------------------------------------------------------------------------------

    async def personal_link(self, owner_id: PersonId) -> Link:
        """The owner's one permanent link."""
        return await self._do(links.personal, owner_id, now=self.clock())

    async def make_link(self, owner_id: PersonId, *, amount: Money | None, note: str) -> Link:
        """Another link, with an amount or without."""
        return await self._do(
            links.make, owner_id, amount=amount, note=note, policy=self.policy, now=self.clock()
        )

    async def link(self, link_id: str) -> Link:
        """A link, for anybody who holds its token."""
        return await self.store.read(lambda tx: links.get(tx, link_id))

    async def links(self, owner_id: PersonId) -> list[Link]:
        """The owner's links, latest first, closed ones left out."""
        return await self.store.read(lambda tx: tx.links.by_owner(owner_id, links.LIST_MOST))

    async def close_link(self, link_id: str, by: PersonId) -> Link:
        """Ends a link for good."""
        return await self._do(links.close, link_id, by)

    async def pay_link(self, link_id: str, by: PersonId, *, origin: str | None = None) -> Intent:
        """The payer's card for a link: complete, or a draft that still asks for the amount."""
        return await self._do(
            links.pay, link_id, by, origin=origin, policy=self.policy, now=self.clock()
        )

    # the bank ----------------------------------------------------------------------------------

    async def topup(self, person_id: PersonId, amount: Money, *, origin: str) -> Receipt:
        """Play money from the sandbox bank, capped a day. The same `origin` gives once."""
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
        """The card for moving money to the person's own bank (then `ask_pin`)."""
        return await self._do(
            intents.withdraw,
            person_id,
            amount,
            origin=origin,
            policy=self.policy,
            now=self.clock(),
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
        credited: bool | None = None,
        before: int | None = None,
        limit: int = 8,
    ) -> HistoryPage:
        """A page of what moved on the person's account in a currency; no kinds: all.
        `credited`: only what came in (True) or went out (False).
        """
        return await self.store.read(
            lambda tx: statements.history(
                tx,
                person_id,
                currency=currency,
                kinds=kinds,
                credited=credited,
                before=before,
                limit=limit,
            )
        )

    async def receipt(self, transfer_id: str, by: PersonId) -> Receipt:
        """One movement of money, for the two people concerned."""
        return await self.store.read(lambda tx: statements.receipt(tx, transfer_id, by))

    async def held_by(self, payer_id: PersonId) -> list[Payment]:
        """What this person has paid and nobody has claimed yet."""
        return await self.store.read(lambda tx: tx.intents.held_by(payer_id))

    # time --------------------------------------------------------------------------------------

    async def sweep(self) -> int:
        """Ends cards, requests, keypads and holds whose time is up; how many. Safe to repeat."""
        swept = 0
        for unit in (sweep.cards, sweep.keypads, sweep.asked):
            count = sweep.MOST
            while count == sweep.MOST:
                count = await self._do(unit, self.clock())
                swept += count
        while overdue := await self.store.read(lambda tx: sweep.overdue_holds(tx, self.clock())):
            swept += await self._return(overdue)
        return swept

    async def _return(self, overdue: Sequence[Payment]) -> int:
        now, payers = self.clock(), sorted({payment.payer_id for payment in overdue})
        return await self._write(lambda tx: sweep.holds(tx, overdue, now), locks=payers)

    # inside ------------------------------------------------------------------------------------

    async def _do(
        self, rule: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Runs one rule of a room as a unit of work."""
        return await self._write(lambda tx: rule(tx, *args, **kwargs))

    async def _write(self, unit: Callable[[Tx], T], *, locks: Sequence[PersonId] = ()) -> T:
        """Runs a unit that may write a notice, and wakes the sender after its commit."""
        result = await self.store.write(unit, locks=locks)
        self.notices_waiting.set()
        return result
