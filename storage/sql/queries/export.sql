-- What storage/export.py writes.

-- name: export_entries()
-- Every entry with its transfer and account, as they happened.
SELECT t.created_at, t.id, t.kind, a.id, a.person_id, e.amount, e.balance_after, t.currency,
    t.hold_id, t.reverses_id
FROM transfers t
JOIN entries e ON e.transfer_id = t.id
JOIN accounts a ON a.id = e.account_id
ORDER BY t.created_at, t.id, e.amount;
