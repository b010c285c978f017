"""The Mini App's requests and the pages: from other sites, by other people, too long, too deep."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

from starlette.routing import Route

from bot.texts import _locale
from bot.web.app.server import MiniApp
from tests.attacks.doors import Site, nothing_moves
from tests.chat.driver import Chatpay, Customer, is_keypad
from tests.faults.test_others_buttons import belongings

_PREFIX = "/app/api"
PATHS = (
    "/app/api/cards/..%2f..%2fhome",
    "/app/api/cards/%2e%2e/home",
    "/app/api//home",
    "/app/%2e%2e/%2e%2e/etc/passwd",
    "/assets/..%2f..%2f..%2fsettings.py",
    "/p/..%2f..%2fhealthz",
    "/p/%00",
    "/p/%ff%fe",
    "/telegram/",
    "/telegram/%2e%2e/healthz",
    "//evil.example/%2f..",
)
_DRAFT = {"who": "@bob", "amount": "5", "note": ""}


def routes() -> Iterator[tuple[str, str]]:
    """Every request that the Mini App's server knows: method and path."""
    nobody = cast("Any", None)
    app = MiniApp(nobody, nobody, token="1:x", public_url="http://x", api_url="http://y")
    for route in app.routes():
        assert isinstance(route, Route)
        if route.path.startswith(_PREFIX):
            for method in sorted(route.methods or ()):
                if method != "HEAD":
                    yield method, route.path.removeprefix(_PREFIX)


ROUTES = sorted(routes())


def test_the_routes_are_the_ones_attacked() -> None:
    """Looking, paying, devices, codes: a new one is attacked as soon as it is there."""
    assert len(ROUTES) >= 18
    assert ("POST", "/cards/{id}/keypad") in ROUTES


def somewhere(path: str, subject: str = "AAAAAAAAAAAAAAAA") -> str:
    return path.replace("{id}", subject)


async def test_another_site_sends_nothing_in_a_visitors_name(
    chatpay: Chatpay, site: Site, alice: Customer, bob: Customer
) -> None:
    """Whatever a foreign page, a frame without origin or a form could send is answered 403."""
    mine = await site.init_data(alice)
    card_id = await site.card(alice, "bob", "5")
    before = belongings(chatpay, alice)
    foreign = [
        "https://evil.example",
        "null",
        site.url + ".evil.example",
        site.url + "/",
        "http://127.0.0.1",
    ]
    with nothing_moves(chatpay):
        for method, path in ROUTES:
            origins: list[str | None] = [*foreign, *([None] if method != "GET" else [])]
            for origin in origins:
                status, answer = await site.ask(
                    method, somewhere(path, card_id), mine, _DRAFT, Origin=origin
                )
                assert (status, set(answer)) == (403, {"error", "code"}), (method, path, origin)
        async with site.session.options(
            f"{site.url}{_PREFIX}/cards",
            headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
        ) as preflight:
            assert not [name for name in preflight.headers if name.lower().startswith("access-")]
    assert belongings(chatpay, alice) == before


async def test_nobody_asks_without_a_signature(
    chatpay: Chatpay, site: Site, alice: Customer, mallory: Customer
) -> None:
    """None, another scheme, or Alice's words under Mallory's signature: 401 on every route."""
    hers, his = await site.init_data(alice), await site.init_data(mallory)
    spliced = hers.partition("&hash=")[0] + "&hash=" + his.partition("&hash=")[2]
    with nothing_moves(chatpay):
        for method, path in ROUTES:
            for header in (None, "", "tma ", f"tma {spliced}", f"Bearer {his}", f"TMA {his}x"):
                status, answer = await site.ask(
                    method, somewhere(path), "", _DRAFT, Authorization=header
                )
                assert (status, answer["code"]) == (401, "forged"), (method, path, header)


