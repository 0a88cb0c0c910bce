//! The end of a process whose cluster is broken: one line and exit code 75, not a panic.
//!
//! timely has no other way to say that a connection broke than to panic in the thread that noticed,
//! and without one process no frontier ever moves again. So the whole process ends here, at once: what
//! it holds is worth nothing without the others. A worker that fails ends its process too, so that the
//! others notice. Cost: nothing until then.

use super::hosts::Host;
use crate::cli::output;
use crate::failure::ExitCode;
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};

/// Names of timely's threads begin so, with the index of the peer or the worker behind it.
const LINKS: [&str; 2] = ["timely:recv-", "timely:send-"];
const WORKER: &str = "timely:work-";

/// Ends this process as soon as a connection breaks or a worker fails.
pub fn halt(hosts: Vec<Host>) {
    let before = std::panic::take_hook();
    let ending = AtomicBool::new(false);
    std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or_default();
        let code = match peer_of(name) {
            Some(peer) => {
                let first = !ending.swap(true, Ordering::AcqRel);
                if first {
                    output::message(&lost(peer, &hosts));
                }
                ExitCode::PeerLost
            }
            None => {
                let consequence = name.starts_with(WORKER) && ending.load(Ordering::Acquire);
                if !consequence {
                    before(info);
                }
                if !name.starts_with(WORKER) {
                    return;
                }
                if consequence { ExitCode::PeerLost } else { ExitCode::Internal }
            }
        };
        std::process::exit(i32::from(code.code()));
    }));
}

/// The peer whose link a thread serves.
fn peer_of(thread: &str) -> Option<usize> {
    LINKS.iter().find_map(|link| thread.strip_prefix(link)?.parse().ok())
}

fn lost(peer: usize, hosts: &[Host]) -> String {
    let name = hosts.get(peer).map_or_else(|| format!("process {peer}"), |host| host.name(peer));
    format!(
        "error: the connection to {name} broke, so the cluster cannot go on\n\
         hint: start all processes again"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_known_by_their_names() {
        assert_eq!(peer_of("timely:recv-1"), Some(1));
        assert_eq!(peer_of("timely:send-12"), Some(12));
        assert_eq!(peer_of("timely:work-1"), None);
        assert_eq!(peer_of("main"), None);
        assert!(lost(7, &[]).contains("process 7"));
    }
}
