//! The book: which rules are in force, where each comes from, and what is wrong with the others.
//!
//! Rules come from three places: those that were uploaded, files in folders of the configuration,
//! and those that are compiled in. Of equal ids the first in this order counts, so whoever wants
//! a bundled rule to say something else writes one with its id; filters of one place hold for
//! rules of all. A book is made whole and never changed; a change of anything makes another.
//!
//! What the configuration names and cannot be read (a folder, a pipeline) fails the whole book:
//! without it other rules would be in force than are meant. What is wrong with single files and
//! rules is in [`Book::problems`], and the others count.

mod choose;
mod walk;

#[cfg(test)]
mod tests;

pub use choose::{Exclude, Switches, key};
pub use walk::{Walk, text, trouble};

use super::bundled;
use crate::config::Config;
use crate::failure::Failure;
use crate::store::control::{RuleSwitch, Upload};
use choose::Chosen;
use seerflow_sigma::{
    Header, Level, Loaded, Options, Part, Pipeline, Placeholders, Problem, RuleSet, State, Status,
};
use serde::Serialize;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// What the names of uploaded texts begin with, where rules of several origins are told apart.
pub const UPLOADS: &str = "uploads/";

/// Where a rule comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// It came over the API.
    #[serde(rename = "custom_uploaded")]
    Upload,
    /// A file of a folder of the configuration.
    File,
    /// It comes with the program.
    Bundled,
}

impl Origin {
    /// All of them.
    pub const ALL: [Origin; 3] = [Origin::Bundled, Origin::File, Origin::Upload];

    /// As lists call it.
    pub const fn name(self) -> &'static str {
        match self {
            Origin::Upload => "custom_uploaded",
            Origin::File => "file",
            Origin::Bundled => "bundled",
        }
    }
}

/// What the configuration asks for.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// The rules that come with the program.
    pub bundled: bool,
    /// Folders of rules, or files.
    pub folders: Vec<PathBuf>,
    /// Less mature rules take no part.
    pub min_status: Option<Status>,
    /// Less severe rules raise no alerts.
    pub min_level: Option<Level>,
    /// Rules and files that are left out.
    pub exclude: Vec<Exclude>,
    /// What stands for placeholders.
    pub placeholders: Placeholders,
    /// Files of pipelines.
    pub pipelines: Vec<PathBuf>,
    /// Over how many hours of stored events rules are run that are new.
    pub retro_hours: u64,
}

impl Wish {
    /// That of a configuration, whose globs have been checked.
    pub fn of(config: &Config) -> Wish {
        let sigma = &config.sigma;
        let folders = config.detection.sigma_rules_dirs.iter().chain(&config.correlation.rule_dirs);
        Wish {
            bundled: sigma.bundled,
            folders: folders.cloned().collect(),
            min_status: Some(sigma.min_status),
            min_level: Some(sigma.min_level),
            exclude: sigma.exclude.iter().filter_map(|text| Exclude::new(text).ok()).collect(),
            placeholders: sigma.placeholders.clone(),
            pipelines: sigma.pipelines.clone(),
            retro_hours: sigma.retro_hours,
        }
    }

    fn pipelines(&self) -> Result<Vec<Pipeline>, Failure> {
        let read = |path: &PathBuf| {
            let failed = || Failure::usage(format!("cannot use the pipeline {}", path.display()));
            let text = text(path).map_err(|error| failed().detail(error))?;
            let file = path.to_string_lossy().into();
            Pipeline::read(&file, &text).map_err(|problem| failed().detail(problem.to_string()))
        };
        self.pipelines.iter().map(read).collect()
    }

    /// The files of the folders, not read yet.
    pub fn walk(&self) -> Result<Walk, Failure> {
        let mut walk = Walk::default();
        for folder in &self.folders {
            walk.add(folder, &self.exclude).map_err(|failure| {
                failure.detail("key: detection.sigma_rules_dirs or correlation.rule_dirs")
            })?;
        }
        Ok(walk)
    }
}

