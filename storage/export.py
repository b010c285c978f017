"""The book for others: CSV for a spreadsheet, Beancount for an accountant's program.

Amounts are in major units. In CSV they are as this book has them: a person's balance is what they
own, the bank's is minus all of it. In Beancount a person's money is a liability of whoever runs
the bot, and the bank is an asset, so that all signs turn round.
"""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import TextIO

from payments.models import Millis
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
    rows = connection.all("export_entries")
    writer = csv.writer(out)
    writer.writerow(CSV_COLUMNS)
    for at, transfer, kind, account, person, amount, after, currency, hold, reverses in rows:
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
    return len(rows)


def export_beancount(connection: Connection, out: TextIO) -> int:
    """Writes the book as Beancount text, with each account's last balance asserted.

    Answers the number of transfers.
    """
    rows = connection.all("export_entries")
    out.write('option "title" "Chatpay"\n\n')
    _write_accounts(rows, out)
    transfers = 0
    for _transfer, entries in groupby(rows, key=lambda row: row[1]):
        _write_transfer(list(entries), out)
        transfers += 1
    _write_balances(rows, out)
    return transfers


def _write_accounts(rows: list[Row], out: TextIO) -> None:
    opened: dict[str, tuple[date, str]] = {}
    for row in rows:
        opened.setdefault(_account_name(row), (_moment(row[0]).date(), row[7]))
    out.writelines(f"{day} open {name} {currency}\n" for name, (day, currency) in opened.items())


def _write_transfer(entries: list[Row], out: TextIO) -> None:
    at, transfer, kind, *_rest = entries[0]
    out.write(f'\n{_moment(at).date()} * "{kind}"\n  transfer: "{transfer}"\n')
    out.write(f'  time: "{_moment(at).isoformat(timespec="milliseconds")}"\n')
    for entry in entries:
        amount, currency = entry[5], entry[7]
        out.write(
            f"  {_account_name(entry)}  {format_plain(Money(-amount, currency))} {currency}\n"
        )


def _write_balances(rows: list[Row], out: TextIO) -> None:
    balances: dict[str, tuple[int, str]] = {}
    for row in rows:
        name = _account_name(row)
        before, currency = balances.get(name, (0, row[7]))
        balances[name] = (before - row[5], currency)
    out.write("\n")
    for name, (minor, currency) in balances.items():
        day = _moment(rows[-1][0]).date() + timedelta(days=1)
        out.write(f"{day} balance {name}  {format_plain(Money(minor, currency))} {currency}\n")


def _account_name(row: Row) -> str:
    person_id, currency = row[4], row[7]
    if person_id is None:
        return f"Assets:Bank:{currency}"
    return f"Liabilities:People:{person_id}:{currency}"


def _moment(millis: Millis) -> datetime:
    return datetime.fromtimestamp(millis / 1000, UTC)
