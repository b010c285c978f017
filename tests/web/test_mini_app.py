"""What the Mini App asks for when money is added, an amount is doubtful, or a name only near."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.demo import free_port
from bot.settings import Mode
from payments.money import Money
from simulator.client import Telegram
from simulator.server import LocalTelegram
from storage.audit import verify
from storage.sqlite import snapshot
from tests.attacks.doors import Site
from tests.chat.books import books
from tests.chat.driver import Chatpay, Clock, Customer

KEY = "4f1c6a1e-1111-4222-8333-444455556666"


@pytest.fixture
async def chatpay(tmp_path: Path) -> AsyncIterator[Chatpay]:
    """The bot with its web side; afterwards every invariant of its books holds."""
    place = f"127.0.0.1:{free_port()}"
    changes: dict[str, object] = {"public_url": f"http://{place}", "listen": place}
    async with LocalTelegram() as server, Telegram(server.url) as telegram:
        running = Chatpay(telegram, tmp_path, Clock(), changes)
        await running.start()
        yield running
        await running.stop()
    with snapshot(running.database) as connection:
        assert verify(connection) == []


@pytest.fixture
async def site(chatpay: Chatpay, web: aiohttp.ClientSession) -> Site:
    return Site(chatpay, web)


@pytest.fixture
async def alice(chatpay: Chatpay) -> Customer:
    return await chatpay.customer("Alice")


async def available(chatpay: Chatpay, customer: Customer) -> list[Money]:
    return [each.available for each in await chatpay.payments.balances(customer.id)]


async def test_money_is_added_once_for_one_key(
    chatpay: Chatpay, site: Site, alice: Customer
) -> None:
    """A request that is sent again adds nothing; another amount of the same screen does."""
    mine = await site.init_data(alice)
    five = {"key": KEY, "minor": 500, "currency": "EUR"}
    for _ in range(3):
        assert await site.ask("POST", "/topup", mine, five) == (
            200,
            {"said": "€5.00 of play money added."},
        )
    assert await available(chatpay, alice) == [Money(10_500, "EUR")]
    await site.ask("POST", "/topup", mine, {"key": KEY, "amount": "7,50"})
    assert await available(chatpay, alice) == [Money(11_250, "EUR")]


async def test_what_nobody_was_offered_is_not_added(
    chatpay: Chatpay, site: Site, alice: Customer
) -> None:
    """Amounts and keys that the script never sends are refused, and nothing moves."""
    mine = await site.init_data(alice)
    before = books(chatpay)
    for changed in (
        {"minor": 0},
        {"minor": -500},
        {"minor": 5.5},
        {"minor": True},
        {"minor": "500"},
        {"minor": 10**30},
        {"currency": "ZZZ"},
        {"currency": ""},
        {"key": ""},
        {"key": "x" * 41},
    ):
        body = {"key": KEY, "minor": 500, "currency": "EUR", **changed}
        assert (await site.ask("POST", "/topup", mine, body))[0] == 400, changed
    assert books(chatpay) == before


async def test_the_days_cap_holds_here_too(chatpay: Chatpay, site: Site, alice: Customer) -> None:
    """It is refused in the chat's words, with what is still possible."""
    before = books(chatpay)
    body = {"key": KEY, "amount": "900.01"}
    status, refused = await site.ask("POST", "/topup", await site.init_data(alice), body)
    assert (status, refused["code"]) == (422, "LimitExceeded")
    assert "€900.00 is possible now" in str(refused["error"])
    assert books(chatpay) == before


async def test_nothing_is_added_for_somebody_elses_card(
    chatpay: Chatpay, site: Site, alice: Customer
) -> None:
    """Nor is it told what the card lacks."""
    bob = await chatpay.customer("Bob", money="")
    card_id = await site.card(alice, "bob", "120")
    theirs = await site.init_data(bob)
    before = books(chatpay)
    body = {"key": KEY, "minor": 500, "currency": "EUR"}
    for method, sent in (("GET", None), ("POST", body)):
        status, refused = await site.ask(method, f"/cards/{card_id}/topup", theirs, sent)
        assert (status, refused["code"]) == (403, "NotYours")
    assert books(chatpay) == before


