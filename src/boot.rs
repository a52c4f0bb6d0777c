//! The boot, in one straight line:
//!
//! kernel command line → [`Request`] → modules → device → mounted root → handover → exec

use crate::buffers::{Buffers, Work};
use crate::bytes::is;
use crate::device;
use crate::device::find::Search;
use crate::file;
use crate::guard::Initramfs;
use crate::kernel::Kernel;
use crate::kmsg::Log;
use crate::message::Message;
use crate::request::{Key, Request};
use crate::spec::{By, Specs, take_first};
use crate::{handover, module, mounts, policy, root};

/// A stage says itself why it failed; its caller only has to know that it did.
pub struct Failed;

/// Boots out of `initramfs`. It ends in the real init's exec, or in the failure policy.
pub fn boot<K: Kernel>(kernel: &mut K, mut initramfs: Initramfs, buffers: &mut Buffers) -> ! {
    let Buffers { cmdline, work } = buffers;
    let started_ms = kernel.clock_gettime();
    let log = &mut Log::new(kernel);
    mounts::mount(log, initramfs.proc);

    let words = read_cmdline(log, cmdline);
    let request = &read_request(log, words);

    module::load::load_listed(log, work);
    let _ = boot_root(log, request, started_ms, Some(&mut initramfs), work);
    policy::give_up(log, request)
}

fn read_cmdline<'b, K: Kernel>(log: &mut Log<'_, K>, buffer: &'b mut [u8]) -> &'b [u8] {
    const PATH: &[u8] = b"/proc/cmdline";
    let length = file::read(log.kernel, PATH, &[], buffer).unwrap_or_else(|errno| {
        log.failed(Message::ReadCmdline, PATH, errno);
        0
    });
    buffer.get(..length as usize).unwrap_or_default()
}

/// What `words` ask for. Words of pintle's own that it doesn't know are said.
#[inline(never)]
pub fn read_request<'w, K: Kernel>(log: &mut Log<'_, K>, words: &'w [u8]) -> Request<'w> {
    Request::parse(words, &mut |word| log.say(Message::UnknownWord, &[word]))
}

/// Mounts the first of the roots that the command line names and that can be mounted, and hands over to it; it returns only
/// where no root could be booted. Without an initramfs to boot from it says which that would be.
#[inline(never)]
pub fn boot_root<K: Kernel>(
    log: &mut Log<'_, K>,
    request: &Request<'_>,
    started_ms: u64,
    mut initramfs: Option<&mut Initramfs>,
    work: &mut Work,
) -> Result<(), Failed> {
    if is(request.root_word(), "initramfs") {
        match initramfs {
            Some(initramfs) => handover::stay(log, request, initramfs, work),
            None => log.say(Message::WouldStay, &[]),
        }
        return Ok(());
    }
    let shared = match log.kernel.shared() {
        Ok(shared) => shared,
        Err(errno) => {
            log.failed(Message::FindRoot, request.root_word(), errno);
            return Err(Failed);
        }
    };
    let mut search = Search::new(shared, request, started_ms, initramfs.is_some());
    read_specs(log, request, &mut search.specs);
    search.begin(log, work);
    // Where a root was there the devices are no question.
    let mut seen = false;
    // Those that can't be booted are off the list; the next is tried as long as there is time.
    while search.has_specs() {
        let Ok((found, name)) = search.find(log, work) else { break };
        let mounted = root::mount(log, &search, found.as_ref(), work);
        if let Some(found) = found {
            log.kernel.close(found.fd);
        }
        if mounted.is_err() {
            continue;
        }
        if let Some(roots) = request.get(Key::Roots) {
            log.say(Message::Took, &[roots, name]);
        }
        match &mut initramfs {
            None => return Ok(()),
            Some(initramfs) => handover::handover(log, request, initramfs, work),
        }
        seen = true;
    }
    if !seen {
        device::list::list(log, search.helpers, work);
    }
    Err(Failed)
}

/// Puts the roots that are to be tried into `specs`. Forms that pintle doesn't know are said, and passed over: where there
/// are no others nothing is looked for, and the devices are listed.
#[inline(never)]
fn read_specs<'a, K: Kernel>(log: &mut Log<'_, K>, request: &Request<'a>, specs: &mut Specs<'a>) {
    let fstypes = request.get(Key::Fstypes).unwrap_or_default();
    let is_list = request.get(Key::Roots).is_some();
    let mut rest = request.root_word();
    // The last place is the search's own.
    let [first, .., _] = specs;
    if rest.is_empty() {
        first.by = By::Type;
        return;
    }
    let [slots @ .., _] = specs;
    for slot in slots {
        if rest.is_empty() {
            break;
        }
        let root = if is_list { take_first(&mut rest) } else { core::mem::take(&mut rest) };
        if let Err(message) = slot.parse(root, fstypes) {
            slot.by = By::Nothing;
            log.say(message, &[root]);
        }
    }
}

#[cfg(test)]
mod tests;
