//! Alerts in a file: one JSON object a line, rotated by size or time.
//!
//! `alerts.ndjson` is the newest, `alerts.ndjson.1` the one before. The file is opened at the start,
//! so that a path that cannot be written ends the start instead of losing alerts. After a failed
//! write the file is opened again, and a line that was cut is ended before the next.

use super::render::{self, Style};
use super::sinks::Sink;
use crate::config::data_dir::FILE_MODE;
use crate::config::{AlertFormat, Alerting, Rotation};
use seerflow_model::{Alert, Severity};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How long a full pipe is waited for; not again until a write has succeeded.
const PIPE_PATIENCE: Duration = Duration::from_secs(1);
/// Between two attempts to write to a full pipe.
const PIPE_PAUSE: Duration = Duration::from_millis(10);

/// When and how the file is rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// By what.
    pub rotation: Rotation,
    /// Size at which it is.
    pub bytes_max: u64,
    /// Age at which it is.
    pub interval: Duration,
    /// Rotated files that are kept.
    pub backups: u32,
}

impl Limits {
    /// Those of the configuration.
    pub fn of(alerting: &Alerting) -> Limits {
        Limits {
            rotation: alerting.file_rotation,
            bytes_max: alerting.file_max_bytes,
            interval: Duration::from_secs(alerting.file_interval_seconds),
            backups: alerting.file_backup_count,
        }
    }
}

/// An alert file.
pub struct AlertFile {
    path: PathBuf,
    format: AlertFormat,
    limits: Limits,
    min_severity: Severity,
    clock: fn() -> SystemTime,
    file: Option<File>,
    regular: bool,
    bytes: u64,
    since: SystemTime,
    cut: bool,
}

impl AlertFile {
    /// Opens the file for appending and makes sure that it can be written.
    pub fn open(
        path: &Path,
        format: AlertFormat,
        min_severity: Severity,
        limits: Limits,
    ) -> io::Result<AlertFile> {
        AlertFile::open_with(path, format, min_severity, limits, SystemTime::now)
    }

    fn open_with(
        path: &Path,
        format: AlertFormat,
        min_severity: Severity,
        limits: Limits,
        clock: fn() -> SystemTime,
    ) -> io::Result<AlertFile> {
        let mut alerts = AlertFile {
            path: path.to_owned(),
            format,
            limits,
            min_severity,
            clock,
            file: None,
            regular: true,
            bytes: 0,
            since: clock(),
            cut: false,
        };
        alerts.reopen()?;
        Ok(alerts)
    }

    fn reopen(&mut self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(FILE_MODE);
        if fs::metadata(&self.path).is_ok_and(|meta| meta.file_type().is_fifo()) {
            // A pipe that is opened for reading too has a reader: opening it does not wait for one.
            let flags = rustix::fs::OFlags::NONBLOCK.bits() as i32;
            options.read(true).create(false).custom_flags(flags);
        }
        let file = options.open(&self.path)?;
        let meta = file.metadata()?;
        if meta.is_dir() {
            return Err(io::Error::other("it is a directory"));
        }
        self.regular = meta.is_file();
        self.bytes = meta.len();
        // The age of a file that was there counts from its birth, where the system knows it.
        self.since = match self.bytes {
            0 => (self.clock)(),
            _ => meta.created().or_else(|_| meta.modified()).unwrap_or_else(|_| (self.clock)()),
        };
        self.file = Some(file);
        Ok(())
    }

    fn due(&self, more: u64) -> bool {
        if self.bytes == 0 || !self.regular {
            return false;
        }
        match self.limits.rotation {
            Rotation::Size => self.bytes + more > self.limits.bytes_max,
            Rotation::Time => (self.clock)()
                .duration_since(self.since)
                .is_ok_and(|age| age >= self.limits.interval),
        }
    }

    fn rotate(&mut self) -> io::Result<()> {
        self.file = None;
        let backup = |n: u32| {
            let mut name = OsString::from(&self.path);
            name.push(format!(".{n}"));
            PathBuf::from(name)
        };
        if self.limits.backups == 0 {
            fs::remove_file(&self.path)?;
        } else {
            for n in (1..self.limits.backups).rev() {
                let from = backup(n);
                if from.exists() {
                    fs::rename(from, backup(n + 1))?;
                }
            }
            fs::rename(&self.path, backup(1))?;
        }
        self.reopen()
    }

    fn append(&mut self, text: &str) -> io::Result<()> {
        if self.file.is_none() {
            self.reopen()?;
        }
        if self.due(text.len() as u64) {
            self.rotate()?;
            self.cut = false;
        }
        let Some(file) = self.file.as_mut() else {
            return Err(io::Error::other("the file is not open"));
        };
        let ended;
        let text = if self.cut {
            ended = format!("\n{text}");
            &ended
        } else {
            text
        };
        let patience = if self.cut { Duration::ZERO } else { PIPE_PATIENCE };
        write_all(file, text.as_bytes(), patience)?;
        self.cut = false;
        self.bytes += text.len() as u64;
        Ok(())
    }
}

