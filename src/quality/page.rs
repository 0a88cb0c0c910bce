//! The report as a page (docs/QUALITY.md) and as tables for a terminal.

use super::Report;
use super::report::Cells;
use crate::alerting::table::columns;
use seerflow_model::text::neutral;
use std::fmt::Write;

/// What each table of the page shows and how it is measured, by its title.
fn about(title: &str) -> (&'static str, &'static str) {
    match title {
        "templates" => ("Templates", include_str!("page/templates.md")),
        "series" => ("Series of numbers", include_str!("page/series.md")),
        "sessions" => ("Sessions", include_str!("page/sessions.md")),
        _ => ("Sites under attack", include_str!("page/incidents.md")),
    }
}

impl Report {
    /// The page.
    pub fn to_markdown(&self) -> String {
        let mut out = include_str!("page/head.md").to_owned();
        let mut add = |text: String| {
            out.push('\n');
            out.push_str(&text);
        };
        add(format!(
            "Measured with version {}: risk level {}, at most {} alerts a day, sessions called anomalous \
             below {}, anomalous share {}.\n",
            self.version,
            self.risk_level,
            self.alerts_per_day,
            self.session_level,
            self.anomalous_share,
        ));
        for table in self.tables() {
            let (name, text) = about(table.title);
            add(format!("## {name}\n"));
            let folder = format!("    seerflow bench quality DIR --part {}\n", table.title);
            add(folder);
            add(markdown(&table));
            add(text.to_owned());
        }
        if !self.missing.is_empty() {
            add("## Not measured\n".to_owned());
            add(self.missing.iter().map(|line| format!("* {line}\n")).collect());
        }
        add(include_str!("page/layout.md").to_owned());
        out
    }

    /// Tables for a terminal.
    pub fn to_table(&self) -> String {
        let mut out = String::new();
        for table in self.tables() {
            // Writing to a string does not fail.
            let _ = writeln!(out, "{}\n", table.title.to_uppercase());
            let rows =
                table.rows.iter().map(|row| row.iter().map(|c| neutral(c).into_owned()).collect());
            let _ = writeln!(out, "{}", columns(&table.head, rows));
        }
        for line in &self.missing {
            let _ = writeln!(out, "not measured: {}", neutral(line));
        }
        out
    }
}

fn markdown(table: &Cells) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut out = line(table.head.iter().map(|name| (*name).to_owned()).collect());
    out += &line(table.head.iter().map(|_| "---".to_owned()).collect());
    for row in &table.rows {
        out += &line(row.iter().map(|cell| neutral(cell).replace('|', "\\|")).collect());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_page_without_any_part_says_so() {
        let mut report = Report::new(&Config::default(), 0.03);
        report.missing.push("series: none".to_owned());
        let page = report.to_markdown();
        assert!(page.starts_with("# Detection quality\n"), "{page}");
        assert!(page.contains("* series: none\n") && !page.contains("| ---"), "{page}");
        assert_eq!(report.to_table(), "not measured: series: none\n");
        assert!(report.to_json().contains("\"series\": null"));
    }

    #[test]
    fn cells_cannot_break_a_table() {
        let table = Cells {
            title: "series",
            head: vec!["a", "b"],
            rows: vec![vec!["x|y\n".into(), "1".into()]],
        };
        assert_eq!(markdown(&table), "| a | b |\n| --- | --- |\n| x\\|y\\n | 1 |\n");
    }
}
