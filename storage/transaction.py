"""What a unit of work is given: all repositories on one open transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from payments.models import Side
from payments.ports import Ahead
from storage.connection import Database
from storage.ledger import Ledger
from storage.records.chat import Cards, Groups, Prompts
from storage.records.devices import Devices
from storage.records.inbox import Inbox
from storage.records.intents import Intents
from storage.records.links import Links
from storage.records.offers import Offers
from storage.records.operators import Operators
from storage.records.outbox import Outbox
from storage.records.pace import Pace
from storage.records.people import People
from storage.records.pins import Pins
from storage.records.privacy import Privacy
from storage.records.proofs import Proofs
from storage.records.requests import Requests
from storage.records.turnovers import Turnovers
from storage.sealing import Sealer
from storage.workspace import Workspace

T = TypeVar("T")


class Transaction:
    """`payments.ports.Tx` on any engine. One serves a connection for life."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self.workspace = Workspace(database)
        self.ledger = Ledger(self.workspace, sealer)
        self.people = People(self.workspace)
        self.proofs = Proofs(self.workspace, sealer)
        self.turnovers = Turnovers(self.workspace)
        self.intents = Intents(self.workspace, sealer)
        self.requests = Requests(self.workspace, sealer)
        self.links = Links(self.workspace, sealer)
        self.offers = Offers(self.workspace, sealer)
        self.pins = Pins(self.workspace, sealer)
        self.devices = Devices(self.workspace)
        self.operators = Operators(self.workspace, sealer)
        self.privacy = Privacy(self.workspace)
        self.outbox = Outbox(self.workspace)
        self.inbox = Inbox(self.workspace, sealer)
        self.pace = Pace(self.workspace)
        self.cards = Cards(self.workspace)
        self.prompts = Prompts(self.workspace, sealer)
        self.groups = Groups(self.workspace)

    def read(self, unit: Callable[[Any], T]) -> T:
        """Runs a function that only reads: whatever it put down fails to be written."""
        try:
            answer = unit(self)
            self.workspace.write()
            return answer
        finally:
            self.workspace.clear()

    def look_up(self, announced: Iterable[Ahead | None]) -> None:
        """Looks up, for a whole batch at once, what its units have announced."""
        ahead = [each for each in announced if each is not None]
        keypads = self.pins.look_up([each.keypad_id for each in ahead])
        self.intents.look_up({keypad.intent_id for keypad in keypads if keypad.intent_id})
        self._look_up_concerned([each for each in ahead if each.card is not None])

    def _look_up_concerned(self, ahead: Sequence[Ahead]) -> None:
        """Looks up the people whose money moves, and all that may stand against it."""
        payments = [payment for each in ahead if each.card for payment in each.card.payments]
        if not payments:
            return
        pairs = [(p.payer_id, p.payee_id) for p in payments if p.payee_id is not None]
        payers = {payment.payer_id for payment in payments}
        concerned = payers | {payee_id for _, payee_id in pairs}
        self.people.look_up(concerned, [*pairs, *((payee, payer) for payer, payee in pairs)])
        self.devices.look_up(payers)
        self.operators.look_up(concerned)
        owners = {(payment.payer_id, payment.currency) for payment in payments}
        owners |= {(p.payee_id, p.currency) for p in payments if p.payee_id is not None}
        self.ledger.look_up(owners, [payment.id for payment in payments])
        now = min(each.now for each in ahead)
        for currency in {payment.currency for payment in payments}:
            paying = [p for p in payments if p.currency == currency]
            received = {p.payee_id for p in paying if p.payee_id is not None}
            self.turnovers.look_up(
                {p.payer_id for p in paying}, side=Side.PAID, currency=currency, now=now
            )
            self.turnovers.look_up(received, side=Side.RECEIVED, currency=currency, now=now)