/// Writes all of it. One call a line, short of a full disk or pipe: another reader never sees half
/// of one.
fn write_all(file: &mut File, mut text: &[u8], mut patience: Duration) -> io::Result<()> {
    while !text.is_empty() {
        match file.write(text) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => text = &text[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && !patience.is_zero() => {
                std::thread::sleep(PIPE_PAUSE);
                patience = patience.saturating_sub(PIPE_PAUSE);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl Sink for AlertFile {
    fn name(&self) -> &'static str {
        "file"
    }

    fn min_severity(&self) -> Severity {
        self.min_severity
    }

    fn write(&mut self, alert: &Alert) -> io::Result<()> {
        let text = match self.format {
            AlertFormat::Human => render::human(alert, Style::default()),
            AlertFormat::Json => render::json_line(alert),
        };
        let result = self.append(&text);
        if result.is_err() {
            self.file = None;
            self.cut = true;
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::alert;
    use super::*;
    use std::os::unix::fs::MetadataExt;
    use std::sync::atomic::{AtomicU64, Ordering};

    fn limits(rotation: Rotation, bytes_max: u64, backups: u32) -> Limits {
        Limits { rotation, bytes_max, interval: Duration::from_secs(60), backups }
    }

    fn lines(path: &Path) -> Vec<String> {
        let text = fs::read_to_string(path).unwrap();
        let id = |line: &str| {
            serde_json::from_str::<Alert>(line).map_or("broken".into(), |alert| alert.alert_id)
        };
        text.lines().map(id).collect()
    }

    #[test]
    fn rotates_by_size_and_loses_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("alerts.ndjson");
        let one = render::json_line(&alert("0")).len() as u64;
        let limits = limits(Rotation::Size, 2 * one, 2);
        let mut file = AlertFile::open(&path, AlertFormat::Json, Severity::Trace, limits).unwrap();
        for n in 0..7 {
            file.write(&alert(&n.to_string())).unwrap();
        }
        assert_eq!(lines(&path), ["6"]);
        assert_eq!(lines(&dir.path().join("alerts.ndjson.1")), ["4", "5"]);
        assert_eq!(lines(&dir.path().join("alerts.ndjson.2")), ["2", "3"]);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_pipe_is_never_waited_for_long_and_never_rotated() {
        use std::io::Read;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let limits = limits(Rotation::Size, 1_000, 2);
        // Opening waits for nobody, and the first lines find room.
        let mut pipe = AlertFile::open(&path, AlertFormat::Json, Severity::Trace, limits).unwrap();
        let mut reader = OpenOptions::new().read(true).open(&path).unwrap();
        let mut written = 0;
        while pipe.write(&alert(&written.to_string())).is_ok() {
            written += 1;
            assert!(written < 10_000, "a pipe is full some time");
        }
        assert!(written >= 4, "{written}");
        // Full, it fails at once, and is well again when it is emptied.
        assert!(pipe.write(&alert("lost")).is_err());
        let mut chunk = vec![0; 1 << 20];
        let mut text = Vec::new();
        let n = reader.read(&mut chunk).unwrap();
        text.extend_from_slice(&chunk[..n]);
        pipe.write(&alert("after")).unwrap();
        drop(pipe);
        reader.read_to_end(&mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let last: Alert = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert_eq!(last.alert_id, "after");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no rotation");
    }

    #[test]
    fn rotates_by_time() {
        static SECONDS: AtomicU64 = AtomicU64::new(1_000);
        let clock =
            || SystemTime::UNIX_EPOCH + Duration::from_secs(SECONDS.load(Ordering::Relaxed));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let limits = limits(Rotation::Time, 1, 1);
        let mut file =
            AlertFile::open_with(&path, AlertFormat::Json, Severity::Trace, limits, clock).unwrap();
        file.write(&alert("1")).unwrap();
        SECONDS.store(1_059, Ordering::Relaxed);
        file.write(&alert("2")).unwrap();
        SECONDS.store(1_060, Ordering::Relaxed);
        file.write(&alert("3")).unwrap();
        assert_eq!(
            (lines(&path), lines(&dir.path().join("a.1"))),
            (vec!["3".into()], vec!["1".into(), "2".into()])
        );
    }

    #[test]
    fn no_backups_keeps_one_file_and_appending_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let open = || {
            let limits = limits(Rotation::Size, 1_024, 0);
            AlertFile::open(&path, AlertFormat::Json, Severity::Trace, limits).unwrap()
        };
        open().write(&alert("1")).unwrap();
        open().write(&alert("2")).unwrap();
        assert_eq!(lines(&path), ["2"], "each is longer than the limit alone");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_path_that_cannot_be_written_fails_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let limits = limits(Rotation::Size, 1, 1);
        let open = |path: &Path| AlertFile::open(path, AlertFormat::Json, Severity::Trace, limits);
        assert!(open(&dir.path().join("no/such/folder")).is_err());
        assert!(open(dir.path()).is_err());
    }

    #[test]
    fn goes_on_after_a_failure() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sub/a");
        fs::create_dir(dir.path().join("sub")).unwrap();
        let limits = limits(Rotation::Size, 1, 3);
        let mut file = AlertFile::open(&path, AlertFormat::Json, Severity::Trace, limits).unwrap();
        file.write(&alert("1")).unwrap();
        fs::rename(dir.path().join("sub"), dir.path().join("gone")).unwrap();
        assert!(file.write(&alert("2")).is_err());
        fs::create_dir(dir.path().join("sub")).unwrap();
        file.write(&alert("3")).unwrap();
        assert!(fs::read_to_string(&path).unwrap().starts_with('\n'), "a cut line is ended first");
    }
}
