-- What storage/export.py writes.

-- name: export_entries()
-- Every entry with its transfer and account, as they happened.
SELECT t.created_at, t.id, t.kind, a.id, a.person_id, e.amount, e.balance_after, t.currency,
    t.hold_id, t.reverses_id
FROM transfers t
JOIN entries e ON e.transfer_id = t.id
JOIN accounts a ON a.id = e.account_id
ORDER BY t.created_at, t.id, e.amount;

-- name: export_accounts()
-- Every account that was ever used, when that was first, and the sum of its entries.
SELECT a.person_id, a.currency, min(t.created_at) AS opened_at, CAST(sum(e.amount) AS BIGINT)
FROM accounts a
JOIN entries e ON e.account_id = a.id
JOIN transfers t ON t.id = e.transfer_id
GROUP BY a.id, a.person_id, a.currency
ORDER BY opened_at, a.id;

-- name: latest_transfer()^
-- When the last transfer was made.
SELECT max(created_at) FROM transfers;
