"""The chat side of Chatpay: parses, authorises, calls `payments`, renders. Knows no SQL."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.app import Chatpay, register

__all__ = ["Chatpay", "__version__", "register"]

__version__ = version("chatpay")


def __getattr__(name: str) -> Any:
    """Loads what is exported when it is first used: rooms import from this package, too."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bot import app  # noqa: PLC0415 (see the docstring)

    return getattr(app, name)
