"""What the rules need from a store. `storage/` implements it on SQLite and on PostgreSQL.

**The unit of work is a plain function.** `await store.write(fn)` runs the synchronous `fn(tx)` to
its end inside one transaction; nothing is awaited in it, so nothing interleaves with it and it is
never cancelled half-way. Many callers' functions may share one commit, each in its own savepoint:
what `fn` raises undoes `fn` alone and reaches its caller. A caller is answered only after the
commit. If the commit fails, or its outcome is not known, every caller in it gets `Unavailable`.

Methods named `…_if` change a row only from the given state, and say whether they did: whoever
loses a race sees False, or None, and decides nothing on what was read before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeVar

from msgspec import Struct

from payments.models import (
    Account,
    BankAccount,
    BankSale,
    Card,
    ConversationId,
    Device,
    Entry,
    Health,
    HistoryLine,
    Hold,
    HoldEnd,
    Intent,
    IntentState,
    Keypad,
    Link,
    LinkState,
    LinkTerms,
    LoggedAction,
    Millis,
    Notice,
    NoticeKind,
    Offer,
    OperatorAction,
    Payment,
    PaymentState,
    Person,
    PersonId,
    Phone,
    Pin,
    Profile,
    Prompt,
    Report,
    ReportReason,
    Request,
    RequestState,
    Side,
    Stops,
    StoredUpdate,
    Transfer,
    TransferKind,
    Turnover,
)

T = TypeVar("T")


class Ledger(Protocol):
    """Accounts, transfers, holds. The only door to money."""

    def open_person_account(self, person_id: PersonId, currency: str, now: Millis) -> Account:
        """The person's account in a currency, opened if there is none (idempotent)."""

    def open_bank_account(self, currency: str, now: Millis) -> Account:
        """The account that stands for the outside world, opened if there is none."""

    def accounts_of(self, person_id: PersonId) -> list[Account]:
        """All accounts of a person, by currency."""

    def account(self, account_id: int) -> Account | None:
        """One account."""

    def transfer(
        self,
        transfer_id: str,
        *,
        kind: TransferKind,
        debit: Account,
        credit: Account,
        amount_minor: int,
        now: Millis,
        reverses_id: str | None = None,
    ) -> Transfer:
        """Moves money from one account to another.

        The same id with the same fields answers the first transfer and changes nothing.

        Raises:
            Conflict: the id was used with other fields.
            InsufficientFunds: the debited person's available balance does not cover it.
        """

    def hold(
        self, hold_id: str, *, account: Account, amount_minor: int, now: Millis, expires_at: Millis
    ) -> Hold:
        """Reserves money. Idempotent like `transfer`.

        Raises:
            Conflict: the id was used with other fields.
            InsufficientFunds: the available balance does not cover it.
        """

    def post_hold(
        self, hold_id: str, *, transfer_id: str, credit: Account, now: Millis
    ) -> Transfer:
        """Turns a whole open hold into a transfer. Posted again with the same id, the first.

        Raises:
            NotOpen: it was voided or has expired.
            Conflict: it was posted by another transfer.
        """

    def end_hold(self, hold_id: str, *, end: HoldEnd, now: Millis) -> bool:
        """Voids or expires an open hold; False if it was already resolved."""

    def find_hold(self, hold_id: str) -> Hold | None:
        """One hold."""

    def find_transfer(self, transfer_id: str) -> Transfer | None:
        """One transfer."""

    def entry_of(self, transfer_id: str, account_id: int) -> Entry | None:
        """One account's side of a transfer."""

    def history(
        self,
        account_id: int,
        *,
        before: int | None,
        kinds: Collection[TransferKind],
        credited: bool | None = None,
        limit: int,
    ) -> list[HistoryLine]:
        """A page of a history below version `before`, newest first: of some kinds, of what came
        in (`credited`) or went out; no kinds, or None, for all.
        """

    def moved_since(
        self, account_id: int, *, kind: TransferKind, since: Millis, credited: bool
    ) -> int:
        """What one kind, not payments, credited to (or debited from) an account since then, in
        minor units.
        """

    def have_dealt(self, one: PersonId, other: PersonId) -> bool:
        """Whether a payment between the two was ever posted, either way."""


