"""What people have paid and been paid, as running totals.

Each row is a total so far, so a sum since some moment is the difference of two rows that an index
finds, however many payments lie between them.
"""

from __future__ import annotations

from collections.abc import Collection

from payments.models import Level, Millis, PersonId, Side, Turnover
from payments.policy import DAY, HOUR, MONTH
from storage.connection import Row, json_array
from storage.workspace import Workspace


class Turnovers:
    """`payments.ports.Turnovers` on any engine."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._turnovers: dict[tuple[PersonId, Side, str], Turnover] = workspace.keep_briefly(
            "turnovers", "phones", "bank_accounts", "pins"
        )

    def look_up(
        self, person_ids: Collection[PersonId], *, side: Side, currency: str, now: Millis
    ) -> None:
        """Looks up these people's, for all that follows in this transaction.

        What leaves a window of time before the transaction ends is still counted in it.
        """
        for row in self._workspace.all(
            "turnovers",
            ids=json_array(person_ids),
            side=side.value,
            currency=currency,
            hour=now - HOUR,
            day=now - DAY,
            month=now - MONTH,
        ):
            self._turnovers[row[0], side, currency] = _turnover(row, side, currency)

    def of(self, person_id: PersonId, *, side: Side, currency: str, now: Millis) -> Turnover:
        """What it is now, and what else limits go by."""
        if (person_id, side, currency) not in self._turnovers:
            self.look_up((person_id,), side=side, currency=currency, now=now)
        return self._turnovers[person_id, side, currency]

    def begins(self, turnover: Turnover, since: Millis) -> Millis | None:
        """When the first was counted that was counted after `since`."""
        row = self._workspace.one(
            "turnover_begins",
            person_id=turnover.person_id,
            side=turnover.side.value,
            currency=turnover.currency,
            since=since,
        )
        return None if row is None else row[0]

    def add(self, turnover: Turnover, *, number: int, amount_minor: int, now: Millis) -> None:
        """Counts payments after those of `turnover`; never before them, if the clock was set."""
        counted = Turnover(
            person_id=turnover.person_id,
            side=turnover.side,
            currency=turnover.currency,
            level=turnover.level,
            pin_replaced_at=turnover.pin_replaced_at,
            counted_at=max(now, turnover.counted_at),
            number=turnover.number + number,
            total_minor=turnover.total_minor + amount_minor,
            hour_number=turnover.hour_number + number,
            day_minor=turnover.day_minor + amount_minor,
            month_minor=turnover.month_minor + amount_minor,
        )
        self._turnovers[turnover.person_id, turnover.side, turnover.currency] = counted
        self._workspace.put_down(
            "add_turnover",
            person_id=counted.person_id,
            side=counted.side.value,
            currency=counted.currency,
            counted_at=counted.counted_at,
            number=counted.number,
            total=counted.total_minor,
        )


def _turnover(row: Row, side: Side, currency: str) -> Turnover:
    person_id, *figures, phones, banks, replaced_at = row
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


def _level(*, phone: bool, bank: bool) -> Level:
    if not phone:
        return Level.TERMS
    return Level.BANK if bank else Level.PHONE
