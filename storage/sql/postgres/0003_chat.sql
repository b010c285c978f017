-- PINs, and what the chat needs to survive a restart.

CREATE TABLE pins (
    person_id BIGINT PRIMARY KEY REFERENCES people (id) ON UPDATE CASCADE,
    hash TEXT NOT NULL,
    tries BIGINT NOT NULL DEFAULT 0 CHECK (tries >= 0),
    locked_until BIGINT,
    reset_at BIGINT,
    changed_at BIGINT NOT NULL,
    replaced_at BIGINT,
    day_tries BIGINT NOT NULL DEFAULT 0 CHECK (day_tries >= 0),
    day_from BIGINT NOT NULL DEFAULT 0
);

-- One keypad a person; `sealed` holds its tokens and what was tapped.
CREATE TABLE keypads (
    person_id BIGINT PRIMARY KEY REFERENCES people (id) ON UPDATE CASCADE,
    id TEXT NOT NULL UNIQUE,
    purpose TEXT NOT NULL CHECK (
        purpose IN ('approve', 'current', 'choose', 'repeat', 'enrol', 'operate', 'erase')
    ),
    intent_id TEXT,
    sealed BYTEA NOT NULL,
    checking SMALLINT NOT NULL CHECK (checking IN (0, 1)),
    expires_at BIGINT NOT NULL
);

-- What may approve without the PIN, after a finger or a face; of its token there is a hash.
CREATE TABLE devices (
    id TEXT PRIMARY KEY,
    person_id BIGINT NOT NULL REFERENCES people (id) ON UPDATE CASCADE,
    name TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    added_at BIGINT NOT NULL,
    used_at BIGINT,
    pin_at BIGINT NOT NULL
);

CREATE INDEX devices_of_person ON devices (person_id, added_at);

-- What must be told. `leased_until`: somebody is sending it. Sent ones are deleted, buried ones
-- kept for a while.
CREATE TABLE outbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind TEXT NOT NULL,
    conversation_id BIGINT NOT NULL,
    subject_id TEXT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    leased_until BIGINT NOT NULL DEFAULT 0,
    buried_at BIGINT,
    buried_for TEXT
);

CREATE INDEX outbox_waiting ON outbox (conversation_id, id) WHERE buried_at IS NULL;
CREATE INDEX outbox_due ON outbox (due_at) WHERE buried_at IS NULL;
CREATE INDEX outbox_buried ON outbox (buried_at) WHERE buried_at IS NOT NULL;

-- Updates as they arrived. `payload` is sealed, and gone once the update is handled.
CREATE TABLE inbox (
    update_id BIGINT PRIMARY KEY,
    lane BIGINT NOT NULL,
    payload BYTEA,
    worker TEXT,
    leased_until BIGINT NOT NULL DEFAULT 0,
    arrived_at BIGINT NOT NULL,
    handled_at BIGINT,
    CONSTRAINT handled_is_forgotten CHECK ((handled_at IS NULL) = (payload IS NOT NULL))
);

CREATE INDEX inbox_open ON inbox (lane, update_id) WHERE handled_at IS NULL;
CREATE INDEX inbox_handled ON inbox (handled_at) WHERE handled_at IS NOT NULL;

CREATE TABLE cards (
    conversation_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    receiver_id BIGINT NOT NULL, -- 0: everybody in the conversation
    subject_id TEXT NOT NULL,
    PRIMARY KEY (conversation_id, message_id, receiver_id)
);

CREATE INDEX cards_of_subject ON cards (subject_id);

-- Messages in chats that the bot is not in, by the ids that the platform gave them.
CREATE TABLE cards_elsewhere (
    inline_id TEXT PRIMARY KEY,
    subject_id TEXT NOT NULL
);

CREATE INDEX cards_elsewhere_of_subject ON cards_elsewhere (subject_id);

CREATE TABLE prompts (
    person_id BIGINT NOT NULL,
    conversation_id BIGINT NOT NULL,
    expects TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    draft BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (person_id, conversation_id)
);

CREATE INDEX prompts_overdue ON prompts (expires_at);
