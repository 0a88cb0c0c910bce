-- Times in which people expect change somewhere.
CREATE TABLE marks (
  id         TEXT    PRIMARY KEY,
  kind       TEXT    NOT NULL CHECK (kind IN ('deploy', 'maintenance')),
  matching   TEXT    NOT NULL,
  note       TEXT    NOT NULL,
  created_by TEXT    NOT NULL,
  starts_ns  INTEGER NOT NULL,
  ends_ns    INTEGER NOT NULL,
  created_ns INTEGER NOT NULL,
  ended_ns   INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX marks_by_end ON marks (ends_ns);
CREATE INDEX feedback_by_time ON feedback (at_ns);
