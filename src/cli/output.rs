//! Results on stdout, messages on stderr, and a closed pipe that is no failure.

use crate::failure::{ExitCode, Failure};
use std::io::{self, Write};

/// Writes a whole result to stdout.
pub fn result(bytes: &[u8]) -> Result<ExitCode, Failure> {
    let mut out = io::stdout().lock();
    finish(out.write_all(bytes).and_then(|()| out.flush()), ExitCode::Fine)
}

/// What a command returns after writing to stdout: a reader that went away (`| head`) is fine.
pub fn finish(written: io::Result<()>, code: ExitCode) -> Result<ExitCode, Failure> {
    match written {
        Ok(()) => Ok(code),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(code),
        Err(error) => Err(Failure::new(
            ExitCode::Storage,
            format!("cannot write to standard output: {error}"),
        )),
    }
}

/// Writes a message to stderr; when that is closed nobody wants it.
pub fn message(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_is_fine_and_a_full_disk_is_not() {
        let closed = Err(io::ErrorKind::BrokenPipe.into());
        assert_eq!(finish(closed, ExitCode::Findings), Ok(ExitCode::Findings));
        let full = finish(Err(io::ErrorKind::StorageFull.into()), ExitCode::Fine).unwrap_err();
        assert_eq!(full.exit_code, ExitCode::Storage);
    }
}
