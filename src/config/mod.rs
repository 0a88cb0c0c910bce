//! Configuration: from a YAML file to plain structs, strictly.
//!
//! A file is read to a tree that knows its lines ([`document`]), variables are put in
//! ([`interpolate`]), the tree is checked against the one table of options ([`table`]), values
//! that cannot go together are refused ([`cross`]), and the structs of [`sections`] are filled.
//! What is unknown, of the wrong type or out of range is an error that names file, line, column,
//! key, value, what is allowed and the nearest name; all of them are reported at once.

pub mod check;
pub mod cross;
pub mod data_dir;
pub mod document;
pub mod interpolate;
pub mod mappings;
pub mod option;
mod pending;
pub mod problem;
pub mod rate;
pub mod redact_key;
mod redact_reader;
pub mod reference;
pub mod roles;
pub mod secret;
pub mod sections;
pub mod show;
pub mod shown;
pub mod source_reader;
pub mod sources;
pub mod table;
pub mod web_origin;
mod webhook_reader;
pub mod webhooks;
pub mod zone;

pub use data_dir::DataDir;
pub use mappings::AttackMappings;
pub use secret::Secret;
pub use sections::{
    AlertFormat, Alerting, Correlation, Detection, Dspot, Engine, EventStorage, FileStart,
    LogLevel, Program, Receivers, Retention, Rotation, Sigma, Storage, Stream,
};
pub use sources::{DropRule, Multiline, SourceEntry, SourceFacts, SourceMatch, TemplateMatch};
pub use webhooks::WebhookEntry;

use crate::failure::Failure;
use check::PROBLEMS_MAX;
use problem::Problem;
use seerflow_parsing::roles::RoleSet;
use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use table::{TableError, Values};

/// Largest configuration file.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// The effective configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Keys at the top of the file.
    pub program: Program,
    /// Where data is kept.
    pub storage: Storage,
    /// How long events are kept.
    pub retention: Retention,
    /// How logs come in.
    pub receivers: Receivers,
    /// How the dataflow runs.
    pub engine: Engine,
    /// What counts as unusual.
    pub detection: Detection,
    /// Which Sigma rules are in force.
    pub sigma: Sigma,
    /// Rules over several events.
    pub correlation: Correlation,
    /// Where alerts go.
    pub alerting: Alerting,
    /// How single sources are read.
    pub sources: Vec<SourceEntry>,
    /// Tactics and techniques of anomalies.
    pub attack_mappings: AttackMappings,
    /// The paths to which logs are posted.
    pub webhooks: Vec<WebhookEntry>,
    /// Role rules with those of the user's folder, compiled; `None` when there is no folder.
    roles: Option<RoleSet>,
    /// All values by path, for `config show`.
    values: Values,
}

impl Config {
    /// The role rules in force.
    pub fn role_set(&self) -> RoleSet {
        self.roles.clone().unwrap_or_else(RoleSet::bundled)
    }

    fn from_values(values: Values) -> Result<Config, TableError> {
        Ok(Config {
            program: Program::read(&values)?,
            storage: Storage::read(&values)?,
            retention: Retention::read(&values)?,
            receivers: Receivers::read(&values)?,
            engine: Engine::read(&values)?,
            detection: Detection::read(&values)?,
            sigma: Sigma::read(&values)?,
            correlation: Correlation::read(&values)?,
            alerting: Alerting::read(&values)?,
            sources: values.sources.clone(),
            attack_mappings: AttackMappings::of(&values.mappings),
            webhooks: values.webhooks.clone(),
            roles: None,
            values,
        })
    }

    /// All values by path, active and pending ones.
    pub fn values(&self) -> &Values {
        &self.values
    }
}

impl Default for Config {
    fn default() -> Config {
        let checked = check::check(&empty());
        // Defaults do not depend on input, and a test of this module reads them all.
        Config::from_values(checked.values).expect("the table gives every field its default")
    }
}

fn empty() -> document::Node {
    document::Node {
        mark: problem::Mark::new(1, 1),
        value: document::Yaml::Null,
        substituted: false,
    }
}

/// Environment variables, as a value, so that tests need no real ones.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Those of this process; what is not Unicode is passed over.
    pub fn of_process() -> Environment {
        let unicode = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Environment(std::env::vars_os().filter_map(unicode).collect())
    }

    /// From pairs.
    pub fn of(pairs: &[(&str, &str)]) -> Environment {
        Environment(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    /// A variable; `None` when it is not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A variable that holds something.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }
}

/// Where the configuration came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `--config`.
    Argument(PathBuf),
    /// `$SEERFLOW_CONFIG`.
    Variable(PathBuf),
    /// One of the places that are looked at.
    Found(PathBuf),
    /// No file.
    Defaults,
}

