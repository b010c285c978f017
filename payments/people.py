"""Who somebody is: meeting, joining, choices, and finding the person whom a payer means.

A numeric id is identity. An @name only looks somebody up: where it finds a person, that person's
id is what is stored; where it finds nobody, the name itself is, and whoever has that name when the
money is claimed may claim it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from payments.errors import (
    AmountRefused,
    Frozen,
    NotJoined,
    Paused,
    PayeeRefusal,
    PayeeRefused,
    TermsChanged,
    UnknownPerson,
)
from payments.models import (
    PSEUDONYM_LEAST,
    Millis,
    Payment,
    Person,
    PersonId,
    Profile,
    RequestsFrom,
    Stops,
)
from payments.names import clean_name
from payments.policy import TERMS_VERSION, Policy
from payments.ports import Tx

PersonRef = PersonId | str
"""Somebody by id, or by @name, with or without the @."""

_USERNAME = re.compile(r"[a-z0-9_]{1,32}")


class Named(Struct, frozen=True):
    """Whom a payer or requester means: by id, or only by name where nobody is known by it."""

    id: PersonId | None
    username: str | None


def meet(tx: Tx, profile: Profile, *, currency: str, now: Millis) -> Person:
    """Brings a person up to date; one who has joined keeps the name they gave."""
    known = tx.people.get(profile.id)
    name = clean_name(profile.name) or str(profile.id)
    if known is not None and known.joined:
        name = known.name
    profile = replace(profile, name=name)
    person = tx.people.meet(profile, currency=currency, now=now)
    if not person.reachable:
        person = replace(person, reachable=True)
        tx.people.save(person)
    return person


def known(tx: Tx, person_id: PersonId) -> Person:
    """Somebody who was met.

    Raises:
        UnknownPerson: nobody has this id.
    """
    person = tx.people.get(person_id)
    if person is None:
        raise UnknownPerson
    return person


def joined(tx: Tx, person_id: PersonId) -> Person:
    """Somebody who may do something with money.

    Raises:
        NotJoined: the terms have not been accepted.
        TermsChanged: they have, but not as they are now.
    """
    person = tx.people.get(person_id)
    if person is None or not person.joined:
        raise NotJoined
    if not has_accepted(person):
        raise TermsChanged
    return person


def active(tx: Tx, person_id: PersonId) -> Person:
    """Somebody who may move money now, or begin to.

    Raises, in this order:
        NotJoined, TermsChanged: as `joined` does.
        Paused: operators have stopped all payments.
        Frozen: operators have stopped this person's.
    """
    person = joined(tx, person_id)
    refuse_stopped(person_id, tx.operators.stops([person_id]))
    return person


def refuse_stopped(person_id: PersonId, stops: Stops) -> None:
    """Nobody moves money that operators have stopped.

    Raises:
        Paused: all payments are.
        Frozen: this person's are.
    """
    if stops.paused:
        raise Paused
    if person_id in stops.frozen:
        raise Frozen


def refuse_stopped_payees(payee_ids: Sequence[PersonId], stops: Stops) -> None:
    """Nobody pays somebody whose payments were stopped, or who was forgotten.

    Raises:
        PayeeRefused: GONE, then STOPPED.
    """
    if any(payee_id >= PSEUDONYM_LEAST for payee_id in payee_ids):
        raise PayeeRefused(PayeeRefusal.GONE)
    if not stops.frozen.isdisjoint(payee_ids):
        raise PayeeRefused(PayeeRefusal.STOPPED)


def has_accepted(person: Person) -> bool:
    """Whether somebody has accepted the terms as they are now."""
    return person.joined and person.terms_version >= TERMS_VERSION


def join(tx: Tx, person_id: PersonId, *, name: str, now: Millis) -> Person:
    """Stores that the terms were accepted, and opens the first account.

    Whoever joins takes requests from anyone at first, so that two new people can ask each other;
    the card of a first request says that the two have never dealt.

    Raises:
        UnknownPerson: nobody has this id.
    """
    before = known(tx, person_id)
    person = replace(before, name=clean_name(name) or before.name, terms_version=TERMS_VERSION)
    if not before.joined:
        person = replace(person, joined_at=now)
        if before.requests_from is RequestsFrom.KNOWN:
            person = replace(person, requests_from=RequestsFrom.ANYONE)
    tx.people.save(person)
    tx.ledger.open_person_account(person.id, person.currency, now)
    return person


def choose(
    tx: Tx,
    person_id: PersonId,
    *,
    name: str | None,
    language: str | None,
    currency: str | None,
    requests_from: RequestsFrom | None,
    policy: Policy,
    now: Millis,
) -> Person:
    """Stores what is not None.

    Raises:
        UnknownPerson: nobody has this id.
        AmountRefused: the currency is not one of the policy's.
    """
    person = known(tx, person_id)
    if name is not None:
        person = replace(person, name=clean_name(name) or person.name)
    if language is not None:
        person = replace(person, language=language, language_chosen=True)
    if requests_from is not None:
        person = replace(person, requests_from=requests_from)
    if currency is not None:
        if currency not in policy.currencies:
            raise AmountRefused
        person = replace(person, currency=currency)
        if person.joined:
            tx.ledger.open_person_account(person.id, currency, now)
    tx.people.save(person)
    return person


def unreachable(tx: Tx, person_id: PersonId) -> None:
    """Remembers that the platform refuses messages to this person."""
    person = tx.people.get(person_id)
    if person is not None and person.reachable:
        tx.people.save(replace(person, reachable=False))


def find(
    tx: Tx, seeker: Person, refs: Sequence[PersonRef], *, policy: Policy, now: Millis
) -> tuple[Named, ...]:
    """The people whom `seeker` means, in the order given.

    Raises, in this order:
        PayeeRefused: TOO_MANY.
        UnknownPerson: an id or @name that nobody can have.
        PayeeRefused: SELF, then TWICE.
    """
    if len(refs) > policy.payees_most:
        raise PayeeRefused(PayeeRefusal.TOO_MANY)
    people = tuple(_find_one(tx, ref, currency=policy.currencies[0], now=now) for ref in refs)
    refuse_self_and_twice(seeker, people)
    return people


def refuse_self_and_twice(seeker: Person, people: Sequence[Named]) -> None:
    """Nobody pays or asks themselves, nor the same person twice at once.

    Raises:
        PayeeRefused: SELF or TWICE.
    """
    for named in people:
        if named.id == seeker.id or is_called(seeker, named.username):
            raise PayeeRefused(PayeeRefusal.SELF)
    if len(set(people)) < len(people):
        raise PayeeRefused(PayeeRefusal.TWICE)


def find_now(tx: Tx, named: Named) -> Named:
    """Somebody known by name only, by id if that name has been met since."""
    if named.id is not None or named.username is None:
        return named
    person = tx.people.by_username(named.username)
    return named if person is None else Named(person.id, None)


def is_called(person: Person, username: str | None) -> bool:
    """Whether this is the person's @name now, in any case."""
    if username is None or person.username is None:
        return False
    return person.username.lower() == username.lower()


