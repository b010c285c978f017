"""The records that the rules work on: immutable, as stored, with times in epoch milliseconds.

A *person* is known by a numeric id. An *intent* is what a payer is about to approve: a card in the
chat, with one or more *payments*: one payer, one payee, one amount, one receipt. A *transfer* is
what the ledger writes when a payment is posted; it has the payment's id.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from payments.money import Money

PersonId = int
"""How the chat platform knows a person (up to 52 bits)."""
PSEUDONYM_LEAST = 1 << 52
"""The numbers from there on stand for people who were forgotten: the platform's have at most 52
bits (core.telegram.org/bots/api#user)."""
ConversationId = int
"""The number of a chat: a person's own id for the private chat, negative for a group."""
Millis = int
"""A moment, in milliseconds since 1970-01-01 UTC."""


class Withheld(Struct, frozen=True):
    """A record of which logs and errors say no more than what it is."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


# --- people ------------------------------------------------------------------------------------


class RequestsFrom(StrEnum):
    """Who may ask a person for money."""

    NOBODY = "nobody"
    KNOWN = "known"
    """Those the person has paid, or been paid by."""
    ANYONE = "anyone"


class Profile(Struct, frozen=True):
    """A person as the chat platform shows them now."""

    id: PersonId
    name: str
    username: str | None
    language: str
    """A BCP 47 tag, such as "en" or "pt-br"."""


class Person(Struct, frozen=True):
    """Somebody the bot has met, or has been told of by id."""

    id: PersonId
    name: str
    username: str | None
    language: str
    language_chosen: bool
    """True once the person chose the language; the platform's then no longer counts."""
    currency: str
    requests_from: RequestsFrom
    terms_version: int
    """The version of the terms that was accepted, 0 for none."""
    met_at: Millis
    joined_at: Millis | None
    """When the terms were first accepted; None: has not joined."""
    reachable: bool
    """False once the platform said that the bot may not write to this person."""

    @property
    def joined(self) -> bool:
        """Whether this person can hold money."""
        return self.joined_at is not None

    @property
    def gone(self) -> bool:
        """Whether this person has asked to be forgotten: only the books still know them."""
        return self.id >= PSEUDONYM_LEAST


# --- what limits go by -------------------------------------------------------------------------


class Proof(StrEnum):
    """What a person can show to be theirs."""

    PHONE = "phone"
    BANK = "bank"


class Level(StrEnum):
    """How well a person is known: the more they have shown, the more they may pay."""

    TERMS = "terms"
    """Has accepted the terms."""
    PHONE = "phone"
    """Has shown a phone number to be theirs, too."""
    BANK = "bank"
    """Has shown a phone number, and linked a bank account."""


class Phone(Withheld, frozen=True):
    """A phone number that its holder has shown to be theirs. Sealed at rest."""

    number: str
    """E.164, such as +5511912345678."""
    findable: bool
    """Whether others may pay by it."""
    verified_at: Millis


class BankAccountKind(StrEnum):
    """How a bank account is named."""

    IBAN = "iban"
    UPI = "upi"
    PIX = "pix"


class BankAccount(Withheld, frozen=True):
    """Where somebody withdraws to. Sealed at rest."""

    kind: BankAccountKind
    number: str


class Side(StrEnum):
    """On which side of payments somebody was."""

    PAID = "paid"
    """Counted when it is approved: also what is held, whatever becomes of it."""
    RECEIVED = "received"
    """Counted when it arrives."""


class Turnover(Struct, frozen=True):
    """What one person has paid, or been paid, in one currency, and what limits go by besides."""

    person_id: PersonId
    side: Side
    currency: str
    level: Level
    pin_replaced_at: Millis | None
    """When the PIN was last changed for another one."""
    counted_at: Millis
    """When the last of it was counted; 0 for never."""
    number: int
    """How many payments so far."""
    total_minor: int
    """How much so far."""
    hour_number: int
    """How many in the last hour."""
    day_minor: int
    """How much in the last 24 hours."""
    month_minor: int
    """How much in the last 30 days."""


# --- the ledger --------------------------------------------------------------------------------


class AccountKind(StrEnum):
    """Whose an account is."""

    PERSON = "person"
    """Never below its holds (I5)."""
    BANK = "bank"
    """The outside world: its balance is minus all the money in the book."""


class Account(Struct, frozen=True):
    """One owner's money in one currency, in minor units."""

    id: int
    kind: AccountKind
    person_id: PersonId | None
    currency: str
    balance_minor: int
    held_minor: int
    version: int
    """How many entries it has; dense from 1."""

    @property
    def balance(self) -> Money:
        """All of it, held or not."""
        return Money(self.balance_minor, self.currency)

    @property
    def held(self) -> Money:
        """What is reserved by open holds."""
        return Money(self.held_minor, self.currency)

    @property
    def available(self) -> Money:
        """What can be paid now."""
        return Money(self.available_minor, self.currency)

    @property
    def available_minor(self) -> int:
        """The same, in minor units."""
        return self.balance_minor - self.held_minor


class TransferKind(StrEnum):
    """Why money moved."""

    PAYMENT = "payment"
    TOPUP = "topup"
    WITHDRAWAL = "withdrawal"
    REFUND = "refund"


class Transfer(Struct, frozen=True):
    """One debit, one credit, written once."""

    id: str
    kind: TransferKind
    debit_account_id: int
    credit_account_id: int
    amount_minor: int
    currency: str
    hold_id: str | None
    """The hold that this transfer posts."""
    reverses_id: str | None
    """The transfer that this one gives back, wholly or in part."""
    created_at: Millis


class Entry(Struct, frozen=True):
    """One side of a transfer, as its account's history shows it."""

    account_id: int
    version: int
    transfer_id: str
    amount_minor: int
    """Signed: negative on the debited side."""
    balance_after_minor: int
    created_at: Millis


class HoldEnd(StrEnum):
    """How a hold was resolved, exactly once."""

    POSTED = "posted"
    VOIDED = "voided"
    EXPIRED = "expired"


class Hold(Struct, frozen=True):
    """Money reserved on one account for a payee who has yet to claim it."""

    id: str
    account_id: int
    amount_minor: int
    currency: str
    created_at: Millis
    expires_at: Millis
    end: HoldEnd | None


# --- intents and payments ----------------------------------------------------------------------


class IntentKind(StrEnum):
    """What the PIN will approve."""

    PAYMENT = "payment"
    WITHDRAWAL = "withdrawal"
    """Its one payment has no payee: the money goes to the person's own bank."""
    REFUND = "refund"
    """A payee gives a payment back, wholly or in part: the payer here is that payment's payee."""
    GIFT = "gift"
    """Its one payment has no payee yet: the money waits for whoever takes it first."""


class IntentState(StrEnum):
    """draft → awaiting_pin → posted, or one of the three dead ends."""

    DRAFT = "draft"
    AWAITING_PIN = "awaiting_pin"
    POSTED = "posted"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REFUSED = "refused"


class PaymentState(StrEnum):
    """draft → posted, or draft → held → posted (claimed) or returned."""

    DRAFT = "draft"
    POSTED = "posted"
    HELD = "held"
    RETURNED = "returned"


class Payment(Struct, frozen=True):
    """One payer, one payee, one amount. Its id is the id of its hold and of its transfer."""

    id: str
    intent_id: str
    position: int
    payer_id: PersonId
    payee_id: PersonId | None
    """None: only the name is known so far, or not even that (a gift; one's own bank)."""
    payee_username: str | None
    """Set where the payee is unknown by id: whoever claims must have this username."""
    amount_minor: int | None
    currency: str
    state: PaymentState
    refunded_minor: int
    claim_token: str | None
    """Opens a held payment; unguessable."""
    posted_at: Millis | None
    expires_at: Millis | None
    """When a hold returns."""

    @property
    def amount(self) -> Money:
        """The amount; only called once it is known."""
        if self.amount_minor is None:
            raise ValueError("the draft has no amount yet")
        return Money(self.amount_minor, self.currency)


class Intent(Struct, frozen=True):
    """What one payer is about to approve, and what became of it."""

    id: str
    kind: IntentKind
    payer_id: PersonId
    currency: str
    note: str
    state: IntentState
    refusal: str | None
    """Why it was refused: the name of the error."""
    request_id: str | None
    link_id: str | None
    refunds_id: str | None
    """On a REFUND the payment that is given back."""
    told_in: ConversationId | None
    """The group in which the payer chose to show the payment."""
    group_id: ConversationId | None
    """The group in which the payment was begun, where it may be shown."""
    created_at: Millis
    expires_at: Millis
    payments: tuple[Payment, ...]
    question: str = ""
    """What the link that is paid asks its payer, as it was asked."""
    answer: str = ""

    @property
    def lacks_payee(self) -> bool:
        """Whether it is still to be said who gets the money (one payment may keep the amount)."""
        named = any(p.payee_id or p.payee_username for p in self.payments)
        return not named and self.kind not in {IntentKind.WITHDRAWAL, IntentKind.GIFT}

    @property
    def lacks_amount(self) -> bool:
        """Whether it is still to be said how much."""
        return all(payment.amount_minor is None for payment in self.payments)

    @property
    def lacks_answer(self) -> bool:
        """Whether the payer has yet to answer the link's question."""
        return bool(self.question) and not self.answer

    @property
    def amount_each(self) -> Money | None:
        """What each payee gets; None while that is missing."""
        return next((p.amount for p in self.payments if p.amount_minor is not None), None)

    @property
    def total(self) -> Money | None:
        """What leaves the payer's account; None while an amount or payee is missing."""
        if self.lacks_payee or self.lacks_amount:
            return None
        return Money(sum(p.amount_minor or 0 for p in self.payments), self.currency)


# --- requests and links ------------------------------------------------------------------------


class RequestState(StrEnum):
    """open → one of the others."""

    OPEN = "open"
    PAID = "paid"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Request(Struct, frozen=True):
    """Somebody asks somebody, or anyone, for money. Its id is unguessable: it opens by link."""

    id: str
    batch_id: str
    """Requests made together (a split, several people) share it."""
    requester_id: PersonId
    payer_id: PersonId | None
    """None: anyone who opens it may pay it, or whoever has `payer_username`."""
    payer_username: str | None
    amount_minor: int
    paid_minor: int
    currency: str
    note: str
    partial: bool
    """Whether the requester takes it in parts."""
    state: RequestState
    group_id: ConversationId | None
    reminders: int
    reminded_at: Millis | None
    created_at: Millis
    expires_at: Millis

    @property
    def remaining(self) -> Money:
        """What is still asked for."""
        return Money(self.amount_minor - self.paid_minor, self.currency)

    @property
    def amount(self) -> Money:
        """What was asked for."""
        return Money(self.amount_minor, self.currency)


class ReportReason(StrEnum):
    """What is wrong with a request."""

    STRANGER = "stranger"
    """Whoever is asked does not know who asks."""
    SCAM = "scam"
    """It asks for money under false pretences."""
    ABUSE = "abuse"
    """It threatens or insults."""


class OfferKind(StrEnum):
    """What an offer becomes when it is taken up."""

    ASK = "ask"
    """A request to anyone."""
    SEND = "send"
    """A gift, which its maker has yet to approve."""


class Offer(Struct, frozen=True):
    """What somebody may put into any chat, there to be taken up. Its id is unguessable."""

    id: str
    maker_id: PersonId
    kind: OfferKind
    amount_minor: int
    currency: str
    note: str
    expires_at: Millis

    @property
    def amount(self) -> Money:
        """How much is asked for, or would be sent."""
        return Money(self.amount_minor, self.currency)


class Report(Struct, frozen=True):
    """A request that operators should look at."""

    reported_at: Millis
    request_id: str
    reported_id: PersonId
    reporter_id: PersonId
    reason: ReportReason


class LinkState(StrEnum):
    """What the owner wants of a link; only an active one can be paid."""

    ACTIVE = "active"
    PAUSED = "paused"
    CLOSED = "closed"


class LinkStanding(StrEnum):
    """Whether a link can be paid now, and if not, why not: the first that is true, from below."""

    OPEN = "open"
    PAUSED = "paused"
    USED_UP = "used_up"
    """Paid as often as its owner takes it."""
    EXPIRED = "expired"
    CLOSED = "closed"


class LinkTerms(Struct, frozen=True, kw_only=True):
    """What the owner says about a link, and may change until it is closed; but the currency."""

    currency: str
    amount_minor: int | None = None
    """None: the payer chooses."""
    suggested: bool = False
    """Whether the payer may choose another amount."""
    least_minor: int | None = None
    most_minor: int | None = None
    """The range in which the payer may choose."""
    note: str = ""
    question: str = ""
    """What the payer is asked before paying, such as "Which size?"."""
    thanks: str = ""
    """What the payer is told after paying."""
    reference: str = ""
    """The owner's own, for their books; shown to nobody else."""
    uses_most: int | None = None
    """How many payments it takes; None for any number."""
    expires_at: Millis | None = None
    bank: bool = False
    """Whether it may also be paid to the owner's linked bank account, past this book."""

    @property
    def amount(self) -> Money | None:
        """The amount that is asked or suggested, if there is one."""
        return self._money(self.amount_minor)

    @property
    def fixed(self) -> bool:
        """Whether the amount is not the payer's to choose."""
        return self.amount_minor is not None and not self.suggested

    @property
    def least(self) -> Money | None:
        """The least that the payer may choose."""
        return self._money(self.least_minor)

    @property
    def most(self) -> Money | None:
        """The most that the payer may choose."""
        return self._money(self.most_minor)

    def _money(self, minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, self.currency)


class BankSale(Struct, frozen=True):
    """A payment of a link that arrived at the owner's bank, as the owner says."""

    number: int
    """The first of the link is 1."""
    amount_minor: int
    written_at: Millis
    taken_back: bool


class Link(Struct, frozen=True, kw_only=True):
    """A way to be paid that works anywhere. Its id is the unguessable token in the address."""

    id: str
    owner_id: PersonId
    personal: bool
    """The owner's one permanent link: open for any amount, and never changed or closed."""
    terms: LinkTerms
    state: LinkState
    created_at: Millis
    uses: int = 0
    """How many payments it has taken, given back or not."""
    paid_minor: int = 0
    """What those came to."""
    refunded_minor: int = 0
    """What was given back of it."""
    bank_uses: int = 0
    """How many payments arrived at the owner's bank, as the owner says."""
    bank_paid_minor: int = 0
    """What those came to."""

    @property
    def bank_paid(self) -> Money:
        """What arrived at the owner's bank."""
        return Money(self.bank_paid_minor, self.terms.currency)

    @property
    def paid(self) -> Money:
        """What its payments came to."""
        return Money(self.paid_minor, self.terms.currency)

    @property
    def refunded(self) -> Money:
        """What was given back of that."""
        return Money(self.refunded_minor, self.terms.currency)

    def standing(self, now: Millis) -> LinkStanding:
        """Whether it can be paid at this moment."""
        if self.state is LinkState.CLOSED:
            return LinkStanding.CLOSED
        if self.terms.expires_at is not None and self.terms.expires_at <= now:
            return LinkStanding.EXPIRED
        uses = self.uses + self.bank_uses
        if self.terms.uses_most is not None and uses >= self.terms.uses_most:
            return LinkStanding.USED_UP
        return LinkStanding.PAUSED if self.state is LinkState.PAUSED else LinkStanding.OPEN


# --- operators ---------------------------------------------------------------------------------


class ActionKind(StrEnum):
    """What an operator can do."""

    FREEZE = "freeze"
    """Nothing is paid by, or to, a person."""
    UNFREEZE = "unfreeze"
    REFUND = "refund"
    """Gives a payment back out of its payee's available balance."""
    CLOSE_REPORT = "close_report"
    """What was reported of a request has been seen to."""
    PAUSE = "pause"
    """No money moves."""
    RESUME = "resume"


class OperatorAction(Struct, frozen=True):
    """One thing that an operator does, and why. The reason is sealed at rest."""

    kind: ActionKind
    subject_id: str
    """The payment of a REFUND, the request of a CLOSE_REPORT; else empty."""
    person_id: PersonId | None
    """Whom it concerns: of a REFUND the payee, of a CLOSE_REPORT who is reported."""
    reason: str


class LoggedAction(Struct, frozen=True):
    """A line of the operators' log."""

    id: str
    operator_id: PersonId
    action: OperatorAction
    done_at: Millis


class Stops(Struct, frozen=True):
    """What operators have stopped."""

    paused: bool
    """No money moves."""
    frozen: frozenset[PersonId]
    """Who, of those asked about, may not pay or be paid."""


class Health(Struct, frozen=True):
    """Whether the books add up, and what waits: a lot, for long, means that something is wrong."""

    unbalanced: int
    """In how many currencies the balances of all accounts do not sum to 0 (none, ever)."""
    waiting: int
    """Notices that are not sent yet."""
    buried: int
    """Notices that can never be sent."""
    arrived: int
    """Updates that are not handled yet."""


# --- the PIN -----------------------------------------------------------------------------------


class Pin(Withheld, frozen=True):
    """A person's PIN as stored: a hash, and the count that makes guessing useless."""

    person_id: PersonId
    hash: str
    tries: int
    """Wrong tries since the last right one."""
    locked_until: Millis | None
    reset_at: Millis | None
    """Forgotten: from then on a new PIN may be chosen without the old one."""
    changed_at: Millis
    day_tries: int = 0
    """Wrong tries since `day_from`, whatever right ones lay between them."""
    day_from: Millis = 0


class KeypadPurpose(StrEnum):
    """What the six digits are for."""

    APPROVE = "approve"
    CURRENT = "current"
    """The present PIN, before it is changed."""
    CHOOSE = "choose"
    REPEAT = "repeat"
    ENROL = "enrol"
    """A device may approve small payments without the PIN from then on."""
    OPERATE = "operate"
    """An operator does the one thing that the keypad names."""
    ERASE = "erase"
    """What is known about the person is deleted."""


class Device(Struct, frozen=True):
    """A phone whose owner may approve with a finger or a face what would else take the PIN."""

    id: str
    person_id: PersonId
    name: str
    token_hash: str
    """Of the token that the phone gives out to the right finger; the token itself is not kept."""
    added_at: Millis
    used_at: Millis | None
    pin_at: Millis
    """When its owner last gave the right PIN."""


class Keypad(Withheld, frozen=True):
    """A keypad on somebody's screen, with what has been tapped so far. Sealed at rest."""

    id: str
    person_id: PersonId
    purpose: KeypadPurpose
    intent_id: str | None
    """What an APPROVE keypad approves; for the others what to go on with afterwards, if any."""
    keys: tuple[str, ...]
    """The token of each digit: keys[7] is what the button 7 sends."""
    digits: str
    first: str
    """On a REPEAT keypad the digits that were chosen first."""
    taps: tuple[str, ...]
    """The ids of the taps that were counted, so that none counts twice."""
    checking: bool
    """Six digits are in, a try is counted, the check is under way."""
    expires_at: Millis
    device: str = ""
    """On an ENROL keypad the name of the device."""
    action: OperatorAction | None = None
    """What an OPERATE keypad approves."""


# --- chat bookkeeping --------------------------------------------------------------------------


class NoticeKind(StrEnum):
    """What somebody must be told. The sender renders the present state of its subject."""

    INTENT = "intent"
    """The payer's card: receipt, cancellation, expiry, refusal. Subject: intent."""
    PAYMENT_RECEIVED = "payment_received"
    """Subject: payment."""
    PAYMENT_HELD = "payment_held"
    """To a payee who has not joined yet. Subject: payment."""
    PAYMENT_CLAIMED = "payment_claimed"
    """To the payer. Subject: payment."""
    PAYMENT_RETURNED = "payment_returned"
    """To the payer. Subject: payment."""
    PAYMENT_REFUNDED = "payment_refunded"
    """To payer and payee. Subject: payment."""
    REQUEST = "request"
    """The request's card, to payer, requester or group. Subject: request."""
    REQUEST_REMINDER = "request_reminder"
    """To the payer. Subject: request."""
    TOLD = "told"
    """"Alice paid Bob" in a group. Subject: intent."""
    PIN_CHANGED = "pin_changed"
    """Subject: person."""
    PIN_RESET = "pin_reset"
    """A forgotten PIN will fall at `Pin.reset_at`. Subject: person."""
    DEVICE_ADDED = "device_added"
    """A device may approve without the PIN from now on. Subject: device."""
    OPERATOR_REFUND = "operator_refund"
    """To the payee: an operator gave the payment back. Subject: payment."""


class Notice(Struct, frozen=True):
    """A line of the outbox: written with the money, sent after it, at least once."""

    id: int
    kind: NoticeKind
    conversation_id: ConversationId
    subject_id: str
    attempts: int
    created_at: Millis


class Card(Struct, frozen=True):
    """Where the message is that shows a subject (an intent, a payment, a request) in a chat."""

    subject_id: str
    conversation_id: ConversationId
    message_id: int
    receiver_id: PersonId | None = None
    """Who alone sees it, where it is a group's; such messages are numbered for each person."""


class Prompt(Struct, frozen=True):
    """What the bot asked a person to type next in a chat."""

    person_id: PersonId
    conversation_id: ConversationId
    expects: str
    """Such as "amount" or "note": the bot's own word."""
    subject_id: str
    draft: str
    """What has been said so far, where no intent holds it (JSON; sealed at rest)."""
    expires_at: Millis


class StoredUpdate(Struct, frozen=True):
    """An update written down before the platform was told that it arrived."""

    update_id: int
    lane: int
    """Updates of one lane (a person) are handled in order, one at a time."""
    payload: bytes


class HistoryLine(Struct, frozen=True):
    """One line of a person's history, newest first by `position`."""

    position: int
    """The version of the account at this line; `before` of the next page."""
    transfer_id: str
    kind: TransferKind
    amount_minor: int
    """Signed, as seen by this person."""
    balance_after_minor: int
    currency: str
    other_id: PersonId | None
    """The other person; None for the bank."""
    other_name: str | None
    note: str
    created_at: Millis
