"""Cards and their payments. Notes, what a link asked, and the tokens of claims are sealed.

A token is found by its digest. It is long and random, so that the digest tells nothing of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from msgspec.structs import replace

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
from storage.connection import Row, json_array
from storage.sealing import Sealer, Use
from storage.workspace import Workspace


class Intents:
    """`payments.ports.Intents` on any engine."""

    def __init__(self, workspace: Workspace, sealer: Sealer) -> None:
        self._workspace = workspace
        self._sealer = sealer
        self._intents: dict[str, Intent | None] = workspace.keep("intents", "payments")
        self._intent_ids: dict[str, str] = workspace.keep("intents", "payments")
        """By payment."""

    def look_up(self, intent_ids: Collection[str]) -> None:
        """Looks up these, with their payments, for all that follows in this transaction."""
        unknown = [intent_id for intent_id in intent_ids if intent_id not in self._intents]
        if not unknown:
            return
        self._intents.update(dict.fromkeys(unknown))
        for intent in self._all("intents", keys=json_array(unknown)):
            self._keep(intent)

    # --- intents -------------------------------------------------------------------------------

    def add(self, intent: Intent, *, origin: str | None) -> Intent:
        """Stores a new intent with its payments; the same origin again answers the first."""
        if origin is not None:
            first = self._all("intent_by_origin", origin=origin)
            if first:
                return first[0]
        self._workspace.put_down(
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
        for payment in intent.payments:
            self._workspace.put_down("add_payment", **self._payment_values(payment))
        self._keep(intent)
        return intent

    def get(self, intent_id: str) -> Intent | None:
        """An intent with its payments in order."""
        if intent_id not in self._intents:
            self.look_up((intent_id,))
        return self._intents[intent_id]

    def rewrite(self, intent: Intent) -> bool:
        """Replaces the fields and payments of a DRAFT; False if it is a draft no longer."""
        rewritten = self._workspace.run(
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
        self._workspace.run("drop_payments_of", keys=json_array([intent.id]))
        for payment in intent.payments:
            self._workspace.run("add_payment", **self._payment_values(payment))
        return True

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
        intent = self.get(intent_id)
        if intent is None or intent.state not in states:
            return None
        moved = replace(
            intent,
            state=to,
            expires_at=intent.expires_at if expires_at is None else expires_at,
            refusal=intent.refusal if refusal is None else refusal,
        )
        self._intents[intent_id] = moved
        self._workspace.put_down(
            "move_intent",
            intent_id,
            intent_id=intent_id,
            was=intent.state.value,
            state=to.value,
            expires_at=moved.expires_at,
            refusal=moved.refusal,
        )
        return moved

    def show_in(self, intent_id: str, group_id: ConversationId | None) -> None:
        """Where the payment will be shown once it is posted."""
        self._workspace.run("show_intent", intent_id=intent_id, group_id=group_id)

    def open_of(self, payer_id: PersonId) -> list[Intent]:
        """The payer's drafts and cards awaiting a PIN, latest first."""
        return self._all("open_intents", payer_id=payer_id)

    def overdue(self, now: Millis, limit: int) -> list[Intent]:
        """Drafts and cards awaiting a PIN whose time is up."""
        return self._all("overdue_intents", now=now, rows=limit)

    def drop_ended(self, before: Millis, limit: int) -> list[str]:
        """Forgets cards that came to nothing and whose time was up by then; which."""
        ended = [row[0] for row in self._workspace.all("ended_intents", before=before, rows=limit)]
        if ended:
            self._workspace.run("drop_payments_of", keys=json_array(ended))
            self._workspace.run("drop_intents", keys=json_array(ended))
        return ended

    # --- payments ------------------------------------------------------------------------------

    def payment(self, payment_id: str) -> Payment | None:
        """One payment."""
        found = self._find(payment_id)
        return None if found is None else found[1]

    def payment_by_claim(self, claim_token: str) -> Payment | None:
        """The payment that this token opens, or did before it was claimed or returned."""
        row = self._workspace.one("payment_by_claim", claim_digest=_digest(claim_token))
        return None if row is None else self._payment(row)

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
        intent, payment = self._find(payment_id) or (None, None)
        if intent is None or payment is None or payment.state is not state:
            return None
        moved = replace(
            payment,
            state=to,
            payee_id=payment.payee_id if payee_id is None else payee_id,
            claim_token=payment.claim_token if claim_token is None else claim_token,
            posted_at=payment.posted_at if posted_at is None else posted_at,
            expires_at=payment.expires_at if expires_at is None else expires_at,
        )
        self._intents[intent.id] = replace(
            intent,
            payments=tuple(moved if each is payment else each for each in intent.payments),
        )
        posting = state is PaymentState.DRAFT and to is PaymentState.POSTED
        if posting and payee_id is None and claim_token is None and expires_at is None:
            # By far the most frequent; few indexes have to do with what it changes.
            self._workspace.put_down(
                "post_payment", payment_id, payment_id=payment_id, posted_at=moved.posted_at
            )
            return moved
        self._workspace.put_down(
            "move_payment",
            payment_id,
            payment_id=payment_id,
            was=payment.state.value,
            state=to.value,
            payee_id=moved.payee_id,
            posted_at=moved.posted_at,
            expires_at=moved.expires_at,
            **self._claim(moved),
        )
        return moved

    def add_refund(self, payment_id: str, amount_minor: int) -> bool:
        """Raises `refunded_minor`; False if that would exceed the amount."""
        changed = self._workspace.run("add_refund", payment_id=payment_id, amount=amount_minor)
        return changed == 1

    def held_for(self, person_id: PersonId, username: str | None) -> list[Payment]:
        """Held payments that this person may claim."""
        rows = self._workspace.all("payments_held_for_id", person_id=person_id)
        if username is not None:
            rows += self._workspace.all("payments_held_for_username", username=username)
        return [self._payment(row) for row in rows]

    def held_by(self, payer_id: PersonId) -> list[Payment]:
        """Held payments that this person made and nobody claimed yet."""
        return [
            self._payment(row)
            for row in self._workspace.all("payments_held_by", payer_id=payer_id)
        ]

    def overdue_holds(self, now: Millis, limit: int) -> list[Payment]:
        """Held payments whose time is up."""
        rows = self._workspace.all("overdue_payments", now=now, rows=limit)
        return [self._payment(row) for row in rows]

    # --- inside --------------------------------------------------------------------------------

    def _keep(self, intent: Intent) -> None:
        self._intents[intent.id] = intent
        self._intent_ids.update((payment.id, intent.id) for payment in intent.payments)

    def _payment_values(self, payment: Payment) -> dict[str, object]:
        return {
            "payment_id": payment.id,
            "intent_id": payment.intent_id,
            "position": payment.position,
            "payer_id": payment.payer_id,
            "payee_id": payment.payee_id,
            "payee_username": payment.payee_username,
            "amount": payment.amount_minor,
            "currency": payment.currency,
            "state": payment.state.value,
            "refunded": payment.refunded_minor,
            "posted_at": payment.posted_at,
            "expires_at": payment.expires_at,
            **self._claim(payment),
        }

    def _asked(self, intent: Intent) -> dict[str, bytes | None]:
        """A link's question and its answer, as parameters of a query."""
        row = intent.id
        return {
            "question": self._sealer.seal_note(intent.question, use=Use.INTENT_QUESTION, row=row),
            "answer": self._sealer.seal_note(intent.answer, use=Use.INTENT_ANSWER, row=row),
        }

    def _find(self, payment_id: str) -> tuple[Intent, Payment] | None:
        """A payment, and the intent that it is part of."""
        if payment_id not in self._intent_ids:
            row = self._workspace.one("intent_of_payment", payment_id=payment_id)
            if row is None:
                return None
            self.look_up(row)
        intent = self._intents[self._intent_ids[payment_id]]
        if intent is not None:
            for payment in intent.payments:
                if payment.id == payment_id:
                    return intent, payment
        return None

    def _all(self, query: str, **values: object) -> list[Intent]:
        """The intents that a query finds, in its order, with their payments."""
        rows = self._workspace.all(query, **values)
        payments: dict[str, list[Payment]] = {row[0]: [] for row in rows}
        if rows:
            for row in self._workspace.all("payments_of_intents", keys=json_array(payments)):
                payments[row[1]].append(self._payment(row))
        return [self._intent(row, payments[row[0]]) for row in rows]

    def _intent(self, row: Row, payments: list[Payment]) -> Intent:
        intent_id, kind, payer_id, currency, note, state, refusal, *rest = row
        request_id, link_id, refunds_id, told_in, group_id, created_at, expires_at, *asked = rest
        question, answer = asked
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
            tuple(payments),
            self._sealer.open_note(question, use=Use.INTENT_QUESTION, row=intent_id),
            self._sealer.open_note(answer, use=Use.INTENT_ANSWER, row=intent_id),
        )

    def _payment(self, row: Row) -> Payment:
        payment_id, intent_id, position, payer_id, payee_id, username, amount, currency, *rest = (
            row
        )
        state, refunded, claim_token, posted_at, expires_at = rest
        if claim_token is not None:
            opened = self._sealer.open(claim_token, use=Use.CLAIM_TOKEN, row=payment_id)
            claim_token = opened.decode()
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

    def _claim(self, payment: Payment) -> dict[str, bytes | None]:
        """The token that claims a payment, and what finds it, as parameters of a query."""
        token = payment.claim_token
        if token is None:
            return {"claim_token": None, "claim_digest": None}
        sealed = self._sealer.seal(token.encode(), use=Use.CLAIM_TOKEN, row=payment.id)
        return {"claim_token": sealed, "claim_digest": _digest(token)}


def _digest(claim_token: str) -> bytes:
    return hashlib.sha256(claim_token.encode()).digest()
