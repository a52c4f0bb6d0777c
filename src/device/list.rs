//! What block devices there are: the first thing that somebody whose root is missing wants to know.

use super::candidates::FLOPPY_MAJOR;
use super::helpers;
use super::{look, sysfs};
use crate::buffers::Work;
use crate::bytes::{Dev, Text, take_part};
use crate::identity::Identity;
use crate::kernel::Kernel;
use crate::kmsg::Log;
use crate::message::Message;

/// Says of every block device what the kernel knows of it, and what it says of itself.
pub fn list<K: Kernel>(log: &mut Log<'_, K>, work: &mut Work) {
    helpers::run(log, &mut [], true, work);
    // What the kernel knows of those that don't answer.
    let mut place = 0;
    while let Some(dev) = work.devs.get(place) {
        if !log.kernel.shared().is_done(dev, place, &work.children) {
            list_one(log, dev, work, false);
        }
        place += 1;
    }
    log.say(Message::DevicesEnd, &[]);
}

/// Says it of one; `answers`: which may be asked itself.
#[inline(never)]
pub(super) fn list_one<K: Kernel>(log: &mut Log<'_, K>, dev: Dev, work: &mut Work, answers: bool) {
    work.identity.clear();
    if answers && dev.major() != FLOPPY_MAJOR {
        look::identify(log.kernel, dev, work);
    }
    let Work { list, identity, name, .. } = work;
    // Lines, in one.
    name.clear();
    let mut lines = sysfs::of(log.kernel, dev, b"uevent", list);
    while let Some(line) = take_part(&mut lines, b'\n') {
        name.push(line);
        name.push(b" ");
    }
    name.trim_end();
    // sysfs counts in 512 bytes, whatever the device's own sectors are.
    let size = sysfs::of(log.kernel, dev, b"size", list);
    say(log, Message::Device, b"", name, identity, size);
}

/// Says of a device what it is called, what is on it, and one thing more; `root` is what the command line calls it.
#[inline(never)]
pub fn say<K: Kernel>(
    log: &mut Log<'_, K>,
    message: Message,
    root: &[u8],
    name: &Text,
    identity: &Identity,
    more: &[u8],
) {
    let (fstype, uuid, label) = (identity.fstype(), identity.uuid.as_bytes(), identity.label.as_bytes());
    log.say(message, &[root, name.as_bytes(), fstype, uuid, label, more]);
}
