-- What people are about to pay, have paid, and ask for. Notes are sealed (storage/sealing.py).

CREATE TABLE requests (
    id TEXT PRIMARY KEY,
    batch_id TEXT NOT NULL,
    requester_id BIGINT NOT NULL REFERENCES people (id),
    payer_id BIGINT REFERENCES people (id),
    payer_username TEXT,
    amount BIGINT NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000),
    paid BIGINT NOT NULL DEFAULT 0,
    currency TEXT NOT NULL,
    note BYTEA,
    partial SMALLINT NOT NULL CHECK (partial IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('open', 'paid', 'declined', 'cancelled', 'expired')),
    group_id BIGINT,
    reminders BIGINT NOT NULL DEFAULT 0,
    reminded_at BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    origin TEXT UNIQUE,
    CONSTRAINT not_overpaid CHECK (paid BETWEEN 0 AND amount),
    CONSTRAINT paid_in_full CHECK ((state = 'paid') = (paid = amount))
);

CREATE INDEX requests_batch ON requests (batch_id);
CREATE INDEX requests_by ON requests (requester_id, created_at) WHERE state = 'open';
CREATE INDEX requests_to ON requests (payer_id, created_at) WHERE state = 'open';
CREATE INDEX requests_waiting ON requests ((lower(payer_username)))
WHERE state = 'open' AND payer_id IS NULL;
CREATE INDEX requests_overdue ON requests (expires_at) WHERE state = 'open';

CREATE TABLE links (
    id TEXT PRIMARY KEY,
    owner_id BIGINT NOT NULL REFERENCES people (id),
    personal SMALLINT NOT NULL CHECK (personal IN (0, 1)),
    amount BIGINT CHECK (amount BETWEEN 1 AND 1000000000000),
    currency TEXT NOT NULL,
    note BYTEA,
    state TEXT NOT NULL CHECK (state IN ('active', 'paused', 'closed')),
    created_at BIGINT NOT NULL,
    CONSTRAINT personal_has_no_amount CHECK (personal = 0 OR amount IS NULL)
);

CREATE UNIQUE INDEX links_personal ON links (owner_id) WHERE personal = 1;
CREATE INDEX links_by_owner ON links (owner_id, created_at) WHERE state <> 'closed';

CREATE TABLE intents (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('payment', 'withdrawal', 'refund')),
    payer_id BIGINT NOT NULL REFERENCES people (id),
    currency TEXT NOT NULL,
    note BYTEA,
    state TEXT NOT NULL CHECK (
        state IN ('draft', 'awaiting_pin', 'posted', 'cancelled', 'expired', 'refused')
    ),
    refusal TEXT,
    request_id TEXT REFERENCES requests (id),
    link_id TEXT REFERENCES links (id),
    refunds_id TEXT,
    told_in BIGINT,
    group_id BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    origin TEXT UNIQUE
);

CREATE INDEX intents_open ON intents (payer_id, created_at)
WHERE state IN ('draft', 'awaiting_pin');
CREATE INDEX intents_overdue ON intents (expires_at) WHERE state IN ('draft', 'awaiting_pin');
CREATE INDEX intents_of_request ON intents (request_id) WHERE request_id IS NOT NULL;

CREATE TABLE payments (
    id TEXT PRIMARY KEY,
    intent_id TEXT NOT NULL REFERENCES intents (id),
    position BIGINT NOT NULL,
    payer_id BIGINT NOT NULL REFERENCES people (id),
    payee_id BIGINT REFERENCES people (id),
    payee_username TEXT,
    amount BIGINT CHECK (amount BETWEEN 1 AND 1000000000000),
    currency TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('draft', 'posted', 'held', 'returned')),
    refunded BIGINT NOT NULL DEFAULT 0,
    claim_token TEXT UNIQUE,
    posted_at BIGINT,
    expires_at BIGINT,
    UNIQUE (intent_id, position),
    CONSTRAINT approved_has_amount CHECK (state = 'draft' OR amount IS NOT NULL),
    CONSTRAINT refunded_at_most_all CHECK (
        refunded = 0 OR (state = 'posted' AND refunded BETWEEN 0 AND amount)
    )
);

ALTER TABLE intents ADD FOREIGN KEY (refunds_id) REFERENCES payments (id);

CREATE INDEX payments_dealt ON payments (payer_id, payee_id) WHERE state = 'posted';
CREATE INDEX payments_latest ON payments (payer_id, posted_at) WHERE state = 'posted';
CREATE INDEX payments_held_by ON payments (payer_id) WHERE state = 'held';
CREATE INDEX payments_held_for ON payments (payee_id) WHERE state = 'held';
CREATE INDEX payments_held_named ON payments ((lower(payee_username)))
WHERE state = 'held' AND payee_id IS NULL;
CREATE INDEX payments_overdue ON payments (expires_at) WHERE state = 'held';
