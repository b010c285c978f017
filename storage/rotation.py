"""Seals everything anew under the present secret key, beside a working bot.

Each batch is one short transaction over so many rows, be there much to do in them or nothing. A
row that is sealed under the present key is left alone, so that a rotation which was cut off goes
on where it was, and a second one finds nothing to do. Phone numbers get the digest of the present
key, by which they are found.

PINs are not sealed but hashed: each is hashed anew when its owner next gives it, and needs the old
secret key until then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from storage.connection import Connection, Row
from storage.sealing import Sealer, Use

BATCH = 200
"""Rows of one transaction; the bot waits for no more than that."""

Amend = Callable[[], AbstractContextManager[Connection]]
"""Begins a short writing transaction."""


@dataclass(frozen=True, slots=True)
class _Table:
    """What is sealed in one table."""

    name: str
    uses: tuple[Use, ...]
    first: int | str = ""
    """A key before all others."""


TABLES = (
    _Table("inbox", (Use.INBOX_PAYLOAD,), -1),
    _Table("keypads", (Use.KEYPAD,)),
    _Table("intents", (Use.INTENT_NOTE, Use.INTENT_QUESTION, Use.INTENT_ANSWER)),
    _Table("payments", (Use.CLAIM_TOKEN,)),
    _Table("requests", (Use.REQUEST_NOTE,)),
    _Table("offers", (Use.OFFER_NOTE,)),
    _Table("links", (Use.LINK_NOTE, Use.LINK_QUESTION, Use.LINK_THANKS, Use.LINK_REFERENCE)),
    _Table("prompts", (Use.PROMPT_DRAFT,)),
    _Table("bank_accounts", (Use.BANK_ACCOUNT,), -1),
    _Table("operator_log", (Use.OPERATOR_REASON,)),
    _Table("phones", (Use.PHONE,), -1),
)


def rotate(amend: Amend, sealer: Sealer) -> Iterator[tuple[str, int]]:
    """Seals all tables anew, and says of each how many rows it changed.

    Args:
        amend: begins a short writing transaction on an up-to-date database.
        sealer: with the present key first, and all keys that were used before.

    Raises:
        UnknownKey: something is sealed under a key that is not there; what was done stays done.
        SealBroken: something was changed since it was sealed.
    """
    for table in TABLES:
        yield table.name, _rotate(amend, sealer, table)


def _rotate(amend: Amend, sealer: Sealer, table: _Table) -> int:
    """Goes through one table from its beginning to its end, once.

    After each batch the bot has as much time to itself as the batch took, so that a payment which
    found the database busy does not find it so again and again.
    """
    after, changed = table.first, 0
    while True:
        began = time.monotonic()
        with amend() as connection:
            rows = connection.all(f"sealed_in_{table.name}", after=after, rows=BATCH)
            changed += sum(_reseal(connection, sealer, table, row) for row in rows)
        if len(rows) < BATCH:
            return changed
        after = rows[-1][0]
        time.sleep(time.monotonic() - began)


def _reseal(connection: Connection, sealer: Sealer, table: _Table, row: Row) -> bool:
    """Seals one row anew; False where it is sealed under the present key."""
    key, *values = row
    sealed = [
        sealer.reseal(value, use=use, row=key)
        for use, value in zip(table.uses, values, strict=True)
    ]
    if sealed == values:
        return False
    if table.name == "phones":
        plain = sealer.open(values[0], use=Use.PHONE, row=key)
        digest = sealer.phone_digests(plain.decode())[0]
        connection.run("reseal_phone", row=key, digest=digest, number=sealed[0])
    else:
        named = {f"value_{position}": value for position, value in enumerate(sealed)}
        connection.run(f"reseal_{table.name}", row=key, **named)
    return True


def pins_waiting(connection: Connection, pepper_id: str) -> int:
    """How many PINs were not given since the secret key is the present one.

    Args:
        connection: an open transaction.
        pepper_id: what hashes begin with that were made under the present key.
    """
    row = connection.one("count_pins_not_under", pepper=pepper_id)
    return 0 if row is None else int(row[0])
