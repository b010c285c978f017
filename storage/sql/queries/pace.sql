-- How fast is written to the platform, counted by all workers together.

-- name: enter_pace(chat_id, now)^
-- When a chat has caught up, at the earliest now; nobody else counts until this transaction ends.
INSERT INTO pace (chat_id, caught_up_at) VALUES (:chat_id, :now)
ON CONFLICT (chat_id) DO UPDATE SET caught_up_at =
    CASE WHEN pace.caught_up_at < :now THEN :now ELSE pace.caught_up_at END
RETURNING caught_up_at;

-- name: set_pace(chat_id, caught_up_at)!
-- What was sent counts.
UPDATE pace SET caught_up_at = :caught_up_at WHERE chat_id = :chat_id;

-- name: drop_idle_pace(now)!
-- Drops chats that have caught up: one that is not there has.
DELETE FROM pace WHERE caught_up_at < :now AND chat_id <> 0;
