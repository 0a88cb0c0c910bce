-- The dictionary of templates. Ids are 64 bits without sign, kept as their signed twin.
CREATE TABLE templates (
  id          INTEGER PRIMARY KEY,
  text        TEXT    NOT NULL,
  source_type TEXT    NOT NULL,
  program     TEXT    NOT NULL,
  example     TEXT    NOT NULL,
  count       INTEGER NOT NULL,
  first_ns    INTEGER NOT NULL,
  last_ns     INTEGER NOT NULL,
  updated_ns  INTEGER NOT NULL
) STRICT;
CREATE INDEX templates_by_count ON templates (count DESC, id);

-- What each run counted; a template's count is the sum.
CREATE TABLE template_runs (
  id    INTEGER NOT NULL REFERENCES templates (id) ON DELETE CASCADE,
  run   TEXT    NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (id, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX template_runs_by_run ON template_runs (run);

-- Templates that became part of another: they have no row of their own.
CREATE TABLE template_aliases (
  id       INTEGER PRIMARY KEY,
  alias_of INTEGER NOT NULL
) STRICT;
CREATE INDEX template_aliases_by_target ON template_aliases (alias_of);
