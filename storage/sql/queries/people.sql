-- Who is known. storage/records/people.py runs these.

-- name: people(ids)
-- Several people by id.
SELECT id, name, username, language, language_chosen, currency, requests_from, terms_version,
    met_at, joined_at, reachable
FROM people WHERE id IN {ids};

-- name: person_by_username(username)^
-- Who has a username now.
SELECT id, name, username, language, language_chosen, currency, requests_from, terms_version,
    met_at, joined_at, reachable
FROM people WHERE username IS NOT NULL AND lower(username) = lower(:username);

-- name: free_username(username, person_id)!
-- Takes a username from whoever else had it.
UPDATE people SET username = NULL
WHERE username IS NOT NULL AND lower(username) = lower(:username) AND id <> :person_id;

-- name: add_person(person_id, name, username, language, currency, now)^
-- Writes a new person down; somebody who was met meanwhile is brought up to date.
INSERT INTO people (id, name, username, language, currency, requests_from, met_at)
VALUES (:person_id, :name, :username, :language, :currency, 'known', :now)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, username = excluded.username
RETURNING id, name, username, language, language_chosen, currency, requests_from, terms_version,
    met_at, joined_at, reachable;

-- name: update_profile(person_id, name, username, language)^
-- Brings a person up to date; a chosen language stays.
UPDATE people SET name = :name, username = :username,
    language = CASE WHEN language_chosen = 1 THEN language ELSE :language END
WHERE id = :person_id
RETURNING id, name, username, language, language_chosen, currency, requests_from, terms_version,
    met_at, joined_at, reachable;

-- name: save_person(person_id, name, username, language, language_chosen, currency, requests_from, terms_version, joined_at, reachable)!
-- Stores everything about a person but id and met_at.
UPDATE people SET name = :name, username = :username, language = :language,
    language_chosen = :language_chosen, currency = :currency, requests_from = :requests_from,
    terms_version = :terms_version, joined_at = :joined_at, reachable = :reachable
WHERE id = :person_id;

-- name: add_block(person_id, other_id, now)!
-- One person blocks another.
INSERT INTO blocks (person_id, other_id, blocked_at)
VALUES (:person_id, :other_id, :now) ON CONFLICT DO NOTHING;

-- name: drop_block(person_id, other_id)!
-- Ends a block.
DELETE FROM blocks WHERE person_id = :person_id AND other_id = :other_id;

-- name: blocks_among(ids)
-- Who of several people blocks whom of them.
SELECT person_id, other_id FROM blocks WHERE person_id IN {ids} AND other_id IN {ids};

-- name: blocked_by(person_id)
-- Those whom a person blocked, latest first.
SELECT p.id, p.name, p.username, p.language, p.language_chosen, p.currency, p.requests_from,
    p.terms_version, p.met_at, p.joined_at, p.reachable
FROM blocks b JOIN people p ON p.id = b.other_id
WHERE b.person_id = :person_id ORDER BY b.blocked_at DESC, p.id DESC;

-- name: recent_payees(person_id, look_back, rows)
-- Whom a person paid in the latest payments, latest first, each once.
SELECT p.id, p.name, p.username, p.language, p.language_chosen, p.currency, p.requests_from,
    p.terms_version, p.met_at, p.joined_at, p.reachable
FROM (
    SELECT payee_id, max(posted_at) AS last_at FROM (
        SELECT paid.payee_id, paid.posted_at FROM payments paid
        JOIN intents i ON i.id = paid.intent_id AND i.kind = 'payment'
        WHERE paid.payer_id = :person_id AND paid.state = 'posted'
        ORDER BY paid.posted_at DESC LIMIT :look_back
    ) AS latest
    GROUP BY payee_id
) AS payees
JOIN people p ON p.id = payees.payee_id
ORDER BY payees.last_at DESC, p.id DESC LIMIT :rows;
