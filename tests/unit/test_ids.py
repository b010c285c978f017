"""Identifiers: their shape, their order, and that they fit where they travel."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.ids import (
    TOKEN_LENGTH,
    new_intent_id,
    new_keypad_id,
    new_link_token,
    new_payment_id,
    new_request_id,
    reference,
)

MOMENT_MS = 1_700_000_000_000
TOKENS = [new_intent_id, new_request_id, new_link_token, new_keypad_id]


def test_a_payment_id_is_a_prefixed_ulid():
    """`p_` and 26 characters of Crockford's base 32, the first ten of them the time."""
    made = new_payment_id(MOMENT_MS)
    assert re.fullmatch("p_[0-9A-HJKMNP-TV-Z]{26}", made)
    assert made[:12] == "p_01HF7YAT00"


@given(st.integers(0, 2**48 - 2))
def test_payment_ids_sort_by_time(now_ms):
    """An id of a later millisecond sorts after every id of an earlier one."""
    assert new_payment_id(now_ms) < new_payment_id(now_ms + 1)


@pytest.mark.parametrize("now_ms", [-1, 2**48])
def test_a_moment_outside_the_layout_is_refused(now_ms):
    """Times that 48 bits cannot hold make no id."""
    with pytest.raises(ValueError, match="48 bits"):
        new_payment_id(now_ms)


def test_payment_ids_of_one_moment_differ():
    """The 80 random bits keep ids of one millisecond apart."""
    assert len({new_payment_id(MOMENT_MS) for _ in range(1000)}) == 1000


@pytest.mark.parametrize("new", TOKENS)
def test_a_token_is_16_characters_that_links_and_buttons_allow(new):
    """Tokens carry 96 random bits in `[A-Za-z0-9_-]`, always the same length."""
    tokens = {new() for _ in range(1000)}
    assert len(tokens) == 1000
    assert TOKEN_LENGTH == 16
    assert all(re.fullmatch("[A-Za-z0-9_-]{16}", token) for token in tokens)


def test_a_reference_is_the_end_of_the_id_in_two_groups():
    """Receipts show eight characters that can be read aloud."""
    assert reference("p_01HF7YAT00ABCDEFGH7K3MQ9ZD") == "7K3M-Q9ZD"
