-- Sealing anew under the present secret key. storage/rotation.py runs these: of each table, the
-- rows after a key, few enough that nobody waits for long, and their new values.

-- name: sealed_in_inbox(after, rows)
-- The next ones of inbox.
SELECT update_id, payload FROM inbox
WHERE update_id > :after ORDER BY 1 LIMIT :rows {for_update};

-- name: reseal_inbox(row, value_0)!
-- One row of inbox.
UPDATE inbox SET payload = :value_0
WHERE update_id = :row;

-- name: sealed_in_keypads(after, rows)
-- The next ones of keypads.
SELECT id, sealed FROM keypads
WHERE id > :after ORDER BY 1 LIMIT :rows {for_update};

-- name: reseal_keypads(row, value_0)!
-- One row of keypads.
UPDATE keypads SET sealed = :value_0
WHERE id = :row;

-- name: sealed_in_intents(after, rows)
-- The next ones of intents.
SELECT id, note, question, answer FROM intents
WHERE id > :after ORDER BY 1 LIMIT :rows {for_update};

-- name: reseal_intents(row, value_0, value_1, value_2)!
-- One row of intents.
UPDATE intents SET note = :value_0, question = :value_1, answer = :value_2
WHERE id = :row;

-- name: sealed_in_payments(after, rows)
-- The next ones of payments.
SELECT id, claim_token FROM payments
WHERE id > :after AND claim_token IS NOT NULL ORDER BY 1 LIMIT :rows {for_update};

-- name: reseal_payments(row, value_0)!
-- One row of payments.
UPDATE payments SET claim_token = :value_0
WHERE id = :row;

-- name: sealed_in_requests(after, rows)
-- The next ones of requests.
SELECT id, note FROM requests
WHERE id > :after ORDER BY 1 LIMIT :rows {for_update};

-- name: reseal_requests(row, value_0)!
-- One row of requests.
UPDATE requests SET note = :value_0
WHERE id = :row;

-- name: sealed_in_offers(after, rows)
-- The next ones of offers.
SELECT id, note FROM offers
WHERE id > :after ORDER BY 1 LIMIT :rows {for_update};

-- name: reseal_offers(row, value_0)!
-- One row of offers.
UPDATE offers SET note = :value_0
WHERE id = :row;

-- name: sealed_in_links(after, rows)
-- The next ones of links.
SELECT id, note, question, thanks, reference FROM links
WHERE id > :after ORDER BY 1 LIMIT :rows {for_update};

-- name: reseal_links(row, value_0, value_1, value_2, value_3)!
-- One row of links.
UPDATE links SET note = :value_0, question = :value_1, thanks = :value_2, reference = :value_3
WHERE id = :row;

-- name: sealed_in_prompts(after, rows)
-- The next ones of prompts.
SELECT person_id || ':' || conversation_id, draft FROM prompts
WHERE person_id || ':' || conversation_id > :after ORDER BY 1 LIMIT :rows {for_update};

-- name: reseal_prompts(row, value_0)!
-- One row of prompts.
UPDATE prompts SET draft = :value_0
WHERE person_id || ':' || conversation_id = :row;

-- name: sealed_in_bank_accounts(after, rows)
-- The next ones of bank_accounts.
SELECT person_id, number FROM bank_accounts
WHERE person_id > :after ORDER BY 1 LIMIT :rows {for_update};

-- name: reseal_bank_accounts(row, value_0)!
-- One row of bank_accounts.
UPDATE bank_accounts SET number = :value_0
WHERE person_id = :row;

-- name: sealed_in_operator_log(after, rows)
-- The next ones of operator_log.
SELECT id, reason FROM operator_log
WHERE id > :after ORDER BY 1 LIMIT :rows {for_update};

-- name: reseal_operator_log(row, value_0)!
-- One row of operator_log.
UPDATE operator_log SET reason = :value_0
WHERE id = :row;

-- name: sealed_in_phones(after, rows)
-- The next ones of phones.
SELECT person_id, number FROM phones
WHERE person_id > :after ORDER BY 1 LIMIT :rows {for_update};

-- name: reseal_phone(row, digest, number)!
-- One phone number, and what finds it.
UPDATE phones SET digest = :digest, number = :number WHERE person_id = :row;

-- name: count_pins_not_under(pepper)^
-- How many PINs were not given since the secret key is the present one.
SELECT count(*) FROM pins WHERE substr(hash, 1, 8) <> :pepper;
