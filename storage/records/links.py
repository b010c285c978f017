"""Payment links. Notes are sealed."""

from __future__ import annotations

from payments.models import Link, LinkState, PersonId
from storage.connection import Connection, Row
from storage.sealing import Sealer, Use


class Links:
    """`payments.ports.Links` on any engine."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    def add(self, link: Link) -> Link:
        """Stores a new link. A second personal link of one owner answers the first."""
        added = self._connection.run(
            "add_link",
            link_id=link.id,
            owner_id=link.owner_id,
            personal=int(link.personal),
            amount=link.amount_minor,
            currency=link.currency,
            note=self._sealer.seal_note(link.note, use=Use.LINK_NOTE, row=link.id),
            state=link.state,
            created_at=link.created_at,
        )
        if added:
            return link
        first = self.personal(link.owner_id)
        if first is None:
            raise LookupError(f"the personal link of {link.owner_id} is gone")
        return first

    def get(self, link_id: str) -> Link | None:
        """One link by its token."""
        row = self._connection.one("link", link_id=link_id)
        return None if row is None else self._link(row)

    def personal(self, owner_id: PersonId) -> Link | None:
        """The owner's personal link."""
        row = self._connection.one("personal_link", owner_id=owner_id)
        return None if row is None else self._link(row)

    def by_owner(self, owner_id: PersonId, limit: int) -> list[Link]:
        """Links of an owner, latest first, closed ones left out."""
        rows = self._connection.all("links_by_owner", owner_id=owner_id, rows=limit)
        return [self._link(row) for row in rows]

    def move_if(self, link_id: str, *, state: LinkState, to: LinkState) -> bool:
        """Changes the state from `state`."""
        moved = self._connection.run("move_link", link_id=link_id, before=state, state=to)
        return moved == 1

    def _link(self, row: Row) -> Link:
        link_id, owner_id, personal, amount, currency, note, state, created_at = row
        return Link(
            id=link_id,
            owner_id=owner_id,
            personal=bool(personal),
            amount_minor=amount,
            currency=currency,
            note=self._sealer.open_note(note, use=Use.LINK_NOTE, row=link_id),
            state=LinkState(state),
            created_at=created_at,
        )
