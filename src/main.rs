//! The binary: `/init` of an initramfs, or a command.

#![no_std]
#![no_main]
#![deny(unsafe_code)]

#[allow(unsafe_code)]
mod sys;

use pintle::buffers::Buffers;
use pintle::kernel::Kernel;
use sys::Linux;

/// PID 1 of an initramfs boots; anything else gets the command-line forms.
///
/// The guard comes first: run by hand on a workstation, an init without it mounts over /proc. No word of the
/// arguments has a say, for the kernel puts words of its command line there; only the name it is called by, which somebody
/// else's /init chose.
fn main(linux: &mut Linux, buffers: &mut Buffers) -> ! {
    if let Some(initramfs) = pintle::guard::initramfs(linux) {
        match pintle::tool::switch_root::named(linux) {
            true => pintle::tool::switch_root::run(linux, initramfs, buffers),
            false => pintle::boot::boot(linux, initramfs, buffers),
        }
    }
    // What the proof that no panic is reachable is tested with: the optimiser can't know the number.
    #[cfg(reachable_panic)]
    core::hint::black_box(b"ab"[usize::try_from(linux.getpid()).unwrap_or(0)]);
    let status = pintle::tool::run(linux, buffers);
    linux.exit_group(status)
}