class People(Protocol):
    """Who is known, and how they want it."""

    def get(self, person_id: PersonId) -> Person | None:
        """A person by id."""

    def many(self, person_ids: Collection[PersonId]) -> dict[PersonId, Person]:
        """Several by id; the unknown are left out."""

    def by_username(self, username: str) -> Person | None:
        """Who has this @name now (any case, without the @). The latest holder, never two."""

    def meet(self, profile: Profile, *, currency: str, now: Millis) -> Person:
        """Writes down, or brings up to date, who the platform says this is.

        A username moves to whoever was last seen with it. A chosen language is kept.
        """

    def save(self, person: Person) -> None:
        """Stores a person's own choices (all fields but id and met_at)."""

    def block(self, person_id: PersonId, other_id: PersonId, now: Millis) -> None:
        """`person_id` blocks `other_id` (idempotent)."""

    def unblock(self, person_id: PersonId, other_id: PersonId) -> None:
        """Ends a block (idempotent)."""

    def blocked(self, person_id: PersonId) -> list[Person]:
        """Those whom this person blocked, latest first."""

    def has_blocked(self, person_id: PersonId, other_id: PersonId) -> bool:
        """Whether `person_id` blocks `other_id`."""

    def recent_payees(self, person_id: PersonId, limit: int) -> list[Person]:
        """Whom this person paid, latest first, each once."""


class Proofs(Protocol):
    """What people have shown to be theirs. Numbers are sealed at rest."""

    def phone(self, person_id: PersonId) -> Phone | None:
        """The person's verified number."""

    def put_phone(self, person_id: PersonId, number: str, now: Millis) -> None:
        """Stores a number, in E.164, and takes it from whoever else had it.

        Whether it finds the person stays as it was chosen; it does at first.
        """

    def let_phone_find(self, person_id: PersonId, *, findable: bool) -> None:
        """Whether the person is found by their number."""

    def drop_phone(self, person_id: PersonId) -> None:
        """Forgets the person's number."""

    def found_by_phone(self, number: str) -> PersonId | None:
        """Who has this number and lets it be found."""

    def lookups(self, person_id: PersonId, *, since: Millis) -> list[Millis]:
        """When this person looked somebody up by phone number after `since`, oldest first."""

    def add_lookup(self, person_id: PersonId, *, since: Millis, now: Millis) -> None:
        """Counts a look-up, also for somebody who is forgotten and comes back.

        Everybody's up to `since` are forgotten.
        """

    def bank_account(self, person_id: PersonId) -> BankAccount | None:
        """Where the person withdraws to."""

    def put_bank_account(self, person_id: PersonId, account: BankAccount, now: Millis) -> None:
        """Stores where the person withdraws to, in place of what was stored before."""

    def drop_bank_account(self, person_id: PersonId) -> None:
        """Forgets where the person withdraws to."""


class Turnovers(Protocol):
    """What people have paid and been paid, added up for limits."""

    def of(self, person_id: PersonId, *, side: Side, currency: str, now: Millis) -> Turnover:
        """What it is now, and what else limits go by."""

    def begins(self, turnover: Turnover, since: Millis) -> Millis | None:
        """When the first was counted that was counted after `since`."""

    def add(self, turnover: Turnover, *, number: int, amount_minor: int, now: Millis) -> None:
        """Counts `number` payments that come to `amount_minor`, after those of `turnover`."""


