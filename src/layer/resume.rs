//! Resume from hibernation: the image that a suspended system left on its swap, by the kernel's own words for it.
//!
//! The kernel tries `resume=` before any program runs, with the drivers that are built in and the names that it knows
//! itself: what it has resumed or given up is no image any more. What is left here is written to /sys/power. It comes back
//! only where the kernel couldn't; where it has tried, the image's signature is gone, for the kernel puts the swap's own
//! back before it reads anything else. An image that is there still belongs to a system that has file systems mounted: to mount
//! these and resume it later would destroy them.
//!
//! Holds on entry: the search listens, nothing is mounted from a disk. Makes true: no image is left where `resume=` says; or
//! the boot is refused; or it is another system's turn.
//!
//! Source: `software_resume()`, `resume_store()` in kernel/power/hibernate.c; `struct swsusp_header`, `swsusp_check()` and
//! `swsusp_unmark()` in kernel/power/swap.c; Documentation/power/swsusp.rst.

use super::name_any;
use crate::boot::Failed;
use crate::buffers::Work;
use crate::bytes::{Dev, Text, take_number};
use crate::device::find::Search;
use crate::device::look;
use crate::disk::{Disk, Windows};
use crate::error::Errno;
use crate::file;
use crate::identity::Type;
use crate::kernel::{Fd, Kernel, Result};
use crate::kmsg::Log;
use crate::message::Message;
use crate::probe::swap::{SIGNATURE, SIGNATURES, SUSPENDED};
use crate::request::{Key, Permit};
use linux_raw_sys::general::{O_DSYNC, O_NOCTTY, O_WRONLY};
use linux_raw_sys::ioctl::BLKSSZGET;

/// How long after pintle's start the device is waited for; `resumedelay=` adds to it. A root that is there need not wait for
/// a swap that isn't.
const WAIT_S: u64 = 5;

/// No place, and none that can be read.
const NOWHERE: u64 = 0;
const UNREAD: u64 = 1;

type Signature = [u8; SIGNATURE];
/// Pages of 4 to 64 KiB.
const PAGE_BITS: core::ops::RangeInclusive<u32> = 12..=16;

/// Resumes, if there is an image where the command line says. An error is a refused boot.
pub fn resume<K: Kernel>(
    log: &mut Log<'_, K>,
    search: &Search<'_>,
    work: &mut Work,
) -> core::result::Result<(), Failed> {
    let request = search.request;
    let Some(device @ [_, ..]) = request.get(Key::Resume) else { return Ok(()) };
    if request.has_root_hash() && !request.permits(Permit::Resume) {
        log.tell(Message::ResumeUnverified, device);
        return Ok(());
    }
    let mut search = search.of_resume(log.kernel, device);
    if !name_any(&mut search, device) {
        log.failed(Message::NoResume, device, Errno::EINVAL);
        return Ok(());
    }
    let delay_s = request.get(Key::ResumeDelay).and_then(|mut delay| take_number(&mut delay, 0)).unwrap_or(0);
    search.deadline_ms = work.times.started_ms() + (WAIT_S + u64::from(delay_s)) * 1_000;
    let found = loop {
        if let Ok((found, _)) = search.find(log, work) {
            break found;
        }
        // It fits two.
        if log.kernel.clock_gettime() < search.deadline_ms {
            return Err(Failed);
        }
        if request.get(Key::ResumeWait).is_none() {
            log.failed(Message::NoResume, device, Errno::ETIMEDOUT);
            return Ok(());
        }
        log.tell(Message::ResumeWaits, device);
        search.deadline_ms = u64::MAX;
    };
    // (There is one: it isn't a source.)
    let Some(found) = found else { return Ok(()) };
    let resumed = resume_from(log, &search, found.fd, found.dev, work);
    log.kernel.close(found.fd);
    resumed
}

