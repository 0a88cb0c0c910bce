//! `seerflow templates list|show|assign|eval`.

use super::args::{
    TemplatesArgs, TemplatesAssignArgs, TemplatesCommand, TemplatesEvalArgs, TemplatesListArgs,
    TemplatesShowArgs,
};
use super::state::{self, Reach};
use super::{common, lines, output, workers};
use crate::alerting::table::{self, ListFormat};
use crate::bench::eval;
use crate::config::Config;
use crate::failure::{ExitCode, Failure};
use crate::runtime::clock::Clock;
use crate::runtime::{batch, setup};
use crate::store::control::{self, StateStore};
use seerflow_model::text::{neutral, neutral_json, shorten};
use seerflow_model::time;
use seerflow_model::{Event, Ns};
use seerflow_parsing::mask::Masker;
use seerflow_parsing::parser::Parser;
use seerflow_parsing::template::Miner;
use seerflow_pipeline::views::TemplateRow;
use serde_json::json;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Runs it.
pub fn run(args: TemplatesArgs, config: &Config) -> Result<ExitCode, Failure> {
    match args.command {
        TemplatesCommand::List(args) => list(&args, config),
        TemplatesCommand::Show(args) => show(&args, config),
        TemplatesCommand::Assign(args) => assign(&args, config),
        TemplatesCommand::Eval(args) => eval(&args),
        TemplatesCommand::Prune(args) => {
            let min_count = args.min_count;
            forget(args.data_dir.as_deref(), config, |store, who, now| {
                store.prune_templates(min_count, who, now)
            })
        }
        TemplatesCommand::Reset(args) => {
            forget(args.data_dir.as_deref(), config, |store, who, now| {
                store.reset_templates(who, now)
            })
        }
    }
}

/// Forgets stored templates. Not those of a running program: it would store them again.
fn forget(
    data_dir: Option<&Path>,
    config: &Config,
    change: impl FnOnce(&dyn StateStore, &str, Ns) -> control::Result<u64>,
) -> Result<ExitCode, Failure> {
    let Reach::Resting(_data, store) = state::reach(data_dir, config)? else {
        return Err(Failure::cannot_run("a running program uses the data directory")
            .detail("it knows its templates itself and would store them again")
            .hint("stop it first"));
    };
    let forgotten = change(store.as_ref(), &state::who(), Clock::system().now())?;
    output::message(&format!("templates forgotten: {forgotten}"));
    Ok(ExitCode::Fine)
}

/// Templates of archives, or of the running program when no path is given; most frequent first.
fn rows(
    paths: &[PathBuf],
    source: &super::args::SourceArgs,
    workers: usize,
    config: &Config,
) -> Result<Vec<TemplateRow>, Failure> {
    if paths.is_empty() {
        return super::remote::templates(config);
    }
    let rules = common::rules(config, source, None)?;
    let options = common::scan_options(config, &rules, &std::env::temp_dir());
    let plan = common::scan(&common::files(paths)?, &options, &|_| {})?;
    let mut engine = setup::engine(config, workers, &rules);
    engine.lane_capacity = 2;
    let inputs = batch::Inputs::of(plan, config.receivers.line_bytes_max);
    let outcome = batch::run(inputs, engine, |_, _| {}).map_err(|e| common::engine_failed(&e))?;
    let mut rows = outcome.shared.views.templates();
    rows.sort_by(|a, b| b.count.cmp(&a.count).then(a.id.cmp(&b.id)));
    Ok(rows)
}

fn list(args: &TemplatesListArgs, config: &Config) -> Result<ExitCode, Failure> {
    let workers = workers::count(&args.workers, &config.engine);
    let mut rows = rows(&args.paths, &args.source, workers, config)?;
    let total = rows.len();
    rows.truncate(args.limit as usize);
    let code = output::result(&written(&rows, args.list.chosen(false)))?;
    if rows.len() < total {
        output::message(&format!("{} of {total} templates; --limit shows more", rows.len()));
    }
    Ok(code)
}

fn show(args: &TemplatesShowArgs, config: &Config) -> Result<ExitCode, Failure> {
    let rows = rows(&args.paths, &args.source, 1, config)?;
    let Some(row) = rows.iter().find(|row| row.id.to_string() == args.id) else {
        return Err(Failure::new(ExitCode::Findings, format!("there is no template {}", args.id))
            .hint("`seerflow templates list` shows the ids"));
    };
    let format = args.list.chosen(false);
    if format != ListFormat::Table {
        return output::result(&written(std::slice::from_ref(row), format));
    }
    let shown = |text: &str| neutral(text).into_owned();
    let text = format!(
        "template  {}\nid        {}\nsource    {} {}\nevents    {}\nfirst     {}\nlast      {}\nexample   {}\n",
        shown(&row.text),
        row.id,
        shown(&row.source_type),
        shown(&row.program),
        row.count,
        time::rfc3339(row.first_seen),
        time::rfc3339(row.last_seen),
        shown(&row.example),
    );
    output::result(text.as_bytes())
}