class Intents(Protocol):
    """Cards and their payments."""

    def add(self, intent: Intent, *, origin: str | None) -> Intent:
        """Stores a new intent with its payments.

        `origin` names what made it, such as a message: the same origin again answers the first.
        """

    def get(self, intent_id: str) -> Intent | None:
        """An intent with its payments in order."""

    def rewrite(self, intent: Intent) -> bool:
        """Replaces the fields and payments of a DRAFT; False if it is a draft no longer."""

    def move_if(
        self,
        intent_id: str,
        *,
        states: Collection[IntentState],
        to: IntentState,
        expires_at: Millis | None = None,
        refusal: str | None = None,
    ) -> Intent | None:
        """Changes the state from one of `states`; a given `expires_at` or `refusal` is stored.
        Answers the intent as it is now; None where nothing changed.
        """

    def show_in(self, intent_id: str, group_id: ConversationId | None) -> None:
        """Where the payment will be shown once it is posted."""

    def payment(self, payment_id: str) -> Payment | None:
        """One payment."""

    def payment_by_claim(self, claim_token: str) -> Payment | None:
        """The payment that this token opens, or did before it was claimed or returned."""

    def move_payment_if(
        self,
        payment_id: str,
        *,
        state: PaymentState,
        to: PaymentState,
        payee_id: PersonId | None = None,
        claim_token: str | None = None,
        posted_at: Millis | None = None,
        expires_at: Millis | None = None,
    ) -> Payment | None:
        """Changes a payment's state from `state`; the values given are stored. Answers the payment
        as it is now; None where nothing changed.
        """

    def add_refund(self, payment_id: str, amount_minor: int) -> bool:
        """Raises `refunded_minor`; False if that would exceed the amount."""

    def open_of(self, payer_id: PersonId) -> list[Intent]:
        """The payer's drafts and cards awaiting a PIN, latest first."""

    def held_for(self, person_id: PersonId, username: str | None) -> list[Payment]:
        """Held payments that this person may claim."""

    def held_by(self, payer_id: PersonId) -> list[Payment]:
        """Held payments that this person made and nobody claimed yet."""

    def overdue(self, now: Millis, limit: int) -> list[Intent]:
        """Drafts and cards awaiting a PIN whose time is up."""

    def overdue_holds(self, now: Millis, limit: int) -> list[Payment]:
        """Held payments whose time is up."""

    def drop_ended(self, before: Millis, limit: int) -> list[str]:
        """Forgets cards that were put aside, refused or expired, and whose time was up by then,
        longest first; answers their ids. One of which something is still to be told stays.
        """


class Requests(Protocol):
    """Who asks whom."""

    def add(self, request: Request, *, origin: str | None) -> Request:
        """Stores a new request; the same origin (with the same payer) again answers the first."""

    def get(self, request_id: str) -> Request | None:
        """One request."""

    def batch(self, batch_id: str) -> list[Request]:
        """Those made together."""

    def pay_if_open(
        self, request_id: str, amount_minor: int, payer_id: PersonId
    ) -> Request | None:
        """Counts a payment in: raises `paid_minor` (never above the amount), sets PAID when it is
        reached and the payer where there was none. None if it is not open, or that is too much.
        """

    def move_if(self, request_id: str, *, state: RequestState, to: RequestState) -> bool:
        """Changes the state from `state`."""

    def remind_if(self, request_id: str, *, most: int, not_since: Millis, now: Millis) -> bool:
        """Counts a reminder, if fewer than `most` were sent and none after `not_since`."""

    def open_by(self, requester_id: PersonId, limit: int) -> list[Request]:
        """Open requests that this person made, latest first."""

    def open_to(self, payer_id: PersonId, limit: int) -> list[Request]:
        """Open requests that this person is asked to pay, latest first."""

    def waiting_for(self, username: str) -> list[Request]:
        """Open requests to somebody who was known by @name only."""

    def set_payer(self, request_id: str, payer_id: PersonId) -> None:
        """The payer is known by id now."""

    def count(self, requester_id: PersonId, payer_id: PersonId, *, since: Millis) -> int:
        """How many requests of the one to the other are open, or taken back and made `since`."""

    def count_all(self, requester_id: PersonId, *, since: Millis) -> int:
        """How many requests of the one to anybody are open, or taken back and made `since`."""

    def report(
        self, request_id: str, reporter_id: PersonId, reason: ReportReason, now: Millis
    ) -> None:
        """Writes down what operators should look at; said twice, the last reason."""

    def reports(self, limit: int) -> list[Report]:
        """What operators should look at, latest first."""

    def overdue(self, now: Millis, limit: int) -> list[Request]:
        """Open ones whose time is up."""

    def drop_ended(self, before: Millis, limit: int) -> list[str]:
        """Forgets requests of which nothing was ever paid, and whose time was up by then, longest
        first; answers their ids. One stays that is open, was reported, or has a card, and one of
        which something is still to be told.
        """


