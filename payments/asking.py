"""The use-cases of asking for money, of splitting a bill, and of what is put into any chat."""

from __future__ import annotations

from collections.abc import Sequence

from payments import intents, offers, requests
from payments.models import (
    ConversationId,
    Intent,
    Offer,
    OfferKind,
    PersonId,
    ReportReason,
    Request,
)
from payments.money import Money
from payments.people import PersonRef as PayeeRef
from payments.units import Units


class Asking(Units):
    """A part of `payments.service.Payments`, which see."""

    # requests ----------------------------------------------------------------------------------

    async def request(
        self,
        requester_id: PersonId,
        *,
        payers: Sequence[PayeeRef] = (),
        amount: Money,
        note: str = "",
        partial: bool = False,
        group_id: ConversationId | None = None,
        origin: str | None = None,
    ) -> list[Request]:
        """Asks each of the payers for `amount`, or (with none) whoever opens it."""
        return await self._do(
            requests.make,
            requester_id,
            payers=payers,
            amount=amount,
            note=note,
            partial=partial,
            group_id=group_id,
            origin=origin,
            policy=self.policy,
            now=self.clock(),
        )

    async def split(
        self,
        requester_id: PersonId,
        *,
        payers: Sequence[PayeeRef],
        total: Money,
        own_share: bool,
        note: str = "",
        origin: str | None = None,
    ) -> list[Request]:
        """Asks each of the payers for an equal share of `total`; all shares add up to it.

        Args:
            requester_id: who asks.
            payers: who is asked.
            total: what it cost in all.
            own_share: whether one of the shares is the requester's own.
            note: what it was for.
            origin: the key that makes asking twice the same as once.
        """
        return await self._do(
            requests.split,
            requester_id,
            payers=payers,
            total=total,
            own_share=own_share,
            note=note,
            origin=origin,
            policy=self.policy,
            now=self.clock(),
        )

    async def request_by_id(self, request_id: str) -> Request:
        """A request, for anybody who holds its unguessable id."""
        return await self.store.look(lambda tx: requests.get(tx, request_id))

    async def open_requests(self, person_id: PersonId) -> tuple[list[Request], list[Request]]:
        """Those this person made, and those this person is asked to pay."""
        return await self.store.read(lambda tx: requests.open_of(tx, person_id))

    async def pay_request(
        self, request_id: str, by: PersonId, *, amount: Money | None = None
    ) -> Intent:
        """The payer's card for a request; `amount` where it may be paid in parts."""
        return await self._do(
            requests.pay, request_id, by, amount=amount, policy=self.policy, now=self.clock()
        )

    async def decline(self, request_id: str, by: PersonId) -> Request:
        """Whoever is asked says no."""
        return await self._do(requests.decline, request_id, by, now=self.clock())

    async def report(self, request_id: str, by: PersonId, reason: ReportReason) -> Request:
        """Whoever is asked tells operators: the request is declined, who asks is blocked."""
        return await self._do(requests.report, request_id, by, reason, now=self.clock())

    async def cancel_request(self, request_id: str, by: PersonId) -> Request:
        """The requester takes it back."""
        return await self._do(requests.cancel, request_id, by, now=self.clock())

    async def remind(self, request_id: str, by: PersonId) -> Request:
        """Asks the payer once more."""
        return await self._do(
            requests.remind, request_id, by, policy=self.policy, now=self.clock()
        )

    # in any chat -------------------------------------------------------------------------------

    async def gift(
        self,
        payer_id: PersonId,
        *,
        amount: Money,
        note: str = "",
        group_id: ConversationId | None = None,
        origin: str | None = None,
    ) -> Intent:
        """The card for money that waits for whoever takes it first (then `ask_pin`).

        In a group it is told there, with what it takes to take it.
        """
        return await self._do(
            intents.gift,
            payer_id,
            amount=amount,
            note=note,
            group_id=group_id,
            origin=origin,
            policy=self.policy,
            now=self.clock(),
        )

    async def offer(
        self, maker_id: PersonId, wanted: Sequence[tuple[OfferKind, Money]], *, note: str
    ) -> list[Offer]:
        """What this person may put into a chat; nothing is asked for or sent by it yet."""
        return await self._do(
            offers.make, maker_id, wanted, note=note, policy=self.policy, now=self.clock()
        )

    async def ask_as_offered(self, offer_id: str) -> Request:
        """The request that an offer stands for, made when anybody takes it up; always the same."""
        return await self._do(offers.ask, offer_id, policy=self.policy, now=self.clock())

    async def send_as_offered(self, offer_id: str, by: PersonId) -> Intent:
        """The card of the gift that an offer stands for, for its maker; always the same."""
        return await self._do(offers.send, offer_id, by, policy=self.policy, now=self.clock())
