"""Why a database cannot be used. What goes wrong in one payment is in payments/errors.py.

StorageError
├── DatabaseBusy       another process has it
├── DatabaseTooNew     a newer version of this program made it
├── DatabaseUnusable   not there, not writable, not a database …
├── Overtaken          another transaction changed a row that this one had looked up
└── SealError
    ├── UnknownKey     sealed with a secret key that is not configured
    └── SealBroken     changed, or moved to another row, since it was sealed
"""

from __future__ import annotations


class StorageError(Exception):
    """Base of the errors above; never raised itself. Its text is for whoever runs the program."""


class DatabaseBusy(StorageError):
    """Another process has the database open for writing."""


class DatabaseTooNew(StorageError):
    """A newer version of this program made the database."""


class DatabaseUnusable(StorageError):
    """The database cannot be opened."""


class Overtaken(StorageError):
    """Another transaction changed a row between this one's looking it up and changing it."""


class SealError(StorageError):
    """Base of what goes wrong with sealed values."""


class UnknownKey(SealError):
    """A value was sealed with a secret key that is not configured."""

    def __init__(self, key_id: bytes) -> None:
        """Keep the id of the missing key."""
        super().__init__(
            f"sealed with the secret key {key_id.hex()}, which is not among those configured"
        )
        self.key_id = key_id


class SealBroken(SealError):
    """A sealed value was changed, or moved to another row."""
