"""The whole way in Arabic: nothing that the bot says falls back to English."""

from __future__ import annotations

import re

from simulator.client import Message
from tests.chat.driver import PIN, Chatpay, Customer, is_keypad

NAMES = {
    "Alice",
    "Bob",
    "Chatpay",
    "bob",
    "lunch",
    "dinner",
    "taxi",
    "UTC",
    "QR",
    "EUR",
    "English",
}
TAGS_AND_COMMANDS = re.compile(r"[/@]\w+|https?://\S+|[0-9A-Z]{4}-[0-9A-Z]{4}")


def english_words(message: Message) -> list[str]:
    """What is left of Latin letters in a message and on its buttons."""
    said = TAGS_AND_COMMANDS.sub("", " ".join([message.text, *message.labels]))
    return [word for word in re.findall(r"[A-Za-z]{2,}", said) if word not in NAMES]


async def test_from_the_first_word_to_the_receipt(chatpay: Chatpay) -> None:
    """Joining, the PIN, adding money, paying, asking, and all the menus."""
    bob = await chatpay.customer("Bob", money="20")
    alice = await chatpay.newcomer("Alice", language_code="ar")
    await alice.start()
    await alice.press(await alice.see("الشروط باختصار"), "أوافق، وعمري 18 سنة أو أكثر")
    name = await alice.see("بأي اسم تظهر للناس؟")
    await alice.press(name, name.labels[0])
    await alice.see("أهلًا بك")
    await alice.say("/pin")
    await alice.tap(await alice.see("اختر رقمًا سريًا"), PIN)
    await alice.tap(await alice.see("مرة أخرى"), PIN)
    await alice.see("تم اختيار رقمك السري")
    await alice.ask("/topup 100", "أُضيف")

    card = await alice.ask("/pay @bob 12.50 lunch", "يبقى بعدها")
    await alice.press(card, next(label for label in card.labels if label.startswith("ادفع")))
    keypad = await alice.see(is_keypad)
    await alice.tap(keypad, "271946")
    await alice.see("بقيت 4 محاولات")
    await alice.tap(keypad, PIN)
    await alice.see("دُفع")
    await bob.see("paid you €12.50")

    await bob.approve(await bob.ask("/pay @alice 1 taxi", "Left afterwards"))
    await alice.see("دفع لك")
    for command in ("balance", "history", "request", "link", "me", "settings", "help", "privacy"):
        await alice.ask(f"/{command}", ".")
    await alice.ask("/pay @bob 100000000", ".")
    await alice.ask("/pay @alice 1", "هذا أنت")

    assert [
        words for message in await alice.messages() if (words := foreign(alice, message))
    ] == []


def foreign(customer: Customer, message: Message) -> list[str]:
    """The English words in a message of the bot's."""
    return [] if message.author_id == customer.id else english_words(message)
