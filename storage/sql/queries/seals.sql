-- What was written since an account was last found sound: each query finds what breaks an invariant
-- of storage/audit.py there, as (subject, detail). `seals` says how far each account was checked.

-- name: breaks_new_i1()
-- In each currency the balances of all accounts sum to 0.
SELECT currency, 'balances sum to ' || sum(balance)
FROM accounts GROUP BY currency HAVING sum(balance) <> 0;

-- name: breaks_new_i2()
-- An account's balance is the one that was sealed and the sum of its entries since.
SELECT 'account ' || a.id, 'balance ' || a.balance || ', sealed ' || coalesce(s.balance, 0)
    || ', entries since ' || coalesce(sum(e.amount), 0)
FROM accounts a
LEFT JOIN seals s ON s.account_id = a.id
LEFT JOIN entries e ON e.account_id = a.id AND e.version > coalesce(s.version, 0)
GROUP BY a.id, a.balance, s.balance
HAVING a.balance <> coalesce(s.balance, 0) + coalesce(sum(e.amount), 0);

-- name: breaks_new_i3()
-- Each entry's balance after is the balance after the one before it, plus its amount; and what
-- was sealed still stands.
SELECT 'account ' || account_id || ' version ' || version,
    'balance after ' || balance_after || ', counted ' || counted
FROM (
    SELECT e.account_id, e.version, e.balance_after, coalesce(s.balance, 0)
        + sum(e.amount) OVER (PARTITION BY e.account_id ORDER BY e.version) AS counted
    FROM accounts a
    LEFT JOIN seals s ON s.account_id = a.id
    JOIN entries e ON e.account_id = a.id AND e.version > coalesce(s.version, 0)
) AS folded
WHERE balance_after <> counted
UNION ALL
SELECT 'account ' || s.account_id || ' version ' || s.version,
    'sealed with ' || s.balance || ', now ' || coalesce(CAST(e.balance_after AS TEXT), 'gone')
FROM seals s
LEFT JOIN entries e ON e.account_id = s.account_id AND e.version = s.version
WHERE e.balance_after IS NULL OR e.balance_after <> s.balance;

-- name: breaks_new_i4()
-- The versions since are dense, and the account's own is the last.
SELECT 'account ' || a.id, 'version ' || a.version || ', sealed ' || coalesce(s.version, 0)
    || ', entries since ' || count(e.version)
FROM accounts a
LEFT JOIN seals s ON s.account_id = a.id
LEFT JOIN entries e ON e.account_id = a.id AND e.version > coalesce(s.version, 0)
GROUP BY a.id, a.version, s.version
HAVING a.version <> coalesce(s.version, 0) + count(e.version)
    OR a.version <> coalesce(max(e.version), s.version, 0);

-- name: breaks_new_i5()
-- A person's balance is not, and was not since, below 0 or below what is held.
SELECT 'account ' || id, 'balance ' || balance || ', held ' || held
FROM accounts WHERE held < 0 OR (kind = 'person' AND balance < held)
UNION ALL
SELECT 'account ' || a.id || ' version ' || e.version, 'balance after ' || e.balance_after
FROM accounts a
LEFT JOIN seals s ON s.account_id = a.id
JOIN entries e ON e.account_id = a.id AND e.version > coalesce(s.version, 0)
WHERE a.kind = 'person' AND e.balance_after < 0;

-- name: breaks_new_i7()
-- The transfer of a new entry exists, and has that amount on that account, and another entry.
SELECT 'transfer ' || e.transfer_id, CASE WHEN t.id IS NULL THEN 'has an entry, but is gone'
    ELSE 'amount ' || t.amount || ', entry ' || e.amount || ' on account ' || e.account_id END
FROM accounts a
LEFT JOIN seals s ON s.account_id = a.id
JOIN entries e ON e.account_id = a.id AND e.version > coalesce(s.version, 0)
LEFT JOIN transfers t ON t.id = e.transfer_id
WHERE t.id IS NULL
    OR e.amount <> CASE e.account_id WHEN t.debit_account_id THEN -t.amount
        WHEN t.credit_account_id THEN t.amount ELSE 0 END
    OR NOT EXISTS (
        SELECT 1 FROM entries other
        WHERE other.transfer_id = t.id AND other.account_id <> e.account_id
            AND other.amount = -e.amount
    );

-- name: breaks_new_i8()
-- A new transfer and its accounts have one currency.
SELECT 'transfer ' || t.id, t.currency || ' on an account in ' || a.currency
FROM accounts a
LEFT JOIN seals s ON s.account_id = a.id
JOIN entries e ON e.account_id = a.id AND e.version > coalesce(s.version, 0)
JOIN transfers t ON t.id = e.transfer_id
WHERE t.currency <> a.currency;

-- name: breaks_new_i10()
-- New money comes from the bank by top-ups and goes there by withdrawals only.
SELECT 'transfer ' || t.id, t.kind || ' of ' || e.amount || ' on an account of a ' || a.kind
FROM accounts a
LEFT JOIN seals s ON s.account_id = a.id
JOIN entries e ON e.account_id = a.id AND e.version > coalesce(s.version, 0)
JOIN transfers t ON t.id = e.transfer_id
WHERE a.kind <> CASE
    WHEN t.kind = 'topup' AND e.amount < 0 THEN 'bank'
    WHEN t.kind = 'withdrawal' AND e.amount > 0 THEN 'bank' ELSE 'person' END;

-- name: breaks_new_i12()
-- A new transfer that somebody approved belongs to a posted payment with its id.
SELECT 'transfer ' || t.id, t.kind || ', payment ' || coalesce(p.state, 'missing')
FROM accounts a
LEFT JOIN seals s ON s.account_id = a.id
JOIN entries e ON e.account_id = a.id AND e.version > coalesce(s.version, 0)
JOIN transfers t ON t.id = e.transfer_id AND t.debit_account_id = a.id
LEFT JOIN payments p ON p.id = t.id
WHERE t.kind <> 'topup' AND coalesce(p.state, 'missing') <> 'posted';

-- name: unsealed_accounts()
-- How far each account is, that has entries which were not sealed.
SELECT a.id, a.version, a.balance
FROM accounts a LEFT JOIN seals s ON s.account_id = a.id
WHERE a.version > coalesce(s.version, 0) ORDER BY a.id;

-- name: seal_account(account_id, version, balance, now)!
-- An account was found sound up to a version.
INSERT INTO seals (account_id, version, balance, sealed_at)
VALUES (:account_id, :version, :balance, :now)
ON CONFLICT (account_id) DO UPDATE SET version = excluded.version, balance = excluded.balance,
    sealed_at = excluded.sealed_at
WHERE seals.version < excluded.version;
