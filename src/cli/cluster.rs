//! `--process` and `--hostfile`: how a command becomes part of a cluster.

use super::args::{ClusterArgs, SourceArgs};
use super::output;
use crate::config::Config;
use crate::failure::Failure;
use crate::runtime::cluster::{Formed, Member, hosts};

/// Connects to the other processes, if the command line names any. `shared`: all of it that
/// decides how logs are read, and [`crate::runtime::rules::Rules::redact_digest`].
pub fn join(
    args: &ClusterArgs,
    config: &Config,
    workers: usize,
    shared: (&str, u64),
) -> Result<Option<Formed>, Failure> {
    // The parser has seen to it that both are there or none.
    let (Some(process), Some(path)) = (args.process, &args.hostfile) else { return Ok(None) };
    let hosts = hosts::read(path, config.engine.cluster_insecure)?;
    let last = hosts.len() - 1;
    if process > last {
        return Err(Failure::usage(format!("--process is {process}; allowed: 0 to {last}"))
            .detail(format!("{} names {} processes", path.display(), hosts.len()))
            .detail("argument: --process"));
    }
    if last == 0 {
        return Ok(None);
    }
    output::message(&format!(
        "process {process} of {}: waiting for the others, at most {} s",
        hosts.len(),
        config.engine.cluster_wait_seconds
    ));
    let member = Member::new(process, hosts, config, workers, shared)
        .map_err(|error| Failure::cannot_run(format!("cannot read the program file: {error}")))?;
    member.form().map(Some)
}

/// What options of sources say, for the comparison with the other processes.
pub fn of_source(args: &SourceArgs) -> String {
    format!("{:?} {:?} {:?}", args.timezone, args.year, args.source_type)
}
