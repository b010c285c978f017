"""What a person does to get ready and to pay, tap by tap, and the bot that they talk to.

A test drives `Customer`s; they see labels and texts only, as people do.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pydantic import SecretStr

from bot import running
from bot.__main__ import _pepper, open_payments
from bot.settings import Settings
from payments.models import Millis, Profile
from payments.money import Money, parse_amount
from payments.pinhash import PinHasher
from payments.service import Payments
from simulator.client import Answer, ChatRef, Message, Person, Telegram, Wanted

PIN = "274913"
BOT_USERNAME = "chatpay_bot"
TOKEN = "7000000001:" + "t" * 35
_KEY = "only for tests " * 3

AGREE = "I agree and I'm 18 or over"
DOTS = ("●", "○")


class Clock:
    """The system's time, moved on by hand."""

    def __init__(self) -> None:
        self._ahead: Millis = 0

    def __call__(self) -> Millis:
        """Epoch milliseconds."""
        return time.time_ns() // 1_000_000 + self._ahead

    def advance(self, *, minutes: float = 0, hours: float = 0) -> None:
        """Lets time pass for the bot. The sweeper looks once a second."""
        self._ahead += round((minutes + 60 * hours) * 60_000)


@dataclass
class Chatpay:
    """The bot under test: what `chatpay run` runs, in the test's own event loop."""

    telegram: Telegram
    folder: Path
    clock: Clock = field(default_factory=Clock)
    changes: dict[str, object] = field(default_factory=dict)
    """Settings other than the usual, by field name."""
    token: str = TOKEN
    username: str = BOT_USERNAME
    anywhere: bool = True
    """Whether inline and guest mode are switched on at BotFather."""
    payments: Payments = field(init=False)
    """The use-cases of the bot that runs."""
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _serving: asyncio.Task[None] | None = None

    @property
    def settings(self) -> Settings:
        """A token and a database of its own; nothing from the environment."""
        usual: dict[str, object] = {
            "telegram_bot_token": SecretStr(self.token),
            "telegram_api_url": self.telegram.url,
            "database_url": f"sqlite:///{self.database}",
            "secret_key": SecretStr(_KEY),
        }
        return Settings.model_construct(**(usual | self.changes))

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "chatpay.db"

    async def start(self) -> None:
        """Starts the bot and waits until it is at work."""
        await self.telegram.bot(
            self.token,
            username=self.username,
            first_name="Chatpay",
            inline=self.anywhere,
            guest=self.anywhere,
        )
        ready = asyncio.Event()
        self._stop.clear()
        self._serving = asyncio.create_task(self._serve(ready))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait((waiting, self._serving), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._serving.done():
            self._serving.result()

    async def _serve(self, ready: asyncio.Event) -> None:
        keys = self.settings.secret_keys()
        async with open_payments(self.settings, keys, clock=self.clock) as self.payments:
            await running.run(
                self.settings,
                self.payments,
                keys=keys,
                stop=self._stop,
                running=lambda _username: ready.set(),
            )

    async def stop(self) -> None:
        """Stops it as a signal would."""
        self._stop.set()
        if self._serving is not None:
            await self._serving
            self._serving = None

    async def restart(self) -> None:
        """Stops it and starts it again on the same database."""
        await self.stop()
        await self.start()

    async def newcomer(self, name: str, **fields: object) -> Customer:
        """Somebody who has not pressed Start yet. `fields` as in `Telegram.person`."""
        person = await self.telegram.person(name, **({"username": name.lower()} | fields))
        return Customer(person, self.username)

    async def customer(self, name: str, *, money: str = "100", **fields: object) -> Customer:
        """Somebody who has joined, chosen `PIN`, and added money (none for "").

        The bot's use-cases are told so. `Customer.get_ready` says it in the chat, which takes ten
        times as long.
        """
        customer = await self.newcomer(name, **fields)
        payments, profile = self.payments, _profile(customer.person)
        await payments.meet(profile)
        person = await payments.join(profile.id, name=profile.name)
        stored = _hash_of_pin(self.settings.secret_keys()[0], profile.id)
        await payments.store.write(
            lambda tx: tx.pins.set(profile.id, stored, self.clock()), locks=[profile.id]
        )
        if money:
            amount = parse_amount(
                money, currencies=(person.currency,), locale="en", default=person.currency
            )
            assert isinstance(amount, Money)
            await payments.topup(profile.id, amount, origin=f"funds of {profile.id}")
        await customer.start()
        await customer.see("Hello")
        return customer


def _profile(person: Person) -> Profile:
    """As Telegram shows them."""
    names = (person.fields["first_name"], person.fields.get("last_name"))
    return Profile(
        person.id,
        " ".join(filter(None, names)),
        person.username or None,
        person.fields.get("language_code") or "en",
    )


@cache
def _hash_of_pin(key: bytes, person_id: int) -> str:
    """What is stored of `PIN`, which takes a while to make."""
    return PinHasher([_pepper(key)]).hash(person_id, PIN)


@dataclass
class Customer:
    """A person in the private chat with the bot."""

    person: Person
    bot: str
    pin: str = PIN
    chat: str = ""

    @property
    def id(self) -> int:
        """The person's number."""
        return self.person.id

    @property
    def username(self) -> str:
        """The @username without the @."""
        return self.person.username

    # -- in the private chat ----------------------------------------------------------------------

    async def start(self, payload: str = "") -> None:
        """Presses Start, or opens a deep link."""
        self.chat = await self.person.start(self.bot, payload)

    async def say(self, text: str, **fields: object) -> Message:
        """Writes a message."""
        return await self.person.send(self.chat, text, **fields)

    async def see(self, wanted: Wanted, seconds: float = 10.0) -> Message:
        """The next new or edited message that is wanted."""
        return await self.person.expect(self.chat, wanted, seconds)

    async def ask(self, text: str, wanted: Wanted) -> Message:
        """Writes a message and waits for the answer that is wanted."""
        await self.say(text)
        return await self.see(wanted)

    async def press(self, message: Message, label: str) -> Answer:
        """Taps a button."""
        return await self.person.press(message, label)

    async def messages(self, chat: ChatRef | None = None) -> list[Message]:
        """The chat as it is now."""
        return await self.person.messages(chat or self.chat)

    # -- getting ready ----------------------------------------------------------------------------

    async def join(self, payload: str = "") -> None:
        """Presses Start, accepts the terms, and keeps the name that is suggested."""
        await self.start(payload)
        await self.press(await self.see("The terms, in short"), AGREE)
        question = await self.see("What should people see")
        await self.press(question, question.labels[0])
        await self.see("You are in")

    async def get_ready(self, money: str = "100") -> None:
        """Joins, chooses `PIN` and adds money (none for ""), tap by tap."""
        await self.join()
        await self.choose_pin()
        if money:
            await self.top_up(money)

    async def choose_pin(self, pin: str = PIN) -> None:
        """Chooses a PIN, tapped twice."""
        await self.say("/pin")
        await self.tap(await self.see("Choose a PIN"), pin)
        await self.tap(await self.see("Once more"), pin)
        await self.see("PIN is set")
        self.pin = pin

    async def top_up(self, amount: str) -> None:
        """Adds play money from the sandbox bank."""
        await self.say(f"/topup {amount}")
        await self.see("added")

    async def speak(self, language: str) -> None:
        """Chooses a language in the settings, by its own name."""
        await self.press(await self.ask("/settings", "Settings"), "Language")
        await self.press(await self.see("🌍"), language)
        await self.see("⚙️")

    # -- paying -----------------------------------------------------------------------------------

    async def tap(self, keypad: Message, digits: str) -> list[Answer]:
        """Taps digits on a keypad, each as soon as the one before was answered."""
        return [await self.press(keypad, digit) for digit in digits]

    async def approve(self, card: Message, label: str = "Pay") -> Message:
        """Presses Pay on a card and taps the PIN; answers the keypad."""
        await self.press(card, label)
        keypad = await self.see(is_keypad)
        await self.tap(keypad, self.pin)
        return keypad

    async def balance(self) -> str:
        """What /balance says is available, as written."""
        shown = await self.ask("/balance", "available")
        line = next(line for line in shown.text.splitlines() if "available" in line)
        return line.replace("💰", "").replace("available", "").strip()


def is_keypad(message: Message) -> bool:
    """Whether a message shows a keypad."""
    return {str(digit) for digit in range(10)} <= set(message.labels)
