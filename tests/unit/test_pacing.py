"""How long a notice waits for its turn, in seconds of a clock that the test moves."""

from __future__ import annotations

import pytest

from bot.pacing import NotYet, Pacer

ANN, BEA, CAT, GROUP = 1, 2, 3, -4


class Seconds:
    """A monotonic clock that stands still."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def pacer(seconds: Seconds) -> Pacer:
    return Pacer(seconds)


def send(pacer: Pacer, chat_id: int, times: int) -> None:
    for _ in range(times):
        pacer.spent(chat_id)


def test_a_chat_gets_a_few_at_once_then_one_a_second(pacer: Pacer, seconds: Seconds) -> None:
    """Five go out at once; the sixth waits a second; another chat does not."""
    send(pacer, ANN, 5)
    assert pacer.wait(ANN) == pytest.approx(1)
    assert pacer.wait(BEA) == 0
    seconds.now += 1
    assert pacer.wait(ANN) == pytest.approx(0)


def test_a_group_gets_twenty_a_minute(pacer: Pacer, seconds: Seconds) -> None:
    """The twenty-first waits until a twentieth of a minute has passed."""
    send(pacer, GROUP, 20)
    seconds.now += 1
    assert pacer.wait(GROUP) == pytest.approx(2)
    seconds.now += 2
    assert pacer.wait(GROUP) == pytest.approx(0)


def test_all_chats_together_get_thirty_a_second(pacer: Pacer, seconds: Seconds) -> None:
    """The thirty-first waits for a thirtieth of a second, wherever it goes."""
    for chat_id in range(100, 130):
        pacer.spent(chat_id)
    assert pacer.wait(ANN) == pytest.approx(1 / 30)
    seconds.now += 1
    assert pacer.wait(ANN) == 0


def test_a_429_holds_its_chat_and_a_second_one_holds_all(pacer: Pacer, seconds: Seconds) -> None:
    """One chat that must wait is its own matter; two are the bot's."""
    pacer.pause(ANN, 5)
    assert pacer.wait(ANN) == pytest.approx(5)
    assert pacer.wait(CAT) == 0
    pacer.pause(BEA, 7)
    assert pacer.wait(CAT) == pytest.approx(7)
    seconds.now += 7
    assert [pacer.wait(chat) for chat in (ANN, BEA, CAT)] == [0, 0, 0]


def test_an_edit_in_a_private_chat_waits_for_no_turn(pacer: Pacer) -> None:
    """However much was sent there and elsewhere; only a 429 holds it."""
    send(pacer, ANN, 40)
    assert pacer.wait_to_edit(ANN) == 0
    pacer.pause(ANN, 5)
    assert pacer.wait_to_edit(ANN) == pytest.approx(5)


async def test_an_edit_counts_in_a_group_alone(pacer: Pacer) -> None:
    """Forty edits of one's card leave its chat's turn where it was; a group's turn is spent."""
    for _ in range(40):
        async with pacer.turn_to_edit(ANN):
            pass
    assert pacer.wait(ANN) == 0
    for _ in range(20):
        async with pacer.turn_to_edit(GROUP):
            pass
    assert pacer.wait(GROUP) == pytest.approx(3)


async def test_an_answer_waits_for_nothing_and_is_counted(pacer: Pacer) -> None:
    """However many there are; a notice then waits for all of them."""
    for _ in range(7):
        async with pacer.answer(ANN):
            pass
    assert pacer.wait(ANN) == pytest.approx(1)


async def test_a_turn_that_is_far_away_is_not_waited_for(pacer: Pacer) -> None:
    """It says when to ask again, and nothing is counted."""
    pacer.pause(ANN, 7)
    with pytest.raises(NotYet) as refused:
        await pacer.turn(ANN).__aenter__()
    assert refused.value.seconds == pytest.approx(7)
    with pytest.raises(NotYet):
        await pacer.turn_to_edit(ANN).__aenter__()
    assert pacer.wait(BEA) == 0


async def test_a_turn_is_waited_for_and_counted() -> None:
    """With real seconds: the sixth message to a chat takes about one."""
    pacer = Pacer()
    for _ in range(5):
        async with pacer.turn(ANN):
            pass
    assert 0.9 < pacer.wait(ANN) <= 1
