//! Made-up labelled data, and its layout under two sets of names.

use crate::support::rng::Rng;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

/// How things are called, and in which order columns stand.
pub struct Names {
    pub truth: &'static str,
    pub truth_head: [&'static str; 5],
    pub truth_order: [usize; 5],
    pub series: [&'static str; 2],
    pub windows: &'static str,
    pub series_head: &'static str,
    pub sessions: [&'static str; 2],
    pub members: [&'static str; 3],
    pub site: &'static str,
    pub site_head: [&'static str; 7],
    pub site_order: [usize; 7],
    pub packed: bool,
}

pub const FIRST: Names = Names {
    truth: "texts/alpha/alpha_structured.csv",
    truth_head: ["LineId", "Level", "Content", "EventId", "EventTemplate"],
    truth_order: [0, 1, 2, 3, 4],
    series: ["numbers/data/a/load.csv", "numbers/data/b/load.csv"],
    windows: "numbers/labels/windows.json",
    series_head: "timestamp,value",
    sessions: ["lists/calls_train.jsonl", "lists/calls_test.jsonl"],
    members: ["id", "label", "events"],
    site: "sites/north_alerts.csv",
    site_head: ["time", "name", "ip", "host", "short", "time_label", "event_label"],
    site_order: [0, 1, 2, 3, 4, 5, 6],
    packed: false,
};

pub const SECOND: Names = Names {
    truth: "x/deep/er/some.csv",
    truth_head: ["c1", "c2", "c3", "c4", "c5"],
    truth_order: [4, 2, 0, 3, 1],
    series: ["x/data/a/load.csv", "x/data/b/load.csv"],
    windows: "x/what.txt",
    series_head: "when,how much",
    sessions: ["1/p_b.txt", "1/p_c.txt"],
    members: ["who", "bad", "steps"],
    site: "y.dat",
    site_head: ["p", "q", "r", "s", "t", "u", "v"],
    site_order: [6, 4, 3, 0, 2, 1, 5],
    packed: true,
};

/// Writes all of it.
pub fn write(root: &Path, names: &Names) {
    truth(root, names);
    series(root, names);
    sessions(root, names);
    site(root, names);
    put(root, names, "README.txt", "Not data, only words.\n");
    put(root, names, "other/table.csv", "a,b\n1,2\n3,4\n");
}

/// Compressed, if all is: what is in a file tells, not its name.
fn put(root: &Path, names: &Names, name: &str, text: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    if !names.packed {
        return fs::write(path, text).unwrap();
    }
    let mut out = GzEncoder::new(fs::File::create(path).unwrap(), Compression::fast());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap();
}

/// A table whose columns stand in this order.
fn table<const N: usize>(head: [&str; N], order: [usize; N], rows: &[[String; N]]) -> String {
    let mut text = head.join(",") + "\n";
    for row in rows {
        let cells: Vec<&str> = order.iter().map(|at| row[*at].as_str()).collect();
        text += &(cells.join(",") + "\n");
    }
    text
}

fn truth(root: &Path, names: &Names) {
    let mut rng = Rng::new(1);
    let rows: Vec<[String; 5]> = (0..300)
        .map(|line| {
            let n = rng.below(9_000);
            let (group, message, template) = match rng.below(4) {
                0 => ("E1", format!("opened session {n} for root"), "opened session <*> for root"),
                1 => ("E2", format!("closed session {n}"), "closed session <*>"),
                2 => ("E3", format!("wrote {n} bytes to disk"), "wrote <*> bytes to disk"),
                _ => ("E4", "nothing to do".to_owned(), "nothing to do"),
            };
            [line.to_string(), "INFO".to_owned(), message, group.to_owned(), template.to_owned()]
        })
        .collect();
    let text = table(names.truth_head, names.truth_order, &rows);
    put(root, names, names.truth, &text);
}

/// Five minutes each, from 2024-01-01.
fn moment(row: u64) -> String {
    seerflow_model::time::rfc3339((1_704_067_200 + 300 * row) * 1_000_000_000)
        .replace('T', " ")
        .replace('Z', "")
}

fn series(root: &Path, names: &Names) {
    let mut rng = Rng::new(2);
    for path in names.series {
        let mut text = names.series_head.to_owned() + "\n";
        for row in 0..400 {
            let odd = (300..320).contains(&row);
            let value = rng.unit() * 10.0 + if odd { 500.0 } else { 0.0 };
            writeln!(text, "{},{value:.3}", moment(row)).unwrap();
        }
        put(root, names, path, &text);
    }
    let window = format!("[[\"{}.000000\", \"{}.000000\"]]", moment(290), moment(330));
    let windows =
        format!("{{\"a/load.csv\": {window},\n \"b/load.csv\": {window}, \"c/no.csv\": []}}\n");
    put(root, names, names.windows, &windows);
}

fn sessions(root: &Path, names: &Names) {
    let mut rng = Rng::new(3);
    let [id, label, events] = names.members;
    let mut write = |path: &str, normal: usize, anomalous: usize| {
        let mut text = String::new();
        for n in 0..normal + anomalous {
            let bad = n >= normal;
            let mut steps = vec![5, 5, 9];
            steps.extend((0..rng.below(4)).map(|_| 11));
            steps.push(if bad { 77 } else { 26 });
            let named = format!("\"{id}\": \"call-{n}\", \"{label}\": {}", u8::from(bad));
            writeln!(text, "{{{named}, \"{events}\": {steps:?}}}").unwrap();
        }
        put(root, names, path, &text);
    };
    write(names.sessions[0], 60, 0);
    write(names.sessions[1], 30, 10);
}

/// Three days, a row every two minutes; on the third an attack of two phases. Of what the
/// first-seen rule raises two are right and one is not.
fn site(root: &Path, names: &Names) {
    const BEGIN: u64 = 1_704_067_200;
    let row = |at: u64, host: u64, kind: usize, phase: &str, event: &str| {
        const TEXTS: [&str; 5] = [
            "Login of a user succeeded",
            "Package database was updated",
            "Many ports were probed by one address",
            "Data left the site in small pieces",
            "Disk is nearly full on this host",
        ];
        [
            at.to_string(),
            TEXTS[kind].to_owned(),
            format!("10.1.0.{host}"),
            format!("machine-{host}"),
            format!("K{kind}"),
            phase.to_owned(),
            event.to_owned(),
        ]
    };
    let mut rows = Vec::new();
    for n in 0..3 * 720u64 {
        let at = BEGIN + 120 * n;
        rows.push(row(at, n % 4, (n % 2) as usize, "quiet", "-"));
        if n == 2 * 720 + 10 {
            rows.push(row(at + 60, 1, 4, "quiet", "-"));
        }
        if (2 * 720 + 100..2 * 720 + 120).contains(&n) {
            rows.push(row(at + 60, 2, 2, "probing", if n % 2 == 0 { "probe" } else { "-" }));
        }
        if (2 * 720 + 200..2 * 720 + 205).contains(&n) {
            rows.push(row(at + 60, 3, 3, "stealing", "-"));
        }
    }
    put(root, names, names.site, &table(names.site_head, names.site_order, &rows));
}
