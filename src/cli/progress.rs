//! A progress bar on stderr, on a terminal only: bytes, events a second, time left.

use super::output;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Redrawn at most so often, so that updates may come as often as they like.
const REDRAWS_PER_SECOND: u8 = 8;

/// A progress bar; silent without a terminal.
pub struct Progress {
    bar: ProgressBar,
    events: Arc<AtomicU64>,
}

impl Progress {
    /// Of so many bytes; without a total only a count is shown.
    pub fn bytes(total: Option<u64>) -> Progress {
        let target = match std::io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_SECOND),
            false => ProgressDrawTarget::hidden(),
        };
        Progress::on(target, total)
    }

    fn on(target: ProgressDrawTarget, total: Option<u64>) -> Progress {
        let bar = ProgressBar::with_draw_target(total, target);
        let events = Arc::new(AtomicU64::new(0));
        let template = match total {
            Some(_) => "{bar:30} {percent:>3} %  {bytes} of {total_bytes}  {events}  {eta} left",
            None => "{spinner} {bytes}  {events}  {elapsed}",
        };
        let counted = events.clone();
        // The template is a constant; a wrong one would show as the default bar.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.with_key(
                "events",
                move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                    let rate = rate(counted.load(Ordering::Relaxed), state.elapsed());
                    // Writing to a text cannot fail.
                    let _ = write!(out, "{} events/s", thousands(rate));
                },
            ));
        }
        Progress { bar, events }
    }

    /// Sets how far it is: bytes read and events processed since the start.
    pub fn set(&self, bytes: u64, events: u64) {
        self.events.store(events, Ordering::Relaxed);
        self.bar.set_position(bytes);
    }

    /// Prints a line above the bar, or plainly without one.
    pub fn say(&self, line: &str) {
        self.bar.suspend(|| output::message(line));
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn rate(events: u64, elapsed: Duration) -> u64 {
    let millis = elapsed.as_millis().max(1);
    u64::try_from(u128::from(events) * 1000 / millis).unwrap_or(u64::MAX)
}

/// `1234567` as `1,234,567`.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::TermLike;
    use std::io;
    use std::sync::Mutex;

    /// A terminal that keeps all that was ever written to it.
    #[derive(Clone, Debug, Default)]
    struct Paper(Arc<Mutex<String>>);

    impl TermLike for Paper {
        fn width(&self) -> u16 {
            120
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, line: &str) -> io::Result<()> {
            self.write_str(line)
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn shows_bytes_rate_and_time_left() {
        let paper = Paper::default();
        let target = ProgressDrawTarget::term_like(Box::new(paper.clone()));
        let progress = Progress::on(target, Some(4096));
        progress.set(1024, 500);
        progress.bar.tick();
        let shown = paper.0.lock().unwrap().clone();
        for part in ["25 %", "1.00 KiB of 4.00 KiB", "events/s", "left"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }

    #[test]
    fn numbers_are_grouped() {
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(n), text);
        }
        assert_eq!(rate(500, Duration::from_millis(250)), 2_000);
    }
}
