//! The techniques of MITRE ATT&CK Enterprise, compiled in: id, name and the tactics they serve.
//!
//! Sub-techniques are not in the table; they count with their technique. Names and ids are those of
//! ATT&CK® (© The MITRE Corporation).

use seerflow_model::Tactic;
use std::sync::OnceLock;

/// A technique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Technique {
    /// `T1053`.
    pub id: &'static str,
    /// `Scheduled Task/Job`.
    pub name: &'static str,
    /// What it serves, in the order of the matrix.
    pub tactics: Vec<Tactic>,
}

/// All of them, by id.
pub fn techniques() -> &'static [Technique] {
    static ALL: OnceLock<Vec<Technique>> = OnceLock::new();
    ALL.get_or_init(|| {
        let text = include_str!("../../rules/attack/techniques.txt");
        text.lines().filter(|line| !line.starts_with('#')).filter_map(read).collect()
    })
}

fn read(line: &'static str) -> Option<Technique> {
    let mut parts = line.split('|').map(str::trim);
    let (id, name) = (parts.next()?, parts.next()?);
    let tactics = parts.next()?.split(' ').filter_map(Tactic::parse).collect();
    Some(Technique { id, name, tactics })
}

/// The technique of an id, sub-techniques by their technique.
pub fn technique(id: &str) -> Option<&'static Technique> {
    let id = super::listing::parent(id);
    techniques().iter().find(|technique| technique.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        let all = techniques();
        assert!(all.len() > 200, "{}", all.len());
        assert!(all.windows(2).all(|pair| pair[0].id < pair[1].id));
        assert!(all.iter().all(|technique| !technique.tactics.is_empty()));
        assert_eq!(
            technique("T1053.003").map(|technique| technique.name),
            Some("Scheduled Task/Job")
        );
        assert_eq!(technique("T9999"), None);
    }

    #[test]
    fn it_says_what_attack_says() {
        let Some(shared) = std::env::var_os("SEERFLOW_SHARED").map(std::path::PathBuf::from) else {
            eprintln!("SEERFLOW_SHARED is not set: the table is not compared");
            return;
        };
        let text = std::fs::read(shared.join("data/attack/enterprise_attack_index.json")).unwrap();
        let index: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let mut theirs: Vec<String> = Vec::new();
        for technique in index["techniques"].as_array().unwrap() {
            let (id, name) =
                (technique["id"].as_str().unwrap(), technique["name"].as_str().unwrap());
            let live = technique["revoked"] == false && technique["deprecated"] == false;
            if live && !id.contains('.') {
                let tactics = technique["tactics"].as_array().unwrap().iter();
                let mut tactics: Vec<_> =
                    tactics.filter_map(|tactic| Tactic::parse(tactic.as_str()?)).collect();
                tactics.sort();
                theirs.push(format!("{id} {name} {tactics:?}"));
            }
        }
        theirs.sort();
        let ours = techniques().iter().map(|technique| {
            let mut tactics = technique.tactics.clone();
            tactics.sort();
            format!("{} {} {tactics:?}", technique.id, technique.name)
        });
        assert_eq!(ours.collect::<Vec<_>>(), theirs);
    }
}
