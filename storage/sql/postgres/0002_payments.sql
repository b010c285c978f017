-- What people are about to pay, have paid, and ask for. Notes are sealed (storage/sealing.py).

CREATE TABLE requests (
    id TEXT PRIMARY KEY,
    batch_id TEXT NOT NULL,
    requester_id BIGINT NOT NULL REFERENCES people (id) ON UPDATE CASCADE,
    payer_id BIGINT REFERENCES people (id) ON UPDATE CASCADE,
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
CREATE INDEX requests_taken_back ON requests (requester_id, created_at)
WHERE state = 'cancelled';
CREATE INDEX requests_to ON requests (payer_id, created_at) WHERE state = 'open';
CREATE INDEX requests_waiting ON requests ((lower(payer_username)))
WHERE state = 'open' AND payer_id IS NULL;
CREATE INDEX requests_of_group ON requests (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX requests_overdue ON requests (expires_at) WHERE state = 'open';
-- Those that came to nothing, to be forgotten.
CREATE INDEX requests_ended ON requests (expires_at)
WHERE state IN ('declined', 'cancelled', 'expired') AND paid = 0;

CREATE TABLE links (
    id TEXT PRIMARY KEY,
    owner_id BIGINT NOT NULL REFERENCES people (id) ON UPDATE CASCADE,
    personal SMALLINT NOT NULL CHECK (personal IN (0, 1)),
    currency TEXT NOT NULL,
    amount BIGINT CHECK (amount BETWEEN 1 AND 1000000000000),
    suggested SMALLINT NOT NULL DEFAULT 0 CHECK (suggested IN (0, 1)),
    least BIGINT CHECK (least BETWEEN 1 AND 1000000000000),
    most BIGINT CHECK (most BETWEEN 1 AND 1000000000000),
    note BYTEA,
    question BYTEA,
    thanks BYTEA,
    reference BYTEA,
    uses_most BIGINT CHECK (uses_most >= 1),
    expires_at BIGINT,
    bank SMALLINT NOT NULL DEFAULT 0 CHECK (bank IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('active', 'paused', 'closed')),
    created_at BIGINT NOT NULL,
    uses BIGINT NOT NULL DEFAULT 0,
    paid BIGINT NOT NULL DEFAULT 0,
    refunded BIGINT NOT NULL DEFAULT 0,
    bank_sold BIGINT NOT NULL DEFAULT 0,
    bank_corrected BIGINT NOT NULL DEFAULT 0,
    bank_paid BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT personal_has_no_amount CHECK (personal = 0 OR amount IS NULL),
    CONSTRAINT used_as_often_as_it_takes CHECK (
        uses >= 0
        AND (uses_most IS NULL OR uses + bank_sold - bank_corrected <= uses_most)
    ),
    CONSTRAINT corrected_at_most_sold CHECK (
        bank_corrected BETWEEN 0 AND bank_sold AND bank_paid >= 0
    ),
    CONSTRAINT refunded_at_most_paid CHECK (refunded BETWEEN 0 AND paid)
);

CREATE UNIQUE INDEX links_personal ON links (owner_id) WHERE personal = 1;
CREATE INDEX links_by_owner ON links (owner_id, created_at) WHERE state <> 'closed';

-- What somebody may put into a chat, there to become a request or a gift.
CREATE TABLE offers (
    id TEXT PRIMARY KEY,
    maker_id BIGINT NOT NULL REFERENCES people (id) ON UPDATE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('ask', 'send')),
    amount BIGINT NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000),
    currency TEXT NOT NULL,
    note BYTEA,
    expires_at BIGINT NOT NULL
);

CREATE INDEX offers_overdue ON offers (expires_at);

CREATE TABLE intents (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('payment', 'withdrawal', 'refund', 'gift')),
    payer_id BIGINT NOT NULL REFERENCES people (id) ON UPDATE CASCADE,
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
    origin TEXT,
    question BYTEA,
    answer BYTEA
);

