//! `seerflow parse`: what is read from each line.

use super::args::ParseArgs;
use super::{common, lines, output};
use crate::alerting::table::{self, ListFormat};
use crate::config::Config;
use crate::failure::{ExitCode, Failure};
use crate::runtime::rules::Rules;
use seerflow_model::text::{neutral, neutral_json, shorten};
use seerflow_model::{Event, EventView, time};
use seerflow_parsing::mask;
use seerflow_parsing::parser::Parser;
use seerflow_parsing::roles::Origin;
use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// Rows that a table is aligned over.
const TABLE_ROWS: usize = 1_000;

/// Runs it.
pub fn run(args: ParseArgs, config: &Config) -> Result<ExitCode, Failure> {
    let rules = common::rules(config, &args.source, None)?;
    let stdin = [PathBuf::from("-")];
    let paths = if args.paths == stdin { args.paths.clone() } else { common::files(&args.paths)? };
    let mut parser = Parser::new(config.role_set(), None);
    let mut out = Printer::new(&args);
    let line_bytes = config.receivers.line_bytes_max;
    lines::read_all(&paths, &rules, line_bytes, &mut |batch, _| {
        for meta in &batch.records {
            let event = parser.parse(batch, meta);
            let origin = if args.explain { parser.role_rule(&event) } else { None };
            out.event(&event, &rules, origin)?;
        }
        Ok(())
    })?;
    output::finish(out.end(), ExitCode::Fine)
}

struct Printer {
    out: BufWriter<std::io::Stdout>,
    format: ListFormat,
    explain: bool,
    local: bool,
    rows: Vec<Vec<String>>,
    first: bool,
}

const HEAD: [&str; 8] =
    ["TIME", "SEVERITY", "FORMAT", "HOST", "PROGRAM", "ENTITIES", "TAGS", "MESSAGE"];

impl Printer {
    fn new(args: &ParseArgs) -> Printer {
        let format = args.list.chosen(false);
        let (explain, local) = (args.explain, args.local);
        let out = BufWriter::new(std::io::stdout());
        Printer { out, format, explain, local, rows: Vec::new(), first: true }
    }

    fn event(
        &mut self,
        event: &Event,
        rules: &Rules,
        origin: Option<&Origin>,
    ) -> std::io::Result<()> {
        if self.explain && self.format == ListFormat::Table {
            return self.out.write_all(explain(event, rules, origin, self.local).as_bytes());
        }
        match self.format {
            ListFormat::Table => {
                self.rows.push(row(event, self.local));
                if self.rows.len() == TABLE_ROWS { self.table() } else { Ok(()) }
            }
            ListFormat::Csv => {
                if std::mem::take(&mut self.first) {
                    self.out.write_all(table::csv_line(&HEAD.map(str::to_lowercase)).as_bytes())?;
                }
                self.out.write_all(table::csv_line(&row(event, self.local)).as_bytes())
            }
            ListFormat::Json | ListFormat::Ndjson => {
                let head: &[u8] = match (self.format, std::mem::take(&mut self.first)) {
                    (ListFormat::Json, true) => b"[\n",
                    (ListFormat::Json, false) => b",\n",
                    _ => b"",
                };
                self.out.write_all(head)?;
                self.json(event, rules, origin)?;
                self.out.write_all(if self.format == ListFormat::Json { b"" } else { b"\n" })
            }
        }
    }

    fn json(
        &mut self,
        event: &Event,
        rules: &Rules,
        origin: Option<&Origin>,
    ) -> std::io::Result<()> {
        if !self.explain {
            let text = serde_json::to_string(&EventView(event))?;
            return self.out.write_all(neutral_json(&text).as_bytes());
        }
        let mut view = serde_json::to_value(EventView(event))?;
        view["explain"] = serde_json::json!({
            "format_told_by": told_by(event),
            "sources_entry": rules.of_line(event).map(|entry| entry.name.as_str()),
            "role_rule": origin.map(|origin| serde_json::json!({
                "file": &*origin.file, "line": origin.line, "match": &*origin.pattern,
            })),
            "masked": mask::mask_text(event.message()).render(),
            "namespace": event.namespace.to_string(),
            "leaf": event.leaf.to_string(),
            "parameters": event.params.iter().map(|param| serde_json::json!({
                "type": mask::name(param.kind), "value": event.get(param.value),
            })).collect::<Vec<_>>(),
        });
        self.out.write_all(neutral_json(&view.to_string()).as_bytes())
    }

