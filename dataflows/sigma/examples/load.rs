//! Loads folders of rules and says what came of them: `load FOLDER…`.

mod common;

use seerflow_sigma::{Options, State, load};

fn main() {
    let folders: Vec<String> = std::env::args().skip(1).collect();
    let files = common::files(&folders);
    let start = common::cpu_seconds();
    let loaded =
        load(files.iter().map(|(name, text)| (name.clone(), text.as_str())), &Options::default());
    let seconds = common::cpu_seconds() - start;
    let (mut ok, mut unreachable, mut disabled) = (0, 0, 0);
    for rule in loaded.set.rules() {
        let (what, reason) = match &rule.state {
            State::Ok => {
                ok += 1;
                continue;
            }
            State::Unreachable(reason) => {
                unreachable += 1;
                ("unreachable", reason)
            }
            State::Disabled(reason) => {
                disabled += 1;
                ("disabled", reason)
            }
        };
        println!("{what}: {}:{}: {reason}", rule.rule.file, rule.rule.place);
    }
    loaded.problems.iter().for_each(|problem| println!("problem: {problem}"));
    loaded.warnings.iter().for_each(|warning| println!("warning: {warning}"));
    println!(
        "{} files: {} rules ({ok} ok, {unreachable} unreachable, {disabled} disabled), {} correlations, \
         {} problems, {} warnings",
        files.len(),
        loaded.set.rules().len(),
        loaded.set.correlations().len(),
        loaded.problems.len(),
        loaded.warnings.len()
    );
    println!(
        "{} fields, {} tests, {} rules without a literal, {seconds:.3} s of CPU",
        loaded.set.fields(),
        loaded.set.tests(),
        loaded.set.always()
    );
}
