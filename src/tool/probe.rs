//! `init probe FILE…`: what is on devices and in image files.

use super::out::{self, Key, push_key, push_safe};
use super::usage;
use crate::buffers::{Buffers, Work};
use crate::device::look;
use crate::disk::Disk;
use crate::file;
use crate::identity::Type;
use crate::kernel::{Fd, Kernel};
use crate::partition::{Kind, Table};
use crate::probe::probe;
use linux_raw_sys::general::{O_NOCTTY, O_NONBLOCK, O_RDONLY};
use linux_raw_sys::ioctl::BLKSSZGET;

/// Lines that are shown of one file at most: itself, and its partitions.
const MOST_LINES: usize = 1 + 1024;

/// Shows each file; returns the exit status: 2 when nothing was recognised in any.
pub(super) fn run<K: Kernel>(kernel: &mut K, buffers: &mut Buffers) -> i32 {
    if kernel.argument(0).is_none() {
        return usage(kernel);
    }
    let mut recognised = false;
    while let Some(name) = kernel.take_argument() {
        let name = name.to_bytes();
        match file::open(kernel, b"%", &[name], O_RDONLY | O_NONBLOCK | O_NOCTTY) {
            Ok(fd) => {
                recognised |= show(kernel, fd, name, &mut buffers.work);
                kernel.close(fd);
            }
            Err(errno) => {
                out::failed(kernel, b"probe", name, errno);
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
    let Work { windows, identity, partition, fstype, name: pttype, .. } = work;
    let size = file::size(kernel, fd);
    let sector = look::ask(kernel, fd, BLKSSZGET);
    let (mut table, mut key, mut has_uuid) = (Table::new(), Key::PtUuid, false);
    partition.be(0, 0, size);
    for _ in 0..MOST_LINES {
        let inside = size.saturating_sub(partition.start).min(partition.size);
        identity.clear();
        let found = {
            let mut source = kernel.source(fd);
            let disk = &mut Disk::new(&mut source, windows, partition.start, inside, sector);
            let found = !partition.extended && probe(disk, identity);
            if partition.number == 0 {
                table.read(disk, partition);
            }
            found
        };
        pttype.clear();
        if partition.number == 0 {
            // Their boot sectors can look like a partition table.
            if table.kind == Kind::Mbr && matches!(identity.kind, Type::Vfat | Type::ExFat | Type::Ntfs) {
                table.kind = Kind::Nothing;
                partition.uuid.clear();
            }
            if table.kind == Kind::Nothing && !found {
                return false;
            }
            pttype.set(table.name());
            has_uuid = !partition.uuid.as_bytes().is_empty();
        }
        fstype.set(identity.fstype());
        push_safe(kernel, name);
        if partition.number != 0 {
            out::text(kernel).push_byte(b'#');
            out::text(kernel).push_number(partition.number.into());
        }
        out::text(kernel).push_byte(b':');
        push_key(kernel, Key::Label, &identity.label);
        push_key(kernel, Key::Uuid, &identity.uuid);
        push_key(kernel, Key::Type, fstype);
        push_key(kernel, Key::PtType, pttype);
        push_key(kernel, Key::PartLabel, &partition.label);
        // Without a signature of its disk a partition has none, though the kernel makes one up.
        if has_uuid {
            push_key(kernel, key, &partition.uuid);
        }
        key = Key::PartUuid;
        out::end_line(kernel);
        if !table.next(&mut Disk::new(&mut kernel.source(fd), windows, 0, size, sector), partition) {
            break;
        }
    }
    true
}
