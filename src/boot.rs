//! The boot, in one straight line:
//!
//! kernel command line → [`Request`] → modules → device → mounted root, its layers, and its /usr → handover → exec

use crate::buffers::{Buffers, Work};
use crate::bytes::{Text, is};
use crate::device;
use crate::device::find::{Found, Search};
use crate::file;
use crate::guard::Initramfs;
use crate::kernel::{Fd, Kernel};
use crate::kmsg::Log;
#[cfg(feature = "layer-resume")]
use crate::layer::resume;
use crate::layer::top::Kind;
use crate::layer::verity;
#[cfg(feature = "lock")]
use crate::lock;
use crate::message::Message;
use crate::request::{Key, Mount, Request};
use crate::root::USR_POINT;
use crate::spec::{By, Spec, take_first};
use crate::times::Stage;
use crate::{handover, layer, module, mounts, policy, root, usr};

/// A stage says itself why it failed; its caller only has to know that it did.
pub struct Failed;

/// Boots out of `initramfs`. It ends in the real init's exec, or in the failure policy.
pub fn boot<K: Kernel>(kernel: &mut K, mut initramfs: Initramfs, buffers: &mut Buffers) -> ! {
    let Buffers { cmdline, flags, fstab, work } = buffers;
    work.times.ends(kernel, Stage::Kernel);
    let log = &mut Log::new(kernel);
    mounts::mount(log, initramfs.proc);

    let mut request = Request::new();
    #[cfg(feature = "lock")]
    if lock::read(log, &mut request).is_err() {
        policy::give_up(log, &request);
    }
    let words = read_cmdline(log, cmdline);
    read_words(log, &mut request, words);
    let request = &request;

    if !request.is_locked() {
        work.modules.hear(words);
    }
    module::load::load_listed(log, work);
    work.times.ends(log.kernel, Stage::Modules);
    boot_root(log, request, &mut initramfs, flags, fstab, work);
    if request.get(Key::Rescue).is_some() && !request.is_locked() {
        policy::rescue(log);
    }
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

/// Reads what `words` ask for. Words of pintle's own that it doesn't know are said, and what the image doesn't let them say.
#[inline(never)]
pub fn read_words<'w, K: Kernel>(log: &mut Log<'_, K>, request: &mut Request<'w>, words: &'w [u8]) {
    request.read(words, &mut |message, word| log.tell(message, word));
}

/// Mounts the first of the roots that the command line names and that can be mounted, with its /usr, and hands over to it.
/// It returns only where no root could be booted.
fn boot_root<K: Kernel>(
    log: &mut Log<'_, K>,
    request: &Request<'_>,
    initramfs: &mut Initramfs,
    flags: &mut Text,
    fstab: &mut [u8],
    work: &mut Work,
) {
    if is_initramfs(request) {
        return handover::stay(log, request, work);
    }
    let mut search = Search::new(request, work.times.started_ms(), true);
    if begin(log, &mut search, work).is_err() {
        return;
    }
    #[cfg(feature = "layer-resume")]
    if resume::resume(log, &search, work).is_err() {
        return;
    }
    #[cfg(feature = "layer-journal")]
    if layer::journal::resolve(log, &mut search, flags, work).is_err() {
        return;
    }
    #[cfg(not(feature = "layer-journal"))]
    let _ = flags;
    // Where a root was there the devices are no question.
    let mut seen = false;
    while mount_next(log, &mut search, work).is_ok() {
        seen = true;
        if mount_layers(log, &search, work).is_ok() && handover::enter(log).is_ok() {
            let mounted = mount_usr(log, request, &search, fstab, work);
            if mounted.is_ok() && layer::top::finish(log, request, work).is_ok() {
                handover::handover(log, request, initramfs, work);
            }
            handover::leave(log);
        }
        layer::undo(log.kernel, request);
        verity::take_off(log.kernel, request, true, work);
        verity::take_off(log.kernel, request, false, work);
    }
    if !seen {
        list_devices(log, work);
    }
}

/// Says what would be booted here; false where nothing would.
#[inline(never)]
pub fn explain<K: Kernel>(log: &mut Log<'_, K>, request: &Request<'_>, work: &mut Work) -> bool {
    if is_initramfs(request) {
        log.say(Message::WouldStay, &[]);
        return true;
    }
    let mut search = Search::new(request, work.times.started_ms(), false);
    if begin(log, &mut search, work).is_err() {
        return false;
    }
    let mounts = mount_next(log, &mut search, work).is_ok();
    if !mounts {
        list_devices(log, work);
    }
    mounts
}

/// Says which devices there are, for whoever has to find out why there is no root.
#[inline(never)]
fn list_devices<K: Kernel>(log: &mut Log<'_, K>, work: &mut Work) {
    module::coldplug::report(log, work);
    device::list::list(log, work);
}

fn is_initramfs(request: &Request<'_>) -> bool {
    is(request.root_word(), "initramfs") && !verity::is_wanted(request, false)
}

