-- What several workers on one database need to know of each other, and how far the book was checked.

-- How fast is written: the moment at which a chat (0: all of them) has caught up with what it was
-- sent, were each message given its share of the limit. A crash may forget it: it is never logged.
CREATE UNLOGGED TABLE pace (
    chat_id BIGINT PRIMARY KEY,
    caught_up_at BIGINT NOT NULL
);

-- An account's entries up to this version were found sound, and leave this balance.
CREATE TABLE seals (
    account_id BIGINT PRIMARY KEY REFERENCES accounts (id),
    version BIGINT NOT NULL CHECK (version >= 1),
    balance BIGINT NOT NULL,
    sealed_at BIGINT NOT NULL
);
