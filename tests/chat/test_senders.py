"""Who may use the bot at all, and what everybody is told when it is the bot that is wrong."""

from __future__ import annotations

import re

import pytest

from bot import wallet
from bot.context import Scene
from payments.errors import Conflict, Unavailable
from simulator.client import Telegram
from tests.chat.books import books
from tests.chat.driver import Chatpay, Customer


async def test_an_anonymous_administrator_is_told_to_write_as_oneself(
    telegram: Telegram, chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """Nobody knows who it is, so nothing is done; and it is not silence."""
    group = await telegram.group(
        "Lunch",
        [alice.person, bob.person],
        bots=[chatpay.username],
        anonymous_admins=[alice.id],
    )
    before = books(chatpay)
    await alice.person.send(group, "/pay @bob 5")
    await alice.person.expect(group, "Write as yourself")
    assert books(chatpay) == before
    assert await alice.balance() == "€100.00"


async def test_a_bug_is_told_by_a_reference_without_its_words(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    chatpay: Chatpay,
    alice: Customer,
) -> None:
    """The person gets a reference, the log gets the same one, and neither quotes the error."""

    async def broken(_scene: Scene) -> None:
        raise ZeroDivisionError("Alice has 100")

    monkeypatch.setattr(wallet, "open_balance", broken)
    before = books(chatpay)
    told = await alice.ask("/balance", "Something went wrong on our side")
    (reference,) = re.findall(r"reference ([0-9A-F]{6})", told.text)
    logged = capsys.readouterr().out
    assert reference in logged
    assert "ZeroDivisionError" in logged
    assert "Alice" not in logged + told.text
    assert books(chatpay) == before


async def test_an_outcome_that_is_not_known_is_not_called_a_failure(
    monkeypatch: pytest.MonkeyPatch, alice: Customer
) -> None:
    """Where the books do not answer, the person is told to look before trying again."""

    async def away(_scene: Scene) -> None:
        raise Unavailable("no answer")

    monkeypatch.setattr(wallet, "open_balance", away)
    told = await alice.ask("/balance", "/history")
    assert "failed" not in told.text.lower()


async def test_what_was_done_before_in_another_way_is_a_refusal(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    chatpay: Chatpay,
    alice: Customer,
) -> None:
    """The same id with other fields: the person is told what holds; the log tells of no bug."""

    async def twice(_scene: Scene) -> None:
        raise Conflict("transfer t_1 was made with other fields")

    monkeypatch.setattr(wallet, "open_balance", twice)
    before = books(chatpay)
    told = await alice.ask("/balance", "This was done before in another way")
    assert "see /history" in told.text
    assert "Something went wrong" not in told.text
    logged = capsys.readouterr().out
    assert "handler_failed" not in logged
    assert "not_done" not in logged
    assert books(chatpay) == before


async def test_a_rename_is_noticed_and_a_username_follows_its_holder(
    chatpay: Chatpay, alice: Customer, bob: Customer
) -> None:
    """@bob pays whoever has that name now, however often it wandered."""
    carol = await chatpay.customer("Carol", username="carol")
    await bob.person.change(username=None)
    await bob.ask("/balance", "€100.00")
    await carol.person.change(username="bob")
    await carol.ask("/balance", "€100.00")
    card = await alice.ask("/pay @bob 5", "Pay")
    assert "Carol" in card.text
    await carol.person.change(username=None)
    await carol.ask("/balance", "€100.00")
    await bob.person.change(username="bob")
    await bob.ask("/balance", "€100.00")
    card = await alice.ask("/pay @bob 5", "Pay")
    assert "Bob" in card.text
