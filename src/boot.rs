//! The boot, in one straight line:
//!
//! kernel command line → [`Request`] → modules → device → mounted root → handover → exec

use crate::buffers::{Buffers, Work};
use crate::device;
use crate::error::Errno;
use crate::file;
use crate::guard::Initramfs;
use crate::kernel::Kernel;
use crate::kmsg::Log;
use crate::message::Message;
use crate::request::{Key, Request, Root};
use crate::{handover, module, mounts, policy, root};

/// A stage says itself why it failed; its caller only has to know that it did.
pub struct Failed;

/// Boots out of `initramfs`. It ends in the real init's exec, or in the failure policy.
pub fn boot<K: Kernel>(kernel: &mut K, initramfs: Initramfs, buffers: &mut Buffers) -> ! {
    let Buffers { cmdline, line, work } = buffers;
    let started_ms = kernel.clock_gettime();
    let log = &mut Log::new(kernel, line);
    mounts::mount(log, initramfs);

    let words = read_cmdline(log, cmdline);
    let request = &Request::parse(words, |word| log.say(Message::UnknownWord, &[word]));

    module::load::load_listed(log, work);
    let rooted = find_root(log, request, started_ms, work).and_then(|()| root::mount(log, request, work));
    match rooted {
        Ok(()) => handover::handover(log, request, initramfs.root, work),
        Err(Failed) => device::list(log, work),
    }
    policy::give_up(log, request)
}

fn read_cmdline<'b, K: Kernel>(log: &mut Log<'_, K>, buffer: &'b mut [u8]) -> &'b [u8] {
    const PATH: &[u8] = b"/proc/cmdline";
    match file::read(log.kernel, PATH, &[], buffer) {
        Ok(line) => line,
        Err(errno) => {
            log.failed(Message::ReadCmdline, PATH, errno);
            b""
        }
    }
}

fn find_root<K: Kernel>(
    log: &mut Log<'_, K>,
    request: &Request<'_>,
    started_ms: u64,
    work: &mut Work,
) -> Result<(), Failed> {
    let Some(name) = request.get(Key::Root) else {
        log.say(Message::NoRootWord, &[]);
        return Err(Failed);
    };
    let Some(root) = Root::parse(name) else {
        log.say(Message::UnknownRoot, &[name]);
        return Err(Failed);
    };
    if !device::wait::wait(log, request, &root, started_ms, work) {
        log.failed(Message::FindRoot, name, Errno::ETIMEDOUT);
        return Err(Failed);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
