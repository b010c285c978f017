"""Chatpay in somebody else's bot: `examples/plugin.py`, as a process of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulator.client import Telegram
from tests.chat.driver import Customer
from tests.processes import ROOT, TOKEN, Running

HOST = "lunch_bot"


@pytest.fixture
async def host(telegram: Telegram, tmp_path: Path) -> AsyncIterator[Running]:
    await telegram.bot(TOKEN, username=HOST)
    running = Running(
        tmp_path,
        {
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": telegram.url,
            "SECRET_KEY": "a key of the host's, long enough",
        },
        (str(ROOT / "examples" / "plugin.py"),),
        ready="",
    )
    await running.start()
    yield running
    await running.kill()


@pytest.fixture
async def ann(host: Running, telegram: Telegram) -> Customer:
    """Somebody who has pressed the host's Start."""
    customer = Customer(await telegram.person("Ann", username="ann"), HOST)
    await customer.start()
    await customer.see("Hungry")
    return customer


async def only_answer(customer: Customer, text: str, wanted: str) -> None:
    """What is said is answered once, and by nobody else."""
    before = len(await customer.messages())
    await customer.ask(text, wanted)
    await customer.ask("/vote", "What is for lunch")  # whatever else was coming has come
    assert len(await customer.messages()) == before + 4


async def test_the_hosts_commands_and_buttons_stay_the_hosts(ann: Customer) -> None:
    """Its /start and /vote, its buttons, and its catch-all answer alone."""
    await only_answer(ann, "/start", "Hungry")
    await only_answer(ann, "/nonsense", "I only know lunch")
    ballot = await ann.ask("/vote", "What is for lunch")
    answer = await ann.press(ballot, "Pizza")
    assert answer.toast == "Pizza: 1"


async def test_chatpays_commands_are_chatpays(ann: Customer) -> None:
    """The host's catch-all does not answer them as well."""
    await only_answer(ann, "/help", "PIN")


@pytest.mark.parametrize("knows_moments", [True, False])
async def test_a_payment_in_the_hosts_bot(
    host: Running, telegram: Telegram, ann: Customer, *, knows_moments: bool
) -> None:
    """From a deep link over the welcome to the receipt: all of it works in the host's bot, also
    on a Bot API server that refuses moments.
    """
    await telegram.moments(known=knows_moments)
    bea = Customer(await telegram.person("Bea", username="bea"), HOST)
    for customer in (ann, bea):
        await customer.join("m_home")
        await customer.choose_pin()
    await ann.top_up("30")
    await ann.approve(await ann.ask("/pay @bea 10 pizza", "Pay Bea"))
    await ann.see("Paid €10.00")
    await bea.see("paid you €10.00")

    ended = await host.stop()

    said = ["moments_unknown" in line for line in ended.out.splitlines()]
    assert (ended.code, said) == (0, [] if knows_moments else [True])
