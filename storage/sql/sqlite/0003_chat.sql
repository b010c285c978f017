-- PINs, and what the chat needs to survive a restart.

CREATE TABLE pins (
    person_id INTEGER PRIMARY KEY REFERENCES people (id) ON UPDATE CASCADE,
    hash TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
    locked_until INTEGER,
    reset_at INTEGER,
    changed_at INTEGER NOT NULL,
    replaced_at INTEGER,
    day_tries INTEGER NOT NULL DEFAULT 0 CHECK (day_tries >= 0),
    day_from INTEGER NOT NULL DEFAULT 0
) STRICT;

-- One keypad a person; `sealed` holds its tokens and what was tapped.
CREATE TABLE keypads (
    person_id INTEGER PRIMARY KEY REFERENCES people (id) ON UPDATE CASCADE,
    id TEXT NOT NULL UNIQUE,
    purpose TEXT NOT NULL CHECK (
        purpose IN ('approve', 'current', 'choose', 'repeat', 'enrol', 'operate', 'erase')
    ),
    intent_id TEXT,
    sealed BLOB NOT NULL,
    checking INTEGER NOT NULL CHECK (checking IN (0, 1)),
    expires_at INTEGER NOT NULL
) STRICT;

-- What may approve without the PIN, after a finger or a face; of its token there is a hash.
CREATE TABLE devices (
    id TEXT PRIMARY KEY,
    person_id INTEGER NOT NULL REFERENCES people (id) ON UPDATE CASCADE,
    name TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    used_at INTEGER,
    pin_at INTEGER NOT NULL
) STRICT;

CREATE INDEX devices_of_person ON devices (person_id, added_at);

-- What must be told. `leased_until`: somebody is sending it. Sent ones are deleted, buried ones
-- kept for a while.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    conversation_id INTEGER NOT NULL,
    subject_id TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    leased_until INTEGER NOT NULL DEFAULT 0,
    buried_at INTEGER,
    buried_for TEXT
) STRICT;

CREATE INDEX outbox_waiting ON outbox (conversation_id, id) WHERE buried_at IS NULL;
CREATE INDEX outbox_due ON outbox (due_at) WHERE buried_at IS NULL;
CREATE INDEX outbox_buried ON outbox (buried_at) WHERE buried_at IS NOT NULL;

-- Updates as they arrived. `payload` is sealed, and gone once the update is handled.
CREATE TABLE inbox (
    update_id INTEGER PRIMARY KEY,
    lane INTEGER NOT NULL,
    payload BLOB,
    worker TEXT,
    leased_until INTEGER NOT NULL DEFAULT 0,
    arrived_at INTEGER NOT NULL,
    handled_at INTEGER,
    CONSTRAINT handled_is_forgotten CHECK ((handled_at IS NULL) = (payload IS NOT NULL))
) STRICT;

CREATE INDEX inbox_open ON inbox (lane, update_id) WHERE handled_at IS NULL;
CREATE INDEX inbox_handled ON inbox (handled_at) WHERE handled_at IS NOT NULL;

CREATE TABLE cards (
    conversation_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    receiver_id INTEGER NOT NULL, -- 0: everybody in the conversation
    subject_id TEXT NOT NULL,
    PRIMARY KEY (conversation_id, message_id, receiver_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX cards_of_subject ON cards (subject_id);

-- Messages in chats that the bot is not in, by the ids that the platform gave them.
CREATE TABLE cards_elsewhere (
    inline_id TEXT PRIMARY KEY,
    subject_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX cards_elsewhere_of_subject ON cards_elsewhere (subject_id);

CREATE TABLE prompts (
    person_id INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    expects TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    draft BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (person_id, conversation_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX prompts_overdue ON prompts (expires_at);
