//! The rows, in the columns of the set.

use super::world::Computer;
use std::fmt;

/// A table of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Auth,
    Proc,
    Flows,
    Dns,
    Redteam,
}

impl Table {
    pub(super) const ALL: [Table; 5] =
        [Table::Auth, Table::Proc, Table::Flows, Table::Dns, Table::Redteam];

    pub(super) fn name(self) -> &'static str {
        match self {
            Table::Auth => "auth",
            Table::Proc => "proc",
            Table::Flows => "flows",
            Table::Dns => "dns",
            Table::Redteam => "redteam",
        }
    }
}

/// All rows, those of the red team among the others.
pub(super) struct Rows {
    rows: Vec<(u64, Table, String)>,
    end: f64,
    /// Set while the red team acts.
    pub(super) red: bool,
    pub(super) hostile: u64,
}

/// What an authentication is: package, type and step.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    pub(super) package: &'static str,
    pub(super) logon: &'static str,
    pub(super) step: &'static str,
}

impl How {
    pub(super) const fn new(package: &'static str, logon: &'static str) -> How {
        How { package, logon, step: "LogOn" }
    }

    pub(super) const fn step(self, step: &'static str) -> How {
        How { step, ..self }
    }
}

/// A ticket that grants tickets, one for a service, a logon with one, one by a password's answer.
pub(super) const TGT: How = How { package: "Kerberos", logon: "?", step: "TGT" };
pub(super) const TGS: How = How { package: "Kerberos", logon: "?", step: "TGS" };
pub(super) const TICKET: How = How::new("Kerberos", "Network");
pub(super) const ANSWER: How = How::new("NTLM", "Network");

/// What goes over the network.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow {
    pub(super) seconds: f64,
    pub(super) port: u16,
    pub(super) udp: bool,
    pub(super) bytes: f64,
}

impl Rows {
    /// Rows at or after `end` are left out.
    pub(super) fn new(end: f64) -> Rows {
        Rows { rows: Vec::new(), end, red: false, hostile: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    fn push(&mut self, time: f64, table: Table, rest: fmt::Arguments<'_>) {
        if time < 0.0 || time >= self.end {
            return;
        }
        // The set's first second is 1.
        let second = time as u64 + 1;
        self.hostile += u64::from(self.red && table != Table::Redteam);
        self.rows.push((second, table, format!("{second},{rest}")));
    }

    /// Somebody authenticates. Names have their domains.
    pub(super) fn auth(
        &mut self,
        time: f64,
        user: &str,
        from: Computer,
        to: Computer,
        how: How,
        works: bool,
    ) {
        let How { package, logon, step } = how;
        let result = if works { "Success" } else { "Fail" };
        self.push(
            time,
            Table::Auth,
            format_args!("{user},{user},{from},{to},{package},{logon},{step},{result}"),
        );
    }

    /// A process starts, and ends after so many seconds.
    pub(super) fn process(&mut self, time: f64, user: &str, on: Computer, name: u64, lasts: f64) {
        self.push(time, Table::Proc, format_args!("{user},{on},P{name},Start"));
        self.push(time + lasts, Table::Proc, format_args!("{user},{on},P{name},End"));
    }

    /// Bytes flow; `port` is that of the client.
    pub(super) fn flow(&mut self, time: f64, from: Computer, port: u64, to: Computer, flow: Flow) {
        let Flow { seconds, port: service, udp, bytes } = flow;
        let (bytes, seconds) = (bytes.max(40.0) as u64, seconds.max(0.0) as u64);
        let (packets, protocol) = (bytes.div_ceil(900), if udp { 17 } else { 6 });
        self.push(
            time,
            Table::Flows,
            format_args!("{seconds},{from},N{port},{to},{service},{protocol},{packets},{bytes}"),
        );
    }

    /// A name is resolved.
    pub(super) fn name(&mut self, time: f64, from: Computer, of: Computer) {
        self.push(time, Table::Dns, format_args!("{from},{of}"));
    }

    /// What the red team says it did.
    pub(super) fn redteam(
        &mut self,
        time: f64,
        user: &str,
        from: Computer,
        to: Computer,
        scenario: &str,
    ) {
        self.push(time, Table::Redteam, format_args!("{user},{from},{to},{scenario}"));
    }

    /// By time; rows of a second stay in the order in which they were made.
    pub(super) fn sort(&mut self) {
        self.rows.sort_by_key(|(second, ..)| *second);
    }

    pub(super) fn of(&self, table: Table) -> Vec<&str> {
        let rows = self.rows.iter().filter(|(_, of, _)| *of == table);
        rows.map(|(_, _, line)| line.as_str()).collect()
    }
}
