//! Clusters: several engines in this process over real sockets, and several real programs.

use super::engine::{self, How};
use super::program::{Said, command};
use seerflow::runtime::batch::{self, Inputs, Outcome};
use seerflow::runtime::rules::Rules;
use seerflow_pipeline::cluster::Cluster;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;

/// One cluster of `processes`, each connected to all others.
pub fn connected(processes: usize) -> Vec<Cluster> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut all: Vec<Cluster> = (0..processes)
        .map(|process| Cluster { process, sockets: (0..processes).map(|_| None).collect() })
        .collect();
    for low in 0..processes {
        for high in low + 1..processes {
            let dialed = TcpStream::connect(address).unwrap();
            let (accepted, _) = listener.accept().unwrap();
            dialed.set_nodelay(true).unwrap();
            accepted.set_nodelay(true).unwrap();
            all[low].sockets[high] = Some(accepted);
            all[high].sockets[low] = Some(dialed);
        }
    }
    all
}

/// Runs the same inputs in `processes` engines of `how.workers` workers each; gives what each said.
pub fn analyze(
    processes: usize,
    how: &How,
    rules: &Arc<Rules>,
    inputs: impl Fn() -> Inputs,
) -> Vec<Outcome> {
    let running: Vec<_> = connected(processes)
        .into_iter()
        .map(|cluster| {
            let mut options = engine::options(how, rules);
            options.cluster = Some(cluster);
            let inputs = inputs();
            std::thread::spawn(move || batch::run(inputs, options, |_, _| {}).unwrap())
        })
        .collect();
    running.into_iter().map(|run| run.join().unwrap()).collect()
}

/// A hostfile with free ports.
pub fn hostfile(folder: &Path, processes: usize) -> PathBuf {
    let free: Vec<TcpListener> =
        (0..processes).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let lines: String =
        free.iter().map(|listener| format!("{}\n", listener.local_addr().unwrap())).collect();
    let path = folder.join("hosts");
    std::fs::write(&path, lines).unwrap();
    path
}

/// Starts process `index` with these arguments.
pub fn process(home: &Path, hosts: &Path, index: usize, args: &[&str]) -> Child {
    command(home)
        .args(args)
        .args(["--process", &index.to_string(), "--hostfile", hosts.to_str().unwrap()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Runs real programs as one cluster to their end. A port may be taken before it is used: then the
/// cluster does not form, and it is tried again with others.
pub fn run(home: &Path, processes: usize, args: impl Fn(usize) -> Vec<String>) -> Vec<Said> {
    for _ in 0..5 {
        let hosts = hostfile(home, processes);
        let children: Vec<Child> = (0..processes)
            .map(|index| {
                let args = args(index);
                let args: Vec<&str> = args.iter().map(String::as_str).collect();
                process(home, &hosts, index, &args)
            })
            .collect();
        // All pipes are read at once, so that none of them fills up and stops its process.
        let waits: Vec<_> = children
            .into_iter()
            .map(|child| std::thread::spawn(move || child.wait_with_output().unwrap()))
            .collect();
        let said: Vec<Said> = waits.into_iter().map(|wait| wait.join().unwrap().into()).collect();
        if said.iter().all(|said| !said.err.contains("cannot listen on")) {
            return said;
        }
    }
    panic!("no free ports in five attempts");
}