impl Origin {
    /// The file, if there is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Origin::Argument(path) | Origin::Variable(path) | Origin::Found(path) => Some(path),
            Origin::Defaults => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Argument(path) | Origin::Found(path) => write!(f, "{}", path.display()),
            Origin::Variable(path) => write!(f, "{} (from $SEERFLOW_CONFIG)", path.display()),
            Origin::Defaults => f.write_str("built-in defaults, no file found"),
        }
    }
}

/// A configuration, where it came from and what a reader should know of it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Where it came from.
    pub origin: Origin,
    /// One line each, with file and line.
    pub warnings: Vec<String>,
}

/// Places that are looked at without `--config` and `$SEERFLOW_CONFIG`.
const PLACES: [&str; 2] = ["./seerflow.yaml", "/etc/seerflow/seerflow.yaml"];

/// Finds and reads the configuration: `--config`, `$SEERFLOW_CONFIG`, `./seerflow.yaml`,
/// `/etc/seerflow/seerflow.yaml`, else the defaults.
pub fn load(argument: Option<&Path>, environment: &Environment) -> Result<Loaded, Failure> {
    load_from(argument, environment, &PLACES.map(Path::new))
}

fn load_from(
    argument: Option<&Path>,
    environment: &Environment,
    places: &[&Path],
) -> Result<Loaded, Failure> {
    let origin = match (argument, environment.filled("SEERFLOW_CONFIG")) {
        (Some(path), _) => Origin::Argument(path.to_owned()),
        (None, Some(path)) => Origin::Variable(path.into()),
        (None, None) => match places.iter().find(|place| place.exists()) {
            Some(place) => Origin::Found(place.to_path_buf()),
            None => Origin::Defaults,
        },
    };
    let text = match origin.path() {
        Some(path) => read_file(path, &origin)?,
        None => String::new(),
    };
    let file = origin.path().map_or("defaults".into(), |path| path.display().to_string());
    let (mut config, warnings) = parse(&text, &file, environment)?;
    if let Some(folder) = &config.detection.roles_dir {
        config.roles = Some(roles::read(folder)?);
    }
    Ok(Loaded { config, origin, warnings })
}

/// Reads a configuration from a text; `file` is the name that messages use.
pub fn parse(
    text: &str,
    file: &str,
    environment: &Environment,
) -> Result<(Config, Vec<String>), Failure> {
    let refuse = |problems: &[Problem]| refuse(file, problems);
    let mut tree = document::parse(text).map_err(|problem| refuse(&[problem]))?;
    let mut problems = Vec::new();
    interpolate::tree(&mut tree, &|name| environment.get(name).map(str::to_owned), &mut problems);
    let mut checked = check::check(&tree);
    checked.problems.append(&mut problems);
    if !checked.problems.is_empty() {
        return Err(refuse(&checked.problems));
    }
    let config = Config::from_values(std::mem::take(&mut checked.values))
        .map_err(|error| Failure::new(crate::ExitCode::Internal, error.to_string()))?;
    cross::check(&config, &checked.marks, &mut checked.problems, &mut checked.warnings);
    if !checked.problems.is_empty() {
        return Err(refuse(&checked.problems));
    }
    checked.warnings.sort_by_key(|warning| warning.mark);
    let warnings = checked.warnings.iter().map(|warning| warning.at(file).to_string()).collect();
    Ok((config, warnings))
}

fn refuse(file: &str, problems: &[Problem]) -> Failure {
    let mut sorted: Vec<&Problem> = problems.iter().collect();
    sorted.sort_by_key(|problem| problem.mark);
    let failure = match problems.len() {
        1 => Failure::usage("the configuration has a mistake"),
        n => Failure::usage(format!("the configuration has {n} mistakes")),
    };
    let mut failure = sorted
        .iter()
        .take(PROBLEMS_MAX)
        .fold(failure, |failure, problem| failure.detail(problem.at(file).to_string()));
    if sorted.len() > PROBLEMS_MAX {
        failure = failure.detail(format!("… and {} more", sorted.len() - PROBLEMS_MAX));
    }
    failure.hint("`seerflow config reference` lists every key")
}

fn read_file(path: &Path, origin: &Origin) -> Result<String, Failure> {
    let fail = |reason: String| {
        let failure = Failure::usage(format!("cannot read {}: {reason}", path.display()));
        match origin {
            Origin::Variable(_) => failure.hint("it is named by $SEERFLOW_CONFIG"),
            Origin::Found(_) => failure.hint("name another file with --config"),
            _ => failure,
        }
    };
    let file = std::fs::File::open(path).map_err(|error| fail(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| fail(error.to_string()))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(fail(format!("it is larger than {}", option::bytes_text(FILE_BYTES_MAX))));
    }
    String::from_utf8(bytes).map_err(|error| {
        fail(format!("byte {} is not UTF-8", error.utf8_error().valid_up_to() + 1))
    })
}

#[cfg(test)]
#[path = "mod_tests.rs"]
mod tests;
