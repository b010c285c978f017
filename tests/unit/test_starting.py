"""What `chatpay run` loads before it is at work."""

from __future__ import annotations

import subprocess
import sys

NOT_FOR_POLLING = ("starlette", "uvicorn", "jinja2", "simulator", "psycopg")


def test_a_bot_that_polls_does_not_load_the_web() -> None:
    """The web's libraries, the local Telegram and the other engine are a fifth of the start."""
    loaded = "import sys, bot.__main__; print(*{name.partition('.')[0] for name in sys.modules})"
    said = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert set(said.stdout.split()) & set(NOT_FOR_POLLING) == set()
    assert "telegram" in said.stdout.split()
