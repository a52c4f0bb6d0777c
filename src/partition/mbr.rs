//! Master boot record, and the chain of extended boot records that a partition of it may hold.
//!
//! Source: kernel block/partitions/msdos.c.

use super::Partition;
use crate::bytes::Text;
use crate::disk::{Disk, le32};

/// The end of any boot record.
pub(super) const SIGNATURE: u32 = 0xaa55;
/// The table's place within its sector, and its entries.
const TABLE: u64 = 446;
const ENTRY_BYTES: u64 = 16;
const SLOTS: u32 = 4;
/// Extended boot records that are read of one disk at most. (The kernel makes no more partitions than 256.)
const MOST_LINKS: u32 = 256;

/// A table, and where in it and in what it leads to the reader stands. All in bytes, in 45 bits at most.
pub(super) struct Mbr {
    pub(super) signature: u32,
    /// The entry that was read last.
    start: u64,
    size: u64,
    /// Its type is one of those whose partition holds further tables, and nothing else.
    extended: bool,
    /// The table that is being read; 0 is the MBR itself.
    table: u64,
    slot: u32,
    /// The size that the last link gave, and the chain's own: where it starts and ends.
    limit: u64,
    chain_start: u64,
    chain_end: u64,
    /// The next slot of the MBR that may hold a chain.
    chain: u32,
    links: u32,
    /// A table that was seen: if the chain comes back to it, it is a loop. (Brent's algorithm.)
    seen: u64,
    /// Logical partitions so far.
    logical: u32,
}

impl Mbr {
    pub(super) const fn new() -> Mbr {
        let (signature, start, size, extended, table, slot, limit) = (0, 0, 0, false, 0, 0, 0);
        let (chain_start, chain_end, chain, links, seen, logical) = (0, 0, 0, 0, 0, 0);
        #[rustfmt::skip]
        let mbr = Mbr {
            signature, start, size, extended, table, slot, limit, chain_start, chain_end, chain, links, seen, logical,
        };
        mbr
    }

    pub(super) fn push_signature(&self, text: &mut Text) {
        text.push_digits(self.signature.into(), 8, b'a');
    }

    /// Reads the entry in `slot` of `table`; false for an empty one.
    #[inline(never)]
    fn entry(&mut self, disk: &mut Disk<'_>) -> bool {
        let at = self.table + TABLE + u64::from(self.slot) * ENTRY_BYTES;
        let sector_bytes = disk.sector;
        let entry = disk.array(at);
        self.start = u64::from(le32(entry, 8)) * sector_bytes;
        self.size = u64::from(le32(entry, 12)) * sector_bytes;
        self.extended = matches!(entry[4] & 0x7f, 0x05) || entry[4] == 0x0f;
        self.size != 0
    }

    /// Goes to the entry in `table`, from `slot` on, that leads to further tables; false where there is none.
    #[inline(never)]
    fn link(&mut self, disk: &mut Disk<'_>, slot: u32) -> bool {
        self.slot = slot;
        while self.slot != SLOTS && !(self.entry(disk) && self.extended) {
            self.slot += 1;
        }
        self.slot != SLOTS
    }

    /// Looks at the next entry, and puts it into `partition` if it is one. `None` at the end.
    pub(super) fn next(&mut self, disk: &mut Disk<'_>, partition: &mut Partition) -> Option<bool> {
        if self.slot == SLOTS {
            self.follow(disk)?;
            return Some(false);
        }
        let there = self.entry(disk);
        self.slot += 1;
        if !there {
            return Some(false);
        }
        let (start, size) = (self.table + self.start, self.size);
        let mut number = self.slot;
        if self.table != 0 {
            // Places 3 and 4 of an extended boot record hold rubbish on many a disk.
            let rubbish =
                (self.start + size > self.limit) | (start < self.chain_start) | (start + size > self.chain_end);
            if self.extended | (number > 2) & rubbish {
                return Some(false);
            }
            self.logical += 1;
            number = SLOTS + self.logical;
        }
        partition.be(number, start, size);
        partition.extended = self.extended;
        self.push_signature(&mut partition.uuid);
        partition.uuid.push_byte(b'-');
        partition.uuid.push_hex(number.to_le_bytes()[0]);
        Some(true)
    }

    /// Goes to the next table: the one that the chain leads to, or the first of the next chain.
    fn follow(&mut self, disk: &mut Disk<'_>) -> Option<()> {
        if self.table != 0 && self.link(disk, 0) {
            self.table = self.chain_start + self.start;
        } else {
            self.table = 0;
            loop {
                if !self.link(disk, self.chain) {
                    return None;
                }
                self.chain = self.slot + 1;
                if self.start != 0 {
                    break;
                }
            }
            (self.table, self.chain_start, self.chain_end) = (self.start, self.start, self.start + self.size);
            self.seen = 0;
        }
        self.limit = self.size;
        if self.links == MOST_LINKS || self.table == self.seen {
            return None;
        }
        self.links += 1;
        if self.links.is_power_of_two() {
            self.seen = self.table;
        }
        self.slot = 0;
        if disk.u16(self.table + 510) != SIGNATURE {
            // No boot record: the end of this chain.
            (self.table, self.slot) = (0, SLOTS);
        }
        Some(())
    }
}
