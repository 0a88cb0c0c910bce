//! Archives through the dataflow, as fast as the machine can.
//!
//! What can be read twice is planned and comes in the exact order of time through one port; what
//! is read once (a pipe, `--one-pass`, a file too large to unpack) has a port and a thread of its
//! own. E is known when all of them are done, and only then does the engine end.
//!
//! In a cluster every process has all inputs: it reads the chunks of its own workers, and what is read
//! once is read by one process each, in turn.

use super::archive::{
    FileOptions, OnePass, OnePassFile, PIPE_LATENESS, Plan, Problem, Progress, ScanOptions, Share,
    Window, open_text, read_full, with_header,
};
use seerflow_model::record::{ReceiverKind, SourceInfo};
use seerflow_model::{Alert, Ns, hash};
use seerflow_parsing::lines;
use seerflow_parsing::time::YearPolicy;
use seerflow_pipeline::engine::{Engine, Options, Shared};
use seerflow_pipeline::feed::{Port, Stopped};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

/// One text that is read once.
pub struct Pass {
    /// How.
    pub how: OnePass,
    /// From where; `-` is standard input.
    pub path: PathBuf,
    /// Of standard input: how its source is named by how it begins.
    named: Option<(FileOptions, u64)>,
    /// A text that stands in no file.
    text: Option<Box<dyn Read + Send>>,
}

/// Bytes by which a text is known.
const HEAD: usize = 4 << 10;

/// What a run reads.
#[derive(Default)]
pub struct Inputs {
    /// What is read in the exact order of time.
    pub plan: Option<Plan>,
    /// What is read once.
    pub passes: Vec<Pass>,
}

/// What an archive run gave.
pub struct Outcome {
    /// The last state of each alert, sorted by (start, id).
    pub alerts: Vec<Alert>,
    /// What workers share with readers, as it stood at the end.
    pub shared: Shared,
    /// What was counted and went wrong on the way.
    pub progress: Arc<Progress>,
    /// What a reader should know.
    pub notices: Vec<String>,
    /// First and last effective time.
    pub span: Option<(Ns, Ns)>,
}

