"""Buttons and links that nobody made: callback data and start parameters of forged clients."""

from __future__ import annotations

import base64
import re
import secrets
import sqlite3
from contextlib import closing
from itertools import chain
from pathlib import Path

import bot
from payments import ids
from simulator.client import Message, SimulatorError
from tests.attacks.doors import nothing_moves
from tests.chat.driver import Chatpay, Customer

_ROOM_AND_VERB = re.compile(r'"([a-z])",\s+"([a-z_]+)"')
_ROOMS = re.compile(r'pattern\("([a-z])"\)')
SQL = "x' OR 1=1 --"


def rooms_and_verbs() -> list[tuple[str, str]]:
    """Every room and verb that a button of the bot has, as its sources name them."""
    sources = [path.read_text() for path in Path(str(bot.__file__)).parent.glob("*.py")]
    rooms = set(chain.from_iterable(map(_ROOMS.findall, sources)))
    pairs = set(chain.from_iterable(map(_ROOM_AND_VERB.findall, sources)))
    return sorted(pair for pair in pairs if pair[0] in rooms)


async def last_of(mallory: Customer) -> Message:
    """The bot's last message that is still there."""
    texts = [message for message in await mallory.messages() if message.raw.get("text")]
    return next(message for message in reversed(texts) if message.author_id != mallory.id)


async def send(mallory: Customer, message: Message, data: str) -> Message:
    """Sends callback data: it is answered, without a bug.

    Answers the message that it was sent from, another one if the bot has removed that.
    """
    try:
        answer = await mallory.person.press_data(message, data)
    except SimulatorError:
        return await send(mallory, await last_of(mallory), data)
    assert answer.answered, data
    assert "our side" not in (answer.toast or ""), data
    return message


async def test_callback_data_that_no_button_has(
    chatpay: Chatpay, alice: Customer, mallory: Customer
) -> None:
    """Each verb with nothing, words, SQL, huge and negative numbers: answered, nothing moves."""
    shown = await mallory.ask("/pay @alice 1", "Pay Alice")
    pairs = rooms_and_verbs()
    assert len(pairs) > 60
    endings = ("", f":{SQL}", f":{2**63}:-1:EUR", ":::\x00\u202e")
    with nothing_moves(chatpay):
        for room, verb in pairs:
            for ending in endings:
                shown = await send(mallory, shown, f"cp:{room}:{verb}{ending}")
        for data in ("cp", "cp:", "cp::", "cp:?:pay:x", "pay", "\U0001f4b6" * 16):
            await mallory.person.press_data(shown, data, wait=0)
    assert await mallory.balance() == "€100.00"


async def test_guessed_ids_open_nothing(
    chatpay: Chatpay, alice: Customer, bob: Customer, mallory: Customer
) -> None:
    """A start parameter one character off, and one that was never given out, say the same."""
    await alice.ask("/pay @bob 5", "Pay Bob")
    await alice.ask("/link 5 cake", "t.me")
    await alice.approve(await alice.ask("/pay @stranger 2", "@stranger"))
    waiting = await alice.see("is waiting for")
    (claim,) = re.findall(r"start=(c_[\w-]{16})", str(waiting.raw))
    with closing(sqlite3.connect(f"file:{chatpay.database}?mode=ro", uri=True)) as database:
        cards = database.execute("SELECT 'i_' || id FROM intents").fetchall()
        links = database.execute("SELECT 'l_' || id FROM links").fetchall()
    real = {claim, *(payload for (payload,) in cards + links)}
    assert {payload[0] for payload in real} == {"i", "l", "c"}
    answers: dict[str, set[str]] = {kind: set() for kind in "ilcr"}
    with nothing_moves(chatpay):
        for payload in sorted(real):
            off = payload[:-1] + ("A" if payload[-1] != "A" else "B")
            for guess in (
                off,
                payload[:2] + payload[2:].swapcase(),
                payload[:2] + secrets.token_urlsafe(12),
            ):
                answers[guess[0]].add(await answer_to(mallory, guess))
        answers["r"].add(await answer_to(mallory, "r_" + secrets.token_urlsafe(12)))
    assert all(len(said) == 1 for said in answers.values()), answers


async def answer_to(person: Customer, payload: str) -> str:
    """What the bot says to whoever opens a deep link."""
    await person.start(payload)
    return (await person.see(lambda message: bool(message.text))).text


def test_ids_leave_no_room_for_guessing() -> None:
    """Whatever a chat or link carries has 96 random bits, of the system's source."""
    makers = [
        make for name, make in vars(ids).items() if re.fullmatch(r"new_\w+_(id|token)", name)
    ]
    makers.remove(ids.new_payment_id)
    assert len(makers) >= 7
    for make in makers:
        made = {make() for _ in range(200)}
        assert len(made) == 200
        assert {len(base64.urlsafe_b64decode(one)) for one in made} == {12}
