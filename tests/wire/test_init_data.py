"""The door of the Mini App: what Telegram signed and nothing else, on every request."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode

import aiohttp
import pytest
from aiogram.utils.web_app import check_webapp_signature
from aiogram.utils.web_app_signature import check_webapp_signature as check_third_party

from bot.demo import free_port
from bot.web.init_data import Forged, Signed, Stale
from payments.policy import MINUTE
from simulator.client import Telegram
from simulator.mini_apps import PUBLIC_KEY
from simulator.server import LocalTelegram
from tests.chat.books import books
from tests.chat.driver import PIN, TOKEN, Chatpay, Clock, Customer

SEED = 20_260_601
NOW_S = 1_800_000_000
USER = {"id": 5, "first_name": "Ann", "language_code": "en"}


def signed(token: str = TOKEN, **fields: object) -> str:
    """`initData` as Telegram makes it, of any fields."""
    written = {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in fields.items()
    }
    return urlencode({**written, "hash": Signed(token).hash_of(written)}, quote_via=quote)


def valid(**fields: object) -> str:
    return signed(**{"query_id": "AA", "user": USER, "auth_date": str(NOW_S), **fields})


# --- the signature -------------------------------------------------------------------------------


def is_ours(init_data: str) -> bool:
    try:
        Signed(TOKEN)._checked(init_data)
    except Forged:
        return False
    return True


def test_aiogram_agrees_on_a_thousand() -> None:
    """Right, wrong and damaged data in many scripts: both readers say the same of each."""
    chance = random.Random(SEED)
    alphabet = "abcXYZ019 =&%+;\n\"'{}:,/é漢😀ض\u200f_-"
    verdicts = []
    for _ in range(1_000):
        fields = {
            "".join(chance.choices("abcdefgh_", k=chance.randint(1, 8))): "".join(
                chance.choices(alphabet, k=chance.randint(1, 30))
            )
            for _ in range(chance.randint(1, 6))
        }
        if chance.random() < 0.5:
            fields["signature"] = "".join(chance.choices(alphabet[:6], k=86))
        token = TOKEN if chance.random() < 0.8 else TOKEN[:-1] + "x"
        data = signed(token, **fields)
        if chance.random() < 0.4:
            at = chance.randrange(len(data))
            data = data[:at] + chance.choice("aZ0f") + data[at + 1 :]
        assert is_ours(data) == check_webapp_signature(TOKEN, data), (SEED, data)
        verdicts.append(is_ours(data))
    assert 300 < sum(verdicts) < 900


def test_what_telegram_signs_for_others_is_signed_for_us_too() -> None:
    """`signature` is among what `hash` covers: without it, or with another one, it is forged."""
    data = valid(signature="c2lnbmVk")
    assert Signed(TOKEN).read(data).profile.id == USER["id"]
    assert check_webapp_signature(TOKEN, data)
    for damaged in (data.replace("&signature=c2lnbmVk", ""), data.replace("c2lnbmVk", "c2lnbmVx")):
        assert damaged != data
        assert not check_webapp_signature(TOKEN, damaged)
        with pytest.raises(Forged):
            Signed(TOKEN).read(damaged)


def test_the_visitor_is_read() -> None:
    """Name, username, language, the moment, and where the link was to lead."""
    user = {"id": 2**51, "first_name": "Ann", "last_name": "Lee", "username": "ann"}
    visitor = Signed(TOKEN).read(valid(user=user, start_param="r_x"))
    assert visitor.profile.id == 2**51
    assert (visitor.profile.name, visitor.profile.username) == ("Ann Lee", "ann")
    assert visitor.profile.language == "en"
    assert visitor.signed_at == NOW_S * 1000
    assert visitor.start == "r_x"


@pytest.mark.parametrize(
    "data",
    [
        "",
        "hash=",
        "nonsense",
        valid()[:-1] + "0" if valid()[-1] != "0" else valid()[:-1] + "1",
        valid() + "&user=%7B%22id%22%3A6%7D",
        valid() + "&hash=00",
        valid().replace("Ann", "Bob"),
        valid().partition("&hash=")[0],
        signed(TOKEN[:-1] + "x", user=USER, auth_date=str(NOW_S)),
        signed(auth_date=str(NOW_S)),
        signed(user=USER),
        valid(user="[]"),
        valid(user="{"),
        valid(user={"id": "5", "first_name": "Ann"}),
        valid(user={**USER, "is_bot": True}),
        valid(auth_date="soon"),
        valid(padding="x" * 5_000),
    ],
)
def test_anything_else_is_forged(data: str) -> None:
    """Unsigned, signed with another token, added to, doubled, or about nobody."""
    with pytest.raises(Forged):
        Signed(TOKEN).read(data)


@pytest.mark.parametrize(
    ("ahead_ms", "fits"),
    [(0, True), (5 * MINUTE, True), (5 * MINUTE + 1, False), (-30_000, True), (-30_001, False)],
)
def test_a_signature_ages(ahead_ms: int, fits: bool) -> None:  # noqa: FBT001
    """It holds for its time, to the millisecond, and one from the future does not."""
    visitor = Signed(TOKEN).read(valid())
    now = NOW_S * 1000 + ahead_ms
    if fits:
        visitor.refuse_stale(age_ms=5 * MINUTE, now=now)
        return
    with pytest.raises(Stale):
        visitor.refuse_stale(age_ms=5 * MINUTE, now=now)


# --- over HTTP -----------------------------------------------------------------------------------


class Site:
    """The Mini App's server, asked as its script asks it."""

    def __init__(self, chatpay: Chatpay, session: aiohttp.ClientSession) -> None:
        self.chatpay = chatpay
        self.session = session
        self.url = str(chatpay.settings.public_url)

    async def init_data(self, customer: Customer) -> str:
        """What Telegram hands to somebody's Mini App now."""
        opened = await customer.person.act(
            "open_app", bot=self.chatpay.username, url=f"{self.url}/app"
        )
        fragment = str(opened["url"]).partition("#")[2]
        return dict(parse_qsl(fragment))["tgWebAppData"]

    async def ask(
        self, method: str, path: str, init_data: str, body: object = None, **headers: str
    ) -> tuple[int, dict[str, object]]:
        sent = {"Authorization": f"tma {init_data}", "Origin": self.url, **headers}
        async with self.session.request(
            method, f"{self.url}/app/api{path}", headers=sent, json=body
        ) as response:
            assert response.headers["Cache-Control"] == "no-store"
            return response.status, await response.json()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def site(tmp_path: Path, clock: Clock) -> AsyncIterator[Site]:
    place = f"127.0.0.1:{free_port()}"
    changes: dict[str, object] = {"public_url": f"http://{place}", "listen": place}
    async with LocalTelegram() as server, Telegram(server.url) as telegram:
        chatpay = Chatpay(telegram, tmp_path, clock, changes)
        await chatpay.start()
        async with aiohttp.ClientSession() as session:
            yield Site(chatpay, session)
        await chatpay.stop()


