"""The chat page does whatever a person can do, keeps up with what happens, and can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from simulator.client import Person, Telegram
from simulator.server import LocalTelegram
from tests.browser.columns import newest, phone, write
from tests.browser.conftest import ARTIFACTS, OpenPage
from tests.browser.relay import Relay
from tests.browser.small_bot import NAME, USERNAME, SmallBot, button, inline, qr

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


# -- what people do ------------------------------------------------------------------------------


async def test_enter_sends_and_shift_enter_breaks_the_line(
    open_page: OpenPage, bot: SmallBot, ann: Person
) -> None:
    """What was typed arrives as it was, once."""
    page = await open_page()
    field = phone(page, ann).get_by_role("textbox", name="Message")
    await field.fill("one")
    await field.press("Shift+Enter")
    await field.press_sequentially("two")
    await field.press("Enter")
    await expect(newest(page, ann).locator(".text")).to_contain_text("one\ntwo")
    await expect(field).to_have_value("")
    assert await bot.next_text() == "/start"
    assert await bot.next_text() == "one\ntwo"


async def test_commands_are_offered(open_page: OpenPage, bot: SmallBot, ann: Person) -> None:
    """A slash lists the bot's commands with what they do; arrows choose, Tab fills in."""
    await bot.call(
        "setMyCommands",
        commands=[
            {"command": "pay", "description": "Send money"},
            {"command": "party", "description": "Split a bill"},
        ],
    )
    page = await open_page()
    field = phone(page, ann).get_by_role("textbox", name="Message")
    await field.press_sequentially("/pa")
    options = phone(page, ann).get_by_role("option")
    await expect(options).to_have_text([re.compile("/pay.*Send money"), re.compile("/party")])
    await field.press("Tab")
    await expect(field).to_have_value("/pay ")
    await field.fill("")
    await phone(page, ann).get_by_role("button", name="Bot commands").click()
    await field.press("ArrowDown")
    await field.press("Enter")
    await expect(newest(page, ann).locator(".text")).to_contain_text("/party")


async def test_a_bot_introduces_itself_in_an_empty_chat(
    open_page: OpenPage, bot: SmallBot, bob: Person
) -> None:
    """In one's own language, where it has that; gone with the first message."""
    await bot.call("setMyDescription", description="I pay people.")
    await bot.call("setMyDescription", description="Ich zahle Leute.", language_code="de")
    page = await open_page()
    introduction = phone(page, bob).locator(".introduction:visible")
    await expect(introduction).to_have_text("What can this bot do?I pay people.")
    await bob.change(language_code="de")
    await expect(introduction).to_have_text("What can this bot do?Ich zahle Leute.")
    await phone(page, bob).get_by_role("button", name="Start").click()
    await expect(newest(page, bob).locator(".text")).to_contain_text("/start")
    await expect(introduction).to_have_count(0)


async def test_start_block_and_unblock(open_page: OpenPage, bot: SmallBot, bob: Person) -> None:
    """An empty chat has one button, Start; a blocked bot's chat has Unblock."""
    page = await open_page()
    his = phone(page, bob)
    await his.get_by_role("button", name="Start").click()
    await expect(newest(page, bob).locator(".text")).to_contain_text("/start")
    await his.get_by_role("button", name="Chat menu").click()
    await his.get_by_role("menuitem", name="Block bot").click()
    await his.get_by_role("button", name="Unblock").click()
    await expect(his.get_by_role("textbox", name="Message")).to_be_visible()


async def test_reply_edit_and_delete(open_page: OpenPage, bot: SmallBot, ann: Person) -> None:
    """The menu of a message answers, changes and removes it, by keyboard too."""
    page = await open_page()
    await bot.say(ann.id, "Question")
    mine = phone(page, ann)
    await expect(newest(page, ann).locator(".text")).to_contain_text("Question")
    await newest(page, ann).click(button="right")
    await mine.get_by_role("menuitem", name="Reply").click()
    await write(page, ann, "Anser")
    await expect(newest(page, ann).locator(".quote-author")).to_have_text(NAME)

    field = mine.get_by_role("textbox", name="Message")
    await field.press("ArrowUp")
    await expect(field).to_have_value("Anser")
    await field.fill("Answer")
    await field.press("Enter")
    await expect(newest(page, ann).locator(".text")).to_contain_text("Answer")
    await expect(newest(page, ann).locator(".edited")).to_be_visible()

    await newest(page, ann).get_by_role("button", name="In reply to").click()
    await expect(mine.locator(".row", has_text="Question").first).to_have_class(re.compile("lit"))

    await mine.get_by_role("log").focus()
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Enter")
    await mine.get_by_role("menuitem", name="Delete").focus()
    await page.keyboard.press("Enter")
    await expect(mine.get_by_text("Answer")).to_have_count(0)


