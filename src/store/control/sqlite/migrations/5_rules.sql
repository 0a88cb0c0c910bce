-- Rules that were uploaded, as they were written.
CREATE TABLE rule_uploads (
  rule       TEXT    PRIMARY KEY,
  text       TEXT    NOT NULL,
  changed_by TEXT    NOT NULL,
  changed_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX alerts_by_rule_id ON alerts (rule_id, start_ns DESC);
