"""What tests build on: who is made ready quickly is as ready as who says all of it in the chat."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tests.chat.driver import Chatpay, Customer

_THEIR_OWN = {"id", "person_id", "name", "username", "hash"}

Rows = list[dict[str, object]]


def rows_of(chatpay: Chatpay, customer: Customer) -> dict[str, Rows]:
    """What each table holds of a person, but for moments and what is anybody's own."""
    address = f"file:{chatpay.database}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as database:
        database.row_factory = sqlite3.Row
        tables = [name for (name,) in database.execute("SELECT name FROM pragma_table_list")]
        owners = {
            table: "person_id"
            for table in tables
            if "person_id" in [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        }
        return {
            table: [
                {
                    column: row[column]
                    for column in row.keys()  # noqa: SIM118 (a row of SQLite's iterates values)
                    if column not in _THEIR_OWN and not column.endswith("_at")
                }
                for row in database.execute(
                    f"SELECT * FROM {table} WHERE {owner} = ?", (customer.id,)
                )
            ]
            for table, owner in (owners | {"people": "id"}).items()
        }


async def test_who_is_made_ready_is_as_ready_as_who_does_it_in_the_chat(
    chatpay: Chatpay,
) -> None:
    """No table holds anything else of them, and their balance says the same."""
    made, talking = await chatpay.customer("Ann"), await chatpay.newcomer("Bea")
    await talking.get_ready()

    assert rows_of(chatpay, made) == rows_of(chatpay, talking)
    assert await made.balance() == await talking.balance() == "€100.00"
