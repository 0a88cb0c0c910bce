//! `seerflow query`: events, alerts, templates, entities and the timeline of one entity, of a running program
//! or at rest.
//!
//! Rows are asked for in pages of at most a thousand and written as they come, so a long result takes no memory
//! but in the one JSON document. How many there are, and how to go on, is said on stderr.

use super::asker::{Asker, Request};
use super::output;
use super::search_args::{
    EventFilterArgs, PageArgs, QueryAlertsArgs, QueryArgs, QueryCommand, QueryEntitiesArgs,
    QueryEventsArgs, QueryTemplatesArgs, QueryTimelineArgs, SpanArgs,
};
use super::time_arg::TimeArg;
use crate::alerting::render::Style;
use crate::alerting::table::{self, ListFormat};
use crate::config::Config;
use crate::failure::{ExitCode, Failure};
use crate::runtime::clock::Clock;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use seerflow_model::entity::{self, EntityType};
use seerflow_model::text::{neutral, neutral_json, shorten};
use seerflow_model::time::{self, Ns};
use serde_json::Value;
use std::io::{self, Write};

/// Most rows of one answer.
const PAGE_MAX: u64 = 1_000;

/// Runs it.
pub fn run(args: QueryArgs, config: &Config) -> Result<ExitCode, Failure> {
    match args.command {
        QueryCommand::Events(args) => events(&args, config),
        QueryCommand::Alerts(args) => alerts(&args, config),
        QueryCommand::Templates(args) => templates(&args, config),
        QueryCommand::Entities(args) => entities(&args, config),
        QueryCommand::Timeline(args) => timeline(&args, config),
    }
}

/// How rows look: names of columns, and the cells of a row.
struct Look {
    head: &'static [&'static str],
    cells: fn(&Value, Style) -> Vec<String>,
}

const EVENTS: Look = Look {
    head: &["TIME", "SEVERITY", "SOURCE", "HOST", "PROGRAM", "TEMPLATE", "MESSAGE"],
    cells: |row, style| {
        vec![
            at(row, "timestamp_ns", style),
            text(row, "severity_text"),
            text(row, "source"),
            text(row, "host"),
            text(row, "program"),
            text(row, "template_id"),
            shorten(&text(row, "message"), 200).into_owned(),
        ]
    },
};

const ALERTS: Look = Look {
    head: &["TIME", "TYPE", "SEVERITY", "RULE", "ENTITY", "STATUS", "EVENTS", "ID", "TITLE"],
    cells: |row, style| {
        let entity = [text(row, "entity_type"), text(row, "entity_value")];
        vec![
            at(row, "timestamp_ns", style),
            text(row, "alert_type"),
            text(row, "severity_text"),
            text(row, "rule_name"),
            entity.join(" ").trim().to_owned(),
            text(row, "status"),
            text(row, "event_count"),
            text(row, "alert_id"),
            shorten(&text(row, "title"), 160).into_owned(),
        ]
    },
};

const TEMPLATES: Look = Look {
    head: &["ID", "EVENTS", "FIRST", "LAST", "PROGRAM", "TEMPLATE"],
    cells: |row, style| {
        vec![
            text(row, "template_id"),
            text(row, "event_count"),
            at(row, "first_seen_ns", style),
            at(row, "last_seen_ns", style),
            text(row, "program"),
            shorten(&text(row, "template"), 200).into_owned(),
        ]
    },
};

const ENTITIES: Look = Look {
    head: &["TYPE", "VALUE", "EVENTS", "FIRST", "LAST", "UUID"],
    cells: |row, style| {
        vec![
            text(row, "entity_type"),
            text(row, "entity_value"),
            text(row, "event_count"),
            at(row, "first_seen_ns", style),
            at(row, "last_seen_ns", style),
            text(row, "entity_uuid"),
        ]
    },
};

fn text(row: &Value, key: &str) -> String {
    match &row[key] {
        Value::Null => "-".to_owned(),
        Value::String(text) => neutral(text).into_owned(),
        other => neutral(&other.to_string()).into_owned(),
    }
}

fn at(row: &Value, key: &str, style: Style) -> String {
    match row[key].as_str().and_then(|text| text.parse().ok()) {
        Some(ns) => style.time(ns),
        None => "-".to_owned(),
    }
}

