"""The chat page shows what is said to one person in a group to that person alone."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from simulator.client import Group, Person, Telegram
from tests.browser.columns import newest, phone, write
from tests.browser.conftest import ARTIFACTS, OpenPage
from tests.browser.small_bot import USERNAME, SmallBot, button, inline, qr

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECRET = "Only you see this"


@pytest_asyncio.fixture(loop_scope="session")
async def group(telegram: Telegram, bot: SmallBot, ann: Person, bob: Person) -> Group:
    """Ann, Bob and the bot, an administrator with one ephemeral command."""
    balance = {"command": "balance", "description": "What you have", "is_ephemeral": True}
    await bot.call("setMyCommands", commands=[balance])
    return await telegram.group("Lunch", [ann, bob], bots=[USERNAME], admins=[USERNAME])


def to(person: Person, **fields: Any) -> dict[str, Any]:
    """The parameter that has a message shown to one person."""
    return {"ephemeral_message_parameters": {"receiver_user_id": person.id, **fields}}


async def enter(page: Page, group: Group, *people: Person) -> None:
    """Opens the group on people's phones."""
    for person in people:
        await phone(page, person).locator(f'[data-chat-key="{group.key}"]').click()


async def test_a_whispered_conversation(
    open_page: OpenPage, bot: SmallBot, group: Group, ann: Person, bob: Person
) -> None:
    """Command, answer, tap, edit and dismissal: Ann sees each at once, Bob none of them."""
    page = await open_page()
    await enter(page, group, ann, bob)
    await phone(page, ann).get_by_role("textbox", name="Message").press_sequentially("/ba")
    await expect(phone(page, ann).get_by_role("option").locator(".icon-eye")).to_be_visible()
    await write(page, ann, "/balance")
    asked = newest(page, ann)
    await expect(asked.get_by_role("note")).to_have_text("Only you and Corner Shop see this")
    assert (await bot.next_update("message"))["text"] == "/start"
    while (message := await bot.next_update("message")).get("text") != "/balance":
        pass
    reply = {"ephemeral_message_id": message["ephemeral_message_id"]}
    hide = inline([button("Hide", "h")])
    await bot.say(
        group.id, "You have <b>12 €</b>", **to(ann), reply_parameters=reply, reply_markup=hide
    )
    answer = phone(page, ann).locator('[data-message-id="e2"]')
    await expect(answer.locator(".text")).to_contain_text("You have 12 €")
    await expect(answer.get_by_role("note")).to_have_text(SECRET)

    await answer.get_by_role("button", name="Hide").click()
    tap = await bot.next_press()
    assert tap["message"]["ephemeral_message_id"] == 2
    which = {"chat_id": group.id, "receiver_user_id": ann.id, "ephemeral_message_id": 2}
    await bot.call("editEphemeralMessageText", text="You have ••••", **which)
    await expect(answer.locator(".text")).to_contain_text("You have ••••")
    await expect(answer.get_by_role("button", name="Hide")).to_have_count(0)
    await answer.get_by_role("button", name="Dismiss").click()
    await expect(phone(page, ann).locator('[data-message-id="e2"]')).to_have_count(0)
    await expect(asked.get_by_role("note")).to_be_visible()
    assert [one.text for one in await bob.shown(group) if one.text] == []
    await expect(phone(page, bob).get_by_role("note")).to_have_count(0)
    await expect(phone(page, bob).get_by_text("/balance")).to_have_count(0)


async def test_a_question_stands_in_place_of_the_card(
    open_page: OpenPage, bot: SmallBot, group: Group, ann: Person, bob: Person
) -> None:
    """Ann sees it where the card was, also after a reload, and the card again when it is gone."""
    page = await open_page()
    await enter(page, group, ann, bob)
    card = await bot.say(group.id, "Bill", reply_markup=inline([button("Pay", "p")]))
    await bob.send(group, "below")
    mine, his = phone(page, ann), phone(page, bob)
    await mine.get_by_role("button", name="Pay").click()
    tap = await bot.next_press()
    instead = to(ann, callback_query_id=tap["id"], replace_callback_query_message=True)
    await bot.say(group.id, "Sure?", **instead, reply_markup=inline([button("No", "n")]))
    await bot.call("answerCallbackQuery", callback_query_id=tap["id"])
    texts = mine.locator("[data-message-id]:visible .text")
    await expect(texts).to_contain_text(["Sure?", "below"])
    await expect(mine.get_by_role("note")).to_have_text(SECRET)
    await expect(his.locator("[data-message-id]:visible .text")).to_contain_text(["Bill", "below"])

    await page.reload()
    await enter(page, group, ann, bob)
    await expect(texts).to_contain_text(["Sure?", "below"])
    await bot.call("editMessageText", chat_id=group.id, message_id=card["message_id"], text="Paid")
    await expect(his.locator(".text").first).to_contain_text("Paid")
    await expect(texts).to_contain_text(["Sure?", "below"])
    await bot.call(
        "deleteEphemeralMessage",
        chat_id=group.id,
        receiver_user_id=ann.id,
        ephemeral_message_id=1,
    )
    await expect(texts).to_contain_text(["Paid", "below"])
    await expect(mine.get_by_role("note")).to_have_count(0)


async def test_an_answer_to_a_whisper_is_one(
    open_page: OpenPage, bot: SmallBot, group: Group, ann: Person, bob: Person
) -> None:
    """Reply in the menu of the bot's message; one's own can neither be answered nor edited."""
    page = await open_page()
    await enter(page, group, ann, bob)
    await bot.say(group.id, "How much?", **to(ann))
    mine = phone(page, ann)
    await mine.locator('[data-message-id="e1"] .text').click(button="right")
    await mine.get_by_role("menuitem", name="Reply").click()
    await write(page, ann, "five")
    own = mine.locator('[data-message-id="e2"]')
    await expect(own.get_by_role("note")).to_have_text("Only you and Corner Shop see this")
    await own.locator(".text").click(button="right")
    items = mine.get_by_role("menuitem")
    await expect(items).to_have_text(["Copy text", "Dismiss"])
    await mine.get_by_role("menuitem", name="Dismiss").click()
    await expect(own).to_have_count(0)
    assert [one.text for one in await bob.shown(group) if one.text] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_mark_can_be_read(
    open_page: OpenPage, bot: SmallBot, group: Group, ann: Person, bob: Person, theme: str
) -> None:
    """In both themes and at the width of a phone the mark fits and its button can be hit."""
    await ann.send(group, "/balance")
    await bot.say(
        group.id,
        "You have <b>12.50 €</b>",
        **to(ann),
        reply_markup=inline([button("Top up", "t", style="success"), button("Close", "c")]),
    )
    await bot.call("sendPhoto", {"photo": qr("pay")}, chat_id=group.id, **to(ann))
    page = await open_page(360, 740, color_scheme=theme)
    await enter(page, group, ann)
    notes = phone(page, ann).locator(".only-you:visible")
    await expect(notes).to_have_count(3)
    await page.screenshot(path=ARTIFACTS / f"page-ephemeral-{theme}.png")
    for note in await notes.all():
        box, bubble = await note.bounding_box(), await note.locator("..").bounding_box()
        assert box is not None
        assert bubble is not None
        assert bubble["x"] <= box["x"]
        assert box["x"] + box["width"] <= bubble["x"] + bubble["width"] <= 360
        close = await note.get_by_role("button").bounding_box()
        assert close is not None
        assert min(close["width"], close["height"]) >= 24
