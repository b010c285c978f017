"""Groups of the platform, which may go on under another id."""

from __future__ import annotations

from payments import notices
from payments.models import ConversationId, Millis
from payments.ports import Tx


def moved(tx: Tx, old: ConversationId, new: ConversationId, *, now: Millis) -> None:
    """A group goes on as another one, which is shown what is open in it; once.

    What was shown in the old one can no longer be changed.
    """
    for request_id in tx.groups.move(old, new):
        notices.request_in_group(tx, request_id, new, now)
