//! The book: what counts, what is left out, and what is said of it.

use super::*;
use std::path::Path;

/// A rule of the bundled ones that others are held against.
const BUNDLED: &str = "rules/sigma/auth/ssh_odd_client.yml";

fn rule(id: &str, more: &str) -> String {
    format!(
        "title: rule {id}\nid: {id}\nlogsource: {{product: linux}}\nauthor: somebody\n\
         detection: {{s: {{a: 1}}, condition: s}}\n{more}"
    )
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn wish(folder: &Path) -> Wish {
    Wish { folders: vec![folder.to_owned()], ..Wish::default() }
}

fn states(book: &Book) -> Vec<String> {
    let state = |entry: &Entry| {
        let (_, state) = book.file_and_state(entry.part).unwrap();
        let (origin, key) = (entry.origin.name(), &entry.key);
        match state {
            State::Ok => format!("{origin} {key}"),
            State::Disabled(why) => format!("{origin} {key} off: {why}"),
            State::Unreachable(why) => format!("{origin} {key} never: {why}"),
        }
    };
    book.entries.iter().map(state).collect()
}

#[test]
fn the_configuration_without_a_word_means_the_bundled_rules() {
    let book = Book::load(&Wish::of(&Config::default()), &Changes::default()).unwrap();
    assert!(book.problems.is_empty() && book.warnings.is_empty(), "{:?}", book.problems);
    assert!(book.entries.iter().all(|entry| entry.origin == Origin::Bundled));
    assert_eq!(book.entries.len(), book.set.rules().len() + book.set.correlations().len());
    let bundled = bundled::load_all(&Options::default()).set;
    assert_eq!(book.entries.len(), bundled.rules().len() + bundled.correlations().len());
    assert!(states(&book).iter().all(|state| !state.contains(':')), "{:?}", states(&book));
    assert!(!book.summary().contains("authors"), "{}", book.summary());
}

#[test]
fn uploads_come_before_files_and_files_before_what_is_bundled() {
    let own = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(BUNDLED)).unwrap();
    let id = own.lines().find_map(|line| line.strip_prefix("id: ")).unwrap();
    let own = rule(id, "level: high\n");
    let folder =
        folder(&[("a.yml", &own), ("b.yml", &rule("two", "")), ("c.yml", &rule("two", ""))]);
    let wish = Wish { bundled: true, ..wish(folder.path()) };
    let book = Book::load(&wish, &Changes::default()).unwrap();
    let entry = book.find(id).unwrap();
    assert_eq!((entry.origin, book.overridden), (Origin::File, 1));
    assert_eq!(book.header(entry.part).unwrap().author.as_deref(), Some("somebody"));
    assert_eq!(book.problems.len(), 1, "{:?}", book.problems);
    assert!(book.problems[0].file.ends_with("c.yml"), "{}", book.problems[0]);
    let summary = book.summary();
    assert!(summary.contains("2 from files; 1 with the id of another are left out"), "{summary}");
    assert!(summary.ends_with("1 problems; authors shown with each match"), "{summary}");

    let uploads = vec![("mine".to_owned(), Arc::from(rule("TWO", "")))];
    let uploads = [uploads, vec![("other".to_owned(), Arc::from(rule("two", "")))]].concat();
    let changed = Book::load(&wish, &Changes { uploads, ..Changes::default() }).unwrap();
    assert_eq!(changed.find("rule two").unwrap().origin, Origin::Upload);
    assert_eq!(changed.overridden, 3, "{:?}", changed.problems);
    assert_ne!(book.set.version(), changed.set.version());
}

#[test]
fn status_level_exclusion_and_switches() {
    let folder = folder(&[
        ("a.yml", &rule("a", "status: test\nlevel: low\n")),
        ("b.yml", &rule("b", "status: experimental\nlevel: high\n")),
        ("c.yml", &rule("c", "status: stable\nlevel: high\n")),
        ("deprecated/d.yml", &rule("d", "")),
        ("e.yml", &rule("e", "status: stable\nlevel: high\n")),
    ]);
    let wish = Wish {
        min_status: Some(Status::Test),
        min_level: Some(Level::Medium),
        exclude: ["**/deprecated/**", "rule c"].map(|text| Exclude::new(text).unwrap()).to_vec(),
        ..wish(folder.path())
    };
    let book = Book::load(&wish, &Changes::default()).unwrap();
    let expected = [
        "file a off: its level low is below medium",
        "file b off: its status experimental is below test",
        "file c off: `sigma.exclude` names it: rule c",
        "file e",
    ];
    assert_eq!(states(&book), expected);
    assert!(book.summary().contains("; 3 take no part; 1 files excluded"), "{}", book.summary());
    let switches = [("a", true), ("b", true), ("c", true), ("e", false), ("gone", true)];
    let switches = switches.map(|(id, on)| (id.to_owned(), on)).into();
    let book = Book::load(&wish, &Changes { switches, ..Changes::default() }).unwrap();
    assert_eq!(states(&book), ["file a", "file b", "file c", "file e off: it is switched off"]);
}

#[test]
fn placeholders_and_pipelines() {
    let expand = "title: x\nid: x\nlogsource: {product: linux}\n\
        detection: {s: {Host|expand: '%domain%'}, condition: s}\n";
    let pipeline = "name: p\ntransformations:\n\
        - {type: field_name_mapping, mapping: {Host: host}}\n";
    let folder = folder(&[("x.yml", expand)]);
    let pipes =
        self::folder(&[("p.yml", pipeline), ("bad.yml", "transformations:\n- {type: y}\n")]);
    let mut wish = wish(folder.path());
    let off = Book::load(&wish, &Changes::default()).unwrap();
    assert_eq!(states(&off), ["file x off: no values are given for the placeholder domain"]);
    wish.placeholders.insert("domain".into(), vec!["corp.example".into()]);
    wish.pipelines = vec![pipes.path().join("p.yml")];
    let on = Book::load(&wish, &Changes::default()).unwrap();
    assert_eq!(states(&on), ["file x"]);
    assert!(on.set.field("host").is_some() && on.set.field("Host").is_none());
    wish.pipelines.push(pipes.path().join("bad.yml"));
    let failure = Book::load(&wish, &Changes::default()).unwrap_err();
    assert!(failure.to_string().contains("bad.yml:2:10: "), "{failure}");
}

#[test]
fn what_is_wrong_with_a_file_leaves_the_others() {
    let folder = folder(&[("a.yml", "a: [1"), ("b.yml", &rule("b", "")), ("c.yml", "\u{0}")]);
    std::fs::write(folder.path().join("d.yml"), b"\xff").unwrap();
    let book = Book::load(&wish(folder.path()), &Changes::default()).unwrap();
    assert_eq!(states(&book), ["file b"]);
    let told: Vec<_> = book.problems.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].ends_with("d.yml: byte 1 is not UTF-8"), "{told:?}");
    assert!(told[1].contains("a.yml:1:"), "{told:?}");
    let missing = Book::load(&wish(Path::new("/no/such/folder")), &Changes::default());
    assert!(missing.unwrap_err().to_string().contains("/no/such/folder"));
}
