"""What may yet be put into a chat. Notes are sealed."""

from __future__ import annotations

from payments.models import Millis, Offer, OfferKind
from storage.connection import Connection
from storage.sealing import Sealer, Use


class Offers:
    """`payments.ports.Offers` on any engine."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    def add(self, offer: Offer) -> None:
        """Stores a new offer."""
        self._connection.run(
            "add_offer",
            offer_id=offer.id,
            maker_id=offer.maker_id,
            kind=offer.kind.value,
            amount=offer.amount_minor,
            currency=offer.currency,
            note=self._sealer.seal_note(offer.note, use=Use.OFFER_NOTE, row=offer.id),
            expires_at=offer.expires_at,
        )

    def get(self, offer_id: str) -> Offer | None:
        """One offer."""
        row = self._connection.one("offer", offer_id=offer_id)
        if row is None:
            return None
        maker_id, kind, amount, currency, note, expires_at = row
        opened = self._sealer.open_note(note, use=Use.OFFER_NOTE, row=offer_id)
        return Offer(offer_id, maker_id, OfferKind(kind), amount, currency, opened, expires_at)

    def drop_overdue(self, now: Millis, limit: int) -> int:
        """Forgets offers whose time is up; how many."""
        return self._connection.run("drop_overdue_offers", now=now, rows=limit)