async def test_a_card_offers_what_it_lacks_in_its_own_currency(
    chatpay: Chatpay, site: Site, alice: Customer
) -> None:
    """What is typed is of that currency, too."""
    await chatpay.customer("Bob", money="")
    mine = await site.init_data(alice)
    card_id = await site.card(alice, "bob", "$8")
    _, offer = await site.ask("GET", f"/cards/{card_id}/topup", mine)
    assert offer == {
        "amounts": [
            {"label": label, "minor": minor, "currency": "USD"}
            for label, minor in (("$8.00", 800), ("$10.00", 1_000), ("$20.00", 2_000))
        ]
        + [{"label": "$50.00", "minor": 5_000, "currency": "USD"}],
        "currency": "USD",
        "about": "The sandbox bank gives play money at once, up to $1,000.00 a day.",
    }
    await site.ask("POST", f"/cards/{card_id}/topup", mine, {"key": KEY, "amount": "8"})
    assert Money(800, "USD") in await available(chatpay, alice)
    _, card = await site.ask("GET", f"/cards/{card_id}", mine)
    assert (card["affordable"], card["topup"]) == (True, False)


async def test_a_doubtful_amount_comes_back_with_its_readings(
    chatpay: Chatpay, site: Site, alice: Customer
) -> None:
    """Each reading can be sent as it is; no card is made before."""
    await chatpay.customer("Bob", money="")
    mine = await site.init_data(alice)
    status, asked = await site.ask("POST", "/cards", mine, {"who": "bob", "amount": "1.230"})
    assert (status, asked) == (
        422,
        {
            "error": "Did you mean €1,230.00 or €1.23?",
            "code": "",
            "choices": [
                {"label": "€1,230.00", "minor": 123_000, "currency": "EUR"},
                {"label": "€1.23", "minor": 123, "currency": "EUR"},
            ],
        },
    )
    body = {"who": "bob", "amount": "1.230", "minor": 123, "currency": "EUR"}
    _, card = await site.ask("POST", "/cards", mine, body)
    assert card["amount"] == "€1.23"


async def test_whoever_is_known_takes_the_place_of_who_looks_like_them(
    chatpay: Chatpay, site: Site, alice: Customer
) -> None:
    """The card goes on with the same amount; a card without a look-alike offers nothing."""
    bob = await chatpay.customer("Bob", money="", username="bob_lee")
    mine = await site.init_data(alice)
    first = await chatpay.payments.draft(alice.id, payees=[bob.id], amount=Money(100, "EUR"))
    await alice.start(f"i_{first.id}")
    await alice.approve(await alice.see("Left afterwards"), "Pay €1.00")
    await bob.see("paid you")

    card_id = await site.card(alice, "b0b_lee", "2")
    _, card = await site.ask("GET", f"/cards/{card_id}", mine)
    assert card["instead"] == "Pay Bob instead"
    _, card = await site.ask("POST", f"/cards/{card_id}/instead", mine)
    payees = card["payees"]
    assert isinstance(payees, list)
    assert [payee["username"] for payee in payees] == ["@bob_lee"]
    assert (card["amount"], card["instead"], card["warnings"]) == ("€2.00", "", [])
    assert await available(chatpay, alice) == [Money(9_900, "EUR")]


async def test_real_money_is_not_given_away(site: Site, chatpay: Chatpay, alice: Customer) -> None:
    """Without the sandbox there is no button, neither at home nor for a card, and no money."""
    await chatpay.customer("Bob", money="")
    await chatpay.stop()
    chatpay.changes |= {"mode": Mode.LIVE, "require": ()}
    await chatpay.start()
    mine = await site.init_data(alice)
    card_id = await site.card(alice, "bob", "120")
    before = books(chatpay)

    _, home = await site.ask("GET", "/home", mine)
    _, card = await site.ask("GET", f"/cards/{card_id}", mine)
    body = {"key": KEY, "minor": 500, "currency": "EUR"}
    status, refused = await site.ask("POST", "/topup", mine, body)

    assert (home["topup"], card["affordable"], card["topup"]) == (False, False, False)
    assert (status, refused["error"]) == (
        422,
        "No bank is connected here yet, so money cannot be added or withdrawn.",
    )
    assert books(chatpay) == before
