"""What is known about somebody, and forgetting it."""

from __future__ import annotations

from payments.models import PersonId
from storage.connection import Connection


class Privacy:
    """`payments.ports.Privacy` on any engine."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def written_by(self, person_id: PersonId) -> tuple[list[str], list[str]]:
        """The ids of all cards and of all requests that a person made, oldest first."""
        cards = self._connection.all("cards_written_by", person_id=person_id)
        requests = self._connection.all("requests_written_by", person_id=person_id)
        return [card_id for (card_id,) in cards], [request_id for (request_id,) in requests]

    def forget(self, person_id: PersonId, pseudonym: PersonId, *, name: str) -> None:
        """Deletes a person's own data; the books name the pseudonym instead from now on.

        The foreign keys of the books follow the number of the person (ON UPDATE CASCADE).
        """
        self._connection.run("drop_phone", person_id=person_id)
        self._connection.run("drop_bank_account", person_id=person_id)
        self._connection.run("forget_blocks", person_id=person_id)
        self._connection.run("forget_pin", person_id=person_id)
        self._connection.run("forget_keypad", person_id=person_id)
        self._connection.run("forget_devices", person_id=person_id)
        self._connection.run("forget_offers", person_id=person_id)
        self._connection.run("forget_prompts", person_id=person_id)
        self._connection.run("forget_messages", person_id=person_id)
        self._connection.run("forget_notices", person_id=person_id)
        self._connection.run("forget_pace", person_id=person_id)
        self._connection.run("forget_lane", person_id=person_id)
        self._connection.run("forget_notes_on_cards", person_id=person_id)
        self._connection.run("forget_notes_on_requests", person_id=person_id)
        self._connection.run("forget_words_on_links", person_id=person_id)
        self._connection.run("forget_name_as_payee", person_id=person_id)
        self._connection.run("forget_name_as_payer", person_id=person_id)
        self._connection.run("forget_person", person_id=person_id, pseudonym=pseudonym, name=name)
