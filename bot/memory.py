"""What the bot remembers of its chats: which message shows what, and what it has asked.

It is kept in the database, so a restart forgets nothing and any worker can take any update.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from payments.models import Card, ConversationId, PersonId, Prompt
from payments.policy import MINUTE
from payments.ports import Store
from payments.service import Clock


class ChatMemory:
    """Cards and questions, kept in the store.

    Args:
        store: where they are kept.
        clock: epoch milliseconds.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def remember_card(
        self,
        subject_id: str,
        chat_id: ConversationId,
        message_id: int,
        *,
        receiver_id: PersonId | None = None,
    ) -> None:
        """A message now shows a subject; several messages may.

        Args:
            subject_id: what it shows.
            chat_id: where it is.
            message_id: its number there; of an aside, its number among those of its receiver.
            receiver_id: who alone sees it, if it is an aside (`bot/aside.py`).
        """
        card = Card(subject_id, chat_id, message_id, receiver_id)
        await self._store.write(lambda tx: tx.cards.put(card))

    async def cards_of(self, subject_id: str) -> list[Card]:
        """All messages that show a subject."""
        return await self._store.look(lambda tx: tx.cards.of(subject_id))

    async def forget_card(self, card: Card) -> None:
        """The message is gone, or shows something else now."""
        await self._store.write(lambda tx: tx.cards.drop(card))

    async def forget_aside(
        self, chat_id: ConversationId, message_id: int, receiver_id: PersonId
    ) -> None:
        """This number was given to a new aside: whatever was shown under it is gone."""
        await self._store.write(lambda tx: tx.cards.forget(chat_id, message_id, receiver_id))

    async def subject_shown(
        self, chat_id: ConversationId, message_id: int, receiver_id: PersonId | None = None
    ) -> str | None:
        """What a message shows; None if it shows nothing that is remembered."""
        return await self._store.look(lambda tx: tx.cards.shown(chat_id, message_id, receiver_id))

    async def remember_elsewhere(self, subject_id: str, inline_id: str) -> bool:
        """A message in a chat that the bot is not in shows a subject; False if it has another."""
        return await self._store.write(lambda tx: tx.cards.put_elsewhere(subject_id, inline_id))

    async def elsewhere(self, subject_id: str) -> list[str]:
        """All such messages that show a subject, by their inline message ids."""
        return await self._store.look(lambda tx: tx.cards.elsewhere(subject_id))

    async def forget_elsewhere(self, inline_id: str) -> None:
        """The message is gone."""
        await self._store.write(lambda tx: tx.cards.drop_elsewhere(inline_id))

    async def ask(
        self,
        person_id: PersonId,
        chat_id: ConversationId,
        expects: str,
        *,
        subject_id: str = "",
        draft: Mapping[str, object] | None = None,
        minutes: int = 15,
    ) -> None:
        """What this person types next in this chat answers a question; an older one is dropped.

        Args:
            person_id: who was asked.
            chat_id: where.
            expects: the room's own word for the question, such as "pay.amount".
            subject_id: what the answer is about.
            draft: what has been said so far, where nothing else holds it (plain JSON values).
            minutes: how long the question stays open.
        """
        prompt = Prompt(
            person_id=person_id,
            conversation_id=chat_id,
            expects=expects,
            subject_id=subject_id,
            draft=json.dumps(dict(draft or {}), ensure_ascii=False),
            expires_at=self._clock() + minutes * MINUTE,
        )
        await self._store.write(lambda tx: tx.prompts.put(prompt))

    async def asked(self, person_id: PersonId, chat_id: ConversationId) -> Prompt | None:
        """The question that is open, if any. Read its draft with `draft_of`."""
        now = self._clock()
        return await self._store.look(lambda tx: tx.prompts.get(person_id, chat_id, now))

    async def answered(self, person_id: PersonId, chat_id: ConversationId) -> None:
        """The question was answered, or put aside."""
        await self._store.write(lambda tx: tx.prompts.drop(person_id, chat_id))


def draft_of(prompt: Prompt) -> dict[str, object]:
    """The draft that `ChatMemory.ask` was given."""
    draft: dict[str, object] = json.loads(prompt.draft or "{}")
    return draft
