"""What is set from outside: the contract's names, what is refused, and the secret that is kept."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.settings import Settings, SettingsError
from payments.models import Proof
from payments.policy import HOUR

ROOT = Path(__file__).parents[2]
KEY = "k" * 32


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty environment, in a folder without `.env`."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def refusal(monkeypatch: pytest.MonkeyPatch, **values: str) -> list[str]:
    """The sentences with which these values are refused."""
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        Settings.read()
    return str(refused.value).splitlines()


def test_settings_are_those_of_the_example_and_of_the_readme() -> None:
    """One list in three places: the fields, .env.example and the README's table."""
    fields = [name.upper() for name in Settings.model_fields]
    example = (ROOT / ".env.example").read_text()
    assert re.findall(r"^([A-Z_]+)=", example, re.MULTILINE) == fields
    readme = (ROOT / "README.md").read_text()
    assert re.findall(r"^\| `([A-Z_]+)` \|", readme, re.MULTILINE) == fields


def test_the_example_says_the_defaults_and_explains_each() -> None:
    """Copied as it stands, .env.example changes nothing; each name has a comment above it."""
    example = (ROOT / ".env.example").read_text()
    Path(".env").write_text(example)
    assert Settings.read() == Settings.model_construct()
    for block in example.split("\n\n")[1:]:
        *comments, setting = block.strip().splitlines()
        assert comments
        assert all(line.startswith("# ") for line in comments)
        assert re.match(r"[A-Z_]+=", setting)


def test_everything_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each name is read, and lists are written with commas."""
    for name, value in {
        "TELEGRAM_BOT_TOKEN": "1:t",
        "TELEGRAM_API_URL": "http://127.0.0.1:8081/",
        "TELEGRAM_TEST_ENVIRONMENT": "true",
        "DATABASE_URL": "sqlite:////var/lib/chatpay/money.db",
        "SECRET_KEY": f"{KEY}, {'o' * 40}",
        "MODE": "live",
        "CURRENCIES": "USD, JPY",
        "PUBLIC_URL": "https://pay.example.org/",
        "WEBHOOK_SECRET": "w" * 16,
        "LISTEN": "[::1]:9000",
        "OPERATORS": "7,8",
        "PAYMENT_PROVIDER_TOKEN": "p",
        "HOLD_HOURS": "0.5",
        "REQUIRE": "bank",
    }.items():
        monkeypatch.setenv(name, value)
    settings = Settings.read()
    assert settings.missing() == []
    assert settings.telegram_api_url == "http://127.0.0.1:8081"
    assert settings.telegram_test_environment
    assert settings.database_file == Path("/var/lib/chatpay/money.db")
    assert settings.secret_keys() == [KEY.encode(), b"o" * 40]
    assert settings.public_url == "https://pay.example.org"
    assert settings.webhook_token([b""]) == "w" * 16
    assert (settings.listen_host, settings.listen_port) == ("::1", 9000)
    assert settings.operators == (7, 8)
    policy = settings.policy()
    assert (policy.currencies, policy.sandbox) == (("USD", "JPY"), False)
    assert policy.hold_ms == HOUR // 2
    assert policy.require == (Proof.BANK,)


def test_real_money_requires_proofs_unless_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both in live, none in sandbox; `none` is a choice, too."""
    assert Settings.read().policy().require == ()
    monkeypatch.setenv("MODE", "live")
    assert Settings.read().policy().require == (Proof.PHONE, Proof.BANK)
    monkeypatch.setenv("REQUIRE", "none")
    assert Settings.read().policy().require == ()
    monkeypatch.setenv("REQUIRE", "phone, bank")
    assert Settings.read().policy().require == (Proof.PHONE, Proof.BANK)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "TELEGRAM_API_URL",
            "http://telegram.example.org",
            "must begin with https:// (http is for this machine alone).",
        ),
        ("PUBLIC_URL", "pay.example.org", "must be an address such as https://pay.example.org."),
        ("DATABASE_URL", "mysql://here", "must begin with sqlite:/// or postgresql://."),
        (
            "CURRENCIES",
            "EUR,GOLD",
            "must be ISO 4217 codes with commas between them, such as EUR,USD.",
        ),
        ("LISTEN", "8080", "must be host:port, such as 127.0.0.1:8080."),
        (
            "WEBHOOK_SECRET",
            "with spaces in it",
            "must be 16 to 256 characters of A-Z a-z 0-9 _ -.",
        ),
        ("HOLD_HOURS", "0", "is not right: input should be greater than 0."),
        ("REQUIRE", "passport", "is not right: input should be 'phone' or 'bank'."),
        ("MODE", "test", "is not right: input should be 'sandbox' or 'live'."),
    ],
)
def test_a_wrong_value_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    """The sentence names the setting and never its value."""
    assert refusal(monkeypatch, **{name: value}) == [f"{name} {sentence}"]