/// `since` and `until` of a request.
pub fn spanned(request: Request, span: &SpanArgs, default: Option<TimeArg>) -> Request {
    let now = Clock::system().now();
    let absolute = |arg: TimeArg| time::rfc3339(arg.resolve(now));
    let nothing = span.since.is_none() && span.until.is_none();
    let since = span.since.or(span.last).or(default.filter(|_| nothing)).map(absolute);
    let until = span.until.map(absolute);
    request.with("since", since.as_deref()).with("until", until.as_deref())
}

/// An entity as the API wants it: a UUID, or what it is called with its type.
pub fn entity_uuid(text: &str) -> Result<String, Failure> {
    if let Ok(uuid) = text.parse::<uuid::Uuid>() {
        return Ok(uuid.to_string());
    }
    let names = || EntityType::ALL.map(EntityType::name).join(", ");
    let wrong = |what: String| {
        Failure::usage(what)
            .detail(format!("argument: {text:?}"))
            .hint(format!("give a UUID, or TYPE:VALUE with a type of {}", names()))
    };
    let Some((kind, value)) = text.split_once(':') else {
        return Err(wrong("an entity is named by its UUID or by type and value".into()));
    };
    let Some(kind) = EntityType::ALL.into_iter().find(|k| k.name().eq_ignore_ascii_case(kind))
    else {
        return Err(wrong(format!("there is no type of entity {kind:?}")));
    };
    match entity::canonical(kind, value, "") {
        Some(canonical) => Ok(entity::uuid(kind, &canonical).to_string()),
        None => Err(wrong(format!("{value:?} is no {}", kind.name()))),
    }
}

/// The request that asks for the events of a filter.
pub fn filtered(request: Request, filter: &EventFilterArgs) -> Result<Request, Failure> {
    let entity = filter.entity.as_deref().map(entity_uuid).transpose()?;
    Ok(spanned(request, &filter.span, None)
        .with("q", filter.text.as_deref())
        .with("entity", entity.as_deref())
        .with("template_id", filter.template.as_deref())
        .with("source", filter.source.as_deref())
        .with("source_type", filter.source_type.as_deref())
        .with("severity", filter.severity.as_deref()))
}

fn events(args: &QueryEventsArgs, config: &Config) -> Result<ExitCode, Failure> {
    let mut request = filtered(Request::to("/api/v1/events"), &args.filter)?;
    if args.oldest_first {
        request = request.with("order", Some("oldest"));
    }
    let mut asker = Asker::of(args.data.data_dir.as_deref(), config)?;
    if !args.raw {
        return rows(&mut asker, &request, &args.page, &EVENTS, "events");
    }
    let request = request.with("raw", Some("true"));
    let mut out = io::BufWriter::new(io::stdout().lock());
    let told = pages(&mut asker, &request, &args.page, &mut |row| {
        out.write_all(&record(row))?;
        Ok(())
    })?;
    let Some(told) = told else { return Ok(ExitCode::Fine) };
    output::finish(out.flush(), ExitCode::Fine)?;
    told.say("events");
    Ok(ExitCode::Fine)
}

/// The bytes of a record, with its line end.
fn record(row: &Value) -> Vec<u8> {
    match (row["raw"].as_str(), row["raw_base64"].as_str()) {
        (Some(text), _) => text.as_bytes().to_vec(),
        (None, Some(text)) => STANDARD.decode(text).unwrap_or_default(),
        (None, None) => Vec::new(),
    }
}

fn alerts(args: &QueryAlertsArgs, config: &Config) -> Result<ExitCode, Failure> {
    let entity = args.entity.as_deref().map(entity_uuid).transpose()?;
    let request = spanned(Request::to("/api/v1/alerts"), &args.span, None)
        .with("q", args.text.as_deref())
        .with("type", args.kind.as_deref())
        .with("entity", entity.as_deref())
        .with("severity", args.severity.as_deref())
        .with("status", args.status.as_deref())
        .with("tactic", args.tactic.as_deref())
        .with("technique", args.technique.as_deref());
    let mut asker = Asker::of(args.data.data_dir.as_deref(), config)?;
    rows(&mut asker, &request, &args.page, &ALERTS, "alerts")
}

