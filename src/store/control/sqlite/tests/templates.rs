//! The dictionary of templates.

use super::*;
use seerflow_pipeline::views::TemplateRow;

fn row(id: u64, text: &str, count: u64) -> TemplateRow {
    TemplateRow {
        id,
        text: text.into(),
        source_type: "syslog".into(),
        program: "sshd".into(),
        count,
        first_seen: START + id % 1_000,
        last_seen: START + 10 * count,
        example: format!("example of {text}"),
    }
}

fn batch(run: &str, rows: &[TemplateRow]) -> TemplateBatch {
    TemplateBatch { run: run.into(), rows: rows.to_vec(), aliases: BTreeMap::new() }
}

fn counts(store: &SqliteStore) -> Vec<(u64, u64)> {
    let page = store.templates(&TemplateQuery::default(), &PageRequest::page(1, 100)).unwrap();
    page.items.iter().map(|t| (t.row.id, t.row.count)).collect()
}

#[test]
fn a_count_is_the_sum_over_runs_and_each_run_counts_once() {
    let (_dir, store) = store();
    let big = u64::MAX - 3;
    store.put_templates(&batch("live:1", &[row(1, "a", 5), row(big, "b", 7)]), 1).unwrap();
    store.put_templates(&batch("live:1", &[row(1, "a", 9)]), 2).unwrap();
    store.put_templates(&batch("live:1", &[row(1, "a", 9)]), 3).unwrap();
    assert_eq!(counts(&store), [(1, 9), (big, 7)]);
    store.put_templates(&batch("archive:x", &[row(1, "a", 100)]), 4).unwrap();
    store.put_templates(&batch("archive:x", &[row(1, "a", 100)]), 5).unwrap();
    assert_eq!(counts(&store), [(1, 109), (big, 7)]);
    // A new run of the daemon begins at nought and adds to what was.
    store.put_templates(&batch("live:2", &[row(1, "a", 1)]), 6).unwrap();
    store.put_templates(&batch("live:3", &[row(1, "a", 2), row(big, "b", 1)]), 7).unwrap();
    assert_eq!(counts(&store), [(1, 112), (big, 8)]);
    let runs: i64 = store
        .read("test", |db| {
            db.query_row("SELECT count(DISTINCT run) FROM template_runs", [], |row| row.get(0))
                .doing("test")
        })
        .unwrap();
    assert_eq!(runs, 3, "archive:x, live, live:3");
    assert!(store.put_templates(&batch("", &[]), 8).unwrap_err().is_invalid());
}

#[test]
fn what_is_kept_of_a_template() {
    let (_dir, store) = store();
    store.put_templates(&batch("live:1", &[row(1, "a <*>", 5), row(2, "b", 7)]), 1).unwrap();
    let mut wider = row(1, "a <*> <*>", 6);
    (wider.first_seen, wider.example) = (START - 5, "earlier".into());
    let mut second = batch("live:1", &[wider]);
    second.aliases.insert(2, 1);
    second.aliases.insert(99, 1);
    store.put_templates(&second, 2).unwrap();
    let one = store.template(1).unwrap().unwrap();
    assert_eq!((one.row.text.as_str(), one.row.example.as_str()), ("a <*> <*>", "earlier"));
    assert_eq!((one.row.first_seen, one.row.last_seen), (START - 5, START + 70));
    assert_eq!(one.updated, 2);
    assert_eq!(store.template(2).unwrap().unwrap().row.id, 1);
    assert_eq!(store.template(3).unwrap(), None);
    assert_eq!(store.template_aliases().unwrap(), BTreeMap::from([(2, 1), (99, 1)]));
}

#[test]
fn a_merged_template_gives_its_counts_away_once() {
    let (_dir, store) = store();
    let rows = [row(1, "a", 5), row(2, "b", 7), row(3, "c", 1)];
    store.put_templates(&batch("archive:x", &rows), 1).unwrap();
    store.put_templates(&batch("live:1", &rows), 2).unwrap();
    let mut merged = batch("live:1", &[row(1, "a <*>", 13)]);
    merged.aliases.insert(2, 1);
    for _ in 0..2 {
        store.put_templates(&merged, 3).unwrap();
        // 5 + 7 of the archive, 13 of this run.
        assert_eq!(counts(&store), [(1, 25), (3, 2)]);
    }
    // What stood for another becomes part of a third.
    let mut further = batch("live:1", &[row(3, "c", 14)]);
    further.aliases.extend([(1, 3), (2, 3)]);
    store.put_templates(&further, 4).unwrap();
    assert_eq!(counts(&store), [(3, 5 + 7 + 1 + 14)]);
    assert_eq!(store.template(2).unwrap().unwrap().row.id, 3);
    assert_eq!(store.template(2).unwrap().unwrap().row.first_seen, START + 1);
    // A later run finds it again before it is merged.
    store.put_templates(&batch("live:2", &[row(2, "b", 4)]), 5).unwrap();
    assert_eq!(counts(&store), [(3, 27), (2, 4)]);
    assert_eq!(store.template(2).unwrap().unwrap().row.id, 2);
}

#[test]
fn found_by_text_and_namespace() {
    let (_dir, store) = store();
    let mut other = row(3, "Other 100% done_now", 3);
    other.program = "cron".into();
    let rows = [row(1, "failed password", 5), row(2, "Failed login", 7), other];
    store.put_templates(&batch("live:1", &rows), 1).unwrap();
    let find = |query: TemplateQuery| {
        let page = store.templates(&query, &PageRequest::page(1, 2)).unwrap();
        (page.items.iter().map(|t| t.row.id).collect::<Vec<_>>(), page.total, page.has_next)
    };
    let text = |text: &str| TemplateQuery { text: Some(text.into()), ..TemplateQuery::default() };
    assert_eq!(find(TemplateQuery::default()), (vec![2, 1], 3, true));
    assert_eq!(find(text("FAILED")), (vec![2, 1], 2, false));
    assert_eq!(find(text("100%")), (vec![3], 1, false));
    assert_eq!(find(text("%")), (vec![3], 1, false));
    assert_eq!(find(text("done_n")), (vec![3], 1, false));
    assert_eq!(find(text("doneXn")).1, 0);
    let cron = TemplateQuery { program: Some("cron".into()), ..TemplateQuery::default() };
    assert_eq!(find(cron).0, [3]);
    let many = TemplateQuery { min_count: Some(6), ..TemplateQuery::default() };
    assert_eq!(find(many).0, [2]);
    let web = TemplateQuery { source_type: Some("web".into()), ..TemplateQuery::default() };
    assert_eq!(find(web).1, 0);
}

#[test]
fn pruned_and_reset() {
    let (_dir, store) = store();
    let mut first = batch("live:1", &[row(1, "rare", 1), row(3, "frequent", 9), row(4, "x", 1)]);
    first.aliases.extend([(2, 4), (5, 3)]);
    store.put_templates(&first, 1).unwrap();
    assert_eq!(store.prune_templates(5, "cli", 2).unwrap(), 2);
    assert_eq!(counts(&store), [(3, 9)]);
    assert_eq!(store.template_aliases().unwrap(), BTreeMap::from([(5, 3)]));
    assert_eq!(store.reset_templates("cli", 3).unwrap(), 1);
    assert_eq!(store.template_aliases().unwrap(), BTreeMap::new());
    assert_eq!(counts(&store), []);
    // What the run says next is counted from the beginning of the run.
    store.put_templates(&batch("live:1", &[row(3, "frequent", 11)]), 4).unwrap();
    assert_eq!(counts(&store), [(3, 11)]);
}
