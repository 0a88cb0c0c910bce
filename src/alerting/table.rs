//! Lists of alerts: table, CSV, JSON.

use super::render::{self, Style};
use comfy_table::{ContentArrangement, Table, presets};
use seerflow_model::Alert;
use seerflow_model::text::{neutral, neutral_json, shorten};
use std::io::{self, Write};

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ListFormat {
    /// Columns for people.
    Table,
    /// One JSON document.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// Comma-separated values with a head line.
    Csv,
}

/// Any list: `cells` for people and CSV, `document` for JSON.
pub fn list<T>(
    format: ListFormat,
    head: &[&str],
    rows: &[T],
    cells: impl Fn(&T) -> Vec<String>,
    document: impl Fn(&T) -> serde_json::Value,
) -> String {
    match format {
        ListFormat::Table => columns(head, rows.iter().map(cells)),
        ListFormat::Csv => {
            let head: Vec<String> = head.iter().map(|name| name.to_lowercase()).collect();
            let lines = rows.iter().map(|row| csv_line(&cells(row)));
            std::iter::once(csv_line(&head)).chain(lines).collect()
        }
        ListFormat::Ndjson => {
            let lines: String = rows.iter().map(|row| format!("{}\n", document(row))).collect();
            neutral_json(&lines).into_owned()
        }
        ListFormat::Json => {
            let all = serde_json::Value::from_iter(rows.iter().map(document));
            neutral_json(&format!("{all:#}\n")).into_owned()
        }
    }
}

/// Columns of the CSV form.
pub const CSV_HEAD: [&str; 17] = [
    "alert_id",
    "status",
    "alert_type",
    "rule_name",
    "severity",
    "severity_text",
    "timestamp",
    "last_seen",
    "entity_type",
    "entity_value",
    "source_type",
    "occurrences",
    "event_count",
    "risk_score",
    "probability",
    "mitre_techniques",
    "title",
];

/// Writes a list of alerts.
pub fn write(
    out: &mut dyn Write,
    alerts: &[Alert],
    format: ListFormat,
    style: Style,
) -> io::Result<()> {
    match format {
        ListFormat::Table => out.write_all(table(alerts, style).as_bytes()),
        ListFormat::Json => {
            let text = serde_json::to_string_pretty(alerts)?;
            out.write_all(neutral_json(&text).as_bytes())?;
            out.write_all(b"\n")
        }
        ListFormat::Ndjson => {
            alerts.iter().try_for_each(|alert| out.write_all(render::json_line(alert).as_bytes()))
        }
        ListFormat::Csv => {
            out.write_all(csv_line(&CSV_HEAD.map(str::to_owned)).as_bytes())?;
            alerts
                .iter()
                .try_for_each(|alert| out.write_all(csv_line(&row(alert, style)).as_bytes()))
        }
    }
}

fn table(alerts: &[Alert], style: Style) -> String {
    if alerts.is_empty() {
        return "no alerts\n".into();
    }
    let head = ["TIME", "SEVERITY", "RULE", "ENTITY", "EVENTS", "P", "TITLE"];
    let rows = alerts.iter().map(|alert| {
        vec![
            style.time(alert.timestamp_ns),
            alert.severity.name().to_owned(),
            neutral(&alert.rule_name).into_owned(),
            render::subject(alert).unwrap_or_else(|| "-".into()),
            alert.event_count.to_string(),
            alert.probability.map_or_else(|| "-".into(), render::probability),
            neutral(&shorten(&alert.title, 160)).into_owned(),
        ]
    });
    columns(&head, rows)
}

/// A table without frames, as wide as the terminal; text must be neutral.
pub fn columns(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    // Wrapped cells help on a terminal; a pipe gets one line a row.
    if table.is_tty() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.set_header(head.to_vec());
    for row in rows {
        table.add_row(row);
    }
    let text: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    text.join("\n") + "\n"
}

/// The cells of an alert in CSV.
pub fn row(alert: &Alert, style: Style) -> Vec<String> {
    let number = |number: Option<f64>| number.map(|n| n.to_string()).unwrap_or_default();
    vec![
        alert.alert_id.clone(),
        format!("{:?}", alert.status).to_lowercase(),
        alert.alert_type.clone(),
        alert.rule_name.clone(),
        alert.severity.id().to_string(),
        alert.severity_text.clone(),
        style.time(alert.timestamp_ns),
        style.time(alert.last_seen_ns),
        alert.entity_type.map(|kind| kind.name().to_owned()).unwrap_or_default(),
        alert.entity_value.clone().unwrap_or_default(),
        alert.source_type.clone().unwrap_or_default(),
        alert.occurrences.to_string(),
        alert.event_count.to_string(),
        number(alert.risk_score),
        number(alert.probability),
        alert.mitre_techniques.join(" "),
        alert.title.clone(),
    ]
}

/// One CSV line (RFC 4180). Cells that a spreadsheet would run as a formula get a `'` in front.
pub fn csv_line(cells: &[String]) -> String {
    let cell = |cell: &String| {
        let text = neutral(cell);
        let formula = text.starts_with(['=', '+', '-', '@']) && text.parse::<f64>().is_err();
        let text = if formula { format!("'{text}") } else { text.into_owned() };
        match text.contains([',', '"', '\n', '\r']) {
            true => format!("\"{}\"", text.replace('"', "\"\"")),
            false => text,
        }
    };
    cells.iter().map(cell).collect::<Vec<_>>().join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::super::samples::alert;
    use super::*;

    fn text(alerts: &[Alert], format: ListFormat) -> String {
        let mut out = Vec::new();
        write(&mut out, alerts, format, Style::default()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table_for_people() {
        let table = text(&[alert("a")], ListFormat::Table);
        let lines: Vec<_> = table.lines().collect();
        assert_eq!(lines.len(), 2, "{table}");
        assert!(lines[0].trim_start().starts_with("TIME"), "{table}");
        for part in ["2026-03-24T19:01:00Z", "ERROR", "never-seen-message", "host db", "2e-5"] {
            assert!(lines[1].contains(part), "{part}: {table}");
        }
        assert_eq!(text(&[], ListFormat::Table), "no alerts\n");
    }

    #[test]
    fn json_and_ndjson() {
        let alerts = [alert("a"), alert("b")];
        let list: Vec<Alert> = serde_json::from_str(&text(&alerts, ListFormat::Json)).unwrap();
        assert_eq!(list, alerts);
        assert_eq!(text(&alerts, ListFormat::Ndjson).lines().count(), 2);
        assert_eq!(text(&[], ListFormat::Json).trim(), "[]");
    }

    #[test]
    fn csv_is_quoted_and_runs_nothing() {
        let mut alert = alert("a");
        alert.title = "say \"hi\", you\nthere".into();
        alert.entity_value = Some("=cmd()".into());
        let csv = text(&[alert], ListFormat::Csv);
        let lines: Vec<_> = csv.split("\r\n").collect();
        assert_eq!(lines[0].split(',').count(), CSV_HEAD.len());
        assert!(lines[1].ends_with("\"say \"\"hi\"\", you\\nthere\""), "{csv}");
        assert!(lines[1].contains(",'=cmd(),"), "{csv}");
        assert_eq!(csv_line(&["-1.5".into()]), "-1.5\r\n");
    }
}