CREATE UNIQUE INDEX intents_origin ON intents (origin) WHERE origin IS NOT NULL;
CREATE INDEX intents_open ON intents (payer_id, created_at)
WHERE state IN ('draft', 'awaiting_pin');
CREATE INDEX intents_of_group ON intents (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX intents_overdue ON intents (expires_at) WHERE state IN ('draft', 'awaiting_pin');
-- Those that came to nothing, to be forgotten.
CREATE INDEX intents_ended ON intents (expires_at)
WHERE state IN ('cancelled', 'expired', 'refused');
CREATE INDEX intents_of_request ON intents (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX intents_of_link ON intents (link_id) WHERE link_id IS NOT NULL;
-- Looked up whenever the lines of a draft are drawn up anew.
CREATE INDEX intents_refunding ON intents (refunds_id) WHERE refunds_id IS NOT NULL;

CREATE TABLE payments (
    id TEXT PRIMARY KEY,
    intent_id TEXT NOT NULL REFERENCES intents (id),
    position BIGINT NOT NULL,
    payer_id BIGINT NOT NULL REFERENCES people (id) ON UPDATE CASCADE,
    payee_id BIGINT REFERENCES people (id) ON UPDATE CASCADE,
    payee_username TEXT,
    amount BIGINT CHECK (amount BETWEEN 1 AND 1000000000000),
    currency TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('draft', 'posted', 'held', 'returned')),
    refunded BIGINT NOT NULL DEFAULT 0,
    claim_token BYTEA,
    claim_digest BYTEA,
    posted_at BIGINT,
    expires_at BIGINT,
    UNIQUE (intent_id, position),
    CONSTRAINT approved_has_amount CHECK (state = 'draft' OR amount IS NOT NULL),
    CONSTRAINT refunded_at_most_all CHECK (
        refunded = 0 OR (state = 'posted' AND refunded BETWEEN 0 AND amount)
    )
);

ALTER TABLE intents ADD FOREIGN KEY (refunds_id) REFERENCES payments (id);

CREATE UNIQUE INDEX payments_claim ON payments (claim_digest) WHERE claim_digest IS NOT NULL;
CREATE INDEX payments_dealt ON payments (payer_id, payee_id) WHERE state = 'posted';
CREATE INDEX payments_latest ON payments (payer_id, posted_at) WHERE state = 'posted';
CREATE INDEX payments_held_by ON payments (payer_id) WHERE state = 'held';
CREATE INDEX payments_held_for ON payments (payee_id) WHERE state = 'held';
CREATE INDEX payments_held_named ON payments ((lower(payee_username)))
WHERE state = 'held' AND payee_id IS NULL;
CREATE INDEX payments_overdue ON payments (expires_at) WHERE state = 'held';

-- The payments of a link, numbered from 1.
CREATE TABLE link_payments (
    link_id TEXT NOT NULL REFERENCES links (id),
    number BIGINT NOT NULL CHECK (number >= 1),
    payment_id TEXT NOT NULL UNIQUE REFERENCES payments (id),
    PRIMARY KEY (link_id, number)
);

-- Payments of a link that arrived at its owner's bank, as the owner says, numbered from 1. They
-- move no balance.
CREATE TABLE bank_sales (
    link_id TEXT NOT NULL REFERENCES links (id),
    number BIGINT NOT NULL CHECK (number >= 1),
    amount BIGINT NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000),
    origin TEXT NOT NULL UNIQUE,
    written_at BIGINT NOT NULL,
    PRIMARY KEY (link_id, number)
);

-- Those that the owner has taken back.
CREATE TABLE bank_corrections (
    link_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    written_at BIGINT NOT NULL,
    PRIMARY KEY (link_id, number),
    FOREIGN KEY (link_id, number) REFERENCES bank_sales (link_id, number)
);

CREATE TRIGGER bank_sales_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_sales
EXECUTE FUNCTION refuse('bank_sales are append-only');
CREATE TRIGGER bank_corrections_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_corrections
EXECUTE FUNCTION refuse('bank_corrections are append-only');

-- What each person has paid and been paid, as running totals: how much it was since some moment is
-- the latest total less the one of that moment.
CREATE TABLE turnovers (
    person_id BIGINT NOT NULL REFERENCES people (id) ON UPDATE CASCADE,
    side TEXT NOT NULL CHECK (side IN ('paid', 'received')),
    currency TEXT NOT NULL,
    counted_at BIGINT NOT NULL,
    number BIGINT NOT NULL CHECK (number >= 1),
    total BIGINT NOT NULL CHECK (total >= 1),
    PRIMARY KEY (person_id, side, currency, counted_at, number)
);

-- What operators should look at: a request, and what is wrong with it.
CREATE TABLE reports (
    request_id TEXT NOT NULL REFERENCES requests (id),
    reporter_id BIGINT NOT NULL REFERENCES people (id) ON UPDATE CASCADE,
    reason TEXT NOT NULL CHECK (reason IN ('stranger', 'scam', 'abuse')),
    reported_at BIGINT NOT NULL,
    PRIMARY KEY (request_id, reporter_id)
);

CREATE INDEX reports_latest ON reports (reported_at);
