//! Who answers a command that asks for stored things: the running program, or, when nobody uses the data directory,
//! the same HTTP face inside this process, over the directory that it locks.
//!
//! One way of asking, so that an answer does not depend on whether the program runs.

use super::remote::{self, Client, Place};
use super::resting::Resting;
use crate::config::Config;
use crate::failure::Failure;
use std::ops::{Deref, DerefMut};
use std::path::Path;

/// Answers.
pub struct Asker {
    client: Client,
    /// The directory, when this process answers for it.
    _resting: Option<Resting>,
}

impl Asker {
    /// Who answers for the data directory that a command speaks of.
    pub fn of(data_dir: Option<&Path>, config: &Config) -> Result<Asker, Failure> {
        match remote::place(data_dir, config)? {
            Place::Running(client) => Ok(Asker { client, _resting: None }),
            Place::Resting(data) => {
                let (resting, client) = Resting::open(data, config)?;
                Ok(Asker { client, _resting: Some(resting) })
            }
        }
    }
}

impl Deref for Asker {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for Asker {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

/// A path with a query string, made of what is there.
#[derive(Clone, Debug)]
pub struct Request(String);

impl Request {
    /// A path without a query.
    pub fn to(path: &str) -> Request {
        Request(path.to_owned())
    }

    /// Adds a parameter that is there.
    #[must_use]
    pub fn with(mut self, name: &str, value: Option<&str>) -> Request {
        if let Some(value) = value {
            self.0.push(if self.0.contains('?') { '&' } else { '?' });
            self.0.push_str(name);
            self.0.push('=');
            for byte in value.bytes() {
                match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                        self.0.push(char::from(byte));
                    }
                    _ => self.0.push_str(&format!("%{byte:02X}")),
                }
            }
        }
        self
    }

    /// The path and its query.
    pub fn text(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_string_holds_any_text() {
        let request = Request::to("/api/v1/events").with("q", Some("a b&c=\"d\"/é+"));
        assert_eq!(request.text(), "/api/v1/events?q=a%20b%26c%3D%22d%22%2F%C3%A9%2B");
        let more = request.with("x", None).with("limit", Some("5"));
        assert!(more.text().ends_with("%2B&limit=5"));
    }
}
