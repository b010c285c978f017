-- Cards and their payments. storage/records/intents.py runs these.

-- name: add_intent(intent_id, kind, payer_id, currency, note, state, refusal, request_id, link_id, refunds_id, told_in, group_id, created_at, expires_at, origin, question, answer)!
-- Writes a new intent down.
INSERT INTO intents (
    id, kind, payer_id, currency, note, state, refusal, request_id, link_id, refunds_id, told_in,
    group_id, created_at, expires_at, origin, question, answer
) VALUES (
    :intent_id, :kind, :payer_id, :currency, :note, :state, :refusal, :request_id, :link_id,
    :refunds_id, :told_in, :group_id, :created_at, :expires_at, :origin, :question, :answer
);

-- name: intents(keys)
-- Several intents, without their payments.
SELECT id, kind, payer_id, currency, note, state, refusal, request_id, link_id, refunds_id,
    told_in, group_id, created_at, expires_at, question, answer
FROM intents WHERE id IN {keys};

-- name: intent_by_origin(origin)
-- The intent that something in the chat made.
SELECT id, kind, payer_id, currency, note, state, refusal, request_id, link_id, refunds_id,
    told_in, group_id, created_at, expires_at, question, answer
FROM intents WHERE origin = :origin;

-- name: open_intents(payer_id)
-- A payer's drafts and cards awaiting a PIN, latest first.
SELECT id, kind, payer_id, currency, note, state, refusal, request_id, link_id, refunds_id,
    told_in, group_id, created_at, expires_at, question, answer
FROM intents WHERE payer_id = :payer_id AND state IN ('draft', 'awaiting_pin')
ORDER BY created_at DESC, id DESC;

-- name: overdue_intents(now, rows)
-- Drafts and cards awaiting a PIN whose time is up, longest first.
SELECT id, kind, payer_id, currency, note, state, refusal, request_id, link_id, refunds_id,
    told_in, group_id, created_at, expires_at, question, answer
FROM intents WHERE state IN ('draft', 'awaiting_pin') AND expires_at <= :now
ORDER BY expires_at, id LIMIT :rows;

-- name: rewrite_intent(intent_id, kind, currency, note, request_id, link_id, refunds_id, told_in, group_id, expires_at, question, answer)!
-- Replaces the fields of a draft.
UPDATE intents SET kind = :kind, currency = :currency, note = :note, request_id = :request_id,
    link_id = :link_id, refunds_id = :refunds_id, told_in = :told_in, group_id = :group_id,
    expires_at = :expires_at, question = :question, answer = :answer
WHERE id = :intent_id AND state = 'draft';

-- name: move_intent(intent_id, was, state, expires_at, refusal)!
-- Changes an intent's state, if it still is what it was.
UPDATE intents SET state = :state, expires_at = :expires_at, refusal = :refusal
WHERE id = :intent_id AND state = :was;

-- name: show_intent(intent_id, group_id)!
-- Where the payment will be shown.
UPDATE intents SET told_in = :group_id WHERE id = :intent_id;

-- name: add_payment(payment_id, intent_id, position, payer_id, payee_id, payee_username, amount, currency, state, refunded, claim_token, claim_digest, posted_at, expires_at)!
-- Writes a new payment down.
INSERT INTO payments (
    id, intent_id, position, payer_id, payee_id, payee_username, amount, currency, state,
    refunded, claim_token, claim_digest, posted_at, expires_at
) VALUES (
    :payment_id, :intent_id, :position, :payer_id, :payee_id, :payee_username, :amount,
    :currency, :state, :refunded, :claim_token, :claim_digest, :posted_at, :expires_at
);

-- name: ended_intents(before, rows)
-- Cards that came to nothing and whose time was up by then, longest first; of none of them is
-- anything left to be told.
SELECT id FROM intents
WHERE state IN ('cancelled', 'expired', 'refused') AND expires_at <= :before
    AND id NOT IN (SELECT subject_id FROM outbox WHERE buried_at IS NULL)
ORDER BY expires_at LIMIT :rows;

-- name: drop_payments_of(keys)!
-- The lines of several cards.
DELETE FROM payments WHERE intent_id IN {keys};

-- name: drop_intents(keys)!
-- Several cards, without lines by now.
DELETE FROM intents WHERE id IN {keys};

-- name: payments_of_intents(keys)
-- The payments of several intents, each intent's in order.
SELECT id, intent_id, position, payer_id, payee_id, payee_username, amount, currency, state,
    refunded, claim_token, posted_at, expires_at
FROM payments WHERE intent_id IN {keys} ORDER BY position;

-- name: intent_of_payment(payment_id)^
-- The intent that a payment is part of.
SELECT intent_id FROM payments WHERE id = :payment_id;

-- name: payment_by_claim(claim_digest)^
-- The payment that a token opens, or did before it was claimed or returned.
SELECT id, intent_id, position, payer_id, payee_id, payee_username, amount, currency, state,
    refunded, claim_token, posted_at, expires_at
FROM payments WHERE claim_digest = :claim_digest;

-- name: move_payment(payment_id, was, state, payee_id, claim_token, claim_digest, posted_at, expires_at)!
-- Changes a payment, if its state still is what it was.
UPDATE payments SET state = :state, payee_id = :payee_id, claim_token = :claim_token,
    claim_digest = :claim_digest, posted_at = :posted_at, expires_at = :expires_at
WHERE id = :payment_id AND state = :was;

-- name: post_payment(payment_id, posted_at)!
-- Posts a draft whose payee is known: the same as `move_payment`, and half as dear.
UPDATE payments SET state = 'posted', posted_at = :posted_at
WHERE id = :payment_id AND state = 'draft';

-- name: add_refund(payment_id, amount)!
-- Counts a refund in, never above what was paid.
UPDATE payments SET refunded = refunded + :amount
WHERE id = :payment_id AND state = 'posted' AND refunded + :amount <= amount;

-- name: payments_held_for_id(person_id)
-- Held payments to somebody known by id.
SELECT id, intent_id, position, payer_id, payee_id, payee_username, amount, currency, state,
    refunded, claim_token, posted_at, expires_at
FROM payments WHERE state = 'held' AND payee_id = :person_id ORDER BY expires_at, id;

-- name: payments_held_for_username(username)
-- Held payments to somebody known by username only.
SELECT id, intent_id, position, payer_id, payee_id, payee_username, amount, currency, state,
    refunded, claim_token, posted_at, expires_at
FROM payments
WHERE state = 'held' AND payee_id IS NULL AND lower(payee_username) = lower(:username)
ORDER BY expires_at, id;

-- name: payments_held_by(payer_id)
-- Held payments that a payer made.
SELECT id, intent_id, position, payer_id, payee_id, payee_username, amount, currency, state,
    refunded, claim_token, posted_at, expires_at
FROM payments WHERE state = 'held' AND payer_id = :payer_id ORDER BY expires_at, id;

-- name: overdue_payments(now, rows)
-- Held payments whose time is up, longest first.
SELECT id, intent_id, position, payer_id, payee_id, payee_username, amount, currency, state,
    refunded, claim_token, posted_at, expires_at
FROM payments WHERE state = 'held' AND expires_at <= :now ORDER BY expires_at, id LIMIT :rows;
