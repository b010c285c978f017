"""Random use of `Payments` against a ledger that is a dictionary.

Hypothesis chooses what people do: paying those who have joined and those who have not, claiming,
returning, asking, paying in parts, refunding, mistyping the PIN, tapping twice, crashing between
two commits. After each step the balances must be the dictionary's, and the audit of the real book
must find nothing.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from payments.errors import InsufficientFunds, NotOpen, Refused, Unavailable
from payments.models import Intent, Payment, PaymentState, Request
from payments.policy import DAY
from payments.results import Approved, Locked, WrongPin
from payments.service import Payments
from storage import Sealer, open_store
from storage.audit import verify_store
from tests.unit.payments_kit import (
    ALICE,
    BOB,
    CAROL,
    PIN,
    WRONG,
    Bank,
    Clock,
    FailingStore,
    PlainPins,
    eur,
    policy,
)

T = TypeVar("T")
JOINED = (ALICE, BOB, CAROL)
NEWCOMER = "newcomer"
people = st.sampled_from(JOINED)
amounts = st.integers(1, 700)


class Book(RuleBasedStateMachine):
    """The real book and the dictionary, side by side."""

    held_payments = Bundle("held_payments")
    posted_payments = Bundle("posted_payments")
    requests = Bundle("requests")

    def __init__(self) -> None:
        super().__init__()
        self.balance = dict.fromkeys(JOINED, 0)
        self.held = dict.fromkeys(JOINED, 0)
        self.wrong_tries = dict.fromkeys(JOINED, 0)
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.run(self.open())

    async def open(self) -> None:
        path = Path(self.folder.name) / "bank.db"
        self.raw = await open_store(self.url(path), Sealer([b"a secret key of a test"]))
        store, clock, pins = FailingStore(self.raw), Clock(), PlainPins()
        payments = Payments(store, pins, policy(request_open_most=1_000), clock)
        self.bank = Bank(payments, store, clock, pins, path)
        for person_id in JOINED:
            await self.bank.person(person_id)

    def url(self, path: Path) -> str:
        """An empty database."""
        return f"sqlite:///{path}"

    def run(self, doing: Awaitable[T]) -> T:
        return self.loop.run_until_complete(doing)  # type: ignore[arg-type]

    def teardown(self) -> None:
        self.run(self.raw.close())
        self.loop.close()
        self.folder.cleanup()

    # --- approving, with and without trouble

    def approve(self, card: Intent, *, crash: bool = False) -> bool:
        """Approves a card that is affordable exactly if the dictionary says so."""
        payer, total = card.payer_id, card.total
        assert total is not None
        covered = self.balance[payer] - self.held[payer] >= total.minor
        try:
            keypad = self.run(self.bank.payments.ask_pin(card.id, payer))
        except InsufficientFunds:
            assert not covered
            return False
        assert covered
        self.run(self.bank.type(keypad, PIN[:5]))
        if crash:
            self.bank.store.plan = ["none", "before"]
            try:
                self.run(self.bank.tap(keypad, PIN[5], tap_id="last"))
            except Unavailable:
                self.bank.payments = self.bank.restarted()
        result = self.run(self.bank.tap(keypad, PIN[5], tap_id="last"))
        assert isinstance(result, Approved)
        self.run(self.bank.tap(keypad, PIN[5], tap_id="last"))
        self.wrong_tries[payer] = 0
        return True

    def moved(self, payer: int, payee: int, minor: int) -> None:
        self.balance[payer] -= minor
        self.balance[payee] += minor

    # --- what people do

    @rule(person=people, minor=amounts, twice=st.booleans())
    def top_up(self, person: int, minor: int, twice: bool) -> None:  # noqa: FBT001 (hypothesis)
        origin = f"topup {next(self.bank.taps)}"
        for _ in range(1 + twice):
            self.run(self.bank.payments.topup(person, eur(minor), origin=origin))
        self.balance[person] += minor

    @rule(target=posted_payments, payer=people, payee=people, minor=amounts, crash=st.booleans())
    def pay(self, payer: int, payee: int, minor: int, crash: bool) -> object:  # noqa: FBT001
        try:
            card = self.run(
                self.bank.payments.draft(payer, payees=[payee], amount=eur(minor), origin=None)
            )
        except Refused:
            assert payer == payee
            return multiple()
        if not self.approve(card, crash=crash):
            return multiple()
        self.moved(payer, payee, minor)
        return card.payments[0]

    @rule(target=held_payments, payer=people, minor=amounts)
    def pay_newcomer(self, payer: int, minor: int) -> object:
        card = self.run(self.bank.payments.draft(payer, payees=[NEWCOMER], amount=eur(minor)))
        if not self.approve(card):
            return multiple()
        self.held[payer] += minor
        return self.run(self.bank.payments.payment(card.payments[0].id, payer))[0]

    @rule(payment=held_payments, claimer=people, before=st.booleans())
    def claim(self, payment: Payment, claimer: int, before: bool) -> None:  # noqa: FBT001
        """Somebody takes the name, claims, and gives the name up."""
        now = self.run(self.bank.payments.payment(payment.id, payment.payer_id))[0]
        if before:
            self.run(self.bank.meet(claimer, NEWCOMER))
        token = payment.claim_token
        assert token is not None
        try:
            self.run(self.bank.payments.claim(token, claimer))
        except Refused:
            assert now.state is not PaymentState.HELD or not before or claimer == now.payer_id
        else:
            if now.state is PaymentState.HELD:
                self.held[now.payer_id] -= now.amount.minor
                self.moved(now.payer_id, claimer, now.amount.minor)
        self.run(self.bank.meet(claimer))

    @rule(payment=held_payments)
    def take_back(self, payment: Payment) -> None:
        now = self.run(self.bank.payments.payment(payment.id, payment.payer_id))[0]
        try:
            self.run(self.bank.payments.take_back(payment.id, payment.payer_id))
        except NotOpen:
            assert now.state is PaymentState.POSTED
            return
        if now.state is PaymentState.HELD:
            self.held[now.payer_id] -= now.amount.minor

    @rule()
    def a_day_passes(self) -> None:
        """All holds return; locks end."""
        self.bank.clock.turn(DAY)
        self.run(self.bank.payments.sweep())
        self.held = dict.fromkeys(JOINED, 0)

    @rule(target=requests, requester=people, minor=amounts, partial=st.booleans())
    def ask(self, requester: int, minor: int, partial: bool) -> object:  # noqa: FBT001
        [request] = self.run(
            self.bank.payments.request(requester, amount=eur(minor), partial=partial)
        )
        return request

    @rule(target=posted_payments, request=requests, payer=people, minor=st.none() | amounts)
    def pay_request(self, request: Request, payer: int, minor: int | None) -> object:
        amount = None if minor is None else eur(minor)
        before = self.run(self.bank.payments.request_by_id(request.id))
        try:
            card = self.run(self.bank.payments.pay_request(request.id, payer, amount=amount))
        except Refused:
            return multiple()
        total = card.total
        assert total is not None
        assert total <= before.remaining
        if not self.approve(card):
            return multiple()
        self.moved(payer, request.requester_id, total.minor)
        after = self.run(self.bank.payments.request_by_id(request.id))
        assert after.remaining == before.remaining - total
        return card.payments[0]

    @rule(payment=posted_payments, minor=amounts)
    def refund(self, payment: Payment, minor: int) -> None:
        now = self.run(self.bank.payments.payment(payment.id, payment.payer_id))[0]
        assert now.payee_id is not None
        left = now.amount.minor - now.refunded_minor
        try:
            card = self.run(self.bank.payments.refund(payment.id, now.payee_id, amount=eur(minor)))
        except Refused:
            assert minor > left
            return
        assert minor <= left
        if self.approve(card):
            self.moved(now.payee_id, now.payer_id, minor)

    @rule(payer=people)
    def mistype(self, payer: int) -> None:
        """A wrong PIN counts, locks on the fifth, and moves nothing."""
        if self.balance[payer] - self.held[payer] < 1:
            return
        payee = next(person for person in JOINED if person != payer)
        card = self.run(self.bank.payments.draft(payer, payees=[payee], amount=eur(1)))
        keypad = self.run(self.bank.payments.ask_pin(card.id, payer))
        result = self.run(self.bank.type(keypad, WRONG))
        self.wrong_tries[payer] += 1
        if self.wrong_tries[payer] < 5:
            assert isinstance(result, WrongPin)
            assert result.tries_left == 5 - self.wrong_tries[payer]
            return
        assert isinstance(result, Locked)
        self.a_day_passes()

    # --- what must hold

    @invariant()
    def balances_agree(self) -> None:
        for person in JOINED:
            real = self.run(self.bank.balance(person))
            assert real == (self.balance[person], self.held[person])

    @invariant()
    def audit_finds_nothing(self) -> None:
        assert self.run(verify_store(self.raw)) == []


TestBook = Book.TestCase
TestBook.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    suppress_health_check=list(HealthCheck),
)
