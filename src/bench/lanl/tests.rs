//! The tables as they are written.

use super::*;
use std::collections::{BTreeSet, HashSet};

const SMALL: LanlOptions =
    LanlOptions { seed: 3, days: 1, rows_per_day: 40_000, people: 60, attacks: 12, gzip: false };

fn cells(line: &str) -> Vec<&str> {
    line.split(',').collect()
}

#[test]
fn one_seed_gives_the_same_rows_and_another_one_others() {
    let lines = |seed| {
        let rows = make(&LanlOptions { seed, ..SMALL });
        Table::ALL.map(|table| rows.of(table).join("\n"))
    };
    assert_eq!(lines(3), lines(3));
    assert_ne!(lines(3), lines(4));
}

#[test]
fn tables_have_the_columns_of_the_set_in_the_order_of_time() {
    let rows = make(&SMALL);
    for (table, columns) in Table::ALL.into_iter().zip([9, 5, 9, 3, 5]) {
        let lines = rows.of(table);
        assert!(!lines.is_empty(), "{table:?}");
        let mut before = 1;
        for line in lines {
            let cells = cells(line);
            // The destination user stands twice in `auth`: nine columns.
            assert_eq!(cells.len(), columns, "{line}");
            let time: u64 = cells[0].parse().unwrap();
            assert!(time >= before && time <= 86_400, "{line}");
            before = time;
        }
    }
}

#[test]
fn the_red_team_says_what_it_did_and_where_the_rows_of_it_are() {
    let rows = make(&SMALL);
    let scenarios: BTreeSet<_> = rows.of(Table::Redteam).iter().map(|l| cells(l)[4]).collect();
    assert_eq!(scenarios.len(), 12, "{scenarios:?}");
    let auth: HashSet<_> = rows
        .of(Table::Auth)
        .into_iter()
        .map(cells)
        .map(|c| [c[0], c[1], c[3], c[4]].join(","))
        .collect();
    let flows: HashSet<_> = rows
        .of(Table::Flows)
        .into_iter()
        .map(cells)
        .map(|c| [c[0], c[2], c[4]].join(","))
        .collect();
    for line in rows.of(Table::Redteam) {
        let c = cells(line);
        if c[4].starts_with("outside") {
            assert!(flows.contains(&[c[0], c[2], c[3]].join(",")), "{line}");
        } else {
            assert!(auth.contains(&c[..4].join(",")), "{line}");
        }
    }
}

#[test]
fn a_day_has_the_rows_that_were_asked_for() {
    let options = LanlOptions { days: 2, ..SMALL };
    let folder = tempfile::tempdir().unwrap();
    let written = write(&options, folder.path()).unwrap();
    let benign = written.rows[..4].iter().sum::<u64>() - written.hostile;
    let asked = 2 * options.rows_per_day;
    assert!(benign.abs_diff(asked) * 20 < asked, "{written:?}");
    assert!(written.hostile > 100, "{written:?}");
    let packed = tempfile::tempdir().unwrap();
    let again = write(&LanlOptions { gzip: true, ..options }, packed.path()).unwrap();
    assert_eq!(written, again);
    let size = |folder: &Path, name: &str| folder.join(name).metadata().unwrap().len();
    assert!(size(packed.path(), "auth.txt.gz") * 2 < size(folder.path(), "auth.txt"));
}