/// Begins the search for the roots that the command line names.
#[inline(never)]
fn begin<K: Kernel>(log: &mut Log<'_, K>, search: &mut Search<'_>, work: &mut Work) -> Result<(), Failed> {
    if let Err(errno) = log.kernel.share() {
        log.failed(Message::FindRoot, search.mount.device, errno);
        return Err(Failed);
    }
    if !verity::name(log, search, work)? {
        read_specs(log, search);
    }
    search.begin(log, work);
    if search.boots && search.request.get(Key::Modules).is_some() {
        module::coldplug::load_all(log, work);
    }
    Ok(())
}

/// Mounts the next of the roots that are looked for and can be mounted; it is off the list then, as are those before it.
#[inline(never)]
fn mount_next<K: Kernel>(log: &mut Log<'_, K>, search: &mut Search<'_>, work: &mut Work) -> Result<(), Failed> {
    while search.has_specs() {
        let (mut found, name) = search.find(log, work)?;
        let ready = verity::put_on(log, search, found.as_mut(), work);
        work.times.ends(log.kernel, Stage::Device);
        let checked = ready.and_then(|()| layer::fsck::check(log, search, found.as_ref(), work));
        let mounted = checked.and_then(|()| root::mount(log, search, found.as_ref(), work));
        if let Some(Found { fd, .. }) = found
            && fd != Fd::NONE
        {
            log.kernel.close(fd);
        }
        work.times.ends(log.kernel, Stage::Mount);
        if mounted.is_ok() {
            if search.mount.is_list {
                log.say(Message::Took, &[search.mount.device, name]);
            }
            return mounted;
        }
        if search.is_verified {
            verity::take_off(log.kernel, search.request, search.point == USR_POINT, work);
        }
    }
    Err(Failed)
}

/// Mounts /usr where it is on a file system of its own. The working directory is the new root's. Without one that isn't there
/// it goes on, but not without one that is to be verified, nor with another one.
#[inline(never)]
fn mount_usr<K: Kernel>(
    log: &mut Log<'_, K>,
    request: &Request<'_>,
    search: &Search<'_>,
    fstab: &mut [u8],
    work: &mut Work,
) -> Result<(), Failed> {
    let Some(usr) = usr::mount(log.kernel, request, fstab) else { return Ok(()) };
    let mut search = search.beside(log.kernel, usr, USR_POINT);
    let is_verified = verity::name(log, &mut search, work)?;
    let mounted = if is_verified { mount_next(log, &mut search, work) } else { mount_beside(log, &mut search, work) };
    match mounted {
        Ok(()) => handover::attach(log, USR_POINT),
        Err(Failed) if is_verified => return Err(Failed),
        Err(Failed) => log.tell(Message::NoUsr, search.mount.device),
    }
    Ok(())
}

/// Mounts what stands beside the root.
#[inline(never)]
fn mount_beside<'a, K: Kernel>(log: &mut Log<'_, K>, search: &mut Search<'a>, work: &mut Work) -> Result<(), Failed> {
    let mount = search.mount;
    let [.., slot, _] = &mut search.specs;
    read_spec(log, slot, mount.device, &mount);
    mount_next(log, search, work)
}

/// Makes of what was mounted the root: what is in an image there, a writable top on that.
fn mount_layers<K: Kernel>(log: &mut Log<'_, K>, search: &Search<'_>, work: &mut Work) -> Result<(), Failed> {
    layer::image::mount(log, search, work)?;
    let top = layer::top::kind(search.request);
    let device = layer::top::prepare(log, search.request, top, work)?;
    if top == Kind::Device {
        let mut search = search.beside_device(log.kernel, device, layer::UPPER);
        search.read_only = false;
        if mount_beside(log, &mut search, work).is_err() {
            log.tell(Message::NoTop, device);
            return Err(Failed);
        }
    }
    layer::top::cover(log, search.request, top, work)
}

/// Puts the roots that are to be tried into `specs`. Forms that pintle doesn't know are said, and passed over: where there
/// are no others nothing is looked for, and the devices are listed.
fn read_specs<K: Kernel>(log: &mut Log<'_, K>, search: &mut Search<'_>) {
    let Search { mount, specs, request, .. } = search;
    let mut rest = mount.device;
    let [first, .., _, _] = specs;
    if rest.is_empty() {
        if request.is_locked() {
            return log.tell(Message::NoFixedRoot, search.text());
        }
        first.by = By::Type;
        return;
    }
    let [slots @ .., _, _] = specs;
    for slot in slots {
        if rest.is_empty() {
            break;
        }
        let root = if mount.is_list { take_first(&mut rest) } else { core::mem::take(&mut rest) };
        read_spec(log, slot, root, mount);
    }
}

#[inline(never)]
fn read_spec<'a, K: Kernel>(log: &mut Log<'_, K>, slot: &mut Spec<'a>, root: &'a [u8], mount: &Mount<'_>) {
    if let Err(message) = slot.parse(root, mount.fstypes.unwrap_or_default()) {
        slot.by = By::Nothing;
        log.tell(message, root);
    }
}

#[cfg(test)]
mod tests;
