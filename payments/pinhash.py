"""Hashes PINs, checks them, and says which ones are too easy to guess.

Six digits are a million possibilities: whoever can try them all against a stolen hash finds the
PIN however slow the hash is. So what is hashed is not the PIN but an HMAC of it under a *pepper*,
a secret that is never in the database; without the pepper a stolen hash tells nothing. Argon2id
on top makes guessing dear where the pepper is lost too. Against guessing at the keypad only the
count of tries helps, and that is not kept here.

A PIN never appears in an error, a `repr` or a log.
"""

from __future__ import annotations

import asyncio
import hmac
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from itertools import pairwise
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerifyMismatchError
from msgspec import Struct

PIN_LENGTH = 6

# OWASP Password Storage Cheat Sheet, Argon2id: 19 MiB, two passes, one lane.
_MEMORY_KIB = 19_456
_PASSES = 2
_LANES = 1

_THREADS = min(4, os.cpu_count() or 1)
"""How many hashes may run at once; each takes `_MEMORY_KIB` and one core."""

_Result = TypeVar("_Result")


class Verdict(Struct, frozen=True):
    """Whether a PIN was right, and whether to store a fresh hash of it."""

    ok: bool
    rehash: bool
    """True for a right PIN whose hash has an old pepper or other Argon2 parameters."""


class UnknownPepperError(Exception):
    """The hash was made with a pepper that is not configured: the secret key was lost."""


class PinHasher:
    """Hashes PINs with Argon2id over HMAC-SHA256 under a pepper; slow, so call it off the loop.

    A stored hash is the short id of its pepper and Argon2's own encoding of the rest:
    `1f2e3d4c$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.

    Args:
        peppers: Secrets of at least 16 bytes, the one for new hashes first, older ones after it.
        memory_kib: Argon2's memory for one hash.
        passes: Argon2's passes over that memory.
    """

    def __init__(
        self, peppers: Sequence[bytes], *, memory_kib: int = _MEMORY_KIB, passes: int = _PASSES
    ) -> None:
        if not peppers or min(map(len, peppers)) < 16:
            raise ValueError("at least one pepper is needed, each of at least 16 bytes")
        self._peppers = {pepper_id(pepper): pepper for pepper in peppers}
        self._newest = pepper_id(peppers[0])
        self._argon2 = PasswordHasher(
            time_cost=passes, memory_cost=memory_kib, parallelism=_LANES, type=Type.ID
        )

    def hash(self, person_id: int, pin: str) -> str:
        """Return the text to store for this person's PIN.

        Raises:
            ValueError: `pin` is not six ASCII digits.
        """
        return self._newest + self._argon2.hash(self._peppered(self._newest, person_id, pin))

    def verify(self, person_id: int, pin: str, stored: str) -> Verdict:
        """Check a PIN against what `hash` returned for the same person.

        Raises:
            ValueError: `pin` is not six ASCII digits.
            UnknownPepperError: the pepper of `stored` is not configured.
            argon2.exceptions.InvalidHashError: `stored` is not an Argon2 hash.
            argon2.exceptions.VerificationError: `stored` is a damaged one.
        """
        pepper_id, separator, encoded = stored.partition("$")
        if pepper_id not in self._peppers:
            raise UnknownPepperError(pepper_id)
        try:
            self._argon2.verify(separator + encoded, self._peppered(pepper_id, person_id, pin))
        except VerifyMismatchError:
            return Verdict(ok=False, rehash=False)
        old = pepper_id != self._newest
        return Verdict(ok=True, rehash=old or self._argon2.check_needs_rehash(separator + encoded))

    def _peppered(self, pepper_id: str, person_id: int, pin: str) -> bytes:
        if not _is_six_digits(pin):
            raise ValueError("a PIN is six ASCII digits")
        message = f"{person_id}:{pin}".encode()
        return hmac.digest(self._peppers[pepper_id], message, "sha256")


class PinChecker:
    """Runs a `PinHasher` on a few threads of its own, so that the event loop never waits.

    Argon2 releases the interpreter's lock, so hashes run in parallel; the number of threads bounds
    the memory and the cores that they take, the rest queues.
    """

    def __init__(self, hasher: PinHasher) -> None:
        self._hasher = hasher
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="pin")

    async def hash(self, person_id: int, pin: str) -> str:
        """As `PinHasher.hash`."""
        return await self._run(lambda: self._hasher.hash(person_id, pin))

    async def verify(self, person_id: int, pin: str, stored: str) -> Verdict:
        """As `PinHasher.verify`."""
        return await self._run(lambda: self._hasher.verify(person_id, pin, stored))

    def close(self) -> None:
        """Wait for the hashes that run and end the threads."""
        self._threads.shutdown()

    async def _run(self, call: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def pepper_id(pepper: bytes) -> str:
    """Name a pepper without telling anything of it."""
    return hmac.digest(pepper, b"chatpay pepper id", "sha256").hex()[:8]


# --- Weak PINs -----------------------------------------------------------------------------------


class Weakness(Enum):
    """Why a PIN is refused, in the order in which it is looked for."""

    NOT_SIX_DIGITS = "not_six_digits"
    SAME_DIGIT = "same_digit"
    SEQUENCE = "sequence"
    REPEATED = "repeated"
    DOUBLED = "doubled"
    MIRRORED = "mirrored"
    COMMON = "common"
    OWN_PHONE = "own_phone"


_COMMON = frozenset(
    {"147258", "258369", "369258", "147369", "159357", "357159", "159753", "147852"}  # walks
    | {"789456", "456123", "123654", "456789", "789123", "123789", "321456", "963852"}  # rows
    | {"102030", "112358", "314159", "271828", "520131", "131420", "101010", "007007"}  # famous
)
"""Often chosen PINs that no rule below catches."""


def weakness(pin: str, *, phone: str | None) -> Weakness | None:
    """Say why `pin` is too easy to guess, or None where it is good enough.

    Dates are allowed: too many PINs that people can remember look like one.

    Args:
        pin: The digits chosen.
        phone: The person's own phone number if known; its digits are no secret.
    """
    if not _is_six_digits(pin):
        return Weakness.NOT_SIX_DIGITS
    digits = [int(character) for character in pin]
    steps = {(after - before) % 10 for before, after in pairwise(digits)}
    own = "".join(character for character in phone or "" if character.isdecimal())
    rules = (
        (Weakness.SAME_DIGIT, steps == {0}),
        (Weakness.SEQUENCE, len(steps) == 1),  # 123456, 890123, 987654, 135791
        (Weakness.REPEATED, pin in {pin[:2] * 3, pin[:3] * 2}),  # 121212, 123123
        (Weakness.DOUBLED, pin[::2] == pin[1::2]),  # 112233
        (Weakness.MIRRORED, pin == pin[::-1]),  # 123321
        (Weakness.COMMON, pin in _COMMON),
        (Weakness.OWN_PHONE, pin in own),
    )
    return next((weak for weak, applies in rules if applies), None)


def _is_six_digits(pin: str) -> bool:
    return len(pin) == PIN_LENGTH and pin.isascii() and pin.isdecimal()
