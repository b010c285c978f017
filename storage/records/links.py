"""Payment links. Their texts are sealed."""

from __future__ import annotations

from payments.models import BankSale, Link, LinkState, LinkTerms, Millis, Payment, PersonId
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
            currency=link.terms.currency,
            state=link.state.value,
            created_at=link.created_at,
            **self._changeable(link.id, link.terms),
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
        moved = self._connection.run(
            "move_link", link_id=link_id, before=state.value, state=to.value
        )
        return moved == 1

    def change_if(self, link_id: str, terms: LinkTerms) -> bool:
        """Replaces the terms, but the currency. False if it is closed, or was paid more often
        than `terms.uses_most`.
        """
        changed = self._connection.run(
            "change_link", link_id=link_id, **self._changeable(link_id, terms)
        )
        return changed == 1

    def take_bank_off(self, owner_id: PersonId) -> None:
        """Lets none of the owner's links show a bank's code."""
        self._connection.run("take_bank_off_links", owner_id=owner_id)

    def use_if(self, link_id: str, payment: Payment, now: Millis) -> bool:
        """Counts a payment in, if the link can be paid now, by this amount."""
        used = self._connection.one(
            "use_link", link_id=link_id, amount=payment.amount.minor, now=now
        )
        if used is None:
            return False
        (number,) = used
        self._connection.run(
            "add_link_payment", link_id=link_id, number=number, payment_id=payment.id
        )
        return True

    def add_refund(self, link_id: str, amount_minor: int) -> None:
        """Counts in what was given back of one of its payments."""
        self._connection.run("add_link_refund", link_id=link_id, amount=amount_minor)

    def sold(self, link_id: str, *, before: int | None, limit: int) -> list[tuple[int, str]]:
        """The numbers and ids of its payments below number `before`, latest first."""
        rows = self._connection.all("link_payments", link_id=link_id, before=before, rows=limit)
        return [(number, payment_id) for number, payment_id in rows]

    def has_bank_sale(self, origin: str) -> bool:
        """Whether a bank sale was written down for this."""
        return self._connection.one("bank_sale_of", origin=origin) is not None

    def sell_by_bank_if(
        self, link_id: str, amount_minor: int, *, origin: str, now: Millis
    ) -> bool:
        """Writes a bank sale down, if the link takes one more payment."""
        counted = self._connection.one("count_bank_sale", link_id=link_id, amount=amount_minor)
        if counted is None:
            return False
        (number,) = counted
        self._connection.run(
            "add_bank_sale",
            link_id=link_id,
            number=number,
            amount=amount_minor,
            origin=origin,
            now=now,
        )
        return True

    def correct_bank_sale_if(self, link_id: str, number: int, now: Millis) -> bool:
        """Takes a bank sale back. False if there is none, or it was before."""
        if not self._connection.run(
            "add_bank_correction", link_id=link_id, number=number, now=now
        ):
            return False
        self._connection.run("count_bank_correction", link_id=link_id, number=number)
        return True

    def sold_by_bank(self, link_id: str, limit: int) -> list[BankSale]:
        """Its bank sales, latest first."""
        rows = self._connection.all("bank_sales", link_id=link_id, rows=limit)
        return [
            BankSale(number, amount, written_at, bool(taken_back))
            for number, amount, written_at, taken_back in rows
        ]

    def _changeable(self, link_id: str, terms: LinkTerms) -> dict[str, object]:
        """What an owner may change, as parameters of a query."""
        seal = self._sealer.seal_note
        return {
            "amount": terms.amount_minor,
            "suggested": int(terms.suggested),
            "least": terms.least_minor,
            "most": terms.most_minor,
            "note": seal(terms.note, use=Use.LINK_NOTE, row=link_id),
            "question": seal(terms.question, use=Use.LINK_QUESTION, row=link_id),
            "thanks": seal(terms.thanks, use=Use.LINK_THANKS, row=link_id),
            "reference": seal(terms.reference, use=Use.LINK_REFERENCE, row=link_id),
            "uses_most": terms.uses_most,
            "expires_at": terms.expires_at,
            "bank": int(terms.bank),
        }

    def _link(self, row: Row) -> Link:
        link_id, owner_id, personal, currency, amount, suggested, least, most, *rest = row
        note, question, thanks, reference, uses_most, expires_at, bank, state, *rest = rest
        created_at, uses, paid, refunded, bank_uses, bank_paid = rest
        unseal = self._sealer.open_note
        return Link(
            id=link_id,
            owner_id=owner_id,
            personal=bool(personal),
            terms=LinkTerms(
                currency=currency,
                amount_minor=amount,
                suggested=bool(suggested),
                least_minor=least,
                most_minor=most,
                note=unseal(note, use=Use.LINK_NOTE, row=link_id),
                question=unseal(question, use=Use.LINK_QUESTION, row=link_id),
                thanks=unseal(thanks, use=Use.LINK_THANKS, row=link_id),
                reference=unseal(reference, use=Use.LINK_REFERENCE, row=link_id),
                uses_most=uses_most,
                expires_at=expires_at,
                bank=bool(bank),
            ),
            state=LinkState(state),
            created_at=created_at,
            uses=uses,
            paid_minor=paid,
            refunded_minor=refunded,
            bank_uses=bank_uses,
            bank_paid_minor=bank_paid,
        )
