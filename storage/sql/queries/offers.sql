-- What may yet be put into a chat. storage/records/offers.py runs these.

-- name: add_offer(offer_id, maker_id, kind, amount, currency, note, expires_at)!
-- Writes a new offer down.
INSERT INTO offers (id, maker_id, kind, amount, currency, note, expires_at)
VALUES (:offer_id, :maker_id, :kind, :amount, :currency, :note, :expires_at);

-- name: offer(offer_id)^
-- One offer.
SELECT maker_id, kind, amount, currency, note, expires_at FROM offers WHERE id = :offer_id;

-- name: drop_overdue_offers(now, rows)!
-- Forgets some whose time is up.
DELETE FROM offers WHERE id IN (
    SELECT id FROM offers WHERE expires_at <= :now ORDER BY expires_at LIMIT :rows
);
