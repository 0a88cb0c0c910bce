-- Alerts with every revision, and what they are looked up by. Times are ns since 1970.
CREATE TABLE alerts (
  n           INTEGER PRIMARY KEY,
  alert_id    TEXT    NOT NULL UNIQUE,
  revision    INTEGER NOT NULL,
  status      TEXT    NOT NULL,
  alert_type  TEXT    NOT NULL,
  lens        TEXT    NOT NULL,
  rule_name   TEXT    NOT NULL,
  rule_id     TEXT    NOT NULL,
  severity    INTEGER NOT NULL,
  start_ns    INTEGER NOT NULL,
  last_ns     INTEGER NOT NULL,
  source_type TEXT,
  silenced_by TEXT,
  stored_ns   INTEGER NOT NULL
) STRICT;
CREATE INDEX alerts_by_start    ON alerts (start_ns DESC, alert_id);
CREATE INDEX alerts_by_rule     ON alerts (rule_name, start_ns DESC);
CREATE INDEX alerts_by_status   ON alerts (status, start_ns DESC);

-- With row numbers: in an index, texts of this length would each take a page of their own.
CREATE TABLE alert_revisions (
  n           INTEGER NOT NULL REFERENCES alerts (n) ON DELETE CASCADE,
  revision    INTEGER NOT NULL,
  silenced_by TEXT,
  stored_ns   INTEGER NOT NULL,
  json        TEXT    NOT NULL,
  PRIMARY KEY (n, revision)
) STRICT;

CREATE TABLE alert_entities (
  n     INTEGER NOT NULL REFERENCES alerts (n) ON DELETE CASCADE,
  uuid  TEXT    NOT NULL,
  PRIMARY KEY (uuid, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_entities_by_alert ON alert_entities (n);

CREATE TABLE alert_tactics (
  n      INTEGER NOT NULL REFERENCES alerts (n) ON DELETE CASCADE,
  tactic TEXT    NOT NULL,
  PRIMARY KEY (tactic, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_tactics_by_alert ON alert_tactics (n);

CREATE TABLE alert_techniques (
  n         INTEGER NOT NULL REFERENCES alerts (n) ON DELETE CASCADE,
  technique TEXT    NOT NULL,
  PRIMARY KEY (technique, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_techniques_by_alert ON alert_techniques (n);

-- Words only; the texts themselves are in the JSON.
CREATE VIRTUAL TABLE alert_text USING fts5 (
  title, description, rule, entities, messages,
  content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0'
);
