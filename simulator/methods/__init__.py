"""The Bot API's methods, one file a subject; importing this package registers them all.

A new subject is a new file of functions marked `@method(name)`, and one more import below.
"""

from simulator.methods import (
    callbacks,
    chats,
    editing,
    ephemeral,
    inline,
    invoices,
    media,
    profile,
    receiving,
    sending,
)

__all__ = [
    "callbacks",
    "chats",
    "editing",
    "ephemeral",
    "inline",
    "invoices",
    "media",
    "profile",
    "receiving",
    "sending",
]