/// An archive run failed.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The engine did.
    #[error(transparent)]
    Engine(#[from] seerflow_pipeline::engine::Failed),
    /// The reader could not be started.
    #[error("cannot start the reader: {0}")]
    Reader(#[from] std::io::Error),
}

impl Inputs {
    /// What a plan reads, with the files that it set aside.
    pub fn of(plan: Plan, line_bytes_max: usize) -> Inputs {
        let pass = |file: &OnePassFile| Pass {
            how: OnePass::of(file, line_bytes_max, PIPE_LATENESS, plan.window()),
            path: file.path.clone(),
            named: None,
            text: None,
        };
        Inputs { passes: plan.one_pass().iter().map(pass).collect(), plan: Some(plan) }
    }

    /// Digest of what is read: the same in all processes of a cluster.
    pub fn digest(&self) -> u64 {
        let plan = self.plan.as_ref().map_or(0, Plan::digest);
        let pass = |pass: &Pass| {
            let OnePass { source, observed, window, lateness, .. } = &pass.how;
            hash::text(&format!("{source:?} {observed} {lateness} {window:?}"))
        };
        self.passes.iter().map(pass).fold(plan, hash::pair)
    }

    /// Files, and `-`, each read once.
    pub fn once(paths: &[PathBuf], options: &ScanOptions) -> (Inputs, Vec<Problem>) {
        let (mut passes, mut problems) = (Vec::new(), Vec::new());
        for (ordinal, path) in paths.iter().enumerate() {
            match Pass::new(path, ordinal as u64, options) {
                Ok(pass) => passes.push(pass),
                Err(problem) => problems.push(problem),
            }
        }
        (Inputs { plan: None, passes }, problems)
    }
}

impl Pass {
    fn new(path: &Path, ordinal: u64, options: &ScanOptions) -> Result<Pass, Problem> {
        let choose = options.choose.as_ref().and_then(|choose| choose(path));
        let file = choose.unwrap_or_else(|| options.file.clone());
        let stdin = path.as_os_str() == "-";
        let (identity, modified) = if stdin {
            (hash::bytes(b"-"), 0)
        } else {
            let file = open_text(path)?;
            (file.identity, file.modified)
        };
        let mut source = SourceInfo::plain(
            hash::pair(file.identity(identity), ordinal),
            &path.to_string_lossy(),
            if stdin { ReceiverKind::Stdin } else { ReceiverKind::Archive },
            &file.source_type,
        );
        source.format = file.format.clone();
        source.entry = file.entry.clone();
        if let Some(layout) = file.multiline.layout() {
            layout.describe(&mut source);
        }
        let year = match file.year {
            Some(year) => YearPolicy::Fixed(i32::from(year)),
            None if modified > 0 => YearPolicy::NotAfter(modified),
            None => YearPolicy::NotAfter(super::clock::Clock::system().now()),
        };
        let named = file.clone();
        let how = OnePass {
            source: Arc::new(source),
            observed: modified,
            zone: file.zone,
            year,
            lines: lines::Options {
                line_bytes: options.line_bytes_max,
                multiline: file.multiline,
                redact: file.redact,
            },
            lateness: PIPE_LATENESS,
            window: Window {
                since: options.since.unwrap_or(0),
                until: options.until.unwrap_or(Ns::MAX).max(1),
            },
        };
        let named = stdin.then_some((named, ordinal));
        Ok(Pass { how, path: path.to_owned(), named, text: None })
    }

    /// A text that is made while it is read; the name of its source stands for its path.
    pub fn of_text(how: OnePass, text: Box<dyn Read + Send>) -> Pass {
        let path = PathBuf::from(how.source.name.as_str());
        Pass { how, path, named: None, text: Some(text) }
    }

    fn run(
        mut self,
        mut port: Port,
        progress: Arc<Progress>,
    ) -> std::io::Result<JoinHandle<Result<Option<Ns>, Stopped>>> {
        std::thread::Builder::new().name("one-pass".to_owned()).spawn(move || {
            if let Some(mut text) = self.text.take() {
                self.how.read(&mut *text, &self.path, &mut port, &progress)
            } else if self.path.as_os_str() == "-" {
                let mut stdin = std::io::stdin().lock();
                let mut head = vec![0; HEAD];
                let read = read_full(&mut stdin, &mut head);
                head.truncate(*read.as_ref().unwrap_or(&0));
                let OnePass { lines, source, .. } = &mut self.how;
                if let Some((file, ordinal)) = &self.named {
                    // The same text is the same source, as with files.
                    let id = hash::pair(file.identity(hash::bytes(&head)), *ordinal);
                    *source = Arc::new(SourceInfo { id, ..SourceInfo::clone(source) });
                }
                let text = std::io::Cursor::new(head).chain(stdin);
                let redact = lines.redact.as_ref();
                match read.and_then(|_| with_header(text, &mut lines.multiline, redact, source)) {
                    Ok(mut text) => self.how.read(&mut text, &self.path, &mut port, &progress),
                    Err(error) => {
                        progress.report(Problem::unreadable(&self.path, &error));
                        port.close();
                        Ok(None)
                    }
                }
            } else {
                self.how.read_file(&self.path, &mut port, &progress)
            }
        })
    }
}

/// Runs what is to be read. `started` gets what readers may watch while it runs.
pub fn run(
    inputs: Inputs,
    mut options: Options,
    started: impl FnOnce(&Shared, &Arc<Progress>),
) -> Result<Outcome, Failed> {
    let own = options.workers.max(1);
    let (process, processes) =
        options.cluster.as_ref().map_or((0, 1), |c| (c.process, c.sockets.len()));
    let share = Share { workers: own * processes, first: own * process, own };
    options.ports = 1 + inputs.passes.len();
    let progress = inputs.plan.as_ref().map(Plan::progress).unwrap_or_default();
    let notices = inputs.plan.iter().flat_map(Plan::notices).map(ToString::to_string).collect();
    let (engine, alerts) = Engine::start(options)?;
    started(&engine.shared, &progress);
    let collect = std::thread::spawn(move || last_states(alerts.into_iter()));
    let mut passes = Vec::new();
    for (index, pass) in inputs.passes.into_iter().enumerate() {
        let port = engine.port(index as u16 + 1);
        if index % processes == process {
            passes.push(pass.run(port, progress.clone())?);
        } else {
            port.close();
        }
    }
    let mut oldest = None;
    match inputs.plan {
        Some(plan) => {
            let port = engine.port(0);
            // Workers may still have chunks to open when the last one is handed over.
            port.state.saw(plan.newest().unwrap_or(0));
            oldest = plan.oldest();
            // The engine only stops before its input ends when a worker failed; `finish` says so.
            let _ = plan.run(port, share)?.join();
        }
        None => engine.port(0).close(),
    }
    for pass in passes {
        let _ = pass.join();
    }
    let shared = engine.shared.clone();
    let newest = engine.finish()?;
    let alerts = collect.join().unwrap_or_default();
    let span = oldest.map(|oldest| (oldest, newest));
    Ok(Outcome { alerts, shared, progress, notices, span })
}

/// The last revision of each alert, sorted by (start, id).
pub fn last_states(alerts: impl Iterator<Item = Alert>) -> Vec<Alert> {
    let mut last: BTreeMap<(u64, String), Alert> = BTreeMap::new();
    for alert in alerts {
        let place = (alert.timestamp_ns, alert.alert_id.clone());
        match last.get_mut(&place) {
            Some(have) if have.revision >= alert.revision => {}
            Some(have) => *have = alert,
            None => {
                last.insert(place, alert);
            }
        }
    }
    last.into_values().collect()
}
