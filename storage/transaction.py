"""What a unit of work is given: all repositories on one open transaction."""

from __future__ import annotations

from storage.connection import Connection
from storage.ledger import Ledger
from storage.records.chat import Cards, Prompts
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


class Transaction:
    """`payments.ports.Tx` on any engine. Stateless: one serves a connection for life."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self.connection = connection
        self.ledger = Ledger(connection, sealer)
        self.people = People(connection)
        self.proofs = Proofs(connection, sealer)
        self.turnovers = Turnovers(connection)
        self.intents = Intents(connection, sealer)
        self.requests = Requests(connection, sealer)
        self.links = Links(connection, sealer)
        self.offers = Offers(connection, sealer)
        self.pins = Pins(connection, sealer)
        self.devices = Devices(connection)
        self.operators = Operators(connection, sealer)
        self.privacy = Privacy(connection)
        self.outbox = Outbox(connection)
        self.inbox = Inbox(connection, sealer)
        self.pace = Pace(connection)
        self.cards = Cards(connection)
        self.prompts = Prompts(connection, sealer)