async def test_a_picture_is_sent(
    open_page: OpenPage, bot: SmallBot, ann: Person, tmp_path: Path
) -> None:
    """A chosen picture is shown first, then sent with its caption."""
    file = tmp_path / "till.png"
    file.write_bytes(qr("till"))
    page = await open_page()
    mine = phone(page, ann)
    await mine.locator("input[type=file]").set_input_files(file)
    await mine.get_by_role("textbox", name="Caption").fill("Our till")
    await mine.get_by_role("button", name="Send photo").click()
    await expect(newest(page, ann).get_by_role("img", name="Photo: Our till")).to_be_visible()
    message = await bot.next_update("message")
    while "photo" not in message:
        message = await bot.next_update("message")
    assert message["caption"] == "Our till"


async def test_unread_messages_are_counted(
    open_page: OpenPage, telegram: Telegram, bot: SmallBot, ann: Person, bob: Person
) -> None:
    """A chat that is not open counts what comes; opened, it shows where the new part begins."""
    group = await telegram.group("Lunch", [ann, bob], bots=[USERNAME])
    page = await open_page()
    his = phone(page, bob)
    await his.get_by_role("button", name="Lunch", exact=True).click()
    await his.get_by_role("button", name=NAME, exact=True).click()
    await ann.send(group, "Pizza?")
    await bot.say(group.id, "Pizza for two")
    await his.get_by_role("button", name="Lunch, 2 unread messages").click()
    await expect(his.get_by_text("2 unread messages")).to_be_visible()
    await expect(his.get_by_role("button", name="Lunch", exact=True)).to_have_attribute(
        "aria-current", "true"
    )
    await expect(newest(page, bob).locator(".author")).to_have_text(NAME)
    await write(page, bob, "Yes")
    await phone(page, ann).get_by_role("button", name=re.compile("^Lunch")).click()
    await expect(newest(page, ann).locator(".author")).to_have_text("Bob")


async def test_people_and_groups_are_made_and_renamed(
    open_page: OpenPage, telegram: Telegram, bot: SmallBot, ann: Person
) -> None:
    """From the page: a new person with a phone of their own, a new name, a group, other chats."""
    page = await open_page()
    await page.get_by_role("button", name="Add person").click()
    await page.get_by_label("First name").fill("Zoë")
    await page.get_by_label("Username").fill("zoe")
    await page.get_by_role("button", name="Add", exact=True).click()
    zoe = page.get_by_role("region", name="Zoë")
    await expect(zoe.get_by_role("button", name="Start")).to_be_visible()

    await zoe.get_by_role("button", name="Edit Zoë").click()
    await page.get_by_label("Last name").fill("Young")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("region", name="Zoë Young")).to_be_visible()

    await zoe.get_by_role("button", name="New chat").click()
    await zoe.get_by_role("button", name="New group").click()
    await zoe.get_by_label("Group name").fill("Book club")
    await zoe.get_by_role("checkbox", name="Ann Lee").click()
    await zoe.get_by_role("checkbox", name=NAME).click()
    await zoe.get_by_role("button", name="Create").click()
    await expect(zoe.locator("h3")).to_have_text("Book club")
    await expect(
        phone(page, ann).get_by_role("button", name=re.compile("Book club"))
    ).to_be_visible()
    groups = [chat for chat in (await telegram.state())["chats"] if chat["type"] == "group"]
    assert [(chat["title"], chat["bots"]) for chat in groups] == [("Book club", [bot.id])]

    await zoe.get_by_role("button", name="New chat").click()
    await zoe.get_by_role("button", name="Ann Lee").click()
    await zoe.get_by_role("textbox", name="Message").fill("Psst")
    await zoe.get_by_role("button", name="Send", exact=True).click()
    await phone(page, ann).get_by_role("button", name="Zoë Young, 1 unread message").click()
    await expect(newest(page, ann).locator(".text")).to_contain_text("Psst")


# -- how the page keeps up -----------------------------------------------------------------------