def is_for_anybody(payment: Payment) -> bool:
    """Whether a held payment names nobody: a gift for whoever takes it first."""
    return payment.payee_id is None and payment.payee_username is None


def may_claim(person: Person, payment: Payment) -> bool:
    """Whether a held payment is meant for this person."""
    if is_for_anybody(payment):
        return True
    if payment.payee_id is not None:
        return payment.payee_id == person.id
    return is_called(person, payment.payee_username)


def block(tx: Tx, person_id: PersonId, other_id: PersonId, *, now: Millis) -> None:
    """The one has nothing to do with the other from now on.

    Raises:
        UnknownPerson: one of them has not been met.
        PayeeRefused: SELF.
    """
    known(tx, person_id)
    known(tx, other_id)
    if person_id == other_id:
        raise PayeeRefused(PayeeRefusal.SELF)
    tx.people.block(person_id, other_id, now)


def refuse_blocked(tx: Tx, one: PersonId, other: PersonId) -> None:
    """Neither pays nor asks the other while one has blocked the other.

    Raises:
        PayeeRefused: BLOCKED, with the name of the other.
    """
    if tx.people.has_blocked(one, other) or tx.people.has_blocked(other, one):
        raise PayeeRefused(PayeeRefusal.BLOCKED, name=known(tx, other).name)


def _find_one(tx: Tx, ref: PersonRef, *, currency: str, now: Millis) -> Named:
    if isinstance(ref, str):
        username = ref.strip().removeprefix("@").lower()
        if not _USERNAME.fullmatch(username):
            raise UnknownPerson
        return find_now(tx, Named(None, username))
    if not 0 < ref < PSEUDONYM_LEAST:
        raise UnknownPerson
    if tx.people.get(ref) is None:
        # Picked from contacts, never met: the number stands for the name until they are.
        stranger = Profile(id=ref, name=str(ref), username=None, language="en")
        tx.people.meet(stranger, currency=currency, now=now)
    return Named(ref, None)
