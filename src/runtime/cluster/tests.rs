//! Forming a cluster over real sockets: all fit, one differs, strangers, nobody comes.

use super::hello::{Hello, LENGTH};
use super::{Formed, Member, hosts::Host};
use crate::failure::{ExitCode, Failure};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const HELLO: Hello = Hello {
    process: 0,
    processes: 0,
    workers: 2,
    build: 1,
    detection: 2,
    sources: 3,
    reading: 4,
    redact: 5,
};

/// Free ports; another program may take one before it is used, which these tests never saw.
fn hosts(count: usize) -> Vec<Host> {
    let free: Vec<TcpListener> =
        (0..count).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let host = |(index, listener): (usize, &TcpListener)| {
        let address = listener.local_addr().unwrap();
        Host { text: address.to_string(), line: index + 1, addresses: vec![address] }
    };
    free.iter().enumerate().map(host).collect()
}

fn member(process: usize, hosts: &[Host], hello: Hello) -> Member {
    let (process_, processes) = (process as u64, hosts.len() as u64);
    Member {
        process,
        hosts: hosts.to_vec(),
        wait: Duration::from_secs(10),
        hello: Hello { process: process_, processes, ..hello },
    }
}

fn start(member: Member) -> JoinHandle<Result<Formed, Failure>> {
    std::thread::spawn(move || member.form())
}

#[test]
fn three_processes_find_each_other_in_any_order() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let hosts = hosts(3);
        let mut starts: Vec<_> = Vec::new();
        for process in order {
            starts.push((process, start(member(process, &hosts, HELLO))));
            std::thread::sleep(Duration::from_millis(30));
        }
        let formed = starts.into_iter().map(|(process, start)| {
            let formed = start.join().unwrap().unwrap();
            assert_eq!((formed.process, formed.processes()), (process, 3));
            for (peer, socket) in formed.sockets.iter().enumerate() {
                assert_eq!(socket.is_some(), peer != process);
            }
            std::thread::spawn(move || {
                let mut formed = formed;
                formed.agree(7, "archives").map(|()| formed)
            })
        });
        let agreed: Vec<_> = formed.collect();
        for agreed in agreed {
            assert_eq!(agreed.join().unwrap().unwrap().processes(), 3);
        }
    }
}

#[test]
fn a_process_that_differs_ends_both_and_says_in_what() {
    let hosts = hosts(2);
    let first = start(member(0, &hosts, HELLO));
    let second = start(member(1, &hosts, Hello { workers: 3, sources: 9, ..HELLO }));
    for (failure, said) in [(first, "2 here, 3 there"), (second, "3 here, 2 there")] {
        let failure = failure.join().unwrap().err().unwrap();
        assert_eq!(failure.exit_code, ExitCode::ClusterNotFormed);
        let text = failure.to_string();
        assert!(text.contains(said) && text.contains("under sources"), "{text}");
    }
}

#[test]
fn what_is_read_must_be_the_same() {
    let hosts = hosts(2);
    let starts: Vec<_> = (0..2).map(|process| start(member(process, &hosts, HELLO))).collect();
    let formed = starts.into_iter().map(|start| start.join().unwrap().unwrap());
    let agree = |(digest, mut formed): (usize, Formed)| {
        std::thread::spawn(move || formed.agree(digest as u64, "archives"))
    };
    let agreed: Vec<_> = formed.enumerate().map(agree).collect();
    for agreed in agreed {
        let failure = agreed.join().unwrap().unwrap_err();
        assert_eq!(failure.exit_code, ExitCode::ClusterNotFormed);
        assert!(failure.to_string().contains("reads other archives"), "{failure}");
    }
}

/// A process that gives up before the run takes the others with it.
#[test]
fn one_that_leaves_is_noticed() {
    let hosts = hosts(2);
    let starts: Vec<_> = (0..2).map(|process| start(member(process, &hosts, HELLO))).collect();
    let mut formed = starts.into_iter().map(|start| start.join().unwrap().unwrap());
    let mut first = formed.next().unwrap();
    drop(formed.next());
    let failure = first.agree(1, "archives").unwrap_err();
    assert!(failure.to_string().contains("process 1"), "{failure}");
    assert_eq!(failure.exit_code, ExitCode::ClusterNotFormed);
}

fn connect(address: SocketAddr) -> TcpStream {
    let begun = Instant::now();
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => return stream,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(5), "{error}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn strangers_cost_nothing() {
    let hosts = hosts(2);
    let address = hosts[0].addresses[0];
    let first = start(member(0, &hosts, HELLO));
    // One that says nothing, one that says too little, garbage, and two that claim a wrong index.
    let silent: Vec<TcpStream> = (0..70).map(|_| connect(address)).collect();
    let mut short = connect(address);
    short.write_all(b"seerflow").unwrap();
    let mut garbage = connect(address);
    garbage.write_all(&[0xff; 4096]).unwrap();
    for index in [0, 2, u64::MAX] {
        let hello = Hello { process: index, processes: 2, ..HELLO };
        let mut wrong = connect(address);
        wrong.write_all(&hello.encode()).unwrap();
        // It is told who this is, and then the connection ends.
        let mut rest = Vec::new();
        wrong.read_to_end(&mut rest).unwrap();
        assert_eq!(rest.len(), LENGTH);
    }
    let begun = Instant::now();
    let second = start(member(1, &hosts, HELLO));
    // Both are kept: the second must not see the first one leave.
    let formed = [first, second].map(|start| start.join().unwrap());
    for formed in &formed {
        assert!(formed.is_ok(), "{}", formed.as_ref().err().unwrap());
    }
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    drop(silent);
}

#[test]
fn nobody_comes() {
    let hosts = hosts(3);
    // Something listens where process 0 should be, and never says anything.
    let _mute = TcpListener::bind(hosts[0].addresses[0]).unwrap();
    let member = Member { wait: Duration::from_millis(700), ..member(1, &hosts, HELLO) };
    let begun = Instant::now();
    let failure = member.form().err().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(failure.exit_code, ExitCode::ClusterNotFormed);
    let text = failure.to_string();
    assert!(text.contains("process 0") && text.contains("process 2"), "{text}");
}
