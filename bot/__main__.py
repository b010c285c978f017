"""The command line, and the composition root: the one place that knows every package."""

from __future__ import annotations

import asyncio
import hmac
import sys
import tempfile
import webbrowser
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import uvloop
from pydantic import SecretStr
from rich.console import Console

import bot
from bot import demo as seeding
from bot import logs
from bot import running as bot_running
from bot.doctor import examine
from bot.settings import Settings, SettingsError
from payments.money import Money, format_plain
from payments.pinhash import PinChecker, PinHasher, pepper_id
from payments.service import Clock, Payments, system_clock
from storage import (
    Sealer,
    StorageError,
    amendment,
    audit,
    move_books,
    open_store,
    snapshot,
    sqlite_path,
)
from storage.backup import backup as make_backup
from storage.errors import DatabaseBusy
from storage.export import export_beancount, export_csv
from storage.rotation import pins_waiting, rotate

if TYPE_CHECKING:
    from simulator.server import LocalTelegram

_DEMO_PORT = 8081
_DEMO_PORTS = 20

cli = typer.Typer(
    name="chatpay",
    help="Send and request money inside a Telegram chat.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
ledger = typer.Typer(help="Look into the books.", no_args_is_help=True)
cli.add_typer(ledger, name="ledger")
keys = typer.Typer(help="Look after the secret key.", no_args_is_help=True)
cli.add_typer(keys, name="keys")
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


@asynccontextmanager
async def open_payments(
    settings: Settings, keys: list[bytes], *, clock: Clock = system_clock
) -> AsyncIterator[Payments]:
    """The use-cases on an open store, which is closed in the end.

    Args:
        settings: where the store is, and which policy.
        keys: the secret keys, the present one first.
        clock: epoch milliseconds.

    Raises:
        StorageError: the database cannot be used.
    """
    store = await open_store(settings.database_url, Sealer(keys))
    pins = PinChecker(PinHasher([_pepper(key) for key in keys]))
    try:
        yield Payments(store, pins, settings.policy(), clock)
    finally:
        await store.close()
        pins.close()


async def serve(
    settings: Settings,
    *,
    stop: asyncio.Event,
    running: Callable[[str], None],
    clock: Clock = system_clock,
) -> None:
    """Runs the bot until it is told to stop.

    Args:
        settings: what is set.
        stop: ends it.
        running: called with the bot's username once it is at work.
        clock: epoch milliseconds.

    Raises:
        SettingsError: something is missing or wrong.
        StorageError: the database cannot be used.
    """
    if missing := settings.missing():
        raise SettingsError("\n".join(missing))
    keys = settings.secret_keys()
    async with open_payments(settings, keys, clock=clock) as payments:
        await bot_running.run(settings, payments, keys=keys, stop=stop, running=running)


async def _serve_until_signal(settings: Settings | None = None) -> None:
    stop = asyncio.Event()
    bot_running.stop_on_signals(stop)
    bot_running.collect_seldom()
    await serve(settings or Settings.read(), stop=stop, running=_say_running)
    out.print("Stopped.")


def _pepper(key: bytes) -> bytes:
    return hmac.digest(key, b"chatpay pepper", "sha256")


def _say_running(username: str) -> None:
    out.print(f"Chatpay is running as [bold]@{username}[/]. Ctrl-C stops it.")


@cli.callback(invoke_without_command=True)
def _chatpay(
    *, version: Annotated[bool, typer.Option("--version", help="Say which version.")] = False
) -> None:
    if version:
        out.print(f"chatpay {bot.__version__}")
        raise typer.Exit


@cli.command()
def run() -> None:
    """Run the bot on Telegram, as set in the environment and .env."""
    logs.set_up()
    _finish(_serve_until_signal())


@cli.command()
def demo(
    *,
    port: Annotated[
        int | None, typer.Option(help=f"Where to listen; usually {_DEMO_PORT} or the next free.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="A folder for the database, kept afterwards.")
    ] = None,
    browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the browser.")
    ] = True,
) -> None:
    """Try it all in the browser: a local Telegram, the bot, and three people. No token needed."""
    logs.set_up()
    ports = range(_DEMO_PORT, _DEMO_PORT + _DEMO_PORTS) if port is None else range(port, port + 1)
    with tempfile.TemporaryDirectory(prefix="chatpay-") as temporary:
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
        _finish(_demo(ports, keep or Path(temporary), browser=browser))


async def _demo(ports: range, folder: Path, *, browser: bool) -> None:
    telegram = await _local_telegram(ports)
    try:
        token = seeding.new_token()
        await seeding.seed(telegram.url, token)
        web = f"127.0.0.1:{seeding.free_port()}"
        settings = Settings.model_construct(
            telegram_bot_token=SecretStr(token),
            telegram_api_url=telegram.url,
            public_url=f"http://{web}",
            listen=web,
            database_url=f"sqlite:///{folder / 'chatpay.db'}",
        )
        out.print(
            f"The demo is at [bold]{telegram.url}[/]. Everything in it is play money and stays "
            "on this machine."
        )
        if browser:
            webbrowser.open(telegram.url)
        await _serve_until_signal(settings)
    finally:
        await telegram.stop()


async def _local_telegram(ports: range) -> LocalTelegram:
    from simulator.errors import AddressInUseError  # noqa: PLC0415 - for the demo alone
    from simulator.server import LocalTelegram  # noqa: PLC0415

    for port in ports:
        telegram = LocalTelegram(port=port)
        try:
            await telegram.start()
        except AddressInUseError:
            continue
        return telegram
    which = f"Port {ports[0]} is" if len(ports) == 1 else f"Ports {ports[0]} to {ports[-1]} are"
    raise SettingsError(f"{which} in use. Choose another one with --port.")


@cli.command()
def doctor() -> None:
    """Check the configuration, and say what is wrong in one line each."""
    _finish(_examine())


async def _examine() -> None:
    settings = Settings.read()

    async def open_database() -> str:
        try:
            async with open_payments(settings, settings.secret_keys()):
                return "The database can be used."
        except DatabaseBusy as error:
            return _sentence(error)
        except StorageError as error:
            raise SettingsError(_sentence(error)) from None

    wrong = False
    async for finding in examine(settings, open_database):
        wrong = wrong or finding.wrong
        out.print("[red]✗[/]" if finding.wrong else "[green]✓[/]", finding.line)
    if wrong:
        raise typer.Exit(1)


@ledger.command("verify")
def verify_ledger(
    *,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Only what is new since the books were last found sound."),
    ] = False,
) -> None:
    """Check every invariant of the books; exit 1 if one is broken. The bot may go on meanwhile."""
    with _sentences():
        url = Settings.read().database_url
        with snapshot(url) as connection:
            findings = audit.verify_new(connection) if quick else audit.verify(connection)
            seals = [] if findings else audit.seals(connection)
        if seals:
            with amendment(url) as connection:
                audit.write_seals(connection, seals, system_clock())
    _show(findings, audit.QUICK if quick else tuple(audit.INVARIANTS))


