//! What sysfs and devtmpfs tell of block devices. Nothing here asks the devices themselves, so nothing here can hang.

use crate::buffers::Work;
use crate::bytes::{Dev, Text, ZStr, trim};
use crate::dirent::Reader;
use crate::kernel::{Fd, Kernel, Result};
use crate::uevent::Uevent;
use crate::z;
use linux_raw_sys::general::{AT_EMPTY_PATH, O_RDONLY, S_IFBLK};

/// What the device's attribute says, without the newline at its end; nothing if it can't be read: the device may be gone
/// by now. `../` leads from a partition to its disk. `buffer` is room for it.
#[inline(never)]
pub fn of<'b, K: Kernel>(kernel: &mut K, dev: Dev, attribute: &[u8], buffer: &'b mut [u8]) -> &'b [u8] {
    let Ok(fd) = open(kernel, dev, attribute) else { return &[] };
    let length = kernel.read(fd, buffer).unwrap_or(0);
    kernel.close(fd);
    trim(buffer.get(..length as usize).unwrap_or_default())
}

/// Opens an attribute, or a directory.
#[inline(never)]
fn open<K: Kernel>(kernel: &mut K, dev: Dev, attribute: &[u8]) -> Result<Fd> {
    let path = kernel.path();
    path.set(b"/sys/dev/block/");
    dev.push(path);
    path.push_byte(b'/');
    path.push(attribute);
    kernel.open_path(O_RDONLY)
}

/// The disk that a device is a partition of, or itself. (Above an NVMe disk stands its controller, a character device.)
#[inline(never)]
pub fn disk_of<K: Kernel>(kernel: &mut K, dev: Dev, buffer: &mut [u8]) -> Dev {
    if of(kernel, dev, b"partition", buffer).is_empty() {
        return dev;
    }
    Dev::parse(of(kernel, dev, b"../dev", buffer)).unwrap_or(dev)
}

/// Puts the kernel's name of a device below /dev into `work.name`.
#[inline(never)]
pub fn name<K: Kernel>(kernel: &mut K, dev: Dev, work: &mut Work) {
    work.name.set(Uevent(of(kernel, dev, b"uevent", &mut work.list)).value(b"DEVNAME="));
}

/// The number of the block device that the node at `path` stands for.
#[inline(never)]
pub fn number<K: Kernel>(kernel: &mut K, dir: Fd, path: ZStr<'_>) -> Option<Dev> {
    let stat = kernel.statx(dir, path, AT_EMPTY_PATH).ok()?;
    stat.rdev.filter(|_| stat.is(S_IFBLK))
}

/// The number of the block device [`node`].
#[inline(never)]
pub fn number_of<K: Kernel>(kernel: &mut K, name: &[u8], partition: u32, path: &mut Text) -> Option<Dev> {
    number(kernel, Fd::CWD, node(name, partition, path)?)
}

/// The path of `/dev/NAME`, or of a partition of it (`disk_name()` in block/genhd.c); 0 is none. `path` is room for it.
#[inline(never)]
pub fn node<'p>(name: &[u8], partition: u32, path: &'p mut Text) -> Option<ZStr<'p>> {
    path.set(b"/dev/");
    path.push(name);
    if partition != 0 {
        if let Some(b'0'..=b'9') = name.last() {
            path.push(b"p");
        }
        path.push_number(partition.into());
    }
    path.as_z_str()
}

/// Whether another device is made of this one, or of the disk that it is a partition of: md, device-mapper, bcache.
///
/// Those are virtual devices, and where there is none that directory isn't either: two paths less to be walked, which cost
/// the kernel more than to find the device.
pub fn is_held<K: Kernel>(kernel: &mut K, dev: Dev, reader: &mut Reader) -> bool {
    if kernel.statx(Fd::CWD, z!(c"/sys/devices/virtual/block"), 0).is_err() {
        return false;
    }
    has_entries(kernel, dev, b"holders", reader) || has_entries(kernel, dev, b"../holders", reader)
}

/// Whether a directory of the device's has entries.
#[inline(never)]
fn has_entries<K: Kernel>(kernel: &mut K, dev: Dev, directory: &[u8], reader: &mut Reader) -> bool {
    let Ok(fd) = open(kernel, dev, directory) else { return false };
    reader.start(fd);
    let has = reader.advance(kernel) == Ok(true);
    kernel.close(fd);
    has
}
