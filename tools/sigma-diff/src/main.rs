//! Compares the Sigma engine of Seerflow with rsigma-eval, an independent one.
//!
//! ```text
//! sigma-diff compare [PAIRS] [SEED]     generated rules and events: do both say the same?
//! sigma-diff rate RULES FILE…           how fast both are, on the same rules and events: files of
//!                                       JSON lines of Windows (.json…), any others of syslog
//! ```

mod compare;
mod engines;
mod files;
mod generate;
mod known;
mod near;
mod random;
mod rate;
mod rule;
mod shrink;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| text.replace('_', "").parse::<u64>().ok();
    match &words[..] {
        ["compare"] => compare::run(200_000, 1),
        ["compare", pairs] if number(pairs).is_some() => {
            compare::run(number(pairs).unwrap_or_default(), 1)
        }
        ["compare", pairs, seed] if number(pairs).is_some() && number(seed).is_some() => {
            compare::run(number(pairs).unwrap_or_default(), number(seed).unwrap_or_default())
        }
        ["rate", rules, files @ ..] if !files.is_empty() => {
            let (windows, lines) = files.iter().partition::<Vec<&str>, _>(|f| f.contains(".json"));
            rate::run(rules, &windows, &lines)
        }
        _ => {
            eprintln!("sigma-diff compare [PAIRS] [SEED] | rate RULES FILE…");
            ExitCode::from(2)
        }
    }
}
