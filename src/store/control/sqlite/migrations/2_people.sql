-- What people say and change, and the record of it.
ALTER TABLE alerts ADD COLUMN feedback TEXT;
ALTER TABLE alerts ADD COLUMN feedback_note TEXT;
CREATE INDEX alerts_by_feedback ON alerts (feedback, start_ns DESC) WHERE feedback IS NOT NULL;
CREATE INDEX alerts_silenced    ON alerts (start_ns DESC) WHERE silenced_by IS NOT NULL;

CREATE TABLE feedback (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  n        INTEGER NOT NULL REFERENCES alerts (n) ON DELETE CASCADE,
  verdict  TEXT    NOT NULL CHECK (verdict IN ('tp', 'fp')),
  note     TEXT    NOT NULL,
  origin   TEXT    NOT NULL,
  at_ns    INTEGER NOT NULL
) STRICT;
CREATE INDEX feedback_by_alert ON feedback (n, id);

CREATE TABLE rule_switches (
  rule       TEXT    PRIMARY KEY,
  enabled    INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  changed_by TEXT    NOT NULL,
  changed_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE silences (
  id         TEXT    PRIMARY KEY,
  matching   TEXT    NOT NULL,
  reason     TEXT    NOT NULL,
  created_by TEXT    NOT NULL,
  starts_ns  INTEGER NOT NULL,
  ends_ns    INTEGER NOT NULL,
  created_ns INTEGER NOT NULL,
  removed_ns INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX silences_by_end ON silences (ends_ns);

CREATE TABLE audit (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ns   INTEGER NOT NULL,
  who     TEXT    NOT NULL,
  what    TEXT    NOT NULL,
  subject TEXT    NOT NULL,
  before  TEXT,
  after   TEXT
) STRICT;
