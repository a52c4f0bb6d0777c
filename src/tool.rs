//! The command-line forms: what pintle does where it is not the init of an initramfs.

use crate::buffers::Buffers;
use crate::bytes::take_any;
use crate::kernel::{Fd, Kernel};

mod out;
mod probe;
mod root;

const USAGE: &[u8] = b"usage: init probe FILE... | init root \"WORDS\" | init --help | init --version\n\
pintle, the /init of a Linux initramfs, boots only as PID 1 of one, on Linux 5.10 or later.\n\
  probe  what is on devices or in images, as blkid(8) writes it; exit status 2 for nothing\n\
  root   what these words of a kernel command line would boot here\n";
const VERSION: &[u8] = concat!("pintle ", env!("CARGO_PKG_VERSION"), "\n").as_bytes();

/// The forms.
const FORMS: &[u8] = b"--help|--version|probe|root";
const PROBE: usize = 2;
const ROOT: usize = 3;

/// An argument by its place, from the one on that selects the form.
pub type Arguments = fn(usize) -> Option<&'static [u8]>;

/// Runs the form that the first of `arguments` selects, and returns the exit status: 2 for none, with the usage on stderr.
pub fn run<K: Kernel>(kernel: &mut K, arguments: Arguments, buffers: &mut Buffers) -> i32 {
    let mut rest = arguments(1).unwrap_or_default();
    let form = take_any(&mut rest, FORMS);
    let is_known = rest.is_empty();
    if is_known && form == PROBE && arguments(2).is_some() {
        return probe::run(kernel, arguments, buffers);
    }
    if is_known && form == ROOT && arguments(3).is_none() {
        return root::run(kernel, arguments(2).unwrap_or_default(), buffers);
    }
    let asked = is_known && form < PROBE;
    let text = if asked && form != 0 { VERSION } else { USAGE };
    kernel.write(Fd(if asked { 1 } else { 2 }), text).map_or(1, |_| if asked { 0 } else { 2 })
}
