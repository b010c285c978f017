"""The limit on PostgreSQL: one hand-written function for each of the two commits of an approval.

The functions look up and decide what the rules do and write the same rows, inside the server: one
call and one commit each, on as many connections as a worker of ours has.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence

import psycopg

from benchmarks.household import LastTap

CONNECTIONS = 2

_FUNCTIONS = """
CREATE OR REPLACE FUNCTION bench_count_try(keypad TEXT, payer BIGINT) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE pad keypads; card intents;
BEGIN
    SELECT * INTO STRICT pad FROM keypads WHERE id = keypad AND person_id = payer FOR UPDATE;
    SELECT * INTO STRICT card FROM intents WHERE id = pad.intent_id AND state = 'awaiting_pin';
    UPDATE pins SET tries = tries + 1, locked_until = NULL
    WHERE person_id = payer AND locked_until IS NULL;
    UPDATE keypads SET sealed = pad.sealed, checking = 1 WHERE id = keypad;
END $$;

CREATE OR REPLACE FUNCTION bench_approve(keypad TEXT, payer BIGINT, moment BIGINT) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    pad keypads; card intents; paid payments; debited accounts; credited accounts;
    payer_account BIGINT; payee_account BIGINT; both_people BIGINT[];
BEGIN
    SELECT * INTO STRICT pad FROM keypads WHERE id = keypad AND checking = 1;
    SELECT * INTO STRICT card FROM intents WHERE id = pad.intent_id;
    SELECT * INTO STRICT paid FROM payments WHERE intent_id = card.id;
    both_people := ARRAY[least(payer, paid.payee_id), greatest(payer, paid.payee_id)];
    PERFORM pg_advisory_xact_lock(both_people[1]);
    PERFORM pg_advisory_xact_lock(both_people[2]);
    PERFORM 1 FROM people WHERE id = ANY (both_people) AND joined_at IS NOT NULL;
    PERFORM 1 FROM blocks WHERE person_id = ANY (both_people) AND other_id = ANY (both_people);
    PERFORM 1 FROM transfers WHERE id = paid.id;
    SELECT id INTO STRICT payer_account FROM accounts
    WHERE person_id = payer AND currency = card.currency;
    SELECT id INTO STRICT payee_account FROM accounts
    WHERE person_id = paid.payee_id AND currency = card.currency;
    UPDATE pins SET tries = 0, locked_until = NULL WHERE person_id = payer;
    DELETE FROM keypads WHERE id = keypad;
    UPDATE intents SET state = 'posted' WHERE id = card.id AND state = 'awaiting_pin';
    UPDATE accounts SET balance = balance - paid.amount, version = version + 1
    WHERE id = payer_account AND balance - held >= paid.amount RETURNING * INTO STRICT debited;
    UPDATE accounts SET balance = balance + paid.amount, version = version + 1
    WHERE id = payee_account RETURNING * INTO STRICT credited;
    INSERT INTO transfers (id, kind, debit_account_id, credit_account_id, amount, currency,
        created_at)
    VALUES (paid.id, 'payment', debited.id, credited.id, paid.amount, card.currency, moment);
    INSERT INTO entries (account_id, version, transfer_id, amount, balance_after) VALUES
        (debited.id, debited.version, paid.id, -paid.amount, debited.balance),
        (credited.id, credited.version, paid.id, paid.amount, credited.balance);
    UPDATE payments SET state = 'posted', posted_at = moment WHERE id = paid.id;
    INSERT INTO turnovers (person_id, side, currency, counted_at, number, total)
    SELECT who, what, card.currency, moment, coalesce(last.number, 0) + 1,
        coalesce(last.total, 0) + paid.amount
    FROM (VALUES (payer, 'paid'), (paid.payee_id, 'received')) AS sides (who, what)
    LEFT JOIN LATERAL (
        SELECT number, total FROM turnovers
        WHERE person_id = who AND side = what AND currency = card.currency
        ORDER BY counted_at DESC, number DESC LIMIT 1
    ) AS last ON TRUE;
    INSERT INTO outbox (kind, conversation_id, subject_id, created_at, due_at) VALUES
        ('payment_received', paid.payee_id, paid.id, moment, moment),
        ('intent', payer, card.id, moment, moment);
END $$;
"""


def approve(url: str, taps: Sequence[LastTap]) -> float:
    """Approves all, on `CONNECTIONS` connections; payments a second."""
    connections = [psycopg.connect(url, autocommit=True) for _ in range(CONNECTIONS)]
    connections[0].execute(_FUNCTIONS)
    waiting: queue.SimpleQueue[LastTap] = queue.SimpleQueue()
    for tap in taps:
        waiting.put(tap)

    def work(connection: psycopg.Connection) -> None:
        while True:
            try:
                tap = waiting.get_nowait()
            except queue.Empty:
                return
            keypad, payer = tap.keypad_id, tap.person_id
            connection.execute("SELECT bench_count_try(%s, %s)", (keypad, payer))
            connection.execute(
                "SELECT bench_approve(%s, %s, %s)", (keypad, payer, time.time_ns() // 1_000_000)
            )

    threads = [threading.Thread(target=work, args=(connection,)) for connection in connections]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    for connection in connections:
        connection.close()
    return len(taps) / seconds
