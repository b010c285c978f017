"""The processes that are measured: each started, waited for, looked at and stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

_READY_S = 30.0

Running = tuple[asyncio.subprocess.Process, str]


@asynccontextmanager
async def running(
    *arguments: str,
    ready: str,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    says: bytes = b"",
) -> AsyncIterator[Running]:
    """`python` with these arguments, until the block ends.

    Args:
        arguments: such as "-m", "simulator".
        ready: part of the line with which it says that it is at work; that line is answered.
        cwd: where it runs.
        environment: variables beyond the usual.
        says: what it is told first.

    Raises:
        RuntimeError: it ended before it was at work.
    """
    here = str(Path(__file__).parents[1])
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": here} | dict(environment or {}),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    if process.stdin is not None:
        process.stdin.write(says)
    try:
        async with asyncio.timeout(_READY_S):
            said = await _line_with(ready, process)
        yield process, said
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        # What it still writes is read, so that it is not stuck on a full pipe.
        await process.communicate()


async def _line_with(part: str, process: asyncio.subprocess.Process) -> str:
    if process.stdout is None:
        raise RuntimeError("the process has no output")
    while line := (await process.stdout.readline()).decode():
        if part in line:
            return line.strip()
    raise RuntimeError("the process ended before it was at work")


def memory_mb(process: asyncio.subprocess.Process) -> float:
    """What a process holds in memory now (Linux: VmRSS)."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    kib = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kib.split()[1]) / 1_024


def busy_seconds(pid: int) -> tuple[float, float]:
    """How long a process has had a processor: its main thread, and its others (Linux)."""
    seconds = {
        task.name: int((task / "schedstat").read_text(encoding="ascii").split()[0]) / 1e9
        for task in Path(f"/proc/{pid}/task").iterdir()
    }
    main = seconds.pop(str(pid))
    return main, sum(seconds.values())
