//! A look at one device: its content and its partition table, held against what the roots are named by.

use super::helpers::{Finds, MEMBER, READ_ONLY};
use super::{btrfs, candidates, sysfs};
use crate::buffers::Work;
use crate::bytes::{Dev, ZStr};
use crate::disk::{Disk, MOST_SECTOR_BYTES};
use crate::error::Errno;
use crate::file;
use crate::kernel::{Fd, Kernel};
use crate::partition::{Partition, Table};
use crate::probe::{UNKNOWN, probe_for, spared};
use crate::spec::{self, By, MOST_SPECS, Spec};
use crate::z;
use linux_raw_sys::general::{O_DIRECT, O_NOCTTY, O_NONBLOCK, O_RDONLY};
use linux_raw_sys::ioctl::{BLKGETDISKSEQ, BLKSSZGET};

/// Partitions of one disk that are looked for at the same time: all roots may be there.
const MOST_PARTITIONS: usize = MOST_SPECS;

/// Partitions that roots lead to: the number on the disk, then the device's, of each, 0 in an empty place, and the place
/// of the root.
pub type Partitions = [(u32, u32); MOST_PARTITIONS];
/// None yet.
pub const NO_PARTITIONS: Partitions = [(0, 0); MOST_PARTITIONS];

/// The device's answer; 0 where it has none.
#[inline(never)]
pub fn ask<K: Kernel>(kernel: &mut K, fd: Fd, request: u32) -> u64 {
    kernel.ioctl_number(fd, request).unwrap_or(0)
}

/// Opens the block device at `path`, if it is `dev`.
///
/// O_DIRECT, where the driver can and the buffers suffice: through the page cache 68 KiB cost ten times as many
/// instructions (measured: 364 and 32 thousand), and nothing is read twice.
fn open<K: Kernel>(kernel: &mut K, path: ZStr<'_>, dev: Dev) -> Option<Fd> {
    let flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
    let mut opened = kernel.open(path, flags | O_DIRECT);
    if let Ok(fd) = opened
        && ask(kernel, fd, BLKSSZGET) > MOST_SECTOR_BYTES
    {
        kernel.close(fd);
        opened = Err(Errno::EINVAL);
    }
    if opened == Err(Errno::EINVAL) {
        opened = kernel.open(path, flags);
    }
    let fd = opened.ok()?;
    if sysfs::number(kernel, fd, z!(c"")) == Some(dev) {
        return Some(fd);
    }
    kernel.close(fd);
    None
}

/// Opens a device, whose name then stands in `work.name`, and reads its content: `work.identity`. Where it is `searched`,
/// only what `specs` are held against, and the partitions that they lead to: `work.partitions`. Otherwise they just say
/// what the command line calls it. Where `work.format` is known only that is looked for; it is known afterwards.
///
/// The node is there a moment before the device is (ENXIO). Its uevent comes after both.
#[inline(never)]
pub fn read<K: Kernel>(kernel: &mut K, specs: &[Spec<'_>], searched: bool, dev: Dev, work: &mut Work) -> Option<Fd> {
    candidates::name(kernel, specs, dev, work);
    let Work { name, windows, identity, partition, partitions, diskseq, data, format, .. } = work;
    identity.clear();
    let fd = open(kernel, sysfs::node(name.as_bytes(), 0, data)?, dev)?;
    // From here on another medium is noticed.
    *diskseq = ask(kernel, fd, BLKGETDISKSEQ);
    let size = file::size(kernel, fd);
    let sector = ask(kernel, fd, BLKSSZGET);
    let (mut content, mut table) = (!searched, false);
    for spec in specs {
        match spec.by {
            by if by.is_table() => table = searched,
            By::Nothing => {}
            // A device that is named must have answered too before PID 1 opens it.
            _ => content = true,
        }
    }
    windows.spared = spared(*format);
    let mut source = kernel.source(fd);
    let disk = &mut Disk::new(&mut source, windows, 0, size, sector);
    if content {
        probe_for(disk, identity, format);
    }
    if table {
        find_partitions(disk, specs, partition, partitions);
    }
    Some(fd)
}

/// Reads the content, and closes the device again.
#[inline(never)]
pub fn identify<K: Kernel>(kernel: &mut K, dev: Dev, work: &mut Work) {
    work.format = UNKNOWN;
    if let Some(fd) = read(kernel, &[], false, dev, work) {
        kernel.close(fd);
    }
}

/// Looks at a device: what of it, or of its partitions, one of `specs` names is put down among the `finds`, or, in
/// the place [`MEMBER`], announced as a member of its file system.
#[inline(never)]
pub fn look<K: Kernel>(kernel: &mut K, specs: &[Spec<'_>], dev: Dev, work: &mut Work, finds: Finds) {
    work.partitions.fill((0, 0));
    work.format = UNKNOWN;
    let Some(fd) = read(kernel, specs, true, dev, work) else { return };
    kernel.close(fd);
    for spec in specs {
        if spec.dev == Some(dev) || spec.is_content(&work.identity) {
            if spec.place == MEMBER {
                btrfs::control(kernel, btrfs::BTRFS_IOC_SCAN_DEV, work.name.as_bytes(), &mut work.data);
            } else {
                finds.found(dev, spec.place, work.format);
            }
        }
    }
    let Work { name, partitions, data, .. } = &mut *work;
    for (number, _) in partitions {
        if *number != 0 {
            *number = sysfs::number_of(kernel, name.as_bytes(), *number, data).map_or(0, Dev::pack);
        }
    }
    for index in 0..MOST_PARTITIONS {
        if let Some((number, place)) = work.partitions.get(index).copied()
            && let Some(partition) = Dev::unpack(number)
        {
            // It must have answered too before PID 1 opens it.
            identify(kernel, partition, work);
            finds.found(partition, place, work.format);
        }
    }
}

/// Puts the number of each partition that one of `specs` leads to into `found`, with that one's place.
fn find_partitions(disk: &mut Disk<'_>, specs: &[Spec<'_>], partition: &mut Partition, found: &mut Partitions) {
    let mut table = Table::new();
    table.read(disk, partition);
    let mut slots = found.iter_mut();
    while table.next(disk, partition) {
        for spec in specs {
            if spec.is_partition(partition) {
                let Some(slot) = slots.next() else { return };
                let mut place = spec.place;
                if spec.by == By::Type && partition.flags & spec::READ_ONLY != 0 {
                    place |= READ_ONLY;
                }
                *slot = (partition.number.wrapping_add_signed(spec.offset), place);
            }
        }
    }
}