async def test_everybody_has_their_own_cards_keypads_devices_and_receipts(
    chatpay: Chatpay, site: Site, alice: Customer, bob: Customer, mallory: Customer
) -> None:
    """Asked for by their ids, on every route that takes one, in somebody else's name: nothing."""
    await alice.approve(await alice.ask("/pay @bob 1", "Pay Bob"))
    await alice.see("✅ Paid")
    card_id = await site.card(alice, "bob", "5")
    _, keypad = await site.ask("POST", "/devices", await site.init_data(alice))
    keys = cast("list[str]", keypad["keys"])
    for at, digit in enumerate(alice.pin):
        tap = {"key": keys[int(digit)], "tap": f"t{at}"}
        _, enrolled = await site.ask(
            "POST", f"/keypads/{keypad['id']}", await site.init_data(alice), tap
        )
    keypad_id, keys = await site.keypad(alice, card_id)
    (payment,) = [row[0] for row in belongings(chatpay, alice)["payments"] if "posted" in row]
    hers = [card_id, keypad_id, str(enrolled["device"]), payment]
    body = {"key": keys[0], "tap": "x", "token": str(enrolled["token"]), **_DRAFT, "known": True}

    before = belongings(chatpay, alice)
    his = await site.init_data(mallory)
    with nothing_moves(chatpay):
        for method, path in ROUTES:
            if "{id}" in path:
                for subject in hers:
                    status, answer = await site.ask(method, somewhere(path, subject), his, body)
                    closed = "keypads" in path and status == 200 and answer["next"] == "home"
                    assert status in {403, 422} or closed, (method, path, status, answer)
    assert belongings(chatpay, alice) == before


