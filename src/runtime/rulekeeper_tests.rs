//! What becomes of changes, without an engine.

use super::*;
use crate::store::control::SqliteStore;
use std::path::Path;

const NOW: u64 = 1_774_378_800_000_000_000;

fn rule(id: &str, field: &str) -> String {
    format!(
        "title: rule {id}\nid: {id}\nlogsource: {{product: linux}}\n\
         detection: {{s: {{{field}}}, condition: s}}\n"
    )
}

fn keeper(folder: &Path) -> RuleKeeper {
    let store = Arc::new(SqliteStore::open(&folder.join("a.db")).unwrap());
    let rules = folder.join("rules");
    std::fs::create_dir_all(&rules).unwrap();
    std::fs::write(rules.join("a.yml"), rule("a", "x: 1")).unwrap();
    let wish = Wish { folders: vec![rules], ..Wish::default() };
    RuleKeeper::open(wish, None, Some(store)).unwrap()
}

fn keys(keeper: &RuleKeeper) -> Vec<String> {
    keeper.book().entries.iter().map(|entry| entry.key.clone()).collect()
}

#[test]
fn what_people_change_is_stored_before_it_is_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let keeper = keeper(folder.path());
    let upload = |id: &str, text: String| {
        keeper.change(
            None,
            |changes| changes.uploads.push((id.to_owned(), text.clone().into())),
            |store| store.put_upload(id, &text, "tests", NOW).map(drop),
        )
    };
    upload("b", rule("b", "y: 1")).unwrap();
    assert_eq!(keys(&keeper), ["b", "a"]);
    let Refused::Problems(problems) = upload("c", rule("c", "y|x: 1")).unwrap_err() else {
        panic!()
    };
    assert_eq!((problems.len(), &*problems[0].file), (1, "uploads/c"));
    assert_eq!(keys(&keeper), ["b", "a"]);
    let again = stored(keeper.store.as_ref()).unwrap();
    assert_eq!(again.uploads.len(), 1, "what was refused is not stored");

    let off = keeper.change(
        None,
        |changes| {
            changes.switches.insert("a".into(), false);
        },
        |store| store.set_rule("a", false, "tests", NOW).map(drop),
    );
    let off = off.unwrap();
    let (_, state) = off.file_and_state(off.find("a").unwrap().part).unwrap();
    assert!(matches!(state, seerflow_sigma::State::Disabled(_)), "{state:?}");
    let again = RuleKeeper::open(lock(&keeper.wish).clone(), None, keeper.store.clone()).unwrap();
    assert_eq!(again.book().set.version(), off.set.version(), "the next start has the same rules");
    assert!(keeper.settled(Duration::ZERO), "nobody puts them in force");
}

#[test]
fn a_file_that_broke_leaves_the_old_rules_and_one_that_is_mended_counts() {
    let folder = tempfile::tempdir().unwrap();
    let keeper = keeper(folder.path());
    let file = folder.path().join("rules/a.yml");
    assert_eq!(keeper.reread_all(false).map(|book| book.is_none()), Ok(true), "nothing changed");
    std::fs::write(&file, "title: [").unwrap();
    let version = keeper.book().set.version();
    assert!(matches!(keeper.reread_all(false), Err(Refused::Problems(_))));
    assert_eq!(keeper.reread_all(false).map(|book| book.is_none()), Ok(true), "said once");
    assert_eq!(keeper.book().set.version(), version);
    std::fs::write(&file, rule("a", "x: 22")).unwrap();
    std::fs::write(folder.path().join("rules/b.yml"), rule("b", "x: 2")).unwrap();
    assert!(keeper.reread_all(false).unwrap().is_some());
    assert_eq!(keys(&keeper), ["a", "b"]);
    std::fs::remove_dir_all(folder.path().join("rules")).unwrap();
    assert!(matches!(keeper.reread_all(false), Err(Refused::Failed(_))));
    assert_eq!(keeper.reread_all(false).map(|book| book.is_none()), Ok(true));
    assert_eq!(keys(&keeper), ["a", "b"]);
}

#[test]
fn what_was_wrong_before_does_not_hold_up_what_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules");
    std::fs::create_dir_all(&rules).unwrap();
    std::fs::write(rules.join("bad.yml"), "title: [").unwrap();
    let keeper = keeper(folder.path());
    assert_eq!(keeper.book().problems.len(), 1);
    std::fs::write(rules.join("b.yml"), rule("b", "x: 2")).unwrap();
    assert!(keeper.reread_all(true).unwrap().is_some());
    assert_eq!(keys(&keeper), ["a", "b"]);
}
