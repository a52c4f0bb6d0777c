//! The new root's init: which, whether it can be executed, and its exec.
//!
//! Source: `kernel_init()` in init/main.c, and its texts.

use crate::boot::Failed;
use crate::error::Errno;
use crate::file;
use crate::kernel::Kernel;
use crate::kmsg::Log;
use crate::message::Message;
use crate::z;
use linux_raw_sys::general::{AT_EMPTY_PATH, S_IFREG};

/// What the kernel tries without `init=`, in its order.
const DEFAULTS: [&[u8]; 4] = [b"/sbin/init", b"/etc/init", b"/bin/init", b"/bin/sh"];

/// The inits to try, from the first on that can be executed: `chosen`, or else the defaults, of which one that isn't
/// there needs no mention. The working directory is the new root; nothing has been touched.
pub(super) fn find<'i, K: Kernel>(
    log: &mut Log<'_, K>,
    chosen: &'i Option<&'i [u8]>,
) -> Result<&'i [&'i [u8]], Failed> {
    let mut inits = chosen.as_ref().map_or(&DEFAULTS[..], core::slice::from_ref);
    while let [init, rest @ ..] = inits {
        match check(log.kernel, init) {
            Ok(()) => return Ok(inits),
            Err(Errno::ENOENT) if chosen.is_none() => {}
            Err(errno) => log.failed(if rest.is_empty() { Message::FindInit } else { Message::TryInit }, init, errno),
        }
        inits = rest;
    }
    if chosen.is_none() {
        log.say(Message::NoInit, &[]);
    }
    Err(Failed)
}

/// Executes the first of `inits` that the kernel executes. It returns only when none is. ENOENT is also what a missing
/// interpreter is answered with; only of an init that isn't there nothing need be said.
pub(super) fn exec<K: Kernel>(log: &mut Log<'_, K>, mut inits: &[&[u8]]) {
    while let [init, rest @ ..] = inits {
        let errno = file::execve(log.kernel, init);
        if errno != Errno::ENOENT || check(log.kernel, init) != Err(Errno::ENOENT) {
            log.failed(if rest.is_empty() { Message::Execve } else { Message::TryExec }, init, errno);
        } else if rest.is_empty() {
            log.say(Message::NoInit, &[]);
        }
        inits = rest;
    }
}

/// Whether `init`, looked up inside the new root with links and all, is a file that may be executed. What isn't a file
/// is answered with the errno that execve(2) has for it.
fn check<K: Kernel>(kernel: &mut K, init: &[u8]) -> Result<(), Errno> {
    let fd = file::open_in_root(kernel, init)?;
    let checked = match kernel.statx(fd, z!(c""), AT_EMPTY_PATH) {
        Ok(stat) if !stat.is(S_IFREG) => Err(Errno::EACCES),
        Ok(_) => kernel.faccessat2_x(fd),
        Err(errno) => Err(errno),
    };
    kernel.close(fd);
    checked
}
