"""The chat page shows whatever a bot can show, and does whatever a person can do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from simulator.client import Person, Telegram
from tests.browser.columns import newest, phone, write
from tests.browser.conftest import OpenPage
from tests.browser.small_bot import USERNAME, SmallBot, button, inline, qr

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


# -- what bots show ------------------------------------------------------------------------------


async def test_entities_are_drawn_as_what_they_are(
    open_page: OpenPage, bot: SmallBot, ann: Person
) -> None:
    """Each kind of entity becomes its own element, around exactly its text."""
    page = await open_page()
    await bot.say(
        ann.id,
        "<b>bold <i>both</i></b> <u>under</u> <s>struck</s> <tg-spoiler>hidden</tg-spoiler> "
        '<code>mono</code> <a href="https://example.com/">away</a> @ann #tag /help 🙂\n'
        '<pre><code class="language-python">x = 1</code></pre>\n'
        "<blockquote>quoted</blockquote>\n"
        f"<blockquote expandable>{'long line ' * 30}</blockquote>",
    )
    text = newest(page, ann).locator(".text")
    await expect(text.locator("strong")).to_have_text("bold both")
    await expect(text.locator("strong em")).to_have_text("both")
    await expect(text.locator("u")).to_have_text("under")
    await expect(text.locator("s")).to_have_text("struck")
    await expect(text.locator(".mono")).to_have_text("mono")
    await expect(text.get_by_role("link", name="away")).to_have_attribute(
        "href", "https://example.com/"
    )
    await expect(text.get_by_role("button", name="@ann")).to_be_visible()
    await expect(text.get_by_role("button", name="/help")).to_be_visible()
    await expect(text.locator(".tag")).to_have_text("#tag")
    await expect(text.locator("pre code[data-language=python]")).to_have_text("x = 1")
    await expect(text.locator("blockquote").first).to_have_text("quoted")

    spoiler = text.get_by_role("button", name="Reveal spoiler")
    await spoiler.press("Enter")
    await expect(text.locator(".spoiler.revealed")).to_have_text("hidden")
    whole = text.get_by_role("button", name="Show the whole quote")
    await whole.click()
    await expect(text.get_by_role("button", name="Show less")).to_be_visible()


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ({"timezone_id": "Asia/Kolkata", "locale": "en-GB"}, "1 June 2026 at 17:30"),
        ({"timezone_id": "America/New_York", "locale": "de-DE"}, "1. Juni 2026 um 08:00"),
    ],
)
async def test_a_moment_is_shown_in_the_readers_time_zone_and_language(
    open_page: OpenPage, bot: SmallBot, ann: Person, place: dict[str, str], shown: str
) -> None:
    """Not in the bot's words, which stay where it asks for no form; the second is the tooltip."""
    page = await open_page(**place)
    await bot.say(
        ann.id,
        'Until <tg-time unix="1780315200" format="Dt">Jun 1, 2026, 12:00 PM UTC</tg-time>, '
        '<tg-time unix="1780315200">noon</tg-time>',
    )
    text = newest(page, ann).locator(".text")
    await expect(text).to_contain_text(f"Until {shown}, noon")
    moment = text.locator("time").first
    await expect(moment).to_have_attribute("datetime", "2026-06-01T12:00:00.000Z")
    await expect(moment).to_have_attribute("title", re.compile(shown.partition(" ")[0]))


async def test_what_people_and_bots_write_never_becomes_markup(
    open_page: OpenPage, telegram: Telegram, bot: SmallBot, ann: Person
) -> None:
    """Names, texts, titles, button labels, file names: all of it is shown letter by letter."""
    await ann.change(first_name=HOSTILE, last_name=None)
    group = await telegram.group(HOSTILE, [ann], bots=[USERNAME])
    await bot.call(
        "sendMessage",
        chat_id=ann.id,
        text=HOSTILE,
        entities=[{"type": "text_link", "offset": 0, "length": 4, "url": "http://x/?<b>"}],
        reply_markup=inline([button(HOSTILE, "x")]),
    )
    await ann.send(group, HOSTILE)
    page = await open_page()
    await expect(newest(page, ann).locator(".text")).to_contain_text(HOSTILE)
    await expect(newest(page, ann).get_by_role("button", name=HOSTILE)).to_be_visible()
    await expect(phone(page, ann).locator("h2")).to_have_text(HOSTILE)
    await phone(page, ann).get_by_role("button", name=HOSTILE, exact=True).first.click()
    assert await page.locator("main img, main script").count() == 0


