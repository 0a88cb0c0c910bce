//! `seerflow export`: events and alerts as NDJSON that `import` reads, or as CSV for spreadsheets.
//!
//! All rows are of one moment: what comes in while they are written is not among them. A file appears under its
//! name only when it is complete.

use super::asker::{Asker, Request};
use super::output;
use super::query;
use super::search_args::{
    ExportAlertsArgs, ExportArgs, ExportCommand, ExportEventsArgs, ExportFormat,
};
use crate::config::Config;
use crate::config::data_dir::FILE_MODE;
use crate::failure::{ExitCode, Failure};
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Runs it.
pub fn run(args: ExportArgs, config: &Config) -> Result<ExitCode, Failure> {
    match args.command {
        ExportCommand::Events(args) => events(&args, config),
        ExportCommand::Alerts(args) => alerts(&args, config),
    }
}

fn events(args: &ExportEventsArgs, config: &Config) -> Result<ExitCode, Failure> {
    let request = query::filtered(Request::to("/api/v1/export/events"), &args.filter)?;
    let data_dir = args.data.data_dir.as_deref();
    export(request, (args.format, args.limit), args.output.as_deref(), data_dir, config, "events")
}

fn alerts(args: &ExportAlertsArgs, config: &Config) -> Result<ExitCode, Failure> {
    let request = query::spanned(Request::to("/api/v1/export/alerts"), &args.span, None);
    let data_dir = args.data.data_dir.as_deref();
    export(request, (args.format, args.limit), args.output.as_deref(), data_dir, config, "alerts")
}

fn export(
    request: Request,
    (format, limit): (ExportFormat, Option<u64>),
    output: Option<&Path>,
    data_dir: Option<&Path>,
    config: &Config,
    what: &str,
) -> Result<ExitCode, Failure> {
    let csv = format == ExportFormat::Csv;
    let limit = limit.map(|limit| limit.to_string());
    let request = request
        .with("format", Some(if csv { "csv" } else { "ndjson" }))
        .with("limit", limit.as_deref());
    // Opened first: a file that cannot be written is a mistake to be told before the work.
    let mut to = Target::open(output)?;
    let mut asker = Asker::of(data_dir, config)?;
    let mut lines = 0u64;
    let mut closed = false;
    let streamed = asker.stream(request.text(), &mut |chunk| {
        lines += chunk.iter().filter(|b| **b == b'\n').count() as u64;
        match to.write_all(chunk) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                closed = true;
                Err("whoever reads went away".to_owned())
            }
            written => written.map_err(|error| format!("cannot write: {error}")),
        }
    });
    if closed {
        return Ok(ExitCode::Fine);
    }
    streamed?;
    to.finish()?;
    let rows = lines.saturating_sub(u64::from(csv));
    output::message(&format!("{rows} {what} exported"));
    Ok(ExitCode::Fine)
}

/// Where an export goes.
enum Target {
    Stdout(BufWriter<io::Stdout>),
    File { out: BufWriter<File>, partial: PathBuf, path: PathBuf },
}

impl Target {
    fn open(path: Option<&Path>) -> Result<Target, Failure> {
        let Some(path) = path else { return Ok(Target::Stdout(BufWriter::new(io::stdout()))) };
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(FILE_MODE)
            .open(&partial)
            .map_err(|error| cannot_write(path, &error))?;
        Ok(Target::File { out: BufWriter::new(file), partial, path: path.to_owned() })
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Target::Stdout(out) => out.write_all(bytes),
            Target::File { out, .. } => out.write_all(bytes),
        }
    }

    fn finish(self) -> Result<(), Failure> {
        match self {
            Target::Stdout(mut out) => output::finish(out.flush(), ExitCode::Fine).map(|_| ()),
            Target::File { mut out, partial, path } => out
                .flush()
                .and_then(|()| out.get_ref().sync_all())
                .and_then(|()| std::fs::rename(&partial, &path))
                .map_err(|error| cannot_write(&path, &error)),
        }
    }
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("cannot write {}: {error}", path.display())).detail("argument: --output")
}
