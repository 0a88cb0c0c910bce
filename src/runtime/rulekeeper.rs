//! Which rules are in force while the program runs, and how that changes: people switch and upload
//! rules, files change, somebody sends SIGHUP.
//!
//! Every change makes a whole new book first. Only a book without new problems takes the place of
//! the old one: what was wrong at the start stays as it was, but a rule that broke meanwhile is
//! said and the old rules go on. What people change is stored before it is in force.
//!
//! The book is in force for the API at once; a thread puts its set in force in the engine, which
//! may take as long as reading the stored events does ([`RuleChanger`]). Of several changes that
//! wait there only the last counts, with the longest time that any of them looks back over. The same thread looks every [`POLL`] whether a file has changed,
//! by name, size and time: a walk of the folders, no reading.

use super::rulechange::{Changed, RuleChanger};
use crate::cli::output;
use crate::failure::Failure;
use crate::sigma::book::{Book, Changes, Wish};
use crate::store::control::StateStore;
use seerflow_model::time::{Ns, SECOND};
use seerflow_sigma::Problem;
use std::collections::BTreeSet;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often it looks whether a file has changed.
pub const POLL: Duration = Duration::from_secs(3);
const HOUR: Ns = 3_600 * SECOND;
/// Problems that are said of one book.
const SAID_MAX: usize = 20;

/// Reads the configuration again; what it asks for now.
pub type Reread = Box<dyn Fn() -> Result<Wish, Failure> + Send + Sync>;

/// What the thread is told.
enum Told {
    /// The book is another one.
    Book,
    /// The configuration and all files are to be read again.
    Reload,
    /// The program ends.
    End,
}

/// Where putting rules in force stands.
#[derive(Default)]
struct Progress {
    /// Changes that were made, and those that the engine has.
    made: u64,
    done: u64,
    /// Hours of stored events that those between are put to.
    hours: u64,
    /// Whether a thread puts them in force.
    runs: bool,
}

/// See the module head.
pub struct RuleKeeper {
    wish: Mutex<Wish>,
    reread: Option<Reread>,
    store: Option<Arc<dyn StateStore>>,
    book: Mutex<Arc<Book>>,
    /// The stamp of the folders that was refused last, so that it is said once.
    refused: Mutex<Option<u64>>,
    progress: Mutex<Progress>,
    moved: Condvar,
    sender: Mutex<Option<Sender<Told>>>,
    /// Whether nothing may change.
    fixed: bool,
}

/// The thread that puts rules in force.
pub struct Keeping {
    keeper: Arc<RuleKeeper>,
    thread: JoinHandle<()>,
}

/// Why a change was not made.
#[derive(Clone, Debug, PartialEq)]
pub enum Refused {
    /// Rules would be wrong that are not now.
    Problems(Vec<Problem>),
    /// What was asked cannot be stored: it is no id, too long, or too much.
    Invalid(String),
    /// The rules could not be read at all, or the store failed.
    Failed(String),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What people have changed, as it is stored.
pub fn stored(store: Option<&Arc<dyn StateStore>>) -> Result<Changes, Failure> {
    let Some(store) = store else { return Ok(Changes::default()) };
    Ok(Changes::of(store.rules()?, store.uploads()?))
}

impl RuleKeeper {
    /// Reads all rules. What is wrong with single ones is in the book.
    pub fn open(
        wish: Wish,
        reread: Option<Reread>,
        store: Option<Arc<dyn StateStore>>,
    ) -> Result<RuleKeeper, Failure> {
        let book = Book::load(&wish, &stored(store.as_ref())?)?;
        Ok(RuleKeeper {
            wish: Mutex::new(wish),
            reread,
            store,
            book: Mutex::new(Arc::new(book)),
            refused: Mutex::default(),
            progress: Mutex::default(),
            moved: Condvar::new(),
            sender: Mutex::default(),
            fixed: false,
        })
    }

    /// The same rules for as long as the program runs: those of a cluster, whose processes must
    /// have the same.
    #[must_use]
    pub fn fixed(self) -> RuleKeeper {
        RuleKeeper { fixed: true, ..self }
    }

