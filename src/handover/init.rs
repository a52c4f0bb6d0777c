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
use linux_raw_sys::general::{AT_EMPTY_PATH, S_IFREG};

/// What the kernel tries without `init=`, in its order.
const DEFAULTS: [&[u8]; 4] = [b"/sbin/init", b"/etc/init", b"/bin/init", b"/bin/sh"];

/// Succeeds when one init at least can be executed. The working directory is the new root; nothing has been touched.
pub(super) fn check_any<K: Kernel>(log: &mut Log<'_, K>, request: &Request<'_>) -> Result<(), Failed> {
    let chosen = request.get(Key::Init);
    let inits = chosen.as_ref().map_or(&DEFAULTS[..], core::slice::from_ref);
    for init in inits {
        let (message, errno) = match (check(log.kernel, init), chosen) {
            (Ok(()), _) => return Ok(()),
            (Err(Errno::ENOENT), None) => continue,
            (Err(errno @ Errno::ENOSYS), _) => (Message::CheckInit, errno),
            (Err(errno @ Errno::EACCES), None) => (Message::TryNotExecutable, errno),
            (Err(errno @ Errno::EACCES), Some(_)) => (Message::InitNotExecutable, errno),
            (Err(errno), None) => (Message::TryInit, errno),
            (Err(errno), Some(_)) => (Message::FindInit, errno),
        };
        log.failed(message, init, Some(errno));
    }
    if chosen.is_none() {
        log.say(Message::NoInit, &[], None);
    }
    Err(Failed)
}

/// Whether `init`, looked up inside the new root with links and all, is a file that may be executed. What isn't a file
/// is answered with the errno that execve(2) has for it.
#[inline(never)]
fn check<K: Kernel>(kernel: &mut K, init: &[u8]) -> Result<(), Errno> {
    let fd = file::open_in_root(kernel, init)?;
    let checked = match kernel.statx(fd, c"", AT_EMPTY_PATH) {
        Ok(stat) if !stat.is(S_IFREG) => Err(Errno::EACCES),
        Ok(_) => kernel.faccessat2_x(fd),
        Err(errno) => Err(errno),
    };
    kernel.close(fd);
    checked
}

/// Executes the first init that the kernel executes. It returns only when none is.
pub(super) fn exec_any<K: Kernel>(log: &mut Log<'_, K>, request: &Request<'_>) {
    log.devkmsg_restore();
    if let Some(init) = request.get(Key::Init) {
        let errno = file::execve(log.kernel, init);
        return log.failed(Message::Execve, init, Some(errno));
    }
    for init in DEFAULTS {
        match file::execve(log.kernel, init) {
            Errno::ENOENT => {}
            errno => {
                log.failed(Message::TryExec, init, Some(errno));
                log.devkmsg_restore();
            }
        }
    }
    log.say(Message::NoInit, &[], None);
}
