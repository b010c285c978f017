"""Sealing: what is stored cannot be read, changed or moved without the secret key."""

from __future__ import annotations

import pytest

from storage.errors import SealBroken, UnknownKey
from storage.sealing import Sealer, Use

OLD, NEW = b"the old secret key, 32 bytes lo.", b"the new secret key, 32 bytes lo."


def test_what_is_sealed_opens_again() -> None:
    """For the same use and row, bytes and notes come back as they were."""
    sealer = Sealer([OLD])

    sealed = sealer.seal(b"\x00secret\xff", use=Use.KEYPAD, row="k1")
    assert sealer.open(sealed, use=Use.KEYPAD, row="k1") == b"\x00secret\xff"
    assert b"secret" not in sealed

    note = sealer.seal_note("Döner 🥙", use=Use.INTENT_NOTE, row="i1")
    assert sealer.open_note(note, use=Use.INTENT_NOTE, row="i1") == "Döner 🥙"


def test_an_empty_note_is_nothing() -> None:
    """It is stored as NULL."""
    sealer = Sealer([OLD])

    assert sealer.seal_note("", use=Use.LINK_NOTE, row="l1") is None
    assert sealer.open_note(None, use=Use.LINK_NOTE, row="l1") == ""


def test_the_same_value_is_sealed_differently_each_time() -> None:
    """Equal notes cannot be told by looking at the database."""
    sealer = Sealer([OLD])
    sealed = {sealer.seal(b"rent", use=Use.REQUEST_NOTE, row="r1") for _ in range(20)}

    assert len(sealed) == 20


def test_another_row_or_use_does_not_open() -> None:
    """A blob that is moved in the database is noticed."""
    sealer = Sealer([OLD])
    sealed = sealer.seal(b"rent", use=Use.REQUEST_NOTE, row="r1")

    with pytest.raises(SealBroken, match=r"requests\.note of row r2"):
        sealer.open(sealed, use=Use.REQUEST_NOTE, row="r2")
    with pytest.raises(SealBroken):
        sealer.open(sealed, use=Use.INTENT_NOTE, row="r1")


@pytest.mark.parametrize("position", [4, 15, 16, -1])
def test_a_changed_byte_is_noticed(position: int) -> None:
    """In the nonce, the text, or the tag."""
    sealer = Sealer([OLD])
    sealed = bytearray(sealer.seal(b"rent", use=Use.REQUEST_NOTE, row="r1"))
    sealed[position] ^= 1

    with pytest.raises(SealBroken):
        sealer.open(bytes(sealed), use=Use.REQUEST_NOTE, row="r1")


@pytest.mark.parametrize("length", [4, 10, 16, 31])
def test_a_cut_blob_is_noticed(length: int) -> None:
    """However little is left of it."""
    sealer = Sealer([OLD])
    sealed = sealer.seal(b"rent", use=Use.REQUEST_NOTE, row="r1")

    with pytest.raises(SealBroken):
        sealer.open(sealed[:length], use=Use.REQUEST_NOTE, row="r1")


def test_rotation_seals_with_the_first_and_opens_with_all() -> None:
    """With the old key listed after the new one nothing is lost."""
    before, between, after = Sealer([OLD]), Sealer([NEW, OLD]), Sealer([NEW])
    old = before.seal(b"rent", use=Use.REQUEST_NOTE, row="r1")
    new = between.seal(b"rent", use=Use.REQUEST_NOTE, row="r1")

    assert between.open(old, use=Use.REQUEST_NOTE, row="r1") == b"rent"
    assert after.open(new, use=Use.REQUEST_NOTE, row="r1") == b"rent"


def test_a_missing_key_is_named() -> None:
    """The error says which key sealed it, not that the data is garbage."""
    sealed = Sealer([OLD]).seal(b"rent", use=Use.REQUEST_NOTE, row="r1")

    with pytest.raises(UnknownKey) as error:
        Sealer([NEW]).open(sealed, use=Use.REQUEST_NOTE, row="r1")

    assert error.value.key_id == sealed[:4]
    assert sealed[:4].hex() in str(error.value)


@pytest.mark.parametrize("keys", [[], [b""], [OLD, b"short"]])
def test_weak_keys_are_refused(keys: list[bytes]) -> None:
    """No key, or one that can be guessed, seals nothing."""
    with pytest.raises(ValueError, match="secret key"):
        Sealer(keys)
