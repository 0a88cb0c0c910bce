//! What well-known names of fields and keys say about their values.
//!
//! Names are compared without case and without `.`, `_`, `-`, so `src_ip`, `srcIp` and `src.ip`
//! are one. A leading `_` stays: journald marks with it what it knows of every record, such as
//! `_EXE`, and that would be the same entity again and again. The table is the `fields` part of the rule files. Cost: one short hash a name.

use super::collect::role_and_type;
use super::value::ValueType;
use hashbrown::{HashMap, HashSet};
use seerflow_model::Role;

/// Longest name that is looked up, squeezed.
const NAME_MAX: usize = 48;

/// The table of names.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    exact: HashMap<Box<[u8]>, (Role, ValueType)>,
    wrappers: Vec<Box<str>>,
    /// Names that files before the present one have said.
    settled: HashSet<Box<[u8]>>,
}

impl Names {
    /// Begins a file: what earlier files said of a name stays.
    pub(super) fn begin_file(&mut self) {
        self.settled = self.exact.keys().cloned().collect();
    }

    /// Adds a name; the error says what is wrong.
    pub(super) fn add(&mut self, name: &str, meaning: &str) -> Result<(), String> {
        let meaning =
            role_and_type(meaning).ok_or_else(|| format!("`{meaning}` is no role:type"))?;
        let mut buffer = [0u8; NAME_MAX];
        let name = squeeze(name, &mut buffer).ok_or_else(|| format!("`{name}` is too long"))?;
        if self.settled.contains(name) {
            return Ok(());
        }
        match self.exact.insert(name.into(), meaning) {
            Some(old) if old != meaning => Err("said before, and differently".into()),
            _ => Ok(()),
        }
    }

    /// Adds a prefix that says nothing about what it wraps: `event_data.`.
    pub(super) fn add_wrapper(&mut self, prefix: &str) {
        self.wrappers.push(prefix.into());
    }

    /// What a name says about its value.
    pub(super) fn get(&self, name: &str) -> Option<(Role, ValueType)> {
        let mut buffer = [0u8; NAME_MAX];
        let squeezed = squeeze(name, &mut buffer)?;
        if let Some(meaning) = self.exact.get(squeezed) {
            return Some(*meaning);
        }
        self.exact.get(squeeze(self.unwrap(name)?, &mut buffer)?).copied()
    }

    /// The name inside a wrapper, or the parameter of an RFC 5424 element with an enterprise
    /// number (`id@32473.user`).
    fn unwrap<'a>(&self, name: &'a str) -> Option<&'a str> {
        let (head, last) = name.rsplit_once('.')?;
        if head.contains('@') {
            return Some(last);
        }
        self.wrappers.iter().find_map(|wrapper| {
            let prefix = name.as_bytes().get(..wrapper.len())?;
            if prefix.eq_ignore_ascii_case(wrapper.as_bytes()) {
                name.get(wrapper.len()..)
            } else {
                None
            }
        })
    }
}

fn squeeze<'b>(name: &str, buffer: &'b mut [u8; NAME_MAX]) -> Option<&'b [u8]> {
    let mut len = 0;
    for (i, byte) in name.bytes().enumerate() {
        if matches!(byte, b'.' | b'-') || byte == b'_' && i > 0 {
            continue;
        }
        *buffer.get_mut(len)? = byte.to_ascii_lowercase();
        len += 1;
    }
    Some(&buffer[..len])
}

#[cfg(test)]
mod tests {
    use super::*;
    use seerflow_model::EntityType;

    #[test]
    fn spellings_of_one_name() {
        let mut names = Names::default();
        names.add("source.ip", "src:ip").unwrap();
        names.add_wrapper("data.");
        let ip = Some((Role::Src, ValueType::Of(EntityType::Ip)));
        for name in ["source.ip", "SourceIp", "source_ip", "data.source-ip", "x@1.sourceIP"] {
            assert_eq!(names.get(name), ip, "{name}");
        }
        for name in
            ["", "ip", "_source_ip", "other.source.ip", "source.ip.x", "data.", &"a".repeat(99)]
        {
            assert_eq!(names.get(name), None, "{name}");
        }
        assert!(names.add("SourceIP", "dst:ip").is_err());
        assert!(names.add("x", "dst").is_err());

        let mut names = Names::default();
        names.add("peer", "src:ip").unwrap();
        names.begin_file();
        names.add("Peer", "dst:ip").unwrap();
        assert_eq!(names.get("peer"), ip, "the earlier file wins");
    }
}
