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

from collections.abc import Collection, Sequence

from payments import (
    bank_codes,
    devices,
    groups,
    intents,
    links,
    operators,
    people,
    pins,
    privacy,
    proofs,
    requests,
    showing,
    statements,
    sweep,
    transfers,
)
from payments.asking import Asking
from payments.bank_codes import BankOffer
from payments.checking import Checking, Pins
from payments.errors import Expired, PaymentError, PinReason
from payments.models import (
    Account,
    BankAccount,
    ConversationId,
    Device,
    Health,
    Intent,
    Keypad,
    Link,
    LinkTerms,
    LoggedAction,
    Millis,
    OperatorAction,
    Payment,
    Person,
    PersonId,
    Phone,
    Profile,
    Report,
    RequestsFrom,
    Stops,
    TransferKind,
)
from payments.money import Money
from payments.people import PersonRef as PayeeRef
from payments.pins import DELETE_KEY
from payments.policy import Policy
from payments.ports import Ahead, Store, Tx
from payments.results import HistoryPage, PinStatus, Receipt, SalesPage, Tapped, TapResult
from payments.showing import CardNews, PayersCard, PaymentNews, Surroundings
from payments.units import Clock, system_clock

__all__ = ["DELETE_KEY", "Clock", "PayeeRef", "Payments", "system_clock"]