async def test_the_door(site: Site, clock: Clock) -> None:
    """Who may ask for what, and what is said to anybody else; nothing moves."""
    alice = await site.chatpay.customer("Alice")
    await site.chatpay.customer("Bob", money="")
    newcomer = await site.chatpay.newcomer("Dave")
    mine = await site.init_data(alice)

    status, home = await site.ask("GET", "/home", mine)
    assert (status, home["balances"]) == (
        200,
        [{"currency": "EUR", "available": "€100.00", "held": ""}],
    )
    assert (await site.ask("GET", "/home", mine.replace("Alice", "Alicf")))[0] == 401
    assert (await site.ask("GET", "/home", ""))[0] == 401
    status, refused = await site.ask("GET", "/home", await site.init_data(newcomer))
    assert (status, refused["code"]) == (403, "NotJoined")

    draft = {"who": "@bob", "amount": "5", "note": ""}
    status, card = await site.ask("POST", "/cards", mine, draft)
    assert (status, card["amount"]) == (200, "€5.00")
    rows = [
        ("POST", "/cards", {"Origin": "https://evil.example"}, draft, 403),
        ("GET", "/home", {"Origin": "https://evil.example"}, None, 403),
        ("POST", "/cards", {}, {"note": "x" * 5_000}, 413),
        ("POST", "/cards", {}, ["@bob"], 400),
        ("POST", "/cards", {}, {"who": 5}, 400),
        ("POST", "/cards", {}, {"who": "\ud800", "amount": "5"}, 400),
        ("POST", "/cards", {}, {"who": "a\0b", "amount": "5"}, 400),
        ("GET", "/cards/%00", {}, None, 404),
        ("POST", "/cards", {}, {"who": "@bob", "amount": "-5"}, 422),
        ("POST", "/cards", {}, {"who": "@bob", "amount": "1e3"}, 422),
        ("GET", "/cards/no_such_card", {}, None, 403),
        ("GET", "/receipts/no_such_receipt", {}, None, 403),
        ("GET", "/history?before=x&currency=EUR", {}, None, 400),
        ("DELETE", "/devices/no_such_device", {}, None, 403),
    ]
    for method, path, headers, body, wanted in rows:
        status, answer = await site.ask(method, path, mine, body, **headers)
        assert (status, set(answer)) == (wanted, {"error", "code"}), (method, path, body)

    clock.advance(minutes=6)
    for path in (f"/cards/{card['id']}/keypad", f"/cards/{card['id']}/device", "/devices"):
        status, answer = await site.ask("POST", path, mine, {})
        assert (status, answer["code"]) == (401, "stale")
    assert (await site.ask("GET", "/home", mine))[0] == 200
    clock.advance(hours=1)
    assert (await site.ask("GET", "/home", mine))[1]["code"] == "stale"
    clock.advance(hours=-3)
    assert (await site.ask("GET", "/home", mine))[1]["code"] == "stale"
    clock.advance(hours=2, minutes=-6)
    assert "100.00" in await alice.balance()


