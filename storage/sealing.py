"""Sealing: what must not be readable in a stolen database file is encrypted before it is stored.

AES-256-GCM under keys derived by HKDF-SHA256 from the secret keys, one for each use. A sealed
value is bound to its use and its row: moved elsewhere it does not open.

Format: 4 bytes id of the secret key, 12 bytes nonce, ciphertext with its 16-byte tag.

Rotation: the first secret key seals, all of them open.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Sequence
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.errors import SealBroken, UnknownKey

_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_LEAST_SECRET_BYTES = 16


class Use(StrEnum):
    """What is sealed: table and column."""

    INBOX_PAYLOAD = "inbox.payload"
    KEYPAD = "keypads.sealed"
    INTENT_NOTE = "intents.note"
    INTENT_QUESTION = "intents.question"
    INTENT_ANSWER = "intents.answer"
    CLAIM_TOKEN = "payments.claim_token"  # noqa: S105 (a column's name)
    REQUEST_NOTE = "requests.note"
    OFFER_NOTE = "offers.note"
    LINK_NOTE = "links.note"
    LINK_QUESTION = "links.question"
    LINK_THANKS = "links.thanks"
    LINK_REFERENCE = "links.reference"
    PROMPT_DRAFT = "prompts.draft"
    PHONE = "phones.number"
    BANK_ACCOUNT = "bank_accounts.number"
    OPERATOR_REASON = "operator_log.reason"


class Sealer:
    """Seals and opens values with a list of secret keys, the present one first.

    Safe to use from several threads.
    """

    def __init__(self, secret_keys: Sequence[bytes]) -> None:
        if not secret_keys:
            raise ValueError("at least one secret key is needed")
        if any(len(secret) < _LEAST_SECRET_BYTES for secret in secret_keys):
            raise ValueError(f"a secret key has at least {_LEAST_SECRET_BYTES} bytes")
        self._ciphers = {
            (_derive(secret, "key id", _KEY_ID_BYTES), use): AESGCM(_derive(secret, use, 32))
            for secret in secret_keys
            for use in Use
        }
        self._key_id = _derive(secret_keys[0], "key id", _KEY_ID_BYTES)
        self._seeker_key = _derive(secret_keys[0], "seeker digest", 32)
        self._phone_keys = [_derive(secret, "phone digest", 32) for secret in secret_keys]

    @property
    def key_id(self) -> bytes:
        """What values begin with that are sealed under the present secret key."""
        return self._key_id

    def reseal(self, sealed: bytes | None, *, use: Use, row: str | int) -> bytes | None:
        """The same value under the present secret key; None stays None.

        Raises: as `open` does.
        """
        if sealed is None or sealed[:_KEY_ID_BYTES] == self._key_id:
            return sealed
        return self.seal(self.open(sealed, use=use, row=row), use=use, row=row)

    def seal(self, plain: bytes, *, use: Use, row: str | int) -> bytes:
        """Encrypts a value for one row."""
        nonce = os.urandom(_NONCE_BYTES)
        cipher = self._ciphers[self._key_id, use]
        return self._key_id + nonce + cipher.encrypt(nonce, plain, _place(use, row))

    def open(self, sealed: bytes, *, use: Use, row: str | int) -> bytes:
        """Decrypts a value of one row.

        Raises:
            UnknownKey: it was sealed with a secret key that is not among these.
            SealBroken: it was changed, or sealed for another row or use.
        """
        key_id = sealed[:_KEY_ID_BYTES]
        cipher = self._ciphers.get((key_id, use))
        if cipher is None:
            raise UnknownKey(key_id)
        nonce = sealed[_KEY_ID_BYTES : _KEY_ID_BYTES + _NONCE_BYTES]
        try:
            return cipher.decrypt(nonce, sealed[_KEY_ID_BYTES + _NONCE_BYTES :], _place(use, row))
        except (InvalidTag, ValueError) as error:
            raise SealBroken(f"{use} of row {row} does not open") from error

    def seal_note(self, note: str, *, use: Use, row: str) -> bytes | None:
        """Encrypts a note; None for an empty one."""
        return self.seal(note.encode(), use=use, row=row) if note else None

    def open_note(self, sealed: bytes | None, *, use: Use, row: str) -> str:
        """Decrypts what `seal_note` made. Raises as `open` does."""
        return "" if sealed is None else self.open(sealed, use=use, row=row).decode()

    def phone_digests(self, number: str) -> list[bytes]:
        """What finds a phone number without telling it: an HMAC-SHA256 under a key of its own.

        One for each secret key, the present one first.
        """
        return [hmac.digest(key, number.encode(), "sha256") for key in self._phone_keys]

    def seeker_digest(self, person_id: int) -> bytes:
        """What counts somebody's look-ups without telling who it is, under the present key."""
        return hmac.digest(self._seeker_key, str(person_id).encode(), "sha256")


def _derive(secret: bytes, label: str, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=f"chatpay {label}".encode()).derive(secret)


def _place(use: Use, row: str | int) -> bytes:
    return f"{use}:{row}".encode()
