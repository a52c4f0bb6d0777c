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
        #[cfg(feature = "tool")]
        if pintle::tool::switch_root::named(linux) {
            pintle::tool::switch_root::run(linux, initramfs, buffers)
        }
        pintle::boot::boot(linux, initramfs, buffers)
    }
    // What the proof that no panic is reachable is tested with: the optimiser can't know the number.
    #[cfg(reachable_panic)]
    core::hint::black_box(b"ab"[usize::try_from(linux.getpid()).unwrap_or(0)]);
    let status = command(linux, buffers);
    linux.exit_group(status)
}

#[cfg(feature = "tool")]
use pintle::tool::run as command;

/// What is left of the forms where they are left out: that there are none.
#[cfg(not(feature = "tool"))]
fn command(linux: &mut Linux, _: &mut Buffers) -> i32 {
    let _ = linux.write(
        pintle::kernel::Fd(2),
        b"pintle, the /init of a Linux initramfs, boots only as PID 1 of one, on Linux 5.10 or later.\n",
    );
    2
}
