"""What operators do, and what they have stopped. Their reasons are sealed."""

from __future__ import annotations

from collections.abc import Collection

from payments.models import (
    ActionKind,
    Health,
    LoggedAction,
    Millis,
    OperatorAction,
    PersonId,
    Stops,
)
from storage.connection import json_array
from storage.sealing import Sealer, Use
from storage.workspace import Workspace

_EVERYBODY = 0
"""Stands for all people, where nothing moves."""


class Operators:
    """`payments.ports.Operators` on any engine."""

    def __init__(self, workspace: Workspace, sealer: Sealer) -> None:
        self._workspace = workspace
        self._sealer = sealer
        self._stopped: dict[PersonId, bool] = workspace.keep("pauses", "freezes")

    def look_up(self, person_ids: Collection[PersonId]) -> None:
        """Looks up who of these is stopped, for all that follows in this transaction."""
        asked = {_EVERYBODY, *person_ids}
        if self._stopped.keys() >= asked:
            return
        self._stopped.update(dict.fromkeys(asked, False))
        for (person_id,) in self._workspace.all("stops", ids=json_array(person_ids)):
            self._stopped[person_id] = True

    def stops(self, person_ids: Collection[PersonId]) -> Stops:
        """Whether no money moves now, and which of these people are frozen."""
        self.look_up(person_ids)
        frozen = frozenset(filter(self._stopped.__getitem__, person_ids))
        return Stops(paused=self._stopped[_EVERYBODY], frozen=frozen)

    def freeze(self, person_id: PersonId, now: Millis) -> None:
        """Nothing is paid by, or to, this person from now on (idempotent)."""
        self._workspace.run("freeze", person_id=person_id, now=now)

    def unfreeze(self, person_id: PersonId) -> None:
        """Ends that (idempotent)."""
        self._workspace.run("unfreeze", person_id=person_id)

    def pause(self, now: Millis) -> None:
        """No money moves from now on (idempotent)."""
        self._workspace.run("pause", now=now)

    def resume(self) -> None:
        """Ends that (idempotent)."""
        self._workspace.run("resume")

    def close_report(self, request_id: str, now: Millis) -> None:
        """What was reported of a request has been seen to (idempotent)."""
        self._workspace.run("close_report", request_id=request_id, now=now)

    def write_down(
        self, line_id: str, *, by: PersonId, action: OperatorAction, now: Millis
    ) -> None:
        """Writes into the log, where it stays, what an operator has done."""
        self._workspace.run(
            "add_to_operator_log",
            line_id=line_id,
            operator_id=by,
            kind=action.kind.value,
            subject_id=action.subject_id,
            person_id=action.person_id,
            reason=self._sealer.seal(action.reason.encode(), use=Use.OPERATOR_REASON, row=line_id),
            now=now,
        )

    def logged(self, limit: int) -> list[LoggedAction]:
        """What operators did, latest first."""
        lines = []
        for row in self._workspace.all("operator_log", rows=limit):
            line_id, operator_id, kind, subject_id, person_id, sealed, done_at = row
            reason = self._sealer.open(sealed, use=Use.OPERATOR_REASON, row=line_id).decode()
            action = OperatorAction(ActionKind(kind), subject_id, person_id, reason)
            lines.append(LoggedAction(line_id, operator_id, action, done_at))
        return lines

    def health(self) -> Health:
        """Whether the books add up, and what waits."""
        row = self._workspace.one("health")
        if row is None:
            raise LookupError("the database counts nothing")
        return Health(*row)