async def test_a_pressed_button_waits_for_the_answer(
    open_page: OpenPage, bot: SmallBot, ann: Person
) -> None:
    """A press shimmers until the bot has answered, whose toast or alert is then shown."""
    page = await open_page()
    await bot.say(
        ann.id,
        "Choose",
        reply_markup=inline(
            [button("Pay", "p", style="success"), button("Decline", "d", style="danger")]
        ),
    )
    pay = newest(page, ann).get_by_role("button", name="Pay", exact=True)
    await expect(pay).to_have_class(re.compile("style-success"))
    await pay.click()
    query = await bot.next_press()
    assert query["data"] == "p"
    await expect(pay).to_have_attribute("aria-busy", "true")
    await bot.call("answerCallbackQuery", callback_query_id=query["id"], text="On its way")
    await expect(phone(page, ann).get_by_role("status").last).to_have_text("On its way")
    await expect(pay).not_to_have_attribute("aria-busy", "true")

    await newest(page, ann).get_by_role("button", name="Decline").click()
    query = await bot.next_press()
    await bot.call(
        "answerCallbackQuery", callback_query_id=query["id"], text="Sure?", show_alert=True
    )
    alert = phone(page, ann).get_by_role("dialog")
    await expect(alert).to_contain_text("Sure?")
    await page.keyboard.press("Enter")
    await expect(alert).to_have_count(0)


async def test_a_card_changes_where_it_stands(
    open_page: OpenPage, bot: SmallBot, ann: Person
) -> None:
    """An edit redraws the same row, says "edited", and keeps the buttons that kept their place."""
    page = await open_page()
    card = await bot.say(ann.id, "○○", reply_markup=inline([button("1", "a"), button("2", "b")]))
    row = newest(page, ann)
    await expect(row.locator(".text")).to_contain_text("○○")
    await row.evaluate("row => { window.row = row; window.key = row.querySelector('button') }")
    await bot.call(
        "editMessageText",
        chat_id=ann.id,
        message_id=card["message_id"],
        text="●○",
        reply_markup=inline([button("7", "c"), button("2", "d")]),
    )
    await expect(row.locator(".text")).to_contain_text("●○")
    await expect(row.locator(".edited")).to_be_visible()
    same = "row => row === window.row && row.querySelector('button') === window.key"
    assert await row.evaluate(same)
    await row.get_by_role("button", name="7").click()
    assert (await bot.next_press())["data"] == "c"

    await bot.call("editMessageText", chat_id=ann.id, message_id=card["message_id"], text="Done")
    await expect(row.get_by_role("button")).to_have_count(0)


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
async def test_a_deleted_message_goes(
    open_page: OpenPage, bot: SmallBot, ann: Person, motion: str
) -> None:
    """With movement or without, a deleted message leaves, and its day if it was the last."""
    page = await open_page(reduced_motion=motion)
    sent = await bot.say(ann.id, "Soon gone")
    row = phone(page, ann).get_by_text("Soon gone")
    await expect(row).to_be_visible()
    await bot.call("deleteMessage", chat_id=ann.id, message_id=sent["message_id"])
    await expect(row).to_have_count(0)
    await expect(phone(page, ann).locator(".day")).to_have_count(1)


async def test_pictures_and_documents(
    open_page: OpenPage, bot: SmallBot, ann: Person, tmp_path: Path
) -> None:
    """A small QR code is enlarged crisply, with its caption; a document is downloaded whole."""
    page = await open_page()
    await bot.call(
        "sendPhoto",
        files={"photo": qr("https://t.me/shop_bot")},
        chat_id=ann.id,
        caption="<b>Scan</b> me",
        parse_mode="HTML",
    )
    picture = newest(page, ann).get_by_role("img", name="Photo: Scan me")
    await expect(picture).to_have_css("image-rendering", "pixelated")
    await expect(newest(page, ann).locator(".text strong")).to_have_text("Scan")
    await newest(page, ann).get_by_role("button", name="Enlarge").click()
    viewer = page.get_by_role("dialog", name="Photo: Scan me")
    await expect(viewer).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(viewer).to_have_count(0)

    await bot.call("sendDocument", files={"document": b"a,b\n1,2\n"}, chat_id=ann.id)
    async with page.expect_download() as waiting:
        await newest(page, ann).get_by_role("link", name="Download document.bin").click()
    target = tmp_path / "document.bin"
    await (await waiting.value).save_as(target)
    assert target.read_bytes() == b"a,b\n1,2\n"