def _show(findings: list[audit.Finding], checked: tuple[str, ...]) -> None:
    broken = {finding.invariant for finding in findings}
    for invariant in checked:
        tick = "[red]✗[/]" if invariant in broken else "[green]✓[/]"
        out.print(tick, f"{invariant:4}{audit.INVARIANTS[invariant]}")
    for finding in findings:
        out.print(str(finding), style="red", markup=False)
    if findings:
        raise typer.Exit(1)


class ExportFormat(StrEnum):
    """What `ledger export` can write."""

    CSV = "csv"
    BEANCOUNT = "beancount"


@ledger.command("export")
def export_ledger(
    *,
    form: Annotated[ExportFormat, typer.Option("--format", help="What to write.")],
) -> None:
    """Write all the books to standard output, for a spreadsheet or an accountant's program."""
    write = {ExportFormat.CSV: export_csv, ExportFormat.BEANCOUNT: export_beancount}[form]
    with _sentences(), snapshot(Settings.read().database_url) as connection:
        write(connection, sys.stdout)


@cli.command()
def backup(
    to: Annotated[
        Path | None, typer.Argument(help="The new file; usually beside the database, dated.")
    ] = None,
) -> None:
    """Copy the SQLite database to a new file. The bot may go on meanwhile."""
    with _sentences():
        source = _database()
        target = to or source.with_name(f"{source.stem}-{datetime.now(UTC):%Y%m%d-%H%M%S}.db")
        make_backup(source, target)
    out.print(f"The copy is {target}. Keep the secret key with it: it does not open without.")


