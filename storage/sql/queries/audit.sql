-- The invariants of storage/audit.py: each query finds what breaks one, as (subject, detail).

-- name: breaks_i1()
-- In each currency the balances of all accounts sum to 0.
SELECT currency, 'balances sum to ' || sum(balance)
FROM accounts GROUP BY currency HAVING sum(balance) <> 0;

-- name: breaks_i2()
-- An account's balance is the sum of its entries.
SELECT 'account ' || a.id, 'balance ' || a.balance || ', entries ' || coalesce(sum(e.amount), 0)
FROM accounts a LEFT JOIN entries e ON e.account_id = a.id
GROUP BY a.id, a.balance HAVING a.balance <> coalesce(sum(e.amount), 0);

-- name: breaks_i3()
-- Each entry's balance after is the balance after the one before it, plus its amount.
SELECT 'account ' || account_id || ' version ' || version,
    'balance after ' || balance_after || ', counted ' || counted
FROM (
    SELECT account_id, version, balance_after,
        sum(amount) OVER (PARTITION BY account_id ORDER BY version) AS counted
    FROM entries
) AS folded
WHERE balance_after <> counted;

-- name: breaks_i4()
-- The versions of an account are dense from 1, and its own is the last.
SELECT 'account ' || a.id, 'version ' || a.version || ', entries ' || count(e.version)
    || ', last ' || coalesce(max(e.version), 0)
FROM accounts a LEFT JOIN entries e ON e.account_id = a.id
GROUP BY a.id, a.version
HAVING a.version <> count(e.version) OR a.version <> coalesce(max(e.version), 0);

-- name: breaks_i5()
-- A person's balance never is, and never was, below 0 or below what is held.
SELECT 'account ' || id, 'balance ' || balance || ', held ' || held
FROM accounts WHERE held < 0 OR (kind = 'person' AND balance < held)
UNION ALL
SELECT 'account ' || a.id || ' version ' || e.version, 'balance after ' || e.balance_after
FROM entries e JOIN accounts a ON a.id = e.account_id
WHERE a.kind = 'person' AND e.balance_after < 0;

-- name: breaks_i6()
-- What is held on an account is the sum of its open holds.
SELECT 'account ' || a.id, 'held ' || a.held || ', open holds ' || coalesce(sum(h.amount), 0)
FROM accounts a
LEFT JOIN holds h ON h.account_id = a.id
    AND NOT EXISTS (SELECT 1 FROM hold_ends e WHERE e.hold_id = h.id)
GROUP BY a.id, a.held HAVING a.held <> coalesce(sum(h.amount), 0);

-- name: breaks_i7()
-- A transfer has two entries: minus the amount on one account, plus the amount on the other.
SELECT 'transfer ' || t.id, count(e.version) || ' entries, sum ' || coalesce(sum(e.amount), 0)
FROM transfers t LEFT JOIN entries e ON e.transfer_id = t.id
GROUP BY t.id, t.debit_account_id, t.credit_account_id, t.amount
HAVING count(e.version) <> 2
    OR sum(CASE WHEN e.account_id = t.debit_account_id THEN e.amount ELSE 0 END) <> -t.amount
    OR sum(CASE WHEN e.account_id = t.credit_account_id THEN e.amount ELSE 0 END) <> t.amount
UNION ALL
SELECT 'transfer ' || e.transfer_id, 'has an entry, but is gone'
FROM entries e WHERE NOT EXISTS (SELECT 1 FROM transfers t WHERE t.id = e.transfer_id);

-- name: breaks_i8()
-- A transfer or hold and its accounts have one currency.
SELECT 'transfer ' || t.id, t.currency || ' from ' || d.currency || ' to ' || c.currency
FROM transfers t
JOIN accounts d ON d.id = t.debit_account_id
JOIN accounts c ON c.id = t.credit_account_id
WHERE t.currency <> d.currency OR t.currency <> c.currency
UNION ALL
SELECT 'hold ' || h.id, h.currency || ' on ' || a.currency
FROM holds h JOIN accounts a ON a.id = h.account_id WHERE h.currency <> a.currency;

-- name: breaks_i9()
-- A posted hold has one transfer, of its account and amount; no other hold has any.
SELECT 'hold ' || h.id, coalesce(e.how, 'open') || ', '
    || CASE WHEN t.id IS NULL THEN 'no transfer' ELSE 'transfer ' || t.id END
FROM holds h
LEFT JOIN hold_ends e ON e.hold_id = h.id
LEFT JOIN transfers t ON t.hold_id = h.id
WHERE (coalesce(e.how, 'open') = 'posted') <> (t.id IS NOT NULL)
    OR t.amount <> h.amount OR t.debit_account_id <> h.account_id;

