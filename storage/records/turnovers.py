"""What people have paid and been paid, as running totals.

Each row is a total so far, so a sum since some moment is the difference of two rows that an index
finds, however many payments lie between them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from msgspec.structs import replace

from payments.models import Level, Millis, PersonId, Side, Turnover
from payments.policy import DAY, HOUR, MONTH
from storage.connection import Row, json_array
from storage.workspace import Workspace

_NEVER = 2**63 - 1


class _Kept(NamedTuple):
    """What was looked up, and from when until when it is true: until a payment is too long ago."""

    turnover: Turnover
    since: Millis
    until: Millis


class Turnovers:
    """`payments.ports.Turnovers` on any engine."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._kept: dict[tuple[PersonId, Side, str], _Kept] = workspace.keep(
            "turnovers", "phones", "bank_accounts", "pins"
        )

    def look_up(
        self, person_ids: Collection[PersonId], *, side: Side, currency: str, now: Millis
    ) -> None:
        """Looks up these people's, for all that follows until something leaves an hour, a day or
        a month.
        """
        unknown = [each for each in person_ids if self._find(each, side, currency, now) is None]
        if not unknown:
            return
        for row in self._workspace.all(
            "turnovers",
            ids=json_array(unknown),
            side=side.value,
            currency=currency,
            hour=now - HOUR,
            day=now - DAY,
            month=now - MONTH,
        ):
            self._keep(_turnover(row, side, currency), since=now, until=_until(row))

    def of(self, person_id: PersonId, *, side: Side, currency: str, now: Millis) -> Turnover:
        """What it is now, and what else limits go by."""
        found = self._find(person_id, side, currency, now)
        if found is not None:
            return found
        self.look_up((person_id,), side=side, currency=currency, now=now)
        return self._kept[person_id, side, currency].turnover

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
        counted = replace(
            turnover,
            counted_at=max(now, turnover.counted_at),
            number=turnover.number + number,
            total_minor=turnover.total_minor + amount_minor,
            hour_number=turnover.hour_number + number,
            day_minor=turnover.day_minor + amount_minor,
            month_minor=turnover.month_minor + amount_minor,
        )
        _, since, until = self._kept[turnover.person_id, turnover.side, turnover.currency]
        self._keep(counted, since=since, until=min(until, counted.counted_at + HOUR))
        self._workspace.put_down(
            "add_turnover",
            person_id=counted.person_id,
            side=counted.side.value,
            currency=counted.currency,
            counted_at=counted.counted_at,
            number=counted.number,
            total=counted.total_minor,
        )

    def _find(
        self, person_id: PersonId, side: Side, currency: str, now: Millis
    ) -> Turnover | None:
        kept = self._kept.get((person_id, side, currency))
        return None if kept is None or not kept.since <= now < kept.until else kept.turnover

    def _keep(self, turnover: Turnover, *, since: Millis, until: Millis) -> None:
        key = turnover.person_id, turnover.side, turnover.currency
        self._kept[key] = _Kept(turnover, since, until)


def _turnover(row: Row, side: Side, currency: str) -> Turnover:
    person_id, *figures, _in_hour, _in_day, _in_month, phones, banks, replaced_at = row
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


def _until(row: Row) -> Millis:
    """When the first of what counts now no longer does."""
    *_figures, in_hour, in_day, in_month, _phones, _banks, _replaced_at = row
    firsts = ((in_hour, HOUR), (in_day, DAY), (in_month, MONTH))
    return min((first + span for first, span in firsts if first is not None), default=_NEVER)


def _level(*, phone: bool, bank: bool) -> Level:
    if not phone:
        return Level.TERMS
    return Level.BANK if bank else Level.PHONE
