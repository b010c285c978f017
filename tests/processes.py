"""`python -m bot` as a process of its own, as a person would start it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path

TOKEN = "7000000002:" + "p" * 35
_READY_S = 20.0
_ENVIRONMENT_KEPT = ("PATH", "HOME", "LANG", "PYTHONPATH", "VIRTUAL_ENV")
ROOT = Path(__file__).parents[1]


def environment(folder: Path, changes: dict[str, str]) -> dict[str, str]:
    """An environment that has nothing but what a process needs, and what is set here."""
    kept = {name: os.environ[name] for name in _ENVIRONMENT_KEPT if name in os.environ}
    usual = {
        "DATABASE_URL": f"sqlite:///{folder / 'chatpay.db'}",
        "PYTHONWARNINGS": "error,ignore::DeprecationWarning",
    }
    return kept | usual | changes


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a command."""

    code: int
    out: str
    err: str


async def chatpay(folder: Path, *arguments: str, **changes: str) -> Ended:
    """Runs a command to its end, in a folder."""
    process = await _start(folder, ("-m", "bot", *arguments), changes)
    async with asyncio.timeout(_READY_S):
        out, err = await process.communicate()
    return Ended(process.returncode or 0, out.decode(), err.decode())


async def _start(
    folder: Path, arguments: tuple[str, ...], changes: dict[str, str]
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, *arguments),
        cwd=folder,
        env=environment(folder, {"PYTHONPATH": str(ROOT)} | changes),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@dataclass
class Running:
    """`python -m bot run` (or another program that goes on), until it is stopped or killed."""

    folder: Path
    changes: dict[str, str]
    arguments: tuple[str, ...] = ("-m", "bot", "run")
    ready: str = "is running"
    """Part of the line with which it says that it is ready; "" where it says nothing."""
    said: list[str] = field(default_factory=list)
    """The lines it wrote before it was ready."""
    _process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The process's number; None while it does not run."""
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Starts it and waits until it says that it is ready."""
        self._process = await _start(self.folder, self.arguments, self.changes)
        assert self._process.stdout is not None
        async with asyncio.timeout(_READY_S):
            while self.ready and (not self.said or self.ready not in self.said[-1]):
                line = await self._process.stdout.readline()
                if not line:
                    raise AssertionError(await self._complaint())
                self.said.append(line.decode().rstrip())

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> Ended:
        """Asks it to stop, and waits until it has."""
        assert self._process is not None
        process, self._process = self._process, None
        process.send_signal(number)
        self.said.clear()
        async with asyncio.timeout(_READY_S):
            out, err = await process.communicate()
        return Ended(process.returncode or 0, out.decode(), err.decode())

    async def kill(self) -> None:
        """Ends it as a power cut would, if it still runs."""
        if self._process is not None:
            await self.stop(signal.SIGKILL)

    async def _complaint(self) -> str:
        assert self._process is not None
        _, err = await self._process.communicate()
        return f"it did not start:\n{err.decode()}"