-- name: breaks_i10()
-- Money comes from the bank by top-ups and goes there by withdrawals; the rest is between people.
SELECT 'transfer ' || t.id, t.kind || ' from ' || d.kind || ' to ' || c.kind
FROM transfers t
JOIN accounts d ON d.id = t.debit_account_id
JOIN accounts c ON c.id = t.credit_account_id
WHERE d.kind <> CASE WHEN t.kind = 'topup' THEN 'bank' ELSE 'person' END
    OR c.kind <> CASE WHEN t.kind = 'withdrawal' THEN 'bank' ELSE 'person' END;

-- name: breaks_i11()
-- A posted payment has one transfer with its id, of its amount, currency, payer, payee and kind.
SELECT 'payment ' || p.id, CASE WHEN t.id IS NULL THEN 'posted, no transfer'
    ELSE 'posted, its transfer has other fields' END
FROM payments p
JOIN intents i ON i.id = p.intent_id
LEFT JOIN transfers t ON t.id = p.id
LEFT JOIN accounts d ON d.id = t.debit_account_id
LEFT JOIN accounts c ON c.id = t.credit_account_id
WHERE p.state = 'posted' AND (
    t.id IS NULL OR t.amount <> p.amount OR t.currency <> p.currency
    OR t.kind <> CASE WHEN i.kind = 'gift' THEN 'payment' ELSE i.kind END
    OR coalesce(d.person_id, 0) <> p.payer_id
    OR (i.kind <> 'withdrawal' AND coalesce(c.person_id, 0) <> coalesce(p.payee_id, -1))
);

-- name: breaks_i12()
-- A transfer that somebody approved belongs to a posted payment with its id.
SELECT 'transfer ' || t.id, t.kind || ', payment ' || coalesce(p.state, 'missing')
FROM transfers t LEFT JOIN payments p ON p.id = t.id
WHERE t.kind <> 'topup' AND coalesce(p.state, 'missing') <> 'posted';

-- name: breaks_i13()
-- A held payment has one open hold with its id, payer and amount, a returned one a hold that ended
-- without a transfer, and no other hold is open.
SELECT 'payment ' || p.id, p.state || ', hold ' || CASE
    WHEN h.id IS NULL THEN 'missing' ELSE coalesce(e.how, 'open') || ' of ' || h.amount
END
FROM payments p
LEFT JOIN holds h ON h.id = p.id
LEFT JOIN hold_ends e ON e.hold_id = h.id
LEFT JOIN accounts a ON a.id = h.account_id
WHERE p.state IN ('held', 'returned') AND (
    h.id IS NULL OR h.amount <> p.amount OR h.currency <> p.currency
    OR a.person_id <> p.payer_id
    OR (p.state = 'held' AND e.how IS NOT NULL)
    OR (p.state = 'returned' AND coalesce(e.how, 'open') NOT IN ('voided', 'expired'))
)
UNION ALL
SELECT 'hold ' || h.id, 'open, payment ' || coalesce(p.state, 'missing')
FROM holds h
LEFT JOIN hold_ends e ON e.hold_id = h.id
LEFT JOIN payments p ON p.id = h.id
WHERE e.how IS NULL AND coalesce(p.state, 'missing') <> 'held';

-- name: breaks_i14()
-- All payments of a posted intent were approved, and none of any other.
SELECT 'payment ' || p.id, p.state || ', intent ' || i.state
FROM payments p JOIN intents i ON i.id = p.intent_id
WHERE (i.state = 'posted') <> (p.state <> 'draft');

-- name: breaks_i15()
-- What was refunded of a payment is the sum of the refunds that give it back, payee to payer.
SELECT 'payment ' || p.id, 'refunded ' || p.refunded || ', refunds ' || coalesce(sum(r.amount), 0)
FROM payments p
LEFT JOIN transfers t ON t.id = p.id
LEFT JOIN transfers r ON r.reverses_id = t.id AND r.kind = 'refund'
    AND r.debit_account_id = t.credit_account_id AND r.credit_account_id = t.debit_account_id
GROUP BY p.id, p.refunded HAVING p.refunded <> coalesce(sum(r.amount), 0)
UNION ALL
SELECT 'transfer ' || r.id, 'a refund that gives nothing back'
FROM transfers r LEFT JOIN transfers t ON t.id = r.reverses_id
WHERE r.kind = 'refund' AND (
    t.id IS NULL OR r.debit_account_id <> t.credit_account_id
    OR r.credit_account_id <> t.debit_account_id
);

-- name: breaks_i16()
-- What was paid of a request is the sum of the payments that were approved for it.
SELECT 'request ' || q.id, 'paid ' || q.paid || ', payments ' || coalesce(sum(p.amount), 0)
FROM requests q
LEFT JOIN intents i ON i.request_id = q.id AND i.state = 'posted'
LEFT JOIN payments p ON p.intent_id = i.id AND p.state <> 'draft'
GROUP BY q.id, q.paid HAVING q.paid <> coalesce(sum(p.amount), 0);

