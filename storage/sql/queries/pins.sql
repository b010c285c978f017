-- PINs and keypads. storage/records/pins.py runs these.

-- name: pins(ids)
-- Several people's PIN records.
SELECT person_id, hash, tries, locked_until, reset_at, changed_at, day_tries, day_from
FROM pins WHERE person_id IN {ids};

-- name: set_pin(person_id, hash, now)!
-- Stores a new PIN, with a clean slate.
INSERT INTO pins (person_id, hash, changed_at) VALUES (:person_id, :hash, :now)
ON CONFLICT (person_id) DO UPDATE SET hash = excluded.hash, tries = 0, locked_until = NULL,
    reset_at = NULL, changed_at = excluded.changed_at, replaced_at = excluded.changed_at;

-- name: rehash_pin(person_id, old, new)!
-- Replaces a hash, if it is still the one that was checked.
UPDATE pins SET hash = :new WHERE person_id = :person_id AND hash = :old;

-- name: set_tries(person_id, was_tries, was_day_tries, tries, locked_until, day_tries, day_from)!
-- Counts or forgets tries, if they still are what they were; locks, or ends a lock.
UPDATE pins SET tries = :tries, locked_until = :locked_until, day_tries = :day_tries,
    day_from = :day_from
WHERE person_id = :person_id AND tries = :was_tries AND day_tries = :was_day_tries;

-- name: begin_pin_reset(person_id, reset_at)!
-- Starts or cancels the waiting period of a forgotten PIN.
UPDATE pins SET reset_at = :reset_at WHERE person_id = :person_id;

-- name: add_keypad(keypad_id, person_id, purpose, intent_id, sealed, checking, expires_at)!
-- Stores a keypad in place of the person's last one.
INSERT INTO keypads (id, person_id, purpose, intent_id, sealed, checking, expires_at)
VALUES (:keypad_id, :person_id, :purpose, :intent_id, :sealed, :checking, :expires_at)
ON CONFLICT (person_id) DO UPDATE SET id = excluded.id, purpose = excluded.purpose,
    intent_id = excluded.intent_id, sealed = excluded.sealed, checking = excluded.checking,
    expires_at = excluded.expires_at;

-- name: keypads(keys)
-- Several keypads.
SELECT id, person_id, purpose, intent_id, sealed, checking, expires_at
FROM keypads WHERE id IN {keys};

-- name: keypad_of_person(person_id)^
-- The keypad that a person has open.
SELECT id, person_id, purpose, intent_id, sealed, checking, expires_at
FROM keypads WHERE person_id = :person_id;

-- name: save_keypad(keypad_id, purpose, intent_id, sealed, checking, expires_at)!
-- Stores what was tapped.
UPDATE keypads SET purpose = :purpose, intent_id = :intent_id, sealed = :sealed,
    checking = :checking, expires_at = :expires_at
WHERE id = :keypad_id;

-- name: drop_keypad(keypad_id)!
-- Forgets a keypad.
DELETE FROM keypads WHERE id = :keypad_id;

-- name: drop_overdue_keypads(now)
-- Forgets the keypads whose time is up.
DELETE FROM keypads WHERE expires_at <= :now
RETURNING id, person_id, purpose, intent_id, sealed, checking, expires_at;