class Links(Protocol):
    """Payment links."""

    def add(self, link: Link) -> Link:
        """Stores a new link. A second personal link of one owner answers the first."""

    def get(self, link_id: str) -> Link | None:
        """One link by its token."""

    def personal(self, owner_id: PersonId) -> Link | None:
        """The owner's personal link."""

    def by_owner(self, owner_id: PersonId, limit: int) -> list[Link]:
        """Links of an owner, latest first, closed ones left out."""

    def move_if(self, link_id: str, *, state: LinkState, to: LinkState) -> bool:
        """Changes the state from `state`."""

    def change_if(self, link_id: str, terms: LinkTerms) -> bool:
        """Replaces the terms, but the currency. False if it is closed, or was paid more often
        than `terms.uses_most`.
        """

    def take_bank_off(self, owner_id: PersonId) -> None:
        """Lets none of the owner's links show a bank's code."""

    def use_if(self, link_id: str, payment: Payment, now: Millis) -> bool:
        """Counts a payment in, if the link can be paid now, by this amount."""

    def add_refund(self, link_id: str, amount_minor: int) -> None:
        """Counts in what was given back of one of its payments."""

    def sold(self, link_id: str, *, before: int | None, limit: int) -> list[tuple[int, str]]:
        """The numbers and ids of its payments below number `before`, latest first."""

    def has_bank_sale(self, origin: str) -> bool:
        """Whether a bank sale was written down for this."""

    def sell_by_bank_if(
        self, link_id: str, amount_minor: int, *, origin: str, now: Millis
    ) -> bool:
        """Writes a bank sale down, if the link takes one more payment."""

    def correct_bank_sale_if(self, link_id: str, number: int, now: Millis) -> bool:
        """Takes a bank sale back. False if there is none, or it was before."""

    def sold_by_bank(self, link_id: str, limit: int) -> list[BankSale]:
        """Its bank sales, latest first."""


class Offers(Protocol):
    """What may yet be put into a chat, or was and nobody has taken up. Notes are sealed."""

    def add(self, offer: Offer) -> None:
        """Stores a new offer."""

    def get(self, offer_id: str) -> Offer | None:
        """One offer."""

    def drop_overdue(self, now: Millis, limit: int) -> int:
        """Forgets offers whose time is up; how many."""


class Pins(Protocol):
    """PIN hashes, tries, and keypads. Keypads are sealed at rest."""

    def get(self, person_id: PersonId) -> Pin | None:
        """The person's PIN record."""

    def set(self, person_id: PersonId, pin_hash: str, now: Millis) -> None:
        """Stores a new PIN: no tries, no lock, no pending reset."""

    def rehash(self, person_id: PersonId, *, old: str, new: str) -> None:
        """Replaces a hash by a better one of the same PIN, unless the PIN changed meanwhile."""

    def count_try(
        self, person_id: PersonId, *, now: Millis, lock_until: Callable[[Pin], Millis | None]
    ) -> Pin | None:
        """Counts a try before it is checked: raises both counts and stores `lock_until(…)`.

        None, and nothing counted, while the PIN is locked or where there is none.
        """

    def clear_tries(self, person_id: PersonId) -> Pin | None:
        """After the right PIN: forgets tries and lock, but none of the day's other tries.

        Answers the record; None: no PIN.
        """

    def begin_reset(self, person_id: PersonId, reset_at: Millis | None) -> None:
        """Starts (or, with None, cancels) the waiting period of a forgotten PIN."""

    def add_keypad(self, keypad: Keypad) -> None:
        """Stores a keypad; an older one of the same person is dropped."""

    def keypad(self, keypad_id: str) -> Keypad | None:
        """One keypad."""

    def keypad_for(self, person_id: PersonId) -> Keypad | None:
        """The keypad that this person has open."""

    def save_keypad(self, keypad: Keypad) -> None:
        """Stores what was tapped."""

    def drop_keypad(self, keypad_id: str) -> None:
        """Forgets a keypad and its digits."""

    def drop_overdue_keypads(self, now: Millis) -> list[Keypad]:
        """Forgets those whose time is up, and says which."""