def test_a_short_key_is_refused_without_being_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each key of the list must be long enough."""
    (sentence,) = refusal(monkeypatch, SECRET_KEY=f"{KEY},too short")
    assert sentence.startswith("SECRET_KEY each key must have at least 32 characters")
    assert "too short" not in sentence


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """Printed or logged by mistake, settings show no secret."""
    secrets = {
        "TELEGRAM_BOT_TOKEN": "123456:token",
        "SECRET_KEY": KEY,
        "WEBHOOK_SECRET": "w" * 16,
        "PAYMENT_PROVIDER_TOKEN": "284685063:TEST:key",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    shown = repr(Settings.read()) + str(Settings.read())
    assert [value for value in secrets.values() if value in shown] == []


def test_sandbox_makes_a_key_once_and_keeps_it() -> None:
    """Beside the database, for its owner alone, the same at the next start."""
    settings = Settings.model_construct(database_url="sqlite:///data/money.db")
    keys = settings.secret_keys()
    kept = Path("data/money.secret")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert [kept.read_bytes().strip()] == keys
    assert settings.secret_keys() == keys
    assert len(keys[0]) >= 32


def test_an_emptied_key_file_is_not_replaced() -> None:
    """A lost key is told, since what was sealed with it would be lost silently."""
    Path("chatpay.secret").write_text("\n")
    with pytest.raises(SettingsError, match="holds no key"):
        Settings.read().secret_keys()
    assert Path("chatpay.secret").read_text() == "\n"


def test_live_makes_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real money needs a key that somebody chose to keep."""
    monkeypatch.setenv("MODE", "live")
    with pytest.raises(SettingsError, match="SECRET_KEY is not set"):
        Settings.read().secret_keys()
    assert list(Path().iterdir()) == []


def test_live_names_everything_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """All at once; operators or a provider are enough for money to come in."""
    monkeypatch.setenv("MODE", "live")
    monkeypatch.setenv("PUBLIC_URL", "https://pay.example.org")
    names = ("TELEGRAM_BOT_TOKEN", "SECRET_KEY", "PAYMENT_PROVIDER_TOKEN", "WEBHOOK_SECRET")
    assert [line.split()[0] for line in Settings.read().missing()] == list(names)
    monkeypatch.setenv("OPERATORS", "7")
    monkeypatch.setenv("SECRET_KEY", KEY)
    monkeypatch.setenv("WEBHOOK_SECRET", "w" * 32)
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "1:t")
    assert Settings.read().missing() == []


def test_the_webhook_secret_follows_from_the_key() -> None:
    """The same at each start, another one with another key, and fit for the header."""
    settings = Settings.model_construct()
    secret = settings.webhook_token([KEY.encode()])
    assert secret == settings.webhook_token([KEY.encode()])
    assert secret != settings.webhook_token([b"another key"])
    assert re.fullmatch(r"[A-Za-z0-9_-]{64}", secret)
