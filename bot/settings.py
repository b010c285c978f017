"""What is set from outside: the environment, and `.env` in the working directory.

The names are the contract of the README's table. A mistake is told by name, never by value, since
a value may be a secret.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from babel.numbers import list_currencies
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from payments.models import Proof
from payments.policy import HOUR, Policy

_SECRET_LEAST = 32
_HEADER_SAFE = re.compile(r"[A-Za-z0-9_-]{16,256}")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class SettingsError(Exception):
    """Something is not set as it must be; its words are for the person who runs the bot."""


class Mode(StrEnum):
    """Play money, or real."""

    SANDBOX = "sandbox"
    LIVE = "live"


class Settings(BaseSettings):
    """One field for each name of the table, in its order."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    telegram_bot_token: SecretStr | None = None
    telegram_api_url: str = "https://api.telegram.org"
    telegram_test_environment: bool = False
    database_url: str = "sqlite:///chatpay.db"
    secret_key: SecretStr | None = None
    mode: Mode = Mode.SANDBOX
    currencies: Annotated[tuple[str, ...], NoDecode] = Policy().currencies
    public_url: str | None = None
    webhook_secret: SecretStr | None = None
    listen: str = "127.0.0.1:8080"
    operators: Annotated[tuple[int, ...], NoDecode] = ()
    payment_provider_token: SecretStr | None = None
    hold_hours: float = Field(default=24, gt=0, le=24 * 365)
    require: Annotated[tuple[Proof, ...] | None, NoDecode] = None

    @classmethod
    def read(cls) -> Self:
        """Reads the environment and `.env`.

        Raises:
            SettingsError: a value cannot be read; one sentence for each.
        """
        try:
            return cls()
        except ValidationError as error:
            raise SettingsError("\n".join(_sentences(error))) from None

    @field_validator("currencies", "operators", "require", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value.strip() == "none":
            return ()
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("currencies")
    @classmethod
    def _known_currencies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or any(code not in list_currencies() for code in value):
            raise ValueError("must be ISO 4217 codes with commas between them, such as EUR,USD")
        return value

    @field_validator("telegram_api_url", "public_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if not parts.hostname or parts.scheme not in ("http", "https"):
            raise ValueError("must be an address such as https://pay.example.org")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise ValueError("must begin with https:// (http is for this machine alone)")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return value

    @field_validator("listen")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65_535:
            raise ValueError("must be host:port, such as 127.0.0.1:8080")
        return value

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value and any(len(key) < _SECRET_LEAST for key in _keys(value)):
            raise ValueError(
                f"each key must have at least {_SECRET_LEAST} characters; the newest comes first, "
                "with commas between them"
            )
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _header_safe(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not _HEADER_SAFE.fullmatch(value.get_secret_value()):
            raise ValueError("must be 16 to 256 characters of A-Z a-z 0-9 _ -")
        return value

    @property
    def database_file(self) -> Path | None:
        """The SQLite file; None on PostgreSQL."""
        path = self.database_url.removeprefix("sqlite:///")
        return None if path == self.database_url else Path(path)

    @property
    def listen_host(self) -> str:
        """The address the web side listens on."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def listen_port(self) -> int:
        """The port the web side listens on."""
        return int(self.listen.rpartition(":")[2])

    def missing(self) -> list[str]:
        """What the bot cannot start without, a sentence for each."""
        found = []
        if self.telegram_bot_token is None:
            found.append("TELEGRAM_BOT_TOKEN is not set: get one from @BotFather on Telegram.")
        if self.secret_key is None and self.database_file is None:
            found.append(
                "SECRET_KEY is not set: on PostgreSQL every worker needs the same one of your own."
            )
        if self.mode is Mode.LIVE:
            found += self._missing_for_real_money()
        return found

    def _missing_for_real_money(self) -> list[str]:
        found = []
        if self.secret_key is None and self.database_file is not None:
            found.append("SECRET_KEY is not set: MODE=live needs one of your own.")
        if self.payment_provider_token is None and not self.operators:
            found.append(
                "PAYMENT_PROVIDER_TOKEN or OPERATORS is not set: MODE=live needs a way for money "
                "to come in."
            )
        if self.public_url and urlsplit(self.public_url).scheme != "https":
            found.append("PUBLIC_URL does not begin with https://: MODE=live needs that.")
        if self.public_url and self.webhook_secret is None:
            found.append("WEBHOOK_SECRET is not set: MODE=live needs one where PUBLIC_URL is.")
        return found

    def secret_keys(self) -> list[bytes]:
        """The keys, the present one first. In sandbox one is made beside the database if need be.

        Raises:
            SettingsError: it cannot be read or written, or real money needs one of its own.
        """
        if self.secret_key is not None:
            return [key.encode() for key in _keys(self.secret_key)]
        if self.mode is Mode.LIVE:
            raise SettingsError("SECRET_KEY is not set: MODE=live needs one of your own.")
        if self.database_file is None:
            raise SettingsError("\n".join(self.missing()))
        return [_kept_key(self.database_file.with_suffix(".secret"))]

    def webhook_token(self, keys: list[bytes]) -> str:
        """What Telegram must send in its secret header."""
        if self.webhook_secret is not None:
            return self.webhook_secret.get_secret_value()
        return hmac.new(keys[0], b"chatpay webhook", hashlib.sha256).hexdigest()

    def policy(self) -> Policy:
        """The figures that are set from outside; the others as they are."""
        return Policy(
            currencies=self.currencies,
            sandbox=self.mode is Mode.SANDBOX,
            operators=frozenset(self.operators),
            hold_ms=round(self.hold_hours * HOUR),
            require=self.required(),
            # Play money is there to try things with at once.
            device_wait_ms=0 if self.mode is Mode.SANDBOX else HOUR,
        )

    def required(self) -> tuple[Proof, ...]:
        """What people must show before they pay: with real money all of it, unless set."""
        if self.require is not None:
            return self.require
        return tuple(Proof) if self.mode is Mode.LIVE else ()


def _keys(value: SecretStr) -> list[str]:
    return [key.strip() for key in value.get_secret_value().split(",") if key.strip()]


def _kept_key(file: Path) -> bytes:
    """The key in a file that only its owner can read, made the first time."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return _read_key(file)
        with os.fdopen(descriptor, "w") as made:
            made.write(secrets.token_urlsafe(48) + "\n")
        return _read_key(file)
    except OSError as error:
        raise SettingsError(f"The secret key in {file}: {error.strerror}.") from None


def _read_key(file: Path) -> bytes:
    key = file.read_text().strip()
    if len(key) < _SECRET_LEAST:
        raise SettingsError(
            f"{file} holds no key. If nothing was stored with it, delete it and start again."
        )
    return key.encode()


def _sentences(error: ValidationError) -> list[str]:
    return [
        f"{str(problem['loc'][0]).upper()} {_in_words(problem)}."
        for problem in error.errors(include_url=False, include_input=False)
    ]


def _in_words(problem: Any) -> str:
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    message = str(problem["msg"])
    return "is not right: " + message[:1].lower() + message[1:]
