//! Who answers a command that asks for stored things: the running program, or, when nobody uses the data directory,
//! the same HTTP face inside this process, over the directory that it locks.
//!
//! One way of asking, so that an answer does not depend on whether the program runs.

use super::remote::{self, Answer, Client, Place};
use crate::config::Config;
use crate::failure::{ExitCode, Failure};
use http::Method;
use hyper::body::Bytes;
use serde_json::Value;
use std::path::Path;

/// Answers.
pub enum Asker {
    /// The running program.
    Remote(Client),
    /// This process.
    Local(Box<super::resting::Resting>),
}

impl Asker {
    /// Who answers for the data directory that a command speaks of.
    pub fn of(data_dir: Option<&Path>, config: &Config) -> Result<Asker, Failure> {
        match remote::place(data_dir, config)? {
            Place::Running(client) => Ok(Asker::Remote(client)),
            Place::Resting(data) => {
                let resting = super::resting::Resting::open(data, config)?;
                Ok(Asker::Local(Box::new(resting)))
            }
        }
    }

    /// Sends a request.
    pub fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<(&'static str, Bytes)>,
    ) -> Result<Answer, Failure> {
        match self {
            Asker::Remote(client) => client.send_bytes(method, path, body),
            Asker::Local(resting) => resting.send(method, path, body),
        }
    }

    /// Sends a request; anything but a success is a failure.
    pub fn expect(
        &mut self,
        method: Method,
        path: &str,
        body: Option<(&'static str, Bytes)>,
    ) -> Result<Answer, Failure> {
        let answer = self.send(method, path, body)?;
        match answer.status.is_success() {
            true => Ok(answer),
            false => Err(refused(&answer)),
        }
    }

    /// Asks for a path; anything but a success is a failure.
    pub fn get(&mut self, path: &str) -> Result<Value, Failure> {
        Ok(self.expect(Method::GET, path, None)?.json())
    }

    /// Asks for a path and hands on the body as it comes.
    pub fn stream(
        &mut self,
        path: &str,
        each: &mut dyn FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<(), Failure> {
        match self {
            Asker::Remote(client) => client.stream(path, each),
            Asker::Local(resting) => resting.stream(path, each),
        }
    }
}

/// What was refused is told in the words of the answer: 4xx is a mistake of the asker.
pub fn refused(answer: &Answer) -> Failure {
    let detail = answer.detail();
    match answer.status.as_u16() {
        400 | 409 | 413 | 415 | 422 => Failure::usage(detail),
        404 => Failure::new(ExitCode::Findings, detail),
        status => Failure::cannot_run(format!("it cannot be answered: {detail} (status {status})")),
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
