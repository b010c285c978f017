-- What operators do, and what they have stopped. storage/records/operators.py runs these.

-- name: stops(ids)
-- Who of these may not pay or be paid now; 0 where nobody may.
SELECT 0 FROM pauses
UNION ALL
SELECT person_id FROM freezes WHERE person_id IN {ids};

-- name: freeze(person_id, now)!
-- A person may not pay or be paid from now on.
INSERT INTO freezes (person_id, frozen_at) VALUES (:person_id, :now) ON CONFLICT DO NOTHING;

-- name: unfreeze(person_id)!
-- A person may pay and be paid again.
DELETE FROM freezes WHERE person_id = :person_id;

-- name: pause(now)!
-- No money moves from now on.
INSERT INTO pauses (id, paused_at) VALUES (1, :now) ON CONFLICT DO NOTHING;

-- name: resume()!
-- Money moves again.
DELETE FROM pauses;

-- name: close_report(request_id, now)!
-- What was reported of a request has been seen to.
INSERT INTO closed_reports (request_id, closed_at) VALUES (:request_id, :now)
ON CONFLICT DO NOTHING;

-- name: add_to_operator_log(line_id, operator_id, kind, subject_id, person_id, reason, now)!
-- Writes down what an operator has done.
INSERT INTO operator_log (id, operator_id, kind, subject_id, person_id, reason, done_at)
VALUES (:line_id, :operator_id, :kind, :subject_id, :person_id, :reason, :now);

-- name: operator_log(rows)
-- What operators did, latest first.
SELECT id, operator_id, kind, subject_id, person_id, reason, done_at
FROM operator_log ORDER BY done_at DESC, id DESC LIMIT :rows;

-- name: health()^
-- Currencies whose balances do not sum to 0, what waits to be told, what can never be, and what has
-- arrived and waits.
SELECT (
        SELECT count(*) FROM (
            SELECT currency FROM accounts GROUP BY currency HAVING sum(balance) <> 0
        ) AS unbalanced
    ),
    (SELECT count(*) FROM outbox WHERE buried_at IS NULL),
    (SELECT count(*) FROM outbox WHERE buried_at IS NOT NULL),
    (SELECT count(*) FROM inbox WHERE handled_at IS NULL);
