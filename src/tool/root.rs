//! `init root "WORDS"`: what a kernel command line would boot on this machine, and why. Nothing is mounted.

use super::usage;
use crate::boot;
use crate::buffers::Buffers;
use crate::bytes::ZStr;
use crate::kernel::Kernel;
use crate::kmsg::Log;
use crate::request::Request;

/// Explains the words; returns the exit status: 1 where nothing would be booted.
pub(super) fn run<K: Kernel>(kernel: &mut K, buffers: &mut Buffers) -> i32 {
    let words = kernel.take_argument().map(ZStr::to_bytes).unwrap_or_default();
    if kernel.argument(0).is_some() {
        return usage(kernel);
    }
    let log = &mut Log::to_stdout(kernel);
    let mut request = Request::new();
    boot::read_words(log, &mut request, words);
    // What isn't there now isn't waited for.
    i32::from(!boot::explain(log, &request, &mut buffers.work))
}
