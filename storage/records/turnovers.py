"""What people have paid and been paid, as running totals.

Each row is a total so far, so a sum since some moment is the difference of two rows that an index
finds, however many payments lie between them.
"""

from __future__ import annotations

from payments.models import Level, Millis, PersonId, Side, Turnover
from payments.policy import DAY, HOUR, MONTH
from storage.connection import Connection


class Turnovers:
    """`payments.ports.Turnovers` on any engine."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, person_id: PersonId, *, side: Side, currency: str, now: Millis) -> Turnover:
        """What it is now, and what else limits go by."""
        row = self._connection.one(
            "turnover",
            person_id=person_id,
            side=side.value,
            currency=currency,
            hour=now - HOUR,
            day=now - DAY,
            month=now - MONTH,
        )
        if row is None:
            raise LookupError("a query for one row answered none")
        *figures, phones, banks, replaced_at = row
        counted_at, number, total, by_hour, by_day, by_month = (figure or 0 for figure in figures)
        return Turnover(
            person_id=person_id,
            side=side,
            currency=currency,
            level=_level(phone=bool(phones), bank=bool(banks)),
            pin_replaced_at=replaced_at,
            counted_at=counted_at,
            number=number,
            total_minor=total,
            hour_number=number - by_hour,
            day_minor=total - by_day,
            month_minor=total - by_month,
        )

    def begins(self, turnover: Turnover, since: Millis) -> Millis | None:
        """When the first was counted that was counted after `since`."""
        row = self._connection.one(
            "turnover_begins",
            person_id=turnover.person_id,
            side=turnover.side.value,
            currency=turnover.currency,
            since=since,
        )
        return None if row is None else row[0]

    def add(self, turnover: Turnover, *, number: int, amount_minor: int, now: Millis) -> None:
        """Counts payments after those of `turnover`; never before them, if the clock was set."""
        self._connection.run(
            "add_turnover",
            person_id=turnover.person_id,
            side=turnover.side.value,
            currency=turnover.currency,
            counted_at=max(now, turnover.counted_at),
            number=turnover.number + number,
            total=turnover.total_minor + amount_minor,
        )


def _level(*, phone: bool, bank: bool) -> Level:
    if not phone:
        return Level.TERMS
    return Level.BANK if bank else Level.PHONE
