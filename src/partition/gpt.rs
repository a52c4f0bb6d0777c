//! GUID partition table.
//!
//! Source: UEFI specification, chapter 5; kernel block/partitions/efi.c.

use super::Partition;
use crate::bytes::Text;
use crate::crc::CRC32;
use crate::disk::{Disk, le32, le64};
use crate::identity::{Encoding, GUID, push_label, push_uuid};

/// The largest array of entries that is looked at: 1024 of the usual size. (The kernel's own limit is higher, its
/// partitions fewer.)
const MOST_ENTRY_BYTES: u32 = 128 * 1024;
const LEAST_HEADER_BYTES: u32 = 92;
/// At least, and all that is looked at.
const ENTRY_BYTES: usize = 128;
const EFI_PART: u64 = u64::from_le_bytes(*b"EFI PART");

/// One of the two copies, whole.
pub(super) struct Gpt {
    /// Where the entries are, in bytes; bytes of each, and how many there are.
    entries: u64,
    entry_bytes: u32,
    count: u32,
    /// The entry that comes next.
    index: u32,
    sector: u64,
    first_usable: u64,
    last_usable: u64,
}

impl Gpt {
    pub(super) const fn new() -> Gpt {
        Gpt { entries: 0, entry_bytes: 0, count: 0, index: 0, sector: 0, first_usable: 0, last_usable: 0 }
    }

    /// The first copy, behind the protective MBR, or else the one in the last sector; false where there is none. Of an
    /// image file nobody knows the sector size. Appends the disk's GUID.
    pub(super) fn read(&mut self, disk: &mut Disk<'_>, uuid: &mut Text) -> bool {
        self.sector = disk.sector;
        let mut lba = 1;
        loop {
            let last = disk.size.checked_div(self.sector).unwrap_or(0).wrapping_sub(1);
            if self.copy(disk, lba, last, uuid).is_some() {
                return true;
            }
            uuid.clear();
            if lba != last {
                lba = last;
            } else if disk.sector_is_guessed && self.sector != 4096 {
                (self.sector, lba) = (4096, 1);
            } else {
                return false;
            }
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "both architectures have 64 bits")]
    fn copy(&mut self, disk: &mut Disk<'_>, lba: u64, last: u64, uuid: &mut Text) -> Option<()> {
        let header = lba.wrapping_mul(self.sector);
        disk.base = header;
        let fields = disk.sector();
        let (header_bytes, my_lba) = (le32(fields, 12), le64(fields, 24));
        self.first_usable = le64(fields, 40);
        self.last_usable = le64(fields, 48);
        self.entries = le64(fields, 72).checked_mul(self.sector)?;
        self.count = le32(fields, 80);
        self.entry_bytes = le32(fields, 84);
        let all = self.count.checked_mul(self.entry_bytes)?;
        if le64(fields, 0) != EFI_PART
            || header_bytes < LEAST_HEADER_BYTES
            || u64::from(header_bytes) > self.sector
            || my_lba != lba
            || !(1..=MOST_ENTRY_BYTES).contains(&all)
            || self.first_usable > self.last_usable
            || self.last_usable > last
            || self.entry_bytes < ENTRY_BYTES as u32
            || !disk.checksum(CRC32, !0, 0, header_bytes as usize, 16)
        {
            return None;
        }
        // While this sector is there.
        push_uuid(uuid, disk.array(56), GUID);
        // The entries' checksum stands in the header.
        disk.base = 0;
        let hole = (header + 88).wrapping_sub(self.entries) as usize;
        disk.checksum(CRC32, !0, self.entries, all as usize, hole).then_some(())
    }

    /// Looks at the next entry, and puts it into `partition` if it is one. `None` at the end.
    pub(super) fn next(&mut self, disk: &mut Disk<'_>, partition: &mut Partition) -> Option<bool> {
        if self.index == self.count {
            return None;
        }
        let at = self.entries + u64::from(self.index) * u64::from(self.entry_bytes);
        self.index += 1;
        let [entry] = disk.bytes(at, ENTRY_BYTES).as_chunks::<ENTRY_BYTES>().0 else { return None };
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