/// Resumes from the device, if there is an image.
fn resume_from<K: Kernel>(
    log: &mut Log<'_, K>,
    search: &Search<'_>,
    fd: Fd,
    dev: Dev,
    work: &mut Work,
) -> core::result::Result<(), Failed> {
    let says = |key| search.request.get(key);
    let Work { node, data: why, windows, identity, .. } = work;
    let mut offset = says(Key::ResumeOffset).unwrap_or_default();
    // A plain swap needs no other look, nor what is none. An image in a file is somewhere else.
    if offset.is_empty() && !matches!(identity.kind, Type::SwSuspend | Type::Nothing) {
        return Ok(());
    }
    let offset = take_number(&mut offset, 10).unwrap_or(0);
    let device = node.as_bytes();
    let mut old = [0; SIGNATURE];
    let at = image(log.kernel, fd, offset, windows, &mut old);
    if at == UNREAD {
        log.failed(Message::NoResume, device, Errno::EIO);
    }
    if at <= UNREAD {
        return Ok(());
    }
    let mut message = Message::Discarded;
    let tried = if says(Key::DiscardHibernation).is_some() {
        discard(log.kernel, device, at, &old)
    } else if says(Key::NoResume).or(says(Key::Hibernate)).is_some() {
        Ok(())
    } else {
        message = Message::NotResumed;
        try_resume(log.kernel, dev, offset, why)
    };
    match tried {
        Ok(()) if image(log.kernel, fd, offset, windows, &mut old) == NOWHERE => {
            log.tell(message, device);
            return Ok(());
        }
        Ok(()) => why.set(b"not tried"),
        Err(errno) => {
            why.clear();
            errno.describe(why);
        }
    }
    log.say(Message::Hibernated, &[device, why.as_bytes()]);
    Err(Failed)
}

/// Where the signature of an image stands whose header is `offset` pages into the device, or [`NOWHERE`], or [`UNREAD`]; the
/// one that was there before is `before` then.
fn image<K: Kernel>(kernel: &mut K, fd: Fd, offset: u32, windows: &mut Windows, before: &mut Signature) -> u64 {
    let size = file::size(kernel, fd);
    let sector = look::ask(kernel, fd, BLKSSZGET);
    let mut source = kernel.source(fd);
    let disk = &mut Disk::new(&mut source, windows, 0, size, sector);
    for bits in PAGE_BITS {
        let end = (u64::from(offset) + 1) << bits;
        match disk.bytes(end - 2 * SIGNATURE as u64, 2 * SIGNATURE).as_chunks().0 {
            [old, new] if is_suspended(new) == Some(true) => {
                *before = *old;
                return end - SIGNATURE as u64;
            }
            // Larger pages may end behind the device.
            [] if bits == *PAGE_BITS.start() => return UNREAD,
            _ => {}
        }
    }
    NOWHERE
}

/// Whether it is one of a suspended system; `None` for one that no swap has.
#[inline(never)]
fn is_suspended(signature: &Signature) -> Option<bool> {
    let place = SIGNATURES.as_chunks().0.iter().position(|known| known == signature)?;
    Some(place >= SUSPENDED)
}

/// Has the kernel resume. It returns where that couldn't, and where it didn't even try. `text` is room.
fn try_resume<K: Kernel>(kernel: &mut K, dev: Dev, offset: u32, text: &mut Text) -> Result<()> {
    text.clear();
    text.push_number(offset.into());
    file::write(kernel, file::paths::RESUME_OFFSET, text.as_bytes())?;
    text.clear();
    dev.push(text);
    file::write(kernel, file::paths::RESUME, text.as_bytes())
}

/// Puts the swap's own signature back, as the kernel does. No other byte is touched.
fn discard<K: Kernel>(kernel: &mut K, device: &[u8], at: u64, old: &Signature) -> Result<()> {
    if is_suspended(old) != Some(false) {
        return Err(Errno::EUCLEAN);
    }
    let fd = file::open_dev(kernel, device, O_WRONLY | O_DSYNC | O_NOCTTY)?;
    let written = kernel.pwrite(fd, old, at);
    kernel.close(fd);
    written.map(drop)
}

#[cfg(test)]
mod tests;
