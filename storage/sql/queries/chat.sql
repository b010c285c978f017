-- What the chat needs to survive a restart: outbox, inbox, cards, prompts.

-- name: add_notice(kind, conversation_id, subject_id, now)!
-- Writes a notice, due at once.
INSERT INTO outbox (kind, conversation_id, subject_id, created_at, due_at)
VALUES (:kind, :conversation_id, :subject_id, :now, :now);

-- name: claim_notices(now, latest, leased_until, rows)
-- Takes the oldest due notice of each conversation in which nobody is sending. No wait is longer
-- than until `latest`: one that seems to be is over, and the clock was set back meanwhile.
WITH due AS (
    SELECT o.id FROM outbox o
    WHERE o.buried_at IS NULL AND (o.due_at <= :now OR o.due_at > :latest)
        AND (o.leased_until <= :now OR o.leased_until > :latest)
        AND NOT EXISTS (
            SELECT 1 FROM outbox other
            WHERE other.conversation_id = o.conversation_id AND other.buried_at IS NULL
                AND (
                    other.id < o.id
                    OR (other.leased_until > :now AND other.leased_until <= :latest)
                )
        )
    ORDER BY o.id LIMIT :rows {skip_locked}
)
UPDATE outbox SET leased_until = :leased_until WHERE id IN (SELECT id FROM due)
RETURNING id, kind, conversation_id, subject_id, attempts, created_at;

-- name: release_notices()!
-- Nobody is sending any.
UPDATE outbox SET leased_until = 0 WHERE leased_until > 0;

-- name: drop_notice(notice_id)!
-- It was sent.
DELETE FROM outbox WHERE id = :notice_id;

-- name: retry_notice(notice_id, due_at)!
-- It was not sent; again later.
UPDATE outbox SET due_at = :due_at, leased_until = 0, attempts = attempts + 1
WHERE id = :notice_id;

-- name: bury_notice(notice_id, reason, now)!
-- It can never be sent.
UPDATE outbox SET buried_at = :now, buried_for = :reason WHERE id = :notice_id;

-- name: drop_buried_notices(before, rows)!
-- Some that were given up by then.
DELETE FROM outbox WHERE id IN (
    SELECT id FROM outbox WHERE buried_at <= :before ORDER BY buried_at LIMIT :rows
);

-- name: count_notices()^
-- How many are not sent yet.
SELECT count(*) FROM outbox WHERE buried_at IS NULL;

-- name: add_update(update_id, lane, payload, now)!
-- Writes an update down, once.
INSERT INTO inbox (update_id, lane, payload, arrived_at)
VALUES (:update_id, :lane, :payload, :now) ON CONFLICT DO NOTHING;

-- name: lease_only_update(update_id, lane, worker, leased_until)!
-- Leases an update, if it is the only one of its lane that is not handled.
UPDATE inbox SET worker = :worker, leased_until = :leased_until
WHERE update_id = :update_id AND NOT EXISTS (
    SELECT 1 FROM inbox other
    WHERE other.lane = :lane AND other.handled_at IS NULL AND other.update_id <> :update_id
);

-- name: lane_of_update(update_id, worker)^
-- The lane of an update that a worker is handling.
SELECT lane FROM inbox
WHERE update_id = :update_id AND worker = :worker AND handled_at IS NULL;

-- name: finish_update(update_id, worker, now)!
-- Marks an update handled, if the worker still has it; its payload is gone.
UPDATE inbox SET handled_at = :now, payload = NULL, worker = NULL
WHERE update_id = :update_id AND worker = :worker AND handled_at IS NULL;

-- name: lease_next_update(lane, worker, leased_until)^
-- Leases the first update of a lane.
UPDATE inbox SET worker = :worker, leased_until = :leased_until
WHERE update_id = (
    SELECT min(update_id) FROM inbox WHERE lane = :lane AND handled_at IS NULL
)
RETURNING update_id, lane, payload;

-- name: recover_updates(worker, now, leased_until, rows)
-- Leases the first update of each lane in which nobody is at work. (`+` has the few that are open
-- sorted, where SQLite would rather go through all that ever were.)
WITH first AS (
    SELECT i.update_id FROM inbox i
    WHERE i.handled_at IS NULL AND i.leased_until <= :now
        AND NOT EXISTS (
            SELECT 1 FROM inbox other
            WHERE other.lane = i.lane AND other.handled_at IS NULL
                AND (other.update_id < i.update_id OR other.leased_until > :now)
        )
    ORDER BY +i.update_id LIMIT :rows {skip_locked}
)
UPDATE inbox SET worker = :worker, leased_until = :leased_until
WHERE update_id IN (SELECT update_id FROM first)
RETURNING update_id, lane, payload;

-- name: renew_leases(worker, leased_until)!
-- What a worker has under way is its own until then.
UPDATE inbox SET leased_until = :leased_until WHERE worker = :worker AND handled_at IS NULL;

