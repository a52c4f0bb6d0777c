//! `switch_root [-c CONSOLE] NEW_ROOT INIT [ARG…]`: switch_root(8), for somebody else's /init, which executes it by that name
//! as PID 1 of the initramfs. What pintle's own handover does, with the root that is mounted at NEW_ROOT.

use super::usage;
use crate::buffers::Buffers;
use crate::bytes::{basename, is};
use crate::guard::Initramfs;
use crate::handover;
use crate::kernel::Kernel;
use crate::kmsg::Log;

/// Whether pintle was called by this name.
pub fn named<K: Kernel>(kernel: &mut K) -> bool {
    kernel.argument(0).is_some_and(|name| is(basename(name), "switch_root"))
}

/// Switches; it returns only to the failure policy, which without a command line of pintle's is the end of PID 1.
pub fn run<K: Kernel>(kernel: &mut K, mut initramfs: Initramfs, buffers: &mut Buffers) -> ! {
    kernel.shift(1);
    let mut console = None;
    if kernel.argument(0) == Some(b"-c") {
        console = kernel.argument(1);
        kernel.shift(2);
    }
    let (Some(new_root), Some(_)) = (kernel.argument(0), kernel.argument(1)) else {
        let status = usage(kernel);
        kernel.exit_group(status)
    };
    kernel.shift(1);
    let init = kernel.argument(0);
    let (log, init) = (&mut Log::new(kernel), init.unwrap_or_default());
    handover::switch_root(log, &mut initramfs, new_root, init, console, &mut buffers.work);
    kernel.exit_group(1)
}
