"""Updates, written down before the platform is told that they arrived. Sealed until handled.

The first update of a lane that is not handled yet may be leased; the others of the lane wait for
`finish` to hand them on, or for `recover` once the lease has run out.
"""

from __future__ import annotations

from payments.models import Millis, StoredUpdate
from storage.connection import Connection, Row
from storage.sealing import Sealer, Use


class Inbox:
    """`payments.ports.Inbox` on any engine."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    def add(
        self, update: StoredUpdate, *, worker: str | None, now: Millis, lease_until: Millis
    ) -> StoredUpdate | None:
        """Writes an update down, once; answers it, leased, if `worker` is to handle it now."""
        self._connection.lock_lane(update.lane)
        added = self._connection.run(
            "add_update",
            update_id=update.update_id,
            lane=update.lane,
            payload=self._sealer.seal(update.payload, use=Use.INBOX_PAYLOAD, row=update.update_id),
            now=now,
        )
        if not added or worker is None:
            return None
        leased = self._connection.run(
            "lease_only_update",
            update_id=update.update_id,
            lane=update.lane,
            worker=worker,
            leased_until=lease_until,
        )
        return update if leased else None

    def finish(
        self, update_id: int, *, worker: str, now: Millis, lease_until: Millis
    ) -> StoredUpdate | None:
        """Marks an update handled and forgets its payload; answers the next of its lane, leased.

        Nothing happens where another worker has taken the update over.
        """
        held = self._connection.one("lane_of_update", update_id=update_id, worker=worker)
        if held is None:
            return None
        (lane,) = held
        self._connection.lock_lane(lane)
        if not self._connection.run("finish_update", update_id=update_id, worker=worker, now=now):
            return None
        row = self._connection.one(
            "lease_next_update", lane=lane, worker=worker, leased_until=lease_until
        )
        return None if row is None else self._update(row)

    def recover(
        self, *, worker: str, now: Millis, lease_until: Millis, limit: int
    ) -> list[StoredUpdate]:
        """Takes the oldest unhandled update of each lane whose lease ran out (its worker died)."""
        rows = self._connection.all(
            "recover_updates", worker=worker, now=now, leased_until=lease_until, rows=limit
        )
        return [self._update(row) for row in sorted(rows)]

    def renew(self, *, worker: str, lease_until: Millis) -> None:
        """The worker is alive: its leases last until then."""
        self._connection.run("renew_leases", worker=worker, leased_until=lease_until)

    def release(self, *, worker: str) -> None:
        """The worker stops: whoever recovers next may take over what it leased."""
        self._connection.run("renew_leases", worker=worker, leased_until=0)

    def leased_to(self, worker: str) -> list[StoredUpdate]:
        """What the worker has under way, as far as the store knows."""
        return [self._update(row) for row in self._connection.all("leased_updates", worker=worker)]

    def last_id(self) -> int | None:
        """The highest update id seen."""
        row = self._connection.one("last_update_id")
        return None if row is None else row[0]

    def forget(self, *, before: Millis) -> int:
        """Drops the ids of updates handled before then; how many."""
        return self._connection.run("forget_updates", before=before)

    def _update(self, row: Row) -> StoredUpdate:
        update_id, lane, payload = row
        plain = self._sealer.open(payload, use=Use.INBOX_PAYLOAD, row=update_id)
        return StoredUpdate(update_id, lane, plain)
