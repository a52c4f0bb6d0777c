//! The boot, in one straight line:
//!
//! kernel command line → [`Request`] → modules → device → mounted root → handover → exec

use crate::bytes::Text;
use crate::device::{self, Node};
use crate::error::Errno;
use crate::file;
use crate::guard::Initramfs;
use crate::kernel::Kernel;
use crate::kmsg::Log;
use crate::message::Message;
use crate::request::{Key, Request, Root};
use crate::{handover, module, mounts, policy, root};

/// Room for the longest command line of any architecture (`COMMAND_LINE_SIZE` is 2048 on these two), doubled for what
/// bootconfig may add.
const CMDLINE_BYTES: usize = 4096;

/// A stage says itself why it failed; its caller only has to know that it did.
pub struct Failed;

/// Boots out of `initramfs`. It ends in the real init's exec, or in the failure policy.
pub fn boot<K: Kernel>(kernel: &mut K, initramfs: Initramfs) -> ! {
    let started_ms = kernel.clock_gettime();
    let log = &mut Log::new(kernel);
    mounts::mount(log, initramfs);

    let mut line = [0; CMDLINE_BYTES];
    let line = read_cmdline(log, &mut line);
    let request = &Request::parse(line, |word| unknown_word(log, word));
    log.set_loglevel(request.loglevel());

    module::load::load_listed(log);
    let mut node = Node::new();
    let rooted =
        find_root(log, request, started_ms, &mut node).and_then(|()| root::mount(log, request, node.as_bytes()));
    match rooted {
        Ok(()) => handover::handover(log, request, initramfs.root),
        Err(Failed) => device::list(log),
    }
    policy::give_up(log, request)
}

fn read_cmdline<'b, K: Kernel>(log: &mut Log<'_, K>, buffer: &'b mut [u8; CMDLINE_BYTES]) -> &'b [u8] {
    match file::read(log.kernel, &[b"/proc/cmdline"], buffer) {
        Ok(line) => {
            if line.len() == CMDLINE_BYTES {
                log.say(Message::CmdlineTooLong, &[], None);
            }
            line
        }
        Err(errno) => {
            log.say(Message::ReadCmdline, &[], Some(errno));
            b""
        }
    }
}

fn unknown_word<K: Kernel>(log: &mut Log<'_, K>, word: &[u8]) {
    log.failed(Message::UnknownWord, word, None);
}

fn find_root<K: Kernel>(
    log: &mut Log<'_, K>,
    request: &Request<'_>,
    started_ms: u64,
    node: &mut Text,
) -> Result<(), Failed> {
    let Some(name) = request.get(Key::Root) else {
        log.say(Message::NoRootWord, &[], None);
        return Err(Failed);
    };
    let Some(root) = Root::parse(name) else {
        log.failed(Message::UnknownRoot, name, None);
        return Err(Failed);
    };
    if !device::wait::wait(log, request, &root, started_ms, node) {
        log.failed(Message::FindRoot, name, Some(Errno::ETIMEDOUT));
        return Err(Failed);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
