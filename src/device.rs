//! The root device: found in sysfs and /dev, or waited for.
//!
//! Holds on entry: /dev and /sys are mounted as far as they could be. Makes true: the device that `root=` names is
//! there, and its node is known; or it is known not to come in time.

use crate::bytes::{Dev, Text, TextBuf, same_but_case, trim};
use crate::dirent::{Entry, Reader};
use crate::file;
use crate::kernel::Kernel;
use crate::kmsg::Log;
use crate::message::Message;
use crate::request::Root;
use crate::uevent::Uevent;
use linux_raw_sys::general::{O_DIRECTORY, O_RDONLY, S_IFBLK};

pub mod wait;

/// A block device's node: `/dev/` and `DEVNAME`. (`DISK_NAME_LEN` is 32; a partition's number comes on top.)
pub type Node = TextBuf<64>;

/// A uevent file of a block device is below 200 bytes, a GPT label of 36 characters in it.
const UEVENT_BYTES: usize = 1024;
/// So many block devices are looked at, no more.
const MAX_DEVICES: u32 = 4096;

/// Puts the node of the device that `root` names into `node`, and returns true, if it is there now.
#[inline(never)]
pub fn find<K: Kernel>(kernel: &mut K, root: &Root<'_>, node: &mut Text) -> bool {
    if let Root::Name(name) = root {
        return check_node(kernel, name, None, node);
    }
    let Some(mut scan) = Scan::open(kernel) else { return false };
    let mut found = false;
    while !found && let Some(entry) = scan.next(kernel) {
        let mut buffer = [0; UEVENT_BYTES];
        let uevent = Uevent(attribute(kernel, &entry, b"uevent", &mut buffer));
        let dev = uevent.dev();
        found = matches(root, uevent, dev) && check_node(kernel, uevent.value("DEVNAME"), dev, node);
    }
    kernel.close(scan.reader.fd);
    found
}

/// Whether `uevent` is of the device that `root` names.
fn matches(root: &Root<'_>, uevent: Uevent<'_>, dev: Option<Dev>) -> bool {
    match root {
        Root::Name(name) => uevent.value("DEVNAME") == *name,
        Root::Number(number) => dev == Some(*number),
        Root::PartUuid(uuid) => same_but_case(uevent.value("PARTUUID"), uuid),
        Root::PartLabel(label) => uevent.value("PARTNAME") == *label,
    }
}

/// Whether `/dev/NAME` is a block device, that with the number `dev` if one is given; it then stands in `node`.
#[inline(never)]
fn check_node<K: Kernel>(kernel: &mut K, name: &[u8], dev: Option<Dev>, node: &mut Text) -> bool {
    let path: [&[u8]; 2] = [b"/dev/", name];
    let Ok(stat) = file::stat(kernel, &path) else { return false };
    node.clear();
    node.extend(&path);
    stat.is(S_IFBLK) && dev.is_none_or(|dev| dev == stat.rdev)
}

/// Says of every block device what is known of it: the first thing that somebody whose root is missing wants to know.
pub fn list<K: Kernel>(log: &mut Log<'_, K>) {
    let mut any = false;
    if let Some(mut scan) = Scan::open(log.kernel) {
        while let Some(entry) = scan.next(log.kernel) {
            any = true;
            list_one(log, &entry);
        }
        log.kernel.close(scan.reader.fd);
    }
    if !any {
        log.say(Message::NoDevice, &[], None);
    }
}

#[inline(never)]
fn list_one<K: Kernel>(log: &mut Log<'_, K>, entry: &Entry) {
    let (mut uevent, mut size) = ([0; UEVENT_BYTES], [0; 32]);
    let uevent = Uevent(attribute(log.kernel, entry, b"uevent", &mut uevent));
    // sysfs counts in 512 bytes, whatever the device's own sectors are.
    let size = trim(attribute(log.kernel, entry, b"size", &mut size));
    const KEYS: [&str; 6] = ["DEVNAME", "MAJOR", "MINOR", "DEVTYPE", "PARTNAME", "PARTUUID"];
    let [name, major, minor, kind, label, uuid] = KEYS.map(|key| uevent.value(key));
    log.say(Message::Device, &[name, major, minor, kind, size, label, uuid], None);
}

/// What `/sys/class/block/NAME/ATTRIBUTE` says, nothing if it can't be read: the device may be gone by now.
#[inline(never)]
fn attribute<'b, K: Kernel>(kernel: &mut K, entry: &Entry, attribute: &[u8], buffer: &'b mut [u8]) -> &'b [u8] {
    file::read(kernel, &[b"/sys/class/block/", entry.name.as_bytes(), b"/", attribute], buffer).unwrap_or_default()
}

/// A walk over all block devices, disks and partitions, in sysfs's order.
struct Scan {
    reader: Reader,
    budget: u32,
}

impl Scan {
    #[inline(never)]
    fn open<K: Kernel>(kernel: &mut K) -> Option<Scan> {
        let fd = file::open(kernel, &[b"/sys/class/block"], O_RDONLY | O_DIRECTORY).ok()?;
        Some(Scan { reader: Reader::new(fd), budget: MAX_DEVICES })
    }

    /// The next one's name in sysfs; `None` at the end, or where reading fails.
    #[inline(never)]
    fn next<K: Kernel>(&mut self, kernel: &mut K) -> Option<Entry> {
        self.budget = self.budget.checked_sub(1)?;
        self.reader.next(kernel).ok()?
    }
}