async def test_who_reads_further_up_stays_there(
    open_page: OpenPage, bot: SmallBot, ann: Person
) -> None:
    """New messages do not move the text being read; a button counts them and leads down."""
    for number in range(30):
        await bot.say(ann.id, f"Line {number}")
    page = await open_page()
    log = phone(page, ann).get_by_role("log")
    await expect(phone(page, ann).get_by_text("Line 29")).to_be_in_viewport()
    await log.evaluate("log => { log.scrollTop = 100 }")
    down = phone(page, ann).get_by_role("button", name="Scroll to the newest message")
    await expect(down).to_be_visible()
    await bot.say(ann.id, "Line 30")
    await expect(down).to_have_text("1")
    assert await log.evaluate("log => log.scrollTop") == 100
    await down.click()
    await expect(phone(page, ann).get_by_text("Line 30")).to_be_in_viewport()
    await expect(down).to_be_hidden()


async def test_the_page_catches_up_after_a_lost_connection(
    open_page: OpenPage, bot: SmallBot, ann: Person, server: LocalTelegram
) -> None:
    """What happened while the stream was cut is shown once, without loading the page again."""
    async with Relay(server.url) as network:
        page = await open_page(url=network.url)
        await page.evaluate("window.loadedOnce = true")
        await network.cut()
        await expect(page.locator("[data-connection=connecting]")).to_be_visible()
        await bot.say(ann.id, "While you were away")
        await network.mend()
        await expect(page.locator("[data-connection=live]")).to_be_visible()
        await expect(phone(page, ann).get_by_text("While you were away")).to_have_count(1)
        assert await page.evaluate("window.loadedOnce")


async def test_another_simulator_at_the_same_address_is_shown_anew(
    open_page: OpenPage, ann: Person, server: LocalTelegram
) -> None:
    """When the simulator was started again, the page shows its world and not the old one."""
    page = await open_page()
    await expect(phone(page, ann)).to_be_visible()
    port = int(server.url.rpartition(":")[2])
    await server.stop()
    async with LocalTelegram(port=port):
        await expect(page.get_by_role("heading", name="Nobody here yet")).to_be_visible()
        assert await page.locator("[data-person]").count() == 0


async def test_an_emptied_world_is_shown_empty(
    open_page: OpenPage, telegram: Telegram, ann: Person
) -> None:
    """After a reset nobody is there, and the page says what to do."""
    page = await open_page()
    await telegram.reset()
    await expect(page.get_by_role("heading", name="Nobody here yet")).to_be_visible()
    assert await page.locator("[data-person]").count() == 0


# -- how it looks --------------------------------------------------------------------------------


async def test_a_narrow_screen_shows_one_person(
    open_page: OpenPage, bot: SmallBot, ann: Person, bob: Person
) -> None:
    """There are tabs for people, with unread counts; nothing overflows, at 320 pixels neither."""
    page = await open_page(390, 844)
    await expect(phone(page, ann)).to_be_visible()
    await expect(phone(page, bob)).to_be_hidden()
    await page.get_by_role("tab", name="Bob").click()
    await expect(phone(page, bob)).to_be_visible()
    await bot.say(ann.id, f"{'w' * 200} https://example.com/{'x' * 80}")
    await page.get_by_role("tab", name="Ann Lee, 1 unread").click()
    await expect(page.get_by_role("tab", name="Ann Lee", exact=True)).to_be_visible()
    wider = """() => [...document.querySelectorAll('body, main, .phone.selected *')]
        .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
        .map(one => one.className)"""
    assert await page.evaluate(wider) == []
    await page.set_viewport_size({"width": 320, "height": 700})
    assert await page.evaluate(wider) == []
    assert await page.evaluate("document.documentElement.scrollWidth") == 320


async def test_the_theme_follows_the_device_until_it_is_chosen(
    open_page: OpenPage, ann: Person
) -> None:
    """Dark where the device is dark; the toggle wins and is remembered."""
    page = await open_page(color_scheme="dark")
    root = page.locator("html")
    await expect(root).to_have_attribute("data-theme", "dark")
    await page.get_by_role("button", name="Dark mode", pressed=True).click()
    await expect(root).to_have_attribute("data-theme", "light")
    await page.reload()
    await expect(root).to_have_attribute("data-theme", "light")


