"""When a notice may leave out an edit: only where the very same was drawn just before."""

from __future__ import annotations

import asyncio
import time

import pytest
from markupsafe import Markup
from telegram import InlineKeyboardMarkup

from bot.cards import Screen
from bot.drawn import Drawn
from bot.keyboards import button, rows

HERE, THERE, ASIDE = (1, 7, None), (2, 7, None), (1, 7, 1)
PAID: Screen = (Markup("✅ Paid"), None)
GIVEN_BACK: Screen = (Markup("✅ Paid, ↩️ all of it was given back"), None)


def waiting(label: str = "Take back") -> Screen:
    """A receipt with a button, made anew."""
    return Markup("⏳ waiting"), rows([button(label, "i", "takeback", "p")])


@pytest.fixture
def drawn() -> Drawn:
    return Drawn()


def draw(drawn: Drawn, screen: Screen) -> None:
    """An edit that Telegram confirmed."""
    with drawn.drawing(HERE) as drawing:
        drawing.arrived(screen)


@pytest.mark.parametrize("screen", [PAID, waiting()], ids=["text", "text and buttons"])
async def test_what_was_drawn_is_left_out_once(drawn: Drawn, screen: Screen) -> None:
    """Its text and its buttons count; asked again, nothing is remembered."""
    draw(drawn, screen)
    html, markup = screen
    again = None if markup is None else InlineKeyboardMarkup(markup.inline_keyboard)
    assert await drawn.shows(HERE, (Markup(str(html)), again))
    assert not await drawn.shows(HERE, screen)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (PAID, GIVEN_BACK),
        (waiting(), (waiting()[0], None)),
        ((waiting()[0], None), waiting()),
        (waiting(), waiting("Take it back")),
    ],
    ids=["other text", "no buttons", "buttons", "other buttons"],
)
async def test_what_has_changed_since_is_drawn(drawn: Drawn, before: Screen, now: Screen) -> None:
    """Whoever has drawn the later state, the present one is compared with what was drawn here."""
    draw(drawn, before)
    assert not await drawn.shows(HERE, now)


async def test_an_edit_that_failed_was_not_drawn(drawn: Drawn) -> None:
    """Not confirmed, refused, or given up."""
    with drawn.drawing(HERE):
        pass
    assert not await drawn.shows(HERE, PAID)
    with pytest.raises(RuntimeError), drawn.drawing(HERE):
        raise RuntimeError
    assert not await drawn.shows(HERE, PAID)


async def test_an_edit_under_way_is_waited_for(drawn: Drawn) -> None:
    """The notice may come while the receipt is on its way; what comes of that decides."""
    with drawn.drawing(HERE) as drawing:
        asked = asyncio.create_task(drawn.shows(HERE, PAID))
        await asyncio.sleep(0.01)
        assert not asked.done()
        drawing.arrived(PAID)
    assert await asked


async def test_an_edit_that_takes_too_long_is_not_waited_for(drawn: Drawn) -> None:
    """After a second the notice draws it itself."""
    began = time.monotonic()
    with drawn.drawing(HERE):
        assert not await drawn.shows(HERE, PAID)
    assert 1.0 <= time.monotonic() - began < 5.0


async def test_whatever_else_is_drawn_makes_it_forget(drawn: Drawn) -> None:
    """A later edit of the message by the same process, or a later drawing."""
    draw(drawn, PAID)
    drawn.forget(HERE)
    assert not await drawn.shows(HERE, PAID)
    draw(drawn, PAID)
    draw(drawn, GIVEN_BACK)
    assert not await drawn.shows(HERE, PAID)


async def test_messages_are_told_apart(drawn: Drawn) -> None:
    """By their chat, and by who alone sees them."""
    draw(drawn, PAID)
    assert not await drawn.shows(THERE, PAID)
    assert not await drawn.shows(ASIDE, PAID)
    assert await drawn.shows(HERE, PAID)


async def test_a_thousand_are_remembered(drawn: Drawn) -> None:
    """The oldest makes way for the next."""
    for number in range(1_001):
        with drawn.drawing((number, 7, None)) as drawing:
            drawing.arrived(PAID)
    assert not await drawn.shows((0, 7, None), PAID)
    assert await drawn.shows((1, 7, None), PAID)
    assert await drawn.shows((1_000, 7, None), PAID)