    fn table(&mut self) -> std::io::Result<()> {
        let head: &[&str] = if std::mem::take(&mut self.first) { &HEAD } else { &[""; 8] };
        let text = table::columns(head, std::mem::take(&mut self.rows));
        self.out.write_all(text.as_bytes())
    }

    fn end(mut self) -> std::io::Result<()> {
        match self.format {
            ListFormat::Table if !self.explain && !self.rows.is_empty() => self.table()?,
            ListFormat::Json if self.first => self.out.write_all(b"[]\n")?,
            ListFormat::Json => self.out.write_all(b"\n]\n")?,
            _ => {}
        }
        self.out.flush()
    }
}

fn shown_time(event: &Event, local: bool) -> String {
    match (event.event_time, local) {
        (None, _) => "-".to_owned(),
        (Some(ns), true) => time::rfc3339_local(ns),
        (Some(ns), false) => time::rfc3339(ns),
    }
}

fn row(event: &Event, local: bool) -> Vec<String> {
    let show = |text: &str, max: usize| neutral(&shorten(text, max)).into_owned();
    let entities = event.entities.iter().map(|entity| {
        format!("{}={} ({})", entity.kind.name(), event.canonical(entity), entity.role.name())
    });
    vec![
        shown_time(event, local),
        event.severity.name().to_owned(),
        event.format.name().to_owned(),
        show(event.host(), 40),
        show(event.program(), 40),
        show(&entities.collect::<Vec<_>>().join(", "), 160),
        event.flags.names().collect::<Vec<_>>().join(","),
        show(event.message(), 200),
    ]
}

/// Whether the format is the line's own or the configuration's.
fn told_by(event: &Event) -> String {
    match event.source.format.as_str() {
        "auto" => "told by the line".to_owned(),
        name => format!("fixed as {name} by sources[].format"),
    }
}

/// How each part was found.
fn explain(event: &Event, rules: &Rules, origin: Option<&Origin>, local: bool) -> String {
    let show = |text: &str| neutral(&shorten(text, 400)).into_owned();
    let mut out = String::new();
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(out, "  {name:<10} {value}");
        }
    };
    line("time", shown_time(event, local));
    line("severity", event.severity.name().to_owned());
    line("format", format!("{}, {}", event.format.name(), told_by(event)));
    line("host", show(event.host()));
    line("program", show(event.program()));
    line("pid", show(event.get(event.pid)));
    line("masked", show(&mask::mask_text(event.message()).render()));
    for param in &event.params {
        line("parameter", format!("{} {}", mask::name(param.kind), show(event.get(param.value))));
    }
    for field in &event.fields {
        line(
            "field",
            format!("{} = {}", show(event.get(field.name)), show(event.get(field.value))),
        );
    }
    let rule = origin.map_or("none fits".to_owned(), |origin| {
        format!("{}:{} {}", origin.file, origin.line, origin.pattern)
    });
    line("role rule", show(&rule));
    for entity in &event.entities {
        let value = show(&event.canonical(entity));
        line("entity", format!("{} {value} as {}", entity.kind.name(), entity.role.name()));
    }
    line("activity", format!("{:?}, {}", event.activity, event.outcome.name()));
    line("tags", event.flags.names().collect::<Vec<_>>().join(", "));
    let entry = rules.of_line(event).map_or("none of sources[]", |entry| entry.name.as_str());
    line("rules", entry.to_owned());
    format!("{}\n{out}", show(event.record()))
}