async def test_the_local_telegram_signs_as_telegram_does(site: Site) -> None:
    """Both ways, for the bot and for those without its token; other readers find no fault."""
    alice = await site.chatpay.customer("Alice", money="")
    data = await site.init_data(alice)
    bot_id = int(TOKEN.partition(":")[0])
    assert Signed(TOKEN).read(data).profile.id == alice.id
    assert check_webapp_signature(TOKEN, data)
    assert check_third_party(bot_id, data, PUBLIC_KEY)
    assert not check_third_party(bot_id + 1, data, PUBLIC_KEY)
    assert not check_third_party(bot_id, data.replace("Alice", "Alicf"), PUBLIC_KEY)
    without = data.partition("&signature=")[0] + "&hash=" + data.rpartition("&hash=")[2]
    assert (await site.ask("GET", "/home", without))[0] == 401


async def test_paths_and_methods(site: Site) -> None:
    """Nothing but the named files is served, and no page of ours is framed by anybody else."""
    for method, path, wanted in [
        ("POST", "/app", 405),
        ("DELETE", "/app/api/home", 405),
        ("GET", "/app/api/../../.env", 404),
        ("GET", "/app/x/%2e%2e/app.html", 404),
        ("GET", "/app/api", 404),
    ]:
        async with site.session.request(method, site.url + path) as response:
            assert response.status == wanted, (method, path)
    async with site.session.get(f"{site.url}/app") as response:
        page = await response.text()
        policy = response.headers["Content-Security-Policy"]
    telegram = site.chatpay.telegram.url
    assert f"frame-ancestors {telegram}" in policy
    assert f"script-src 'self' {telegram};" in policy
    assert "unsafe" not in policy
    assert f'<script src="{telegram}/js/telegram-web-app.js"></script>' in page
    script = page.partition('type="module" src="')[2].partition('"')[0]
    async with site.session.get(site.url + script) as response:
        assert response.status == 200
    for name in ("..%2fapp.html", "server.py", "app.html"):
        async with site.session.get(site.url + script.replace("app.js", name)) as response:
            assert response.status == 404


async def test_a_payment_is_not_replayed(site: Site) -> None:
    """Every request that paid, sent again: the card was paid once."""
    alice = await site.chatpay.customer("Alice")
    bob = await site.chatpay.customer("Bob", money="")
    mine = await site.init_data(alice)
    _, card = await site.ask("POST", "/cards", mine, {"who": "bob", "amount": "5"})
    _, keypad = await site.ask("POST", f"/cards/{card['id']}/keypad", mine)
    keys = keypad["keys"]
    assert isinstance(keys, list)
    taps = [{"key": keys[int(digit)], "tap": f"tap{at}"} for at, digit in enumerate(PIN)]
    answers = [await site.ask("POST", f"/keypads/{keypad['id']}", mine, tap) for tap in taps]
    assert answers[-1] == (200, {"next": "card", "card": card["id"], "said": ""})
    theirs = await site.init_data(bob)
    for tap in taps:
        await site.ask("POST", f"/keypads/{keypad['id']}", mine, tap)
        await site.ask("POST", f"/keypads/{keypad['id']}", theirs, tap)
    status, again = await site.ask("POST", f"/cards/{card['id']}/keypad", mine)
    assert (status, again["code"]) == (422, "NotOpen")
    status, again = await site.ask("GET", f"/cards/{card['id']}", theirs)
    assert (status, again["code"]) == (403, "NotYours")
    assert "95.00" in await alice.balance()
    assert "5.00" in await bob.balance()


async def test_no_keypad_for_much_money_and_somebody_new_unasked(site: Site) -> None:
    """The server asks whether the payee is known, whatever the script does; then nothing moved."""
    alice = await site.chatpay.customer("Alice", money="500")
    bob = await site.chatpay.customer("Bob", money="")
    mine = await site.init_data(alice)
    _, card = await site.ask("POST", "/cards", mine, {"who": "bob", "amount": "100.01"})
    before = books(site.chatpay)
    for body in (None, {}, {"known": False}, {"known": "true"}, {"known": 1}):
        status, refused = await site.ask("POST", f"/cards/{card['id']}/keypad", mine, body)
        assert (status, refused["code"]) == (422, "SecondLook"), body
    assert books(site.chatpay) == before
    _, device = await site.ask("POST", f"/cards/{card['id']}/device", mine, {"token": "x.y"})
    assert device["code"] == "DeviceUnknown"
    assert (await site.ask("GET", f"/cards/{card['id']}", mine))[1]["second_look"] == {
        "sentence": "You are about to pay €100.01 to Bob @bob, for the first time.",
        "question": "Somebody who writes in a hurry may be somebody else. "
        "Do you know who this is?",
        "yes": "Yes, I know Bob",
    }
    status, keypad = await site.ask("POST", f"/cards/{card['id']}/keypad", mine, {"known": True})
    assert (status, keypad["filled"]) == (200, 0)
    assert (await alice.balance(), await bob.balance()) == ("€500.00", "€0.00")


async def test_somebody_in_a_hurry_waits(site: Site) -> None:
    """Many requests at once are answered 429, with how long to wait."""
    alice = await site.chatpay.customer("Alice")
    mine = await site.init_data(alice)
    statuses = [(await site.ask("GET", "/devices", mine))[0] for _ in range(150)]
    assert statuses[:100] == [200] * 100
    assert 429 in statuses
