//! What machines do by themselves: accounts of computers and services, timed jobs, monitoring,
//! updates, backups, copies to another site, and the house's own scanner.

use super::chance::Chance;
use super::people::client_port;
use super::rows::{ANSWER, Flow, How, Rows, TGS, TGT, TICKET};
use super::world::{Computer, Service, World};

const HOUR: f64 = 3_600.0;

/// A day of all machines.
pub(super) fn day(world: &World, start: f64, chance: &mut Chance, rows: &mut Rows) {
    for computer in world.desks().iter().chain(&world.servers) {
        own_account(world, *computer, start, chance, rows);
        reports(world, *computer, start, chance, rows);
    }
    for (at, service) in world.services.iter().enumerate() {
        run(world, service, at, start, chance, rows);
    }
    monitor(world, start, chance, rows);
    backups(world, start, chance, rows);
    scan(world, start, chance, rows);
}

/// The computer's own account renews its tickets.
fn own_account(
    world: &World,
    computer: Computer,
    start: f64,
    chance: &mut Chance,
    rows: &mut Rows,
) {
    let (account, every) = (computer.account(), chance.between(1.0, 4.0) * HOUR);
    let mut now = start + every * chance.unit();
    while now < start + super::DAY {
        let controller = *chance.pick(&world.controllers);
        rows.auth(now, &account, computer, controller, TGT, true);
        rows.auth(now, &account, computer, controller, TICKET, true);
        rows.auth(now + 1.0, &account, controller, controller, TICKET.step("LogOff"), true);
        now += every * chance.between(0.9, 1.1);
    }
}

/// Timed jobs: signs of life to the monitor, questions for updates and, of a few, one partner that
/// only they have, asked like clockwork.
fn reports(world: &World, computer: Computer, start: f64, chance: &mut Chance, rows: &mut Rows) {
    // How often, and how exactly, is the machine's own: the same every day.
    let mut own =
        Chance::new(computer.to_string().bytes().fold(7, |h, b| h * 31 + u64::from(b)), 3);
    let server = world.servers.contains(&computer);
    let mut jobs = vec![(world.updates, own.between(1.0, 6.0) * HOUR, 0.2, 2e3, 8_530)];
    if server {
        jobs.push((world.monitor, *own.pick(&[60.0, 120.0, 300.0, 600.0]), 0.02, 4e3, 10_051));
        if own.happens(0.12) {
            let partner = world.stranger(10_000 + own.whole(0, 400));
            jobs.push((partner, *own.pick(&[300.0, 600.0, 900.0, 1_800.0]), 0.03, 3e3, 443));
        }
    }
    for (to, every, jitter, bytes, port) in jobs {
        let mut now = start + every * chance.unit();
        while now < start + super::DAY {
            let flow = Flow {
                seconds: chance.magnitude(0.2, 4.0),
                port,
                udp: false,
                bytes: bytes * chance.between(0.8, 1.3),
            };
            rows.flow(now, computer, client_port(chance), to, flow);
            now += every * chance.between(1.0 - jitter, 1.0 + jitter);
        }
    }
    // A job of the system at full hours.
    if server {
        let (program, user) = (own.whole(300, 600), format!("SYSTEM@{computer}"));
        for hour in 0..24 {
            let now = start + f64::from(hour) * HOUR + own.between(0.0, 60.0);
            rows.process(now + chance.between(0.0, 3.0), &user, computer, program, 20.0);
        }
    }
}

/// A program logs on where it works, over and over; one in fifteen has a password that has
/// expired, which nobody has noticed.
fn run(
    world: &World,
    service: &Service,
    number: usize,
    start: f64,
    chance: &mut Chance,
    rows: &mut Rows,
) {
    let (account, from) = (service.account.as_str(), service.runs_on);
    let stale = number % 15 == 4;
    let mut now = start + service.every * chance.unit();
    while now < start + super::DAY {
        rows.auth(now, account, from, from, How::new("Negotiate", "Batch"), true);
        for to in &service.goes_to {
            let at = now + chance.between(0.0, 20.0);
            if stale && Some(to) == service.goes_to.first() {
                rows.auth(at, account, from, *to, ANSWER, false);
                continue;
            }
            rows.auth(at, account, from, *chance.pick(&world.controllers), TGS, true);
            rows.auth(at, account, from, *to, TICKET, true);
            let bytes = chance.magnitude(1e3, 2e6);
            let flow = Flow { seconds: bytes / 1e6, port: 445, udp: false, bytes };
            rows.flow(at, from, client_port(chance), *to, flow);
            rows.auth(at + 2.0, account, *to, *to, TICKET.step("LogOff"), true);
        }
        rows.process(now, account, from, 700 + number as u64, service.every.min(30.0));
        now += service.every * chance.between(0.93, 1.07);
    }
}

