//! Finding the rule of a message: by program, then by the leading words.
//!
//! Order: rules of the program, of the module in `program(module)`, of any program; in each first
//! where the message begins, then behind each prefix that its start fits. Within one of these the
//! order of the files counts, and the first pattern that fits wins.
//!
//! Cost: a hash of the program's name and one comparison of eight bytes for each pattern that
//! begins with the same byte; only patterns that pass it, or begin with a hole, are tried. A prefix
//! is matched once, whatever the number of rules behind it.

use super::file::HostRole;
use super::hole::Captures;
use super::pattern::Pattern;
use super::table::Table;
use super::value::{ValueType, program_base};
use hashbrown::HashMap;
use seerflow_model::{Activity, Outcome, Role};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Keys of pairs that a rule reads after its pattern.
pub(super) type Keys = Arc<[(Box<str>, (Role, ValueType))]>;

/// A compiled rule: one pattern with what it says.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) pattern: Pattern,
    pub(super) activity: Activity,
    pub(super) outcome: Outcome,
    pub(super) host: HostRole,
    pub(super) keys: Keys,
    /// Where it stands, for people who ask which rule fitted.
    pub(super) origin: Origin,
}

/// Where a pattern was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Name of the file.
    pub file: Arc<str>,
    /// Line in it, from 1.
    pub line: u64,
    /// The pattern itself.
    pub pattern: Arc<str>,
}

/// The rules of one file and where they apply.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) programs: Vec<String>,
    pub(super) modules: Vec<String>,
    pub(super) prefixes: Vec<Pattern>,
    pub(super) anywhere: Vec<Pattern>,
    pub(super) rules: Vec<Rule>,
}

/// All rules, ready to be asked.
#[derive(Debug)]
pub(super) struct Index {
    rules: Vec<Rule>,
    tables: Vec<Table>,
    programs: HashMap<Box<str>, Scope>,
    modules: HashMap<Box<str>, Scope>,
    any: Scope,
}

/// What may stand before a rule's pattern, and the table of the rules behind it.
type Prefixes = Vec<(Pattern, usize)>;

/// Where a program's rules stand.
#[derive(Debug, Default)]
struct Scope {
    table: Option<usize>,
    prefixes: Prefixes,
    /// The prefixes by what they begin with.
    begins: Option<Table>,
}

impl Index {
    /// From the blocks of all files, the most important first. The error is the block with which
    /// there are more than 65,536 patterns.
    pub(super) fn new(blocks: Vec<Block>) -> Result<Index, usize> {
        let mut builder = Builder::default();
        for (number, block) in blocks.into_iter().enumerate() {
            builder.add(number, block).ok_or(number)?;
        }
        Ok(builder.finish())
    }

    /// The rule that fits `text[start..]`, and where its pattern ends; `captures` are filled.
    pub(super) fn find(
        &self,
        program: &str,
        text: &str,
        start: usize,
        captures: &mut Captures,
    ) -> Option<(&Rule, usize)> {
        captures.clear();
        if start >= text.len() {
            return None;
        }
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
        scopes.into_iter().flatten().find_map(|scope| self.find_in(scope, text, start, captures))
    }

    fn find_in(
        &self,
        scope: &Scope,
        text: &str,
        start: usize,
        captures: &mut Captures,
    ) -> Option<(&Rule, usize)> {
        let direct = scope.table.and_then(|t| self.look(t, text, start, captures));
        direct.or_else(|| {
            scope.begins.as_ref()?.candidates(&text.as_bytes()[start..]).find_map(|id| {
                let (prefix, table) = &scope.prefixes[usize::from(id)];
                let at = prefix.matches(text, start, captures)?;
                let found = self.look(*table, text, at, captures);
                if found.is_none() {
                    captures.clear();
                }
                found
            })
        })
    }

    fn look(
        &self,
        table: usize,
        text: &str,
        at: usize,
        captures: &mut Captures,
    ) -> Option<(&Rule, usize)> {
        self.tables[table].candidates(&text.as_bytes()[at..]).find_map(|id| {
            let rule = &self.rules[usize::from(id)];
            rule.pattern.matches(text, at, captures).map(|end| (rule, end))
        })
    }
}

/// Collects blocks; the same blocks make one table, whatever the number of programs they serve.
#[derive(Default)]
struct Builder {
    rules: Vec<Rule>,
    /// For each block the ids of its rules.
    ids: Vec<std::ops::Range<usize>>,
    tables: Vec<Table>,
    made: BTreeMap<Vec<usize>, usize>,
    programs: BTreeMap<String, (Vec<usize>, Prefixes)>,
    modules: BTreeMap<String, Vec<usize>>,
    any: Prefixes,
}

impl Builder {
    fn add(&mut self, number: usize, block: Block) -> Option<()> {
        let first = self.rules.len();
        self.rules.extend(block.rules);
        if self.rules.len() > usize::from(u16::MAX) + 1 {
            return None;
        }
        self.ids.push(first..self.rules.len());
        if first == self.rules.len() {
            return Some(());
        }
        let alone = self.table(vec![number]);
        let behind =
            |prefixes: Vec<Pattern>| prefixes.into_iter().map(move |prefix| (prefix, alone));
        for name in block.programs {
            let (blocks, prefixes) = self.programs.entry(name).or_default();
            blocks.push(number);
            prefixes.extend(behind(block.prefixes.clone()));
        }
        for name in block.modules {
            self.modules.entry(name).or_default().push(number);
        }
        self.any.extend(behind(block.anywhere));
        let full = |prefixes: &Vec<_>| prefixes.len() > usize::from(u16::MAX);
        let over = full(&self.any) || self.programs.values().any(|(_, prefixes)| full(prefixes));
        (!over).then_some(())
    }

    fn table(&mut self, blocks: Vec<usize>) -> usize {
        if let Some(made) = self.made.get(&blocks) {
            return *made;
        }
        let ids = blocks.iter().flat_map(|block| self.ids[*block].clone());
        // `add` has checked that every id is below 65,536.
        let pattern = |id: usize| (u16::try_from(id).unwrap_or(u16::MAX), &self.rules[id].pattern);
        self.tables.push(Table::new(ids.map(pattern)));
        self.made.insert(blocks, self.tables.len() - 1);
        self.tables.len() - 1
    }

    fn finish(mut self) -> Index {
        let mut programs = HashMap::new();
        for (name, (blocks, prefixes)) in std::mem::take(&mut self.programs) {
            let table = self.table(blocks);
            programs.insert(name.into(), Scope::new(Some(table), prefixes));
        }
        let mut modules = HashMap::new();
        for (name, blocks) in std::mem::take(&mut self.modules) {
            let table = self.table(blocks);
            modules.insert(name.into(), Scope::new(Some(table), Vec::new()));
        }
        let any = Scope::new(None, self.any);
        Index { rules: self.rules, tables: self.tables, programs, modules, any }
    }
}

impl Scope {
    fn new(table: Option<usize>, prefixes: Prefixes) -> Scope {
        let begins = Table::new((0..).zip(prefixes.iter().map(|(prefix, _)| prefix)));
        let begins = (!prefixes.is_empty()).then_some(begins);
        Scope { table, prefixes, begins }
    }
}
