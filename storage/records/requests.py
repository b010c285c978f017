"""Who asks whom. Notes are sealed."""

from __future__ import annotations

from payments.models import Millis, PersonId, Report, ReportReason, Request, RequestState
from storage.connection import Connection, Row, json_array
from storage.sealing import Sealer, Use


class Requests:
    """`payments.ports.Requests` on any engine."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    def add(self, request: Request, *, origin: str | None) -> Request:
        """Stores a new request; the same origin (with the same payer) again answers the first."""
        made_by = _origin_of(request, origin)
        if made_by is not None:
            row = self._connection.one("request_by_origin", origin=made_by)
            if row is not None:
                return self._request(row)
        self._connection.run(
            "add_request",
            request_id=request.id,
            batch_id=request.batch_id,
            requester_id=request.requester_id,
            payer_id=request.payer_id,
            payer_username=request.payer_username,
            amount=request.amount_minor,
            paid=request.paid_minor,
            currency=request.currency,
            note=self._sealer.seal_note(request.note, use=Use.REQUEST_NOTE, row=request.id),
            partial=int(request.partial),
            state=request.state.value,
            group_id=request.group_id,
            reminders=request.reminders,
            reminded_at=request.reminded_at,
            created_at=request.created_at,
            expires_at=request.expires_at,
            origin=made_by,
        )
        return request

    def get(self, request_id: str) -> Request | None:
        """One request."""
        row = self._connection.one("request", request_id=request_id)
        return None if row is None else self._request(row)

    def batch(self, batch_id: str) -> list[Request]:
        """Those made together."""
        return self._requests(self._connection.all("requests_in_batch", batch_id=batch_id))

    def pay_if_open(
        self, request_id: str, amount_minor: int, payer_id: PersonId
    ) -> Request | None:
        """Counts a payment in; None if it is not open or the amount is too much."""
        row = self._connection.one(
            "pay_request", request_id=request_id, amount=amount_minor, payer_id=payer_id
        )
        return None if row is None else self._request(row)

    def move_if(self, request_id: str, *, state: RequestState, to: RequestState) -> bool:
        """Changes the state from `state`."""
        moved = self._connection.run(
            "move_request", request_id=request_id, before=state.value, state=to.value
        )
        return moved == 1

    def remind_if(self, request_id: str, *, most: int, not_since: Millis, now: Millis) -> bool:
        """Counts a reminder, if fewer than `most` were sent and none after `not_since`."""
        counted = self._connection.run(
            "remind_of_request", request_id=request_id, most=most, not_since=not_since, now=now
        )
        return counted == 1

    def open_by(self, requester_id: PersonId, limit: int) -> list[Request]:
        """Open requests that this person made, latest first."""
        return self._requests(
            self._connection.all("open_requests_by", requester_id=requester_id, rows=limit)
        )

    def open_to(self, payer_id: PersonId, limit: int) -> list[Request]:
        """Open requests that this person is asked to pay, latest first."""
        return self._requests(
            self._connection.all("open_requests_to", payer_id=payer_id, rows=limit)
        )

    def waiting_for(self, username: str) -> list[Request]:
        """Open requests to somebody who was known by @name only."""
        return self._requests(self._connection.all("requests_waiting_for", username=username))

    def set_payer(self, request_id: str, payer_id: PersonId) -> None:
        """The payer is known by id now."""
        self._connection.run("set_request_payer", request_id=request_id, payer_id=payer_id)

    def count(self, requester_id: PersonId, payer_id: PersonId, *, since: Millis) -> int:
        """How many requests of the one to the other are open, or taken back and made `since`."""
        row = self._connection.one(
            "count_requests", requester_id=requester_id, payer_id=payer_id, since=since
        )
        return 0 if row is None else row[0]

    def count_all(self, requester_id: PersonId, *, since: Millis) -> int:
        """How many requests of the one to anybody are open, or taken back and made `since`."""
        row = self._connection.one("count_all_requests", requester_id=requester_id, since=since)
        return 0 if row is None else row[0]

    def report(
        self, request_id: str, reporter_id: PersonId, reason: ReportReason, now: Millis
    ) -> None:
        """Writes down what operators should look at; said twice, the last reason."""
        self._connection.run(
            "add_report",
            request_id=request_id,
            reporter_id=reporter_id,
            reason=reason.value,
            now=now,
        )

    def reports(self, limit: int) -> list[Report]:
        """What operators should look at, latest first."""
        return [
            Report(reported_at, request_id, reported_id, reporter_id, ReportReason(reason))
            for reported_at, request_id, reported_id, reporter_id, reason in self._connection.all(
                "reports", rows=limit
            )
        ]

    def overdue(self, now: Millis, limit: int) -> list[Request]:
        """Open ones whose time is up."""
        return self._requests(self._connection.all("overdue_requests", now=now, rows=limit))

    def drop_ended(self, before: Millis, limit: int) -> list[str]:
        """Forgets requests that came to nothing and whose time was up by then; which."""
        rows = self._connection.all("ended_requests", before=before, rows=limit)
        ended = [request_id for (request_id,) in rows]
        if ended:
            self._connection.run("drop_requests", keys=json_array(ended))
        return ended

    def _requests(self, rows: list[Row]) -> list[Request]:
        return [self._request(row) for row in rows]

    def _request(self, row: Row) -> Request:
        request_id, batch_id, requester_id, payer_id, payer_username, amount, paid = row[:7]
        currency, note, partial, state, *rest = row[7:]
        return Request(
            request_id,
            batch_id,
            requester_id,
            payer_id,
            payer_username,
            amount,
            paid,
            currency,
            self._sealer.open_note(note, use=Use.REQUEST_NOTE, row=request_id),
            bool(partial),
            RequestState(state),
            *rest,
        )


def _origin_of(request: Request, origin: str | None) -> str | None:
    """What made a request, and for which payer: as it was then, known by id or by name."""
    if origin is None:
        return None
    return f"{origin} {(request.payer_username or '').lower() or request.payer_id or 'anyone'}"
