//! What block devices there are: the first thing that somebody whose root is missing wants to know.

use super::candidates::{self, FLOPPY_MAJOR};
use super::helpers;
use super::{look, sysfs};
use crate::buffers::Work;
use crate::bytes::{Dev, take_part, trim};
use crate::kernel::Kernel;
use crate::kmsg::Log;
use crate::message::Message;

/// Says of every block device what the kernel knows of it, and what it says of itself.
pub fn list<K: Kernel>(log: &mut Log<'_, K>, work: &mut Work) {
    candidates::all(log.kernel, &mut [], work);
    helpers::run(log, &[], work);
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
    let Work { list, identity, data, .. } = work;
    // Lines, in one.
    data.clear();
    let mut lines = sysfs::of(log.kernel, dev, b"uevent", list);
    while let Some(line) = take_part(&mut lines, b'\n') {
        data.push(line);
        data.push(b" ");
    }
    let uevent = trim(data.as_bytes());
    // sysfs counts in 512 bytes, whatever the device's own sectors are.
    let size = sysfs::of(log.kernel, dev, b"size", list);
    let (fstype, uuid, label) = (identity.fstype(), identity.uuid.as_bytes(), identity.label.as_bytes());
    log.say(Message::Device, &[uevent, fstype, uuid, label, size]);
}
