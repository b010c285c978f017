"""/settings: one message, edited in place, with a person's own choices."""

from __future__ import annotations

from tests.chat.driver import Chatpay, Customer

MENU = [
    "Name",
    "Language",
    "Currency",
    "Requests",
    "Phone",
    "Bank account",
    "Blocked people",
    "PIN",
    "Devices",
    "Close",
]


async def test_the_menu_says_what_is_chosen(alice: Customer) -> None:
    """Everything at one glance, a button for each."""
    menu = await alice.ask("/settings", "Settings")

    assert menu.text.splitlines() == [
        "⚙️ Settings",
        "",
        "Name: Alice",
        "Language: English",
        "Currency: Euro (EUR)",
        "May ask you for money: Anyone",
    ]
    assert menu.labels == MENU


async def test_a_new_name_is_what_others_see(alice: Customer, bob: Customer) -> None:
    """A typed name is checked as at the beginning, and then stands on cards."""
    await alice.press(await alice.ask("/settings", "Settings"), "Name")
    await alice.see("Type another name")

    await alice.ask("...", "A name has 1 to 64 characters")
    await alice.ask("Alice of Lisbon", "Name: Alice of Lisbon")

    await bob.ask("/pay @alice 5", "Pay Alice of Lisbon @alice")


async def test_back_from_the_name_takes_no_answer_any_more(alice: Customer) -> None:
    """After Back the next text is no name."""
    menu = await alice.ask("/settings", "Settings")
    await alice.press(menu, "Name")
    await alice.press(await alice.see("Type another name"), "Back")
    await alice.see("May ask you for money")

    await alice.ask("hello there", "I am not sure what you mean")

    await alice.ask("/settings", "Name: Alice\n")


async def test_the_currency_is_what_a_bare_number_means(alice: Customer) -> None:
    """From then on 5 is five dollars; the euros stay."""
    menu = await alice.ask("/settings", "Settings")
    await alice.press(menu, "Currency")
    choices = await alice.see("What an amount means")
    assert choices.labels[0] == "✓ Euro (EUR)"
    answer = await alice.press(choices, "US Dollar")
    assert answer.toast == "Saved."
    assert "Currency: US Dollar (USD)" in (await alice.see("Settings")).text

    await alice.ask("/topup 5", "\\$5.00 of play money added")
    assert "€100.00 available" in (await alice.ask("/balance", "Your balance")).text


async def test_who_may_ask_is_chosen_and_kept_to(alice: Customer, bob: Customer) -> None:
    """Nobody: a request is refused, and nobody is told of it."""
    menu = await alice.ask("/settings", "Settings")
    await alice.press(menu, "Requests")
    await alice.press(await alice.see("Who may ask you"), "Nobody")
    await alice.see("May ask you for money: Nobody")

    draft = await bob.ask("/request @alice 5 tea", "Ask Alice")
    answer = await bob.press(draft, "Ask for €5.00")

    assert answer.toast == "Alice does not take requests from you. Nothing was sent."
    assert not [m for m in await alice.messages() if "asks you to pay" in m.text]


async def test_a_language_is_chosen_among_the_catalogues(alice: Customer) -> None:
    """The present one is marked; choosing it again changes nothing."""
    menu = await alice.ask("/settings", "Settings")
    await alice.press(menu, "Language")
    choices = await alice.see("Language$")
    assert "✓ English" in choices.labels

    await alice.press(choices, "✓ English")
    assert "Language: English" in (await alice.see("Settings")).text


async def test_nobody_blocked_is_said(alice: Customer) -> None:
    """The list is empty at first, and leads back."""
    menu = await alice.ask("/settings", "Settings")
    await alice.press(menu, "Blocked people")

    empty = await alice.see("You have blocked nobody")

    assert empty.labels == ["‹ Back"]


async def test_a_block_is_undone(alice: Customer, bob: Customer) -> None:
    """Who was blocked on a request is listed, and can ask again after the unblock."""
    draft = await bob.ask("/request @alice 5 tea", "Ask Alice")
    await bob.press(draft, "Ask for €5.00")
    await alice.press(await alice.see("asks you to pay"), "Block Bob")

    await alice.press(await alice.ask("/settings", "Settings"), "Blocked people")
    blocked = await alice.see("They cannot pay or ask you")
    assert "• Bob @bob" in blocked.text
    await bob.ask("/pay @alice 5", "You and Alice cannot pay or ask each other")

    await alice.press(blocked, "Unblock Bob")
    await alice.see("You have blocked nobody")
    await bob.ask("/pay @alice 5", "Pay Alice @alice")


async def test_the_pin_is_one_tap_away(alice: Customer) -> None:
    """PIN leads to what /pin shows."""
    menu = await alice.ask("/settings", "Settings")

    await alice.press(menu, "PIN")

    assert (await alice.see("Your PIN")).labels == ["Change my PIN", "I forgot it", "Close"]


async def test_close_ends_it(alice: Customer) -> None:
    """The message says how to open it again, and has no buttons left."""
    menu = await alice.ask("/settings", "Settings")

    await alice.press(menu, "Close")

    assert (await alice.see("Settings are closed")).labels == []


async def test_forged_choices_change_nothing(alice: Customer) -> None:
    """A currency or language that is not offered is refused."""
    menu = await alice.ask("/settings", "Settings")

    for data in ("cp:s:currency:XYZ", "cp:s:language:tlh", "cp:s:requests:all", "cp:s:nothing"):
        answer = await alice.person.press_data(menu, data)
        assert answer.toast == "This is no longer open. Nothing was paid."

    assert (await alice.ask("/settings", "Settings")).text == menu.text


async def test_who_has_not_joined_is_welcomed_first(chatpay: Chatpay) -> None:
    """Settings belong to people who are in; afterwards they open."""
    ann = await chatpay.newcomer("Ann")
    await ann.start("m_settings")
    await ann.press(await ann.see("Welcome"), "I agree")
    await ann.press(await ann.see("What should people see"), "Ann")

    await ann.see("Settings")
