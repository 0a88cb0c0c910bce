//! The reference page and the example file, made from the table of options.

use super::option::{Kind, Row, Status};
use super::show;
use super::table::{self, SECTIONS, Section};
use super::webhooks;
use std::fmt::Write;

/// Width of comments in the example file.
const WIDTH: usize = 96;

/// The reference page, in Markdown.
pub fn markdown() -> String {
    let mut out = String::from(HEAD);
    for section in SECTIONS {
        let rows: Vec<&Row> = rows_of(section).collect();
        let title = match section.prefix.trim_end_matches('.') {
            "" => "Top of the file".to_owned(),
            name => format!("`{name}`"),
        };
        let _ = writeln!(out, "\n## {title}\n\n{}", section.about);
        let active: Vec<&&Row> = rows.iter().filter(|row| row.status == Status::Active).collect();
        if !active.is_empty() {
            out.push_str("\n| key | default | allowed | what it does |\n|---|---|---|---|\n");
            for row in active {
                let _ = writeln!(out, "{}", line(row, row.doc.trim()));
            }
        }
        let pending: Vec<&&Row> = rows.iter().filter(|row| row.status != Status::Active).collect();
        if !pending.is_empty() {
            out.push_str("\nTaken without an effect in this version:\n\n");
            out.push_str("| key | default | allowed | why |\n|---|---|---|---|\n");
            for row in pending {
                let Status::Pending(why) = row.status else { continue };
                let _ = writeln!(out, "{}", line(row, &format!("{} Now: {why}.", row.doc)));
            }
        }
    }
    out.push_str(SOURCES);
    out.push_str(webhooks::PAGE);
    out
}

fn line(row: &Row, text: &str) -> String {
    let key = row.path.strip_prefix(table::section_of(row.path)).unwrap_or(row.path);
    let allowed = match row.kind {
        Kind::Choice(words) => {
            let shown = words.iter().map(|word| if word.is_empty() { "\"\"" } else { word });
            shown.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
        }
        kind => kind.allowed(),
    };
    format!("| `{key}` | `{}` | {allowed} | {text} |", row.default)
}

fn rows_of(section: &Section) -> impl Iterator<Item = &'static Row> {
    table::rows().filter(move |row| table::section_of(row.path) == section.prefix)
}

/// The example file: every key with its default; keys without an effect are commented out.
pub fn example() -> String {
    let mut out = String::from(EXAMPLE_HEAD);
    for section in SECTIONS {
        let _ = writeln!(out, "\n# {}", section.about);
        let mut open: Vec<&str> = Vec::new();
        for row in rows_of(section).filter(|row| row.status == Status::Active) {
            let mut text = String::new();
            let indent = show::key(&mut text, row.path, &mut open, "");
            out.push_str(&text);
            comment(&mut out, &indent, row.doc.trim());
            let _ = writeln!(out, "{indent}{}: {}", show::name(row.path), row.default);
        }
        pending(&mut out, section, &open);
    }
    out
}

/// The pending keys of a section, commented out such that taking the `#` away leaves valid YAML.
fn pending(out: &mut String, section: &Section, open: &[&str]) {
    let rows: Vec<&Row> = rows_of(section).filter(|row| row.status != Status::Active).collect();
    let Some(first) = rows.first() else { return };
    let mut open: Vec<&str> = open.iter().copied().take(1).collect();
    let mut body = String::new();
    for row in &rows {
        let mut heading = String::new();
        // A group that has active keys too is open above: its pending keys use their flat names.
        let flat = rows_of(section).any(|other| {
            other.status == Status::Active && group(other.path) == group(row.path) && depth(row) > 1
        });
        if flat {
            let (group, key) = (group(row.path), show::name(row.path));
            let _ = writeln!(body, "#   {}_{key}: {}", show::name(group), row.default);
            continue;
        }
        let indent = show::key(&mut heading, row.path, &mut open, "# ");
        body.push_str(&heading);
        let _ = writeln!(body, "# {indent}{}: {}", show::name(row.path), row.default);
    }
    let indent = if first.path.contains('.') { "  " } else { "" };
    let _ = writeln!(out, "#{indent} Taken without an effect in this version:");
    out.push_str(&body);
}

fn group(path: &str) -> &str {
    path.rfind('.').map_or("", |dot| &path[..dot])
}

fn depth(row: &Row) -> usize {
    row.path.matches('.').count()
}

