//! Which sinks are asked for: by the configuration, and by `--alerts-to` and `--alerts-format`.

use super::console::Console;
use super::file::{AlertFile, Limits};
use super::sinks::Sink;
use crate::config::{AlertFormat, Alerting, Stream};
use crate::failure::Failure;
use std::path::{Path, PathBuf};

/// What the command line says about alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--alerts-to`: `stdout`, `stderr` or a path.
    pub to: Option<String>,
    /// `--alerts-format`.
    pub format: Option<AlertFormat>,
    /// The command prints alerts whatever the configuration says (`tail`).
    pub console: bool,
    /// Times in the machine's zone.
    pub local: bool,
}

/// The sinks that are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Stream and format of the console.
    pub console: Option<(Stream, AlertFormat)>,
    /// Path and format of the file, and the key that named it.
    pub file: Option<(PathBuf, AlertFormat, &'static str)>,
    local: bool,
}

impl Plan {
    /// From configuration and command line. `--alerts-to` adds to what is configured: a stream
    /// switches the console on, there; a path replaces `alerting.file_path`.
    pub fn of(alerting: &Alerting, overrides: &Overrides) -> Plan {
        let format = |default| overrides.format.unwrap_or(default);
        let stream = match overrides.to.as_deref() {
            Some("stdout") => Some(Stream::Stdout),
            Some("stderr") => Some(Stream::Stderr),
            _ => None,
        };
        let path = overrides.to.as_deref().filter(|_| stream.is_none());
        let on = alerting.console_enabled || overrides.console || stream.is_some();
        // With a path, --alerts-format speaks of the file that was named beside it.
        let console_format = match path {
            Some(_) => alerting.console_format,
            None => format(alerting.console_format),
        };
        let console = on.then(|| (stream.unwrap_or(alerting.console_stream), console_format));
        let file = match (path, &alerting.file_path) {
            (Some(path), _) => Some((path.into(), format(AlertFormat::Json), "--alerts-to")),
            (None, Some(path)) => Some((path.clone(), AlertFormat::Json, "alerting.file_path")),
            (None, None) => None,
        };
        Plan { console, file, local: overrides.local }
    }

    /// Opens the sinks. A file that cannot be written is a failure now, not a loss later.
    pub fn open(&self, alerting: &Alerting) -> Result<Vec<Box<dyn Sink>>, Failure> {
        let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
        if let Some((stream, format)) = self.console {
            let least = alerting.console_min_severity;
            sinks.push(Box::new(Console::on(stream, format, least, self.local)));
        }
        if let Some((path, format, key)) = &self.file {
            let least = alerting.file_min_severity;
            let file = AlertFile::open(path, *format, least, Limits::of(alerting))
                .map_err(|error| cannot_write(path, key, &error))?;
            sinks.push(Box::new(file));
        }
        Ok(sinks)
    }
}

fn cannot_write(path: &Path, key: &str, error: &std::io::Error) -> Failure {
    let failure = Failure::usage(format!("cannot write alerts to {}: {error}", path.display()))
        .detail(format!("key: {key}"));
    match path.parent().filter(|parent| !parent.as_os_str().is_empty() && !parent.exists()) {
        Some(parent) => failure.hint(format!("there is no folder {}", parent.display())),
        None => failure.hint("name a file that this user may write"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn plan(to: Option<&str>, format: Option<AlertFormat>) -> Plan {
        let to = to.map(str::to_owned);
        Plan::of(&Config::default().alerting, &Overrides { to, format, ..Overrides::default() })
    }

    #[test]
    fn the_command_line_decides() {
        use AlertFormat::{Human, Json};
        let none = plan(None, None);
        assert_eq!((none.console, none.file), (Some((Stream::Stdout, Human)), None));
        assert_eq!(plan(None, Some(Json)).console, Some((Stream::Stdout, Json)));
        assert_eq!(plan(Some("stderr"), None).console, Some((Stream::Stderr, Human)));
        let file = plan(Some("/x/a.log"), Some(Human));
        assert_eq!(file.file, Some(("/x/a.log".into(), Human, "--alerts-to")));
        assert_eq!(file.console, Some((Stream::Stdout, Human)));
        assert_eq!(plan(Some("/x/a"), None).file.unwrap().1, Json);
        let mut alerting = Config::default().alerting;
        alerting.console_enabled = false;
        alerting.file_path = Some("/c".into());
        let plain = Plan::of(&alerting, &Overrides::default());
        assert_eq!(plain.console, None);
        assert_eq!(plain.file, Some(("/c".into(), Json, "alerting.file_path")));
        let tail = Overrides { console: true, ..Overrides::default() };
        assert!(Plan::of(&alerting, &tail).console.is_some());
    }

    #[test]
    fn a_file_that_cannot_be_written_ends_the_start() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("none/a.log");
        let alerting = Config::default().alerting;
        let failure = plan(path.to_str(), None).open(&alerting).map(|_| ()).unwrap_err();
        assert_eq!(failure.exit_code, crate::ExitCode::Usage);
        let text = failure.to_string();
        assert!(text.contains("none/a.log") && text.contains("key: --alerts-to"), "{text}");
        assert!(text.contains("there is no folder"), "{text}");
        let path = dir.path().join("a.log");
        assert_eq!(plan(path.to_str(), None).open(&alerting).unwrap().len(), 2);
    }
}
