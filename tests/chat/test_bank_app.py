"""A link that is also paid in a bank app, over HTTP: switched on, seen, and marked as arrived."""

from __future__ import annotations

from bot import qr
from simulator.client import Telegram
from tests.chat.books import books
from tests.chat.driver import Chatpay, Customer
from tests.chat.test_link_options import address_of, option

IBAN = "DE89370400440532013000"


async def test_bank_payment_from_the_option_to_the_totals(
    chatpay: Chatpay, telegram: Telegram, alice: Customer, bob: Customer
) -> None:
    """Bob sees the code, Alice marks the arrival and takes it back; no balance moves."""
    link = await alice.ask("/link 12.50 vase", "A payment link")
    await chatpay_account(chatpay, alice)
    await alice.press(link, "Options")
    options = await alice.see("⚙️ Options")
    assert "Bank app: off" in options.text
    options = await option(alice, options, "Bank app", tapped="On")
    assert "Bank app: on" in options.text

    await bob.person.open_link(address_of(link))
    offer = await bob.see("or pay with your bank app")
    code = offer.button("Copy bank code")["copy_text"]["text"]
    reference = code.splitlines()[-1]
    assert offer.text == (
        "🏦 or pay with your bank app\nAlice · IBAN DE•• •••• 3000\n"
        f"Reference: {reference}\n\n"
        "Such a payment goes from bank to bank: Chatpay cannot see it."
    )
    assert code.splitlines()[5:8] == ["Alice", IBAN, "EUR12.5"]
    assert offer.photo is not None
    assert qr.read(await telegram.download(offer.photo)) == [code]

    before = books(chatpay)
    await alice.press(link, "Who paid")
    await alice.press(await alice.see("Nobody yet"), "A bank payment arrived")
    asked = await alice.see("How much has arrived")
    await alice.press(asked, "€12.50")
    sales = await alice.see("🏦 1 payment by bank, €12.50 in all")
    assert sales.labels == ["A bank payment arrived", "Take back bank no. 1", "Done"]
    await alice.press(sales, "A bank payment arrived")
    await alice.ask("7", "🏦 2 payments by bank, €19.50 in all")
    await alice.press(sales, "Take back bank no. 1")
    await alice.see("🏦 1 payment by bank, €7.00 in all")
    assert books(chatpay) == before


async def chatpay_account(chatpay: Chatpay, alice: Customer) -> None:
    """Alice links her bank account in the chat."""
    menu = await alice.ask("/settings", "Settings")
    await alice.press(menu, "Bank account")
    await alice.press(await alice.see("None is linked"), "Link an account")
    await alice.ask(IBAN, "Your withdrawals go to")
