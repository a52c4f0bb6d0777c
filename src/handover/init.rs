//! The new root's init: which, whether it can be executed, and its exec.
//!
//! Source: `kernel_init()` in init/main.c, and its texts.

use crate::boot::Failed;
use crate::error::Errno;
use crate::file;
use crate::kernel::Kernel;
use crate::kmsg::Log;
use crate::message::Message;
use crate::request::{Key, Request};
use crate::z;
use linux_raw_sys::general::{AT_EMPTY_PATH, S_IFREG};

/// What the kernel tries without `init=`, in its order.
const DEFAULTS: [&[u8]; 4] = [b"/sbin/init", b"/etc/init", b"/bin/init", b"/bin/sh"];

/// Succeeds when one init at least can be executed. The working directory is the new root; nothing has been touched.
pub(super) fn check_any<K: Kernel>(log: &mut Log<'_, K>, request: &Request<'_>) -> Result<(), Failed> {
    try_each(log, request, check, [Message::FindInit, Message::TryInit])
}

/// Executes the first init that the kernel executes. It returns only when none is.
pub(super) fn exec_any<K: Kernel>(log: &mut Log<'_, K>, request: &Request<'_>) {
    let exec = |kernel: &mut K, init: &[u8]| Err(file::execve(kernel, init));
    // No other outcome is possible, and what failed has been said.
    let _ = try_each(log, request, exec, [Message::Execve, Message::TryExec]);
}

/// Tries `init=`, or else the defaults one after the other. That one of the defaults isn't there needs no mention.
#[inline(never)]
fn try_each<K: Kernel>(
    log: &mut Log<'_, K>,
    request: &Request<'_>,
    attempt: fn(&mut K, &[u8]) -> Result<(), Errno>,
    [last, next]: [Message; 2],
) -> Result<(), Failed> {
    let chosen = request.get(Key::Init);
    for init in chosen.as_ref().map_or(&DEFAULTS[..], core::slice::from_ref) {
        match attempt(log.kernel, init) {
            Ok(()) => return Ok(()),
            Err(Errno::ENOENT) if chosen.is_none() => {}
            Err(errno) => log.failed(if chosen.is_none() { next } else { last }, init, errno),
        }
    }
    if chosen.is_none() {
        log.say(Message::NoInit, &[]);
    }
    Err(Failed)
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