fn templates(args: &QueryTemplatesArgs, config: &Config) -> Result<ExitCode, Failure> {
    let request =
        Request::to("/api/v1/templates").with("scope", Some("all")).with("q", args.text.as_deref());
    let mut asker = Asker::of(args.data.data_dir.as_deref(), config)?;
    rows(&mut asker, &request, &args.page, &TEMPLATES, "templates")
}

fn entities(args: &QueryEntitiesArgs, config: &Config) -> Result<ExitCode, Failure> {
    let request = Request::to("/api/v1/entities/search").with("q", Some(&args.text));
    let mut asker = Asker::of(args.data.data_dir.as_deref(), config)?;
    rows(&mut asker, &request, &args.page, &ENTITIES, "entities")
}

fn timeline(args: &QueryTimelineArgs, config: &Config) -> Result<ExitCode, Failure> {
    const DAY: Ns = time::DAY;
    let uuid = entity_uuid(&args.entity)?;
    let request = Request::to(&format!("/api/v1/entities/{uuid}/timeline"));
    let request = spanned(request, &args.span, Some(TimeArg::Back(DAY)))
        .with("source_type", args.source_type.as_deref())
        .with("severity", args.severity.as_deref());
    let mut asker = Asker::of(args.data.data_dir.as_deref(), config)?;
    rows(&mut asker, &request, &args.page, &EVENTS, "events")
}

/// What is said of a result.
struct Told {
    shown: u64,
    total: u64,
    at_least: bool,
    next: Option<String>,
}

impl Told {
    fn say(&self, what: &str) {
        let least = if self.at_least { "at least " } else { "" };
        let mut text = format!("{least}{} {what}, showing {}", self.total, self.shown);
        if let Some(next) = &self.next {
            text.push_str(&format!("; go on with --cursor {next}"));
        }
        output::message(&text);
    }
}

/// Asks for all pages up to the limit. `None`: whoever reads went away.
fn pages(
    asker: &mut Asker,
    request: &Request,
    page: &PageArgs,
    each: &mut dyn FnMut(&Value) -> io::Result<()>,
) -> Result<Option<Told>, Failure> {
    let mut told = Told { shown: 0, total: 0, at_least: false, next: page.cursor.clone() };
    loop {
        let limit = (page.limit - told.shown).min(PAGE_MAX).to_string();
        let request = request.clone().with("limit", Some(&limit));
        let answer = asker.get(request.with("cursor", told.next.as_deref()).text())?;
        let items = answer["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        for row in items {
            match each(row) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(None),
                written => drop(output::finish(written, ExitCode::Fine)?),
            }
        }
        told.shown += items.len() as u64;
        told.total = answer["total"].as_u64().unwrap_or(told.shown).max(told.shown);
        told.at_least = answer["total_is_lower_bound"] == Value::Bool(true);
        told.next = answer["next_cursor"].as_str().map(str::to_owned);
        if told.next.is_none() || items.is_empty() || told.shown >= page.limit {
            return Ok(Some(told));
        }
    }
}

fn rows(
    asker: &mut Asker,
    request: &Request,
    page: &PageArgs,
    look: &Look,
    what: &str,
) -> Result<ExitCode, Failure> {
    let style = Style { colour: false, local: page.local };
    let format = page.list.chosen(false);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut kept: Vec<Value> = Vec::new();
    if format == ListFormat::Csv {
        let head: Vec<String> = look.head.iter().map(|name| name.to_lowercase()).collect();
        output::finish(out.write_all(table::csv_line(&head).as_bytes()), ExitCode::Fine)?;
    }
    let told = pages(asker, request, page, &mut |row| match format {
        ListFormat::Ndjson => writeln!(out, "{}", neutral_json(&row.to_string())),
        ListFormat::Csv => out.write_all(table::csv_line(&(look.cells)(row, style)).as_bytes()),
        ListFormat::Table | ListFormat::Json => {
            kept.push(row.clone());
            Ok(())
        }
    })?;
    let Some(told) = told else { return Ok(ExitCode::Fine) };
    if matches!(format, ListFormat::Table | ListFormat::Json) {
        let cells = |row: &Value| (look.cells)(row, style);
        let text = table::list(format, look.head, &kept, cells, Value::clone);
        output::finish(out.write_all(text.as_bytes()), ExitCode::Fine)?;
    }
    output::finish(out.flush(), ExitCode::Fine)?;
    told.say(what);
    Ok(ExitCode::Fine)
}
