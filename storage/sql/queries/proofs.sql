-- Phones, bank accounts, and what limits count. storage/records/proofs.py and turnovers.py run
-- these.

-- name: phone(person_id)^
-- A person's verified number.
SELECT number, findable, verified_at FROM phones WHERE person_id = :person_id;

-- name: findable_by_digest(digest)^
-- Who has a number, and may be found by it.
SELECT person_id FROM phones WHERE digest = :digest AND findable = 1;

-- name: free_phone(digest, person_id)!
-- Takes a number from whoever else had it.
DELETE FROM phones WHERE digest = :digest AND person_id <> :person_id;

-- name: put_phone(person_id, digest, number, now)!
-- Stores a person's number; whether it finds them stays as it was chosen.
INSERT INTO phones (person_id, digest, number, verified_at)
VALUES (:person_id, :digest, :number, :now)
ON CONFLICT (person_id) DO UPDATE SET digest = excluded.digest, number = excluded.number,
    verified_at = excluded.verified_at;

-- name: let_phone_find(person_id, findable)!
-- Whether a person is found by their number.
UPDATE phones SET findable = :findable WHERE person_id = :person_id;

-- name: drop_phone(person_id)!
-- Forgets a person's number.
DELETE FROM phones WHERE person_id = :person_id;

-- name: lookups(seeker, since)
-- When a person looked somebody up after a moment, oldest first.
SELECT looked_at FROM lookups WHERE seeker = :seeker AND looked_at > :since
ORDER BY looked_at, position;

-- name: add_lookup(seeker, now)!
-- Counts a look-up.
INSERT INTO lookups (seeker, position, looked_at)
SELECT :seeker, coalesce(max(position), 0) + 1, :now FROM lookups WHERE seeker = :seeker;

-- name: drop_lookups(since)!
-- Forgets everybody's look-ups that count no longer.
DELETE FROM lookups WHERE looked_at <= :since;

-- name: bank_account(person_id)^
-- Where a person withdraws to.
SELECT kind, number FROM bank_accounts WHERE person_id = :person_id;

-- name: put_bank_account(person_id, kind, number, now)!
-- Stores where a person withdraws to.
INSERT INTO bank_accounts (person_id, kind, number, linked_at)
VALUES (:person_id, :kind, :number, :now)
ON CONFLICT (person_id) DO UPDATE SET kind = excluded.kind, number = excluded.number,
    linked_at = excluded.linked_at;

-- name: drop_bank_account(person_id)!
-- Forgets where a person withdraws to.
DELETE FROM bank_accounts WHERE person_id = :person_id;

-- name: turnovers(ids, side, currency, hour, day, month)
-- Several people's running totals on one side, now and as they were at three moments; when the
-- first after each moment was counted; and what else limits go by: the proofs, and when the PIN was
-- changed.
SELECT p.id, latest.counted_at, latest.number, latest.total,
    (
        SELECT number FROM turnovers
        WHERE person_id = p.id AND side = :side AND currency = :currency AND counted_at <= :hour
        ORDER BY counted_at DESC, number DESC LIMIT 1
    ),
    (
        SELECT total FROM turnovers
        WHERE person_id = p.id AND side = :side AND currency = :currency AND counted_at <= :day
        ORDER BY counted_at DESC, number DESC LIMIT 1
    ),
    (
        SELECT total FROM turnovers
        WHERE person_id = p.id AND side = :side AND currency = :currency AND counted_at <= :month
        ORDER BY counted_at DESC, number DESC LIMIT 1
    ),
    (
        SELECT min(counted_at) FROM turnovers
        WHERE person_id = p.id AND side = :side AND currency = :currency AND counted_at > :hour
    ),
    (
        SELECT min(counted_at) FROM turnovers
        WHERE person_id = p.id AND side = :side AND currency = :currency AND counted_at > :day
    ),
    (
        SELECT min(counted_at) FROM turnovers
        WHERE person_id = p.id AND side = :side AND currency = :currency AND counted_at > :month
    ),
    (SELECT count(*) FROM phones WHERE person_id = p.id),
    (SELECT count(*) FROM bank_accounts WHERE person_id = p.id),
    (SELECT replaced_at FROM pins WHERE person_id = p.id)
FROM people p
LEFT JOIN turnovers latest ON latest.person_id = p.id AND latest.side = :side
    AND latest.currency = :currency AND (latest.counted_at, latest.number) = (
        SELECT counted_at, number FROM turnovers
        WHERE person_id = p.id AND side = :side AND currency = :currency
        ORDER BY counted_at DESC, number DESC LIMIT 1
    )
WHERE p.id IN {ids};

-- name: turnover_begins(person_id, side, currency, since)^
-- The first that was counted after a moment.
SELECT counted_at FROM turnovers
WHERE person_id = :person_id AND side = :side AND currency = :currency AND counted_at > :since
ORDER BY counted_at, number LIMIT 1;

-- name: add_turnover(person_id, side, currency, counted_at, number, total)!
-- Counts what was just paid or received.
INSERT INTO turnovers (person_id, side, currency, counted_at, number, total)
VALUES (:person_id, :side, :currency, :counted_at, :number, :total);
