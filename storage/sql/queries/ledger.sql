-- The book of money. storage/ledger.py runs these.

-- name: account(account_id)^
-- One account.
SELECT id, kind, person_id, currency, balance, held, version FROM accounts WHERE id = :account_id;

-- name: account_to_change(account_id)^
-- One account, locked.
SELECT id, kind, person_id, currency, balance, held, version
FROM accounts WHERE id = :account_id {for_update};

-- name: account_of_person(person_id, currency)^
-- A person's account in one currency.
SELECT id, kind, person_id, currency, balance, held, version
FROM accounts WHERE person_id = :person_id AND currency = :currency;

-- name: account_of_bank(currency)^
-- The outside world in one currency, locked.
SELECT id, kind, person_id, currency, balance, held, version
FROM accounts WHERE kind = 'bank' AND currency = :currency {for_update};

-- name: accounts_to_change(ids)
-- All accounts of several people, locked.
SELECT id, kind, person_id, currency, balance, held, version
FROM accounts WHERE person_id IN {ids} ORDER BY id {for_update};

-- name: accounts_of_person(person_id)
-- All accounts of a person.
SELECT id, kind, person_id, currency, balance, held, version
FROM accounts WHERE person_id = :person_id ORDER BY currency;

-- name: open_account(kind, person_id, currency, now)!
-- Opens an account unless there is one.
INSERT INTO accounts (kind, person_id, currency, opened_at)
VALUES (:kind, :person_id, :currency, :now) ON CONFLICT DO NOTHING;

-- name: transfers(keys)
-- Several transfers.
SELECT id, kind, debit_account_id, credit_account_id, amount, currency, hold_id, reverses_id,
    created_at
FROM transfers WHERE id IN {keys};

-- name: change_account(account_id, was_balance, was_held, was_version, balance, held, version)!
-- Changes what is on an account, if it still is what it was.
UPDATE accounts SET balance = balance + (:balance - :was_balance),
    held = held + (:held - :was_held), version = :version
WHERE id = :account_id AND balance = :was_balance AND held = :was_held
    AND version = :was_version;

-- name: add_transfer(transfer_id, kind, debit_account_id, credit_account_id, amount, currency, hold_id, reverses_id, now)!
-- Writes a transfer down.
INSERT INTO transfers (
    id, kind, debit_account_id, credit_account_id, amount, currency, hold_id, reverses_id,
    created_at
) VALUES (
    :transfer_id, :kind, :debit_account_id, :credit_account_id, :amount, :currency, :hold_id,
    :reverses_id, :now
);

-- name: add_entry(account_id, version, transfer_id, amount, balance)!
-- Writes one side of a transfer down.
INSERT INTO entries (account_id, version, transfer_id, amount, balance_after)
VALUES (:account_id, :version, :transfer_id, :amount, :balance);

-- name: hold(hold_id)^
-- One hold, with how it ended.
SELECT h.id, h.account_id, h.amount, h.currency, h.created_at, h.expires_at, e.how
FROM holds h LEFT JOIN hold_ends e ON e.hold_id = h.id
WHERE h.id = :hold_id;

-- name: add_hold(hold_id, account_id, amount, currency, now, expires_at)!
-- Writes a hold down.
INSERT INTO holds (id, account_id, amount, currency, created_at, expires_at)
VALUES (:hold_id, :account_id, :amount, :currency, :now, :expires_at);

-- name: add_hold_end(hold_id, how, now)!
-- Resolves a hold; no row where it was resolved before.
INSERT INTO hold_ends (hold_id, how, ended_at)
VALUES (:hold_id, :how, :now) ON CONFLICT DO NOTHING;

-- name: entry(transfer_id, account_id)^
-- One account's side of a transfer.
SELECT e.account_id, e.version, e.transfer_id, e.amount, e.balance_after, t.created_at
FROM entries e JOIN transfers t ON t.id = e.transfer_id
WHERE e.transfer_id = :transfer_id AND e.account_id = :account_id;

-- name: history(account_id, before, any_kind, kinds, sign, rows)
-- A page of an account's entries, newest first, with who was on the other side and the note's
-- intent: a refund shows the note of what it gives back.
SELECT e.version, t.id, t.kind, e.amount, e.balance_after, t.currency, other.person_id, p.name,
    i.id, i.note, t.created_at
FROM entries e
JOIN transfers t ON t.id = e.transfer_id
JOIN accounts other ON other.id = CASE
    WHEN t.debit_account_id = e.account_id THEN t.credit_account_id ELSE t.debit_account_id
END
LEFT JOIN people p ON p.id = other.person_id
LEFT JOIN payments paid ON paid.id = coalesce(t.reverses_id, t.id)
LEFT JOIN intents i ON i.id = paid.intent_id
WHERE e.account_id = :account_id AND e.version < :before
    AND (:any_kind = 1 OR t.kind IN {kinds}) AND e.amount * :sign >= 0
ORDER BY e.version DESC LIMIT :rows;

-- name: seldom_history(account_id, before, kinds, sign, rows)
-- As `history`, of kinds that are no payments: found among however many payments. (CROSS JOIN keeps
-- SQLite from going through all entries of the account instead.)
SELECT e.version, t.id, t.kind, e.amount, e.balance_after, t.currency, other.person_id, p.name,
    i.id, i.note, t.created_at
FROM transfers t
CROSS JOIN entries e
JOIN accounts other ON other.id = CASE
    WHEN t.debit_account_id = e.account_id THEN t.credit_account_id ELSE t.debit_account_id
END
LEFT JOIN people p ON p.id = other.person_id
LEFT JOIN payments paid ON paid.id = coalesce(t.reverses_id, t.id)
LEFT JOIN intents i ON i.id = paid.intent_id
WHERE t.id IN (
    SELECT id FROM transfers WHERE debit_account_id = :account_id AND kind <> 'payment'
    UNION ALL
    SELECT id FROM transfers WHERE credit_account_id = :account_id AND kind <> 'payment'
)
    AND t.kind IN {kinds}
    AND e.transfer_id = t.id AND e.account_id = :account_id
    AND e.version < :before AND e.amount * :sign >= 0
ORDER BY e.version DESC LIMIT :rows;

-- name: debited_since(account_id, kind, since)^
-- What one kind of transfer, but not payments, took from an account since a moment.
SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) FROM transfers
WHERE debit_account_id = :account_id AND created_at >= :since
    AND kind = :kind AND kind <> 'payment';

-- name: credited_since(account_id, kind, since)^
-- What one kind of transfer, but not payments, gave to an account since a moment.
SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) FROM transfers
WHERE credit_account_id = :account_id AND created_at >= :since
    AND kind = :kind AND kind <> 'payment';

-- name: have_dealt(one, other)^
-- Whether either of two people ever paid the other.
SELECT 1 WHERE EXISTS (
    SELECT 1 FROM payments WHERE payer_id = :one AND payee_id = :other AND state = 'posted'
) OR EXISTS (
    SELECT 1 FROM payments WHERE payer_id = :other AND payee_id = :one AND state = 'posted'
);
