"""Cards and their payments. Notes, and what a link asked, are sealed."""

from __future__ import annotations

from collections.abc import Collection

from payments.models import (
    ConversationId,
    Intent,
    IntentKind,
    IntentState,
    Millis,
    Payment,
    PaymentState,
    PersonId,
)
from storage.connection import Connection, Row, json_array
from storage.sealing import Sealer, Use


class Intents:
    """`payments.ports.Intents` on any engine."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    # --- intents -------------------------------------------------------------------------------

    def add(self, intent: Intent, *, origin: str | None) -> Intent:
        """Stores a new intent with its payments; the same origin again answers the first."""
        if origin is not None:
            row = self._connection.one("intent_by_origin", origin=origin)
            if row is not None:
                return self._intent(row)
        self._connection.run(
            "add_intent",
            intent_id=intent.id,
            kind=intent.kind.value,
            payer_id=intent.payer_id,
            currency=intent.currency,
            note=self._sealer.seal_note(intent.note, use=Use.INTENT_NOTE, row=intent.id),
            state=intent.state.value,
            refusal=intent.refusal,
            request_id=intent.request_id,
            link_id=intent.link_id,
            refunds_id=intent.refunds_id,
            told_in=intent.told_in,
            group_id=intent.group_id,
            created_at=intent.created_at,
            expires_at=intent.expires_at,
            origin=origin,
            **self._asked(intent),
        )
        self._add_payments(intent)
        return intent

    def get(self, intent_id: str) -> Intent | None:
        """An intent with its payments in order."""
        row = self._connection.one("intent", intent_id=intent_id)
        return None if row is None else self._intent(row)

    def rewrite(self, intent: Intent) -> bool:
        """Replaces the fields and payments of a DRAFT; False if it is a draft no longer."""
        rewritten = self._connection.run(
            "rewrite_intent",
            intent_id=intent.id,
            kind=intent.kind.value,
            currency=intent.currency,
            note=self._sealer.seal_note(intent.note, use=Use.INTENT_NOTE, row=intent.id),
            request_id=intent.request_id,
            link_id=intent.link_id,
            refunds_id=intent.refunds_id,
            told_in=intent.told_in,
            group_id=intent.group_id,
            expires_at=intent.expires_at,
            **self._asked(intent),
        )
        if not rewritten:
            return False
        self._connection.run("drop_payments", intent_id=intent.id)
        self._add_payments(intent)
        return True

    def move_if(
        self,
        intent_id: str,
        *,
        states: Collection[IntentState],
        to: IntentState,
        expires_at: Millis | None = None,
        refusal: str | None = None,
    ) -> bool:
        """Changes the state from one of `states`; a given `expires_at` or `refusal` is stored."""
        moved = self._connection.run(
            "move_intent",
            intent_id=intent_id,
            states=json_array(states),
            state=to.value,
            expires_at=expires_at,
            refusal=refusal,
        )
        return moved == 1

    def show_in(self, intent_id: str, group_id: ConversationId | None) -> None:
        """Where the payment will be shown once it is posted."""
        self._connection.run("show_intent", intent_id=intent_id, group_id=group_id)

    def open_of(self, payer_id: PersonId) -> list[Intent]:
        """The payer's drafts and cards awaiting a PIN, latest first."""
        rows = self._connection.all("open_intents", payer_id=payer_id)
        return [self._intent(row) for row in rows]

    def overdue(self, now: Millis, limit: int) -> list[Intent]:
        """Drafts and cards awaiting a PIN whose time is up."""
        rows = self._connection.all("overdue_intents", now=now, rows=limit)
        return [self._intent(row) for row in rows]

    # --- payments ------------------------------------------------------------------------------

    def payment(self, payment_id: str) -> Payment | None:
        """One payment."""
        row = self._connection.one("payment", payment_id=payment_id)
        return None if row is None else _payment(row)

    def payment_by_claim(self, claim_token: str) -> Payment | None:
        """The payment that this token opens, or did before it was claimed or returned."""
        row = self._connection.one("payment_by_claim", claim_token=claim_token)
        return None if row is None else _payment(row)

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
    ) -> bool:
        """Changes a payment's state from `state`; the values given are stored."""
        moved = self._connection.run(
            "move_payment",
            payment_id=payment_id,
            before=state.value,
            state=to.value,
            payee_id=payee_id,
            claim_token=claim_token,
            posted_at=posted_at,
            expires_at=expires_at,
        )
        return moved == 1

    def add_refund(self, payment_id: str, amount_minor: int) -> bool:
        """Raises `refunded_minor`; False if that would exceed the amount."""
        changed = self._connection.run("add_refund", payment_id=payment_id, amount=amount_minor)
        return changed == 1

    def held_for(self, person_id: PersonId, username: str | None) -> list[Payment]:
        """Held payments that this person may claim."""
        rows = self._connection.all("payments_held_for_id", person_id=person_id)
        if username is not None:
            rows += self._connection.all("payments_held_for_username", username=username)
        return [_payment(row) for row in rows]

    def held_by(self, payer_id: PersonId) -> list[Payment]:
        """Held payments that this person made and nobody claimed yet."""
        return [
            _payment(row) for row in self._connection.all("payments_held_by", payer_id=payer_id)
        ]

    def overdue_holds(self, now: Millis, limit: int) -> list[Payment]:
        """Held payments whose time is up."""
        rows = self._connection.all("overdue_payments", now=now, rows=limit)
        return [_payment(row) for row in rows]

    # --- inside --------------------------------------------------------------------------------

    def _add_payments(self, intent: Intent) -> None:
        for payment in intent.payments:
            self._connection.run(
                "add_payment",
                payment_id=payment.id,
                intent_id=intent.id,
                position=payment.position,
                payer_id=payment.payer_id,
                payee_id=payment.payee_id,
                payee_username=payment.payee_username,
                amount=payment.amount_minor,
                currency=payment.currency,
                state=payment.state.value,
                refunded=payment.refunded_minor,
                claim_token=payment.claim_token,
                posted_at=payment.posted_at,
                expires_at=payment.expires_at,
            )

    def _asked(self, intent: Intent) -> dict[str, bytes | None]:
        """A link's question and its answer, as parameters of a query."""
        row = intent.id
        return {
            "question": self._sealer.seal_note(intent.question, use=Use.INTENT_QUESTION, row=row),
            "answer": self._sealer.seal_note(intent.answer, use=Use.INTENT_ANSWER, row=row),
        }

    def _intent(self, row: Row) -> Intent:
        intent_id, kind, payer_id, currency, note, state, refusal, *rest = row
        request_id, link_id, refunds_id, told_in, group_id, created_at, expires_at, *asked = rest
        question, answer = asked
        payments = self._connection.all("payments_of_intent", intent_id=intent_id)
        return Intent(
            intent_id,
            IntentKind(kind),
            payer_id,
            currency,
            self._sealer.open_note(note, use=Use.INTENT_NOTE, row=intent_id),
            IntentState(state),
            refusal,
            request_id,
            link_id,
            refunds_id,
            told_in,
            group_id,
            created_at,
            expires_at,
            tuple(_payment(payment) for payment in payments),
            self._sealer.open_note(question, use=Use.INTENT_QUESTION, row=intent_id),
            self._sealer.open_note(answer, use=Use.INTENT_ANSWER, row=intent_id),
        )


def _payment(row: Row) -> Payment:
    payment_id, intent_id, position, payer_id, payee_id, username, amount, currency, *rest = row
    state, refunded, claim_token, posted_at, expires_at = rest
    return Payment(
        payment_id,
        intent_id,
        position,
        payer_id,
        payee_id,
        username,
        amount,
        currency,
        PaymentState(state),
        refunded,
        claim_token,
        posted_at,
        expires_at,
    )
