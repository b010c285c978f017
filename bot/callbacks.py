"""What a button sends: `cp:<room>:<verb>[:<argument>…]`, at most 64 bytes.

The prefix keeps our buttons apart from those of a host application. Nothing in it is trusted:
every handler checks who pressed, and looks the subject up in the database.
"""

from __future__ import annotations

PREFIX = "cp"
_MOST_BYTES = 64


def callback(room: str, verb: str, *arguments: str | int) -> str:
    """Callback data for a button.

    Raises:
        ValueError: it would be longer than Telegram's 64 bytes.
    """
    data = ":".join((PREFIX, room, verb, *map(str, arguments)))
    if len(data.encode()) > _MOST_BYTES:
        raise ValueError("callback data is longer than 64 bytes")
    return data


def pattern(room: str) -> str:
    """The regular expression of one room's callbacks."""
    return rf"^{PREFIX}:{room}:"


def read(data: str) -> tuple[str, list[str]]:
    """The verb and the arguments of callback data made by `callback`."""
    _, _, verb, *arguments = data.split(":")
    return verb, arguments
