-- Payment links. storage/records/links.py runs these.

-- name: add_link(link_id, owner_id, personal, currency, amount, suggested, least, most, note, question, thanks, reference, uses_most, expires_at, bank, state, created_at)!
-- Writes a new link down, unless it is a second personal one.
INSERT INTO links (
    id, owner_id, personal, currency, amount, suggested, least, most, note, question, thanks,
    reference, uses_most, expires_at, bank, state, created_at
) VALUES (
    :link_id, :owner_id, :personal, :currency, :amount, :suggested, :least, :most, :note,
    :question, :thanks, :reference, :uses_most, :expires_at, :bank, :state,
    :created_at
)
ON CONFLICT (owner_id) WHERE personal = 1 DO NOTHING;

-- name: link(link_id)^
-- One link.
SELECT id, owner_id, personal, currency, amount, suggested, least, most, note, question, thanks,
    reference, uses_most, expires_at, bank, state, created_at, uses, paid, refunded,
    bank_sold - bank_corrected, bank_paid
FROM links WHERE id = :link_id;

-- name: personal_link(owner_id)^
-- The owner's permanent link.
SELECT id, owner_id, personal, currency, amount, suggested, least, most, note, question, thanks,
    reference, uses_most, expires_at, bank, state, created_at, uses, paid, refunded,
    bank_sold - bank_corrected, bank_paid
FROM links WHERE owner_id = :owner_id AND personal = 1;

-- name: links_by_owner(owner_id, rows)
-- The owner's links, latest first, without those that were closed.
SELECT id, owner_id, personal, currency, amount, suggested, least, most, note, question, thanks,
    reference, uses_most, expires_at, bank, state, created_at, uses, paid, refunded,
    bank_sold - bank_corrected, bank_paid
FROM links WHERE owner_id = :owner_id AND state <> 'closed'
ORDER BY created_at DESC, id DESC LIMIT :rows;

-- name: move_link(link_id, before, state)!
-- Changes a link's state from another.
UPDATE links SET state = :state WHERE id = :link_id AND state = :before;

-- name: change_link(link_id, amount, suggested, least, most, note, question, thanks, reference, uses_most, expires_at, bank)!
-- Replaces a link's terms, unless it is closed or was paid more often than it would take.
UPDATE links SET amount = :amount, suggested = :suggested, least = :least, most = :most,
    note = :note, question = :question, thanks = :thanks, reference = :reference,
    uses_most = :uses_most, expires_at = :expires_at, bank = :bank
WHERE id = :link_id AND state <> 'closed'
    AND uses + bank_sold - bank_corrected
        <= coalesce(CAST(:uses_most AS BIGINT), uses + bank_sold - bank_corrected);

-- name: take_bank_off_links(owner_id)!
-- No link of an owner shows a bank's code any more.
UPDATE links SET bank = 0 WHERE owner_id = :owner_id AND bank = 1;

-- name: use_link(link_id, amount, now)^
-- Counts a payment in, if the link takes it at this moment.
UPDATE links SET uses = uses + 1, paid = paid + :amount
WHERE id = :link_id AND state = 'active' AND (expires_at IS NULL OR expires_at > :now)
    AND (uses_most IS NULL OR uses + bank_sold - bank_corrected < uses_most)
    AND (amount IS NULL OR suggested = 1 OR amount = :amount)
    AND (least IS NULL OR least <= :amount) AND (most IS NULL OR most >= :amount)
RETURNING uses;

-- name: add_link_payment(link_id, number, payment_id)!
-- Writes down which payment was counted in.
INSERT INTO link_payments (link_id, number, payment_id) VALUES (:link_id, :number, :payment_id);

-- name: add_link_refund(link_id, amount)!
-- Counts in what was given back.
UPDATE links SET refunded = refunded + :amount WHERE id = :link_id;

-- name: link_payments(link_id, before, rows)
-- A link's payments below a number, latest first.
SELECT number, payment_id FROM link_payments
WHERE link_id = :link_id AND number < coalesce(CAST(:before AS BIGINT), number + 1)
ORDER BY number DESC LIMIT :rows;

-- name: bank_sale_of(origin)^
-- Whether a bank sale was written down for this.
SELECT link_id, number FROM bank_sales WHERE origin = :origin;

-- name: count_bank_sale(link_id, amount)^
-- Counts in a payment that arrived at the bank, if the link takes one more.
UPDATE links SET bank_sold = bank_sold + 1, bank_paid = bank_paid + :amount
WHERE id = :link_id AND (uses_most IS NULL OR uses + bank_sold - bank_corrected < uses_most)
RETURNING bank_sold;

-- name: add_bank_sale(link_id, number, amount, origin, now)!
-- Writes it down.
INSERT INTO bank_sales (link_id, number, amount, origin, written_at)
VALUES (:link_id, :number, :amount, :origin, :now);

-- name: add_bank_correction(link_id, number, now)!
-- Takes a bank sale back, unless it was before.
INSERT INTO bank_corrections (link_id, number, written_at)
SELECT link_id, number, CAST(:now AS BIGINT) FROM bank_sales
WHERE link_id = :link_id AND number = :number
ON CONFLICT (link_id, number) DO NOTHING;

-- name: count_bank_correction(link_id, number)!
-- Counts it out again.
UPDATE links SET bank_corrected = bank_corrected + 1,
    bank_paid = bank_paid - (
        SELECT s.amount FROM bank_sales s WHERE s.link_id = :link_id AND s.number = :number
    )
WHERE id = :link_id;

-- name: bank_sales(link_id, rows)
-- A link's bank sales, latest first, and whether they were taken back.
SELECT s.number, s.amount, s.written_at, CASE WHEN c.number IS NULL THEN 0 ELSE 1 END
FROM bank_sales s
LEFT JOIN bank_corrections c ON c.link_id = s.link_id AND c.number = s.number
WHERE s.link_id = :link_id
ORDER BY s.number DESC LIMIT :rows;
