"""What must be told, at least once."""

from __future__ import annotations

from payments.models import ConversationId, Millis, Notice, NoticeKind
from payments.policy import NOTICE_WAIT_MOST_MS
from storage.connection import Row
from storage.workspace import Workspace


class Outbox:
    """`payments.ports.Outbox` on any engine."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def add(self, kind: NoticeKind, *, to: ConversationId, subject_id: str, now: Millis) -> None:
        """Writes a notice, due at once."""
        self._workspace.put_down(
            "add_notice", kind=kind.value, conversation_id=to, subject_id=subject_id, now=now
        )

    def claim(self, *, now: Millis, lease_until: Millis, limit: int) -> list[Notice]:
        """Takes due notices, oldest first; nobody else gets them before `lease_until`."""
        rows = self._workspace.all(
            "claim_notices",
            now=now,
            latest=now + NOTICE_WAIT_MOST_MS,
            leased_until=lease_until,
            rows=limit,
        )
        return [_notice(row) for row in sorted(rows)]

    def done(self, notice_id: int) -> None:
        """It was sent."""
        self._workspace.run("drop_notice", notice_id=notice_id)

    def retry(self, notice_id: int, *, due_at: Millis) -> None:
        """It was not sent; again at that time, attempts raised."""
        self._workspace.run("retry_notice", notice_id=notice_id, due_at=due_at)

    def bury(self, notice_id: int, *, reason: str, now: Millis) -> None:
        """It can never be sent (blocked, chat gone); kept with the reason."""
        self._workspace.run("bury_notice", notice_id=notice_id, reason=reason, now=now)

    def drop_buried(self, before: Millis, limit: int) -> int:
        """Forgets what was buried by then; how many."""
        return self._workspace.run("drop_buried_notices", before=before, rows=limit)

    def waiting(self) -> int:
        """How many are not sent yet."""
        row = self._workspace.one("count_notices")
        return 0 if row is None else row[0]


def _notice(row: Row) -> Notice:
    notice_id, kind, *rest = row
    return Notice(notice_id, NoticeKind(kind), *rest)
