//! Finding the rule of a message: by program, then by the first byte, then by the leading words.
//!
//! Order: rules of the program, of the module in `program(module)`, of any program; within each in
//! the order of the files. The first pattern that fits wins. Cost: a hash of the program's name
//! and a comparison of a few leading words.

use super::file::HostRole;
use super::pattern::{Captures, Pattern};
use super::value::{ValueType, program_base};
use hashbrown::HashMap;
use seerflow_model::{Activity, Outcome, Role};
use std::sync::Arc;

/// Keys of pairs that a rule reads after its pattern.
pub(super) type Keys = Arc<[(Box<str>, (Role, ValueType))]>;

/// A compiled rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) pattern: Pattern,
    pub(super) activity: Activity,
    pub(super) outcome: Outcome,
    pub(super) host: HostRole,
    pub(super) keys: Keys,
}

/// Where a rule applies.
#[derive(Clone, Debug)]
pub(super) enum Scope {
    /// For a program by name.
    Program(String),
    /// For a module in `program(module)`.
    Module(String),
    /// For every program.
    Any,
}

/// All rules.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    rules: Vec<Rule>,
    programs: HashMap<Box<str>, Buckets>,
    modules: HashMap<Box<str>, Buckets>,
    any: Buckets,
}

/// Rules by the first byte of the message.
#[derive(Clone, Debug)]
struct Buckets([Vec<u16>; 256]);

impl Default for Buckets {
    fn default() -> Buckets {
        Buckets(std::array::from_fn(|_| Vec::new()))
    }
}

impl Index {
    /// Adds a rule to scopes. Beyond 65,536 rules nothing is added.
    pub(super) fn add(&mut self, scopes: &[Scope], rule: Rule) {
        let Ok(id) = u16::try_from(self.rules.len()) else { return };
        for scope in scopes {
            let buckets = match scope {
                Scope::Program(name) => self.programs.entry(name.as_str().into()).or_default(),
                Scope::Module(name) => self.modules.entry(name.as_str().into()).or_default(),
                Scope::Any => &mut self.any,
            };
            buckets.add(&rule.pattern, id);
        }
        self.rules.push(rule);
    }

    /// The rule that fits `text[start..]`, and where its pattern ends; `captures` are filled.
    pub(super) fn find(
        &self,
        program: &str,
        text: &str,
        start: usize,
        captures: &mut Captures,
    ) -> Option<(&Rule, usize)> {
        let first = *text.as_bytes().get(start)?;
        let (from, to) = program_base(program, 0, program.len());
        let base = &program[from..to];
        let whole = if base.len() == program.len() { None } else { self.programs.get(program) };
        let module = program[to..].strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        let scopes = [
            whole,
            self.programs.get(base),
            module.and_then(|module| self.modules.get(module)),
            Some(&self.any),
        ];
        captures.clear();
        for id in scopes.into_iter().flatten().flat_map(|b| &b.0[usize::from(first)]) {
            let rule = &self.rules[usize::from(*id)];
            if let Some(end) = rule.pattern.matches(text, start, captures) {
                return Some((rule, end));
            }
        }
        captures.clear();
        None
    }
}

impl Buckets {
    fn add(&mut self, pattern: &Pattern, id: u16) {
        let address = |b: u8| b.is_ascii_hexdigit() || b == b':' || b == b'[';
        for first in 0..=255u8 {
            let fits = match pattern.lead().as_bytes().first() {
                Some(lead) => *lead == first,
                None => !pattern.leads_with_address() || address(first),
            };
            if fits {
                self.0[usize::from(first)].push(id);
            }
        }
    }
}