-- name: leased_updates(worker)
-- What a worker has under way.
SELECT update_id, lane, payload FROM inbox
WHERE worker = :worker AND handled_at IS NULL ORDER BY +update_id;

-- name: last_update_id()^
-- The highest update id seen.
SELECT max(update_id) FROM inbox;

-- name: forget_updates(before)!
-- Drops updates handled before a moment, but for the highest id.
DELETE FROM inbox
WHERE handled_at < :before AND update_id < (SELECT max(update_id) FROM inbox);

-- name: put_card(subject_id, conversation_id, message_id, receiver_id)!
-- A message shows a subject now.
INSERT INTO cards (subject_id, conversation_id, message_id, receiver_id)
VALUES (:subject_id, :conversation_id, :message_id, :receiver_id)
ON CONFLICT (conversation_id, message_id, receiver_id)
    DO UPDATE SET subject_id = excluded.subject_id;

-- name: cards_of_subject(subject_id)
-- All messages that show a subject.
SELECT subject_id, conversation_id, message_id, receiver_id FROM cards
WHERE subject_id = :subject_id
ORDER BY conversation_id, message_id, receiver_id;

-- name: drop_card(subject_id, conversation_id, message_id, receiver_id)!
-- The message is gone.
DELETE FROM cards
WHERE conversation_id = :conversation_id AND message_id = :message_id
    AND receiver_id = :receiver_id AND subject_id = :subject_id;

-- name: drop_cards_of(keys)!
-- Messages that show nothing any more.
DELETE FROM cards WHERE subject_id IN {keys};

-- name: forget_card(conversation_id, message_id, receiver_id)!
-- The message is another one now, whatever it showed.
DELETE FROM cards
WHERE conversation_id = :conversation_id AND message_id = :message_id
    AND receiver_id = :receiver_id;

-- name: subject_shown(conversation_id, message_id, receiver_id)^
-- What a message shows.
SELECT subject_id FROM cards
WHERE conversation_id = :conversation_id AND message_id = :message_id
    AND receiver_id = :receiver_id;

-- name: put_card_elsewhere(subject_id, inline_id)!
-- A message in a chat that the bot is not in shows a subject, unless it shows one already.
INSERT INTO cards_elsewhere (inline_id, subject_id) VALUES (:inline_id, :subject_id)
ON CONFLICT DO NOTHING;

-- name: subject_elsewhere(inline_id)^
-- What such a message shows.
SELECT subject_id FROM cards_elsewhere WHERE inline_id = :inline_id;

-- name: cards_elsewhere(subject_id)
-- Such messages of a subject.
SELECT inline_id FROM cards_elsewhere WHERE subject_id = :subject_id ORDER BY inline_id;

-- name: drop_card_elsewhere(inline_id)!
-- The message is gone.
DELETE FROM cards_elsewhere WHERE inline_id = :inline_id;

-- name: put_prompt(person_id, conversation_id, expects, subject_id, draft, expires_at)!
-- Remembers a question in place of the last one.
INSERT INTO prompts (person_id, conversation_id, expects, subject_id, draft, expires_at)
VALUES (:person_id, :conversation_id, :expects, :subject_id, :draft, :expires_at)
ON CONFLICT (person_id, conversation_id) DO UPDATE SET expects = excluded.expects,
    subject_id = excluded.subject_id, draft = excluded.draft, expires_at = excluded.expires_at;

-- name: prompt(person_id, conversation_id, now)^
-- The open question.
SELECT expects, subject_id, draft, expires_at FROM prompts
WHERE person_id = :person_id AND conversation_id = :conversation_id AND expires_at > :now;

-- name: drop_prompt(person_id, conversation_id)!
-- It was answered.
DELETE FROM prompts WHERE person_id = :person_id AND conversation_id = :conversation_id;

-- name: drop_overdue_prompts(now)!
-- Nobody answered them in time.
DELETE FROM prompts WHERE expires_at <= :now;

-- name: move_notices(old, new)!
-- What is to be told in a group that has another id now.
UPDATE outbox SET conversation_id = :new
WHERE conversation_id = :old AND buried_at IS NULL;

-- name: move_cards(old, new)!
-- Cards that were made in such a group, and may be shown there.
UPDATE intents SET group_id = :new, told_in = CASE WHEN told_in = :old THEN :new END
WHERE group_id = :old;

-- name: open_requests_in(group_id)
-- Requests to anyone in a group, oldest first.
SELECT id FROM requests
WHERE group_id = :group_id AND state = 'open' AND payer_id IS NULL AND payer_username IS NULL
ORDER BY created_at, id;

-- name: move_requests(old, new)!
-- Requests that were made in such a group.
UPDATE requests SET group_id = :new WHERE group_id = :old;

-- name: drop_cards_in(conversation_id)!
-- Messages that nobody can change any more.
DELETE FROM cards WHERE conversation_id = :conversation_id;

-- name: drop_prompts_in(conversation_id)!
-- Questions that nobody can answer any more.
DELETE FROM prompts WHERE conversation_id = :conversation_id;
