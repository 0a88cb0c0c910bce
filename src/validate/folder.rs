//! Which files of a folder hold which table, and their texts.
//!
//! A table is `auth.txt` or `auth.csv`, plain or compressed (`.gz`, and whatever else archives may
//! be compressed by; it is told by what is inside). The red team's and one other table must be
//! there. Of two files of one table neither is right, so that is an error.

use super::table::{Rows, Table};
use crate::failure::{ExitCode, Failure};
use crate::runtime::archive::open_text;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// Endings of tables, and what may come behind them.
const ENDINGS: [&str; 2] = ["txt", "csv"];
const PACKED: [&str; 5] = ["", ".gz", ".zst", ".bz2", ".xz"];
/// Bytes read at a time.
const BUFFER: usize = 64 << 10;

/// The tables that are there, with their files.
pub fn find(folder: &Path) -> Result<Vec<(Table, PathBuf)>, Failure> {
    if !folder.is_dir() {
        return Err(Failure::usage(format!("{} is no folder", folder.display()))
            .hint("give a folder with auth, proc, flows, dns and redteam tables"));
    }
    let mut found = Vec::new();
    for table in Table::ALL {
        let files: Vec<PathBuf> = ENDINGS
            .iter()
            .flat_map(|end| {
                PACKED.iter().map(move |packed| format!("{}.{end}{packed}", table.name()))
            })
            .map(|name| folder.join(name))
            .filter(|path| path.is_file())
            .collect();
        match &files[..] {
            [] => {}
            [file] => found.push((table, file.clone())),
            [one, other, ..] => {
                return Err(Failure::usage(format!("two files of the table {}", table.name()))
                    .detail(one.display().to_string())
                    .detail(other.display().to_string())
                    .hint("leave one of them"));
            }
        }
    }
    let missing = |what: &str| {
        Failure::usage(format!("{}: {what}", folder.display()))
            .hint("tables are files such as auth.txt, auth.csv or auth.txt.gz")
    };
    if !found.iter().any(|(table, _)| *table == Table::Redteam) {
        return Err(missing("no table redteam, so there is nothing to hold alerts against"));
    }
    if found.len() == 1 {
        return Err(missing("none of the tables auth, proc, flows and dns"));
    }
    Ok(found)
}

/// The rows of a file.
pub fn open(table: Table, path: &Path) -> Result<Rows, Failure> {
    let text = open_text(path)
        .map_err(|problem| Failure::new(ExitCode::CannotRun, problem.to_string()))?;
    Ok(Rows::new(table, Box::new(BufReader::with_capacity(BUFFER, text.text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_found_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str| std::fs::write(folder.path().join(name), "1,a,b,c\n").unwrap();
        let told = || find(folder.path()).unwrap_err().to_string();
        assert!(find(Path::new("/no/such/folder")).is_err());
        put("auth.log");
        assert!(told().contains("redteam"), "{}", told());
        put("redteam.csv");
        assert!(told().contains("none of the tables"), "{}", told());
        put("auth.txt.gz");
        put("flows.csv");
        let found = find(folder.path()).unwrap();
        let names: Vec<_> = found.iter().map(|(table, _)| table.name()).collect();
        assert_eq!(names, ["auth", "flows", "redteam"]);
        put("flows.txt");
        assert!(told().contains("two files of the table flows"), "{}", told());
    }
}
