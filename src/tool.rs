//! The command-line forms: what pintle does where it is not the init of an initramfs.

use crate::bytes::is;
use crate::kernel::{Fd, Kernel};

const USAGE: &[u8] = b"usage: init --help | --version\n\
pintle, the /init of a Linux initramfs: it boots only as PID 1 of one, on Linux 5.10 or later.\n";
const VERSION: &[u8] = concat!("pintle ", env!("CARGO_PKG_VERSION"), "\n").as_bytes();

/// Runs the form that `argument` selects, and returns the exit status: 2 for none, with the usage on stderr.
pub fn run<K: Kernel>(kernel: &mut K, argument: Option<&[u8]>) -> i32 {
    let argument = argument.unwrap_or_default();
    let (fd, text, status) = match () {
        () if is(argument, "--help") => (Fd(1), USAGE, 0),
        () if is(argument, "--version") => (Fd(1), VERSION, 0),
        () => (Fd(2), USAGE, 2),
    };
    kernel.write(fd, text).map_or(1, |_| status)
}
