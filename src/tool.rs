//! The command-line forms: what pintle does where it is not the init of an initramfs.

use crate::buffers::Buffers;
use crate::bytes::is;
use crate::kernel::{Fd, Kernel};

mod out;
mod probe;
mod root;

const USAGE: &[u8] = b"usage: init probe FILE... | init root \"WORDS\" | init --help | init --version\n\
pintle, the /init of a Linux initramfs, boots only as PID 1 of one, on Linux 5.10 or later.\n\
  probe  what is on devices or in images, as blkid(8) writes it; exit status 2 for nothing\n\
  root   what these words of a kernel command line would boot here\n";
const VERSION: &[u8] = concat!("pintle ", env!("CARGO_PKG_VERSION"), "\n").as_bytes();

/// An argument by its place, from the one on that selects the form.
pub type Arguments<'a> = &'a dyn Fn(usize) -> Option<&'a [u8]>;

/// Runs the form that the first of `arguments` selects, and returns the exit status: 2 for none, with the usage on stderr.
pub fn run<K: Kernel>(kernel: &mut K, arguments: Arguments<'_>, buffers: &mut Buffers) -> i32 {
    let form = arguments(1).unwrap_or_default();
    let (fd, text, status) = match () {
        () if is(form, "probe") && arguments(2).is_some() => return probe::run(kernel, arguments, buffers),
        () if is(form, "root") && arguments(3).is_none() => {
            return root::run(kernel, arguments(2).unwrap_or_default(), buffers);
        }
        () if is(form, "--help") => (Fd(1), USAGE, 0),
        () if is(form, "--version") => (Fd(1), VERSION, 0),
        () => (Fd(2), USAGE, 2),
    };
    kernel.write(fd, text).map_or(1, |_| status)
}
