"""What people are told when something is refused: a sentence for each error and each reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot import refusals
from bot.texts import Texts, languages
from payments.errors import (
    AmountRefused,
    AnswerMissing,
    Conflict,
    DeviceUnknown,
    Expired,
    Frozen,
    InsufficientFunds,
    Leftover,
    Limit,
    LimitExceeded,
    NotEmpty,
    NoteRefused,
    NotJoined,
    NotOpen,
    NotOperator,
    NotYours,
    Paused,
    PayeeRefusal,
    PayeeRefused,
    PaymentError,
    PinLocked,
    PinMissing,
    PinNeeded,
    PinReason,
    PinWeak,
    ProofRefused,
    Refused,
    TermsChanged,
    TermsRefusal,
    TermsRefused,
    TooManyDevices,
    Unavailable,
    UnknownPerson,
    Unverified,
)
from payments.models import (
    IntentState,
    LinkStanding,
    LinkState,
    PaymentState,
    Proof,
    RequestState,
    TransferKind,
)
from payments.money import Money, Reason

T = Texts("en")
NOON = 1_780_315_200_000  # 2026-06-01 12:00 UTC
STATES = [*IntentState, *PaymentState, *RequestState, *LinkState, *LinkStanding]


def _all_errors() -> list[PaymentError]:
    five, ten = Money(500, "EUR"), Money(1_000, "EUR")
    limits = [
        LimitExceeded(limit, possible=possible, again_at=again_at)
        for limit in (*Limit, *TransferKind)
        for possible in (None, Money(0, "EUR"), five)
        for again_at in (None, NOON)
    ]
    ranges = [
        AmountRefused(least=least, most=most)
        for least in (None, five)
        for most in (None, five, ten)
    ]
    return [
        NotJoined(),
        TermsChanged(),
        *map(Unverified, Proof),
        *map(ProofRefused, Proof),
        UnknownPerson(),
        *(PayeeRefused(reason, name="Bob") for reason in PayeeRefusal),
        *ranges,
        NoteRefused(most=140),
        *map(TermsRefused, TermsRefusal),
        AnswerMissing(),
        InsufficientFunds(available=five, needed=ten),
        *limits,
        Frozen(),
        Paused(),
        NotOperator(),
        *map(NotEmpty, Leftover),
        PinMissing(),
        PinLocked(until=NOON),
        PinWeak(),
        *map(PinNeeded, PinReason),
        DeviceUnknown(),
        TooManyDevices(most=10),
        NotYours(),
        *map(NotOpen, STATES),
        NotOpen("answered"),
        Expired(),
        Conflict(),
        Unavailable(),
    ]


def _classes(of: type[PaymentError]) -> Iterator[type[PaymentError]]:
    for kind in of.__subclasses__():
        yield kind
        yield from _classes(kind)


def test_every_class_of_error_is_tried_here() -> None:
    """The list above leaves out no class of error but the one that is never raised itself."""
    assert {type(error) for error in _all_errors()} == set(_classes(PaymentError)) - {Refused}


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("error", _all_errors(), ids=repr)
def test_fits_an_alert(error: PaymentError, language: str) -> None:
    """Each sentence ends, has no tag and no unfilled field, and fits Telegram's 200 characters."""
    sentence = refusals.sentence(error, Texts(language)).striptags()

    assert not set("{}<>&") & set(sentence)
    assert sentence[-1] in ".!"
    assert 10 < len(sentence) <= 200


def test_every_state_has_its_own_words() -> None:
    """No state of a card, payment, request or link falls through to the general sentence."""
    general = refusals.sentence(NotOpen("no such state"), T)

    assert general not in {refusals.sentence(NotOpen(state), T) for state in STATES}


def test_every_unreadable_amount_has_a_sentence() -> None:
    """Whatever is wrong with an amount, there is a sentence about it."""
    assert all(refusals.unreadable(reason, T).endswith(".") for reason in Reason)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            InsufficientFunds(available=Money(500, "EUR"), needed=Money(1_250, "EUR")),
            "You have €5.00 and this needs €12.50. Nothing was paid. Add €7.50 with /topup first.",
        ),
        (
            LimitExceeded("topup", possible=Money(2_000, "EUR"), again_at=NOON),
            (
                "The bank moves only so much a day. €20.00 is possible now, "
                "more from Jun 1, 2026, 12:00 PM UTC."
            ),
        ),
        (
            PinLocked(until=NOON),
            (
                "Too many wrong tries, so your PIN is locked until Jun 1, 2026, 12:00 PM UTC. "
                "Your money is safe."
            ),
        ),
        (
            AmountRefused(least=Money(100, "EUR"), most=Money(500, "EUR")),
            "The amount has to be between €1.00 and €5.00.",
        ),
    ],
)
def test_is_exact_about_money_and_time(error: PaymentError, sentence: str) -> None:
    """Figures and moments are named, not hinted at."""
    assert refusals.sentence(error, T).striptags() == sentence