def _database() -> Path:
    file = Settings.read().database_file
    if file is None:
        raise SettingsError(
            "This copies SQLite files. PostgreSQL has a tool of its own, which also works beside "
            "the bot: pg_dump --format=custom --file=chatpay.dump, followed by DATABASE_URL."
        )
    return file


@cli.command()
def migrate(
    *,
    source: Annotated[str, typer.Option("--from", help="The books: sqlite:///…")],
    target: Annotated[
        str | None,
        typer.Option("--to", help="An empty postgresql://… database; usually DATABASE_URL."),
    ] = None,
) -> None:
    """Move the books from SQLite to PostgreSQL. The bot must be stopped meanwhile."""
    with _sentences():
        moved = move_books(sqlite_path(source), target or Settings.read().database_url)
    for table, rows in moved.rows.items():
        out.print(f"[green]✓[/] {table}: {rows}")
    for money in moved.money:
        owned, held = (
            format_plain(Money(minor, money.currency)) for minor in (money.owned, money.held)
        )
        out.print(f"[green]✓[/] {money.currency}: people own {owned}, of which {held} is held")
    out.print(
        "All invariants hold on both sides, and all counts and sums agree. Set DATABASE_URL to "
        "the new database, and SECRET_KEY to the key that was used so far: without it what is "
        "sealed does not open, and no PIN is right."
    )


@keys.command("rotate")
def rotate_keys() -> None:
    """Seal everything anew under the first key of SECRET_KEY. The bot may go on meanwhile.

    Before: put a new key in front of the old one in SECRET_KEY, a comma between them, and start
    the bot again. It goes on where it was if it is cut off.
    """
    with _sentences():
        settings = Settings.read()
        secrets = settings.secret_keys()
        with snapshot(settings.database_url):  # there, and up to date
            pass
        for table, rows in rotate(lambda: amendment(settings.database_url), Sealer(secrets)):
            out.print(f"[green]✓[/] {table}: {rows}")
        with snapshot(settings.database_url) as connection:
            waiting = pins_waiting(connection, pepper_id(_pepper(secrets[0])))
    if waiting:
        out.print(
            f"{waiting} PINs are still of an older key, until their owners next give them: keep "
            "that key in SECRET_KEY, or these people have to say that they forgot their PIN."
        )
    else:
        out.print("Nothing needs the older keys any more: take them out of SECRET_KEY.")


def _finish(work: Coroutine[Any, Any, None]) -> None:
    """Runs it to its end; what somebody can do something about becomes a sentence and exit 1."""
    with _sentences():
        uvloop.run(work)


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except (SettingsError, StorageError) as error:
        err.print(_sentence(error), style="red", markup=False)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _sentence(error: Exception) -> str:
    text = str(error)
    first, _, _ = text.partition(" ")
    if first.isalpha():  # not the name of a file
        text = text[0].upper() + text[1:]
    return text if text.endswith(".") else text + "."


def main() -> None:
    """The console command `chatpay`."""
    cli()


if __name__ == "__main__":
    main()