/// What people have changed while the program ran.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Rules that were turned on or off.
    pub switches: Switches,
    /// Texts that were uploaded: a name and what it says.
    pub uploads: Vec<(String, Arc<str>)>,
}

impl Changes {
    /// As they are stored.
    pub fn of(switches: Vec<RuleSwitch>, uploads: Vec<Upload>) -> Changes {
        Changes {
            switches: switches.into_iter().map(|switch| (switch.rule, switch.enabled)).collect(),
            uploads: uploads.into_iter().map(|upload| (upload.rule, upload.text.into())).collect(),
        }
    }
}

/// A rule of the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is known by; its id where it has one.
    pub key: String,
    /// What it is in the set.
    pub part: Part,
    /// Where it comes from.
    pub origin: Origin,
}

/// The rules in force.
#[derive(Debug)]
pub struct Book {
    /// The rules, compiled.
    pub set: Arc<RuleSet>,
    /// What is wrong with files and rules that are not in it, or only in part.
    pub problems: Vec<Problem>,
    /// What is odd about rules that are.
    pub warnings: Vec<Problem>,
    /// All rules of the set: detection rules, then correlations.
    pub entries: Vec<Entry>,
    /// Rules in whose place others with their ids stand.
    pub overridden: usize,
    /// Files that `sigma.exclude` leaves out.
    pub excluded: usize,
    /// Changes when a file of the folders does.
    pub stamp: u64,
    uploads: HashMap<Arc<str>, Arc<str>>,
}

impl Book {
    /// Reads, compiles and chooses.
    pub fn load(wish: &Wish, changes: &Changes) -> Result<Book, Failure> {
        let pipelines = wish.pipelines()?;
        let mut walk = wish.walk()?;
        let stamp = walk.stamp();
        let mut problems = std::mem::take(&mut walk.problems);
        let mut texts: Vec<(Arc<str>, Origin, Arc<str>)> = Vec::new();
        for (name, text) in &changes.uploads {
            texts.push((format!("{UPLOADS}{name}").into(), Origin::Upload, text.clone()));
        }
        for file in &walk.files {
            match text(&file.path) {
                Ok(text) => texts.push((file_name(&file.path), Origin::File, text.into())),
                Err(message) => problems.push(trouble(&file.path, message)),
            }
        }
        if wish.bundled {
            texts.extend(bundled::files().map(|(name, text)| (name, Origin::Bundled, text.into())));
        }
        let chosen = Chosen { exclude: wish.exclude.clone(), switches: changes.switches.clone() };
        let options = Options {
            placeholders: wish.placeholders.clone(),
            pipelines,
            min_status: wish.min_status,
            min_level: wish.min_level,
            chooser: Some(Arc::new(chosen)),
        };
        let loaded =
            seerflow_sigma::load(texts.iter().map(|(n, _, t)| (n.clone(), &**t)), &options);
        let origins = texts.iter().map(|(name, origin, _)| (&**name, *origin)).collect();
        let uploads = texts.iter().filter(|(_, origin, _)| *origin == Origin::Upload);
        let uploads = uploads.map(|(name, _, text)| (name.clone(), text.clone())).collect();
        let excluded = walk.excluded;
        Ok(Book { excluded, stamp, uploads, ..Book::of(loaded, &origins, problems) })
    }

    fn of(loaded: Loaded, origins: &HashMap<&str, Origin>, mut problems: Vec<Problem>) -> Book {
        let Loaded { set, problems: found, warnings } = loaded;
        let origin = |file: &str| origins.get(file).copied().unwrap_or(Origin::File);
        let mut overridden = 0;
        for problem in found {
            let first = problem.double_of().map(origin);
            match first.is_some_and(|first| first < origin(&problem.file)) {
                true => overridden += 1,
                false => problems.push(problem),
            }
        }
        let rules =
            set.rules().iter().enumerate().map(|(number, rule)| {
                (Part::Rule(number as u32), &rule.rule.header, &rule.rule.file)
            });
        let correlations = set.correlations().iter().enumerate().map(|(number, correlated)| {
            (Part::Correlation(number as u32), &correlated.rule.header, &correlated.file)
        });
        let entry = |(part, header, file): (Part, &Header, &Arc<str>)| Entry {
            key: key(header),
            part,
            origin: origin(file),
        };
        let entries = rules.chain(correlations).map(entry).collect();
        let set = Arc::new(set);
        let uploads = HashMap::new();
        Book { set, problems, warnings, entries, overridden, excluded: 0, stamp: 0, uploads }
    }

