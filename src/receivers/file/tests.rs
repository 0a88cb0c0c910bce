//! Tailing through real directories: every line once, whatever is done to the files.

use super::super::counters::ReceiverCounters;
use super::super::testing::{Engine, at, door, until};
use super::{FileOptions, FileStart, run};
use crate::runtime::clock::Clock;
use seerflow_model::record::Flags;
use seerflow_model::time::{MILLISECOND, Ns, SECOND, rfc3339};
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

struct Tail {
    engine: Engine,
    counters: Arc<ReceiverCounters>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), super::paths::PathError>>,
}

impl Tail {
    fn start(options: FileOptions, capacity: usize) -> Tail {
        let clock = Clock::system();
        let (mut door, engine) = door(&clock, 2, capacity);
        door.gate = crate::runtime::stamp::Gate::closed();
        let (counters, stop) = (door.counters.clone(), door.stop.clone());
        let task = tokio::spawn(run(options, door));
        Tail { engine, counters, stop, task }
    }

    async fn got(&mut self, records: u64) {
        let engine = &mut self.engine;
        until("records", || {
            engine.drain();
            engine.count >= records
        })
        .await;
    }

    async fn end(mut self) -> Engine {
        self.stop.cancel();
        while !self.task.is_finished() {
            self.engine.drain();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.task.await.unwrap().unwrap();
        self.engine.drain();
        self.engine.ledger(&self.counters);
        self.engine
    }
}

fn options(pattern: String, start: FileStart) -> FileOptions {
    FileOptions { patterns: vec![pattern], start, ..FileOptions::default() }
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// What the port has promised within 3.5 s of the clock: all files were read, and nothing waits.
async fn settled(tail: &mut Tail) {
    let engine = &mut tail.engine;
    until("the promise by the clock", || {
        engine.drain();
        engine.promise() + 3_500 * MILLISECOND > Clock::system().now()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_end_then_what_comes_and_new_files_from_their_beginning() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    append(&path, "old 1\nold 2\nold unfinis");
    fs::create_dir(dir.path().join("sub")).unwrap();
    let mut tail =
        Tail::start(options(format!("{}/**/*.log", dir.path().display()), FileStart::End), 64);
    settled(&mut tail).await;
    append(&path, "hed\nnew 1\nnew ");
    append(&dir.path().join("sub/b.log"), "b first\n");
    tail.got(2).await;
    append(&path, "2\n");
    tail.got(3).await;
    let mut engine = tail.end().await;
    let mut texts = engine.texts();
    texts.sort();
    assert_eq!(texts, ["b first", "new 1", "new 2"]);
}

/// The header of a table is known also when it is read from its end, and may come in pieces.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tailed_table_has_the_columns_of_its_head() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (dir.path().join("old.csv"), dir.path().join("new.csv"));
    append(&old, &format!("seen,note\n{},\"old, one\"\n", at(1)));
    let yaml = "sources: [{match: {path: '*.csv'}, format: csv, field_mapping: {time: seen}}]";
    let (config, _) = crate::config::parse(yaml, "t", &Default::default()).unwrap();
    let clock = Clock::system();
    let (mut door, engine) = door(&clock, 2, 64);
    door.gate = crate::runtime::stamp::Gate::closed();
    door.rules = Arc::new(crate::runtime::rules::Rules::new(
        &config,
        Default::default(),
        &seerflow_parsing::redact::Key::new(b"tests"),
    ));
    let (counters, stop) = (door.counters.clone(), door.stop.clone());
    let pattern = format!("{}/*.csv", dir.path().display());
    let task = tokio::spawn(run(options(pattern, FileStart::End), door));
    let mut tail = Tail { engine, counters, stop, task };
    settled(&mut tail).await;
    append(&old, &format!("{},\"two\nlines\"\n", at(2)));
    append(&new, "note,se");
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    append(&new, &format!("en\n2001-01-01 00:00:00,{}\n", at(3)));
    tail.got(3).await;
    let engine = tail.end().await;
    let of = |text: String| engine.got.iter().find(|got| got.text == text).unwrap();
    assert_eq!(of(format!("{},\"two\nlines\"", at(2))).columns, ["seen", "note"]);
    let row = of(format!("2001-01-01 00:00:00,{}", at(3)));
    assert_eq!(row.columns, ["note", "seen"]);
    assert_eq!(row.time, Some(crate::receivers::testing::START + 3 * SECOND));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_yesterday_is_not_late_and_lines_are_joined_and_cut() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("y.log");
    let mut text = String::from("banner without a time\n");
    for i in 0..50_000 {
        text += &format!("{} INFO line {i}\n", at(i));
    }
    text += &format!("{} ERROR it broke\n  at a.b.C\nCaused by: d\n", at(50_000));
    text += &format!("{} {}\n", at(50_001), "x".repeat(3_000));
    append(&path, &text);
    let utf16: Vec<u8> =
        "\u{feff}zwölf\r\ndreizehn\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(dir.path().join("z.log"), utf16).unwrap();
    let mut options = options(format!("{}/*.log", dir.path().display()), FileStart::Beginning);
    options.line_max = 1_000;
    let mut tail = Tail::start(options, 8);
    tail.got(50_005).await;
    let mut engine = tail.end().await;
    assert!(engine.got.iter().all(|got| !got.flags.has(Flags::LATE)));
    engine.texts();
    let find = |text: &str| engine.got.iter().find(|got| got.text.contains(text)).unwrap();
    assert_eq!(rfc3339(find("banner").effective), at(0));
    assert_eq!(find("it broke").flags, Flags::MULTILINE);
    assert!(find("it broke").text.ends_with("\n  at a.b.C\nCaused by: d"));
    assert_eq!((find("xxx").flags, find("xxx").text.len()), (Flags::CUT, 1_000));
    assert!(engine.got.iter().any(|got| got.text == "zwölf"));
    assert!(engine.got.iter().any(|got| got.text == "dreizehn"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_leads_outside_is_refused_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("logs");
    fs::create_dir(&logs).unwrap();
    append(&dir.path().join("secret"), "secret\n");
    symlink(dir.path().join("secret"), logs.join("x.log")).unwrap();
    append(&logs.join("y.log"), "fine\n");
    let mut tail =
        Tail::start(options(format!("{}/*.log", logs.display()), FileStart::Beginning), 8);
    tail.got(1).await;
    assert_eq!(tail.counters.refused_path.load(Ordering::Relaxed), 1);
    let mut engine = tail.end().await;
    assert_eq!(engine.texts(), ["fine"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_symlink_swapped_back_goes_on_where_it_was_left() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (dir.path().join("a.txt"), dir.path().join("b.txt"));
    let link = dir.path().join("now.log");
    append(&a, &format!("{} a1\n", at(1)));
    symlink(&a, &link).unwrap();
    let mut options = options(format!("{}/*.log", dir.path().display()), FileStart::Beginning);
    options.grace = 1_500 * MILLISECOND;
    let mut tail = Tail::start(options, 8);
    tail.got(1).await;
    append(&b, &format!("{} b1\n", at(2)));
    swap(&link, &b);
    // The file that is gone is read on until it has not grown for a while, then closed.
    append(&a, &format!("{} a2\n", at(3)));
    tail.got(3).await;
    until("the old file is closed", || !is_open(&a)).await;
    append(&a, &format!("{} a3\n", at(4)));
    swap(&link, &a);
    tail.got(4).await;
    let mut engine = tail.end().await;
    let texts: Vec<_> = engine.texts().iter().map(|text| text[21..].to_owned()).collect();
    let mut sorted = texts.clone();
    sorted.sort();
    assert_eq!(sorted, ["a1", "a2", "a3", "b1"]);
    let source =
        |text: &str| engine.got.iter().find(|got| got.text.ends_with(text)).unwrap().source;
    assert_eq!(source("a1"), source("a3"));
}

fn is_open(path: &Path) -> bool {
    let open = fs::read_dir("/proc/self/fd").unwrap();
    open.flatten().any(|fd| fs::read_link(fd.path()).is_ok_and(|to| to == path))
}

fn swap(link: &Path, target: &Path) {
    let new = link.with_extension("new");
    symlink(target, &new).unwrap();
    fs::rename(&new, link).unwrap();
}

/// The five ways of rotation.
#[derive(Clone, Copy, Debug)]
enum Way {
    Rename,
    CopyTruncate,
    CopyTruncateMatched,
    Recreate,
    Symlink,
}

/// Writes to a file and rotates it, as one process does.
struct Writer {
    dir: PathBuf,
    way: Way,
    file: File,
    generation: u32,
}

impl Writer {
    fn path(&self) -> PathBuf {
        self.dir.join("app.log")
    }

    fn open(path: &Path) -> File {
        OpenOptions::new().append(true).create(true).open(path).unwrap()
    }

    fn new(dir: &Path, way: Way) -> Writer {
        let path = dir.join("app.log");
        if let Way::Symlink = way {
            symlink(dir.join("data.0"), &path).unwrap();
        }
        Writer { dir: dir.to_path_buf(), way, file: Self::open(&path), generation: 0 }
    }

    fn rotate(&mut self) {
        self.generation += 1;
        let (path, n) = (self.path(), self.generation);
        match self.way {
            Way::Rename => {
                fs::rename(&path, self.dir.join(format!("app.log.{n}"))).unwrap();
                // The writer keeps its file for a moment, as daemons do.
                self.file.write_all(format!("straggler {n}\n").as_bytes()).unwrap();
                self.file = Self::open(&path);
            }
            Way::CopyTruncate | Way::CopyTruncateMatched => {
                let matched = matches!(self.way, Way::CopyTruncateMatched);
                // Either a new name each time or the same one overwritten.
                let copy = if matched { "app.log.1".to_owned() } else { format!("old.{n}") };
                fs::copy(&path, self.dir.join(copy)).unwrap();
                self.file.set_len(0).unwrap();
            }
            Way::Recreate => {
                fs::remove_file(&path).unwrap();
                self.file = Self::open(&path);
            }
            Way::Symlink => {
                let next = self.dir.join(format!("data.{n}"));
                self.file = Self::open(&next);
                swap(&path, &next);
            }
        }
    }
}

/// Rotates every second under 20,000 lines a second, for so long.
async fn rotation(way: Way, pattern: &str, seconds: u64) {
    let dir = tempfile::tempdir().unwrap();
    let options = options(format!("{}/{pattern}", dir.path().display()), FileStart::Beginning);
    let mut writer = Writer::new(dir.path(), way);
    let mut tail = Tail::start(options, 64);
    let written = tokio::task::spawn_blocking(move || {
        let begin = Instant::now();
        let (mut lines, mut rotated) = (0u64, 0);
        while begin.elapsed() < Duration::from_secs(seconds) {
            // In bursts of 10 ms, each line written by itself.
            for _ in 0..200 {
                writer.file.write_all(format!("line {lines} of many\n").as_bytes()).unwrap();
                lines += 1;
            }
            if begin.elapsed().as_secs() > rotated {
                writer.rotate();
                rotated += 1;
            }
            let next = Duration::from_millis(lines / 20);
            std::thread::sleep(next.saturating_sub(begin.elapsed()));
        }
        (lines, rotated, writer)
    });
    let (lines, rotated, writer) = loop {
        if written.is_finished() {
            break written.await.unwrap();
        }
        tail.engine.drain();
        tokio::time::sleep(Duration::from_millis(2)).await;
    };
    assert!(rotated >= seconds - 1);
    let stragglers = if let Way::Rename = way { rotated } else { 0 };
    let deadline = Instant::now() + Duration::from_secs(10);
    while tail.engine.count < lines + stragglers && Instant::now() < deadline {
        tail.engine.drain();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    settled(&mut tail).await;
    let engine = tail.end().await;
    let mut counts: HashMap<&str, u32> = HashMap::new();
    for got in &engine.got {
        *counts.entry(got.text.as_str()).or_default() += 1;
    }
    let missing = (0..lines).filter(|i| !counts.contains_key(format!("line {i} of many").as_str()));
    let missing: Vec<u64> = missing.collect();
    assert!(missing.is_empty(), "{way:?}: {} missing, first {:?}", missing.len(), &missing[..1]);
    let twice: Vec<_> = counts.iter().filter(|(_, n)| **n > 1).take(3).collect();
    assert!(twice.is_empty(), "{way:?}: {twice:?}");
    assert_eq!(engine.count, lines + stragglers, "{way:?}");
    drop(writer);
}

/// A longer run on demand: `SEERFLOW_ROTATION_SECONDS=60`.
fn rotation_seconds() -> u64 {
    std::env::var("SEERFLOW_ROTATION_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(3)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_once_when_another_file_takes_the_path() {
    let seconds = rotation_seconds();
    tokio::join!(
        rotation(Way::Rename, "app.log", seconds),
        rotation(Way::Recreate, "app.log", seconds),
        rotation(Way::Symlink, "app.log", seconds),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_once_when_what_was_rotated_matches_or_is_truncated() {
    let seconds = rotation_seconds();
    tokio::join!(
        rotation(Way::Rename, "app.log*", seconds),
        rotation(Way::CopyTruncate, "app.log", seconds),
        rotation(Way::CopyTruncateMatched, "app.log*", seconds),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_engine_slows_reading_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    let mut text = String::new();
    for i in 0..40_000u64 {
        text += &format!("{} line {i}\n", at(i / 1000));
    }
    append(&path, &text);
    let mut tail = Tail::start(options(path.display().to_string(), FileStart::Beginning), 1);
    tail.engine.count_only = true;
    while tail.engine.count < 40_000 {
        tail.engine.drain();
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    let engine = tail.end().await;
    assert_eq!(engine.count, 40_000);
    let _: Ns = SECOND;
}