-- name: breaks_i17()
-- A link's uses, and what it took and gave back, are its approved payments, numbered from 1; and
-- those by bank are its bank sales.
SELECT 'link ' || l.id, 'uses ' || l.uses || ', paid ' || l.paid || ', refunded ' || l.refunded
    || '; payments ' || count(p.id) || ', ' || coalesce(sum(p.amount), 0)
    || ', ' || coalesce(sum(p.refunded), 0) || '; numbers ' || count(n.number)
FROM links l
LEFT JOIN intents i ON i.link_id = l.id AND i.state = 'posted'
LEFT JOIN payments p ON p.intent_id = i.id AND p.state IN ('posted', 'held')
LEFT JOIN link_payments n ON n.payment_id = p.id AND n.link_id = l.id
    AND n.number BETWEEN 1 AND l.uses
GROUP BY l.id, l.uses, l.paid, l.refunded
HAVING l.uses <> count(p.id) OR l.paid <> coalesce(sum(p.amount), 0)
    OR l.refunded <> coalesce(sum(p.refunded), 0) OR l.uses <> count(n.number)
UNION ALL
SELECT 'link ' || l.id, 'by bank ' || l.bank_sold || ', taken back ' || l.bank_corrected
    || ', paid ' || l.bank_paid || '; bank sales ' || count(s.number) || ', ' || count(c.number)
    || ', ' || coalesce(sum(CASE WHEN c.number IS NULL THEN s.amount ELSE 0 END), 0)
FROM links l
LEFT JOIN bank_sales s ON s.link_id = l.id AND s.number <= l.bank_sold
LEFT JOIN bank_corrections c ON c.link_id = s.link_id AND c.number = s.number
GROUP BY l.id, l.bank_sold, l.bank_corrected, l.bank_paid
HAVING l.bank_sold <> count(s.number) OR l.bank_corrected <> count(c.number)
    OR l.bank_paid <> coalesce(sum(CASE WHEN c.number IS NULL THEN s.amount ELSE 0 END), 0)
    OR EXISTS (
        SELECT 1 FROM bank_sales over WHERE over.link_id = l.id AND over.number > l.bank_sold
    );

-- name: breaks_i18()
-- What limits count of a person is the sum of what they paid and were paid; each running total is
-- above the one before it, and none has more than was paid by then: counted too early, it would
-- leave the windows of the limits too early. (Counted later than paid it may be, if the clock was
-- set back in between.)
WITH approved AS (
    SELECT p.payer_id AS person_id, 'paid' AS side, p.currency, p.amount,
        coalesce(h.created_at, p.posted_at) AS moment
    FROM payments p
    JOIN intents i ON i.id = p.intent_id
    LEFT JOIN holds h ON h.id = p.id
    WHERE i.kind IN ('payment', 'gift') AND p.state <> 'draft'
    UNION ALL
    SELECT p.payee_id, 'received', p.currency, p.amount, p.posted_at
    FROM payments p
    JOIN intents i ON i.id = p.intent_id
    WHERE i.kind IN ('payment', 'gift') AND p.state = 'posted'
), events AS (
    SELECT person_id, side, currency, moment, 0 AS counts, 1 AS paid, amount, 0 AS number,
        0 AS total
    FROM approved
    UNION ALL
    SELECT person_id, side, currency, counted_at, 1, 0, 0, number, total FROM turnovers
), folded AS (
    SELECT person_id, side, currency, moment, counts, number, total,
        sum(paid) OVER so_far AS number_due, sum(amount) OVER so_far AS total_due,
        lag(number) OVER in_order AS number_before, lag(total) OVER in_order AS total_before
    FROM events
    WINDOW so_far AS (PARTITION BY person_id, side, currency ORDER BY moment, counts),
        in_order AS (PARTITION BY person_id, side, currency, counts ORDER BY moment, number)
)
SELECT 'person ' || person_id || ' ' || side || ' ' || currency || ' at ' || moment,
    'counted ' || number || ' of ' || total || ', payments ' || number_due || ' of ' || total_due
FROM folded
WHERE counts = 1 AND (
    number > number_due OR total > total_due
    OR number <= coalesce(number_before, 0) OR total <= coalesce(total_before, 0)
)
UNION ALL
SELECT 'person ' || person_id || ' ' || side || ' ' || currency,
    'counted ' || max(number) || ' of ' || max(total)
    || ', payments ' || sum(paid) || ' of ' || sum(amount)
FROM events
GROUP BY person_id, side, currency
HAVING max(number) <> sum(paid) OR max(total) <> sum(amount);
