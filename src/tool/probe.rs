//! `init probe FILE…`: what is on devices and in image files.

use super::Arguments;
use super::out::{self, push_key, push_safe};
use crate::buffers::{Buffers, Work};
use crate::bytes::place_of;
use crate::device::look::Device;
use crate::disk::Disk;
use crate::file;
use crate::identity::Identity;
use crate::kernel::{Fd, Kernel};
use crate::partition::Table;
use crate::probe::probe;
use linux_raw_sys::general::{O_NOCTTY, O_NONBLOCK, O_RDONLY};
use linux_raw_sys::ioctl::BLKSSZGET;

/// Partitions that are shown of one file at most.
const MOST_PARTITIONS: usize = 1024;
/// Types whose boot sector can look like a partition table.
const BOOT_SECTORS: &[u8] = b"vfat|exfat|ntfs";

/// Shows each file; returns the exit status: 2 when nothing was recognised in any.
pub(super) fn run<K: Kernel>(kernel: &mut K, arguments: Arguments<'_>, buffers: &mut Buffers) -> i32 {
    let mut recognised = false;
    for name in (2..).map_while(arguments) {
        match file::open(kernel, b"%", &[name], O_RDONLY | O_NONBLOCK | O_NOCTTY) {
            Ok(fd) => {
                recognised |= show(kernel, fd, name, &mut buffers.work);
                kernel.close(fd);
            }
            Err(errno) => {
                out::fail(kernel, name, errno);
            }
        }
    }
    match recognised {
        _ if kernel.line().failed => 1,
        true => 0,
        false => 2,
    }
}

/// One line of the file, and one of each partition in it; whether anything was recognised.
#[inline(never)]
fn show<K: Kernel>(kernel: &mut K, fd: Fd, name: &[u8], work: &mut Work) -> bool {
    let Work { windows, identity, partition, data: ptuuid, .. } = work;
    let size = kernel.lseek_end(fd).unwrap_or(0);
    let sector = kernel.ioctl_number(fd, BLKSSZGET).unwrap_or(0);
    let device = &mut Device { kernel, fd };
    let disk = &mut Disk::new(device, windows, 0, size, sector);
    let found = probe(disk, identity);
    let mut table = Table::read(disk);
    if matches!(table, Some(Table::Mbr(_))) && place_of(BOOT_SECTORS, identity.fstype()).is_some() {
        table = None;
    }
    if !found && table.is_none() {
        return false;
    }
    ptuuid.clear();
    push_safe(kernel, name);
    push_content(kernel, identity);
    if let Some(table) = &table {
        table.push_uuid(ptuuid);
        push_key(kernel, b" PTTYPE=\"", table.kind());
        push_key(kernel, b" PTUUID=\"", ptuuid.as_bytes());
    }
    out::end_line(kernel);
    let Some(mut table) = table else { return true };
    for _ in 0..MOST_PARTITIONS {
        let device = &mut Device { kernel, fd };
        if !table.next(&mut Disk::new(device, windows, 0, size, sector), partition) {
            break;
        }
        identity.clear();
        if !partition.extended {
            let device = &mut Device { kernel, fd };
            let inside = size.saturating_sub(partition.start).min(partition.size);
            probe(&mut Disk::new(device, windows, partition.start, inside, sector), identity);
        }
        push_safe(kernel, name);
        out::text(kernel).push(b"#");
        out::text(kernel).push_number(partition.number.into());
        push_content(kernel, identity);
        push_key(kernel, b" PARTLABEL=\"", partition.label.as_bytes());
        // Without a signature of its disk it has none, though the kernel makes one up.
        if !ptuuid.as_bytes().is_empty() {
            push_key(kernel, b" PARTUUID=\"", partition.uuid.as_bytes());
        }
        out::end_line(kernel);
    }
    true
}

#[inline(never)]
fn push_content<K: Kernel>(kernel: &mut K, identity: &Identity) {
    out::text(kernel).push(b":");
    push_key(kernel, b" LABEL=\"", identity.label.as_bytes());
    push_key(kernel, b" UUID=\"", identity.uuid.as_bytes());
    push_key(kernel, b" TYPE=\"", identity.fstype());
}
