-- Who is known, and the book of their money. Amounts are in minor units, moments in milliseconds
-- since 1970-01-01 UTC.

CREATE TABLE people (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    username TEXT,
    language TEXT NOT NULL,
    language_chosen INTEGER NOT NULL DEFAULT 0 CHECK (language_chosen IN (0, 1)),
    currency TEXT NOT NULL,
    requests_from TEXT NOT NULL CHECK (requests_from IN ('nobody', 'known', 'anyone')),
    terms_version INTEGER NOT NULL DEFAULT 0,
    met_at INTEGER NOT NULL,
    joined_at INTEGER,
    reachable INTEGER NOT NULL DEFAULT 1 CHECK (reachable IN (0, 1))
) STRICT;

-- A username belongs to one person at a time.
CREATE UNIQUE INDEX people_username ON people (lower(username)) WHERE username IS NOT NULL;

CREATE TABLE blocks (
    person_id INTEGER NOT NULL REFERENCES people (id) ON UPDATE CASCADE,
    other_id INTEGER NOT NULL REFERENCES people (id) ON UPDATE CASCADE,
    blocked_at INTEGER NOT NULL,
    PRIMARY KEY (person_id, other_id)
) STRICT, WITHOUT ROWID;

-- Phone numbers that people have shown to be theirs: `number` is sealed, `digest` finds it.
CREATE TABLE phones (
    person_id INTEGER PRIMARY KEY REFERENCES people (id) ON UPDATE CASCADE,
    digest BLOB NOT NULL UNIQUE,
    number BLOB NOT NULL,
    findable INTEGER NOT NULL DEFAULT 1 CHECK (findable IN (0, 1)),
    verified_at INTEGER NOT NULL
) STRICT;

-- When people looked somebody up by phone number, in the last day. `seeker` is a keyed digest of the
-- person's number, so that it says nothing of who that was, and still counts for somebody who was
-- forgotten and comes back.
CREATE TABLE lookups (
    seeker BLOB NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 1),
    looked_at INTEGER NOT NULL,
    PRIMARY KEY (seeker, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX lookups_latest ON lookups (looked_at);

-- Where people withdraw to: `number` is sealed.
CREATE TABLE bank_accounts (
    person_id INTEGER PRIMARY KEY REFERENCES people (id) ON UPDATE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('iban', 'upi', 'pix')),
    number BLOB NOT NULL,
    linked_at INTEGER NOT NULL
) STRICT;

CREATE TABLE accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('person', 'bank')),
    person_id INTEGER REFERENCES people (id) ON UPDATE CASCADE,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    balance INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    opened_at INTEGER NOT NULL,
    UNIQUE (id, currency),
    CONSTRAINT person_has_owner CHECK ((kind = 'person') = (person_id IS NOT NULL)),
    CONSTRAINT held_is_not_negative CHECK (held >= 0),
    CONSTRAINT person_is_covered CHECK (kind <> 'person' OR balance - held >= 0)
) STRICT;

CREATE UNIQUE INDEX accounts_of_person ON accounts (person_id, currency)
WHERE person_id IS NOT NULL;
CREATE UNIQUE INDEX accounts_of_bank ON accounts (currency) WHERE kind = 'bank';

CREATE TABLE holds (
    id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL,
    amount INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000),
    currency TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    FOREIGN KEY (account_id, currency) REFERENCES accounts (id, currency)
) STRICT;

CREATE INDEX holds_of_account ON holds (account_id);

-- The one resolution of a hold.
CREATE TABLE hold_ends (
    hold_id TEXT PRIMARY KEY REFERENCES holds (id),
    how TEXT NOT NULL CHECK (how IN ('posted', 'voided', 'expired')),
    ended_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The foreign keys on (account, currency) keep currencies apart.
CREATE TABLE transfers (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('payment', 'topup', 'withdrawal', 'refund')),
    debit_account_id INTEGER NOT NULL,
    credit_account_id INTEGER NOT NULL,
    amount INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000),
    currency TEXT NOT NULL,
    hold_id TEXT REFERENCES holds (id),
    reverses_id TEXT REFERENCES transfers (id),
    created_at INTEGER NOT NULL,
    CONSTRAINT two_accounts CHECK (debit_account_id <> credit_account_id),
    FOREIGN KEY (debit_account_id, currency) REFERENCES accounts (id, currency),
    FOREIGN KEY (credit_account_id, currency) REFERENCES accounts (id, currency)
) STRICT, WITHOUT ROWID;

-- What is not a payment is seldom, and looked for among many payments.
CREATE INDEX transfers_seldom_debited ON transfers (debit_account_id, created_at)
WHERE kind <> 'payment';
CREATE INDEX transfers_seldom_credited ON transfers (credit_account_id, created_at)
WHERE kind <> 'payment';
CREATE UNIQUE INDEX transfers_posting ON transfers (hold_id) WHERE hold_id IS NOT NULL;
CREATE INDEX transfers_reversing ON transfers (reverses_id) WHERE reverses_id IS NOT NULL;

-- The two sides of each transfer: negative on the debited account, positive on the credited one.
CREATE TABLE entries (
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    version INTEGER NOT NULL CHECK (version >= 1),
    transfer_id TEXT NOT NULL REFERENCES transfers (id),
    amount INTEGER NOT NULL CHECK (amount <> 0 AND abs(amount) <= 1000000000000),
    balance_after INTEGER NOT NULL,
    PRIMARY KEY (account_id, version),
    UNIQUE (transfer_id, account_id)
) STRICT, WITHOUT ROWID;

-- What the book says is never changed: a correction is a new transfer.
CREATE TRIGGER transfers_are_not_updated BEFORE UPDATE ON transfers
BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;
CREATE TRIGGER transfers_are_not_deleted BEFORE DELETE ON transfers
BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;
CREATE TRIGGER entries_are_not_updated BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE TRIGGER entries_are_not_deleted BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE TRIGGER holds_are_not_updated BEFORE UPDATE ON holds
BEGIN SELECT RAISE(ABORT, 'holds are append-only'); END;
CREATE TRIGGER holds_are_not_deleted BEFORE DELETE ON holds
BEGIN SELECT RAISE(ABORT, 'holds are append-only'); END;
CREATE TRIGGER hold_ends_are_not_updated BEFORE UPDATE ON hold_ends
BEGIN SELECT RAISE(ABORT, 'hold_ends are append-only'); END;
CREATE TRIGGER hold_ends_are_not_deleted BEFORE DELETE ON hold_ends
BEGIN SELECT RAISE(ABORT, 'hold_ends are append-only'); END;
CREATE TRIGGER accounts_are_not_deleted BEFORE DELETE ON accounts
BEGIN SELECT RAISE(ABORT, 'accounts stay'); END;
CREATE TRIGGER accounts_keep_their_owner
BEFORE UPDATE OF id, kind, currency, opened_at ON accounts
BEGIN SELECT RAISE(ABORT, 'accounts keep their owner'); END;

-- But the owner may be forgotten: the number of a chat platform, below 2^52, may give way to a
-- pseudonym, from there on.
CREATE TRIGGER accounts_forget_their_owner BEFORE UPDATE OF person_id ON accounts
WHEN coalesce(
    OLD.person_id >= 4503599627370496 OR NEW.person_id < 4503599627370496, TRUE
)
BEGIN SELECT RAISE(ABORT, 'accounts keep their owner'); END;
