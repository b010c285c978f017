"""What the bot was at when it was killed: read from the file it left, and from the screens."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

from tests.faults.payers import Payer, notes_seen


class Phase(StrEnum):
    """How far a piece of work had come."""

    NOT_STORED = "sixth tap made, not stored"
    STORED = "sixth tap stored, try not counted"
    COUNTED = "try counted, nothing posted"
    POSTED = "posted, no receipt on the screen"
    SHOWN = "receipt on the screen, not ticked off"
    UPDATE = "another update not handled"


INSIDE = (Phase.NOT_STORED, Phase.STORED, Phase.COUNTED, Phase.POSTED)
"""From the sixth tap to the receipt: what a payment is, to whoever waits for it."""


async def autopsy(
    database: Path, payers: Iterable[Payer], updates: list[dict[str, Any]]
) -> list[Phase]:
    """What was under way for each of the payers for whom anything was.

    Args:
        database: SQLite's file; it is left as it was found.
        payers: those who pay.
        updates: all that Telegram had for the bot.
    """
    phases = []
    with _copied(database) as books:
        for payer in payers:
            person_id = payer.customer.id
            made = {
                content["update_id"]
                for content in (update["update"] for update in updates)
                if _sender(content) == person_id
            }
            shown = payer.note in await notes_seen(payer.customer, "✅ Paid")
            phase = _phase(books, person_id, made, shown=shown, sixth=payer.waiting)
            if phase is not None:
                phases.append(phase)
    return phases


def _phase(
    books: sqlite3.Connection, person_id: int, made: set[int], *, shown: bool, sixth: bool
) -> Phase | None:
    """How far somebody's latest payment, or else their latest update, had come."""
    untold = books.execute(
        "SELECT 1 FROM outbox WHERE conversation_id = :person AND kind = 'intent'"
        " AND subject_id = (SELECT id FROM intents WHERE payer_id = :person AND state = 'posted'"
        " ORDER BY created_at DESC LIMIT 1)",
        {"person": person_id},
    ).fetchone()
    if untold:
        return Phase.SHOWN if shown else Phase.POSTED
    if books.execute(
        "SELECT 1 FROM keypads WHERE person_id = ? AND checking = 1", (person_id,)
    ).fetchone():
        return Phase.COUNTED
    stored = dict(
        books.execute("SELECT update_id, handled_at FROM inbox WHERE lane = ?", (person_id,))
    )
    waiting = [update_id for update_id, handled_at in stored.items() if handled_at is None]
    if not waiting and made <= set(stored):
        return None
    if not sixth:
        return Phase.UPDATE
    return Phase.STORED if waiting else Phase.NOT_STORED


@contextmanager
def _copied(database: Path) -> Iterator[sqlite3.Connection]:
    """A copy to look at: opening the file itself would tidy up what the next start must."""
    with tempfile.TemporaryDirectory(prefix="chatpay-autopsy-") as folder:
        for name in (database.name, f"{database.name}-wal"):
            if (file := database.with_name(name)).exists():
                shutil.copy(file, folder)
        with closing(sqlite3.connect(Path(folder) / database.name)) as books:
            yield books


def _sender(update: dict[str, Any]) -> int | None:
    contents = (part for name, part in update.items() if name != "update_id")
    return next((int(part["from"]["id"]) for part in contents if "from" in part), None)
