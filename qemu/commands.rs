//! Commands of the checkout's and of the system's, for all that drives QEMU.

use std::path::Path;
use std::process::Command;

pub(crate) fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A command that runs one of the checkout's scripts.
pub(crate) fn command(name: &str) -> Command {
    let mut command = Command::new(checkout().join(name));
    // Who calls this was built by one that has run it.
    command.env("PINTLE_SETUP_DONE", "1");
    command
}

/// A program of the system's that is in /usr/sbin, which Debian's plain users have not in their PATH.
pub(crate) fn sbin(name: &str) -> Command {
    let mut command = Command::new(name);
    command.env("PATH", std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin");
    command
}