async def cut_off(site: Site, beginning: bytes, filling: bytes) -> bool:
    """Whether somebody who never comes to an end is turned away before four megabytes."""
    reader, writer = await asyncio.open_connection(*site.address)
    writer.write(beginning)
    for _ in range(64):
        writer.write(filling * (65_536 // len(filling)))
        try:
            await writer.drain()
        except ConnectionError:
            break
        if reader.at_eof():
            break
        await asyncio.sleep(0.01)
    else:
        writer.close()
        return False
    writer.close()
    return True


async def test_what_is_too_long_or_too_deep_is_refused_and_forgotten(
    chatpay: Chatpay, site: Site, alice: Customer
) -> None:
    """Bodies of any length in one piece or many, deep JSON, huge numbers, headers and addresses:
    refused, and the next request is answered as ever.
    """
    mine = await site.init_data(alice)
    usual = {"Authorization": f"tma {mine}", "Origin": site.url}

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * 65_536
            await asyncio.sleep(0)

    bodies: list[tuple[Any, int]] = [
        (b"x" * 5_000, 413),
        (endless(), 413),
        (b"[" * 4_000, 400),
        (b'{"who":' * 500 + b"1" + b"}" * 500, 400),
        (b'{"who": "bob", "amount": ' + b"9" * 4_000 + b"}", 400),
        (b'{"amount": NaN, "who": "bob"}', 400),
        (b"\xff\xfe\xff", 400),
        (b'{"who": "bob", "amount": "1"} {"who": "eve"}', 400),
    ]
    with nothing_moves(chatpay):
        for body, wanted in bodies:
            async with site.session.post(
                f"{site.url}{_PREFIX}/cards", data=body, headers=usual
            ) as answer:
                assert answer.status == wanted, body
        for beginning in (
            b"GET /app HTTP/1.1\r\nX-Long: ",
            b"GET /p/",
            b"GET /app/api/home?",
            b"GET /app HTTP/1.1\r\nX: y\r\n",
        ):
            filling = b"X: y\r\n" if beginning.endswith(b"\n") else b"x"
            assert await cut_off(site, beginning, filling), beginning
        assert (await site.ask("GET", "/home", mine))[0] == 200


async def test_paths_lead_nowhere_else(chatpay: Chatpay, site: Site, alice: Customer) -> None:
    """Dots, doubled slashes, escapes: 404, no redirect, nothing of the machine's files."""
    with nothing_moves(chatpay):
        for path in PATHS:
            reader, writer = await asyncio.open_connection(*site.address)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            assert answer.startswith(b"HTTP/1.1 404 "), (path, answer[:200])
            for word in (b"root:", b"import ", b"location:"):
                assert word not in answer.lower(), path


async def test_a_page_believes_no_header_about_where_it_is(
    site: Site, chatpay: Chatpay, alice: Customer
) -> None:
    """A forged Host reaches neither the page nor its links."""
    token = (await alice.ask("/link 5 cake", "t.me")).text.partition("start=l_")[2][:16]
    headers = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "host=evil.example",
    }
    with nothing_moves(chatpay):
        async with site.session.get(f"{site.url}/p/{token}", headers=headers) as answer:
            page = await answer.text()
    assert answer.status == 200
    assert "evil.example" not in page + str(answer.headers)
    assert f"{site.url}/p/{token}" in page


async def test_a_forged_address_does_not_lengthen_patience(site: Site, alice: Customer) -> None:
    """Whoever tries tokens is counted by the address that the proxy saw, not by what they say."""
    statuses = []
    for number in range(12):
        headers = {"X-Forwarded-For": f"10.9.8.{number}, 203.0.113.7"}
        async with site.session.get(f"{site.url}/p/{number:016}", headers=headers) as answer:
            statuses.append(answer.status)
    assert statuses[0] == 404
    assert statuses[-1] == 429


async def test_two_approvals_at_once_pay_once(
    chatpay: Chatpay, site: Site, alice: Customer, bob: Customer
) -> None:
    """The last tap in the chat and in the Mini App, each thirty times at once: one payment."""
    card = await alice.ask("/pay @bob 5", "Pay Bob")
    await alice.press(card, "Pay €5.00")
    shown = await alice.see(is_keypad)
    last = shown.button(alice.pin[5])["callback_data"]
    await alice.tap(shown, alice.pin[:5])
    mine = await site.init_data(alice)
    keypad_id = last.split(":")[3]
    body = {"key": last.rpartition(":")[2], "tap": "again"}
    await asyncio.gather(
        *(alice.person.press_data(shown, last, wait=0) for _ in range(30)),
        *(site.ask("POST", f"/keypads/{keypad_id}", mine, body) for _ in range(30)),
    )
    await alice.see("✅ Paid")
    assert (await alice.balance(), await bob.balance()) == ("€95.00", "€105.00")


async def test_a_shared_message_says_what_the_bot_says(
    chatpay: Chatpay, site: Site, alice: Customer, mallory: Customer
) -> None:
    """What is shared goes out "via the bot": its words are the bot's, and the link one's own."""
    his, hers = await site.init_data(mallory), await site.init_data(alice)
    _, asked = await site.ask("POST", "/requests", his, {"who": "", "amount": "5"})
    _, link = await site.ask("GET", "/link", hers)
    forged = "✅ Paid €500.00 to Bob @bob"
    with nothing_moves(chatpay):
        status, _ = await site.ask("POST", "/share", his, {"url": asked["url"], "title": forged})
        assert status == 200
        for foreign in (link["url"], "https://evil.example/?start=l_x", "", asked["url"] + "x"):
            status, answer = await site.ask(
                "POST", "/share", his, {"url": foreign, "title": forged}
            )
            assert status in {400, 403}, (foreign, answer)
    (call,) = await chatpay.telegram.calls("savePreparedInlineMessage")
    assert "Mallory asks for €5.00" in str(call["params"])
    assert "500.00" not in str(call["params"])


async def test_languages_that_nobody_speaks_fill_no_memory(site: Site, chatpay: Chatpay) -> None:
    """Tags made up by the hundred, and very long ones, are answered in English and not kept."""
    for number in range(30):
        tags = [f"x{number}q{tag}" for tag in range(19)]
        header = ",".join([*tags, f"l{number}" + "g" * 20_000])
        async with site.session.get(
            f"{site.url}/app", headers={"Accept-Language": header}
        ) as page:
            assert page.headers.get("Vary") == "Accept-Language"
            assert 'lang="en"' in await page.text()
    assert _locale.cache_info().currsize <= 256
