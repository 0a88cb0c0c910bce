//! Which rules take part: what the configuration excludes and what people have switched.
//!
//! A switch says more than the configuration: who turns a rule on wants it whatever its status and
//! level, and even if `sigma.exclude` names it; who turns it off does not want it.

use seerflow_pipeline::rulebook::Installed;
use seerflow_sigma::{Choice, Choose, Header};
use std::collections::BTreeMap;

/// An entry of `sigma.exclude`.
#[derive(Clone, Debug)]
pub struct Exclude {
    text: String,
    pattern: glob::Pattern,
}

/// Globs of files: `*` stays within a folder, `**` does not.
const OF_FILES: glob::MatchOptions = glob::MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};
/// Globs of ids, names and titles.
const OF_RULES: glob::MatchOptions = glob::MatchOptions {
    case_sensitive: false,
    require_literal_separator: false,
    require_literal_leading_dot: false,
};

impl Exclude {
    /// Reads it; the error says what is wrong with the glob.
    pub fn new(text: &str) -> Result<Exclude, String> {
        let pattern = glob::Pattern::new(text).map_err(|error| error.msg.to_owned())?;
        Ok(Exclude { text: text.to_owned(), pattern })
    }

    /// Whether it means files, not rules.
    fn means_files(&self) -> bool {
        self.text.contains('/')
    }

    /// Whether it means this file.
    pub fn is_of_file(&self, path: &std::path::Path) -> bool {
        self.means_files() && self.pattern.matches_path_with(path, OF_FILES)
    }

    /// Whether it means the rule of this head.
    fn is_of(&self, header: &Header) -> bool {
        // A title may be no valid glob, or mean something else as one: as it stands it counts too.
        let is = |text: &str| {
            text.eq_ignore_ascii_case(&self.text) || self.pattern.matches_with(text, OF_RULES)
        };
        let own = [header.id.as_deref(), header.name.as_deref()];
        !self.means_files() && (is(&header.title) || own.into_iter().flatten().any(is))
    }
}

/// Rules that people have turned on or off, by their ids.
pub type Switches = BTreeMap<String, bool>;

/// The choice.
#[derive(Debug)]
pub struct Chosen {
    /// What the configuration leaves out.
    pub exclude: Vec<Exclude>,
    /// What people have switched.
    pub switches: Switches,
}

/// What a rule is known by, here and in alerts: its id; where it has none, one made of its name.
pub fn key(header: &Header) -> String {
    Installed::id_of(header)
}

impl Choose for Chosen {
    fn choose(&self, header: &Header, _file: &str) -> Choice {
        match self.switches.get(&key(header)) {
            Some(true) => return Choice::In,
            Some(false) => return Choice::Out("it is switched off".into()),
            None => {}
        }
        match self.exclude.iter().find(|exclude| exclude.is_of(header)) {
            Some(by) => Choice::Out(format!("`sigma.exclude` names it: {}", by.text)),
            None => Choice::Usual,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_names_and_titles_as_globs_and_switches_above_them() {
        let header = Header {
            id: Some("abc-1".into()),
            name: Some("web_scan".into()),
            title: "A [b] scan".into(),
            ..Header::default()
        };
        let choose = |exclude: &[&str], switches: &[(&str, bool)]| {
            let exclude = exclude.iter().map(|text| Exclude::new(text).unwrap()).collect();
            let switches = switches.iter().map(|(id, on)| ((*id).to_owned(), *on)).collect();
            Chosen { exclude, switches }.choose(&header, "f.yml")
        };
        for exclude in ["abc-1", "ABC-1", "web_*", "A [b] scan", "a * scan", "*"] {
            assert!(matches!(choose(&[exclude], &[]), Choice::Out(_)), "{exclude}");
            assert_eq!(choose(&[exclude], &[("abc-1", true)]), Choice::In, "{exclude}");
        }
        for exclude in ["abc", "web", "**/f.yml"] {
            assert_eq!(choose(&[exclude], &[]), Choice::Usual, "{exclude}");
        }
        assert!(matches!(choose(&[], &[("abc-1", false)]), Choice::Out(_)));
        assert!(Exclude::new("a[").is_err());
    }

    #[test]
    fn a_rule_without_an_id_has_a_key_of_its_own() {
        let header = |title: &str| Header { title: title.into(), ..Header::default() };
        assert_ne!(key(&header("a")), key(&header("b")));
        assert_eq!(key(&header("a")), key(&header("a")));
    }
}
