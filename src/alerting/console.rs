//! Alerts on a stream of the terminal.

use super::render::{self, Style};
use super::sinks::Sink;
use crate::config::{AlertFormat, Stream};
use seerflow_model::{Alert, Severity};
use std::io::{self, IsTerminal, Write};

/// Writes each alert at once.
pub struct Console {
    out: Box<dyn Write + Send>,
    format: AlertFormat,
    style: Style,
    min_severity: Severity,
}

impl Console {
    /// On a stream of this process; colours only on a terminal, and not with `NO_COLOR`.
    pub fn on(stream: Stream, format: AlertFormat, min_severity: Severity, local: bool) -> Console {
        let (out, terminal): (Box<dyn Write + Send>, bool) = match stream {
            Stream::Stdout => (Box::new(io::stdout()), io::stdout().is_terminal()),
            Stream::Stderr => (Box::new(io::stderr()), io::stderr().is_terminal()),
        };
        let style = Style { colour: terminal && colours_wanted(), local };
        Console::to(out, format, min_severity, style)
    }

    /// On anything that can be written to.
    pub fn to(
        out: Box<dyn Write + Send>,
        format: AlertFormat,
        min_severity: Severity,
        style: Style,
    ) -> Console {
        Console { out, format, style, min_severity }
    }
}

/// Whether `NO_COLOR` (no-color.org) and `TERM` leave colours on.
pub fn colours_wanted() -> bool {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    !no_color && !dumb
}

impl Sink for Console {
    fn name(&self) -> &'static str {
        "console"
    }

    fn min_severity(&self) -> Severity {
        self.min_severity
    }

    fn takes_notices(&self) -> bool {
        self.format == AlertFormat::Human
    }

    fn write(&mut self, alert: &Alert) -> io::Result<()> {
        let text = match self.format {
            AlertFormat::Human => render::human(alert, self.style),
            AlertFormat::Json => render::json_line(alert),
        };
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}