    /// The rules in force.
    pub fn book(&self) -> Arc<Book> {
        lock(&self.book).clone()
    }

    /// Begins to put changes in force.
    pub fn start(self: &Arc<Self>, changer: RuleChanger) -> std::io::Result<Keeping> {
        let (send, receive) = channel();
        *lock(&self.sender) = Some(send);
        lock(&self.progress).runs = true;
        let keeper = self.clone();
        let work = move || loop {
            match receive.recv_timeout(POLL) {
                Ok(Told::Book) => keeper.apply(&changer),
                Ok(Told::Reload) => keeper.reload(true),
                Err(RecvTimeoutError::Timeout) => keeper.reload(false),
                Ok(Told::End) | Err(RecvTimeoutError::Disconnected) => return,
            }
        };
        let thread = std::thread::Builder::new().name("rules".into()).spawn(work)?;
        Ok(Keeping { keeper: self.clone(), thread })
    }

    fn tell(&self, told: Told) {
        if let Some(sender) = lock(&self.sender).as_ref() {
            // The thread ends only when the program does.
            let _ = sender.send(told);
        }
    }

    /// Reads configuration and files again, soon.
    pub fn ask_reload(&self) {
        if self.fixed {
            output::message("rules of a cluster change when all its processes are started anew");
        }
        self.tell(Told::Reload);
    }

    /// Makes a change of what is stored: `change` says what it would be, `keep` stores it. Nothing
    /// is stored when the rules would be worse for it. `hours`: over how much of what is stored rules
    /// are run that are new by it, if not over as much as usual.
    pub fn change(
        &self,
        hours: Option<u64>,
        change: impl FnOnce(&mut Changes),
        keep: impl FnOnce(&dyn StateStore) -> crate::store::control::Result<()>,
    ) -> Result<Arc<Book>, Refused> {
        if self.fixed {
            let text = "rules of a cluster change when all its processes are started anew";
            return Err(Refused::Invalid(text.into()));
        }
        // Whoever has it makes the only change there is.
        let wish = lock(&self.wish);
        let none = || Refused::Failed("there is no state store".into());
        let store = self.store.as_ref().ok_or_else(none)?;
        let book = self.with(&wish, change)?;
        keep(store.as_ref()).map_err(|error| match error.is_invalid() {
            true => Refused::Invalid(error.to_string()),
            false => Refused::Failed(error.to_string()),
        })?;
        Ok(self.put(book, hours.unwrap_or(wish.retro_hours)))
    }

    /// The book that a change would make.
    pub fn tried(&self, change: impl FnOnce(&mut Changes)) -> Result<Book, Refused> {
        let wish = lock(&self.wish).clone();
        self.with(&wish, change)
    }

    fn with(&self, wish: &Wish, change: impl FnOnce(&mut Changes)) -> Result<Book, Refused> {
        let failed = |failure: Failure| Refused::Failed(failure.to_string());
        let mut changes = stored(self.store.as_ref()).map_err(failed)?;
        change(&mut changes);
        let book = Book::load(wish, &changes).map_err(failed)?;
        let worse = worse(&self.book(), &book);
        if worse.is_empty() { Ok(book) } else { Err(Refused::Problems(worse)) }
    }

    fn put(&self, book: Book, hours: u64) -> Arc<Book> {
        let book = Arc::new(book);
        *lock(&self.book) = book.clone();
        let mut progress = lock(&self.progress);
        progress.made += 1;
        progress.hours = progress.hours.max(hours);
        drop(progress);
        self.tell(Told::Book);
        book
    }

    /// Waits until the engine has all changes that were made so far; says whether it has.
    pub fn settled(&self, patience: Duration) -> bool {
        let progress = lock(&self.progress);
        let made = progress.made;
        let waits = |progress: &mut Progress| progress.runs && progress.done < made;
        let waited = self.moved.wait_timeout_while(progress, patience, waits);
        let (progress, _) = waited.unwrap_or_else(PoisonError::into_inner);
        progress.done >= made || !progress.runs
    }

