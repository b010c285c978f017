"""Who is known, and how they want it."""

from __future__ import annotations

from collections.abc import Collection

from payments.models import Millis, Person, PersonId, Profile, RequestsFrom
from storage.connection import Row, json_array
from storage.workspace import Workspace

_LOOK_BACK = 500
"""In how many of a person's latest payments to look for recent payees."""


class People:
    """`payments.ports.People` on any engine."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._people: dict[PersonId, Person | None] = workspace.keep("people")
        self._blocks: dict[tuple[PersonId, PersonId], bool] = workspace.keep("blocks")

    def look_up(
        self,
        person_ids: Collection[PersonId],
        pairs: Collection[tuple[PersonId, PersonId]] = (),
    ) -> None:
        """Looks up these people, and which of the pairs are blocks, for all that follows in this
        transaction.
        """
        unknown = [person_id for person_id in person_ids if person_id not in self._people]
        if unknown:
            self._people.update(dict.fromkeys(unknown))
            for row in self._workspace.all("people", ids=json_array(unknown)):
                self._people[row[0]] = _person(row)
        if not self._blocks.keys() >= set(pairs):
            self._blocks.update(dict.fromkeys(pairs, False))
            for one, other in self._workspace.all("blocks_among", ids=json_array(person_ids)):
                self._blocks[one, other] = True

    def get(self, person_id: PersonId) -> Person | None:
        """A person by id."""
        if person_id not in self._people:
            self.look_up((person_id,))
        return self._people[person_id]

    def many(self, person_ids: Collection[PersonId]) -> dict[PersonId, Person]:
        """Several by id; the unknown are left out."""
        self.look_up(person_ids)
        found = {person_id: self._people[person_id] for person_id in person_ids}
        return {person_id: person for person_id, person in found.items() if person is not None}

    def by_username(self, username: str) -> Person | None:
        """Who has this @name now (any case, without the @)."""
        row = self._workspace.one("person_by_username", username=username)
        return None if row is None else _person(row)

    def meet(self, profile: Profile, *, currency: str, now: Millis) -> Person:
        """Writes down, or brings up to date, who the platform says this is."""
        known = self.get(profile.id)
        if known is not None and _is_up_to_date(known, profile):
            return known
        self._free_username(profile.username, profile.id)
        seen = {"person_id": profile.id, "name": profile.name, "username": profile.username}
        if known is None:
            row = self._workspace.one(
                "add_person", **seen, language=profile.language, currency=currency, now=now
            )
        else:
            row = self._workspace.one("update_profile", **seen, language=profile.language)
        if row is None:
            raise LookupError(f"person {profile.id} is gone")
        return _person(row)

    def save(self, person: Person) -> None:
        """Stores a person's own choices (all fields but id and met_at)."""
        self._free_username(person.username, person.id)
        self._workspace.run(
            "save_person",
            person_id=person.id,
            name=person.name,
            username=person.username,
            language=person.language,
            language_chosen=int(person.language_chosen),
            currency=person.currency,
            requests_from=person.requests_from.value,
            terms_version=person.terms_version,
            joined_at=person.joined_at,
            reachable=int(person.reachable),
        )

    def block(self, person_id: PersonId, other_id: PersonId, now: Millis) -> None:
        """`person_id` blocks `other_id` (idempotent)."""
        self._workspace.run("add_block", person_id=person_id, other_id=other_id, now=now)

    def unblock(self, person_id: PersonId, other_id: PersonId) -> None:
        """Ends a block (idempotent)."""
        self._workspace.run("drop_block", person_id=person_id, other_id=other_id)

    def blocked(self, person_id: PersonId) -> list[Person]:
        """Those whom this person blocked, latest first."""
        return [_person(row) for row in self._workspace.all("blocked_by", person_id=person_id)]

    def has_blocked(self, person_id: PersonId, other_id: PersonId) -> bool:
        """Whether `person_id` blocks `other_id`."""
        if (person_id, other_id) not in self._blocks:
            self.look_up((person_id, other_id), [(person_id, other_id)])
        return self._blocks[person_id, other_id]

    def recent_payees(self, person_id: PersonId, limit: int) -> list[Person]:
        """Whom this person paid, latest first, each once."""
        rows = self._workspace.all(
            "recent_payees", person_id=person_id, look_back=_LOOK_BACK, rows=limit
        )
        return [_person(row) for row in rows]

    def _free_username(self, username: str | None, person_id: PersonId) -> None:
        if username is not None:
            self._workspace.run("free_username", username=username, person_id=person_id)


def _is_up_to_date(person: Person, profile: Profile) -> bool:
    return (
        person.name == profile.name
        and person.username == profile.username
        and (person.language_chosen or person.language == profile.language)
    )


def _person(row: Row) -> Person:
    (
        person_id,
        name,
        username,
        language,
        language_chosen,
        currency,
        requests_from,
        terms_version,
        met_at,
        joined_at,
        reachable,
    ) = row
    return Person(
        id=person_id,
        name=name,
        username=username,
        language=language,
        language_chosen=bool(language_chosen),
        currency=currency,
        requests_from=RequestsFrom(requests_from),
        terms_version=terms_version,
        met_at=met_at,
        joined_at=joined_at,
        reachable=bool(reachable),
    )
