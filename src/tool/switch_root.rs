//! `switch_root [-c CONSOLE] NEW_ROOT INIT [ARG…]`: switch_root(8), for somebody else's /init, which executes it by that name
//! as PID 1 of the initramfs. What pintle's own handover does, with the root that is mounted at NEW_ROOT.

use super::{next_is, usage};
use crate::buffers::Buffers;
use crate::bytes::{ZStr, basename, is};
use crate::guard::Initramfs;
use crate::handover;
use crate::kernel::Kernel;
use crate::kmsg::Log;

/// Whether pintle was called by this name.
pub fn named<K: Kernel>(kernel: &mut K) -> bool {
    kernel.argument(0).is_some_and(|name| is(basename(name.to_bytes()), "switch_root"))
}

/// Switches; it returns only to the failure policy, which without a command line of pintle's is the end of PID 1.
pub fn run<K: Kernel>(kernel: &mut K, mut initramfs: Initramfs, buffers: &mut Buffers) -> ! {
    kernel.take_argument();
    let mut console = handover::CONSOLE;
    if next_is(kernel, "-c") {
        kernel.take_argument();
        console = kernel.take_argument().map_or(console, ZStr::to_bytes);
    }
    let (Some(new_root), Some(init)) = (kernel.take_argument(), kernel.argument(0)) else {
        let status = usage(kernel);
        kernel.exit_group(status)
    };
    let log = &mut Log::new(kernel);
    handover::switch_root(log, &mut initramfs, new_root, init.to_bytes(), console, &mut buffers.work);
    kernel.exit_group(1)
}