fn comment(out: &mut String, indent: &str, text: &str) {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && indent.len() + 3 + line.len() + word.len() > WIDTH {
            let _ = writeln!(out, "{indent}# {line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(out, "{indent}# {line}");
}

const HEAD: &str = "# Configuration

This page is what `seerflow config reference` prints; it is made from the program's own table of
options. `seerflow.example.yaml` has every key with its default.

`seerflow` reads the first of: the file after `--config`, `$SEERFLOW_CONFIG`, `./seerflow.yaml`,
`/etc/seerflow/seerflow.yaml`. Every key is optional, and so is the file. A key that is not known, a
value of the wrong type or out of range, and values that cannot go together are errors that name
file, line, column, key, value and what is allowed; `seerflow config check` finds them all at once.
`seerflow config show` prints what is in effect, with secrets masked.

`${VAR}` in a value is replaced by the environment variable, `${VAR:-default}` falls back to the
default when it is not set, and `$${` is a literal `${`. What comes out is read again as the type that
the key needs. Sizes are numbers of bytes or have a unit: `64 KiB`, `256 MiB`, `4 GiB`.
";

const SOURCES: &str = "
## Entries of `sources`

The first entry whose `match` fits a source rules it; an entry without `match` fits every source.

| key | default | what it does |
|---|---|---|
| `name` | `source-<n>` | Name that `parse --explain` shows; unique. |
| `match` | `{}` | What the source must be. All that is set must fit: `receiver` (`syslog_udp`, `syslog_tcp`, `file`, `stdin`, `webhook`, `archive`), and as globs `path`, `listener`, `program`, `host`, `service`. |
| `format` | `auto` | `auto` tells each line by its first bytes; a name fixes it: `plain`, `timestamped` (a time, then what Java, Python, Android and most loggers write), `leveled` (the same without a date), `rfc5424`, `rfc3164`, `json`, `journald`, `docker`, `cri`, `glog`, `postgres`, `mysql`, `mysql_slow`, `redis`, `apache_error`, `nginx_error`, `access` (common, combined), `haproxy`, `squid`, `w3c` (IIS), `logfmt`, `cef`, `leef`, `csv`, `tsv`, `windows`, `cloudtrail`, `kube_audit`, `kube_event`, `auditd`, `github` or `alertmanager`. Files named `.csv` or `.tsv` whose first line looks like a header are tables. |
| `timezone` | live the machine's, archives UTC | Zone of times that carry none: a name such as `Europe/Berlin`, an offset such as `+02:00`, `UTC` or `local`. |
| `year` | by the file's modification time | Year of the first time that has none; it turns with the log. |
| `multiline` | `auto` | `auto` joins lines that begin with white space, `at `, `Caused by:`, `...`, `Traceback` or `goroutine`, or that have no time where their source's lines have one; `off` makes every line a record; `{start: EXPRESSION}` begins a record where it matches. |
| `source_type` | the receiver's | What alerts and templates show as the source type. |
| `lateness_seconds` | `engine.lateness_seconds` | How far out of order its lines may come. |
| `dedup_seconds` | off | For relays that send the same record twice: within so many seconds of the time by which records are ordered, one of the same entry with the same bytes is dropped and counted as `duplicate`. The last 262,144 records are remembered. Not for archives, and not together with `match.program`, `match.host` and `match.service`. |
| `field_mapping` | `{}` | What columns (of `csv`, `tsv`, `w3c`) or fields (of `json`, `logfmt`, `kube_event`, `github`, `alertmanager`) mean: a meaning and the name, nested names joined with dots. Meanings: `message`, `time` (or `timestamp`), `severity` (or `level`), `host`, `program`, `pid`, `msgid`, `trace_id`, `span_id`, `user`, `target_user`, `src_ip`, `dst_ip`, `src_host`, `dst_host`, `url`, `file`, `domain`, `hash`, `email`, `mac`, `process`, `service`, `container`. |
| `redact` | `[]` | What is replaced by pseudonyms before anything else sees it; see below. Not together with `match.program`, `match.host` and `match.service`. |
| `drop` | `[]` | Rules of what is thrown away, counted by reason. In a rule all that is set must fit: `severity` (this and all below), `template` (id, or text with `<*>`), `regex` (on the message). |
| `weights` | `{}` | How much each channel weighs for its sources: `content`, `volume`, `sequence`, `pattern`, from 0 to 1000; what is not named is as in `detection.weights_*`. Not together with `match.program`, `match.host` and `match.service`. |

```yaml
sources:
- name: nginx
  match: {path: /var/log/nginx/*.log}
  timezone: Europe/Berlin
  drop:
  - {severity: informational, regex: \"^GET /health\"}
- name: till
  match: {path: /srv/till/*.csv}
  field_mapping: {time: Booked at, message: Text, user: Clerk, src_ip: Terminal}
```

## Redaction

`redact` is a list of what must not be kept. Each line is redacted when it comes in, before its time is
looked for; alerts, templates, answers, `parse` and `drop` see the line as it is then.

| entry | what is replaced |
|---|---|
| `card` | Card numbers: 13 to 19 digits with a valid check digit, single blanks or dashes between them. |
| `email` | E-mail addresses, also with `%40` or `\\u0040`. |
| `token` | Values of `password`, `passwd`, `passphrase`, `pwd`, `secret`, `token`, `api_key`, `access_key`, `private_key`, `auth_key`, `credential` and of names that end so, in `key=value`, JSON, headers, URLs and flags; `Authorization`, `Bearer` and `Basic` credentials; passwords in URLs; JSON web tokens; keys of AWS, GitHub, GitLab, Slack, Stripe, Google and npm; private keys in PEM form. |
| `{field: NAME, as: KIND}` | The value of a field of exactly this name; in a table all cells of a column of this name. |
| `{regex: EXPRESSION, as: KIND}` | The first group of the expression, or all it matches, anywhere in the line with its header. |

A value becomes `<card:8f3a…>`: its kind and 96 bits of HMAC-SHA-256 over kind and value. The same value gives the
same pseudonym, so it can still be followed. The key is `redact.key` in the data directory, made at first use, or
`engine.redact_key`; other commands use the key of the same data directory. With another key all pseudonyms are
others. `KIND` is `value` when it is not given. A line may hold 1,024 values; what follows them is cut off, and
the line is tagged `cut`.

A record of a table is redacted as a whole, with the cells of columns that `token` or a `field` names. So are the names
of the columns that its header gives, when they hold a value. Where no header is known, as in lines of the network,
columns have no names to go by. All processes of a cluster need the same key.

```yaml
sources:
- match: {receiver: syslog_tcp}
  redact: [card, email, token, {field: patient_id, as: patient}, {regex: 'iban ([A-Z0-9 ]+)', as: iban}]
```
";

const EXAMPLE_HEAD: &str =
    "# Every key of Seerflow with its default. All are optional, and so is this file.
# `seerflow config reference` explains them; `seerflow config check` checks a file.
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Environment, parse};

    const PAGE: &str = include_str!("../../docs/configuration.md");
    const EXAMPLE: &str = include_str!("../../seerflow.example.yaml");

    /// `SEERFLOW_BLESS=1` writes both files anew.
    fn bless(file: &str, text: &str) -> bool {
        let wanted = std::env::var_os("SEERFLOW_BLESS").is_some_and(|value| value == "1");
        if wanted {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
            std::fs::write(path, text).unwrap();
        }
        wanted
    }

    #[test]
    fn the_page_is_what_the_program_prints() {
        if bless("docs/configuration.md", &markdown()) {
            return;
        }
        assert!(PAGE == markdown(), "run: seerflow config reference > docs/configuration.md");
    }

    #[test]
    fn the_example_is_exactly_the_defaults() {
        if bless("seerflow.example.yaml", &example()) {
            return;
        }
        let current = EXAMPLE == example();
        assert!(current, "run: seerflow config reference --format yaml > seerflow.example.yaml");
        let (config, warnings) = parse(EXAMPLE, "example", &Environment::default()).unwrap();
        assert!(warnings.is_empty(), "{warnings:?}");
        assert_eq!(show::yaml(&config), show::yaml(&Config::default()));
    }

    #[test]
    fn the_example_names_every_key_and_its_comments_are_yaml() {
        let key = |line: &str| {
            let line = line.trim_start();
            let name = line.split(':').next().unwrap_or_default();
            !name.is_empty() && line.contains(':') && !name.contains(' ')
        };
        let uncomment = |line: &str| match line.strip_prefix("# ").filter(|rest| key(rest)) {
            Some(rest) => format!("{rest}\n"),
            None => format!("{line}\n"),
        };
        let all: String = EXAMPLE.lines().map(uncomment).collect();
        let (config, warnings) =
            parse(&all, "all", &Environment::default()).unwrap_or_else(|e| panic!("{e}\n{all}"));
        assert_eq!(show::yaml(&config), show::yaml(&Config::default()));
        let pending =
            table::rows().filter(|row| row.status != Status::Active && row.default != "null");
        assert_eq!(warnings.len(), pending.count(), "{warnings:#?}");
    }

    #[test]
    fn the_page_names_every_key() {
        for row in table::rows() {
            assert!(
                markdown()
                    .contains(&format!("| `{}` |", &row.path[table::section_of(row.path).len()..]))
            );
        }
    }
}
