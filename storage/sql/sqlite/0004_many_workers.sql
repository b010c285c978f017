-- What several workers on one database need to know of each other, and how far the book was checked.

-- How fast is written: the moment at which a chat (0: all of them) has caught up with what it was
-- sent, were each message given its share of the limit.
CREATE TABLE pace (
    chat_id INTEGER PRIMARY KEY,
    caught_up_at INTEGER NOT NULL
) STRICT;

-- An account's entries up to this version were found sound, and leave this balance.
CREATE TABLE seals (
    account_id INTEGER PRIMARY KEY REFERENCES accounts (id),
    version INTEGER NOT NULL CHECK (version >= 1),
    balance INTEGER NOT NULL,
    sealed_at INTEGER NOT NULL
) STRICT;
