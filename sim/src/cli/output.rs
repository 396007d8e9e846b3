//! What is written where, and what happens when it cannot be.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

/// Writes a result to stdout, ending it with a line feed. Whoever closed the pipe has read enough and is not told: the exit code
/// is what it would have been.
///
/// # Errors
/// Whatever else the system says.
pub(super) fn result(text: &str) -> io::Result<()> {
    match written(text) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

fn written(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        stdout.write_all(b"\n")?;
    }
    stdout.flush()
}

/// Writes to stderr. If even that fails there is nobody to tell.
pub(super) fn note(text: &str) {
    let mut stderr = io::stderr().lock();
    let _unheard = stderr.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _unheard = stderr.write_all(b"\n");
    }
}

/// The same, if there is anything to write.
pub(super) fn note_if_any(text: &str) {
    if !text.is_empty() {
        note(text);
    }
}

/// Whether errors may be coloured.
pub(super) fn colours() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// The result could not be written.
pub(super) fn failed(error: &io::Error) -> ExitCode {
    note(&format!("highwater: the result could not be written: {error}"));
    ExitCode::from(2)
}