TEXT_ON = [
    *[("text", on) for on in ("in", "out", "surface", "surface-2")],
    *[("muted", on) for on in ("in", "surface", "surface-2")],
    *[("accent", on) for on in ("in", "surface", "surface-2", "accent-soft")],
    *[(f"name-{number}", "in") for number in range(7)],
    *[("out-muted", "out"), ("out-accent", "out"), ("danger", "surface"), ("success", "surface")],
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_can_be_read(open_page: OpenPage, ann: Person, scheme: str) -> None:
    """Every colour of text has the contrast of WCAG AA (4.5) on what it stands on."""
    page = await open_page(color_scheme=scheme)
    names = sorted({name for pair in TEXT_ON for name in pair})
    colours = await page.evaluate(
        """names => Object.fromEntries(names.map(name =>
            [name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`)]))""",
        names,
    )
    faint = {
        pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2)
        for pair in TEXT_ON
        if contrast(colours[pair[0]], colours[pair[1]]) < 4.5
    }
    assert faint == {}


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two `#rrggbb` colours (WCAG 2.2)."""
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """The relative luminance of a `#rrggbb` colour (WCAG 2.2)."""
    parts = [int(colour.strip()[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


async def test_pictures_of_the_page(
    open_page: OpenPage, telegram: Telegram, bot: SmallBot, ann: Person, bob: Person
) -> None:
    """Three people in two chats, kept under artifacts/ for somebody to look at."""
    await furnish(telegram, bot, ann, bob)
    ARTIFACTS.mkdir(exist_ok=True)
    for name, width, height, scheme in (
        ("page-light", 1440, 900, "light"),
        ("page-dark", 1440, 900, "dark"),
        ("page-phone", 390, 844, "light"),
    ):
        page = await open_page(width, height, color_scheme=scheme)
        await expect(newest(page, ann)).to_be_visible()
        groups = page.get_by_role("button", name=re.compile("^Flat 12"))
        if width > 1000:
            await groups.nth(2).click()
        await expect(phone(page, ann).locator("img").first).to_be_attached()
        await page.screenshot(path=ARTIFACTS / f"{name}.png")


async def furnish(telegram: Telegram, bot: SmallBot, ann: Person, bob: Person) -> None:
    """Something of everything in everybody's chats."""
    await bot.call("setMyCommands", commands=[{"command": "menu", "description": "What we have"}])
    layla = await telegram.person("ليلى", last_name="حداد", username="layla")
    await bob.start(USERNAME)
    await layla.start(USERNAME)
    chat = f"bot:{bot.id}:{ann.id}"
    await bot.say(
        ann.id,
        "👋 Welcome, <b>Ann</b>! Order with <code>/menu</code>, or tap a button.",
        reply_markup=inline(
            [button("☕ Coffee", "c", style="primary"), button("🥐 Croissant", "k")],
            [
                button("Hours", "h"),
                button("Copy link", copy_text={"text": f"https://t.me/{USERNAME}"}),
                button("Map", url="https://example.com/"),
            ],
        ),
    )
    await ann.send(chat, "Two coffees please")
    await bot.call(
        "sendPhoto",
        files={"photo": qr("https://t.me/shop_bot?start=order-42")},
        chat_id=ann.id,
        caption="Show this at the counter\n<blockquote>2 × coffee</blockquote>",
        parse_mode="HTML",
        reply_markup=inline(
            [button("Collect", "ok", style="success"), button("Cancel", "no", style="danger")]
        ),
    )
    await bot.say(
        bob.id,
        "<b>bold</b> <i>italic</i> <u>under</u> <s>struck</s> <tg-spoiler>a spoiler</tg-spoiler> "
        '<code>mono</code> <a href="https://example.com">link</a>\n'
        '<pre><code class="language-python">def total(cups):\n    return 2.5 * cups</code></pre>\n'
        f"<blockquote expandable>{'The whole story of the shop. ' * 9}</blockquote>",
    )
    await bot.call(
        "sendDocument", files={"document": b"a,b\n"}, chat_id=bob.id, caption="Your receipt"
    )
    await bob.send(f"bot:{bot.id}:{bob.id}", "Thanks!", reply_to=2)
    picker = {"request_id": 1, "max_quantity": 2}
    await bot.say(
        bob.id,
        "Who is it for?",
        reply_markup={
            "keyboard": [
                [{"text": "👥 Choose people", "request_users": picker}],
                [{"text": "📱 My number", "request_contact": True}, {"text": "Only me"}],
            ],
            "resize_keyboard": True,
            "input_field_placeholder": "Name or @username",
        },
    )
    group = await telegram.group("Flat 12", [ann, bob, layla], bots=[USERNAME])
    await ann.send(group, "Dinner tonight? I'll cook 🍝")
    await ann.send(group, "Everyone chips in")
    question = await bob.send(group, "Yes! How much?")
    await layla.send(group, "أنا قادمة، كم المبلغ؟")
    await ann.send(group, "Say 8 each", reply_to=question.id)
    await bot.say(
        group.id,
        "<b>Dinner</b> · 24.00 between 3\n\n✅ Ann 8.00\n⏳ Bob 8.00\n⏳ Layla 8.00",
        reply_markup=inline(
            [button("Pay my share", "p", style="success")], [button("Details", "d")]
        ),
    )
    await bob.send(group, "Paid 👍")
