//! Columns of a table that are redacted by their name: what `{field: NAME}` and `token` say of a
//! field holds for the cells of a column of that name, which stand far from it.
//!
//! It is done to a whole record, for a quoted cell may hold line ends, and before the record is
//! redacted as a line, for only then does every cell stand in the column that the header says. The
//! header itself stays. Cost: one pass over the cells of a table that has such a column; nothing
//! else ever comes here.

use super::Redactor;
use super::field::plain;
use super::key::pseudonym_at;
use crate::layout::{Cells, Layout, names};
use seerflow_model::Format;
use seerflow_model::meaning::Table;
use std::sync::Arc;

/// The columns of one table.
#[derive(Clone, Debug)]
pub struct Columns {
    redactor: Arc<Redactor>,
    table: Table,
    w3c: bool,
    /// The rule of each column.
    rules: Vec<Option<usize>>,
    value: Vec<u8>,
    out: Vec<u8>,
}

impl Columns {
    /// Of a layout; `None` when no column is redacted by its name.
    pub fn of(redactor: &Arc<Redactor>, layout: &Layout) -> Option<Columns> {
        let table = layout.table.clone()?;
        let rules: Vec<Option<usize>> =
            table.columns.iter().map(|name| redactor.search.column(name)).collect();
        rules.iter().any(Option::is_some).then(|| Columns {
            redactor: redactor.clone(),
            w3c: layout.format == Some(Format::W3c),
            table,
            rules,
            value: Vec::new(),
            out: Vec::new(),
        })
    }

    /// Replaces the cells of one record.
    pub fn redact(&mut self, record: &mut Vec<u8>) {
        if self.w3c && record.starts_with(b"#") {
            return;
        }
        let Columns { redactor, table, rules, value, out, .. } = self;
        let (mut done, mut found) = (0, 0u64);
        out.clear();
        for (n, cell) in Cells::new(record, table.delimiter).enumerate() {
            let Some(rule) = rules.get(n).copied().flatten() else { continue };
            let raw = &record[cell.start..cell.end];
            let text = raw.trim_ascii();
            if plain(text) || pseudonym_at(text, 0) == Some(text.len()) {
                continue;
            }
            if text == table.columns[n].as_bytes()
                && names(record, table.delimiter) == table.columns
            {
                return;
            }
            value.clear();
            // A doubled quote stands for one: quoted or not, it is the same value.
            let mut doubled = false;
            value.extend(text.iter().filter(|b| {
                doubled = cell.doubled && **b == b'"' && !doubled;
                !doubled
            }));
            out.extend_from_slice(&record[done..cell.start]);
            redactor.key.pseudonym(&redactor.names[rule], value, out);
            done = cell.end;
            found += 1;
            redactor.count_cell(rule, found == 1);
        }
        if found > 0 {
            out.extend_from_slice(&record[done..]);
            std::mem::swap(record, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::Joining;
    use crate::redact::{Counts, Key, Rule};

    fn columns(format: Format, head: &str, counts: &Counts) -> Option<Columns> {
        let field = |field: &str| Rule::Field { field: field.to_owned(), name: "id".to_owned() };
        let rules = [field("ssn"), field("cs-username"), Rule::Token];
        let redactor = Arc::new(Redactor::new(&rules, Key::new(b"k"), Some(counts)));
        let layout = Layout::of(Some(format), "", head.as_bytes(), &[], Joining::Auto).unwrap();
        Columns::of(&redactor, &layout)
    }

    fn of(kind: &str, value: &str) -> String {
        let mut out = Vec::new();
        Key::new(b"k").pseudonym(kind, value.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn cells_of_named_columns_are_replaced() {
        let csv = "Time,SSN,API Key,note,db_password\n";
        let w3c = "#Fields: time cs-username x\n";
        let (id, token) = (|value: &str| of("id", value), |value: &str| of("token", value));
        for (format, head, record, expected) in [
            (
                Format::Csv,
                csv,
                "t,1,2,ssn,3",
                format!("t,{},{},ssn,{}", id("1"), token("2"), token("3")),
            ),
            (Format::Csv, csv, "t,\" 1,\n2 \",\"\",x", format!("t,\"{}\",\"\",x", id("1,\n2"))),
            (Format::Csv, csv, "t,\"a\"\"b\",-,x,null", format!("t,\"{}\",-,x,null", id("a\"b"))),
            (Format::Csv, csv, csv.trim_end(), csv.trim_end().to_owned()),
            (Format::Csv, csv, "t,SSN", format!("t,{}", id("SSN"))),
            (Format::Csv, csv, "t", "t".to_owned()),
            (Format::Tsv, "a\tssn\n", "1\t2 3", format!("1\t{}", id("2 3"))),
            (Format::W3c, w3c, "t bob cs-username", format!("t {} cs-username", id("bob"))),
            (Format::W3c, w3c, "#Fields: bob bob", "#Fields: bob bob".to_owned()),
        ] {
            let mut record = record.as_bytes().to_vec();
            let mut columns = columns(format, head, &Counts::default()).unwrap();
            columns.redact(&mut record);
            assert_eq!(String::from_utf8_lossy(&record), expected);
            columns.redact(&mut record);
            assert_eq!(String::from_utf8_lossy(&record), expected, "twice");
        }
    }

    #[test]
    fn cells_are_counted_and_other_tables_left_alone() {
        let counts = Counts::default();
        let mut table = columns(Format::Csv, "ssn,token\n", &counts).unwrap();
        table.redact(&mut b"1,2".to_vec());
        table.redact(&mut b"-,".to_vec());
        let values: Vec<_> = counts.values().into_iter().collect();
        assert_eq!(values, [("id".to_owned(), 1), ("token".to_owned(), 1)]);
        assert_eq!(counts.lines(), 1);
        assert!(columns(Format::Csv, "time,assn,token_type\n", &counts).is_none());
    }
}
