"""The book for others: CSV for a spreadsheet, Beancount for an accountant's program.

Amounts are in major units. In CSV they are as this book has them: a person's balance is what they
own, the bank's is minus all of it. In Beancount a person's money is a liability of whoever runs
the bot, and the bank is an asset, so that all signs turn round.

Rows are written as they are read, so that a long book takes no more memory than a short one.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TextIO

from payments.models import Millis, PersonId
from payments.money import Money, format_plain
from storage.connection import Connection, Row

CSV_COLUMNS = (
    "time",
    "transfer",
    "kind",
    "account",
    "person",
    "amount",
    "balance_after",
    "currency",
    "hold",
    "reverses",
)


def export_csv(connection: Connection, out: TextIO) -> int:
    """Writes one row for each entry, oldest first; how many."""
    writer = csv.writer(out)
    writer.writerow(CSV_COLUMNS)
    written = 0
    for row in connection.each("export_entries"):
        at, transfer, kind, account, person, amount, after, currency, hold, reverses = row
        writer.writerow(
            (
                _moment(at).isoformat(timespec="milliseconds"),
                transfer,
                kind,
                account,
                "" if person is None else person,
                format_plain(Money(amount, currency)),
                format_plain(Money(after, currency)),
                currency,
                hold or "",
                reverses or "",
            )
        )
        written += 1
    return written


def export_beancount(connection: Connection, out: TextIO) -> int:
    """Writes the book as Beancount text, with each account's last balance asserted.

    Answers the number of transfers.
    """
    out.write('option "title" "Chatpay"\n\n')
    for person, currency, opened_at, _balance in connection.each("export_accounts"):
        day = _moment(opened_at).date()
        out.write(f"{day} open {_account_name(person, currency)} {currency}\n")
    transfers = 0
    by_transfer = groupby(connection.each("export_entries"), key=lambda row: row[1])
    for _transfer, entries in by_transfer:
        _write_transfer(list(entries), out)
        transfers += 1
    _write_balances(connection, out)
    return transfers


def _write_transfer(entries: list[Row], out: TextIO) -> None:
    at, transfer, kind, *_rest = entries[0]
    out.write(f'\n{_moment(at).date()} * "{kind}"\n  transfer: "{transfer}"\n')
    out.write(f'  time: "{_moment(at).isoformat(timespec="milliseconds")}"\n')
    for _at, _transfer, _kind, _account, person, amount, _after, currency, *_rest in entries:
        name = _account_name(person, currency)
        out.write(f"  {name}  {format_plain(Money(-amount, currency))} {currency}\n")


def _write_balances(connection: Connection, out: TextIO) -> None:
    (latest,) = connection.one("latest_transfer") or (None,)
    if latest is None:
        return
    day = _moment(latest).date() + timedelta(days=1)
    out.write("\n")
    for person, currency, _opened_at, balance in connection.each("export_accounts"):
        amount = format_plain(Money(-balance, currency))
        out.write(f"{day} balance {_account_name(person, currency)}  {amount} {currency}\n")


def _account_name(person_id: PersonId | None, currency: str) -> str:
    if person_id is None:
        return f"Assets:Bank:{currency}"
    return f"Liabilities:People:{person_id}:{currency}"


def _moment(millis: Millis) -> datetime:
    return datetime.fromtimestamp(millis / 1000, UTC)
