"""`python -m simulator --port N`: the local Telegram by itself."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys

from simulator.errors import AddressInUseError
from simulator.server import LocalTelegram


async def serve(host: str, port: int) -> None:
    """Runs until it is interrupted."""
    async with LocalTelegram(host, port) as telegram:
        sys.stdout.write(f"The local Telegram is at {telegram.url}\n")
        sys.stdout.flush()
        await telegram.wait()


def main() -> int:
    """Reads the command line and serves."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8081)
    arguments = parser.parse_args()
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(arguments.host, arguments.port))
    except AddressInUseError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