class Devices(Protocol):
    """What may approve without the PIN. Of their tokens there are hashes only."""

    def add(self, device: Device) -> None:
        """Stores a new device."""

    def get(self, device_id: str) -> Device | None:
        """One device."""

    def of(self, person_id: PersonId) -> list[Device]:
        """A person's devices, latest first."""

    def used(self, device_id: str, now: Millis) -> None:
        """It has just approved something."""

    def pin_given(self, person_id: PersonId, now: Millis) -> None:
        """The person has just given the right PIN."""

    def drop(self, device_id: str) -> None:
        """Forgets a device (idempotent)."""

    def drop_all(self, person_id: PersonId) -> None:
        """Forgets all of a person's devices."""


class Operators(Protocol):
    """What operators do, and what they have stopped. Their reasons are sealed at rest."""

    def stops(self, person_ids: Collection[PersonId]) -> Stops:
        """Whether no money moves now, and which of these people are frozen."""

    def freeze(self, person_id: PersonId, now: Millis) -> None:
        """Nothing is paid by, or to, this person from now on (idempotent)."""

    def unfreeze(self, person_id: PersonId) -> None:
        """Ends that (idempotent)."""

    def pause(self, now: Millis) -> None:
        """No money moves from now on (idempotent)."""

    def resume(self) -> None:
        """Ends that (idempotent)."""

    def close_report(self, request_id: str, now: Millis) -> None:
        """What was reported of a request has been seen to (idempotent)."""

    def write_down(
        self, line_id: str, *, by: PersonId, action: OperatorAction, now: Millis
    ) -> None:
        """Writes into the log, where it stays, what an operator has done."""

    def logged(self, limit: int) -> list[LoggedAction]:
        """What operators did, latest first."""

    def health(self) -> Health:
        """Whether the books add up, and what waits."""


class Privacy(Protocol):
    """What the law gives people: to see all that is known about them, and to be forgotten."""

    def written_by(self, person_id: PersonId) -> tuple[list[str], list[str]]:
        """The ids of all cards and of all requests that a person made, oldest first."""

    def forget(self, person_id: PersonId, pseudonym: PersonId, *, name: str) -> None:
        """Deletes a person's own data; the books name the pseudonym instead from now on."""


class Outbox(Protocol):
    """What must be told, at least once."""

    def add(self, kind: NoticeKind, *, to: ConversationId, subject_id: str, now: Millis) -> None:
        """Writes a notice, due at once."""

    def claim(self, *, now: Millis, lease_until: Millis, limit: int) -> list[Notice]:
        """Takes the first due notice of each conversation, oldest first; nobody else gets one of
        the same conversation before `lease_until`.
        """

    def done(self, notice_id: int) -> None:
        """It was sent."""

    def retry(self, notice_id: int, *, due_at: Millis) -> None:
        """It was not sent; again at that time, attempts raised."""

    def bury(self, notice_id: int, *, reason: str, now: Millis) -> None:
        """It can never be sent (blocked, chat gone); kept with the reason."""

    def drop_buried(self, before: Millis, limit: int) -> int:
        """Forgets what was buried by then; how many."""

    def waiting(self) -> int:
        """How many are not sent yet."""