    /// Puts the book in force in the engine.
    fn apply(&self, changer: &RuleChanger) {
        let mut progress = lock(&self.progress);
        let made = progress.made;
        if progress.done >= made {
            return;
        }
        let look_back = std::mem::take(&mut progress.hours) * HOUR;
        drop(progress);
        let Changed { version, rules, events, alerts, problem } =
            changer.change(self.book().set.clone(), look_back);
        lock(&self.progress).done = made;
        self.moved.notify_all();
        let past = match events {
            0 => String::new(),
            n => format!(", {n} stored events were put to them: {alerts} alerts"),
        };
        output::message(&format!("rules: version {version}; {rules} are new or changed{past}"));
        if let Some(problem) = problem {
            output::message(&format!("warning: rules and what is stored: {problem}"));
        }
    }

    /// Reads what is to be read again; `all`: the configuration, too, and whatever its files.
    fn reload(&self, all: bool) {
        match self.reread_all(all) {
            Ok(Some(book)) => output::message(&format!("rules: {}", book.summary())),
            Ok(None) => {}
            Err(refused) => {
                output::message(
                    "warning: the rules have changed and are wrong; the old ones go on",
                );
                let told = match refused {
                    Refused::Problems(problems) => said(&problems),
                    Refused::Invalid(text) | Refused::Failed(text) => vec![text],
                };
                told.iter().for_each(|line| output::message(line));
            }
        }
    }

    fn reread_all(&self, all: bool) -> Result<Option<Arc<Book>>, Refused> {
        let failed = |failure: Failure| Refused::Failed(failure.to_string());
        let mut wish = lock(&self.wish);
        let mut wanted = wish.clone();
        if all && let Some(reread) = &self.reread {
            wanted = reread().map_err(failed)?;
        }
        if !all && wanted.folders.is_empty() {
            return Ok(None);
        }
        let before = self.book();
        let stamp = match wanted.walk() {
            Ok(walk) => walk.stamp(),
            // A folder that is gone is said once.
            Err(_) if !all && lock(&self.refused).replace(0) == Some(0) => return Ok(None),
            Err(failure) => return Err(failed(failure)),
        };
        let known = stamp == before.stamp || *lock(&self.refused) == Some(stamp);
        if !all && known {
            if stamp == before.stamp {
                *lock(&self.refused) = None;
            }
            return Ok(None);
        }
        let changes = stored(self.store.as_ref()).map_err(failed)?;
        let book = Book::load(&wanted, &changes).map_err(failed)?;
        let worse = worse(&before, &book);
        if !worse.is_empty() {
            *lock(&self.refused) = Some(book.stamp);
            return Err(Refused::Problems(worse));
        }
        *lock(&self.refused) = None;
        let hours = wanted.retro_hours;
        *wish = wanted;
        Ok(Some(self.put(book, hours)))
    }
}

/// Problems that a book has and the one before it has not.
fn worse(before: &Book, after: &Book) -> Vec<Problem> {
    let text = |problem: &Problem| {
        (problem.file.clone(), problem.rule.clone(), problem.fault.message.clone())
    };
    let known: BTreeSet<_> = before.problems.iter().map(text).collect();
    after.problems.iter().filter(|problem| !known.contains(&text(problem))).cloned().collect()
}

/// Problems as they are said: the first of them, and how many there are.
fn said(problems: &[Problem]) -> Vec<String> {
    let mut said: Vec<String> =
        problems.iter().take(SAID_MAX).map(|problem| format!("warning: {problem}")).collect();
    if problems.len() > SAID_MAX {
        let more = problems.len() - SAID_MAX;
        said.push(format!("warning: {more} more; `seerflow rules check` says all"));
    }
    said
}

impl Keeping {
    /// Ends the thread; a change that is being made is waited for.
    pub fn finish(self) {
        lock(&self.keeper.progress).runs = false;
        self.keeper.moved.notify_all();
        self.keeper.tell(Told::End);
        // A panic was reported by its hook.
        let _ = self.thread.join();
    }
}

#[cfg(test)]
#[path = "rulekeeper_tests.rs"]
mod tests;
