-- What operators do, and what they have stopped.

-- While there is a row, no money moves.
CREATE TABLE pauses (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    paused_at INTEGER NOT NULL
) STRICT;

-- Who may not pay or be paid for now.
CREATE TABLE freezes (
    person_id INTEGER PRIMARY KEY REFERENCES people (id) ON UPDATE CASCADE,
    frozen_at INTEGER NOT NULL
) STRICT;

-- Reports that an operator has seen to.
CREATE TABLE closed_reports (
    request_id TEXT PRIMARY KEY REFERENCES requests (id),
    closed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- All that operators ever did: `reason` is sealed.
CREATE TABLE operator_log (
    id TEXT PRIMARY KEY,
    operator_id INTEGER NOT NULL REFERENCES people (id) ON UPDATE CASCADE,
    kind TEXT NOT NULL CHECK (
        kind IN ('freeze', 'unfreeze', 'refund', 'close_report', 'pause', 'resume')
    ),
    subject_id TEXT NOT NULL,
    person_id INTEGER REFERENCES people (id) ON UPDATE CASCADE,
    reason BLOB NOT NULL,
    done_at INTEGER NOT NULL
) STRICT;

CREATE INDEX operator_log_latest ON operator_log (done_at);

-- The log is never changed, but for whoever is forgotten: their number gives way to a pseudonym.
-- A reason is sealed anew when the secret key changes: as long as before, and under another key.
CREATE TRIGGER operator_log_is_not_updated
BEFORE UPDATE OF id, kind, subject_id, done_at ON operator_log
BEGIN SELECT RAISE(ABORT, 'operator_log is append-only'); END;
CREATE TRIGGER operator_log_keeps_its_reason BEFORE UPDATE OF reason ON operator_log
WHEN length(OLD.reason) <> length(NEW.reason)
    OR substr(OLD.reason, 1, 4) = substr(NEW.reason, 1, 4)
BEGIN SELECT RAISE(ABORT, 'operator_log is append-only'); END;
CREATE TRIGGER operator_log_keeps_its_operator BEFORE UPDATE OF operator_id ON operator_log
WHEN OLD.operator_id >= 4503599627370496 OR NEW.operator_id < 4503599627370496
BEGIN SELECT RAISE(ABORT, 'operator_log is append-only'); END;
CREATE TRIGGER operator_log_keeps_its_person BEFORE UPDATE OF person_id ON operator_log
WHEN coalesce(
    OLD.person_id >= 4503599627370496 OR NEW.person_id < 4503599627370496, TRUE
)
BEGIN SELECT RAISE(ABORT, 'operator_log is append-only'); END;
CREATE TRIGGER operator_log_is_not_deleted BEFORE DELETE ON operator_log
BEGIN SELECT RAISE(ABORT, 'operator_log is append-only'); END;
