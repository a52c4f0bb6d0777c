//! The root device: found in sysfs and /dev, or waited for.
//!
//! Holds on entry: /dev and /sys are mounted as far as they could be. Makes true: the device that `root=` names is
//! there, and its node is known; or it is known not to come in time.

use crate::buffers::Work;
use crate::bytes::{Dev, Text, same_but_case, split, until};
use crate::dirent::Reader;
use crate::file;
use crate::kernel::{Fd, Kernel};
use crate::kmsg::Log;
use crate::message::Message;
use crate::request::Root;
use crate::uevent::Uevent;
use crate::z;
use linux_raw_sys::general::{AT_EMPTY_PATH, O_CLOEXEC, O_DIRECTORY, O_NOCTTY, O_NONBLOCK, O_RDONLY, S_IFBLK};

pub mod wait;

/// Whether the device that `root` names is there now; its node then stands in `work.node`.
#[inline(never)]
pub fn find<K: Kernel>(kernel: &mut K, root: &Root<'_>, work: &mut Work) -> bool {
    let Work { page, node, path: [reader, ..], .. } = work;
    if let Root::Name(name) = root {
        return check_node(kernel, name, None, node);
    }
    let mut found = false;
    if start(kernel, reader) {
        while !found && let Some(name) = next(kernel, reader) {
            let uevent = Uevent(attribute(kernel, name, b"uevent", page));
            found = check(kernel, root, uevent, node);
        }
        kernel.close(reader.fd);
    }
    found
}

/// Whether `uevent` is of the device that `root` names, and its node is there, which then stands in `node`.
#[inline(never)]
fn check<K: Kernel>(kernel: &mut K, root: &Root<'_>, uevent: Uevent<'_>, node: &mut Text) -> bool {
    let devname = uevent.value(b"DEVNAME");
    let dev = uevent.dev();
    let named = match root {
        Root::Name(name) => devname == *name,
        Root::Number(number) => dev == Some(*number),
        Root::PartUuid(uuid) => same_but_case(uevent.value(b"PARTUUID"), uuid),
        Root::PartLabel(label) => uevent.value(b"PARTNAME") == *label,
    };
    named && check_node(kernel, devname, dev, node)
}

/// Whether `/dev/NAME` is a block device, that with the number `dev` if one is given; it then stands in `node`.
#[inline(never)]
fn check_node<K: Kernel>(kernel: &mut K, name: &[u8], dev: Option<Dev>, node: &mut Text) -> bool {
    node.clear();
    node.push(b"/dev/");
    node.push(name);
    // Opened: the node is there a moment before the device is (ENXIO). Its uevent comes after both.
    let flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    let Some(Ok(fd)) = node.as_z_str().map(|path| kernel.openat(Fd::CWD, path, flags)) else { return false };
    let stat = kernel.statx(fd, z!(c""), AT_EMPTY_PATH);
    kernel.close(fd);
    stat.is_ok_and(|stat| stat.is(S_IFBLK) && dev.is_none_or(|dev| dev == stat.rdev))
}

/// Says of every block device what is known of it: the first thing that somebody whose root is missing wants to know.
pub fn list<K: Kernel>(log: &mut Log<'_, K>, work: &mut Work) {
    let Work { page, path: [reader, ..], .. } = work;
    if start(log.kernel, reader) {
        while let Some(name) = next(log.kernel, reader) {
            list_one(log, name, page);
        }
        log.kernel.close(reader.fd);
        log.say(Message::DevicesEnd, &[]);
    }
}

fn list_one<K: Kernel>(log: &mut Log<'_, K>, name: &[u8], page: &mut [u8]) {
    // sysfs counts in 512 bytes, whatever the device's own sectors are.
    const KEYS: &[u8] = b"DEVNAME|MAJOR|MINOR|DEVTYPE|PARTNAME|PARTUUID";
    let mut size = [0; 32];
    let size = until(attribute(log.kernel, name, b"size", &mut size), b'\n');
    let uevent = Uevent(attribute(log.kernel, name, b"uevent", page));
    let mut known = [size; 7];
    for (slot, key) in known.iter_mut().zip(split(KEYS, b'|')) {
        *slot = uevent.value(key);
    }
    log.say(Message::Device, &known);
}

/// What `/sys/class/block/NAME/ATTRIBUTE` says, nothing if it can't be read: the device may be gone by now.
#[inline(never)]
fn attribute<'b, K: Kernel>(kernel: &mut K, name: &[u8], attribute: &[u8], buffer: &'b mut [u8]) -> &'b [u8] {
    file::read(kernel, b"/sys/class/block/%/%", &[name, attribute], buffer).unwrap_or_default()
}

/// Starts a walk over all block devices, disks and partitions, if that is possible. The kernel's list of them bounds it.
#[inline(never)]
fn start<K: Kernel>(kernel: &mut K, reader: &mut Reader) -> bool {
    let fd = file::open(kernel, b"/sys/class/block", &[], O_RDONLY | O_DIRECTORY);
    fd.map(|fd| reader.start(fd)).is_ok()
}

/// The next one's name in sysfs; `None` at the end, or where reading fails.
fn next<'r, K: Kernel>(kernel: &mut K, reader: &'r mut Reader) -> Option<&'r [u8]> {
    match reader.advance(kernel) {
        Ok(true) => Some(reader.current()?.0.to_bytes()),
        _ => None,
    }
}
