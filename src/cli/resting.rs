use super::remote::Answer;
use crate::config::{Config, DataDir};
use crate::failure::Failure;
use http::Method;
use hyper::body::Bytes;
pub struct Resting;
impl Resting {
    pub fn open(_data: DataDir, _config: &Config) -> Result<Resting, Failure> {
        Err(Failure::cannot_run("x"))
    }
    pub fn send(
        &mut self,
        _m: Method,
        _p: &str,
        _b: Option<(&'static str, Bytes)>,
    ) -> Result<Answer, Failure> {
        Err(Failure::cannot_run("x"))
    }
    pub fn stream(
        &mut self,
        _p: &str,
        _e: &mut dyn FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<(), Failure> {
        Err(Failure::cannot_run("x"))
    }
}
