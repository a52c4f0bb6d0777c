//! GUID partition table.
//!
//! Source: UEFI specification, chapter 5; kernel block/partitions/efi.c.

use super::{Partition, Table};
use crate::bytes::Text;
use crate::crc::CRC32;
use crate::disk::{Disk, le32, le64};
use crate::identity::{Encoding, GUID, push_label, push_uuid};
use core::num::NonZero;

/// The largest array of entries that is looked at: 1024 of the usual size. (The kernel's own limit is higher, its
/// partitions fewer.)
const MOST_ENTRY_BYTES: u32 = 128 * 1024;
const LEAST_HEADER_BYTES: u32 = 92;
const LEAST_ENTRY_BYTES: u32 = 128;
const EFI_PART: u64 = u64::from_le_bytes(*b"EFI PART");

/// One of the two copies, whole.
pub struct Gpt {
    sector: u64,
    disk_guid: [u8; 16],
    first_usable: u64,
    last_usable: u64,
    /// Where the entries are, in bytes; bytes of each, and how many there are.
    entries: u64,
    entry_bytes: u32,
    count: u32,
    /// The entry that comes next.
    index: u32,
}

impl Gpt {
    /// The first copy, behind the protective MBR, or else the one in the last sector. Of an image file nobody knows the
    /// sector size.
    pub(super) fn read(disk: &mut Disk<'_>) -> Option<Table> {
        let mut sector = disk.sector;
        loop {
            let last = (disk.size / NonZero::new(sector)?).checked_sub(1)?;
            for lba in [1, last] {
                if let Some(gpt) = Gpt::copy(disk, sector, lba, last) {
                    return Some(Table::Gpt(gpt));
                }
            }
            if !disk.sector_is_guessed || sector == 4096 {
                return None;
            }
            sector = 4096;
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "both architectures have 64 bits")]
    fn copy(disk: &mut Disk<'_>, sector: u64, lba: u64, last: u64) -> Option<Gpt> {
        let header = lba * sector;
        disk.seek(header);
        let fields = disk.sector();
        let (header_bytes, my_lba) = (le32(fields, 12), le64(fields, 24));
        let (first_usable, last_usable) = (le64(fields, 40), le64(fields, 48));
        let (count, entry_bytes) = (le32(fields, 80), le32(fields, 84));
        let entries = le64(fields, 72).checked_mul(sector)?;
        let disk_guid = *fields.get(56..)?.first_chunk()?;
        let all = count.checked_mul(entry_bytes)?;
        if le64(fields, 0) != EFI_PART
            || header_bytes < LEAST_HEADER_BYTES
            || u64::from(header_bytes) > sector
            || my_lba != lba
            || !disk.checksum(CRC32, !0, 0, header_bytes as usize, 16)
            || !(1..=MOST_ENTRY_BYTES).contains(&all)
            || first_usable > last_usable
            || last_usable > last
            || entry_bytes < LEAST_ENTRY_BYTES
        {
            return None;
        }
        // The entries' checksum stands in the header.
        disk.base = 0;
        let hole = (header + 88).wrapping_sub(entries) as usize;
        disk.checksum(CRC32, !0, entries, all as usize, hole).then_some(Gpt {
            sector,
            disk_guid,
            first_usable,
            last_usable,
            entries,
            entry_bytes,
            count,
            index: 0,
        })
    }

    pub(super) fn push_uuid(&self, text: &mut Text) {
        push_uuid(text, &self.disk_guid, GUID);
    }

    /// Looks at the next entry, and puts it into `partition` if it is one. `None` at the end.
    pub(super) fn next(&mut self, disk: &mut Disk<'_>, partition: &mut Partition) -> Option<bool> {
        if self.index == self.count {
            return None;
        }
        disk.seek(self.entries + u64::from(self.index) * u64::from(self.entry_bytes));
        self.index += 1;
        let entry: &[u8; LEAST_ENTRY_BYTES as usize] = disk.bytes(0, LEAST_ENTRY_BYTES as usize).first_chunk()?;
        let kind = *entry.first_chunk()?;
        let (first, last) = (le64(entry, 32), le64(entry, 40));
        if kind == [0; 16] || first > last || first < self.first_usable || last > self.last_usable {
            return Some(false);
        }
        // Inside the disk, which has 64 bits of bytes: `last_usable` is.
        partition.be(self.index, first.wrapping_mul(self.sector), (last - first + 1).wrapping_mul(self.sector));
        (partition.kind, partition.flags) = (kind, le64(entry, 48));
        push_uuid(&mut partition.uuid, entry.get(16..)?.first_chunk()?, GUID);
        push_label(&mut partition.label, entry.get(56..)?, Encoding::Utf16Le);
        Some(true)
    }
}