class Inbox(Protocol):
    """Updates, written down before the platform is told that they arrived. Sealed at rest."""

    def add(
        self, update: StoredUpdate, *, worker: str | None, now: Millis, lease_until: Millis
    ) -> StoredUpdate | None:
        """Writes an update down, once. Answers it, leased to `worker`, if it is to be handled now:
        not if it was seen before, nor while an earlier one of its lane is under way. With nobody
        as the worker it waits for whoever recovers it.
        """

    def finish(
        self, update_id: int, *, worker: str, now: Millis, lease_until: Millis
    ) -> StoredUpdate | None:
        """Marks an update handled, forgets its payload; answers the next of its lane, leased."""

    def recover(
        self, *, worker: str, now: Millis, lease_until: Millis, limit: int
    ) -> list[StoredUpdate]:
        """Takes the oldest unhandled update of each lane whose lease ran out (its worker died)."""

    def renew(self, *, worker: str, lease_until: Millis) -> None:
        """The worker is alive: its leases last until then."""

    def release(self, *, worker: str) -> None:
        """The worker stops: whoever recovers next may take over what it leased."""

    def leased_to(self, worker: str) -> list[StoredUpdate]:
        """What the worker has under way, as far as the store knows."""

    def last_id(self) -> int | None:
        """The highest update id seen."""

    def forget(self, *, before: Millis) -> int:
        """Drops the ids of updates handled before then; how many."""


class Rate(Struct, frozen=True):
    """A limit on how fast is written: a message every so often, and some at once."""

    every_ms: Millis
    burst: int

    @property
    def ahead_ms(self) -> Millis:
        """How far ahead of its share one may be."""
        return (self.burst - 1) * self.every_ms


class Pace(Protocol):
    """How fast is written to the platform, counted by all workers of a database together."""

    def turn(self, chat_id: ConversationId, *, rate: Rate, overall: Rate, now: Millis) -> Millis:
        """From when on a message may go to a chat; counted if that is not later than now.

        `rate` is the limit of the chat, `overall` that of all chats together.
        """

    def spend(
        self, sent: Mapping[ConversationId, tuple[int, Rate]], *, overall: Rate, now: Millis
    ) -> None:
        """Counts messages that went out without asking: how many to which chat, and its limit."""

    def pause(
        self, chat_id: ConversationId | None, *, rate: Rate, now: Millis, until: Millis
    ) -> None:
        """Lets nothing through to a chat, or for None to any, until then."""

    def forget(self, *, now: Millis) -> None:
        """Drops what no longer makes anybody wait."""


class Cards(Protocol):
    """Which message shows what."""

    def put(self, card: Card) -> None:
        """Remembers that a message shows a subject (several messages may)."""

    def of(self, subject_id: str) -> list[Card]:
        """All messages that show a subject."""

    def drop(self, card: Card) -> None:
        """The message is gone."""

    def drop_all(self, subject_ids: Collection[str]) -> None:
        """No message shows any of these any more, but for those elsewhere."""

    def shown(
        self, conversation_id: ConversationId, message_id: int, receiver_id: PersonId | None = None
    ) -> str | None:
        """The subject that a message shows."""

    def forget(
        self, conversation_id: ConversationId, message_id: int, receiver_id: PersonId
    ) -> None:
        """The number of a message that only this person sees was given to another message."""

    def put_elsewhere(self, subject_id: str, inline_id: str) -> bool:
        """Remembers that a message shows a subject in a chat that the bot is not in, for good.

        False, and nothing changed, if it shows another.
        """

    def elsewhere(self, subject_id: str) -> list[str]:
        """Those messages of a subject, by the ids that the platform gave them."""

    def drop_elsewhere(self, inline_id: str) -> None:
        """The message is gone."""


class Prompts(Protocol):
    """What was asked, and is to be typed."""

    def put(self, prompt: Prompt) -> None:
        """Remembers a question; one a person and chat."""

    def get(
        self, person_id: PersonId, conversation_id: ConversationId, now: Millis
    ) -> Prompt | None:
        """The open question, if any."""

    def drop(self, person_id: PersonId, conversation_id: ConversationId) -> None:
        """It was answered or put aside."""

    def drop_overdue(self, now: Millis) -> int:
        """Forgets questions whose time is up, with what was said so far; how many."""


