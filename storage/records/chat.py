"""Which message shows what, what was asked and is to be typed, and where groups have gone."""

from __future__ import annotations

from collections.abc import Collection

from payments.models import Card, ConversationId, Millis, PersonId, Prompt
from storage.connection import Connection, json_array
from storage.sealing import Sealer, Use

_EVERYBODY = 0
"""In place of a receiver: a key has no NULL."""


class Cards:
    """`payments.ports.Cards` on any engine."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, card: Card) -> None:
        """Remembers that a message shows a subject (several messages may)."""
        self._connection.run("put_card", **_card_values(card))

    def of(self, subject_id: str) -> list[Card]:
        """All messages that show a subject."""
        rows = self._connection.all("cards_of_subject", subject_id=subject_id)
        return [
            Card(subject_id, conversation_id, message_id, receiver_id or None)
            for subject_id, conversation_id, message_id, receiver_id in rows
        ]

    def drop(self, card: Card) -> None:
        """The message is gone."""
        self._connection.run("drop_card", **_card_values(card))

    def drop_all(self, subject_ids: Collection[str]) -> None:
        """No message shows any of these any more.

        A message elsewhere is for good what it was: nobody may ever make another of it.
        """
        self._connection.run("drop_cards_of", keys=json_array(subject_ids))

    def shown(
        self, conversation_id: ConversationId, message_id: int, receiver_id: PersonId | None = None
    ) -> str | None:
        """The subject that a message shows."""
        row = self._connection.one(
            "subject_shown",
            conversation_id=conversation_id,
            message_id=message_id,
            receiver_id=receiver_id or _EVERYBODY,
        )
        return None if row is None else row[0]

    def forget(
        self, conversation_id: ConversationId, message_id: int, receiver_id: PersonId
    ) -> None:
        """The number of a message that only this person sees was given to another message."""
        self._connection.run(
            "forget_card",
            conversation_id=conversation_id,
            message_id=message_id,
            receiver_id=receiver_id,
        )

    def put_elsewhere(self, subject_id: str, inline_id: str) -> bool:
        """Remembers that a message shows a subject, unless it shows another."""
        self._connection.run("put_card_elsewhere", subject_id=subject_id, inline_id=inline_id)
        row = self._connection.one("subject_elsewhere", inline_id=inline_id)
        return row is not None and row[0] == subject_id

    def elsewhere(self, subject_id: str) -> list[str]:
        """Those messages of a subject."""
        rows = self._connection.all("cards_elsewhere", subject_id=subject_id)
        return [inline_id for (inline_id,) in rows]

    def drop_elsewhere(self, inline_id: str) -> None:
        """The message is gone."""
        self._connection.run("drop_card_elsewhere", inline_id=inline_id)


class Prompts:
    """`payments.ports.Prompts` on any engine."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    def put(self, prompt: Prompt) -> None:
        """Remembers a question; one a person and chat."""
        self._connection.run(
            "put_prompt",
            person_id=prompt.person_id,
            conversation_id=prompt.conversation_id,
            expects=prompt.expects,
            subject_id=prompt.subject_id,
            draft=self._sealer.seal(
                prompt.draft.encode(),
                use=Use.PROMPT_DRAFT,
                row=_row(prompt.person_id, prompt.conversation_id),
            ),
            expires_at=prompt.expires_at,
        )

    def get(
        self, person_id: PersonId, conversation_id: ConversationId, now: Millis
    ) -> Prompt | None:
        """The open question, if any."""
        row = self._connection.one(
            "prompt", person_id=person_id, conversation_id=conversation_id, now=now
        )
        if row is None:
            return None
        expects, subject_id, draft, expires_at = row
        opened = self._sealer.open(
            draft, use=Use.PROMPT_DRAFT, row=_row(person_id, conversation_id)
        )
        return Prompt(person_id, conversation_id, expects, subject_id, opened.decode(), expires_at)

    def drop(self, person_id: PersonId, conversation_id: ConversationId) -> None:
        """It was answered or put aside."""
        self._connection.run("drop_prompt", person_id=person_id, conversation_id=conversation_id)

    def drop_overdue(self, now: Millis) -> int:
        """Forgets questions that nobody answered in time; how many."""
        return self._connection.run("drop_overdue_prompts", now=now)


class Groups:
    """`payments.ports.Groups` on any engine."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def move(self, old: ConversationId, new: ConversationId) -> list[str]:
        """Names a group by its new id wherever it is remembered, and forgets what it shows.

        The messages of the old group are out of reach, and so is what was asked there.
        Answers the ids of its requests to anyone that are open.
        """
        rows = self._connection.all("open_requests_in", group_id=old)
        self._connection.run("move_notices", old=old, new=new)
        self._connection.run("move_cards", old=old, new=new)
        self._connection.run("move_requests", old=old, new=new)
        self._connection.run("drop_cards_in", conversation_id=old)
        self._connection.run("drop_prompts_in", conversation_id=old)
        return [request_id for (request_id,) in rows]


def _row(person_id: PersonId, conversation_id: ConversationId) -> str:
    return f"{person_id}:{conversation_id}"


def _card_values(card: Card) -> dict[str, object]:
    return {
        "subject_id": card.subject_id,
        "conversation_id": card.conversation_id,
        "message_id": card.message_id,
        "receiver_id": card.receiver_id or _EVERYBODY,
    }
