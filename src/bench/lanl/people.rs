//! What people do: come, mistype, work with servers, lock, leave; change their passwords and
//! forget a device that still knows the old one; look after machines; read, write and copy.

use super::chance::Chance;
use super::rows::{ANSWER, Flow, How, Rows, TGS, TGT, TICKET};
use super::world::{Computer, Person, World};

const HOUR: f64 = 3_600.0;
/// Programs that everybody has.
const COMMON_PROGRAMS: u64 = 120;

/// A day of all people.
pub(super) fn day(world: &World, start: f64, chance: &mut Chance, rows: &mut Rows) {
    for person in &world.people {
        // One in twelve is away.
        if chance.happens(11.0 / 12.0) {
            work(world, person, start, chance, rows);
        }
    }
    let changes = chance.whole(2, 4 + world.people.len() as u64 / 60);
    for person in chance.some(&world.people, changes as usize) {
        change_password(world, &person, start, chance, rows);
    }
    for person in world.administrators() {
        administer(world, person, start, chance, rows);
    }
}

fn work(world: &World, person: &Person, start: f64, chance: &mut Chance, rows: &mut Rows) {
    let (user, desk) = (person.account.as_str(), person.desk);
    let mut now = start + person.begins + chance.about(0.0, 900.0);
    let end = now + person.lasts + chance.about(0.0, 1_200.0);
    let screen = How::new("Negotiate", "Interactive");
    // Mistyped, once or a few times; early on a Monday some never get it right at once.
    if chance.happens(0.14) {
        for _ in 0..chance.magnitude(1.0, 6.9) as u64 {
            rows.auth(now, user, desk, desk, screen, false);
            now += chance.between(3.0, 25.0);
        }
    }
    let controller = *chance.pick(&world.controllers);
    rows.auth(now, user, desk, controller, TGT, true);
    rows.auth(now, user, desk, desk, screen, true);
    for _ in 0..chance.whole(3, 8) {
        let program = chance.whole(1, COMMON_PROGRAMS);
        rows.process(now + chance.between(1.0, 60.0), user, desk, program, chance_length(chance));
    }
    let gap = chance.magnitude(500.0, 1_500.0);
    now += chance.wait(gap);
    while now < end {
        let server = *chance.favour(&person.servers);
        visit(world, user, desk, server, now, chance, rows);
        if chance.happens(0.07) {
            let away = chance.between(300.0, 3_000.0);
            rows.auth(now + 1.0, user, desk, desk, screen.step("ScreenLock"), true);
            now += away;
            if chance.happens(0.03) {
                rows.auth(now - 6.0, user, desk, desk, How::new("Negotiate", "Unlock"), false);
            }
            rows.auth(now, user, desk, desk, screen.step("ScreenUnlock"), true);
        }
        now += chance.wait(gap);
    }
    rows.auth(end, user, desk, desk, screen.step("LogOff"), true);
}

fn chance_length(chance: &mut Chance) -> f64 {
    chance.magnitude(1.0, 20_000.0)
}

/// A ticket for the server, a logon there, bytes, a logoff.
fn visit(
    world: &World,
    user: &str,
    from: Computer,
    to: Computer,
    now: f64,
    chance: &mut Chance,
    rows: &mut Rows,
) {
    if chance.happens(0.88) {
        rows.auth(now, user, from, *chance.pick(&world.controllers), TGS, true);
        rows.auth(now, user, from, to, TICKET, true);
    } else {
        rows.auth(now, user, from, to, ANSWER, true);
    }
    let port = *chance.pick(&[445, 445, 443, 80, 1433, 389]);
    let bytes = chance.magnitude(500.0, 4e6);
    let seconds = chance.magnitude(1.0, 300.0);
    let flow = Flow { seconds, port, udp: false, bytes };
    rows.flow(now, from, client_port(chance), to, flow);
    rows.auth(now + seconds, user, to, to, TICKET.step("LogOff"), true);
}

pub(super) fn client_port(chance: &mut Chance) -> u64 {
    chance.whole(1, 40_000)
}