    /// The head of a rule.
    pub fn header(&self, part: Part) -> Option<&Header> {
        match part {
            Part::Rule(n) => self.set.rules().get(n as usize).map(|rule| &rule.rule.header),
            Part::Correlation(n) => {
                self.set.correlations().get(n as usize).map(|correlated| &correlated.rule.header)
            }
        }
    }

    /// The file of a rule, and whether the rule can match.
    pub fn file_and_state(&self, part: Part) -> Option<(&Arc<str>, &State)> {
        match part {
            Part::Rule(n) => {
                self.set.rules().get(n as usize).map(|rule| (&rule.rule.file, &rule.state))
            }
            Part::Correlation(n) => {
                let correlated = self.set.correlations().get(n as usize);
                correlated.map(|correlated| (&correlated.file, &correlated.state))
            }
        }
    }

    /// The rule that is meant by a key, an id, a name or a title; of several the first.
    pub fn find(&self, word: &str) -> Option<&Entry> {
        let by_key = self.entries.iter().find(|entry| entry.key.eq_ignore_ascii_case(word));
        let by = |own: fn(&Header) -> Option<&str>| {
            let is = |entry: &&Entry| {
                let text = self.header(entry.part).and_then(own);
                text.is_some_and(|text| text.eq_ignore_ascii_case(word))
            };
            self.entries.iter().find(is)
        };
        let by_name = || by(|header| header.name.as_deref());
        by_key.or_else(by_name).or_else(|| by(|header| Some(&header.title)))
    }

    /// The text of the file that a rule is in; that of a folder is read again.
    pub fn text(&self, entry: &Entry) -> Result<Arc<str>, String> {
        let gone = || "is not there any more".to_owned();
        let (file, _) = self.file_and_state(entry.part).ok_or_else(gone)?;
        match entry.origin {
            Origin::Upload => self.uploads.get(file).cloned().ok_or_else(gone),
            Origin::File => text(std::path::Path::new(&**file)).map(Arc::from),
            Origin::Bundled => {
                let found = bundled::files().find(|(name, _)| name == file);
                found.map(|(_, text)| text.into()).ok_or_else(gone)
            }
        }
    }

    /// What was loaded, in one line.
    pub fn summary(&self) -> String {
        let of = |origin| self.entries.iter().filter(|entry| entry.origin == origin).count();
        let (mut out_of, mut never) = (0, 0);
        for entry in &self.entries {
            match self.file_and_state(entry.part) {
                Some((_, State::Disabled(_))) => out_of += 1,
                Some((_, State::Unreachable(_))) => never += 1,
                _ => {}
            }
        }
        let (bundled, files, uploads) = (of(Origin::Bundled), of(Origin::File), of(Origin::Upload));
        let mut text = format!("{} rules loaded: {bundled} bundled", self.entries.len());
        let mut say = |count: usize, before: &str, what: &str| {
            if count > 0 {
                text += &format!("{before}{count} {what}");
            }
        };
        say(files, ", ", "from files");
        say(uploads, ", ", "uploaded");
        say(self.overridden, "; ", "with the id of another are left out");
        say(out_of, "; ", "take no part");
        say(never, "; ", "that nothing was found for can match");
        say(self.excluded, "; ", "files excluded");
        say(self.problems.len(), "; ", "problems");
        if files + uploads > 0 {
            text += "; authors shown with each match";
        }
        text
    }
}

/// A file as it is named; never like a bundled rule or an upload.
fn file_name(path: &std::path::Path) -> Arc<str> {
    let name = path.to_string_lossy();
    match name.starts_with(bundled::PREFIX) || name.starts_with(UPLOADS) {
        true => format!("./{name}").into(),
        false => name.into(),
    }
}