class Groups(Protocol):
    """Where the platform's groups are."""

    def move(self, old: ConversationId, new: ConversationId) -> list[str]:
        """Names a group by its new id wherever it is remembered, and forgets what it shows.

        Answers the ids of its requests to anyone that are open.
        """


class Tx(Protocol):
    """One transaction: everything below changes together, or not at all."""

    @property
    def ledger(self) -> Ledger:
        """Accounts, transfers, holds."""

    @property
    def people(self) -> People:
        """Who is known."""

    @property
    def proofs(self) -> Proofs:
        """What people have shown to be theirs."""

    @property
    def turnovers(self) -> Turnovers:
        """What limits count."""

    @property
    def intents(self) -> Intents:
        """Cards and their payments."""

    @property
    def requests(self) -> Requests:
        """Who asks whom."""

    @property
    def links(self) -> Links:
        """Payment links."""

    @property
    def offers(self) -> Offers:
        """What may yet be put into a chat."""

    @property
    def pins(self) -> Pins:
        """PINs and keypads."""

    @property
    def devices(self) -> Devices:
        """What may approve without the PIN."""

    @property
    def operators(self) -> Operators:
        """What operators do, and what they have stopped."""

    @property
    def privacy(self) -> Privacy:
        """What is known about somebody, and forgetting it."""

    @property
    def outbox(self) -> Outbox:
        """What must be told."""

    @property
    def inbox(self) -> Inbox:
        """What has arrived."""

    @property
    def pace(self) -> Pace:
        """How fast is written."""

    @property
    def cards(self) -> Cards:
        """Which message shows what."""

    @property
    def prompts(self) -> Prompts:
        """What was asked."""

    @property
    def groups(self) -> Groups:
        """Where the platform's groups are."""


class Ahead(Struct, frozen=True):
    """What a unit of work is about to look up, so that a store can do it for many at once.

    It is a hint: a unit finds the same without it, one by one.
    """

    keypad_id: str
    """A keypad, with its card and its owner's PIN."""
    card: Intent | None = None
    """What the keypad approves, with the people concerned and their accounts."""
    now: Millis = 0
    """What the limits on it go by."""


class Store(Protocol):
    """A database."""

    @property
    def shared(self) -> bool:
        """Whether other processes may work on it at the same time."""

    async def write(
        self,
        unit: Callable[[Tx], T],
        *,
        locks: Sequence[PersonId] = (),
        ahead: Ahead | None = None,
    ) -> T:
        """Runs a unit of work and answers after its commit.

        `locks` names the people whose money it may move, and the lanes whose updates it takes or
        finishes: a store with row locks takes those first, in order, for a whole batch. `ahead`
        names what it will look up.

        Raises:
            Unavailable: it was not committed, or nobody knows.
            Exception: whatever `unit` raised; then nothing of it was kept.
        """

    async def aside(self, unit: Callable[[Tx], T]) -> T:
        """Runs a unit of work whose loss in a power cut would do no harm: sooner than `write`.

        Raises: as `write` does.
        """

    async def lead(self, role: str) -> bool:
        """Whether this process is the one that plays a role which one alone is to play.

        It is asked again and again. Of all the processes that share the database one is told so,
        as long as it lives and its connection holds; then another one is.
        """

    async def read(self, unit: Callable[[Tx], T]) -> T:
        """Runs a function that only reads, on one consistent snapshot of what is committed."""

    async def look(self, unit: Callable[[Tx], T]) -> T:
        """As `read`, for a few rows that somebody is dealing with: often in memory already."""

    async def close(self) -> None:
        """Finishes what is under way and lets go of the database."""


def existing(record: T | None) -> T:
    """What a reference inside the database leads to: it cannot be missing.

    Raises:
        LookupError: it is.
    """
    if record is None:
        raise LookupError("a record refers to one that is not there")
    return record