/// A template as lists in JSON show it.
pub(super) fn document(row: &TemplateRow) -> serde_json::Value {
    json!({
        "template_id": row.id.to_string(),
        "template": row.text,
        "source_type": row.source_type,
        "program": row.program,
        "event_count": row.count,
        "first_seen_ns": row.first_seen.to_string(),
        "last_seen_ns": row.last_seen.to_string(),
        "example": row.example,
    })
}

fn written(rows: &[TemplateRow], format: ListFormat) -> Vec<u8> {
    const HEAD: [&str; 6] = ["ID", "EVENTS", "FIRST", "LAST", "PROGRAM", "TEMPLATE"];
    let cells = |row: &TemplateRow| {
        vec![
            row.id.to_string(),
            row.count.to_string(),
            time::rfc3339(row.first_seen),
            time::rfc3339(row.last_seen),
            neutral(&row.program).into_owned(),
            neutral(&shorten(&row.text, 200)).into_owned(),
        ]
    };
    let mut out = table::list(format, &HEAD, rows, cells, document);
    if rows.is_empty() && format == ListFormat::Table {
        out = "no templates\n".to_owned();
    }
    out.into_bytes()
}

/// Scores per system, and their mean.
fn eval(args: &TemplatesEvalArgs) -> Result<ExitCode, Failure> {
    let mut rows = Vec::new();
    for (name, path) in eval::find(&args.path)? {
        rows.push((name.clone(), eval::score(&name, &path)?));
    }
    let mean = eval::mean(&rows.iter().map(|(_, scores)| *scores).collect::<Vec<_>>());
    rows.push(("mean".to_owned(), mean));
    const HEAD: [&str; 8] = ["SYSTEM", "MESSAGES", "TRUE", "FOUND", "GA", "PA", "FGA", "FTA"];
    let cells = |(name, s): &(String, eval::Scores)| {
        let measures = [s.ga, s.pa, s.fga, s.fta].map(|measure| format!("{measure:.4}"));
        let counts = [s.messages, s.true_groups, s.groups].map(|count| count.to_string());
        [vec![neutral(name).into_owned()], counts.to_vec(), measures.to_vec()].concat()
    };
    let document = |(name, s): &(String, eval::Scores)| {
        json!({
            "system": name, "messages": s.messages, "true_groups": s.true_groups,
            "groups": s.groups, "ga": s.ga, "pa": s.pa, "fga": s.fga, "fta": s.fta,
        })
    };
    let out = table::list(args.list.chosen(false), &HEAD, &rows, cells, document);
    output::result(out.as_bytes())
}

/// One `{"line": n, "id": "…", "template": "…"}` per line, with the final state of each template.
/// A line that goes on with the record before it has that record's template.
fn assign(args: &TemplatesAssignArgs, config: &Config) -> Result<ExitCode, Failure> {
    let mut rules = common::rules(config, &args.source, None)?;
    if args.message {
        rules = std::sync::Arc::new(rules.line_by_line());
    }
    let mut parser = Parser::new(config.role_set(), None);
    let mut masker = Masker::new();
    let mut miner = Miner::new();
    let mut assigned: Vec<Assigned> = Vec::new();
    let line_bytes = config.receivers.line_bytes_max;
    let lines = lines::read(&args.file, &rules, line_bytes, &mut |batch, lines| {
        for (meta, line) in batch.records.iter().zip(lines) {
            let event = if args.message {
                body(batch, meta, &mut masker)
            } else {
                parser.parse(batch, meta)
            };
            let template = miner.assign(&event).template;
            assigned.push(Assigned { line: *line, leaf: event.leaf, template });
        }
        Ok(())
    })?;
    // A record that comes in pieces can end after one that began later.
    assigned.sort_by_key(|record| record.line);
    output::finish(print(&assigned, lines, args.message, &miner), ExitCode::Fine)
}

/// The template of the record that begins at a line.
struct Assigned {
    line: u64,
    leaf: u64,
    template: u64,
}

/// Prints all lines. `apart`: a line without a record of its own has no template.
fn print(assigned: &[Assigned], lines: u64, apart: bool, miner: &Miner) -> std::io::Result<()> {
    let mut out = BufWriter::new(std::io::stdout());
    let mut texts = std::collections::HashMap::new();
    let mut records = assigned.iter().peekable();
    let mut current = None;
    for line in 0..lines {
        let own = std::iter::from_fn(|| records.next_if(|r| r.line <= line)).last();
        current = own.or(current.filter(|_| !apart));
        let known = current.map(|Assigned { leaf, template, .. }| {
            &*texts
                .entry((*leaf, *template))
                .or_insert_with(|| miner.template(*leaf, *template).unwrap_or_default())
        });
        let (id, text) = known.map_or((0, ""), |(id, text)| (*id, text.as_str()));
        let row = json!({ "line": line + 1, "id": id.to_string(), "template": text });
        writeln!(out, "{}", neutral_json(&row.to_string()))?;
    }
    out.flush()
}

/// A line that is a message from its first byte to its last.
fn body(
    batch: &seerflow_model::RecordBatch,
    meta: &seerflow_model::RecordMeta,
    masker: &mut Masker,
) -> Event {
    let text = seerflow_model::text::decode(batch.bytes_of(meta));
    let mut event = eval::message(&text, &batch.source);
    event.seq = meta.seq;
    event.effective_time = meta.effective;
    masker.mask(&mut event);
    event
}
