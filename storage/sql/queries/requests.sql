-- Who asks whom. storage/records/requests.py runs these.

-- name: add_request(request_id, batch_id, requester_id, payer_id, payer_username, amount, paid, currency, note, partial, state, group_id, reminders, reminded_at, created_at, expires_at, origin)!
-- Writes a new request down.
INSERT INTO requests (
    id, batch_id, requester_id, payer_id, payer_username, amount, paid, currency, note, partial,
    state, group_id, reminders, reminded_at, created_at, expires_at, origin
) VALUES (
    :request_id, :batch_id, :requester_id, :payer_id, :payer_username, :amount, :paid, :currency,
    :note, :partial, :state, :group_id, :reminders, :reminded_at, :created_at, :expires_at,
    :origin
);

-- name: request(request_id)^
-- One request.
SELECT id, batch_id, requester_id, payer_id, payer_username, amount, paid, currency, note,
    partial, state, group_id, reminders, reminded_at, created_at, expires_at
FROM requests WHERE id = :request_id;

-- name: request_by_origin(origin)^
-- The request to one payer that something in the chat made.
SELECT id, batch_id, requester_id, payer_id, payer_username, amount, paid, currency, note,
    partial, state, group_id, reminders, reminded_at, created_at, expires_at
FROM requests WHERE origin = :origin;

-- name: requests_in_batch(batch_id)
-- Requests that were made together.
SELECT id, batch_id, requester_id, payer_id, payer_username, amount, paid, currency, note,
    partial, state, group_id, reminders, reminded_at, created_at, expires_at
FROM requests WHERE batch_id = :batch_id ORDER BY created_at, id;

-- name: open_requests_by(requester_id, rows)
-- Open requests that a person made, latest first.
SELECT id, batch_id, requester_id, payer_id, payer_username, amount, paid, currency, note,
    partial, state, group_id, reminders, reminded_at, created_at, expires_at
FROM requests WHERE requester_id = :requester_id AND state = 'open'
ORDER BY created_at DESC, id DESC LIMIT :rows;

-- name: open_requests_to(payer_id, rows)
-- Open requests that a person is asked to pay, latest first.
SELECT id, batch_id, requester_id, payer_id, payer_username, amount, paid, currency, note,
    partial, state, group_id, reminders, reminded_at, created_at, expires_at
FROM requests WHERE payer_id = :payer_id AND state = 'open'
ORDER BY created_at DESC, id DESC LIMIT :rows;

-- name: requests_waiting_for(username)
-- Open requests to somebody known by username only.
SELECT id, batch_id, requester_id, payer_id, payer_username, amount, paid, currency, note,
    partial, state, group_id, reminders, reminded_at, created_at, expires_at
FROM requests
WHERE state = 'open' AND payer_id IS NULL AND lower(payer_username) = lower(:username)
ORDER BY created_at, id;

-- name: overdue_requests(now, rows)
-- Open requests whose time is up, longest first.
SELECT id, batch_id, requester_id, payer_id, payer_username, amount, paid, currency, note,
    partial, state, group_id, reminders, reminded_at, created_at, expires_at
FROM requests WHERE state = 'open' AND expires_at <= :now ORDER BY expires_at, id LIMIT :rows;

-- name: ended_requests(before, rows)
-- Requests that came to nothing and whose time was up by then, longest first; of none of them is
-- anything left to be told, or to be looked at by operators, and no card is for one.
SELECT id FROM requests
WHERE state IN ('declined', 'cancelled', 'expired') AND paid = 0 AND expires_at <= :before
    AND id NOT IN (SELECT subject_id FROM outbox WHERE buried_at IS NULL)
    AND NOT EXISTS (SELECT 1 FROM reports WHERE reports.request_id = requests.id)
    AND NOT EXISTS (SELECT 1 FROM intents WHERE intents.request_id = requests.id)
ORDER BY expires_at LIMIT :rows;

-- name: drop_requests(keys)!
-- Several requests.
DELETE FROM requests WHERE id IN {keys};

-- name: pay_request(request_id, amount, payer_id)^
-- Counts a payment in, if the request is open and asks for as much.
UPDATE requests SET paid = paid + :amount, payer_id = coalesce(payer_id, :payer_id),
    state = CASE WHEN paid + :amount = amount THEN 'paid' ELSE state END
WHERE id = :request_id AND state = 'open' AND paid + :amount <= amount
RETURNING id, batch_id, requester_id, payer_id, payer_username, amount, paid, currency, note,
    partial, state, group_id, reminders, reminded_at, created_at, expires_at;

-- name: move_request(request_id, before, state)!
-- Changes a request's state from another.
UPDATE requests SET state = :state WHERE id = :request_id AND state = :before;

-- name: remind_of_request(request_id, most, not_since, now)!
-- Counts a reminder, if one more is allowed now.
UPDATE requests SET reminders = reminders + 1, reminded_at = :now
WHERE id = :request_id AND state = 'open' AND reminders < :most
    AND (reminded_at IS NULL OR reminded_at <= :not_since);

-- name: set_request_payer(request_id, payer_id)!
-- The payer is known by id now.
UPDATE requests SET payer_id = :payer_id WHERE id = :request_id;

-- name: count_requests(requester_id, payer_id, since)^
-- How many requests of one person to another are open, or were made since and taken back.
SELECT (
    SELECT count(*) FROM requests
    WHERE payer_id = :payer_id AND requester_id = :requester_id AND state = 'open'
) + (
    SELECT count(*) FROM requests
    WHERE payer_id = :payer_id AND requester_id = :requester_id AND state = 'cancelled'
        AND created_at > :since
);

-- name: count_all_requests(requester_id, since)^
-- How many requests of one person to anybody are open, or were made since and taken back.
SELECT (
    SELECT count(*) FROM requests WHERE requester_id = :requester_id AND state = 'open'
) + (
    SELECT count(*) FROM requests
    WHERE requester_id = :requester_id AND state = 'cancelled' AND created_at > :since
);

-- name: add_report(request_id, reporter_id, reason, now)!
-- Writes down what operators should look at; said twice, the last reason.
INSERT INTO reports (request_id, reporter_id, reason, reported_at)
VALUES (:request_id, :reporter_id, :reason, :now)
ON CONFLICT (request_id, reporter_id) DO UPDATE SET reason = excluded.reason;

-- name: reports(rows)
-- What operators should look at, latest first, with who is reported.
SELECT p.reported_at, p.request_id, r.requester_id, p.reporter_id, p.reason
FROM reports p JOIN requests r ON r.id = p.request_id
WHERE NOT EXISTS (SELECT 1 FROM closed_reports c WHERE c.request_id = p.request_id)
ORDER BY p.reported_at DESC, p.request_id LIMIT :rows;
