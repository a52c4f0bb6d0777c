//! The new root's init: which, whether it can be executed, and its exec.
//!
//! Source: `kernel_init()` in init/main.c, and its texts.

use super::program::{Head, Unfit, interpreter};
use crate::boot::Failed;
use crate::buffers::Work;
use crate::bytes::take_part;
use crate::error::Errno;
use crate::file;
use crate::kernel::{Kernel, Result};
use crate::kmsg::Log;
use crate::message::Message;
use crate::z;
use linux_raw_sys::general::{AT_EMPTY_PATH, O_PATH, S_IFREG};

/// What the kernel tries without `init=`, in its order, a NUL between them: no path holds one.
const DEFAULTS: &[u8] = b"/sbin/init\0/etc/init\0/bin/init\0/bin/sh";
/// Interpreters of interpreters: as many as the kernel follows (`exec_binprm()` in fs/exec.c).
const MOST_INTERPRETERS: usize = 6;

/// The inits to try, from the first on that can be executed: `chosen`, or else the defaults, of which one that isn't
/// there needs no mention. The working directory is the new root; nothing has been touched.
///
/// Behind one that can't be read comes none where `strict`: whoever can break a sector of a verified root doesn't get its shell.
pub(super) fn find<'i, K: Kernel>(
    log: &mut Log<'_, K>,
    chosen: Option<&'i [u8]>,
    strict: bool,
    work: &mut Work,
) -> core::result::Result<&'i [u8], Failed> {
    let mut inits = chosen.unwrap_or(DEFAULTS);
    let mut rest = inits;
    loop {
        let init = take_part(&mut rest, 0).unwrap_or_default();
        match check(log.kernel, init, work) {
            Ok(()) => return Ok(inits),
            Err(Errno::ENOENT) if chosen.is_none() => {}
            Err(errno) => {
                if strict && errno == Errno::EIO {
                    rest = b"";
                }
                say(log, if rest.is_empty() { Message::FindInit } else { Message::TryInit }, init, work);
            }
        }
        if rest.is_empty() {
            break;
        }
        inits = rest;
    }
    if chosen.is_none() {
        log.say(Message::NoInit, &[]);
    }
    Err(Failed)
}

/// Says `message` of `init`, and why.
#[inline(never)]
fn say<K: Kernel>(log: &mut Log<'_, K>, message: Message, init: &[u8], work: &Work) {
    log.say(message, &[init, work.data.as_bytes()]);
}

/// Executes the first of `inits` that the kernel executes. It returns only when none is. Of one that isn't there nothing
/// need be said; where the kernel's errno says less than a look at the file does, that is said.
pub(super) fn exec<K: Kernel>(log: &mut Log<'_, K>, mut inits: &[u8], work: &mut Work) {
    while let Some(init) = take_part(&mut inits, 0) {
        let errno = file::execve(log.kernel, init);
        let checked = check(log.kernel, init, work);
        if checked.is_ok() {
            errno.describe(&mut work.data);
        }
        if errno != Errno::ENOENT || checked != Err(Errno::ENOENT) {
            say(log, if inits.is_empty() { Message::Execve } else { Message::TryExec }, init, work);
        } else if inits.is_empty() {
            log.say(Message::NoInit, &[]);
        }
    }
}

/// Whether `init`, looked up inside the new root with links and all, is a file that may be executed, and so is its
/// interpreter, and that one's. If not, `work.data` says why; ENOENT is of `init` alone.
#[inline(never)]
fn check<K: Kernel>(kernel: &mut K, init: &[u8], work: &mut Work) -> Result<()> {
    let Work { page, data: why, .. } = work;
    kernel.path().set(init);
    why.clear();
    for depth in 0..MOST_INTERPRETERS {
        if let Err(errno) = read_program(kernel, page) {
            if depth == 0 {
                errno.describe(why);
                return Err(errno);
            }
            why.push(b"its interpreter ");
            why.push(kernel.path().as_bytes());
            if errno == Errno::ENOENT {
                why.push(b" is missing");
                return Err(Errno::ENOEXEC);
            }
            why.push(b": ");
            errno.describe(why);
            return Err(errno);
        }
        match interpreter(page) {
            Ok(b"") => break,
            Ok(name) => kernel.path().set(name),
            Err(unfit) => {
                match unfit {
                    Unfit::NoFormat => Errno::ENOEXEC.describe(why),
                    Unfit::Foreign => why.push(b"made for another architecture"),
                }
                return Err(Errno::ENOEXEC);
            }
        }
    }
    Ok(())
}

/// Reads the start of the file at [`Kernel::path`], if it may be executed; zeros are behind its end. What isn't a file is
/// answered with the errno that execve(2) has for it; it isn't opened, for that alone can set off a device.
fn read_program<K: Kernel>(kernel: &mut K, head: &mut Head) -> Result<()> {
    let fd = file::open_in_root(kernel, O_PATH)?;
    let checked = match kernel.statx(fd, z!(c""), AT_EMPTY_PATH) {
        Ok(stat) if !stat.is(S_IFREG) => Err(Errno::EACCES),
        Ok(_) => kernel.faccessat2_x(fd),
        Err(errno) => Err(errno),
    };
    kernel.close(fd);
    checked?;
    head.fill(0);
    file::read_in_root(kernel, head).map(drop)
}
