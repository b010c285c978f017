-- What is known about somebody, and forgetting it. storage/records/privacy.py runs these.

-- name: cards_written_by(person_id)
-- All cards of a payer, oldest first.
SELECT id FROM intents WHERE payer_id = :person_id ORDER BY created_at, id;

-- name: requests_written_by(person_id)
-- All requests of a requester, oldest first.
SELECT id FROM requests WHERE requester_id = :person_id ORDER BY created_at, id;

-- name: forget_blocks(person_id)!
-- Nobody blocks, or is blocked by, this person.
DELETE FROM blocks WHERE person_id = :person_id OR other_id = :person_id;

-- name: forget_pin(person_id)!
-- The person's PIN.
DELETE FROM pins WHERE person_id = :person_id;

-- name: forget_keypad(person_id)!
-- The person's open keypad.
DELETE FROM keypads WHERE person_id = :person_id;

-- name: forget_devices(person_id)!
-- What approves for the person.
DELETE FROM devices WHERE person_id = :person_id;

-- name: forget_offers(person_id)!
-- What the person could put into a chat.
DELETE FROM offers WHERE maker_id = :person_id;

-- name: forget_prompts(person_id)!
-- What the person was asked.
DELETE FROM prompts WHERE person_id = :person_id;

-- name: forget_messages(person_id)!
-- Which messages of the private chat show what.
DELETE FROM cards WHERE conversation_id = :person_id OR receiver_id = :person_id;

-- name: forget_notices(person_id)!
-- What the person was still to be told.
DELETE FROM outbox WHERE conversation_id = :person_id;

-- name: forget_pace(person_id)!
-- How fast the person was written to.
DELETE FROM pace WHERE chat_id = :person_id;

-- name: forget_lane(person_id)!
-- Whose the updates were that were handled today.
UPDATE inbox SET lane = 0 WHERE lane = :person_id AND handled_at IS NOT NULL;

-- name: forget_notes_on_cards(person_id)!
-- What the payer wrote, and in which message.
UPDATE intents SET note = NULL, question = NULL, answer = NULL, origin = NULL
WHERE payer_id = :person_id;

-- name: forget_notes_on_requests(person_id)!
-- What the requester wrote, and in which message.
UPDATE requests SET note = NULL, origin = NULL WHERE requester_id = :person_id;

-- name: forget_words_on_links(person_id)!
-- What the owner wrote.
UPDATE links SET note = NULL, question = NULL, thanks = NULL, reference = NULL
WHERE owner_id = :person_id;

-- name: forget_name_as_payee(person_id)!
-- By which name others paid the person.
UPDATE payments SET payee_username = NULL WHERE payee_id = :person_id;

-- name: forget_name_as_payer(person_id)!
-- By which name others asked the person.
UPDATE requests SET payer_username = NULL WHERE payer_id = :person_id;

-- name: forget_person(person_id, pseudonym, name)!
-- The person's number and choices; all that refers to the number follows.
UPDATE people SET id = :pseudonym, name = :name, username = NULL, language = 'en',
    language_chosen = 0, requests_from = 'nobody', terms_version = 0, joined_at = NULL,
    reachable = 0
WHERE id = :person_id;
