"""What was just drawn on a message, so that it is not drawn on it once more.

The last tap turns the payer's card into its receipt at once, and the notice of the same payment
then finds the very same to draw. It leaves it out where that is sure to have arrived:

- Only an edit that Telegram confirmed counts. One that failed, or a bot that was killed before it,
  leaves nothing here, and the notice draws the receipt; one under way is waited for a moment.
- What counts is the exact text and buttons that the notice would draw from the present state. A
  state never comes back once it has passed: what is paid can be given back, more and more of it;
  what waits is taken or returned. So if the present state looks like what was drawn, no worker
  has drawn a later one meanwhile. (A name may come back. The receipt then has, at worst, the one
  that its bearer had in between.) A worker that knows nothing of the edit draws.
- Whatever else this process draws on the message makes it forget; and what is remembered serves
  once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.cards import Screen
from payments.models import ConversationId, PersonId

_MOST = 1_000
"""A notice comes within moments; what it did not ask for is of no use later."""
_PATIENCE_S = 1.0
"""An edit that takes longer may never arrive, and the receipt is not to wait for it."""

Place = tuple[ConversationId, int, PersonId | None]
"""A message: its chat, its number there, and who alone sees it, if it is an aside."""


@dataclass(slots=True)
class Drawing:
    """An edit, from before it is known what to draw until it has arrived or failed."""

    _screen: Screen | None = None
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    def arrived(self, screen: Screen) -> None:
        """Telegram has confirmed it."""
        self._screen = screen

    def end(self) -> None:
        """Nothing more will come of it."""
        self._ended.set()

    async def showed(self, screen: Screen) -> bool:
        """Whether this was drawn, once it has ended; False if that takes too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                await self._ended.wait()
        return self._screen is not None and _same(self._screen, screen)


class Drawn:
    """The latest drawings of this process that a notice may find to have been made."""

    def __init__(self) -> None:
        self._drawings: OrderedDict[Place, Drawing] = OrderedDict()

    @contextlib.contextmanager
    def drawing(self, place: Place) -> Iterator[Drawing]:
        """Around looking up, drawing and sending what a message comes to show."""
        drawing = self._drawings[place] = Drawing()
        self._drawings.move_to_end(place)
        if len(self._drawings) > _MOST:
            self._drawings.popitem(last=False)
        try:
            yield drawing
        finally:
            drawing.end()

    def forget(self, place: Place) -> None:
        """Something else is drawn on the message."""
        self._drawings.pop(place, None)

    async def shows(self, place: Place, screen: Screen) -> bool:
        """Whether the message was drawn like this; it is forgotten by asking."""
        drawing = self._drawings.pop(place, None)
        return drawing is not None and await drawing.showed(screen)


def _same(one: Screen, other: Screen) -> bool:
    (one_html, one_markup), (other_html, other_markup) = one, other
    if one_markup is None or other_markup is None:
        return one_html == other_html and one_markup is other_markup
    return one_html == other_html and one_markup.to_dict() == other_markup.to_dict()
