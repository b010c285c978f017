-- What operators do, and what they have stopped.

-- While there is a row, no money moves.
CREATE TABLE pauses (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    paused_at BIGINT NOT NULL
);

-- Who may not pay or be paid for now.
CREATE TABLE freezes (
    person_id BIGINT PRIMARY KEY REFERENCES people (id) ON UPDATE CASCADE,
    frozen_at BIGINT NOT NULL
);

-- Reports that an operator has seen to.
CREATE TABLE closed_reports (
    request_id TEXT PRIMARY KEY REFERENCES requests (id),
    closed_at BIGINT NOT NULL
);

-- All that operators ever did: `reason` is sealed.
CREATE TABLE operator_log (
    id TEXT PRIMARY KEY,
    operator_id BIGINT NOT NULL REFERENCES people (id) ON UPDATE CASCADE,
    kind TEXT NOT NULL CHECK (
        kind IN ('freeze', 'unfreeze', 'refund', 'close_report', 'pause', 'resume')
    ),
    subject_id TEXT NOT NULL,
    person_id BIGINT REFERENCES people (id) ON UPDATE CASCADE,
    reason BYTEA NOT NULL,
    done_at BIGINT NOT NULL
);

CREATE INDEX operator_log_latest ON operator_log (done_at);

-- The log is never changed, but for whoever is forgotten: their number gives way to a pseudonym.
-- A reason is sealed anew when the secret key changes: as long as before, and under another key.
CREATE TRIGGER operator_log_is_not_updated
BEFORE UPDATE OF id, kind, subject_id, done_at ON operator_log
EXECUTE FUNCTION refuse('operator_log is append-only');
CREATE TRIGGER operator_log_keeps_its_reason BEFORE UPDATE OF reason ON operator_log
FOR EACH ROW WHEN (
    length(OLD.reason) <> length(NEW.reason)
    OR substr(OLD.reason, 1, 4) = substr(NEW.reason, 1, 4)
)
EXECUTE FUNCTION refuse('operator_log is append-only');
CREATE TRIGGER operator_log_keeps_its_operator BEFORE UPDATE OF operator_id ON operator_log
FOR EACH ROW WHEN (
    OLD.operator_id >= 4503599627370496 OR NEW.operator_id < 4503599627370496
)
EXECUTE FUNCTION refuse('operator_log is append-only');
CREATE TRIGGER operator_log_keeps_its_person BEFORE UPDATE OF person_id ON operator_log
FOR EACH ROW WHEN (coalesce(
    OLD.person_id >= 4503599627370496 OR NEW.person_id < 4503599627370496, TRUE
))
EXECUTE FUNCTION refuse('operator_log is append-only');
CREATE TRIGGER operator_log_is_not_deleted BEFORE DELETE OR TRUNCATE ON operator_log
EXECUTE FUNCTION refuse('operator_log is append-only');
