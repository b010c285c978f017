-- PINs and keypads. storage/records/pins.py runs these.

-- name: pin(person_id)^
-- A person's PIN record.
SELECT person_id, hash, tries, locked_until, reset_at, changed_at
FROM pins WHERE person_id = :person_id;

-- name: set_pin(person_id, hash, now)!
-- Stores a new PIN, with a clean slate.
INSERT INTO pins (person_id, hash, changed_at) VALUES (:person_id, :hash, :now)
ON CONFLICT (person_id) DO UPDATE SET hash = excluded.hash, tries = 0, locked_until = NULL,
    reset_at = NULL, changed_at = excluded.changed_at, replaced_at = excluded.changed_at;

-- name: rehash_pin(person_id, old, new)!
-- Replaces a hash, if it is still the one that was checked.
UPDATE pins SET hash = :new WHERE person_id = :person_id AND hash = :old;

-- name: count_try(person_id, now)^
-- Counts a try, unless the PIN is locked; a lock that is over is gone.
UPDATE pins SET tries = tries + 1, locked_until = NULL
WHERE person_id = :person_id AND (locked_until IS NULL OR locked_until <= :now)
RETURNING person_id, hash, tries, locked_until, reset_at, changed_at;

-- name: lock_pin(person_id, locked_until)!
-- Locks a PIN until a moment.
UPDATE pins SET locked_until = :locked_until WHERE person_id = :person_id;

-- name: clear_tries(person_id)^
-- After the right PIN.
UPDATE pins SET tries = 0, locked_until = NULL WHERE person_id = :person_id
RETURNING person_id, hash, tries, locked_until, reset_at, changed_at;

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

-- name: keypad(keypad_id)^
-- One keypad.
SELECT id, person_id, purpose, intent_id, sealed, checking, expires_at
FROM keypads WHERE id = :keypad_id;

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