class Payments(Asking):
    """The facade: see the module's docstring.

    Args:
        store: Where everything is kept.
        pins: Hashes and checks PINs off the event loop.
        policy: The figures that the rules go by.
        clock: Epoch milliseconds; the system's by default.
    """

    def __init__(
        self,
        store: Store,
        pins: Pins,
        policy: Policy | None = None,
        clock: Clock = system_clock,
    ) -> None:
        super().__init__(store, policy, clock)
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
            transfers.claim_all(tx, person_id, policy=self.policy, now=now)
            requests.find_payer(tx, person, now=now)
            return person

        return await self._write(unit, locks=[person_id, *payers])

    async def person(self, person_id: PersonId) -> Person | None:
        """Somebody by id."""
        return await self.store.look(lambda tx: tx.people.get(person_id))

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

    # what people have shown --------------------------------------------------------------------

    async def proofs(self, person_id: PersonId) -> tuple[Phone | None, BankAccount | None]:
        """A person's own verified phone number and bank account."""
        return await self.store.read(lambda tx: proofs.of(tx, person_id))

    async def verify_phone(
        self, person_id: PersonId, number: str, *, owner_id: PersonId | None
    ) -> None:
        """Stores a number that a person shared; the platform says that it is `owner_id`'s."""
        await self._do(proofs.verify_phone, person_id, number, owner_id=owner_id, now=self.clock())

    async def by_phone(self, number: str, *, by: PersonId) -> Person | None:
        """Who is paid by this number, in E.164; each time counts as a look-up of `by`."""
        now = self.clock()
        return await self.store.write(
            lambda tx: proofs.look_up(tx, number, by=by, policy=self.policy, now=now), locks=[by]
        )

    async def let_phone_find(self, person_id: PersonId, *, findable: bool) -> None:
        """Whether others may pay the person by phone number."""
        await self.store.write(lambda tx: tx.proofs.let_phone_find(person_id, findable=findable))

    async def drop_phone(self, person_id: PersonId) -> None:
        """Forgets the person's number."""
        await self.store.write(lambda tx: tx.proofs.drop_phone(person_id))

    async def link_bank(self, person_id: PersonId, written: str) -> BankAccount:
        """Stores where a person withdraws to: an IBAN, a UPI ID or a Pix key."""
        return await self._do(proofs.link_bank, person_id, written, now=self.clock())

    async def drop_bank_account(self, person_id: PersonId) -> None:
        """Forgets where the person withdraws to; none of their links shows its code any more."""
        await self.store.write(lambda tx: proofs.unlink_bank(tx, person_id))

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
        answer: str | None = None,
    ) -> Intent:
        """Fills in or changes a draft; `answer` is the one to its link's question."""
        return await self._do(
            intents.amend,
            intent_id,
            by,
            payees=payees,
            amount=amount,
            note=note,
            answer=answer,
            policy=self.policy,
            now=self.clock(),
        )

    async def show_in_group(self, intent_id: str, by: PersonId, *, show: bool) -> Intent:
        """Whether a card begun in a group is shown there once it is posted."""
        return await self._do(intents.show_in_group, intent_id, by, show=show, now=self.clock())

    async def intent(self, intent_id: str, by: PersonId | ConversationId) -> Intent:
        """A card, for its payer; a posted one also for the group in which it is shown."""
        return await self.store.look(lambda tx: intents.seen_by(tx, intent_id, by))

    async def card(
        self, intent_id: str, by: PersonId
    ) -> tuple[Intent, dict[PersonId, Person], BankAccount | None]:
        """A card as `intent` answers it, and what names those that it goes to."""
        return await self.store.look(lambda tx: showing.card(tx, intent_id, by))

    async def surroundings(self, intent: Intent) -> Surroundings:
        """What a card says beyond itself."""
        now = self.clock()
        return await self.store.look(lambda tx: showing.surroundings(tx, intent, self.policy, now))

    async def payers_card(self, intent: Intent) -> PayersCard:
        """What it takes to show a card to its payer."""
        now = self.clock()
        return await self.store.look(lambda tx: showing.payers_card(tx, intent, self.policy, now))

    async def card_news(self, intent_id: str, by: PersonId | ConversationId) -> CardNews:
        """What it takes to tell of a card, to those for whom `intent` has it."""
        now = self.clock()
        return await self.store.look(
            lambda tx: showing.card_news(tx, intent_id, by, self.policy, now)
        )

    async def payment_news(self, payment_id: str, by: PersonId) -> PaymentNews:
        """What it takes to tell of a payment, to those for whom `payment` has it."""
        return await self.store.look(lambda tx: showing.payment_news(tx, payment_id, by))

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
        now = self.clock()
        step = await self.store.write(
            lambda tx: pins.tap(
                tx, keypad_id, by, token, tap_id=tap_id, policy=self.policy, now=now
            ),
            locks=[by],
            ahead=Ahead(keypad_id),
        )
        if isinstance(step, pins.Check):
            return await self._checking.finish(step, self.policy)
        if not isinstance(step, Tapped):  # one digit more is news to nobody
            self.notices_waiting.set()
        return step

    async def cancel(self, intent_id: str, by: PersonId) -> Intent:
        """Puts a card aside."""
        return await self._do(intents.cancel, intent_id, by, now=self.clock())

    async def open_cards(self, person_id: PersonId) -> list[Intent]:
        """All drafts and cards that await the person's PIN, latest first."""
        return await self.store.read(lambda tx: tx.intents.open_of(person_id))

    async def cancel_open(self, person_id: PersonId) -> int:
        """Cancels all drafts and cards that await the person's PIN; how many."""
        return await self._do(intents.cancel_open, person_id, now=self.clock())

    async def payment(self, payment_id: str, by: PersonId) -> tuple[Payment, Intent]:
        """A payment and its card, for its payer; once approved also for its payee, alone."""
        return await self.store.look(lambda tx: statements.payment(tx, payment_id, by))

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
            lambda tx: transfers.claim(tx, claim_token, by=by, policy=self.policy, now=now),
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
        return await self.store.look(lambda tx: pins.status(tx, person_id))

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

    # devices -----------------------------------------------------------------------------------

    async def devices(self, person_id: PersonId) -> list[Device]:
        """What may approve for this person without the PIN, latest first."""
        return await self.store.read(lambda tx: tx.devices.of(person_id))

    async def device(self, device_id: str, by: PersonId) -> Device | None:
        """One of the person's own devices."""
        device = await self.store.read(lambda tx: tx.devices.get(device_id))
        return device if device is not None and device.person_id == by else None

    async def begin_device(self, person_id: PersonId, *, name: str) -> Keypad:
        """The keypad that lets a device of this name approve; see `results.Enrolled`."""
        return await self._do(
            pins.begin_device, person_id, name=name, policy=self.policy, now=self.clock()
        )

    async def remove_device(self, device_id: str, by: PersonId) -> None:
        """Takes a device's leave to approve, at once."""
        await self._do(devices.remove, device_id, by)

    async def pin_needed(self, intent_id: str, by: PersonId) -> PinReason | None:
        """Why no device may approve this card, if so."""
        return await self.store.look(
            lambda tx: devices.pin_needed(tx, intents.owned(tx, intent_id, by), self.policy)
        )

    async def approve_with_device(self, intent_id: str, by: PersonId, token: str) -> Intent:
        """Approves a card with what one of the payer's devices gives out to the right finger."""
        card = await self.intent(intent_id, by)
        now = self.clock()
        answer = await self._write(
            lambda tx: devices.approve(tx, intent_id, by, token, policy=self.policy, now=now),
            locks=transfers.people_in(card),
        )
        if isinstance(answer, PaymentError):
            raise answer
        return answer

    # operators ---------------------------------------------------------------------------------

    def is_operator(self, person_id: PersonId) -> bool:
        """Whether this person may do what operators do."""
        return person_id in self.policy.operators

    async def begin_action(self, by: PersonId, action: OperatorAction) -> Keypad:
        """The keypad that approves this one action of an operator."""
        return await self._do(pins.begin_action, by, action, policy=self.policy, now=self.clock())

    async def reports(self, by: PersonId) -> list[Report]:
        """What people have reported and no operator has seen to yet, latest first."""
        return await self.store.read(lambda tx: operators.reports(tx, by, self.policy))

    async def operator_log(self, by: PersonId) -> list[LoggedAction]:
        """What operators did, latest first."""
        return await self.store.read(lambda tx: operators.logged(tx, by, self.policy))

    async def health(self, by: PersonId) -> Health:
        """Whether the books add up, and what waits."""
        return await self.store.read(lambda tx: operators.health(tx, by, self.policy))

    async def received_by(self, person_id: PersonId, by: PersonId) -> list[Payment]:
        """The latest payments to a person that an operator can give back."""
        return await self.store.read(lambda tx: operators.received(tx, person_id, by, self.policy))

    async def stops(self, person_ids: Collection[PersonId] = ()) -> Stops:
        """What operators have stopped: everything, or some of these people."""
        return await self.store.read(lambda tx: tx.operators.stops(person_ids))

    # privacy -----------------------------------------------------------------------------------

    async def known_about(self, person_id: PersonId) -> dict[str, object]:
        """All that is known about a person, as plain JSON."""
        return await self.store.read(lambda tx: privacy.known_about(tx, person_id))

    async def refuse_leftovers(self, person_id: PersonId) -> None:
        """Raises what keeps a person from being forgotten, if anything does."""
        await self.store.read(lambda tx: privacy.refuse_leftovers(tx, person_id))

    async def begin_erasing(self, person_id: PersonId) -> Keypad | None:
        """The keypad that has all about a person deleted; None: there was no PIN, it is done."""
        now = self.clock()
        begun = await self._write(
            lambda tx: pins.begin_erasing(tx, person_id, policy=self.policy, now=now),
            locks=[person_id],
        )
        return begun if isinstance(begun, Keypad) else None

    # links -------------------------------------------------------------------------------------

    async def personal_link(self, owner_id: PersonId) -> Link:
        """The owner's one permanent link."""
        return await self._do(links.personal, owner_id, now=self.clock())

    async def make_link(self, owner_id: PersonId, *, amount: Money | None, note: str) -> Link:
        """Another link, with an amount or without; `edit_link` says the rest."""
        return await self._do(
            links.make, owner_id, amount=amount, note=note, policy=self.policy, now=self.clock()
        )

    async def link(self, link_id: str) -> Link:
        """A link, for anybody who holds its token."""
        return await self.store.read(lambda tx: links.get(tx, link_id))

    async def fits_bank(self, link_id: str, by: PersonId) -> bool:
        """Whether the owner's linked bank account can be put on a link."""

        def fits(tx: Tx) -> bool:
            link = links.owned(tx, link_id, by)
            return bank_codes.possible(tx, link, link.terms) is not None

        return await self.store.read(fits)

    async def bank_offer(self, link_id: str) -> BankOffer | None:
        """How a link is paid in a bank app, for anybody who holds its token; None if it is not."""
        now = self.clock()
        return await self.store.read(
            lambda tx: bank_codes.of_link(tx, links.get(tx, link_id), now)
        )

    async def links(self, owner_id: PersonId) -> list[Link]:
        """The owner's links, latest first, closed ones left out."""
        return await self.store.read(lambda tx: tx.links.by_owner(owner_id, links.LIST_MOST))

    async def edit_link(self, link_id: str, by: PersonId, terms: LinkTerms) -> Link:
        """Changes what a link asks for: pass `replace(link.terms, …)`."""
        return await self._do(links.edit, link_id, by, terms, policy=self.policy, now=self.clock())

    async def pause_link(self, link_id: str, by: PersonId) -> Link:
        """Lets nobody pay a link for now."""
        return await self._do(links.pause, link_id, by)

    async def resume_link(self, link_id: str, by: PersonId) -> Link:
        """Lets a paused link be paid again."""
        return await self._do(links.resume, link_id, by)

    async def close_link(self, link_id: str, by: PersonId) -> Link:
        """Ends a link for good."""
        return await self._do(links.close, link_id, by)

    async def pay_link(self, link_id: str, by: PersonId, *, origin: str | None = None) -> Intent:
        """The payer's card for a link: complete, or a draft that still asks for the amount."""
        return await self._do(
            links.pay, link_id, by, origin=origin, policy=self.policy, now=self.clock()
        )

    async def sales(
        self, link_id: str, by: PersonId, *, before: int | None = None, limit: int = 8
    ) -> SalesPage:
        """Who paid a link what and when, for its owner: a page, latest first."""
        return await self.store.read(
            lambda tx: links.sales(tx, link_id, by, before=before, limit=limit)
        )

    async def sell_by_bank(
        self, link_id: str, by: PersonId, amount: Money, *, origin: str
    ) -> Link:
        """Writes down, for a link's owner, that a payment arrived at their bank."""
        return await self._do(
            links.sell_by_bank,
            link_id,
            by,
            amount,
            origin=origin,
            policy=self.policy,
            now=self.clock(),
        )

    async def correct_bank_sale(self, link_id: str, by: PersonId, number: int) -> Link:
        """Takes back that a payment arrived at the owner's bank."""
        return await self._do(links.correct_bank_sale, link_id, by, number, now=self.clock())

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

    async def available(self, person_id: PersonId, currency: str) -> Money:
        """What the person can spend in a currency."""
        return await self.store.read(lambda tx: statements.available(tx, person_id, currency))

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

    async def balances_at(
        self, person_id: PersonId, *, currency: str, moments: Sequence[Millis]
    ) -> list[int]:
        """What the person had at each of these moments, oldest first, in minor units."""
        return await self.store.read(
            lambda tx: statements.balances_at(tx, person_id, currency=currency, moments=moments)
        )

    async def receipt(self, transfer_id: str, by: PersonId) -> Receipt:
        """One movement of money, for the two people concerned."""
        return await self.store.read(lambda tx: statements.receipt(tx, transfer_id, by))

    async def held_by(self, payer_id: PersonId) -> list[Payment]:
        """What this person has paid and nobody has claimed yet."""
        return await self.store.read(lambda tx: tx.intents.held_by(payer_id))

    # groups ------------------------------------------------------------------------------------

    async def group_moved(self, old: ConversationId, new: ConversationId) -> None:
        """The platform goes on with a group under another id; done before, nothing changes."""
        await self._do(groups.moved, old, new, now=self.clock())

    # time --------------------------------------------------------------------------------------

    async def sweep(self) -> int:
        """Ends cards, requests, keypads and holds whose time is up; how many. Safe to repeat."""
        swept = 0
        for unit in (sweep.cards, sweep.keypads, sweep.questions, sweep.asked, sweep.offers):
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

    async def tidy(self) -> int:
        """Forgets what ended without a payment long ago, a few of each kind at a time; how many.
        Safe to repeat; 0: there is nothing more.
        """
        before = self.clock() - self.policy.kept_ms
        units = (sweep.ended_cards, sweep.ended_requests, sweep.buried_notices)
        return sum([await self._do(unit, before) for unit in units])
