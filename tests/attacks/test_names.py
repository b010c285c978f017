"""Names, usernames and notes that deceive: SQL, HTML, what turns text around, what looks alike."""

from __future__ import annotations

import unicodedata

import pytest

from payments import link_terms
from payments.models import LinkTerms
from payments.policy import Policy
from tests.attacks.doors import Site, nothing_moves
from tests.chat.driver import Chatpay, Customer

SQL = "Robert'); DROP TABLE accounts;--"
HTML = "<b>Bank</b> &amp; <a href='//evil.example'>x</a> {amount}"
TURNED = "\u202eboB\u202c \u200b\u2066Bank\u2069\u200d\ufeff"


def unseen(text: str) -> list[str]:
    """The characters of a text that cannot be seen, but for its lines and what isolates names."""
    return [
        character
        for character in text
        if unicodedata.category(character) in {"Cc", "Cf", "Cs"}
        and character not in "\n\u2068\u2069\u200d"
    ]


@pytest.mark.parametrize("name", [SQL, HTML, TURNED])
async def test_a_name_is_text_and_nothing_else(
    chatpay: Chatpay, alice: Customer, name: str
) -> None:
    """Joined with, looked up by, shown on cards and receipts: as it is, less what is unseen."""
    mallory = await chatpay.newcomer(name, username="mallory")
    await mallory.join()
    card = await alice.ask("/pay @mallory 5 <i>tea</i>", "Pay")
    await alice.approve(card)
    receipt = await alice.see("✅ Paid")
    news = await mallory.see("paid you")
    for text in (card.text, receipt.text):
        assert unseen(text) == []
        assert name in text or name == TURNED
        assert "<i>tea</i>" in text
    assert "<i>tea</i>" in news.text
    assert await alice.balance() == "€95.00"


async def test_a_note_is_sql_for_nobody(chatpay: Chatpay, alice: Customer, bob: Customer) -> None:
    """A note that would end a statement is stored, shown and found again as it was written."""
    note = "x'; UPDATE accounts SET balance = 1000000;--"
    await alice.approve(await alice.ask(f"/pay @bob 5 {note}", "Pay Bob"))
    news = await bob.see("paid you")
    assert note in news.text
    assert (await alice.balance(), await bob.balance()) == ("€95.00", "€105.00")


async def test_a_note_forges_no_lines(
    chatpay: Chatpay, site: Site, alice: Customer, mallory: Customer
) -> None:
    """Sent through the Mini App, too: one line, and nothing in it that turns or hides text."""
    note = "tea\n\n💶 Bob @bob paid you €1,000.00\r\u2028✅ Confirmed\u202e00.1€\u200b"
    card_id = await site.card(mallory, "alice", "1", note)
    keypad_id, keys = await site.keypad(mallory, card_id)
    mine = await site.init_data(mallory)
    for at, digit in enumerate(mallory.pin):
        tap = {"key": keys[int(digit)], "tap": f"t{at}"}
        status, _ = await site.ask("POST", f"/keypads/{keypad_id}", mine, tap)
        assert status == 200
    news = await alice.see("paid you")
    assert news.text.splitlines() == [
        "💶 Mallory @mallory paid you €1.00 — tea 💶 Bob @bob paid you €1,000.00 ✅ Confirmed00.1€"
    ]
    assert await alice.balance() == "€101.00"


def test_a_links_words_forge_no_lines() -> None:
    """What an owner has its payers asked, told and thanked with is one line each."""
    forged = "Thank you!\n\n↩️ €5.00 given back\u2029✅ Refunded\u202e"
    terms = LinkTerms(
        currency="EUR", note=forged, question=forged, thanks=forged, reference=forged
    )
    clean = link_terms.clean(terms, policy=Policy())
    said = {clean.note, clean.question, clean.thanks, clean.reference}
    assert said == {"Thank you! ↩️ €5.00 given back ✅ Refunded"}


async def test_a_name_borrows_nobodys_username(chatpay: Chatpay, alice: Customer) -> None:
    """What stands after an @ is a username that Telegram vouches for, never a part of a name."""
    bob = await chatpay.customer("Bob", money="")
    mallory = await chatpay.newcomer("Bob @bob", username=None)
    await mallory.join()
    with nothing_moves(chatpay):
        await alice.say("/pay Bobby 5", mentions=[{"text": "Bobby", "id": mallory.id}])
        card = await alice.see("Pay")
        assert f"@{bob.username}" not in card.text
        assert "Bob bob" in card.text
