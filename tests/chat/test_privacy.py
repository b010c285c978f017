"""/privacy: a copy of one's data, and having it deleted."""

from __future__ import annotations

import json

from simulator.client import Telegram
from tests.chat.books import books
from tests.chat.driver import Chatpay, Customer, is_keypad


async def test_a_copy_of_all_that_is_known(
    telegram: Telegram, alice: Customer, bob: Customer
) -> None:
    """It comes as a JSON document, with what Alice wrote."""
    await alice.approve(await alice.ask(f"/pay @{bob.username} 5 lunch", "5.00"), "Pay €5.00")
    await bob.see("5.00")

    await alice.press(await alice.ask("/privacy", "Your data"), "Send me a copy")
    document = await alice.see(lambda message: message.document is not None)

    assert document.document is not None
    assert document.document["file_name"] == "chatpay-my-data.json"
    copy = json.loads(await telegram.download(document.document["file_url"]))
    assert copy["person"]["name"] == "Alice"
    assert [card["note"] for card in copy["payments"]] == ["lunch"]
    assert str(bob.id) not in json.dumps(copy)


async def test_money_has_to_be_moved_first(chatpay: Chatpay, alice: Customer) -> None:
    """Nothing is deleted while there is any, and Alice is told what to do."""
    before = books(chatpay)

    answer = await alice.press(await alice.ask("/privacy", "Your data"), "Delete my account")

    assert "/withdraw" in (answer.toast or "")
    assert books(chatpay) == before
    assert await alice.balance() == "€100.00"


async def test_deleting_takes_the_pin_and_coming_back_is_a_fresh_start(
    chatpay: Chatpay,
) -> None:
    """Afterwards the bot greets a stranger, who chooses a PIN anew."""
    dora = await chatpay.customer("Dora", money="")
    await dora.press(await dora.ask("/privacy", "Your data"), "Delete my account")
    await dora.press(await dora.see("Delete your account?"), "Yes, delete everything")
    await dora.tap(await dora.see(is_keypad), dora.pin)
    await dora.see("I no longer know who you are")

    await dora.join()
    await dora.choose_pin("582046")
    assert await dora.ask("/balance", "0.00")


async def test_in_a_group_it_only_shows_the_way(
    telegram: Telegram, chatpay: Chatpay, alice: Customer
) -> None:
    """Nobody else sees anything of it."""
    group = await telegram.group("Lunch", [alice.person], bots=[chatpay.username])

    await alice.person.send(group, f"/privacy@{chatpay.username}")

    shown = await alice.person.expect(group, "between you and me")
    assert shown.labels == ["Open Chatpay"]
