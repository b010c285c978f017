-- Payment links. storage/records/links.py runs these.

-- name: add_link(link_id, owner_id, personal, amount, currency, note, state, created_at)!
-- Writes a new link down, unless it is a second personal one.
INSERT INTO links (id, owner_id, personal, amount, currency, note, state, created_at)
VALUES (:link_id, :owner_id, :personal, :amount, :currency, :note, :state, :created_at)
ON CONFLICT (owner_id) WHERE personal = 1 DO NOTHING;

-- name: link(link_id)^
-- One link.
SELECT id, owner_id, personal, amount, currency, note, state, created_at
FROM links WHERE id = :link_id;

-- name: personal_link(owner_id)^
-- The owner's permanent link.
SELECT id, owner_id, personal, amount, currency, note, state, created_at
FROM links WHERE owner_id = :owner_id AND personal = 1;

-- name: links_by_owner(owner_id, rows)
-- The owner's links, latest first, without those that were closed.
SELECT id, owner_id, personal, amount, currency, note, state, created_at
FROM links WHERE owner_id = :owner_id AND state <> 'closed'
ORDER BY created_at DESC, id DESC LIMIT :rows;

-- name: move_link(link_id, before, state)!
-- Changes a link's state from another.
UPDATE links SET state = :state WHERE id = :link_id AND state = :before;
