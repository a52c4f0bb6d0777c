//! Which devices are worth a look: what the kernel's list and the uevents say rules most of them out without asking them.

use super::devs::Devs;
use super::sysfs;
use crate::buffers::Work;
use crate::bytes::{Dev, take_number, take_until, trim};
use crate::file;
use crate::kernel::Kernel;
use crate::spec::{By, Spec};
use crate::uevent::Uevent;

/// Floppy disks (Documentation/admin-guide/devices.txt): to open one is to wait for its motor.
pub const FLOPPY_MAJOR: u32 = 2;
/// So many of /proc/partitions' blocks of 1 KiB hold nothing but the table of an extended partition.
const TINY: &[u8] = b"1 ";
/// So much of the list is looked through for a name: some hundred devices. To look through all of it for each would take more
/// than in proportion.
const SHORT_LIST: usize = 4096;

/// Puts all devices that are there and that any of `specs` may be found on into `work.devs`; without specs all there are.
///
/// The list is /proc/partitions: one read, where sysfs takes six system calls a device (measured: 0.2 ms instead of 12 of
/// 193 devices), and it leaves out what has no medium, or nothing attached.
#[inline(never)]
pub fn all<K: Kernel>(kernel: &mut K, specs: &mut [Spec<'_>], work: &mut Work) {
    let Work { list, devs, data, .. } = work;
    devs.clear();
    let every = specs.is_empty();
    let (mut content, mut table) = (every, false);
    for spec in specs {
        content |= spec.by.is_content();
        table |= spec.by.is_table();
        if spec.by == By::Name {
            spec.dev = sysfs::number_of(kernel, spec.text, 0, data);
        }
        // Not every device stands in the list: whoever named it knows better.
        if let Some(dev) = spec.dev {
            devs.add(dev);
        }
    }
    if !(content || table) {
        return;
    }
    let mut text = file::read_all(kernel, file::paths::PARTITIONS, list);
    let mut disk = None;
    while let Some(mut line) = take_until(&mut text, b'\n') {
        // The first two lines are of none.
        let Some(dev) = next_dev(&mut line) else { continue };
        let is_tiny = line.starts_with(TINY);
        take_until(&mut line, b' ');
        // A disk's partitions follow it, and only then is there a table.
        match disk {
            Some((disk, name)) if line.starts_with(name) => {
                if table {
                    devs.add(disk);
                }
            }
            _ => disk = Some((dev, line)),
        }
        if content && (every || !is_tiny && dev.major() != FLOPPY_MAJOR) {
            devs.add(dev);
        }
    }
}

/// Puts a device's name below /dev into `work.name`: what one of `specs` calls it, or the start of the kernel's list does;
/// otherwise, and where that is another device's by now, what sysfs does, which costs more than all else that finds a device.
#[inline(never)]
pub fn name<K: Kernel>(kernel: &mut K, specs: &[Spec<'_>], dev: Dev, work: &mut Work) {
    let Work { list, name, data, .. } = work;
    let mut text = list.get(..SHORT_LIST).unwrap_or_default();
    name.clear();
    while let Some(mut line) = take_until(&mut text, b'\n') {
        if next_dev(&mut line) == Some(dev) {
            take_until(&mut line, b' ');
            name.set(line);
            break;
        }
    }
    for spec in specs {
        if spec.by == By::Name && spec.dev == Some(dev) {
            name.set(spec.text);
        }
    }
    if name.as_bytes().is_empty() || sysfs::number_of(kernel, name.as_bytes(), 0, data) != Some(dev) {
        sysfs::name(kernel, dev, work);
    }
}

/// Takes the two numbers of a device off `line`, and the blanks around them.
#[inline(never)]
fn next_dev(line: &mut &[u8]) -> Option<Dev> {
    let (major, minor) = (next_number(line)?, next_number(line)?);
    *line = trim(line);
    Dev::new(major, minor)
}

/// Takes a number off `line`, and the blanks before it.
#[inline(never)]
fn next_number(line: &mut &[u8]) -> Option<u32> {
    *line = trim(line);
    take_number(line, 10)
}

/// Adds to `devs` what has to be looked at because of `uevent`, which is of the device `dev`: that device, or the disk
/// that it is a partition of. `buffer` is room for what sysfs says.
#[inline(never)]
pub fn consider<K: Kernel>(
    kernel: &mut K,
    specs: &mut [Spec<'_>],
    dev: Dev,
    uevent: Uevent<'_>,
    devs: &mut Devs,
    buffer: &mut [u8],
) {
    if dev.major() == FLOPPY_MAJOR {
        return;
    }
    for spec in specs {
        if spec.by == By::Name && uevent.says(b"DEVNAME=", spec.text) {
            spec.dev = Some(dev);
        }
        if spec.by.is_content() || spec.dev == Some(dev) {
            devs.add(dev);
        }
        if spec.by.is_table() && uevent.says(b"DEVTYPE=", b"partition") {
            devs.add(sysfs::disk_of(kernel, dev, buffer));
        }
    }
}