/// Asks every server how it is, at a few ports, and logs on to each once an hour.
fn monitor(world: &World, start: f64, chance: &mut Chance, rows: &mut Rows) {
    let account = world.monitor.account();
    let (rounds, ports) = (96, [443, 22, 3_389, 445, 161]);
    for round in 0..rounds {
        let at = start + super::DAY * f64::from(round) / f64::from(rounds);
        for server in &world.servers {
            let now = at + chance.between(0.0, 30.0);
            let port = *chance.pick(&ports);
            let bytes = chance.between(80.0, 900.0);
            let flow = Flow { seconds: 0.0, port, udp: port == 161, bytes };
            rows.flow(now, world.monitor, client_port(chance), *server, flow);
            if round % 4 == 0 {
                rows.auth(now, &account, world.monitor, *server, TICKET, true);
            }
        }
    }
}

/// Every server to the backup's, at night with jitter; in every second house a part of it goes to
/// another site.
fn backups(world: &World, start: f64, chance: &mut Chance, rows: &mut Rows) {
    let account = world.backup.account();
    for server in &world.servers {
        let mut own =
            Chance::new(server.to_string().bytes().fold(11, |h, b| h * 31 + u64::from(b)), 4);
        let size = own.magnitude(2e8, 3e10);
        let mut now = start + own.between(0.5, 5.0) * HOUR + chance.about(0.0, 300.0);
        rows.auth(now, &account, world.backup, *server, TICKET, true);
        let parts = own.whole(1, 20);
        for _ in 0..parts {
            let bytes = size / parts as f64 * chance.between(0.9, 1.1);
            let flow = Flow { seconds: bytes / 4e7, port: 10_000, udp: false, bytes };
            rows.flow(now, *server, client_port(chance), world.backup, flow);
            now += bytes / 4e7 + chance.between(1.0, 30.0);
        }
    }
    if world.second_site {
        let site = world.stranger(11_000);
        let mut now = start + 5.5 * HOUR + chance.about(0.0, 400.0);
        for _ in 0..24 {
            let bytes = chance.between(1e9, 4e9);
            let flow = Flow { seconds: bytes / 4e7, port: 443, udp: false, bytes };
            rows.flow(now, world.backup, client_port(chance), site, flow);
            now += bytes / 4e7 + chance.between(1.0, 20.0);
        }
    }
    // People's own large files on a server of theirs.
    for person in chance.some(&world.people, world.people.len() / 20) {
        let mut now = start + person.begins + chance.between(0.0, person.lasts);
        for _ in 0..chance.whole(1, 12) {
            let bytes = chance.magnitude(1e7, 6e8);
            let flow = Flow { seconds: bytes / 3e7, port: 445, udp: false, bytes };
            rows.flow(now, person.desk, client_port(chance), person.servers[0], flow);
            now += bytes / 3e7 + chance.between(1.0, 60.0);
        }
    }
}

/// The house looks for holes: all servers and a part of the desks, each at many ports, then with
/// an account of its own, which some machines do not know.
fn scan(world: &World, start: f64, chance: &mut Chance, rows: &mut Rows) {
    let account = world.nobody(0);
    let mut targets = world.desks();
    targets = chance.some(&targets, world.people.len() / 4);
    targets.extend(&world.servers);
    let mut now = start + chance.between(12.0, 13.0) * HOUR;
    let (ports, pause) = (chance.whole(15, 40), chance.magnitude(5.0, 60.0));
    for target in targets {
        for _ in 0..ports {
            let port = chance.whole(1, 10_000) as u16;
            let bytes = chance.between(40.0, 600.0);
            let flow = Flow { seconds: 0.0, port, udp: false, bytes };
            rows.flow(now, world.scanner, client_port(chance), target, flow);
            now += chance.wait(0.2);
        }
        let how = if chance.happens(0.5) { ANSWER } else { TICKET };
        let works = chance.happens(0.85);
        rows.auth(now, &account, world.scanner, target, how, works);
        now += chance.wait(pause);
    }
}