/// The new password is mistyped; a telephone or a second machine goes on with the old one until it
/// is told, or a drive that is still connected.
fn change_password(
    world: &World,
    person: &Person,
    start: f64,
    chance: &mut Chance,
    rows: &mut Rows,
) {
    let (user, desk) = (person.account.as_str(), person.desk);
    let controller = *chance.pick(&world.controllers);
    let mut now = start + person.begins + chance.between(0.2, 7.0) * HOUR;
    for _ in 0..chance.whole(0, 3) {
        rows.auth(now, user, desk, controller, TGT, false);
        now += chance.between(8.0, 60.0);
    }
    rows.auth(now, user, desk, controller, TGT, true);
    if chance.happens(0.6) {
        let server = *chance.favour(&person.servers);
        let device = if chance.happens(0.5) { desk } else { *chance.pick(&world.servers) };
        let every = chance.magnitude(60.0, 1_800.0);
        let mut then = now + chance.between(20.0, every);
        for _ in 0..chance.magnitude(3.0, 30.0) as u64 {
            rows.auth(then, user, device, server, ANSWER, false);
            then += every * chance.between(0.85, 1.15);
        }
        rows.auth(then, user, device, server, ANSWER, true);
    }
}

/// Rounds over servers by the jump host, calls at desks, and at times one change on many machines.
fn administer(world: &World, person: &Person, start: f64, chance: &mut Chance, rows: &mut Rows) {
    let user = person.account.as_str();
    let remote = How::new("Negotiate", "RemoteInteractive");
    for _ in 0..chance.whole(1, 3) {
        let mut now = start + person.begins + chance.between(0.3, 7.5) * HOUR;
        rows.auth(now, user, person.desk, world.jump, remote, true);
        let number = chance.whole(1, 5) as usize;
        for server in chance.some(&world.servers, number) {
            now += chance.magnitude(60.0, 1_500.0);
            rows.auth(now, user, world.jump, *chance.pick(&world.controllers), TGS, true);
            rows.auth(now, user, world.jump, server, remote, true);
            let bytes = chance.magnitude(1e4, 3e7);
            let flow = Flow { seconds: bytes / 1e5, port: 3_389, udp: false, bytes };
            rows.flow(now, world.jump, client_port(chance), server, flow);
            for _ in 0..chance.whole(1, 6) {
                let program = chance.whole(1, COMMON_PROGRAMS * 2);
                let at = now + chance.between(5.0, 400.0);
                rows.process(at, user, server, program, chance.magnitude(1.0, 600.0));
            }
        }
    }
    // Calls for help.
    let mut now = start + person.begins + chance.wait(HOUR);
    for _ in 0..chance.whole(0, 7) {
        let desk = chance.pick(&world.people).desk;
        rows.auth(now, user, person.desk, desk, remote, true);
        now += chance.between(600.0, 1.5 * HOUR);
    }
    // A change on many servers, by a script from the jump host.
    if chance.happens(0.12) {
        let mut now = start + chance.between(9.0, 18.0) * HOUR;
        let number = chance.whole(5, 12) as usize;
        for server in chance.some(&world.servers, number) {
            rows.auth(now, user, world.jump, *chance.pick(&world.controllers), TGS, true);
            rows.auth(now, user, world.jump, server, TICKET, true);
            now += chance.magnitude(20.0, 400.0);
        }
    }
}

/// What fills the rest of the day: names, pages, mail, programs; most of it in working hours.
pub(super) fn background(
    world: &World,
    start: f64,
    number: u64,
    chance: &mut Chance,
    rows: &mut Rows,
) {
    let mut left = number;
    while left > 0 {
        let person = chance.pick(&world.people);
        let working = chance.happens(0.8);
        let now = if working {
            start + person.begins + person.lasts * chance.unit()
        } else {
            start + super::DAY * chance.unit()
        };
        // A name, then what is asked of it, in a few flows; or a program.
        let mut made = 0;
        if chance.happens(0.3) {
            let account = person.account.clone();
            let user = if working { account } else { person.desk.account() };
            let program = chance.whole(1, COMMON_PROGRAMS);
            rows.process(now, &user, person.desk, program, chance_length(chance));
            made += 2;
        } else {
            let to = if chance.happens(0.02) {
                world.stranger(chance.whole(0, 6_000))
            } else {
                *chance.favour(&world.outside)
            };
            rows.name(now, person.desk, to);
            made += 1;
            let mut then = now;
            for _ in 0..chance.magnitude(1.0, 7.9) as u64 {
                // A large download, a call with pictures or an upload of pictures now and then.
                let bytes = if chance.happens(0.004) {
                    chance.magnitude(2e7, 5e8)
                } else {
                    chance.magnitude(300.0, 2e6)
                };
                let flow = Flow {
                    seconds: chance.magnitude(0.5, 120.0),
                    port: *chance.pick(&[443, 443, 443, 443, 80]),
                    udp: false,
                    bytes,
                };
                rows.flow(then, person.desk, client_port(chance), to, flow);
                then += chance.wait(8.0);
                made += 1;
            }
        }
        left = left.saturating_sub(made);
    }
}
