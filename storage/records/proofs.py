"""What people have shown to be theirs: phone numbers and bank accounts, sealed.

A number is found by a keyed digest. After the secret key was rotated, digests of the older keys
still find; a number that is shown again gets the present one.
"""

from __future__ import annotations

from payments.models import BankAccount, BankAccountKind, Millis, PersonId, Phone
from storage.connection import Connection
from storage.sealing import Sealer, Use


class Proofs:
    """`payments.ports.Proofs` on any engine."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    def phone(self, person_id: PersonId) -> Phone | None:
        """The person's verified number."""
        row = self._connection.one("phone", person_id=person_id)
        if row is None:
            return None
        sealed, findable, verified_at = row
        number = self._sealer.open(sealed, use=Use.PHONE, row=person_id).decode()
        return Phone(number, bool(findable), verified_at)

    def put_phone(self, person_id: PersonId, number: str, now: Millis) -> None:
        """Stores a number, and takes it from whoever else had it."""
        digests = self._sealer.phone_digests(number)
        for digest in digests:
            self._connection.run("free_phone", digest=digest, person_id=person_id)
        self._connection.run(
            "put_phone",
            person_id=person_id,
            digest=digests[0],
            number=self._sealer.seal(number.encode(), use=Use.PHONE, row=person_id),
            now=now,
        )

    def let_phone_find(self, person_id: PersonId, *, findable: bool) -> None:
        """Whether the person is found by their number."""
        self._connection.run("let_phone_find", person_id=person_id, findable=int(findable))

    def drop_phone(self, person_id: PersonId) -> None:
        """Forgets the person's number."""
        self._connection.run("drop_phone", person_id=person_id)

    def found_by_phone(self, number: str) -> PersonId | None:
        """Who has this number and lets it be found."""
        rows = (
            self._connection.one("findable_by_digest", digest=digest)
            for digest in self._sealer.phone_digests(number)
        )
        return next((row[0] for row in rows if row is not None), None)

    def lookups(self, person_id: PersonId, *, since: Millis) -> list[Millis]:
        """When this person looked somebody up by phone number after `since`, oldest first."""
        seeker = self._sealer.seeker_digest(person_id)
        return [at for (at,) in self._connection.all("lookups", seeker=seeker, since=since)]

    def add_lookup(self, person_id: PersonId, *, since: Millis, now: Millis) -> None:
        """Counts a look-up; everybody's up to `since` are forgotten."""
        self._connection.run("drop_lookups", since=since)
        seeker = self._sealer.seeker_digest(person_id)
        self._connection.run("add_lookup", seeker=seeker, now=now)

    def bank_account(self, person_id: PersonId) -> BankAccount | None:
        """Where the person withdraws to."""
        row = self._connection.one("bank_account", person_id=person_id)
        if row is None:
            return None
        kind, sealed = row
        number = self._sealer.open(sealed, use=Use.BANK_ACCOUNT, row=person_id).decode()
        return BankAccount(BankAccountKind(kind), number)

    def put_bank_account(self, person_id: PersonId, account: BankAccount, now: Millis) -> None:
        """Stores where the person withdraws to, in place of what was stored before."""
        sealed = self._sealer.seal(account.number.encode(), use=Use.BANK_ACCOUNT, row=person_id)
        self._connection.run(
            "put_bank_account",
            person_id=person_id,
            kind=account.kind.value,
            number=sealed,
            now=now,
        )

    def drop_bank_account(self, person_id: PersonId) -> None:
        """Forgets where the person withdraws to."""
        self._connection.run("drop_bank_account", person_id=person_id)
