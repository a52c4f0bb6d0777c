//! The checkout's scripts, the programs of the system, and what is said.

#[path = "../commands.rs"]
mod commands;

use crate::Result;
pub(crate) use commands::{checkout, command as script, sbin};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// One line of what happens.
pub(crate) fn say(line: &str) {
    progress("");
    eprintln!("bench: {line}");
}

/// The line that tells how far it is, in the place of the one before; an empty one removes it. Where nobody looks it is one
/// line every now and then.
pub(crate) fn progress(line: &str) {
    use std::sync::Mutex;
    use std::time::{Duration, Instant};
    static SAID: Mutex<Option<Instant>> = Mutex::new(None);
    let mut error = std::io::stderr();
    if error.is_terminal() {
        let _ = write!(error, "\r\x1b[K{line}");
        let _ = error.flush();
        return;
    }
    let mut said = SAID.lock().expect("no thread panics");
    if !line.is_empty() && said.is_none_or(|said| said.elapsed() > Duration::from_secs(20)) {
        *said = Some(Instant::now());
        eprintln!("bench: {line}");
    }
}

/// Where everything goes.
pub(crate) fn folder() -> PathBuf {
    checkout().join("target/bench")
}

/// The place in the checkout of what the README shows.
pub(crate) fn published(name: &str) -> PathBuf {
    checkout().join("qemu/bench").join(name)
}

/// What `command` printed, without the white space at its end; or its own words of why it failed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
    }
    let why = String::from_utf8_lossy(&output.stderr);
    Err(format!("{name}: {}: {}", output.status, why.trim_end().lines().last().unwrap_or_default()))
}

/// The bytes of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes a file as a whole or not at all.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<()> {
    let beside = path.with_extension("new");
    let written = std::fs::write(&beside, content).and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|error| format!("{}: {error}", path.display()))
}