async def test_copy_and_links(open_page: OpenPage, bot: SmallBot, ann: Person) -> None:
    """A copy button copies; a link to a bot here starts it on the same phone."""
    page = await open_page()
    await bot.say(
        ann.id,
        f"Pay at https://t.me/{USERNAME}?start=pay-7",
        reply_markup=inline([button("Copy", copy_text={"text": "ref 42"})]),
    )
    await newest(page, ann).get_by_role("button", name="Copy").click()
    await expect(phone(page, ann).get_by_text("Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == "ref 42"

    await phone(page, ann).get_by_role("link", name=f"https://t.me/{USERNAME}?start=pay-7").click()
    await expect(newest(page, ann).locator(".text")).to_contain_text("/start pay-7")
    assert [page.url for page in page.context.pages] == [page.url]


async def test_an_invoice_is_paid(open_page: OpenPage, bot: SmallBot, ann: Person) -> None:
    """An invoice shows title and amount; its button pays when the bot agrees."""
    page = await open_page()
    await bot.call(
        "sendInvoice",
        chat_id=ann.id,
        title="Coffee",
        description="A bag of beans",
        payload="c1",
        provider_token="TEST:1",
        currency="EUR",
        prices=[{"label": "Beans", "amount": 1250}],
    )
    await expect(newest(page, ann).locator(".invoice")).to_contain_text("12.50")
    await newest(page, ann).get_by_role("button").last.click()
    query = await bot.next_update("pre_checkout_query")
    await bot.call("answerPreCheckoutQuery", pre_checkout_query_id=query["id"], ok=True)
    await expect(newest(page, ann)).to_contain_text("Ann Lee paid €12.50")


async def test_typing_is_seen(open_page: OpenPage, bot: SmallBot, ann: Person) -> None:
    """The bot's typing shows under its name until its message is there."""
    page = await open_page()
    status = phone(page, ann).locator(".status")
    await expect(status).to_have_text("bot")
    await bot.call("sendChatAction", chat_id=ann.id, action="typing")
    await expect(status).to_have_text("typing")
    await bot.say(ann.id, "Here")
    await expect(status).to_have_text("bot")


# -- reply keyboards -----------------------------------------------------------------------------


async def test_reply_keyboard(
    open_page: OpenPage, bot: SmallBot, ann: Person, bob: Person
) -> None:
    """Keys send text, open the user picker, and ask before a phone number is shared."""
    page = await open_page()
    picker = {"request_id": 7, "max_quantity": 1, "request_name": True}
    await bot.say(
        ann.id,
        "To whom?",
        reply_markup={
            "keyboard": [
                [{"text": "Choose", "request_users": picker}],
                [{"text": "My number", "request_contact": True}, {"text": "Nobody"}],
            ],
            "resize_keyboard": True,
            "one_time_keyboard": True,
            "input_field_placeholder": "Name or @username",
        },
    )
    mine = phone(page, ann)
    keyboard = mine.get_by_role("group", name="Keyboard", exact=True)
    await expect(mine.get_by_placeholder("Name or @username")).to_be_visible()

    await keyboard.get_by_role("button", name="Choose").click()
    send = mine.get_by_role("dialog").get_by_role("button", name="Send")
    await expect(send).to_be_disabled()
    await mine.get_by_role("checkbox", name="Bob").click()
    await expect(mine.get_by_text("1 of 1")).to_be_visible()
    await send.click()
    await expect(newest(page, ann)).to_have_text("Ann Lee shared Bob with the bot")
    await expect(keyboard).to_be_hidden()

    await mine.get_by_role("button", name="Show or hide the keyboard").click()
    await keyboard.get_by_role("button", name="My number").click()
    await mine.get_by_role("dialog").get_by_role("button", name="Share").click()
    await expect(newest(page, ann)).to_contain_text("+35312345678")

    await mine.get_by_role("button", name="Show or hide the keyboard").click()
    await keyboard.get_by_role("button", name="Nobody").click()
    await expect(newest(page, ann).locator(".text")).to_contain_text("Nobody")

    await bot.say(ann.id, "Fine", reply_markup={"remove_keyboard": True})
    await expect(mine.get_by_role("button", name="Show or hide the keyboard")).to_be_hidden()


async def test_a_keyboard_survives_a_reload(
    open_page: OpenPage, bot: SmallBot, ann: Person
) -> None:
    """Who opens the page later has the same keyboard and the same messages before them."""
    await bot.say(ann.id, "Well?", reply_markup={"keyboard": [[{"text": "Yes"}]]})
    page = await open_page()
    await expect(phone(page, ann).get_by_role("button", name="Yes")).to_be_visible()
    await expect(newest(page, ann).locator(".text")).to_contain_text("Well?")


async def test_a_forced_reply_is_begun(open_page: OpenPage, bot: SmallBot, ann: Person) -> None:
    """The bot's question is already being answered; the answer quotes it."""
    page = await open_page()
    await bot.say(
        ann.id,
        "How much?",
        reply_markup={"force_reply": True, "input_field_placeholder": "12.50"},
    )
    await expect(phone(page, ann).get_by_text("Reply to Corner Shop")).to_be_visible()
    await expect(phone(page, ann).get_by_placeholder("12.50")).to_be_visible()
    await write(page, ann, "3")
    await expect(newest(page, ann).locator(".quote-text")).to_have_text("How much?")
    await expect(phone(page, ann).get_by_text("Reply to Corner Shop")).to_be_hidden()
