"""PINs: hashed under a pepper, checked off the event loop, and refused when easy to guess."""

import asyncio
import logging

import pytest
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from hypothesis import given
from hypothesis import strategies as st

from payments.pinhash import (
    PinChecker,
    PinHasher,
    UnknownPepperError,
    Verdict,
    Weakness,
    weakness,
)

OLD, NEW = b"an old pepper 16", b"a new pepper 16!"
ANN, BOB = 1001, 1002
PIN = "739152"
RIGHT = Verdict(ok=True, rehash=False)
WRONG = Verdict(ok=False, rehash=False)


def quick(*peppers, memory_kib=8, passes=1):
    return PinHasher(peppers, memory_kib=memory_kib, passes=passes)


@pytest.fixture
def checker():
    checker = PinChecker(PinHasher([NEW]))
    yield checker
    checker.close()


def test_the_right_pin_is_right_and_any_other_wrong():
    """Only the six digits that were hashed verify."""
    stored = quick(NEW).hash(ANN, PIN)
    assert quick(NEW).verify(ANN, PIN, stored) == RIGHT
    assert quick(NEW).verify(ANN, "739153", stored) == WRONG


def test_a_hash_is_bound_to_its_person():
    """A hash copied to somebody else's row does not verify there."""
    stored = quick(NEW).hash(ANN, PIN)
    assert quick(NEW).verify(BOB, PIN, stored) == WRONG


def test_the_same_pin_hashes_differently_each_time():
    """Hashes are salted, so equal PINs do not show."""
    assert quick(NEW).hash(ANN, PIN) != quick(NEW).hash(ANN, PIN)


def test_the_parameters_are_owasps_by_default():
    """Argon2id, 19 MiB, two passes, one lane, after the id of the pepper."""
    pepper_id, *encoded = PinHasher([NEW]).hash(ANN, PIN).split("$")
    assert len(pepper_id) == 8
    assert encoded[:3] == ["argon2id", "v=19", "m=19456,t=2,p=1"]


def test_an_old_pepper_still_verifies_and_asks_for_a_fresh_hash():
    """Rotation keeps every PIN working and moves it to the new pepper on its next use."""
    stored = quick(OLD).hash(ANN, PIN)
    rotated = quick(NEW, OLD)
    assert rotated.verify(ANN, PIN, stored) == Verdict(ok=True, rehash=True)
    assert rotated.verify(ANN, "000001", stored) == WRONG
    assert rotated.verify(ANN, PIN, rotated.hash(ANN, PIN)) == RIGHT


def test_other_parameters_ask_for_a_fresh_hash():
    """A hash of weaker parameters verifies and is replaced."""
    stored = quick(NEW).hash(ANN, PIN)
    assert quick(NEW, passes=2).verify(ANN, PIN, stored) == Verdict(ok=True, rehash=True)


def test_a_lost_pepper_is_an_error_not_a_wrong_pin():
    """Nobody loses tries because the operator lost the key."""
    stored = quick(OLD).hash(ANN, PIN)
    with pytest.raises(UnknownPepperError):
        quick(NEW).verify(ANN, PIN, stored)


@pytest.mark.parametrize(
    ("encoded", "error"),
    [
        ("argon2id$damaged", VerificationError),
        ("bcrypt$x", InvalidHashError),
        ("", InvalidHashError),
    ],
)
def test_a_damaged_hash_is_an_error_not_a_wrong_pin(encoded, error):
    """What is no whole Argon2 encoding is our fault, and said so."""
    pepper_id = quick(NEW).hash(ANN, PIN).split("$")[0]
    with pytest.raises(error) as caught:
        quick(NEW).verify(ANN, PIN, f"{pepper_id}${encoded}")
    assert not isinstance(caught.value, VerifyMismatchError)


@pytest.mark.parametrize("peppers", [[], [b"short"], [NEW, b""]])
def test_peppers_are_needed_and_long_enough(peppers):
    """Without a real secret no hasher is made."""
    with pytest.raises(ValueError, match="pepper"):
        PinHasher(peppers)


@pytest.mark.parametrize("pin", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", " 73915"])
def test_only_six_ascii_digits_are_hashed(pin):
    """Anything else is refused, and the error does not quote it."""
    with pytest.raises(ValueError, match=r"^a PIN is six ASCII digits$"):
        quick(NEW).hash(ANN, pin)


def test_nothing_printed_or_stored_holds_the_pin_or_the_pepper(caplog):
    """Reprs, logs and stored hashes tell neither."""
    caplog.set_level(logging.DEBUG)
    hasher = quick(NEW)
    stored = hasher.hash(ANN, PIN)
    verdict = hasher.verify(ANN, PIN, stored)
    said = f"{hasher!r} {verdict!r} {stored} {caplog.text}"
    assert PIN not in said
    assert NEW.decode() not in said


async def test_checking_leaves_the_event_loop_free(checker):
    """While PINs are hashed, other coroutines run on."""
    stored = await checker.hash(ANN, PIN)
    checks = [asyncio.create_task(checker.verify(ANN, PIN, stored)) for _ in range(4)]
    turns = 0
    while not all(check.done() for check in checks):
        await asyncio.sleep(0)
        turns += 1
    assert [check.result() for check in checks] == [RIGHT] * 4
    assert turns > 20  # hashing on the loop itself would leave it a turn for each check


async def test_errors_come_through_the_threads(checker):
    """What a hasher refuses, its checker refuses."""
    with pytest.raises(ValueError, match="six ASCII digits"):
        await checker.hash(ANN, "12")


@pytest.mark.parametrize(
    ("pin", "weak"),
    [
        ("12345", Weakness.NOT_SIX_DIGITS),
        ("1234567", Weakness.NOT_SIX_DIGITS),
        ("12a456", Weakness.NOT_SIX_DIGITS),
        ("٧٣٩١٥٢", Weakness.NOT_SIX_DIGITS),
        ("000000", Weakness.SAME_DIGIT),
        ("777777", Weakness.SAME_DIGIT),
        ("123456", Weakness.SEQUENCE),
        ("654321", Weakness.SEQUENCE),
        ("890123", Weakness.SEQUENCE),
        ("321098", Weakness.SEQUENCE),
        ("135791", Weakness.SEQUENCE),
        ("121212", Weakness.REPEATED),
        ("123123", Weakness.REPEATED),
        ("112233", Weakness.DOUBLED),
        ("774411", Weakness.DOUBLED),
        ("123321", Weakness.MIRRORED),
        ("111222", None),
        ("147258", Weakness.COMMON),
        ("159753", Weakness.COMMON),
        ("550143", Weakness.OWN_PHONE),
        ("202555", Weakness.OWN_PHONE),
        ("739152", None),
        ("310589", None),
        ("010190", None),
    ],
)
def test_pins_that_are_easy_to_guess_are_refused(pin, weak):
    """Each pattern has its name; dates are allowed."""
    assert weakness(pin, phone="+1 202-555-0143") is weak


def test_without_a_phone_number_its_rule_is_not_applied():
    """Nothing is compared where no number is known."""
    assert weakness("550143", phone=None) is None


@given(st.integers(0, 999_999))
def test_every_six_digits_are_judged(number):
    """Any PIN gets a verdict, and its mirror image the same one on sequences."""
    pin = f"{number:06}"
    sequence = weakness(pin, phone=None) is Weakness.SEQUENCE
    assert (weakness(pin[::-1], phone=None) is Weakness.SEQUENCE) == sequence
